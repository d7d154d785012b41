# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.lean`: memory of a live gallery of codes for each reference, bookkeeping included.

Index and memory are filled as a start from sealed files fills them, with random unit vectors; what a search would
fetch is not measured here. "Arrays" adds up every array that is held, with the room that is not used; "resident" is how
much more memory the process has than before, as the kernel says.
"""

# ruff: noqa: SLF001 - what is held is added up
from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np

from benchmarks.startup import _ids
from countenance.backends.scan import Scan
from countenance.services.gallery_index import Index, packed
from countenance.services.gallery_memory import SEGMENT_ROWS, Memory

_DIM = 128


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--references", type=int, default=1_000_000)
    parser.add_argument("--per-subject", type=int, default=5)
    asked = parser.parse_args()
    count, people = asked.references, -(-asked.references // asked.per_subject)
    random = np.random.default_rng(1)
    scan = Scan(_DIM)
    _fill(Memory(scan, _DIM, _index(200_000, 40_000, 5), 1, _nothing, 0), 200_000, random)  # compiles, learns
    before = _resident()
    index = _index(count, people, asked.per_subject)
    memory = Memory(scan, _DIM, index, 1, _nothing, 0)
    _fill(memory, count, random)
    resident = _resident() - before
    columns = (index._subjects, index.group, index.until, index.reference, index.owner, index.place)
    book = sum(column._room.nbytes for column in columns) + sum(piece.slots.nbytes for piece in memory._pieces)
    parts = [part for piece in memory._pieces for part in piece.segment.compiled() if isinstance(part, np.ndarray)]
    codes = sum(part.nbytes for part in parts)
    print(
        f"{count} references of {_DIM} dimensions, {asked.per_subject} a subject; bytes a reference: codes "
        f"{codes / count:.1f}, ids and places {book / count:.1f}, arrays {(codes + book) / count:.1f}, "
        f"resident {resident / count:.1f}"
    )


def _nothing(slots):
    raise AssertionError(slots)


def _index(count: int, people: int, per_subject: int) -> Index:
    owners = np.repeat(np.arange(people, dtype=np.int32), per_subject)[:count]
    subjects = np.sort(packed(_ids("sub", people)))
    references = np.concatenate(
        [packed(_ids("ref", min(SEGMENT_ROWS, count - at))) for at in range(0, count, SEGMENT_ROWS)]
    )
    return Index.of([subjects, np.ones(people, np.int32), np.full(people, 1 << 60, np.int64), references, owners])


def _fill(memory: Memory, count: int, random: np.random.Generator) -> None:
    for first in range(0, count, SEGMENT_ROWS):
        rows = random.standard_normal((min(SEGMENT_ROWS, count - first), _DIM), np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        memory.put(1, np.arange(first, first + len(rows), dtype=np.int32), rows)
    memory.thin(everything=True)


if __name__ == "__main__":
    main()
