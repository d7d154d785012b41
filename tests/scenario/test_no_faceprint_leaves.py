# SPDX-License-Identifier: Apache-2.0
"""No faceprint leaves: not through a verb, a log entry, JSON, an error or a printed object."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from fake_pack import face, photo, png
from numpy.typing import NDArray
from typer.testing import CliRunner
from world import DELIVERY, OPERATOR, PRESENT, World

from countenance.cli.main import app
from countenance.errors import CountenanceError, EncodingFailed, MixedEncoders
from countenance.model.faceprint import Faceprint, unit
from countenance.services.search import Request


def spellings(vector: NDArray[np.float32]) -> Iterator[str]:
    """Yield text that any print of this vector would contain: its numbers, and its bytes in hex and base 64."""
    for digits in (3, 4, 5, 6, 8):
        yield ", ".join(f"{value:.{digits}f}" for value in vector[:3])
        yield " ".join(f"{value:.{digits}f}" for value in vector[:3])
    yield from (str(value) for value in vector[:3].astype(float))
    yield from (f"{value:.6f}" for value in vector[:3] if abs(value) > 0.01)
    raw = vector.tobytes()
    yield raw[:12].hex()
    yield raw[:12].hex().upper()
    yield base64.b64encode(raw[:12]).decode()
    yield base64.urlsafe_b64encode(raw[:12]).decode()
    yield base64.b64encode(np.asarray(vector, "<f8").tobytes()[:12]).decode()


def leaks(world: World, text: str) -> list[str]:
    """Return what of any vector that the encoder ever answered stands in this text."""
    return [spelling for vector in world.encoder.vectors for spelling in spellings(vector) if spelling in text]


@pytest.fixture
def filled(world: World) -> tuple[World, list[str]]:
    """A directory with references, searches, waiting and skipped faces; and the CLI's arguments to read it all."""
    source, client = world.source(), world.client()
    ada, bo = world.person("Ada"), world.person("Bo")
    world.sign(ada.id)
    world.enrol(source, ada.id, 1, photos=2)
    pair = world.photo(1, 2)
    world.ingest(source, pair, manifest=[(pair, ada.id)])
    alone = world.photo(2)
    world.ingest(source, alone, manifest=[(alone, bo.id)])
    world.search(client, 1)
    return world, [ada.id, client, source]


def test_every_command_keeps_faceprints_in(
    filled: tuple[World, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command's JSON and text on a filled directory hold no part of a vector in any spelling."""
    world, (ada, client, source) = filled
    monkeypatch.chdir(tmp_path)  # where certificates are written
    probe = tmp_path / "probe.png"
    probe.write_bytes(png(photo(face(1, 5))))
    asks = ["--client", client, "--purpose", "photo_delivery", "--probe-basis", "subject_present"]
    commands = [
        ["subject", "list"],
        ["subject", "show", ada],
        ["client", "list"],
        ["source", "list"],
        ["review"],
        ["review", "--bystanders"],
        ["search", str(probe), *asks],
        ["verify-faces", str(probe), str(probe), *asks],
        ["ingest", source, str(world.photos), "--verbose"],
        ["doctor"],
        ["withdraw", ada],
        ["destroy", ada],
    ]
    for command in commands:
        for extra in (["--json"], []):
            result = CliRunner().invoke(app, [*command, *extra, "--data", str(world.data)])
            assert result.exit_code == 0, (command, result.output)
            assert leaks(world, result.output) == [], command
            for line in result.stdout.splitlines() if extra else []:
                _no_list_of_numbers(json.loads(line))
    assert len(world.encoder.vectors) >= 8


def test_every_verb_keeps_faceprints_in(filled: tuple[World, list[str]]) -> None:
    """Whatever a verb of the engine returns prints no vector."""
    world, (ada, client, source) = filled
    engine, request = world.engine, Request(client, DELIVERY, PRESENT, OPERATOR)
    probe = png(photo(face(1, 6)))
    verbs: list[Callable[[], object]] = [
        engine.subjects.everyone,
        lambda: engine.subjects.show(ada),
        engine.register.clients,
        engine.register.sources,
        lambda: engine.review.waiting(bystanders=True),
        lambda: engine.searches.search(probe, request),
        lambda: engine.searches.verify(probe, probe, request),
        lambda: engine.ingest.run(source, [world.photos]),
        engine.doctor.problems,
        lambda: engine.subjects.withdraw(ada),
        lambda: world.destroy(ada),
    ]
    for verb in verbs:
        answer = verb()
        assert leaks(world, repr(answer) + str(answer)) == []
    log = "".join(f"{event!r}{json.dumps(event.payload)}" for event in world.log())
    assert "reference" in log
    assert leaks(world, log) == []
    assert all(vector.tobytes()[:12] not in world.bytes_on_disk() for vector in world.encoder.vectors)


def test_a_faceprint_prints_its_encoder_alone() -> None:
    """repr and str of a faceprint name the encoder; errors about faceprints hold no number of theirs."""
    vector = np.random.default_rng(3).normal(size=16).astype(np.float32)
    faceprint = unit(vector, "e" * 64)
    assert repr(faceprint) == str(faceprint) == f"Faceprint(encoder='{'e' * 64}')"
    errors: list[CountenanceError] = []
    for wrong, kind in (
        (lambda: faceprint.score(unit(vector, "f" * 64)), MixedEncoders),
        (lambda: Faceprint(vector * 3, "e"), EncodingFailed),
        (lambda: unit(vector * 0, "e"), EncodingFailed),
    ):
        with pytest.raises(kind) as failure:
            wrong()
        errors.append(failure.value)
    text = " ".join(map(repr, errors))
    assert not any(s in text for v in (vector, faceprint.vector) for s in spellings(v))


def test_a_wiped_faceprint_is_zero(world: World) -> None:
    """After a search the probe's vector has been overwritten."""
    client = world.client()
    kept: list[Faceprint] = []
    encode = world.encoder.encode

    def remember(crops):
        kept.extend(prints := encode(crops))
        return prints

    world.encoder.encode = remember
    world.search(client, 1)
    assert len(kept) == 1
    assert not kept[0].vector.any()


def _no_list_of_numbers(value: object) -> None:
    """Fail on a list of floats, and on one of more than four numbers: a box has four, a vector more."""
    if isinstance(value, dict):
        for item in value.values():
            _no_list_of_numbers(item)
    elif isinstance(value, list):
        numbers = [item for item in value if isinstance(item, int | float)]
        assert len(numbers) <= 4
        assert not any(isinstance(item, float) for item in numbers)
        for item in value:
            _no_list_of_numbers(item)
