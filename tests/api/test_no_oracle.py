# SPDX-License-Identifier: Apache-2.0
"""T08: whoever may not be disclosed to a client is, for that client, nobody: in body, status, headers and work done.

Work is counted in statements of SQL, encoded crops and scans of the gallery, which say more than a clock on a busy
machine; `python -m benchmarks.band` prints the times.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import sqlalchemy
from fake_pack import face, photo, png
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from order_examples import order_toml
from served import ClientFor
from world import CUSTODIAN, DELIVERY, World

from countenance.ids import SubjectId
from countenance.model.account import Role
from countenance.model.destruction import HoldBasis
from countenance.model.event import EventTag
from countenance.model.purpose import ClientKind, Purpose
from countenance.store.orders import OrderDocument

API = "/api/v1"
SEARCH = f"{API}/searches?purpose=photo_delivery&basis=subject_present"
RAW = {"Content-Type": "application/octet-stream"}
STRANGER = 999
_VARIES = re.compile(r"\b(?:sea|req|acc)_[0-9a-z]{16}\b|\d{4}-\d\d-\d\dT[\d:.]+Z?")
_PROBE = re.compile(r'"probe_crop":"[^"]*"')


class Desk:
    """A searcher of a client, and the people whom it may or may not find."""

    def __init__(self, world: World, client_for: ClientFor) -> None:
        self.world = world
        self.shop = world.client()
        self.museum = world.client("Museum", ClientKind.MUSEUM, [Purpose.ARCHIVE_SEARCH])
        self.source = world.source()
        self.seeds = 10
        self.places = [f"US-{state}" for state in "AL AK AZ AR CT DE FL GA HI ID IN IA KS KY LA ME MD MA MI MN".split()]
        self._client_for = client_for
        self.sign_in()

    def sign_in(self) -> None:
        """Sign in anew: sessions end sooner than releases."""
        self.browser = self._client_for(Role.SEARCHER, client=self.shop)

    def enrol(self, seed: int, residency: str = "US-IL", **terms: Any) -> SubjectId:
        """Enrol somebody who signed these terms; by default the client may find this person."""
        who = self.world.person(f"Person {seed}", residency).id
        self.world.sign(who, **terms)
        self.world.enrol(self.source, who, seed)
        return who

    def search(self, seed: int) -> tuple[httpx.Response, Counter[str]]:
        """Search with somebody's face; return the answer and what it took."""
        with work_done(self.world) as done:
            answer = self.browser.post(SEARCH, content=png(photo(face(seed, 77))), headers=RAW)
        return answer, done


def of_another_client(desk: Desk, seed: int) -> SubjectId:
    """Signed for another client by name."""
    return desk.enrol(seed, clients=[desk.museum], purposes=[DELIVERY, Purpose.ARCHIVE_SEARCH])


def for_another_purpose(desk: Desk, seed: int) -> SubjectId:
    """Signed for clients of this kind, for something else."""
    return desk.enrol(seed, purposes=[Purpose.ARCHIVE_SEARCH])


def withdrew(desk: Desk, seed: int) -> SubjectId:
    """Signed, and withdrew."""
    who = desk.enrol(seed)
    desk.world.engine.subjects.withdraw(who)
    return who


def expired(desk: Desk, seed: int) -> SubjectId:
    """Signed for a day that has passed."""
    who = desk.enrol(seed, days=1)
    desk.world.clock.tick(days=2)
    return who


def under_hold(desk: Desk, seed: int) -> SubjectId:
    """Signed; kept for a court."""
    who = desk.enrol(seed)
    desk.world.engine.custody.holds.place(who, basis=HoldBasis.COURT_ORDER, matter="1:26", by=CUSTODIAN)
    return who


def frozen_by_an_order(desk: Desk, seed: int) -> SubjectId:
    """Signed; of the class of an order that stops searches."""
    place = desk.places.pop()  # under an order nobody of its class signs any more
    who, orders = desk.enrol(seed, place), desk.world.engine.custody.orders
    text = order_toml(f'residency = {{ places = ["{place}"], when = "ever" }}', matter=f"1:26-cv-{seed:05}")
    entered = orders.enter(OrderDocument(text, "order.toml", None), by=CUSTODIAN)
    orders.confirm(entered.id, by="counsel")
    orders.freeze(entered.id)
    return who


HIDDEN = [of_another_client, for_another_purpose, withdrew, expired, under_hold, frozen_by_an_order]


@contextmanager
def work_done(world: World) -> Iterator[Counter[str]]:
    """Count what is done in a block."""
    done: Counter[str] = Counter()
    gallery = world.engine._gallery
    nearest = gallery.nearest

    def count(*_: object) -> None:
        done["statements"] += 1

    def scan(*args: Any, **more: Any) -> Any:
        done["scans"] += 1
        return nearest(*args, **more)

    before = world.encoder.crops
    sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", count)
    gallery.nearest = scan  # type: ignore[method-assign]
    try:
        yield done
    finally:
        gallery.nearest = nearest  # type: ignore[method-assign]
        sqlalchemy.event.remove(sqlalchemy.Engine, "before_cursor_execute", count)
        done["crops"] = world.encoder.crops - before


def told(answer: httpx.Response) -> tuple[int, dict[str, str], str]:
    """Return all that an answer tells but for ids of its own, moments, and the picture of the probe itself."""
    text = _PROBE.sub("", _VARIES.sub("", answer.text))
    headers = {key: _VARIES.sub("", value) for key, value in answer.headers.items()}
    if answer.status_code == 201:
        headers["content-length"] = str(len(text))  # the probe's picture has its own length, and is the client's
    return answer.status_code, headers, text


@pytest.fixture
def desk(world: World, client_for: ClientFor) -> Desk:
    """A desk with one person whom the client may find."""
    desk = Desk(world, client_for)
    desk.enrol(1)
    return desk


@pytest.mark.parametrize("hidden", HIDDEN)
def test_who_may_not_be_disclosed_is_nobody(desk: Desk, hidden: Callable[[Desk, int], SubjectId]) -> None:
    """A search for somebody hidden and one for a stranger differ in nothing that they tell or take; the log knows."""
    who = hidden(desk, 2)
    desk.sign_in()
    assert desk.search(1)[0].json()["outcome"] == "found"  # and the gallery has caught up
    kept, kept_work = desk.search(2)
    none, none_work = desk.search(STRANGER)
    assert (kept.status_code, kept.json()["candidates"], kept.json()["outcome"]) == (201, [], "nobody")
    assert told(kept) == told(none)
    assert kept_work == none_work
    assert kept_work["crops"] == 1
    assert who not in kept.text
    later = [told(desk.browser.get(f"{API}/searches/{one.json()['search']}")) for one in (kept, none)]
    assert later[0] == later[1]
    assert desk.world.log(EventTag.SEARCH_ANSWERED, who) == []


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(hidden=st.lists(st.sampled_from(HIDDEN), min_size=1, max_size=3), found=st.integers(0, 2))
def test_whoever_else_is_there(desk: Desk, hidden: list[Callable[[Desk, int], SubjectId]], found: int) -> None:
    """However many are hidden, for whatever reasons, and however many may be found: hidden is as nobody."""
    desk.seeds += 10
    for number in range(found):
        desk.enrol(desk.seeds + number)
    seeds = [desk.seeds + 5 + number for number in range(len(hidden))]
    for seed, hide in zip(seeds, hidden, strict=True):
        hide(desk, seed)
    desk.sign_in()
    desk.search(STRANGER)  # the gallery catches up
    none, none_work = desk.search(STRANGER)
    for seed in seeds:
        kept, kept_work = desk.search(seed)
        assert told(kept) == told(none)
        assert kept_work == none_work


def test_who_was_shown_before_is_nobody_from_the_next_look_on(desk: Desk) -> None:
    """After a withdrawal an old answer, the list and the picture tell as little as those of a search for a stranger."""
    found = desk.search(1)[0].json()
    none = desk.search(STRANGER)[0].json()
    (ada,) = [one["subject"] for one in found["candidates"]]
    desk.world.engine.subjects.withdraw(ada)
    paths = [f"{API}/searches/{one['search']}" for one in (found, none)]
    answers = [told(desk.browser.get(path)) for path in paths]
    assert answers[0] == answers[1]
    crops = [told(desk.browser.get(f"{path}/candidates/{ada}/crop")) for path in paths]
    assert crops[0] == crops[1]
    assert crops[0][0] == 404
    listed = [{**one, "search": "", "at": ""} for one in desk.browser.get(f"{API}/searches").json()["searches"]]
    assert listed[0] == listed[1]
