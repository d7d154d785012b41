# SPDX-License-Identifier: Apache-2.0
"""The person's own view: what is held, others blacked out, who searched, and what one may do about it."""

from __future__ import annotations

import io
from datetime import timedelta

import numpy as np
import pytest
from PIL import Image as Pillow
from world import World

from countenance.errors import BadInput, NotFound, NotSignedIn
from countenance.ids import ClientId, FaceId, PhotoId, ReleaseId, SubjectId
from countenance.model.account import Role
from countenance.model.destruction import RunState
from countenance.model.event import EventTag
from countenance.model.request import RequestKind
from countenance.papers.archive import archive

BLACK = 8


@pytest.fixture
def people(world: World) -> tuple[ClientId, SubjectId, SubjectId]:
    """A client, and Ada and Bo of Illinois, each alone in a photo and both in another; Ada was found once."""
    client, source = world.client(), world.source()
    ids = []
    for seed, label in ((1, "Ada"), (2, "Bo")):
        ids.append(world.person(label).id)
        world.sign(ids[-1])
        world.enrol(source, ids[-1], seed)
    both = world.photo(1, 2)
    world.ingest(source, both, manifest=[(both, ids[0], 0), (both, ids[1], 1)])
    assert world.found(client, 1) == {ids[0]}
    return client, ids[0], ids[1]


def test_a_person_sees_what_is_held_and_who_searched(
    world: World, people: tuple[ClientId, SubjectId, SubjectId]
) -> None:
    """Releases, faces, homes and the search that found her, with the client's name; the look is in the log as hers."""
    client, ada, _ = people
    own = world.engine.own.show(ada)
    assert [finding.client for finding in own.holdings.findings] == [client]
    assert len(own.holdings.faces) == 2
    assert own.home.current == ("US-IL",)
    assert world.log()[-1].tag is EventTag.OWN_SHOWN


def test_others_are_blacked_out_and_other_photos_are_not_hers(
    world: World, people: tuple[ClientId, SubjectId, SubjectId]
) -> None:
    """In a shared photo only her face is seen; a photo of Bo alone is no photo of hers."""
    _, ada, bo = people
    verbs = world.engine.own
    mine = {face.photo for face in verbs.show(ada).holdings.faces}
    shared = mine & {face.photo for face in verbs.show(bo).holdings.faces}
    (both,) = shared
    image = np.asarray(Pillow.open(io.BytesIO(verbs.photo(ada, both))).convert("L"), np.float64)
    half = image.shape[1] // 2
    left, right = image[:, :half], image[:, half:]
    assert right[20:-20, 30:-30].max() < BLACK
    assert left[20:-20, 30:-30].std() > BLACK
    (alone,) = {face.photo for face in verbs.show(bo).holdings.faces} - shared
    for photo in (alone, PhotoId("pho_none")):
        with pytest.raises(NotFound):
            verbs.photo(ada, photo)


def test_the_export_is_given_at_once_and_recorded_with_its_digest(
    world: World, people: tuple[ClientId, SubjectId, SubjectId]
) -> None:
    """An export is a request, answered and closed in one go; no vector is in it."""
    _, ada, _ = people
    request, data = world.engine.own.export(ada, archive)
    assert (request.kind, request.state, data[:2]) == (RequestKind.EXPORT, "closed", b"PK")
    assert [e.tag for e in world.log()[-3:]][-1] is EventTag.REQUEST_CLOSED
    for vector in world.encoder.vectors:
        assert vector.tobytes()[:16] not in data


def test_a_private_link_is_one_and_leads_nobody_else(
    world: World, people: tuple[ClientId, SubjectId, SubjectId]
) -> None:
    """A new link ends the one before; it is stored as a hash alone; a wrong one opens nothing."""
    _, ada, _ = people
    verbs = world.engine.own
    first = verbs.link(ada)
    second = verbs.link(ada)
    entered = verbs.enter(second)
    assert entered is not None
    session, caller = entered
    assert (caller.role, caller.subject, caller.scopes) == (Role.SUBJECT, ada, None)
    assert world.engine.accounts.by_session(session).account == caller.account
    for dead in (first, "x", ""):
        with pytest.raises(NotSignedIn):
            verbs.enter(dead)
    assert second.encode() not in world.bytes_on_disk()
    with pytest.raises(NotFound):
        verbs.link(SubjectId("sub_none"))


def test_after_the_destruction_the_link_leads_to_the_certificate_alone(
    world: World, people: tuple[ClientId, SubjectId, SubjectId]
) -> None:
    """She asks for erasure, sees each step, and with the same link the certificate, when nothing else is left."""
    client, ada, bo = people
    verbs = world.engine.own
    token = verbs.link(ada)
    entered = verbs.enter(token)
    assert entered is not None
    asked = verbs.ask(ada, RequestKind.ERASE)
    assert world.found(client, 1) == set()
    assert verbs.follow(token).requests == (asked,)
    with pytest.raises(BadInput, match="under way"):
        verbs.ask(ada, RequestKind.ERASE)
    done = world.engine.requests.erase(asked.id, by="acc_custodian")
    if done.run.state is RunState.FROZEN:
        assert verbs.follow(token).runs[0].waits_for_approval
        world.engine.destruction.approve(done.run.id, by="counsel")
        done = world.engine.requests.erase(asked.id, by="acc_custodian")
    followed = verbs.follow(token)
    assert not followed.exists
    assert followed.runs[0].state is RunState.CERTIFIED
    assert followed.runs[0].certificates[0].document == done.document
    assert verbs.enter(token) is None
    with pytest.raises(NotSignedIn):
        world.engine.accounts.by_session(entered[0])
    with pytest.raises(NotFound):
        verbs.show(ada)
    assert b"Ada" not in world.bytes_on_disk()
    assert verbs.follow(verbs.link(bo)).runs == ()


def test_a_wrong_face_goes_at_once(world: World, people: tuple[ClientId, SubjectId, SubjectId]) -> None:
    """That is not me: the face's reference is deleted, the request is answered; nobody else's face can be named."""
    _, ada, bo = people
    verbs = world.engine.own
    mine, theirs = (verbs.show(one).holdings.faces[0].id for one in (ada, bo))
    before = world.state()
    for wrong in (theirs, FaceId("fac_none")):
        with pytest.raises(NotFound):
            verbs.not_me(ada, wrong)
    assert world.state() == before
    assert verbs.not_me(ada, mine).state == "closed"
    assert mine not in {face.id for face in verbs.show(ada).holdings.faces}


def test_words_of_a_correction_and_of_an_objection_are_kept_with_their_day(
    world: World, people: tuple[ClientId, SubjectId, SubjectId]
) -> None:
    """Each is acknowledged at once and has its day; without words, or with a novel, there is none."""
    _, ada, _ = people
    verbs = world.engine.own
    for kind in (RequestKind.CORRECT, RequestKind.OBJECT):
        asked = verbs.ask(ada, kind, "my name is Adah")
        assert (asked.channel, asked.state) == ("own view: my name is Adah", "open")
        assert asked.acknowledged_at is not None
        for words in ("  ", "x" * 1001):
            with pytest.raises(BadInput):
                verbs.ask(ada, kind, words)
    world.engine.requests.corrected(verbs.progress(ada).requests[-1].id)
    assert [one.request.state for one in verbs.show(ada).requests] == ["open", "answered"]


def test_moving_away_is_one_statement(world: World, people: tuple[ClientId, SubjectId, SubjectId]) -> None:
    """She tells where she lives now and since when; the home before is a former one, and orders still see it."""
    _, ada, _ = people
    since = (world.clock.now() - timedelta(days=9)).date()
    home = world.engine.own.move(ada, "US-TX", since)
    assert (home.current, home.former) == (("US-TX",), ("US-IL",))
    with pytest.raises(BadInput):
        world.engine.own.move(ada, "Texas", since)


def test_withdrawing_works_on_the_next_search_and_papers_are_her_own(
    world: World, people: tuple[ClientId, SubjectId, SubjectId]
) -> None:
    """One button, and nobody finds her; her receipt and its text are hers, another's are not."""
    client, ada, bo = people
    verbs = world.engine.own
    theirs = verbs.show(bo).holdings.releases[0][0].id
    for release in (theirs, ReleaseId("rel_none")):
        with pytest.raises(NotFound):
            verbs.receipt(ada, release)
        with pytest.raises(NotFound):
            verbs.notice(ada, release)
    verbs.withdraw(ada)
    assert world.found(client, 1) == set()
