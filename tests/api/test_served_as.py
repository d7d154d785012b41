# SPDX-License-Identifier: Apache-2.0
"""The number of a request stands in its answer, in the server's line and in each entry of the log that it made."""

from __future__ import annotations

from served import ClientFor
from world import World

from countenance.model.account import Role
from countenance.model.event import EventTag

API = "/api/v1"


def test_an_entry_carries_the_number_of_the_request_behind_it(world: World, client_for: ClientFor) -> None:
    """Whatever a request changed or was refused is found by the number that its answer had; two have two numbers."""
    ada = world.person("Ada").id
    world.sign(ada)
    custodian = client_for(Role.CUSTODIAN)
    asked = {"subject": ada, "kind": "access", "verified_by": "document"}
    opened = custodian.post(f"{API}/requests", json=asked)
    (entry,) = world.log(EventTag.REQUEST_OPENED)
    assert entry.payload["served"] == opened.headers["x-request-id"]
    assert entry.payload["request"] == opened.json()["id"]
    refused = custodian.post(f"{API}/runs", json={"subjects": [ada]})
    assert refused.status_code == 201
    numbers = {one.payload.get("served") for one in world.log()}
    assert refused.headers["x-request-id"] in numbers
    assert world.log(EventTag.SOURCE_ADDED) == []
    world.source()  # from the command line: no request is behind it
    assert "served" not in world.log(EventTag.SOURCE_ADDED)[-1].payload


def test_a_number_ends_with_its_request(world: World, client_for: ClientFor) -> None:
    """What a thread does afterwards is not counted to the request before."""
    operator = client_for(Role.OPERATOR)
    for number in range(3):
        made = operator.post(f"{API}/people", json={"label": f"Person {number}", "residency": ["US-IL"]})
        added = world.log(EventTag.SUBJECT_ADDED)[-1]
        assert added.payload["served"] == made.headers["x-request-id"]
    world.person("Later")
    assert "served" not in world.log(EventTag.SUBJECT_ADDED)[-1].payload
