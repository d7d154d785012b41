# SPDX-License-Identifier: Apache-2.0
"""Nobody who was destroyed stays in the records again: at the law's interval it is looked for, and ended."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from world import CUSTODIAN, World

from countenance.ids import SubjectId
from countenance.model.destruction import Scope
from countenance.model.event import EventTag

_ROWS = {
    "subject": "id = :one",
    "notice": "subject = :one",
    "release": "subject = :one",
    "release_event": """release IN (SELECT id FROM old."release" WHERE subject = :one)""",
    "photo": """id IN (SELECT photo FROM old.face WHERE subject = :one)""",
    "photo_source": """photo IN (SELECT photo FROM old.face WHERE subject = :one)""",
    "face": "subject = :one",
    "reference": "subject = :one",
}


def enrolled(world: World, label: str, seed: int) -> SubjectId:
    """Add a person with a signed release and one reference."""
    person = world.person(label).id
    world.sign(person)
    world.enrol(world.source(), person, seed)
    return person


def kept(world: World) -> None:
    """Copy both databases, as somebody may who should not."""
    for name in ("records", "keyring"):
        with closing(sqlite3.connect(world.data / f"{name}.sqlite")) as database:
            (world.photos / f"{name}.old").unlink(missing_ok=True)
            database.execute("VACUUM INTO ?", (str(world.photos / f"{name}.old"),))


def come_back(world: World, one: SubjectId) -> None:
    """Write a destroyed person's rows and keys back, past the program."""
    with closing(world.raw()) as raw:
        raw.execute("ATTACH ? AS old", (str(world.photos / "records.old"),))
        for table, which in _ROWS.items():
            raw.execute(f'INSERT OR IGNORE INTO main."{table}" SELECT * FROM old."{table}" WHERE {which}', {"one": one})
        raw.commit()
    with closing(sqlite3.connect(world.data / "keyring.sqlite")) as keyring:
        keyring.execute("ATTACH ? AS old", (str(world.photos / "keyring.old"),))
        keyring.execute("INSERT OR IGNORE INTO main.wrapped_key SELECT * FROM old.wrapped_key")
        keyring.commit()


def test_who_came_back_is_destroyed_again(world: World) -> None:
    """At every 45th day the living rows are held against the tombstones; who is there again goes again, with keys."""
    client = world.client()
    ada, bo = enrolled(world, "Ada", 1), enrolled(world, "Bo", 2)
    first = world.engine.retention.run()
    assert (first.repeated.made, first.repeated.people) == (True, 0)
    kept(world)
    world.destroy(ada)
    come_back(world, ada)
    world.reopen()
    assert world.rows()["subject"] == 2
    world.clock.tick(days=44)
    assert not world.engine.retention.run().repeated.made
    world.clock.tick(days=1, hours=1)
    done = world.engine.retention.run()
    assert (done.repeated.made, done.repeated.people, done.repeated.things > 0, done.in_order) == (True, 1, True, True)
    assert world.log(EventTag.DESTRUCTION_REPEATED)[-1].payload["people"] == 1
    assert world.log(EventTag.SUBJECT_DESTROYED, ada)[-1].payload["reapplied"] is True
    assert ada not in world.engine._records.keyring
    assert (world.found(client, 1), world.found(client, 2)) == (set(), {bo})
    assert world.engine.doctor.problems() == []
    with closing(world.raw()) as raw:
        for table in ("subject", "release", "notice", "face", "reference"):
            column = "id" if table == "subject" else "subject"
            assert {row[0] for row in raw.execute(f'SELECT {column} FROM "{table}"')} == {bo}
    world.clock.tick(days=46)
    again = world.engine.retention.run().repeated
    assert (again.made, again.people, again.things) == (True, 0, 0)


def test_a_withdrawal_is_no_destruction(world: World) -> None:
    """Whoever withdrew has a tombstone of the release, and the pass leaves everything of this person as it is."""
    bo = enrolled(world, "Bo", 2)
    world.engine.subjects.withdraw(bo)
    before = world.state()
    found = world.engine.repetition.run()
    assert (found.made, found.people, found.things) == (True, 0, 0)
    assert world.state().rows | {"setting": 0} == before.rows | {"setting": 0}


def test_a_destruction_cut_short_comes_to_its_end_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a run has destroyed keys and not yet rows, the pass waits, says for which run, and exits with a problem."""
    ada = enrolled(world, "Ada", 1)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("countenance.services.destruction.rows.delete_rows", killed)
        with pytest.raises(KeyboardInterrupt):
            world.engine.destruction.destroy(Scope((ada,)), requested_by=CUSTODIAN)
    waiting = world.reopen().retention.run()
    run = world.engine.destruction.runs()[0].id
    assert (waiting.repeated.made, waiting.repeated.waits_for, waiting.in_order) == (False, run, False)
    assert run in waiting.problems[0]
    world.engine.destruction.resume(run)
    done = world.engine.retention.run()
    assert (done.repeated.made, done.repeated.people, done.repeated.things) == (True, 0, 0)
