# SPDX-License-Identifier: Apache-2.0
"""A live gallery as the product holds it, of synthetic references: ids, places, and faceprints or codes of them.

It is filled as a start from sealed files fills it. A lean one keeps codes alone, and reads the few faceprints that a
search needs whole from sealed files, which are the product's own too.
"""

# ruff: noqa: SLF001 - what is held is added up
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from countenance import technologies
from countenance.bench import synthetic
from countenance.bench.table import Progress
from countenance.services.gallery_files import GalleryFiles
from countenance.services.gallery_index import Ids, Index, Slots, packed
from countenance.services.gallery_memory import SEGMENT_ROWS, Memory

GROUP = 1
"""The one group that all are in."""
_NEVER = 1 << 60


@dataclass(eq=False)
class Live:
    """Index and memory of a gallery, and its sealed files where it needs them."""

    dim: int
    index: Index
    memory: Memory
    files: GalleryFiles | None
    names: list[str]

    def bytes(self) -> int:
        """Return the bytes of every array that is held; room for faceprints that none has touched is not."""
        return self.bookkeeping() + self.codes()

    def bookkeeping(self) -> int:
        """Return the bytes of ids and places."""
        index = self.index
        columns = (index._subjects, index.group, index.until, index.reference, index.owner, index.place)
        return sum(column._room.nbytes for column in columns) + sum(one.slots.nbytes for one in self.memory._pieces)

    def codes(self) -> int:
        """Return the bytes of codes, and of the faceprints that are in memory."""
        held = 0
        for segment in (piece.segment for piece in self.memory._pieces):
            for part in segment.compiled():  # type: ignore[attr-defined]
                if isinstance(part, np.ndarray):
                    whole = part.dtype == np.float32 and part.shape[1:] == (self.dim,)
                    held += (part[: len(segment)] if whole else part).nbytes
        return held

    def whole(self, slots: Slots) -> synthetic.Floats:
        """Return the faceprints of slots from the sealed files."""
        if self.files is None:
            raise RuntimeError("a gallery without sealed files was searched lean")
        found = np.empty((len(slots), self.dim), np.float32)
        for place in np.unique(slots // SEGMENT_ROWS).tolist():
            own = np.flatnonzero(slots // SEGMENT_ROWS == place)
            found[own] = self.files.rows(self.names[place], (slots[own] % SEGMENT_ROWS).tolist())
        return found


def filled(
    size: int,
    dim: int,
    *,
    lean_from: int,
    per_subject: int,
    files: GalleryFiles | None = None,
    progress: Progress | None = None,
) -> Live:
    """Return a gallery of so many references.

    Args:
        lean_from: from how many on only codes stay in memory.
        per_subject: references of each subject.
        files: where the sealed files of a lean gallery go that is to be searched.
    """
    index = _index(size, per_subject)

    def whole(slots: Slots) -> synthetic.Floats:
        return made.whole(slots)

    memory = Memory(technologies.scan(dim), dim, index, 1, whole, lean_from)
    made = Live(dim, index, memory, files, [])
    for first, rows in synthetic.rows(size, dim):
        slots = np.arange(first, first + len(rows), dtype=np.int32)
        if files is not None:
            made.names.append(files.write_segment(index.reference.all[slots], rows))
        memory.put(GROUP, slots, rows)
        if progress is not None:
            progress(f"Gallery of {size:,}", first + len(rows), size)
    memory.thin(everything=True)
    return made


def _index(size: int, per_subject: int) -> Index:
    people = -(-size // per_subject)
    owners = np.repeat(np.arange(people, dtype=np.int32), per_subject)[:size]
    subjects = np.sort(np.concatenate(list(_packed("sub", people))))
    references = np.concatenate(list(_packed("ref", size)))
    return Index.of([subjects, np.full(people, GROUP, np.int32), np.full(people, _NEVER, np.int64), references, owners])


def _packed(prefix: str, count: int) -> Iterator[Ids]:
    for first in range(0, count, SEGMENT_ROWS):
        yield packed(synthetic.ids(prefix, min(SEGMENT_ROWS, count - first)))
