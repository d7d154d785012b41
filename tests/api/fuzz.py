# SPDX-License-Identifier: Apache-2.0
"""`python tests/api/fuzz.py --minutes 10`: the whole API asked at random over HTTP, of a server process.

Run it with `PYTHONPATH=src:tests`. It prints what it found and ends with 1 where that is anything. Rate limits are off
and quotas high, because they would hide what is behind them; what tests them is in `test_limits`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from drawn_server import Served, served
from fake_pack import drawn_pack, know_tail
from fuzzing import Fuzzer
from people import enter
from sqlalchemy import update
from test_schemathesis import peopled
from world import World

from countenance.bootstrap import Engine
from countenance.clock import SystemClock
from countenance.errors import KeyGone, NotFound
from countenance.ids import ClientId, SubjectId
from countenance.model.account import Role
from countenance.store import schema


def _world(folder: Path) -> World:
    pack = drawn_pack()
    know_tail()
    Engine._load = lambda _engine, _name: pack  # type: ignore[method-assign]
    Engine.init(folder / "data", operator="Example Museum")
    return World(Engine.open(folder / "data"), folder / "photos", SystemClock())


def _callers(
    world: World, server: Served, client: ClientId, people: list[SubjectId]
) -> dict[str, Callable[[], httpx.Client]]:
    with world.engine._records.write() as work:
        work.connection.execute(update(schema.client).values(per_hour=1_000_000, per_day=1_000_000))

    def staff(role: Role) -> Callable[[], httpx.Client]:
        return lambda: server.client(enter(world, role, client=client if role is Role.SEARCHER else None)[0])

    def pictured() -> httpx.Client:
        try:
            return server.client(enter(world, Role.SUBJECT, subject=people[2])[0])
        except (NotFound, KeyGone):
            return server.client(enter(world, Role.SUBJECT, subject=world.person("Next").id)[0])

    return {
        "operator": staff(Role.OPERATOR),
        "searcher": staff(Role.SEARCHER),
        "custodian": staff(Role.CUSTODIAN),
        "custodian of the house": staff(Role.CUSTODIAN),
        "auditor": staff(Role.AUDITOR),
        "subject": pictured,
        "nobody": server.client,
    }


def main() -> None:
    """Ask."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log", type=Path, default=None, help="Where the server's lines go.")
    asked = parser.parse_args()
    end = time.monotonic() + 60 * asked.minutes
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world = _world(folder)
        with served(world.data, world.photos, asked.log or folder / "server.log", "--unmetered") as server:
            server.wait()
            described = httpx.get(f"{server.origin}/api/v1/openapi.json", timeout=60).json()
            client, people = peopled(world)
            fuzzer = Fuzzer(described, _callers(world, server, client, people), client)
            fuzzer.tour(lambda: time.sleep(1))
            rounds, operations = 0, fuzzer.operations()
            while time.monotonic() < end and server.process.poll() is None:
                for label in sorted(operations):
                    fuzzer.ask(label, operations[label], 3, asked.seed + rounds)
                    if time.monotonic() > end:
                        break
                rounds += 1
            alive = server.is_ready()
    found = fuzzer.found
    print(f"{len(operations)} operations, {found.cases.total()} cases in {rounds} rounds, {dict(found.statuses)}")
    print(f"{len(found.good)} answered 2xx; not:", *sorted(set(operations) - set(found.good)), sep="\n  ")
    print(f"failures: {len(found.failures)}; the server is {'ready' if alive else 'GONE'}")
    for (label, _), words in found.failures.items():
        print(f"\n{label}: {words}")
    sys.exit(1 if found.failures or not alive else 0)


if __name__ == "__main__":
    main()
