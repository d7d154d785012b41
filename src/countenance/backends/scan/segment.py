# SPDX-License-Identifier: Apache-2.0
"""Rows of a gallery in memory that can be overwritten: at most 65,536 of them, exact and as codes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from countenance.backends.scan.codec import Codec
from countenance.ports.gallery import Fetch

CAPACITY = 65_536
BLOCK = 16  # rows whose codes lie side by side
_NORM_TOLERANCE = 1e-3
_CACHE_LINE = 64  # bytes
_AT_ONCE = 8192  # rows that are rotated at once
_MOVED_AT_ONCE = 512  # rows: what is on its way stays in the cache


class Segment:
    """`ports.gallery.Segment`: rows 0 to N-1 are used, every other byte is zero.

    Its memory is asked for at once and touched row by row, so that growth copies nothing.

    Attributes:
        dim: dimensions of a row.
        capacity: rows it can hold.
        longest: no coarse code is longer than this.
    """

    def __init__(self, dim: int, capacity: int = CAPACITY) -> None:
        """Make an empty segment."""
        self.dim = dim
        self.capacity = capacity
        self.longest = 0.0
        self.exact = np.zeros((capacity, dim), np.float32)
        self._count = 0
        self._encoded = 0
        self._fetch: Fetch | None = None
        self._codec: Codec | None = None
        self._forget_codes()

    def __len__(self) -> int:
        """Return the number of rows held."""
        return self._count

    @property
    def slim(self) -> bool:
        """Whether exact rows have to be fetched."""
        return self._fetch is not None

    def append(self, vectors: NDArray[np.float32]) -> range:
        """Add rows at the end; see the port."""
        first = self._count
        if self.slim:
            raise RuntimeError("a slim segment takes no more rows")
        if vectors.dtype != np.float32 or vectors.ndim != 2 or vectors.shape[1] != self.dim:
            raise ValueError(f"rows must be float32 (N, {self.dim})")
        if first + len(vectors) > self.capacity:
            raise ValueError(f"a segment holds {self.capacity} rows")
        norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
        if not (np.abs(norms - 1.0) <= _NORM_TOLERANCE).all():  # also catches nan
            raise ValueError("a vector is not of unit length")
        self.exact[first : first + len(vectors)] = vectors
        self._count += len(vectors)
        return range(first, self._count)

    def remove(self, rows: Sequence[int] | NDArray[np.intp]) -> NDArray[np.intp]:
        """Take rows out, overwriting their bytes; see the port."""
        gone = np.zeros(self._count, bool)
        numbers = np.asarray(rows, np.intp)
        if len(numbers) and not 0 <= numbers.min() <= numbers.max() < self._count:
            raise IndexError("no such row")
        gone[numbers] = True
        left = self._count - int(np.count_nonzero(gone))
        gaps, last = np.flatnonzero(gone[:left]), left + np.flatnonzero(~gone[left:])
        for array in (self.exact, self._errors, self._fine_errors):
            if len(array):
                for some in range(0, len(gaps), _MOVED_AT_ONCE):
                    moved = array[last[some : some + _MOVED_AT_ONCE]]
                    array[gaps[some : some + _MOVED_AT_ONCE]] = moved
                    moved.fill(0)
                array[left : self._count] = 0
        for codes in (self._codes, self._fine):
            if len(codes):
                from countenance.backends.scan import kernels  # noqa: PLC0415 - as in `encode`

                kernels.move(codes.view(np.uint32)[..., 0], gaps, last, left, self._count)
        if self._encoded < self._count and len(gaps):  # a row without a code may have moved before one that has
            self._encoded = min(self._encoded, int(gaps[0]))
        self._encoded = min(self._encoded, left)
        self._count = left
        return np.stack([last, gaps], axis=1)

    def rows(self, numbers: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return a copy of these rows, float32 (N, D), in this order."""
        return self.exact[numbers] if self._fetch is None else self._fetch(numbers)

    def encode(self, codec: Codec) -> None:
        """Bring the codes up to date; a segment keeps to one codec."""
        from countenance.backends.scan import kernels  # noqa: PLC0415 - takes a second, and small galleries do without

        if self._encoded == self._count:
            return
        if self._codec is None:
            self._codec, self.longest = codec, 0.0
            self._codes = _aligned(-(-self.capacity // BLOCK), codec.pieces, BLOCK, 4)
            self._fine = _aligned(-(-self.capacity // BLOCK), codec.fine.shape[1] // BLOCK, BLOCK, 4)
            self._errors, self._fine_errors = (np.zeros(self.capacity + BLOCK, np.uint16) for _ in range(2))
        for first in range(self._encoded, self._count, _AT_ONCE):
            turned = codec.rotated(self.exact[first : min(first + _AT_ONCE, self._count)])
            longest = kernels.encode(
                turned, first, codec.coarse, codec.fine, self._codes, self._errors, self._fine, self._fine_errors,
                codec.wide,
            )  # fmt: skip
            self.longest = max(self.longest, longest * (1 + 1e-6))
            turned.fill(0.0)
        self._encoded = self._count

    def compiled(self) -> tuple[object, ...]:
        """Return what `kernels.sweep` takes of a segment that is encoded."""
        wide = 0 if self._codec is None else self._codec.wide
        return (
            self._codes, self._errors, self._fine, self._fine_errors, self.exact, self._count, wide, self.longest,
        )  # fmt: skip

    def thin(self, codec: Codec, fetch: Fetch) -> None:
        """Keep codes only; exact rows come from `fetch`."""
        self.encode(codec)
        self.exact.fill(0.0)
        self.exact = np.zeros((0, self.dim), np.float32)
        self._fetch = fetch

    def wipe(self) -> None:
        """Overwrite and forget every row."""
        self.exact[: self._count] = 0.0
        for array in (self._codes, self._errors, self._fine, self._fine_errors):
            array.fill(0)
        self._forget_codes()
        self._count = self._encoded = 0

    def _forget_codes(self) -> None:
        self._codec = None
        self._codes, self._fine = (np.zeros((0, 1, BLOCK, 4), np.uint8) for _ in range(2))
        self._errors, self._fine_errors = np.zeros(0, np.uint16), np.zeros(0, np.uint16)


def _aligned(*shape: int) -> NDArray[np.uint8]:
    """Return zeros that begin with a cache line."""
    size = int(np.prod(shape))
    buffer = np.zeros(size + _CACHE_LINE, np.uint8)
    begin = -buffer.ctypes.data % _CACHE_LINE
    return buffer[begin : begin + size].reshape(shape)
