# SPDX-License-Identifier: Apache-2.0
"""The search desk over HTTP: what a searcher gets, and what nobody gets."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

import pytest
from desk_callers import as_searcher, let_in
from fake_pack import face, photo, png
from httpx import Response
from starlette.testclient import TestClient
from world import DELIVERY, World

from countenance.ids import ClientId, SubjectId
from countenance.model.event import EventTag
from countenance.model.purpose import ClientKind

Server = Callable[..., TestClient]
ASKED = {"purpose": "photo_delivery", "basis": "subject_present"}


@pytest.fixture
def desk(world: World, server: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[..., TestClient]:
    """A maker of searchers' browsers."""
    let_in(monkeypatch)
    return lambda client, account="acc_ann": as_searcher(server(), client, account)


def probe(*seeds: int) -> bytes:
    return png(photo(*(face(seed, 999) for seed in seeds)))


def search(browser: TestClient, *seeds: int, **more: object) -> Response:
    return browser.post("/api/v1/searches", params={**ASKED, **more}, content=probe(*seeds))


def enrolled(world: World, residency: str = "US-IL") -> tuple[ClientId, SubjectId]:
    client, ada = world.client(), world.person("Ada", residency)
    world.sign(ada.id)
    world.enrol(world.source(), ada.id, 1)
    return client, ada.id


def test_a_search_is_answered_with_what_a_person_needs_to_judge_it(world: World, desk) -> None:
    """Score, threshold, gallery, chance, source and date, the probe's picture once; where it is seen again."""
    client, ada = enrolled(world)
    browser = desk(client)
    answer = search(browser, 1)
    assert answer.status_code == 201
    found = answer.json()
    assert answer.headers["location"] == f"/api/v1/searches/{found['search']}"
    (candidate,) = found["candidates"]
    assert (found["outcome"], candidate["subject"], candidate["state"]) == ("found", ada, "unconfirmed")
    assert candidate["score"] >= candidate["threshold"] == found["threshold"]["value"]
    assert (found["threshold"]["gallery"], found["threshold"]["fpir"]) == (1, 0.01)
    assert candidate["sources"][0]["name"] == "Gala"
    assert base64.b64decode(found["probe_crop"]).startswith(b"\xff\xd8")
    again = browser.get(answer.headers["location"]).json()
    assert again == {**found, "probe_crop": None}
    picture = browser.get(candidate["crop"])
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    assert picture.headers["cache-control"] == "no-store"
    assert browser.get("/api/v1/searches").json()["searches"][0]["reviews"] == {"unconfirmed": 1}


def test_no_score_is_told_more_exactly_than_it_is_shown(world: World, desk) -> None:
    """Three decimals and no cosine: neither the answer nor what is derived from the score says more."""
    client, _ = enrolled(world)
    text = search(desk(client), 1).text
    assert "cosine" not in text
    numbers = re.findall(r'"(?:score|threshold|value|low|high)":(\d+\.(\d+))', text)
    assert numbers
    assert all(len(decimals) <= 3 or float(whole) < 0.01 for whole, decimals in numbers)


def test_who_may_not_be_shown_leaves_no_trace_in_the_answer(world: World, desk) -> None:
    """T08: no disclosable match and no match at all are one answer, byte by byte but for its id and moment."""
    client, _ = enrolled(world)
    stranger = world.client("Museum")
    bo = world.person("Bo")
    world.sign(bo.id, clients=[client])
    world.enrol(world.source(), bo.id, 2)
    withdrawn = world.person("Cy")
    world.sign(withdrawn.id)
    world.enrol(world.source(), withdrawn.id, 3)
    world.engine.subjects.withdraw(withdrawn.id)
    browser = desk(stranger)
    answers = [search(browser, seed) for seed in (2, 3, 7)]

    def plain(answer: Response) -> tuple[object, ...]:
        body = re.sub(r"sea_\w+|\d{4}-\d\d-\d\dT[^\"]+|\"probe_crop\":\"[^\"]+\"", "", answer.text)
        headers = {k: v for k, v in answer.headers.items() if k not in ("x-request-id", "location", "content-length")}
        return answer.status_code, body, headers

    assert plain(answers[0]) == plain(answers[1]) == plain(answers[2])
    assert answers[0].json()["outcome"] == "nobody"


def test_after_a_withdrawal_every_path_says_as_if_never(world: World, desk) -> None:
    """Answer, list, picture and review: what was a candidate a moment ago is not found."""
    client, ada = enrolled(world)
    browser = desk(client)
    found = search(browser, 1).json()
    crop = found["candidates"][0]["crop"]
    assert browser.get(crop).status_code == 200
    world.engine.subjects.withdraw(ada)
    assert browser.get(crop).status_code == 404
    assert browser.post(crop.replace("/crop", "/reviews"), json={"verdict": "same"}).status_code == 404
    again = browser.get(f"/api/v1/searches/{found['search']}").json()
    assert (again["outcome"], again["candidates"]) == ("nobody", [])
    assert browser.get("/api/v1/searches").json()["searches"][0]["outcome"] == "nobody"
    assert ada not in browser.get("/api/v1/searches").text


def test_two_reviewers_over_http(world: World, desk) -> None:
    """The verdict of the first is null for the second until both decided; the same account is refused twice."""
    client, ada = enrolled(world, "DE")
    ann, bo = desk(client), desk(client, "acc_bo")
    found = search(ann, 1).json()
    path = f"/api/v1/searches/{found['search']}/candidates/{ada}/reviews"
    first = ann.post(path, json={"verdict": "same"})
    assert (first.status_code, first.json()["state"]) == (201, "unconfirmed")
    refused = ann.post(path, json={"verdict": "not_same"})
    assert (refused.status_code, refused.json()["rule"]) == (403, "result.two_persons")
    seen = bo.get(f"/api/v1/searches/{found['search']}").json()["candidates"][0]["reviews"]
    assert [one["verdict"] for one in seen] == [None]
    done = bo.post(path, json={"verdict": "same"}).json()
    assert (done["state"], [one["verdict"] for one in done["reviews"]]) == ("confirmed", ["same", "same"])
    assert bo.post(path, json={"verdict": "perhaps"}).status_code == 422


def test_another_client_finds_nothing_of_it(world: World, desk) -> None:
    """Of a search of somebody else's client every path answers 404, as of one that was never made."""
    client, ada = enrolled(world)
    search_id = search(desk(client), 1).json()["search"]
    rival = desk(world.client("Rival"), "acc_rival")
    for one in (search_id, "sea_0000000000000000"):
        assert rival.get(f"/api/v1/searches/{one}").status_code == 404
        assert rival.get(f"/api/v1/searches/{one}/candidates/{ada}/crop").status_code == 404
        path = f"/api/v1/searches/{one}/candidates/{ada}/reviews"
        assert rival.post(path, json={"verdict": "same"}).status_code == 404
        assert rival.get("/api/v1/searches", params={"before": one}).status_code == 404


def test_a_look_says_where_the_faces_are(world: World, desk) -> None:
    """Boxes in the photo's own pixels, from the left; the chosen one comes cut out."""
    browser = desk(world.client())
    look = browser.post("/api/v1/searches/look", params={**ASKED, "face": 2}, content=probe(1, 2)).json()
    assert [one["number"] for one in look["faces"]] == [1, 2]
    assert (look["width"], look["height"]) == (224, 112)
    assert look["faces"][1]["left"] == 120
    assert base64.b64decode(look["crop"]).startswith(b"\xff\xd8")


def test_a_photo_that_cannot_be_searched_says_why(world: World, desk) -> None:
    """No photo, no face, several faces, too large: a problem with a reason code, and no search in the log."""
    browser = desk(world.client())
    for body, reason in ((b"", "empty"), (b"PK\3\4 no photo", "not_an_image"), (png(photo()), "no_face")):
        answer = browser.post("/api/v1/searches", params=ASKED, content=body)
        assert (answer.status_code, answer.json()["reason"]) == (422, reason)
    assert search(browser, 1, 2).json()["reason"] == "several_faces"
    assert search(browser, 1, face=0).status_code == 422
    assert browser.post("/api/v1/searches", params=ASKED, content=b"\xff" * (41 << 20)).status_code == 413
    assert world.log(EventTag.SEARCH_ANSWERED) == []


def test_what_the_law_refuses_is_refused_with_its_rule(world: World, desk) -> None:
    """Another purpose than vetted, another basis than lawful: 403 with rule and citation, logged, nothing moved."""
    browser = desk(world.client())
    before = world.state()
    for more, rule in (({"purpose": "missing_person"}, "client.purpose"), ({"basis": "attested_basis"}, "probe.basis")):
        answer = search(browser, 1, **more)
        assert (answer.status_code, answer.json()["rule"]) == (403, rule)
        assert answer.json()["citation"]
        assert world.log()[-1].payload["rule"] == rule
    assert world.state() == before


def test_two_photos_are_compared(world: World, desk) -> None:
    """One person twice is above the threshold, two people are below; nothing of the photos is in a file."""
    browser = desk(world.client())
    for seeds, above in (((1, 1), True), ((1, 2), False)):
        files = {name: probe(seed) for name, seed in zip("ab", seeds, strict=True)}
        found = browser.post("/api/v1/verifications", params=ASKED, files=files).json()
        assert found["above"] is above
    assert browser.post("/api/v1/verifications", params=ASKED, files={"a": probe(1)}).json()["reason"] == "empty"
    assert browser.post("/api/v1/verifications", params=ASKED, data={"a": "text", "b": "text"}).status_code == 422


def police(world: World) -> tuple[ClientId, SubjectId]:
    """Return an agency and a person whose release names it."""
    agency = world.engine.register.add_client(
        "Agency",
        kind=ClientKind.LAW_ENFORCEMENT,
        purposes=[DELIVERY],
        place="DE",
        authority="letter of the agency",
    ).id
    ada = world.person("Ada")
    world.sign(ada.id, clients=[agency])
    world.enrol(world.source(), ada.id, 1)
    return agency, ada.id


def test_a_pending_authorisation_is_recorded_or_the_search_goes(world: World, desk) -> None:
    """T24: its reference keeps the search; refused, the search and all that came of it are not found any more."""
    agency, _ = police(world)
    browser, rival = desk(agency), desk(world.client("Rival"), "acc_rival")
    pending = {"authorisation": "pending", "case": "12/26"}
    kept, lost = (search(browser, 1, **pending).json() for _ in range(2))
    assert kept["authorisation"] == "pending"
    assert kept["authorisation_due"]
    path = f"/api/v1/searches/{kept['search']}"
    assert rival.put(f"{path}/authorisation", json={"reference": "warrant 3"}).status_code == 404
    assert browser.put(f"{path}/authorisation", json={"reference": " "}).status_code == 422
    assert browser.put(f"{path}/authorisation", json={"reference": "warrant 3"}).status_code == 204
    assert browser.get(path).json()["authorisation"] == "given"
    assert browser.put(f"{path}/authorisation", json={"reference": "warrant 4"}).status_code == 422
    path = f"/api/v1/searches/{lost['search']}"
    assert browser.put(f"{path}/authorisation", json={"reference": None}).status_code == 204
    assert browser.get(path).status_code == 404
    assert world.log()[-1].tag is EventTag.SEARCH_PURGED
    assert [one["search"] for one in browser.get("/api/v1/searches").json()["searches"]] == [kept["search"]]


def test_the_case_stands_in_the_clients_list_and_is_sealed(world: World, desk) -> None:
    """The number that was named comes back with the answer and in the list; on the disk it is nowhere in plain."""
    client, _ = enrolled(world)
    browser = desk(client)
    found = search(browser, 1, case="Akte 7/2026").json()
    assert found["case"] == "Akte 7/2026"
    assert browser.get("/api/v1/searches").json()["searches"][0]["case"] == "Akte 7/2026"
    assert b"Akte 7/2026" not in world.bytes_on_disk()
    assert search(browser, 1).json()["case"] is None
