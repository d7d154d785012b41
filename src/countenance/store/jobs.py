# SPDX-License-Identifier: Apache-2.0
"""Rows of ingests that a server runs. A folder may be named like a person: sealed, and kept until all is done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from countenance.clock import from_text, to_text
from countenance.errors import NotFound
from countenance.ids import JobId
from countenance.model.ingest import Job, JobKind, JobState, Sums
from countenance.store import schema
from countenance.store.keyring import LOG_KEY
from countenance.store.records import Transaction

KEPT = 200
"""Rows; older ones are deleted."""


def add(work: Transaction, job: Job, folder: Mapping[str, str] | None) -> None:
    """Store a new job, and delete those that are too old to be listed.

    Args:
        folder: what to take up again.
    """
    table = schema.ingest_job
    sealed = None if folder is None else work.seal(LOG_KEY, json.dumps(folder).encode(), _column(job.id))
    work.connection.execute(
        insert(table).values(
            id=job.id,
            kind=job.kind.value,
            state=job.state.value,
            source=job.source,
            started_by=job.started_by,
            ask=int(job.ask),
            sealed_folder=sealed,
            started_at=to_text(job.started_at),
            total=job.total,
            sums=json.dumps(asdict(job.sums)),
        )
    )
    old = select(table.c.id).order_by(table.c.started_at.desc(), table.c.id.desc()).offset(KEPT)
    work.connection.execute(delete(table).where(table.c.id.in_(list(work.connection.execute(old).scalars()))))


def note(work: Transaction, job: JobId, total: int, sums: Sums) -> None:
    """Write down how far a job is."""
    table = schema.ingest_job
    values = {"total": total, "sums": json.dumps(asdict(sums))}
    work.connection.execute(update(table).where(table.c.id == job).values(values))


def move(work: Transaction, job: JobId, state: JobState, problem: str | None = None) -> None:
    """Move a job to a state; one that is done forgets its folder."""
    table = schema.ingest_job
    ended = None if state is JobState.RUNNING else to_text(work.now)
    values: dict[str, Any] = {"state": state.value, "ended_at": ended, "problem": problem}
    if state is JobState.DONE:
        values["sealed_folder"] = None
    work.connection.execute(update(table).where(table.c.id == job).values(values))


def get(work: Transaction, job: JobId) -> Job:
    """Return a job.

    Raises:
        NotFound: there is none of this id, or it is too old.
    """
    row = work.connection.execute(select(schema.ingest_job).where(schema.ingest_job.c.id == job)).first()
    if row is None:
        raise NotFound(f"no ingest {job} is remembered")
    return _job(row)


def folder(work: Transaction, job: JobId) -> dict[str, str] | None:
    """Return what is to be taken up again; None where that was forgotten, or of an upload."""
    table = schema.ingest_job
    sealed = work.connection.execute(select(table.c.sealed_folder).where(table.c.id == job)).scalar()
    if sealed is None:
        return None
    found: dict[str, str] = json.loads(work.unseal(LOG_KEY, sealed, _column(job)))
    return found


def newest(work: Transaction, limit: int, before: JobId | None = None) -> list[Job]:
    """Return jobs, the newest first; those that were started before one where that is given."""
    table = schema.ingest_job
    query = select(table).order_by(table.c.started_at.desc(), table.c.id.desc()).limit(limit)
    if before is not None:
        at = to_text(get(work, before).started_at)
        query = query.where((table.c.started_at < at) | ((table.c.started_at == at) & (table.c.id < before)))
    return [_job(row) for row in work.connection.execute(query)]


def _column(job: JobId) -> str:
    return f"ingest_job.folder:{job}"


def _job(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        kind=JobKind(row.kind),
        state=JobState(row.state),
        source=row.source,
        started_by=row.started_by,
        ask=bool(row.ask),
        started_at=from_text(row.started_at),
        ended_at=row.ended_at and from_text(row.ended_at),
        total=row.total,
        sums=Sums(**json.loads(row.sums)),
        problem=row.problem,
    )
