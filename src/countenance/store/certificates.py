# SPDX-License-Identifier: Apache-2.0
"""Rows of signed certificates of destruction; they are kept for ever."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from countenance.clock import from_text, to_text
from countenance.errors import NotFound
from countenance.ids import CertificateId, RunId, SubjectId
from countenance.model.destruction import Run, TargetKind
from countenance.store import runs, schema
from countenance.store.keyring import LOG_KEY
from countenance.store.records import Transaction


@dataclass(frozen=True)
class Issued:
    """A certificate, without its document."""

    id: CertificateId
    run: RunId
    title: str
    signed_at: datetime


def add(work: Transaction, one: CertificateId, run: RunId, title: str, document: bytes) -> None:
    """Store a signed certificate; one that is wrong is superseded by the next, never deleted."""
    work.connection.execute(
        insert(schema.certificate).values(
            id=one,
            run=run,
            signed_at=to_text(work.now),
            title=title,
            sealed_document=work.seal(LOG_KEY, document, f"certificate.document:{one}"),
        )
    )


def of_run(work: Transaction, run: RunId) -> list[tuple[CertificateId, str, bytes]]:
    """Return a run's certificates, oldest first: id, title, document."""
    table = schema.certificate
    query = select(table).where(table.c.run == run).order_by(table.c.signed_at)
    return [
        (row.id, row.title, work.unseal(LOG_KEY, row.sealed_document, f"certificate.document:{row.id}"))
        for row in work.connection.execute(query)
    ]


def everyone(work: Transaction) -> list[Issued]:
    """Return all certificates, newest first, without their documents."""
    table = schema.certificate
    query = select(table.c.id, table.c.run, table.c.signed_at, table.c.title).order_by(table.c.signed_at.desc())
    return [Issued(row.id, row.run, row.title, from_text(row.signed_at)) for row in work.connection.execute(query)]


def document(work: Transaction, one: CertificateId) -> bytes:
    """Return a signed certificate.

    Raises:
        NotFound: there is none of this id.
    """
    table = schema.certificate
    sealed = work.connection.execute(select(table.c.sealed_document).where(table.c.id == one)).scalar()
    if sealed is None:
        raise NotFound(f"no certificate {one}; `countenance destroy list` shows the runs that have one")
    return work.unseal(LOG_KEY, sealed, f"certificate.document:{one}")


def runs_about(work: Transaction, subject: SubjectId) -> list[Run]:
    """Return the destruction runs that a person is or was part of, or is held back from, oldest first."""
    target = schema.run_target
    kinds = (TargetKind.SUBJECT.value, TargetKind.HELD.value)
    query = select(target.c.run).where(target.c.id == subject, target.c.kind.in_(kinds))
    about = dict.fromkeys(work.connection.execute(query).scalars())
    return sorted((runs.get(work, RunId(run)) for run in about), key=lambda run: run.created_at)
