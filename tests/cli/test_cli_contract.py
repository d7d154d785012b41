# SPDX-License-Identifier: Apache-2.0
"""What programs may rely on: the keys of every command's JSON, and what goes to which stream."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import pytest
from commands import Cli
from fake_pack import face, photo, png
from world import World


@dataclass(frozen=True)
class Filled:
    """A data directory in which every command has something to say."""

    cli: Cli
    words: dict[str, str]

    def run(self, line: str, *more: str) -> list[str]:
        """Return a command line with its placeholders filled in."""
        return [self.words.get(word, word) for word in line.split()] + list(more)


@pytest.fixture
def filled(world: World, cli: Cli) -> Filled:
    client, source = world.client(), world.source()
    ada, bob = world.person("Ada Example"), world.person("Bob Example")
    world.sign(ada.id)
    world.enrol(source, ada.id, seed=1)
    world.ingest(source, pair := world.photo(1, 2), manifest=[(pair, ada.id)])  # two faces: both wait
    (waiting, *_) = world.engine.review.waiting()
    probe = world.photos / "probe.png"
    probe.write_bytes(png(photo(face(1, 999))))
    unseen = world.photo(3)
    words = {
        "ADA": ada.id, "BOB": bob.id, "CLIENT": client, "SOURCE": source, "FACE": waiting.face.id,
        "PROBE": str(probe), "PHOTO": str(unseen),
    }  # fmt: skip
    return Filled(cli, words)


_SEARCH = "--client CLIENT --purpose photo_delivery --probe-basis subject_present"
_KEYS = {
    "subject add Cyd --residency US-IL": {"subject"},
    "subject list": {"subject", "label", "residency", "frozen"},
    "subject show ADA": {"subject", "label", "residency", "frozen", "releases", "faces", "found_by"},
    "release sign BOB --purpose photo_delivery --client CLIENT --term-days 30 --signer Bob": {
        "release", "status", "expires", "notice",
    },
    "client add Shop --kind venue --purpose member_access": {"client"},
    "client list": {"client", "name", "kind", "purposes", "fpir"},
    "source add Gala --basis contract --capture-place US-IL": {"source"},
    "source list": {"source", "name", "basis", "capture_place"},
    "ingest SOURCE PHOTO": {"photos", "new", "faces", "references", "bystanders", "waiting", "skipped", "seconds"},
    "review": {"face", "photo", "uri", "box", "reason", "subject"},
    "review assign FACE ADA": {"face", "subject", "state"},
    "review dismiss FACE": {"face", "state"},
    f"search PROBE {_SEARCH}": {"probe", "candidates", "threshold", "fpir", "gallery", "searched_s"},
    f"verify-faces PROBE PROBE {_SEARCH}": {"score", "threshold"},
    "withdraw ADA": {"subject", "frozen"},
    "destroy ADA": {"run", "state", "destroyed", "certificate", "title", "files", "problems"},
    "doctor": {"problems"},
    "models list": {"pack", "licence", "commercial_use", "installed", "in_use"},
}  # fmt: skip


@pytest.mark.parametrize("line", _KEYS)
def test_json_lines_have_the_promised_keys(filled: Filled, line: str) -> None:
    """With --json every line of standard output is one object with at least the documented keys."""
    answer = filled.cli(*filled.run(line, "--json"))
    assert answer.records
    for record in answer.records:
        assert record.keys() >= _KEYS[line]
    assert answer.stderr.strip()


def test_people_read_on_standard_output_what_json_puts_on_standard_error(filled: Filled) -> None:
    """The text of a command is the same with and without --json; only the stream differs."""
    for line in ("subject list", "subject show ADA", "client list", "source list", "review", "models list", "doctor"):
        plain, with_json = filled.cli(*filled.run(line)), filled.cli(*filled.run(line, "--json"))
        assert plain.stdout.strip()
        assert plain.stdout == with_json.stderr
        assert plain.stderr == ""


def test_init_says_where_and_which_policy(cli: Cli) -> None:
    """`init` names the data directory and the digest of the policy that it published."""
    fresh = Cli(cli.data.parent / "fresh")
    record = fresh.json("init", "--operator", "Example Museum")
    assert record["data"] == str(fresh.data)
    assert len(record["policy_sha256"]) == 64


def test_a_candidate_has_the_promised_keys(filled: Filled) -> None:
    """A candidate carries its score and the number of chance candidates to be expected at it."""
    record = filled.cli(*filled.run(f"search PROBE {_SEARCH}", "--json")).record
    (candidate,) = record["candidates"]
    assert candidate.keys() >= {"rank", "subject", "reference", "photo", "score", "chance_candidates"}
    assert candidate["subject"] == filled.words["ADA"]


def test_nobody_is_an_answer(filled: Filled) -> None:
    """A search that finds nobody exits with 0 and an empty list."""
    record = filled.cli(*filled.run(f"search PHOTO {_SEARCH}", "--json")).record
    assert record["candidates"] == []
    assert "nobody among the 1 reference that" in filled.cli(*filled.run(f"search PHOTO {_SEARCH}")).stdout


def test_verbose_prints_a_line_per_photo_before_the_sums(filled: Filled) -> None:
    """`ingest --verbose` prints one object per photo, then the sums."""
    photo_line, sums = filled.cli(*filled.run("ingest SOURCE PHOTO", "--verbose", "--json")).records
    assert photo_line["photo"] == filled.words["PHOTO"]
    assert [found["state"] for found in photo_line["faces"]] == ["bystander"]
    assert sums["photos"] == sums["faces"] == sums["bystanders"] == 1


def test_errors_are_objects_too(cli: Cli) -> None:
    """With --json an error is one object with its stable code, and the message is on standard error too."""
    answer = cli("subject", "show", "sub_unknown", "--json", code=3)
    assert answer.record == {"error": "not_found", "message": answer.stderr.strip()}


@pytest.mark.parametrize("line", ["--help", "subject list"])
def test_light_commands_load_no_engine_room(blank: object, line: str) -> None:
    """Help and lists do not wait for ONNX Runtime, FAISS, OpenCV, Pillow, SciPy or Alembic."""
    heavy = {"onnxruntime", "onnx", "faiss", "cv2", "PIL", "scipy", "alembic", "numba"}
    if line == "--help":
        heavy |= {"numpy", "sqlalchemy"}
    words = line.split() + ([] if line == "--help" else ["--data", str(blank)])
    program = (
        "import sys\nfrom countenance.cli.main import app\n"
        f"try:\n    app({words!r})\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        f"loaded = {heavy!r} & sys.modules.keys()\nassert not loaded, loaded\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, timeout=60)
