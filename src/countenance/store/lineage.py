# SPDX-License-Identifier: Apache-2.0
"""Rows of what was made from people's faceprints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, func, insert, select, update

from countenance.clock import from_text, to_text
from countenance.errors import NotFound
from countenance.ids import ArtefactId, RunId, SubjectId
from countenance.model.lineage import Artefact, ArtefactKind
from countenance.store import schema
from countenance.store.records import Transaction


def add(work: Transaction, one: ArtefactId, kind: ArtefactKind, sha256: str, subjects: Iterable[SubjectId]) -> None:
    """Store a new artefact and whom it was made from."""
    work.connection.execute(
        insert(schema.artefact).values(id=one, kind=kind.value, sha256=sha256, made_at=to_text(work.now))
    )
    rows = [{"artefact": one, "subject": subject} for subject in sorted(set(subjects))]
    if rows:
        work.connection.execute(insert(schema.artefact_subject), rows)


def get(work: Transaction, one: ArtefactId) -> Artefact:
    """Return one artefact.

    Raises:
        NotFound: there is none of this id.
    """
    found = _read(work, schema.artefact.c.id == one)
    if not found:
        raise NotFound(f"no artefact {one}; `countenance lineage list` shows them")
    return found[0]


def by_sha256(work: Transaction, sha256: str) -> Artefact | None:
    """Return the artefact of these bytes, or None where none is known."""
    found = _read(work, schema.artefact.c.sha256 == sha256)
    return found[0] if found else None


def everything(work: Transaction) -> list[Artefact]:
    """Return all artefacts, oldest first."""
    return _read(work, schema.artefact.c.id.is_not(None))


def stale_by(work: Transaction, run: RunId) -> list[Artefact]:
    """Return what a destruction run made stale, oldest first."""
    table = schema.artefact_run
    return _read(work, schema.artefact.c.id.in_(select(table.c.artefact).where(table.c.run == run)))


def mark_stale(work: Transaction, subjects: Select[tuple[str]], run: RunId | None = None) -> list[ArtefactId]:
    """Mark what was made from these people as stale, for a run where one is given; return what was not so before."""
    table, hit = schema.artefact, _made_from(subjects)
    if run is not None:
        rows = [{"artefact": one, "run": run} for one in work.connection.execute(hit).scalars()]
        if rows:
            work.connection.execute(insert(schema.artefact_run).prefix_with("OR IGNORE"), rows)
    fresh = select(table.c.id).where(table.c.id.in_(hit), table.c.stale_at.is_(None), table.c.retired_at.is_(None))
    found = [ArtefactId(one) for one in work.connection.execute(fresh).scalars()]
    work.connection.execute(update(table).where(table.c.id.in_(found)).values(stale_at=to_text(work.now)))
    return found


def forget(work: Transaction, subject: SubjectId) -> None:
    """Delete a person from what artefacts were made from; they are stale from then on."""
    table = schema.artefact_subject
    mark_stale(work, select(table.c.subject).where(table.c.subject == subject))
    work.connection.execute(delete(table).where(table.c.subject == subject))


def retire(work: Transaction, one: ArtefactId) -> None:
    """Record that an artefact was given up."""
    table = schema.artefact
    work.connection.execute(update(table).where(table.c.id == one).values(retired_at=to_text(work.now)))


def _made_from(subjects: Select[tuple[str]]) -> Select[tuple[str]]:
    table = schema.artefact_subject
    return select(table.c.artefact).distinct().where(table.c.subject.in_(subjects))


def _read(work: Transaction, condition: ColumnElement[bool]) -> list[Artefact]:
    table, people = schema.artefact, schema.artefact_subject
    number = select(func.count()).where(people.c.artefact == table.c.id).scalar_subquery()
    query = select(table, number.label("subjects")).where(condition).order_by(table.c.made_at, table.c.id)
    return [_artefact(row) for row in work.connection.execute(query)]


def _artefact(row: Row[Any]) -> Artefact:
    return Artefact(
        id=row.id,
        kind=ArtefactKind(row.kind),
        sha256=row.sha256,
        made_at=from_text(row.made_at),
        subjects=row.subjects,
        stale_at=row.stale_at and from_text(row.stale_at),
        retired_at=row.retired_at and from_text(row.retired_at),
    )
