# SPDX-License-Identifier: Apache-2.0
"""Rows of requests that must not be carried out twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from countenance.clock import to_text
from countenance.store import schema_server
from countenance.store.records import Transaction

_TABLE = schema_server.once


@dataclass(frozen=True)
class First:
    """What is remembered of the first request with a key.

    Attributes:
        status: its HTTP status; None while it runs, or where it was cut off.
        location: path of what it made.
    """

    fingerprint: str
    status: int | None
    location: str | None


def find(work: Transaction, id_: str) -> First | None:
    """Return what is remembered under an id."""
    row = work.connection.execute(select(_TABLE).where(_TABLE.c.id == id_)).first()
    return None if row is None else First(row.fingerprint, row.status, row.location)


def begin(work: Transaction, id_: str, fingerprint: str) -> None:
    """Remember that a request is being carried out."""
    work.connection.execute(insert(_TABLE).values(id=id_, fingerprint=fingerprint, at=to_text(work.now)))


def end(work: Transaction, id_: str, status: int, location: str | None) -> None:
    """Remember how it ended."""
    work.connection.execute(update(_TABLE).where(_TABLE.c.id == id_).values(status=status, location=location))


def forget(work: Transaction, id_: str) -> None:
    """Let it be tried again."""
    work.connection.execute(delete(_TABLE).where(_TABLE.c.id == id_))


def forget_before(work: Transaction, moment: datetime) -> None:
    """Forget what is older."""
    work.connection.execute(delete(_TABLE).where(_TABLE.c.at < to_text(moment)))
