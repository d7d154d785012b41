# SPDX-License-Identifier: Apache-2.0
"""Landmarks by a cascade of regression trees, evaluated with NumPy.

Each stage reads the brightness at points that hang on the present estimate of the shape; each of its trees
compares pairs of them and adds a small correction to the shape.

Source: V. Kazemi, J. Sullivan, "One millisecond face alignment with an ensemble of regression trees", 2014;
dlib's `shape_predictor.h` for the order of the tree and the frame of the box.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from countenance.model.face import Box, Image, Landmarks

Complex = NDArray[np.complex64]


@dataclass(frozen=True, eq=False)
class LandmarkTrees:
    """C stages of T trees with S splits and S + 1 leaves over P points, for a shape of L landmarks.

    A point or shift is one complex number, x + iy, in the frame of the box: 0 is the centre of its top left
    pixel, 1 + i that of its bottom right pixel.

    Attributes:
        mean: complex64 (L,), the shape to start from.
        pairs: (C, 2, T, S), the two points that each split compares.
        thresholds: float32 (C, T, S); a larger difference goes left.
        leaves: complex64 (C, T * (S + 1), L), the corrections.
        anchors: (C, P), the landmark that each point hangs on.
        deltas: complex64 (C, P), where it hangs, in the mean shape's frame.
    """

    mean: Complex
    pairs: NDArray[np.intp]
    thresholds: NDArray[np.float32]
    leaves: Complex
    anchors: NDArray[np.intp]
    deltas: Complex

    def predict(self, gray: NDArray[np.uint8], box: Box) -> Landmarks:
        """Return the landmarks, float32 (L, 2), of the face in a box.

        Args:
            gray: uint8 (H, W), as `gray` makes it.
            box: in whole pixels; may reach past the image, where all is black.
        """
        extent = np.array([box.width - 1, box.height - 1], np.float32)
        origin = np.array([box.left, box.top], np.float32)
        centred = self.mean - self.mean.mean()
        spread = np.vdot(centred, centred)
        shape = self.mean
        for stage in range(len(self.pairs)):
            # The similarity from the mean shape, by least squares (see `geometry.similarity`).
            turn = np.vdot(centred, shape) / spread
            points = self.deltas[stage] * turn + shape[self.anchors[stage]]
            values = _sample(gray, points.view(np.float32).reshape(-1, 2) * extent + origin)
            shape = shape + self._correction(stage, values)
        return shape.view(np.float32).reshape(-1, 2) * extent + origin

    def _correction(self, stage: int, values: NDArray[np.int16]) -> Complex:
        trees, splits = self.thresholds[stage].shape
        first, second = self.pairs[stage].reshape(2, -1)
        thresholds = self.thresholds[stage].ravel()
        # All trees go down together, a level at a time; only the splits on the way are decided.
        root = np.arange(0, trees * splits, splits)
        node = np.zeros(trees, np.intp)
        for _ in range(splits.bit_length()):
            at = root + node
            difference = values.take(first.take(at)) - values.take(second.take(at))
            node = 2 * node + 1 + (difference <= thresholds.take(at))
        leaf = node - splits + np.arange(0, trees * (splits + 1), splits + 1)
        correction: Complex = self.leaves[stage].take(leaf, axis=0).sum(axis=0)
        return correction


def _sample(gray: NDArray[np.uint8], points: NDArray[np.float32]) -> NDArray[np.int16]:
    """Brightness at the pixels nearest to points (P, 2); 0 outside."""
    columns, rows = np.floor(points + np.float32(0.5)).astype(np.intp).T
    height, width = gray.shape
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    flat = np.where(inside, rows * width + columns, 0)
    return np.where(inside, gray.ravel()[flat], 0).astype(np.int16)


def gray(image: Image) -> NDArray[np.uint8]:
    """Return the brightness that the trees were trained on: the mean of red, green and blue, rounded down."""
    red, green, blue = (image[..., channel].astype(np.uint16) for channel in range(3))
    total: NDArray[np.uint16] = red + green + blue
    return (total // 3).astype(np.uint8)
