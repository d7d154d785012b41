# SPDX-License-Identifier: Apache-2.0
"""Finding people by what the operator calls them, and where each of them stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select

from countenance.ids import SubjectId
from countenance.model.consent import ConsentStatus
from countenance.model.event import EventTag
from countenance.model.subject import Subject
from countenance.policy.engine import best_release
from countenance.store import schema
from countenance.store import subjects as rows
from countenance.store.records import Records, Transaction


class Stands(StrEnum):
    """Where somebody stands with this operator."""

    GIVEN = "given"
    """A release is live."""
    NOT_SIGNED = "not_signed"
    ENDED = "ended"
    """A release was signed, and none is live."""
    FROZEN = "frozen"
    """Nobody finds this person: withdrawn, ordered, or under a hold."""


@dataclass(frozen=True)
class Person:
    """A subject with where this person stands.

    Attributes:
        until: when the live release ends.
        references: how many faceprints are held.
    """

    subject: Subject
    stands: Stands
    until: datetime | None
    references: int


class People:
    """The verb `find`."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def find(self, text: str = "", *, after: SubjectId | None = None, limit: int = 50) -> list[Person]:
        """Return people, those who were added last first; the look is logged.

        Args:
            text: only people whose label has each of these words in it, those that begin with it first; labels are
                sealed, so that each is opened for it.
            after: only people who come after this one; without a text.
        """
        with self._records.write() as work:
            found = _named(work, text, limit) if text.strip() else _newest(work, after, limit)
            work.log(EventTag.SUBJECTS_LISTED, subjects=len(found))
            return _standing(work, found)


def _named(work: Transaction, text: str, limit: int) -> list[Subject]:
    words = text.casefold().split()
    work.keyring.load_some(work.connection.execute(select(schema.subject.c.id)).scalars().all())
    found = [one for one in rows.everyone(work) if all(word in one.label.casefold() for word in words)]
    return sorted(found, key=lambda one: (not one.label.casefold().startswith(words[0]), one.label.casefold()))[:limit]


def _newest(work: Transaction, after: SubjectId | None, limit: int) -> list[Subject]:
    table = schema.subject
    query = select(table.c.id).order_by(table.c.created_at.desc(), table.c.id.desc()).limit(limit)
    at = after and work.connection.execute(select(table.c.created_at).where(table.c.id == after)).scalar()
    if at:
        query = query.where((table.c.created_at < at) | ((table.c.created_at == at) & (table.c.id < after)))
    ids = [SubjectId(one) for one in work.connection.execute(query).scalars()]
    there = rows.some(work, ids)
    return [there[one] for one in ids if one in there]


def _standing(work: Transaction, found: list[Subject]) -> list[Person]:
    ids = {one.id for one in found}
    signed = rows.releases(work, among=ids) if ids else {}
    table = schema.reference
    query = select(table.c.subject, func.count()).where(table.c.subject.in_(ids)).group_by(table.c.subject)
    held = {row[0]: row[1] for row in work.connection.execute(query)} if ids else {}
    people = []
    for one in found:
        own = signed.get(one.id, [])
        best = best_release(own, work.now)
        live = best is not None and best.status(work.now) is ConsentStatus.GIVEN
        stands = Stands.GIVEN if live else Stands.ENDED if own else Stands.NOT_SIGNED
        if one.frozen_at is not None:
            stands = Stands.FROZEN
        until = best.term_end if best is not None and stands is Stands.GIVEN else None
        people.append(Person(one, stands, until, held.get(one.id, 0)))
    return people
