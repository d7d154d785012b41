# SPDX-License-Identifier: Apache-2.0
"""A small world around an engine: people with drawn faces, a client, a source, and what must not move."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from fake_pack import DrawnEncoder, face, photo, png

from countenance.bootstrap import Engine
from countenance.clock import SystemClock
from countenance.ids import ClientId, SourceId, SubjectId
from countenance.model.consent import Release
from countenance.model.destruction import RunState, Scope
from countenance.model.event import Event, EventTag
from countenance.model.face import Image
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.search import ProbeBasis, SearchResult
from countenance.model.source import FaceRecord, FaceState
from countenance.model.subject import Subject
from countenance.services.destruction import Finished
from countenance.services.ingest import IngestSummary, PhotoOutcome
from countenance.services.release_act import ReleaseTerms
from countenance.services.search import Request
from countenance.store import photos as photo_rows
from countenance.store.records import counts, events

DELIVERY = Purpose.PHOTO_DELIVERY
PRESENT = ProbeBasis.SUBJECT_PRESENT
OPERATOR = "ann.of.the.desk"
CUSTODIAN = "custodian.of.the.house"


class FakeClock:
    """A clock that starts at the real moment and goes forward by 10 ms whenever it is read.

    Raw SQL and triggers know the real time, so a test may only move forward.
    """

    def __init__(self) -> None:
        self.moment = datetime.now(UTC)

    def now(self) -> datetime:
        """Return the next moment."""
        self.moment += timedelta(milliseconds=10)
        return self.moment

    def tick(self, **step: float) -> None:
        """Go forward by a `timedelta` of these arguments."""
        self.moment += timedelta(**step)


@dataclass(frozen=True)
class State:
    """Everything that a refusal must leave as it was: rows but those of log and meter, keys, the gallery."""

    rows: dict[str, int]
    keys: frozenset[str]
    gallery: frozenset[str]


class World:
    """An engine, its directory, and shorthands for stories.

    Attributes:
        engine: on `data`; `reopen` makes a new one.
        photos: a folder for photo files.
    """

    def __init__(self, engine: Engine, photos: Path, clock: FakeClock | SystemClock) -> None:
        self.engine = engine
        self.data = engine.directory
        self.photos = photos
        self.clock = clock
        self._number = count(1)

    def reopen(self) -> Engine:
        """Open the data directory anew, as after a restart."""
        self.engine = Engine.open(self.data, clock=self.clock)
        return self.engine

    @property
    def encoder(self) -> DrawnEncoder:
        """The drawn encoder in use."""
        encoder = self.engine.pack.encoder
        assert isinstance(encoder, DrawnEncoder)
        return encoder

    def client(
        self,
        name: str = "Shop",
        kind: ClientKind = ClientKind.PHOTOGRAPHER,
        purposes: Iterable[Purpose] = (DELIVERY,),
    ) -> ClientId:
        """Add a vetted client."""
        return self.engine.register.add_client(name, kind=kind, purposes=purposes).id

    def source(
        self, bystander_basis: str | None = None, counsel: str | None = None, place: str | None = None
    ) -> SourceId:
        """Add a source with a permission."""
        return self.engine.register.add_source(
            "Gala", basis="contract", capture_place=place, bystander_basis=bystander_basis, counsel_opt_in=counsel
        ).id

    def person(self, label: str, residency: str = "US-IL") -> Subject:
        """Add a subject who has signed nothing yet."""
        return self.engine.subjects.add(label, residency=[residency])

    def sign(
        self,
        subject: SubjectId,
        *,
        clients: Iterable[ClientId] = (),
        kinds: Iterable[ClientKind] = (),
        purposes: Iterable[Purpose] = (DELIVERY,),
        days: int = 300,
    ) -> Release:
        """Deliver the notice and sign it."""
        if not (clients or kinds):
            kinds = (ClientKind.PHOTOGRAPHER,)
        terms = ReleaseTerms(frozenset(purposes), frozenset(clients), frozenset(kinds), days)
        return self.engine.subjects.sign(self.engine.subjects.deliver_notice(subject, terms), signer="N. N.")

    def photo(self, *faces: int | Image, name: str | None = None, xmp: bytes | None = None) -> Path:
        """Write a photo of drawn faces (their seeds) that no other photo of this world equals."""
        number = next(self._number)
        tiles = [face(tile, number) if isinstance(tile, int) else tile for tile in faces]
        path = self.photos / (name or f"{number:03}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(photo(*tiles, nothing=number % 256), xmp))
        return path

    def manifest(self, lines: Iterable[Sequence[object]]) -> Path:
        """Write a manifest: (photo, subject) or (photo, subject, number of the face)."""
        rows = ["photo,subject,x,y,w,h"]
        for path, subject, *at in lines:
            box = f"{int(str(at[0])) * 112 + 8},8,96,96" if at else ",,,"
            rows.append(f"{path},{subject},{box}")
        path = self.photos / f"manifest-{next(self._number)}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(rows) + "\n")
        return path

    def ingest(
        self, source: SourceId, *paths: Path, manifest: Iterable[Sequence[object]] | None = None, jobs: int = 1
    ) -> tuple[IngestSummary, list[PhotoOutcome]]:
        """Ingest photos; return the sums and each outcome."""
        outcomes: list[PhotoOutcome] = []
        summary = self.engine.ingest.run(
            source,
            paths,
            manifest=None if manifest is None else self.manifest(manifest),
            jobs=jobs,
            progress=lambda outcome, _done, _total: outcomes.append(outcome),
        )
        return summary, outcomes

    def enrol(self, source: SourceId, subject: SubjectId, seed: int, photos: int = 1) -> list[Path]:
        """Ingest photos that show one person alone, named by a manifest."""
        paths = [self.photo(seed) for _ in range(photos)]
        summary, _ = self.ingest(source, *paths, manifest=[(path, subject) for path in paths])
        assert summary.references == photos
        return paths

    def search(self, client: ClientId, seed: int, purpose: Purpose = DELIVERY) -> SearchResult:
        """Search with a photo of this person that was never ingested."""
        request = Request(client, purpose, PRESENT, OPERATOR)
        return self.engine.searches.search(png(photo(face(seed, 999))), request)

    def found(self, client: ClientId, seed: int, purpose: Purpose = DELIVERY) -> set[SubjectId]:
        """Return whom such a search finds."""
        return {candidate.subject for candidate in self.search(client, seed, purpose).candidates}

    def destroy(self, *subjects: SubjectId) -> Finished:
        """Destroy people as the custodian, with a second person's approval where that is needed."""
        verbs = self.engine.destruction
        done = verbs.destroy(Scope(subjects), requested_by=CUSTODIAN)
        if done.run.state is RunState.FROZEN:
            verbs.approve(done.run.id, by="counsel")
            done = verbs.resume(done.run.id)
        return done

    def log(self, tag: EventTag | None = None, subject: SubjectId | None = None) -> list[Event]:
        """Return log entries, newest last."""
        with self.engine._records.read() as work:
            return [e for e in events(work, subject=subject) if tag in (None, e.tag)]

    def faces(self, state: FaceState | None = None) -> list[FaceRecord]:
        """Return the stored faces."""
        with self.engine._records.read() as work:
            return photo_rows.faces(work, state=state)

    def rows(self) -> dict[str, int]:
        """Return the number of rows by table."""
        with self.engine._records.read() as work:
            return counts(work)

    def state(self) -> State:
        """Return what a refusal must not move."""
        with self.engine._records.read() as work:
            rows = {
                name: number
                for name, number in counts(work).items()
                if name not in ("event", "log_node", "gallery_change", "client_use")
            }
            gallery = frozenset(photo_rows.reference_subjects(work, self.engine.pack.encoder.digest))
        return State(rows, frozenset(self.engine._records.keyring.owners()), gallery)

    def raw(self) -> sqlite3.Connection:
        """Open the records past the program."""
        return sqlite3.connect(self.data / "records.sqlite")

    def bytes_on_disk(self) -> bytes:
        """Return every byte of every file of the data directory, write-ahead logs included."""
        files = sorted(path for path in self.data.rglob("*") if path.is_file())
        return b"\n".join(path.read_bytes() for path in files)
