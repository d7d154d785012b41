# SPDX-License-Identifier: Apache-2.0
"""The operator's forms: carried out and led on, or shown again with what was typed and why not."""

from __future__ import annotations

import re
import time

import pytest
from fake_pack import face, photo, png
from operator_callers import as_staff, let_in
from served import Server
from starlette.testclient import TestClient
from world import World

from countenance.model.account import Role
from countenance.model.source import FaceState


@pytest.fixture
def operator(server: Server, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """An operator's browser."""
    let_in(monkeypatch)
    return as_staff(server())


def test_a_source_is_added_or_the_form_comes_again(world: World, operator: TestClient) -> None:
    """What was typed is kept where something is missing; else the list shows the source."""
    wrong = operator.post("/sources/new", data={"name": "Gala & Co", "basis": " ", "hosts": "a.example"})
    assert wrong.status_code == 422
    assert "Gala &amp; Co" in wrong.text
    assert "a.example" in wrong.text
    done = operator.post("/sources/new", data={"name": "Gala & Co", "basis": "contract", "capture_place": "US-IL"})
    assert (done.status_code, done.headers["location"]) == (303, "/sources")
    assert "Gala &amp; Co" in operator.get("/sources").text


def test_a_revoked_source_is_explained_on_the_page(world: World, operator: TestClient) -> None:
    """An operator reads which rule refuses a source that was revoked."""
    world.engine.sources.revoke(world.source(), by="acc_cus", reason="letter")
    answer = operator.post("/sources/new", data={"name": "Gala", "basis": "new contract"})
    assert answer.status_code == 403
    assert "source.revoked" in answer.text


def test_a_person_is_added_and_found_without_a_name_in_an_address(world: World, operator: TestClient) -> None:
    """No address of a page or redirect has a name in it: addresses end up in logs and histories."""
    done = operator.post("/people", data={"label": "Ada Example", "residency": "US-IL, DE"})
    assert (done.status_code, done.headers["location"]) == (303, "/people")
    found = operator.post("/people/find", data={"q": "exam"})
    assert "Ada Example" in found.text
    assert "Ada Example" not in operator.post("/people/find", data={"q": "bo"}).text
    wrong = operator.post("/people", data={"label": "Bo", "residency": "nowhere at all"})
    assert wrong.status_code == 422
    assert 'value="Bo"' in wrong.text


def test_an_ingest_is_started_cancelled_and_taken_up_from_its_page(world: World, operator: TestClient) -> None:
    """The forms of an ingest lead to its page; what cannot be done is said there."""
    source = world.source()
    world.photo(1, name="gala/1.png")
    root = world.photos.name
    wrong = operator.post("/ingests", data={"source": "src_none", "root": root, "inside": "gala"})
    assert wrong.status_code == 404
    outside = operator.post("/ingests", data={"source": source, "root": root, "inside": "../.."})
    assert outside.status_code == 422
    started = operator.post("/ingests", data={"source": source, "root": root, "inside": "gala", "ask": "yes"})
    assert started.status_code == 303
    where = started.headers["location"]
    for _ in range(500):
        shown = operator.get(where).text
        if "Done" in shown:
            break
        time.sleep(0.01)
    assert "gala" in shown
    assert "Review 1 face" in shown
    assert operator.post(f"{where}/cancel").status_code == 422
    assert operator.post(f"{where}/resume").status_code == 422
    assert operator.get("/ingests/job_none").status_code == 404


def test_a_refused_assignment_says_which_rule_on_the_page(world: World, operator: TestClient) -> None:
    """Somebody without a release is not encoded; the photo is shown again with the rule."""
    ada = world.person("Ada").id
    one = world.engine.ingest.one(world.source(), png(photo(face(1))), ask=True).photo
    (waiting,) = world.engine.review.waiting()
    answer = operator.post(f"/review/{one}/faces/{waiting.face.id}/assign", data={"subject": ada})
    assert answer.status_code == 403
    assert "consent." in answer.text
    assert world.encoder.crops == 0
    nobody = operator.post(f"/review/{one}/faces/{waiting.face.id}/assign", data={"subject": ""})
    assert nobody.status_code == 404
    back = operator.post("/review/undo", data={"back": str(one)})
    assert back.headers["location"].startswith(f"/review/{one}?face=")
    assert world.faces()[0].state is FaceState.WAITING
    assert operator.post("/review/undo", data={"back": str(one)}).status_code == 422


def test_a_custodian_sees_no_face_and_no_button(server: Server, operator: TestClient, world: World) -> None:
    """What a role may not do is neither linked nor done."""
    custodian = as_staff(server(), Role.CUSTODIAN, "acc_cus")
    shown = custodian.get("/overview")
    assert shown.status_code == 200
    assert not re.search(r'class="nav".*href="/review"', shown.text, re.DOTALL)
    assert custodian.get("/review").status_code == 403
    assert custodian.post("/people", data={"label": "x"}).status_code == 403
    assert "Add the person" not in custodian.get("/people").text
