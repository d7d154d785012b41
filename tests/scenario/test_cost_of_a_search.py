# SPDX-License-Identifier: Apache-2.0
"""What a search costs beside the face: how often it asks the records, writes to them and looks through the gallery."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fake_pack import face, photo, png
from sqlalchemy import event
from sqlalchemy.engine import Engine
from world import DELIVERY, OPERATOR, PRESENT, World

from countenance.errors import Busy
from countenance.ids import ClientId
from countenance.services.search import Request
from countenance.store import clients as client_rows
from countenance.store import database

_STATEMENTS = 50
"""SQL statements of a search that finds nobody; of one that finds somebody there are a few more a candidate."""


@contextmanager
def statements() -> Iterator[Counter[str]]:
    """Count the statements that are run meanwhile, by their first words."""
    counted: Counter[str] = Counter()

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        counted[statement if statement.startswith("BEGIN") else statement.split(maxsplit=1)[0]] += 1

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield counted
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def request(client: ClientId) -> Request:
    """Return what is asked of a search."""
    return Request(client, DELIVERY, PRESENT, OPERATOR)


def enrolled(world: World) -> ClientId:
    """Return a client of a world in which somebody is enrolled."""
    source, ada = world.source(), world.person("Ada")
    world.sign(ada.id)
    world.enrol(source, ada.id, 1)
    return world.client()


def test_a_search_commits_twice_and_asks_a_bounded_number_of_times(world: World) -> None:
    """A search writes in two transactions, its use before the photo is opened and its answer before that leaves."""
    client = enrolled(world)
    probe = png(photo(face(9)))
    world.engine.desk.search(probe, request(client))
    with statements() as counted:
        world.engine.desk.search(probe, request(client))
    assert counted["BEGIN IMMEDIATE"] == 2
    assert counted["BEGIN"] + counted["BEGIN IMMEDIATE"] == counted["COMMIT"] == 4
    assert counted.total() <= _STATEMENTS


def test_the_gallery_is_looked_through_once_where_nothing_changed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody came or went during a search, people are ranked once, outside the transaction that logs it."""
    client = enrolled(world)
    gallery = world.engine.searches._gallery
    nearest, looks = gallery.nearest, []
    monkeypatch.setattr(gallery, "nearest", lambda *args: (looks.append(args), nearest(*args))[1])
    world.engine.searches.search(png(photo(face(9))), request(client))
    assert len(looks) == 1


def test_a_view_is_another_one_as_soon_as_anybody_goes(world: World) -> None:
    """Views of two moments find the same only if nobody came, went or got another rate between them."""
    client, encoder = enrolled(world), world.encoder
    gallery, records = world.engine.searches._gallery, world.engine._records

    def view() -> Any:
        with records.read() as work:
            return gallery.view(work, encoder, client_rows.get(work, client), DELIVERY)

    first = view()
    assert view().finds_as(first)
    bo = world.person("Bo")
    world.sign(bo.id)
    world.enrol(world.source(), bo.id, 2)
    came = view()
    assert not came.finds_as(first)
    world.engine.subjects.withdraw(bo.id)
    went = view()
    assert (went.size, went.people) == (first.size, first.people)
    assert not went.finds_as(came)
    assert not went.finds_as(first)


def test_threads_write_one_after_the_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who wants to write waits for the thread that does; who waits too long is told so, and nothing is done."""
    records, order = world.engine._records, []

    def second() -> None:
        with records.write():
            order.append("second")

    with records.write():
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.05)
        order.append("first")
    waiting.join(10)
    assert order == ["first", "second"]

    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 1)
    before = world.rows()
    with records.write(), pytest.raises(Busy), records.write():
        pass
    assert world.rows() == before


def test_a_server_keeps_blas_to_the_thread_that_asks() -> None:
    """`serve` tells BLAS, before NumPy is imported, to start no threads; who set the variable keeps what was set."""
    script = (
        "import os, sys\n"
        "from countenance.__main__ import main\n"
        "sys.argv = ['countenance', 'serve', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    print('BLAS', os.environ['OPENBLAS_NUM_THREADS'])\n"
    )
    for was, becomes in ((None, "1"), ("4", "4")):
        names = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
        env = names if was is None else {**names, "OPENBLAS_NUM_THREADS": was}
        done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
        assert f"BLAS {becomes}" in done.stdout
