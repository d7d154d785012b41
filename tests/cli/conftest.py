# SPDX-License-Identifier: Apache-2.0
"""Fixtures: the command line on a data directory of its own, in this process, with drawn faces."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from commands import Cli
from world import FakeClock, World

from countenance.bootstrap import Engine


@pytest.fixture
def world(drawn: None, blank: Path, tmp_path: Path) -> World:
    """An engine on the machine's own clock, as the commands have it, and shorthands for stories."""
    data = tmp_path / "data"
    shutil.copytree(blank, data)
    return World(Engine.open(data), tmp_path / "photos", FakeClock())


@pytest.fixture
def cli(world: World) -> Cli:
    """The commands, on the same data directory as `world`."""
    return Cli(world.data)
