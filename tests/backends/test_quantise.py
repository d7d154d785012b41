# SPDX-License-Identifier: Apache-2.0
"""An encoder in 8 bits: people stay alike, every processor gives the same numbers, and nothing else changes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from five_point_packs import (
    SHARED,
    layered_encoder,
    permitted,
    tiny_detector,
    tiny_encoder,
    write_pack,
    write_real_pack,
)
from onnx import numpy_helper

from countenance.backends.five_point.store import ModelStore
from countenance.backends.photos import PillowReader
from countenance.errors import BadPack, LicenceNotAccepted, ModelDamaged
from countenance.policy.permit import PermittedCrop

_SIGNED_7_BITS = 64


def crops(count: int) -> list[PermittedCrop]:
    pixels = np.random.default_rng(3).integers(0, 256, (count, 112, 112, 3), np.uint8)
    return [permitted(one) for one in pixels]


def held(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    store = ModelStore(tmp_path / "models")
    store.pull("tiny", source=write_pack(tmp_path / "source", tiny_detector(), tiny_encoder()))
    return store


def test_a_pack_of_its_own(store: ModelStore, tmp_path: Path) -> None:
    """The pack in 8 bits stands beside the whole one, pinned, with another encoder; the whole one stays as it was."""
    before = held(tmp_path / "models")
    small = store.quantise("tiny", crops(8))
    assert small.name == "tiny-int8"
    assert small.encoder.digest != store.load("tiny").encoder.digest
    assert small.detector.digest == store.load("tiny").detector.digest
    after = held(tmp_path / "models")
    assert {name: data for name, data in after.items() if not name.startswith("tiny-int8/")} == before
    assert sorted(after.keys() - before.keys()) == [
        "tiny-int8/detector.onnx",
        "tiny-int8/encoder-int8.onnx",
        "tiny-int8/pack.toml",
    ]
    assert all(store.owns(Path(name)) for name in after)
    (tmp_path / "models/tiny-int8/encoder-int8.onnx").write_bytes(b"\0" * len(after["tiny-int8/encoder-int8.onnx"]))
    with pytest.raises(ModelDamaged):
        store.load("tiny-int8")


def test_the_same_faces_give_the_same_file(store: ModelStore, tmp_path: Path) -> None:
    """A pack that was lost can be written again: its encoder is the same, to the bit."""
    digest = store.quantise("tiny", crops(8)).encoder.digest
    first = held(tmp_path / "models")
    assert store.quantise("tiny", crops(8)).encoder.digest == digest
    assert held(tmp_path / "models") == first


def test_no_permit_nothing_looked_at(store: ModelStore, tmp_path: Path) -> None:
    """A crop without a permit is refused, and nothing is installed."""
    bare = np.zeros((112, 112, 3), np.uint8)
    before = held(tmp_path / "models")
    with pytest.raises(TypeError, match="permitted crops only"):
        store.quantise("tiny", [*crops(4), bare])  # type: ignore[list-item]
    assert held(tmp_path / "models") == before


def test_a_licence_stays_accepted_in_words(tmp_path: Path) -> None:
    """A pack whose licence forbids commercial use is written only where it was accepted, and asks for it again."""
    store = ModelStore(tmp_path / "models")
    forbids = {"licence": "for research", "commercial_use": False}
    source = write_pack(tmp_path / "source", tiny_detector(), tiny_encoder(), pack=forbids)
    with pytest.raises(LicenceNotAccepted):
        store.pull("tiny", source=source)
    store.pull("tiny", source=source, accept_licence="for research")
    assert store.quantise("tiny", crops(8)).licence == "for research"
    (tmp_path / "models/tiny-int8/licence-accepted").unlink()
    with pytest.raises(LicenceNotAccepted):
        store.load("tiny-int8")


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the model files and photos of ../shared")
def test_mobilefacenet(tmp_path: Path) -> None:
    """A real encoder's faceprints of faces that it was not made from hardly change, and its sums fit any processor."""
    store = ModelStore(tmp_path / "models")
    store.pull("mobile", source=write_real_pack(tmp_path / "source"))
    pack, people = store.load("mobile"), sorted((SHARED / "faces/lfw").iterdir())[:80]
    faces = [crop for folder in people if (crop := _first(pack, sorted(folder.glob("*.jpg")))) is not None]
    small = store.quantise("mobile", faces[::2])
    one, other = (np.stack([face.vector for face in each.encoder.encode(faces[1::2])]) for each in (pack, small))
    alike = one @ other.T
    assert np.median(np.diag(alike)) > 0.99
    assert np.diag(alike).min() > 0.97
    assert np.abs(alike - one @ one.T).max() < 0.1
    for name, node_weights in _dense((tmp_path / "models/mobile-int8/encoder-int8.onnx").read_bytes()):
        assert node_weights.dtype == np.int8, name
        assert np.abs(node_weights.astype(int)).max() <= _SIGNED_7_BITS, name


def _first(pack, photos: Sequence[Path]) -> PermittedCrop | None:  # type: ignore[no-untyped-def]
    image = PillowReader().read(photos[0].read_bytes()).image
    found = pack.detector.detect(image)
    return permitted(pack.encoder.align(image, found[0])) if found else None


def _dense(model: bytes) -> list[tuple[str, np.ndarray]]:  # type: ignore[type-arg]
    """Return the stored weights of each convolution that sums over channels."""
    graph = onnx.load_from_string(model).graph
    stored = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    made = {node.output[0]: node for node in graph.node}
    found = []
    for node in graph.node:
        group = next((one.i for one in node.attribute if one.name == "group"), 1)
        if node.op_type == "Conv" and group == 1:
            found.append((node.name, stored[made[node.input[1]].input[0]]))
    assert found
    return found


def test_without_faces_nothing_is_written(store: ModelStore, tmp_path: Path) -> None:
    """Nobody to measure: a clear error, and nothing is installed."""
    before = held(tmp_path / "models")
    with pytest.raises(BadPack, match="cannot be written in 8 bits"):
        store.quantise("tiny", [])
    assert held(tmp_path / "models") == before


def test_layers_of_published_encoders(tmp_path: Path) -> None:
    """Batch norm and PReLU of an older ONNX, as SFace and ArcFace have them, keep their vectors in 8 bits."""
    store = ModelStore(tmp_path / "models")
    store.pull("tiny", source=write_pack(tmp_path / "source", tiny_detector(), layered_encoder()))
    pack, small = store.load("tiny"), store.quantise("tiny", crops(32))
    one, other = (each.encoder.encode(crops(8)) for each in (pack, small))
    assert min(float(a.vector @ b.vector) for a, b in zip(one, other, strict=True)) > 0.99
