# SPDX-License-Identifier: Apache-2.0
"""Ingest: walk files, hand each photo to enrolment, report each outcome. One bad photo never ends a batch.

Resumable and idempotent: a photo is known by a keyed digest of its content, and is one unit of work.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from countenance.errors import BadInput, BadManifest, BadPhoto, Busy, EncodingFailed, NotFound, NotWritable, Refused
from countenance.ids import PhotoId, SourceId, SubjectId
from countenance.model.event import EventTag
from countenance.model.source import Attribution, FaceState, Source
from countenance.policy.engine import Collection, deny_collection
from countenance.policy.set_back import deny_set_back
from countenance.ports.photos import DecodedPhoto, PhotoReader
from countenance.services.attribution import Claim, unplaced
from countenance.services.enrolment import Enrolments, FaceOutcome, Sighting
from countenance.services.law import LawBook
from countenance.services.manifest import ManifestLine, read_manifest
from countenance.store import photos as rows
from countenance.store import subjects as subject_rows
from countenance.store.keyring import TAG_KEY
from countenance.store.records import Records

MAX_FILE_BYTES = 64 * 2**20  # the reader's own cap; checked before a file is read into memory
_SUFFIXES = frozenset(".jpg .jpeg .jpe .jfif .png .webp .heic .heif .hif .avif .tif .tiff .gif".split())


@dataclass(frozen=True)
class PhotoOutcome:
    """What became of one file.

    Attributes:
        reason: why it was left out, a stable code; None where it was not.
        known: its content had been ingested before.
        faces: what became of each face that was looked at.
        unplaced: how many claims of manifest, metadata or folder meant no face that was found.
    """

    path: Path
    reason: str | None = None
    detail: str = ""
    known: bool = False
    faces: tuple[FaceOutcome, ...] = ()
    unplaced: int = 0


@dataclass
class IngestSummary:
    """The sums of one ingest.

    Attributes:
        photos: files looked at; `new` of them were not known.
        skipped: reason code to count, of files and of attributed faces.
        waiting: faces that a reviewer must decide on.
    """

    photos: int = 0
    new: int = 0
    faces: int = 0
    references: int = 0
    bystanders: int = 0
    waiting: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def add(self, outcome: PhotoOutcome) -> None:
        """Count one file."""
        self.photos += 1
        self.new += outcome.reason is None and not outcome.known
        self.faces += len(outcome.faces)
        states = Counter(face.state for face in outcome.faces)
        self.references += states[FaceState.REFERENCE]
        self.bystanders += states[FaceState.BYSTANDER]
        self.waiting += states[FaceState.WAITING]
        self.skipped.update(face.reason for face in outcome.faces if face.state is FaceState.SKIPPED and face.reason)
        if outcome.reason is not None:
            self.skipped[outcome.reason] += 1
        if outcome.unplaced:
            self.skipped["no_face_there"] += outcome.unplaced


Progress = Callable[[PhotoOutcome, int, int], None]
"""Called after each file with its outcome, the number of files done and the number of files in all."""


@dataclass(frozen=True)
class _Claims:
    """What is said about photos from outside of them."""

    manifest: Mapping[Path, Sequence[ManifestLine]]
    labels: Mapping[str, Sequence[SubjectId]]
    subjects: frozenset[SubjectId]

    def about(self, path: Path, photo: DecodedPhoto) -> tuple[Claim, ...]:
        """Return every claim about a photo.

        Raises:
            BadManifest: a box of the manifest reaches outside of it.
        """
        claims: list[Claim] = []
        for line in self.manifest.get(path.resolve(), ()):
            line.check(photo.full_size)
            claims.append(line.claim)
        for region in photo.regions:
            found = self.labels.get(region.name.casefold(), ())
            if len(found) == 1:
                claims.append(Claim(found[0], Attribution.METADATA, region.box))
        folder = path.resolve().parent.name
        declared = [SubjectId(folder)] if folder in self.subjects else self.labels.get(folder.casefold(), ())
        if len(declared) == 1:
            claims.append(Claim(declared[0], Attribution.SOLE_FACE))
        return tuple(claims)


class Ingest:
    """The verb `ingest` on files and folders."""

    def __init__(
        self,
        records: Records,
        law: LawBook,
        reader: PhotoReader,
        enrolments: Callable[[], Enrolments],
        lock: Path,
    ) -> None:
        self._records = records
        self._law = law
        self._reader = reader
        self._enrolments = enrolments
        self._lock = lock
        self._tag_key = records.keyring.key(TAG_KEY)

    def run(
        self,
        source: SourceId,
        paths: Sequence[Path],
        *,
        manifest: Path | None = None,
        jobs: int = 1,
        progress: Progress | None = None,
    ) -> IngestSummary:
        """Ingest files and folders, recursively, and return the sums.

        Args:
            manifest: CSV of who is in which photo; see `services.manifest`.
            jobs: photos worked on at once, at least 1.

        Raises:
            NotFound: no such source or path.
            BadManifest: the manifest has errors; nothing was ingested.
            Refused: there is no public policy yet; logged, nothing was ingested.
            Busy: another ingest runs on this data directory.
            DataDirectoryError, ModelError: the data directory or the face models fail; what was done stays.
        """
        if jobs < 1:
            raise BadInput("--jobs must be at least 1")
        started = time.perf_counter()
        summary = IngestSummary()
        origin = self._permitted(source)
        with self._records.read() as work:
            subjects = subject_rows.everyone(work)
        ids, labels = [s.id for s in subjects], subject_rows.labels(subjects)
        lines = {} if manifest is None else read_manifest(manifest, ids, labels)
        claims = _Claims(lines, labels, frozenset(ids))
        files = list(find_files(paths))
        with self._exclusive(), self._records.kept_open():
            for outcome in self._outcomes(files, origin, claims, jobs):
                summary.add(outcome)
                if progress is not None:
                    progress(outcome, summary.photos, len(files))
        summary.seconds = time.perf_counter() - started
        return summary

    def content_tag(self, data: bytes) -> bytes:
        """Return the keyed digest that a file's content is known by in this data directory."""
        return hmac.digest(self._tag_key, hashlib.sha256(data).digest(), "sha256")

    def _permitted(self, source: SourceId) -> Source:
        """Return the source, if its photos may be looked through at all."""
        with self._records.write() as work:
            origin = rows.get_source(work, source)
            policy = subject_rows.current_policy(work)
            facts = Collection(work.now, origin, None if policy is None else policy.published_at)
            denial = deny_set_back(work.behind) or deny_collection(facts, self._law.of_bystander([origin]))
            if denial is None:
                return origin
            work.log(EventTag.INGEST_DENIED, source=source, rule=denial.rule_id)
        raise Refused(denial.rule_id, denial.reason, denial.citation)

    def _outcomes(self, files: Sequence[Path], source: Source, claims: _Claims, jobs: int) -> Iterator[PhotoOutcome]:
        """Yield outcomes in the order of the files, with at most a few photos in memory."""
        enrolments = self._enrolments() if files else None
        pending: deque[Future[PhotoOutcome]] = deque()
        with ThreadPoolExecutor(jobs, thread_name_prefix="ingest") as pool:
            try:
                for path in files:
                    if len(pending) >= 2 * jobs:
                        yield pending.popleft().result()
                    pending.append(pool.submit(self._one, path, source, claims, enrolments))
                while pending:
                    yield pending.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _one(self, path: Path, source: Source, claims: _Claims, enrolments: Enrolments | None) -> PhotoOutcome:
        if enrolments is None:
            raise RuntimeError("made before the first file")
        try:
            data = _read(path)
            tag = self.content_tag(data)
            known = self._known(tag, source, manifested=path.resolve() in claims.manifest)
            if known is not None and not known.may_have_news:
                return PhotoOutcome(path, known=True)
            photo = self._reader.read(data)
            sighting = Sighting(str(path.resolve()), tag, photo, source, claims.about(path, photo))
            if known is None:
                faces = enrolments.add(sighting)
                if faces is None:
                    return PhotoOutcome(path, known=True)
                lost = unplaced([face.box for face in faces], sighting.claims)
                return PhotoOutcome(path, faces=tuple(faces), unplaced=lost)
            return PhotoOutcome(path, known=True, faces=tuple(enrolments.again(known.photo, sighting)))
        except (BadPhoto, BadManifest, EncodingFailed) as error:
            reason = error.reason if isinstance(error, BadPhoto) else error.code
            with self._records.write() as work:
                work.log(EventTag.PHOTO_SKIPPED, source=source.id, reason=reason)
            return PhotoOutcome(path, reason=reason, detail=str(error))

    def _known(self, tag: bytes, source: Source, *, manifested: bool) -> _Known | None:
        with self._records.read() as work:
            photo = rows.find_by_content(work, tag)
            if photo is None:
                return None
            linked = source.id in {s.id for s in rows.sources_of(work, photo)}
            news = rows.may_have_news(work, photo) or (manifested and bool(rows.undecided(work, photo)))
        if not linked:
            with self._records.write() as work:
                rows.link_source(work, photo, source.id)
        return _Known(photo, news)

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        try:
            lock = os.open(self._lock, os.O_WRONLY | os.O_CREAT, 0o600)
        except OSError as error:
            raise NotWritable(f"the data directory cannot be written: {error.strerror}") from error
        with os.fdopen(lock):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Busy("another ingest runs on this data directory; wait for it to finish") from error
            yield


@dataclass(frozen=True)
class _Known:
    """A photo that was ingested before, and whether looking at it again may change something."""

    photo: PhotoId
    may_have_news: bool


def find_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files that were named, and from folders every photo by its suffix, in a stable order.

    Hidden files and folders are passed over; links to folders are not followed.

    Raises:
        NotFound: a path does not exist.
    """
    for path in paths:
        if path.is_file():
            yield path
        elif path.is_dir():
            for folder, folders, names in os.walk(path):
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                for name in sorted(names):
                    if not name.startswith(".") and Path(name).suffix.lower() in _SUFFIXES:
                        yield Path(folder, name)
        else:
            raise NotFound(f"there is no file or folder {path}")


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():  # a pipe would be waited on for ever
            raise BadPhoto("unreadable", "this is not a file, or a link to none")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise BadPhoto("too_many_bytes", f"the file is larger than {MAX_FILE_BYTES >> 20} MiB; make it smaller")
        return path.read_bytes()
    except OSError as error:
        raise BadPhoto("unreadable", f"the file cannot be read: {error.strerror}") from error
