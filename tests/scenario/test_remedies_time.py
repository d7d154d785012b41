# SPDX-License-Identifier: Apache-2.0
"""Acceptance tests drawn from real remedies, by their numbers: those about time, homes and sources."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner
from world import CUSTODIAN, World

from countenance.backends.http_get import HttpGet
from countenance.cli.main import app
from countenance.clock import to_text
from countenance.errors import BadInput, Busy, NotFound, Refused
from countenance.ids import ReleaseId, SourceId, SubjectId
from countenance.ledger.checkpoint import Trust
from countenance.ledger.note import parse_key
from countenance.ledger.verify import verify_certificate
from countenance.model.consent import ConsentStatus
from countenance.model.destruction import HoldBasis
from countenance.model.event import EventTag
from countenance.model.request import RequestKind, VerifiedBy
from countenance.model.residency import Evidence
from countenance.policy.retention import RetentionRule
from countenance.ports.web import Unreachable
from countenance.services.enrolment import FaceOutcome, Sighting
from countenance.services.exclusive import exclusive

DAY = timedelta(days=1)


def enrolled(world: World, label: str, seed: int, *, residency: str = "US-IL", days: int = 300) -> SubjectId:
    """Add a person with a signed release and one reference."""
    person = world.person(label, residency).id
    world.sign(person, days=days)
    world.enrol(world.source(), person, seed)
    return person


def test_t05_purpose_ended_yesterday_is_destroyed_by_the_sweeper(world: World) -> None:
    """Whose purpose ended yesterday is destroyed by `retention run` with a certificate; who is not due stays found."""
    client = world.client()
    ada, bo = enrolled(world, "Ada", 1), enrolled(world, "Bo", 2)
    (release, _), *_ = world.engine.subjects.show(ada).releases
    yesterday = (world.clock.now() - DAY).date()
    world.engine.retention.purpose_met(release.id, yesterday)
    before = world.engine.retention.status()
    assert (before.due, before.next[0].subject, before.next[0].rule) == (1, ada, RetentionRule.PURPOSE_MET)
    assert "740 ILCS 14/15(a)" in before.next[0].citation
    done = world.engine.retention.run()
    assert (done.destroyed, done.in_order, done.status.overdue, done.status.due) == (1, True, 0, 0)
    assert (world.found(client, 1), world.found(client, 2)) == (set(), {bo})
    finished = world.engine.destruction.status(done.runs[0])
    proved = verify_certificate(finished.document or b"", Trust((parse_key(world.engine.journal.verifier_key()),)))
    assert (proved.certificate.title, proved.certificate.order_ref) == ("complete", "retention")
    assert world.engine.doctor.problems() == []
    assert [one.payload["due"] for one in world.log(EventTag.RETENTION_DUE)] == [1]


@pytest.mark.parametrize(("residency", "days"), [("US-IL", 1095), ("US-CO", 730), ("unknown", 365)])
def test_t05_idle_people_go_on_the_day_and_not_before(world: World, residency: str, days: int) -> None:
    """Idle for as long as the law of the home allows, a person is destroyed on that day and not the day before.

    Where the law asks for two people, the public policy is the one who approved, and no run waits.
    """
    person = world.person("Ada", residency).id
    world.clock.tick(days=days - 2)
    assert world.engine.retention.run().destroyed == 0
    world.clock.tick(days=2)
    done = world.engine.retention.run()
    assert (done.destroyed, done.status.overdue) == (1, 0)
    run = world.engine.destruction.status(done.runs[0]).run
    assert run.needs_approval or residency != "unknown"
    assert (run.approved_by or "").startswith("the public retention policy") == run.needs_approval
    with world.engine._records.read() as work:
        assert person not in work.keyring


def test_t05_in_texas_a_purpose_that_expired_keeps_for_a_year_at_most(world: World) -> None:
    """In Texas a person goes on the 365th day after the purpose expired, and not the day before."""
    ada = world.person("Ada", "US-TX").id
    release = world.sign(ada, days=700)
    world.engine.retention.purpose_met(release.id)
    (first,) = world.engine.retention.status().next
    assert (first.rule, "503.001" in first.citation) == (RetentionRule.PURPOSE_MET, True)
    world.clock.tick(days=363)
    assert world.engine.retention.run().destroyed == 0
    world.clock.tick(days=2)
    assert world.engine.retention.run().destroyed == 1


def test_t05_an_interaction_moves_the_clock_and_a_search_does_not(world: World) -> None:
    """A visit counts anew from its day; that a client finds a person is no interaction."""
    client, ada = world.client(), enrolled(world, "Ada", 1, residency="unknown")
    first = world.engine.retention.status().next[0]
    assert world.found(client, 1) == {ada}
    world.clock.tick(days=10)
    assert world.engine.retention.status().next[0].at == first.at
    idle = world.person("Bo", "unknown").id
    before = next(one.at for one in world.engine.retention.status().next if one.subject == idle)
    world.clock.tick(days=5)
    world.engine.retention.interaction(idle)
    after = next(one.at for one in world.engine.retention.status().next if one.subject == idle)
    assert after - before == 5 * DAY
    with pytest.raises(BadInput, match="still to come"):
        world.engine.retention.interaction(idle, (world.clock.now() + 3 * DAY).date())


def test_t05_a_clock_set_back_grants_nothing_and_brings_nothing_back(world: World) -> None:
    """Set back by an hour: search, ingest, notice and signature are refused and logged; a stop still works.

    What ended before the clock was set back stays ended.
    """
    client, ada, bo = world.client(), enrolled(world, "Ada", 1, days=1), enrolled(world, "Bo", 2)
    source, picture = world.source(), world.photo(3)
    world.clock.tick(hours=24)
    assert world.found(client, 1) == set()
    world.clock.tick(hours=-2)
    before = world.state()
    for refused, tag in (
        (lambda: world.search(client, 2), EventTag.SEARCH_REFUSED),
        (lambda: world.ingest(source, picture), EventTag.INGEST_DENIED),
        (lambda: world.sign(bo), EventTag.RELEASE_REFUSED),
    ):
        with pytest.raises(Refused, match=r"clock is 1\d\d minutes behind") as refusal:
            refused()
        assert refusal.value.rule_id == "clock.set_back"
        assert world.log()[-1].tag is tag
        assert world.log()[-1].payload["rule"] == "clock.set_back"
    assert world.state() == before
    assert world.engine.subjects.show(ada).releases[0][1] is ConsentStatus.EXPIRED
    moments = [to_text(event.at) for event in world.log()]
    assert moments == sorted(moments)
    world.engine.subjects.withdraw(bo)
    assert world.destroy(ada).title == "complete"
    world.clock.tick(hours=3)
    assert world.found(client, 2) == set()


def test_t05_a_clock_behind_by_seconds_is_no_reason_to_refuse(world: World) -> None:
    """Within the tolerance everything goes on, at the latest moment that was seen."""
    client, ada = world.client(), enrolled(world, "Ada", 1)
    world.clock.tick(minutes=-4)
    assert world.found(client, 1) == {ada}


def test_t16_a_hold_that_the_law_does_not_recognise_is_a_conflict_for_counsel(world: World) -> None:
    """Due and held in anticipation of litigation: retention says so, logs it once, keeps the person, who is not found.

    A hold on a warrant keeps the person without a conflict.
    """
    client = world.client()
    ada, bo = enrolled(world, "Ada", 1, days=10), enrolled(world, "Bo", 2, days=10)
    enrolled(world, "Cy", 3, days=10)
    holds = world.engine.custody.holds
    placed = holds.place(ada, basis=HoldBasis.LITIGATION_ANTICIPATED, matter="Doe v. Roe", by=CUSTODIAN).hold
    holds.place(bo, basis=HoldBasis.WARRANT, matter="22 GJ 1", by=CUSTODIAN)
    world.clock.tick(days=12)
    for _ in range(2):
        done = world.engine.retention.run()
        assert [(one.subject.id, one.hold) for one in done.status.conflicts] == [(ada, placed.id)]
        assert (done.status.held, done.status.overdue, done.in_order) == (1, 0, False)
        assert world.found(client, 1) == world.found(client, 2) == world.found(client, 3) == set()
    (raised,) = world.log(EventTag.RETENTION_CONFLICT)
    assert raised.payload == {"hold": placed.id, "basis": "litigation_anticipated"}
    assert {one.id for one in world.engine.subjects.everyone()} == {ada, bo}
    holds.lift(placed.id, by=CUSTODIAN)
    assert world.engine.retention.run().destroyed == 1


def test_a_law_that_changes_with_a_move_is_the_law_of_the_next_decision(world: World) -> None:
    """A new fact changes the law files, the clock and the view of the next search; contradiction is the strictest."""
    client, ada = world.client(), enrolled(world, "Ada", 1)
    homes = world.engine.homes
    assert homes.of(ada).packs == ("us-il-bipa",)
    today = world.clock.now().date()
    moved = homes.add(ada, "US-VT", since=today - DAY, ends=1)
    assert (moved.current, moved.former, moved.unknown) == (("US-VT",), ("US-IL",), None)
    assert set(moved.packs) == {"us-baseline", "us-il-bipa"}
    assert world.found(client, 1) == {ada}  # the notice told what any law asks for
    with pytest.raises(BadInput, match="on which day"):
        homes.add(ada, "US-IL", ends=3)
    torn = homes.add(ada, "DE")
    assert world.found(client, 1) == {ada}  # nor does the strictest ask for more than was told and signed
    assert torn.unknown is not None
    assert "default-strict" in torn.packs
    assert "contradict" in torn.unknown
    (first,) = world.engine.retention.status().next
    assert first.at < world.clock.now() + 300 * DAY  # the strictest civil day, on the whole earth
    sealed = homes.add(ada, "US-VT", since=today - DAY, evidence=Evidence.DOCUMENT, document_sha256="ab" * 32)
    assert (sealed.unknown, sealed.documents) == (None, {5: "ab" * 32})
    assert bytes.fromhex("ab" * 32) not in world.bytes_on_disk()
    with pytest.raises(BadInput, match="no residency fact 99"):
        homes.add(ada, "US-VT", supersedes=99)
    assert world.destroy(ada).title == "complete"
    assert world.rows()["residency_fact"] == world.rows()["retention_clock"] == 0


def test_who_asked_what_is_held_is_answered_before_the_clock_destroys(world: World) -> None:
    """Due with an open request for access, a person waits, frozen, neither overdue nor found; answered, they go.

    Asking is an interaction.
    """
    client, ada = world.client(), enrolled(world, "Ada", 1, residency="unknown", days=10)
    asked = world.engine.requests.open(ada, RequestKind.ACCESS, verified_by=VerifiedBy.DOCUMENT)
    world.clock.tick(days=12)
    done = world.engine.retention.run()
    assert (done.destroyed, done.status.waiting, done.status.overdue, done.in_order) == (0, 1, 0, True)
    assert world.found(client, 1) == set()
    assert [one.payload["kind"] for one in world.log(EventTag.REQUEST_OPENED, ada)] == ["access"]
    world.engine.requests.close(asked.id, reason="withdrawn by the person")
    assert world.engine.retention.run().destroyed == 1


def test_notices_ahead_and_reviews(world: World) -> None:
    """A month ahead a notice is made once; a review that is due is counted, and one that found nobody is obeyed."""
    enrolled(world, "Ada", 1, days=20)
    bo = enrolled(world, "Bo", 2)
    assert world.engine.retention.run().noticed == 1
    assert world.engine.retention.run().noticed == 0
    assert [one.rule for one in world.engine.retention.notices()] == [RetentionRule.TERM]
    world.engine.retention.review(bo, needed=False)
    world.clock.tick(days=31)
    done = world.engine.retention.run()
    assert (done.destroyed, world.engine.subjects.everyone()) == (2, [])


def test_one_run_at_a_time_and_one_cut_short_is_taken_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one runs another is refused as busy; whatever a kill left is finished by the next."""
    enrolled(world, "Ada", 1, days=1)
    world.clock.tick(hours=30)
    assert (world.engine.retention.status().overdue, world.engine.retention.status().due) == (0, 1)
    world.clock.tick(days=1)
    assert world.engine.retention.status().overdue == 1
    assert any("retention run" in problem for problem in world.engine.doctor.problems())
    with exclusive(world.data / "retention.lock", "a test"), pytest.raises(Busy):
        world.reopen().retention.run()
    retention = world.engine.retention

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(world.engine.destruction), "resume", killed)
        with pytest.raises(KeyboardInterrupt):
            retention.run()
    assert len(world.engine.destruction.runs()) == 1
    done = world.reopen().retention.run()
    assert (done.destroyed, len(done.runs), done.in_order) == (1, 1, True)
    assert world.engine.subjects.everyone() == []


def test_the_retention_commands(world: World) -> None:
    """`retention status`, `run`, `notices`, `interaction`, `purpose-met` and `review` do what they say."""
    ada = enrolled(world, "Ada", 1)
    (release, _), *_ = world.engine.subjects.show(ada).releases
    data = ["--data", str(world.data), "--json"]

    def run(*words: str, code: int = 0) -> dict[str, object]:
        result = CliRunner().invoke(app, [*words, *data])
        assert result.exit_code == code, result.output
        lines = result.stdout.splitlines()
        found: dict[str, object] = json.loads(lines[-1]) if lines else {}
        return found

    assert run("retention", "status")["due"] == 0
    run("retention", "interaction", ada)
    run("retention", "review", ada, "--needed")
    assert run("retention", "notices") == {}
    listed = run("subject", "residency", "list", ada)
    assert (listed["current"], listed["law"]) == (["US-IL"], ["us-il-bipa"])
    added = run("subject", "residency", "add", ada, "US-VT", "--since", "2020-01-01", "--corrects", "1")
    assert (added["current"], added["ever"]) == (["US-VT"], ["US-VT"])
    run("subject", "residency", "add", ada, "US-VT", "--since", "2020-01-01", "--until", "2019-01-01", code=3)
    run("retention", "purpose-met", release.id)
    run("retention", "purpose-met", "rel_none", code=3)
    assert run("retention", "run")["destroyed"] == 1


def test_t19_a_revoked_source_is_collected_no_more_and_what_came_of_it_alone_goes(world: World) -> None:
    """Revoked: ingest of it is refused at once, photos of it alone are destroyed, shared ones keep their other source.

    Neither its name nor its host can be added again without a custodian.
    """
    client, ada = world.client(), world.person("Ada").id
    world.sign(ada)
    lost = world.engine.register.add_source("Platform", basis="their terms", hosts=["Photos.Example.org"]).id
    kept = world.source()
    only, shared = world.photo(1), world.photo(1)
    for source, path in ((lost, only), (lost, shared), (kept, shared)):
        world.ingest(source, path, manifest=[(path, ada)])
    assert world.rows()["reference"] == 2
    done = world.engine.sources.revoke(lost, by=CUSTODIAN, reason="Cease and desist of 4 May")
    assert done is not None
    assert (done.title, done.run.order_ref) == ("complete", f"revocation of {lost}")
    assert (world.rows()["reference"], world.rows()["photo"], world.rows()["photo_source"]) == (1, 1, 1)
    assert world.found(client, 1) == {ada}
    assert only.exists()
    before = world.state()
    with pytest.raises(Refused, match="revoked") as refusal:
        world.ingest(lost, world.photo(2))
    assert refusal.value.rule_id == "source.revoked"
    assert world.log()[-1].payload["rule"] == "source.revoked"
    for name, hosts in (("platform", []), ("Another", ["photos.example.org"])):
        with pytest.raises(Refused, match=lost):
            world.engine.register.add_source(name, basis="a new letter", hosts=hosts)
        assert world.log()[-1].tag is EventTag.SOURCE_REFUSED
    assert world.state() == before
    again = world.engine.register.add_source("Platform", basis="a new letter", custodian="Cara Counsel")
    added = world.log(EventTag.SOURCE_ADDED)[-1]
    assert (added.payload["source"], added.payload["in_spite_of"]) == (again.id, [lost])
    assert world.engine.sources.revoke(again.id, by=CUSTODIAN, reason="again") is None
    assert b"Cease and desist" not in world.bytes_on_disk()
    assert world.engine.doctor.problems() == []


def test_t19_the_database_itself_takes_no_photo_of_a_revoked_source(world: World) -> None:
    """A run that was under way when the source was revoked stores nothing more: the database refuses the photo."""
    source = world.source()
    held = world.engine._enrolments(1)
    add = held.add

    def late(sightings: Sequence[Sighting]) -> list[list[FaceOutcome] | None]:
        """Revoke the source between reading the photo and storing it."""
        world.engine.sources.revoke(source, by=CUSTODIAN, reason="letter")
        return add(sightings)

    held.add = late  # type: ignore[method-assign]
    world.engine.ingest._enrolments = lambda _jobs: held
    with pytest.raises(Refused, match="revoked"):
        world.ingest(source, world.photo(1))
    assert world.rows()["photo"] == 0
    with closing(world.raw()) as records, pytest.raises(sqlite3.IntegrityError, match="cannot be changed"):
        records.execute("UPDATE source SET revoked_at = NULL")


class Site(BaseHTTPRequestHandler):
    """A small web site on loopback; `pages` holds status, headers and body by path."""

    pages: ClassVar[dict[str, tuple[int, dict[str, str], bytes]]] = {}
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """Answer from `pages`."""
        self.asked.append(self.path)
        status, headers, body = self.pages.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    """Serve a site and return its host with port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    Site.pages, Site.asked = {}, []
    Site.asked.clear()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


JPEG = {"Content-Type": "image/png"}


def test_t10_a_photo_is_fetched_only_for_a_release_and_if_the_web_server_allows(world: World, site: str) -> None:
    """With source, host, subject and live release, and no veto of the server, one photo is fetched and enrolled.

    Every veto is a skip with a reason in the log, and the photo is never asked for.
    """
    ada = world.person("Ada").id
    signed = world.sign(ada)
    source = world.engine.register.add_source("Site", basis="letter", hosts=[site]).id
    world.engine.fetches._web = lambda: HttpGet(loopback=True)
    picture = world.photo(1).read_bytes()

    def fetch(path: str = "/a.png") -> tuple[str | None, bool]:
        Site.asked.clear()
        done = world.engine.fetches.fetch(
            f"http://{site}{path}", source=source, subject=ada, release=signed.id, into=world.photos / "fetched"
        )
        if done.reason is not None:
            logged = world.log(EventTag.FETCH_SKIPPED, ada)[-1]
            assert logged.payload == {"reason": done.reason, "source": source, "release": signed.id}
        return done.reason, path in Site.asked

    robots, tdm = "/robots.txt", "/.well-known/tdmrep.json"
    for pages, reason, asked in (
        ({robots: (503, {}, b"")}, "robots_unreachable", False),
        ({robots: (200, {}, b"User-agent: *\nDisallow: /")}, "robots_disallow", False),
        ({robots: (302, {"Location": "http://example.org/robots.txt"}, b"")}, "robots_unreachable", False),
        ({tdm: (200, {}, b'[{"location": "/*", "tdm-reservation": 1}]')}, "tdm_reserved", False),
        ({tdm: (200, {}, b"<html>")}, "tdm_unreadable", False),
        ({tdm: (500, {}, b"")}, "tdm_unreadable", False),
        ({"/a.png": (200, {**JPEG, "TDM-Reservation": "1"}, picture)}, "tdm_reserved", True),
        ({"/a.png": (200, {"Content-Type": "text/html"}, picture)}, "not_an_image", True),
        ({"/a.png": (302, {"Location": "http://example.org/a.png"}, b"")}, "other_host", True),
        ({"/a.png": (302, {"Location": "/a.png"}, b"")}, "too_many_redirects", True),
        ({}, "http_404", True),
    ):
        Site.pages = pages
        assert fetch() == (reason, asked)
    assert (world.rows()["photo"], world.encoder.crops) == (0, 0)
    Site.pages = {
        robots: (200, {}, b"User-agent: *\nDisallow: /private\nUser-agent: other\nDisallow: /"),
        tdm: (200, {}, b'[{"location": "/private/*", "tdm-reservation": 1}, {"location": "/", "tdm-reservation": 0}]'),
        "/a.png": (301, {"Location": "/b.png"}, b""),
        "/b.png": (200, JPEG, picture),
    }
    assert fetch() == (None, True)
    assert (world.rows()["reference"], world.encoder.crops) == (1, 1)
    (file,) = (world.photos / "fetched" / ada).iterdir()
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (picture, 0o600)


def test_t10_no_crawl_can_be_expressed(world: World, site: str) -> None:
    """Without a live release of this person, or from a host that no permission names, nothing is asked of the web.

    A wildcard, a list of nothing and a name with a password are no addresses; nor is a wildcard a host.
    """
    ada, bo = world.person("Ada").id, world.person("Bo").id
    signed, other = world.sign(ada), world.sign(bo)
    register, fetches = world.engine.register, world.engine.fetches
    named, silent = register.add_source("Site", basis="letter", hosts=[site]).id, world.source()
    fetches._web = lambda: HttpGet(loopback=True)

    def fetch(url: str, source: SourceId, release: ReleaseId) -> None:
        fetches.fetch(url, source=source, subject=ada, release=release, into=world.photos)

    for url in ("", "http://*/a.png", f"http://{site}/*", "ftp://example.org/a.png", "http://me:pw@example.org/a", "a"):
        with pytest.raises(BadInput, match="not the address of one photo"):
            fetch(url, named, signed.id)
    for host in ("*", "*.example.org", "", "example.org/x", "http://example.org"):
        with pytest.raises(BadInput, match="does not name one host"):
            register.add_source("Wide", basis="letter", hosts=[host])
    with pytest.raises(NotFound, match="has no release"):
        fetch(f"http://{site}/a.png", named, other.id)
    with pytest.raises(BadInput, match="data directory"):
        fetches.fetch(f"http://{site}/a", source=named, subject=ada, release=signed.id, into=world.data / "x")
    before = world.state()
    with pytest.raises(Refused) as refusal:
        fetch(f"http://{site}/a.png", silent, signed.id)
    assert refusal.value.rule_id == "fetch.host"
    world.engine.subjects.withdraw(ada)
    with pytest.raises(Refused) as stopped:
        fetch(f"http://{site}/a.png", named, signed.id)
    assert stopped.value.rule_id == "subject.frozen"
    rules = [event.payload["rule"] for event in world.log(EventTag.FETCH_REFUSED, ada)]
    assert rules == ["fetch.host", "subject.frozen"]
    after = world.state()
    assert (after.rows["photo"], after.gallery, Site.asked) == (0, before.gallery, [])


def test_t10_private_addresses_are_not_reached(site: str) -> None:
    """Without leave for loopback, an address of this machine or of a private network is unreachable."""
    for host in (site, "127.0.0.1", "10.0.0.1", "[::1]", "169.254.169.254"):
        with pytest.raises(Unreachable):
            HttpGet().get(f"http://{host}/", most_bytes=10)
    assert Site.asked == []


steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from(["US-IL", "unknown", "US-VT"])),
        st.tuples(st.just("sign"), st.integers(0, 3), st.sampled_from([5, 60, 300])),
        st.tuples(st.just("visit"), st.integers(0, 3)),
        st.tuples(st.just("unneeded"), st.integers(0, 3)),
        st.tuples(st.just("tick"), st.sampled_from([1, 40, 200, 400])),
        st.tuples(st.just("run")),
    ),
    min_size=4,
    max_size=12,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=steps)
def test_whatever_happens_nobody_is_overdue_and_nobody_goes_early(world: World, story: list[tuple]) -> None:
    """After a run nobody is overdue, and only those whose time was up by the clock's own word are gone."""
    world.reopen()
    for verb, *with_what in [*story, ("run",)]:
        people = [one.id for one in world.engine.subjects.everyone() if one.frozen_at is None]
        if verb == "add":
            world.person("Somebody", with_what[0])
        elif verb == "tick":
            world.clock.tick(days=with_what[0])
        elif verb == "run":
            told = world.engine.retention.status(first=1000).next
            now = world.clock.now()
            world.engine.retention.run()
            after = {one.id for one in world.engine.subjects.everyone()}
            assert after == {one.subject for one in told if one.at > now}
            assert world.engine.retention.status().overdue == 0
        elif people:
            one = people[with_what[0] % len(people)]
            if verb == "sign":
                world.sign(one, days=with_what[1])
            elif verb == "visit":
                world.engine.retention.interaction(one)
            else:
                world.engine.retention.review(one, needed=False)
