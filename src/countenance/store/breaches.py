# SPDX-License-Identifier: Apache-2.0
"""Rows of breaches, and who is concerned by one: counted by home, without a look at anything sealed."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, insert, select, true, update

from countenance.clock import from_text, to_text
from countenance.errors import NotFound
from countenance.ids import BreachId, SubjectId
from countenance.model.breach import Affected, Assessment, Breach, Exposed
from countenance.model.subject import AgeBand, Subject
from countenance.store import schema
from countenance.store.keyring import LOG_KEY
from countenance.store.records import Transaction


def homes(work: Transaction, *, found_only: bool) -> list[tuple[Subject, int]]:
    """Return one subject for each home (nobody in particular), and how many have it.

    Args:
        found_only: count those whom a search has found, and nobody else.
    """
    table = schema.subject
    found = table.c.id.in_(select(schema.search_candidate.c.subject)) if found_only else true()
    query = select(table.c.residency, func.count()).where(found).group_by(table.c.residency)
    return [(_nobody(tuple(json.loads(places)), work.now), count) for places, count in work.connection.execute(query)]


def _nobody(places: tuple[str, ...], now: datetime) -> Subject:
    return Subject(SubjectId(""), "", places, AgeBand.ADULT, None, now)


def add(work: Transaction, breach: Breach) -> None:
    """Store a new case."""
    told = breach.assessment
    work.connection.execute(
        insert(schema.breach).values(
            id=breach.id,
            exposed=json.dumps([one.value for one in told.exposed]),
            aware_at=to_text(told.aware_at),
            opened_at=to_text(breach.opened_at),
            affected=json.dumps([_fields(one) for one in told.affected]),
        )
    )


def get(work: Transaction, breach: BreachId) -> Breach:
    """Return one case.

    Raises:
        NotFound: there is none of this id.
    """
    found = _read(work, schema.breach.c.id == breach)
    if not found:
        raise NotFound(f"no breach {breach}; `countenance breach list` shows them")
    return found[0]


def everything(work: Transaction) -> list[Breach]:
    """Return all cases, oldest first."""
    return _read(work, schema.breach.c.id.is_not(None))


def close(work: Transaction, breach: BreachId, note: str) -> None:
    """End a case."""
    sealed = work.seal(LOG_KEY, note.encode(), f"breach.note:{breach}")
    values = {"closed_at": to_text(work.now), "sealed_note": sealed}
    work.connection.execute(update(schema.breach).where(schema.breach.c.id == breach).values(values))


def _read(work: Transaction, condition: ColumnElement[bool]) -> list[Breach]:
    rows = work.connection.execute(select(schema.breach).where(condition).order_by(schema.breach.c.opened_at))
    return [_breach(work, row) for row in rows]


def _breach(work: Transaction, row: Row[Any]) -> Breach:
    affected = tuple(
        Affected(
            packs=tuple(one["packs"]),
            people=one["people"],
            threshold=one["threshold"],
            regulator_due=one["regulator_due"] and from_text(one["regulator_due"]),
            individuals_due=from_text(one["individuals_due"]),
            citation=one["citation"],
        )
        for one in json.loads(row.affected)
    )
    exposed = tuple(Exposed(one) for one in json.loads(row.exposed))
    note = row.sealed_note
    return Breach(
        id=row.id,
        assessment=Assessment(exposed, from_text(row.aware_at), affected),
        opened_at=from_text(row.opened_at),
        closed_at=row.closed_at and from_text(row.closed_at),
        note=note and work.unseal(LOG_KEY, note, f"breach.note:{row.id}").decode(),
    )


def _fields(one: Affected) -> dict[str, object]:
    return {
        "packs": list(one.packs),
        "people": one.people,
        "threshold": one.threshold,
        "regulator_due": None if one.regulator_due is None else to_text(one.regulator_due),
        "individuals_due": to_text(one.individuals_due),
        "citation": one.citation,
    }
