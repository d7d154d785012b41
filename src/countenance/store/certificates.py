# SPDX-License-Identifier: Apache-2.0
"""Rows of signed certificates of destruction; they are kept for ever."""

from __future__ import annotations

from sqlalchemy import insert, select

from countenance.clock import to_text
from countenance.ids import CertificateId, RunId
from countenance.store import schema
from countenance.store.keyring import LOG_KEY
from countenance.store.records import Transaction


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
