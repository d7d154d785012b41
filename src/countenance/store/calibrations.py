# SPDX-License-Identifier: Apache-2.0
"""Rows of calibrations: what was measured here about how high strangers score. Shares over people, nothing of one."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import bindparam, insert, select

from countenance.clock import to_text
from countenance.store import lineage, schema
from countenance.store.records import Transaction

_OF = (  # made once: each search asks it
    select(schema.calibration.c.document, schema.calibration.c.sha256)
    .where(schema.calibration.c.encoder == bindparam("encoder"))
    .order_by(schema.calibration.c.made_at.desc(), schema.calibration.c.id)
)


def add(work: Transaction, one: str, encoder: str, sha256: str, document: str) -> None:
    """Store a calibration; `sha256` is of the document, by which its lineage is known."""
    work.connection.execute(
        insert(schema.calibration).values(
            id=one, encoder=encoder, sha256=sha256, document=document, made_at=to_text(work.now)
        )
    )


def fresh(work: Transaction, encoder: str) -> str | None:
    """Return the document of the newest calibration of an encoder that may be loaded; None where there is none."""
    return next((document for document, usable in _of(work, encoder) if usable), None)


def stale(work: Transaction, encoder: str) -> int:
    """Return how many calibrations of an encoder may not be loaded: somebody in them was destroyed."""
    return sum(not usable for _, usable in _of(work, encoder))


def _of(work: Transaction, encoder: str) -> Iterator[tuple[str, bool]]:
    for row in work.connection.execute(_OF, {"encoder": encoder}).all():
        artefact = lineage.by_sha256(work, row.sha256)
        yield row.document, artefact is None or artefact.state == "fresh"
