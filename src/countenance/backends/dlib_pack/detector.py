# SPDX-License-Identifier: Apache-2.0
"""dlib's face detector: an 80x80 window slid over an image pyramid, then five landmarks per face."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from countenance.backends.dlib_pack import ranges, weights
from countenance.backends.dlib_pack.cascade import Cascade
from countenance.canonical import digest
from countenance.model.face import Box, DetectedFace, Image, PointScheme
from countenance.vision.geometry import iou, suppress
from countenance.vision.landmark_trees import Brightness, LandmarkTrees, gray

Boxes = NDArray[np.float64]

_WINDOW = 80  # pixels; the detector's own
_STRIDE, _FIRST = 8, 14  # cell i has its centre at 8 i + 14
# IoU above which the weaker face goes. dlib's file says 0.338, which keeps a weak second box of a face where
# it is 1.7 times as large; cheeks that touch overlap by less than 0.2.
_OVERLAP = 0.25
_SAME = 0.45  # IoU above which two windows see the same face
# What is no face has about -1.1. A face half hidden by an arm may stay below 0; one such is believed where it
# is the only face of the photo.
_DOUBTFUL = -0.5
_GREY = (123, 117, 104)  # the network's own zero
# Pixels that the network sees at once: 130 MiB. A cell depends on 94 px around it, so bands overlap by 12 cells.
_BAND_PX = 2.5e6
_REACH = 12
_AROUND = 2  # cells around a hint that get a score, too: a face is seen by several windows
_REACH_OF_REST = 8  # cells around one that its score depends on, of the features
_NEAR = np.ones((2 * _AROUND + 1, 2 * _AROUND + 1), np.uint8)
_NOTHING = -9.0  # the score where no face can be


@dataclass(frozen=True)
class Pyramid:
    """Which sizes of a photo are searched.

    Attributes:
        enlarge: factor of the largest level.
        area: pixels that the largest level has at most.
        longest: pixels that its longer side has at most: a photo that is read a little larger takes no longer.
        ratio: of one level to the one before.
        smallest: pixels that the shorter side of the last level has at least.
        border: pixels around each level, and around the small ones that one face may fill.
        colour: of the border.
    """

    enlarge: float
    area: float
    longest: float
    ratio: float
    smallest: int
    border: tuple[int, int]
    colour: tuple[int, int, int]


DLIB = Pyramid(
    enlarge=1, area=float("inf"), longest=float("inf"), ratio=5 / 6, smallest=8, border=(11, 11), colour=(0, 0, 0)
)
"""dlib's own, for comparison: faces from 80 px."""
FULL = Pyramid(enlarge=1.9, area=1e7, longest=3648, ratio=0.72, smallest=50, border=(12, 28), colour=_GREY)
"""Faces from 40 px, and such as fill the frame."""


class _Windows(NamedTuple):
    """What holds a face at one level: boxes (N, 4) in the photo, scores (N,); whether smaller faces may be there."""

    boxes: Boxes
    scores: NDArray[np.float32]
    may_be_smaller: bool


class DlibDetector:
    """Finds faces from 40 px up to the whole frame.

    Args:
        opening: gives the features of pixels, and where the rest of the network is worth its time.
        rest: gives the scores of features.
        cascade: what the hints come from.
        trees: reads the landmarks' trees, when they are first needed: who only encodes needs none.

    Attributes:
        digest: SHA-256 (hex) of everything that decides its answer.
    """

    def __init__(
        self,
        opening: ort.InferenceSession,
        rest: ort.InferenceSession,
        cascade: Cascade,
        trees: Callable[[], LandmarkTrees],
        pyramid: Pyramid = FULL,
    ) -> None:
        self._opening = opening
        self._rest = rest
        self._least = cascade.least
        self._skips = cascade.ratio == pyramid.ratio
        self._read_trees = trees
        self._pyramid = pyramid
        self.digest = digest(
            {
                "weights": weights.SHA256[weights.DETECTOR],
                "landmarks": weights.SHA256[weights.LANDMARKS],
                "pyramid": repr(pyramid),
                "ranges": [str(extent) for extent in ranges.DETECTOR],
                "cascade": cascade.text,
                "rules": f"suppressed above {_OVERLAP}, averaged above {_SAME}, doubtful {_DOUBTFUL}",
            }
        )

    @cached_property
    def _trees(self) -> LandmarkTrees:
        return self._read_trees()

    def detect(self, image: Image) -> list[DetectedFace]:
        """Return every face, best score first; none is an empty list.

        Scores are mostly about 1, and above 0; only where no face has that, one of at least -0.5 is returned.
        """
        largest, *smaller = self._sizes(image)
        # The levels of an enlarged photo are made of the photo itself, those of a shrunk one each of the one before.
        above = image if smaller and smaller[0][0] >= image.shape[0] else _resized(image, largest)
        found = [self._search(level, image) for level in _levels(above, smaller)]
        if not (self._skips and found) or found[0].may_be_smaller:
            found.insert(0, self._search(_resized(above, largest), image))
        boxes = np.concatenate([one.boxes for one in found])
        scores = np.concatenate([one.scores for one in found])
        kept = suppress(boxes, scores, _OVERLAP)
        kept = [index for index in kept if scores[index] > 0] or kept[:1]
        if not kept:
            return []
        brightness = gray(image)
        return [self._face(_mean_box(boxes, scores, index), float(scores[index]), brightness) for index in kept]

    def _sizes(self, image: Image) -> list[tuple[int, int]]:
        """Return rows and columns of each level, the largest first."""
        height, width = image.shape[:2]
        plan = self._pyramid
        factor = min(plan.enlarge, plan.longest / max(height, width), (plan.area / (height * width)) ** 0.5)
        sizes = [(max(int(height * factor), 1), max(int(width * factor), 1))]
        while min(sizes[-1]) * plan.ratio >= plan.smallest:
            rows, columns = sizes[-1]
            sizes.append((int(rows * plan.ratio), int(columns * plan.ratio)))
        return sizes

    def _search(self, level: Image, photo: Image) -> _Windows:
        """Return the windows of one level of a photo that hold a face."""
        scale = (level.shape[1] / photo.shape[1], level.shape[0] / photo.shape[0])
        plan = self._pyramid
        border = plan.border[min(level.shape[:2]) < 1.5 * _WINDOW]
        right = border + -(level.shape[1] + 2 * border) % 4  # the graph takes columns by four
        edges = (border, border, border, right)
        framed = np.asarray(cv2.copyMakeBorder(level, *edges, cv2.BORDER_CONSTANT, value=plan.colour), np.uint8)
        scores, hints = self._scores(framed)
        rows, columns = np.nonzero(scores > _DOUBTFUL)
        corner = np.stack([columns, rows], axis=1) * _STRIDE + (_FIRST - border - _WINDOW / 2)
        boxes = np.concatenate([corner, corner + _WINDOW], axis=1) / (*scale, *scale)
        return _Windows(boxes, scores[rows, columns], bool((hints > self._least).any()))

    def _scores(self, framed: Image) -> NDArray[np.float32]:
        """Return (2, h, w): the score of every cell, and the hint of smaller faces there.

        A large level is run in bands of rows, with the same result.
        """
        height, width = framed.shape[:2]
        cells = max(int(_BAND_PX / width / _STRIDE) - 2 * _REACH, 1) if height * width > _BAND_PX else height
        bands = []
        for first in range(0, height, cells):
            start = max(first - _REACH, 0)
            end = (first + cells + 2 * _REACH) * _STRIDE
            band = framed[start * _STRIDE : min(end, height)]
            judged = self._judged(band)
            last = end >= height
            bands.append(judged[:, first - start : None if last else first - start + cells])
            if last:
                break
        return np.concatenate(bands, axis=1)

    def _judged(self, pixels: Image) -> NDArray[np.float32]:
        """Return what `_scores` does, of a band; the score is `_NOTHING` where the first stage rules a face out."""
        hints, features = self._opening.run(["hints", "features"], {"pixels": pixels[None]})
        near = np.asarray(cv2.dilate((hints[0, 0] > self._least).astype(np.uint8), _NEAR), bool)
        scores = np.full(near.shape, _NOTHING, np.float32)
        if near.any():
            rows, columns = (_around(np.atleast_1d(near.any(axis=axis))) for axis in (1, 0))
            judged: NDArray[np.float32] = self._rest.run(None, {"features": features[:, rows, columns]})[0][0, 0]
            np.copyto(scores[rows, columns], judged, where=near[rows, columns])
        return np.stack([scores, hints[0, 1]])

    def _face(self, box: NDArray[np.float64], score: float, brightness: Brightness) -> DetectedFace:
        whole = Box(*(float(edge) for edge in np.round(box)))
        return DetectedFace(whole, score, self._trees.predict(brightness, whole), PointScheme.EYE_CORNERS)


def _levels(image: Image, sizes: Sequence[tuple[int, int]]) -> Iterator[Image]:
    """Yield an image in falling sizes: while they are larger, made of itself, then each of the one before."""
    level = image
    for size in sizes:
        level = _resized(image if size[0] >= image.shape[0] else level, size)
        yield level


def _resized(image: Image, size: tuple[int, int]) -> Image:
    if size == image.shape[:2]:
        return image
    return np.asarray(cv2.resize(image, size[::-1], interpolation=cv2.INTER_LINEAR), np.uint8)


def _around(wanted: NDArray[np.bool_]) -> slice:
    """Return the stretch that holds every wanted row or column, and what their scores depend on."""
    places = np.flatnonzero(wanted)
    return slice(max(int(places[0]) - _REACH_OF_REST, 0), int(places[-1]) + 1 + _REACH_OF_REST)


def _mean_box(boxes: Boxes, scores: NDArray[np.float32], best: int) -> NDArray[np.float64]:
    """Return the mean of the windows that see the same face, weighted by score.

    Windows stand 8 px apart on each level; their mean is a steadier start for the landmarks than the best.
    """
    same = iou(boxes[best], boxes) > _SAME
    mean: NDArray[np.float64] = np.average(boxes[same], axis=0, weights=scores[same] - _DOUBTFUL)
    return mean
