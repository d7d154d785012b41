# SPDX-License-Identifier: Apache-2.0
"""Clients and flags at the doors: vetted by two, suspended on the next call, metered, looked at."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fake_pack import face, photo, png
from served import ClientFor
from starlette.testclient import TestClient
from world import World

from countenance.ids import ClientId, SubjectId
from countenance.model.account import Role
from countenance.model.event import EventTag

API = "/api/v1"
TODAY = datetime.now(UTC).date()
SAID: dict[str, Any] = {
    "name": "Gala Photos",
    "kind": "photographer",
    "purposes": ["photo_delivery"],
    "contact": "Eve Example, eve@gala.example",
    "contract": "C/2026/17",
    "contract_on": (TODAY - timedelta(days=3)).isoformat(),
    "contract_until": (TODAY + timedelta(days=300)).isoformat(),
    "place": "US-IL",
}
FORM = {**SAID, "site": "private", "fpir": "0.01", "per_hour": "1000", "per_day": "10000"}


@pytest.fixture
def ann(client_for: ClientFor) -> TestClient:
    """A custodian."""
    return client_for(Role.CUSTODIAN)


@pytest.fixture
def bea(client_for: ClientFor) -> TestClient:
    """Another custodian."""
    return client_for(Role.CUSTODIAN)


def done(browser: TestClient, path: str, said: object = None, status: int = 200) -> Any:
    """Post; hold that it was carried out; return what came."""
    answer = browser.post(f"{API}{path}", json=said)
    assert answer.status_code == status, answer.text
    return answer.json()


def vetted(ann: TestClient, bea: TestClient, **changes: Any) -> ClientId:
    """Vet a client by two."""
    change = done(ann, "/clients", {**SAID, **changes}, 201)
    return ClientId(done(bea, f"/client-changes/{change['id']}/confirm")["client"]["id"])


def enrolled(world: World, seed: int = 1) -> SubjectId:
    """Enrol somebody whom any photographer may find."""
    person = world.person(f"Person {seed}")
    world.sign(person.id)
    world.enrol(world.source(), person.id, seed)
    return person.id


def search(browser: TestClient, seed: int = 1) -> Any:
    """Search; return the answer."""
    asked = {"purpose": "photo_delivery", "basis": "subject_present"}
    return browser.post(f"{API}/searches", params=asked, content=png(photo(face(seed, 999))))


def test_two_vet_a_client_one_suspends_it_and_the_next_call_is_refused(
    world: World, ann: TestClient, bea: TestClient, client_for: ClientFor
) -> None:
    """Entered, it does not exist; who entered it cannot confirm; suspended, its very next search is refused."""
    ada = enrolled(world)
    change = done(ann, "/clients", SAID, 201)
    assert ann.get(f"{API}/clients").json() == []
    answer = ann.post(f"{API}/client-changes/{change['id']}/confirm")
    assert (answer.status_code, answer.json()["rule"]) == (403, "client.two_people")
    assert world.log()[-1].tag is EventTag.CLIENT_REFUSED
    client = done(bea, f"/client-changes/{change['id']}/confirm")["client"]["id"]
    searcher = client_for(Role.SEARCHER, client=ClientId(client))
    assert [one["subject"] for one in search(searcher).json()["candidates"]] == [ada]
    assert (
        done(ann, f"/clients/{client}/suspend", {"reason": "An unpaid promise"})["denial"]["rule"] == "client.suspended"
    )
    assert search(searcher).json()["rule"] == "client.suspended"
    assert b"An unpaid promise" not in world.bytes_on_disk()
    change = done(ann, f"/clients/{client}/reinstate", status=201)
    assert search(searcher).status_code == 403
    done(bea, f"/client-changes/{change['id']}/confirm")
    assert search(searcher).status_code == 201


def test_what_narrows_works_at_once_and_what_widens_waits(world: World, ann: TestClient, bea: TestClient) -> None:
    """A smaller quota is in force with the call; a larger one and another purpose wait, and can be turned down."""
    client = vetted(ann, bea)
    path = f"{API}/clients/{client}"
    less = ann.patch(path, json={"quota": {"per_hour": 5, "per_day": 10}}).json()
    assert (less["outcome"], less["widens"]) == ("confirmed", [])
    more = ann.patch(path, json={"purposes": ["photo_delivery", "release_desk"], "hours": None}).json()
    assert (more["outcome"], more["widens"]) == (None, ["purposes"])
    standing = bea.get(path).json()
    assert standing["client"]["purposes"] == ["photo_delivery"]
    assert standing["usage"]["per_hour"] == 5
    assert bea.get(f"{API}/client-changes").json()[0]["id"] == more["id"]
    assert done(bea, f"/client-changes/{more['id']}/drop")["outcome"] == "dropped"
    assert bea.get(path).json()["client"]["purposes"] == ["photo_delivery"]
    assert ann.patch(path, json={}).status_code == 422


@pytest.mark.parametrize("kind", ["individual", "trial", "unvetted"])
def test_t22_no_door_takes_on_those_whom_nobody_vets(world: World, ann: TestClient, kind: str) -> None:
    """An individual, a trial or an unvetted organisation is refused when it is entered; the log says so."""
    before = world.state()
    answer = ann.post(f"{API}/clients", json={**SAID, "kind": kind})
    assert (answer.status_code, answer.json()["rule"]) == (403, "client.kind")
    assert dict(world.log()[-1].payload)["rule"] == "client.kind"
    page = ann.post("/clients/new", data={**FORM, "kind": kind})
    assert page.status_code == 403
    assert "client.kind" in page.text
    assert world.state() == before


def test_a_quota_is_shown_to_who_searches_and_held(
    world: World, ann: TestClient, bea: TestClient, client_for: ClientFor
) -> None:
    """The searcher sees what is left; used up, the next search is 429 with the seconds to wait."""
    enrolled(world)
    client = vetted(ann, bea, quota={"per_hour": 2, "per_day": 5})
    searcher = client_for(Role.SEARCHER, client=client)
    for used in (1, 2):
        assert search(searcher).status_code == 201
        assert searcher.get(f"{API}/quota").json()["hour"] == used
    refused = search(searcher)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many")
    assert int(refused.headers["retry-after"]) > 0
    assert "accounts" not in searcher.get(f"{API}/quota").json()
    assert "2 of 2" in searcher.get("/searches").text
    assert "2 of 2 searches of this hour" in searcher.get("/search").text


def test_a_flag_waits_for_a_custodian_who_settles_it(
    world: World, ann: TestClient, bea: TestClient, client_for: ClientFor
) -> None:
    """Found three times by one account: flagged, shown with who and whom, on the worklist, and settled with a note."""
    ada, client = enrolled(world), vetted(ann, bea)
    searcher = client_for(Role.SEARCHER, client=client)
    for _ in range(3):
        assert search(searcher).status_code == 201
    (flag,) = ann.get(f"{API}/flags", params={"unsettled": True, "client": client}).json()["items"]
    assert (flag["kind"], flag["people"], flag["times"]) == ("repeated_person", [ada], 3)
    assert flag["account"].startswith("acc_")
    assert "flag" in {one["kind"] for one in ann.get(f"{API}/worklist").json()}
    assert ann.post(f"{API}/flags/{flag['id']}/settle", json={"note": " "}).status_code == 422
    settled = done(ann, f"/flags/{flag['id']}/settle", {"note": "Spoke with the archive; a double."})
    assert settled["note"] == "Spoke with the archive; a double."
    assert b"a double." not in world.bytes_on_disk()
    assert "flag" not in {one["kind"] for one in ann.get(f"{API}/worklist").json()}
    assert searcher.get(f"{API}/flags").status_code == 403


def test_who_searches_for_oneself_is_flagged_once_it_is_declared(
    world: World, ann: TestClient, bea: TestClient, client_for: ClientFor
) -> None:
    """A custodian declares who is behind an account; the next search that finds this person is flagged."""
    ada, client = enrolled(world), vetted(ann, bea)
    searcher = client_for(Role.SEARCHER, client=client)
    account = next(str(one.id) for one in world.engine.accounts.everyone() if one.client == client)
    said = ann.put(f"{API}/accounts/{account}/person", json={"subject": ada})
    assert said.json() == ann.get(f"{API}/accounts/{account}/person").json() == {"subject": ada}
    assert search(searcher).status_code == 201
    assert [one["kind"] for one in ann.get(f"{API}/flags").json()["items"]] == ["own_person"]
    answer = ann.post(f"/clients/{client}/people", data={"account": account, "subject": ""}, follow_redirects=False)
    assert answer.status_code == 303
    assert ann.get(f"{API}/accounts/{account}/person").json() == {"subject": None}


def test_the_pages_vet_with_what_changes_side_by_side(world: World, ann: TestClient, bea: TestClient) -> None:
    """Typed, compared, confirmed by another; a change shows old and new, and what lets the client do more."""
    assert ann.get("/clients/new").status_code == 200
    wrong = ann.post("/clients/new", data={**FORM, "contact": ""})
    assert wrong.status_code == 422
    assert "C/2026/17" in wrong.text  # what was typed is there still
    made = ann.post("/clients/new", data=FORM, follow_redirects=False).headers["location"]
    own = ann.get(made)
    assert "somebody else has to confirm it" in own.text
    assert 'value="confirm"' not in own.text
    assert ann.post(f"{made}/act", data={"step": "confirm"}).status_code == 403
    assert bea.post(f"{made}/act", data={"step": "confirm"}).status_code == 303
    (client,) = [one.id for one in world.engine.register.clients()]
    amended = ann.post(f"/clients/{client}/amend", data={**FORM, "per_hour": "2000"}, follow_redirects=False)
    change = bea.get(amended.headers["location"])
    assert re.search(r"1,000 an hour.*2,000 an hour.*may do more", change.text, re.DOTALL)
    assert "Contract" not in change.text  # it does not change
    narrowed = ann.post(f"/clients/{client}/amend", data={**FORM, "per_day": "9000"}, follow_redirects=False)
    assert narrowed.headers["location"] == f"/clients/{client}"
    shown = ann.get(f"/clients/{client}").text
    assert "9,000" in shown
    assert ann.post(f"/clients/{client}/suspend", data={"reason": ""}).status_code == 422
    assert ann.post(f"/clients/{client}/suspend", data={"reason": "Unclear"}).status_code == 303
    assert "Unclear" in ann.get(f"/clients/{client}").text


def test_an_operator_reads_clients_and_changes_nothing(world: World, ann: TestClient, client_for: ClientFor) -> None:
    """Who runs the machine sees who may search, and no button; every changing route refuses."""
    client, desk = world.client(), client_for(Role.OPERATOR)
    assert desk.get(f"{API}/clients/{client}").json()["client"]["id"] == client
    for path in ("/clients", f"/clients/{client}"):
        assert "<form" not in desk.get(path).text.split("<main", 1)[1].split("</main", 1)[0]
    before = world.state()
    assert desk.post(f"{API}/clients/{client}/suspend", json={"reason": "x"}).status_code == 403
    assert desk.patch(f"{API}/clients/{client}", json={"fpir": 0.001}).status_code == 403
    assert world.state() == before
