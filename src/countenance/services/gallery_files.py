# SPDX-License-Identifier: Apache-2.0
"""The gallery's sealed files: what spares a start the reading of every faceprint from the records.

One file says who is where (the arrays of the index); each of the others holds the faceprints of 65,536 slots. A file
is written once, under a key of its own, and counts from the transaction that writes its row; files without a row are
thrown away. The records alone are always enough: whatever is wrong with a file, the gallery is built from them. Where
a reference is destroyed, its segment is written anew without it under a new key, and the old key and file die.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from countenance.errors import Busy, Damaged
from countenance.ids import ReferenceId, SubjectId, new_id
from countenance.services.gallery_index import Index, Slots, packed
from countenance.services.gallery_memory import SEGMENT_ROWS
from countenance.store import changes
from countenance.store import photos as photo_rows
from countenance.store.changes import INDEX, SealedFile
from countenance.store.records import Records
from countenance.store.root_key import sync_folder
from countenance.store.sealed_arrays import SealedArrays, throw_away, write

PREFIX = "seg"
_IDS, _VECTORS = 0, 1  # arrays of a segment
_KEPT_OPEN = 256  # files that rows are read from again and again


class GalleryFiles:
    """The files in one folder, which is made when the first is written."""

    def __init__(self, records: Records, folder: Path) -> None:
        self._records = records
        self._folder = folder
        self._read: dict[str, SealedArrays] = {}
        self._lock = threading.Lock()

    def listed(self) -> tuple[str, ...]:
        """Return the ids of the files that count, the index first."""
        with self._records.read() as work:
            return tuple(one.id for one in changes.files(work))

    def owns(self, name: str) -> bool:
        """Say whether a file of this name counts."""
        return name in self.listed()

    def open(self, name: str) -> SealedArrays:
        """Open a file.

        Raises:
            Damaged: it, or its key, is not there or not as it was written.
        """
        return SealedArrays(self._folder / name, self._records.keyring.key(name))

    def segment(self, name: str, index: Index, place: int, into: NDArray[np.float32]) -> int:
        """Read the faceprints of a segment to a buffer; return how many there are.

        Raises:
            Damaged: the file is not as it was written, or holds other references than the index says.
        """
        with self.open(name) as file:
            ids = file.array(_IDS)
            told = index.reference.all[place * SEGMENT_ROWS : place * SEGMENT_ROWS + len(ids)]
            if not np.array_equal(ids, told):
                raise Damaged(f"the gallery's file {name} holds other references than its index")
            file.array(_VECTORS, into)
            return len(ids)

    def rows(self, name: str, numbers: Iterable[int]) -> NDArray[np.float32]:
        """Return some faceprints of a segment.

        Raises:
            Damaged: the file is not as it was written.
        """
        with self._lock:
            if len(self._read) >= _KEPT_OPEN and name not in self._read:
                self._forget([next(iter(self._read))])
            file = self._read.get(name) or self.open(name)
            self._read[name] = file
            return file.rows(_VECTORS, numbers)

    def unsealed(
        self, encoder: str, dim: int, wanted: Mapping[ReferenceId, SubjectId]
    ) -> tuple[list[ReferenceId], NDArray[np.float32]]:
        """Return faceprints as they are in the records: see `store.photos.vectors`; whose are destroyed are left out.

        Raises:
            Damaged: one does not open.
        """
        with self._records.read() as work:
            there = work.keyring.holding(set(wanted.values()))
            return photo_rows.vectors(work, encoder, dim, [one for one in wanted if wanted[one] in there])

    def write_segment(self, ids: NDArray[np.bytes_], vectors: NDArray[np.float32]) -> str:
        """Write a segment that does not count yet; return its id."""
        return self._write({"rows": len(ids)}, [ids, vectors])

    def write_index(self, header: Any, index: Index) -> str:
        """Write an index that does not count yet; return its id."""
        return self._write(header, index.arrays())

    def commit(self, encoder: str, number: int, names: Collection[str], instead_of: Collection[str]) -> bool:
        """Let files count, the index first, then segments by place, instead of others; then throw the others away.

        Returns:
            False, with nothing changed, where another process has written files in the meantime.
        """
        sync_folder(self._folder)
        with self._records.write() as work:
            # Nor may anybody have thrown the new ones away, not knowing what they are for.
            there = all((self._folder / name).exists() and name in self._records.keyring for name in names)
            if not there or tuple(one.id for one in changes.files(work)) != tuple(instead_of):
                return False
            kept = [SealedFile(name, place, number) for place, name in enumerate(names, start=INDEX)]
            changes.set_files(work, encoder, kept)
        self.sweep()
        return True

    def erase(self, references: Mapping[ReferenceId, SubjectId]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Write every file anew that holds one of these references, without it; old keys and files die.

        Returns:
            The files that counted before, and those that count now; empty where there is none.
        """
        while True:
            with self._records.read() as work:
                before = changes.files(work)
                encoder = changes.encoder_of_files(work)
            names = tuple(one.id for one in before)
            try:
                after = self._without(before, references)
            except Damaged:
                after = ()  # what cannot be read cannot be cleaned; the records are enough
            if after == names or self.commit(encoder, min(one.number for one in before), after, names):
                self.sweep()
                return names, after

    def _without(self, before: list[SealedFile], references: Mapping[ReferenceId, SubjectId]) -> tuple[str, ...]:
        names = [one.id for one in before]
        if not names:
            return ()
        with self.open(names[0]) as file:
            header, index = file.header, read_index(file)
        slots = _slots(index, references)
        if not len(slots):
            return tuple(names)
        for place in np.unique(slots // SEGMENT_ROWS).tolist():
            with self.open(names[place + 1]) as file:
                ids, vectors = file.array(_IDS), file.array(_VECTORS)
            rows = slots[slots // SEGMENT_ROWS == place] % SEGMENT_ROWS
            ids[rows], vectors[rows] = b"", 0.0
            names[place + 1] = self.write_segment(ids, vectors)
            vectors.fill(0.0)
        index.free(slots)
        names[0] = self.write_index(header, index)
        return tuple(names)

    def count(self, references: Collection[ReferenceId]) -> int:
        """Return how many of these references any file that counts still holds."""
        wanted = packed(references)
        found = np.zeros(len(wanted), bool)
        with suppress(Damaged):
            for name in self.listed():
                with self.open(name) as file:
                    ids = read_index(file).reference.all if "groups" in file.header else file.array(_IDS)
                found |= np.isin(wanted, ids)
        return int(found.sum())

    def windows(self, references: Mapping[ReferenceId, SubjectId]) -> list[bytes]:
        """Return how the blocks of the files begin that `erase` would write anew."""
        found: list[bytes] = []
        names = self.listed()
        with suppress(Damaged):
            if names:
                with self.open(names[0]) as file:
                    slots, index_windows = _slots(read_index(file), references), file.windows()
                for place in np.unique(slots // SEGMENT_ROWS).tolist():
                    with self.open(names[place + 1]) as file:
                        found += [*index_windows, *file.windows()]
        return found

    def problems(self) -> list[str]:
        """Return what is wrong with the files, in words."""
        names = self.listed()
        found = [
            f"gallery/{path.name} belongs to no store; look at it, then move it away"
            for path in sorted(self._folder.glob("*"))
            if path.name not in names
        ]
        try:
            for place, name in enumerate(names, start=INDEX):
                with self.open(name) as file:
                    if place == INDEX:
                        index = read_index(file)
                        continue
                    buffer = file.array(_VECTORS)
                self.segment(name, index, place, buffer)
                buffer.fill(0.0)
        except Damaged as error:
            found.append(f"{error}; delete the folder gallery: the next search builds it anew from the records")
        return found

    def sweep(self) -> None:
        """Throw away every file and key that does not count: what a crash or a change left."""
        names = self.listed()
        with self._lock:
            self._forget([name for name in self._read if name not in names])
        for path in self._folder.glob(f"{PREFIX}_*"):
            if path.name not in names:
                throw_away(path)
        keyring = self._records.keyring
        left = {owner for owner in keyring.of_kind(PREFIX) if owner not in names}
        if left:
            with suppress(Busy):  # gone they are; a destruction compacts again and does not let this pass
                keyring.discard(left)

    def _forget(self, names: Iterable[str]) -> None:
        """Close files that rows were read from, and let go of their keys."""
        for name in names:
            self._read.pop(name).close()

    def _write(self, header: Any, arrays: list[NDArray[Any]]) -> str:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        name = new_id(PREFIX)
        self._records.keyring.create([name])
        write(self._folder / name, self._records.keyring.key(name), header, arrays)
        return name


def read_index(file: SealedArrays) -> Index:
    """Return the index that a file holds."""
    return Index.of([file.array(number) for number in range(Index.ARRAYS)])


def _slots(index: Index, references: Mapping[ReferenceId, SubjectId]) -> Slots:
    slots = index.slots_of(index.numbers(set(references.values())))
    return slots[np.isin(index.reference.all[slots], packed(references))]
