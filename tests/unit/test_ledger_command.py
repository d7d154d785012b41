# SPDX-License-Identifier: Apache-2.0
"""`countenance verify`: what it prints and returns, on its own, without the engine."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from ledger_world import ORIGIN, WITNESS_KEYS, WITNESSES, Log, certificate, filler, release
from typer.testing import CliRunner

from countenance.cli import verifier
from countenance.cli import verify as command

_HEAVY = {"faiss", "onnxruntime", "onnx", "sqlalchemy", "cv2", "PIL", "numpy", "typer", "rich", "sqlite3", "numba"}


class Desk:
    """A folder with a log's documents, and the command run in it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.log = Log(300)
        self.key = self.log.signer.verifier().text()
        self._capsys = capsys

    def put(self, name: str, data: bytes) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return str(path)

    def publish(self, files: dict[str, bytes]) -> str:
        for name, data in files.items():
            self.put(f"published/{name}", data)
        return str(self.folder / "published")

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Return exit code, standard output and standard error."""
        code = verifier.main([*arguments, "--key", self.key])
        return code, *self._capsys.readouterr()


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


def test_a_certificate_is_told_in_plain_words(desk: Desk) -> None:
    """What a certificate proves, what is held and until when, and what it does not show, is printed; exit code 0."""
    code, out, err = desk.run(desk.put("c.json", desk.log.certify(certificate())))
    assert (code, err) == (0, "")
    for words in (
        "c.json: proved",
        "of Example Museum, partial, signed 2026-11-24T12:30:00.000Z",
        "12 targeted: 10 destroyed, 2 held, 0 failed, 0 deferred",
        "2 held in records, until 2027-01-01T00:00:00.000Z: legal hold hld_1",
        "Verified at level 3 by 2 checks",
        "It is entry 300 of the log.",
        f"The log {ORIGIN} signed 301 entries",
        "whether a later certificate supersedes it",
    ):
        assert words in out


def test_a_release_is_told_without_the_name(desk: Desk) -> None:
    """A release's ids, purposes and term are printed, and that withdrawal is not shown; never the signer's name."""
    code, out, _ = desk.run(desk.put("r.json", desk.log.export(release())))
    assert code == 0
    assert "Release rel_5c1d7k2m0q9x4t8b of subject sub_7k2m0q9x4t8b5c1d" in out
    assert "Purposes: photo_delivery." in out
    assert "whether it was withdrawn since" in out
    assert "Ada" not in out


def test_each_kind_is_recognised_by_its_content(desk: Desk) -> None:
    """Certificate, release, entry, growth, checkpoint and published log are told apart whatever their names."""
    log = desk.log
    files = [
        desk.put("a", log.certify(certificate())),
        desk.put("b", log.export(release())),
        desk.put("c", log.prove(7, carry=True).encode()),
        desk.put("d", log.note(200)),
        desk.put("e", log.growth(200).encode()),
    ]
    files.append(desk.publish(log.publish()))
    code, out, _ = desk.run(*files, "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [line["kind"] for line in lines] == ["certificate", "release", "entry", "checkpoint", "growth", "log"]
    assert [line["file"] for line in lines] == files
    assert all(line["proved"] and line["origin"] == ORIGIN for line in lines)
    assert lines[0]["counts"] == {"targeted": 12, "destroyed": 10, "held": 2, "failed": 0, "deferred": 0}
    assert (lines[2]["index"], lines[2]["tag"]) == (7, "client:search:answered")
    assert lines[4]["old_size"] == 200
    assert (lines[5]["earlier"], lines[5]["size"]) == (1, 302)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("changed", "malformed"),
        ("another log's", "unknown_key"),
        ("forked", "forked"),
        ("truncated", "truncated"),
        ("wrong leaf", "not_included"),
        ("leaf cut", "leaf_missing"),
        ("rewritten", "not_consistent"),
    ],
)
def test_each_fault_has_its_own_reason(desk: Desk, name: str, code: str) -> None:
    """A changed byte, another log, a fork, a truncated tile, a wrong or cut leaf: exit code 7, each with its reason."""
    log, files = desk.log, []
    fork = Log(199)
    fork.append(filler(999))
    match name:
        case "changed":
            files = [desk.put("c", log.certify(certificate()).replace(b'"held":2', b'"held": 2'))]
        case "another log's":
            files = [desk.put("c", Log(3, seed=8).certify(certificate()))]
        case "forked":
            files = [desk.put("one", log.note(200)), desk.put("two", fork.note())]
        case "truncated":
            published = log.publish()
            files = [desk.publish(published | {"tile/0/000": published["tile/0/000"][:-1]})]
        case "wrong leaf":
            wrong = dataclasses.replace(log.prove(7, carry=True), extra=filler(8).encode())
            files = [desk.put("p", wrong.encode())]
        case "leaf cut":
            published = log.publish()
            cut = published["tile/entries/000"]
            length = 2 + len(log.entries[0])
            files = [desk.publish(published | {"tile/entries/000": cut[length:]})]
        case "rewritten":
            files = [desk.put("old", fork.note()), desk.put("growth", log.growth(200).encode())]
    status, out, _ = desk.run(*files, "--json")
    wrong_lines = [json.loads(line) for line in out.splitlines() if not json.loads(line)["proved"]]
    assert status == 7
    assert [line["error"] for line in wrong_lines] == [code]
    assert wrong_lines[0]["message"]


def test_one_wrong_file_does_not_hide_the_others(desk: Desk) -> None:
    """Every file is reported; the exit code says that one failed."""
    good = desk.put("good", desk.log.note())
    code, out, err = desk.run(desk.put("bad", b"nonsense"), good)
    assert code == 7
    assert f"{good}: proved" in out
    assert "bad: NOT PROVED (malformed): not a signed note" in err


def test_a_strangers_checkpoint_says_nothing_about_a_log(desk: Desk) -> None:
    """A fork that the log's key did not sign is refused at its own turn, and the published log stays proved."""
    forged = desk.put("forged", Log(200, seed=6).note())
    code, out, err = desk.run(forged, published := desk.publish(desk.log.publish()))
    assert code == 7
    assert "forged: NOT PROVED (unknown_key)" in err
    assert f"{published}: proved" in out
    assert "of the same history" not in out


def test_a_growth_proof_asks_for_its_start(desk: Desk) -> None:
    """Without the earlier checkpoint the missing file is named, with the exit code of wrong input."""
    code, _, err = desk.run(desk.put("growth", desk.log.growth(200).encode()))
    assert code == 3
    assert "give the checkpoint of that size too" in err


def test_files_that_cannot_be_read_are_named(desk: Desk) -> None:
    """A missing file is wrong input, a folder without a checkpoint is no log."""
    code, _, err = desk.run(str(desk.folder / "nothing"))
    assert (code, "there is no file" in err) == (3, True)
    code, _, err = desk.run(str(desk.folder))
    assert (code, "no checkpoint in this folder" in err) == (7, True)
    code, _, err = desk.run("x" * 5000)
    assert (code, "cannot be read" in err) == (3, True)
    code, _, err = desk.run(desk.put("large", bytes(18 * 2**20)))
    assert (code, "larger than anything" in err) == (3, True)


def test_keys_may_stand_in_a_file(desk: Desk) -> None:
    """A key is a text or a file of lines with comments; a key that is neither is wrong input and nothing is checked."""
    note = desk.put("note", desk.log.note(witnesses=WITNESSES[:2]))
    keys = desk.put("keys", f"# ours\n\n{desk.key}\n".encode())
    witnesses = desk.put("witnesses", "\n".join(key.text() for key in WITNESS_KEYS).encode())
    assert verifier.main([note, "--key", keys, "--witness", witnesses, "--quorum", "2"]) == 0
    code, out, err = desk.run(note, "--witness", witnesses)
    assert (code, "cosigned by 2 of the witnesses given; 3 are asked for" in err) == (7, True)
    code, out, err = desk.run(note, "--key", "nonsense")
    assert (code, out) == (3, "")
    assert "is no key such as" in err
    assert desk.run(note, "--key", desk.key[:-1])[0] == 3


def test_the_terminal_is_not_steered_by_what_is_checked(desk: Desk) -> None:
    """Control characters of a checked file are not printed."""
    nasty = certificate(scope_text="all \x1b[2J of it\n")
    code, out, _ = desk.run(desk.put("c", desk.log.certify(nasty)))
    assert code == 0
    assert "\x1b" not in out
    assert "all \ufffd[2J of it\ufffd" in out


def test_usage_without_a_key_is_wrong(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing can be proved without a key to trust."""
    with pytest.raises(SystemExit) as stopped:
        verifier.main([desk.put("note", desk.log.note())])
    assert stopped.value.code == 2
    assert "--key" in capsys.readouterr().err


def test_the_command_hands_its_arguments_on(desk: Desk) -> None:
    """Among the program's other commands `verify` takes the same arguments and returns the same exit codes."""
    app = typer.Typer()
    app.callback()(lambda: None)
    command.register(app)
    good, bad = desk.put("good", desk.log.note()), desk.put("bad", b"nonsense")
    assert CliRunner().invoke(app, ["verify", good, "--key", desk.key]).exit_code == 0
    assert CliRunner().invoke(app, ["verify", bad, "--key", desk.key]).exit_code == 7
    assert "--quorum" in CliRunner().invoke(app, ["verify", "--help"]).output


@pytest.mark.parametrize("start", [["-m", "countenance.ledger"], ["-m", "countenance", "verify"]])
def test_the_verifier_starts_alone(desk: Desk, start: list[str]) -> None:
    """Checking a certificate in a fresh process loads no engine, database, image, numeric or command-line library."""
    document = desk.put("c.json", desk.log.certify(certificate()))
    probe = (
        "import atexit, runpy, sys\n"
        "atexit.register(lambda: print('LOADED', *sorted({name.split('.')[0] for name in sys.modules})))\n"
        f"sys.argv = ['countenance', *{[*start[2:], document, '--key', desk.key]!r}]\n"
        f"runpy.run_module({start[1]!r}, run_name='__main__', alter_sys=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "countenance" in loaded
    assert not loaded & _HEAVY
