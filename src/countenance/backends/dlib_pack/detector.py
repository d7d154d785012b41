# SPDX-License-Identifier: Apache-2.0
"""dlib's face detector: an 80x80 window slid over an image pyramid, then five landmarks per face."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from countenance.backends.dlib_pack import ranges, weights
from countenance.backends.dlib_pack.cascade import Cascade
from countenance.backends.dlib_pack.parts import Mask, around
from countenance.backends.dlib_pack.stages import FIRST, STRIDE, WHOLE, Stages, grid
from countenance.canonical import digest
from countenance.model.face import Box, DetectedFace, Image, PointScheme
from countenance.vision.geometry import iou, suppress
from countenance.vision.landmark_trees import Brightness, LandmarkTrees, gray

Boxes = NDArray[np.float64]

_WINDOW = 80  # pixels; the detector's own
# IoU above which the weaker face goes. dlib's file says 0.338, which keeps a weak second box of a face where
# it is 1.7 times as large; cheeks that touch overlap by less than 0.2.
_OVERLAP = 0.25
_SAME = 0.45  # IoU above which two windows see the same face
# What is no face has about -1.1. A face half hidden by an arm may stay below 0; one such is believed where it
# is the only face of the photo.
_DOUBTFUL = -0.5
_GREY = (123, 117, 104)  # the network's own zero
_ON_DEMAND = 2  # of the largest levels: three quarters of all pixels
_AROUND = 6  # cells around a demand that are looked at: it may lie beside the face, which several windows see


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
    """What one level shows.

    Attributes:
        boxes: (N, 4), that hold a face, in the photo.
        scores: (N,).
        demands: (M, 2), x and y of places in the photo where a larger level may show a face.
    """

    boxes: Boxes
    scores: NDArray[np.float32]
    demands: NDArray[np.float64]


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
        self._stages = Stages(opening, rest, cascade.least)
        self._on_demand = _ON_DEMAND if cascade.ratio == pyramid.ratio else 0
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
                "demands": [self._on_demand, _AROUND, str(WHOLE)],
            }
        )

    @cached_property
    def _trees(self) -> LandmarkTrees:
        return self._read_trees()

    def detect(self, image: Image) -> list[DetectedFace]:
        """Return every face, best score first; none is an empty list.

        Scores are mostly about 1, and above 0; only where no face has that, one of at least -0.5 is returned.
        """
        found = self._searched(image)
        boxes = np.concatenate([one.boxes for one in found])
        scores = np.concatenate([one.scores for one in found])
        kept = suppress(boxes, scores, _OVERLAP)
        kept = [index for index in kept if scores[index] > 0] or kept[:1]
        if not kept:
            return []
        brightness = gray(image)
        return [self._face(_mean_box(boxes, scores, index), float(scores[index]), brightness) for index in kept]

    def _searched(self, image: Image) -> list[_Windows]:
        """Return what the levels show: the smaller ones all over, the largest where a smaller one demands it."""
        sizes = self._sizes(image)
        whole = min(self._on_demand, len(sizes) - 1)  # the largest that is
        drawn: dict[int, tuple[Image, Image]] = {}
        level = image
        for number in range(
            max(whole - 1, 0), len(sizes)
        ):  # of an enlarged photo made of itself, then of the one before
            size = sizes[number]
            drawn[number] = self._framed(image if size[0] >= image.shape[0] else level, size)
            level = drawn[number][1]
        found = [self._search(*drawn[number], image) for number in range(whole, len(sizes))]
        for number in reversed(range(whole)):
            demands = found[0].demands
            if not len(demands):
                break
            pixels = drawn.get(number) or self._framed(image, sizes[number])
            found.insert(0, self._search(*pixels, image, demands))
        return found

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

    def _framed(self, image: Image, size: tuple[int, int]) -> tuple[Image, Image]:
        """Return an image in another size (rows and columns) with a border around it, and the part without."""
        rows, columns = size
        border = self._pyramid.border[min(size) < 1.5 * _WINDOW]
        right = border + -(columns + 2 * border) % 4  # the graph takes columns by four
        framed = np.empty((rows + 2 * border, border + columns + right, 3), np.uint8)
        inner = framed[border : border + rows, border : border + columns]
        for edge in (framed[:border], framed[border + rows :], framed[:, :border], framed[:, border + columns :]):
            edge[:] = self._pyramid.colour
        cv2.resize(image, (columns, rows), dst=inner, interpolation=cv2.INTER_LINEAR)
        return framed, inner

    def _search(
        self, framed: Image, level: Image, photo: Image, demands: NDArray[np.float64] | None = None
    ) -> _Windows:
        """Return what a level of a photo shows; at these places and around them, where there are any."""
        scale = np.array([level.shape[1] / photo.shape[1], level.shape[0] / photo.shape[0]])
        border = (framed.shape[0] - level.shape[0]) // 2
        wanted = None
        if demands is not None:
            wanted = around(_cells(demands * scale + border, grid(framed.shape[:2])), _AROUND)
        scores, smaller = self._stages.look(framed, wanted)
        found = scores > _DOUBTFUL
        centres, may_be = ((_centres(cells) - border) / scale for cells in (found, smaller))
        half = _WINDOW / 2 / scale
        return _Windows(np.hstack([centres - half, centres + half]), scores[found], may_be)

    def _face(self, box: NDArray[np.float64], score: float, brightness: Brightness) -> DetectedFace:
        whole = Box(*(float(edge) for edge in np.round(box)))
        return DetectedFace(whole, score, self._trees.predict(brightness, whole), PointScheme.EYE_CORNERS)


def _centres(cells: Mask) -> NDArray[np.float64]:
    """Return x and y (N, 2) of the middles of cells, in pixels of the framed level."""
    rows, columns = np.nonzero(cells)
    return np.stack([columns, rows], axis=1).astype(np.float64) * STRIDE + FIRST


def _cells(places: NDArray[np.float64], shape: tuple[int, int]) -> Mask:
    """Return which cells hold places (N, 2), x and y in pixels of the framed level."""
    columns, rows = np.round((places - FIRST) / STRIDE).astype(np.intp).T
    cells = np.zeros(shape, bool)
    cells[rows.clip(0, shape[0] - 1), columns.clip(0, shape[1] - 1)] = True
    return cells


def _mean_box(boxes: Boxes, scores: NDArray[np.float32], best: int) -> NDArray[np.float64]:
    """Return the mean of the windows that see the same face, weighted by score.

    Windows stand 8 px apart on each level; their mean is a steadier start for the landmarks than the best.
    """
    same = iou(boxes[best], boxes) > _SAME
    mean: NDArray[np.float64] = np.average(boxes[same], axis=0, weights=scores[same] - _DOUBTFUL)
    return mean
