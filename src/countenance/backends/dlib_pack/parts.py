# SPDX-License-Identifier: Apache-2.0
"""Rectangles of a grid that are worth looking at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
"""bool (h, w): cells of a grid."""


class Part(NamedTuple):
    """A rectangle of cells."""

    rows: slice
    columns: slice


def around(mask: Mask, cells: int) -> Mask:
    """Return a mask grown by so many cells to all sides, corners included."""
    side = 2 * cells + 1
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8)), bool)


def parts(wanted: Mask, reach: int) -> list[Part]:
    """Return rectangles that together hold every wanted cell; none for none.

    Args:
        wanted: (h, w).
        reach: cells on every side of a rectangle that are looked at with it. Where these surroundings touch, two
            rectangles become one; and all become one where that is less to look at.
    """
    if not wanted.any():
        return []
    boxes = cv2.connectedComponentsWithStats(around(wanted, reach).astype(np.uint8))[2][1:, : cv2.CC_STAT_AREA]
    apart = [_wanted_in(wanted, Part(slice(y, y + height), slice(x, x + width))) for x, y, width, height in boxes]
    one = _wanted_in(wanted, Part(slice(0, wanted.shape[0]), slice(0, wanted.shape[1])))
    return apart if area(apart, reach) < area([one], reach) else [one]


def area(looked_at: Sequence[Part], reach: int) -> int:
    """Return how many cells rectangles have, each with so many on every side; those beyond the grid's edge count."""
    sides = ([side.stop - side.start + 2 * reach for side in part] for part in looked_at)
    return sum(rows * columns for rows, columns in sides)


def _wanted_in(wanted: Mask, part: Part) -> Part:
    """Return the smallest rectangle of a part that holds what is wanted of it."""
    rows, columns = (np.flatnonzero(wanted[part].any(axis=axis)) for axis in (1, 0))
    return Part(_stretch(rows, part.rows.start), _stretch(columns, part.columns.start))


def _stretch(places: NDArray[np.intp], start: int) -> slice:
    return slice(int(start + places[0]), int(start + places[-1]) + 1)
