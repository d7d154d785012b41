# SPDX-License-Identifier: Apache-2.0
"""The main job end to end with the default pack: on an astronaut's portrait, and on benchmark photos if at hand."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from skimage import data
from world import DELIVERY, OPERATOR, PRESENT, World

from countenance.backends import dlib_pack
from countenance.bootstrap import Engine
from countenance.clock import SystemClock
from countenance.errors import BadPhoto
from countenance.ids import ClientId
from countenance.model.face import Crop, DetectedFace, Image
from countenance.model.faceprint import Faceprint
from countenance.model.search import SearchResult
from countenance.policy.permit import PermittedCrop
from countenance.ports.vision import FacePack
from countenance.services.search import Request

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
PORTRAIT = data.astronaut()[:300, 100:400]


class Counting:
    """An encoder that counts what reaches it and remembers what it answers."""

    def __init__(self, inner) -> None:
        self.inner, self.digest, self.dim = inner, inner.digest, inner.dim
        self.crops = 0
        self.vectors: list[bytes] = []

    def align(self, image: Image, face: DetectedFace) -> Crop:
        """Align as the inner encoder does."""
        return self.inner.align(image, face)

    def encode(self, crops: Sequence[PermittedCrop]) -> list[Faceprint]:
        """Encode as the inner encoder does."""
        self.crops += len(crops)
        prints = self.inner.encode(crops)
        self.vectors += [faceprint.vector.tobytes() for faceprint in prints]
        return prints


@pytest.fixture(scope="module")
def pack() -> FacePack:
    """The default pack, loaded once."""
    return dlib_pack.load()


@pytest.fixture
def real(world: World, pack: FacePack, monkeypatch: pytest.MonkeyPatch) -> tuple[World, Counting]:
    """A world with the default pack behind a counter."""
    encoder = Counting(pack.encoder)
    monkeypatch.setattr(Engine, "_load", lambda _engine, _name: replace(pack, encoder=encoder))
    world.clock = SystemClock()
    world.reopen()
    return world, encoder


def jpeg(image: Image, quality: int = 92, size: tuple[int, int] | None = None) -> bytes:
    """Return a photo's file, resized where a (width, height) is given."""
    picture = Pillow.fromarray(np.ascontiguousarray(image))
    out = io.BytesIO()
    (picture if size is None else picture.resize(size)).save(out, "JPEG", quality=quality)
    return out.getvalue()


def search(world: World, client: ClientId, photo: bytes) -> SearchResult:
    """Search for whoever a photo shows."""
    return world.engine.searches.search(photo, Request(client, DELIVERY, PRESENT, OPERATOR))


def test_the_main_job_on_a_portrait(real: tuple[World, Counting], tmp_path: Path) -> None:
    """Release, ingest, search, withdraw, destroy: found by an altered photo while permitted, and never else."""
    world, encoder = real
    source, client, ada = world.source(), world.client(), world.person("Ada Example")
    stretched = np.array(Pillow.fromarray(PORTRAIT[:, ::-1]).resize((260, 300)))
    group = tmp_path / "group.jpg"
    group.write_bytes(jpeg(np.hstack([PORTRAIT, stretched])))
    alone = tmp_path / "alone.jpg"
    alone.write_bytes(jpeg(PORTRAIT))
    manifest = tmp_path / "faces.csv"
    manifest.write_text(f"photo,subject,x,y,w,h\n{group},{ada.id},60,20,160,200\n{alone},{ada.id},,,,\n")

    before = world.engine.ingest.run(source, [group], manifest=manifest)
    assert (before.faces, before.bystanders, dict(before.skipped)) == (2, 1, {"consent.live": 1})
    assert encoder.crops == 0
    world.sign(ada.id)
    after = world.engine.ingest.run(source, [group, alone], manifest=manifest)
    assert (after.references, encoder.crops) == (2, 2)

    altered = jpeg(PORTRAIT[20:, 10:], quality=70, size=(220, 210))
    (candidate,) = search(world, client, altered).candidates
    assert candidate.subject == ada.id
    assert candidate.score > candidate.threshold
    verification = world.engine.searches.verify(
        altered, alone.read_bytes(), Request(client, DELIVERY, PRESENT, OPERATOR)
    )
    assert verification.score > verification.threshold.value
    assert all(vector[:16] not in world.bytes_on_disk() for vector in encoder.vectors)
    assert world.engine.doctor.problems() == []

    world.engine.subjects.withdraw(ada.id)
    assert search(world, client, altered).candidates == ()
    world.destroy(ada.id)
    assert search(world, client, altered).candidates == ()
    assert world.rows()["reference"] == 0
    assert world.engine.doctor.problems() == []
    assert group.is_file()


def test_a_probe_without_one_clear_face_is_refused_in_words(real: tuple[World, Counting]) -> None:
    """No face, several faces or one too small to tell: a reason code, and nothing reaches the encoder."""
    world, encoder = real
    client = world.client()
    noise = np.random.default_rng(1).integers(0, 255, (200, 200, 3)).astype(np.uint8)
    pair = np.hstack([PORTRAIT, PORTRAIT])
    small = np.full((400, 400, 3), 128, np.uint8)
    small[:40, :40] = np.array(Pillow.fromarray(PORTRAIT).resize((40, 40)))
    for photo, reasons in ((noise, {"no_face"}), (pair, {"several_faces"}), (small, {"no_face", "too_small"})):
        with pytest.raises(BadPhoto) as refusal:
            search(world, client, jpeg(photo))
        assert refusal.value.reason in reasons
    assert encoder.crops == 0
    assert world.rows()["search"] == 0


@pytest.mark.skipif(not (SHARED / "faces" / "lfw").is_dir(), reason="../shared/faces is not here")
def test_known_people_are_found_and_strangers_are_nobody(real: tuple[World, Counting]) -> None:
    """Of twelve people with one reference most are found by another photo, nobody as somebody else; strangers never."""
    world, _ = real
    source, client = world.source(), world.client()
    folders = sorted(f for f in (SHARED / "faces" / "lfw").iterdir() if len(list(f.glob("*.jpg"))) >= 2)
    known, strangers = folders[:24:2], folders[1:24:2]
    people = {}
    for folder in known:
        person = world.person(folder.name)
        world.sign(person.id)
        people[folder.name] = person.id
    lines = [f"{folder / f'{folder.name}_0001.jpg'},{people[folder.name]}" for folder in known]
    manifest = world.photos / "faces.csv"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("photo,subject\n" + "\n".join(lines) + "\n")
    paths = [folder / f"{folder.name}_0001.jpg" for folder in known]
    summary = world.engine.ingest.run(source, paths, manifest=manifest)
    assert summary.references + sum(summary.skipped.values()) + summary.waiting >= 12

    right = wrong = 0
    for folder in [*known, *strangers]:
        try:
            result = search(world, client, (folder / f"{folder.name}_0002.jpg").read_bytes())
        except BadPhoto:
            continue
        found = [candidate.subject for candidate in result.candidates]
        right += found == [people.get(folder.name)]
        wrong += any(subject != people.get(folder.name) for subject in found)
    assert wrong == 0
    assert right >= 8
