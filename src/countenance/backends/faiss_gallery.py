# SPDX-License-Identifier: Apache-2.0
"""The gallery on FAISS: exact float32 inner products over rows that we can overwrite.

FAISS's own kernels scan a NumPy array that this module owns. An index of FAISS would own a copy:
its growth and its removals leave rows readable in freed memory, and here neither may.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import faiss
import numpy as np
from numpy.typing import NDArray

from countenance.ids import ReferenceId
from countenance.model.faceprint import Faceprint

_SLACK = 1e-6
"""Float32 sums of 128 to 512 products differ by less than this between two orders of summation."""
_NORM_TOLERANCE = 1e-3
_PROBES_AT_ONCE = 1024
_SMALLEST_CAPACITY = 1024  # rows; 512 KiB at 128 dimensions


class FaissGallery:
    """`ports.gallery.Gallery` in memory: 4 D bytes a reference, at most twice that while it grows.

    Rows 0 to N-1 of the buffer are the references, in no order; every other row is zero.

    Attributes:
        encoder: digest of the encoder whose faceprints it holds.
    """

    def __init__(self, encoder: str, dim: int) -> None:
        """Make an empty gallery for faceprints float32 (dim,) of this encoder."""
        self.encoder = encoder
        self._buffer: NDArray[np.float32] = np.zeros((0, dim), np.float32)
        self._ids: list[ReferenceId] = []
        self._row: dict[ReferenceId, int] = {}
        self._filter: tuple[tuple[ReferenceId, ...], NDArray[np.uint8] | None, int] | None = None

    def __len__(self) -> int:
        """Return the number of references held."""
        return len(self._ids)

    def ids(self) -> set[ReferenceId]:
        """Return the ids of all references held."""
        return set(self._ids)

    def add(self, ids: Sequence[ReferenceId], vectors: NDArray[np.float32]) -> None:
        """Add references: float32 (N, D), unit length.

        Raises:
            ValueError: an id is there already or twice in `ids`, or the vectors have the wrong shape,
                type or length; nothing was added.
        """
        if vectors.dtype != np.float32 or vectors.shape != (len(ids), self._buffer.shape[1]):
            raise ValueError(f"{len(ids)} references need float32 ({len(ids)}, {self._buffer.shape[1]})")
        norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
        if not (np.abs(norms - 1.0) <= _NORM_TOLERANCE).all():  # also catches nan
            raise ValueError("a vector is not of unit length")
        first = len(self._ids)
        rows = dict(zip(ids, range(first, first + len(ids)), strict=True))
        if len(rows) < len(ids) or not self._row.keys().isdisjoint(rows):
            raise ValueError("a reference with one of these ids is there already")
        self._reserve(first + len(ids))
        self._buffer[first : first + len(ids)] = vectors
        self._ids.extend(ids)
        self._row.update(rows)
        self._filter = None

    def remove(self, ids: Iterable[ReferenceId]) -> int:
        """Take references out and overwrite their bytes; return how many were there.

        The last row moves into the gap, so the cost does not depend on the size of the gallery.
        """
        self._filter = None
        before = len(self._ids)
        for reference in ids:
            gap = self._row.pop(reference, None)
            if gap is None:
                continue
            moved = self._ids.pop()
            last = len(self._ids)
            if gap != last:
                self._buffer[gap] = self._buffer[last]
                self._ids[gap] = moved
                self._row[moved] = gap
            self._buffer[last] = 0.0
        return before - len(self._ids)

    def search(
        self, probe: Faceprint, allowed: Sequence[ReferenceId], minimum: float
    ) -> list[tuple[ReferenceId, float]]:
        """Return every allowed reference with a score of at least `minimum`, best first.

        The filter comes before the ranking: what is not allowed is never looked at. Scores are float32
        inner products clipped to [-1, 1], exact within 1e-6; no reference above `minimum` is lost. Equal
        scores are ordered by id. Ids that are not held are ignored. The row filter of an `allowed` that
        is a tuple is kept until the gallery changes or another one comes: pass the same object again.

        Raises:
            MixedEncoders: the probe comes from another encoder.
        """
        probe.require(self.encoder)
        bitmap, count = self._rows_of(allowed)
        if count == 0:
            return []
        (found,) = self._scan(probe.vector[None, :], bitmap, minimum)
        return sorted(found, key=lambda candidate: (-candidate[1], candidate[0]))

    def nearest(self, probe: Faceprint, allowed: Sequence[ReferenceId], most: int) -> list[tuple[ReferenceId, float]]:
        """Return the `most` allowed references that score highest, best first; equal scores are ordered by id.

        Raises:
            MixedEncoders: the probe comes from another encoder.
        """
        probe.require(self.encoder)
        bitmap, count = self._rows_of(allowed)
        if count == 0 or most < 1:
            return []
        scores = self._buffer[: len(self._ids)] @ probe.vector
        if bitmap is not None:
            scores[np.unpackbits(bitmap, count=len(scores), bitorder="little") == 0] = -2.0
        # All that may be among them: rounding apart, every other reference scores less than the last of them.
        last = float(np.partition(scores, len(scores) - min(most, count))[len(scores) - min(most, count)])
        return self.search(probe, allowed, max(last - _SLACK, -1.0))[:most]

    def faceprint(self, reference: ReferenceId) -> Faceprint:
        """Return a copy of the faceprint of a reference that is held; whoever asks wipes it.

        Raises:
            KeyError: it is not held.
        """
        return Faceprint(self._buffer[self._row[reference]].copy(), self.encoder)

    def search_all(self, probes: Sequence[Faceprint], minimum: float) -> list[list[tuple[ReferenceId, float]]]:
        """Return for each probe every reference held with a score of at least `minimum`, in no order.

        From 20 probes on, FAISS multiplies matrices: many times faster than one search after the other.

        Raises:
            MixedEncoders: a probe comes from another encoder.
        """
        found: list[list[tuple[ReferenceId, float]]] = []
        for start in range(0, len(probes), _PROBES_AT_ONCE):
            some = probes[start : start + _PROBES_AT_ONCE]
            for probe in some:
                probe.require(self.encoder)
            queries = np.stack([probe.vector for probe in some])
            found += self._scan(queries, None, minimum)
            queries.fill(0.0)
        return found

    def _reserve(self, rows: int) -> None:
        """Make room for this many rows; the outgrown buffer is overwritten."""
        if rows <= len(self._buffer):
            return
        outgrown = self._buffer
        capacity = max(rows, 2 * len(outgrown), _SMALLEST_CAPACITY)
        self._buffer = np.zeros((capacity, outgrown.shape[1]), np.float32)
        self._buffer[: len(outgrown)] = outgrown
        outgrown.fill(0.0)

    def _rows_of(self, allowed: Sequence[ReferenceId]) -> tuple[NDArray[np.uint8] | None, int]:
        """Return a bitmap of the allowed rows (None where all are) and their number."""
        kept = self._filter
        if kept is not None and kept[0] is allowed:
            return kept[1], kept[2]
        mask = np.zeros(len(self._ids), bool)
        mask[[row for row in map(self._row.get, allowed) if row is not None]] = True
        count = int(np.count_nonzero(mask))
        bitmap = None if count == len(mask) else np.packbits(mask, bitorder="little")
        if isinstance(allowed, tuple):  # a list could change behind our back
            self._filter = (allowed, bitmap, count)
        return bitmap, count

    def _scan(
        self, queries: NDArray[np.float32], bitmap: NDArray[np.uint8] | None, minimum: float
    ) -> list[list[tuple[ReferenceId, float]]]:
        """Return ids and scores of every reference that reaches the minimum, for each query (row), in row order."""
        queries = np.ascontiguousarray(queries)
        count, dim = queries.shape
        selector = None if bitmap is None else faiss.IDSelectorBitmap(bitmap.size, faiss.swig_ptr(bitmap))
        found = faiss.RangeSearchResult(count)
        if self._ids:
            faiss.range_search_inner_product(
                faiss.swig_ptr(queries), faiss.swig_ptr(self._buffer), dim, count, len(self._ids), minimum - _SLACK,
                found, selector,
            )  # fmt: skip
        ends: list[int] = faiss.rev_swig_ptr(found.lims, count + 1).tolist() if self._ids else [0] * (count + 1)
        if ends[-1] == 0:
            return [[] for _ in range(count)]
        rows = faiss.rev_swig_ptr(found.labels, ends[-1]).tolist()
        # A reference within rounding of the minimum counts as having reached it.
        scores = np.clip(faiss.rev_swig_ptr(found.distances, ends[-1]), minimum, 1.0).tolist()
        answers = [(self._ids[row], score) for row, score in zip(rows, scores, strict=True)]
        return [answers[start:end] for start, end in pairwise(ends)]
