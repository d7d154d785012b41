# SPDX-License-Identifier: Apache-2.0
"""Pages of the search desk without a browser: what a form gets back, and what nobody can read from it."""

from __future__ import annotations

import re

import pytest
from fake_pack import face, photo, png
from httpx import Response
from served import ClientFor
from starlette.testclient import TestClient
from test_searches import police
from world import World

from countenance.ids import ClientId, SubjectId
from countenance.model.account import Role
from countenance.model.event import EventTag

ASKED = {"purpose": "photo_delivery", "basis": "subject_present"}
KEY = "a-key-of-a-form-that-was-sent"


def probe(*seeds: int) -> bytes:
    return png(photo(*(face(seed, 999) for seed in seeds)))


def send(browser: TestClient, *seeds: int, **more: str) -> Response:
    return browser.post("/search", data={**ASKED, **more}, files={"photo": ("p.png", probe(*seeds), "image/png")})


def enrolled(world: World, residency: str = "US-IL") -> tuple[ClientId, SubjectId]:
    client, ada = world.client(), world.person("Ada", residency)
    world.sign(ada.id)
    world.enrol(world.source(), ada.id, 1)
    return client, ada.id


def test_an_answer_is_the_response_to_its_form(world: World, client_for: ClientFor) -> None:
    """It shows the searched face beside the candidate, and is kept by nobody: neither browser nor server."""
    client, ada = enrolled(world)
    answer = send(client_for(Role.SEARCHER, client=client), 1)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "data:image/jpeg;base64," in answer.text
    assert ada in answer.text
    assert "style=" not in answer.text
    assert "<script>" not in answer.text


def test_a_form_sent_twice_leads_to_the_first_answer(world: World, client_for: ClientFor) -> None:
    """A double click is one search; another photo in the same form is another."""
    client, _ = enrolled(world)
    browser = client_for(Role.SEARCHER, client=client)
    first, again = send(browser, 1, key=KEY), send(browser, 1, key=KEY)
    assert (first.status_code, again.status_code) == (200, 303)
    assert again.headers["location"] in first.text
    assert browser.get(again.headers["location"]).status_code == 200
    assert send(browser, 7, key=KEY).status_code == 200
    assert len(world.log(EventTag.SEARCH_ANSWERED)) == 2


def test_no_disclosable_match_looks_as_no_match(world: World, client_for: ClientFor) -> None:
    """T08: the page of somebody who may not be shown is, but for ids, moments and the probe, that of a stranger."""
    client, ada = enrolled(world)
    hidden = world.person("Bo")
    world.sign(hidden.id, clients=[world.client("Museum")])
    world.enrol(world.source(), hidden.id, 2)
    browser = client_for(Role.SEARCHER, client=client)

    def plain(answer: Response) -> str:
        assert answer.status_code == 200
        text = re.sub(r"sea_\w+|\d+ \w+ 2\d{3},[^<]+|base64,[^\"]+", "", answer.text)
        return re.sub(r'datetime="[^"]+"', "", text)

    stranger, not_shown = send(browser, 7), send(browser, 2)
    assert plain(stranger) == plain(not_shown)
    shown = send(browser, 1)
    world.engine.subjects.withdraw(ada)
    number = re.search(r"/searches/(sea_\w+)/report", shown.text)
    assert number is not None
    emptied = browser.get(f"/searches/{number[1]}")
    assert ada not in emptied.text
    assert "<h1>Nobody</h1>" in emptied.text
    assert "data-probe" not in emptied.text


@pytest.mark.parametrize(
    ("more", "seeds", "status", "said"),
    [
        ({"basis": ""}, (1,), 422, "on what basis"),
        ({"purpose": "holiday"}, (1,), 422, "is no purpose known here"),
        ({"purpose": "missing_person"}, (1,), 403, "client.purpose"),
        ({}, (1, 2), 422, "which face is meant"),
        ({"face": "9"}, (1, 2), 422, "which face is meant"),
        ({"face": "-1"}, (1, 2), 422, "by its number"),
        ({"face": "½"}, (1, 2), 422, "by its number"),
        ({"key": "short"}, (1,), 422, "16 to 200 characters"),
    ],
)
def test_what_is_wrong_is_said_above_the_form(
    world: World, client_for: ClientFor, more: dict[str, str], seeds: tuple[int, ...], status: int, said: str
) -> None:
    """The form comes again with the reason and what was stated; nothing was searched."""
    client, _ = enrolled(world)
    answer = send(client_for(Role.SEARCHER, client=client), *seeds, **more)
    assert answer.status_code == status
    assert said in answer.text
    assert "<form" in answer.text
    if "basis" not in more:
        assert 'value="subject_present" checked' in answer.text
    assert world.log(EventTag.SEARCH_ANSWERED) == []


def test_a_form_without_a_photo_is_told_so(world: World, client_for: ClientFor) -> None:
    """A field that is empty, missing or a text in the place of a file is answered by the form."""
    client, _ = enrolled(world)
    browser = client_for(Role.SEARCHER, client=client)
    assert browser.post("/search", data=ASKED).status_code == 422
    assert browser.post("/search", data={**ASKED, "photo": "text"}).status_code == 422
    assert browser.post("/search", content=b"--x", headers={"Content-Type": "multipart/form-data"}).status_code == 400


def test_a_second_verdict_of_one_account_is_refused_on_the_page(world: World, client_for: ClientFor) -> None:
    """The answer comes again with the rule; what was decided stays."""
    client, ada = enrolled(world, "DE")
    browser = client_for(Role.SEARCHER, client=client)
    number = re.search(r"/searches/(sea_\w+)/report", send(browser, 1).text)
    assert number is not None
    path = f"/searches/{number[1]}/candidates/{ada}/review"
    assert browser.post(path, data={"verdict": "same"}).headers["location"] == f"/searches/{number[1]}#{ada}"
    again = browser.post(path, data={"verdict": "not_same"})
    assert again.status_code == 403
    assert "result.two_persons" in again.text
    assert "You have decided" in again.text


def test_the_pages_speak_german(world: World, client_for: ClientFor) -> None:
    """Every page of the desk has the language of its reader."""
    client, _ = enrolled(world)
    browser = client_for(Role.SEARCHER, client=client)
    browser.headers["Accept-Language"] = "de"
    assert "Niemand" in send(browser, 7).text
    for path, said in (
        ("/search", "Suche mit Foto"),
        ("/searches", "Suchen Ihrer Organisation"),
        ("/compare", "Ein Foto"),
    ):
        assert said in browser.get(path).text


def test_two_photos_are_compared_on_a_page(world: World, client_for: ClientFor) -> None:
    """The form comes again with the outcome, and the comparison stands in the list."""
    client, _ = enrolled(world)
    browser = client_for(Role.SEARCHER, client=client)
    for seeds, said in (((1, 1), "At or above the threshold"), ((1, 2), "Below the threshold")):
        files = {name: ("p.png", probe(seed), "image/png") for name, seed in zip("ab", seeds, strict=True)}
        assert said in browser.post("/compare", data=ASKED, files=files).text
    assert "above the threshold" in browser.get("/searches").text
    number = re.search(r"/searches/(sea_\w+)", browser.get("/searches").text)
    assert number is not None
    assert "Two photos compared" in browser.get(f"/searches/{number[1]}").text
    assert "nothing of them was kept" in browser.get(f"/searches/{number[1]}/report").text


def test_a_pending_authorisation_is_recorded_on_the_answers_page(world: World, client_for: ClientFor) -> None:
    """The page says by when it is due; its reference is taken, and refused the search is deleted."""
    agency, _ = police(world)
    browser = client_for(Role.SEARCHER, client=agency)
    more = {"authorisation": "pending", "case": "12/26"}
    paths = []
    for _ in range(2):
        number = re.search(r"/searches/(sea_\w+)/report", send(browser, 1, **more).text)
        assert number is not None
        paths.append(f"/searches/{number[1]}")
    kept, lost = paths
    page = browser.get(kept).text
    assert "The authorisation is pending" in page
    assert 'data-case="12/26" data-authorisation="pending"' in page
    assert "12/26" in browser.get("/searches").text
    assert browser.post(f"{kept}/authorisation", data={"reference": " "}).status_code == 422
    assert browser.post(f"{kept}/authorisation", data={"reference": "warrant 3"}).headers["location"] == kept
    assert "The authorisation is pending" not in browser.get(kept).text
    assert browser.post(f"{lost}/authorisation", data={"refused": "true"}).headers["location"] == "/searches"
    assert browser.get(lost).status_code == 404
