# SPDX-License-Identifier: Apache-2.0
"""Names route and never authorise; what a reviewer or an earlier run decided stays decided."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from fake_pack import CELL, TILE
from world import World

from countenance.errors import BadInput, BadManifest, NotFound, Refused
from countenance.ids import FaceId, SubjectId
from countenance.model.event import EventTag
from countenance.model.source import FaceState


def xmp(name: str, number: int, faces: int) -> bytes:
    """Return an XMP packet with an MWG face region on one face of a drawn photo."""
    width = CELL * faces
    x, y = (number * CELL + 8 + TILE / 2) / width, (8 + TILE / 2) / CELL
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/" '
        'xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#"><mwg-rs:Regions rdf:parseType="Resource">'
        f'<mwg-rs:RegionList><rdf:Bag><rdf:li mwg-rs:Name="{name}" mwg-rs:Type="Face"><mwg-rs:Area stArea:x="{x}" '
        f'stArea:y="{y}" stArea:w="{TILE / width}" stArea:h="{TILE / CELL}" stArea:unit="normalized"/></rdf:li>'
        "</rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions></rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def reference_faces(world: World, subject: SubjectId) -> set[FaceId]:
    """Return the faces that are references of this subject."""
    return {face.id for face in world.faces(FaceState.REFERENCE) if face.subject == subject}


def test_a_name_in_metadata_routes(world: World) -> None:
    """A face region that names a subject under a live release enrols that face, and no other in the photo."""
    source, client, ada = world.source(), world.client(), world.person("Ada Example")
    world.sign(ada.id)
    picture = world.photo(2, 1, xmp=xmp("ada example", 1, 2))
    summary, _ = world.ingest(source, picture)
    assert (summary.references, summary.bystanders, world.encoder.crops) == (1, 1, 1)
    assert world.found(client, 1) == {ada.id}
    assert world.found(client, 2) == set()
    assert world.log(EventTag.FACE_ENCODED)[0].payload["attributed_by"] == "metadata"


def test_a_name_in_metadata_never_authorises(world: World) -> None:
    """The same region without a release: skipped as `consent.live`, logged, and no crop reaches the encoder."""
    source, ada = world.source(), world.person("Ada Example")
    picture = world.photo(2, 1, xmp=xmp("Ada Example", 1, 2))
    summary, _ = world.ingest(source, picture)
    assert (dict(summary.skipped), summary.bystanders, world.encoder.crops) == ({"consent.live": 1}, 1, 0)
    assert world.log(EventTag.FACE_DENIED, ada.id)[0].payload["rule"] == "consent.live"
    assert world.rows()["reference"] == 0


def test_a_name_that_two_people_have_names_nobody(world: World) -> None:
    """A label that two subjects share is no claim; a name that nobody has is none either."""
    source = world.source()
    for residency in ("US-IL", "US-TX"):
        world.sign(world.person("Ada Example", residency).id)
    summary, _ = world.ingest(
        source, world.photo(1, xmp=xmp("Ada Example", 0, 1)), world.photo(2, xmp=xmp("Who", 0, 1))
    )
    assert (summary.references, summary.bystanders, world.encoder.crops) == (0, 2, 0)


def test_a_folder_of_one_person_names_the_only_face(world: World) -> None:
    """In a folder named like a subject a sole face is this subject; among several faces a reviewer decides."""
    source, ada = world.source(), world.person("Ada Example")
    world.sign(ada.id)
    world.photo(1, name="ada example/portrait.png")
    world.photo(1, 2, name="ada example/pair.png")
    world.photo(1, name=f"{ada.id}/other.png")
    summary, _ = world.ingest(source, world.photos)
    assert (summary.references, summary.waiting, world.encoder.crops) == (2, 2, 2)
    assert {face.reason for face in world.faces(FaceState.WAITING)} == {"several_faces"}


def test_claims_that_contradict_each_other_wait(world: World) -> None:
    """Manifest and metadata that name two people for one face: nobody is encoded, a reviewer is asked."""
    source = world.source()
    ada, bo = world.person("Ada"), world.person("Bo")
    for subject in (ada, bo):
        world.sign(subject.id)
    picture = world.photo(1, xmp=xmp("Bo", 0, 1))
    summary, _ = world.ingest(source, picture, manifest=[(picture, ada.id, 0)])
    assert (summary.waiting, summary.references, world.encoder.crops) == (1, 0, 0)
    (waiting,) = world.engine.review.waiting()
    assert (waiting.face.reason, waiting.uri) == ("claims_differ", str(picture.resolve()))
    outcome = world.engine.review.assign(waiting.face.id, ada.id)
    assert outcome.state is FaceState.REFERENCE
    assert world.engine.review.waiting() == []
    assert reference_faces(world, ada.id) == {waiting.face.id}
    assert world.log()[-2].tag is EventTag.FACE_ASSIGNED  # the look at what still waits came after
    assert world.engine.doctor.problems() == []


def test_a_reviewer_authorises_nobody(world: World) -> None:
    """Assigning a face to somebody without a release is refused and logged; it is encoded once there is one."""
    source, ada = world.source(), world.person("Ada")
    picture = world.photo(1, 2)
    world.ingest(source, picture, manifest=[(picture, ada.id)])
    face = world.engine.review.waiting()[0].face
    before = world.state()
    with pytest.raises(Refused) as refusal:
        world.engine.review.assign(face.id, ada.id)
    assert refusal.value.rule_id == "consent.live"
    assert (world.state(), world.encoder.crops) == (before, 0)
    assert world.log(EventTag.FACE_DENIED, ada.id)[-1].payload["rule"] == "consent.live"
    world.sign(ada.id)
    summary, _ = world.ingest(source, picture)
    assert (summary.references, world.encoder.crops) == (1, 1)
    assert reference_faces(world, ada.id) == {face.id}


def test_review_refuses_what_makes_no_sense(world: World) -> None:
    """A face or subject that is not there, a face that was decided on, a file that changed: refused, nothing moves."""
    source, ada = world.source(), world.person("Ada")
    world.sign(ada.id)
    picture = world.photo(1, 2)
    world.ingest(source, picture, manifest=[(picture, ada.id)])
    first, second = (item.face.id for item in world.engine.review.waiting())
    with pytest.raises(NotFound, match="fac_none"):
        world.engine.review.assign(FaceId("fac_none"), ada.id)
    with pytest.raises(NotFound, match="sub_none"):
        world.engine.review.assign(first, SubjectId("sub_none"))
    world.engine.review.dismiss(second)
    before = world.state()
    for again in (lambda: world.engine.review.dismiss(second), lambda: world.engine.review.assign(second, ada.id)):
        with pytest.raises(BadInput, match="decided on already: dismissed"):
            again()
    original = picture.read_bytes()
    picture.write_bytes(world.photo(1, 2).read_bytes())
    with pytest.raises(NotFound, match="not the photo that was ingested"):
        world.engine.review.assign(first, ada.id)
    picture.unlink()
    with pytest.raises(NotFound, match="put it back"):
        world.engine.review.assign(first, ada.id)
    assert (world.state(), world.encoder.crops) == (before, 0)
    picture.write_bytes(original)
    assert world.engine.review.assign(first, ada.id).state is FaceState.REFERENCE


def test_what_was_dismissed_stays_dismissed(world: World) -> None:
    """A dismissed face is never asked about or encoded again, whatever is ingested or signed afterwards."""
    source, ada = world.source(), world.person("Ada")
    world.sign(ada.id)
    picture = world.photo(1, 2)
    claim = [(picture, ada.id)]
    world.ingest(source, picture, manifest=claim)
    dismissed, other = (item.face.id for item in world.engine.review.waiting())
    world.engine.review.dismiss(dismissed)
    world.sign(ada.id)
    for _ in range(2):
        world.ingest(source, picture, manifest=claim)
        world.ingest(world.source(), picture, manifest=claim)
    assert {face.id for face in world.faces(FaceState.DISMISSED)} == {dismissed}
    assert [item.face.id for item in world.engine.review.waiting()] == [other]
    assert world.encoder.crops == 0
    assert len(world.faces()) == 2


def test_reingest_is_idempotent(world: World) -> None:
    """Ingesting everything again changes no row, encodes nothing and logs no photo twice."""
    source, ada = world.source(), world.person("Ada")
    world.sign(ada.id)
    pictures = [world.photo(1), world.photo(1, 2), world.photo(3), world.photo()]
    claims = [(pictures[0], ada.id), (pictures[1], ada.id, 0)]
    first, _ = world.ingest(source, *pictures, manifest=claims)
    assert (first.new, first.references, first.bystanders) == (4, 2, 2)
    before, crops, log = world.state(), world.encoder.crops, len(world.log(EventTag.PHOTO_INGESTED))
    for manifest in (claims, None):
        again, outcomes = world.ingest(source, *pictures, manifest=manifest)
        assert (again.new, again.references) == (0, 0)
        assert all(outcome.known for outcome in outcomes)
    copy = world.photos / "copy of a photo.png"
    copy.write_bytes(pictures[0].read_bytes())
    again, _ = world.ingest(source, copy)
    assert (again.new, world.encoder.crops, world.state()) == (0, crops, before)
    assert len(world.log(EventTag.PHOTO_INGESTED)) == log


def test_a_photo_named_twice_is_one_photo(world: World) -> None:
    """The same content under two names in one run, worked on at once, is one photo with one reference."""
    source, ada = world.source(), world.person("Ada")
    world.sign(ada.id)
    picture = world.photo(1)
    copies = [world.photos / f"copy {number}.png" for number in range(6)]
    for copy in copies:
        copy.write_bytes(picture.read_bytes())
    paths = [picture, *copies]
    world.encoder.before = lambda: time.sleep(0.05)  # so that all of them are found to be new
    summary, _ = world.ingest(source, *paths, manifest=[(path, ada.id) for path in paths], jobs=4)
    assert (summary.new, summary.references, world.rows()["photo"]) == (1, 1, 1)
    assert world.engine.doctor.problems() == []


def test_a_release_signed_later_enrols_on_the_next_ingest(world: World) -> None:
    """A face left out for want of a release is encoded when one is signed and the photo comes again, once."""
    source, client, ada = world.source(), world.client(), world.person("Ada")
    picture = world.photo(2, 1)
    claim = [(picture, ada.id, 1)]
    world.ingest(source, picture, manifest=claim)
    (skipped,) = world.faces(FaceState.SKIPPED)
    world.sign(ada.id)
    summary, _ = world.ingest(source, picture, manifest=claim)
    assert (summary.new, summary.references, world.encoder.crops) == (0, 1, 1)
    assert reference_faces(world, ada.id) == {skipped.id}
    assert len(world.faces()) == 2
    assert world.found(client, 1) == {ada.id}
    crops = world.encoder.crops
    world.ingest(source, picture, manifest=claim)
    assert world.encoder.crops == crops
    assert world.engine.doctor.problems() == []


def test_what_was_said_once_is_remembered(world: World) -> None:
    """An ingest without the manifest, after somebody signed, forgets neither who was named nor who waits."""
    source, ada, bo = world.source(), world.person("Ada"), world.person("Bo")
    named, doubtful = world.photo(1), world.photo(1, 2)
    world.ingest(source, named, doubtful, manifest=[(named, ada.id), (doubtful, bo.id)])
    before = [item.face.id for item in world.engine.review.waiting()]
    world.sign(bo.id)
    world.ingest(source, named, doubtful)
    assert [item.face.id for item in world.engine.review.waiting()] == before
    (skipped,) = world.faces(FaceState.SKIPPED)
    assert (skipped.subject, skipped.reason) == (ada.id, "consent.live")
    world.sign(ada.id)
    summary, _ = world.ingest(source, named, doubtful)
    assert summary.references == 1
    assert reference_faces(world, ada.id) == {skipped.id}


def test_a_face_that_was_removed_is_not_linked_again(world: World) -> None:
    """After a destruction the person's faces, found again in the same photos, are bystanders."""
    source, ada, bo = world.source(), world.person("Ada Example"), world.person("Bo")
    for subject in (ada, bo):
        world.sign(subject.id)
    picture = world.photo(1, 2, xmp=xmp("Ada Example", 0, 2))
    world.ingest(source, picture, manifest=[(picture, bo.id, 1)])
    world.destroy(ada.id)
    crops = world.encoder.crops
    world.sign(world.person("Cy").id)
    summary, _ = world.ingest(source, picture)
    assert (summary.references, world.encoder.crops) == (0, crops)
    assert {face.subject for face in world.faces() if face.state is not FaceState.BYSTANDER} == {bo.id}
    assert world.engine.doctor.problems() == []


def test_a_bad_manifest_stops_before_the_first_photo(world: World) -> None:
    """A manifest with an unknown subject is refused with its line, before anything is ingested."""
    source, picture = world.source(), world.photo(1)
    before, log = world.state(), len(world.log())
    with pytest.raises(BadManifest, match="line 3: no subject has the id or label 'Zoe'"):
        world.ingest(source, picture, manifest=[(picture, world.person("Ada").id), (picture, "Zoe")])
    after = world.state()
    assert (after.rows["photo"], after.rows["face"]) == (before.rows["photo"], before.rows["face"])
    assert len(world.log()) == log + 1  # Ada


def test_a_box_outside_of_the_photo_leaves_out_that_photo(world: World, tmp_path: Path) -> None:
    """A manifest's box beyond the photo's border is answered with its line; the other photos are ingested."""
    source, ada = world.source(), world.person("Ada")
    world.sign(ada.id)
    first, second = world.photo(1), world.photo(1)
    summary, outcomes = world.ingest(source, first, second, manifest=[(first, ada.id, 7), (second, ada.id, 0)])
    assert (dict(summary.skipped), summary.references) == ({"bad_manifest": 1}, 1)
    assert "line 2: the box reaches outside of the photo, which is 112 x 112 px" in outcomes[0].detail
    assert world.log(EventTag.PHOTO_SKIPPED)[0].payload["reason"] == "bad_manifest"
