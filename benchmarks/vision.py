# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.vision`: the dlib pack against dlib itself, with the same weights, in one process.

Both take turns on the same photos with one thread. What is counted is the processor's time, so that other
work on the machine disturbs little. The usual way is `face_recognition`'s: HOG on the photo twice as large,
five points, dlib's vector of one crop. Crops and vectors stay in memory.
"""

# ruff: noqa: SLF001 -- only the policy engine makes permits, and these are benchmark photos

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import cv2
import dlib
import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import TensorProto, helper
from PIL import Image as PillowImage
from skimage.data import astronaut

from benchmarks import faces
from countenance.backends import dlib_pack
from countenance.backends.dlib_pack import dat, graph, weights
from countenance.backends.dlib_pack.arithmetic import Float32
from countenance.backends.dlib_pack.detector import DLIB
from countenance.backends.dlib_pack.encoder import DlibEncoder, chip
from countenance.model.face import Image

_MEGAPIXEL = (1000, 1000)
_ROUNDS = 5
_BATCH = 32
_SIZES = (500, 252, 176)  # of the photos that the detector's ranges are measured on, multiples of 4


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--photos", type=int, default=None, help="how many photos to search; by default all")
    options.add_argument("--ranges", action="store_true", help="measure the constants of dlib_pack/ranges.py")
    given = options.parse_args()
    cv2.setNumThreads(1)
    if given.ranges:
        _print_ranges()
        return
    model = next((line for line in _cpu() if line.startswith("model name")), platform.processor())
    versions = f"dlib {dlib.__version__}, ONNX Runtime {ort.__version__}, Python {platform.python_version()}"
    print(f"{model.split(':')[-1].strip()}, {os.cpu_count()} cores, one thread; {versions}\n")
    print("| what | dlib | ours | ratio |\n|---|---|---|---|")
    _encoder()
    _detector()
    _photos(_evenly(faces.photos(), given.photos))


def _cpu() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def _evenly(paths: list[Path], count: int | None) -> list[Path]:
    return paths[:: max(len(paths) // (count or len(paths)), 1)]


def _milliseconds(*jobs: Callable[[], object]) -> list[float]:
    """Run the jobs in turn; return the median processor time of each."""
    taken: list[list[float]] = [[] for _ in jobs]
    for _ in range(_ROUNDS):
        for job, times in zip(jobs, taken, strict=True):
            start = time.process_time()
            job()
            times.append((time.process_time() - start) * 1e3)
    return [statistics.median(times) for times in taken]


def _row(what: str, peer: float, ours: float, unit: str) -> None:
    print(f"| {what} | {peer:.1f} {unit} | {ours:.2f} {unit} | {peer / ours:.1f}x |", flush=True)


def _encoder() -> None:
    net = dlib.face_recognition_model_v1(_weights(weights.ENCODER))
    pack = dlib_pack.load()
    quick = cast(DlibEncoder, pack.encoder)
    exact = DlibEncoder(lambda: dlib_pack.session(_float_graph(weights.ENCODER), threads=1))
    photo = astronaut()  # type: ignore[no-untyped-call]
    crop = pack.encoder.align(photo, pack.detector.detect(photo)[0])
    many = np.repeat(crop[None], _BATCH, axis=0)
    view = np.ascontiguousarray(crop[16:-16, 16:-16])
    one, views = view[None], np.repeat(view[None], _BATCH, axis=0)
    peer, float_one, ours, ours_many, faceprints = _milliseconds(
        lambda: net.compute_face_descriptor(view),
        lambda: exact._run(one),
        lambda: quick._run(one),
        lambda: quick._run(views),
        lambda: quick._vectors(many),
    )
    _row("encoder, one crop, float32", peer, float_one, "ms")
    _row("encoder, one crop", peer, ours, "ms")
    _row(f"encoder, a crop of a batch of {_BATCH}", peer, ours_many / _BATCH, "ms")
    _row("encoder, a faceprint: four views of a crop", peer, faceprints / _BATCH, "ms")


def _detector() -> None:
    net = dlib.cnn_face_detection_model_v1(_weights(weights.DETECTOR))
    own, full = dlib_pack.load(pyramid=DLIB).detector, dlib_pack.load().detector
    portrait = astronaut()  # type: ignore[no-untyped-call]
    photo = np.asarray(cv2.resize(portrait, _MEGAPIXEL, interpolation=cv2.INTER_CUBIC), np.uint8)
    peer, ours, wide = _milliseconds(lambda: net(photo, 0), lambda: own.detect(photo), lambda: full.detect(photo))
    _row("detector, 1 MP, dlib's pyramid", peer, ours, "ms")
    _row("detector, 1 MP, ours from 40 px against dlib's from 80 px", peer, wide, "ms")


def _photos(paths: list[Path]) -> None:
    """Search every photo both ways, then say what it took and how many faces, one each, were missed."""
    hog = dlib.get_frontal_face_detector()
    predictor = dlib.shape_predictor(_weights(weights.LANDMARKS))
    net = dlib.face_recognition_model_v1(_weights(weights.ENCODER))
    pack = dlib_pack.load()
    encoder = cast(DlibEncoder, pack.encoder)

    def usual(path: Path) -> int:
        photo = np.array(PillowImage.open(path).convert("RGB"))
        found = hog(photo, 1)
        for box in found:
            net.compute_face_descriptor(photo, predictor(photo, box))
        return len(found)

    def ours(path: Path) -> int:
        photo = np.array(PillowImage.open(path).convert("RGB"))
        found = pack.detector.detect(photo)
        if found:
            encoder._vectors(np.stack([encoder.align(photo, face) for face in found]))
        return len(found)

    taken, missed = [0.0, 0.0], [0, 0]
    for path in paths:
        for way, job in enumerate((usual, ours)):
            start = time.process_time()
            missed[way] += job(path) == 0
            taken[way] += time.process_time() - start
    peer, mine = (1e3 * seconds / len(paths) for seconds in taken)
    _row("a 250x250 photo: load, find, align, encode", peer, mine, "ms")
    print(f"| faces missed in {len(paths)} photos | {missed[0]} (HOG) | {missed[1]} | |")


def _print_ranges() -> None:
    """Print the ranges of both networks; each constant is rounded to one decimal."""
    pack = dlib_pack.load()
    paths = _evenly(faces.photos(), 160)
    photos = [np.array(PillowImage.open(path).convert("RGB")) for path in paths]
    sized = [np.asarray(cv2.resize(p, (s, s)), np.uint8)[None] for p in photos[::2] for s in _SIZES]
    _, common = _ranges(_float_graph(weights.DETECTOR), sized)
    print("DETECTOR", np.round(common[:6], 1).tolist())
    found = [(photo, face) for photo in photos for face in pack.detector.detect(photo)[:1]]
    crops = [chip(photo, face.landmarks, 150, 0.25)[None] for photo, face in found]
    largest, common = _ranges(_float_graph(weights.ENCODER), crops)
    print("ENCODER", np.round((largest + common) / 2, 1).tolist())


def _ranges(model: bytes, inputs: list[Image]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Largest value, and 90th percentile of the 99.99th percentile, of every convolution and sum."""
    proto = onnx.load_from_string(model)
    nodes = list(proto.graph.node)
    after = [*(node.op_type for node in nodes[1:]), ""]
    names = [
        node.output[0]
        for node, follower in zip(nodes, after, strict=True)
        if node.op_type == "Relu" or (node.op_type == "Conv" and follower != "Relu")
    ]
    proto.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    session = dlib_pack.session(proto.SerializeToString(), threads=1)
    seen = [[np.abs(t) for t in session.run(names, {"pixels": pixels})] for pixels in inputs]
    largest = np.max([[t.max() for t in tensors] for tensors in seen], axis=0)
    common = np.quantile([[np.quantile(t, 0.9999) for t in tensors] for tensors in seen], 0.9, axis=0)
    return largest, common


def _float_graph(name: str) -> bytes:
    layers = dat.layers(weights.read(name, weights.folder()))
    return (graph.encoder if name == weights.ENCODER else graph.detector)(layers, Float32())


def _weights(name: str) -> str:
    return str(weights.folder() / name)


if __name__ == "__main__":
    main()
