# SPDX-License-Identifier: Apache-2.0
"""Legal holds: they keep from destruction, and never let anybody be searched."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner
from world import CUSTODIAN, World

from countenance.cli.main import app
from countenance.errors import BadInput, NotFound, Refused
from countenance.ids import ClientId, HoldId, SubjectId
from countenance.ledger.checkpoint import Trust
from countenance.ledger.note import parse_key
from countenance.ledger.verify import verify_certificate
from countenance.model.destruction import HoldBasis, RunState, Scope, TargetKind
from countenance.model.event import EventTag
from countenance.store import runs as run_rows

MATTER = "Doe v. Roe, 1:26-cv-00001"


@pytest.fixture
def people(world: World) -> tuple[ClientId, SubjectId, SubjectId]:
    """A client, and two people with two photos each."""
    source, client = world.source(), world.client()
    ada, bo = world.person("Ada").id, world.person("Bo").id
    for subject, seed in ((ada, 1), (bo, 2)):
        world.sign(subject)
        world.enrol(source, subject, seed, photos=2)
    return client, ada, bo


def hold(world: World, subject: SubjectId) -> HoldId:
    """Place a hold and return its id."""
    return world.engine.custody.holds.place(subject, basis=HoldBasis.COURT_ORDER, matter=MATTER, by=CUSTODIAN).hold.id


def test_what_is_held_is_neither_destroyed_nor_found(
    world: World, people: tuple[ClientId, SubjectId, SubjectId]
) -> None:
    """A destruction of somebody under a hold is refused and logged, nothing moves, and no search finds the person."""
    client, ada, bo = people
    hold(world, ada)
    assert world.found(client, 1) == set()
    assert world.found(client, 2) == {bo}
    before = world.rows()
    with pytest.raises(Refused, match="legal hold") as refusal:
        world.engine.destruction.destroy(Scope((ada,)), requested_by=CUSTODIAN)
    assert refusal.value.rule_id == "hold.active"
    logged = world.log(EventTag.RUN_REFUSED)
    assert [event.payload for event in logged] == [{"rule": "hold.active"}]
    after = world.rows()
    assert {name: n for name, n in after.items() if n != before[name] and name not in ("event", "log_node")} == {}
    assert world.engine.destruction.runs() == []


def test_a_lifted_hold_lets_destruction_go_on(world: World, people: tuple[ClientId, SubjectId, SubjectId]) -> None:
    """Once the hold is lifted the same command destroys, and ends with a complete certificate."""
    _, ada, _ = people
    placed = hold(world, ada)
    world.engine.custody.holds.lift(placed, by=CUSTODIAN)
    assert world.destroy(ada).title == "complete"
    with pytest.raises(BadInput, match="lifted before"):
        world.engine.custody.holds.lift(placed, by=CUSTODIAN)


def test_a_lifted_hold_leaves_no_key(world: World, people: tuple[ClientId, SubjectId, SubjectId]) -> None:
    """What opened the escrow of a hold is gone once it is lifted, and a scan for residues finds nothing."""
    _, ada, _ = people
    holds = world.engine.custody.holds
    held = holds.place(ada, basis=HoldBasis.WARRANT, matter="W-1", by="counsel").hold
    assert held.id in world.engine._records.keyring.owners()
    for who in ("counsel", "custodian"):
        if holds.get(held.id).lifted_at is None:
            holds.lift(held.id, by=who)
    assert held.id not in world.engine._records.keyring.owners()
    checks, foreign = world.engine.destruction.residues()
    assert [one.name for one in checks if one.observed != one.expected] == []
    assert foreign == []


def test_a_certificate_of_some_says_what_is_held(world: World, people: tuple[ClientId, SubjectId, SubjectId]) -> None:
    """Of two people, one under a hold: one is destroyed, one kept, and the certificate is titled partial."""
    _, ada, bo = people
    hold(world, ada)
    done = world.destroy(ada, bo)
    assert (done.run.state, done.title) == (RunState.CERTIFIED, "partial")
    proved = verify_certificate(done.document or b"", Trust((parse_key(world.engine.journal.verifier_key()),)))
    counts = proved.certificate.counts
    assert (counts.targeted, counts.destroyed, counts.held) == (2, 1, 1)
    assert {person.id for person in world.engine.subjects.everyone()} == {ada}
    assert sum(face.subject == ada for face in world.faces()) == world.rows()["escrow_reference"] == 2


def test_a_lifted_hold_completes_the_run_that_it_kept(
    world: World, people: tuple[ClientId, SubjectId, SubjectId]
) -> None:
    """Resumed under the hold, a partial run says so again; resumed after it, a complete certificate supersedes."""
    _, ada, bo = people
    placed = hold(world, ada)
    first = world.destroy(ada, bo)
    again = world.engine.destruction.resume(first.run.id)
    assert again.title == "partial"
    assert ada in {person.id for person in world.engine.subjects.everyone()}
    world.engine.custody.holds.lift(placed, by=CUSTODIAN)
    done = world.engine.destruction.resume(first.run.id)
    assert (done.title, world.engine.subjects.everyone()) == ("complete", [])
    trust = Trust((parse_key(world.engine.journal.verifier_key()),))
    proved = verify_certificate(done.document or b"", trust).certificate
    assert (proved.counts.targeted, proved.counts.destroyed, proved.counts.held) == (2, 2, 0)
    assert proved.supersedes == again.certificate
    assert {store.store: store.counts.destroyed for store in proved.stores}["gallery in memory"] == 2
    assert done.run.counts["escrow_reference"] == 2  # they had left the gallery when the hold was placed
    assert world.engine.doctor.problems() == []


def test_a_lifted_hold_skips_no_second_person(world: World, people: tuple[ClientId, SubjectId, SubjectId]) -> None:
    """A held person whose law asks for two waits for approval once the hold is lifted."""
    _, _, bo = people
    strict = world.engine.subjects.add("Cy", residency=["unknown"]).id
    placed = hold(world, strict)
    first = world.engine.destruction.destroy(Scope((strict, bo)), requested_by=CUSTODIAN)
    assert first.title == "partial"
    assert world.engine.custody.holds.lift(placed, by=CUSTODIAN).lifted_at is None
    with pytest.raises(Refused, match="two people"):
        world.engine.custody.holds.lift(placed, by=CUSTODIAN)
    world.engine.custody.holds.lift(placed, by="counsel")
    assert world.engine.destruction.resume(first.run.id).run.state is RunState.FROZEN
    world.engine.destruction.approve(first.run.id, by="counsel")
    assert world.engine.destruction.resume(first.run.id).title == "complete"


def test_a_run_all_of_which_came_under_a_hold_is_refused(
    world: World, people: tuple[ClientId, SubjectId, SubjectId]
) -> None:
    """Planned, then all of it held: resuming is refused and logged, and the person is kept."""
    _, ada, _ = people
    run = world.engine.destruction.plan(Scope((ada,)), requested_by=CUSTODIAN).id
    hold(world, ada)
    with pytest.raises(Refused, match="legal hold"):
        world.engine.destruction.resume(run)
    assert [event.payload for event in world.log(EventTag.RUN_REFUSED)] == [{"run": run, "rule": "hold.active"}]
    assert sum(face.subject == ada for face in world.faces()) == 2


def test_a_hold_that_comes_while_a_run_waits_wins(world: World, people: tuple[ClientId, SubjectId, SubjectId]) -> None:
    """A hold placed after a run was planned keeps the person from it."""
    _, ada, bo = people
    run = world.engine.destruction.plan(Scope((ada, bo)), requested_by=CUSTODIAN).id
    hold(world, ada)
    assert world.engine.destruction.resume(run).title == "partial"
    with world.engine._records.read() as work:
        assert run_rows.targets(work, run, TargetKind.HELD) == [ada]
    alone = world.engine.custody.holds.place
    with pytest.raises(NotFound):
        alone(bo, basis=HoldBasis.WARRANT, matter=MATTER, by=CUSTODIAN)


def test_a_photo_of_somebody_held_is_kept(world: World, people: tuple[ClientId, SubjectId, SubjectId]) -> None:
    """A source's photos go, but for those of a person under a hold."""
    _, ada, bo = people
    hold(world, ada)
    source = world.engine.register.sources()[0].id
    done = world.engine.destruction.destroy(Scope(source=source), requested_by=CUSTODIAN)
    assert done.title == "partial"
    assert {face.subject for face in world.faces()} == {ada}
    assert bo in {person.id for person in world.engine.subjects.everyone()}


def test_a_hold_lies_sealed(world: World, people: tuple[ClientId, SubjectId, SubjectId]) -> None:
    """The matter of a hold is in no file in plain, and a hold without one is refused."""
    _, ada, _ = people
    hold(world, ada)
    assert not any(MATTER.encode() in path.read_bytes() for path in world.data.rglob("*") if path.is_file())
    with pytest.raises(BadInput, match="matter"):
        world.engine.custody.holds.place(ada, basis=HoldBasis.WARRANT, matter=" ", by=CUSTODIAN)


def test_the_commands(world: World, people: tuple[ClientId, SubjectId, SubjectId]) -> None:
    """`hold place`, `list` and `lift` do what they say."""
    _, ada, _ = people
    data = ["--data", str(world.data), "--json"]

    def run(*words: str) -> dict[str, object]:
        result = CliRunner().invoke(app, [*words, *data])
        assert result.exit_code == 0, result.output
        found: dict[str, object] = json.loads(result.stdout.splitlines()[-1])
        return found

    placed = run("hold", "place", ada, "--basis", "court_order", "--matter", MATTER)
    assert run("hold", "list")["matter"] == MATTER
    assert run("hold", "lift", str(placed["hold"]))["subject"] == ada
    assert run("hold", "list")["lifted"] is not None
