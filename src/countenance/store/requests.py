# SPDX-License-Identifier: Apache-2.0
"""Rows of subjects' requests."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, insert, select, update

from countenance.clock import from_text, to_text
from countenance.errors import NotFound
from countenance.ids import FaceId, ReferenceId, RequestId, RunId, SubjectId
from countenance.model.destruction import RunState, TargetKind
from countenance.model.request import LOOKS, RequestKind, RequestOutcome, SubjectRequest, VerifiedBy
from countenance.model.source import FaceState
from countenance.store import photo_files, schema
from countenance.store import photos as photo_rows
from countenance.store.keyring import LOG_KEY
from countenance.store.records import Transaction


def add(work: Transaction, request: SubjectRequest) -> None:
    """Store a new request."""
    work.connection.execute(
        insert(schema.request).values(
            id=request.id,
            subject=request.subject,
            kind=request.kind.value,
            sealed_channel=work.seal(LOG_KEY, request.channel.encode(), f"request.channel:{request.id}"),
            verified_by=request.verified_by.value,
            opened_at=to_text(request.opened_at),
            ack_due=request.ack_due.isoformat(),
            due=request.due.isoformat(),
            first=int(request.first),
        )
    )


def get(work: Transaction, request: RequestId) -> SubjectRequest:
    """Return one request.

    Raises:
        NotFound: there is none of this id.
    """
    found = _read(work, schema.request.c.id == request)
    if not found:
        raise NotFound(f"no request {request}; `countenance request list` shows them")
    return found[0]


def everything(work: Transaction) -> list[SubjectRequest]:
    """Return all requests, oldest first."""
    return _read(work, schema.request.c.id.is_not(None))


def set_moment(work: Transaction, request: RequestId, column: str) -> None:
    """Record that something of a request happened now: `acknowledged_at`, or `answered_at`."""
    table = schema.request
    work.connection.execute(update(table).where(table.c.id == request).values({column: to_text(work.now)}))


def close(work: Transaction, request: RequestId, outcome: RequestOutcome, reason: str) -> None:
    """End a request; the reason is sealed."""
    table = schema.request
    sealed = work.seal(LOG_KEY, reason.encode(), f"request.reason:{request}")
    values = {"closed_at": to_text(work.now), "outcome": outcome.value, "sealed_reason": sealed}
    work.connection.execute(update(table).where(table.c.id == request).values(values))


def waiting(work: Transaction) -> set[SubjectId]:
    """Return the people of whom nothing is destroyed before their request is answered."""
    table = schema.request
    query = select(table.c.subject).where(
        table.c.first == 1,
        table.c.kind.in_([kind.value for kind in LOOKS]),
        table.c.answered_at.is_(None),
        table.c.closed_at.is_(None),
    )
    return set(work.connection.execute(query).scalars())


def runs_that_wait(work: Transaction, subject: SubjectId) -> list[RunId]:
    """Return the finished runs from which this person was kept back."""
    target, run = schema.run_target, schema.run
    query = select(run.c.id).where(
        run.c.id.in_(select(target.c.run).where(target.c.id == subject, target.c.kind == TargetKind.HELD.value)),
        run.c.state == RunState.CERTIFIED.value,
    )
    return list(work.connection.execute(query.order_by(run.c.created_at)).scalars())


def disown(work: Transaction, face: FaceId, subject: SubjectId) -> ReferenceId | None:
    """Take a face from a person: its reference is deleted, and nobody is asked about it again.

    Returns:
        The reference that it had.

    Raises:
        NotFound: it is no face of this person.
    """
    found = photo_rows.get_face(work, face)
    if found.subject != subject:
        raise NotFound(f"face {face} is not taken to be of {subject}; `countenance subject show` lists the faces")
    table = schema.reference
    work.connection.execute(delete(table).where(table.c.face == face))
    photo_rows.set_face(work, face, FaceState.DISMISSED, subject=None, reason=None)
    photo_files.drop_unneeded(work, found.photo)
    return found.reference


def _read(work: Transaction, condition: ColumnElement[bool]) -> list[SubjectRequest]:
    table = schema.request
    query = select(table).where(condition).order_by(table.c.opened_at, table.c.id)
    return [_request(work, row) for row in work.connection.execute(query)]


def _request(work: Transaction, row: Row[Any]) -> SubjectRequest:
    def moment(text: str | None) -> datetime | None:
        return None if text is None else from_text(text)

    return SubjectRequest(
        id=row.id,
        subject=row.subject,
        kind=RequestKind(row.kind),
        channel=work.unseal(LOG_KEY, row.sealed_channel, f"request.channel:{row.id}").decode(),
        verified_by=VerifiedBy(row.verified_by),
        opened_at=from_text(row.opened_at),
        ack_due=date.fromisoformat(row.ack_due),
        due=date.fromisoformat(row.due),
        first=bool(row.first),
        acknowledged_at=moment(row.acknowledged_at),
        answered_at=moment(row.answered_at),
        closed_at=moment(row.closed_at),
        outcome=row.outcome and RequestOutcome(row.outcome),
    )
