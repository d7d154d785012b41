# SPDX-License-Identifier: Apache-2.0
"""The root key can come from elsewhere and can be changed; a destroyed id leaves a tombstone and nothing else."""

from __future__ import annotations

import hmac
import os
import secrets
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest
from world import World

from countenance.bootstrap import Engine
from countenance.errors import BadInput, Damaged, NotInitialised, NotWritable, WrongRootKey
from countenance.model.event import EventTag
from countenance.store.keyring import TAG_KEY, Keyring
from countenance.store.root_key import KeyFile, read_root_key


class Killed(BaseException):
    """Stands for kill -9: nothing of the program runs after it."""


def wrapped(world: World) -> dict[str, bytes]:
    """Return the wrapped keys by owner."""
    with closing(sqlite3.connect(world.data / "keyring.sqlite")) as connection:
        return dict(connection.execute("SELECT owner, wrapped FROM wrapped_key"))


def keyring_bytes(world: World) -> bytes:
    """Return every byte of the keyring's files."""
    return b"".join(path.read_bytes() for path in world.data.glob("keyring.sqlite*"))


def test_rotation_changes_the_wrapping_and_nothing_else(world: World) -> None:
    """After a rotation all opens with the new root key and nothing with the old; the records' bytes are the same."""
    client, source = world.client(), world.source()
    ada = world.person("Ada").id
    world.sign(ada)
    world.enrol(source, ada, 1, photos=2)
    keys = world.engine._records.keyring.contents()
    old_root, old = read_root_key(world.data / "root.key"), wrapped(world)
    with closing(world.raw()) as raw:
        rows = [row for row in raw.iterdump() if '"event"' not in row and '"log_node"' not in row]

    assert world.engine.rotate_root_key() == len(keys)

    with closing(world.raw()) as raw:
        assert [r for r in raw.iterdump() if '"event"' not in r and '"log_node"' not in r and "sequence" not in r] == [
            r for r in rows if "sequence" not in r
        ]
    assert read_root_key(world.data / "root.key") != old_root
    with pytest.raises(WrongRootKey, match="does not open this keyring"):
        Keyring(world.data / "keyring.sqlite", old_root)
    on_disk = keyring_bytes(world)
    assert [owner for owner, value in old.items() if value[12:44] in on_disk] == []
    assert all(value[12:44] in on_disk for value in wrapped(world).values())  # control: what is there is found
    assert world.found(client, 1) == {ada}
    world.person("Bo")
    world.reopen()
    assert world.found(client, 1) == {ada}
    assert {owner: world.engine._records.keyring.key(owner) for owner in keys} == keys
    assert world.engine.doctor.problems() == []
    assert len(world.log(EventTag.ROOT_KEY_ROTATED)) == 1
    assert (world.data / "root.key").stat().st_mode & 0o777 == 0o600


def test_a_process_of_before_a_rotation_makes_no_lost_key(world: World, tmp_path: Path) -> None:
    """A process that still has the old root key says so, and stores nothing under it."""
    other = Engine.open(world.data)
    ada = world.person("Ada").id
    before = wrapped(world)
    world.engine.rotate_root_key()
    assert wrapped(world).keys() == before.keys()
    for verb in (
        lambda: other.subjects.add("Bo", residency=["US-IL"]),
        lambda: other.backups.make(tmp_path / "backups", recovery_key=_recipient(tmp_path)),
        other.rotate_root_key,
        lambda: other._records.keyring.several([ada]),
    ):
        with pytest.raises(WrongRootKey, match="another process rotated the root key"):
            verb()
    assert wrapped(world).keys() == before.keys()
    world.reopen()
    assert world.engine.doctor.problems() == []


@pytest.mark.parametrize("step", ["stage", "staged", "committed", "compacted", "swapped"])
def test_a_rotation_killed_at_each_step(world: World, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Killed before, between or after its steps, a rotation leaves a directory that opens, with every key."""
    ring = world.engine._records.keyring
    ring.create(["pho_a"])
    keys = ring.contents()
    place = KeyFile(world.data / "root.key")

    def killed_in(name: str, *, after: bool) -> None:
        real: Callable[..., None] = getattr(KeyFile, name)

        def die(self: KeyFile, *args: bytes) -> None:
            if after:
                real(self, *args)
            raise Killed

        monkeypatch.setattr(KeyFile, name, die)

    with monkeypatch.context():
        if step in ("stage", "staged"):
            killed_in("stage", after=step == "staged")
        elif step == "committed":
            monkeypatch.setattr("countenance.store.keyring.compact", _die)
            killed_in("swap", after=False)
        else:
            killed_in("swap", after=step == "swapped")
        with pytest.raises(Killed):
            ring.rotate(place)
        monkeypatch.undo()
    assert Keyring.open(world.data / "keyring.sqlite", place).contents() == keys
    assert Keyring(world.data / "keyring.sqlite", place.read()).contents() == keys
    again = Keyring.open(world.data / "keyring.sqlite", place)
    again.rotate(place)
    assert Keyring.open(world.data / "keyring.sqlite", place).contents() == keys
    assert not (world.data / "root.key.new").exists()


def test_kill_9_while_rotating(world: World) -> None:
    """A process that rotates without end, killed at random moments: the directory opens each time, with every key."""
    ring = world.engine._records.keyring
    ring.create([f"pho_{number}" for number in range(50)])
    keys, path, place = ring.contents(), world.data / "keyring.sqlite", KeyFile(world.data / "root.key")
    roots, unfinished, random = set(), 0, Random(7)
    for _ in range(60):
        begun, tell = os.pipe()
        child = os.fork()
        if child == 0:
            while True:
                os.write(tell, b".")
                Keyring.open(path, place).rotate(place)
        for _ in range(random.randint(1, 3)):
            os.read(begun, 1)  # however slow the machine is, it has begun this often
        time.sleep(random.uniform(0, 0.02))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(begun)
        os.close(tell)
        unfinished += place.staged() is not None
        assert Keyring.open(path, place).contents() == keys
        roots.add(place.read())
    assert len(roots) > 5
    assert unfinished > 0  # some were killed between the first step and the last
    world.reopen()
    assert world.engine.doctor.problems() == []


def test_a_root_key_in_another_file(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """COUNTENANCE_ROOT_KEY_FILE names the file; a link does too; rotation replaces what they lead to."""
    safe = tmp_path / "safe"
    safe.mkdir()
    (world.data / "root.key").rename(safe / "key")
    with pytest.raises(NotInitialised, match=r"root\.key is missing"):
        world.reopen()
    monkeypatch.setenv("COUNTENANCE_ROOT_KEY_FILE", str(safe / "key"))
    before = (safe / "key").read_text()
    world.reopen()
    world.engine.rotate_root_key()
    world.reopen()
    assert (safe / "key").read_text() != before
    assert world.engine.doctor.problems() == []
    (safe / "key").chmod(0o644)
    assert any("others may read the root key" in problem for problem in world.engine.doctor.problems())
    (safe / "key").chmod(0o600)
    monkeypatch.delenv("COUNTENANCE_ROOT_KEY_FILE")
    (world.data / "root.key").symlink_to(safe / "key")
    world.reopen()
    world.engine.rotate_root_key()
    world.reopen()
    assert (world.data / "root.key").is_symlink()
    assert sorted(path.name for path in safe.iterdir()) == ["key"]


def test_a_root_key_that_cannot_be_stored(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the next root key cannot be written, nothing is rotated."""
    before = keyring_bytes(world)

    def fail(_path: Path, _data: bytes) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("countenance.store.root_key.write_private", fail)
    with pytest.raises(NotWritable, match="nothing was changed"):
        world.engine.rotate_root_key()
    assert keyring_bytes(world) == before


def test_a_root_key_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """COUNTENANCE_ROOT_KEY holds the key: none is written, and a rotation wants the next one beside it."""
    key, following = secrets.token_hex(32), secrets.token_hex(32)
    monkeypatch.setenv("COUNTENANCE_ROOT_KEY", key)
    Engine.init(tmp_path / "data", operator="Example Museum")
    assert not (tmp_path / "data" / "root.key").exists()
    assert key.encode() not in b"".join(p.read_bytes() for p in (tmp_path / "data").iterdir())
    engine = Engine.open(tmp_path / "data")
    with pytest.raises(BadInput, match="COUNTENANCE_ROOT_KEY_NEW"):
        engine.rotate_root_key()
    monkeypatch.setenv("COUNTENANCE_ROOT_KEY_NEW", following)
    engine.rotate_root_key()
    Engine.open(tmp_path / "data")  # both are set, as they are until the operator has changed them
    monkeypatch.delenv("COUNTENANCE_ROOT_KEY_NEW")
    with pytest.raises(WrongRootKey, match="does not open this keyring"):
        Engine.open(tmp_path / "data")
    monkeypatch.setenv("COUNTENANCE_ROOT_KEY", following)
    Engine.open(tmp_path / "data")
    for value, error, says in (("ab", WrongRootKey, "64 hexadecimal"), ("keyring:one", BadInput, "SERVICE/USER")):
        monkeypatch.setenv("COUNTENANCE_ROOT_KEY", value)
        with pytest.raises(error, match=says):
            Engine.open(tmp_path / "data")
    monkeypatch.setenv("COUNTENANCE_ROOT_KEY_FILE", "file")
    with pytest.raises(BadInput, match="not both"):
        Engine.open(tmp_path / "data")


def test_a_root_key_in_the_operating_systems_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`keyring:SERVICE/USER` reads an entry, and a rotation replaces it; without the extra or the entry it says so."""
    held: dict[tuple[str, str], str] = {}
    library = SimpleNamespace(
        get_password=lambda *entry: held.get(entry),
        set_password=lambda service, user, text: held.update({(service, user): text}),
        delete_password=lambda *entry: held.pop(entry),
    )
    monkeypatch.setenv("COUNTENANCE_ROOT_KEY", "keyring:museum/countenance")
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(BadInput, match=r"countenance\[os-keyring\]"):
        Engine.init(tmp_path / "data", operator="Example Museum")
    monkeypatch.setitem(sys.modules, "keyring", library)
    with pytest.raises(NotInitialised, match="has no entry museum/countenance"):
        Engine.init(tmp_path / "data", operator="Example Museum")
    held["museum", "countenance"] = first = secrets.token_hex(32)
    engine = Engine.init(tmp_path / "data", operator="Example Museum")
    engine.rotate_root_key()
    assert held.keys() == {("museum", "countenance")}
    assert held["museum", "countenance"] != first
    Engine.open(tmp_path / "data")


def test_a_destroyed_id_leaves_a_tombstone(world: World) -> None:
    """A tombstone is the HMAC of the id, is stored with the deletion, and says nothing without the keyring."""
    ring = world.engine._records.keyring
    ring.create(["pho_a", "pho_b"])
    assert ring.buried(["pho_a", "pho_b"]) == set()
    assert ring.destroy(["pho_a", "sub_without_key"], world.clock.now()) == 1
    assert ring.buried(["pho_a", "pho_b", "sub_without_key"]) == {"pho_a", "sub_without_key"}
    assert set(ring.tombstones()) == {
        hmac.digest(ring.key(TAG_KEY), owner.encode(), "sha256") for owner in ("pho_a", "sub_without_key")
    }
    assert b"sub_without_key" not in keyring_bytes(world)
    world.engine.rotate_root_key()
    world.reopen()
    assert world.engine._records.keyring.buried(["pho_a", "pho_b"]) == {"pho_a"}
    assert world.engine._records.keyring.destroy(["pho_a"], world.clock.now()) == 0


def test_deletion_and_tombstone_are_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between deletion and tombstone, neither has happened."""
    ring = world.engine._records.keyring
    ring.create(["pho_a"])
    key = ring.key("pho_a")
    monkeypatch.setattr("countenance.store.keyring._bury", _die)
    with pytest.raises(Killed):
        ring.destroy(["pho_a"], world.clock.now())
    again = Engine.open(world.data)._records.keyring
    assert (again.key("pho_a"), again.tombstones()) == (key, [])


def test_tombstones_of_a_copy_are_merged(world: World, tmp_path: Path) -> None:
    """Tombstones of a copy are added to one's own; keys stay as they are."""
    ring = world.engine._records.keyring
    ring.create(["pho_a", "pho_b"])
    copy = Keyring.filled(tmp_path / "copy.sqlite", secrets.token_bytes(32), ring.contents())
    assert copy.contents().keys() == ring.contents().keys()
    ring.destroy(["pho_a"], world.clock.now())
    copy.bury([*ring.tombstones(), *ring.tombstones()], world.clock.now())
    assert copy.buried(["pho_a", "pho_b"]) == {"pho_a"}
    copy.keep({"pho_a"})
    assert copy.owners() == {"pho_a"}
    assert copy.buried(["pho_b"]) == set()
    with pytest.raises(Damaged, match="the key of pho_b is gone"):
        copy.key("pho_b")


def test_a_second_keyring_is_made_of_its_keys_alone(world: World, tmp_path: Path) -> None:
    """A keyring made of another one's keys signs and tags as that one does, under a root key of its own."""
    ring = world.engine._records.keyring
    copy = Keyring.filled(tmp_path / "copy.sqlite", secrets.token_bytes(32), ring.contents())
    assert copy.mac(b"x") == ring.mac(b"x")
    assert {o: k for o, k in copy.contents().items() if o != "canary"} == {
        o: k for o, k in ring.contents().items() if o != "canary"
    }


def _die(*_args: object) -> None:
    raise Killed


def _recipient(folder: Path) -> Path:
    path = folder / "recipient.txt"
    path.write_text("age1jehnyclgs2tf385kyeu33fen8unf92dayr8n4n2d6duq5kfgldwqjtwyx5\n")
    return path
