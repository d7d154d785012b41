# SPDX-License-Identifier: Apache-2.0
"""Orders and holds in any order of events, and killed at any step: nobody stopped is found, and the sums add up."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_destruction import seen, traces
from test_kill import dies_at
from test_killed_runs import looks_here  # noqa: F401 - a fixture
from test_remedies_orders import CLERK, COUNSEL, enrolled, enter, moved, proved
from world import World

from countenance.bootstrap import Engine
from countenance.errors import BadInput
from countenance.ids import ClientId, HoldId, OrderId, SubjectId
from countenance.model.destruction import HoldBasis
from countenance.services.destruction import Finished

pytestmark = pytest.mark.usefixtures("looks_here")
ACTS = st.sampled_from(["freeze", "move", "hold", "lift", "withdraw", "execute"])


def executed(engine: Engine, order: OrderId) -> Finished:
    """Execute an order as two people, whatever was done of it before."""
    engine.custody.runs.execute(order, by=CLERK)
    return engine.custody.runs.execute(order, by=COUNSEL)


def adds_up(world: World, done: Finished) -> None:
    """Check the sums of a certificate, verified as a stranger does."""
    counts = proved(world, done).counts
    assert counts.destroyed + counts.held + counts.failed + counts.deferred == counts.targeted


def test_an_order_killed_at_any_step_goes_on(live: World, tmp_path: Path) -> None:
    """Dead before any of its SQL statements, `order execute` goes on when it is given again, once and to the end."""
    client = live.client()
    ada, bo, cy = enrolled(live, ("Ada", "US-IL", 1), ("Bo", "US-IL", 2), ("Cy", "US-TX", 3))
    gone = traces(live, ada)
    hold = live.engine.custody.holds.place(bo, basis=HoldBasis.WARRANT, matter="M", by=CLERK).hold.id
    order = enter(live)
    live.engine.custody.orders.freeze(order)
    original = tmp_path / "original"
    shutil.copytree(live.data, original)
    deaths, statement, died = 0, 25, True
    while died:
        shutil.rmtree(live.data)
        shutil.copytree(original, live.data)
        died = dies_at(statement, lambda: executed(Engine.open(live.data), order) and None)
        live.reopen()
        assert [live.found(client, seed) for seed in (1, 2, 3)] == [set(), set(), {cy}]
        done = executed(live.engine, order)
        assert done.title == "partial"
        adds_up(live, done)
        (run,) = live.engine.destruction.runs()
        assert run.id == done.run.id
        assert seen(live, gone) == []
        assert bo not in live.engine._records.keyring
        assert live.engine.doctor.problems() == []
        deaths += died
        statement += 130
    live.engine.custody.holds.lift(hold, by=CLERK)
    assert live.engine.destruction.status(done.run.id).title == "complete"
    assert deaths >= 3


@dataclass
class Told:
    """What the model knows: people by number, those who are or were of Illinois, and whom no search may find."""

    world: World
    order: OrderId
    people: list[SubjectId]
    residents: set[int] = field(default_factory=lambda: {0, 1})
    frozen: bool = False
    stopped: set[int] = field(default_factory=set)
    holds: dict[int, HoldId] = field(default_factory=dict)

    def alive(self) -> set[SubjectId]:
        """Return who still has a record."""
        return {one.id for one in self.world.engine.subjects.everyone()}

    def on_order(self, act: str) -> None:
        """Freeze the class, or execute the order where it is frozen."""
        if act == "freeze":
            self.world.engine.custody.orders.freeze(self.order)
            self.frozen = True
        elif self.frozen:
            with suppress(BadInput):  # nobody is left in the class
                done = executed(self.world.engine, self.order)
                if done.document is not None:
                    adds_up(self.world, done)

    def on_person(self, act: str, who: int) -> None:
        """Do one thing about somebody who is there."""
        engine, one = self.world.engine, self.people[who]
        if act == "lift" and who in self.holds:
            engine.custody.holds.lift(self.holds.pop(who), by=CLERK)
        if act == "lift" or who in self.holds or one not in self.alive():
            return
        if act == "move" and who not in self.residents:
            moved(self.world, one, ("US-IL", date(2010, 1, 1), date(2012, 1, 1)))
            self.residents.add(who)
        elif act == "hold":
            self.holds[who] = engine.custody.holds.place(one, basis=HoldBasis.WARRANT, matter="M", by=CLERK).hold.id
            self.stopped.add(who)
        elif act == "withdraw":
            engine.subjects.withdraw(one)
            self.stopped.add(who)

    def check(self, client: ClientId) -> None:
        """Compare who is found, and who is there, with what the model knows."""
        self.stopped |= self.residents if self.frozen else set()
        for number, one in enumerate(self.people):
            assert self.world.found(client, number + 1) == (set() if number in self.stopped else {one})
        assert {self.people[number] for number in self.holds} <= self.alive()


def test_any_story_of_an_order(world: World) -> None:
    """Frozen, moved, held, lifted, withdrawn and executed in any order: nobody stopped is found, and sums add up."""
    client = world.client()
    people = enrolled(world, ("Ada", "US-IL", 1), ("Bo", "US-IL", 2), ("Cy", "US-TX", 3))
    order = enter(world)

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(st.tuples(ACTS, st.integers(0, 2)), min_size=3, max_size=7))
    def story(acts: list[tuple[str, int]]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(world.data, Path(folder) / "data")
            there = World(Engine.open(Path(folder) / "data", clock=world.clock), world.photos, world.clock)
            told = Told(there, order, people)
            for act, who in acts:
                told.on_order(act) if act in ("freeze", "execute") else told.on_person(act, who)
                told.check(client)
            assert there.engine.doctor.problems() == []

    story()
