# SPDX-License-Identifier: Apache-2.0
"""Faceprints in memory, those of each group together, so that a search looks at no row that it may not show.

A lean memory keeps codes of them alone, and asks for the faceprints that a search needs whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from countenance.ports.gallery import Scan, Segment
from countenance.services.gallery_index import Index, Slots
from countenance.services.gallery_lean import Gone

SEGMENT_ROWS = 65_536
_SMALLEST_ROWS = 1024
_GROWTH = 4  # each segment of a group may hold so many times the rows of the one before
_LEARN_ROWS = 65_536  # fewer stay whole: codes are made for rows like the first so many

Whole = Callable[[Slots], NDArray[np.float32]]
"""Faceprints of slots, as they were put into memory; raises `Gone` for those that nobody has any more."""


@dataclass
class _Piece:
    group: int
    segment: Segment
    slots: Slots  # of its rows
    slim: bool = False  # its faceprints are asked for


class Memory:
    """Segments of groups; the index says which row is whose, and this keeps its places right.

    A place is the number of a segment and of a row in it, in one number.

    Attributes:
        expected: so many slots there will be soon.
        state: an object that is another one once anything was put in or taken out: while it is the same, so are all
            answers.
        threads: how many may work on one search.
    """

    def __init__(self, scan: Scan, dim: int, index: Index, threads: int, whole: Whole, lean_from: int) -> None:
        self._scan = scan
        self._dim = dim
        self._index = index
        self.threads = threads
        self._whole = whole
        self._lean_from = lean_from
        self.expected = 0
        self.state = object()
        self._pieces: list[_Piece] = []
        self._of: dict[int, list[int]] = defaultdict(list)

    def put(self, group: int, slots: Slots, vectors: NDArray[np.float32]) -> None:
        """Add the faceprints of slots that are nowhere yet to a group."""
        self.state = object()
        done = 0
        while done < len(slots):
            number = self._open(group)
            piece = self._pieces[number]
            room = piece.segment.capacity - len(piece.segment)
            some = slots[done : done + room]
            rows = piece.segment.append(vectors[done : done + len(some)])
            piece.slots[rows.start : rows.stop] = some
            self._index.place.all[some] = number * SEGMENT_ROWS + np.arange(rows.start, rows.stop)
            done += len(some)
            if len(piece.segment) == piece.segment.capacity:
                self.thin()

    def thin(self, *, everything: bool = False) -> None:
        """Keep, in a lean memory, only codes of segments that are full; of every segment, where that is asked for."""
        if max(self.expected, len(self._index.owner.all)) < self._lean_from:
            return
        rest = [piece for piece in self._pieces if not piece.slim and len(piece.segment)]
        some = [piece for piece in rest if everything or len(piece.segment) == piece.segment.capacity]
        learnt = any(piece.slim for piece in self._pieces)
        if not learnt and sum(len(piece.segment) for piece in some) < _LEARN_ROWS:
            return
        self._scan.prepare([piece.segment for piece in some], self.threads)  # learns from all of them together
        for piece in some:
            piece.slots = piece.slots[: len(piece.segment)].copy()
            self._scan.slim(piece.segment, lambda numbers, piece=piece: self._whole(piece.slots[numbers]))  # type: ignore[misc]
            piece.slim = True

    def take(self, slots: Slots) -> None:
        """Take the faceprints of slots out and overwrite them; those that are nowhere are left alone."""
        self.state = object()
        places = self._index.place.all[slots]
        slots, places = slots[places >= 0], places[places >= 0]
        self._index.place.all[slots] = -1
        for number in np.unique(places // SEGMENT_ROWS).tolist():
            piece = self._pieces[number]
            moves = piece.segment.remove(places[places // SEGMENT_ROWS == number] % SEGMENT_ROWS)
            moved = piece.slots[moves[:, 0]]
            piece.slots[moves[:, 1]] = moved
            self._index.place.all[moved] = number * SEGMENT_ROWS + moves[:, 1]
            if piece.slim and not len(piece.segment):
                piece.segment.wipe()  # it takes no more rows

    def rows(self, slots: Slots) -> NDArray[np.float32]:
        """Return a copy of the faceprints of slots that have a place, float32 (N, D): the caller overwrites it.

        Raises:
            Gone: nobody has some of them any more.
        """
        places = self._index.place.all[slots]
        found = np.empty((len(slots), self._dim), np.float32)
        for number in np.unique(places // SEGMENT_ROWS).tolist():
            own = np.flatnonzero(places // SEGMENT_ROWS == number)
            copied = self._pieces[number].segment.rows((places[own] % SEGMENT_ROWS).astype(np.intp))
            found[own] = copied
            copied.fill(0.0)
        return found

    def group_of(self, slot: int) -> int:
        """Return the group in which a slot lies in memory."""
        return self._pieces[int(self._index.place.all[slot]) // SEGMENT_ROWS].group

    def count(self, groups: Iterable[int]) -> int:
        """Return the number of faceprints of some groups."""
        return sum(len(self._pieces[number].segment) for group in groups for number in self._of.get(group, ()))

    def groups(self) -> list[int]:
        """Return the groups that have any."""
        return [group for group in self._of if self.count([group])]

    def search(
        self, groups: Iterable[int], queries: NDArray[np.float32], minimum: float, most: int | None = None
    ) -> list[tuple[Slots, NDArray[np.float32]]]:
        """Return for each query the slots that reach the minimum and their scores, best first; see `Scan.search`."""
        asked = list(groups)
        while True:
            try:
                return self._searched(asked, queries, minimum, most)
            except Gone as gone:  # destroyed elsewhere since the last look at the records
                self.take(gone.slots)

    def _searched(
        self, groups: Iterable[int], queries: NDArray[np.float32], minimum: float, most: int | None
    ) -> list[tuple[Slots, NDArray[np.float32]]]:
        pieces = [self._pieces[number] for group in groups for number in self._of.get(group, ())]
        pieces = [piece for piece in pieces if len(piece.segment)]
        if not pieces:
            return [(np.zeros(0, np.int32), np.zeros(0, np.float32)) for _ in queries]
        segments = [piece.segment for piece in pieces]
        answers = []
        for found in self._scan.search(segments, queries, minimum=minimum, most=most, threads=self.threads):
            slots = np.empty(len(found.row), np.int32)
            for number in np.unique(found.segment).tolist():
                own = found.segment == number
                slots[own] = pieces[number].slots[found.row[own]]
            answers.append((slots, found.score))
        return answers

    def wipe(self) -> None:
        """Overwrite everything."""
        for piece in self._pieces:
            piece.segment.wipe()

    def _open(self, group: int) -> int:
        """Return the number of a segment of a group that has room."""
        for number in self._of[group]:
            piece = self._pieces[number]
            if not piece.slim and len(piece.segment) < piece.segment.capacity:
                return number
        last = self._pieces[self._of[group][-1]].segment.capacity if self._of[group] else _SMALLEST_ROWS // _GROWTH
        capacity = min(SEGMENT_ROWS, last * _GROWTH)
        piece = _Piece(group, self._scan.segment(capacity), np.zeros(capacity, np.int32))
        self._pieces.append(piece)
        self._of[group].append(len(self._pieces) - 1)
        return len(self._pieces) - 1
