# SPDX-License-Identifier: Apache-2.0
"""A server in a process of its own: when it is ready, and how it ends with work in flight."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest
from drawn_server import Served, served
from fake_pack import face, photo, png
from people import enter
from world import World

from countenance.ids import ClientId, RunId, SubjectId
from countenance.model.account import Role
from countenance.model.destruction import RunState
from countenance.model.event import EventTag

Serve = Callable[..., AbstractContextManager[Served]]
API = "/api/v1"
SEARCH = f"{API}/searches?purpose=photo_delivery&basis=subject_present"
RAW = {"Content-Type": "application/octet-stream"}


@pytest.fixture
def serve(live: World, tmp_path: Path) -> Serve:
    """Return a way to serve the world's data directory; its flags are those of `drawn_server`."""

    def start(*flags: str) -> AbstractContextManager[Served]:
        return served(live.data, live.photos, tmp_path / "server.log", *flags)

    return start


@pytest.fixture
def shop(live: World) -> tuple[ClientId, SubjectId]:
    """A client, and somebody whom it finds."""
    client, ada = live.client(), live.person("Ada").id
    live.sign(ada)
    live.enrol(live.source(), ada, 1)
    return client, ada


@pytest.fixture
def beside() -> Iterator[ThreadPoolExecutor]:
    """A thread for what is in flight."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def ended(server: Served, seconds: float) -> float:
    """Wait for the end of a server that was told to end; return how long it took."""
    started = time.monotonic()
    server.process.wait(seconds)
    return time.monotonic() - started


def until(done: Callable[[], bool]) -> None:
    """Wait until something is so."""
    for _ in range(600):
        if done():
            return
        time.sleep(0.05)
    raise AssertionError("it does not come about")


def in_flight(server: Served, beside: ThreadPoolExecutor, searcher: httpx.Client) -> Future[httpx.Response]:
    """Begin a search that takes a while, and wait until the encoder has it."""
    before = len(server.lines())
    found = beside.submit(searcher.post, SEARCH, content=png(photo(face(1, 999))), headers=RAW)
    until(lambda: "encoding" in "".join(server.lines()[before:]))
    return found


def test_a_search_in_flight_is_answered_before_the_server_ends(
    live: World, serve: Serve, shop: tuple[ClientId, SubjectId], beside: ThreadPoolExecutor
) -> None:
    """SIGTERM while a search runs: it is answered and logged, nobody new is let in, and then the process ends."""
    client, ada = shop
    with serve("--slow", "1.5") as server:
        server.wait()
        searcher = server.client(enter(live, Role.SEARCHER, client=client)[0])
        found = in_flight(server, beside, searcher)
        server.process.send_signal(signal.SIGTERM)
        until(lambda: not server.is_ready())
        assert not found.done()
        answer = found.result(20)
        assert (answer.status_code, [one["subject"] for one in answer.json()["candidates"]]) == (201, [ada])
        ended(server, 10)
    (logged,) = live.log(EventTag.SEARCH_ANSWERED)
    assert logged.payload["search"] == answer.json()["search"]
    assert logged.payload["request"] == answer.headers["x-request-id"]
    assert live.engine.doctor.problems() == []


def test_a_second_signal_ends_it_now(
    live: World, serve: Serve, shop: tuple[ClientId, SubjectId], beside: ThreadPoolExecutor
) -> None:
    """Ctrl-C after SIGTERM does not wait for what is in flight; the search is whole in the log, or not there."""
    client, _ = shop
    with serve("--slow", "3") as server:
        server.wait()
        searcher = server.client(enter(live, Role.SEARCHER, client=client)[0])
        found = in_flight(server, beside, searcher)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        server.process.send_signal(signal.SIGINT)
        ended(server, 10)
        assert isinstance(found.exception(10), httpx.TransportError)
    assert len(live.log(EventTag.SEARCH_ANSWERED)) == live.rows()["search"]
    assert live.engine.doctor.problems() == []


def test_an_ingest_in_flight_goes_on_at_the_next_server(live: World, serve: Serve) -> None:
    """SIGTERM during an ingest: the process ends in time, and the job, taken up again, takes each photo once."""
    source, ada = live.source(), live.person("Ada").id
    live.sign(ada)
    for number in range(12):
        live.photo(1, 50 + number)
    with serve("--slow", "0.3") as server:
        server.wait()
        operator = server.client(enter(live, Role.OPERATOR)[0])
        asked = {"kind": "folder", "source": source, "root": live.photos.name, "ask": True}
        job = operator.post(f"{API}/ingests", json=asked).json()["id"]
        until(lambda: operator.get(f"{API}/ingests/{job}").json()["sums"]["photos"] >= 1)
        server.process.send_signal(signal.SIGTERM)
        ended(server, 20)
    with serve() as server:
        server.wait()
        operator = server.client(enter(live, Role.OPERATOR)[0])
        state = operator.get(f"{API}/ingests/{job}").json()["state"]
        if state != "done":
            assert state == "interrupted"
            assert operator.post(f"{API}/ingests/{job}/resume").is_success
        until(lambda: operator.get(f"{API}/ingests/{job}").json()["state"] == "done")
        server.process.send_signal(signal.SIGTERM)
        ended(server, 20)
    assert live.rows()["photo"] == 12
    assert len(live.faces()) == 24
    assert live.engine.doctor.problems() == []


def test_a_destruction_in_flight_ends_with_its_certificate(
    live: World, serve: Serve, shop: tuple[ClientId, SubjectId]
) -> None:
    """SIGTERM right after a run was approved: this process or the next one certifies it, and nobody comes back."""
    client, ada = shop
    with serve() as server:
        server.wait()
        one, other = (server.client(enter(live, Role.CUSTODIAN)[0]) for _ in range(2))
        run = one.post(f"{API}/runs", json={"subjects": [ada]}).json()
        begun = one.post(f"{API}/runs/{run['id']}/continue")
        assert begun.status_code == 202
        if begun.json()["state"] == "frozen":
            assert other.post(f"{API}/runs/{run['id']}/approve").is_success
        server.process.send_signal(signal.SIGTERM)
        ended(server, 30)
    if live.engine.destruction.status(RunId(run["id"])).run.state is not RunState.CERTIFIED:
        with serve() as server:
            server.wait()
            custodian = server.client(enter(live, Role.CUSTODIAN)[0])
            until(lambda: custodian.get(f"{API}/runs/{run['id']}").json()["state"] == "certified")
    assert live.engine.destruction.status(RunId(run["id"])).title == "complete"
    assert live.reopen().subjects.everyone() == []
    assert live.found(client, 1) == set()
    assert live.engine.doctor.problems() == []


def test_ready_says_no_where_nothing_could_be_answered(live: World, serve: Serve) -> None:
    """Alive all the while, ready only with records, keyring and the root key in force; each word says what to do."""
    with serve() as server:
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{server.origin}/api/v1/health")  # not before it can serve
        server.wait()
        for name in ("records.sqlite", "keyring.sqlite"):
            (live.data / name).rename(live.data / "elsewhere")
            answer = httpx.get(f"{server.origin}/api/v1/ready")
            assert (answer.status_code, answer.json()["code"]) == (503, "damaged")
            assert name in answer.json()["detail"]
            assert httpx.get(f"{server.origin}/api/v1/health").is_success
            (live.data / "elsewhere").rename(live.data / name)
            assert server.is_ready()
        live.engine.rotate_root_key()
        answer = httpx.get(f"{server.origin}/api/v1/ready")
        assert (answer.status_code, answer.json()["code"]) == (503, "wrong_root_key")
        assert httpx.get(f"{server.origin}/api/v1/health").is_success
