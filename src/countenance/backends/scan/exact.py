# SPDX-License-Identifier: Apache-2.0
"""The one definition of a score: every way of searching ends here, so that none can differ.

A product of two float32 is exact in float64. Eight partial sums over the dimensions 0, 8, 16, ..., then
1, 9, 17, ... and so on are added in one fixed tree and rounded to float32 once: the inner product to its last
bit but for ties in the rounding, and the same bits whatever else is scored beside it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_LANES = 8
_ROWS_AT_ONCE = 4096  # 256 KiB of partial sums


def scores(rows: NDArray[np.float32], query: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the score of each row: float32 (N,), not clipped.

    Args:
        rows: float32 (N, D).
        query: float32 (D,).
    """
    found = np.empty(len(rows), np.float32)
    wide = query.astype(np.float64)
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        some = rows[start : start + _ROWS_AT_ONCE]
        sums = np.zeros((len(some), _LANES))
        for first in range(0, len(wide), _LANES):
            lanes = wide[first : first + _LANES]
            sums[:, : len(lanes)] += some[:, first : first + _LANES] * lanes
        pairs = sums[:, :4] + sums[:, 4:]
        pairs = pairs[:, :2] + pairs[:, 2:]
        found[start : start + len(some)] = pairs[:, 0] + pairs[:, 1]
    wide.fill(0.0)
    return found
