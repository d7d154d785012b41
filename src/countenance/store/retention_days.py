# SPDX-License-Identifier: Apache-2.0
"""Rows of the times that the retention clock was followed, and the people of each day of the calendar."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, func, insert, select

from countenance.clock import from_text, to_text
from countenance.ids import RunId, SubjectId
from countenance.policy.retention import RetentionRule
from countenance.store import schema
from countenance.store.holds import in_force
from countenance.store.keyring import LOG_KEY
from countenance.store.records import Transaction
from countenance.store.requests import waiting


@dataclass(frozen=True)
class Followed:
    """One time that the clock was followed.

    Attributes:
        counts: of people destroyed, notices, evidence, searches, people and things that had come back.
    """

    began_at: datetime
    ended_at: datetime
    counts: Mapping[str, int]
    runs: tuple[RunId, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class DayCount:
    """How many people's time is up on one day (UTC), and how many of them something keeps.

    Attributes:
        held: by a legal hold.
        waiting: until their own request is answered.
    """

    day: date
    due: int
    held: int
    waiting: int


@dataclass(frozen=True)
class DayClock:
    """One person on one day."""

    subject: SubjectId
    at: datetime
    rule: RetentionRule
    held: bool
    waiting: bool


def add(
    work: Transaction, began_at: datetime, counts: Mapping[str, int], runs: Sequence[RunId], problems: Sequence[str]
) -> None:
    """Store that the clock was followed until now."""
    began = to_text(began_at)
    sealed = work.seal(LOG_KEY, json.dumps(list(problems)).encode(), f"retention_run.problems:{began}")
    work.connection.execute(
        insert(schema.retention_run).values(
            began_at=began,
            ended_at=to_text(work.now),
            counts=json.dumps(dict(counts)),
            runs=json.dumps(list(runs)),
            sealed_problems=sealed if problems else None,
        )
    )


def latest(work: Transaction, limit: int = 1) -> list[Followed]:
    """Return the last times that the clock was followed, newest first."""
    table = schema.retention_run
    rows = work.connection.execute(select(table).order_by(table.c.number.desc()).limit(limit)).all()
    return [_followed(work, row) for row in rows]


def _followed(work: Transaction, row: Row[Any]) -> Followed:
    sealed = row.sealed_problems
    words = "[]" if sealed is None else work.unseal(LOG_KEY, sealed, f"retention_run.problems:{row.began_at}").decode()
    return Followed(
        began_at=from_text(row.began_at),
        ended_at=from_text(row.ended_at),
        counts=json.loads(row.counts),
        runs=tuple(json.loads(row.runs)),
        problems=tuple(json.loads(words)),
    )


def per_day(work: Transaction, first: date, last: date) -> list[DayCount]:
    """Return the days from one to another, both included, on which anybody's time is up."""
    clock = schema.retention_clock
    day = func.substr(clock.c.due_at, 1, 10)

    def counted(*conditions: Any) -> dict[str, int]:
        query: Select[Any] = select(day.label("day"), func.count().label("people")).where(
            day >= first.isoformat(), day <= last.isoformat(), *conditions
        )
        return {row.day: row.people for row in work.connection.execute(query.group_by(day))}

    due = counted()
    held = counted(clock.c.subject.in_(in_force()))
    kept = counted(clock.c.subject.in_(waiting(work)))
    return [DayCount(date.fromisoformat(one), due[one], held.get(one, 0), kept.get(one, 0)) for one in sorted(due)]


def of_day(work: Transaction, day: date, *, after: str = "", limit: int) -> list[DayClock]:
    """Return the people whose time is up on a day (UTC), in the order of their ids, from one on."""
    clock = schema.retention_clock
    held, kept = in_force().subquery(), waiting(work)
    query = select(
        clock.c.subject, clock.c.due_at, clock.c.rule, clock.c.subject.in_(select(held)).label("held")
    ).where(
        clock.c.due_at >= day.isoformat(),
        clock.c.due_at < (day + timedelta(days=1)).isoformat(),
        clock.c.subject > after,
    )
    rows = work.connection.execute(query.order_by(clock.c.subject).limit(limit)).all()
    return [
        DayClock(row.subject, from_text(row.due_at), RetentionRule(row.rule), bool(row.held), row.subject in kept)
        for row in rows
    ]
