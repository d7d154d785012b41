# SPDX-License-Identifier: Apache-2.0
"""The gallery of this moment: kept level with the records, and cut to what a client and purpose may see.

Every search asks the records first. A counter in the database, moved by triggers, says whether consent,
clients or references changed since the last look, whoever changed them, and the same triggers write down whose the
changes are; only those people are read again. Somebody whose release runs out is looked at again at that moment.

Whoever may not be searched is not in memory. People whose live releases are of the same kinds lie together, so that a
client's view is a choice among a few groups, and filtering costs a search nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from countenance.errors import Busy, Damaged, DiskFull, NotWritable
from countenance.ids import ReferenceId, SubjectId
from countenance.model.client import DEFAULT_FPIR, Client
from countenance.model.faceprint import Faceprint
from countenance.model.purpose import Purpose
from countenance.ports.gallery import Scan
from countenance.ports.vision import Encoder
from countenance.services.gallery_files import GalleryFiles
from countenance.services.gallery_held import Held
from countenance.services.gallery_lean import Gone
from countenance.services.gallery_saving import is_wasteful, load, save
from countenance.services.law import LawBook
from countenance.services.standing import Group, own_rate, rate_for
from countenance.store import changes, references
from countenance.store import photos as photo_rows
from countenance.store.records import Transaction

_MORE_THAN_PEOPLE = 4  # a person has a few references; where that was too low, again with so many times more
WORTH_SAVING = 4096
"""References that are in no sealed file, or changes that none knows: fewer are read from the records in no time."""
_REMEMBERED = 100_000  # slots of references that were found, by reference


class Hit(NamedTuple):
    """A reference that the gallery found."""

    reference: ReferenceId
    subject: SubjectId
    score: float


@dataclass(frozen=True)
class View:
    """What one client may see for one purpose.

    Attributes:
        size, people: number of references and of subjects in it.
        rates: the different target rates (FPIR) of its subjects: the client's, or the law's where that is stricter.
    """

    size: int
    people: int
    rates: frozenset[float]
    _groups: Mapping[int, float] = field(repr=False)
    _group_of: Callable[[SubjectId], int] = field(repr=False)
    _state: object = field(repr=False)

    def rate(self, subject: SubjectId) -> float | None:
        """Return the target rate of a subject; None for one who is not in it."""
        return self._groups.get(self._group_of(subject))

    def finds_as(self, other: View) -> bool:
        """Say whether a search of either finds the same: nobody came, went or got another rate between the two."""
        return self._state is other._state and self._groups == other._groups


class LiveGallery:
    """A gallery that follows the records; safe to use from several threads."""

    def __init__(self, scan: Callable[[int], Scan], law: LawBook, files: GalleryFiles, threads: int = 1) -> None:
        self._scan = scan
        self._law = law
        self.files = files
        self._threads = threads
        self._held: Held | None = None
        self._slots: dict[ReferenceId, int] = {}
        self._lock = threading.RLock()

    def view(self, work: Transaction, encoder: Encoder, client: Client, purpose: Purpose) -> View:
        """Return what this client may see for this purpose at this moment."""
        return self._view(work, encoder, lambda group: rate_for(group, client, purpose, self._law, work.now))

    def consenting(self, work: Transaction, encoder: Encoder) -> View:
        """Return every reference of a live release: what an unattributed face may be compared with."""
        return self._view(work, encoder, lambda group: own_rate(group, DEFAULT_FPIR, self._law, work.now))

    def search(self, probe: Faceprint, view: View, minimum: float) -> list[Hit]:
        """Return every reference of a view that scores at least `minimum`, best first; equal scores by reference.

        Raises:
            MixedEncoders: the probe comes from another encoder than the gallery.
        """
        with self._lock:
            return self._find(probe, view, minimum)

    def nearest(self, probe: Faceprint, view: View, people: int) -> list[Hit]:
        """Return the best reference of each of the `people` subjects of a view that are most like the probe.

        Exact, best first; equal scores are ordered by reference. Fewer where the view has fewer subjects.

        Raises:
            MixedEncoders: the probe comes from another encoder than the gallery.
        """
        most = _MORE_THAN_PEOPLE * people
        with self._lock:
            while most > 0:
                best: dict[SubjectId, Hit] = {}
                found = self._find(probe, view, -1.0, most)
                for hit in found:
                    best.setdefault(hit.subject, hit)
                if len(best) >= people or len(found) < most:
                    return list(best.values())[:people]
                most *= _MORE_THAN_PEOPLE
        return []

    def faceprints(self, hits: Sequence[Hit]) -> tuple[list[Hit], NDArray[np.float32]]:
        """Return those hits whose references are still searched, and copies of their faceprints, float32 (N, D).

        The copies are in memory; whoever asks overwrites them.
        """
        with self._lock:
            while True:
                held, slots = self._held, [self._slot(hit.reference) for hit in hits]
                here = [(hit, slot) for hit, slot in zip(hits, slots, strict=True) if slot is not None]
                if held is None or not here:
                    return [], np.empty((0, 0), np.float32)
                try:
                    rows = held.memory.rows(np.array([slot for _, slot in here], np.int32))
                except Gone as gone:  # destroyed elsewhere since the last look at the records
                    held.memory.take(gone.slots)
                    continue
                return [hit for hit, _ in here], rows

    def holds(self, reference: ReferenceId) -> bool:
        """Say whether a reference is searched, as of the last view."""
        with self._lock:
            return self._slot(reference) is not None

    def searched(self) -> int:
        """Return how many references somebody may search: those of people whose release is live."""
        with self._lock:
            return 0 if self._held is None else self._held.memory.count(self._held.memory.groups())

    def near(self, work: Transaction, encoder: Encoder, probes: Sequence[Faceprint], minimum: float) -> list[list[Hit]]:
        """Return for each probe every reference in memory that is near it: for residues, and never for a client."""
        with self._lock:
            held = self._catch_up(work, encoder)
            for probe in probes:
                probe.require(held.encoder)
            queries = np.stack([probe.vector for probe in probes])
            found = held.memory.search(held.memory.groups(), queries, minimum)
            queries.fill(0.0)
            return [self._hits(held, *one) for one in found]

    def outside(self, work: Transaction, encoder: Encoder) -> dict[ReferenceId, SubjectId]:
        """Return the references that are in the records and not in memory, because nobody may search them."""
        with self._lock:
            held = self._catch_up(work, encoder)
            if photo_rows.encoders(work).get(encoder.digest, 0) == held.memory.count(held.memory.groups()):
                return {}
            rest: dict[ReferenceId, SubjectId] = {}
            for some in references.owners_of(work, encoder.digest):
                searched = held.searched(some)
                theirs = references.references_of(work, encoder.digest, some)
                rest.update((one, subject) for one, subject in theirs.items() if one not in searched)
            return rest

    def erase(self, references: Mapping[ReferenceId, SubjectId]) -> None:
        """Take references out of memory, overwriting their bytes, and out of the sealed files: see `GalleryFiles`."""
        with self._lock:
            if self._held is not None:
                self._held.forget(references)
            before, after = self.files.erase(references)
            if self._held is not None and self._held.files == before:
                self._held.files = after
                self._held.saved = self._held.saved if after else 0
                self._held.spoilt.clear()

    def level(self, work: Transaction, encoder: Encoder) -> None:
        """Hold what the records hold, where `settle` has much to write: after an ingest without a search."""
        with self._lock:
            known = changes.files(work)
            new = changes.number(work) - known[0].number if known else photo_rows.encoders(work).get(encoder.digest, 0)
            if new >= WORTH_SAVING:
                self._catch_up(work, encoder)

    def settle(self) -> bool:
        """Write what is new to the sealed files, where it is so much that the next start would wait for it.

        Returns:
            Whether anything was written.
        """
        with self._lock:
            held = self._held
            if held is None:
                return False
            new = len(held.index.owner.all) - held.saved
            if max(new, held.number - held.saved_number if held.files else 0) < WORTH_SAVING and not held.spoilt:
                return False
            try:
                return save(held, self.files, self._law)
            except (Busy, DiskFull, NotWritable, Damaged, Gone):
                self.files.sweep()
                return False  # they spare time; nothing depends on them

    def _view(self, work: Transaction, encoder: Encoder, rate: Callable[[Group], float | None]) -> View:
        with self._lock:
            held = self._catch_up(work, encoder)
            asked = {number: rate(held.group(number)) for number in held.memory.groups()}
            groups = {number: one for number, one in asked.items() if one is not None}
            people = held.people(groups.keys())
            rates, state = frozenset(groups.values()), held.memory.state
            return View(held.memory.count(groups), people, rates, groups, self._group_of, state)

    def _group_of(self, subject: SubjectId) -> int:
        with self._lock:
            return 0 if self._held is None else self._held.group_of(subject)

    def _find(self, probe: Faceprint, view: View, minimum: float, most: int | None = None) -> list[Hit]:
        held = self._held
        if held is None:
            return []
        probe.require(held.encoder)
        (found,) = held.memory.search(view._groups, probe.vector[None, :], minimum, most)  # noqa: SLF001 - our own
        return self._hits(held, *found)

    def _hits(self, held: Held, slots: NDArray[np.int32], scores: NDArray[np.float32]) -> list[Hit]:
        if len(self._slots) > _REMEMBERED:
            self._slots.clear()
        whose = held.index.held_at(slots)
        found = [Hit(*one, score) for one, score in zip(whose, scores.tolist(), strict=True)]
        self._slots.update(zip((hit.reference for hit in found), slots.tolist(), strict=True))
        return sorted(found, key=lambda hit: (-hit.score, hit.reference))

    def _slot(self, reference: ReferenceId) -> int | None:
        """Return the slot of a reference that is in memory."""
        if self._held is None:
            return None
        index = self._held.index
        slot = self._slots.get(reference)
        if slot is None or slot >= len(index.owner.all) or index.reference_at(slot) != reference:
            slot = index.slot_of(reference)
        return None if slot is None or index.place.all[slot] < 0 else slot

    def _catch_up(self, work: Transaction, encoder: Encoder) -> Held:
        """Bring what is held level with the records of this transaction."""
        held = self._held
        if held is not None and (held.encoder, held.law_number) == (encoder.digest, self._law.number):
            news = None if held.number == (number := changes.number(work)) else changes.since(work, held.number)
            if held.number == number or news is not None:
                if news is not None:
                    held.follow(work, news, number)
                held.look_at_due(work)
                return held
        if held is not None:
            held.memory.wipe()
        self._slots.clear()
        args = (work, encoder, self._scan(encoder.dim), self._law, self._threads, self.files)
        held = load(*args)
        if held is not None and is_wasteful(held):
            held.memory.wipe()
            held = None
        self._held = held = held or Held.of_records(*args)
        if not held.files:
            held.files, held.saved_number = tuple(one.id for one in changes.files(work)), held.number
        return held
