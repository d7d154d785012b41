# SPDX-License-Identifier: Apache-2.0
"""Photos that came without a file: sealed under their own key, kept while a face needs them, and gone with a person."""

from __future__ import annotations

import pytest
from fake_pack import face, photo, png
from world import World

from countenance.errors import NotFound, Refused
from countenance.ids import PhotoId, SourceId
from countenance.model.event import EventTag
from countenance.model.source import FaceState
from countenance.services.ingest import PhotoOutcome
from countenance.store import photo_files
from countenance.store import photos as photo_rows


def upload(world: World, source: SourceId, *faces: int, **said: object) -> PhotoOutcome:
    """Upload a photo of drawn faces."""
    data = png(photo(*(face(seed) for seed in faces)))
    return world.engine.ingest.one(source, data, name=r"C:\gala\Ada Example 17.png", **said)  # type: ignore[arg-type]


def kept(world: World, one: PhotoId | None) -> bytes | None:
    """Return the bytes that are kept of a photo."""
    assert one is not None
    with world.engine._records.read() as work:
        return photo_files.get(work, one)


def test_an_uploaded_picture_of_a_released_person_is_searchable_and_sealed(world: World) -> None:
    """A selfie of a released person becomes a reference; its bytes and its name are nowhere on the disk in plain."""
    source, client = world.source(), world.client()
    ada = world.person("Ada").id
    world.sign(ada)
    outcome = upload(world, source, 1, subject=ada)
    assert [one.state for one in outcome.faces] == [FaceState.REFERENCE]
    assert world.found(client, 1) == {ada}
    assert kept(world, outcome.photo) == png(photo(face(1)))
    disk = world.bytes_on_disk()
    assert b"Ada Example 17" not in disk
    assert png(photo(face(1)))[:64] not in disk
    with world.engine._records.read() as work:
        assert outcome.photo is not None
        assert photo_rows.get_photo(work, outcome.photo).uri == "upload:Ada Example 17.png"


def test_an_upload_without_a_release_encodes_nothing(world: World) -> None:
    """A picture of somebody who signed nothing is left out with the rule; nothing of it is kept."""
    source, ada = world.source(), world.person("Ada").id
    outcome = upload(world, source, 1, subject=ada)
    assert [one.state for one in outcome.faces] == [FaceState.SKIPPED]
    assert world.encoder.crops == 0
    assert kept(world, outcome.photo) is None
    assert world.log(EventTag.FACE_DENIED, ada)


def test_an_upload_of_strangers_keeps_no_picture(world: World) -> None:
    """Where nobody is named and nobody asked, faces are counted and the picture is not kept."""
    outcome = upload(world, world.source(), 7, 8)
    assert [one.state for one in outcome.faces] == [FaceState.BYSTANDER, FaceState.BYSTANDER]
    assert kept(world, outcome.photo) is None


def test_who_is_to_be_asked_about_waits(world: World) -> None:
    """An ingest that is to ask lets faces wait that nobody named, also of a photo that was known before."""
    source = world.source()
    assert upload(world, source, 7).faces[0].state is FaceState.BYSTANDER
    again = upload(world, source, 7, ask=True)
    assert again.known
    assert [(one.state, one.reason) for one in again.faces] == [(FaceState.WAITING, "unnamed")]
    assert kept(world, again.photo) is not None
    assert not upload(world, source, 7, ask=True).faces, "nothing is looked at twice"


def test_the_same_bytes_are_one_photo(world: World) -> None:
    """A photo that is sent twice, because a connection was lost, is known the second time."""
    source, ada = world.source(), world.person("Ada").id
    world.sign(ada)
    first, second = (upload(world, source, 1, subject=ada) for _ in range(2))
    assert (first.photo, first.known, second.photo, second.known) == (first.photo, False, first.photo, True)
    assert world.rows()["photo"] == world.rows()["reference"] == 1


def test_a_bad_upload_has_a_reason(world: World) -> None:
    """Bytes that are no photo are left out with a reason and a log entry; nothing else moved."""
    source = world.source()
    before = world.state()
    outcome = world.engine.ingest.one(source, b"GIF89a nonsense", name="x")
    assert outcome.reason in ("not_an_image", "truncated")
    assert world.log(EventTag.PHOTO_SKIPPED)
    assert world.state() == before


def test_uploads_are_refused_without_a_permission(world: World) -> None:
    """A revoked source takes no upload; it is logged, and nothing moved."""
    source = world.source()
    world.engine.sources.revoke(source, by="custodian", reason="letter")
    before = world.state()
    with pytest.raises(Refused):
        upload(world, source, 1)
    assert world.log(EventTag.INGEST_DENIED)
    assert world.state() == before


def test_an_upload_for_nobody_is_refused(world: World) -> None:
    """A picture of a person who is not known is not looked at."""
    with pytest.raises(NotFound):
        world.engine.ingest.one(world.source(), b"", subject="sub_nobody")  # type: ignore[arg-type]


def test_an_uploaded_photo_dies_with_its_only_person(world: World) -> None:
    """Destruction takes the bytes of an uploaded photo, and its certificate counts them."""
    source, ada = world.source(), world.person("Ada").id
    world.sign(ada)
    upload(world, source, 1, subject=ada)
    done = world.destroy(ada)
    assert done.certificate is not None, done.run.problems
    assert done.run.counts["photo_file"] == 1
    assert world.rows()["photo_file"] == world.rows()["photo"] == 0


def test_a_destroyed_face_is_black_in_an_uploaded_photo(world: World) -> None:
    """Where another person is in an uploaded photo, the destroyed face is blacked out in it, under a new key."""
    source, ada, bo = world.source(), world.person("Ada").id, world.person("Bo").id
    world.sign(ada)
    world.sign(bo)
    outcome = upload(world, source, 1, 2, ask=True)
    first, second = sorted(outcome.faces, key=lambda one: one.box.left)
    world.engine.review.assign(first.face, ada)
    done = world.destroy(ada)
    assert done.certificate is not None, done.run.problems
    data = kept(world, outcome.photo)
    assert data is not None
    image = world.engine._reader.read(data).image
    left, right = image[20:90, 20:90], image[20:90, 130:200]
    assert left.max() < 24, "the destroyed face is black, but for what JPEG makes of it"
    assert right.max() > 100
    assert world.engine.review.assign(second.face, bo).state is FaceState.REFERENCE
