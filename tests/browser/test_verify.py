# SPDX-License-Identifier: Apache-2.0
"""The verifier of the browser, held against the one of the command line: same verdicts, errors and words."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from house import House
from ledger_examples import blocks
from ledger_world import NOON, WITNESS_KEYS, WITNESSES, Log, certificate, filler, release, signer
from playwright.sync_api import Page

from countenance import canonical
from countenance.cli import verifier
from countenance.ledger import document
from countenance.ledger.certificate import Counts, Verification
from countenance.web.render import STATIC

MUTATIONS = 400
_CHECK = """async ([module, files, keys]) => {
  const { parseKeys } = await import(`${module}/proofs.js`);
  const { verifyFiles } = await import(`${module}/documents.js`);
  const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const results = [];
  for (const group of files) {
    results.push(await verifyFiles(group.map(([name, data]) => ({ name, bytes: bytes(data) })), await parseKeys(keys)));
  }
  return results;
}"""

Group = list[tuple[str, bytes]]


class Both:
    """Both verifiers, on the same files."""

    def __init__(self, page: Page, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._page, self._folder, self._capsys = page, folder, capsys

    def browser(self, groups: list[Group], keys: str) -> list[list[dict[str, object]]]:
        """Return what the browser says of each group of files."""
        sent = [[(name, base64.b64encode(data).decode()) for name, data in group] for group in groups]
        found: list[list[dict[str, object]]] = self._page.evaluate(_CHECK, ["/static/js", sent, keys])
        return found

    def command(self, group: Group, keys: str) -> list[dict[str, object]]:
        """Return what the command says of a group of files, in the browser's form."""
        paths = []
        for name, data in group:
            (self._folder / name).write_bytes(data)
            paths.append(str(self._folder / name))
        told = [line for line in keys.splitlines() if line]
        witnesses = {key.text() for key in WITNESS_KEYS}
        options = [x for key in told for x in ("--witness" if key in witnesses else "--key", key)]
        self._capsys.readouterr()
        verifier.main([*paths, *options, "--json"])
        results = []
        for line in self._capsys.readouterr().out.splitlines():
            one = json.loads(line)
            name = Path(one["file"]).name if "/" in one["file"] else None
            results.append({"name": name, **{k: one[k] for k in ("proved", "kind", "error") if k in one}})
        return results

    def agree(self, groups: list[Group], keys: str) -> list[list[dict[str, object]]]:
        """Check that both say the same, and return the browser's answers."""
        found = self.browser(groups, keys)
        for group, said in zip(groups, found, strict=True):
            short = [{key: one[key] for key in ("name", "proved", "kind", "error") if key in one} for one in said]
            order = lambda one: one["name"] or "~"  # noqa: E731
            assert sorted(short, key=order) == sorted(self.command(group, keys), key=order), group
        return found


@pytest.fixture
def both(house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Both:
    page = house.browser()
    page.goto("/verify")
    folder = tmp_path / "files"
    folder.mkdir()
    return Both(page, folder, capsys)


KEY = Log().signer.verifier().text()


def told(data: bytes, change: Callable[[dict[str, object]], object]) -> bytes:
    """Return a document with something changed, in canonical form."""
    fields = json.loads(data)
    change(fields)
    return canonical.encode(fields) + b"\n"


def signed(log: Log, **changes: object) -> bytes:
    """Return a document that the service signed and logged over a body with other members."""
    one = certificate()
    body = {**one.body(), **changes}
    return document.write(body, [log.signer], log.prove(log.append(one.entry())))


def test_what_is_true_is_proved(both: Both) -> None:
    """Certificates, releases, proofs and checkpoints are proved, in the words of the command."""
    log = Log(20)
    certified, exported = log.certify(certificate()), log.export(release())
    files: Group = [
        ("certificate.json", certified),
        ("release.json", exported),
        ("entry.tlog-proof", log.prove(3, carry=True).encode()),
        ("old", log.note(7)),
        ("growth", log.growth(7).encode()),
        ("checkpoint", log.note()),
    ]
    (found,) = both.agree([files], KEY)
    assert all(one["proved"] for one in found)
    assert any("10 destroyed, 2 held" in str(line) for line in found[0]["sentences"])
    kinds = [one["kind"] for one in found]
    assert kinds == ["certificate", "release", "entry", "checkpoint", "growth", "checkpoint"]


def test_every_size_of_tree_is_climbed_alike(both: Both) -> None:
    """Each entry of logs of 1 to 17 entries, and the growth between any two sizes up to 9, is proved."""
    groups: list[Group] = []
    for size in range(1, 18):
        log = Log(size)
        groups.append([(f"{i}.tlog-proof", log.prove(i, carry=True).encode()) for i in range(size)])
    log = Log(9)
    groups += [[("old", log.note(n)), ("growth", log.growth(n).encode())] for n in range(1, 10)]
    for answers in both.agree(groups, KEY):
        assert all(one["proved"] for one in answers)


def test_each_lie_has_its_name(both: Both) -> None:
    """Every named error that a file can cause is the same in the browser as on the command line."""
    log, other = Log(6), Log(6, name="other.example/log", seed=7)
    good, foreign = log.certify(certificate()), other.certify(certificate())
    later = replace(certificate(), operator="Another Museum")
    cases: dict[str, bytes] = {
        "bad_signature": told(good, lambda f: f.update(place="Elsewhere")),
        "unknown_key": foreign,
        "malformed": good.replace(b",", b", ", 1),
        "not_included": document.write(later.body(), [log.signer], log.prove(6)),
        "contradiction": signed(log, title="complete"),
    }
    both_logs = document.write(certificate().body(), [log.signer], other.prove(6))
    found = both.agree([[("file", data)] for data in cases.values()], KEY)
    assert [answers[0]["error"] for answers in found] == list(cases)
    keys = f"{KEY}\n{other.signer.verifier().text()}"
    (answers,) = both.agree([[("file", both_logs)]], keys)
    assert answers[0]["error"] == "wrong_log"


def test_growth_that_is_none_is_refused(both: Both) -> None:
    """A rewritten log is not consistent, two roots of one size are a fork, and a missing start is said."""
    log, twin = Log(6), Log(3)
    twin.append(filler(99))
    groups: list[Group] = [
        [("old", twin.note(4)), ("growth", log.growth(4).encode())],
        [("old", log.note(4)), ("twin", twin.note(4))],
        [("growth", log.growth(3).encode())],
        [("old", log.note(3)), ("growth", log.growth(3).encode().replace(b"old 3", b"old 2"))],
    ]
    found = both.agree(groups, KEY)
    assert [one["error"] for answers in found for one in answers if not one["proved"]] == [
        "not_consistent",
        "forked",
        "bad_input",
        "bad_input",
    ]


def test_witnesses_are_counted(both: Both) -> None:
    """All witnesses whose keys are given must have cosigned."""
    log = Log(5)
    two = log.note(witnesses=WITNESSES[:2])
    keys = "\n".join([KEY, *(key.text() for key in WITNESS_KEYS[:2])])
    found = both.agree([[("two", two)], [("one", log.note(witnesses=WITNESSES[:1]))]], keys)
    assert found[0][0]["proved"]
    assert found[1][0]["error"] == "quorum_not_reached"


def test_contradictions_that_were_signed_are_found(both: Both) -> None:
    """Counts, checks, times, fields and types that cannot be are refused for the same reason, though signed."""
    log = Log(3)
    counts = {"targeted": 12, "destroyed": 10, "held": 2, "failed": 0, "deferred": 0}
    whole = certificate().body()
    changes: list[dict[str, object]] = [
        {"counts": {**counts, "held": 3}},
        {"counts": {**counts, "destroyed": 12, "held": 0}, "title": "complete"},
        {"counts": {**counts, "destroyed": -1, "held": 13}},
        {"counts": {**counts, "held": "2"}},
        {"counts": {**counts, "held": True}},
        {"unknown_treated_as_member": 13},
        {"verification": {**whole["verification"], "level": 5}},  # type: ignore[dict-item]
        {"verification": {**whole["verification"], "checks": [{"name": "x", "expected": 0, "observed": 1}]}},  # type: ignore[dict-item]
        {"signed_at": "2026-11-24T12:00:00.000Z"},
        {"signed_at": "2026-11-24 12:30:00"},
        {"signed_at": "2026-02-30T12:30:00.000Z"},
        {"carve_outs": []},
        {"salt": "AB" * 32},
        {"schema": "countenance-certificate-2"},
        {"extra": 1},
        {"methods": "erase"},
        {"methods": [1]},
        {"policy_pack_hashes": {"a": 1}},
        {"supersedes": None, "class_snapshot_root": "00"},
        {"stores": [{**whole["stores"][0], "before": 1}]},  # type: ignore[index,dict-item]
    ]
    found = both.agree([[("file", signed(log, **one))] for one in changes], KEY)
    assert {str(answers[0].get("error")) for answers in found} == {"contradiction", "malformed", "not_included"}


def test_any_changed_byte_is_judged_alike(both: Both) -> None:
    """Of hundreds of files with a byte changed, cut out or put in, none is proved, and both give the same reason."""
    dice, log = random.Random(6), Log(9)
    originals = [
        log.certify(certificate()),
        log.export(release()),
        log.prove(4, carry=True).encode(),
        log.note(),
    ]
    groups: list[Group] = []
    for number in range(MUTATIONS):
        data = bytearray(originals[number % len(originals)])
        at = dice.randrange(len(data))
        match number % 3:
            case 0:
                data[at] ^= 1 << dice.randrange(8)
            case 1:
                del data[at : at + dice.randrange(1, 9)]
            case _:
                data[at:at] = dice.randbytes(2)
        groups.append([("file", bytes(data))])
    found = both.agree(groups, KEY)
    assert not any(answers[0]["proved"] for answers in found)


def test_the_examples_of_the_documents_are_proved(both: Both) -> None:
    """What docs/formats shows is proved in the browser with the keys that stand there."""
    shown = blocks()
    keys = shown["keys"]
    files: Group = [("entry", shown["entry-proof"].encode()), ("checkpoint", shown["checkpoint"].encode())]
    (answers,) = both.browser([files], keys)
    assert all(one["proved"] for one in answers)
    log_only = keys.splitlines()[0]
    (answers,) = both.browser([[("c", shown["certificate"].encode()), ("r", shown["release"].encode())]], log_only)
    assert all(one["proved"] for one in answers)


def test_a_later_declaration_is_not_the_one_logged(both: Both) -> None:
    """A certificate that was made after the proof, with other checks, is not in the log."""
    log = Log(3)
    log.append(certificate().entry())
    one = certificate(
        counts=Counts(12, 10, 2, 0, 0),
        verification=Verification("ver_2", 4, NOON - timedelta(minutes=1), ()),
    )
    data = document.write(one.body(), [log.signer], log.prove(3))
    (answers,) = both.agree([[("file", data)]], KEY)
    assert answers[0]["error"] == "not_included"


def test_a_persons_own_certificate_is_checked_by_dropping_it(house: House, tmp_path: Path) -> None:
    """A real certificate is proved on the page with this site's key, says so, and is refused once changed."""
    world = house.world
    subject = world.person("Ada")
    finished = world.destroy(subject.id)
    data = finished.document
    good, bad = tmp_path / "certificate.json", tmp_path / "changed.json"
    good.write_bytes(data)
    bad.write_bytes(data.replace(b"complete", b"complEte", 1))
    page = house.browser()
    page.goto("/verify")
    page.set_input_files("#f-files", [good])
    page.get_by_text("Give the public key").wait_for()
    page.get_by_role("button", name="Take the key that this site states").click()
    page.get_by_role("heading", name="certificate.json: Proved").wait_for()
    assert page.get_by_text("Checked with the key that this site states").is_visible()
    page.set_input_files("#f-files", [good, bad])
    page.get_by_role("heading", name="changed.json: NOT PROVED").wait_for()
    page.fill("#f-keys", signer("x.example/log", 9).verifier().text())
    page.locator("#f-keys").blur()
    page.get_by_role("heading", name="certificate.json: NOT PROVED (unknown_key)").wait_for()


def test_the_page_works_from_a_disk(house: House, tmp_path: Path) -> None:
    """The page that one can keep checks files without any server, from one file."""
    page = house.browser()
    page.goto("/verify")
    with page.expect_download() as started:
        page.get_by_role("link", name="Keep this page as a file").click()
    kept = tmp_path / started.value.suggested_filename
    started.value.save_as(kept)
    log = Log(4)
    good = tmp_path / "certificate.json"
    good.write_bytes(log.certify(certificate()))
    alone = house.browser(offline=True)
    alone.goto(kept.as_uri())
    alone.fill("#f-keys", KEY)
    alone.set_input_files("#f-files", [good])
    alone.get_by_role("heading", name="certificate.json: Proved").wait_for()


def test_the_verifier_is_small() -> None:
    """The verifier is small enough to be read: two modules of less than 15 kB each."""
    assert all((STATIC / "js" / name).stat().st_size < 15_000 for name in ("proofs.js", "documents.js"))
