# SPDX-License-Identifier: Apache-2.0
"""What is known in memory of an ingest that runs: sums, pace, and what became of the last files."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path

from countenance.ids import PhotoId
from countenance.model.ingest import Job, JobState, Sums
from countenance.model.source import FaceState
from countenance.services.ingest import IngestSummary, PhotoOutcome

OUTCOMES = 20_000
"""Of one job, the last; some 10 MB."""
_RATE_OVER_S = 20.0


@dataclass(frozen=True)
class FileOutcome:
    """What became of one file.

    Attributes:
        number: of the file in its job, from 1.
        name: relative to the job's folder; empty where its photo was destroyed since.
        marks: what it can be filtered by: `new`, `known`, `left_out`, `encoded`, `waiting`, and every reason code.
        waiting: how many of its faces wait for a reviewer.
    """

    number: int
    name: str
    photo: PhotoId | None
    reason: str | None
    detail: str
    faces: int
    references: int
    bystanders: int
    waiting: int
    marks: tuple[str, ...]


@dataclass
class Live:
    """What is known of a job in memory.

    Attributes:
        base: the folder that names are relative to.
        stop: the state that the job is to end in, once somebody asked it to end.
        noted: when its row was last written, on the monotonic clock.
        pace: moments, on the monotonic clock, each with how many files were done.
    """

    job: Job
    base: Path | None = None
    summary: IngestSummary = field(default_factory=IngestSummary)
    outcomes: deque[FileOutcome] = field(default_factory=lambda: deque(maxlen=OUTCOMES))
    stop: JobState | None = None
    thread: threading.Thread | None = None
    noted: float = 0.0
    pace: deque[tuple[float, int]] = field(default_factory=deque)

    def add(self, outcome: PhotoOutcome) -> FileOutcome:
        """Count a file and remember what became of it."""
        self.summary.add(outcome)
        now = time.monotonic()
        self.pace.append((now, self.summary.photos))
        while now - self.pace[0][0] > _RATE_OVER_S:
            self.pace.popleft()
        found = _outcome(self.summary.photos, outcome, self.base)
        self.outcomes.append(found)
        return found

    def shown(self) -> Job:
        """Return the job as it stands."""
        job = replace(self.job, sums=sums_of(self.summary), total=max(self.job.total, self.summary.photos))
        if job.state is not JobState.RUNNING or len(self.pace) < 2:
            return job
        (first, before), (last, now) = self.pace[0], self.pace[-1]
        rate = (now - before) / max(last - first, 1e-3)
        left = job.total - now
        return replace(job, per_second=rate, seconds_left=round(left / rate) if rate and left > 0 else None)


def sums_of(one: IngestSummary) -> Sums:
    """Return sums as they are stored."""
    skipped = dict(sorted(one.skipped.items()))
    return Sums(one.photos, one.new, one.faces, one.references, one.bystanders, one.waiting, skipped)


def taken_up(job: Job) -> Live:
    """Return what is known in memory of a job that another process began."""
    live = Live(job)
    one = job.sums
    live.summary = IngestSummary(one.photos, one.new, one.faces, one.references, one.bystanders, one.waiting)
    live.summary.skipped.update(one.skipped)
    return live


def _outcome(number: int, outcome: PhotoOutcome, base: Path | None) -> FileOutcome:
    path, states = outcome.path, [face.state for face in outcome.faces]
    reasons = [outcome.reason, *(face.reason for face in outcome.faces), "no_face_there" if outcome.unplaced else None]
    kind = "left_out" if outcome.reason else "known" if outcome.known else "new"
    references, waiting = states.count(FaceState.REFERENCE), states.count(FaceState.WAITING)
    marks = [kind, *(["encoded"] if references else []), *(["waiting"] if waiting else []), *filter(None, reasons)]
    inside = base is not None and path.is_relative_to(base)
    return FileOutcome(
        number=number,
        name=str(path.relative_to(base)) if base is not None and inside else path.name,
        photo=outcome.photo,
        reason=outcome.reason,
        detail=outcome.detail,
        faces=len(states),
        references=references,
        bystanders=states.count(FaceState.BYSTANDER),
        waiting=waiting,
        marks=tuple(dict.fromkeys(marks)),
    )
