# SPDX-License-Identifier: Apache-2.0
"""The default face pack: dlib's detector, five landmarks and encoder, run by ONNX Runtime without dlib."""

from __future__ import annotations

from pathlib import Path

import onnxruntime as ort

from countenance.backends.dlib_pack import dat, graph, landmarks, ranges, weights
from countenance.backends.dlib_pack.arithmetic import Int8
from countenance.backends.dlib_pack.detector import FULL, DlibDetector, Pyramid
from countenance.backends.dlib_pack.encoder import DlibEncoder
from countenance.ports.vision import FacePack


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
    detector = graph.detector(dat.layers(weights.read(weights.DETECTOR, where)), Int8(ranges.DETECTOR, columns=2))
    trees = weights.read(weights.LANDMARKS, where)
    return FacePack(
        name="dlib",
        licence="CC0-1.0",
        detector=DlibDetector(session(detector, threads), lambda: landmarks.read(trees), pyramid),
        encoder=DlibEncoder(lambda: session(_encoder(encoder), threads)),
    )


def _encoder(data: bytes) -> bytes:
    return graph.encoder(dat.layers(data), Int8(ranges.ENCODER, columns=2, border=2))


def session(model: bytes, threads: int) -> ort.InferenceSession:
    """Start a network on the processor; accelerators have no 8-bit convolution of this kind."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # a pattern per image size would be kept for ever
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
