# SPDX-License-Identifier: Apache-2.0
"""Measuring on a data set: whose permission it takes, what is kept, and what a bad list or photo does."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner
from world import World

from countenance.cli.main import app
from countenance.errors import BadDataset, Refused
from countenance.ids import SourceId
from countenance.model.event import EventTag
from countenance.services.evaluation import Plan, Report
from countenance.store import evaluations


def data_set(world: World, people: int = 8, photos: int = 3) -> Path:
    """Write photos of so many people, each in a folder of its own."""
    for seed in range(people):
        for number in range(1, photos + 1):
            world.photo(seed, name=f"set/Person_{seed}/Person_{seed}_{number:04d}.png")
    return world.photos / "set"


def permitted(world: World) -> SourceId:
    """Add a source that covers people who signed nothing."""
    return world.source(bystander_basis="licence of the data set", counsel="memo of 3 May")


def measure(world: World, folder: Path, plan: Plan | None = None) -> Report:
    """Measure on a data set whose source permits it."""
    return world.engine.evaluations.run(folder, permitted(world), plan or Plan(galleries=(4,)))


@pytest.mark.parametrize("basis", [None, "licence"])
def test_a_data_set_needs_a_permission_that_covers_people_who_signed_nothing(world: World, basis: str | None) -> None:
    """Without the bystanders' basis and counsel's opt-in no face is encoded; the refusal is logged, nothing moves."""
    folder, source = data_set(world), world.source(bystander_basis=basis)
    before, crops = world.state(), world.encoder.crops
    with pytest.raises(Refused, match="bystander"):
        world.engine.evaluations.run(folder, source, Plan())
    assert world.encoder.crops == crops
    assert world.state() == before
    (entry,) = world.log(EventTag.EVALUATION_DENIED)
    assert "bystander." in json.dumps(entry.payload)


def test_a_run_keeps_rates_and_nothing_of_a_face(world: World) -> None:
    """What is stored and logged holds no name, no photo and no vector; the vectors are overwritten."""
    folder = data_set(world)
    world.encoder.vectors.clear()
    report = measure(world, folder)
    assert len(world.encoder.vectors) == 24
    with world.engine._records.read() as work:
        kept = evaluations.latest(work, world.encoder.digest)
    assert kept is not None
    assert kept.id == report.run.id
    text = json.dumps(kept.results)
    assert "Person" not in text
    (entry,) = world.log(EventTag.EVALUATION_RUN)
    assert "Person" not in json.dumps(entry.payload)
    assert kept.results["dataset"] == {"sha256": kept.dataset, "people": 8, "photos": 24, "left_out": {}}
    (small, whole) = kept.results["identification"]
    assert (small["gallery"], whole["gallery"]) == (4, 8)
    assert whole["ranks"]["1"][0] == 1  # drawn faces are easily told apart
    raw = world.bytes_on_disk()
    assert not any(np.asarray(vector, np.float32).tobytes() in raw for vector in world.encoder.vectors)


def test_the_same_measurement_has_the_same_id(world: World) -> None:
    """An evaluation's id is the digest of inputs and results, so that a claim can be checked by measuring again."""
    folder = data_set(world, people=4)
    assert measure(world, folder).run.id == measure(world, folder).run.id
    world.photo(0, name="set/Person_0/Person_0_0009.png")
    assert measure(world, folder).run.id != measure(world, folder, Plan(protocol="identification")).run.id


def test_bad_photos_are_left_out_with_a_reason(world: World) -> None:
    """A broken file and a photo without a face are counted, and the rest is measured."""
    folder = data_set(world, people=4)
    (folder / "Person_1" / "broken.jpg").write_bytes(b"no photo")
    world.photo(name="set/Person_2/empty.png")
    assert measure(world, folder).run.results["dataset"]["left_out"] == {"no_face": 1, "not_an_image": 1}


def test_official_pairs_groups_and_names_of_one_person(world: World) -> None:
    """Pairs are read with and without the official head; groups are those in the file; two names can be one."""
    folder = data_set(world, people=6)
    lines = "".join(f"Person_{a}\t1\t2\nPerson_{a}\t1\tPerson_{a + 1}\t2\n" for a in range(5))
    pairs, groups, same = (world.photos / name for name in ("pairs.txt", "groups.csv", "same.tsv"))
    pairs.write_text("5\t1\n" + lines + "Nobody\t1\t2\n")
    groups.write_text("person,group\n" + "".join(f"Person_{a},{'odd' if a % 2 else 'even'}\n" for a in range(6)))
    same.write_text("Person_0\tPerson_5\n")
    found = measure(world, folder, Plan(pairs=pairs, groups=groups, same=same)).run.results
    assert found["pairs"]["accuracy"][0] == 1
    assert (found["pairs"]["pairs"], found["pairs"]["absent"]) == (10, 1)
    assert found["dataset"]["people"] == 5
    assert {name: group["people"] for name, group in found["groups"]["rates"].items()} == {"even": 3, "odd": 2}
    pairs.write_text(lines)
    only = measure(world, folder, Plan(protocol="lfw-pairs", pairs=pairs)).run.results
    assert len(only["pairs"]["folds"]) == 5
    assert "identification" not in only


@pytest.mark.parametrize(
    ("what", "text", "message"),
    [
        ("pairs", "Person_0\t1\n1\n", "a pair is"),
        ("groups", "who,what\na,b\n", "person,group"),
        ("same", "Person_0\n", "two names"),
    ],
)
def test_a_bad_list_says_what_it_needs(world: World, what: str, text: str, message: str) -> None:
    """A list that cannot be used is refused before a face is encoded."""
    folder, file = data_set(world, people=3), world.photos / "list"
    file.write_text(text)
    crops = world.encoder.crops
    with pytest.raises(BadDataset, match=message):
        measure(world, folder, Plan(**{what: file}))
    assert world.encoder.crops == crops


def test_a_folder_without_people_is_no_data_set(world: World) -> None:
    """Photos that lie in no person's folder cannot be measured on."""
    world.photo(1, name="flat/a.png")
    with pytest.raises(BadDataset, match="a folder for each"):
        measure(world, world.photos / "flat")


def test_the_command_writes_a_page_that_loads_nothing(world: World, tmp_path: Path) -> None:
    """`eval` prints the rates and writes a page and a JSON file with the same id; the page asks for nothing."""
    folder, source = data_set(world), permitted(world)
    done = CliRunner().invoke(
        app, ["eval", str(folder), "--source", source, "--data", str(world.data), "--out", str(tmp_path / "out")]
    )
    assert done.exit_code == 0, done.output
    (page,), (numbers,) = (tmp_path / "out").glob("*.html"), (tmp_path / "out").glob("*.json")
    name = json.loads(numbers.read_text())["evaluation"]
    html = page.read_text()
    assert name in html
    assert name in done.output
    assert "promised FPIR 0.01" in done.output
    assert "<script" not in html
    assert "http" not in html
    assert html.count("<svg") >= 5
    assert "data:image/jpeg;base64" in html
