# SPDX-License-Identifier: Apache-2.0
"""A reviewer's decisions: assigned, dismissed, split, and taken back; what was encoded of a wrong one is destroyed."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest
from fake_pack import face, photo, png
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from world import World

from countenance.errors import BadInput, Refused
from countenance.ids import FaceId, SubjectId
from countenance.model.destruction import HoldBasis
from countenance.model.event import EventTag
from countenance.model.source import FaceRecord, FaceState

ME, OTHER = "acc_me", "acc_other"
_WHICH = st.integers(0, 1)


def waits(world: World, *seeds: int) -> list[FaceRecord]:
    """Ingest a photo whose faces wait, from left to right."""
    source = world.source()
    world.engine.ingest.one(source, png(photo(*(face(seed) for seed in seeds))), name="x.png", ask=True)
    return sorted(world.faces(FaceState.WAITING), key=lambda one: one.box.left)


def signed(world: World, label: str) -> SubjectId:
    """Add somebody who signed."""
    person = world.person(label).id
    world.sign(person)
    return person


def sealed_vectors(world: World) -> list[bytes]:
    """Return how the sealed faceprints begin, past the nonce."""
    with sqlite3.connect(world.data / "records.sqlite") as raw:
        return [row[0][12:44] for row in raw.execute("SELECT sealed_vector FROM reference")]


def test_a_dismissed_face_comes_back_as_it_was(world: World) -> None:
    """Undoing a dismissal lets the face wait again for the reason it waited for before."""
    (one,) = waits(world, 1)
    world.engine.review.dismiss(one.id, by=ME)
    assert world.engine.review.undo(by=ME) == one.id
    assert world.faces() == [one]
    assert world.log(EventTag.FACE_UNDONE)


def test_an_undone_assignment_leaves_no_byte(world: World) -> None:
    """What an assignment encoded is gone from the records, the files and the next search when it is taken back."""
    ada, client = signed(world, "Ada"), world.client()
    (one,) = waits(world, 1)
    world.engine.review.assign(one.id, ada, by=ME)
    assert world.found(client, 1) == {ada}
    (window,) = sealed_vectors(world)
    new = world.engine.review.undo(by=ME)
    assert world.found(client, 1) == set()
    assert world.rows()["reference"] == 0
    assert window not in world.bytes_on_disk()
    (back,) = world.faces()
    assert (back.id, back.state, back.reason, back.box) == (new, FaceState.WAITING, "unnamed", one.box)
    assert new != one.id, "the old face has a tombstone, so that no backup brings its faceprint back"
    assert one.id in world.engine._records.keyring.buried([one.id])
    assert world.engine.review.assign(new, ada, by=ME).state is FaceState.REFERENCE
    assert world.engine.doctor.problems() == []


def test_decisions_are_undone_in_turn_and_each_by_who_made_them(world: World) -> None:
    """Undo goes back step by step; nobody undoes what somebody else decided."""
    first, second, third = waits(world, 1, 2, 3)
    world.engine.review.dismiss(first.id, by=ME)
    world.engine.review.dismiss(second.id, by=OTHER)
    world.engine.review.dismiss(third.id, by=ME)
    assert world.engine.review.undo(by=ME) == third.id
    assert world.engine.review.undo(by=ME) == first.id
    with pytest.raises(BadInput, match="nothing to undo"):
        world.engine.review.undo(by=ME)
    assert {one.id for one in world.faces(FaceState.DISMISSED)} == {second.id}


def test_a_day_later_nothing_is_undone_and_the_picture_goes(world: World) -> None:
    """After a day a decision stands, and what only it needed is deleted at the next decision."""
    (one,) = waits(world, 1)
    world.engine.review.dismiss(one.id, by=ME)
    assert world.rows()["photo_file"] == 1, "it can be undone, so the picture is still needed"
    world.clock.tick(days=1, seconds=1)
    with pytest.raises(BadInput, match="nothing to undo"):
        world.engine.review.undo(by=ME)
    other = next(one for one in waits(world, 2))
    world.engine.review.dismiss(other.id, by=ME)
    with sqlite3.connect(world.data / "records.sqlite") as raw:
        assert raw.execute("SELECT photo FROM photo_file").fetchall() == [(other.photo,)]
        assert raw.execute("SELECT id FROM photo WHERE sealed_preview IS NOT NULL").fetchall() == [(other.photo,)]


def test_the_retention_clock_deletes_what_only_an_old_decision_needed(world: World) -> None:
    """Where nobody decides again, the daily run deletes the pictures of dismissed faces."""
    (one,) = waits(world, 1)
    world.engine.review.dismiss(one.id, by=ME)
    world.engine.retention.run()
    assert world.rows()["photo_file"] == 1
    world.clock.tick(days=1, seconds=1)
    world.engine.retention.run()
    assert world.rows()["photo_file"] == world.rows()["face_decision"] == 0


def test_what_was_decided_otherwise_since_is_not_undone(world: World) -> None:
    """Undo changes no face that another verb has changed meanwhile; it says so, and goes on with what was before."""
    ada = signed(world, "Ada")
    first, second = waits(world, 1, 2)
    world.engine.review.dismiss(first.id, by=ME)
    world.engine.review.assign(second.id, ada, by=ME)
    world.engine.review.split(second.id, by=OTHER)
    before = world.faces()
    with pytest.raises(BadInput, match="decided otherwise"):
        world.engine.review.undo(by=ME)
    assert world.faces() == before
    assert world.engine.review.undo(by=ME) == first.id


def test_a_wrong_merge_is_split(world: World) -> None:
    """A face is taken off the wrong person and found as the right one's on the very next search; no byte is left."""
    ada, bo, client = signed(world, "Ada"), signed(world, "Bo"), world.client()
    (one,) = waits(world, 2)
    world.engine.review.assign(one.id, ada, by=ME)
    assert world.found(client, 2) == {ada}
    (window,) = sealed_vectors(world)
    world.engine.review.split(one.id, by=ME, to=bo)
    assert world.found(client, 2) == {bo}
    assert window not in world.bytes_on_disk()
    assert world.log(EventTag.FACE_SPLIT, ada)
    assert world.engine.doctor.problems() == []


def test_a_split_without_a_right_person_waits(world: World) -> None:
    """A face that was taken off somebody waits; an ingest that hears the same wrong name again changes nothing."""
    ada, client = signed(world, "Ada"), world.client()
    source = world.source()
    path = world.photo(5)
    world.ingest(source, path, manifest=[(path, ada)])
    (one,) = world.faces(FaceState.REFERENCE)
    new = world.engine.review.split(one.id, by=ME)
    assert world.found(client, 5) == set()
    world.ingest(source, path, manifest=[(path, ada)])
    assert [(f.id, f.state, f.reason) for f in world.faces()] == [(new, FaceState.WAITING, "split")]
    assert world.engine.review.undo(by=ME)
    assert world.found(client, 5) == {ada}, "the split was the mistake"


def test_a_split_to_somebody_without_a_release_encodes_nothing(world: World) -> None:
    """The wrong reference is destroyed all the same; the right person's is made once there is a release."""
    ada, bo, client = signed(world, "Ada"), world.person("Bo").id, world.client()
    (one,) = waits(world, 2)
    world.engine.review.assign(one.id, ada, by=ME)
    with pytest.raises(Refused):
        world.engine.review.split(one.id, by=ME, to=bo)
    assert world.rows()["reference"] == 0
    assert world.found(client, 2) == set()
    (left,) = world.faces()
    assert (left.state, left.subject) == (FaceState.SKIPPED, bo)


def test_nothing_is_split_that_is_nobodys(world: World) -> None:
    """A face that is taken for nobody, or for this very person, is left as it is."""
    ada = signed(world, "Ada")
    (one,) = waits(world, 1)
    with pytest.raises(BadInput):
        world.engine.review.split(one.id, by=ME)
    world.engine.review.assign(one.id, ada, by=ME)
    before = world.state()
    with pytest.raises(BadInput):
        world.engine.review.split(one.id, by=ME, to=ada)
    assert world.state() == before


def test_a_hold_keeps_a_face_as_it_is(world: World) -> None:
    """Nothing of somebody under a legal hold is split or undone; it is logged, and nothing moved."""
    ada = signed(world, "Ada")
    (one,) = waits(world, 1)
    world.engine.review.assign(one.id, ada, by=ME)
    world.engine.custody.holds.place(ada, basis=HoldBasis.COURT_ORDER, matter="x", by="counsel")
    before = world.state()
    for verb in (lambda: world.engine.review.split(one.id, by=ME), lambda: world.engine.review.undo(by=ME)):
        with pytest.raises(Refused, match="legal hold"):
            verb()
    assert world.state() == before
    assert [event.payload["rule"] for event in world.log(EventTag.FACE_DENIED, ada)] == ["hold.active"] * 2  # type: ignore[index,call-overload]


def test_a_restore_brings_no_undone_faceprint_back(world: World, tmp_path: Path) -> None:
    """The backup of a moment before an undo is restored without the reference that the undo destroyed."""
    ada = signed(world, "Ada")
    key = tmp_path / "recovery.key"
    world.engine.backups.new_recovery_key(key)
    (one,) = waits(world, 1)
    world.engine.review.assign(one.id, ada, by=ME)
    world.engine.backups.make(tmp_path / "backup")
    world.engine.review.undo(by=ME)
    into = tmp_path / "restored"
    type(world.engine).restore(tmp_path / "backup", into, identity=key, clock=world.clock)
    with sqlite3.connect(into / "records.sqlite") as raw:
        assert raw.execute("SELECT count(*) FROM reference").fetchone() == (0,)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(["assign", "dismiss", "split", "undo"]), _WHICH, _WHICH), max_size=7))
def test_any_order_of_decisions_can_be_undone(world: World, steps: list[tuple[str, int, int]]) -> None:
    """Whatever is decided, in any order: who is found is who has a reference; undone to the end all is as it was."""
    review, client = world.engine.review, world.client(f"Shop {world.rows()['client']}")
    number = world.rows()["photo"]
    people = [signed(world, f"Person {number}"), signed(world, f"Other {number}")]
    data = png(photo(face(1, number), face(2, number)))
    photo_of = world.engine.ingest.one(world.source(), data, ask=True).photo

    def faces() -> list[FaceRecord]:
        return sorted((one for one in world.faces() if one.photo == photo_of), key=lambda one: one.box.left)

    before = [(one.box, one.state, one.reason) for one in faces()]
    for what, which, whom in steps:
        one = faces()[which]
        with suppress(BadInput):
            if what == "assign":
                review.assign(one.id, people[whom], by=ME)
            elif what == "dismiss":
                review.dismiss(one.id, by=ME)
            elif what == "split":
                review.split(one.id, by=ME)
            else:
                review.undo(by=ME)
        for at, face_now in enumerate(faces()):
            enrolled = face_now.state is FaceState.REFERENCE
            assert (face_now.reference is not None) is enrolled
            assert world.found(client, 1 + at) == ({face_now.subject} if enrolled else set())
    while True:
        try:
            review.undo(by=ME)
        except BadInput as error:
            if "nothing to undo" in str(error):
                break
    assert [(one.box, one.state, one.reason) for one in faces()] == before
    assert world.engine.doctor.problems() == []


def test_a_decision_dies_with_the_person(world: World) -> None:
    """What a face was before, which names a person, is not remembered longer than the person."""
    ada = signed(world, "Ada")
    first, second = waits(world, 1, 2)
    world.engine.review.assign(first.id, ada, by=ME)
    world.engine.review.split(first.id, by=ME)
    assert world.rows()["face_decision"] == 2
    done = world.destroy(ada)
    assert done.certificate is not None, done.run.problems
    with sqlite3.connect(world.data / "records.sqlite") as raw:
        assert raw.execute("SELECT count(*) FROM face_decision WHERE subject IS NOT NULL").fetchone() == (0,)
    assert FaceId(second.id) in {one.id for one in world.faces()}
