# SPDX-License-Identifier: Apache-2.0
"""Stop is immediate, whatever is under way: withdrawals by another process in the middle of things."""

from __future__ import annotations

import subprocess
import sys

import pytest
from fake_pack import face, photo, png
from world import DELIVERY, OPERATOR, PRESENT, World

from countenance.bootstrap import Engine
from countenance.ids import SubjectId
from countenance.model.event import EventTag
from countenance.model.faceprint import Faceprint
from countenance.model.source import FaceState
from countenance.services.gallery import Hit
from countenance.services.search import Request
from countenance.store import clients as client_rows
from countenance.store import photos as rows


def elsewhere(world: World, verb: str, subject: SubjectId) -> None:
    """Run `withdraw` or `destroy` in another process."""
    command = [sys.executable, "-m", "countenance", verb, subject, "--data", str(world.data), "--json"]
    subprocess.run(command, check=True, capture_output=True, timeout=60, cwd=world.data.parent)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_withdrawal_during_an_ingest_wins(live: World, moment: str) -> None:
    """Withdrawn elsewhere while the encoder works: nothing is stored, the reason is, and the batch goes on."""
    source, client = live.source(), live.client()
    ada, bo = live.person("Ada"), live.person("Bo")
    for subject in (ada, bo):
        live.sign(subject.id)
    paths = [live.photo(1), live.photo(1, 2), live.photo(2)]
    calls: list[str] = []

    def withdraw() -> None:
        calls.append("encode")
        if len(calls) == 2:
            elsewhere(live, "withdraw", ada.id)

    setattr(live.encoder, moment, withdraw)
    claims = [(paths[0], ada.id), (paths[1], ada.id, 0), (paths[1], bo.id, 1), (paths[2], bo.id)]
    summary, outcomes = live.ingest(source, *paths, manifest=claims)

    assert (summary.references, dict(summary.skipped)) == (3, {"subject.frozen": 1})
    refused = next(f for f in outcomes[1].faces if f.subject == ada.id)
    assert (refused.state, refused.reason) == (FaceState.SKIPPED, "subject.frozen")
    denied = live.log(EventTag.FACE_DENIED, ada.id)[-1]
    assert (denied.payload["rule"], denied.payload["face"]) == ("subject.frozen", refused.face)
    setattr(live.encoder, moment, None)
    assert live.found(client, 1) == set()
    assert live.found(client, 2) == {bo.id}
    assert live.engine.doctor.problems() == []


def test_a_destruction_during_an_ingest_wins(live: World) -> None:
    """Destroyed elsewhere while the encoder works: the face is left out with a reason, and the batch goes on."""
    source, client = live.source(), live.client()
    ada, bo = live.person("Ada"), live.person("Bo")
    for subject in (ada, bo):
        live.sign(subject.id)
    paths = [live.photo(1, 2), live.photo(1), live.photo(2)]

    def destroy() -> None:
        live.encoder.after = None
        elsewhere(live, "destroy", ada.id)

    live.encoder.after = destroy
    claims = [(paths[0], ada.id, 0), (paths[0], bo.id, 1), (paths[1], ada.id), (paths[2], bo.id)]
    summary, outcomes = live.ingest(source, *paths, manifest=claims)

    assert (summary.references, dict(summary.skipped)) == (2, {"subject.gone": 2})
    assert [len(outcome.faces) for outcome in outcomes] == [2, 1, 1]
    assert {f.subject for f in live.faces()} == {bo.id, None}
    assert live.found(client, 1) == set()
    assert live.engine.doctor.problems() == []


@pytest.mark.parametrize("verb", ["withdraw", "destroy"])
def test_a_stop_during_a_search_wins(live: World, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    """Stopped elsewhere between the comparison and the answer: the person is not in the answer."""
    source, client, ada = live.source(), live.client(), live.person("Ada")
    live.sign(ada.id)
    live.enrol(source, ada.id, 1)
    gallery = live.engine.searches._gallery
    compare, stopped = gallery.nearest, []

    def compare_then_stop(*args, **kwargs):
        found = compare(*args, **kwargs)
        if not stopped:
            assert [hit.subject for hit in found] == [ada.id]
            stopped.append(elsewhere(live, verb, ada.id))
        return found

    monkeypatch.setattr(gallery, "nearest", compare_then_stop)
    request = Request(client, DELIVERY, PRESENT, OPERATOR)
    result = live.engine.searches.search(png(photo(face(1, 7))), request)
    assert (result.candidates, result.gallery) == ((), 0)
    assert live.log(EventTag.SEARCH_ANSWERED)[-1].payload["outcome"] == "nobody"


def test_a_dismissal_during_an_ingest_wins(live: World) -> None:
    """Dismissed elsewhere while the encoder works on it again: the face stays dismissed and is not stored."""
    source, ada, bo = live.source(), live.person("Ada"), live.person("Bo")
    picture = live.photo(1, 2)
    claims = [(picture, ada.id, 0), (picture, bo.id, 1)]
    live.ingest(source, picture, manifest=claims)
    for subject in (ada, bo):
        live.sign(subject.id)
    (face,) = [face.id for face in live.faces() if face.subject == ada.id]
    live.encoder.after = lambda: Engine.open(live.data).review.dismiss(face)
    summary, _ = live.ingest(source, picture, manifest=claims)
    assert summary.references == 1
    assert [f.id for f in live.faces(FaceState.DISMISSED)] == [face]
    assert {f.subject for f in live.faces(FaceState.REFERENCE)} == {bo.id}
    assert live.engine.doctor.problems() == []


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_photo_forgotten_during_an_ingest_is_left_out(live: World, moment: str) -> None:
    """Forgotten elsewhere with the last person in it while it is looked at again: a reason, and the next run is new."""
    source, ada, bo = live.source(), live.person("Ada"), live.person("Bo")
    live.sign(ada.id)
    picture, other = live.photo(1, 2), live.photo(2)
    claims = [(picture, ada.id, 0), (picture, bo.id, 1), (other, bo.id)]
    live.ingest(source, picture, other, manifest=claims)
    live.sign(bo.id)

    def destroy() -> None:
        setattr(live.encoder, moment, None)
        elsewhere(live, "destroy", ada.id)

    setattr(live.encoder, moment, destroy)
    summary, outcomes = live.ingest(source, picture, other, manifest=claims)
    assert ([o.reason for o in outcomes], summary.references) == (["forgotten", None], 1)
    assert live.engine.doctor.problems() == []
    setattr(live.encoder, moment, None)
    summary, _ = live.ingest(source, picture, manifest=[(picture, bo.id, 1)])
    assert (summary.new, summary.references) == (1, 1)


def test_a_withdrawal_elsewhere_is_seen_by_the_next_search(live: World) -> None:
    """A running program that has just found somebody finds nobody after a withdrawal by another process."""
    source, client = live.source(), live.client()
    people = []
    for seed in (1, 2):
        people.append(live.person(f"Person {seed}").id)
        live.sign(people[-1])
        live.enrol(source, people[-1], seed, photos=2)
    assert live.search(client, 1).gallery == 4
    elsewhere(live, "withdraw", people[0])
    result = live.search(client, 1)
    assert (result.candidates, result.gallery) == ((), 2)
    assert live.found(client, 2) == {people[1]}
    live.reopen()
    assert live.found(client, 1) == set()


def test_a_second_ingest_waits_for_nobody(live: World) -> None:
    """While one ingest runs, another on the same directory is refused at once and changes nothing."""
    from countenance.errors import Busy

    source, ada = live.source(), live.person("Ada")
    live.sign(ada.id)
    first, second = live.photo(1), live.photo(1)
    refusals: list[Exception] = []

    def again() -> None:
        live.encoder.before = None
        before = live.state()
        with pytest.raises(Busy, match="another ingest") as refusal:
            live.ingest(source, second)
        assert live.state() == before
        refusals.append(refusal.value)

    live.encoder.before = again
    summary, _ = live.ingest(source, first, manifest=[(first, ada.id)])
    assert (len(refusals), summary.references) == (1, 1)


def test_the_nearest_people_are_those_of_the_view(live: World) -> None:
    """Asked for the nearest people, the gallery names each once, by the best photo, and nobody outside the view."""
    source, client = live.source(), live.client()
    people = []
    for seed in range(4):
        people.append(live.person(f"Person {seed}").id)
        live.sign(people[-1])
        live.enrol(source, people[-1], seed, photos=3)
    live.engine.subjects.withdraw(people[3])
    gallery, encoder = live.engine.searches._gallery, live.encoder
    with live.engine._records.read() as work:
        view = gallery.view(work, encoder, client_rows.get(work, client), DELIVERY)
        references = [one for one, who in rows.reference_subjects(work, encoder.digest).items() if who == people[1]]
    assert (view.size, view.people) == (9, 3)
    _, (vector,) = gallery.faceprints([Hit(references[0], people[1], 1.0)])
    probe = Faceprint(vector, encoder.digest)
    best: dict[SubjectId, Hit] = {}
    for hit in gallery.search(probe, view, -1.0):
        best.setdefault(hit.subject, hit)
    for number in (1, 2, 3, 9):
        assert gallery.nearest(probe, view, number) == list(best.values())[:number]
