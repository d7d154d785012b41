# SPDX-License-Identifier: Apache-2.0
"""A server and commands on one data directory: whatever one of them reads, neither takes the other's ground away."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from world import World

from countenance.store import raw_bytes

_COUNT = """\
import sys
from pathlib import Path
from countenance.bootstrap import Engine
print(len(Engine.open(Path(sys.argv[1])).subjects.everyone()))
"""


def counted(data: Path) -> int:
    """Return how many people another process sees, which opens the records, reads them and closes them."""
    command = [sys.executable, "-c", _COUNT, str(data)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def checked(world: World) -> None:
    """Look for what is wrong, as a server does when an operator asks."""
    assert world.engine.doctor.problems() is not None


def destroyed(world: World) -> None:
    """Destroy somebody, which ends with a scan of every byte."""
    ada = world.person("Ada").id
    world.sign(ada)
    world.enrol(world.source(), ada, 1)
    assert world.destroy(ada).title == "complete"


@pytest.mark.parametrize("scans", [destroyed, checked])
def test_a_scan_of_the_bytes_leaves_the_locks_of_open_connections(live: World, scans: Callable[[World], None]) -> None:
    """After a server looked through its own files, a command that ends does not delete the log it goes on writing."""
    with live.engine.kept_open():
        live.person("Bo")
        scans(live)
        logs = [live.data / f"{name}.sqlite-wal" for name in ("records", "keyring")]
        before = [log.stat().st_ino for log in logs]
        assert counted(live.data) == 1
        live.person("Cy")
        assert counted(live.data) == 2
        assert [log.stat().st_ino for log in logs] == before
        assert live.engine.doctor.problems() == []


def test_a_kept_descriptor_is_used_again_and_let_go_with_its_file(tmp_path: Path) -> None:
    """One descriptor a database, however often it is read; it is closed once the file was deleted."""
    database = tmp_path / "some.sqlite"
    database.write_bytes(b"0123456789")
    for _ in range(3):
        assert list(raw_bytes.pieces(database, 4)) == [b"0123", b"4567", b"89"]
    seen = database.stat()
    assert len(raw_bytes._kept[seen.st_dev, seen.st_ino]) == 1
    database.unlink()
    database.write_bytes(b"new")
    assert list(raw_bytes.pieces(database)) == [b"new"]
    left = [key for key, those in raw_bytes._kept.items() if os.fstat(those[0]).st_nlink == 0]
    assert left == []
