# SPDX-License-Identifier: Apache-2.0
"""Law files of others: added by two accounts, kept with the records, and held against the releases that are there."""

from __future__ import annotations

import pytest
from law_example import FR
from world import CUSTODIAN, World

from countenance.errors import BadInput, BadPack, Refused
from countenance.model.consent import ConsentStatus
from countenance.model.event import EventTag
from countenance.policy.pack import shipped
from countenance.store import subjects as subject_rows
from countenance.store.law_changes import Change


def confirmed(world: World, text: str) -> Change:
    """Enter and confirm a law file by two accounts."""
    change = world.engine.packs.add(text, "jp-test.toml", by="counsel")
    return world.engine.packs.confirm(change.id, by=CUSTODIAN)


def test_two_accounts_put_a_law_file_in_force(world: World) -> None:
    """A file counts once another account confirmed it, also after a restart; the log has both and its hash."""
    ada = world.person("Ada")
    change = world.engine.packs.add(FR, "jp-test.toml", by="counsel")
    assert "jp-test" not in [p.id for p in world.engine._law.of_subject(ada).packs]
    before = world.state()
    with pytest.raises(BadInput, match=change.id):
        world.engine.packs.add(FR, "jp-test.toml", by="custodian")
    with pytest.raises(Refused) as refused:
        world.engine.packs.confirm(change.id, by=" Counsel ")
    assert refused.value.rule_id == "law.dual_control"
    assert world.log()[-1].tag is EventTag.LAW_REFUSED
    assert world.state() == before
    world.engine.packs.confirm(change.id, by=CUSTODIAN)
    for engine in (world.engine, world.reopen()):
        assert [p.id for p in engine._law.of_subject(ada).packs] == ["jp-test", "us-il-bipa"]
    entered, done = (world.log(tag)[-1].payload for tag in (EventTag.LAW_ENTERED, EventTag.LAW_CONFIRMED))
    assert entered["sha256"] == done["sha256"] == change.sha256
    assert b"counsel" not in b"".join(p.read_bytes() for p in world.data.glob("records*"))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("max_age_days = 900", "max_age_dayz = 900", "jp-test.toml:16: [consent] has no key"),
        ('consent = "Test Act 2"\n', "", "jp-test.toml:16: consent.max_age_days has no citation"),
        ("max_age_days = 900", "max_age_days = 9000", "jp-test.toml:16: "),
        ('rule = "consent.notice"', 'rule = "consent.live"', "jp-test.toml:25: case"),
        (FR[FR.index('[[case]]\nname = "no') :], "", "brings at least one case"),
    ],
)
def test_a_file_that_does_not_hold_is_refused_with_its_line(world: World, old: str, new: str, says: str) -> None:
    """Unknown keys, missing citations, a looser core and a case decided otherwise are refused; nothing is stored."""
    before = world.state()
    with pytest.raises(BadPack) as refused:
        world.engine.packs.add(FR.replace(old, new), "jp-test.toml", by="counsel")
    assert says in str(refused.value)
    assert world.state() == before


def test_a_shipped_file_is_not_replaced_and_a_version_not_changed(world: World) -> None:
    """Nobody takes a shipped file's place, and a changed file needs a new version."""
    with pytest.raises(BadInput, match="is shipped"):
        world.engine.packs.add(FR.replace("jp-test", "us-il-bipa"), "us-il-bipa.toml", by="counsel")
    confirmed(world, FR)
    with pytest.raises(BadInput, match="new version"):
        world.engine.packs.add(FR + "# more\n", "jp-test.toml", by="counsel")
    with pytest.raises(BadInput, match="stays"):
        world.engine.packs.retire("us-il-bipa", by="counsel")


def test_a_damaged_file_keeps_the_engine_from_starting(world: World) -> None:
    """A stored law file that was changed or does not load any more refuses to start, with its line."""
    confirmed(world, FR)
    for old, new, says in (
        ("max_age_days = 900", "max_age_days = 901", "is not the one that was confirmed"),
        ("max_age_days = 901", "max_age_dayz = 901", "jp-test.toml:16: "),
    ):
        with world.raw() as raw:
            raw.execute("UPDATE law_change SET text = replace(text, ?, ?)", (old, new))
        with pytest.raises(BadPack, match=says):
            world.reopen()


def test_a_tightened_law_ends_releases_until_they_are_renewed(world: World) -> None:
    """Releases that a new law file would not accept need a renewal, in the very next search; a new one lifts it."""
    client, ada, bo = world.client(), world.person("Ada"), world.person("Bo", "US-NV")
    for seed, person in ((1, ada), (2, bo)):
        world.sign(person.id)
        world.enrol(world.source(), person.id, seed)
    assert (world.found(client, 1), world.found(client, 2)) == ({ada.id}, {bo.id})
    world.clock.tick(days=40)
    confirmed(world, FR.replace("max_age_days = 900", "max_age_days = 30"))
    found = world.engine.packs.last
    assert (found.releases, found.lapsed, dict(found.reasons)) == (2, 1, {"consent.age": 1})
    assert (world.found(client, 1), world.found(client, 2)) == (set(), {bo.id})
    ((_, status),) = world.engine.subjects.show(ada.id).releases
    assert status is ConsentStatus.NEEDS_RENEWAL
    entry = world.log(EventTag.RELEASE_LAPSED, ada.id)[-1].payload
    assert entry["rules"] == ["consent.age"]
    assert world.engine.packs.reevaluate().lapsed == 0
    world.clock.tick(seconds=1)
    world.sign(ada.id, days=30)
    assert world.found(client, 1) == {ada.id}


def test_an_upgraded_program_holds_releases_against_its_new_files(world: World) -> None:
    """Where the shipped files changed, opening the data directory holds every release against them."""
    ada = world.person("Ada")
    world.sign(ada.id)
    assert world.log(EventTag.LAW_REEVALUATED) == []
    with world.raw() as raw:
        raw.execute("UPDATE setting SET value = 'of an older version' WHERE name = 'law_evaluated'")
    world.reopen()
    assert world.log(EventTag.LAW_REEVALUATED)[-1].payload["releases"] == 1
    world.reopen()
    assert len(world.log(EventTag.LAW_REEVALUATED)) == 1


def test_an_operator_under_an_order_declares_it(world: World) -> None:
    """A declared file binds everybody at once; taking it back needs a second account."""
    ada = world.person("Ada")
    world.engine.packs.declare("us-ftc-order", by="counsel")
    assert "us-ftc-order" in [p.id for p in world.reopen()._law.of_subject(ada).packs]
    change = world.engine.packs.drop("us-ftc-order", by="counsel")
    with pytest.raises(Refused):
        world.engine.packs.confirm(change.id, by="counsel")
    world.engine.packs.confirm(change.id, by=CUSTODIAN)
    assert "us-ftc-order" not in [p.id for p in world.engine._law.of_subject(ada).packs]
    assert {listed.pack.id for listed in world.engine.packs.everyone() if not listed.in_use} == {"us-ftc-order"}
    assert len(world.engine.packs.everyone()) == len(shipped())


def test_the_public_policy_follows_the_law_files(world: World) -> None:
    """What is published is what the files in use say: a new one at once, none that ended; each is logged."""
    first = world.engine.policy_sha256
    world.reopen()
    assert world.engine.policy_sha256 == first
    confirmed(world, FR)
    shown = (world.data / "policy.txt").read_text()
    assert "jp-test, version" in shown
    with world.engine._records.read() as work:
        current = subject_rows.current_policy(work)
    assert current is not None
    assert (current.text, current.sha256) == (shown, world.log(EventTag.POLICY_PUBLISHED)[-1].payload["policy"])
    second = world.engine.policy_sha256
    change = world.engine.packs.retire("jp-test", by="counsel")
    world.engine.packs.confirm(change.id, by=CUSTODIAN)
    assert "jp-test, version" not in (world.data / "policy.txt").read_text()
    assert len({first, second, world.engine.policy_sha256}) == 3
    assert len(world.log(EventTag.POLICY_PUBLISHED)) == 3


def test_an_upgraded_program_publishes_what_its_policy_says_now(world: World) -> None:
    """A directory whose policy was made by an older program has the new one when it is opened, and keeps the old."""
    older = "RETENTION AND DESTRUCTION POLICY of an older program"
    with world.engine._records.write() as work:
        subject_rows.publish(work, "ab" * 32, older)
    ada = world.person("Ada")
    world.reopen()
    assert "In force since" in (world.data / "policy.txt").read_text()
    assert world.engine.policy_sha256 != "ab" * 32
    world.sign(ada.id)
    world.enrol(world.source(), ada.id, 1)
    with world.raw() as raw:
        assert raw.execute("SELECT text FROM policy WHERE sha256 = ?", ("ab" * 32,)).fetchall() == [(older,)]
