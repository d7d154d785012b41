# SPDX-License-Identifier: Apache-2.0
"""The demo does what it promises, on its own photos and on a folder of the user's."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from PIL import Image as Pillow
from typer.testing import CliRunner

from countenance.bootstrap import Engine
from countenance.cli import demo_own, demo_photos
from countenance.cli.demo_photos import ADA, ANOTHER_DAY, BEN, BYSTANDER, CLEO, STRANGER, Alteration, Names, Person
from countenance.cli.demo_stage import Stage
from countenance.cli.main import app
from countenance.ids import FaceId, PhotoId
from countenance.model.face import Box
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.search import ProbeBasis
from countenance.model.source import FaceRecord, FaceState
from countenance.services.release_act import ReleaseTerms
from countenance.services.review import Waiting
from countenance.services.search import Request

NAMES = Names("Ada Example", "Ben Sample", "Cleo Nosign")
PREVIEW = b"\xff\xd8\xff\xe0\x00\x10JFIF"
MARGIN = 0.02  # of cosines, between strangers and the threshold


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "countenance", "demo", *map(str, words)]
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL, env=environment, check=False
    )


def found_in(folder: Path, *needles: str | bytes) -> list[tuple[str, str | bytes]]:
    """Return which needles stand in which files below a folder, in UTF-8 or UTF-16."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        held = path.read_bytes()
        for needle in needles:
            spellings = [needle] if isinstance(needle, bytes) else [needle.encode(), needle.encode("utf-16-le")]
            found += [(path.name, needle) for spelling in spellings if spelling in held]
    return found


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return bytes and time of change of every file below a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    root = tmp_path_factory.mktemp("shipped") / "demo"
    return root, run("--data", root)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A user's folder: three photos of one person in a folder of that name, a group, a broken file."""
    folder = tmp_path / "pictures"
    ada, ben = demo_photos.head(ADA), demo_photos.head(BEN)
    party = Pillow.new("RGB", (2 * demo_photos.SIDE, demo_photos.SIDE))
    party.paste(ben, (0, 0))
    party.paste(demo_photos.head(CLEO), (demo_photos.SIDE, 0))
    demo_photos.write(
        {
            "Ada_Example/1.jpg": demo_photos.jpeg(ada),
            "Ada_Example/2.jpg": demo_photos.altered(ada, Alteration(brightness=0.9)),
            "Ada_Example/3.jpg": demo_photos.altered(ada, ANOTHER_DAY),
            "party/together.jpg": demo_photos.jpeg(party),
            "party/broken [red].jpg": demo_photos.jpeg(party)[:2000],
        },
        folder,
    )
    return folder


def test_every_step_of_the_demo_has_the_promised_result(
    shipped: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    """The demo finds who signed, says nobody for strangers and after a withdrawal, and ends in good order."""
    _, done = shipped
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    for promise in (
        "NOTICE ABOUT YOUR FACE DATA",
        "Cleo Nosign │ did not sign",
        "10 faces: 6 encoded under a release, 2 bystanders counted and not encoded, 2 left out",
        "left out, the photo is",
        "blurred: ",
        "person has signed no release",
        "Found: Ada Example",
        "Found: Ben Sample",
        "found nowhere",
        "Everything is in order.",
        "Every step did what it promises.",
    ):
        assert promise in text
    assert text.count("Nobody. Of the") == 2  # the stranger, and after the withdrawal
    assert done.stderr == ""


def test_the_demo_reads_well_in_100_columns(shipped: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """Without a terminal no line of text is wider than 100 columns, and there is no control character."""
    _, done = shipped
    lines = [line for line in done.stdout.split("\n") if "$ " not in line and not line.startswith("      ")]
    assert max(map(len, lines)) <= 100
    assert "\x1b" not in done.stdout


def test_nothing_that_identifies_a_person_is_in_the_demos_data_directory(
    shipped: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    """No label, signature, file name, notice or preview stands in any byte; the same scan finds what is there."""
    root, _ = shipped
    needles = (NAMES.ada, NAMES.ben, NAMES.cleo, "table 1.jpg", "NOTICE ABOUT", PREVIEW)
    assert found_in(root / "data", *needles) == []
    assert ("policy.txt", "Example Museum") in found_in(root / "data", "Example Museum")
    assert {needle for _, needle in found_in(root / "photos", NAMES.ben, PREVIEW)} == {NAMES.ben, PREVIEW}


def test_without_releases_nobody_in_ones_own_photos_is_encoded(pictures: Path, tmp_path: Path) -> None:
    """A folder without a signature: faces are counted, the encoder is never called, no file is changed."""
    before = contents(pictures)
    done = run("--data", tmp_path / "demo", "--photos", pictures)
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    assert "5 faces found and counted as bystanders. Faceprints made: 0. The encoder was called 0 times." in text
    assert "Nobody signed a release. Faceprints made: 0. The encoder was called 0 times." in text
    assert "left out, the photo is incomplete or damaged" in text
    engine = Engine.open(tmp_path / "demo" / "data")
    assert engine.subjects.everyone() == []
    assert {waiting.face.state for waiting in engine.review.waiting(bystanders=True)} == {FaceState.BYSTANDER}
    assert contents(pictures) == before


def test_with_releases_the_demo_replaces_an_earlier_one_and_goes_all_the_way(pictures: Path, tmp_path: Path) -> None:
    """Who holds releases sees a person found, then nobody, then all destroyed; the earlier demo is gone."""
    before, root = contents(pictures), tmp_path / "demo"
    (root / "data").mkdir(parents=True)
    (root / "data" / "old").write_text("of an earlier demo")
    (root / "made-by-countenance-demo").touch()
    done = run("--data", root, "--photos", pictures, "--i-have-releases")
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    assert "You attested with --i-have-releases that you hold the signed release of Ada Example." in text
    assert "Found: Ada Example" in text
    assert "There is no faceprint that this client may search." in text
    assert "together.jpg" in text.partition("4. Ask for releases")[0]
    assert "together.jpg" not in text.partition("4. Ask for releases")[2]
    assert not (root / "data" / "old").exists()
    assert found_in(root / "data", NAMES.ada, "Ada_Example", "NOTICE ABOUT", PREVIEW) == []
    assert Engine.open(root / "data").subjects.everyone() == []
    assert contents(pictures) == before


@pytest.mark.parametrize("answers", [[""], ["no"], ["yes", ""]])
def test_on_a_terminal_nobody_is_encoded_who_does_not_sign(
    answers: list[str],
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Enter, no, or a notice that was read and not signed: the encoder is never called."""
    left = iter(answers)
    monkeypatch.setattr(Stage, "ask", lambda _stage, _question: next(left))
    demo_own.run(Stage(), tmp_path / "demo", pictures, asks=True, attested=False)
    assert "The encoder was called 0 times" in capsys.readouterr().out
    assert list(left) == []


def test_on_a_terminal_the_notice_comes_before_the_signature(
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whoever signs has the notice on the screen before the name is typed, and is found then."""
    seen: list[str] = []

    def ask(_stage: Stage, _question: str) -> str:
        seen.append(capsys.readouterr().out)
        return ("yes", "A. Example")[len(seen) - 1]

    monkeypatch.setattr(Stage, "ask", ask)
    demo_own.run(Stage(), tmp_path / "demo", pictures, asks=True, attested=False)
    assert ["NOTICE ABOUT YOUR FACE DATA" in text for text in seen] == [False, True]
    assert "Found: Ada Example" in capsys.readouterr().out


@pytest.mark.parametrize("case", ["other files", "marker and other files", "a file", "a link", "empty"])
def test_a_folder_that_the_demo_did_not_make_is_not_touched(case: str, tmp_path: Path) -> None:
    """Anything but an earlier demo is refused as bad input, and every byte of it stays."""
    root = tmp_path / "mine"
    if case == "a file":
        root.write_text("mine")
    else:
        target = tmp_path / "elsewhere" if case == "a link" else root
        (target / "data").mkdir(parents=True) if case != "empty" else target.mkdir()
        if case != "empty":
            (target / "data" / "records").write_text("mine")
        if case in ("marker and other files", "a link"):
            (target / "made-by-countenance-demo").touch()
        if case == "marker and other files":
            (target / "holiday.jpg").write_text("mine")
        if case == "a link":
            root.symlink_to(target)
    before = contents(tmp_path)
    done = CliRunner().invoke(app, ["demo", "--data", str(root)])
    assert done.exit_code == 3
    assert "nothing was touched" in done.output
    assert contents(tmp_path) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        {"mine", *(["elsewhere"] if case == "a link" else [])}
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--i-have-releases"], "goes with --photos"),
        (["--photos", "nowhere"], "there is no folder nowhere"),
        (["--photos", "demo/photos"], "your photos lie inside demo"),
    ],
)
def test_wrong_options_are_bad_input_and_change_nothing(
    words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier demo stays as it is where the options make no sense; photos in it above all."""
    monkeypatch.chdir(tmp_path)
    demo_photos.write({"demo/photos/me.jpg": b"mine", "demo/made-by-countenance-demo": b""}, tmp_path)
    before = contents(tmp_path)
    done = CliRunner().invoke(app, ["demo", "--data", "demo", *words])
    assert done.exit_code == 3
    assert message in done.output
    assert contents(tmp_path) == before


def test_without_the_portrait_the_demo_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where scikit-image is missing the message names the extra, and nothing was made."""
    monkeypatch.setitem(sys.modules, "skimage", None)
    done = CliRunner().invoke(app, ["demo", "--data", str(tmp_path / "demo")])
    assert done.exit_code == 6
    assert "pip install 'countenance[demo]'" in done.output
    assert list(tmp_path.iterdir()) == []


def test_a_broken_promise_ends_the_demo_with_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    """A step without the promised result is an error that names the promise."""
    with pytest.raises(typer.Exit) as stop:
        Stage().expect(False, "a search for a stranger says nobody")
    assert stop.value.exit_code == 1
    assert "a search for a stranger says nobody" in capsys.readouterr().err


def test_the_drawn_people_are_clearly_different_and_each_is_clearly_the_same(tmp_path: Path) -> None:
    """Altered photos of one person score above the threshold, other people at least `MARGIN` below it."""
    engine = Engine.init(tmp_path / "data", operator="Example Museum")
    client = engine.register.add_client("Shop", kind=ClientKind.PHOTOGRAPHER, purposes=[Purpose.PHOTO_DELIVERY])
    terms = ReleaseTerms(frozenset([Purpose.PHOTO_DELIVERY]), frozenset([client.id]), frozenset(), 30)
    for label in (NAMES.ada, NAMES.ben):
        person = engine.subjects.add(label, residency=["US-NY"])
        engine.subjects.sign(engine.subjects.deliver_notice(person.id, terms), signer=label)
        photo = demo_photos.jpeg(demo_photos.head(ADA if label == NAMES.ada else BEN))
        demo_photos.write({f"{label}/1.jpg": photo, f"{label}/2.jpg": photo + b"again"}, tmp_path)
    source = engine.register.add_source("Gala", basis="contract")
    folders = [tmp_path / NAMES.ada, tmp_path / NAMES.ben]
    assert engine.ingest.run(source.id, folders).references == 4
    request = Request(client.id, Purpose.PHOTO_DELIVERY, ProbeBasis.SUBJECT_PRESENT, "test")

    def copy(person: Person) -> bytes:
        return demo_photos.altered(demo_photos.head(person), replace(ANOTHER_DAY, turned=3))

    labels = {subject.id: subject.label for subject in engine.subjects.everyone()}
    for person, label in ((ADA, NAMES.ada), (BEN, NAMES.ben)):
        result = engine.searches.search(copy(person), request)
        assert [labels[found.subject] for found in result.candidates] == [label]
        enrolled = demo_photos.jpeg(demo_photos.head(person))
        for other in {ADA, BEN, CLEO, BYSTANDER, STRANGER} - {person}:
            compared = engine.searches.verify(copy(other), enrolled, request)
            assert compared.score < compared.threshold.value - MARGIN
    for person in (CLEO, BYSTANDER, STRANGER):
        assert engine.searches.search(copy(person), request).candidates == ()


def waiting(uri: str, width: float = 100.0) -> Waiting:
    record = FaceRecord(FaceId(uri), PhotoId(uri), Box(0, 0, width, width), FaceState.BYSTANDER, None, None)
    return Waiting(record, uri)


def proposed(*faces: Waiting) -> list[tuple[str | None, list[str], str | None]]:
    return [
        (c.label, [Path(w.uri).name for w in c.faces], None if c.probe is None else c.probe.name)
        for c in demo_own.propose(faces, Path("/all"))
    ]


def test_people_are_proposed_from_folders_named_like_them() -> None:
    """At most two folders named like a person are proposed, those with a photo left to search with first."""
    faces = [
        waiting("/all/Ada_Example/1.jpg"),
        *(waiting(f"/all/Ben Sample/{number}.jpg") for number in range(6)),
        *(waiting(f"/all/Cleo-Nosign/{number}.jpg") for number in range(2)),
    ]
    assert proposed(*faces) == [
        ("Ben Sample", ["0.jpg", "1.jpg", "2.jpg"], "5.jpg"),
        ("Cleo Nosign", ["0.jpg"], "1.jpg"),
    ]


def test_a_folder_that_shows_several_people_proposes_nobody_by_its_name() -> None:
    """A folder with one photo of two people, or without a person's name, names nobody; small faces do not count."""
    together = [waiting("/all/Summer Party/a.jpg"), waiting("/all/Summer Party/a.jpg")]
    faces = [*together, waiting("/all/Summer Party/b.jpg"), waiting("/all/2024/c.jpg"), waiting("/all/d.jpg", 40)]
    assert proposed(*faces) == [(None, ["c.jpg"], None), (None, ["b.jpg"], None)]


def test_no_face_proposes_nobody() -> None:
    """Without a face there is nobody to ask."""
    assert proposed() == []
