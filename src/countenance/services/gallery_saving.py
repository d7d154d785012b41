# SPDX-License-Identifier: Apache-2.0
"""Reading what a gallery holds from its sealed files, and writing it to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from countenance.errors import Damaged
from countenance.ids import ReferenceId
from countenance.model.subject import AgeBand
from countenance.ports.gallery import Scan
from countenance.ports.vision import Encoder
from countenance.services.gallery_files import GalleryFiles, read_index
from countenance.services.gallery_held import Held
from countenance.services.gallery_index import Slots
from countenance.services.gallery_memory import SEGMENT_ROWS
from countenance.services.law import LawBook
from countenance.services.standing import Group, Kind
from countenance.store import changes
from countenance.store.records import Transaction
from countenance.store.subjects import scope_of, scope_text

_FEW_FREE = 0.5  # of all slots; with more of them free, everything is written anew


def load(
    work: Transaction, encoder: Encoder, scan: Scan, law: LawBook, threads: int, files: GalleryFiles
) -> Held | None:
    """Return what the sealed files hold, brought level with the records; None where they are not to be used.

    They are used where each opens, holds what the index says, and where it is written down whom every change since
    is about.
    """
    listed = changes.files(work)
    if not listed or changes.encoder_of_files(work) != encoder.digest:
        return None
    news = changes.since(work, listed[0].number)
    if news is None:
        return None
    held: Held | None = None
    try:
        with files.open(listed[0].id) as file:
            header, index = file.header, read_index(file)
        if header["law"] != law.digest:
            return None
        held = Held(encoder, scan, index, law, threads, files)
        held.know(_group(told) for told in header["groups"])
        held.stopped = frozenset(ReferenceId(one) for one in header["stopped"])
        held.files, held.saved = tuple(one.id for one in listed), len(index.owner.all)
        held.number = held.saved_number = listed[0].number
        _fill(held, files)
    except Damaged:
        if held is not None:
            held.memory.wipe()
        return None
    held.follow(work, news, changes.number(work))
    held.look_at_due(work)
    return held


def _fill(held: Held, files: GalleryFiles) -> None:
    """Put into memory whatever may be searched."""
    index = held.index
    owned = index.owner.all >= 0
    wanted = np.zeros(len(owned), bool)
    wanted[owned] = index.group.all[index.owner.all[owned]] > 0
    wanted[[slot for one in held.stopped if (slot := index.slot_of(one)) is not None]] = False
    buffer = np.empty((SEGMENT_ROWS, held.dim), np.float32)
    for place, name in enumerate(held.files[1:]):
        count = files.segment(name, index, place, buffer)
        first = place * SEGMENT_ROWS
        rows = np.flatnonzero(wanted[first : first + count])
        if len(rows) == count:
            held.put((rows + first).astype(np.int32), buffer[:count])
        elif len(rows):
            held.put((rows + first).astype(np.int32), buffer[rows])
        buffer[:count] = 0.0
    held.memory.thin(everything=True)


def save(held: Held, files: GalleryFiles, law: LawBook) -> bool:
    """Write what is new to the sealed files; say whether they are as new as what is held now.

    Full segments are written once; the last one, which is not full, is written anew with what has come.

    Raises:
        DiskFull, Busy, Damaged, Gone: they cannot be written, or what goes into them not be read; the old ones count.
    """
    held.forget_unplaced(held.saved)
    index, total = held.index, len(held.index.owner.all)
    whole = (held.saved if total > held.saved else total + SEGMENT_ROWS - 1) // SEGMENT_ROWS
    names: list[str] = []
    for place in range(-(-total // SEGMENT_ROWS)):
        if place < whole and place not in held.spoilt:
            names.append(held.files[place + 1])
            continue
        slots = np.arange(place * SEGMENT_ROWS, min(total, (place + 1) * SEGMENT_ROWS), dtype=np.int32)
        vectors = _vectors(held, files, slots)
        names.append(files.write_segment(index.reference.all[slots], vectors))
        vectors.fill(0.0)
    header = {
        "law": law.digest,
        "groups": [_told(group) for group in held.groups()],
        "stopped": sorted(held.stopped),
    }
    after = (files.write_index(header, index), *names)
    if not files.commit(held.encoder, held.number, after, held.files):
        files.sweep()
        held.files, held.saved, held.saved_number = files.listed(), 0, held.number  # all anew, another time
        return False
    held.files, held.saved, held.saved_number = after, total, held.number
    held.spoilt.clear()
    held.memory.thin(everything=True)
    return True


def is_wasteful(held: Held) -> bool:
    """Say whether so many slots are free that the files should be written anew."""
    total = len(held.index.owner.all)
    return total > SEGMENT_ROWS and bool(np.count_nonzero(held.index.owner.all < 0) > _FEW_FREE * total)


def _vectors(held: Held, files: GalleryFiles, slots: Slots) -> NDArray[np.float32]:
    """Return the faceprints of a segment: from memory, and those that are not searched from its old file."""
    index = held.index
    vectors = np.zeros((len(slots), held.dim), np.float32)
    placed = index.place.all[slots] >= 0
    if placed.any():
        vectors[placed] = held.memory.rows(slots[placed])
    old = ~placed & (index.owner.all[slots] >= 0) & (slots < held.saved)
    if old.any():
        name = held.files[int(slots[0]) // SEGMENT_ROWS + 1]
        vectors[old] = files.rows(name, (slots[old] % SEGMENT_ROWS).tolist())
    return vectors


def _told(group: Group) -> list[Any]:
    return sorted(
        [list(kind.residency), kind.age_band.value, kind.by_representative, scope_text(kind.scope)] for kind in group
    )


def _group(told: Iterable[list[Any]]) -> Group:
    return frozenset(
        Kind(tuple(residency), AgeBand(age), bool(by_representative), scope_of(scope))
        for residency, age, by_representative, scope in told
    )
