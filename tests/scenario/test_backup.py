# SPDX-License-Identifier: Apache-2.0
"""A backup brings back everybody but the destroyed, and is worthless alone."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from threading import Event, Thread

import pytest
from people import enter
from typer.testing import CliRunner
from world import World

from countenance.bootstrap import Engine
from countenance.cli.main import app
from countenance.errors import (
    AlreadyInitialised,
    BadInput,
    CountenanceError,
    Damaged,
    NotFound,
    NotSignedIn,
    NotWritable,
)
from countenance.ids import ClientId, SourceId, SubjectId
from countenance.model.account import COMMAND_LINE, Role
from countenance.model.consent import ConsentStatus
from countenance.model.destruction import Scope
from countenance.model.event import EventTag
from countenance.store import photos as photo_rows
from countenance.store import recovery


@dataclass
class Story:
    """Ada (1), Bo (2) and Cy (3), a photo of Ada and Bo, and a backup of all that."""

    world: World
    ada: SubjectId
    bo: SubjectId
    cy: SubjectId
    client: ClientId
    source: SourceId
    folder: Path
    identity: Path
    into: Path

    def backup(self) -> None:
        self.world.engine.backups.make(self.folder)

    def restore(self, **more: Path) -> World:
        """Restore with the recovery key, and return the world of the restored directory."""
        ways = more or {"identity": self.identity}
        Engine.restore(self.folder, self.into, clock=self.world.clock, **ways)
        restored = World(Engine.open(self.into, clock=self.world.clock), self.world.photos, self.world.clock)
        restored._number = self.world._number
        return restored

    def files(self) -> dict[Path, bytes]:
        """Return every file of the data directory, the backup folder and what lies beside them."""
        return {path: path.read_bytes() for path in self.world.data.parent.rglob("*") if path.is_file()}


@pytest.fixture
def story(world: World, tmp_path: Path) -> Story:
    """Three people, their photos, a recovery key and a first backup."""
    source, client = world.source(), world.client()
    people = []
    for seed, label in ((1, "Ada Lovelace-Byron"), (2, "Bo Bandersnatch"), (3, "Cy Jabberwock")):
        subject = world.person(label)
        world.sign(subject.id)
        world.enrol(source, subject.id, seed, photos=2)
        people.append(subject.id)
    both = world.photo(1, 2)
    world.ingest(source, both, manifest=[(both, people[0], 0), (both, people[1], 1)])
    identity = tmp_path / "recovery.txt"
    world.engine.backups.new_recovery_key(identity)
    told = Story(world, *people, client, source, tmp_path / "backups", identity, tmp_path / "restored")
    told.backup()
    return told


def test_a_restore_brings_back_nobody_who_was_destroyed(story: Story) -> None:
    """A backup from before a destruction restores 0 destroyed subjects and all others, and doctor agrees."""
    story.world.engine.destruction.destroy(Scope((story.ada,)), requested_by="custodian")
    story.world.engine.backups.spread_tombstones()
    done = Engine.restore(story.folder, story.into, identity=story.identity, clock=story.world.clock)
    assert (done.subjects, done.reapplied, done.tombstones) == (
        1,
        6,
        6,
    )  # her, her two photos and the faces in them, the shared one

    restored = World(Engine.open(story.into, clock=story.world.clock), story.world.photos, story.world.clock)
    assert restored.found(story.client, 1) == set()
    assert restored.found(story.client, 2) == {story.bo}
    assert restored.found(story.client, 3) == {story.cy}
    assert {person.id for person in restored.engine.subjects.everyone()} == {story.bo, story.cy}
    assert story.ada not in restored.engine._records.keyring.owners()
    assert restored.engine.doctor.problems() == []
    with pytest.raises(NotFound, match=story.ada):
        restored.engine.subjects.show(story.ada)
    with pytest.raises(NotFound, match=story.ada):
        restored.engine.destruction.destroy(Scope((story.ada,)), requested_by="custodian")


def test_a_restored_photo_shows_no_destroyed_face(story: Story) -> None:
    """In a photo that shows others the destroyed face is black after a restore, under a new key."""
    (photo,) = _shared(story)
    with story.world.engine._records.read() as work:
        old_key = photo_rows.key_of(work, photo)
    story.world.engine.destruction.destroy(Scope((story.ada,)), requested_by="custodian")
    story.world.engine.backups.spread_tombstones()
    restored = story.restore()
    with restored.engine._records.read() as work:
        assert photo_rows.key_of(work, photo) != old_key
        new = photo_rows.preview(work, photo)
    with story.world.engine._records.read() as work:
        assert new == photo_rows.preview(work, photo)  # as masked in the living directory


@pytest.mark.parametrize("spread", [True, False])
def test_a_restore_with_the_living_keyring(story: Story, spread: bool) -> None:
    """Old data under today's keyring: the destroyed stay destroyed, whether or not the folder had been reached."""
    story.world.engine.destruction.destroy(Scope((story.ada,)), requested_by="custodian")
    if spread:
        story.world.engine.backups.spread_tombstones()
    dora = story.world.person("Dora")
    restored = story.restore(keyring_of=story.world.data)
    assert restored.found(story.client, 1) == set()
    assert restored.found(story.client, 2) == {story.bo}
    assert restored.engine.doctor.problems() == []
    assert dora.id not in restored.engine._records.keyring.owners()
    assert restored.engine._records.keyring.buried([dora.id, story.ada]) == {story.ada}


def test_tombstones_of_a_living_directory(story: Story) -> None:
    """A folder that no tombstone reached: those of the living keyring are applied on request."""
    story.world.engine.destruction.destroy(Scope((story.ada,)), requested_by="custodian")
    restored = story.restore(identity=story.identity, tombstones_of=story.world.data)
    assert restored.found(story.client, 1) == set()
    assert {person.id for person in restored.engine.subjects.everyone()} == {story.bo, story.cy}


def test_sources_clients_and_single_faces_stay_destroyed(story: Story) -> None:
    """A destroyed client, a photo's destroyed face and a destroyed source do not come back, with what hangs on them."""
    world = story.world
    world.search(story.client, 3)
    other = world.source()
    world.enrol(other, story.cy, 3)
    story.backup()
    face = next(face for face in world.faces() if face.subject == story.bo)
    world.engine._records.keyring.destroy([story.client, other, face.id], world.clock.now())
    world.engine.backups.spread_tombstones()
    restored = story.restore()
    assert restored.engine.register.clients() == []
    assert [source.id for source in restored.engine.register.sources()] == [story.source]
    assert face.id not in {held.id for held in restored.faces()}
    assert len(restored.faces()) == len(world.faces()) - 2
    assert restored.rows()["search"] == 0
    assert restored.engine.doctor.problems() == []


@pytest.mark.parametrize("way", ["identity", "keyring_of"])
def test_a_withdrawal_is_not_undone(story: Story, way: str) -> None:
    """A person who withdrew after the backup is frozen in the restored directory, and no search finds this person."""
    story.world.engine.subjects.withdraw(story.ada)
    source = story.identity if way == "identity" else story.world.data
    done = Engine.restore(story.folder, story.into, clock=story.world.clock, **{way: source})
    assert (done.reapplied, done.subjects, done.withdrawn) == (1, 0, 1)
    restored = World(Engine.open(story.into, clock=story.world.clock), story.world.photos, story.world.clock)
    assert restored.found(story.client, 1) == set()
    assert restored.found(story.client, 2) == {story.bo}
    held = restored.engine.subjects.show(story.ada)
    assert held.subject.frozen_at is not None
    assert [status for _, status in held.releases] == [ConsentStatus.WITHDRAWN]
    assert restored.engine.doctor.problems() == []


def test_the_same_photos_do_not_enrol_anew(story: Story) -> None:
    """After a restore the photos of a destroyed person, ingested again, make no faceprint."""
    story.world.engine.destruction.destroy(Scope((story.ada,)), requested_by="custodian")
    story.world.engine.backups.spread_tombstones()
    restored = story.restore()
    crops = restored.encoder.crops
    summary, _ = restored.ingest(story.source, restored.photos)
    assert summary.references == 0
    assert restored.encoder.crops == crops
    assert restored.found(story.client, 1) == set()


def test_the_log_goes_on_under_a_new_name(story: Story) -> None:
    """The restored log holds the old entries, says first that it was restored, and is signed as another log."""
    old = story.world.log()
    before = story.world.engine.journal.checkpoint()
    story.world.person("Later")
    restored = story.restore()
    log = restored.log()
    kept = len(old) - 1  # the entry about the backup itself is younger than the backup
    assert [(e.at, e.tag, e.payload) for e in log[:kept]] == [(e.at, e.tag, e.payload) for e in old[:kept]]
    assert log[kept].tag is EventTag.SYSTEM_RESTORED
    payload = log[kept].payload
    assert isinstance(payload, dict)
    assert payload["reapplied"] == 0
    assert payload["old"]["size"] == kept
    key = restored.engine.journal.verifier_key()
    assert key.split("+")[0] != story.world.engine.journal.verifier_key().split("+")[0]
    assert payload["old"]["origin"] == before.decode().splitlines()[0]
    assert restored.engine.journal.checkpoint().decode().splitlines()[0] == key.split("+")[0]


def test_the_data_backup_alone_is_noise(story: Story) -> None:
    """Nothing that identifies a person, and no key, wrapped or plain, can be found in the files of a backup."""
    files = {path: path.read_bytes() for path in story.folder.rglob("*") if path.is_file()}
    (data,) = story.folder.glob("data-*")
    assert sorted(path.name for path in data.iterdir()) == ["manifest.json", "policy.txt", "records.sqlite"]
    everything = b"\n".join(files.values())
    planted = [b"Lovelace", b"Bandersnatch", b"Jabberwock", b"N. N.", str(story.world.photos).encode()]
    planted += [vector.astype("<f4").tobytes()[:16] for vector in story.world.encoder.vectors]
    planted += [vector.astype(">f4").tobytes()[:16] for vector in story.world.encoder.vectors]
    with story.world.engine._records.read() as work:
        previews = [photo_rows.preview(work, photo) for photo in {face.photo for face in story.world.faces()}]
    planted += [preview[len(preview) // 2 :][:32] for preview in previews if preview is not None]
    keys = story.world.engine._records.keyring.contents()
    assert len(keys) == 4 + 3 + 7 + 1 + 1
    for key in keys.values():
        planted += [key, key.hex().encode()]
    with closing(sqlite3.connect(story.world.data / "keyring.sqlite")) as keyring:
        planted += [wrapped[12:44] for (wrapped,) in keyring.execute("SELECT wrapped FROM wrapped_key")]
    planted.append((story.world.data / "root.key").read_bytes().strip())
    assert [value for value in planted if value in everything] == []
    with closing(sqlite3.connect(story.world.data / "records.sqlite")) as records:  # control: what is there is found
        (label,) = records.execute("SELECT sealed_label FROM subject").fetchone()
    assert label in everything


def test_a_backup_is_private(story: Story) -> None:
    """Folders are 0700 and files 0600, whatever the umask is."""
    for path in (story.folder, *story.folder.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_a_backup_holds_no_old_page(story: Story) -> None:
    """A backup made after a destruction holds none of its bytes, and no tombstone has to be applied again."""
    story.world.engine.destruction.destroy(Scope((story.ada,)), requested_by="custodian")
    story.backup()
    done = Engine.restore(story.folder, story.into, identity=story.identity, clock=story.world.clock)
    assert (done.reapplied, done.tombstones) == (0, 6)


def test_the_moment_chooses_the_backup(story: Story) -> None:
    """`at` takes the newest backup that is not newer; before the first there is none."""
    at = story.world.clock.now()
    dora = story.world.person("Dora").id
    story.backup()
    Engine.restore(story.folder, story.into, identity=story.identity, at=at, clock=story.world.clock)
    assert dora not in {p.id for p in Engine.open(story.into).subjects.everyone()}
    newest = story.into.with_name("newest")
    Engine.restore(story.folder, newest, identity=story.identity, clock=story.world.clock)
    assert dora in {p.id for p in Engine.open(newest).subjects.everyone()}
    with pytest.raises(NotFound, match="no data backup of"):
        Engine.restore(story.folder, story.into.with_name("no"), identity=story.identity, at=at.replace(year=2000))


def refused(story: Story, error: type[CountenanceError], says: str, **ways: Path) -> None:
    """Restore, expect the refusal, and that no file came, went or changed."""
    before = story.files()
    into = ways.pop("into", story.into)
    with pytest.raises(error, match=says):
        Engine.restore(story.folder, into, clock=story.world.clock, **(ways or {"identity": story.identity}))
    assert story.files() == before
    assert not story.into.exists()


def test_no_restore_over_anything(story: Story) -> None:
    """A living data directory, or any folder that holds something, is never restored over."""
    refused(story, AlreadyInitialised, "Nothing was changed", into=story.world.data, identity=story.identity)
    refused(story, AlreadyInitialised, "Nothing was changed", into=story.identity, identity=story.identity)
    story.into.mkdir()
    (left := story.into.with_name(f".restoring-{story.into.name}-killed")).mkdir()
    story.restore()
    assert not left.exists()
    assert len(World(Engine.open(story.into), story.world.photos, story.world.clock).faces()) == 8


def test_the_wrong_recovery_key(story: Story, tmp_path: Path) -> None:
    """Another recovery key, a file that holds none, and no way to the keys at all are told apart."""
    other = tmp_path / "other.txt"
    recovery.new_recovery_key(other)
    refused(story, BadInput, "this recovery key does not open", identity=other)
    refused(story, BadInput, "holds no recovery key", identity=story.world.data / "policy.txt")
    refused(story, BadInput, "cannot be read", identity=tmp_path / "nowhere")
    refused(story, BadInput, "--keyring-of", identity=story.identity, keyring_of=story.world.data)


def test_every_changed_file_is_noticed(story: Story) -> None:
    """One changed byte in any file of a backup, or a file cut short or taken away, is refused."""
    for path in sorted(path for path in story.folder.rglob("*") if path.is_file()):
        whole = path.read_bytes()
        for changed in (whole[: len(whole) // 2], whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:], None):
            path.unlink()
            if changed is not None:
                path.write_bytes(changed)
            before = story.files()
            with pytest.raises((Damaged, NotFound)):
                Engine.restore(story.folder, story.into, identity=story.identity, clock=story.world.clock)
            assert story.files() == before
            path.write_bytes(whole)
    story.restore()


def test_a_manifest_cannot_be_made_to_fit(story: Story) -> None:
    """Records that were changed, with a manifest changed to match, are refused: the keyring signed the manifest."""
    (data,) = story.folder.glob("data-*")
    with closing(sqlite3.connect(data / "records.sqlite")) as records:
        records.execute("UPDATE subject SET residency = '[\"DE\"]'")
        records.commit()
    manifest = json.loads((data / "manifest.json").read_bytes())
    from countenance.services.backup import described

    manifest["files"]["records.sqlite"] = described(data / "records.sqlite")
    (data / "manifest.json").write_text(json.dumps(manifest))
    refused(story, Damaged, r"manifest\.json was changed")


def test_a_tombstone_cannot_be_taken_out(story: Story) -> None:
    """A line taken out of the file of tombstones, or all of another service's, is refused."""
    story.world.engine.destruction.destroy(Scope((story.ada,)), requested_by="custodian")
    story.world.engine.backups.spread_tombstones()
    path = story.folder / "tombstones"
    lines = path.read_text().splitlines(keepends=True)
    assert len(lines) == 1 + 6 + 1
    path.write_text("".join(lines[:1] + lines[2:]))
    refused(story, Damaged, "was changed, or belongs to another keyring")
    (state,) = story.world.engine.backups.spread_tombstones()
    assert not state.reached


def test_keys_older_than_the_data(story: Story) -> None:
    """Keys from before a person was added do not open data from after: refused, not restored in part."""
    (old,) = story.folder.glob("keys-*")
    story.world.person("Dora")
    story.backup()
    refused(story, Damaged, "the keys are older than the data: 1 are missing", identity=story.identity, keys=old)


def test_keys_expire(story: Story) -> None:
    """After its date a keys backup is a problem for doctor, is not used, and the next backup deletes it."""
    (old,) = story.folder.glob("keys-*")
    assert story.world.engine.doctor.problems() == []
    story.world.clock.tick(days=31)
    problems = story.world.engine.doctor.problems()
    assert any(old.name in problem and "delete it" in problem for problem in problems)
    refused(story, BadInput, "was valid until")
    story.backup()
    assert not old.exists()
    assert not any(old.name in problem for problem in story.world.engine.doctor.problems())
    (state,) = story.world.engine.backups.spread_tombstones()
    assert state.keys_until is not None
    assert state.keys_until > story.world.clock.now()


def test_folders_that_cannot_be_reached_are_named(story: Story, tmp_path: Path) -> None:
    """Tombstones go to every folder at once; a folder that is away is named with the date until which its keys live."""
    away = tmp_path / "away"
    made = story.world.engine.backups.make(away, valid_days=90)
    away.rename(tmp_path / "elsewhere")
    away.mkdir()  # an empty mount point is not the backup
    story.world.engine.destruction.destroy(Scope((story.ada,)), requested_by="custodian")
    states = {state.folder: state for state in story.world.engine.backups.spread_tombstones()}
    assert not states[away].reached
    assert list(away.iterdir()) == []
    assert states[away].keys_until == made.keys_until.replace(microsecond=made.keys_until.microsecond // 1000 * 1000)
    assert states[story.folder].reached
    assert len((story.folder / "tombstones").read_text().splitlines()) == 1 + 6 + 1
    away.rmdir()
    (tmp_path / "elsewhere").rename(away)
    assert all(state.reached for state in story.world.engine.backups.spread_tombstones())


def test_a_restored_directory_goes_on_telling_the_folder(story: Story) -> None:
    """Who is destroyed in the restored directory does not come back with a second restore."""
    restored = story.restore()
    restored.engine.destruction.destroy(Scope((story.cy,)), requested_by="custodian")
    (state,) = restored.engine.backups.spread_tombstones()
    assert (state.folder, state.reached) == (story.folder, True)
    again = story.into.with_name("again")
    assert Engine.restore(story.folder, again, identity=story.identity, clock=story.world.clock).subjects == 1


def test_a_failed_backup_leaves_nothing(story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever fails, no file of the backup is left and no folder is remembered; the next one works."""
    before = story.files()
    settings = story.world.engine.backups.spread_tombstones()

    def fail(_keys: object, _recipient: str) -> bytes:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(recovery, "seal", fail)
        for folder in (story.folder, tmp_path / "new"):
            with pytest.raises(CountenanceError, match="nothing of it is left"):
                story.world.engine.backups.make(folder)
    database = {story.world.data / f"records.sqlite{tail}" for tail in ("", "-wal", "-shm")}
    after = story.files()
    assert {p: b for p, b in after.items() if p not in database} == {
        p: b for p, b in before.items() if p not in database
    }
    assert not (tmp_path / "new").exists()
    assert story.world.engine.backups.spread_tombstones() == settings
    (story.folder / ".new-killed").mkdir()
    story.backup()
    assert not (story.folder / ".new-killed").exists()


def test_a_backup_while_others_write(story: Story) -> None:
    """Backups made while somebody adds people hold one moment each: all restore, with a key for every record."""
    stop = Event()

    def add() -> None:
        other = Engine.open(story.world.data, clock=story.world.clock)
        while not stop.is_set():
            other.subjects.add("Somebody", residency=["US-IL"])

    writer = Thread(target=add)
    writer.start()
    try:
        moments = []
        for _ in range(3):
            story.backup()
            moments.append(story.world.clock.now())
    finally:
        stop.set()
        writer.join()
    sizes = []
    for number, moment in enumerate(moments):
        into = story.into.with_name(f"restored-{number}")
        Engine.restore(story.folder, into, identity=story.identity, at=moment, clock=story.world.clock)
        restored = Engine.open(into, clock=story.world.clock)
        assert restored.doctor.problems() == []
        sizes.append(len(restored.subjects.everyone()))
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]


def test_backups_that_are_killed(story: Story) -> None:
    """Killed at random moments, backups leave nothing that the next one does not sweep, and nothing half written."""
    random = Random(3)
    for number in range(200):  # a slow machine needs more of them until some backups are complete
        if number >= 20 and len(list(story.folder.glob("data-*"))) > 2:
            break
        child = os.fork()
        if child == 0:
            while True:
                Engine.open(story.world.data).backups.make(story.folder)
        time.sleep(random.uniform(0.01, 0.12 + number / 100))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    story.world.clock.tick(days=1)
    story.backup()
    assert len(list(story.folder.glob("data-*"))) > 2
    assert not list(story.folder.glob(".*"))
    for data in story.folder.glob("data-*"):
        assert len(list(data.iterdir())) == 3
    assert story.world.engine.doctor.problems() == []
    assert story.restore().found(story.client, 1) == {story.ada}


def test_backups_that_cannot_be(story: Story, tmp_path: Path) -> None:
    """Into the data directory, without a recovery key, over another service's tombstones: refused."""
    engine = story.world.engine
    with pytest.raises(BadInput, match="name a folder on another disk"):
        engine.backups.make(story.world.data / "backups")
    with pytest.raises(BadInput, match="valid for 1 to 366 days"):
        engine.backups.make(story.folder, valid_days=0)
    with pytest.raises(BadInput, match="name another place"):
        engine.backups.new_recovery_key(story.world.data / "recovery.txt")
    with pytest.raises(NotWritable, match="File exists"):
        engine.backups.new_recovery_key(story.identity)
    other = Engine.init(tmp_path / "other", operator="Other")
    with pytest.raises(BadInput, match="countenance keys recovery --out FILE"):
        other.backups.make(tmp_path / "other-backups")
    assert not (tmp_path / "other-backups").exists()
    before = story.files()
    with pytest.raises(Damaged, match="another keyring"):
        other.backups.make(story.folder, recovery_key=story.identity)
    changed = {path for path, data in story.files().items() if before.get(path) != data}
    assert all(path.is_relative_to(tmp_path / "other") for path in changed)


def test_doctor_knows_the_rules_of_erasing(story: Story) -> None:
    """A recovery key in the data directory, and keys beside backed up data, are problems."""
    (data,) = story.folder.glob("data-*")
    (data / "keyring.sqlite").write_bytes(b"copy")
    (story.world.data / "recovery.txt").write_bytes(story.identity.read_bytes())
    story.world.engine._records.keyring.destroy([story.ada], story.world.clock.now())
    problems = story.world.engine.doctor.problems()
    assert any("does not know of all that was destroyed" in problem for problem in problems)
    assert any("lies with a backup of the data" in problem for problem in problems)
    assert any("is a recovery key in the data directory" in problem for problem in problems)


def _shared(story: Story) -> set[str]:
    own = [{f.photo for f in story.world.faces() if f.subject == s} for s in (story.ada, story.bo)]
    return set(own[0] & own[1])


def test_the_commands(story: Story, tmp_path: Path) -> None:
    """`keys recovery`, `backup`, `destroy`, `keys rotate` and `restore`, as they are typed."""
    data = ["--data", str(story.world.data), "--json"]

    def run(*words: object, code: int = 0) -> dict[str, object]:
        result = CliRunner().invoke(app, [str(word) for word in words])
        assert result.exit_code == code, result.output
        record: dict[str, object] = json.loads(result.stdout.splitlines()[-1])
        return record

    key, folder, into = tmp_path / "key.txt", tmp_path / "typed", tmp_path / "new"
    assert str(run("keys", "recovery", "--out", key, *data)["recipient"]).startswith("age1")
    assert key.stat().st_mode & 0o777 == 0o600
    assert run("backup", folder, "--keys-valid-days", 7, *data)["tombstones"] == 0
    story.world.engine.destruction.destroy(Scope((story.ada,)), requested_by="custodian")
    story.world.engine.backups.spread_tombstones()
    assert run("keys", "rotate", *data)["keys"] == 4 + 2 + 2 + 2 + 1 + 1 + 1 + 1  # the last: evidence of consent
    done = run("restore", folder, "--into", into, "--identity", key, "--at", "2999-01-01", "--json")
    assert (done["subjects"], done["reapplied"], done["tombstones"]) == (1, 6, 6)
    again = run("restore", folder, "--into", into, "--identity", key, "--json", code=5)
    assert again["error"] == "already_initialised"
    wrong = run("restore", folder, "--into", tmp_path / "no", "--identity", story.identity, "--json", code=3)
    assert wrong["error"] == "bad_input"
    assert run("restore", folder, "--into", tmp_path / "no", "--at", "noon", "--json", code=3)["error"] == "bad_input"
    assert not (tmp_path / "no").exists()


def test_a_restore_brings_back_nobodys_way_in(story: Story) -> None:
    """Sessions, keys and invitations are over; who was disabled since stays so; the others are invited anew."""
    accounts = story.world.engine.accounts
    token, caller = enter(story.world, Role.CUSTODIAN)
    _, gone = enter(story.world, Role.OPERATOR)
    _, key = accounts.new_key(caller, ["home:read"], 300, "k")
    invitation = accounts.invite(gone.account, minutes=9999, by=COMMAND_LINE)
    story.backup()
    accounts.disable(gone.account, by=COMMAND_LINE)
    story.world.engine.backups.spread_tombstones()
    restored = story.restore().engine.accounts
    for attempt in (
        lambda: restored.by_session(token),
        lambda: restored.by_key(key),
        lambda: restored.redeem(str(invitation)),
    ):
        with pytest.raises(NotSignedIn):
            attempt()
    assert {one.id for one in restored.everyone() if one.disabled_at is not None} == {gone.account}
    assert restored.invite(caller.account, minutes=5, by=COMMAND_LINE) is not None
