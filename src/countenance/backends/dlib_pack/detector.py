# SPDX-License-Identifier: Apache-2.0
"""dlib's face detector: an 80x80 window slid over an image pyramid, then five landmarks per face."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from countenance.backends.dlib_pack import weights
from countenance.canonical import digest
from countenance.model.face import Box, DetectedFace, Image, PointScheme
from countenance.vision.geometry import suppress
from countenance.vision.landmark_trees import LandmarkTrees, gray

_WINDOW = 80  # pixels; the detector's own
_STRIDE, _FIRST = 8, 14  # cell i has its centre at 8 i + 14
_RATIO = 5 / 6  # of one level to the next
_OVERLAP = 0.338  # IoU above which the weaker face goes, from the detector's file


@dataclass(frozen=True)
class Pyramid:
    """Which sizes of a photo are searched.

    Attributes:
        enlarge: factor of the largest level.
        area: pixels that the largest level has at most.
        border: black pixels around each level.
        smallest: pixels that the shorter side of the smallest level has at least.
    """

    enlarge: float
    area: float
    border: int
    smallest: int


DLIB = Pyramid(enlarge=1, area=float("inf"), border=11, smallest=8)
"""dlib's own: faces from 80 px, for comparison."""
FULL = Pyramid(enlarge=2, area=4e6, border=40, smallest=40)
"""Faces from 40 px, and such as fill the frame or reach past it."""


class DlibDetector:
    """Finds faces from 40 px up to the whole frame.

    Attributes:
        digest: SHA-256 (hex) of everything that decides its answer.
    """

    def __init__(self, session: ort.InferenceSession, trees: LandmarkTrees, pyramid: Pyramid = FULL) -> None:
        self._session = session
        self._trees = trees
        self._pyramid = pyramid
        self.digest = digest(
            {
                "weights": weights.SHA256[weights.DETECTOR],
                "landmarks": weights.SHA256[weights.LANDMARKS],
                "pyramid": repr(pyramid),
                "overlap": str(_OVERLAP),
            }
        )

    def detect(self, image: Image) -> list[DetectedFace]:
        """Return every face, best score first; none is an empty list. A score is positive, mostly 0.5 to 1.2."""
        found = [self._search(level, scale) for level, scale in self._levels(image)]
        boxes = np.concatenate([boxes for boxes, _ in found])
        scores = np.concatenate([scores for _, scores in found])
        kept = suppress(boxes, scores, _OVERLAP)
        if not kept:
            return []
        brightness = gray(image)
        return [self._face(boxes[index], float(scores[index]), brightness) for index in kept]

    def _levels(self, image: Image) -> Iterator[tuple[Image, tuple[float, float]]]:
        """Yield the image in falling sizes, each with its scale in x and y."""
        height, width = image.shape[:2]
        plan = self._pyramid
        factor = min(plan.enlarge, (plan.area / (height * width)) ** 0.5)
        rows, columns = max(int(height * factor), 1), max(int(width * factor), 1)
        level = image
        while True:
            if (rows, columns) != level.shape[:2]:
                level = cv2.resize(level, (columns, rows), interpolation=cv2.INTER_LINEAR)
            yield level, (columns / width, rows / height)
            rows, columns = int(rows * _RATIO), int(columns * _RATIO)
            if min(rows, columns) < plan.smallest:
                return

    def _search(
        self, level: Image, scale: tuple[float, float]
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Return boxes (N, 4) in the photo and scores (N,) of the windows of one level that hold a face."""
        border = self._pyramid.border
        framed = cv2.copyMakeBorder(level, border, border, border, border, cv2.BORDER_CONSTANT)
        scores = self._session.run(None, {"image": framed[None]})[0][0, 0]
        rows, columns = np.nonzero(scores > 0)
        corner = np.stack([columns, rows], axis=1) * _STRIDE + (_FIRST - border - _WINDOW / 2)
        boxes = np.concatenate([corner, corner + _WINDOW], axis=1) / (*scale, *scale)
        return boxes, scores[rows, columns]

    def _face(self, box: NDArray[np.float64], score: float, brightness: NDArray[np.uint8]) -> DetectedFace:
        whole = Box(*(float(edge) for edge in np.round(box)))
        return DetectedFace(whole, score, self._trees.predict(brightness, whole), PointScheme.EYE_CORNERS)
