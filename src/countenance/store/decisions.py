# SPDX-License-Identifier: Apache-2.0
"""Rows of what reviewers decided in the last day: what may still be undone, and what each face was before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, insert, select, update

from countenance.clock import from_text, to_text
from countenance.ids import FaceId, PhotoId, SubjectId
from countenance.model.source import FaceRecord, FaceState
from countenance.store import photo_files, schema
from countenance.store.records import Transaction

UNDO = timedelta(days=1)
"""For so long a decision can be undone."""


class Decided(StrEnum):
    """What a reviewer did with a face."""

    ASSIGNED = "assigned"
    DISMISSED = "dismissed"
    SPLIT = "split"


@dataclass(frozen=True)
class Decision:
    """One decision.

    Attributes:
        state, reason, subject: what the face was before.
    """

    number: int
    face: FaceId
    photo: PhotoId
    decided: Decided
    at: datetime
    state: FaceState
    reason: str | None
    subject: SubjectId | None


def add(work: Transaction, reviewer: str, decided: Decided, before: FaceRecord, face: FaceId | None = None) -> None:
    """Remember a decision.

    Args:
        reviewer: the code of the account.
        before: the face as it was.
        face: its id now, where it has another.
    """
    work.connection.execute(
        insert(schema.face_decision).values(
            face=face or before.id,
            photo=before.photo,
            reviewer=reviewer,
            decision=decided.value,
            at=to_text(work.now),
            state=before.state.value,
            reason=before.reason,
            subject=before.subject,
        )
    )


def newest(work: Transaction, reviewer: str) -> Decision | None:
    """Return the last decision of a reviewer that is remembered."""
    table = schema.face_decision
    query = select(table).where(table.c.reviewer == reviewer).order_by(table.c.number.desc()).limit(1)
    row = work.connection.execute(query).first()
    if row is None:
        return None
    return Decision(
        row.number,
        row.face,
        row.photo,
        Decided(row.decision),
        from_text(row.at),
        FaceState(row.state),
        row.reason,
        row.subject,
    )


def forget(work: Transaction, number: int) -> None:
    """Delete one decision."""
    work.connection.execute(delete(schema.face_decision).where(schema.face_decision.c.number == number))


def rename(work: Transaction, face: FaceId, new: FaceId) -> None:
    """Let the decisions about a face be about the one that took its place."""
    table = schema.face_decision
    work.connection.execute(update(table).where(table.c.face == face).values(face=new))


def expire(work: Transaction) -> None:
    """Forget what can be undone no more, and delete previews and bytes of photos that only that still needed."""
    table = schema.face_decision
    old = table.c.at < to_text(work.now - UNDO)
    photos = list(work.connection.execute(select(table.c.photo).where(old).distinct()).scalars())
    if photos:
        work.connection.execute(delete(table).where(old))
    for photo in map(PhotoId, photos):
        photo_files.drop_unneeded(work, photo)
