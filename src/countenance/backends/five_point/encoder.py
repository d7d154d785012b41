# SPDX-License-Identifier: Apache-2.0
"""Encoders that read the 112x112 five-point crop: SFace, MobileFaceNet, ArcFace and their like."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance import canonical
from countenance.backends.five_point.graph import RUN_ERRORS, open_session
from countenance.backends.five_point.manifest import EncoderSpec
from countenance.errors import BadPack, EncodingFailed
from countenance.model.face import Crop, DetectedFace, Image
from countenance.model.faceprint import Faceprint, unit
from countenance.policy.permit import PermittedCrop
from countenance.vision.align import CROP_PX, to_crop

_BATCH = 16  # faces per inference; two images each
_MAX_TIMES = 16  # 1792 px: 10 MB for one face
_SAME = 1e-3  # largest difference of a vector alone and in a batch, of its largest component


class FivePointEncoder:
    """Aligns and encodes with one graph. See `ports.vision.Encoder`.

    Args:
        spec: how the graph wants its crops.
        model: its bytes, checked against their SHA-256 by the caller.
        threads: of one inference.

    Raises:
        BadPack: the graph does not do what the manifest says.
    """

    def __init__(self, spec: EncoderSpec, model: bytes, threads: int) -> None:
        self._spec = spec
        self._session = open_session(spec.model.name, model, free=(0,), threads=threads)
        self._input = self._session.get_inputs()[0].name
        self.dim = spec.dim
        self.digest = canonical.digest(
            {
                "kind": "five_point/1",
                "weights": spec.model.sha256,
                "colour": spec.colour,
                "scale": repr(spec.scale),
                "mean": [repr(value) for value in spec.mean],
                "std": [repr(value) for value in spec.std],
                "alignment": "five-point similarity, 112 px, bilinear; averaged from twice the size",
                "average": "image and mirror image, sum of raw vectors",
            }
        )
        self._check()

    def align(self, image: Image, face: DetectedFace) -> Crop:
        """Return the crop, uint8 (112, 112, 3) RGB, of a face; what lies outside the image is black.

        A face at twice the size or more is drawn at a multiple of the crop's size and averaged down, so that
        none of its pixels is skipped.
        """
        matrix = to_crop(face.landmarks)
        times = min(max(int(1 / math.hypot(matrix[0, 0], matrix[1, 0])), 1), _MAX_TIMES)
        matrix = matrix * times
        matrix[:, 2] += (times - 1) / 2  # a pixel's middle stays its middle
        drawn = cv2.warpAffine(image, matrix, (CROP_PX * times, CROP_PX * times), flags=cv2.INTER_LINEAR)
        return np.asarray(cv2.resize(drawn, (CROP_PX, CROP_PX), interpolation=cv2.INTER_AREA), np.uint8)

    def encode(self, crops: Sequence[PermittedCrop]) -> list[Faceprint]:
        """Return one faceprint per permitted crop, in input order; see `ports.vision.Encoder`."""
        for crop in crops:
            if not isinstance(crop, PermittedCrop):
                raise TypeError(f"an encoder takes permitted crops only, not {type(crop).__name__}")
        if not crops:
            return []
        vectors = self._vectors(np.stack([crop.pixels for crop in crops]))
        return [unit(vector, self.digest) for vector in vectors]

    def _vectors(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return float32 (N, D), image plus mirror image, of uint8 (N, 112, 112, 3) RGB; not unit length."""
        parts = [crops[start : start + _BATCH] for start in range(0, len(crops), _BATCH)]
        return np.concatenate([self._run(part) + self._run(part[:, :, ::-1]) for part in parts])

    def _run(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        try:
            (vectors,) = self._session.run(None, {self._input: planes(self._spec, crops)})
        except RUN_ERRORS as error:
            raise EncodingFailed(f"{self._spec.model.name} failed: {type(error).__name__}") from error
        return np.asarray(vectors, np.float32)

    def _check(self) -> None:
        """Refuse a graph that has another size, or in which faces of one batch touch each other."""
        crops = np.random.default_rng(0).integers(0, 256, (2, CROP_PX, CROP_PX, 3), np.uint8)
        name = self._spec.model.name
        try:
            together, alone = self._run(crops), np.concatenate([self._run(crops[:1]), self._run(crops[1:])])
        except EncodingFailed as error:
            raise BadPack(f"{name} does not take two 112x112 crops at once") from error
        if together.shape != (2, self.dim) or alone.shape != (2, self.dim):
            raise BadPack(f"{name} gives vectors of shape {together.shape}, not (2, {self.dim})")
        if not np.abs(together - alone).max() <= _SAME * np.abs(alone).max():
            raise BadPack(f"{name} gives another vector in a batch than alone")


def planes(spec: EncoderSpec, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what a graph wants for crops, uint8 (N, 112, 112, 3) RGB: float32 (N, 3, 112, 112)."""
    ordered = crops if spec.colour == "rgb" else crops[..., ::-1]
    pixels = np.ascontiguousarray(ordered.transpose(0, 3, 1, 2)).astype(np.float32)
    mean, std = (np.array(one, np.float32)[:, None, None] for one in (spec.mean, spec.std))
    return np.asarray((pixels * np.float32(spec.scale) - mean) / std, np.float32)
