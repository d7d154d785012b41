# SPDX-License-Identifier: Apache-2.0
"""What a gallery holds of one encoder, and how it follows the records."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from countenance.errors import Damaged
from countenance.ids import ReferenceId, SubjectId
from countenance.ports.gallery import Scan
from countenance.ports.vision import Encoder
from countenance.services.gallery_files import GalleryFiles
from countenance.services.gallery_index import Index, Slots, micros
from countenance.services.gallery_lean import Gone, lean_from
from countenance.services.gallery_memory import SEGMENT_ROWS, Memory
from countenance.services.law import LawBook
from countenance.services.standing import NOBODY, Group, Standing, standing
from countenance.store import changes, references, runs
from countenance.store import photos as photo_rows
from countenance.store import subjects as subject_rows
from countenance.store.changes import Changes
from countenance.store.records import Transaction

_AT_ONCE = 1000  # subjects that are read together


class Held:
    """References of one encoder.

    Attributes:
        encoder: its digest.
        number: the change in the records that this is level with.
        law_number: how often the law files had been replaced.
        stopped: references that a destruction run has stopped: nobody may find them.
        files, saved, saved_number: the sealed files that it was read from or written to, the number of slots in them
            and the change that they are as new as.
        spoilt: the segments in them that hold something which is no longer held.
    """

    def __init__(
        self, encoder: Encoder, scan: Scan, index: Index, law: LawBook, threads: int, store: GalleryFiles
    ) -> None:
        self.encoder = encoder.digest
        self.number = -1
        self.law_number = law.number
        self.index = index
        self.memory = Memory(scan, encoder.dim, index, threads, self._whole, lean_from(encoder.dim))
        self.dim = encoder.dim
        self._law = law
        self._store = store
        self.stopped: frozenset[ReferenceId] = frozenset()
        self.files: tuple[str, ...] = ()
        self.saved = 0
        self.saved_number = -1
        self.spoilt: set[int] = set()
        self._groups: list[Group] = [NOBODY.group]
        self._number_of: dict[Group, int] = {NOBODY.group: 0}
        self._people: dict[frozenset[int], int] = {}

    @classmethod
    def of_records(
        cls, work: Transaction, encoder: Encoder, scan: Scan, law: LawBook, threads: int, store: GalleryFiles
    ) -> Held:
        """Build it from the records alone."""
        made = cls(encoder, scan, Index(), law, threads, store)
        made.memory.expected = photo_rows.encoders(work).get(made.encoder, 0)
        made.number, made.stopped = changes.number(work), frozenset(runs.stopped(work))
        for some in references.owners_of(work, made.encoder):
            made._look(work, some)
        made.index.look_ahead()
        return made

    def groups(self) -> list[Group]:
        """Return all groups, by their numbers."""
        return list(self._groups)

    def know(self, groups: Iterable[Group]) -> None:
        """Give groups their numbers, in this order; the first is that of people who are not searched."""
        for group in groups:
            self._number(group)

    def group(self, number: int) -> Group:
        """Return a group by its number."""
        return self._groups[number]

    def group_of(self, subject: SubjectId) -> int:
        """Return the number of a subject's group; 0 for one who is not searched."""
        (number,) = self.index.numbers([subject])
        return 0 if number < 0 else int(self.index.group.all[number])

    def people(self, groups: Collection[int]) -> int:
        """Return the number of subjects of some groups who have a reference in memory."""
        asked = frozenset(groups)
        if asked not in self._people:
            owners = np.unique(self.index.owner.all[self.index.place.all >= 0])
            self._people[asked] = int(np.isin(self.index.group.all[owners], list(asked)).sum())
        return self._people[asked]

    def searched(self, subjects: Collection[SubjectId]) -> set[ReferenceId]:
        """Return the references of some subjects that are in memory."""
        slots = self.index.slots_of(self.index.numbers(subjects))
        return {self.index.reference_at(slot) for slot in slots[self.index.place.all[slots] >= 0].tolist()}

    def forget(self, references: Mapping[ReferenceId, SubjectId]) -> None:
        """Take references out of memory and of the index."""
        slots = self.index.slots_of(self.index.numbers(set(references.values())))
        self._drop(np.array([s for s in slots.tolist() if self.index.reference_at(s) in references], np.int32))

    def forget_unplaced(self, first: int) -> None:
        """Give up slots, from one on, whose faceprints are not in memory: the records have them."""
        slots = np.flatnonzero((self.index.place.all < 0) & (self.index.owner.all >= 0)).astype(np.int32)
        self._drop(slots[slots >= first])

    def follow(self, work: Transaction, news: Changes, number: int) -> None:
        """Look again at everybody whom the changes up to a number are about."""
        subjects = set(news.subjects)
        if news.runs:
            stopped = frozenset(runs.stopped(work))
            subjects |= references.subjects_of(work, stopped ^ self.stopped)
            self.stopped = stopped
        self._look_at(work, subjects)
        self.number = number

    def look_at_due(self, work: Transaction) -> None:
        """Look again at everybody whose release has run out by now."""
        due = self.index.due(work.now)
        if due:
            self._look_at(work, due)

    def _look_at(self, work: Transaction, subjects: Iterable[SubjectId]) -> None:
        """Look at people again; those who are frozen leave at once, however many they are."""
        asked, frozen = set(subjects), set[SubjectId]()
        if len(asked) > _AT_ONCE:
            frozen = asked & subject_rows.frozen(work)
            self._leave(frozen)
        rest = sorted(asked - frozen)
        for start in range(0, len(rest), _AT_ONCE):
            self._look(work, rest[start : start + _AT_ONCE])
        self.index.look_ahead()
        self._people.clear()

    def _look(self, work: Transaction, subjects: list[SubjectId]) -> None:
        people = subject_rows.unfrozen(work, subjects)
        signed = subject_rows.releases(work, among=list(people))
        now = {one: standing(person, signed.get(one, ()), self._law, work.now) for one, person in people.items()}
        self._leave(set(subjects) - people.keys())
        theirs = references.references_of(work, self.encoder, people)
        numbers = self._stand(now, set(theirs.values()))
        wanted = {one: subject for one, subject in theirs.items() if now[subject].group and one not in self.stopped}
        slots = self.index.slots_of(np.array(list(numbers.values()), np.int64))
        known = {self.index.reference_at(slot): slot for slot in slots.tolist()}
        self._drop(_array(slot for one, slot in known.items() if one not in theirs))
        self.memory.take(_array(slot for one, slot in known.items() if one not in wanted))
        self._move(work, {one: known[one] for one in wanted if one in known})
        new = [one for one in wanted if one not in known]
        for start in range(0, len(new), _AT_ONCE):
            some = new[start : start + _AT_ONCE]
            own = self.index.add_slots(some, [numbers[wanted[one]] for one in some])
            self._load(work, dict(zip(some, own.tolist(), strict=True)))

    def _stand(self, now: Mapping[SubjectId, Standing], with_references: Collection[SubjectId]) -> dict[SubjectId, int]:
        """Note where people stand; return the numbers of those who have references, or had some."""
        found = dict(zip(now, self.index.numbers(list(now)).tolist(), strict=True))
        for subject in sorted(with_references):
            if found[subject] < 0:
                found[subject] = self.index.add(subject)
        numbers = {subject: number for subject, number in found.items() if number >= 0}
        for subject, number in numbers.items():
            self.index.group.all[number] = self._number(now[subject].group)
            self.index.until.all[number] = micros(now[subject].until)
        return numbers

    def _number(self, group: Group) -> int:
        if group not in self._number_of:
            self._number_of[group] = len(self._groups)
            self._groups.append(group)
        return self._number_of[group]

    def _move(self, work: Transaction, known: Mapping[ReferenceId, int]) -> None:
        """Bring references whose slots are known to their groups."""
        index = self.index
        outside = {one: slot for one, slot in known.items() if index.place.all[slot] < 0}
        slots = _array(slot for one, slot in known.items() if one not in outside)
        groups = index.group.all[index.owner.all[slots]]
        moving = np.array([self.memory.group_of(slot) for slot in slots.tolist()], np.int32) != groups
        if moving.any():
            slots = slots[moving]
            try:
                vectors = self.memory.rows(slots)
            except Gone:  # they may still be in the records of this moment
                outside.update((index.reference_at(slot), slot) for slot in slots.tolist())
                self.memory.take(slots)
            else:
                self.memory.take(slots)
                self.put(slots, vectors)
        if outside:
            self._load(work, outside)

    def _load(self, work: Transaction, slots: Mapping[ReferenceId, int]) -> None:
        ids, vectors = photo_rows.vectors(work, self.encoder, self.dim, slots)
        self.put(_array(slots[one] for one in ids), vectors)

    def _whole(self, slots: Slots) -> NDArray[np.float32]:
        """Return the faceprints of slots of which memory has codes: from the sealed files, or else from the records.

        Raises:
            Gone: some are in neither, because somebody has destroyed them.
            Damaged: one in the records does not open.
        """
        found, left = np.empty((len(slots), self.dim), np.float32), slots >= self.saved
        for place in np.unique(slots[~left] // SEGMENT_ROWS).tolist():
            own = np.flatnonzero((slots < self.saved) & (slots // SEGMENT_ROWS == place))
            try:
                some = self._store.rows(self.files[place + 1], (slots[own] % SEGMENT_ROWS).tolist())
            except Damaged:  # another process has written it anew
                left[own] = True
                continue
            found[own] = some
            some.fill(0.0)
        rest = {self.index.reference_at(slots[at]): at for at in np.flatnonzero(left).tolist()}
        if rest:
            owners = {one: self.index.subject_at(slots[at]) for one, at in rest.items()}
            ids, vectors = self._store.unsealed(self.encoder, self.dim, owners)
            found[[rest.pop(one) for one in ids]] = vectors[: len(ids)]
            vectors.fill(0.0)
        if rest:
            found.fill(0.0)
            raise Gone(slots[list(rest.values())])
        return found

    def put(self, slots: Slots, vectors: NDArray[np.float32]) -> None:
        """Put faceprints into memory, each into the group of its owner, and overwrite them here."""
        groups = self.index.group.all[self.index.owner.all[slots]]
        for group in np.unique(groups).tolist():
            own = groups == group
            part = vectors if own.all() else vectors[own]
            self.memory.put(group, slots[own], part)
            part.fill(0.0)
        vectors.fill(0.0)

    def _leave(self, subjects: Collection[SubjectId]) -> None:
        """Take everything of frozen or destroyed people out of memory."""
        if subjects:
            numbers = self.index.numbers(subjects)
            self.memory.take(self.index.slots_of(numbers))
            self.index.group.all[numbers[numbers >= 0]] = 0
            self.index.until.all[numbers[numbers >= 0]] = micros(None)

    def _drop(self, slots: Slots) -> None:
        self.memory.take(slots)
        self.index.free(slots)
        self.spoilt |= set((slots[slots < self.saved] // SEGMENT_ROWS).tolist())
        self._people.clear()


def _array(slots: Iterable[int]) -> Slots:
    return np.fromiter(slots, np.int32)
