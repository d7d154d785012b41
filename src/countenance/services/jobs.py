# SPDX-License-Identifier: Apache-2.0
"""Ingests that a server runs in the background: started, watched, cancelled, taken up again.

A job does not depend on whoever started it: a browser that loses its connection loses nothing. What a server that was
killed had begun is listed as interrupted. Which file became what is in memory alone, and of the last jobs alone: names
of files may name people, and no file on this disk shall keep them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from countenance.errors import BadInput, Busy, CountenanceError
from countenance.ids import AccountId, JobId, SourceId, new_id
from countenance.model.event import EventTag
from countenance.model.ingest import RESUMABLE, Job, JobKind, JobState
from countenance.services.ingest import Ingest, IngestSummary, PhotoOutcome
from countenance.services.job_progress import FileOutcome, Live, sums_of, taken_up
from countenance.services.photo_roots import PhotoRoots
from countenance.store import jobs as rows
from countenance.store import photos as photo_rows
from countenance.store.records import Records

REMEMBERED = 5
"""Jobs whose outcomes are in memory."""
_NOTE_EVERY_S = 1.0
_STOP_WAITS_S = 20.0


class _Stopped(Exception):
    """The job was asked to end."""


class Jobs:
    """Verbs on jobs: `start`, `open_upload`, `add`, `finish`, `cancel`, `resume`, `get`, `everything`, `outcomes`."""

    def __init__(self, records: Records, ingest: Callable[[], Ingest]) -> None:
        self._records = records
        self._ingest = ingest
        self._live: dict[JobId, Live] = {}
        self._lock = threading.RLock()

    def start(
        self, source: SourceId, roots: PhotoRoots, root: str, inside: str, *, by: AccountId, ask: bool = False
    ) -> Job:
        """Start to ingest a folder of this machine, in the background.

        Args:
            roots: the folders that this server may read.
            root, inside: which of them, and the folder in it.
            ask: faces that nobody named wait for a reviewer.

        Raises:
            NotFound: no such source or folder.
            BadInput: the folder lies outside of the roots.
            Refused: the source's permission does not hold; logged.
            Busy: another one runs.
        """
        folder = roots.folder(root, inside)
        self._ingest().permitted(source)
        with self._lock:
            self._one_at_a_time()
            job = self._new(JobKind.FOLDER, source, by, 0, {"root": root, "inside": inside}, ask=ask)
            live = self._remember(Live(replace(job, folder=_title(root, inside)), folder))
            self._run(live, lambda: roots.photos(root, inside))
            return live.shown()

    def open_upload(self, source: SourceId, *, by: AccountId, total: int = 0, ask: bool = False) -> Job:
        """Open a job that a browser sends photos to.

        Args:
            total: how many it means to send.

        Raises:
            NotFound: no such source.
            Refused: the source's permission does not hold; logged.
        """
        self._ingest().permitted(source)
        with self._lock:
            return self._remember(Live(self._new(JobKind.UPLOAD, source, by, total, None, ask=ask))).shown()

    def add(self, job: JobId, data: bytes, name: str) -> FileOutcome:
        """Ingest one photo of an upload; sent twice, it is known the second time.

        Raises:
            NotFound: no such job.
            BadInput: it takes no more photos.
            Refused: the source's permission was withdrawn; logged.
        """
        now = self.get(job)
        if now.kind is not JobKind.UPLOAD or now.state is not JobState.RUNNING:
            raise BadInput(f"ingest {job} takes no more photos; open another one")
        outcome = self._ingest().one(now.source, data, name=name, ask=now.ask)
        with self._lock:
            live = self._live.get(job) or self._remember(taken_up(now))
            found = live.add(outcome)
        self._note(live)
        return found

    def finish(self, job: JobId) -> Job:
        """Say that an upload is complete.

        Raises:
            NotFound: no such job.
            BadInput: it is not one that runs.
        """
        now = self.get(job)
        if now.kind is not JobKind.UPLOAD or now.state is not JobState.RUNNING:
            raise BadInput(f"ingest {job} is no upload that waits for photos")
        return self._end(self._live.get(job) or self._remember(taken_up(now)), JobState.DONE)

    def cancel(self, job: JobId) -> Job:
        """End a job; what was stored stays.

        Raises:
            NotFound: no such job.
            BadInput: it has ended.
        """
        now = self.get(job)
        if now.state not in (JobState.RUNNING, JobState.INTERRUPTED):
            raise BadInput(f"ingest {job} has ended: {now.state.value}")
        with self._lock:
            live = self._live.get(job) or self._remember(taken_up(now))
            if live.thread is None:
                return self._end(live, JobState.CANCELLED)
            live.stop = JobState.CANCELLED
        live.thread.join(_STOP_WAITS_S)
        return self.get(job)

    def resume(self, job: JobId, roots: PhotoRoots) -> Job:
        """Take up a folder again that was interrupted, cancelled or failed: what is known is passed over.

        Raises:
            NotFound: no such job, or the folder is not there any more.
            BadInput: it cannot be taken up again.
            Refused, Busy: as `start`.
        """
        now = self.get(job)
        with self._records.read() as work:
            folder = rows.folder(work, job)
        if now.state not in RESUMABLE or folder is None:
            raise BadInput(f"ingest {job} cannot be taken up again; start another one")
        root, inside = folder["root"], folder["inside"]
        base = roots.folder(root, inside)
        self._ingest().permitted(now.source)
        with self._lock:
            self._one_at_a_time()
            with self._records.write() as work:
                rows.move(work, job, JobState.RUNNING)
                work.log(EventTag.INGEST_STARTED, job=job, source=now.source, kind=now.kind.value)
            fresh = replace(now, state=JobState.RUNNING, ended_at=None, problem=None, folder=_title(root, inside))
            live = self._remember(Live(fresh, base))
            self._run(live, lambda: roots.photos(root, inside))
            return live.shown()

    def get(self, job: JobId) -> Job:
        """Return a job as it stands.

        Raises:
            NotFound: no such job is remembered.
        """
        with self._records.read() as work:
            return self._shown(rows.get(work, job))

    def everything(self, *, limit: int = 20, before: JobId | None = None) -> list[Job]:
        """Return jobs, the newest first.

        Args:
            before: only those that were started before this one.
        """
        with self._records.read() as work:
            return [self._shown(one) for one in rows.newest(work, limit, before)]

    def outcomes(self, job: JobId, *, mark: str | None = None, after: int = 0, limit: int = 100) -> list[FileOutcome]:
        """Return what became of files, in order, as far as that is still in memory.

        Args:
            mark: only files with this mark.
            after: only files of a higher number.

        Raises:
            NotFound: no such job is remembered.
        """
        self.get(job)
        with self._lock:
            live = self._live.get(job)
            kept = () if live is None else tuple(live.outcomes)
        found = [one for one in kept if one.number > after and mark in (None, *one.marks)][:limit]
        with self._records.read() as work:
            gone = {one.photo for one in found if one.photo is not None and not photo_rows.exists(work, one.photo)}
        return [replace(one, name="") if one.photo in gone else one for one in found]

    def remembers(self, job: JobId) -> bool:
        """Say whether the outcomes of a job are in memory."""
        return job in self._live

    def stop(self) -> None:
        """End what runs, so that it can be taken up again: the server ends."""
        with self._lock:
            threads = [live.thread for live in self._live.values() if live.thread is not None]
            for live in self._live.values():
                live.stop = live.stop or JobState.INTERRUPTED
        for thread in threads:
            thread.join(_STOP_WAITS_S)
        with self._records.write() as work:  # an upload goes on at the next server, and counts on from here
            for live in self._live.values():
                if live.job.state is JobState.RUNNING:
                    job = live.shown()
                    rows.note(work, job.id, job.total, job.sums)

    def _shown(self, job: Job) -> Job:
        """Return a stored job as it stands; who runs in no process has been interrupted, but an upload only waits."""
        with self._lock:
            live = self._live.get(job.id)
            if live is not None:
                return live.shown()
        if job.state is JobState.RUNNING and job.kind is JobKind.FOLDER:
            return replace(job, state=JobState.INTERRUPTED)
        return job

    def _one_at_a_time(self) -> None:
        if any(live.thread is not None and live.thread.is_alive() for live in self._live.values()):
            raise Busy("another ingest runs; wait for it to finish, or cancel it")

    def _new(
        self, kind: JobKind, source: SourceId, by: AccountId, total: int, folder: dict[str, str] | None, *, ask: bool
    ) -> Job:
        with self._records.write() as work:
            job = Job(
                id=JobId(new_id("job")),
                kind=kind,
                state=JobState.RUNNING,
                source=source,
                started_by=by,
                ask=ask,
                started_at=work.now,
                ended_at=None,
                total=total,
                sums=sums_of(IngestSummary()),
            )
            rows.add(work, job, folder)
            work.log(EventTag.INGEST_STARTED, job=job.id, source=source, kind=kind.value)
        return job

    def _remember(self, live: Live) -> Live:
        with self._lock:
            self._live[live.job.id] = live
            ended = [one for one, other in self._live.items() if other.job.state is not JobState.RUNNING]
            for one in ended[: max(0, len(self._live) - REMEMBERED)]:
                del self._live[one]
        return live

    def _run(self, live: Live, photos: Callable[[], tuple[Sequence[Path], Sequence[Path]]]) -> None:
        live.thread = threading.Thread(target=self._work, args=(live, photos), name=live.job.id, daemon=True)
        live.thread.start()

    def _work(self, live: Live, photos: Callable[[], tuple[Sequence[Path], Sequence[Path]]]) -> None:
        state, problem = JobState.FAILED, "crashed"

        def progress(outcome: PhotoOutcome, _done: int, _total: int) -> None:
            with self._lock:
                live.add(outcome)
            self._note(live)
            if live.stop is not None:
                raise _Stopped

        try:
            files, outside = photos()
            live.job = replace(live.job, total=len(files) + len(outside))
            self._leave_out(live, outside)
            self._ingest().run(live.job.source, files, ask=live.job.ask, progress=progress)
            state, problem = JobState.DONE, ""
        except _Stopped:
            state, problem = live.stop or JobState.CANCELLED, ""
        except CountenanceError as error:
            problem = error.code
        finally:
            self._end(live, state, problem or None)

    def _leave_out(self, live: Live, outside: Sequence[Path]) -> None:
        """Report links to files outside of the root; they are not read."""
        for path in outside:
            with self._records.write() as work:
                work.log(EventTag.PHOTO_SKIPPED, source=live.job.source, reason="outside")
            with self._lock:
                live.add(PhotoOutcome(path, reason="outside", detail="a link to a file outside of the folder"))

    def _note(self, live: Live) -> None:
        """Write down how far a job is, every second."""
        now = time.monotonic()
        if now - live.noted < _NOTE_EVERY_S:
            return
        live.noted = now
        with self._records.write() as work:
            job = live.shown()
            rows.note(work, job.id, job.total, job.sums)

    def _end(self, live: Live, state: JobState, problem: str | None = None) -> Job:
        with self._records.write() as work:
            job = live.shown()
            rows.note(work, job.id, job.total, job.sums)
            rows.move(work, job.id, state, problem)
            work.log(EventTag.INGEST_ENDED, job=job.id, state=state.value, problem=problem, sums=asdict(job.sums))
            ended_at = None if state is JobState.RUNNING else work.now
        with self._lock:
            live.job = replace(live.job, state=state, problem=problem, ended_at=ended_at, total=job.total)
            live.thread = None
            return live.shown()


def _title(root: str, inside: str) -> str:
    return f"{root}/{inside}".rstrip("/")
