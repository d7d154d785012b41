# SPDX-License-Identifier: Apache-2.0
"""Breaches: whom an exposure concerns under which law, and by when regulators and people have to be told.

Source: GDPR Art. 33-34; Tex. Bus. & Com. Code 521.053; the law files name the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from countenance.errors import BadInput
from countenance.ids import BreachId, new_id
from countenance.model.breach import Affected, Assessment, Breach, Exposed
from countenance.model.event import EventTag
from countenance.policy.pack import Law
from countenance.services.law import LawBook
from countenance.store import breaches as rows
from countenance.store.records import Records, Transaction


class Breaches:
    """Verbs on breaches."""

    def __init__(self, records: Records, law: LawBook) -> None:
        self._records = records
        self._law = law

    def drill(self, exposed: Sequence[Exposed], *, aware_at: datetime | None = None) -> Assessment:
        """Return what would follow if this were exposed; nothing changes but that the drill is in the log.

        Args:
            aware_at: when it was noticed; by default now.

        Raises:
            BadInput: nothing is exposed, or it is noticed in the future.
        """
        with self._records.write() as work:
            found = self._assess(work, exposed, aware_at)
            work.log(EventTag.BREACH_DRILLED, exposed=[one.value for one in found.exposed])
            return found

    def report(self, exposed: Sequence[Exposed], *, aware_at: datetime | None = None) -> Breach:
        """Open a case: its clocks run from the moment somebody here knew.

        Raises:
            BadInput: as `drill`.
        """
        with self._records.write() as work:
            breach = Breach(
                BreachId(new_id("bre")), self._assess(work, exposed, aware_at), work.now, closed_at=None, note=None
            )
            rows.add(work, breach)
            people = sum(one.people for one in breach.assessment.affected)
            listed = [one.value for one in breach.assessment.exposed]
            work.log(EventTag.BREACH_REPORTED, breach=breach.id, exposed=listed, people=people)
        return breach

    def everything(self) -> list[tuple[Breach, bool]]:
        """Return all cases, oldest first, each with whether a date has passed while it is open."""
        with self._records.read() as work:
            return [(one, one.late(work.now)) for one in rows.everything(work)]

    def close(self, breach: BreachId, *, note: str) -> Breach:
        """End a case.

        Args:
            note: who was told, when and how; sealed.

        Raises:
            NotFound: no such case.
            BadInput: no note, or it is closed.
        """
        if not note.strip():
            raise BadInput("say how it ended (--note): who was told, when and how")
        with self._records.write() as work:
            if rows.get(work, breach).closed_at is not None:
                raise BadInput(f"breach {breach} was closed before")
            rows.close(work, breach, note.strip())
            work.log(EventTag.BREACH_CLOSED, breach=breach)
            return rows.get(work, breach)

    def _assess(self, work: Transaction, exposed: Sequence[Exposed], aware_at: datetime | None) -> Assessment:
        kinds = tuple(kind for kind in Exposed if kind in exposed)
        aware = aware_at or work.now
        if not kinds:
            raise BadInput("say what was exposed (--exposed)")
        if aware > work.now:
            raise BadInput("nobody notices a breach in the future (--at)")
        people: Counter[str] = Counter()
        laws: dict[str, Law] = {}
        for subject, count in rows.homes(work, found_only=set(kinds) == {Exposed.CLIENTS}):
            law = self._law.of_subject(subject, now=work.now)
            laws[law.digest] = law
            people[law.digest] += count
        groups = [_affected(laws[digest], count, aware) for digest, count in people.items()]
        return Assessment(kinds, aware, tuple(sorted(groups, key=lambda one: (one.individuals_due, one.packs))))


def _affected(law: Law, people: int, aware: datetime) -> Affected:
    threshold = law.number("breach.subject_threshold")
    regulator = aware + timedelta(hours=law.number("breach.regulator_hours"))
    return Affected(
        packs=tuple(pack.id for pack in law.packs),
        people=people,
        threshold=threshold,
        regulator_due=regulator if people >= threshold else None,
        individuals_due=aware + timedelta(hours=law.number("breach.individuals_hours")),
        citation=law.cite("breach.regulator_hours"),
    )
