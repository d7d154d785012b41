# SPDX-License-Identifier: Apache-2.0
"""Rows of sources whose permission was withdrawn."""

from __future__ import annotations

from sqlalchemy import update

from countenance import canonical
from countenance.clock import to_text
from countenance.ids import SourceId
from countenance.store import schema
from countenance.store.records import Transaction


def revoke_source(work: Transaction, source: SourceId, *, by: str, reason: str) -> None:
    """Record that the permission of a source is withdrawn; from now on the database takes no photo of it."""
    record = canonical.encode({"by": by, "reason": reason})
    values = {"revoked_at": to_text(work.now), "sealed_revocation": work.seal(source, record, "source.revocation")}
    work.connection.execute(update(schema.source).where(schema.source.c.id == source).values(values))
