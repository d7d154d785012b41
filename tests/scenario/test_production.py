# SPDX-License-Identifier: Apache-2.0
"""What is not safe for production is said, and is not said any more once it is put right."""

from __future__ import annotations

from pathlib import Path

import pytest
from people import enter
from world import World

from countenance.model.account import Role
from countenance.services.production import BACKUP_EVERY
from countenance.store.root_key import FILE_VARIABLE


def said(world: World, *, is_https: bool = False) -> str:
    return "\n".join(world.engine.production.unsafe(world.encoder.digest, is_https=is_https))


def test_a_fresh_directory_is_not_ready(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain http, root, the key beside the data, no two custodians, no backup, no measurement, no counsel."""
    monkeypatch.setattr("os.geteuid", lambda: 0)
    found = said(world)
    for words in ("by http", "as root", "root key lies beside", "0 of the two custodians", "no backup", "not measured"):
        assert words in found
    assert "no counsel has read these law files" in found
    assert "us-il-bipa" in found
    assert "doctor" not in found.replace("`countenance doctor`", "")


def test_what_is_put_right_is_not_said(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line goes when its reason does, and comes back with it."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    key = tmp_path / "elsewhere.key"
    key.write_bytes((world.data / "root.key").read_bytes())
    key.chmod(0o600)
    monkeypatch.setenv(FILE_VARIABLE, str(key))
    world.engine.backups.new_recovery_key(tmp_path / "recovery.txt")
    world.engine.backups.make(tmp_path / "backup")
    for _ in range(2):
        enter(world, Role.CUSTODIAN)
    found = said(world, is_https=True)
    for words in ("by http", "as root", "root key", "custodians that approvals", "no backup"):
        assert words not in found
    world.clock.tick(seconds=BACKUP_EVERY.total_seconds() + 1)
    assert "the last backup is of" in said(world)


def test_a_demonstration_is_never_ready(world: World) -> None:
    """A directory where links sign in at once says so."""
    world.engine.accounts.declare_demo()
    assert "a demonstration's data directory" in said(world)
