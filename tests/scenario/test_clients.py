# SPDX-License-Identifier: Apache-2.0
"""Clients: vetted by two, metered before a probe is decoded, suspended at once, watched by flags."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fake_pack import face, photo, png
from world import CUSTODIAN, DELIVERY, OPERATOR, PRESENT, World

from countenance.bootstrap import Engine
from countenance.errors import BadInput, BadPhoto, CountenanceError, Damaged, NotFound, Refused, TooMany
from countenance.ids import ClientId, SubjectId
from countenance.model.client import Client
from countenance.model.event import EventTag
from countenance.model.flag import FlagKind
from countenance.model.hours import Hours
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.quota import Quota
from countenance.model.vetting import Change, ChangeOutcome
from countenance.services.search import Request
from countenance.services.vetting import Terms

ANN, BO = "ann.of.the.desk", "bo.the.custodian"
PROBE = png(photo(face(1, 999)))


def terms(world: World, **changes: Any) -> Terms:
    """Return a whole vetting."""
    today = world.engine._records.clock.now().date()
    said = Terms(
        name="Gala Photos",
        kind=ClientKind.PHOTOGRAPHER,
        purposes=(DELIVERY,),
        contact="Eve Example, eve@gala.example",
        contract="C/2026/17",
        contract_on=today - timedelta(days=3),
        contract_until=today + timedelta(days=362),
        place="US-IL",
    )
    return replace(said, **changes)


def vetted(world: World, **changes: Any) -> ClientId:
    """Vet a client, by two."""
    change = world.engine.vetting.propose(terms(world, **changes), by=ANN)
    return world.engine.vetting.confirm(change.id, by=BO).client.id


def request(client: ClientId, **changes: Any) -> Request:
    """Return a lawful request."""
    return replace(Request(client, DELIVERY, PRESENT, OPERATOR), **changes)


def search(world: World, client: ClientId, seed: int = 1, **changes: Any) -> set[SubjectId]:
    """Search; return whom it found."""
    found = world.engine.searches.search(png(photo(face(seed, 999))), request(client, **changes))
    return {one.subject for one in found.candidates}


def enrolled(world: World, seed: int = 1) -> SubjectId:
    """Enrol somebody whom any photographer may find."""
    person = world.person(f"Person {seed}")
    world.sign(person.id)
    world.enrol(world.source(), person.id, seed)
    return person.id


def of(world: World, client: ClientId) -> Client:
    """Return a client as it is stored."""
    return next(one for one in world.engine.register.clients() if one.id == client)


def refused(world: World, rule: str, act: Callable[[], object]) -> None:
    """Hold that an act is refused by a rule, logged, and moves nothing."""
    before = world.state()
    with pytest.raises(Refused) as error:
        act()
    assert error.value.rule_id == rule
    assert dict(world.log()[-1].payload)["rule"] == rule
    assert world.state() == before


def test_a_client_is_served_once_a_second_person_has_confirmed_it(world: World) -> None:
    """Entered by one account, nobody is served; the same account cannot confirm; another can, and all is on record."""
    ada = enrolled(world)
    change = world.engine.vetting.propose(terms(world, hours=Hours.parse("1-5 08:00-18:00")), by=ANN)
    with pytest.raises(NotFound):
        search(world, change.client.id)
    for same in (ANN, f" {ANN.upper()} "):
        refused(world, "client.two_people", lambda by=same: world.engine.vetting.confirm(change.id, by=by))
    done = world.engine.vetting.confirm(change.id, by=BO)
    assert (done.outcome, done.entered_by, done.decided_by) == (ChangeOutcome.CONFIRMED, ANN, BO)
    assert search(world, change.client.id) == {ada}
    stored = of(world, change.client.id)
    assert (stored.contact, stored.contract, str(stored.hours)) == (
        "Eve Example, eve@gala.example",
        "C/2026/17",
        "1-5 08:00-18:00",
    )
    assert stored.vetted_at is not None
    disk = world.bytes_on_disk()
    for plain in (b"Eve Example", b"C/2026/17", b"Gala Photos", ANN.encode(), BO.encode()):
        assert plain not in disk


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": " "}, "name the organisation"),
        ({"contact": ""}, "who answers for it"),
        ({"contract": ""}, "name the contract"),
        ({"purposes": ()}, "at least one purpose"),
        ({"purposes": (Purpose.EVALUATION,)}, "evaluation"),
        ({"fpir": 1.5}, "FPIR"),
        ({"place": None, "hours": Hours(1, 5, 480, 1080)}, "say where"),
        ({"kind": ClientKind.LAW_ENFORCEMENT}, "written authorisation"),
        ({"name": "A" * 300}, "200 printable"),
    ],
)
def test_a_vetting_that_lacks_something_says_what(world: World, changes: dict[str, Any], says: str) -> None:
    """Every field that a vetting lacks is named, and nothing is stored."""
    before = world.state()
    with pytest.raises(BadInput, match=says):
        world.engine.vetting.propose(terms(world, **changes), by=ANN)
    assert world.state() == before


def test_contract_dates_hold_together(world: World) -> None:
    """A contract ends after it begins, runs at most five years, has begun, and has not ended."""
    today = world.engine._records.clock.now().date()
    for on, until, says in (
        (0, -1, "ends after it begins"),
        (0, 3000, "1826 days at most"),
        (10, 20, "in the future"),
        (-20, -10, "has ended"),
    ):
        dates = {"contract_on": today + timedelta(days=on), "contract_until": today + timedelta(days=until)}
        with pytest.raises(BadInput, match=says):
            world.engine.vetting.propose(terms(world, **dates), by=ANN)


@pytest.mark.parametrize("kind", [ClientKind.INDIVIDUAL, ClientKind.TRIAL, ClientKind.UNVETTED])
@pytest.mark.parametrize("place", [None, "AU", "US-IL"])
def test_t22_trials_individuals_and_unvetted_are_refused_everywhere(
    world: World, kind: ClientKind, place: str | None
) -> None:
    """No kind of client that nobody can vouch for gets an account, wherever it is."""
    refused(world, "client.kind", lambda: world.engine.vetting.propose(terms(world, kind=kind, place=place), by=ANN))


def test_what_narrows_is_in_force_at_once_and_what_widens_waits_for_a_second_person(world: World) -> None:
    """A lower quota counts on the next search; a new purpose only when another account has confirmed it."""
    client = vetted(world)
    verbs = world.engine.vetting
    narrowed = verbs.amend(client, {"quota": Quota(5, 20)}, by=ANN)
    assert narrowed.outcome is ChangeOutcome.CONFIRMED
    assert of(world, client).quota == Quota(5, 20)
    assert of(world, client).vetted_at is not None
    for changed, name in (
        ({"purposes": (DELIVERY, Purpose.ARCHIVE_SEARCH)}, "purposes"),
        ({"quota": Quota(6, 20)}, "quota"),
        ({"fpir": 0.02}, "fpir"),
        ({"contract_until": of(world, client).contract_until + timedelta(days=1)}, "contract"),
        ({"place": "US-TX"}, "place"),
    ):
        before = of(world, client)
        waits = verbs.amend(client, changed, by=ANN)
        assert (waits.outcome, waits.widens) == (None, (name,))
        assert of(world, client) == before
    assert [one.id for one in verbs.waiting()] == [waits.id]  # each gave way to the next
    refused(world, "client.two_people", lambda: verbs.confirm(waits.id, by=ANN))
    verbs.confirm(waits.id, by=BO)
    assert of(world, client).place == "US-TX"
    with pytest.raises(BadInput, match="does not wait"):
        verbs.confirm(waits.id, by=CUSTODIAN)
    with pytest.raises(BadInput, match="nothing"):
        verbs.amend(client, {"place": "US-TX"}, by=ANN)
    with pytest.raises(BadInput, match="kind does not change"):
        verbs.amend(client, {"kind": ClientKind.ARCHIVE}, by=ANN)


def test_a_change_that_was_dropped_is_never_in_force(world: World) -> None:
    """Either of the two can take a change back; it cannot be confirmed any more."""
    change = world.engine.vetting.propose(terms(world), by=ANN)
    dropped = world.engine.vetting.drop(change.id, by=BO)
    assert dropped.outcome is ChangeOutcome.DROPPED
    with pytest.raises(BadInput, match="dropped"):
        world.engine.vetting.confirm(change.id, by=BO)
    assert world.engine.register.clients() == []
    assert world.log(EventTag.CLIENT_CHANGE_DROPPED)[-1].payload["change"] == change.id


def test_an_expired_contract_refuses_the_next_search(world: World) -> None:
    """The day after the last one the client is not served; a renewal by two serves it again."""
    today = world.engine._records.clock.now().date()
    client, ada = vetted(world, contract_until=today + timedelta(days=20)), enrolled(world)
    assert [(one.client.id, one.why) for one in world.engine.vetting.due()] == [(client, "ends_soon")]
    assert search(world, client) == {ada}
    world.clock.tick(days=22)
    refused(world, "client.contract", lambda: search(world, client))
    assert world.engine.vetting.due()[0].why == "ended"
    assert world.engine.vetting.standing(client).denial.rule_id == "client.contract"
    renewal = world.engine.vetting.amend(client, {"contract_until": today + timedelta(days=300)}, by=ANN)
    refused(world, "client.contract", lambda: search(world, client))
    world.engine.vetting.confirm(renewal.id, by=BO)
    assert search(world, client) == {ada}


def test_a_change_that_waited_too_long_is_not_confirmed(world: World) -> None:
    """A contract that ended while the change waited lets nobody in."""
    today = world.engine._records.clock.now().date()
    change = world.engine.vetting.propose(terms(world, contract_until=today + timedelta(days=2)), by=ANN)
    world.clock.tick(days=5)
    refused(world, "client.vetting", lambda: world.engine.vetting.confirm(change.id, by=BO))


def test_a_quota_refuses_before_the_probe_is_decoded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Used up, the next search, look or comparison is refused with when to come back; nothing is decoded."""
    client = vetted(world, quota=Quota(3, 4))
    engine = world.engine.searches
    engine.search(PROBE, request(client))
    engine.look(PROBE, request(client))
    engine.verify(PROBE, PROBE, request(client))
    reader = engine._reader
    monkeypatch.setattr(engine, "_reader", None)  # whoever decodes now fails
    for act in (
        lambda: engine.search(PROBE, request(client)),
        lambda: engine.look(PROBE, request(client)),
        lambda: engine.verify(PROBE, PROBE, request(client)),
    ):
        before = world.rows()
        with pytest.raises(TooMany) as stopped:
            act()
        assert 3590 <= stopped.value.retry_after_s <= 3600
        assert world.log()[-1].tag is EventTag.SEARCH_REFUSED
        assert world.log()[-1].payload["rule"] == "client.quota"
        assert world.rows()["client_use"] == before["client_use"]
    monkeypatch.setattr(engine, "_reader", reader)
    world.clock.tick(seconds=stopped.value.retry_after_s)
    assert world.reopen().searches.search(PROBE, request(client)).candidates == ()
    world.clock.tick(hours=1)
    with pytest.raises(TooMany, match="4 searches in any day"):  # a restart changes nothing
        world.engine.searches.search(PROBE, request(client))


def test_an_account_has_a_share_of_its_own(world: World) -> None:
    """One account cannot use up what the client has; others go on."""
    client = vetted(world, quota=Quota(10, 20, 2))
    for _ in range(2):
        search(world, client)
    with pytest.raises(TooMany, match="this account's quota"):
        search(world, client)
    search(world, client, operator="second")
    usage = world.engine.meter.of(client)
    assert (usage.hour, usage.day, sorted(usage.accounts.values())) == (3, 3, [1, 2])
    assert sum(usage.days.values()) == 3
    assert OPERATOR not in str(usage)


def test_what_is_refused_is_not_counted_and_what_fails_is(world: World) -> None:
    """A refusal by the law costs nothing; a photo without a face was looked at, and counts."""
    client = vetted(world)
    refused(world, "client.purpose", lambda: search(world, client, purpose=Purpose.ARCHIVE_SEARCH))
    assert world.engine.meter.of(client).hour == 0
    with pytest.raises(BadPhoto):
        world.engine.searches.search(png(photo()), request(client))
    assert world.engine.meter.of(client).hour == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE client_use SET at = 'garbage'",
        "UPDATE client SET per_hour = 'many'",
        "UPDATE client SET per_day = 0",
    ],
)
def test_a_meter_that_cannot_be_read_refuses(world: World, statement: str) -> None:
    """Nothing is searched where nobody can say how often."""
    client = vetted(world)
    search(world, client)
    with world.raw() as raw:
        raw.execute(statement)
    crops = world.encoder.crops
    with pytest.raises(Damaged):
        search(world, client)
    assert world.encoder.crops == crops


def test_a_meter_that_is_gone_refuses(world: World) -> None:
    """Without its table there is no search either."""
    client = vetted(world)
    with world.raw() as raw:
        raw.execute("DROP TABLE client_use")
    with pytest.raises(Exception, match="client_use"):
        search(world, client)
    assert world.encoder.crops == 0


def test_suspension_works_on_the_next_call_and_on_what_is_in_flight(live: World) -> None:
    """Suspended between the encoder and the answer: the search is refused, and no candidate leaves."""
    client = vetted(live)
    enrolled(live)
    elsewhere = Engine.open(live.data)
    live.encoder.after = lambda: elsewhere.vetting.suspend(client, reason="sold results", by=BO)
    with pytest.raises(Refused) as stopped:
        search(live, client)
    live.encoder.after = None
    assert stopped.value.rule_id == "client.suspended"
    assert live.log()[-1].payload["rule"] == "client.suspended"
    assert live.log(EventTag.SEARCH_ANSWERED) == []
    refused(live, "client.suspended", lambda: search(live, client))
    assert b"sold results" not in live.bytes_on_disk()


@pytest.mark.parametrize("use", ["look", "verify"])
def test_a_look_and_a_comparison_in_flight_are_stopped_too(live: World, use: str, monkeypatch: Any) -> None:
    """Suspended while the photo is looked at: neither faces nor a score leave."""
    client, searches = vetted(live), live.engine.searches
    elsewhere, detector = Engine.open(live.data), live.engine.pack.detector
    detect, done = detector.detect, []

    def then_suspend(image: Any) -> Any:
        if not done:
            done.append(elsewhere.vetting.suspend(client, reason="a complaint", by=BO))
        return detect(image)

    monkeypatch.setattr(detector, "detect", then_suspend)
    act = {
        "look": lambda: searches.look(PROBE, request(client)),
        "verify": lambda: searches.verify(PROBE, PROBE, request(client)),
    }[use]
    with pytest.raises(Refused) as stopped:
        act()
    assert stopped.value.rule_id == "client.suspended"


def test_a_suspension_takes_one_person_and_its_end_two(world: World) -> None:
    """Who asks for the end does not confirm it; the reason stays with the client until then."""
    client, ada = vetted(world), enrolled(world)
    verbs = world.engine.vetting
    with pytest.raises(BadInput, match="say why"):
        verbs.suspend(client, reason=" ", by=ANN)
    with pytest.raises(BadInput, match="not suspended"):
        verbs.ask_reinstatement(client, by=ANN)
    verbs.suspend(client, reason="a complaint", by=ANN)
    with pytest.raises(BadInput, match="suspended already"):
        verbs.suspend(client, reason="again", by=ANN)
    stands = verbs.standing(client)
    assert (stands.suspended_for, stands.note) == ("operator", "a complaint")
    asked = verbs.ask_reinstatement(client, by=ANN)
    refused(world, "client.two_people", lambda: verbs.confirm(asked.id, by=ANN))
    refused(world, "client.suspended", lambda: search(world, client))
    verbs.confirm(asked.id, by=BO)
    assert search(world, client) == {ada}
    assert verbs.standing(client).note == ""


def test_a_bar_outlives_the_wish_to_reinstate(world: World) -> None:
    """Two people together cannot serve a client that an order bars."""
    client = vetted(world)
    world.engine.register.bar_clients("ord_1", kinds=[ClientKind.PHOTOGRAPHER])
    asked = world.engine.vetting.ask_reinstatement(client, by=ANN)
    refused(world, "client.barred", lambda: world.engine.vetting.confirm(asked.id, by=BO))


def test_law_enforcement_and_missing_people_need_a_case(world: World) -> None:
    """Without a case number such a search is refused; with one it is kept, sealed."""
    registry = vetted(world, kind=ClientKind.REGISTRY, purposes=(Purpose.MISSING_PERSON,))
    asked = {"purpose": Purpose.MISSING_PERSON}
    refused(world, "search.case", lambda: search(world, registry, **asked))
    refused(world, "search.case", lambda: search(world, registry, case=" ", **asked))
    search(world, registry, case="MP/Eve-Example/4", **asked)
    assert b"Eve-Example" not in world.bytes_on_disk()
    assert dict(world.log(EventTag.SEARCH_ANSWERED)[-1].payload).get("case") is None


def test_a_log_entry_carries_the_number_of_the_servers_request(world: World) -> None:
    """An entry of the log and a line of the server's are joined by it, also where the search was refused."""
    client = vetted(world)
    search(world, client, request_id="req_1")
    assert world.log()[-1].payload["request"] == "req_1"
    world.engine.searches.look(PROBE, request(client, request_id="req_2"))
    assert world.log()[-1].payload["request"] == "req_2"
    with pytest.raises(Refused):
        search(world, client, request_id="req_3", purpose=Purpose.ARCHIVE_SEARCH)
    assert world.log()[-1].payload["request"] == "req_3"


def kinds(world: World, **which: Any) -> list[FlagKind]:
    """Return the kinds of flags, oldest first."""
    return [one.kind for one in reversed(world.engine.flags.everyone(**which))]


def test_finding_the_same_person_again_and_again_raises_a_flag(world: World) -> None:
    """The third time by one account, or the fifth by the client; other people and older searches do not count."""
    client, ada = vetted(world), enrolled(world)
    bo = enrolled(world, 2)
    search(world, client)
    world.clock.tick(days=31)
    for _ in range(2):
        search(world, client)
        search(world, client, 2, operator="other")
    assert kinds(world) == []
    search(world, client)
    (flag,) = world.engine.flags.everyone()
    assert (flag.kind, flag.people, flag.times) == (FlagKind.REPEATED_PERSON, (ada,), 3)
    search(world, client, operator="third")
    search(world, client, operator="fourth")
    assert kinds(world) == [FlagKind.REPEATED_PERSON] * 2
    logged = world.log(EventTag.FLAG_RAISED)[-1]
    assert logged.subject is None
    assert ada not in str(logged.payload)
    world.destroy(ada)
    assert {one.people for one in world.engine.flags.everyone()} == {()}
    assert bo in search(world, client, 2)


def test_a_search_for_oneself_raises_a_flag(world: World) -> None:
    """Where a custodian declared who is behind an account, its first find of this person is flagged."""
    client, ada = vetted(world), enrolled(world)
    flags = world.engine.flags
    flags.link(OPERATOR, ada, by=BO)
    search(world, client, operator="other")
    assert kinds(world) == []
    search(world, client, operator=OPERATOR.upper())
    assert kinds(world) == [FlagKind.OWN_PERSON]
    flags.link(OPERATOR, None, by=BO)
    search(world, client)
    assert FlagKind.OWN_PERSON not in kinds(world)[1:]
    flags.link(OPERATOR, ada, by=BO)
    done = world.destroy(ada)
    assert done.certificate is not None
    assert world.rows()["own_person"] == 0


def test_many_searches_on_one_case_raise_a_flag(world: World) -> None:
    """The tenth search on a case within thirty days is flagged; another client's case of that name is another."""
    client, other = vetted(world), vetted(world, name="Other Photos")
    for _ in range(9):
        search(world, client, case="C-1")
        search(world, other, case="C-1")
    assert kinds(world) == []
    search(world, client, case="c-1 ")
    assert kinds(world) == [FlagKind.REPEATED_CASE]


def test_searches_outside_hours_raise_one_flag_a_day(world: World) -> None:
    """Outside by every clock of the place, an account is flagged once a day; nothing is refused."""
    now = world.engine._records.clock.now()
    closed = now.isoweekday() % 7 + 1  # tomorrow; by Chicago's clocks now is never later than today in UTC
    closed = closed % 7 + 1
    client = vetted(world, hours=Hours(closed, closed, 0, 1440))
    search(world, client)
    search(world, client)
    search(world, client, operator="other")
    assert kinds(world) == [FlagKind.OUTSIDE_HOURS] * 2
    assert search(world, client) == set()


def test_a_burst_near_the_quota_raises_one_flag_an_hour(world: World) -> None:
    """At nine tenths of an hour's quota a custodian sees it."""
    client = vetted(world, quota=Quota(10, 100))
    for _ in range(8):
        search(world, client)
    assert kinds(world) == []
    search(world, client)
    search(world, client)
    assert kinds(world) == [FlagKind.NEAR_QUOTA]
    world.clock.tick(hours=2)
    for _ in range(9):
        search(world, client)
    assert kinds(world, client=client) == [FlagKind.NEAR_QUOTA] * 2


def test_a_flag_is_settled_by_somebody_else_with_a_note(world: World) -> None:
    """Whom it is about does not settle it; a note is asked for, kept sealed, and settled is settled."""
    client = vetted(world, quota=Quota(1, 5))
    search(world, client)
    (flag,) = world.engine.flags.everyone(is_open=True)
    verbs = world.engine.flags
    with pytest.raises(BadInput, match="write down"):
        verbs.settle(flag.id, by=BO, note=" ")
    refused(world, "flag.own", lambda: verbs.settle(flag.id, by=OPERATOR, note="fine"))
    done = verbs.settle(flag.id, by=BO, note="asked Eve: a wedding")
    assert (done.settled_by, done.note) == (BO, "asked Eve: a wedding")
    assert kinds(world, is_open=True) == []
    assert b"a wedding" not in world.bytes_on_disk()
    with pytest.raises(BadInput, match="settled already"):
        verbs.settle(flag.id, by=BO, note="again")
    with pytest.raises(NotFound):
        verbs.settle("flg_0", by=BO, note="what")
    assert of(world, client).suspended_at is None


def test_a_flag_stands_only_where_its_search_does(world: World) -> None:
    """Flag and log entry of a search are one transaction: where the entry cannot be written, there is no flag."""
    client = vetted(world)
    enrolled(world)
    for _ in range(2):
        search(world, client)
    with world.raw() as raw:
        raw.execute(
            "CREATE TRIGGER full_log BEFORE INSERT ON event WHEN NEW.tag = 'engine:flag:raised' "
            "BEGIN SELECT RAISE(ABORT, 'the log is full'); END"
        )
    searches = world.rows()["search"]
    with pytest.raises(CountenanceError):
        search(world, client)
    assert (world.rows()["search"], kinds(world)) == (searches, [])


def test_the_command_line_may_take_a_client_on_alone_and_narrow_it_alone(world: World) -> None:
    """Who holds the root key needs no second person to begin; that client is reminded of, and is narrowed at once."""
    client = world.client()
    assert [one.why for one in world.engine.vetting.due()] == ["no_contract"]
    change: Change = world.engine.vetting.amend(client, {"quota": Quota(1, 1)}, by=ANN)
    assert change.outcome is ChangeOutcome.CONFIRMED
    search(world, client)
    with pytest.raises(TooMany):
        search(world, client)
    with pytest.raises(BadInput, match="contact"):
        world.engine.vetting.amend(client, {"quota": Quota(2, 2)}, by=ANN)
