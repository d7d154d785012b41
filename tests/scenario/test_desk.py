# SPDX-License-Identifier: Apache-2.0
"""The search desk: a client sees its own searches, whom it may be shown at this moment, and nobody else."""

from __future__ import annotations

import io
import threading
from datetime import date

import numpy as np
import pytest
from fake_pack import TILE, face, photo, png
from PIL import ExifTags
from PIL import Image as Pillow
from world import DELIVERY, OPERATOR, PRESENT, World

from countenance.errors import BadInput, NotFound, Refused
from countenance.ids import ClientId, SearchId, SubjectId
from countenance.model.destruction import Scope
from countenance.model.event import EventTag
from countenance.model.purpose import Purpose
from countenance.model.review import ReviewState, Verdict
from countenance.model.threshold import SCORE_PLACES
from countenance.services.answers import Answer
from countenance.services.search import Request

KEY = "d0f1e2a3-0000-4000-8000-aabbccddeeff"


def asked(world: World, client: ClientId, seed: int, key: str | None = None, by: str = OPERATOR) -> Answer:
    request = Request(client, DELIVERY, PRESENT, by)
    return world.engine.desk.search(png(photo(face(seed, 999))), request, key=key)


def enrolled(world: World, residency: str = "US-IL", seed: int = 1) -> tuple[ClientId, SubjectId]:
    client, ada = world.client(), world.person("Ada", residency)
    world.sign(ada.id)
    world.enrol(world.source(), ada.id, seed)
    return client, ada.id


def pixels(jpeg: bytes) -> np.ndarray:
    return np.asarray(Pillow.open(io.BytesIO(jpeg)).convert("RGB"))


def test_an_answer_says_what_stands_behind_each_candidate(world: World) -> None:
    """Score, threshold and chance are those of the search, rounded; source and date of the photo stand beside them."""
    client, ada = enrolled(world)
    answer = asked(world, client, 1)
    (seen,) = answer.candidates
    assert (seen.rank, seen.held.subject, seen.held.state) == (1, ada, ReviewState.UNCONFIRMED)
    assert seen.score == round(seen.score, SCORE_PLACES)
    assert seen.threshold is not None
    assert seen.chance is not None
    assert seen.score >= seen.threshold
    assert seen.chance.low <= seen.chance.value <= seen.chance.high
    assert [source.name for source in seen.sources] == ["Gala"]
    assert seen.photo_since <= answer.search.at
    assert answer.curves is not None
    assert answer.curves.chance
    assert answer.probe.startswith(b"\xff\xd8")
    again = world.engine.desk.answer(answer.search.id, client, by=OPERATOR)
    assert again.probe == b""
    assert (again.search, again.candidates) == (answer.search, answer.candidates)
    assert world.log()[-1].tag is EventTag.RESULT_SHOWN


def test_an_answer_is_gone_as_soon_as_it_may_not_be_shown(world: World) -> None:
    """After a withdrawal the old answer is nobody, the picture is not found, and no review is taken; as if never."""
    client, ada = enrolled(world)
    search = asked(world, client, 1).search.id
    nobody = asked(world, client, 7)
    desk = world.engine.desk
    assert desk.crop(search, ada, client).jpeg
    world.engine.subjects.withdraw(ada)
    before = world.state()
    after = desk.answer(search, client, by=OPERATOR)
    assert after.candidates == ()
    entries, _ = desk.history(client)
    assert {(entry.outcome, str(entry.states)) for entry in entries} == {("nobody", "{}")}
    assert len(entries) == 2
    for act in (
        lambda: desk.crop(search, ada, client),
        lambda: desk.decide(search, ada, Verdict.SAME, client, by=OPERATOR),
    ):
        with pytest.raises(NotFound) as gone:
            act()
        with pytest.raises(NotFound) as never:
            desk.crop(nobody.search.id, ada, client)
        assert str(gone.value).replace(search, "") == str(never.value).replace(nobody.search.id, "")
    assert world.state() == before


def test_another_clients_search_is_not_there(world: World) -> None:
    """One client's search is to another what a search is that was never made, in every verb."""
    client, ada = enrolled(world)
    other = world.client("Rival")
    search = asked(world, client, 1).search.id
    desk = world.engine.desk
    for act in (
        lambda one: desk.answer(one, other, by="x"),
        lambda one: desk.crop(one, ada, other),
        lambda one: desk.decide(one, ada, Verdict.SAME, other, by="x"),
        lambda one: desk.history(other, before=one),
    ):
        texts = []
        for one in (search, SearchId("sea_0000000000000000")):
            with pytest.raises(NotFound) as gone:
                act(one)
            texts.append(str(gone.value).replace(one, "ID"))
        assert texts[0] == texts[1]
    assert desk.history(other) == ([], None)


def test_a_suspended_client_sees_its_old_answers_no_more(world: World) -> None:
    """From the suspension on nothing is shown; the refusal is logged and nothing moves."""
    client, ada = enrolled(world)
    search = asked(world, client, 1).search.id
    world.engine.register.suspend_clients(clients=[client])
    before = world.state()
    for act in (
        lambda: world.engine.desk.answer(search, client, by=OPERATOR),
        lambda: world.engine.desk.decide(search, ada, Verdict.SAME, client, by=OPERATOR),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.rule_id == "client.suspended"
        assert (world.log()[-1].tag, world.log()[-1].payload["rule"]) == (EventTag.RESULT_REFUSED, "client.suspended")
    with pytest.raises(NotFound):
        world.engine.desk.crop(search, ada, client)
    assert world.state() == before


def test_two_people_review_without_knowing_of_each_other(world: World) -> None:
    """The first verdict is sealed from the second person until both decided; then both see both, and the dispute."""
    client, ada = enrolled(world, "DE")
    search = asked(world, client, 1).search.id
    desk = world.engine.desk
    mine = desk.decide(search, ada, Verdict.SAME, client, by="ann")
    assert [one.verdict for one in mine.held.reviews] == [Verdict.SAME]
    for account in ("bo", "", "custodian"):
        (seen,) = desk.answer(search, client, by=account).candidates
        assert [one.verdict for one in seen.held.reviews] == [None]
    assert [one.verdict for one in world.engine.results.show(search).candidates[0].reviews] == [None]
    assert "same" not in str([entry.payload for entry in world.log() if entry.tag is EventTag.RESULT_REVIEWED])
    before = world.state()
    with pytest.raises(Refused) as refused:
        desk.decide(search, ada, Verdict.NOT_SAME, client, by="Ann")
    assert refused.value.rule_id == "result.two_persons"
    assert world.state() == before
    done = desk.decide(search, ada, Verdict.NOT_SAME, client, by="bo")
    assert (done.held.state, [one.verdict for one in done.held.reviews]) == (
        ReviewState.DISPUTED,
        [Verdict.SAME, Verdict.NOT_SAME],
    )
    assert world.log()[-1].tag is EventTag.RESULT_DOUBTED
    with pytest.raises(Refused) as refused:
        desk.decide(search, ada, Verdict.SAME, client, by="cy")
    assert (refused.value.rule_id, world.log()[-1].payload["rule"]) == ("result.decided", "result.decided")
    (entry,), _ = desk.history(client)
    assert entry.states == {ReviewState.DISPUTED: 1}


def test_the_day_on_which_a_photo_was_taken_stands_beside_it(world: World) -> None:
    """It is what the camera stated; a camera that says nothing, or nonsense, leaves it open."""
    client, source = world.client(), world.source()
    for seed, stated, day in (
        (1, "2019:07:14 21:03:11", date(2019, 7, 14)),
        (2, "0000:00:00 00:00:00", None),
        (3, "yesterday", None),
        (4, None, None),
    ):
        person = world.person("Ada")
        world.sign(person.id)
        exif = Pillow.Exif()
        if stated is not None:
            exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = stated
        out = io.BytesIO()
        Pillow.fromarray(photo(face(seed))).save(out, "WEBP", lossless=True, exif=exif)
        world.engine.ingest.one(source, out.getvalue(), subject=person.id)
        (seen,) = asked(world, client, seed).candidates
        assert seen.taken_on == day


@pytest.fixture
def from_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pictures be cut from photos: in a preview's JPEG the drawn detector does not know its faces again."""
    monkeypatch.setattr("countenance.services.crops.ENOUGH_PX", 1000)


@pytest.mark.usefixtures("from_files")
def test_a_picture_shows_the_candidate_and_nobody_else(world: World) -> None:
    """The crop is aligned and as large as the probe's; a neighbour in the photo is black, and the look is logged."""
    client, ada = world.client(), world.person("Ada")
    world.sign(ada.id)
    source = world.source()
    tile = face(1, 5)
    crowd = world.photo(tile, face(2))
    world.ingest(source, crowd, manifest=[(crowd, ada.id, 0)])
    answer = asked(world, client, 1)
    crop = world.engine.desk.crop(answer.search.id, ada.id, client)
    assert crop.aligned
    assert pixels(crop.jpeg).shape == pixels(answer.probe).shape == (TILE, TILE, 3)
    assert np.abs(pixels(crop.jpeg).astype(int) - tile).mean() < 12
    entry = world.log()[-1]
    assert (entry.tag, entry.subject) == (EventTag.CROP_SHOWN, ada.id)


@pytest.mark.usefixtures("from_files")
def test_faces_that_overlap_the_candidates_are_black(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another face lies within the crop, its pixels are black in the picture."""
    client, ada = world.client(), world.person("Ada")
    world.sign(ada.id)
    crowd = world.photo(1, 2)
    world.ingest(world.source(), crowd, manifest=[(crowd, ada.id, 0)])
    answer = asked(world, client, 1)
    wide = world.encoder.align

    def wider(image, found):
        box = found.box
        return image[8 : 8 + TILE, int(box.left) : int(box.left) + 2 * TILE].copy()

    monkeypatch.setattr(world.encoder, "align", wider)
    seen = pixels(world.engine.desk.crop(answer.search.id, ada.id, client).jpeg)
    monkeypatch.setattr(world.encoder, "align", wide)
    assert seen[20:-20, 125:-5].max() < 30  # the neighbour begins 112 px further right
    assert seen[20:-20, 20:80].mean() > 60


@pytest.mark.usefixtures("from_files")
def test_a_moved_or_changed_file_is_not_used(world: World) -> None:
    """Where the photo's file is gone or another one, the picture comes from the sealed preview, and says so."""
    client, ada = world.client(), world.person("Ada")
    world.sign(ada.id)
    (path,) = world.enrol(world.source(), ada.id, 1)
    search = asked(world, client, 1).search.id
    assert world.engine.desk.crop(search, ada.id, client).aligned
    path.write_bytes(png(photo(face(2))))
    crop = world.engine.desk.crop(search, ada.id, client)
    assert not crop.aligned
    assert crop.face_px == TILE
    path.unlink()
    assert pixels(world.engine.desk.crop(search, ada.id, client).jpeg).mean() > 40


@pytest.mark.usefixtures("from_files")
def test_what_was_destroyed_shows_in_no_picture(world: World) -> None:
    """After a neighbour in the photo is destroyed, pictures come from the blacked-out preview, not from the file."""
    client, ada, bo = world.client(), world.person("Ada"), world.person("Bo")
    for one in (ada, bo):
        world.sign(one.id)
    crowd = world.photo(1, 2)
    world.ingest(world.source(), crowd, manifest=[(crowd, ada.id, 0), (crowd, bo.id, 1)])
    search = asked(world, client, 1).search.id
    world.destroy(bo.id)
    assert crowd.exists()
    assert not world.engine.desk.crop(search, ada.id, client).aligned
    world.engine.destruction.destroy(Scope((ada.id,)), requested_by="x")
    with pytest.raises(NotFound):
        world.engine.desk.crop(search, ada.id, client)


def test_one_request_sent_twice_is_searched_once(world: World) -> None:
    """The same key, photo and question give the first answer; another photo under the same key is a new search."""
    client, _ = enrolled(world)
    first, again = asked(world, client, 1, KEY), asked(world, client, 1, KEY)
    assert (again.search.id, again.repeated, again.probe) == (first.search.id, True, b"")
    assert len(world.log(EventTag.SEARCH_ANSWERED)) == 1
    other = asked(world, client, 7, KEY)
    assert (other.repeated, other.candidates) == (False, ())
    assert asked(world, client, 1, KEY, by="bo").repeated is False
    with pytest.raises(BadInput):
        asked(world, client, 1, "short")
    assert KEY.encode() not in world.bytes_on_disk()


def test_a_double_click_is_one_search(world: World) -> None:
    """Two at once with one key: one is searched, the other waits for its answer."""
    client, _ = enrolled(world)
    world.engine.desk.history(client)
    answers: list[Answer] = []
    threads = [threading.Thread(target=lambda: answers.append(asked(world, client, 1, KEY))) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len({one.search.id for one in answers}) == 1
    assert sorted(one.repeated for one in answers) == [False, True, True, True]


def test_the_list_comes_in_pages(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Newest first, each search once, whatever is searched meanwhile; other clients' are not in it."""
    monkeypatch.setattr("countenance.services.desk.PAGE", 3)
    client, _ = enrolled(world)
    world.search(world.client("Rival"), 1)
    made = [asked(world, client, 1 + number % 2).search.id for number in range(7)]
    found: list[SearchId] = []
    entries, after = world.engine.desk.history(client)
    while True:
        found += [entry.search.id for entry in entries]
        if after is None:
            break
        asked(world, client, 7)
        entries, after = world.engine.desk.history(client, before=after)
    assert found == made[::-1]


def test_no_answer_outlives_what_its_purpose_allowed(world: World) -> None:
    """A search for a purpose that the release does not cover shows nobody, now and in the list."""
    client, ada = enrolled(world)
    second = world.client("Shop", purposes=[DELIVERY, Purpose.ARCHIVE_SEARCH])
    request = Request(second, Purpose.ARCHIVE_SEARCH, PRESENT, OPERATOR)
    answer = world.engine.desk.search(png(photo(face(1, 999))), request)
    assert answer.candidates == ()
    assert asked(world, client, 1).candidates[0].held.subject == ada


@pytest.mark.usefixtures("from_files")
def test_a_picture_of_an_uploaded_photo_comes_from_what_is_sealed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file is needed; once a neighbour in it is destroyed, this person is black in what is left of the photo."""
    client, ada, bo = world.client(), world.person("Ada"), world.person("Bo")
    for one in (ada, bo):
        world.sign(one.id)
    upload = world.engine.ingest.one(world.source(), png(photo(face(1), face(2))), name="two.png", ask=True)
    for seen, person in zip(upload.faces, (ada, bo), strict=True):
        world.engine.review.assign(seen.face, person.id)
    search = asked(world, client, 1).search.id
    assert world.engine.desk.crop(search, ada.id, client).aligned
    world.destroy(bo.id)

    def wider(image, found):
        return image[8 : 8 + TILE, : 2 * TILE].copy()

    monkeypatch.setattr(world.encoder, "align", wider)
    seen = pixels(world.engine.desk.crop(search, ada.id, client).jpeg)
    assert seen[20:-20, 125:-5].max() < 30
    assert seen[20:-20, 20:80].mean() > 60
