# SPDX-License-Identifier: Apache-2.0
"""dlib's face encoder: 128 numbers from an upright 150x150 crop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from countenance.backends.dlib_pack import ranges, weights
from countenance.canonical import digest
from countenance.errors import EncodingFailed
from countenance.model.face import Crop, DetectedFace, Image, Landmarks
from countenance.model.faceprint import Faceprint, unit
from countenance.policy.permit import PermittedCrop
from countenance.vision.geometry import similarity

_SIDE = 150  # what the network takes
_CROP = 182  # what `align` gives: the widest of the views below, in the resolution of the closest
_PADDING = 0.32  # around the mean face, in units of its size, in the whole crop
# Pixels cut off the crop on each side: paddings of .32 and .18. dlib's own, .25 between them, adds time and finds
# nobody more (`docs/figures.md`, "Views").
_INSETS = (0, 16)
# Where the five points lie in a mean face, in units of its size, as dlib's `get_face_chip_details` has them.
_MEAN_FACE = np.array(
    [
        [0.8595674595992, 0.2134981538014],
        [0.6460604764104, 0.2289674387677],
        [0.1205750620789, 0.2137274526848],
        [0.3340850613712, 0.2290642403242],
        [0.4901123135679, 0.6277975316475],
    ]
)
_BATCH = 32  # crops per run: bounds memory; larger batches are no faster


class DlibEncoder:
    """Aligns as dlib's `get_face_chip` does; a faceprint is the mean over two sizes, each also mirrored.

    Args:
        start: starts the network, when it is first needed: who only looks at photos aligns and never encodes.

    Attributes:
        digest: SHA-256 (hex) of weights, alignment, preprocessing and averaging.
        dim: 128.
    """

    dim = 128

    def __init__(self, start: Callable[[], ort.InferenceSession]) -> None:
        self._start = start
        self.digest = digest(
            {
                "weights": weights.SHA256[weights.ENCODER],
                "landmarks": weights.SHA256[weights.LANDMARKS],
                "alignment": f"similarity of five points, {_CROP} px, padding {_PADDING}, bilinear, halved above 2",
                "views": f"insets {_INSETS} px to {_SIDE} px by area, straight and mirrored, sum, unit length",
                "numbers": "activations 8 bits, weights 7 bits",
                "ranges": [str(extent) for extent in ranges.ENCODER],
            }
        )

    @cached_property
    def _session(self) -> ort.InferenceSession:
        return self._start()

    def align(self, image: Image, face: DetectedFace) -> Crop:
        """Return the upright crop, uint8 (182, 182, 3) RGB, of a face with dlib's five landmarks."""
        return chip(image, face.landmarks, _CROP, _PADDING)

    def encode(self, crops: Sequence[PermittedCrop]) -> list[Faceprint]:
        """Return one faceprint per permitted crop, in input order.

        Raises:
            TypeError: something else than a permitted crop was given; nothing was encoded.
            EncodingFailed: a crop has another size than `align` gives, the session failed, or a vector is
                zero or not finite; no partial result.
        """
        for crop in crops:
            if not isinstance(crop, PermittedCrop):
                raise TypeError(f"an encoder takes permitted crops only, not {type(crop).__name__}")
            if crop.pixels.shape != (_CROP, _CROP, 3):
                raise EncodingFailed(f"a crop of shape {crop.pixels.shape} is not one that this encoder aligned")
        if not crops:
            return []
        return [unit(vector, self.digest) for vector in self._vectors(np.stack([c.pixels for c in crops]))]

    def _vectors(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the sums of the vectors of all views of crops, uint8 (N, 182, 182, 3) RGB: (N, 128)."""
        vectors: NDArray[np.float32] = self._run(_views(crops)).reshape(len(crops), -1, self.dim).sum(axis=1)
        return vectors

    def _run(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        try:
            parts = [
                self._session.run(None, {"pixels": crops[start : start + _BATCH]})[0]
                for start in range(0, len(crops), _BATCH)
            ]
        except Exception as error:
            raise EncodingFailed("the encoder's session failed") from error
        return np.concatenate(parts)


def chip(image: Image, landmarks: Landmarks, side: int, padding: float) -> Crop:
    """Return an upright crop, uint8 (side, side, 3), as dlib's `get_face_chip` cuts it.

    Args:
        image: uint8 (H, W, 3).
        landmarks: float32 (5, 2), dlib's five points.
        side: in pixels.
        padding: around the mean face, in units of its size.
    """
    mean = (_MEAN_FACE + padding) / (1 + 2 * padding) * side
    matrix = similarity(mean, landmarks)
    # dlib takes the middle for (side / 2, side / 2) and the width for one pixel less; both are kept.
    centre = matrix @ (side / 2, side / 2, 1)
    width = np.hypot(matrix[0, 0], matrix[1, 0]) * side
    linear = matrix[:, :2] * ((width - 1) / width * side / (side - 1))
    matrix = np.column_stack([linear, centre - linear @ np.full(2, (side - 1) / 2)])
    # Bilinear sampling alone would skip pixels of a large face: halve it first, as dlib does.
    while np.hypot(matrix[0, 0], matrix[1, 0]) > 2:
        image, matrix = np.asarray(cv2.pyrDown(image), np.uint8), matrix / 2
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(image, matrix, (side, side), flags=flags), np.uint8)


def _views(crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return what the network sees of crops: of each one two sizes of the face, each straight and mirrored."""
    views = np.empty((len(crops), len(_INSETS), 2, _SIDE, _SIDE, 3), np.uint8)
    for crop, seen in zip(crops, views, strict=True):
        for inset, (straight, mirrored) in zip(_INSETS, seen, strict=True):
            part = crop[inset : _CROP - inset, inset : _CROP - inset]
            cv2.resize(part, (_SIDE, _SIDE), dst=straight, interpolation=cv2.INTER_AREA)
            cv2.flip(straight, 1, dst=mirrored)
    return views.reshape(-1, _SIDE, _SIDE, 3)
