# SPDX-License-Identifier: Apache-2.0
"""Ingests that a server runs: their kinds, their states, and what they add up to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from countenance.ids import AccountId, JobId, SourceId


class JobKind(StrEnum):
    """Where the photos of a job come from."""

    FOLDER = "folder"
    """A folder of this machine."""
    UPLOAD = "upload"
    """A browser sends them one by one."""


class JobState(StrEnum):
    """Where a job stands."""

    RUNNING = "running"
    """Photos are worked on; or, of an upload, more may come."""
    DONE = "done"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    """The server ended in the middle of it; it can be taken up again."""
    FAILED = "failed"
    """Something but a photo was wrong; it can be taken up again."""


RESUMABLE = frozenset({JobState.CANCELLED, JobState.INTERRUPTED, JobState.FAILED})


@dataclass(frozen=True)
class Sums:
    """What became of the files of a job so far; faces by what they are now.

    Attributes:
        new: files that were not known before.
        skipped: reason code to count, of files and of attributed faces.
    """

    photos: int
    new: int
    faces: int
    references: int
    bystanders: int
    waiting: int
    skipped: dict[str, int]


@dataclass(frozen=True)
class Job:
    """One ingest.

    Attributes:
        ask: faces that nobody named wait for a reviewer.
        folder: what it is called; None of an upload, and of a job that was done before the server was started.
        total: files in all, as far as that is known yet.
        problem: code of the error that ended it.
        per_second: files, lately; None where it does not run.
        seconds_left: at that rate.
    """

    id: JobId
    kind: JobKind
    state: JobState
    source: SourceId
    started_by: AccountId
    ask: bool
    started_at: datetime
    ended_at: datetime | None
    total: int
    sums: Sums
    problem: str | None = None
    folder: str | None = None
    per_second: float | None = None
    seconds_left: int | None = None
