# SPDX-License-Identifier: Apache-2.0
"""Remedies that courts and regulators asked for, on orders and holds: T12 to T16 of the acceptance tests."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from order_examples import QUOTE, order_toml
from test_destruction import seen, traces
from world import World

from countenance.bootstrap import Engine
from countenance.errors import BadInput, BadOrder, InvalidRelease, NotFound, Refused
from countenance.ids import OrderId, SubjectId
from countenance.ledger.certificate import Certificate
from countenance.ledger.checkpoint import Trust
from countenance.ledger.note import parse_key
from countenance.ledger.verify import verify_certificate
from countenance.model.destruction import HoldBasis, RunState
from countenance.model.event import EventTag
from countenance.model.order import OrderStatus
from countenance.model.purpose import ClientKind
from countenance.model.residency import Evidence
from countenance.services.destruction import Finished
from countenance.store.orders import OrderDocument

ILLINOIS = 'residency = { places = ["US-IL"], when = "ever" }'
CLERK, COUNSEL = "clerk", "counsel"


def enter(world: World, where: str = ILLINOIS, **parts: object) -> OrderId:
    """Enter and confirm an order."""
    text = order_toml(where, **parts)
    order = world.engine.custody.orders.enter(OrderDocument(text, "order.toml", None), by=CLERK)
    return world.engine.custody.orders.confirm(order.id, by=COUNSEL).id


def execute(world: World, order: OrderId) -> Finished:
    """Execute an order as two people."""
    first = world.engine.custody.runs.execute(order, by=CLERK)
    assert first.run.state is RunState.FROZEN
    assert first.run.needs_approval
    return world.engine.custody.runs.execute(order, by=COUNSEL)


def proved(world: World, done: Finished) -> Certificate:
    """Verify a certificate as a stranger does."""
    return verify_certificate(
        done.document or b"", Trust((parse_key(world.engine.journal.verifier_key()),))
    ).certificate


def moved(world: World, subject: SubjectId, *homes: tuple[str, date | None, date | None]) -> None:
    """Record documents about homes."""
    for place, since, until in homes:
        world.engine.homes.add(subject, place, since=since, until=until, evidence=Evidence.DOCUMENT)


def enrolled(world: World, *people: tuple[str, str, int]) -> list[SubjectId]:
    """Add people with a home, a release and a photo each: (label, place, seed)."""
    source = world.source()
    found = []
    for label, place, seed in people:
        one = world.person(label, place).id
        world.sign(one)
        world.enrol(source, one, seed)
        found.append(one)
    return found


def test_t12(world: World) -> None:
    """Who moved from Illinois in 2023 is in the class, who never did is not; unknown people are, counted apart."""
    mover, never, unknown, gap = (world.person(label, "unknown").id for label in ("Mo", "Ne", "Un", "Ga"))
    moved(world, mover, ("US-IL", date(2015, 1, 1), date(2023, 6, 1)), ("US-TX", date(2023, 6, 1), None))
    moved(world, never, ("US-TX", None, None))
    moved(world, gap, ("US-TX", date(2022, 1, 1), None))  # where before that, nobody has said
    stays = world.person("St", "US-IL").id
    order = enter(world)
    seen_ = world.engine.custody.orders.preview(order)
    assert (seen_.members, seen_.unknown, seen_.nonmembers, seen_.treated) == (2, 2, 1, "member")
    assert world.log(EventTag.ORDER_PREVIEWED)[-1].payload["root"] == seen_.root
    standing = world.engine.custody.orders.freeze(order)
    assert world.engine.custody.orders.members(order) == sorted([mover, stays, unknown, gap])
    assert standing.order.class_root == seen_.root
    assert standing.order.counts == {"member": 2, "unknown": 2}
    assert {one.id: one.frozen_at is not None for one in world.engine.subjects.everyone()}[never] is False


def test_t12_at_least_183_days(world: World) -> None:
    """The Facebook class counts days: overlapping homes once, from the first day of the window, not a day too early."""
    window = 'residency = { places = ["US-IL"], when = "ever", from = 2011-06-07, min_days = 183 }'
    start = date(2011, 6, 7)
    cases = {
        183: ((date(2011, 1, 1), start + timedelta(days=183)),),
        182: ((date(2011, 1, 1), start + timedelta(days=182)),),
        -183: ((start, start + timedelta(days=100)), (start + timedelta(days=50), start + timedelta(days=183))),
        -182: ((start, start + timedelta(days=100)), (start + timedelta(days=50), start + timedelta(days=182))),
    }
    people = {}
    for days, spans in cases.items():
        one = world.person(str(days), "unknown").id
        moved(world, one, *(("US-IL", since, until) for since, until in spans))
        moved(world, one, ("US-TX", spans[-1][1], None), ("US-TX", None, spans[0][0]))
        people[days] = one
    vague = world.person("vague", "US-IL").id  # lives there, and nobody has said since when
    order = enter(world, window)
    seen_ = world.engine.custody.orders.preview(order)
    assert (seen_.members, seen_.unknown, seen_.nonmembers) == (2, 1, 2)
    world.engine.custody.orders.freeze(order)
    assert world.engine.custody.orders.members(order) == sorted([people[183], people[-183], vague])


@pytest.mark.parametrize("unknown", ["member", "exclude", "resolve_first"])
def test_what_an_order_says_of_unknown_people(world: World, unknown: str) -> None:
    """Unknown people are members, are left out, or have to be resolved first, as the order says."""
    doubtful = world.person("Un", "unknown").id
    world.person("Il", "US-IL")
    order = enter(world, unknown=unknown)
    frozen = doubtful in (world.engine.custody.orders.freeze(order), world.engine.custody.orders.members(order))[1]
    assert frozen is (unknown != "exclude")
    if unknown != "resolve_first":
        assert world.engine.custody.runs.execute(order, by=CLERK).run.counts["subject"] == 1 + frozen
        return
    before = world.state()
    with pytest.raises(Refused, match="resolved first") as refusal:
        world.engine.custody.runs.execute(order, by=CLERK)
    assert refusal.value.rule_id == "order.resolve_first"
    assert world.log(EventTag.ORDER_REFUSED)[-1].payload == {"order": order, "rule": "order.resolve_first"}
    assert world.state() == before
    moved(world, doubtful, ("US-TX", None, None))
    assert world.engine.custody.runs.execute(order, by=CLERK).run.state is RunState.FROZEN


def test_t13(world: World, tmp_path: Path) -> None:
    """A freeze holds for the next search and enrolment, in a new process and a restored backup, for the class only."""
    client = world.client()
    ada, bo = enrolled(world, ("Ada", "US-IL", 1), ("Bo", "US-TX", 2))
    world.engine.backups.new_recovery_key(tmp_path / "recovery.txt")
    world.engine.backups.make(tmp_path / "backup")
    order = enter(world, verbs=("stop_collect", "stop_search"))
    assert world.found(client, 1) == {ada}
    started = world.clock.moment
    world.engine.custody.orders.freeze(order)
    assert world.clock.moment - started < timedelta(minutes=60)
    restored = tmp_path / "restored"
    Engine.restore(tmp_path / "backup", restored, identity=tmp_path / "recovery.txt", clock=world.clock)
    for engine in (world.engine, world.reopen(), Engine.open(restored, clock=world.clock)):
        there = World(engine, tmp_path / "more", world.clock)
        assert (there.found(client, 1), there.found(client, 2)) == (set(), {bo})
        source = there.source()
        summary, _ = there.ingest(source, path := world.photo(1), manifest=[(path, ada)])
        assert dict(summary.skipped) == {"subject.frozen": 1}
        with pytest.raises(InvalidRelease, match="not frozen"):
            there.sign(ada)
    (frozen,) = world.log(EventTag.ORDER_FROZEN)
    assert frozen.payload["counts"] == {"member": 1, "unknown": 0}
    assert world.engine.doctor.problems() == []


def test_the_class_cannot_enrol_again_under_another_id(world: World) -> None:
    """Somebody of the class who is added after the freeze cannot sign; where the order allows it, a new release can."""
    order = enter(world, verbs=("stop_collect",))
    world.engine.custody.orders.freeze(order)
    again, other = world.person("Ada again", "US-IL").id, world.person("Bo", "US-TX").id
    world.sign(other)
    with pytest.raises(InvalidRelease, match=order):
        world.sign(again)
    open_to = enter(world, verbs=("stop_collect",), matter="2", more="new_release_after = 2026-01-10")
    world.engine.custody.orders.freeze(open_to)
    assert again in world.engine.custody.orders.members(order) or world.engine.custody.orders.freeze(order)
    with pytest.raises(InvalidRelease, match=order):
        world.sign(again)


def test_who_comes_into_the_class_is_frozen_at_once(world: World, tmp_path: Path) -> None:
    """A residency recorded after the freeze freezes that person for the next search, for good, and nobody else."""
    client = world.client()
    ada, bo = enrolled(world, ("Ada", "US-TX", 1), ("Bo", "US-TX", 2))
    world.engine.backups.new_recovery_key(tmp_path / "recovery.txt")
    world.engine.backups.make(tmp_path / "backup")
    order = enter(world, verbs=("stop_collect", "stop_search"))
    orders = world.engine.custody.orders
    assert orders.freeze(order).order.counts == {"member": 0, "unknown": 0}
    assert (world.found(client, 1), world.found(client, 2)) == ({ada}, {bo})
    moved(world, ada, ("US-IL", date(2010, 1, 1), date(2012, 1, 1)))
    assert (world.found(client, 1), world.found(client, 2)) == (set(), {bo})
    assert orders.members(order) == [ada]
    event = world.log(EventTag.ORDER_FROZEN)[-1]
    assert (event.subject, event.payload["new"], event.payload["root"]) == (ada, 1, orders.preview(order).root)
    source = world.source()
    summary, _ = world.ingest(source, path := world.photo(1), manifest=[(path, ada)])
    assert dict(summary.skipped) == {"subject.frozen": 1}
    restored = tmp_path / "restored"
    Engine.restore(tmp_path / "backup", restored, identity=tmp_path / "recovery.txt", clock=world.clock)
    there = World(Engine.open(restored, clock=world.clock), tmp_path / "more", world.clock)
    assert (there.found(client, 1), there.found(client, 2)) == (set(), {bo})
    entries = len(world.log(EventTag.ORDER_FROZEN))
    moved(world, bo, ("US-CA", date(2010, 1, 1), date(2012, 1, 1)))
    assert orders.members(order) == [ada]
    assert len(world.log(EventTag.ORDER_FROZEN)) == entries


def test_who_comes_into_a_class_that_is_retained_is_sealed_at_once(world: World) -> None:
    """A retaining order takes a newcomer into its escrow, and a conflict with one that destroys is raised then."""
    (ada,) = enrolled(world, ("Ada", "US-TX", 1))
    retains, destroys = enter(world, verbs=("retain",)), enter(world, matter="2")
    orders = world.engine.custody.orders
    for order in (retains, destroys):
        orders.freeze(order)
    assert orders.status(destroys).conflicts == ()
    moved(world, ada, ("US-IL", date(2010, 1, 1), date(2012, 1, 1)))
    assert ada not in world.engine._records.keyring
    assert [one.people for one in orders.status(destroys).conflicts] == [1]


def test_a_new_release_takes_two_people(world: World) -> None:
    """Readmitted by two people, a member is searched again only under a release that was signed after the order."""
    client = world.client()
    (ada,) = enrolled(world, ("Ada", "US-IL", 1))
    closed = enter(world, verbs=("stop_search",))
    world.engine.custody.orders.freeze(closed)
    with pytest.raises(Refused, match="nobody in its class is enrolled again"):
        world.engine.custody.orders.readmit(closed, ada, by=CLERK)
    world.engine.custody.orders.vacate(closed, by=CLERK)
    world.engine.custody.orders.vacate(closed, by=COUNSEL)
    order = enter(world, verbs=("stop_search",), matter="2", more="new_release_after = 2026-01-10", issued="2026-01-10")
    assert world.engine.custody.orders.preview(order).nonmembers == 1  # the release was signed after that day
    late = (datetime.now(UTC) + timedelta(days=1)).date()
    order = enter(world, verbs=("stop_search",), matter="3", more=f"new_release_after = {late}")
    world.engine.custody.orders.freeze(order)
    assert world.found(client, 1) == set()
    assert world.engine.custody.orders.readmit(order, ada, by=CLERK).waits_for is not None
    assert world.engine.custody.orders.readmit(order, ada, by=CLERK).waits_for is not None
    world.engine.custody.orders.readmit(order, ada, by=COUNSEL)
    assert world.found(client, 1) == set()
    world.clock.tick(days=2)
    world.sign(ada)
    world.enrol(world.source(), ada, 1)
    assert world.found(client, 1) == {ada}


def test_t14(world: World) -> None:
    """A copy on a forgotten store fails the run; once it is gone the certificate is complete and verifies offline."""
    client = world.client()
    ada, bo = enrolled(world, ("Ada", "US-IL", 1), ("Bo", "US-TX", 2))
    gone = traces(world, ada)
    order = enter(world)
    world.engine.custody.orders.freeze(order)
    world.engine.custody.runs.execute(order, by=CLERK)
    forgotten = world.data / "old-node" / "records.sqlite.bak"
    forgotten.parent.mkdir()
    shutil.copyfile(world.data / "records.sqlite", forgotten)
    failed = world.engine.custody.runs.execute(order, by=COUNSEL)
    assert (failed.run.state, failed.certificate) == (RunState.FAILED, None)
    assert any("old-node/records.sqlite.bak" in problem for problem in failed.run.problems)
    assert world.engine.custody.orders.status(order).order.status is OrderStatus.IN_FORCE
    shutil.rmtree(forgotten.parent)
    done = world.engine.custody.runs.execute(order, by=COUNSEL)
    assert done.title == "complete"
    certificate = proved(world, done)
    assert order in certificate.order_ref
    assert certificate.counts.destroyed == certificate.counts.targeted == 1
    assert seen(world, gone) == []
    assert (world.found(client, 1), world.found(client, 2)) == (set(), {bo})
    assert world.engine.custody.orders.status(order).order.status is OrderStatus.SATISFIED
    assert world.engine.custody.runs.execute(order, by=COUNSEL).certificate == done.certificate


def test_t15(world: World, tmp_path: Path) -> None:
    """Who is held leaves gallery and key ring, opens with the escrow key alone, and is destroyed once it is lifted."""
    ada, _, cy = enrolled(world, ("Ada", "US-IL", 1), ("Bo", "US-IL", 2), ("Cy", "US-TX", 3))
    client = world.client()
    gone = traces(world, ada)
    hold = world.engine.custody.holds.place(ada, basis=HoldBasis.COURT_ORDER, matter="M", by=CLERK).hold
    keyring = world.engine._records.keyring
    assert ada not in keyring
    assert keyring.escrowed()[ada] == f"{hold.id}:{ada}"
    rows = world.rows()
    assert (rows["reference"], rows["escrow_reference"]) == (2, 1)
    assert world.engine.doctor.problems() == []
    order = enter(world)
    world.engine.custody.orders.freeze(order)
    done = execute(world, order)
    assert done.title == "partial"
    counts = proved(world, done).counts
    assert (counts.targeted, counts.destroyed, counts.held) == (2, 1, 1)
    assert {person.id for person in world.engine.subjects.everyone()} == {ada, cy}
    assert (world.found(client, 1), world.found(client, 3)) == (set(), {cy})
    assert world.engine.custody.orders.status(order).order.status is OrderStatus.IN_FORCE
    world.reopen()
    world.engine.custody.holds.lift(hold.id, by=CLERK)
    again = world.engine.destruction.status(done.run.id)
    assert again.title == "complete"
    second = proved(world, again)
    assert (second.counts.targeted, second.counts.destroyed, second.counts.held) == (2, 2, 0)
    assert (second.supersedes, second.verification.level) == (done.certificate, 3)
    assert seen(world, gone) == []
    assert world.engine.custody.orders.status(order).order.status is OrderStatus.SATISFIED
    assert world.engine.doctor.problems() == []


@pytest.mark.parametrize("held", ["before the plan", "after the approval"])
def test_t15_all_of_the_class_is_held(world: World, held: str) -> None:
    """An order on people all of whom are held waits, and executes itself up to the certificate once they are not."""
    ada, bo = enrolled(world, ("Ada", "US-IL", 1), ("Bo", "US-IL", 2))
    gone = traces(world, ada)
    custody = world.engine.custody
    order = enter(world)
    custody.orders.freeze(order)
    if held == "after the approval":
        run = custody.runs.execute(order, by=CLERK).run
        world.engine.destruction.approve(run.id, by=COUNSEL)
    holds = [custody.holds.place(one, basis=HoldBasis.WARRANT, matter="M", by=CLERK).hold.id for one in (ada, bo)]
    if held == "before the plan":
        assert custody.runs.execute(order, by=CLERK).run.state is RunState.FROZEN
    waiting = custody.runs.execute(order, by=COUNSEL)
    assert (waiting.run.state, waiting.certificate, world.rows()["subject"]) == (RunState.APPROVED, None, 2)
    assert world.log(EventTag.RUN_REFUSED)[-1].payload["rule"] == "hold.active"
    assert custody.runs.execute(order, by=COUNSEL) == waiting
    custody.holds.lift(holds[0], by=CLERK)
    first = world.engine.destruction.status(waiting.run.id)
    counts = proved(world, first).counts
    assert (first.title, counts.targeted, counts.destroyed, counts.held) == ("partial", 2, 1, 1)
    custody.holds.lift(holds[1], by=CLERK)
    done = world.engine.destruction.status(waiting.run.id)
    counts = proved(world, done).counts
    assert (done.title, counts.targeted, counts.destroyed, counts.held) == ("complete", 2, 2, 0)
    assert seen(world, gone) == []
    assert custody.orders.status(order).order.status is OrderStatus.SATISFIED
    assert world.engine.doctor.problems() == []


def test_a_hold_lifted_before_the_approval_leaves_the_run_to_the_second_person(world: World) -> None:
    """A run that waits for its second person counts whom a lifted hold gives back, and destroys nobody by itself."""
    (ada,) = enrolled(world, ("Ada", "US-IL", 1))
    custody = world.engine.custody
    hold = custody.holds.place(ada, basis=HoldBasis.WARRANT, matter="M", by=CLERK).hold.id
    order = enter(world)
    custody.orders.freeze(order)
    run = custody.runs.execute(order, by=CLERK).run
    assert run.counts["subject"] == 0
    custody.holds.lift(hold, by=CLERK)
    waiting = custody.runs.execute(order, by=CLERK).run
    assert (waiting.state, waiting.counts["subject"]) == (RunState.FROZEN, 1)
    assert world.rows()["subject"] == 1
    assert custody.runs.execute(order, by=COUNSEL).title == "complete"


def test_t15_an_outside_key_holder(world: World, tmp_path: Path) -> None:
    """Sealed to an outside key holder, a hold opens with that person's identity and with nothing on this machine."""
    (ada,) = enrolled(world, ("Ada", "US-IL", 1))
    recipient = world.engine.backups.new_recovery_key(tmp_path / "holder.txt")
    world.engine.backups.new_recovery_key(tmp_path / "other.txt")
    placed = world.engine.custody.holds.place(
        ada, basis=HoldBasis.WARRANT, matter="M", by=CLERK, recipient=recipient
    ).hold
    keyring = world.engine._records.keyring
    assert {ada, placed.id} & keyring.owners() == set()
    assert world.engine.doctor.problems() == []
    for identity in (None, (tmp_path / "other.txt").read_text()):
        with pytest.raises(BadInput, match=r"identity|does not open"):
            world.engine.custody.holds.lift(placed.id, by=CLERK, identity=identity)
        assert ada not in keyring
    world.engine.custody.holds.lift(placed.id, by=CLERK, identity=(tmp_path / "holder.txt").read_text())
    assert ada in keyring
    assert {person.label for person in world.engine.subjects.everyone()} == {"Ada"}
    with pytest.raises(BadInput, match="no age recipient"):
        world.engine.custody.holds.place(ada, basis=HoldBasis.WARRANT, matter="M", by=CLERK, recipient="age1x")


def test_two_holds_keep_until_both_are_lifted(world: World) -> None:
    """A person under two holds stays sealed when one is lifted, under the key of the other."""
    (ada,) = enrolled(world, ("Ada", "US-IL", 1))
    one, two = (world.engine.custody.holds.place(ada, basis=HoldBasis.WARRANT, matter=m, by=CLERK).hold for m in "AB")
    keyring = world.engine._records.keyring
    world.engine.custody.holds.lift(one.id, by=CLERK)
    assert keyring.escrowed()[ada].startswith(two.id)
    assert ada not in keyring
    world.engine.custody.holds.lift(two.id, by=CLERK)
    assert ada in keyring
    assert world.destroy(ada).title == "complete"


def test_t16_anticipated_litigation_goes_to_counsel(world: World) -> None:
    """A ground that the law does not recognise raises a conflict for counsel; nothing held is searchable meanwhile."""
    client = world.client()
    (ada,) = enrolled(world, ("Ada", "US-IL", 1))
    placed = world.engine.custody.holds.place(ada, basis=HoldBasis.LITIGATION_ANTICIPATED, matter="M", by=CLERK)
    (conflict,) = placed.conflicts
    assert (conflict.one, conflict.people) == (placed.hold.id, 1)
    assert "us-il-bipa" in conflict.other
    assert world.log(EventTag.CONFLICT_RAISED)[-1].payload["conflict"] == conflict.id
    assert world.found(client, 1) == set()
    with pytest.raises(Refused, match="legal hold"):
        world.destroy(ada)
    recognised = world.engine.custody.holds.place(ada, basis=HoldBasis.WARRANT, matter="M", by=CLERK)
    assert recognised.conflicts == ()
    resolve = world.engine.custody.conflicts.resolve
    assert resolve(conflict.id, "keep", by=CLERK, why="the court will decide").decision is None
    with pytest.raises(Refused, match="two people"):
        resolve(conflict.id, "keep", by=CLERK, why="the court will decide")
    assert resolve(conflict.id, "keep", by=COUNSEL, why="the court will decide").decision == "keep"


def test_a_hold_on_nothing_is_refused(world: World) -> None:
    """A hold names somebody who is there; nothing moves where it does not."""
    before = world.state()
    place = world.engine.custody.holds.place
    with pytest.raises(BadInput, match="hold on nothing"):
        place(basis=HoldBasis.WARRANT, matter="M", by=CLERK)
    with pytest.raises(NotFound):
        place(SubjectId("sub_0000000000000000"), basis=HoldBasis.WARRANT, matter="M", by=CLERK)
    assert world.state() == before


def test_a_hold_is_reviewed_in_time(world: World) -> None:
    """A hold with a review is overdue once its days have passed, until somebody looks."""
    (ada,) = enrolled(world, ("Ada", "US-IL", 1))
    hold = world.engine.custody.holds.place(
        ada, basis=HoldBasis.WARRANT, matter="M", by=CLERK, review_every_days=30
    ).hold
    assert world.engine.custody.holds.overdue() == set()
    world.clock.tick(days=31)
    assert world.engine.custody.holds.overdue() == {hold.id}
    world.engine.custody.holds.review(hold.id, by=CLERK)
    assert world.engine.custody.holds.overdue() == set()


@pytest.mark.parametrize("prevails", ["destroy", "retain"])
def test_two_orders_that_conflict_are_decided_by_counsel(world: World, prevails: str) -> None:
    """One court destroys, another retains: frozen and sealed, until two people record what counsel decided."""
    ada, _ = enrolled(world, ("Ada", "US-IL", 1), ("Bo", "US-IL", 2))
    destroys = enter(world, kind="judgment")
    retains = enter(
        world, f'subjects = ["{ada}"]', of="person", verbs=("retain",), kind="judgment", matter="2", counsel="Q. Other"
    )
    for order in (destroys, retains):
        world.engine.custody.orders.freeze(order)
    (conflict,) = world.engine.custody.orders.status(destroys).conflicts
    assert (conflict.people, {conflict.one, conflict.other}) == (1, {destroys, retains})
    assert ada not in world.engine._records.keyring
    with pytest.raises(Refused, match="counsel decides") as refusal:
        world.engine.custody.runs.execute(destroys, by=CLERK)
    assert refusal.value.rule_id == "order.conflict"
    assert world.rows()["subject"] == 2
    chosen = destroys if prevails == "destroy" else retains
    for who in (CLERK, COUNSEL):
        world.engine.custody.conflicts.resolve(conflict.id, chosen, by=who, why="so stipulated")
    done = execute(world, destroys)
    assert done.title == "complete"
    left = {person.id for person in world.engine.subjects.everyone()}
    assert left == (set() if prevails == "destroy" else {ada})
    assert world.engine.doctor.problems() == []


def test_an_order_waits_for_a_second_person(world: World) -> None:
    """Who entered an order cannot confirm it, and an unconfirmed order freezes nobody; both refusals are logged."""
    (ada,) = enrolled(world, ("Ada", "US-IL", 1))
    order = world.engine.custody.orders.enter(OrderDocument(order_toml(ILLINOIS), "order.toml", None), by=CLERK).id
    before = world.state()
    with pytest.raises(Refused, match="somebody else") as refusal:
        world.engine.custody.orders.confirm(order, by=f" {CLERK.upper()} ")
    assert refusal.value.rule_id == "order.dual_control"
    with pytest.raises(Refused, match="confirmed it"):
        world.engine.custody.orders.freeze(order)
    rules = [event.payload["rule"] for event in world.log(EventTag.ORDER_REFUSED)]
    assert rules == ["order.dual_control", "order.confirmed"]
    assert world.state() == before
    assert world.found(world.client(), 1) == {ada}
    with pytest.raises(BadOrder, match=r"order.toml:\d+"):
        world.engine.custody.orders.enter(OrderDocument("[order]", "order.toml", None), by=CLERK)


def test_a_vacated_order_lets_go_of_its_own(world: World) -> None:
    """Vacated by two people, an order unfreezes whom it alone froze, in backups too; others stay frozen."""
    client = world.client()
    ada, bo, cy = enrolled(world, ("Ada", "US-IL", 1), ("Bo", "US-IL", 2), ("Cy", "US-IL", 3))
    world.engine.subjects.withdraw(bo)
    first = enter(world, verbs=("stop_search",))
    second = enter(world, f'subjects = ["{cy}"]', of="person", verbs=("stop_search",), matter="2")
    for order in (first, second):
        world.engine.custody.orders.freeze(order)
    assert [world.found(client, seed) for seed in (1, 2, 3)] == [set(), set(), set()]
    world.engine.custody.orders.vacate(first, by=CLERK)
    world.engine.custody.orders.vacate(first, by=CLERK)
    assert world.found(client, 1) == set()
    world.engine.custody.orders.vacate(first, by=COUNSEL)
    assert [world.found(client, seed) for seed in (1, 2, 3)] == [{ada}, set(), set()]
    assert world.engine._records.keyring.frozen([ada, bo, cy]) == {cy}
    for who in (CLERK, COUNSEL):
        world.engine.custody.orders.vacate(second, by=who)
    assert [world.found(client, seed) for seed in (1, 2, 3)] == [{ada}, set(), {cy}]


def test_a_stay_stops_destruction_and_keeps_the_freeze(world: World) -> None:
    """While an order is stayed its run neither is approved nor goes on, and nobody is searchable; then it goes on."""
    client = world.client()
    enrolled(world, ("Ada", "US-IL", 1))
    order = enter(world, deadlines="destroy = 2026-01-20")
    world.engine.custody.orders.freeze(order)
    assert world.engine.custody.orders.status(order).overdue
    run = world.engine.custody.runs.execute(order, by=CLERK).run.id
    world.engine.custody.orders.stay(order, by=CLERK)
    assert not world.engine.custody.orders.status(order).overdue
    for act in (
        lambda: world.engine.custody.runs.execute(order, by=COUNSEL),
        lambda: world.engine.destruction.approve(run, by=COUNSEL),
        lambda: world.engine.destruction.resume(run),
    ):
        with pytest.raises(Refused) as refusal:
            act()
        assert refusal.value.rule_id == "order.in_force"
    assert world.found(client, 1) == set()
    assert world.rows()["reference"] == 1
    world.engine.custody.orders.end_stay(order, by=CLERK)
    assert world.engine.custody.runs.execute(order, by=COUNSEL).title == "complete"


def test_vacating_cancels_a_run_that_waits(world: World) -> None:
    """A destruction that waits for approval when its order is vacated never destroys anything."""
    client = world.client()
    (ada,) = enrolled(world, ("Ada", "US-IL", 1))
    order = enter(world)
    world.engine.custody.orders.freeze(order)
    run = world.engine.custody.runs.execute(order, by=CLERK).run.id
    for who in (CLERK, COUNSEL):
        world.engine.custody.orders.vacate(order, by=who)
    assert world.engine.destruction.status(run).run.state is RunState.CANCELLED
    with pytest.raises(Refused):
        world.engine.destruction.resume(run)
    assert world.found(client, 1) == {ada}


def test_related_orders_are_executed_once(world: World) -> None:
    """Consolidated, two orders have one run and one certificate that names both, and both are satisfied."""
    ada, bo = enrolled(world, ("Ada", "US-IL", 1), ("Bo", "US-TX", 2))
    one, two = enter(world), enter(world, f'subjects = ["{ada}", "{bo}"]', of="person", matter="2")
    world.engine.custody.runs.consolidate(one, [two], by=CLERK)
    for order in (one, two):
        world.engine.custody.orders.freeze(order)
    done = execute(world, two)
    certificate = proved(world, done)
    assert (done.title, certificate.counts.destroyed) == ("complete", 2)
    assert one in certificate.order_ref
    assert two in certificate.order_ref
    assert len(world.engine.destruction.runs()) == 1
    assert {s.order.status for s in world.engine.custody.orders.everyone()} == {OrderStatus.SATISFIED}


def test_the_certificate_counts_unknown_members(world: World) -> None:
    """Members only because their residency is unknown are counted apart, and what was planned is what was destroyed."""
    enrolled(world, ("Ada", "US-IL", 1))
    world.person("Un", "unknown")
    order = enter(world)
    world.engine.custody.orders.freeze(order)
    planned = world.engine.custody.runs.execute(order, by=CLERK).run.counts
    done = world.engine.custody.runs.execute(order, by=COUNSEL)
    certificate = proved(world, done)
    assert certificate.unknown_treated_as_member == 1
    assert certificate.class_snapshot_root == world.engine.custody.orders.status(order).order.class_root
    assert {name: n for name, n in done.run.counts.items() if ":" not in name} == planned
    counts = certificate.counts
    assert counts.destroyed + counts.held + counts.failed + counts.deferred == counts.targeted == 2


def test_what_people_must_do_keeps_an_order_open(world: World) -> None:
    """An order with a duty that no program meets is satisfied only once somebody says that it is met."""
    enrolled(world, ("Ada", "US-IL", 1))
    order = enter(world, verbs=("destroy", "report"))
    world.engine.custody.orders.freeze(order)
    assert world.engine.custody.orders.status(order).unmet == (2,)
    with pytest.raises(BadInput, match="no term 1"):
        world.engine.custody.orders.met(order, 1, by=CLERK)
    world.engine.custody.orders.met(order, 2, by=CLERK)
    execute(world, order)
    assert world.engine.custody.orders.status(order).order.status is OrderStatus.SATISFIED


def test_an_order_lies_sealed(world: World) -> None:
    """Neither the matter, nor counsel, nor who entered an order is in any file in plain."""
    enter(world, matter="Doe v. Secret Roe", counsel="Zebulon Counsellor")
    for word in (b"Secret Roe", b"Zebulon", CLERK.encode()):
        assert not any(word in path.read_bytes() for path in world.data.rglob("*") if path.is_file())


def test_an_order_denies_clients(world: World) -> None:
    """Clients that an order names are served no more from their next search on, until the order is vacated."""
    client, venue = world.client(), world.client("Hall", ClientKind.VENUE)
    (bo,) = enrolled(world, ("Bo", "US-TX", 1))
    term = f'\n[[term]]\nverb = "deny_clients"\nquote = "{QUOTE}"\nclients = ["{client}"]\nkinds = ["venue"]\n'
    order = enter(world, verbs=(), terms=term)
    assert world.found(client, 1) == {bo}
    world.engine.custody.orders.freeze(order)
    for one in (client, venue):
        with pytest.raises(Refused):
            world.search(one, 1)
    with pytest.raises(Refused):
        world.client("Arena", ClientKind.VENUE)
    for who in (CLERK, COUNSEL):
        world.engine.custody.orders.vacate(order, by=who)
    assert world.found(client, 1) == {bo}


def test_an_order_filters_sources(world: World) -> None:
    """A source that an order names is revoked by the freeze; what came from it alone is destroyed, not under a stay."""
    client, scraped, kept = world.client(), world.source(), world.source()
    ada, bo = (world.person(label, "US-TX").id for label in ("Ada", "Bo"))
    for one in (ada, bo):
        world.sign(one)
    world.enrol(scraped, ada, 1)
    world.enrol(kept, bo, 2)
    term = f'\n[[term]]\nverb = "filter_source"\nquote = "{QUOTE}"\nsources = ["{scraped}"]\n'
    with pytest.raises(NotFound, match="src_none"):
        enter(world, verbs=(), terms=term.replace(scraped, "src_none"))
    order = enter(world, verbs=(), terms=term)
    assert world.engine.custody.orders.status(order).unmet == ()
    assert world.found(client, 1) == {ada}
    world.engine.custody.orders.freeze(order)
    assert (world.found(client, 1), world.found(client, 2)) == (set(), {bo})
    (event,) = world.log(EventTag.SOURCE_REVOKED)
    assert event.payload == {"source": scraped}
    with pytest.raises(Refused, match="revoked"):
        world.ingest(scraped, world.photo(1))
    (run,) = world.engine.destruction.runs()
    assert (run.state, run.source, run.requested_by) == (RunState.FROZEN, scraped, CLERK)
    world.engine.custody.orders.stay(order, by=CLERK)
    with pytest.raises(Refused, match="stayed"):
        world.engine.destruction.approve(run.id, by=COUNSEL)
    world.engine.custody.orders.end_stay(order, by=CLERK)
    world.engine.destruction.approve(run.id, by=COUNSEL)
    assert world.engine.destruction.resume(run.id).title == "complete"
    assert world.rows()["reference"] == 1
    world.engine.custody.orders.freeze(order)
    assert len(world.engine.destruction.runs()) == len(world.log(EventTag.SOURCE_REVOKED)) == 1
    assert (world.found(client, 1), world.found(client, 2)) == (set(), {bo})
