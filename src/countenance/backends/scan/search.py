# SPDX-License-Identifier: Apache-2.0
"""Searching segments: bounds first, the exact score of what they leave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from countenance.backends.scan import exact
from countenance.backends.scan.segment import CAPACITY, Segment
from countenance.ports import gallery as port
from countenance.ports.gallery import Found

_LOWEST = -2.0  # below every score of unit vectors
_NOTHING = Found(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0, np.float32))


class Scan:
    """`ports.gallery.Scan` for rows of one encoder."""

    def __init__(self, dim: int) -> None:
        """Make a scan of rows float32 (N, dim)."""
        self.dim = dim

    def segment(self, capacity: int = CAPACITY) -> Segment:
        """Return a new, empty segment."""
        return Segment(self.dim, capacity)

    def search(
        self,
        segments: Sequence[port.Segment],
        queries: NDArray[np.float32],
        *,
        minimum: float = _LOWEST,
        most: int | None = None,
        allowed: Sequence[NDArray[np.bool_] | None] | None = None,
        threads: int = 1,  # noqa: ARG002 - see the port
    ) -> list[Found]:
        """Return for each query what reaches `minimum`, best first; see the port."""
        own = cast(Sequence[Segment], segments)
        return [self._one(own, query, minimum, most, allowed) for query in queries]

    def _one(
        self,
        segments: Sequence[Segment],
        query: NDArray[np.float32],
        minimum: float,
        most: int | None,
        allowed: Sequence[NDArray[np.bool_] | None] | None,
    ) -> Found:
        slack = self.dim * 2.0**-23  # twice what a float32 sum of D products can be off
        best = _NOTHING
        for number, segment in enumerate(segments):
            rough = segment.exact() @ query
            if allowed is not None and (mask := allowed[number]) is not None:
                rough[~mask[: len(segment)]] = -np.inf
            low = minimum
            if most is not None and len(rough) > most > 0:
                low = max(low, float(np.partition(rough, len(rough) - most)[-most]) - 2 * slack)
            if most is not None and len(best.score) >= most > 0:
                low = max(low, float(best.score[most - 1]))
            rows = np.flatnonzero(rough >= low - slack)
            score = exact.scores(segment.exact()[rows], query)
            new = Found(np.full(len(rows), number, np.intp), rows, score)
            best = _merged(best, new, minimum, most)
        return best


def _merged(best: Found, new: Found, minimum: float, most: int | None) -> Found:
    """Return the best of both, best first; what ties with the last of `most` stays."""
    segment = np.concatenate([best.segment, new.segment])
    row = np.concatenate([best.row, new.row])
    score = np.concatenate([best.score, new.score]).clip(-1.0, 1.0)
    order = np.lexsort((row, segment, -score))
    order = order[score[order] >= minimum]
    if most is not None and len(order) > most:
        last = score[order[most - 1]] if most > 0 else np.inf
        order = order[score[order] >= last]
    return Found(segment[order], row[order], score[order])
