# SPDX-License-Identifier: Apache-2.0
"""Whose the references are, so many at once that memory stays flat at any size."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from sqlalchemy import select

from countenance.ids import ReferenceId, SubjectId
from countenance.store import schema
from countenance.store.records import Transaction

_CHUNK = 1000


def subjects_of(work: Transaction, references: Collection[ReferenceId]) -> set[SubjectId]:
    """Return whose some references are, as far as they are still there."""
    table, wanted = schema.reference, list(references)
    query = select(table.c.subject)
    found: set[SubjectId] = set()
    for start in range(0, len(wanted), _CHUNK):
        found |= set(work.connection.execute(query.where(table.c.id.in_(wanted[start : start + _CHUNK]))).scalars())
    return found


def references_of(work: Transaction, encoder: str, subjects: Iterable[SubjectId]) -> dict[ReferenceId, SubjectId]:
    """Return the references of an encoder that some subjects have, each with whose it is."""
    table, wanted = schema.reference, list(subjects)
    query = select(table.c.id, table.c.subject).where(table.c.encoder == encoder)
    found: dict[ReferenceId, SubjectId] = {}
    for start in range(0, len(wanted), _CHUNK):
        rows = work.connection.execute(query.where(table.c.subject.in_(wanted[start : start + _CHUNK])))
        found.update((reference, subject) for reference, subject in rows)
    return found


def owners_of(work: Transaction, encoder: str) -> Iterator[list[SubjectId]]:
    """Yield the ids of the subjects who have references of an encoder, in order, so many at once."""
    table, last = schema.reference, ""
    while True:
        query = select(table.c.subject).where(table.c.encoder == encoder, table.c.subject > last)
        some = list(work.connection.execute(query.distinct().order_by(table.c.subject).limit(_CHUNK)).scalars())
        if not some:
            return
        yield some
        last = some[-1]
