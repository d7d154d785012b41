# SPDX-License-Identifier: Apache-2.0
"""Rows of the retention clock: what moves it, when each person's time is up, what was said ahead of it.

The clock is kept for each person in a row of its own, indexed by its date. Triggers delete it when anything changes
that it follows from; who has none is found by one query, and only for these it is computed anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, delete, func, insert, literal, select, update

from countenance.clock import from_text, to_text
from countenance.ids import HoldId, ReleaseId, SubjectId
from countenance.model.consent import ConsentStatus
from countenance.model.destruction import HoldBasis
from countenance.model.residency import homes
from countenance.model.subject import Subject
from countenance.policy.retention import Due, ReleaseTimes, RetentionRule, Times
from countenance.store import schema
from countenance.store import subjects as subject_rows
from countenance.store.holds import in_force
from countenance.store.records import Transaction
from countenance.store.requests import waiting

_AT_ONCE = 10_000  # values in one query; SQLite takes 32,766
_ENDED = (ConsentStatus.WITHDRAWN.value, ConsentStatus.REVOKED.value, ConsentStatus.INVALIDATED.value)


class FactKind(StrEnum):
    """What moves the clock of a person, beside releases and homes."""

    INTERACTION = "interaction"
    PURPOSE_MET = "purpose_met"
    NEEDED = "needed"
    UNNEEDED = "unneeded"


@dataclass(frozen=True)
class Clock:
    """When one person's time is up."""

    subject: SubjectId
    due: Due
    review_at: datetime


@dataclass(frozen=True)
class HeldDue:
    """A person whose time is up and whom a hold keeps."""

    subject: Subject
    hold: HoldId
    basis: HoldBasis


def add_fact(
    work: Transaction, subject: SubjectId, kind: FactKind, at: datetime, release: ReleaseId | None = None
) -> None:
    """Append a fact that moves a person's clock."""
    work.connection.execute(
        insert(schema.retention_fact).values(
            subject=subject, release=release, kind=kind.value, at=to_text(at), recorded_at=to_text(work.now)
        )
    )


def forget_all(work: Transaction) -> None:
    """Delete every clock: the law files changed."""
    work.connection.execute(delete(schema.retention_clock))


def without_clock(work: Transaction, limit: int, after: str = "") -> list[SubjectId]:
    """Return people whose clock must be computed, at most so many, in the order of their ids from one on."""
    clock, subject = schema.retention_clock, schema.subject
    missing = ~select(clock.c.subject).where(clock.c.subject == subject.c.id).exists()
    query = select(subject.c.id).where(subject.c.id > after, missing).order_by(subject.c.id).limit(limit)
    return [SubjectId(one) for one in work.connection.execute(query).scalars()]


def times(work: Transaction, subjects: Sequence[SubjectId]) -> dict[SubjectId, tuple[Subject, Times]]:
    """Return what the clocks of some people follow from."""
    release, fact = schema.release, schema.retention_fact
    ended = _first_ends(work, subjects)
    told: dict[str, list[tuple[str, str | None, datetime]]] = defaultdict(list)
    query = select(fact.c.subject, fact.c.kind, fact.c.release, fact.c.at).where(fact.c.subject.in_(subjects))
    for row in work.connection.execute(query.order_by(fact.c.number)):
        told[row.subject].append((row.kind, row.release, from_text(row.at)))
    signed: dict[str, list[ReleaseTimes]] = defaultdict(list)
    releases = select(release.c.id, release.c.subject, release.c.signed_at, release.c.term_end)
    for row in work.connection.execute(releases.where(release.c.subject.in_(subjects))):
        met = [at for kind, which, at in told[row.subject] if kind == FactKind.PURPOSE_MET and which == row.id]
        one = ReleaseTimes(from_text(row.signed_at), from_text(row.term_end), ended.get(row.id), min(met, default=None))
        signed[row.subject].append(one)
    found = people(work, subjects)
    return {one: (person, _times(person, signed[one], told[one])) for one, person in found.items()}


def _times(
    subject: Subject, releases: Sequence[ReleaseTimes], told: Sequence[tuple[str, str | None, datetime]]
) -> Times:
    reviews = [(at, kind) for kind, _, at in told if kind in (FactKind.NEEDED, FactKind.UNNEEDED)]
    return Times(
        homes=tuple(homes(subject.residency)),
        created_at=subject.created_at,
        releases=tuple(releases),
        interactions=tuple(at for kind, _, at in told if kind == FactKind.INTERACTION),
        reviewed_at=reviews[-1][0] if reviews else None,
        unneeded=bool(reviews) and reviews[-1][1] == FactKind.UNNEEDED,
    )


def _first_ends(work: Transaction, subjects: Sequence[SubjectId]) -> Mapping[str, datetime]:
    event, release = schema.release_event, schema.release
    query = (
        select(event.c.release, func.min(event.c.at).label("at"))
        .join(release, release.c.id == event.c.release)
        .where(release.c.subject.in_(subjects), event.c.status.in_(_ENDED))
        .group_by(event.c.release)
    )
    return {row.release: from_text(row.at) for row in work.connection.execute(query)}


def people(work: Transaction, subjects: Sequence[SubjectId]) -> dict[SubjectId, Subject]:
    """Return those of some people who are held, without what is sealed of them."""
    found: dict[SubjectId, Subject] = {}
    for start in range(0, len(subjects), _AT_ONCE):
        some = schema.subject.c.id.in_(subjects[start : start + _AT_ONCE])
        found.update((one.id, one) for one in subject_rows.unsealed(work, some))
    return found


def still_there(work: Transaction, subjects: Sequence[SubjectId]) -> list[SubjectId]:
    """Return those of some people who are still held, in the same order."""
    there = people(work, subjects).keys()
    return [one for one in subjects if one in there]


def add_clocks(work: Transaction, clocks: Iterable[Clock]) -> None:
    """Store clocks."""
    rows = [
        {
            "subject": one.subject,
            "due_at": to_text(one.due.at),
            "rule": one.due.rule.value,
            "review_at": to_text(one.review_at),
        }
        for one in clocks
    ]
    if rows:
        work.connection.execute(insert(schema.retention_clock).prefix_with("OR REPLACE"), rows)


def first(work: Transaction, limit: int) -> list[Clock]:
    """Return the clocks that run out first."""
    query = select(schema.retention_clock).order_by(schema.retention_clock.c.due_at).limit(limit)
    return [
        Clock(SubjectId(row.subject), Due(from_text(row.due_at), RetentionRule(row.rule)), from_text(row.review_at))
        for row in work.connection.execute(query)
    ]


def count_due(work: Transaction, by: datetime) -> int:
    """Return how many people's time is up by a moment."""
    return _number(work, schema.retention_clock.c.due_at <= to_text(by))


def count_overdue(work: Transaction, since: datetime) -> int:
    """Return how many people's time was up before a moment, without those whom a hold or their own request keeps."""
    return _number(work, schema.retention_clock.c.due_at <= to_text(since), *_not_kept(work))


def count_reviews(work: Transaction) -> int:
    """Return for how many people somebody should have looked whether they are still needed."""
    return _number(work, schema.retention_clock.c.review_at <= to_text(work.now))


def due(work: Transaction) -> list[SubjectId]:
    """Return the people whose time is up and whom neither a hold nor their own request keeps."""
    clock = schema.retention_clock
    query = select(clock.c.subject).where(clock.c.due_at <= to_text(work.now), *_not_kept(work))
    return [
        SubjectId(one) for one in work.connection.execute(query.order_by(clock.c.due_at, clock.c.subject)).scalars()
    ]


def held_due(work: Transaction) -> list[HeldDue]:
    """Return the people whose time is up and whom a hold keeps, once for each hold."""
    clock, hold, kept = schema.retention_clock, schema.hold, schema.hold_subject
    query = (
        select(hold.c.id, kept.c.subject, hold.c.basis)
        .join(kept, kept.c.hold == hold.c.id)
        .join(clock, clock.c.subject == kept.c.subject)
        .where(clock.c.due_at <= to_text(work.now), hold.c.lifted_at.is_(None))
    )
    rows = work.connection.execute(query.order_by(hold.c.placed_at)).all()
    found = people(work, [row.subject for row in rows])
    return [HeldDue(found[row.subject], HoldId(row.id), HoldBasis(row.basis)) for row in rows]


def freeze_due(work: Transaction) -> int:
    """Freeze everybody whose time is up; return how many were not frozen before."""
    table, clock = schema.subject, schema.retention_clock
    up = select(clock.c.subject).where(clock.c.due_at <= to_text(work.now))
    statement = update(table).where(table.c.id.in_(up), table.c.frozen_at.is_(None))
    return work.connection.execute(statement.values(frozen_at=to_text(work.now))).rowcount


def raise_conflict(work: Transaction, subject: SubjectId, hold: HoldId) -> bool:
    """Record that the law does not recognise a hold on somebody whose time is up; say whether that is news."""
    statement = insert(schema.retention_conflict).prefix_with("OR IGNORE")
    row = {"hold": hold, "subject": subject, "raised_at": to_text(work.now)}
    return work.connection.execute(statement.values(row)).rowcount == 1


def notice_ahead(work: Transaction, until: datetime) -> int:
    """Record a notice for everybody whose time is up by a moment and who has none for it yet; return how many."""
    clock, notice = schema.retention_clock, schema.retention_notice
    rows = select(clock.c.subject, clock.c.due_at, literal(to_text(work.now))).where(
        clock.c.due_at <= to_text(until), clock.c.due_at > to_text(work.now)
    )
    statement = insert(notice).prefix_with("OR IGNORE").from_select(["subject", "due_at", "noticed_at"], rows)
    return work.connection.execute(statement).rowcount


def notices(work: Transaction) -> list[tuple[SubjectId, datetime, RetentionRule]]:
    """Return the notices that still hold, soonest first: whom, when its time is up, by which rule."""
    clock, notice = schema.retention_clock, schema.retention_notice
    query = (
        select(clock.c.subject, clock.c.due_at, clock.c.rule)
        .join(notice, (notice.c.subject == clock.c.subject) & (notice.c.due_at == clock.c.due_at))
        .order_by(clock.c.due_at)
    )
    return [
        (SubjectId(row.subject), from_text(row.due_at), RetentionRule(row.rule))
        for row in work.connection.execute(query)
    ]


def count_waiting(work: Transaction) -> int:
    """Return how many people's time is up who wait until their own request is answered."""
    clock = schema.retention_clock
    return _number(work, clock.c.due_at <= to_text(work.now), clock.c.subject.in_(waiting(work)))


def _not_kept(work: Transaction) -> tuple[ColumnElement[bool], ...]:
    subject = schema.retention_clock.c.subject
    return subject.not_in(in_force()), subject.not_in(waiting(work))


def _number(work: Transaction, *conditions: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(schema.retention_clock).where(*conditions)
    return int(work.connection.execute(query).scalar_one())
