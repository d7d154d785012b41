# SPDX-License-Identifier: Apache-2.0
"""kill -9 at every step of a destruction run: it goes on where it stopped, nothing is lost and nothing is left."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from test_destruction import seen, traces
from test_kill import dies_at
from test_runs import House, build
from world import CUSTODIAN, World

from countenance.bootstrap import Engine
from countenance.ledger.certificate import Check
from countenance.ledger.verify import verify_published_log
from countenance.model.destruction import RunState, Scope
from countenance.services.verification import Verifications
from countenance.store import recheck
from countenance.store.records import owners

_KILLS = 220


@pytest.fixture
def looks_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for rows in this process: starting another one for every run would take most of the time."""

    def look(verification: Verifications, wanted: dict[str, list[str]]) -> list[Check]:
        place = verification._place
        found = recheck.look(place.records, place.keyring, json.loads(json.dumps(wanted)))
        return [Check(f"{name}, seen by a fresh process", 0, number) for name, number in found.items()]

    monkeypatch.setattr(Verifications, "_look", look)


def go_on(data: Path, scope: Scope) -> Callable[[], None]:
    """Return what a new process does: take the run up, approve it where it waits."""

    def work() -> None:
        verbs = Engine.open(data).destruction
        done = verbs.destroy(scope, requested_by=CUSTODIAN)
        if done.run.state is RunState.FROZEN:
            verbs.approve(done.run.id, by="counsel")
            verbs.resume(done.run.id)

    return work


def is_ended(house: House, gone: dict[str, bytes], kept: dict[str, bytes]) -> None:
    """Check that a run has ended well: certified, clean, nobody else touched."""
    world = house.world
    (run,) = world.engine.destruction.runs()
    assert (run.state, run.problems) == (RunState.CERTIFIED, ())
    assert world.engine.destruction.status(run.id).title == "complete"
    assert run.counts["subject"] == 1
    assert world.engine.doctor.problems() == []
    checks, foreign = world.engine.destruction.residues()
    assert [check for check in checks if check.observed != check.expected] == []
    assert foreign == []
    assert seen(world, gone) == []
    assert sorted(seen(world, kept)) == sorted(kept)
    assert house.found() == (False, True)
    assert world.rows()["reference"] == 3
    with closing(world.raw()) as records:
        tags = Counter(tag for (tag,) in records.execute("SELECT tag FROM event"))
    assert [tags[f"operator:subject:{word}"] for word in ("added", "destroyed")] == [2, 1]
    assert tags["custodian:certificate:signed"] == world.rows()["certificate"] == 1
    with world.engine._records.read() as work:
        assert work.keyring.owners() == owners(work)


@pytest.mark.parametrize("residency", ["US-IL", "unknown"])
def test_killed_at_every_step(live: World, tmp_path: Path, looks_here: None, residency: str) -> None:
    """Killed before any SQL statement, again and again, a run ends certified, clean, and harms nobody else."""
    house = build(live, residency)
    gone, kept = traces(live, house.ada), traces(live, house.bo)
    kept = {place: value for place, value in kept.items() if value not in gone.values()}
    original = tmp_path / "original"
    shutil.copytree(live.data, original)
    work, rng = go_on(live.data, Scope((house.ada,))), random.Random(residency)
    statements = 0
    while dies_at(statements, work):  # how many there are, found by halving would be no faster
        shutil.rmtree(live.data)
        shutil.copytree(original, live.data)
        statements += 40
    kills, first = 0, 0
    while kills < _KILLS // 2:
        shutil.rmtree(live.data)
        shutil.copytree(original, live.data)
        # Each statement dies in its turn; then the run that goes on dies somewhere too, until one comes through.
        at = first = (first + 3) % statements
        while dies_at(at, work):
            kills += 1
            at = rng.randrange(statements)
        live.reopen()
        is_ended(house, gone, kept)


def test_an_entry_lives_and_dies_with_what_it_tells(live: World, tmp_path: Path) -> None:
    """Killed at any statement of a search or withdrawal, the log is whole and tells just of what was recorded."""
    house = build(live)
    original = tmp_path / "original"
    shutil.copytree(live.data, original)
    died, statement = True, -3
    while died:
        statement += 3
        shutil.rmtree(live.data)
        shutil.copytree(original, live.data)

        def work() -> None:
            world = World(Engine.open(live.data), live.photos, live.clock)
            world.search(house.client, 1)
            world.engine.subjects.withdraw(house.ada)

        died = dies_at(statement, work)
        live.reopen()
        with closing(live.raw()) as records:
            tags = Counter(tag for (tag,) in records.execute("SELECT tag FROM event"))
            searches, frozen = (
                records.execute(query).fetchone()[0]
                for query in ("SELECT count(*) FROM search", "SELECT count(*) FROM subject WHERE frozen_at NOT NULL")
            )
        assert (tags["client:search:answered"], tags["subject:subject:frozen"]) == (searches, frozen)
        size = live.engine.journal.publish(tmp_path / f"log{statement}")
        assert size == sum(tags.values())
        files = {
            str(path.relative_to(tmp_path / f"log{statement}")): path.read_bytes()
            for path in (tmp_path / f"log{statement}").rglob("*")
            if path.is_file()
        }
        assert verify_published_log(files.get, house.key()).head.checkpoint.size == size
    assert statement > 30
