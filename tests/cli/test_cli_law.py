# SPDX-License-Identifier: Apache-2.0
"""The commands on law files, on reasons and on results: what they say, as text and as JSON, and their exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from commands import Cli
from fake_pack import face, photo, png
from typer.testing import CliRunner
from world import DELIVERY, World

from countenance.cli.main import app
from countenance.errors import Refused
from countenance.model.event import EventTag
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.search import ProbeBasis
from countenance.services.search import Request

LAW = """\
[pack]
id = "jp-test"
version = "1"
effective_from = 2026-01-01
reviewed_on = 2026-01-01
reviewer = "unreviewed"
history = "none"
cites = ["Test Act"]
[applies]
residency = ["JP"]
capture_place = ["JP"]
client_place = ["JP"]
[notice]
fields = ["n1", "n2", "n7"]
[consent]
max_age_days = 900
[cites]
notice = "Test Act 1"
consent = "Test Act 2"
[[case]]
name = "a lawful request"
facts = { action = "enrol" }
expect = "permit"
[[case]]
name = "no complaint named"
facts = { action = "enrol", notice_lacks = "n7" }
expect = "deny"
rule = "consent.notice"
"""


def written(world: World, text: str = LAW, name: str = "jp-test.toml") -> Path:
    """Write a law file beside the data directory."""
    world.photos.mkdir(parents=True, exist_ok=True)
    path = world.photos / name
    path.write_text(text)
    return path


def test_list_and_show(cli: Cli) -> None:
    """Every file is listed with version, reading, reviewer, place and digest; one is shown beside the core, cited."""
    listed = {one["pack"]: one for one in cli("packs", "list", "--json").records}
    assert {"us-il-bipa", "us-tx-cubi", "eu-gdpr", "eu-ai-act", "us-ftc-order"} <= listed.keys()
    bipa = listed["us-il-bipa"]
    assert (bipa["shipped"], bipa["in_use"], bipa["reviewer"], len(bipa["sha256"])) == (True, True, "unreviewed", 64)
    assert not listed["us-ftc-order"]["in_use"]
    text = cli("packs", "list").stdout
    assert "not in use" in next(line for line in text.splitlines() if line.startswith("us-ftc-order"))
    shown = cli.json("packs", "show", "us-il-bipa")
    age = shown["values"]["retention.after_last_interaction_days"]
    assert age["value"] <= age["core"]
    assert "740 ILCS 14" in age["cites"]
    line = next(one for one in cli("packs", "show", "us-il-bipa").stdout.splitlines() if "last_interaction" in one)
    assert "(core " in line and "740 ILCS 14" in line  # noqa: PT018 - one line
    assert "packs list" in cli("packs", "show", "us-xx", code=3).stderr


def looked_at(path: Path, code: int = 0) -> dict[str, Any]:
    """Run `packs check --json`, which needs no data directory, and return its last record."""
    result = CliRunner().invoke(app, ["packs", "check", str(path), "--json"])
    assert result.exit_code == code, result.output
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


def test_check(world: World) -> None:
    """Good files are good, a bad one ends with 1 and says file and line, in JSON too; nothing to check is an error."""
    good = written(world)
    assert looked_at(good)["failures"] == []
    bad = {
        "max_age_dayz = 900": "law.toml:16: [consent] has no key",
        "max_age_days = 9000": "law.toml:16: ",
    }
    for line, says in bad.items():
        path = written(world, LAW.replace("max_age_days = 900", line), "law.toml")
        found = looked_at(path, code=1)
        assert (found["error"], says in found["message"]) == ("bad_pack", True)
    uncited = written(world, LAW.replace('consent = "Test Act 2"\n', ""), "law.toml")
    assert "law.toml:16: consent.max_age_days has no citation" in looked_at(uncited, code=1)["message"]


def test_two_accounts_add_a_file(world: World, cli: Cli) -> None:
    """`add` waits and says for what; the same account is refused; another puts it in force; `list` follows."""
    path = written(world)
    added = cli.json("packs", "add", path, "--by", "counsel")
    assert (added["waiting"], added["pack"]) == (True, "jp-test")
    text = cli("packs", "list").stdout
    assert f"countenance packs confirm {added['change']} --by" in text
    refused = cli("packs", "confirm", added["change"], "--by", "Counsel", code=4)
    assert "law.dual_control" in refused.stderr
    assert world.log()[-1].tag is EventTag.LAW_REFUSED
    done = cli("packs", "confirm", added["change"], "--by", "custodian", "--json").records
    assert (done[0]["waiting"], done[1]["releases"], done[1]["lapsed"]) == (False, 0, 0)
    assert cli.json("packs", "show", "jp-test")["version"] == "1"
    cli("packs", "confirm", added["change"], "--by", "custodian", code=3)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("max_age_days = 900", "max_age_dayz = 900", "jp-test.toml:16: [consent] has no key"),
        ("max_age_days = 900", "max_age_days = 9000", "jp-test.toml:16: "),
        ('consent = "Test Act 2"\n', "", "jp-test.toml:16: consent.max_age_days has no citation"),
    ],
)
def test_a_bad_file_is_not_added(world: World, cli: Cli, old: str, new: str, says: str) -> None:
    """An unknown key, a value looser than the core and one without a citation: file, line, exit 3, nothing kept."""
    before = world.state()
    path = written(world, LAW.replace(old, new))
    assert says in cli("packs", "add", path, "--by", "counsel", code=3).stderr
    assert world.state() == before


def test_diff(world: World, cli: Cli) -> None:
    """Key by key it says which file is stricter: of two ids, and of two versions of a file."""
    found = {one["key"]: one for one in cli("packs", "diff", "us-il-bipa", "us-baseline", "--json").records}
    assert {one["stricter"] for one in found.values()} <= {"us-il-bipa", "us-baseline", "neither"}
    assert found
    one = written(world)
    other = written(world, LAW.replace("= 900", "= 300").replace('version = "1"', 'version = "2"'), "jp-2.toml")
    assert cli.json("packs", "diff", one, other) == {
        "key": "consent.max_age_days",
        "a": 900,
        "b": 300,
        "stricter": str(other),
    }
    assert "(stricter: " in cli("packs", "diff", one, other).stdout
    assert cli("packs", "diff", one, one).stdout == "0 keys of the law differ.\n"


def test_explain_what_would_be_decided(world: World, cli: Cli) -> None:
    """`enrol`, `search` and `key` say each rule, its fact, remedy and citation; each look is logged."""
    ada, client = world.person("Ada"), world.client()
    unsigned = cli.json("packs", "explain", "enrol", "--subject", ada.id)
    unmet = {rule["rule"]: rule for rule in unsigned["rules"] if not rule["met"]}
    assert (unsigned["question"], unsigned["permitted"], "consent.live" in unmet) == ("enrol", False, True)
    assert all(rule["remedy"] and rule["citation"] and rule["fact"] for rule in unmet.values())
    text = cli("packs", "explain", "enrol", "--subject", ada.id).stdout
    assert "no, by rule" in text and "UNMET consent.live" in text  # noqa: PT018 - one text
    world.sign(ada.id)
    assert cli.json("packs", "explain", "enrol", "--subject", ada.id)["permitted"] is True
    asked = ("packs", "explain", "search", "--client", client, "--purpose", DELIVERY.value, "--subject", ada.id)
    parts = cli(*asked, "--json").records
    assert [(one["question"], one["permitted"]) for one in parts] == [
        ("serve the client", True),
        ("encode the probe", True),
        ("show the subject", True),
    ]
    assert "Show the subject: yes." in cli(*asked).stdout
    name = "retention.after_last_interaction_days"
    said = cli.json("packs", "explain", "key", name, "--subject", ada.id)
    assert said["said"][0]["pack"] == "us-il-bipa"
    assert f"{name} = {said['value']}" in cli("packs", "explain", "key", name, "--subject", ada.id).stdout
    assert "pack.md" in cli("packs", "explain", "key", "retention.no_such", code=3).stderr
    assert {e.payload["action"] for e in world.log(EventTag.LAW_EXPLAINED)} == {"enrol", "search", "key"}


def test_explain_a_refusal_in_the_log(world: World, cli: Cli) -> None:
    """`--event` names rule, key, citation and remedy; an entry that is no refusal, and none, are errors."""
    client = world.client()
    with pytest.raises(Refused):
        world.search(client, 1, Purpose.MISSING_PERSON)
    listed = cli("ledger", "show", "--json").records
    number = next(one["index"] for one in listed if one["tag"] == EventTag.SEARCH_REFUSED.value)
    told = cli.json("packs", "explain", "--event", number)
    assert (told["event"], told["tag"]) == (number, "engine:search:refused")
    assert told["rule"] and told["key"] and told["remedy"] and told["citation"]  # noqa: PT018 - each is there
    text = cli("packs", "explain", "--event", number).stdout
    assert told["rule"] in text and told["remedy"] in text  # noqa: PT018 - one text
    assert "no refusal" in cli("packs", "explain", "--event", "0", code=3).stderr
    assert "no entry" in cli("packs", "explain", "--event", "99999", code=3).stderr
    cli("packs", "explain", code=3)


def test_results(world: World, cli: Cli) -> None:
    """A result is confirmed by two accounts, whom `show` names; `account` prints the code that the log has of one."""
    client, ada = world.client(), world.person("Ada", "DE")
    world.sign(ada.id)
    world.enrol(world.source(), ada.id, 1)
    search = world.search(client, 1).id
    assert "unconfirmed" in cli("result", "confirm", search, "--subject", ada.id, "--by", "ann").stdout
    cli("result", "confirm", search, "--subject", ada.id, "--by", "Ann", code=4)
    done = cli.json("result", "confirm", search, "--subject", ada.id, "--by", "bo")
    assert (done["confirmed"], done["confirmed_by"]) == (True, ["ann", "bo"])
    assert "2 of 2 have looked, confirmed (ann: same, bo: same)" in cli("result", "show", search).stdout
    code = cli.json("result", "account", "ann")["by"]
    assert code == world.log(EventTag.RESULT_REVIEWED)[0].payload["by"]
    assert code in cli("result", "account", "Ann").stdout


def test_a_late_authorisation_goes_with_the_cron_job(world: World, cli: Cli) -> None:
    """`retention run` says how many searches it deleted, and whether anybody destroyed had come back."""
    badge = "letter of the chief"
    client = world.engine.register.add_client(
        "Police", kind=ClientKind.LAW_ENFORCEMENT, purposes=[DELIVERY], authority=badge
    ).id
    probe, basis = png(photo(face(1, 999))), ProbeBasis.SUBJECT_PRESENT
    search = world.engine.searches.search(probe, Request(client, DELIVERY, basis, "ann", "pending", case="C-17")).id
    first = cli.json("retention", "run")
    assert (first["searches_purged"], first["repeated"], first["came_back"]) == (0, True, {"people": 0, "things": 0})
    with world.raw() as raw:
        raw.execute("UPDATE search_authorisation SET due_at = '2026-01-01T00:00:00.000Z'")
    assert "1 search deleted" in cli("retention", "run").stdout
    assert "purged" in cli("result", "show", search, code=3).stderr
