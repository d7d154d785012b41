# SPDX-License-Identifier: Apache-2.0
"""The gallery of this moment: kept level with the records, and cut to what a client and purpose may see.

Every search asks the records first. A counter in the database, moved by triggers, says whether consent,
clients or references changed since the last look, whoever changed them; where it stands still, the
previous answer holds until the first release in it runs out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from countenance.ids import ClientId, ReferenceId, SubjectId
from countenance.model.client import DEFAULT_FPIR, Client
from countenance.model.consent import ConsentStatus, Release
from countenance.model.faceprint import Faceprint
from countenance.model.purpose import Purpose
from countenance.model.subject import Subject
from countenance.policy.engine import Disclosure, deny_disclosure, longest_term
from countenance.ports.gallery import Gallery
from countenance.ports.vision import Encoder
from countenance.services.law import LawBook
from countenance.store import photos as photo_rows
from countenance.store import runs
from countenance.store import subjects as subject_rows
from countenance.store.records import Transaction, state_numbers


@dataclass(frozen=True)
class View:
    """What one client may see for one purpose.

    Attributes:
        references: ids of the references, all of them live.
        fpir: for each subject in it the target rate: the client's, or the law's where that is stricter.
        until: the moment at which the first release in it runs out; None for never.

    Use `size`, `people`, `rates` and `rate`; the rest may change.
    """

    references: tuple[ReferenceId, ...]
    fpir: dict[SubjectId, float]
    until: datetime | None

    @property
    def size(self) -> int:
        """Number of references in it."""
        return len(self.references)

    @property
    def people(self) -> int:
        """Number of subjects in it."""
        return len(self.fpir)

    @property
    def rates(self) -> frozenset[float]:
        """The different target rates of its subjects."""
        return frozenset(self.fpir.values())

    def rate(self, subject: SubjectId) -> float | None:
        """Return the target rate of a subject; None for one who is not in it."""
        return self.fpir.get(subject)


class Hit(NamedTuple):
    """A reference that the gallery found."""

    reference: ReferenceId
    subject: SubjectId
    score: float


@dataclass
class _Level:
    """The state of the records that everything below was read at.

    Attributes:
        number, grants: how many changes there had been, and how many that may let anybody see more.
        live: how many references there were that nobody had frozen, of any encoder.
    """

    number: int = -1
    grants: int = -1
    live: int = 0
    subjects: dict[ReferenceId, SubjectId] = field(default_factory=dict)
    views: dict[tuple[ClientId, Purpose], View] = field(default_factory=dict)
    consenting: View | None = None


class LiveGallery:
    """A gallery that follows the records; safe to use from several threads."""

    def __init__(self, make: Callable[[str, int], Gallery], law: LawBook) -> None:
        self._make = make
        self._law = law
        self._gallery: Gallery | None = None
        self._level = _Level()
        self._lock = threading.RLock()

    def view(self, work: Transaction, encoder: Encoder, client: Client, purpose: Purpose) -> View:
        """Return what this client may see for this purpose at this moment."""
        with self._lock:
            self._catch_up(work, encoder)
            held = self._level.views.get((client.id, purpose))
            if held is None or (held.until is not None and work.now >= held.until):
                held = self._cut(work, lambda s, r: self._disclosable(work, s, r, client, purpose), client.fpir)
                self._level.views[client.id, purpose] = held
            return held

    def consenting(self, work: Transaction, encoder: Encoder) -> View:
        """Return every reference of a live release: what an unattributed face may be compared with."""
        with self._lock:
            self._catch_up(work, encoder)
            held = self._level.consenting
            if held is None or (held.until is not None and work.now >= held.until):
                held = self._cut(work, lambda _, r: r.status(work.now) is ConsentStatus.GIVEN, DEFAULT_FPIR)
                self._level.consenting = held
            return held

    def search(self, probe: Faceprint, view: View, minimum: float) -> list[Hit]:
        """Return every reference of a view that scores at least `minimum`, best first.

        Raises:
            MixedEncoders: the probe comes from another encoder than the gallery.
        """
        with self._lock:
            if self._gallery is None:
                return []
            found = self._gallery.search(probe, view.references, minimum)
            # A view may be older than the last removal; what is gone from the records is not answered.
            subjects = self._level.subjects
            return [Hit(ref, subjects[ref], score) for ref, score in found if ref in subjects]

    def nearest(self, probe: Faceprint, view: View, people: int) -> list[Hit]:
        """Return the best reference of each of the `people` subjects of a view that are most like the probe.

        Exact, best first; equal scores are ordered by reference. Fewer where the view has fewer subjects.

        Raises:
            MixedEncoders: the probe comes from another encoder than the gallery.
        """
        with self._lock:
            if self._gallery is None or people < 1:
                return []
            subjects, most = self._level.subjects, 4 * people
            while True:
                found = self._gallery.nearest(probe, view.references, most)
                best: dict[SubjectId, Hit] = {}
                for ref, score in found:
                    if ref in subjects:
                        best.setdefault(subjects[ref], Hit(ref, subjects[ref], score))
                if len(best) >= people or len(found) < most:
                    return list(best.values())[:people]
                most *= 4

    def faceprint(self, reference: ReferenceId) -> Faceprint:
        """Return a copy of a reference's faceprint, in memory; whoever asks wipes it.

        Raises:
            KeyError: it is no longer held.
        """
        with self._lock:
            if self._gallery is None:
                raise KeyError(reference)
            return self._gallery.faceprint(reference)

    def still_held(self, hits: Iterable[Hit]) -> list[Hit]:
        """Return those hits whose references were still held when a view was last taken."""
        with self._lock:
            return [hit for hit in hits if hit.reference in self._level.subjects]

    def near(self, work: Transaction, encoder: Encoder, probes: Sequence[Faceprint], minimum: float) -> list[list[Hit]]:
        """Return for each probe every reference that is held, live or not: for residues, and never for a client."""
        with self._lock:
            self._catch_up(work, encoder)
            if self._gallery is None:
                return [[] for _ in probes]
            subjects = self._level.subjects
            found = self._gallery.search_all(probes, minimum)
            return [[Hit(ref, subjects[ref], score) for ref, score in one] for one in found]

    def held(self) -> frozenset[ReferenceId]:
        """Return the references in memory."""
        with self._lock:
            return frozenset(self._level.subjects)

    def forget(self, references: Iterable[ReferenceId]) -> None:
        """Take references out of memory at once, overwriting their bytes."""
        with self._lock:
            gone = list(references)
            for reference in gone:
                self._level.live -= self._level.subjects.pop(reference, None) is not None
            if self._gallery is not None:
                self._gallery.remove(gone)

    def _catch_up(self, work: Transaction, encoder: Encoder) -> None:
        number, grants = state_numbers(work)
        if self._gallery is not None and self._gallery.encoder != encoder.digest:
            self._gallery, self._level = None, _Level()
        if number == self._level.number and self._gallery is not None:
            return
        if self._gallery is None:
            self._gallery = self._make(encoder.digest, encoder.dim)
        live = photo_rows.live_count(work, runs.in_stopped_photos())
        if grants == self._level.grants and self._only_lose(work, number, live):
            return
        # Frozen people are not searched, and one whose destruction was interrupted cannot even be read.
        frozen, stopped = subject_rows.frozen(work), runs.stopped(work)
        everyone = photo_rows.reference_subjects(work, encoder.digest)
        subjects = {ref: subject for ref, subject in everyone.items() if subject not in frozen and ref not in stopped}
        held = self._gallery.ids()
        self._gallery.remove(held - subjects.keys())
        missing = subjects.keys() - held
        if missing:
            ids, vectors = photo_rows.vectors(work, encoder.digest, encoder.dim, missing)
            self._gallery.add(ids, vectors)
            vectors.fill(0.0)
        self._level = _Level(number, grants, live, subjects)

    def _only_lose(self, work: Transaction, number: int, live: int) -> bool:
        """Take out what was frozen since the last look, which is soon done; say whether that was all that changed."""
        old, frozen, stopped = self._level, subject_rows.frozen(work), runs.stopped(work)
        subjects = {ref: s for ref, s in old.subjects.items() if s not in frozen and ref not in stopped}
        lost = len(old.subjects) - len(subjects)
        if self._gallery is None or live != old.live - lost:
            return False
        self._gallery.remove(old.subjects.keys() - subjects.keys())
        left = set(subjects.values())
        views = {asked: _without(view, subjects, left) for asked, view in old.views.items()}
        consenting = old.consenting and _without(old.consenting, subjects, left)
        self._level = _Level(number, old.grants, live, subjects, views, consenting)
        return True

    def _disclosable(
        self, work: Transaction, subject: Subject, release: Release, client: Client, purpose: Purpose
    ) -> bool:
        facts = Disclosure(work.now, subject, release, client, purpose)
        return deny_disclosure(facts, self._law.of_subject(subject, now=work.now)) is None

    def _cut(self, work: Transaction, allowed: Callable[[Subject, Release], bool], fpir: float) -> View:
        subjects, held = subject_rows.unfrozen(work), set(self._level.subjects.values())
        ends: dict[SubjectId, datetime] = {}
        rates: dict[SubjectId, float] = {}
        for subject, signed in subject_rows.releases(work).items():
            person = subjects.get(subject) if subject in held else None
            live = [r for r in signed if person is not None and allowed(person, r)]
            if person is not None and live:
                law = self._law.of_subject(person, now=work.now)
                longest = longest_term(law)
                ends[subject] = max(min(r.term_end, r.signed_at + longest) for r in live)
                rates[subject] = min(fpir, law.fraction("assessment.fpir_max"))
        return View(
            references=tuple(ref for ref, subject in self._level.subjects.items() if subject in ends),
            fpir=rates,
            until=min(ends.values(), default=None),
        )


def _without(view: View, subjects: Mapping[ReferenceId, SubjectId], left: AbstractSet[SubjectId]) -> View:
    """Return a view cut to what is left."""
    references = tuple(ref for ref in view.references if ref in subjects)
    return View(references, {subject: rate for subject, rate in view.fpir.items() if subject in left}, view.until)
