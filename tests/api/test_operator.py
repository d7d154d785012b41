# SPDX-License-Identifier: Apache-2.0
"""The operator's side over HTTP: sources, ingests, review, people, status."""

from __future__ import annotations

import time
from typing import Any

import pytest
from fake_pack import face, photo, png
from operator_callers import as_staff, let_in
from served import Server
from starlette.testclient import TestClient
from world import World

from countenance.model.account import Role
from countenance.model.event import EventTag

API = "/api/v1"


@pytest.fixture
def operator(server: Server, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """An operator's client."""
    let_in(monkeypatch)
    return as_staff(server())


def ended(operator: TestClient, where: str) -> dict[str, Any]:
    """Wait for an ingest."""
    for _ in range(500):
        now: dict[str, Any] = operator.get(where).json()
        if now["state"] != "running":
            return now
        time.sleep(0.01)
    raise AssertionError("the ingest does not end")


def test_sources_are_added_and_listed_page_by_page(operator: TestClient) -> None:
    """A source is added with its permission and found again; pages go on where the last one ended."""
    for name in ("Gala", "Fair", "Museum"):
        answer = operator.post(f"{API}/sources", json={"name": name, "basis": "contract", "capture_place": "US-IL"})
        assert answer.status_code == 201
        assert operator.get(answer.headers["location"]).json()["name"] == name
    first = operator.get(f"{API}/sources", params={"limit": 2}).json()
    assert [one["name"] for one in first["sources"]] == ["Museum", "Fair"]
    rest = operator.get(f"{API}/sources", params={"after": first["next"]}).json()
    assert ([one["name"] for one in rest["sources"]], rest["next"]) == (["Gala"], None)
    assert operator.post(f"{API}/sources", json={"name": "x", "basis": " "}).status_code == 422
    assert operator.get(f"{API}/sources/src_none").status_code == 404


def test_a_revoked_source_is_added_again_by_a_custodian_alone(
    world: World, server: Server, operator: TestClient
) -> None:
    """An operator is refused, with the rule; a custodian who has a new permission is not."""
    world.engine.sources.revoke(world.source(), by="acc_cus", reason="letter")
    source = {"name": "Gala", "basis": "new contract"}
    refused = operator.post(f"{API}/sources", json=source)
    assert (refused.status_code, refused.json()["rule"]) == (403, "source.revoked")
    assert world.log(EventTag.SOURCE_REFUSED)
    custodian = as_staff(server(), Role.CUSTODIAN, "acc_cus")
    assert custodian.post(f"{API}/sources", json=source).status_code == 201


def test_a_folder_is_chosen_and_ingested(world: World, operator: TestClient) -> None:
    """From the list of folders to what became of each file; nothing outside of the roots can be named."""
    source = world.source()
    for number in range(3):
        world.photo(number, name=f"gala/{number}.png")
    (world.photos / "gala" / "broken.jpg").write_bytes(b"no photo")
    (root,) = operator.get(f"{API}/folders").json()["roots"]
    assert operator.post(f"{API}/folders/list", json={"root": root}).json()["folders"] == ["gala"]
    assert operator.post(f"{API}/folders/list", json={"root": root, "inside": "gala"}).json()["photos"] == 4
    assert operator.post(f"{API}/folders/list", json={"root": root, "inside": "../.."}).status_code == 422
    started = operator.post(
        f"{API}/ingests", json={"kind": "folder", "source": source, "root": root, "inside": "gala", "ask": True}
    )
    assert started.status_code == 201
    where = started.headers["location"]
    now = ended(operator, where)
    assert (now["state"], now["total"], now["sums"]["waiting"], now["sums"]["skipped"]) == (
        "done",
        4,
        3,
        {"not_an_image": 1},
    )
    page = operator.get(f"{where}/outcomes", params={"limit": 3}).json()
    assert (len(page["outcomes"]), page["next"], page["remembered"]) == (3, 3, True)
    (left,) = operator.get(f"{where}/outcomes", params={"mark": "not_an_image"}).json()["outcomes"]
    assert left["name"] == "broken.jpg"
    assert [one["id"] for one in operator.get(f"{API}/ingests").json()["ingests"]] == [now["id"]]
    assert operator.post(f"{where}/resume").status_code == 422
    assert operator.post(f"{where}/cancel").status_code == 422


def test_photos_are_uploaded_one_by_one(world: World, operator: TestClient) -> None:
    """Each photo is answered with what became of it; a bad one is an outcome, no error; then the job is finished."""
    job = operator.post(f"{API}/ingests", json={"kind": "upload", "source": world.source(), "total": 2}).json()
    where = f"{API}/ingests/{job['id']}"
    good = operator.post(
        f"{where}/photos", headers={"Countenance-File-Name": "Ada%20%C3%84.png"}, content=png(photo(face(1)))
    )
    assert (good.status_code, good.json()["name"], good.json()["bystanders"]) == (200, "Ada Ä.png", 1)
    bad = operator.post(f"{where}/photos", headers={"Countenance-File-Name": "b.png"}, content=b"x")
    assert (bad.status_code, bad.json()["reason"]) == (200, "not_an_image")
    done = operator.post(f"{where}/finish").json()
    assert (done["state"], done["sums"]["photos"]) == ("done", 2)
    late = operator.post(f"{where}/photos", content=png(photo(face(2))))
    assert (late.status_code, late.json()["code"]) == (422, "bad_input")


def test_a_face_is_decided_on_and_taken_back(world: World, operator: TestClient) -> None:
    """Queue, photo, picture, assign, split, undo: the whole of a reviewer's work, logged with the account's code."""
    ada, bo = world.person("Ada").id, world.person("Bo").id
    world.sign(ada)
    world.sign(bo)
    client = world.client()
    data = png(photo(face(1), face(2)))
    one = world.engine.ingest.one(world.source(), data, name="gala.png", ask=True).photo
    assert operator.get(f"{API}/review").json() == {"photos": [{"photo": one, "waiting": 2}], "next": None}
    shown = operator.get(f"{API}/photos/{one}").json()
    assert (shown["name"], shown["width"], shown["height"], shown["left"]) == ("gala.png", 224, 112, 1)
    picture = operator.get(f"{API}/photos/{one}/picture", params={"large": True})
    assert (picture.headers["content-type"], picture.headers["cache-control"]) == ("image/jpeg", "no-store")
    first, second = (one["id"] for one in shown["faces"])
    assert operator.post(f"{API}/faces/{first}/assign", json={"subject": bo}).status_code == 200
    assert world.found(client, 1) == {bo}
    moved = operator.post(f"{API}/faces/{first}/split", json={"subject": ada}).json()["face"]
    assert world.found(client, 1) == {ada}
    assert operator.post(f"{API}/review/undo").json()["face"] not in (first, moved)
    assert world.found(client, 1) == set()
    assert operator.post(f"{API}/faces/{second}/dismiss").status_code == 200
    assert operator.post(f"{API}/faces/{second}/dismiss").status_code == 422
    assert operator.post(f"{API}/faces/fac_none/assign", json={"subject": ada}).status_code == 404


def test_who_signed_nothing_is_not_encoded_by_a_reviewer_either(world: World, operator: TestClient) -> None:
    """The refusal carries the rule and the law; no crop reached the encoder."""
    ada = world.person("Ada").id
    world.engine.ingest.one(world.source(), png(photo(face(1))), ask=True)
    (waiting,) = world.engine.review.waiting()
    answer = operator.post(f"{API}/faces/{waiting.face.id}/assign", json={"subject": ada})
    assert answer.status_code == 403
    assert answer.json()["rule"].startswith("consent.")
    assert world.encoder.crops == 0


def test_people_are_added_and_found(world: World, operator: TestClient) -> None:
    """Somebody is added with nothing signed, and found by a part of the label."""
    made = operator.post(f"{API}/people", json={"label": "Ada Example", "residency": ["US-IL"]})
    assert (made.status_code, made.json()["stands"]) == (201, "not_signed")
    assert operator.post(f"{API}/people", json={"label": "x", "residency": ["nowhere at all"]}).status_code == 422
    found = operator.post(f"{API}/people/find", json={"text": "exam"}).json()
    assert [one["id"] for one in found["people"]] == [made.json()["id"]]


def test_status_names_nobody(world: World, operator: TestClient) -> None:
    """Numbers, the model and what a look found: none of it says who is held."""
    ada = world.person("Ada Example").id
    world.sign(ada)
    world.enrol(world.source(), ada, 1)
    assert operator.post(f"{API}/status/check").json()["problems"] == []
    answer = operator.get(f"{API}/status")
    status = answer.json()
    assert (status["numbers"]["references"], status["model"]["problem"], status["checked"]["problems"]) == (1, None, [])
    assert "Ada" not in answer.text
    assert ada not in answer.text
    assert operator.get(f"{API}/packs").json()["packs"]
