# SPDX-License-Identifier: Apache-2.0
"""kill -9 at any moment: doctor accepts what is left, and the same command ends the job."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy
from test_destruction import seen, traces
from world import World

from countenance.bootstrap import Engine
from countenance.ids import SourceId, SubjectId
from countenance.model.destruction import Scope
from countenance.model.source import FaceState
from countenance.services import ingest as ingest_service
from countenance.store.records import owners


def killed(work: Callable[[Callable[[], None]], None], *, marks: int, delay: float) -> bool:
    """Run `work` in a forked process and kill it so long after so many marks; say whether it was still at work.

    Args:
        work: is given a function to call at each mark.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reader)
            work(lambda: os.write(writer, b".") and None)
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    for _ in range(marks):
        os.read(reader, 1)  # empty, at once, when the child has ended
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(reader)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def dies_at(statement: int, work: Callable[[], None]) -> bool:
    """Run `work` in a forked process that kills itself before its n-th SQL statement; say whether it came to that."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            left = [statement]

            @sqlalchemy.event.listens_for(sqlalchemy.Engine, "before_cursor_execute")
            def count(*_: object) -> None:
                left[0] -= 1
                if left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

            work()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


@pytest.fixture
def batch(live: World, monkeypatch: pytest.MonkeyPatch) -> tuple[World, SourceId, Path]:
    """Thirty photos of Ada, Bo without a release, and strangers, stored by threes; and the manifest."""
    monkeypatch.setattr(ingest_service, "_GROUP", 3)
    source = live.source()
    ada, bo = live.person("Ada"), live.person("Bo")
    live.sign(ada.id)
    claims: list[tuple[object, ...]] = []
    for number in range(30):
        picture = live.photo(*([1, 2, 50] if number % 3 else [1]))
        claims.append((picture, ada.id, 0))
        if number % 3:
            claims.append((picture, bo.id, 1))
    return live, source, live.manifest(claims)


def complete(world: World, source: SourceId, manifest: Path) -> None:
    """Ingest to the end: one photo per file, one reference per permitted face, nothing twice."""
    world.reopen()
    world.engine.ingest.run(source, [world.photos], manifest=manifest)
    assert world.rows()["photo"] == 30
    assert Counter(face.state for face in world.faces()) == {
        FaceState.REFERENCE: 30,
        FaceState.SKIPPED: 20,
        FaceState.BYSTANDER: 20,
    }
    with closing(world.raw()) as records:
        assert records.execute("SELECT count(*), count(DISTINCT face) FROM reference").fetchone() == (30, 30)
        tags = records.execute("SELECT count(*) FROM event WHERE tag = 'operator:photo:ingested'").fetchone()
        assert tags == (30,)
    again = world.engine.ingest.run(source, [world.photos], manifest=manifest)
    assert (again.new, again.references) == (0, 0)
    assert world.engine.doctor.problems() == []


@pytest.mark.parametrize("jobs", [1, 3])
def test_an_ingest_killed_at_any_moment_is_completed(batch: tuple[World, SourceId, Path], jobs: int) -> None:
    """Killed again and again, an ingest leaves a directory that doctor accepts and that the next run completes."""
    world, source, manifest = batch
    rng = random.Random(jobs)
    kills = 0

    def ingest(mark: Callable[[], None]) -> None:
        engine = Engine.open(world.data)
        mark()
        engine.ingest.run(source, [world.photos], manifest=manifest, jobs=jobs, progress=lambda *_: mark())

    stored = []
    for _ in range(9):
        known = world.rows()["photo"]
        kills += killed(ingest, marks=1 + known + rng.randint(0, 2), delay=rng.uniform(0, 0.015))
        assert world.engine.doctor.problems() == []
        stored.append(world.rows()["photo"])
    assert stored == sorted(stored)
    assert kills >= 5
    complete(world, source, manifest)


def test_an_ingest_that_dies_at_any_statement_is_completed(batch: tuple[World, SourceId, Path]) -> None:
    """Dead before any of its SQL statements, an ingest leaves a whole number of photos; the next run completes them."""
    world, source, manifest = batch

    def ingest() -> None:
        Engine.open(world.data).ingest.run(source, [world.photos], manifest=manifest)

    for statement in range(6, 60, 3):
        assert dies_at(statement, ingest)
        assert world.engine.doctor.problems() == []
    complete(world, source, manifest)


def test_a_destruction_that_dies_at_any_statement_is_completed(live: World, tmp_path: Path) -> None:
    """Dead before any of its SQL statements, a destruction is seen by doctor, and ends when it is run again."""
    source = live.source()
    client = live.client()
    ada, bo = live.person("Ada").id, live.person("Bo").id
    for subject, seed in ((ada, 1), (bo, 2)):
        live.sign(subject)
        live.enrol(source, subject, seed, photos=2)
    for _ in range(2):
        both = live.photo(1, 2)
        live.ingest(source, both, manifest=[(both, ada, 0), (both, bo, 1)])
    live.search(client, 1)
    gone, kept = traces(live, ada), traces(live, bo)
    kept = {place: value for place, value in kept.items() if value not in gone.values()}
    original = tmp_path / "original"
    shutil.copytree(live.data, original)
    deaths, words, statement = 0, Counter[str](), 0
    while True:
        shutil.rmtree(live.data)
        shutil.copytree(original, live.data)
        died = dies_at(statement, lambda: _destroy(live.data, ada))
        live.reopen()
        problems = live.engine.doctor.problems()
        assert len(problems) <= 1
        words.update(problem.partition(" of ")[0] for problem in problems)
        if died:
            deaths += 1
            assert live.found(client, 1) in (set(), {ada})
            assert live.found(client, 2) == {bo}
        live.destroy(ada)
        assert live.engine.doctor.problems() == []
        assert seen(live, gone) == []
        assert sorted(seen(live, kept)) == sorted(kept)
        assert live.found(client, 1) == set()
        assert live.found(client, 2) == {bo}
        with live.engine._records.read() as work:
            assert work.keyring.owners() == owners(work)
        if not died:
            break
        statement += 12
    assert deaths >= 5
    assert set(words) == {"the destruction"}


def _destroy(data: Path, subject: SubjectId) -> None:
    Engine.open(data).destruction.destroy(Scope((subject,)), requested_by="custodian")
