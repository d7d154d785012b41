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
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from countenance.errors import BadInput, BadManifest, BadPhoto, Busy, EncodingFailed, NotWritable, Refused
from countenance.ids import PhotoId, SourceId, SubjectId
from countenance.model.event import EventTag
from countenance.model.source import FaceState, Source
from countenance.model.subject import Subject
from countenance.policy.engine import Collection, deny_collection
from countenance.policy.set_back import deny_set_back
from countenance.ports.eyes import Eyes
from countenance.services.attribution import unplaced
from countenance.services.enrolment import Enrolments
from countenance.services.files import find_files, groups, read
from countenance.services.ingest_files import Claims, File, Look, plain_name
from countenance.services.law import LawBook
from countenance.services.manifest import read_manifest
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
        path: of the file; of an uploaded photo the name that it was given.
        photo: as which photo it is known now; None where it was left out.
        reason: why it was left out, a stable code; None where it was not.
        known: its content had been ingested before.
        faces: what became of each face that was looked at.
        unplaced: how many claims of manifest, metadata or folder meant no face that was found.
    """

    path: Path
    photo: PhotoId | None = None
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
        ask: bool = False,
        progress: Progress | None = None,
    ) -> IngestSummary:
        """Ingest files and folders, recursively, and return the sums.

        Args:
            manifest: CSV of who is in which photo; see `services.manifest`.
            jobs: photos worked on at once, at least 1; by default one for each core.
            ask: a reviewer is asked about the faces that nobody named; else they are counted as bystanders.
            progress: what it raises ends the ingest; what was stored stays.

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
        origin = self.permitted(source)
        subjects = self._everyone()
        named = [s.id for s in subjects], subject_rows.labels(subjects)
        lines = {} if manifest is None else read_manifest(manifest, *named)
        claims = Claims(lambda: subjects, manifest=lines, ask=ask)
        files = list(find_files(paths))
        with (
            self._exclusive(),
            self._records.kept_open(),
            closing(self._outcomes(files, origin, claims, jobs)) as outcomes,
        ):
            for outcome in outcomes:
                summary.add(outcome)
                if progress is not None:
                    progress(outcome, summary.photos, len(files))
        summary.seconds = time.perf_counter() - started
        return summary

    def one(
        self, source: SourceId, data: bytes, *, name: str = "", subject: SubjectId | None = None, ask: bool = False
    ) -> PhotoOutcome:
        """Ingest one photo that lies in no file, beside whatever else is being ingested.

        Its bytes are kept, sealed under the photo's own key, as long as a face in it is a reference or waits.

        Args:
            name: what it is called; its last part is kept with it, sealed.
            subject: the one person whom it is said to show, as somebody's own picture does.
            ask: as for `run`.

        Raises:
            NotFound: no such source or subject.
            Refused: there is no public policy, or the source's permission does not hold; logged.
            DataDirectoryError, ModelError: the data directory or the face models fail; nothing was stored.
        """
        origin = self.permitted(source)
        if subject is not None:
            with self._records.read() as work:
                subject_rows.get(work, subject)
        claims = Claims(self._everyone, only=subject, ask=ask)
        with self._records.read() as work:
            new = File(plain_name(name), None, self.content_tag(data), data)
            file = self._known(work, new, origin, claims)
        with ThreadPoolExecutor(1, thread_name_prefix="look") as lookers:
            if file.may_have_news:
                file.seen = Look(self._looking(), lookers).at(data)
            (outcome,) = self._settle([file], origin, claims, self._enrolments(1))
        return outcome

    def content_tag(self, data: bytes) -> bytes:
        """Return the keyed digest that a file's content is known by in this data directory."""
        return hmac.digest(self._tag_key, hashlib.sha256(data).digest(), "sha256")

    def _everyone(self) -> list[Subject]:
        with self._records.read() as work:
            return subject_rows.everyone(work)

    def permitted(self, source: SourceId) -> Source:
        """Return the source, if its photos may be looked through at all.

        Raises:
            NotFound: no such source.
            Refused: there is no public policy, or the source's permission does not hold; logged.
        """
        with self._records.write() as work:
            origin = rows.get_source(work, source)
            policy = subject_rows.current_policy(work)
            facts = Collection(work.now, origin, None if policy is None else policy.published_at)
            denial = deny_set_back(work.behind) or deny_collection(facts, self._law.of_bystander([origin]))
            if denial is None:
                return origin
            work.log(EventTag.INGEST_DENIED, source=source, rule=denial.rule_id)
        raise Refused(denial.rule_id, denial.reason, denial.citation)

    def _outcomes(self, files: Sequence[Path], source: Source, claims: Claims, jobs: int) -> Generator[PhotoOutcome]:
        """Yield outcomes in the order of the files.

        A group of photos is one unit of work. The next groups are read and looked at meanwhile, so that a bounded
        number of files is in memory. A few photos are looked at in this process, and stored one by one.
        """
        if not files:
            return
        many = len(files) >= MANY
        with (
            ThreadPoolExecutor(jobs, thread_name_prefix="look") as lookers,
            ThreadPoolExecutor(1, thread_name_prefix="read") as reader,
            self._crowd(jobs) if many else nullcontext(self._looking()) as eyes,
        ):
            look = Look(eyes, lookers)
            enrolments = self._enrolments(jobs)
            ahead: deque[Future[list[File]]] = deque()
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

    def _begin(self, group: Sequence[Path], source: Source, claims: Claims, look: Look) -> list[File]:
        """Read files, and let somebody look at those that may bring news."""
        begun: list[File] = []
        with self._records.read() as work:
            for path in group:
                try:
                    data = read(path)
                except BadPhoto as error:
                    begun.append(File(path, path, error=error))
                    continue
                file = self._known(work, File(path, path, self.content_tag(data)), source, claims)
                if file.may_have_news:
                    file.seen = look.at(data)
                begun.append(file)
        return begun

    def _known(self, work: Transaction, file: File, source: Source, claims: Claims) -> File:
        """Return a file with what is known of its content."""
        photo = rows.by_content(work, [file.tag]).get(file.tag)
        if photo is None:
            return file
        open_faces = rows.undecided(work, photo)
        unnamed = claims.ask and any(face.state is FaceState.BYSTANDER for face in open_faces)
        news = rows.may_have_news(work, photo) or unnamed or (claims.speak_of(file) and bool(open_faces))
        linked = source.id in {s.id for s in rows.sources_of(work, photo)}
        return replace(file, known=photo, linked=linked, may_have_news=news)

    def _settle(
        self, group: Sequence[File], source: Source, claims: Claims, enrolments: Enrolments
    ) -> list[PhotoOutcome]:
        """Store what was seen in a group of files; return what became of each, in order."""
        self._link(group, source)
        outcomes: dict[int, PhotoOutcome] = {}
        new: dict[int, Sighting] = {}
        for number, file in enumerate(group):
            if not file.may_have_news:
                outcomes[number] = PhotoOutcome(file.name, file.known, known=True)
                continue
            try:
                photo = file.photo()
                said = claims.about(file, photo)
                sighting = Sighting(file.uri, file.tag, photo, source, said, claims.ask, file.data)
                if file.known is None:
                    new[number] = sighting
                else:
                    faces = tuple(enrolments.again(file.known, sighting))
                    outcomes[number] = PhotoOutcome(file.name, file.known, known=True, faces=faces)
            except (BadPhoto, BadManifest, EncodingFailed) as error:
                outcomes[number] = self._left_out(file.name, source, error)
        added = self._add(enrolments, [*new.values()])
        with self._records.read() as work:
            stored = rows.by_content(work, [sighting.content_tag for sighting in new.values()])
        for (number, sighting), faces_of in zip(new.items(), added, strict=True):
            photo_id = stored.get(sighting.content_tag)
            outcomes[number] = self._outcome(group[number].name, photo_id, sighting, faces_of)
        return [outcomes[number] for number in range(len(group))]

    def _outcome(
        self,
        path: Path,
        photo: PhotoId | None,
        sighting: Sighting,
        faces: list[FaceOutcome] | EncodingFailed | None,
    ) -> PhotoOutcome:
        if isinstance(faces, EncodingFailed):
            return self._left_out(path, sighting.source, faces)
        if faces is None:
            return PhotoOutcome(path, photo, known=True)
        lost = unplaced([face.box for face in faces], sighting.claims)
        return PhotoOutcome(path, photo, faces=tuple(faces), unplaced=lost)

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

    def _link(self, group: Sequence[File], source: Source) -> None:
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
