# SPDX-License-Identifier: Apache-2.0
"""Overlap of boxes, non-maximum suppression, and the similarity transform between two sets of points."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]


def iou(box: ArrayLike, boxes: ArrayLike) -> Doubles:
    """Return the intersection over union of one box with each of N boxes.

    Args:
        box: xyxy, half open.
        boxes: (N, 4), xyxy, half open.

    Returns:
        float64 (N,), in [0, 1]; 0 where both boxes are empty.
    """
    one, many = np.asarray(box, np.float64), np.asarray(boxes, np.float64).reshape(-1, 4)
    low, high = np.maximum(one[:2], many[:, :2]), np.minimum(one[2:], many[:, 2:])
    common = np.prod(np.clip(high - low, 0, None), axis=1)
    union = np.prod(one[2:] - one[:2]) + np.prod(many[:, 2:] - many[:, :2], axis=1) - common
    ratio: Doubles = np.divide(common, union, out=np.zeros(len(many)), where=union > 0)
    return ratio


def suppress(boxes: ArrayLike, scores: ArrayLike, threshold: float) -> list[int]:
    """Return the indices of the boxes to keep, best score first (greedy non-maximum suppression).

    Args:
        boxes: (N, 4), xyxy.
        scores: (N,); of equal scores the earlier box wins.
        threshold: a box that overlaps a kept one by a larger IoU is dropped.
    """
    many = np.asarray(boxes, np.float64).reshape(-1, 4)
    waiting = np.argsort(-np.asarray(scores, np.float64), kind="stable")
    kept: list[int] = []
    while len(waiting):
        best, waiting = int(waiting[0]), waiting[1:]
        kept.append(best)
        waiting = waiting[iou(many[best], many[waiting]) <= threshold]
    return kept


def similarity(source: ArrayLike, target: ArrayLike) -> Doubles:
    """Return the rotation, scale and shift that takes points nearest to others, by least squares.

    In the complex plane it is one number, the regression of the centred targets on the centred sources;
    it equals Umeyama's solution without reflection.

    Args:
        source: (N, 2), N >= 2.
        target: (N, 2).

    Returns:
        float64 (2, 3): target is about matrix @ (x, y, 1).

    Raises:
        ValueError: all source points are the same.

    Source: S. Umeyama, "Least-squares estimation of transformation parameters", 1991.
    """
    here, there = (np.asarray(points, np.float64) @ (1, 1j) for points in (source, target))
    centred = here - here.mean()
    spread = np.vdot(centred, centred).real
    if spread == 0:
        raise ValueError("all points are the same")
    turn = np.vdot(centred, there - there.mean()) / spread
    shift = there.mean() - turn * here.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])
