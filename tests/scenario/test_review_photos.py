# SPDX-License-Identifier: Apache-2.0
"""What a reviewer sees: the photos that wait, their faces, and pictures in which the others are black."""

from __future__ import annotations

import io

import numpy as np
import pytest
from fake_pack import face, photo, png
from numpy.typing import NDArray
from PIL import Image
from world import World

from countenance.errors import BadPhoto, NotFound
from countenance.ids import PhotoId, SubjectId
from countenance.model.destruction import HoldBasis
from countenance.model.event import EventTag
from countenance.model.source import FaceState
from countenance.services.people import Stands


def pixels(jpeg: bytes) -> NDArray[np.uint8]:
    """Return the picture."""
    return np.array(Image.open(io.BytesIO(jpeg)).convert("RGB"))


def is_black(picture: NDArray[np.uint8], number: int) -> bool:
    """Say whether the face of this number, from 0, is black in a picture of drawn faces."""
    return bool(picture[24:88, number * 112 + 24 : number * 112 + 88].max() < 24)


def upload(world: World, *seeds: int, ask: bool = True) -> PhotoId:
    """Upload a photo of drawn faces."""
    data = png(photo(*(face(seed) for seed in seeds)))
    one = world.engine.ingest.one(world.source(), data, name="x/gala.png", ask=ask).photo
    assert one is not None
    return one


def test_photos_wait_in_the_order_in_which_they_came(world: World) -> None:
    """The queue brings each photo with faces that wait once, page by page, and drops it when all are decided."""
    ids = [upload(world, seed, seed + 50) for seed in (1, 2, 3)]
    first = world.engine.review_photos.queue(limit=2)
    assert [(one.photo, one.waiting) for one in first] == [(ids[0], 2), (ids[1], 2)]
    assert [one.photo for one in world.engine.review_photos.queue(after=ids[1])] == [ids[2]]
    shown = world.engine.review_photos.photo(ids[0])
    assert (shown.name, shown.left, shown.following, len(shown.faces)) == ("gala.png", 3, ids[1], 2)
    for one in shown.faces:
        world.engine.review.dismiss(one.face.id)
    assert [one.photo for one in world.engine.review_photos.queue()] == ids[1:]
    assert world.log(EventTag.FACES_LISTED)


@pytest.mark.parametrize("large", [False, True])
def test_who_neither_waits_nor_signed_is_black_unless_asked_for(world: World, large: bool) -> None:
    """A reviewer sees the faces to decide on; a dismissed one is shown only where the reviewer asks; logged."""
    one = upload(world, 1, 2)
    _, second = world.engine.review_photos.photo(one).faces
    world.engine.review.dismiss(second.face.id)
    picture = pixels(world.engine.review_photos.picture(one, large=large))
    assert (is_black(picture, 0), is_black(picture, 1)) == (False, True)
    everybody = pixels(world.engine.review_photos.picture(one, large=large, everybody=True))
    assert (is_black(everybody, 0), is_black(everybody, 1)) == (False, False)
    assert world.log(EventTag.FACES_LISTED)[-1].payload["everybody"] is True  # type: ignore[index,call-overload]


def test_who_was_destroyed_is_black_in_every_picture(world: World) -> None:
    """A destroyed face has no row, and is black also in a picture that is made of the operator's own file."""
    source, ada = world.source(), world.person("Ada").id
    world.sign(ada)
    path = world.photo(1, 2)
    world.ingest(source, path, manifest=[(path, ada, 0)])
    world.engine.ingest.one(source, path.read_bytes(), ask=True)
    (one,) = {face.photo for face in world.faces()}
    assert {face.state for face in world.faces()} == {FaceState.REFERENCE, FaceState.WAITING}
    assert not is_black(pixels(world.engine.review_photos.picture(one, large=True)), 0)
    world.destroy(ada)
    for large in (False, True):
        for everybody in (False, True):
            shown = pixels(world.engine.review_photos.picture(one, large=large, everybody=everybody))
            assert (is_black(shown, 0), is_black(shown, 1)) == (True, False), (large, everybody)
    path.write_bytes(png(photo(face(8), face(9))))
    assert pixels(world.engine.review_photos.picture(one, large=True)).shape, "another photo in its place is not read"


def test_no_picture_of_bystanders_is_kept(world: World) -> None:
    """Of a photo in which nobody waits or signed there is no picture to look at."""
    one = upload(world, 1, ask=False)
    with pytest.raises(NotFound, match="no picture"):
        world.engine.review_photos.picture(one)
    with pytest.raises(NotFound):
        world.engine.review_photos.photo(PhotoId("pho_none"))


def test_a_photo_under_a_hold_is_not_looked_at(world: World) -> None:
    """What a legal hold sealed is not shown, nor waits in the queue."""
    ada = world.person("Ada").id
    world.sign(ada)
    one = upload(world, 1)
    (shown,) = world.engine.review_photos.photo(one).faces
    world.engine.review.assign(shown.face.id, ada)
    world.engine.custody.holds.place(ada, basis=HoldBasis.WARRANT, matter="x", by="counsel")
    for verb in (world.engine.review_photos.photo, world.engine.review_photos.picture):
        with pytest.raises(BadPhoto, match="legal hold"):
            verb(one)


def test_people_are_found_by_parts_of_their_label(world: World) -> None:
    """Type-ahead finds people by every word, those who begin with it first; each look is logged."""
    ids: dict[str, SubjectId] = {name: world.person(name).id for name in ("Bo Lovelace", "Ada Lovelace", "Lovis Ng")}
    world.sign(ids["Ada Lovelace"])
    found = world.engine.people.find("lov")
    assert [one.subject.label for one in found] == ["Lovis Ng", "Ada Lovelace", "Bo Lovelace"]
    assert [one.stands for one in found] == [Stands.NOT_SIGNED, Stands.GIVEN, Stands.NOT_SIGNED]
    assert [one.subject.id for one in world.engine.people.find("LOVE ada")] == [ids["Ada Lovelace"]]
    page = world.engine.people.find(limit=2)
    assert [one.subject.label for one in page] == ["Lovis Ng", "Ada Lovelace"]
    rest = world.engine.people.find(after=page[-1].subject.id)
    assert [one.subject.label for one in rest] == ["Bo Lovelace"]
    world.engine.subjects.withdraw(ids["Ada Lovelace"])
    assert world.engine.people.find("ada")[0].stands is Stands.FROZEN
    assert world.log(EventTag.SUBJECTS_LISTED)


def test_health_is_told_in_numbers_and_in_words(world: World) -> None:
    """Health says what is held and waits, and after a look what is wrong; it names nobody."""
    source, ada = world.source(), world.person("Ada Example").id
    world.sign(ada)
    world.enrol(source, ada, 1)
    upload(world, 7)
    numbers = world.engine.health.numbers()
    assert (numbers.subjects, numbers.photos, numbers.references, numbers.faces_waiting) == (1, 2, 1, 1)
    assert numbers.disk_free_bytes > 0
    assert world.engine.health.model().problem is None
    assert world.engine.health.last_check() is None
    (world.data / "stray.txt").write_text("x")
    checked = world.engine.health.check()
    assert any("stray.txt" in problem for problem in checked.problems)
    assert "Ada Example" not in repr((numbers, checked))
