# SPDX-License-Identifier: Apache-2.0
"""Any story: people sign, withdraw, expire, are photographed, reviewed, searched and destroyed, in any order."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest
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
from world import DELIVERY, FakeClock, World

from countenance.bootstrap import Engine
from countenance.errors import InvalidRelease, NotFound, Refused
from countenance.ids import ClientId, SubjectId
from countenance.model.event import EventTag
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.source import FaceState
from countenance.services.release_act import ReleaseTerms
from countenance.store.records import owners

ARCHIVE = Purpose.ARCHIVE_SEARCH
SEEDS = st.integers(0, 7)
"""Faces; the first subject added has face 0, the next 1, and so on; faces beyond are strangers'."""
WHO = st.integers(0, 5)


@dataclass
class Person:
    """What the model knows of a subject."""

    id: SubjectId
    seed: int
    frozen: bool = False
    releases: list[tuple[datetime, frozenset[Purpose], ClientId | ClientKind]] = field(default_factory=list)


class Story(RuleBasedStateMachine):
    """The model beside the engine."""

    blank: ClassVar[Path]

    @initialize(days=st.lists(st.integers(10, 60), min_size=3, max_size=3), pair=st.booleans())
    def begin(self, days: list[int], pair: bool) -> None:
        """Open a fresh directory with a source, two clients and three people who signed and have a photo."""
        self.folder = Path(tempfile.mkdtemp())
        shutil.copytree(self.blank, self.folder / "data")
        clock = FakeClock()
        self.world = World(Engine.open(self.folder / "data", clock=clock), self.folder / "photos", clock)
        self.encoder = self.world.encoder
        self.source = self.world.source()
        both = [DELIVERY, ARCHIVE]
        self.clients = {
            self.world.client("Shop", ClientKind.PHOTOGRAPHER, both): ClientKind.PHOTOGRAPHER,
            self.world.client("Trove", ClientKind.ARCHIVE, both): ClientKind.ARCHIVE,
        }
        self.people: list[Person] = []
        self.destroyed: list[SubjectId] = []
        self.seeds: dict[str, list[int]] = {}
        self.added = self.searches = 0
        for number, term in enumerate(days):
            self.add_subject("US-IL")
            self.sign(number, {DELIVERY, ARCHIVE}, 0, number == 2, term)
            self.sign(number, {DELIVERY}, 1, number == 1, 70 - term)
            self.ingest([number, 3 - number] if pair else [number], [], names_are_right=True)

    def teardown(self) -> None:
        """Remove the directory."""
        if hasattr(self, "folder"):
            assert self.world.engine.doctor.problems() == []
            shutil.rmtree(self.folder)

    def person(self, who: int) -> Person | None:
        """Return somebody, if there is anybody."""
        return self.people[who % len(self.people)] if self.people else None

    @rule(residency=st.sampled_from(["US-IL", "US-TX", "unknown"]))
    def add_subject(self, residency: str) -> None:
        """Add the next person."""
        if self.added < 6:
            self.people.append(Person(self.world.person(f"Person {self.added}", residency).id, self.added))
            self.added += 1

    @rule(
        who=WHO,
        purposes=st.sets(st.sampled_from([DELIVERY, ARCHIVE]), min_size=1),
        client=st.integers(0, 1),
        by_kind=st.booleans(),
        days=st.integers(5, 60),
    )
    @precondition(lambda self: self.people)
    def sign(self, who: int, purposes: set[Purpose], client: int, by_kind: bool, days: int) -> None:
        """Sign a release; a frozen person cannot."""
        person = self.person(who)
        assert person is not None
        named, kind = list(self.clients.items())[client]
        scope = ({"kinds": frozenset({kind}), "clients": frozenset()} if by_kind
                 else {"kinds": frozenset(), "clients": frozenset({named})})  # fmt: skip
        terms = ReleaseTerms(purposes=frozenset(purposes), term_days=days, **scope)
        if person.frozen:
            with pytest.raises(InvalidRelease, match="frozen"):
                self.world.engine.subjects.deliver_notice(person.id, terms)
            return
        draft = self.world.engine.subjects.deliver_notice(person.id, terms)
        release = self.world.engine.subjects.sign(draft, signer="N. N.")
        person.releases.append((release.term_end, frozenset(purposes), kind if by_kind else named))

    @rule(who=WHO)
    @precondition(lambda self: self.people)
    def withdraw(self, who: int) -> None:
        """Withdraw everything of a person."""
        person = self.person(who)
        assert person is not None
        self.world.engine.subjects.withdraw(person.id)
        person.frozen, person.releases = True, []

    @rule(days=st.integers(1, 5))
    def wait(self, days: int) -> None:
        """Let releases run out."""
        self.world.clock.tick(days=days)

    @rule(
        seeds=st.lists(SEEDS, max_size=3, unique=True),
        named=st.lists(st.tuples(WHO, st.none() | st.integers(0, 2)), min_size=1, max_size=2),
        names_are_right=st.booleans(),
        decide=st.sampled_from(["", "assign", "dismiss"]),
    )
    def ingest(
        self, seeds: list[int], named: list[tuple[int, int | None]], names_are_right: bool, decide: str = ""
    ) -> None:
        """Ingest a new photo with claims that may be right, wrong or vague."""
        picture = self.world.photo(*seeds)
        self.seeds[str(picture.resolve())] = seeds
        claims: list[tuple[object, ...]] = []
        if names_are_right:
            named = []
            claims = [(picture, p.id, seeds.index(p.seed)) for p in self.people if p.seed in seeds]
        for who, at in named:
            person = self.person(who)
            if person is not None and (at is None or at < len(seeds)):
                claims.append((picture, person.id) if at is None else (picture, person.id, at))
        before, crops = self.world.rows(), self.encoder.crops
        summary, outcomes = self.world.ingest(self.source, picture, manifest=claims)
        (outcome,) = outcomes
        assert (summary.new, summary.faces, len(outcome.faces)) == (1, len(seeds), len(seeds))
        states = [face.state for face in outcome.faces]
        assert summary.references == states.count(FaceState.REFERENCE)
        assert self.encoder.crops - crops == summary.references
        assert self.world.rows()["reference"] - before["reference"] == summary.references
        assert all(f.reason for f in outcome.faces if f.state in (FaceState.SKIPPED, FaceState.WAITING))
        if decide:
            self.review(len(seeds), dismiss=decide == "dismiss")

    @rule()
    def ingest_again(self) -> None:
        """Ingest everything again: only faces that a release now covers may become references."""
        if not self.seeds:
            return
        gone, crops, before = self.photos_gone(), self.encoder.crops, self.world.rows()
        summary, _ = self.world.ingest(self.source, self.world.photos)
        after = self.world.rows()
        assert summary.new == gone
        assert after["reference"] - before["reference"] == summary.references == self.encoder.crops - crops

    def photos_gone(self) -> int:
        """Return how many photo files are not in the records: forgotten with somebody destroyed."""
        return len(self.seeds) - self.world.rows()["photo"]

    def review(self, which: int, dismiss: bool) -> None:
        """Decide on a waiting face: dismiss it, or assign it to whom it was said to be, else to somebody."""
        waiting = self.world.engine.review.waiting()
        subject = waiting[which % len(waiting)].face.subject if waiting else None
        person = next((p for p in self.people if p.id == subject), self.person(which))
        if not waiting or person is None:
            return
        face = waiting[which % len(waiting)].face
        if dismiss:
            self.world.engine.review.dismiss(face.id)
        elif self.live(person):
            outcome = self.world.engine.review.assign(face.id, person.id)
            assert outcome.state is FaceState.REFERENCE
        else:
            crops = self.encoder.crops
            with pytest.raises(Refused):
                self.world.engine.review.assign(face.id, person.id)
            assert self.encoder.crops == crops

    def live(self, person: Person, client: ClientId | None = None, purpose: Purpose | None = None) -> bool:
        """Say whether the model knows a release that permits now, for a client and purpose where given."""
        now = self.world.clock.moment + timedelta(milliseconds=10)
        return not person.frozen and any(
            now < end and (client is None or (purpose in purposes and who in (client, self.clients[client])))
            for end, purposes, who in person.releases
        )

    @invariant()
    def searched(self) -> None:
        """A client finds exactly those whose release covers it, and of whom a reference shows this face."""
        if not hasattr(self, "world"):
            return
        self.searches += 1
        person, shown = self.person(self.searches), self.shown()
        purpose = DELIVERY if self.searches % 3 else ARCHIVE
        seed = 0 if person is None else person.seed
        asked = list(self.clients)[self.searches % 2]
        visible = [p for p in self.people if self.live(p, asked, purpose)]
        expected = {p.id for p in visible if seed in shown.get(p.id, ())}
        result = self.world.search(asked, seed, purpose)
        assert {candidate.subject for candidate in result.candidates} == expected
        assert len(result.candidates) == len(expected)
        assert result.gallery == sum(len(shown.get(p.id, ())) for p in visible)
        entry = self.world.log(EventTag.SEARCH_ANSWERED)[-1].payload
        assert (entry["search"], entry["client"], entry["candidates"]) == (result.id, asked, len(expected))

    def shown(self) -> dict[SubjectId, list[int]]:
        """Return whose faces the references of each subject really show."""
        shown: dict[SubjectId, list[int]] = {}
        with self.world.engine._records.read() as work:
            from countenance.store import photos as rows

            for face in rows.faces(work, state=FaceState.REFERENCE):
                assert face.subject is not None
                seeds = self.seeds[rows.get_photo(work, face.photo).uri]
                shown.setdefault(face.subject, []).append(seeds[int(face.box.left) // 112])
        return shown

    @rule(who=WHO)
    @precondition(lambda self: self.people)
    def destroy(self, who: int) -> None:
        """Destroy somebody."""
        person = self.person(who)
        assert person is not None
        self.world.destroy(person.id)
        self.people.remove(person)
        self.destroyed.append(person.id)
        with pytest.raises(NotFound):
            self.world.engine.subjects.show(person.id)

    @rule()
    def restart(self) -> None:
        """Open the directory anew."""
        self.world.reopen()

    @invariant()
    def healthy(self) -> None:
        """Doctor finds nothing; keys and records agree one to one."""
        if not hasattr(self, "world"):
            return
        if self.searches % 3 == 0:  # the costliest of the invariants, and what it finds stays
            assert self.world.engine.doctor.problems() == []
        with self.world.engine._records.read() as work:
            assert work.keyring.owners() == owners(work)

    @invariant()
    def lawful(self) -> None:
        """Every reference was made within its release's term and before any end of it, of its own subject."""
        if not hasattr(self, "world"):
            return
        with closing(self.world.raw()) as records:
            unlawful = records.execute(
                'SELECT count(*) FROM reference f LEFT JOIN "release" r ON r.id = f."release" '
                "LEFT JOIN notice n ON n.id = r.notice LEFT JOIN policy p ON p.sha256 = r.policy WHERE NOT "
                "COALESCE(r.subject = f.subject AND p.published_at <= n.delivered_at AND n.delivered_at <= r.signed_at "
                "AND r.signed_at < f.created_at AND f.created_at < r.term_end AND NOT EXISTS (SELECT 1 FROM "
                "release_event e WHERE e.\"release\" = r.id AND e.status NOT IN ('requested', 'given') "
                "AND e.at <= f.created_at), 0)"
            ).fetchone()
            assert unlawful == (0,)
            faces = "SELECT count(*) FROM face WHERE state = 'reference'"
            assert records.execute(faces).fetchone() == records.execute("SELECT count(*) FROM reference").fetchone()

    @invariant()
    def gone(self) -> None:
        """A destroyed id is in no table but the log."""
        if not hasattr(self, "world") or not self.destroyed:
            return
        with closing(self.world.raw()) as records:
            for table in ("reference", "face", "notice", "release", "search_candidate", "subject"):
                column = "id" if table == "subject" else "subject"
                held = {row[0] for row in records.execute(f'SELECT {column} FROM "{table}"')}
                assert held.isdisjoint(self.destroyed)


def test_any_story_keeps_the_promises(drawn: None, blank: Path) -> None:
    """In any order of events: only live releases are searched or encoded under, and the destroyed stay gone."""
    Story.blank = blank
    run_state_machine_as_test(
        Story,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
