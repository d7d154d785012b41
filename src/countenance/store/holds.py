# SPDX-License-Identifier: Apache-2.0
"""Rows of legal holds."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, insert, select, update

from countenance.clock import from_text, to_text
from countenance.errors import NotFound
from countenance.ids import HoldId, SubjectId
from countenance.model.destruction import Hold, HoldBasis
from countenance.store import schema
from countenance.store.keyring import LOG_KEY
from countenance.store.records import Transaction


def add(work: Transaction, hold: Hold) -> None:
    """Store a new hold."""
    work.connection.execute(
        insert(schema.hold).values(
            id=hold.id,
            subject=hold.subject,
            basis=hold.basis.value,
            sealed_matter=work.seal(LOG_KEY, hold.matter.encode(), f"hold.matter:{hold.id}"),
            sealed_placed_by=work.seal(LOG_KEY, hold.placed_by.encode(), f"hold.placed_by:{hold.id}"),
            placed_at=to_text(hold.placed_at),
        )
    )


def lift(work: Transaction, hold: HoldId) -> None:
    """End a hold."""
    work.connection.execute(update(schema.hold).where(schema.hold.c.id == hold).values(lifted_at=to_text(work.now)))


def get(work: Transaction, hold: HoldId) -> Hold:
    """Return one hold.

    Raises:
        NotFound: there is none of this id.
    """
    row = work.connection.execute(select(schema.hold).where(schema.hold.c.id == hold)).first()
    if row is None:
        raise NotFound(f"no hold {hold}; `countenance hold list` shows them")
    return _hold(work, row)


def everyone(work: Transaction) -> list[Hold]:
    """Return all holds, oldest first."""
    rows = work.connection.execute(select(schema.hold).order_by(schema.hold.c.placed_at))
    return [_hold(work, row) for row in rows]


def held(work: Transaction) -> set[SubjectId]:
    """Return the subjects that are under a hold now."""
    query = select(schema.hold.c.subject).where(schema.hold.c.lifted_at.is_(None))
    return {SubjectId(row.subject) for row in work.connection.execute(query)}


def _hold(work: Transaction, row: Row[Any]) -> Hold:
    return Hold(
        id=row.id,
        subject=row.subject,
        basis=HoldBasis(row.basis),
        matter=work.unseal(LOG_KEY, row.sealed_matter, f"hold.matter:{row.id}").decode(),
        placed_by=work.unseal(LOG_KEY, row.sealed_placed_by, f"hold.placed_by:{row.id}").decode(),
        placed_at=from_text(row.placed_at),
        lifted_at=row.lifted_at and from_text(row.lifted_at),
    )
