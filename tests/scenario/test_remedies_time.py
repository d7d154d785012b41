# SPDX-License-Identifier: Apache-2.0
"""Acceptance tests drawn from real remedies, by their numbers: those about time, homes and sources."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner
from world import CUSTODIAN, World

from countenance.cli.main import app
from countenance.clock import to_text
from countenance.errors import BadInput, Busy, Refused
from countenance.ids import SubjectId
from countenance.ledger.checkpoint import Trust
from countenance.ledger.note import parse_key
from countenance.ledger.verify import verify_certificate
from countenance.model.consent import ConsentStatus
from countenance.model.destruction import HoldBasis
from countenance.model.event import EventTag
from countenance.model.residency import Evidence
from countenance.policy.retention import RetentionRule

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


@pytest.mark.parametrize("residency", ["US-IL", "unknown"])
def test_t05_idle_people_go_on_the_day_and_not_before(world: World, residency: str) -> None:
    """Idle for as long as the law of the home allows, a person is destroyed on that day and not the day before.

    Where the law asks for two people, the public policy is the one who approved, and no run waits.
    """
    person = world.person("Ada", residency).id
    days = 1095 if residency == "US-IL" else 365
    world.clock.tick(days=days - 2)
    assert world.engine.retention.run().destroyed == 0
    world.clock.tick(days=2)
    done = world.engine.retention.run()
    assert (done.destroyed, done.status.overdue) == (1, 0)
    run = world.engine.destruction.status(done.runs[0]).run
    assert run.needs_approval == (residency == "unknown")
    assert (run.approved_by or "").startswith("the public retention policy") == run.needs_approval
    with world.engine._records.read() as work:
        assert person not in work.keyring


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
    holds = world.engine.holds
    placed = holds.place(ada, basis=HoldBasis.LITIGATION_ANTICIPATED, matter="Doe v. Roe", by=CUSTODIAN)
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
    holds.lift(placed.id)
    assert world.engine.retention.run().destroyed == 1


def test_a_law_that_changes_with_a_move_is_the_law_of_the_next_decision(world: World) -> None:
    """A new fact changes the law files, the clock and the view of the next search; contradiction is the strictest."""
    client, ada = world.client(), enrolled(world, "Ada", 1)
    homes = world.engine.homes
    assert homes.of(ada).packs == ("us-il-bipa",)
    today = world.clock.now().date()
    homes.add(ada, "US-IL", until=today - DAY, supersedes=1)
    moved = homes.add(ada, "US-VT", since=today - DAY)
    assert (moved.current, moved.former, moved.unknown) == (("US-VT",), ("US-IL",), None)
    assert set(moved.packs) == {"us-baseline", "us-il-bipa"}
    assert world.found(client, 1) == {ada}
    torn = homes.add(ada, "DE")
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
    world.clock.tick(days=2)
    with world.engine.retention._exclusive(), pytest.raises(Busy):
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
