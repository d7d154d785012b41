# SPDX-License-Identifier: Apache-2.0
"""Fixtures: an engine on a fresh data directory, with drawn faces or with the real default pack."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from fake_pack import drawn_pack, know_tail
from world import FakeClock, World

from countenance.bootstrap import Engine
from countenance.clock import SystemClock
from countenance.store import database

# FAISS computes with OpenMP, whose threads a forked child would wait for without end; some tests fork.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh data directory; tests copy it, because making the tables takes longer than most tests."""
    directory = tmp_path_factory.mktemp("blank") / "data"
    Engine.init(directory, operator="Example Museum")
    return directory


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every engine of this test use one pack of drawn faces, however it is opened."""
    _draw(monkeypatch)


def _draw(monkeypatch: pytest.MonkeyPatch) -> None:
    pack = drawn_pack()
    know_tail()
    # Flushing to the disk guards against power cuts only, which no test can stage; without it tests are fast.
    pragmas = [p for p in database._PRAGMAS if not p.startswith("synchronous")]
    monkeypatch.setattr(database, "_PRAGMAS", (*pragmas, "synchronous=OFF"))
    monkeypatch.setattr(Engine, "_load", lambda _engine, _name: pack)
    monkeypatch.setattr(Engine, "_crowd", lambda engine, _count: nullcontext(engine._looking()))


@pytest.fixture
def world(drawn: None, blank: Path, tmp_path: Path) -> World:
    """An engine with drawn faces, on its own copy of a fresh data directory."""
    return _opened(blank, tmp_path)


def _opened(blank: Path, place: Path) -> World:
    shutil.copytree(blank, place / "data")
    clock = FakeClock()
    return World(Engine.open(place / "data", clock=clock), place / "photos", clock)


@pytest.fixture(scope="module")
def lasting_world(blank: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The same for all tests of a module, which only look at it."""
    place = tmp_path_factory.mktemp("lasting")
    with pytest.MonkeyPatch.context() as patch:
        _draw(patch)
        yield _opened(blank, place)


@pytest.fixture
def live(world: World) -> World:
    """The same world on the machine's clock, for tests with other processes, which have no other."""
    world.clock = SystemClock()
    world.reopen()
    return world
