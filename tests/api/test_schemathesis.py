# SPDX-License-Identifier: Apache-2.0
"""The whole API against its own description: see `fuzzing`."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from fuzzing import Fuzzer
from served import ClientFor, Server
from starlette.testclient import TestClient
from world import World

from countenance.api.limits import Limits
from countenance.errors import KeyGone, NotFound
from countenance.ids import ClientId, SubjectId
from countenance.model.account import Role

SEED = int(os.environ.get("COUNTENANCE_FUZZ_SEED", "20261125"))
LEAST_REACHED = 155
"""Operations that must answer some case with 2xx; the run prints which did not."""
EXAMPLES = int(os.environ.get("COUNTENANCE_FUZZ_EXAMPLES", "1"))


def peopled(world: World) -> tuple[ClientId, list[SubjectId]]:
    """Let there be people with photos; return a client and whom it may find."""
    client, source = world.client(), world.source()
    people = [world.person(f"Person {number}").id for number in (1, 2, 3)]
    for number, one in enumerate(people, 1):
        world.sign(one)
        world.enrol(source, one, number, photos=2)
    return client, people


def test_the_api_is_as_it_describes_itself(
    world: World, server: Server, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each operation, asked rightly and wrongly by everybody: no 5xx, no answer that is not described."""
    monkeypatch.setattr(Limits, "spend", lambda _limits, _caller: None)
    client, people = peopled(world)

    def pictured() -> TestClient:
        # This person is destroyed or sealed on the way, by one request or another; then comes the next.
        try:
            return client_for(Role.SUBJECT, subject=people[2])
        except (NotFound, KeyGone):
            return client_for(Role.SUBJECT, subject=world.person("Next").id)

    callers: dict[str, Callable[[], TestClient]] = {
        "operator": lambda: client_for(Role.OPERATOR),
        "searcher": lambda: client_for(Role.SEARCHER, client=client),
        "custodian": lambda: client_for(Role.CUSTODIAN),
        "custodian of the house": lambda: client_for(Role.CUSTODIAN),
        "auditor": lambda: client_for(Role.AUDITOR),
        "subject": pictured,
        "nobody": server,
    }
    fuzzer = Fuzzer(server().get("/api/v1/openapi.json").json(), callers, client)
    fuzzer.tour(lambda: world.engine.background.settle(60))
    toured = set(fuzzer.found.good)
    operations = fuzzer.operations()
    for name in sorted(operations, key=lambda one: (not one.startswith("GET"), one)):
        fuzzer.ask(name, operations[name], EXAMPLES, SEED)
    found = fuzzer.found
    print(f"{len(operations)} operations, {found.cases.total()} cases, {dict(found.statuses)}")
    print(
        f"{len(found.good)} operations answered 2xx; these did not:",
        *(
            f"{name} {'(rightly asked: yes)' if name in toured else ''}"
            for name in sorted(set(operations) - set(found.good))
        ),
        sep="\n  ",
    )
    text = "\n\n".join(f"{name}: {words}" for (name, _), words in found.failures.items())
    assert not found.failures, text
    assert set(found.cases) == set(operations)
    assert len(found.good) >= LEAST_REACHED, "a run that is refused everywhere proves little"
