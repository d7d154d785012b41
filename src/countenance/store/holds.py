# SPDX-License-Identifier: Apache-2.0
"""Rows of legal holds, of the people under them, and of their references, which no search reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, insert, select, update

from countenance.clock import from_text, to_text
from countenance.errors import NotFound
from countenance.ids import HoldId, ReferenceId, SubjectId
from countenance.model.destruction import Hold, HoldBasis
from countenance.store import schema
from countenance.store.keyring import LOG_KEY
from countenance.store.records import Transaction

_AT_ONCE = 10_000  # ids in one statement; SQLite takes 32,766


def add(work: Transaction, hold: Hold) -> None:
    """Store a new hold."""
    work.connection.execute(
        insert(schema.hold).values(
            id=hold.id,
            subject=hold.subjects[0] if len(hold.subjects) == 1 else None,
            basis=hold.basis.value,
            sealed_matter=work.seal(LOG_KEY, hold.matter.encode(), f"hold.matter:{hold.id}"),
            sealed_placed_by=work.seal(LOG_KEY, hold.placed_by.encode(), f"hold.placed_by:{hold.id}"),
            placed_at=to_text(hold.placed_at),
            recipient=hold.recipient,
            review_every_days=hold.review_every_days,
        )
    )
    rows = [{"hold": hold.id, "subject": one} for one in hold.subjects]
    work.connection.execute(insert(schema.hold_subject), rows)


def is_under(hold: HoldId) -> ColumnElement[bool]:
    """Return the condition on subjects that a hold is on them."""
    table = schema.hold_subject
    return schema.subject.c.id.in_(select(table.c.subject).where(table.c.hold == hold))


def freeze(work: Transaction, hold: HoldId) -> None:
    """Freeze the people under a hold; who is frozen already stays so since when that was."""
    table = schema.subject
    own = (is_under(hold), table.c.frozen_at.is_(None))
    work.connection.execute(update(table).where(*own).values(frozen_at=to_text(work.now)))


def vectors(work: Transaction, people: Iterable[str], encoder: str) -> dict[tuple[ReferenceId, SubjectId], bytes]:
    """Return the faceprints of an encoder that a hold kept of some people, unsealed as they were stored."""
    table, wanted = schema.escrow_reference, set(people)
    rows = work.connection.execute(select(table).where(table.c.encoder == encoder)).all()
    return {
        (row.id, row.subject): work.unseal(row.subject, row.sealed_vector, f"reference.vector:{row.id}")
        for row in rows
        if row.subject in wanted
    }


def references(work: Transaction) -> dict[ReferenceId, SubjectId]:
    """Return the references that lie in escrow, each with whose it is."""
    table = schema.escrow_reference
    return {row.id: row.subject for row in work.connection.execute(select(table.c.id, table.c.subject))}


def faces(work: Transaction) -> set[str]:
    """Return the faces whose references lie in escrow."""
    return set(work.connection.execute(select(schema.escrow_reference.c.face)).scalars())


def seal_references(work: Transaction, hold: HoldId) -> None:
    """Move the references of the people under a hold out of the gallery's table."""
    table, kept = schema.reference, schema.escrow_reference
    people = select(schema.hold_subject.c.subject).where(schema.hold_subject.c.hold == hold)
    names = [column.name for column in kept.c]
    rows = select(*(table.c[name] for name in names)).where(table.c.subject.in_(people))
    work.connection.execute(insert(kept).from_select(names, rows))
    work.connection.execute(delete(table).where(table.c.subject.in_(people)))


def keys_of(work: Transaction, hold: HoldId) -> set[str]:
    """Return whose keys go into the escrow of a hold: of its people, and of photos that show nobody else alive."""
    people = select(schema.hold_subject.c.subject).where(schema.hold_subject.c.hold == hold)
    face, photo = schema.face, schema.photo
    others = select(face.c.photo).where(
        face.c.state.in_(["reference", "waiting"]),
        face.c.subject.is_(None) | face.c.subject.not_in(people),
    )
    photos = select(photo.c.key).where(
        photo.c.id.in_(select(face.c.photo).where(face.c.subject.in_(people))), photo.c.id.not_in(others)
    )
    return {*work.connection.execute(people).scalars(), *work.connection.execute(photos).scalars()}


def lift(work: Transaction, hold: HoldId) -> None:
    """End a hold."""
    work.connection.execute(
        update(schema.hold).where(schema.hold.c.id == hold).values(lifted_at=to_text(work.now), sealed_lifted_by=None)
    )


def release(work: Transaction, hold: HoldId, people: Iterable[SubjectId]) -> None:
    """Let some people out of a hold; one that is on nobody any more has ended."""
    table, gone = schema.hold_subject, list(people)
    for start in range(0, len(gone), _AT_ONCE):
        some = table.c.subject.in_(gone[start : start + _AT_ONCE])
        work.connection.execute(delete(table).where(table.c.hold == hold, some))
    if work.connection.execute(select(table.c.subject).where(table.c.hold == hold)).first() is None:
        lift(work, hold)


def reviewed(work: Transaction, hold: HoldId) -> None:
    """Record that somebody looked whether a hold is still needed."""
    work.connection.execute(update(schema.hold).where(schema.hold.c.id == hold).values(reviewed_at=to_text(work.now)))


def asked_to_lift(work: Transaction, hold: HoldId) -> str | None:
    """Return who asked first for the end of a hold."""
    sealed = work.connection.execute(
        select(schema.hold.c.sealed_lifted_by).where(schema.hold.c.id == hold)
    ).scalar_one()
    return None if sealed is None else work.unseal(LOG_KEY, sealed, f"hold.lifted_by:{hold}").decode()


def ask_to_lift(work: Transaction, hold: HoldId, by: str) -> None:
    """Remember who asked first for the end of a hold."""
    sealed = work.seal(LOG_KEY, by.encode(), f"hold.lifted_by:{hold}")
    work.connection.execute(update(schema.hold).where(schema.hold.c.id == hold).values(sealed_lifted_by=sealed))


def get(work: Transaction, hold: HoldId) -> Hold:
    """Return one hold.

    Raises:
        NotFound: there is none of this id.
    """
    row = work.connection.execute(select(schema.hold).where(schema.hold.c.id == hold)).first()
    if row is None:
        raise NotFound(f"no hold {hold}; `countenance hold list` shows them")
    table = schema.hold_subject
    people = work.connection.execute(select(table.c.subject).where(table.c.hold == hold).order_by(table.c.subject))
    return _hold(work, row, list(people.scalars()))


def everyone(work: Transaction) -> list[Hold]:
    """Return all holds, oldest first."""
    people: dict[str, list[SubjectId]] = defaultdict(list)
    for row in work.connection.execute(select(schema.hold_subject).order_by(schema.hold_subject.c.subject)):
        people[row.hold].append(row.subject)
    rows = work.connection.execute(select(schema.hold).order_by(schema.hold.c.placed_at)).all()
    return [_hold(work, row, people[row.id]) for row in rows]


def held(work: Transaction) -> set[SubjectId]:
    """Return the subjects that are under a hold now."""
    return {row.subject for row in work.connection.execute(in_force())}


def in_force() -> Select[tuple[SubjectId]]:
    """Return the query for the subjects that are under a hold now."""
    table = schema.hold_subject
    return (
        select(table.c.subject)
        .join(schema.hold, schema.hold.c.id == table.c.hold)
        .where(schema.hold.c.lifted_at.is_(None))
    )


def _hold(work: Transaction, row: Row[Any], people: Sequence[SubjectId]) -> Hold:
    return Hold(
        id=row.id,
        subjects=tuple(people),
        basis=HoldBasis(row.basis),
        matter=work.unseal(LOG_KEY, row.sealed_matter, f"hold.matter:{row.id}").decode(),
        placed_by=work.unseal(LOG_KEY, row.sealed_placed_by, f"hold.placed_by:{row.id}").decode(),
        placed_at=from_text(row.placed_at),
        lifted_at=row.lifted_at and from_text(row.lifted_at),
        recipient=row.recipient,
        review_every_days=row.review_every_days,
        reviewed_at=row.reviewed_at and from_text(row.reviewed_at),
    )
