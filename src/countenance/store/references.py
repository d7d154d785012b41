# SPDX-License-Identifier: Apache-2.0
"""Rows of references: storing them, and whose they are, so many at once that memory stays flat at any size."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import insert, select

from countenance.clock import to_text
from countenance.ids import FaceId, ReferenceId, ReleaseId, SubjectId
from countenance.model.faceprint import Faceprint
from countenance.store import schema
from countenance.store.records import Transaction

_CHUNK = 1000


@dataclass(frozen=True)
class NewReference:
    """A reference about to be stored."""

    id: ReferenceId
    face: FaceId
    subject: SubjectId
    release: ReleaseId
    faceprint: Faceprint


def add_references(work: Transaction, references: Iterable[NewReference]) -> None:
    """Seal and store faceprints.

    Raises:
        Refused: the database finds no live release for one of the subjects.
    """
    rows = [_row(work, reference) for reference in references]
    if rows:
        work.connection.execute(insert(schema.reference), rows)


def _row(work: Transaction, reference: NewReference) -> dict[str, Any]:
    vector = np.ascontiguousarray(reference.faceprint.vector, "<f4").view(np.uint8).data
    return {
        "id": reference.id,
        "face": reference.face,
        "subject": reference.subject,
        "release": reference.release,
        "encoder": reference.faceprint.encoder,
        "sealed_vector": work.seal(reference.subject, vector, f"reference.vector:{reference.id}"),
        "created_at": to_text(work.now),
    }


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
