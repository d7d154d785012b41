# SPDX-License-Identifier: Apache-2.0
"""Rows of a gallery in memory that can be overwritten: at most 65,536 of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from countenance.ports.gallery import Fetch

CAPACITY = 65_536
_NORM_TOLERANCE = 1e-3


class Segment:
    """`ports.gallery.Segment`: rows 0 to N-1 are used, every other byte is zero.

    Its memory is asked for at once and touched row by row, so that growth copies nothing.

    Attributes:
        dim: dimensions of a row.
        capacity: rows it can hold.
    """

    def __init__(self, dim: int, capacity: int = CAPACITY) -> None:
        """Make an empty segment."""
        self.dim = dim
        self.capacity = capacity
        self._rows = np.zeros((capacity, dim), np.float32)
        self._count = 0
        self._fetch: Fetch | None = None

    def __len__(self) -> int:
        """Return the number of rows held."""
        return self._count

    def append(self, vectors: NDArray[np.float32]) -> range:
        """Add rows at the end; see the port."""
        first = self._count
        if self._fetch is not None:
            raise RuntimeError("a slim segment takes no more rows")
        if vectors.dtype != np.float32 or vectors.ndim != 2 or vectors.shape[1] != self.dim:
            raise ValueError(f"rows must be float32 (N, {self.dim})")
        if first + len(vectors) > self.capacity:
            raise ValueError(f"a segment holds {self.capacity} rows")
        norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
        if not (np.abs(norms - 1.0) <= _NORM_TOLERANCE).all():  # also catches nan
            raise ValueError("a vector is not of unit length")
        self._rows[first : first + len(vectors)] = vectors
        self._count += len(vectors)
        return range(first, self._count)

    def remove(self, rows: Sequence[int]) -> list[tuple[int, int]]:
        """Take rows out, overwriting their bytes; see the port."""
        gaps = sorted(set(rows), reverse=True)
        if gaps and not 0 <= gaps[-1] <= gaps[0] < self._count:
            raise IndexError("no such row")
        moves: list[tuple[int, int]] = []
        for gap in gaps:
            self._count -= 1
            if gap != self._count:
                moves.append((self._count, gap))
            self._move(self._count, gap)
        return moves

    def _move(self, source: int, target: int) -> None:
        if self._fetch is None:
            self._rows[target] = self._rows[source]
            self._rows[source] = 0.0

    def rows(self, numbers: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return a copy of these rows, float32 (N, D), in this order."""
        if self._fetch is not None:
            return self._fetch(numbers)
        return self._rows[numbers]

    def exact(self) -> NDArray[np.float32]:
        """Return all rows held, float32 (N, D): a view, or what was fetched."""
        return self._rows[: self._count] if self._fetch is None else self._fetch(np.arange(self._count))

    def slim(self, fetch: Fetch) -> None:
        """Let go of the exact rows; see the port."""
        self._rows[: self._count] = 0.0
        self._rows = np.zeros((0, self.dim), np.float32)
        self._fetch = fetch

    def wipe(self) -> None:
        """Overwrite and forget every row."""
        self._rows.fill(0.0)
        self._count = 0
