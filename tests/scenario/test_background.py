# SPDX-License-Identifier: Apache-2.0
"""What a server does for custodians by itself: destructions in the background, the daily retention, the worklist."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from order_examples import order_toml
from test_remedies_orders import CLERK, COUNSEL, enter
from world import World

from countenance.errors import BadInput, BadOrder, Busy, Refused
from countenance.ids import SubjectId
from countenance.ledger.certificate import Declarant
from countenance.model.destruction import HoldBasis, RunState
from countenance.model.event import EventTag
from countenance.model.order import OrderKind, OrderStatus
from countenance.model.request import RequestKind, VerifiedBy
from countenance.policy.order_writer import OrderForm, TermForm
from countenance.services.background import Background, ErrandState
from countenance.services.daily import last_time
from countenance.services.exclusive import exclusive
from countenance.services.order_documents import filled_in, uploaded
from countenance.services.run_jobs import Watched
from countenance.services.worklist import TaskKind, Urgency
from countenance.store.orders import OrderDocument


def person(world: World) -> SubjectId:
    """Enrol somebody of Illinois."""
    ann = world.person("Ann")
    world.sign(ann.id)
    world.enrol(world.source(), ann.id, 1)
    return ann.id


def settled(world: World, watched: Watched) -> Watched:
    """Wait for a run's errand."""
    assert world.engine.background.settle(60)
    return world.engine.run_jobs.watch(watched.finished.run.id)


def test_an_order_is_executed_in_the_background_by_two_people(world: World) -> None:
    """The first person's word only plans; the second one's begins the destruction, which ends in a certificate."""
    ann, order = person(world), enter(world)
    world.engine.custody.orders.freeze(order)
    planned = world.engine.run_jobs.execute(order, by=CLERK)
    assert (planned.finished.run.state, planned.errand) == (RunState.FROZEN, None)
    assert world.engine.run_jobs.execute(order, by=CLERK).finished.run.state is RunState.FROZEN
    done = settled(world, world.engine.run_jobs.execute(order, by=COUNSEL, declarant=Declarant("B. Bell", "Counsel")))
    assert (done.finished.run.state, done.finished.title) == (RunState.CERTIFIED, "complete")
    assert b"B. Bell" in (done.finished.document or b"")
    assert done.errand is not None
    assert done.errand.state is ErrandState.DONE
    assert (done.unfinished, done.problem) == (False, None)
    assert world.engine.custody.orders.status(order).order.status is OrderStatus.SATISFIED
    assert ann not in {one.id for one in world.engine.subjects.everyone()}


def test_a_run_is_approved_by_a_second_person_only(world: World) -> None:
    """One who asked for a run cannot approve it in the background either; it is logged, and nothing has begun."""
    person(world)
    order = enter(world)
    world.engine.custody.orders.freeze(order)
    run = world.engine.run_jobs.execute(order, by=CLERK).finished.run.id
    before = world.state()
    with pytest.raises(Refused) as refusal:
        world.engine.run_jobs.approve(run, by=CLERK.upper())
    assert refusal.value.rule_id == "destroy.dual_control"
    assert world.log(EventTag.RUN_REFUSED)
    assert world.state() == before
    assert world.engine.run_jobs.watch(run).ask is None


def test_what_a_killed_server_was_asked_goes_on_when_one_starts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed in the middle, a run stands as unfinished, and the next server carries it out with its declarant."""
    person(world)
    order = enter(world)
    world.engine.custody.orders.freeze(order)
    world.engine.run_jobs.execute(order, by=CLERK)
    with monkeypatch.context() as patch:
        patch.setattr(Background, "start", lambda *_: None)  # what a process does that is killed just then
        declares = Declarant("B. Bell", "Counsel")
        begun = world.engine.run_jobs.execute(order, by=COUNSEL, declarant=declares)
    engine = world.reopen()
    left = engine.run_jobs.watch(begun.finished.run.id)
    assert left.ask is not None
    assert (left.finished.run.state, left.ask.ended_at, left.errand) == (RunState.APPROVED, None, None)
    assert engine.run_jobs.take_up() == [begun.finished.run.id]
    done = settled(world, begun)
    assert b"B. Bell" in (done.finished.document or b"")
    assert engine.run_jobs.take_up() == []


def test_why_a_run_stopped_is_kept(world: World) -> None:
    """Where another process destroys, the run waits, says why after a restart too, and goes on when it is asked to."""
    person(world)
    order = enter(world)
    world.engine.custody.orders.freeze(order)
    run = world.engine.run_jobs.execute(order, by=CLERK).finished.run.id
    with exclusive(world.data / "destruction.lock", "a test"):
        stopped = settled(world, world.engine.run_jobs.approve(run, by=COUNSEL))
    assert stopped.errand is not None
    assert stopped.errand.state is ErrandState.FAILED
    assert "another destruction works on this data directory" in (stopped.problem or "")
    assert "another destruction" in (world.reopen().run_jobs.watch(run).problem or "")
    assert settled(world, world.engine.run_jobs.go_on(run, by=CLERK)).finished.title == "complete"


def test_a_request_to_erase_is_answered_by_its_certificate(world: World) -> None:
    """Erased in the background, a request is answered when the certificate is there."""
    ann = person(world)
    request = world.engine.requests.open(ann, RequestKind.ERASE, verified_by=VerifiedBy.ACCOUNT)
    begun = world.engine.run_jobs.erase(request.id, by=CLERK)
    if begun.finished.run.state is RunState.FROZEN:
        begun = world.engine.run_jobs.approve(begun.finished.run.id, by=COUNSEL)
    assert settled(world, begun).finished.title == "complete"
    (due,) = world.engine.requests.everything()
    assert due.request.state == "answered"
    with pytest.raises(BadInput, match="answered"):
        world.engine.run_jobs.erase(request.id, by=CLERK)


def test_the_clock_is_followed_once_a_day(world: World) -> None:
    """A day is followed once, by a server or a command; one that was missed is made up for."""
    daily, hour = world.engine.daily, 3
    ann = person(world)
    assert daily.is_due(hour)
    daily.begin()
    assert world.engine.background.settle(60)
    assert not daily.is_due(hour)
    world.clock.tick(days=2)
    assert daily.is_due(hour)
    world.engine.retention.run()
    assert not daily.is_due(hour)
    world.engine.retention.review(ann, needed=False)
    world.clock.tick(days=400)
    with daily.watching(hour):
        while not (world.engine.background.settle(60) and daily.history()[0].counts["destroyed"]):
            pass
    assert len(daily.history()) == 3
    assert daily.history()[0].runs


def test_a_day_that_failed_is_tried_again_later(world: World) -> None:
    """Where another process follows the clock, the server says so and tries again in ten minutes, not at once."""
    daily = world.engine.daily
    with exclusive(world.data / "retention.lock", "a test"):
        daily.begin()
        assert world.engine.background.settle(60)
    errand = daily.errand()
    assert errand is not None
    assert "another retention run" in (errand.problem or "")
    assert not daily.is_due(3)
    world.clock.tick(minutes=11)
    assert daily.is_due(3)


@pytest.mark.parametrize(("now", "hour", "back"), [(5, 3, 2), (3, 3, 0), (2, 3, 23)])
def test_the_last_time_of_an_hour(now: int, hour: int, back: int) -> None:
    """The hour struck today where it is past, else yesterday."""
    moment = datetime(2026, 1, 10, now, tzinfo=UTC).astimezone().replace(hour=now)
    assert moment - last_time(moment.astimezone(UTC), hour) == timedelta(hours=back)


def test_the_calendar_counts_whom_a_hold_keeps(world: World) -> None:
    """Each day says how many people's time is up and how many of them something keeps; the day lists them, in pages."""
    ann, bo = person(world), world.person("Bo").id
    world.sign(bo)
    world.engine.custody.holds.place(ann, basis=HoldBasis.WARRANT, matter="1", by=CLERK)
    days = {one.subject: one.at.date() for one in world.engine.retention.status().next}
    first, last = min(days.values()), max(days.values())
    found = {one.day: one for one in world.engine.retention.calendar(first, last)}
    assert sum(one.due for one in found.values()) == 2
    assert found[days[ann]].held == 1
    assert [one.held for one in world.engine.retention.on_day(days[ann]) if one.subject == ann] == [True]
    (second,) = world.engine.retention.on_day(days[bo], after=min(ann, bo) if days[ann] == days[bo] else "", limit=1)
    assert second.subject in days
    with pytest.raises(BadInput, match="a year at most"):
        world.engine.retention.calendar(first, first + timedelta(days=400))


def test_what_waits_is_yours_only_where_you_may_give_the_word(world: World) -> None:
    """An order waits for everybody's word but that of who entered it; a run the same; late things say so."""
    person(world)
    text = order_toml('residency = { places = ["US-IL"], when = "ever" }')
    order = world.engine.custody.orders.enter(OrderDocument(text, "o.toml", None), by=CLERK).id

    def seen(account: str) -> dict[TaskKind, Urgency]:
        return {one.kind: one.urgency for one in world.engine.worklist.of(account)}

    assert seen(CLERK)[TaskKind.ORDER_CONFIRM] is Urgency.OTHERS
    assert seen(COUNSEL)[TaskKind.ORDER_CONFIRM] is Urgency.YOURS
    assert seen(COUNSEL)[TaskKind.ORDER_DUE] is Urgency.OVERDUE
    world.engine.custody.orders.confirm(order, by=COUNSEL)
    world.engine.custody.orders.freeze(order)
    world.engine.run_jobs.execute(order, by=COUNSEL)
    assert seen(CLERK) == {TaskKind.RUN_APPROVE: Urgency.YOURS}
    assert seen(COUNSEL) == {TaskKind.RUN_APPROVE: Urgency.OTHERS}


def test_jobs_run_in_turn_and_say_what_went_wrong() -> None:
    """One errand at a time, one of a name at a time; an error of ours is told in its words, another by its kind."""
    queue, go = Background(lambda: datetime.now(UTC)), threading.Event()
    running: list[str] = []

    def first(report: object) -> None:
        running.append("first")
        go.wait(10)

    def busy(_report: object) -> None:
        raise Busy("somebody else reads")

    def secret(_report: object) -> None:
        raise RuntimeError("Ann Example")

    queue.start("a", first)
    assert queue.start("a", secret).is_open
    queue.start("b", busy)
    queue.start("c", secret)
    assert [errand.name for errand in queue.open_ones()] == ["a", "b", "c"]
    go.set()
    assert queue.settle(10)
    assert running == ["first"]
    b, c = queue.find("b"), queue.find("c")
    assert b is not None
    assert c is not None
    assert b.problem == "somebody else reads"
    assert "Ann" not in (c.problem or "")
    assert "RuntimeError" in (c.problem or "")


FORM = OrderForm(
    kind="injunction",
    authority="Circuit Court",
    matter='1:26 "quoted"',
    text='The defendant shall not\r\nsearch \\ the "class", at all.',
    binds=("Example Museum",),
    dates={"issued_at": "2026-01-10", "served_at": "2026-01-11T10:00:00Z", "effective_at": "", "expires_at": ""},
    terms=(TermForm("stop_search", 'shall not search \\ the "class"'), TermForm("deny_clients", "at all . . ", ())),
    of="residents",
    values=("US-IL",),
    counsel=(("P. L.", "p@example.com", "plaintiffs"),),
)


def test_a_form_makes_an_order_file_that_is_read_like_any_other(world: World) -> None:
    """What is typed arrives as typed, quotes and all; what a form lacks is refused as in a file."""
    only = TermForm("stop_search", 'shall not search \\ the "class"')
    enter_ = world.engine.custody.orders.enter
    good = OrderForm(**{**vars(FORM), "terms": (only,)})
    order = enter_(filled_in(good), by=CLERK)
    assert (order.instrument.kind, order.instrument.matter) == (OrderKind.INJUNCTION, '1:26 "quoted"')
    assert order.instrument.text == 'The defendant shall not\nsearch \\ the "class", at all.'
    for change, message in (
        ({"counsel": ()}, "counsel"),
        ({"dates": {"issued_at": "soon", "served_at": "2026-01-11"}}, "issued_at"),
        ({"of": "nobody"}, "kind"),
        ({"terms": (TermForm("deny_clients", "The defendant shall not"),)}, "names clients or kinds"),
        ({"deadlines": {"freeze": "2025-01-01"}}, "lies before"),
    ):
        with pytest.raises(BadOrder, match=message):
            enter_(filled_in(OrderForm(**{**vars(good), **change})), by=CLERK)


def test_an_order_file_is_sent_with_the_text_that_it_names() -> None:
    """A file that names its text needs it sent along, one that carries it must come alone; a scan is no text."""
    alone = order_toml("").encode()
    beside = alone.replace(b'text = """', b'text_file = "o.txt"\n#').split(b"#")[0] + b"[class]\n"
    assert uploaded(alone, "C:\\orders\\o.toml", None).name == "o.toml"
    assert uploaded(beside, "o.toml", b"words").instrument == "words"
    for file, text, message in (
        (alone, b"words", "send no second file"),
        (beside, None, "send that file too"),
    ):
        with pytest.raises(BadOrder, match=message):
            uploaded(file, "o.toml", text)
    with pytest.raises(BadInput, match="no UTF-8"):
        uploaded(b"%PDF-\xff", "o.toml", None)
