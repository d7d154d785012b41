# SPDX-License-Identifier: Apache-2.0
"""Landmarks by a cascade of regression trees, evaluated with NumPy.

Each stage reads the brightness at points that hang on the present estimate of the shape; each of its trees
compares pairs of them and adds a small correction to the shape.

Source: V. Kazemi, J. Sullivan, "One millisecond face alignment with an ensemble of regression trees", 2014;
dlib's `shape_predictor.h` for the order of the tree and the frame of the box.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from countenance.model.face import Box, Image, Landmarks

Complex = NDArray[np.complex64]


Brightness = NDArray[np.int16]
"""Of a photo, in a black frame of one pixel, as `gray` makes it."""

_WORD = 16  # bits, one for each split of a tree: a tree has 15 at most


@dataclass(frozen=True, eq=False)
class LandmarkTrees:
    """C stages of T trees with S splits and S + 1 leaves over P points, for a shape of L landmarks.

    A point or shift is one complex number, x + iy, in the frame of the box: 0 is the centre of its top left
    pixel, 1 + i that of its bottom right pixel. S is 15 at most, and S + 1 a power of two.

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

    def predict(self, gray: Brightness, box: Box) -> Landmarks:
        """Return the landmarks, float32 (L, 2), of the face in a box.

        Args:
            gray: of the photo, as `gray` makes it.
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
        # Every split is decided, also those that no path meets: few large steps are faster than many small ones.
        pairs, thresholds = self._words
        first, second = pairs[stage]
        goes_right = values.take(first) - values.take(second) <= thresholds[stage]
        words = np.packbits(goes_right, bitorder="little").view("<u2")
        leaf = self._paths.take(words) + self._first_leaves
        correction: Complex = self.leaves[stage].take(leaf, axis=0).sum(axis=0)
        return correction

    @cached_property
    def _words(self) -> tuple[NDArray[np.intp], NDArray[np.int16]]:
        """Pairs (C, 2, T * 16) and thresholds (C, T * 16): each tree filled up to a word, with splits that go left."""
        stages, trees, splits = self.thresholds.shape
        more = [(0, 0), (0, 0), (0, _WORD - splits)]
        pairs = np.pad(self.pairs, [(0, 0), *more]).reshape(stages, 2, trees * _WORD)
        whole = np.clip(np.floor(self.thresholds), -512, 512).astype(np.int16)  # differences are whole numbers
        return pairs, np.pad(whole, more, constant_values=-1).reshape(stages, trees * _WORD)

    @cached_property
    def _paths(self) -> NDArray[np.uint8]:
        """The leaf (2^S,) that a tree ends at, by its decisions: bit i is set where split i goes right."""
        splits = self.thresholds.shape[2]
        words = np.arange(1 << splits)
        node = np.zeros_like(words)
        for _ in range(splits.bit_length()):
            node = 2 * node + 1 + (words >> node & 1)
        leaves: NDArray[np.uint8] = (node - splits).astype(np.uint8)
        return leaves

    @cached_property
    def _first_leaves(self) -> NDArray[np.intp]:
        _, trees, splits = self.thresholds.shape
        return np.arange(0, trees * (splits + 1), splits + 1)


def _sample(gray: Brightness, points: NDArray[np.float32]) -> NDArray[np.int16]:
    """Brightness at the pixels nearest to points (P, 2); 0 outside."""
    height, width = gray.shape
    # The frame stands for all that is outside. Below 2^24 float32 holds every whole number.
    last = np.array([width - 1, height - 1], np.float32)
    pixels = np.minimum(np.maximum(np.floor(points + np.float32(1.5)), 0), last)
    values: NDArray[np.int16] = gray.ravel().take((pixels[:, 1] * width + pixels[:, 0]).astype(np.intp))
    return values


def gray(image: Image) -> Brightness:
    """Return the brightness that the trees were trained on: the mean of red, green and blue, rounded down."""
    framed = np.zeros((image.shape[0] + 2, image.shape[1] + 2), np.int16)
    red, green, blue = (image[..., channel].astype(np.int16) for channel in range(3))
    np.floor_divide(red + green + blue, 3, out=framed[1:-1, 1:-1])
    return framed
