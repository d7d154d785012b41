# SPDX-License-Identifier: Apache-2.0
"""The gallery: references in memory, searched exactly.

`Scan` and its segments know rows only; whose rows they are is known to the services.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Fetch = Callable[[NDArray[np.intp]], NDArray[np.float32]]
"""Rows of a segment by their numbers, float32 (N, D), from sealed storage; exactly as they were appended."""


@dataclass(frozen=True, eq=False)
class Found:
    """What one query found, best first; equal scores by segment and row.

    Attributes:
        segment: intp (N,), index into the segments that were searched.
        row: intp (N,), row in that segment.
        score: float32 (N,), the inner product, clipped to [-1, 1].
    """

    segment: NDArray[np.intp]
    row: NDArray[np.intp]
    score: NDArray[np.float32]


class Segment(Protocol):
    """At most `capacity` rows of unit length that can be overwritten. One writer, and no reader beside it.

    Attributes:
        dim: dimensions of a row.
        capacity: rows it can hold.
    """

    dim: int
    capacity: int

    def __len__(self) -> int:
        """Return the number of rows held: their numbers are 0 to N-1."""
        ...

    def append(self, vectors: NDArray[np.float32]) -> range:
        """Add float32 (N, D) of unit length at the end and return their numbers.

        Raises:
            ValueError: wrong shape, type or length, or more than there is room for; nothing was added.
            RuntimeError: the segment is slim.
        """
        ...

    def remove(self, rows: Sequence[int] | NDArray[np.intp]) -> NDArray[np.intp]:
        """Take rows out; rows from the end move into the gaps, and the freed bytes are overwritten.

        Returns:
            intp (M, 2): (from, to) of every move, rising in both. No row moves twice, so what goes with
            rows can follow at once: `names[moves[:, 1]] = names[moves[:, 0]]`.

        Raises:
            IndexError: there is no such row; nothing was removed.
        """
        ...

    def rows(self, numbers: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return a copy of these rows, float32 (N, D): the caller overwrites it after use."""
        ...

    def wipe(self) -> None:
        """Overwrite and forget every row."""
        ...


class Scan(Protocol):
    """Exact search over segments of rows of one encoder."""

    def segment(self, capacity: int = 65_536) -> Segment:
        """Return a new, empty segment."""
        ...

    def slim(self, segment: Segment, fetch: Fetch) -> None:
        """Let go of a segment's exact rows and keep what bounds need, about a seventh of the memory.

        From now on `fetch` is asked for the rows that only their exact score can decide: by their numbers of that
        moment, so that the caller follows the moves that `remove` returns. Nothing can be appended any more.
        """
        ...

    def prepare(self, segments: Sequence[Segment], threads: int = 1) -> None:
        """Do now what the next search of these segments would do first, which takes a while for many new rows."""
        ...

    def search(
        self,
        segments: Sequence[Segment],
        queries: NDArray[np.float32],
        *,
        minimum: float = -2.0,
        most: int | None = None,
        allowed: Sequence[NDArray[np.bool_] | None] | None = None,
        threads: int = 1,
    ) -> list[Found]:
        """Return for each query every row whose score is at least `minimum`, best first.

        The same bits come out whatever else is searched beside it, on whatever path.

        Args:
            segments: made by this scan.
            queries: float32 (Q, D), unit length.
            minimum: score; by default every row reaches it.
            most: only the best so many, and whatever ties with the last of them, so that the caller can
                order equal scores by id; None for all.
            allowed: for each segment None, or bool (at least as long as the segment): rows that are False
                are not there, for this search.
            threads: how many may work at once; segments are shared out among them.
        """
        ...
