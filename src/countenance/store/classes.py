# SPDX-License-Identifier: Apache-2.0
"""Who is in a class: its predicate as one query over declared and recorded facts, in a logic of three values.

Of each condition there are two sets, those who meet it and those who do not; whoever is in neither is unknown. Only a
residency can be unknown: where a history has gaps, contradicts itself, or rests on less than a declaration.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from operator import and_, or_

from sqlalchemy import ColumnElement, Select, false, func, select, true, type_coerce
from sqlalchemy import Float as FloatType
from sqlalchemy import and_ as all_of
from sqlalchemy import or_ as any_of

from countenance.clock import to_text
from countenance.ids import SubjectId
from countenance.model.civil import latest_date
from countenance.model.order import (
    AllOf,
    AnyOf,
    ClassDef,
    Enrolled,
    FromSource,
    MadeBy,
    Not,
    OfAge,
    Persons,
    Predicate,
    ReleasedFor,
    Residency,
    ShownTo,
    Signed,
    Unknown,
    When,
)
from countenance.model.place import UNKNOWN
from countenance.model.residency import Evidence
from countenance.store import schema
from countenance.store.records import Transaction

_PROVES = tuple(one.value for one in Evidence if one.assurance >= Evidence.DECLARED.assurance)
"""Evidence on which somebody can be left out of a class; photos that were taken somewhere prove no home."""
_FIRST = date(1, 1, 1)
Condition = ColumnElement[bool]


@dataclass(frozen=True)
class Sides:
    """Who meets a condition, and who does not, as conditions on `subject`."""

    yes: Condition
    no: Condition


def members(work: Transaction, persons: ClassDef) -> dict[str, Select[tuple[SubjectId]]]:
    """Return the queries for the ids of a class: `member`, `unknown` and `nonmember` share out everybody.

    Who signed a new release that the class accepts is a nonmember.
    """
    sides = _sides(work, persons.where, persons.as_of or latest_date(work.now))
    renewed = _renewed(work, persons)
    yes, no = sides.yes & ~renewed, sides.no | renewed
    queries = {"member": yes, "unknown": ~yes & ~no, "nonmember": ~yes & no}
    return {name: select(schema.subject.c.id).where(condition) for name, condition in queries.items()}


def bound(work: Transaction, persons: ClassDef, subject: SubjectId) -> bool:
    """Say whether one subject is in a class, or may be where unknown people count as members."""
    asked = [members(work, persons)["member"]]
    if persons.unknown is not Unknown.EXCLUDE:
        asked.append(members(work, persons)["unknown"])
    one = schema.subject.c.id == subject
    return any(work.connection.execute(query.where(one)).first() is not None for query in asked)


def _renewed(work: Transaction, persons: ClassDef) -> Condition:
    if persons.new_release_after is None:
        return false()
    table = schema.release
    live = _last_status() == "given"
    signed = (table.c.signed_at > to_text(persons.new_release_after)) & (table.c.term_end > to_text(work.now)) & live
    return schema.subject.c.id.in_(select(table.c.subject).where(signed))


def _last_status() -> ColumnElement[str]:
    event = schema.release_event
    return (
        select(event.c.status)
        .where(event.c.release == schema.release.c.id)
        .order_by(event.c.number.desc())
        .limit(1)
        .scalar_subquery()
    )


def _sides(work: Transaction, where: Predicate, on: date) -> Sides:
    """Return the two sides of a predicate."""
    match where:
        case AllOf(parts):
            sides = [_sides(work, part, on) for part in parts]
            return Sides(reduce(and_, (s.yes for s in sides), true()), reduce(or_, (s.no for s in sides), false()))
        case AnyOf(parts):
            sides = [_sides(work, part, on) for part in parts]
            return Sides(reduce(or_, (s.yes for s in sides), false()), reduce(and_, (s.no for s in sides), true()))
        case Not(part):
            inner = _sides(work, part, on)
            return Sides(inner.no, inner.yes)
        case Residency():
            return _residency(where, on)
    recorded = _recorded(where)
    return Sides(recorded, ~recorded)


def _recorded(where: Predicate) -> Condition:
    """Return a condition over what this program recorded, which is never unknown."""
    s, mine = schema, schema.subject.c.id
    match where:
        case OfAge(band):
            return s.subject.c.age_band == band.value
        case Persons(subjects):
            return mine.in_(subjects)
        case FromSource(sources):
            links = select(s.face.c.subject).join(s.photo_source, s.photo_source.c.photo == s.face.c.photo)
            query = links.where(s.photo_source.c.source.in_(sources), s.face.c.subject.is_not(None))
        case ShownTo(clients):
            found = select(s.search_candidate.c.subject).join(s.search, s.search.c.id == s.search_candidate.c.search)
            query = found.where(s.search.c.client.in_(clients))
        case ReleasedFor(purposes):
            spoken = any_of(*(s.release.c.scope.contains(f'"{one.value}"') for one in purposes))
            query = select(s.release.c.subject).where(spoken)
        case Signed(start, end):
            query = select(s.release.c.subject).where(_between(s.release.c.signed_at, start, end))
        case Enrolled(start, end):
            query = select(s.reference.c.subject).where(_between(s.reference.c.created_at, start, end))
        case MadeBy(encoder):
            query = select(s.reference.c.subject).where(s.reference.c.encoder == encoder)
        case _:
            raise RuntimeError(f"no query for {type(where).__name__}")
    return mine.in_(query)


def _between(column: ColumnElement[str], start: date | None, end: date | None) -> Condition:
    after = true() if start is None else column >= start.isoformat()
    return after if end is None else after & (column < (end + timedelta(days=1)).isoformat())


def _residency(where: Residency, on: date) -> Sides:
    """Return who lived in these places, and who is shown not to have.

    Not having lived there takes facts that leave no day of the window open. A first fact without a start counts from
    the start of the window: the person stated a home and no other before it.
    """
    end = min(where.end or on, on) if where.when is not When.CURRENT else on
    start = (where.start or _FIRST) if where.when is not When.CURRENT else on
    past = end + timedelta(days=1)  # the first day behind the window
    there = schema.subject.c.id.in_(_lived(where, start, past))
    shown = ~schema.subject.c.id.in_(_lived(where, start, past, perhaps=True)) & _known(start, past)
    if where.when is not When.FORMER:
        return Sides(there, ~there & shown)
    now = _residency(Residency(where.places, When.CURRENT), on)
    return Sides(there & ~now.yes, now.yes | (~there & shown))


def _standing() -> Condition:
    """Return the condition that no later fact corrects a fact, and that it names a home."""
    fact, later = schema.residency_fact, schema.residency_fact.alias("later")
    return fact.c.number.not_in(select(later.c.supersedes).where(later.c.supersedes.is_not(None))) & (
        fact.c.place != UNKNOWN
    )


def _in_places(places: tuple[str, ...]) -> Condition:
    column = schema.residency_fact.c.place
    return any_of(*(any_of(column == one, column.between(f"{one}-", f"{one}.")) for one in places))


def _overlaps(start: date, past: date) -> Condition:
    fact = schema.residency_fact
    return all_of(
        func.coalesce(fact.c.since, _FIRST.isoformat()) < past.isoformat(),
        func.coalesce(fact.c.until, "9999-12-31") > start.isoformat(),
    )


def _lived(where: Residency, start: date, past: date, *, perhaps: bool = False) -> Select[tuple[SubjectId]]:
    """Return the subjects who lived in these places in a window for long enough.

    Args:
        perhaps: count a fact without a start from the start of the window; by default it proves no day.
    """
    fact = schema.residency_fact
    spans = select(fact.c.subject).where(_standing(), _in_places(where.places), _overlaps(start, past))
    if not where.min_days:
        return spans
    days = _days(spans, start, past, open_start=start if perhaps else None)
    return select(days.c.subject).group_by(days.c.subject).having(func.sum(days.c.days) >= where.min_days)


def _days(spans: Select[tuple[SubjectId]], start: date, past: date, *, open_start: date | None):  # type: ignore[no-untyped-def]
    """Return each span with the days that it adds to those before it, so that overlapping spans count once."""
    fact = schema.residency_fact
    since = func.coalesce(fact.c.since, None if open_start is None else open_start.isoformat())
    first = func.max(since, start.isoformat())
    last = func.min(func.coalesce(fact.c.until, past.isoformat()), past.isoformat())
    cut = spans.add_columns(first.label("first"), last.label("last")).where(since.is_not(None)).subquery()
    before = func.coalesce(
        func.max(cut.c.last).over(partition_by=cut.c.subject, order_by=(cut.c.first, cut.c.last), rows=(None, -1)),
        start.isoformat(),
    )
    added = func.max(_julian(cut.c.last) - _julian(func.max(cut.c.first, before)), 0)
    return select(cut.c.subject, added.label("days")).subquery()


def _julian(column: ColumnElement[str]) -> ColumnElement[float]:
    return type_coerce(func.julianday(column), FloatType)


def _known(start: date, past: date) -> Condition:
    """Return who has a home, on a declaration or more, on every day of a window, and no two that exclude each other."""
    fact = schema.residency_fact
    proves = _standing() & fact.c.evidence.in_(_PROVES)
    whole = select(fact.c.subject).where(
        proves,
        any_of(fact.c.since.is_(None), fact.c.since <= start.isoformat()),
        any_of(fact.c.until.is_(None), fact.c.until >= past.isoformat()),
    )
    several = select(fact.c.subject).where(proves).group_by(fact.c.subject).having(func.count() > 1)
    spans = select(fact.c.subject).where(proves, _overlaps(start, past), fact.c.subject.in_(several))
    days = _days(spans, start, past, open_start=start)
    wanted = (past - start).days
    pieced = select(days.c.subject).group_by(days.c.subject).having(func.sum(days.c.days) >= wanted)
    mine = schema.subject.c.id
    return any_of(mine.in_(whole), mine.in_(pieced)) & mine.not_in(_contradicted(start, past))


def _contradicted(start: date, past: date) -> Select[tuple[SubjectId]]:
    """Return who has two homes on one day that were stated at different moments with equal evidence."""
    fact, other = schema.residency_fact, schema.residency_fact.alias("other")
    later = schema.residency_fact.alias("corrects")
    corrected = select(later.c.supersedes).where(later.c.supersedes.is_not(None))
    apart = all_of(
        fact.c.subject == other.c.subject,
        fact.c.number < other.c.number,
        fact.c.recorded_at != other.c.recorded_at,
        fact.c.evidence == other.c.evidence,
        fact.c.place != other.c.place,
        other.c.place != UNKNOWN,
        ~fact.c.place.startswith(other.c.place + "-"),
        ~other.c.place.startswith(fact.c.place + "-"),
        func.coalesce(fact.c.since, "") < func.coalesce(other.c.until, "9999-12-31"),
        func.coalesce(other.c.since, "") < func.coalesce(fact.c.until, "9999-12-31"),
        func.coalesce(other.c.until, "9999-12-31") > start.isoformat(),
        func.coalesce(other.c.since, "") < past.isoformat(),
        other.c.number.not_in(corrected),
    )
    return select(fact.c.subject).join(other, apart).where(_standing(), _overlaps(start, past))
