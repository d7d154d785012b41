# SPDX-License-Identifier: Apache-2.0
"""Rows of conflicts: two instruments that cannot both be met, and what counsel decided."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from countenance.clock import from_text, to_text
from countenance.errors import NotFound
from countenance.ids import ConflictId
from countenance.store import schema
from countenance.store.keyring import LOG_KEY
from countenance.store.records import Transaction


@dataclass(frozen=True)
class Conflict:
    """Two instruments about the same people that cannot both be met, for counsel to decide.

    Attributes:
        kind: `orders`, or `hold_basis` where a law file does not recognise the ground of a hold.
        one: an order, or the hold.
        other: the other order, or the key of the law file.
        people: how many are concerned.
        decision: which instrument prevails; None while it is open.
    """

    id: ConflictId
    kind: str
    one: str
    other: str
    people: int
    opened_at: datetime
    resolved_at: datetime | None
    decision: str | None


def add(work: Transaction, conflict: Conflict) -> None:
    """Store a new conflict."""
    work.connection.execute(
        insert(schema.conflict).values(
            id=conflict.id,
            kind=conflict.kind,
            one=conflict.one,
            other=conflict.other,
            people=conflict.people,
            opened_at=to_text(conflict.opened_at),
        )
    )


def everything(work: Transaction, *, of: str | None = None, only_open: bool = False) -> list[Conflict]:
    """Return conflicts, oldest first; those of one order or hold, and those that are open, where that is asked."""
    table = schema.conflict
    query = select(table).order_by(table.c.opened_at, table.c.id)
    if of is not None:
        query = query.where((table.c.one == of) | (table.c.other == of))
    if only_open:
        query = query.where(table.c.resolved_at.is_(None))
    return [
        Conflict(
            row.id,
            row.kind,
            row.one,
            row.other,
            row.people,
            from_text(row.opened_at),
            row.resolved_at and from_text(row.resolved_at),
            row.decision,
        )
        for row in work.connection.execute(query)
    ]


def get(work: Transaction, conflict: ConflictId) -> Conflict:
    """Return one conflict.

    Raises:
        NotFound: there is none of this id.
    """
    found = next((one for one in everything(work) if one.id == conflict), None)
    if found is None:
        raise NotFound(f"no conflict {conflict}; `countenance order status` of either order names it")
    return found


def proposal(work: Transaction, conflict: ConflictId) -> tuple[str, str, str] | None:
    """Return the decision that one person recorded: what prevails, by whom, why."""
    table = schema.conflict
    sealed = work.connection.execute(select(table.c.sealed_decision).where(table.c.id == conflict)).scalar()
    if sealed is None:
        return None
    prevails, by, why = json.loads(work.unseal(LOG_KEY, sealed, f"conflict.decision:{conflict}"))
    return prevails, by, why


def propose(work: Transaction, conflict: ConflictId, prevails: str, by: str, why: str) -> None:
    """Record a decision that a second person has to agree to."""
    sealed = work.seal(LOG_KEY, json.dumps([prevails, by, why]).encode(), f"conflict.decision:{conflict}")
    work.connection.execute(
        update(schema.conflict).where(schema.conflict.c.id == conflict).values(sealed_decision=sealed)
    )


def resolve(work: Transaction, conflict: ConflictId, prevails: str) -> None:
    """Close a conflict."""
    table = schema.conflict
    work.connection.execute(
        update(table).where(table.c.id == conflict).values(decision=prevails, resolved_at=to_text(work.now))
    )
