# SPDX-License-Identifier: Apache-2.0
"""Who is held, and where: plain arrays, 28 bytes a subject and 28 a reference.

A reference has a slot for as long as it is held, which is its row in the sealed files; whoever may be searched has
a place in memory too. Ids are kept without their prefix.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from countenance.errors import Damaged
from countenance.ids import ReferenceId, SubjectId

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER = np.iinfo(np.int64).max
_ID_BYTES = 16
_PREFIX = 4  # `sub_`, `ref_`
NOWHERE = -1

Ids = NDArray[np.bytes_]
Slots = NDArray[np.int32]
_Scalar = TypeVar("_Scalar", bound=np.generic)


def packed(ids: Iterable[str]) -> Ids:
    """Return ids without their prefix, as rows of 16 bytes.

    Raises:
        Damaged: an id is longer than ids are.
    """
    short = [one[_PREFIX:].encode() for one in ids]
    if any(len(one) > _ID_BYTES for one in short):
        raise Damaged("an id in the records is longer than any that this program makes; run `countenance doctor`")
    return np.array(short, f"S{_ID_BYTES}")


class Column(Generic[_Scalar]):
    """An array that grows at its end."""

    def __init__(self, values: NDArray[_Scalar]) -> None:
        self._room = values
        self._count = len(values)

    @property
    def all(self) -> NDArray[_Scalar]:
        """What it holds, to read and to write."""
        return self._room[: self._count]

    def extend(self, values: NDArray[_Scalar]) -> None:
        """Add values at the end."""
        count = self._count + len(values)
        if count > len(self._room):
            room = np.zeros(max(count, 2 * len(self._room), 1024), self._room.dtype)
            room[: self._count] = self.all
            self._room = room
        self._room[self._count : count] = values
        self._count = count


class Index:
    """The arrays.

    Attributes:
        group, until: of each subject: the number of its group (0: not searched), and the microsecond at which to look
            again.
        reference, owner, place: of each slot: its reference, the number of its subject (-1: free), where it lies in
            memory (-1: nowhere).
    """

    ARRAYS: ClassVar = 5  # that `arrays` gives

    def __init__(self) -> None:
        self._subjects: Column[np.bytes_] = Column(packed(()))
        self._sorted = 0  # so many of the subjects, the first, are in order of their ids
        self._later: dict[bytes, int] = {}
        self.group: Column[np.int32] = Column(np.zeros(0, np.int32))
        self.until: Column[np.int64] = Column(np.zeros(0, np.int64))
        self.reference: Column[np.bytes_] = Column(packed(()))
        self.owner: Column[np.int32] = Column(np.zeros(0, np.int32))
        self.place: Column[np.int64] = Column(np.zeros(0, np.int64))
        self.next: int = _NEVER

    @classmethod
    def of(cls, arrays: Sequence[NDArray[Any]]) -> Index:
        """Return an index of arrays such as `arrays` gives, with nothing in memory yet."""
        subjects, group, until, reference, owner = arrays
        made = cls()
        made._subjects, made._sorted = Column(subjects), len(subjects)
        made.group, made.until = Column(group), Column(until)
        made.reference, made.owner = Column(reference), Column(owner)
        made.place = Column(np.full(len(owner), NOWHERE, np.int64))
        made.look_ahead()
        return made

    def arrays(self) -> list[NDArray[Any]]:
        """Return all that is worth keeping, subjects in order of their ids."""
        self.sort()
        return [self._subjects.all, self.group.all, self.until.all, self.reference.all, self.owner.all]

    def sort(self) -> None:
        """Put the subjects into the order of their ids, so that none needs more than its bytes."""
        if not self._later:
            return
        order = np.argsort(self._subjects.all, kind="stable")
        rank = np.empty(len(order), np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        for column in (self._subjects, self.group, self.until):
            column.all[:] = column.all[order]
        owned = self.owner.all >= 0
        self.owner.all[owned] = rank[self.owner.all[owned]]
        self._later, self._sorted = {}, len(order)

    def numbers(self, subjects: Collection[str]) -> NDArray[np.int64]:
        """Return the number of each subject, -1 for one that is not here."""
        wanted = packed(subjects)
        first = self._subjects.all[: self._sorted]
        at = np.searchsorted(first, wanted)
        found = np.full(len(wanted), NOWHERE, np.int64)
        inside = at < len(first)
        same = inside.copy()
        same[inside] = first[at[inside]] == wanted[inside]
        found[same] = at[same]
        for row in np.flatnonzero(~same) if self._later else ():
            found[row] = self._later.get(bytes(wanted[row]), NOWHERE)
        return found

    def add(self, subject: str) -> int:
        """Add a subject that is not here; return its number."""
        row = packed([subject])
        number = len(self.group.all)
        if number == self._sorted and (number == 0 or self._subjects.all[-1] < row[0]):
            self._sorted += 1
        else:
            self._later[bytes(row[0])] = number
        self._subjects.extend(row)
        self.group.extend(np.zeros(1, np.int32))
        self.until.extend(np.full(1, _NEVER))
        return number

    def add_slots(self, references: Sequence[str], owners: Sequence[int]) -> Slots:
        """Give references slots; return them."""
        first = len(self.owner.all)
        self.reference.extend(packed(references))
        self.owner.extend(np.array(owners, np.int32))
        self.place.extend(np.full(len(owners), NOWHERE, np.int64))
        return np.arange(first, first + len(owners), dtype=np.int32)

    def slots_of(self, numbers: NDArray[np.int64]) -> Slots:
        """Return the slots of some subjects."""
        theirs = np.zeros(len(self.group.all) + 1, bool)  # the last is for free slots, whose owner is -1
        theirs[numbers[numbers >= 0]] = True
        return np.flatnonzero(theirs[self.owner.all]).astype(np.int32)

    def free(self, slots: Slots) -> None:
        """Give up slots that are nowhere in memory; they are not used again."""
        self.owner.all[slots] = -1
        self.reference.all[slots] = b""

    def subject_at(self, slot: int) -> SubjectId:
        """Return whose a slot is."""
        return SubjectId(f"sub_{bytes(self._subjects.all[self.owner.all[slot]]).decode()}")

    def held_at(self, slots: Slots) -> list[tuple[ReferenceId, SubjectId]]:
        """Return the references in slots and whose they are."""
        references, owners = self.reference.all[slots].tolist(), self._subjects.all[self.owner.all[slots]].tolist()
        return [
            (ReferenceId(f"ref_{reference.decode()}"), SubjectId(f"sub_{owner.decode()}"))
            for reference, owner in zip(references, owners, strict=True)
        ]

    def subjects(self, numbers: NDArray[Any]) -> list[SubjectId]:
        """Return subjects by their numbers."""
        return [SubjectId(f"sub_{bytes(one).decode()}") for one in self._subjects.all[numbers]]

    def reference_at(self, slot: int) -> ReferenceId:
        """Return the reference in a slot."""
        return ReferenceId(f"ref_{bytes(self.reference.all[slot]).decode()}")

    def slot_of(self, reference: str) -> int | None:
        """Return the slot of a reference: a look at all of them."""
        (row,) = packed([reference])
        found = np.flatnonzero(self.reference.all == row)
        return int(found[0]) if len(found) and row else None

    def due(self, now: datetime) -> list[SubjectId]:
        """Return who is to be looked at again at a moment."""
        if micros(now) < self.next:
            return []
        return self.subjects(np.flatnonzero(self.until.all <= micros(now)))

    def look_ahead(self) -> None:
        """Find out when next to look again at anybody."""
        self.next = int(self.until.all.min(initial=_NEVER))


def micros(moment: datetime | None) -> int:
    """Return a moment in microseconds since 1970; the last of all for never."""
    return _NEVER if moment is None else (moment - _EPOCH) // timedelta(microseconds=1)
