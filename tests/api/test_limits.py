# SPDX-License-Identifier: Apache-2.0
"""Limits at their boundaries: never more than was said, at any edge of any window, however many ask at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from fake_pack import face, photo, png
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from served import ClientFor
from sqlalchemy import update
from starlette.requests import Request
from world import World

from countenance.api import door, limits
from countenance.api.limits import Limits
from countenance.errors import DiskFull, TooMany
from countenance.ids import ClientId
from countenance.model.account import Role
from countenance.model.quota import DAY, HOUR, Use
from countenance.services.metering import Stop, charge
from countenance.store import clients as client_rows
from countenance.store import schema, usage

SEARCH = "/api/v1/searches?purpose=photo_delivery&basis=subject_present"
RAW = {"Content-Type": "application/octet-stream"}
EDGES = [timedelta(0), timedelta(milliseconds=1), timedelta(minutes=20)]
EDGES += [span + step for span in (HOUR, DAY) for step in (-timedelta(milliseconds=21), timedelta(0))]


class Monotonic:
    """A clock for `Limits`."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """Return the moment."""
        return self.now


@contextmanager
def clock() -> Iterator[Monotonic]:
    """Let `Limits` read a clock of the test's."""
    patch, fake = pytest.MonkeyPatch(), Monotonic()
    patch.setattr(limits, "time", fake)
    try:
        yield fake
    finally:
        patch.undo()


def let_through(limit: Limits, caller: str = "ann") -> bool:
    """Say whether a limit lets somebody through."""
    try:
        limit.spend(caller)
    except TooMany:
        return False
    return True


@given(
    per_second=st.floats(0.1, 100),
    burst=st.integers(1, 20),
    waits=st.lists(st.floats(0, 30) | st.just(0.0), min_size=1, max_size=80),
)
def test_no_window_has_more_than_burst_and_rate(per_second: float, burst: int, waits: list[float]) -> None:
    """Whatever the pauses: in no stretch of time does a caller get more than the burst and what the rate adds."""
    with clock() as now:
        limit, passed = Limits(per_second, burst), []
        for wait in waits:
            now.now += wait
            if let_through(limit):
                passed.append(now.now)
    for first, start in enumerate(passed):
        for last in range(first, len(passed)):
            assert last - first + 1 <= burst + per_second * (passed[last] - start) + 1e-6


@given(per_second=st.floats(0.05, 50), burst=st.integers(1, 10), pause=st.floats(0, 5))
def test_who_waits_as_long_as_was_said_is_let_through(per_second: float, burst: int, pause: float) -> None:
    """`Retry-After` is a promise."""
    with clock() as now:
        limit = Limits(per_second, burst)
        while let_through(limit):
            pass
        now.now += pause
        try:
            limit.spend("ann")
        except TooMany as stopped:
            now.now += stopped.retry_after_s
            assert let_through(limit)


def test_of_many_at_once_as_many_as_the_burst_get_through() -> None:
    """Sixteen threads, one bucket: not one too many."""
    with clock(), ThreadPoolExecutor(16) as pool:
        limit = Limits(1.0, 100)
        passed = list(pool.map(lambda _: let_through(limit), range(1000)))
    assert sum(passed) == 100


def test_a_crowd_of_callers_gives_nobody_a_new_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no more callers can be counted the next one is refused; whoever emptied a bucket finds it empty."""
    monkeypatch.setattr(limits, "_MOST_BUCKETS", 50)
    with clock() as now:
        limit = Limits(1.0, 3)
        assert [let_through(limit) for _ in range(4)] == [True, True, True, False]
        assert all(let_through(limit, f"caller {number}") for number in range(49))
        with pytest.raises(TooMany) as stopped:
            limit.spend("one more")
        assert stopped.value.retry_after_s == 1
        assert not let_through(limit)
        now.now += 1  # those who asked once are full again, and make room
        assert let_through(limit, "one more")
        assert [let_through(limit) for _ in range(2)] == [True, False]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("testclient", "testclient", True),
    ],
)
def test_a_house_knocks_as_one(one: str, other: str, same: bool) -> None:
    """Whoever has an IPv6 network has 2^64 addresses, and one bucket."""

    class App:
        class state:  # noqa: N801 - as Starlette has it
            door = Limits(0.001, 1)

    def knocks(address: str) -> bool:
        try:
            door.knock(Request({"type": "http", "client": (address, 1), "app": App}))
        except TooMany:
            return False
        return True

    assert knocks(one)
    assert knocks(other) is not same


def with_quota(world: World, per_hour: int, per_day: int, account_per_hour: int | None = None) -> ClientId:
    """Add a client with a quota."""
    client = world.client()
    values = {"per_hour": per_hour, "per_day": per_day, "account_per_hour": account_per_hour}
    with world.engine._records.write() as work:
        work.connection.execute(update(schema.client).where(schema.client.c.id == client).values(**values))
    return client


def used(world: World, client: ClientId, account: str) -> tuple[datetime, Stop | None]:
    """Use a client's quota once; return when, and why not where it was not let through."""
    with world.engine._records.write() as work:
        return work.now, charge(work, client_rows.get(work, client), account, Use.SEARCH)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(
    steps=st.lists(st.tuples(st.sampled_from(EDGES), st.sampled_from("ab")), min_size=10, max_size=30),
    numbers=st.tuples(st.integers(1, 4), st.integers(0, 4), st.integers(1, 3)),
)
@example(steps=[(timedelta(0), "a")] * 12 + [(HOUR, "a")] * 12, numbers=(2, 3, 2))
def test_no_hour_and_no_day_has_more_than_the_quota(
    world: World, steps: list[tuple[timedelta, str]], numbers: tuple[int, int, int]
) -> None:
    """At every edge: any hour and any day, whenever it begins, of the client and of each account."""
    per_hour, more, own = numbers
    client = with_quota(world, per_hour, per_hour + more, own)
    passed: list[tuple[datetime, str]] = []
    for step, account in steps:
        world.clock.tick(seconds=step.total_seconds())
        at, stop = used(world, client, account)
        if stop is None:
            passed.append((at, account))
    for most, span, who in [(per_hour, HOUR, "ab"), (per_hour + more, DAY, "ab"), (own, HOUR, "a"), (own, HOUR, "b")]:
        moments = [at for at, account in passed if account in who]
        assert all(late - early >= span for early, late in zip(moments, moments[most:], strict=False))


def test_of_many_searches_at_once_as_many_as_the_quota_are_let_through(live: World) -> None:
    """Eight threads for the last places: not one too many, and the meter counts exactly those."""
    client = with_quota(live, 20, 20)
    with ThreadPoolExecutor(8) as pool:
        stops = list(pool.map(lambda number: used(live, client, f"account {number % 3}")[1], range(40)))
    assert stops.count(None) == 20
    assert live.engine.meter.of(client).hour == 20


def test_a_used_up_quota_is_429_with_when_to_come_back(world: World, client_for: ClientFor) -> None:
    """Over HTTP: nothing is encoded, and who comes back then is served."""
    client = with_quota(world, 1, 5)
    browser = client_for(Role.SEARCHER, client=client)
    probe = png(photo(face(1)))
    assert browser.post(SEARCH, content=probe, headers=RAW).status_code == 201
    crops = world.encoder.crops
    answer = browser.post(SEARCH, content=probe, headers=RAW)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many")
    assert world.encoder.crops == crops
    world.clock.tick(seconds=int(answer.headers["retry-after"]))
    browser = client_for(Role.SEARCHER, client=client)  # a session that idles for an hour ends
    assert browser.post(SEARCH, content=probe, headers=RAW).status_code == 201


def test_what_cannot_be_counted_is_not_searched(
    world: World, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk: no use can be written down, so no probe is decoded or encoded."""

    def full(*_args: object) -> None:
        raise DiskFull("no space is left for the records; nothing was changed, free some space and try again")

    browser = client_for(Role.SEARCHER, client=world.client())
    monkeypatch.setattr(usage, "add", full)
    before, crops = world.state(), world.encoder.crops
    answer = browser.post(SEARCH, content=png(photo(face(1))), headers=RAW)
    assert (answer.status_code, answer.json()["code"]) == (503, "disk_full")
    assert (world.state(), world.encoder.crops) == (before, crops)
