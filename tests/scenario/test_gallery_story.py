# SPDX-License-Identifier: Apache-2.0
"""Any story of a gallery: in memory whole or as codes, with files and restarts, it finds what a dictionary finds."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from fake_pack import DIM
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from numpy.typing import NDArray
from world import DELIVERY, FakeClock, World

from countenance import technologies
from countenance.backends.scan import exact
from countenance.bootstrap import Engine
from countenance.ids import ReferenceId, SubjectId
from countenance.model.client import Client
from countenance.model.faceprint import Faceprint
from countenance.model.purpose import Purpose
from countenance.services import gallery, gallery_files, gallery_held, gallery_memory, gallery_saving
from countenance.services.gallery import Hit, LiveGallery
from countenance.services.gallery_files import GalleryFiles
from countenance.services.gallery_lean import NEVER
from countenance.store import photos as photo_rows
from countenance.store import references as rows

_SMALL = 4  # rows of a segment
WHO = st.integers(0, 5)
DAYS = st.integers(5, 60)
PURPOSES = st.sampled_from([(DELIVERY,), (Purpose.ARCHIVE_SEARCH,), (DELIVERY, Purpose.ARCHIVE_SEARCH)])


@dataclass
class Person:
    """What the model knows of a subject."""

    id: SubjectId
    seed: int
    releases: list[tuple[datetime, tuple[Purpose, ...]]] = field(default_factory=list)
    frozen: bool = False
    left: bool = False
    vectors: dict[ReferenceId, NDArray[np.float32]] = field(default_factory=dict)


class Story(RuleBasedStateMachine):
    """A dictionary beside two galleries on the same records and files, one whole and one of codes."""

    blank: ClassVar[Path]
    lean_from: ClassVar[list[int]]

    @initialize(lean=st.booleans())
    def begin(self, lean: bool) -> None:
        """Open a fresh directory with a source, a client and two people."""
        self.folder = Path(tempfile.mkdtemp())
        shutil.copytree(self.blank, self.folder / "data")
        clock = FakeClock()
        self.world = World(Engine.open(self.folder / "data", clock=clock), self.folder / "photos", clock)
        self.source = self.world.source()
        self.world.client()
        (self.client,) = self.world.engine.register.clients()
        self.people: list[Person] = []
        self.added = self.asked = 0
        self.begin_again(lean)
        self.add(60, (DELIVERY,), 3)
        self.add(60, (DELIVERY, Purpose.ARCHIVE_SEARCH), 2)

    def begin_again(self, lean: bool) -> None:
        """Make the engine's gallery of one kind, and one of the other kind as another process would have it."""
        self.lean_from[:] = [0 if lean else NEVER]
        engine = self.world.reopen()
        files = GalleryFiles(engine._records, engine.directory / "gallery")
        other = LiveGallery(technologies.scan, engine._law, files)
        self.galleries: list[tuple[int, LiveGallery]] = [
            (self.lean_from[0], engine._gallery),
            (0 if self.lean_from[0] else NEVER, other),
        ]

    def person(self, who: int) -> Person:
        """Return somebody."""
        return self.people[who % len(self.people)]

    @rule(days=DAYS, purposes=PURPOSES, photos=st.integers(1, 3))
    @precondition(lambda self: self.added < 7)
    def add(self, days: int, purposes: tuple[Purpose, ...], photos: int) -> None:
        """Add somebody who signs and is photographed."""
        self.people.append(Person(self.world.person(f"Person {self.added}").id, self.added))
        self.added += 1
        self.sign(-1, days, purposes)
        self.enrol(-1, photos)

    @rule(who=WHO, days=DAYS, purposes=PURPOSES)
    @precondition(lambda self: self.people)
    def sign(self, who: int, days: int, purposes: tuple[Purpose, ...]) -> None:
        """Sign one more release."""
        person = self.person(who)
        if not (person.frozen or person.left):
            signed = self.world.sign(person.id, purposes=purposes, days=days)
            person.releases.append((signed.term_end, purposes))

    @rule(who=WHO, photos=st.integers(1, 2))
    @precondition(lambda self: self.people)
    def enrol(self, who: int, photos: int) -> None:
        """Take photos of somebody whose release is live."""
        person = self.person(who)
        if self.stands(person):
            self.world.enrol(self.source, person.id, person.seed, photos=photos)
            encoder = self.world.encoder
            with self.world.engine._records.read() as work:
                theirs = rows.references_of(work, encoder.digest, [person.id])
                ids, vectors = photo_rows.vectors(work, encoder.digest, encoder.dim, theirs)
            person.vectors = dict(zip(ids, vectors.copy(), strict=True))

    @rule(who=WHO)
    @precondition(lambda self: self.people)
    def freeze_or_thaw(self, who: int) -> None:
        """Freeze somebody past the program, or undo that."""
        person = self.person(who)
        if not person.left:
            person.frozen = not person.frozen
            moment = "2026-01-01T00:00:00.000Z" if person.frozen else None
            with self.world.raw() as records:
                records.execute("UPDATE subject SET frozen_at = ? WHERE id = ?", (moment, person.id))

    @rule(who=WHO)
    @precondition(lambda self: self.people)
    def withdraw(self, who: int) -> None:
        """Withdraw everything of somebody."""
        person = self.person(who)
        self.world.engine.subjects.withdraw(person.id)
        person.left, person.releases = True, []

    @rule(days=st.integers(1, 20))
    def wait(self, days: int) -> None:
        """Let releases run out."""
        self.world.clock.tick(days=days)

    @rule(who=WHO)
    @precondition(lambda self: len(self.people) > 1)
    def destroy(self, who: int) -> None:
        """Destroy somebody."""
        person = self.person(who)
        assert self.world.destroy(person.id).title == "complete"
        self.people.remove(person)

    @rule(which=st.integers(0, 1))
    def settle(self, which: int) -> None:
        """Write what is new to the sealed files."""
        self.galleries[which][1].settle()

    @rule(lean=st.booleans())
    def restart(self, lean: bool) -> None:
        """Open the directory anew."""
        self.begin_again(lean)

    def stands(self, person: Person, purpose: Purpose | None = None) -> bool:
        """Say whether somebody may be shown for a purpose, or for any."""
        now = self.world.clock.now()
        live = [told for end, told in person.releases if now < end and (purpose is None or purpose in told)]
        return bool(live) and not person.frozen

    @invariant()
    def same_answers(self) -> None:
        """Both find just what a look at everybody who may be shown finds, to the last bit."""
        if not hasattr(self, "galleries"):
            return
        self.asked += 1
        probe = np.random.default_rng(self.asked).normal(size=DIM).astype(np.float32) / 10  # a length of about 1
        if self.people and self.person(self.asked).vectors:
            probe += 3 * next(iter(self.person(self.asked).vectors.values()))
        probe /= np.linalg.norm(probe)
        known = self.brute(probe)
        for lean_from, one in self.galleries:
            first, self.lean_from[:] = self.lean_from[0], [lean_from]
            assert self.found(one, probe) == known
            self.lean_from[:] = [first]

    def brute(self, probe: NDArray[np.float32]) -> tuple[list[Hit], list[Hit], int]:
        """Return every hit, the best of the best two people, and how many references everybody may be asked for."""
        hits = [
            Hit(reference, person.id, float(exact.scores(vector[None], probe).clip(-1, 1)[0]))
            for person in self.people
            if self.stands(person, DELIVERY)
            for reference, vector in person.vectors.items()
        ]
        hits.sort(key=lambda hit: (-hit.score, hit.reference))
        best: dict[SubjectId, Hit] = {}
        for hit in hits:
            best.setdefault(hit.subject, hit)
        return hits, list(best.values())[:2], sum(len(p.vectors) for p in self.people if self.stands(p))

    def found(self, one: LiveGallery, probe: NDArray[np.float32]) -> tuple[list[Hit], list[Hit], int]:
        """Return the same of a gallery."""
        client: Client = self.client
        with self.world.engine._records.read() as work:
            view = one.view(work, self.world.encoder, client, DELIVERY)
        asked = Faceprint(probe.copy(), self.world.encoder.digest)
        hits = one.search(asked, view, -1.0)
        assert view.size == len(hits)
        for hit in hits[:2]:
            kept = next(p.vectors for p in self.people if p.id == hit.subject)[hit.reference]
            assert np.array_equal(one.faceprints([hit])[1], kept[None])
        return hits, one.nearest(asked, view, 2), one.searched()

    def teardown(self) -> None:
        """Check that files, keys and doctor agree, and that the gallery of codes was one; then clean up."""
        if hasattr(self, "world"):
            assert self.world.engine.doctor.problems() == []
            for lean_from, one in self.galleries:
                pieces = [] if one._held is None else one._held.memory._pieces
                assert not any(piece.slim for piece in pieces) or lean_from == 0
            shutil.rmtree(self.folder)


def test_any_story_is_found_as_a_dictionary_finds_it(drawn: None, blank: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signed, enrolled, frozen, withdrawn, expired, destroyed, restarted: both kinds of gallery answer the same."""
    monkeypatch.setattr(gallery, "WORTH_SAVING", 1)
    for module in (gallery_files, gallery_held, gallery_memory, gallery_saving):
        monkeypatch.setattr(module, "SEGMENT_ROWS", _SMALL)
    monkeypatch.setattr(gallery_memory, "_SMALLEST_ROWS", _SMALL)
    monkeypatch.setattr(gallery_memory, "_LEARN_ROWS", 1)
    Story.blank, Story.lean_from = blank, [NEVER]
    monkeypatch.setattr(gallery_held, "lean_from", lambda _dim: Story.lean_from[0])
    fetched = Counter[str]()
    verbs = {"rows": GalleryFiles.rows, "unsealed": GalleryFiles.unsealed}
    for verb, original in verbs.items():

        def counted(*args, verb=verb, original=original):
            fetched[verb] += 1
            return original(*args)

        monkeypatch.setattr(GalleryFiles, verb, counted)
    run_state_machine_as_test(
        Story,
        settings=settings(
            max_examples=8,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert min(fetched["rows"], fetched["unsealed"]) > 20  # from sealed files, and from the records
