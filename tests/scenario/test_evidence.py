# SPDX-License-Identifier: Apache-2.0
"""What is left to do after a destruction: evidence of consent that ends too, and recipients who must confirm."""

from __future__ import annotations

from contextlib import closing

import pytest
from world import World

from countenance.errors import BadInput, NotFound, Refused
from countenance.ids import EvidenceId, ReleaseId, SubjectId
from countenance.ledger.checkpoint import Trust
from countenance.ledger.note import parse_key
from countenance.ledger.verify import verify_certificate, verify_release
from countenance.model.event import EventTag
from countenance.model.recipient import Outcome
from countenance.services.destruction import Finished
from countenance.store.records import owners


@pytest.fixture
def gone(world: World) -> tuple[Finished, SubjectId, ReleaseId]:
    """Ada signed, was enrolled and found by a client, and is destroyed."""
    ada = world.person("Ada Example").id
    release = world.sign(ada).id
    world.enrol(world.source(), ada, 1)
    assert world.found(world.client(), 1) == {ada}
    return world.destroy(ada), ada, release


def trust(world: World) -> Trust:
    return Trust((parse_key(world.engine.journal.verifier_key()),))


def test_evidence_outlives_the_person(world: World, gone: tuple[Finished, SubjectId, ReleaseId]) -> None:
    """Destroyed with a complete certificate that names the evidence as carved out, until when and by which law."""
    done, ada, _ = gone
    certificate = verify_certificate(done.document or b"", trust(world)).certificate
    (carved,) = certificate.carve_outs
    assert (certificate.title, carved.kind.value, carved.count) == ("complete", "evidence", 1)
    assert "Tims" in carved.reason
    (row,) = world.engine.evidence.everything()
    assert carved.until == row.until
    assert (row.until - row.kept_at).days == 1826
    with world.engine._records.read() as work:
        assert work.keyring.owners() == owners(work)
    with closing(world.raw()) as raw:
        stored = str(
            raw.execute("SELECT * FROM evidence").fetchall() + raw.execute("SELECT * FROM evidence_tag").fetchall()
        )
    assert ada not in stored
    assert b"Ada Example" not in world.bytes_on_disk()


def test_two_people_open_evidence(world: World, gone: tuple[Finished, SubjectId, ReleaseId]) -> None:
    """Alone, by the same person, or a week late it stays closed; opened, it proves offline what was signed when."""
    _, ada, release = gone
    locker = world.engine.evidence
    one = locker.find(release)
    assert locker.find(ada) == one
    before = world.state()

    def refused(by: str) -> None:
        with pytest.raises(Refused, match="two people"):
            locker.show(one, by=by)

    refused("counsel")
    locker.ask(one, by="Custodian", why="the claim of 3 May")
    refused("custodian")
    world.clock.tick(days=8)
    refused("counsel")
    assert world.state() == before
    assert len(world.log(EventTag.EVIDENCE_REFUSED)) == 3
    locker.ask(one, by="custodian", why="the claim of 3 May")
    opened = locker.show(one, by="counsel")
    (kept,) = opened.record["releases"]
    assert kept["evidence"]["signature"]["signer"] == "N. N."
    assert "NOTICE ABOUT YOUR FACE DATA" in kept["notice"]["text"]
    proved = verify_release(opened.exports[release], trust(world))
    assert proved.release.text("release") == release
    refused("counsel")  # one request opens it once
    assert set(opened.record) == {"schema", "subject", "run", "releases", "unsigned"}  # no photo, face, faceprint
    assert len(world.log(EventTag.EVIDENCE_OPENED)) == 1


def test_evidence_ends(world: World, gone: tuple[Finished, SubjectId, ReleaseId]) -> None:
    """The day after its time it is destroyed, key and all; before, nothing is; asked twice, nothing more happens."""
    locker = world.engine.evidence
    one = locker.everything()[0].id
    world.engine.retention.run()
    assert len(locker.everything()) == 1
    world.clock.tick(days=1826)
    world.engine.retention.run()
    assert locker.expire() == 0
    assert one not in world.engine._records.keyring.owners()
    assert locker.everything() == []
    with pytest.raises(NotFound):
        locker.find(gone[1])
    assert world.engine.doctor.problems() == []
    with pytest.raises(NotFound):
        locker.ask(EvidenceId("evd_none"), by="a", why="b")
    with pytest.raises(BadInput):
        locker.ask(one, by="a", why=" ")


def test_a_notice_alone_is_evidence_and_nobody_is_none(world: World) -> None:
    """Of somebody who was never told anything nothing is kept."""
    world.destroy(world.person("Bo").id)
    assert world.engine.evidence.everything() == []


def test_t21_recipients_are_told_and_confirm(world: World, gone: tuple[Finished, SubjectId, ReleaseId]) -> None:
    """Who found the person is instructed with a date; the certificate lists it until it is confirmed, and how after."""
    done, ada, _ = gone
    (told,) = world.engine.recipients.instructions()
    one = told.instruction
    assert (told.name, told.overdue, one.people) == ("Shop", False, 1)
    limits = " ".join(verify_certificate(done.document or b"", trust(world)).certificate.limitations)
    assert f"has to confirm it by {one.due_at:%Y-%m-%d} (instruction {one.id})" in limits
    letter = world.engine.recipients.letter(one.id)
    assert ada in letter
    assert next(iter(one.what.values()))[0] in letter
    assert "Ada" not in letter
    world.clock.tick(days=61)
    assert [late.overdue for late in world.engine.recipients.instructions()] == [True]
    with pytest.raises(BadInput, match="rests on"):
        world.engine.recipients.settle(one.id, Outcome.CONFIRMED, " ")
    settled = world.engine.recipients.settle(one.id, Outcome.CONFIRMED, "e-mail of the shop")
    assert (settled.outcome, settled.what, settled.evidence) == (Outcome.CONFIRMED, {}, "e-mail of the shop")
    with pytest.raises(BadInput, match="settled"):
        world.engine.recipients.letter(one.id)
    with pytest.raises(BadInput, match="before"):
        world.engine.recipients.settle(one.id, Outcome.CONFIRMED, "again")


def test_processors_are_told_too(world: World) -> None:
    """A declared processor gets an instruction for whoever is destroyed, one that has ended gets none."""
    verbs = world.engine.recipients
    host, former = verbs.declare("Example Hosting"), verbs.declare("Former Hosting")
    verbs.end(former.id)
    with pytest.raises(NotFound):
        verbs.end(former.id)
    with pytest.raises(BadInput):
        verbs.declare(" ")
    done = world.destroy(world.person("Bo").id)
    (told,) = verbs.instructions()
    assert (told.name, told.instruction.recipient) == ("Example Hosting", host.id)
    verbs.settle(told.instruction.id, Outcome.UNCONFIRMED, "dissolved")
    assert "did not confirm" in " ".join(
        verify_certificate(
            world.engine.destruction.resume(done.run.id, declarant=_declarant()).document or b"", trust(world)
        ).certificate.limitations
    )
    assert b"Example Hosting" not in world.bytes_on_disk()


def _declarant():
    from countenance.ledger.certificate import Declarant

    return Declarant("C. Example", "custodian")
