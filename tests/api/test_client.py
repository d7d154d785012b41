# SPDX-License-Identifier: Apache-2.0
"""The typed client, against the whole server, with a real key."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx2
import pytest
from fake_pack import face, photo, png
from served import ORIGIN, Server
from world import World

from countenance.client import Countenance, Problem
from countenance.client.transport import Transport
from countenance.ids import ClientId
from countenance.model.account import Role
from countenance.policy.roles import Verb

Connected = Callable[[ClientId], Countenance]


@pytest.fixture
def connected(world: World, server: Server) -> Iterator[Connected]:
    """A maker of clients with a key to search for one client."""
    browser = server()
    made: list[Countenance] = []

    def connect(client: ClientId) -> Countenance:
        accounts = world.engine.accounts
        accounts.declare_demo()
        account = accounts.add("Program", Role.SEARCHER, client=client, by="command-line").id
        token = accounts.invite(account, minutes=5, by="command-line", link=True)
        _, caller = accounts.redeem(str(token))
        _, key = accounts.new_key(caller, [Verb.SEARCH_MAKE.value, Verb.SEARCH_READ.value], 30, "program")
        made.append(Countenance(ORIGIN, key, transport=browser._transport))
        return made[-1]

    yield connect
    for one in made:
        one.close()


def test_a_program_searches_and_looks_again(world: World, connected: Connected) -> None:
    """With a key a program finds who signed, and gets the same answer again by its id."""
    client, ada = world.client(), world.person("Ada")
    world.sign(ada.id)
    world.enrol(world.source(), ada.id, 1)
    server = connected(client)
    found = server.searches.search(png(photo(face(1, 999))), purpose="photo_delivery", basis="subject_present")
    assert [one["subject"] for one in found["candidates"]] == [ada.id]
    assert server.searches.answer(found["search"])["search"] == found["search"]
    assert server.searches.crop(found["search"], ada.id).startswith(b"\xff\xd8")


def test_an_error_is_the_servers_problem_document(world: World, connected: Connected) -> None:
    """A refusal carries the rule and the law; what is not in the key's scopes is refused by the server."""
    server = connected(world.client())
    with pytest.raises(Problem) as caught:
        server.searches.search(png(photo(face(1, 999))), purpose="release_desk", basis="subject_present")
    assert (caught.value.status, caught.value.code) == (403, "refused")
    assert caught.value.document["rule"]
    with pytest.raises(Problem) as caught:
        server.sources.sources()
    assert (caught.value.status, caught.value.code) == (403, "not_allowed")


def test_what_says_when_to_come_back_is_asked_again_with_the_same_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy server is asked again after the time that it says; the request stays one request."""
    keys: list[str] = []
    waits: list[float] = []
    answers = iter([httpx2.Response(503, headers={"Retry-After": "2"}), httpx2.Response(201, json={})])

    def serve(request: httpx2.Request) -> httpx2.Response:
        keys.append(request.headers["Idempotency-Key"])
        return next(answers)

    monkeypatch.setattr("time.sleep", waits.append)
    sender = Transport(ORIGIN, "key", transport=httpx2.MockTransport(serve))
    assert sender.send("POST", "/api/v1/things").status_code == 201
    assert waits == [2]
    assert len(set(keys)) == 1
    sender.close()
