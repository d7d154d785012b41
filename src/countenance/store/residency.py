# SPDX-License-Identifier: Apache-2.0
"""Rows of residency facts: appended, never changed; a person's home is kept in short with the person."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Row, insert, select, update

from countenance.clock import from_text, to_text
from countenance.ids import SubjectId
from countenance.model.residency import Evidence, Residency, ResidencyFact
from countenance.store import schema
from countenance.store.records import Transaction


def add(work: Transaction, facts: Iterable[ResidencyFact], document_sha256: str | None = None) -> None:
    """Append facts.

    Args:
        document_sha256: of the paper that proves them; sealed.
    """
    for fact in facts:
        sealed = None
        if document_sha256 is not None:
            sealed = work.seal(fact.subject, bytes.fromhex(document_sha256), "residency_fact.document")
        work.connection.execute(
            insert(schema.residency_fact).values(
                subject=fact.subject,
                place=fact.place,
                since=None if fact.since is None else fact.since.isoformat(),
                until=None if fact.until is None else fact.until.isoformat(),
                evidence=fact.evidence.value,
                sealed_document=sealed,
                supersedes=fact.supersedes,
                recorded_at=to_text(fact.recorded_at),
            )
        )


def set_key(work: Transaction, subject: SubjectId, key: tuple[str, ...]) -> None:
    """Store what the choice of law needs with the person; see `Residency.key`."""
    table = schema.subject
    statement = update(table).where(table.c.id == subject).values(residency=json.dumps(list(key)))
    work.connection.execute(statement)


def of(work: Transaction, subject: SubjectId) -> Residency:
    """Return the facts of one subject, in the order recorded."""
    table = schema.residency_fact
    rows = work.connection.execute(select(table).where(table.c.subject == subject).order_by(table.c.number))
    return Residency(tuple(_fact(row) for row in rows))


def document_sha256(work: Transaction, fact: ResidencyFact) -> str | None:
    """Return the digest of the paper that proves a fact, in hexadecimal; None where none was named."""
    table = schema.residency_fact
    sealed = work.connection.execute(select(table.c.sealed_document).where(table.c.number == fact.number)).scalar_one()
    return None if sealed is None else work.unseal(fact.subject, sealed, "residency_fact.document").hex()


def _fact(row: Row[Any]) -> ResidencyFact:
    return ResidencyFact(
        number=row.number,
        subject=row.subject,
        place=row.place,
        since=row.since and date.fromisoformat(row.since),
        until=row.until and date.fromisoformat(row.until),
        evidence=Evidence(row.evidence),
        recorded_at=from_text(row.recorded_at),
        supersedes=row.supersedes,
    )
