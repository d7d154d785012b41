# SPDX-License-Identifier: Apache-2.0
"""Requests with an Idempotency-Key: carried out once, however often they are sent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import FastAPI
from starlette.responses import JSONResponse
from starlette.testclient import TestClient
from world import World

from countenance.api.once import CarryOutOnce
from countenance.services.once import KEPT

HEADERS = {"Authorization": "Bearer one", "Idempotency-Key": "a"}


class Counted:
    """A server with one route that counts how often it was carried out, and fails where it is told to."""

    def __init__(self, world: World) -> None:
        self.times = 0
        self.status = 201
        app = FastAPI()

        @app.post("/things")
        def make() -> JSONResponse:
            self.times += 1
            if self.status == 0:
                raise RuntimeError
            return JSONResponse({"secret": "name"}, self.status, {"Location": f"/things/{self.times}"})

        self.client = TestClient(CarryOutOnce(app, world.engine.once), raise_server_exceptions=False)


@pytest.fixture
def counted(world: World) -> Counted:
    return Counted(world)


def test_a_request_that_is_sent_again_is_not_carried_out_again(counted: Counted) -> None:
    """The second answer says where to look, and repeats nothing of what the first one said."""
    assert counted.client.post("/things", headers=HEADERS).status_code == 201
    again = counted.client.post("/things", headers=HEADERS)
    assert (again.status_code, again.json()["code"], again.headers["location"]) == (409, "repeated", "/things/1")
    assert "name" not in again.text
    assert counted.times == 1


def test_it_holds_over_a_restart(counted: Counted, world: World) -> None:
    """Another process on the same data directory knows what was carried out."""
    counted.client.post("/things", headers=HEADERS)
    world.reopen()
    other = Counted(world)
    assert other.client.post("/things", headers=HEADERS).status_code == 409
    assert other.times == 0


def test_a_key_belongs_to_one_caller_and_one_request(counted: Counted) -> None:
    """Another caller may use the same key; the same caller may not use it for something else."""
    counted.client.post("/things", headers=HEADERS)
    assert counted.client.post("/things", headers={**HEADERS, "Authorization": "Bearer two"}).status_code == 201
    other = counted.client.post("/things?x=1", headers=HEADERS)
    assert other.status_code == 409
    assert "another request" in other.json()["detail"]
    assert counted.times == 2


@pytest.mark.parametrize("status", [0, 503])
def test_what_failed_here_may_be_tried_again(counted: Counted, status: int) -> None:
    """An error of the server's leaves the key free."""
    counted.status = status
    assert counted.client.post("/things", headers=HEADERS).status_code >= 500
    counted.status = 201
    assert counted.client.post("/things", headers=HEADERS).status_code == 201


def test_of_many_at_once_one_is_carried_out(counted: Counted) -> None:
    """Requests that arrive together under one key do one thing."""
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: counted.client.post("/things", headers=HEADERS).status_code, range(8)))
    assert sorted(answers) == [201, *[409] * 7]
    assert counted.times == 1


def test_a_key_is_forgotten_after_a_day(counted: Counted, world: World) -> None:
    """What is remembered does not grow for ever."""
    counted.client.post("/things", headers=HEADERS)
    world.clock.tick(seconds=KEPT.total_seconds() + 1)
    assert counted.client.post("/things", headers=HEADERS).status_code == 201


def test_a_key_that_is_no_key_is_refused(counted: Counted) -> None:
    """A key is short and printable; else nothing is carried out."""
    answer = counted.client.post("/things", headers={**HEADERS, "Idempotency-Key": "x" * 256})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_input")
    assert counted.times == 0
