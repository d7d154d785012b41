# SPDX-License-Identifier: Apache-2.0
"""Writing a face pack in 8 bits: on whose faces, what is kept of them, and what else moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from fake_pack import DrawnEncoder, drawn_pack
from test_calibrate import BASIS, COUNSEL, data_set
from world import World

from countenance.backends.five_point.store import ModelStore
from countenance.errors import BadDataset, BadInput, Refused
from countenance.model.event import EventTag
from countenance.policy.permit import PermitKind, PermittedCrop
from countenance.ports.vision import FacePack

PEOPLE = 64
"""As few as are enough."""


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[PermittedCrop]:
    """The crops that a pack was written from; drawn faces have no network that could be written."""
    crops: list[PermittedCrop] = []

    def write(_store: ModelStore, name: str, given: Sequence[PermittedCrop]) -> FacePack:
        crops.extend(given)
        return replace(drawn_pack(), name=f"{name}-int8")

    monkeypatch.setattr(ModelStore, "quantise", write)
    return crops


def test_half_of_the_faces_make_it_and_half_judge_it(world: World, tmp_path: Path, shown: list[PermittedCrop]) -> None:
    """One face of each person under a permit of its own; the log says from which source, and no vector is kept."""
    source = world.source(BASIS, COUNSEL)
    assert isinstance(world.encoder, DrawnEncoder)
    world.encoder.vectors.clear()
    pack = world.engine.pack_name
    found = world.engine.quantising.quantise("drawn", data_set(tmp_path / "set", PEOPLE), source)
    assert (found.name, found.faces, len(shown)) == ("drawn-int8", PEOPLE // 2, PEOPLE // 2)
    assert found.least == pytest.approx(1.0, abs=1e-5)
    assert {crop.permit.kind for crop in shown} == {PermitKind.EVALUATE}
    (entry,) = world.log(EventTag.MODEL_QUANTISED)
    assert (entry.payload["pack"], entry.payload["source"]) == ("drawn-int8", source)
    assert entry.payload["faces"] == PEOPLE
    assert world.engine.pack_name == pack
    disk = world.bytes_on_disk()
    assert world.encoder.vectors
    assert all(vector.tobytes()[:16] not in disk for vector in world.encoder.vectors)


@pytest.mark.parametrize(("basis", "counsel"), [(None, None), (BASIS, None), (None, COUNSEL)])
def test_people_who_did_not_agree_are_no_measure(
    world: World, tmp_path: Path, shown: list[PermittedCrop], basis: str | None, counsel: str | None
) -> None:
    """Without a permission for bystanders and counsel's opt-in no face of a data set is looked at by an encoder."""
    source, folder = world.source(basis, counsel), data_set(tmp_path / "set", 3)
    before, crops = world.state(), world.encoder.crops
    with pytest.raises(Refused, match="bystander"):
        world.engine.quantising.quantise("drawn", folder, source)
    assert (world.state(), world.encoder.crops, shown) == (before, crops, [])
    (entry,) = world.log(EventTag.EVALUATION_DENIED)
    assert entry.payload["source"] == source
    assert world.log(EventTag.MODEL_QUANTISED) == []


def test_too_few_people(world: World, tmp_path: Path, shown: list[PermittedCrop]) -> None:
    """A data set with too few people says how many are needed; nothing is written."""
    source = world.source(BASIS, COUNSEL)
    crops = world.encoder.crops
    with pytest.raises(BadDataset, match=rf"of {PEOPLE - 1} people can be used, and {PEOPLE} are needed"):
        world.engine.quantising.quantise("drawn", data_set(tmp_path / "set", PEOPLE - 1), source)
    assert (world.encoder.crops, shown, world.log(EventTag.MODEL_QUANTISED)) == (crops, [], [])


def test_the_default_pack_is_in_8_bits(world: World, tmp_path: Path, shown: list[PermittedCrop]) -> None:
    """Nobody's face is looked at for what is so already."""
    with pytest.raises(BadInput, match="8 bits as it comes"):
        world.engine.quantising.quantise("dlib", data_set(tmp_path / "set", 2), world.source(BASIS, COUNSEL))
    assert shown == []
