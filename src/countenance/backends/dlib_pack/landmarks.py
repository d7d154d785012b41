# SPDX-License-Identifier: Apache-2.0
"""dlib's five-point predictor, from its `.dat` file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from countenance.backends.dlib_pack.dat import Floats, integers
from countenance.vision.landmark_trees import LandmarkTrees

_STAGES, _TREES, _SPLITS, _LEAVES, _POINTS = 15, 500, 15, 16, 800
_SHAPE = 10  # numbers in a shape: x and y of five points


def read(data: bytes) -> LandmarkTrees:
    """Return the trees. The caller has checked the file's SHA-256, so its sizes are known.

    The file: version; the mean shape (two dimensions, numbers); for each stage its trees, each made of splits
    (two indices, a threshold) and leaves (two dimensions, numbers); the anchors; the deltas. A list stands
    after its length; a real number takes two integers.
    """
    numbers = _Numbers(integers(data))
    numbers.skip(3)
    mean = numbers.take(2 * _SHAPE)
    numbers.skip(1)
    forest = np.stack(
        [_tail(numbers, _TREES * (1 + 4 * _SPLITS + 1 + _LEAVES * (2 + 2 * _SHAPE))) for _ in range(_STAGES)]
    )
    forest = forest.reshape(_STAGES, _TREES, -1)
    splits = forest[:, :, 1 : 1 + 4 * _SPLITS].reshape(_STAGES, _TREES, _SPLITS, 4)
    leaves = forest[:, :, 2 + 4 * _SPLITS :].reshape(_STAGES, _TREES, _LEAVES, -1)[..., 2:]
    numbers.skip(1)
    anchors = np.stack([_tail(numbers, _POINTS) for _ in range(_STAGES)])
    numbers.skip(1)
    deltas = np.stack([_tail(numbers, 4 * _POINTS) for _ in range(_STAGES)])
    return LandmarkTrees(
        mean=_points(mean),
        pairs=np.moveaxis(splits[..., :2], -1, 1).astype(np.intp, order="C"),
        thresholds=_reals(splits[..., 2:])[..., 0],
        leaves=_points(leaves).reshape(_STAGES, _TREES * _LEAVES, -1),
        anchors=anchors.astype(np.intp),
        deltas=_points(deltas),
    )


class _Numbers:
    def __init__(self, values: NDArray[np.int32]) -> None:
        self._values = values
        self._at = 0

    def skip(self, count: int) -> None:
        self._at += count

    def take(self, count: int) -> NDArray[np.int32]:
        self._at += count
        return self._values[self._at - count : self._at]


def _tail(numbers: _Numbers, count: int) -> NDArray[np.int32]:
    """Take a list without its length, which stands before it."""
    numbers.skip(1)
    return numbers.take(count)


def _reals(values: NDArray[np.int32]) -> Floats:
    """Mantissas and exponents of 2, in turn along the last axis, as float32."""
    return np.ldexp(values[..., 0::2].astype(np.float32), values[..., 1::2])


def _points(values: NDArray[np.int32]) -> NDArray[np.complex64]:
    """X and y in turn along the last axis, each as mantissa and exponent, as complex numbers."""
    return np.ascontiguousarray(_reals(values)).view(np.complex64)
