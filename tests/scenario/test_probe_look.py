# SPDX-License-Identifier: Apache-2.0
"""A probe is looked at before a search: decided like one, and nothing of it is encoded or kept."""

from __future__ import annotations

import pytest
from fake_pack import TILE, blurred, box_of, face, photo, png
from world import DELIVERY, OPERATOR, PRESENT, World

from countenance.errors import BadPhoto, Refused
from countenance.ids import ClientId
from countenance.model.event import EventTag
from countenance.model.purpose import Purpose
from countenance.model.search import ProbeBasis
from countenance.services.search import Request


def request(client: ClientId, purpose: Purpose = DELIVERY, basis: ProbeBasis = PRESENT) -> Request:
    return Request(client, purpose, basis, OPERATOR)


def test_a_look_numbers_the_faces_and_encodes_none(world: World) -> None:
    """Faces come from the left with their boxes and what the quality gate says; the log has the look and no pixels."""
    client, rows, crops = world.client(), world.rows(), world.encoder.crops
    look = world.engine.searches.look(png(photo(face(1), blurred(2), face(3))), request(client))
    assert [(one.number, one.box) for one in look.faces] == [(n + 1, box_of(n)) for n in range(3)]
    assert [one.reason for one in look.faces] == [None, "blurred", None]
    assert look.size == (112, 336)
    assert look.crop is None
    assert world.encoder.crops == crops
    kept = {"event": 0, "log_node": 0, "client_use": 0}
    assert {**world.rows(), **kept} == {**rows, **kept}
    entry = world.log()[-1]
    assert (entry.tag, entry.payload["faces"]) == (EventTag.PROBE_LOOKED, 3)


def test_a_look_cuts_out_the_face_that_was_chosen(world: World) -> None:
    """A sole face, or the one of the number, comes back aligned; a number that is not there is refused."""
    client, looks = world.client(), world.engine.searches
    alone = looks.look(png(photo(face(1))), request(client)).crop
    second = looks.look(png(photo(face(2), face(1))), request(client), face=2).crop
    assert alone == second
    assert alone is not None
    assert alone.startswith(b"\xff\xd8")
    with pytest.raises(BadPhoto) as bad:
        looks.look(png(photo(face(2), face(1))), request(client), face=3)
    assert bad.value.reason == "several_faces"
    assert looks.look(png(photo()), request(client)).faces == ()


@pytest.mark.parametrize(
    ("purpose", "basis", "rule"),
    [
        (Purpose.MISSING_PERSON, PRESENT, "client.purpose"),
        (DELIVERY, ProbeBasis.ATTESTED, "probe.basis"),
    ],
)
def test_a_look_is_refused_where_a_search_would_be(
    world: World, purpose: Purpose, basis: ProbeBasis, rule: str
) -> None:
    """Without the right to search nobody is told whether a photo shows a face; the refusal is logged, nothing moves."""
    client = world.client()
    before = world.state()
    with pytest.raises(Refused) as refused:
        world.engine.searches.look(png(photo(face(1))), request(client, purpose, basis))
    assert refused.value.rule_id == rule
    assert (world.log()[-1].tag, world.log()[-1].payload["rule"]) == (EventTag.SEARCH_REFUSED, rule)
    assert world.state() == before


def test_an_answer_brings_the_searched_face_in_memory_alone(world: World) -> None:
    """The crop of the probe comes with the answer, as large as the encoder got it, and is in no file."""
    client = world.client()
    result = world.search(client, 1)
    assert result.probe.startswith(b"\xff\xd8")
    assert (TILE.to_bytes(2, "big") * 2) in result.probe  # height and width in the frame's header
    assert result.probe not in world.bytes_on_disk()
    assert "probe" not in repr(result)
