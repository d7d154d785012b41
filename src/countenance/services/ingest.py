# SPDX-License-Identifier: Apache-2.0
"""Ingest: walk files, let somebody look at each photo, store what was seen, report each outcome.

One bad photo never ends a batch. Resumable and idempotent: a photo is known by a keyed digest of its content.
Pixels may be looked at in other processes, which hold no key; the records, the permits and the encoder stay here.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from countenance.errors import BadInput, BadManifest, BadPhoto, Busy, EncodingFailed, NotWritable, Refused
from countenance.ids import PhotoId, SourceId, SubjectId
from countenance.model.event import EventTag
from countenance.model.source import Attribution, FaceState, Source
from countenance.policy.engine import Collection, deny_collection
from countenance.policy.set_back import deny_set_back
from countenance.ports.eyes import Eyes, SeenPhoto
from countenance.services.attribution import Claim, unplaced
from countenance.services.enrolment import Enrolments
from countenance.services.files import find_files, groups, read
from countenance.services.law import LawBook
from countenance.services.manifest import ManifestLine, read_manifest
from countenance.services.sighting import FaceOutcome, Sighting
from countenance.store import photos as rows
from countenance.store import subjects as subject_rows
from countenance.store.keyring import TAG_KEY
from countenance.store.records import Records, Transaction

MANY = 16
"""From so many photos on, other processes look at them: starting one takes as long as looking at ten."""
_GROUP = 16  # photos in one unit of work: a permit is at most their encoding (0.1 s) older than its faceprint
_AHEAD = 3  # groups that are read and looked at before the one that is stored


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

    def about(self, path: Path, photo: SeenPhoto) -> tuple[Claim, ...]:
        """Return every claim about a photo at a resolved path.

        Raises:
            BadManifest: a box of the manifest reaches outside of it.
        """
        claims: list[Claim] = []
        for line in self.manifest.get(path, ()):
            line.check(photo.full_size)
            claims.append(line.claim)
        for region in photo.regions:
            found = self.labels.get(region.name.casefold(), ())
            if len(found) == 1:
                claims.append(Claim(found[0], Attribution.METADATA, region.box))
        folder = path.parent.name
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
        looking: Callable[[], Eyes],
        crowd: Callable[[int], AbstractContextManager[Eyes]],
        enrolments: Callable[[int], Enrolments],
        lock: Path,
    ) -> None:
        self._records = records
        self._law = law
        self._looking = looking
        self._crowd = crowd
        self._enrolments = enrolments
        self._lock = lock
        self._tag_key = records.keyring.key(TAG_KEY)

    def run(
        self,
        source: SourceId,
        paths: Sequence[Path],
        *,
        manifest: Path | None = None,
        jobs: int | None = None,
        progress: Progress | None = None,
    ) -> IngestSummary:
        """Ingest files and folders, recursively, and return the sums.

        Args:
            manifest: CSV of who is in which photo; see `services.manifest`.
            jobs: photos worked on at once, at least 1; by default one for each core.

        Raises:
            NotFound: no such source or path.
            BadManifest: the manifest has errors; nothing was ingested.
            Refused: there is no public policy yet; logged, nothing was ingested.
            Busy: another ingest runs on this data directory.
            DataDirectoryError, ModelError: the data directory or the face models fail; what was done stays.
        """
        jobs = jobs if jobs is not None else len(os.sched_getaffinity(0))
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
            for outcome in self._outcomes(files, origin, claims, jobs) if files else ():
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
        """Yield outcomes in the order of the files.

        A group of photos is one unit of work. The next groups are read and looked at meanwhile, so that a bounded
        number of files is in memory. A few photos are looked at in this process, and stored one by one.
        """
        many = len(files) >= MANY
        with (
            ThreadPoolExecutor(jobs, thread_name_prefix="look") as lookers,
            ThreadPoolExecutor(1, thread_name_prefix="read") as reader,
            self._crowd(jobs) if many else nullcontext(self._looking()) as eyes,
        ):
            look = _Look(eyes, lookers)
            enrolments = self._enrolments(jobs)
            ahead: deque[Future[list[_File]]] = deque()
            try:
                for group in groups(files, _GROUP if many else 1):
                    ahead.append(reader.submit(self._begin, group, source, claims, look))
                    if len(ahead) > (_AHEAD if many else 2 * jobs):
                        yield from self._settle(ahead.popleft().result(), source, claims, enrolments)
                while ahead:
                    yield from self._settle(ahead.popleft().result(), source, claims, enrolments)
            finally:  # before whoever looks is told to end
                reader.shutdown(wait=False, cancel_futures=True)
                lookers.shutdown(wait=False, cancel_futures=True)

    def _begin(self, group: Sequence[Path], source: Source, claims: _Claims, look: _Look) -> list[_File]:
        """Read files, and let somebody look at those that may bring news."""
        begun: list[_File] = []
        with self._records.read() as work:
            for path in group:
                try:
                    data = read(path)
                except BadPhoto as error:
                    begun.append(_File(path, error=error))
                    continue
                file = self._known(work, path, self.content_tag(data), source, claims)
                if file.may_have_news:
                    file.seen = look.at(data)
                begun.append(file)
        return begun

    def _known(self, work: Transaction, path: Path, tag: bytes, source: Source, claims: _Claims) -> _File:
        photo = rows.by_content(work, [tag]).get(tag)
        if photo is None:
            return _File(path, tag)
        manifested = path.resolve() in claims.manifest
        news = rows.may_have_news(work, photo) or (manifested and bool(rows.undecided(work, photo)))
        linked = source.id in {s.id for s in rows.sources_of(work, photo)}
        return _File(path, tag, known=photo, linked=linked, may_have_news=news)

    def _settle(
        self, group: Sequence[_File], source: Source, claims: _Claims, enrolments: Enrolments
    ) -> list[PhotoOutcome]:
        """Store what was seen in a group of files; return what became of each, in order."""
        self._link(group, source)
        outcomes: dict[int, PhotoOutcome] = {}
        new: dict[int, Sighting] = {}
        for number, file in enumerate(group):
            if not file.may_have_news:
                outcomes[number] = PhotoOutcome(file.path, known=True)
                continue
            try:
                photo, path = file.photo(), file.path.resolve()
                sighting = Sighting(str(path), file.tag, photo, source, claims.about(path, photo))
                if file.known is None:
                    new[number] = sighting
                else:
                    faces = tuple(enrolments.again(file.known, sighting))
                    outcomes[number] = PhotoOutcome(file.path, known=True, faces=faces)
            except (BadPhoto, BadManifest, EncodingFailed) as error:
                outcomes[number] = self._left_out(file.path, source, error)
        for (number, sighting), faces_of in zip(new.items(), self._add(enrolments, [*new.values()]), strict=True):
            outcomes[number] = self._outcome(group[number].path, sighting, faces_of)
        return [outcomes[number] for number in range(len(group))]

    def _outcome(
        self, path: Path, sighting: Sighting, faces: list[FaceOutcome] | EncodingFailed | None
    ) -> PhotoOutcome:
        if isinstance(faces, EncodingFailed):
            return self._left_out(path, sighting.source, faces)
        if faces is None:
            return PhotoOutcome(path, known=True)
        lost = unplaced([face.box for face in faces], sighting.claims)
        return PhotoOutcome(path, faces=tuple(faces), unplaced=lost)

    def _add(
        self, enrolments: Enrolments, sightings: Sequence[Sighting]
    ) -> list[list[FaceOutcome] | EncodingFailed | None]:
        """Store photos together; where one of them cannot be encoded, one by one."""
        if not sightings:
            return []
        try:
            return [*enrolments.add(sightings)]
        except EncodingFailed as error:
            if len(sightings) == 1:
                return [error]
        return [faces for sighting in sightings for faces in self._add(enrolments, [sighting])]

    def _left_out(self, path: Path, source: Source, error: BadPhoto | BadManifest | EncodingFailed) -> PhotoOutcome:
        reason = error.reason if isinstance(error, BadPhoto) else error.code
        with self._records.write() as work:
            work.log(EventTag.PHOTO_SKIPPED, source=source.id, reason=reason)
        return PhotoOutcome(path, reason=reason, detail=str(error))

    def _link(self, group: Sequence[_File], source: Source) -> None:
        """Note of known photos that they came from this source, too."""
        photos = [file.known for file in group if file.known is not None and not file.linked]
        if photos:
            with self._records.write() as work:
                rows.link_sources(work, [(photo, source.id) for photo in photos if rows.exists(work, photo)])

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


@dataclass
class _File:
    """A file on its way.

    Attributes:
        known: the photo that its content was ingested as before.
        linked: that photo is known to come from this source.
        may_have_news: looking at it may change something; it is being looked at.
        error: why it could not be read.
    """

    path: Path
    tag: bytes = b""
    known: PhotoId | None = None
    linked: bool = True
    may_have_news: bool = True
    seen: Future[SeenPhoto] | None = None
    error: BadPhoto | None = None

    def photo(self) -> SeenPhoto:
        """Return what was seen, when it was; once, so that its pixels live no longer than they are needed.

        Raises:
            BadPhoto: it could not be read, or shows no photo.
        """
        if self.seen is None:
            raise self.error or RuntimeError("nobody was asked to look")
        seen, self.seen = self.seen, None
        return seen.result()


@dataclass(frozen=True)
class _Look:
    """Whoever looks, and the threads that wait for it."""

    eyes: Eyes
    threads: ThreadPoolExecutor

    def at(self, data: bytes) -> Future[SeenPhoto]:
        return self.threads.submit(self.eyes.look, data)
