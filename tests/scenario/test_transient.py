# SPDX-License-Identifier: Apache-2.0
"""Faces that nobody named: compared in memory where basis and counsel allow it, and forgotten."""

from __future__ import annotations

import pytest
from world import World

from countenance.ids import SubjectId
from countenance.model.event import EventTag
from countenance.model.source import FaceState

BASIS, COUNSEL = "house rules of the gala, shown at the door", "memo of counsel of 2026-03-01"


@pytest.fixture
def ada(world: World) -> SubjectId:
    """Somebody under a live release, with one reference."""
    subject = world.person("Ada").id
    world.sign(subject)
    world.enrol(world.source(), subject, 1)
    return subject


@pytest.mark.parametrize(
    ("basis", "counsel"), [(None, None), (BASIS, None), (None, COUNSEL)], ids=["neither", "basis", "counsel"]
)
def test_a_bystander_is_not_encoded_by_default(
    world: World, ada: SubjectId, basis: str | None, counsel: str | None
) -> None:
    """Without a basis for bystanders and counsel's opt-in no unnamed face reaches the encoder, not even Ada's."""
    crops = world.encoder.crops
    summary, _ = world.ingest(world.source(basis, counsel), world.photo(1, 50))
    assert (summary.bystanders, summary.references) == (2, 0)
    assert world.encoder.crops == crops


def test_a_match_becomes_a_reference_and_a_stranger_is_forgotten(world: World, ada: SubjectId) -> None:
    """With both, Ada is recognised and enrolled under a permit of her own; of the stranger no byte is kept."""
    client, source = world.client(), world.source(BASIS, COUNSEL)
    world.encoder.vectors.clear()
    before = world.state()
    summary, _ = world.ingest(source, world.photo(50, 1))
    assert (summary.references, summary.bystanders) == (1, 1)
    assert world.encoder.crops == 1 + 3  # Ada's first, both compared, Ada's again under her own permit
    (encoded,) = world.log(EventTag.FACE_ENCODED, ada)[1:]
    assert encoded.payload["attributed_by"] == "transient"
    assert encoded.payload["release"] == world.engine.subjects.show(ada).releases[0][0].id
    assert {face.subject for face in world.faces(FaceState.BYSTANDER)} == {None}
    assert len(world.state().gallery) == len(before.gallery) + 1
    disk = world.bytes_on_disk()
    assert all(vector.tobytes()[:16] not in disk for vector in world.encoder.vectors)
    assert world.found(client, 50) == set()
    assert world.engine.doctor.problems() == []


def test_only_the_consenting_gallery_is_compared(world: World, ada: SubjectId) -> None:
    """After a withdrawal an unnamed face of this person is a stranger's; with nobody left, nothing is encoded."""
    source = world.source(BASIS, COUNSEL)
    world.engine.subjects.withdraw(ada)
    crops = world.encoder.crops
    summary, _ = world.ingest(source, world.photo(1))
    assert (summary.references, summary.bystanders) == (0, 1)
    assert world.encoder.crops == crops


def test_one_source_without_counsel_is_enough_to_refuse(world: World, ada: SubjectId) -> None:
    """A photo that came first from a source without opt-in is not compared because a second source has one."""
    picture = world.photo(1)
    world.ingest(world.source(), picture)
    crops = world.encoder.crops
    world.sign(world.person("Bo").id)  # so that the photo is looked at again
    summary, _ = world.ingest(world.source(BASIS, COUNSEL), picture)
    assert (summary.references, world.encoder.crops) == (0, crops)
