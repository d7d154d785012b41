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
from countenance.vision.geometry import similarity


@dataclass(frozen=True, eq=False)
class LandmarkTrees:
    """C stages of T trees of depth D over P points, for a shape of L landmarks.

    Shapes are in the frame of the box: (0, 0) its top left pixel, (1, 1) its bottom right pixel.

    Attributes:
        mean: float32 (L, 2), the shape to start from.
        pairs: int32 (C, T, 2 ** D - 1, 2), the points that each split compares.
        thresholds: float32 (C, T, 2 ** D - 1); left where the difference is larger.
        leaves: float32 (C, T, 2 ** D, L, 2), the corrections.
        anchors: int32 (C, P), the landmark that each point hangs on.
        deltas: float32 (C, P, 2), where it hangs, in the mean shape's frame.
    """

    mean: NDArray[np.float32]
    pairs: NDArray[np.int32]
    thresholds: NDArray[np.float32]
    leaves: NDArray[np.float32]
    anchors: NDArray[np.int32]
    deltas: NDArray[np.float32]

    def predict(self, gray: NDArray[np.uint8], box: Box) -> Landmarks:
        """Return the landmarks, float32 (L, 2), of the face in a box.

        Args:
            gray: uint8 (H, W), as `gray` makes it.
            box: may reach past the image; what lies outside counts as black.
        """
        origin = np.array([box.left, box.top], np.float32)
        extent = np.array([box.width - 1, box.height - 1], np.float32)
        shape = self.mean
        for stage in range(len(self.pairs)):
            values = self._brightness(stage, shape, gray, origin, extent)
            shape = shape + self._correction(stage, values)
        return shape * extent + origin

    def _brightness(
        self,
        stage: int,
        shape: NDArray[np.float32],
        gray: NDArray[np.uint8],
        origin: NDArray[np.float32],
        extent: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        turn = similarity(self.mean, shape)[:, :2].astype(np.float32)
        points = (self.deltas[stage] @ turn.T + shape[self.anchors[stage]]) * extent + origin
        columns, rows = np.floor(points + 0.5).astype(np.int64).T
        height, width = gray.shape
        inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        values = np.zeros(len(points), np.float32)
        values[inside] = gray[rows[inside], columns[inside]]
        return values

    def _correction(self, stage: int, values: NDArray[np.float32]) -> NDArray[np.float32]:
        pairs, thresholds = self.pairs[stage], self.thresholds[stage]
        splits = thresholds.shape[1]
        trees = np.arange(len(pairs))
        node = np.zeros(len(pairs), np.int64)
        for _ in range(splits.bit_length()):
            first, second = pairs[trees, node].T
            node = 2 * node + np.where(values[first] - values[second] > thresholds[trees, node], 1, 2)
        correction: NDArray[np.float32] = self.leaves[stage, trees, node - splits].sum(axis=0)
        return correction


def gray(image: Image) -> NDArray[np.uint8]:
    """Return the brightness that the trees were trained on: the mean of red, green and blue, rounded down."""
    return (image.sum(axis=2, dtype=np.uint16) // 3).astype(np.uint8)
