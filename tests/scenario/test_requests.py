# SPDX-License-Identifier: Apache-2.0
"""What a person asks for is answered by its day, without a photo, and before anything is destroyed."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from world import CUSTODIAN, World

from countenance.errors import BadInput, NotFound, Refused
from countenance.ids import ClientId, RequestId, SubjectId
from countenance.model.destruction import RunState, Scope
from countenance.model.event import EventTag
from countenance.model.request import RequestKind, RequestOutcome, VerifiedBy
from countenance.model.source import FaceState
from countenance.papers.archive import archive
from countenance.services.search import Searches

DOCUMENT = VerifiedBy.DOCUMENT
CLIENT_PHOTOS = 2


@pytest.fixture
def people(world: World) -> tuple[ClientId, SubjectId, SubjectId]:
    """A client, and two people whose law answers access requests first: nobody knows where they live."""
    client, source = world.client(), world.source()
    ids = []
    for seed, label in ((1, "Ada"), (2, "Bo")):
        subject = world.person(label, "unknown").id
        world.sign(subject)
        world.enrol(source, subject, seed, photos=CLIENT_PHOTOS)
        ids.append(subject)
    both = world.photo(1, 2)
    world.ingest(source, both, manifest=[(both, ids[0], 0), (both, ids[1], 1)])
    assert world.found(client, 1) == {ids[0]}
    return client, ids[0], ids[1]


def test_t17_a_pending_access_request_is_answered_first(
    world: World, people: tuple[ClientId, SubjectId, SubjectId]
) -> None:
    """Of a class of two, who asked waits, frozen; answered, that one is destroyed too; the log proves the order."""
    client, ada, bo = people
    requests, verbs = world.engine.requests, world.engine.destruction
    asked = requests.open(ada, RequestKind.ACCESS, verified_by=DOCUMENT)
    run = verbs.plan(Scope((ada, bo)), requested_by=CUSTODIAN).id
    verbs.freeze(run)
    assert world.found(client, 1) == set()
    verbs.approve(run, by="counsel")
    first = verbs.resume(run)
    assert (first.run.state, first.title) == (RunState.CERTIFIED, "partial")
    assert {person.id for person in world.engine.subjects.everyone()} == {ada}
    assert world.found(client, 1) == set()
    package = requests.package(asked.id)
    assert len(package.holdings.faces) == CLIENT_PHOTOS + 1
    (second,) = requests.answered(asked.id, "0" * 64)
    assert (second.title, world.engine.subjects.everyone()) == ("complete", [])
    order = [(entry.tag, entry.subject) for entry in world.log()]
    steps = [
        (EventTag.REQUEST_OPENED, ada),
        (EventTag.RUN_FROZEN, None),
        (EventTag.SUBJECT_DESTROYED, bo),
        (EventTag.REQUEST_ANSWERED, ada),
        (EventTag.SUBJECT_DESTROYED, ada),
    ]
    places = [order.index(step) for step in steps]
    assert places == sorted(places)


def test_alone_it_waits_too(world: World, people: tuple[ClientId, SubjectId, SubjectId]) -> None:
    """A destruction of that person alone is refused and logged; the person is frozen, and nothing is lost."""
    client, ada, _ = people
    asked = world.engine.requests.open(ada, RequestKind.EXPORT, verified_by=DOCUMENT)
    before = world.state()
    with pytest.raises(Refused, match="own request is answered"):
        world.engine.destruction.destroy(Scope((ada,)), requested_by=CUSTODIAN)
    assert world.state() == before
    assert len(world.log(EventTag.RUN_REFUSED)) == 1
    assert world.found(client, 1) == set()
    assert world.engine.requests.answered(asked.id, "0" * 64) == []
    assert world.destroy(ada).title == "complete"


def test_where_the_law_does_not_ask_for_it_nothing_waits(world: World) -> None:
    """Illinois sets no such order: the destruction goes on."""
    ada = world.person("Ada", "US-IL").id
    world.engine.requests.open(ada, RequestKind.ACCESS, verified_by=DOCUMENT)
    assert world.destroy(ada).title == "complete"


def test_the_archive_holds_everything_but_a_faceprint(
    world: World, people: tuple[ClientId, SubjectId, SubjectId]
) -> None:
    """Releases, notices, photos, previews without other faces, findings and the log; no vector, no other name."""
    _, ada, bo = people
    asked = world.engine.requests.open(ada, RequestKind.EXPORT, verified_by=VerifiedBy.ACCOUNT)
    data = archive(world.engine.requests.package(asked.id))
    packed = zipfile.ZipFile(io.BytesIO(data))
    files = {name: packed.read(name) for name in packed.namelist()}
    told = json.loads(files["data.json"])
    assert [one["client_name"] for one in told["held"]["found_by"]] == ["Shop"]
    assert len(told["photos"]) == CLIENT_PHOTOS + 1
    assert "subject:release:signed" in {one["tag"] for one in told["log"]}
    assert sum(name.startswith("previews/") for name in files) == CLIENT_PHOTOS + 1
    assert b"NOTICE ABOUT YOUR FACE DATA" in b"".join(v for name, v in files.items() if name.startswith("notices/"))
    assert b"What is held about you" in files["index.html"]
    everything = b"".join(files.values())
    assert bo.encode() not in everything
    assert b"Bo" not in files["index.html"] + files["data.json"]
    assert all(vector.tobytes()[:16] not in everything for vector in world.encoder.vectors)
    assert not any(word in files["data.json"] for word in (b"vector", b"embedding", b"sealed"))


def test_deadlines_are_civil_days_of_the_law(world: World) -> None:
    """Acknowledged in 7 days and answered in 30, the day after either is late; answered, nothing is."""
    ada = world.person("Ada", "unknown").id
    requests = world.engine.requests
    one = requests.open(ada, RequestKind.ACCESS, verified_by=DOCUMENT, channel="letter")
    assert ((one.due - one.ack_due).days, requests.everything()[0].late) == (23, None)
    world.clock.tick(days=9)
    assert requests.everything()[0].late == "acknowledgement"
    requests.acknowledge(one.id)
    assert requests.everything()[0].late is None
    world.clock.tick(days=23)
    assert requests.everything()[0].late == "answer"
    requests.answered(one.id, "0" * 64)
    assert requests.everything()[0].late is None
    assert requests.close(one.id).outcome is RequestOutcome.FULFILLED
    assert b"letter" not in world.bytes_on_disk()


def test_corrections(world: World, people: tuple[ClientId, SubjectId, SubjectId]) -> None:
    """A wrong name is corrected; a face that is not the person's loses its faceprint, and finds nobody any more."""
    client, ada, bo = people
    requests = world.engine.requests
    named = requests.open(ada, RequestKind.CORRECT, verified_by=DOCUMENT)
    with pytest.raises(BadInput, match="label"):
        requests.correct_label(named.id, " ")
    requests.correct_label(named.id, "Ada Right")
    assert world.engine.subjects.show(ada).subject.label == "Ada Right"
    mine = [face for face in world.faces(FaceState.REFERENCE) if face.subject == ada]
    for face in mine:
        one = requests.open(ada, RequestKind.CORRECT, verified_by=DOCUMENT)
        with pytest.raises(NotFound):
            requests.correct_face(one.id, next(f.id for f in world.faces() if f.subject == bo))
        requests.correct_face(one.id, face.id)
    assert world.found(client, 1) == set()
    assert world.found(client, 2) == {bo}
    assert {face.state for face in world.faces() if face.id in {one.id for one in mine}} == {FaceState.DISMISSED}
    assert world.engine.doctor.problems() == []
    other = requests.open(ada, RequestKind.CORRECT, verified_by=DOCUMENT)
    requests.corrected(other.id)


def test_an_erasure_request_freezes_at_once_and_ends_with_a_certificate(
    world: World, people: tuple[ClientId, SubjectId, SubjectId]
) -> None:
    """Opened, nobody finds the person; answered by two people, everything is gone, and the request says when."""
    client, ada, _ = people
    requests = world.engine.requests
    one = requests.open(ada, RequestKind.ERASE, verified_by=VerifiedBy.SIGNED_RELEASE_KEY)
    assert world.found(client, 1) == set()
    waits = requests.erase(one.id, by=CUSTODIAN)
    assert waits.run.state is RunState.FROZEN
    world.engine.destruction.approve(waits.run.id, by="counsel")
    done = requests.erase(one.id, by=CUSTODIAN)
    assert (done.title, done.run.order_ref) == ("complete", f"request {one.id}")
    assert requests.everything()[0].request.state == "answered"
    assert requests.close(one.id).outcome is RequestOutcome.FULFILLED


def test_what_does_not_fit_is_refused(world: World) -> None:
    """Unknown people and requests, another kind, a second answer, a refusal without a reason: nothing moves."""
    requests, ada = world.engine.requests, world.person("Ada").id
    with pytest.raises(NotFound):
        requests.open(SubjectId("sub_none"), RequestKind.ACCESS, verified_by=DOCUMENT)
    one = requests.open(ada, RequestKind.ACCESS, verified_by=DOCUMENT)
    before = world.state()
    with pytest.raises(NotFound):
        requests.package(RequestId("req_none"))
    with pytest.raises(BadInput, match="one to access"):
        requests.erase(one.id, by=CUSTODIAN)
    with pytest.raises(BadInput, match="why it is refused"):
        requests.close(one.id)
    assert world.state() == before
    assert requests.close(one.id, reason="not this person").outcome is RequestOutcome.REFUSED
    with pytest.raises(BadInput, match="closed"):
        requests.package(one.id)
    with pytest.raises(BadInput, match="closed"):
        requests.close(one.id)


def test_no_photo_is_asked_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """No request of any kind reads a photo of the person or makes a faceprint."""
    ada, before = world.person("Ada").id, world.encoder.crops
    monkeypatch.setattr(Searches, "search", None)
    for kind in RequestKind:
        world.engine.requests.open(ada, kind, verified_by=DOCUMENT)
    assert world.encoder.crops == before
    assert "photo" not in {way.value for way in VerifiedBy}


def test_t17_the_retention_clock_waits_too(world: World, people: tuple[ClientId, SubjectId, SubjectId]) -> None:
    """Whose time is up and who waits for an answer is frozen and not overdue; answered, the next run destroys."""
    client, ada, bo = people
    world.clock.tick(days=299)
    asked = world.engine.requests.open(ada, RequestKind.ACCESS, verified_by=DOCUMENT)
    world.clock.tick(days=5)
    done = world.engine.retention.run()
    assert (done.destroyed, done.status.overdue, done.problems) == (1, 0, ())
    assert {person.id for person in world.engine.subjects.everyone()} == {ada}
    assert world.found(client, 1) == set()
    world.engine.requests.answered(asked.id, "0" * 64)
    assert world.engine.retention.run().destroyed == 1
    assert world.engine.subjects.everyone() == []
    assert bo not in world.engine._records.keyring.owners()
