# SPDX-License-Identifier: Apache-2.0
"""`destroy` and `scan` on the command line: what is printed, written and refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from commands import Cli
from world import World

from countenance.cli.verifier import main as verify
from countenance.papers.certificate import certificate_page

SUBJECT_LOSES = {"subject": 1, "reference": 2, "photo": 2, "keys": 3}


@pytest.fixture
def ada(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Somebody with two references, whose law asks for two people."""
    monkeypatch.chdir(tmp_path)  # where certificates are written
    subject = world.person("Ada", "unknown").id
    world.sign(subject)
    world.enrol(world.source(), subject, 1, photos=2)
    return subject


def test_from_the_dry_run_to_the_certificate(cli: Cli, ada: str, tmp_path: Path, world: World) -> None:
    """Dry run, freeze, refusal of the same person, approval by another, certificate as file and page."""
    dry = cli.json("destroy", ada, "--dry-run", "--by", "anna")
    assert (dry["state"], dry["needs_approval"]) == ("planned", True)
    assert {name: dry["targeted"][name] for name in SUBJECT_LOSES} == SUBJECT_LOSES
    waits = cli.json("destroy", ada, "--by", "anna")
    assert (waits["run"], waits["state"], waits["files"]) == (dry["run"], "frozen", [])
    assert "somebody else" in cli("destroy", "approve", dry["run"], "--by", "Anna", code=4).stderr
    done = cli.json(
        "destroy", "approve", dry["run"], "--by", "counsel", "--declarant", "Cara Counsel", "--title", "counsel"
    )
    assert (done["state"], done["title"], done["problems"]) == ("certified", "complete", [])
    assert {name: done["destroyed"][name] for name in SUBJECT_LOSES} == SUBJECT_LOSES
    document, shown = (tmp_path / name for name in done["files"])
    assert verify([str(document), "--key", world.engine.journal.verifier_key()]) == 0
    text = shown.read_text(encoding="utf-8")
    assert hashlib.sha256(document.read_bytes()).hexdigest() in text
    assert "Cara Counsel, counsel" in text
    assert [record["state"] for record in cli("destroy", "list", "--json").records] == ["certified"]
    assert cli.json("destroy", "status", dry["run"])["certificate"] == done["certificate"]


def test_a_certificate_that_nobody_declares_says_so(cli: Cli, ada: str) -> None:
    """Without a declarant there is no declaration under penalty of perjury in anybody's name."""
    waits = cli.json("destroy", ada, "--by", "anna")
    done = cli.json("destroy", "approve", waits["run"], "--by", "counsel")
    body = json.loads(Path(done["files"][0]).read_bytes())
    assert "perjury" not in body["declaration"]
    assert body["declarant"]["name"] == "anna"


def test_the_page_escapes_what_people_typed(cli: Cli, ada: str) -> None:
    """Nothing that was typed into a certificate becomes markup of its page."""
    waits = cli.json("destroy", ada, "--by", "anna", "--order", "<script>alert(1)</script>")
    done = cli.json("destroy", "approve", waits["run"], "--by", "counsel", "--declarant", "<b>Cara</b>")
    text = certificate_page(Path(done["files"][0]).read_bytes()).decode()
    assert "<script" not in text
    assert "<b>" not in text
    assert "&lt;script&gt;" in text


def test_a_found_copy_ends_with_1_and_is_named(cli: Cli, ada: str) -> None:
    """`scan` and a run that find a forgotten copy name it and end with exit code 1; there is no certificate."""
    assert [record["observed"] for record in cli("scan", "--json").records if "check" in record]
    copy = cli.data / "records-before-update.sqlite"
    copy.write_bytes((cli.data / "records.sqlite").read_bytes())
    assert copy.name in cli("scan", code=1).stdout
    waits = cli.json("destroy", ada, "--by", "anna")
    failed = cli.json("destroy", "approve", waits["run"], "--by", "counsel", code=1)
    assert (failed["state"], failed["certificate"], failed["files"]) == ("failed", None, [])
    assert any(copy.name in problem for problem in failed["problems"])
    copy.unlink()
    cli("scan")
    assert cli.json("destroy", "resume", waits["run"])["title"] == "complete"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("destroy", "name one thing"),
        ("destroy sub_x --photo pho_x", "name one thing"),
        ("destroy status", "name the run"),
        ("destroy status run_x", "no destruction run run_x"),
        ("destroy sub_x", "no subject sub_x"),
        ("destroy --photo pho_x", "no photo pho_x"),
        ("destroy --source src_x", "no source src_x"),
        ("destroy --all-of nowhere.txt", "one per line"),
    ],
)
def test_what_cannot_be_destroyed_is_refused(world: World, cli: Cli, ada: str, line: str, message: str) -> None:
    """A missing, double or unknown target is refused in words, and nothing is planned."""
    before = world.state()
    assert message in cli(*line.split(), code=3).stderr
    assert world.state() == before


def test_all_of_a_list_on_one_certificate(world: World, cli: Cli, ada: str, tmp_path: Path) -> None:
    """A file of ids is one run, and one certificate with the root over the list."""
    people = [world.person(name).id for name in ("Bo", "Cy")]
    (tmp_path / "list.txt").write_text("\n".join(people) + "\n")
    done = cli.json("destroy", "--all-of", "list.txt")
    assert done["destroyed"]["subject"] == 2
    assert len(json.loads(Path(done["files"][0]).read_bytes())["class_snapshot_root"]) == 64
