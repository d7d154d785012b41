# SPDX-License-Identifier: Apache-2.0
"""The commands on people's rights say what they did, and end with a code that a scheduler understands."""

from __future__ import annotations

import zipfile
from pathlib import Path

from commands import Cli
from world import World

from countenance.canonical import sha256
from countenance.cli import verifier
from countenance.model.lineage import ArtefactKind


def test_lineage(world: World, tmp_path: Path) -> None:
    """`lineage list` ends with 1 while something is stale, `check` refuses its file; `retire` ends that, once."""
    ada = world.person("Ada").id
    world.engine.lineage.record(ArtefactKind.CALIBRATION, sha256(b"made of Ada"), [ada])
    cli = Cli(world.data)
    assert cli.json("lineage", "list")["state"] == "fresh"
    file = tmp_path / "made.bin"
    file.write_bytes(b"made of Ada")
    assert cli.json("lineage", "check", file)["usable"] is True
    world.destroy(ada)
    assert cli.json("lineage", "check", file, code=4)["error"] == "refused"
    listed = cli.json("lineage", "list", code=1)
    assert (listed["state"], listed["kind"], listed["subjects"]) == ("stale", "calibration", 0)
    assert cli.json("lineage", "retire", listed["artefact"])["state"] == "retired"
    cli("lineage", "retire", listed["artefact"], code=3)
    assert cli.json("lineage", "list")["state"] == "retired"


def test_evidence_and_recipients(world: World) -> None:
    """A found person is destroyed: the client's letter is written, its word recorded, and two people open evidence."""
    ada, cli = world.person("Ada").id, Cli(world.data)
    release = world.sign(ada).id
    world.enrol(world.source(), ada, 1)
    world.search(world.client(), 1)
    assert cli.json("recipients", "declare", "Example Hosting")["processor"].startswith("prc_")
    assert "Example Hosting" in cli("recipients", "processors").stdout
    world.destroy(ada)
    listed = cli("recipients", "list", "--json").records
    assert sorted(one["name"] for one in listed) == ["Example Hosting", "Shop"]
    assert ada in cli("recipients", "letter", listed[0]["instruction"]).stdout
    assert cli.json("recipients", "confirm", listed[0]["instruction"], "--evidence", "e-mail")["outcome"] == "confirmed"
    cli("recipients", "give-up", listed[1]["instruction"], "--evidence", "dissolved")
    assert [one["state"] for one in cli("recipients", "list", "--json").records] == ["confirmed", "unconfirmed"]
    one = cli.json("evidence", "find", release)["evidence"]
    assert cli.json("evidence", "list")["evidence"] == one
    cli("evidence", "show", one, "--by", "counsel", code=4)
    cli("evidence", "ask", one, "--by", "custodian", "--why", "a claim")
    folder = world.photos / "opened"
    assert release in cli("evidence", "show", one, "--by", "counsel", "--out", folder).stdout
    key = world.photos / "log.vkey"
    key.write_text(world.engine.journal.verifier_key())
    assert verifier.main([str(folder / f"{release}.json"), "--key", str(key)]) == 0


def test_requests(world: World) -> None:
    """Opened, listed with its days, acknowledged, answered with an archive, closed; corrected; erased."""
    ada, cli = world.person("Ada").id, Cli(world.data)
    world.sign(ada)
    one = cli.json("request", "open", ada, "--kind", "export", "--verified-by", "document")["request"]
    assert cli.json("request", "list")["late"] is None
    cli("request", "acknowledge", one)
    answered = cli.json("request", "answer", one, "--out", world.photos / "answers")
    assert zipfile.is_zipfile(answered["file"])
    assert cli.json("request", "close", one)["outcome"] == "fulfilled"
    wrong = cli.json("request", "open", ada, "--kind", "correct", "--verified-by", "account")["request"]
    cli("request", "answer", wrong, code=3)
    cli("request", "answer", wrong, "--label", "Ada Right")
    gone = cli.json("request", "open", ada, "--kind", "erase", "--verified-by", "signed_release_key")["request"]
    assert cli.json("request", "answer", gone, "--out", world.photos / "answers")["title"] == "complete"


def test_breaches_and_the_report(world: World) -> None:
    """A drill and a report write pages and JSON; a case is closed with a note; the public report is written too."""
    world.person("Ada")
    cli, out = Cli(world.data), world.photos / "out"
    assert cli.json("breach", "drill", "--exposed", "records", "--out", out)["drill"] is True
    assert "AES-256-GCM ciphertext" in (out / "drill.html").read_text()
    case = cli.json("breach", "report", "--exposed", "host", "--at", "2026-01-05T00:00:00Z")["case"]
    assert cli.json("breach", "list", code=1)["late"] is True
    cli("breach", "close", case, "--note", "all told")
    cli("breach", "drill", "--exposed", "log", "--at", "yesterday", code=3)
    told = cli.json("report", "--from", "2026-01-01", "--out", out)
    assert told["overdue"]["breaches"] == 0
    assert "Transparency report" in (out / "report.html").read_text()
    cli("report", "--from", "May", "--out", out, code=3)
