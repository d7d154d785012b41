# SPDX-License-Identifier: Apache-2.0
"""Remedies from real cases that rest on people's rights: T07, T18, T23 and T25 of the project's survey of law.

T04 is in test_release_forms.py, T17 in test_requests.py, T20 in test_lineage.py, T21 in test_evidence.py.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from fake_pack import TAIL, blurred, face, photo, png
from ledger_world import Log
from world import DELIVERY, OPERATOR, PRESENT, World

from countenance.clock import to_text
from countenance.errors import BadInput, BadPhoto, BadSignature, LeafChanged, NotFound, Refused, VerificationFailed
from countenance.ids import BreachId, ClientId, SubjectId
from countenance.ledger.checkpoint import Trust
from countenance.ledger.note import parse_key
from countenance.ledger.verify import verify_certificate, verify_published_log
from countenance.model.breach import Exposed
from countenance.model.event import EventTag
from countenance.model.purpose import ClientKind
from countenance.model.request import RequestKind, VerifiedBy
from countenance.services.search import Request
from countenance.store import burial, evaluations, schema
from countenance.store.evaluations import EvaluationRun
from countenance.vision import calibration

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def house(world: World) -> tuple[ClientId, SubjectId]:
    """Ada, enrolled and found by a client."""
    client, ada = world.client(), world.person("Ada Example").id
    world.sign(ada)
    world.enrol(world.source(), ada, 1)
    assert world.found(client, 1) == {ada}
    return client, ada


def test_t07_nothing_is_priced_by_faceprint() -> None:
    """No table, command or setting knows a price, a fee or a bill, so none can be keyed to a faceprint.

    That no interface, export, log or error shows vector bytes is tests/scenario/test_no_faceprint_leaves.py.
    """
    money = re.compile(r"(^|_)(price|fee|bill|billing|invoice|charge|cost|credit|tariff)s?(_|$)", re.IGNORECASE)
    columns = [f"{table.name}_{column.name}" for table in schema.metadata.sorted_tables for column in table.columns]
    assert [name for name in columns if money.search(name)] == []
    commands = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert [option for option in re.findall(r"--([a-z-]+)", commands) if money.search(option.replace("-", "_"))] == []


def test_t18_what_was_destroyed_stays_so(world: World, house: tuple[ClientId, SubjectId]) -> None:
    """Records from before are put back and the photos ingested again; 45 days later as well: nobody comes back."""
    client, ada = house
    old = world.data.parent / "old.sqlite"
    world.engine._records.compact()
    shutil.copy(world.data / "records.sqlite", old)
    source = world.engine.register.sources()[0].id
    paths = sorted(world.photos.glob("*.png"))
    world.destroy(ada)
    for days in (0, 45):
        world.clock.tick(days=days)
        world.ingest(source, *paths)
        assert world.found(client, 1) == set()
    shutil.copy(old, world.data / "records.sqlite")
    world.reopen()
    with world.engine._records.write() as work:
        buried = burial.find(work)
        assert ada in buried.subjects
        burial.remove(work, buried)
    world.reopen()
    assert world.engine.subjects.everyone() == []
    assert world.found(client, 1) == set()


def test_t23_every_claim_on_accuracy_names_its_evaluation() -> None:
    """A page that states a rate of hits or errors as measured names the evaluation run that it comes from."""
    about = re.compile(r"\b(FPIR|FNIR|FMR|FNMR|accuracy|recall|rank-1|error rate|misse[sd])\b", re.IGNORECASE)
    number = re.compile(r"\b\d+(\.\d+)? ?%|\b0\.\d+")
    named = re.compile(r"evaluation[^.\n]{0,30}`?[0-9a-f]{12,}|benchmarks\.\w+")
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    generated = ("cli.md", "policy/", "formats/", "adr/")  # options, law values and formats: nothing measured
    for path in pages:
        if any(part in path.as_posix() for part in generated):
            continue
        text = path.read_text(encoding="utf-8")
        claims = [part for part in re.split(r"\n\s*\n", text) if about.search(part) and number.search(part)]
        assert not claims or named.search(text), f"{path.name} claims without an evaluation: {claims[0][:200]}"


def test_t23_an_old_test_disables_search(
    world: World, house: tuple[ClientId, SubjectId], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past 365 days a search is refused, logged, with what to do; a new evaluation of this encoder opens it again."""
    client, ada = house
    today = world.clock.moment.date()
    monkeypatch.setitem(calibration.shipped(), TAIL.encoder, dataclasses.replace(TAIL, date=str(today)))
    world.clock.tick(days=290)
    assert world.found(client, 1) == {ada}
    old = dataclasses.replace(TAIL, date=str(today - timedelta(days=100)))
    monkeypatch.setitem(calibration.shipped(), TAIL.encoder, old)
    before = world.state()
    with pytest.raises(Refused, match=r"countenance eval.*assessment\.accuracy_test"):
        world.found(client, 1)
    probe = png(photo(face(1, 5)))
    with pytest.raises(Refused):
        world.engine.searches.verify(probe, probe, Request(client, DELIVERY, PRESENT, OPERATOR))
    assert world.state() == before
    assert [e.payload["rule"] for e in world.log(EventTag.SEARCH_REFUSED)] == ["assessment.accuracy_test"] * 2  # type: ignore[index,call-overload]
    with world.engine._records.write() as work:
        evaluations.add(work, EvaluationRun("f" * 64, work.now, TAIL.encoder, "d" * 64, {}))
    assert world.found(client, 1) == {ada}


def test_t23_a_poor_probe_cannot_be_searched(world: World, house: tuple[ClientId, SubjectId]) -> None:
    """A face below the quality gate is refused with a reason, never answered with a weak match."""
    request = Request(house[0], DELIVERY, PRESENT, OPERATOR)
    with pytest.raises(BadPhoto, match="cannot be searched"):
        world.engine.searches.search(png(photo(blurred(1))), request)


def test_t25_a_drill_changes_nothing_and_is_logged(world: World, house: tuple[ClientId, SubjectId]) -> None:
    """A leaked client list concerns whom its searches found, under the law of each; only the log tells of the drill."""
    world.person("Bo", "unknown")
    before = world.state()
    found = world.engine.breaches.drill([Exposed.CLIENTS])
    (group,) = found.affected
    assert (group.people, group.packs) == (1, ("us-il-bipa",))
    assert group.regulator_due is None  # one person is below Illinois' threshold
    assert group.individuals_due - found.aware_at == timedelta(hours=720)
    everyone = world.engine.breaches.drill([Exposed.RECORDS, Exposed.LOG])
    strict = next(one for one in everyone.affected if "default-strict" in one.packs)
    assert strict.regulator_due is not None
    assert strict.regulator_due - everyone.aware_at == timedelta(hours=72)
    assert everyone.first_due == strict.regulator_due
    assert world.state() == before
    assert len(world.log(EventTag.BREACH_DRILLED)) == 2


def test_t25_a_report_opens_a_case_whose_clock_runs(world: World, house: tuple[ClientId, SubjectId]) -> None:
    """From the moment of awareness on; past its first date the case is late until it is closed with a note."""
    breaches = world.engine.breaches
    noticed = world.clock.now() - timedelta(hours=10)
    case = breaches.report([Exposed.HOST], aware_at=noticed)
    assert case.assessment.affected[0].individuals_due == noticed + timedelta(hours=720)
    assert [late for _, late in breaches.everything()] == [False]
    world.clock.tick(hours=711)
    assert [late for _, late in breaches.everything()] == [True]
    with pytest.raises(BadInput, match="note"):
        breaches.close(case.id, note=" ")
    assert breaches.close(case.id, note="all told by letter").note == "all told by letter"
    with pytest.raises(BadInput, match="before"):
        breaches.close(case.id, note="again")
    assert [late for _, late in breaches.everything()] == [False]
    assert b"told by letter" not in world.bytes_on_disk()
    for exposed, at in (([], None), ([Exposed.LOG], world.clock.now() + timedelta(days=1))):
        with pytest.raises(BadInput):
            breaches.report(exposed, aware_at=at)
    with pytest.raises(NotFound):
        breaches.close(BreachId("bre_none"), note="x")


def test_t25_stolen_records_are_noise(world: World, house: tuple[ClientId, SubjectId]) -> None:
    """What the drill says of stolen records is so: no name, signature, path or vector stands in them in plain."""
    stolen = (world.data / "records.sqlite").read_bytes() + b"".join(
        path.read_bytes() for path in world.data.glob("records.sqlite-wal")
    )
    for secret in (b"Ada Example", b"N. N.", b"NOTICE ABOUT YOUR FACE DATA", str(world.photos).encode(), b"Shop"):
        assert secret not in stolen
    assert all(vector.tobytes()[:16] not in stolen for vector in world.encoder.vectors)


def test_t25_a_tampered_log_or_certificate_is_rejected(world: World, house: tuple[ClientId, SubjectId]) -> None:
    """A changed entry, a missing one, and an edited certificate: the offline verifier rejects each."""
    done = world.destroy(house[1])
    trust = Trust((parse_key(world.engine.journal.verifier_key()),))
    data = done.document or b""
    verify_certificate(data, trust)
    with pytest.raises(BadSignature):
        verify_certificate(data.replace(b"everything held", b"nothing was he1"), trust)
    folder = world.photos / "published"
    world.engine.journal.publish(folder)

    def fetch(name: str) -> bytes | None:
        return (folder / name).read_bytes() if (folder / name).is_file() else None

    assert verify_published_log(fetch, trust, ()).head.checkpoint.size
    (bundle,) = [path for path in folder.rglob("entries/**/*") if path.is_file()]
    whole = bundle.read_bytes()
    bundle.write_bytes(whole.replace(b"operator:client:added", b"operator:client:addad"))
    with pytest.raises(LeafChanged):
        verify_published_log(fetch, trust, ())
    bundle.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(VerificationFailed):
        verify_published_log(fetch, trust, ())
    # Past the program, the database itself lets nobody cut a line out of its log.
    with closing(world.raw()) as raw, pytest.raises(Exception, match="cannot be shortened"):
        raw.execute("DELETE FROM event WHERE number = 3")
    assert Log(3)  # forks and missing witnesses: tests/unit/test_ledger_note.py and test_ledger_proof.py


def test_the_public_report_names_nobody(world: World, house: tuple[ClientId, SubjectId]) -> None:
    """Policy, clients by kind, counts, law files, tests and what is overdue; no label, name or id, no small count."""
    client, ada = house
    world.client("Secret Society", ClientKind.ARCHIVE)
    for _ in range(5):
        world.search(client, 1)
    with pytest.raises(Refused):
        world.engine.register.add_client("Trial", kind=ClientKind.TRIAL, purposes=[DELIVERY])
    request = world.engine.requests.open(ada, RequestKind.ACCESS, verified_by=VerifiedBy.DOCUMENT)
    told = world.engine.transparency.report()
    text = json.dumps(told)
    for secret in ("Ada", "Shop", "Secret Society", ada, client, "N. N.", OPERATOR, request.id):
        assert secret not in text
    assert told["searches"] == {"photo_delivery": 6}
    assert told["refusals"] == {"client.kind": "fewer than 5"} or "client.kind" not in told["refusals"]  # type: ignore[operator]
    assert told["entries"]["subject:request:opened"] == "fewer than 5"  # type: ignore[index]
    assert set(told["overdue"].values()) == {0}  # type: ignore[attr-defined]
    assert {one["kind"] for one in told["clients"]} == {"photographer", "archive"}  # type: ignore[attr-defined]
    world.clock.tick(days=60)
    assert world.engine.transparency.report()["overdue"]["requests"] == 1  # type: ignore[index]
    with pytest.raises(BadInput):
        world.engine.transparency.report(world.clock.now(), world.clock.now() - timedelta(days=1))
    assert len(world.log(EventTag.REPORT_MADE)) == 2
    assert to_text(world.clock.now()) > ""
