# SPDX-License-Identifier: Apache-2.0
"""Photos, manifests and ids as they come: every fault is answered with what to do, and changes nothing."""

from __future__ import annotations

import os
import struct
import zlib
from datetime import timedelta
from pathlib import Path

import pytest
from commands import Cli
from fake_pack import face, photo, png
from PIL import Image as Pillow
from world import World

from countenance.clock import SystemClock
from countenance.model.event import EventTag

SEARCH = ("--purpose", "photo_delivery", "--probe-basis", "subject_present")


def _huge_header() -> bytes:
    """Return a PNG that claims 50,000 x 50,000 pixels and holds none."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IDAT\x35\xaf\x06\x1e"


@pytest.fixture
def bad_folder(world: World) -> Path:
    """A folder with one good photo of a signed person and everything that goes wrong with photos."""
    folder = world.photos / "mixed"
    folder.mkdir(parents=True)
    good = png(photo(face(1)))
    frames = [Pillow.fromarray(photo(face(2))), Pillow.fromarray(photo(nothing=9))]
    frames[0].save(folder / "animated.gif", save_all=True, append_images=frames[1:])
    files = {
        "good.png": good,
        "truncated.png": good[: len(good) // 2],
        "empty.jpg": b"",
        "huge.png": _huge_header(),
        "mislabelled.jpg": png(photo(face(3))),  # a PNG by any name is a PNG
        "text.jpg": b"no photo at all",
        "nobody.png": png(photo(nothing=1)),
        "notes.txt": b"not looked at",
        ".hidden.png": good,
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / "gone.jpg").symlink_to(folder / "nowhere.jpg")
    os.mkfifo(folder / "pipe.jpg")
    return folder


def test_one_bad_photo_never_ends_a_batch(world: World, cli: Cli, bad_folder: Path) -> None:
    """Each file that is left out has a reason, counted right and logged; the others are ingested."""
    ada = world.person("Ada Example")
    world.sign(ada.id)
    manifest = world.photos / "faces.csv"
    manifest.write_text("photo,subject\nmixed/good.png,Ada Example\n")
    before = world.encoder.crops
    sums = cli.json("ingest", world.source(), bad_folder, "--faces", manifest)
    assert sums.pop("seconds") >= 0
    assert sums == {
        "photos": 10, "new": 4, "faces": 3, "references": 1, "bystanders": 2, "waiting": 0,
        "skipped": {"truncated": 1, "empty": 1, "too_many_pixels": 1, "not_an_image": 1, "unreadable": 2},
    }  # fmt: skip
    assert world.encoder.crops == before + 1
    logged = sorted(event.payload["reason"] for event in world.log(EventTag.PHOTO_SKIPPED))
    assert logged == sorted(["truncated", "empty", "too_many_pixels", "not_an_image", "unreadable", "unreadable"])
    assert cli.json("doctor")["problems"] == []


def test_every_file_left_out_is_named_with_what_to_do(world: World, cli: Cli, bad_folder: Path) -> None:
    """`--verbose` names each bad file, its reason code and a way out; the sums come at the end."""
    text = cli("ingest", world.source(), bad_folder, "--verbose").stdout
    assert "empty.jpg: left out, empty: the file is empty; copy it again from where it came" in text
    assert "pipe.jpg: left out, unreadable: " in text
    assert "Left out: 2 x unreadable" in text
    assert text.splitlines()[-6].startswith("3 faces: 0 encoded under a release, 3 bystanders counted")


def test_a_crowd_is_counted_and_not_encoded(world: World, cli: Cli) -> None:
    """Every face of a photo of many strangers is counted; none reaches the encoder."""
    crowd = [world.photo(*range(start, start + 10)) for start in (100, 110, 120, 130)]
    sums = cli.json("ingest", world.source(), *crowd)
    assert (sums["faces"], sums["bystanders"], sums["references"]) == (40, 40, 0)
    assert world.encoder.crops == 0


def test_a_second_run_finds_nothing_new(world: World, cli: Cli, bad_folder: Path) -> None:
    """Ingest is idempotent: known photos are passed over, bad ones are named again."""
    source = world.source()
    cli("ingest", source, bad_folder)
    state = world.state()
    sums = cli.json("ingest", source, bad_folder)
    assert (sums["photos"], sums["new"], sums["faces"]) == (10, 0, 0)
    assert sum(sums["skipped"].values()) == 6
    assert world.state() == state


def test_a_folder_without_photos_is_said(world: World, cli: Cli, tmp_path: Path) -> None:
    """A folder without photos is no error, and the message says which kinds are read."""
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "No photos were found there. JPEG, PNG" in cli("ingest", world.source(), empty).stdout


@pytest.mark.parametrize(
    "name",
    [
        "two\nlines.png",
        "\U0001f600.png",
        "[red]x.png",
        "\x1b[31mred.png",
        "-x.png",
        "a b 'c'.png",
        os.fsdecode(b"latin-\xe9\xff.png"),
    ],
)
def test_any_file_name_is_taken(world: World, cli: Cli, name: str) -> None:
    """No file name breaks a JSON line, the records or the review, or is obeyed by a terminal."""
    world.person("Ada")
    path = world.photo(1, 2, name="Ada/plain.png")  # two faces in a folder of hers: both wait
    path = path.rename(path.with_name(name))
    source = world.source()
    outcome, sums = cli("ingest", source, path.parent, "--verbose", "--json").records
    assert outcome["photo"] == str(path)
    assert sums["waiting"] == 2
    waiting = cli("review", "--json")
    assert {record["uri"] for record in waiting.records} == {str(path)}
    assert len(waiting.stderr.splitlines()) == 3
    (line,) = cli("ingest", source, path.parent, "--verbose").stdout.splitlines()[:-2]
    assert line.isprintable()
    assert line.endswith(".png: known")
    assert cli.json("doctor")["problems"] == []


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("photo;subject\na.png;Ada", "line 1: the columns must be photo,subject or photo,subject,x,y,w,h"),
        ("", "line 1: the columns must be"),
        ("photo,subject\na.png,Ada\na.png,Eve", "line 3: no subject has the id or label 'Eve'"),
        ("photo,subject\na.png", "line 2: 1 columns; 2 or 6 are needed"),
        ("photo,subject,x,y,w,h\na.png,Ada,1,2,x,4", "line 2: x, y, w and h must be numbers"),
        ("photo,subject,x,y,w,h\na.png,Ada,-1,2,3,4", "line 2: the box lies outside of the photo"),
        ("photo,subject\na.png,Ada\n,Ada", "line 3: no photo is named"),
    ],
)
def test_a_bad_manifest_is_refused_whole(world: World, cli: Cli, lines: str, message: str) -> None:
    """A manifest with an error is not used at all; the message names the line."""
    world.person("Ada")
    path = world.photo(1, name="a.png")
    manifest = world.photos / "faces.csv"
    manifest.write_text(lines)
    source, state = world.source(), world.state()
    answer = cli("ingest", source, path, "--faces", manifest, code=3)
    assert message in answer.stderr
    assert answer.stdout == ""
    assert world.state().rows == state.rows


def test_a_manifest_that_is_not_there_is_refused(world: World, cli: Cli) -> None:
    """A manifest that cannot be read ends the command before the first photo."""
    answer = cli("ingest", world.source(), world.photo(1), "--faces", world.photos / "no.csv", code=3)
    assert "the manifest no.csv cannot be read" in answer.stderr


def test_a_box_outside_of_its_photo_leaves_out_that_photo(world: World, cli: Cli) -> None:
    """A box that reaches outside of the photo is named with its line; the other photos are ingested."""
    world.person("Ada")
    paths = [world.photo(1, name="a.png"), world.photo(2, name="b.png")]
    manifest = world.photos / "faces.csv"
    manifest.write_text("photo,subject,x,y,w,h\na.png,Ada,100,8,96,96\n")
    bad, good, sums = cli("ingest", world.source(), *paths, "--faces", manifest, "--verbose", "--json").records
    assert bad["reason"] == "bad_manifest"
    assert "line 2: the box reaches outside of the photo, which is 112 x 112 px" in bad["detail"]
    assert good["reason"] is None
    assert (sums["photos"], sums["new"], sums["skipped"]) == (2, 1, {"bad_manifest": 1})


@pytest.mark.parametrize("jobs", ["0", "-3"])
def test_no_jobs_is_no_ingest(world: World, cli: Cli, jobs: str) -> None:
    """`--jobs` below 1 is refused before anything is looked at."""
    answer = cli("ingest", world.source(), world.photo(1), "--jobs", jobs, code=3)
    assert "--jobs must be at least 1" in answer.stderr
    assert world.rows()["photo"] == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("subject show sub_x", "no subject sub_x; `countenance subject list` shows them"),
        ("withdraw sub_x", "no subject sub_x"),
        ("destroy sub_x", "no subject sub_x"),
        ("release sign sub_x --purpose photo_delivery", "no subject sub_x"),
        ("ingest src_x .", "no source src_x; `countenance source list` shows them"),
        ("review assign fac_x sub_x", "no face fac_x; `countenance review` lists those that wait"),
        ("review dismiss fac_x", "no face fac_x"),
        ("client add Shop --kind shop --purpose photo_delivery", "choose one of photographer, archive"),
        ("client add Shop --kind venue --purpose delivery", "choose one of photo_delivery, archive_search"),
        ("client add Shop --kind venue --purpose photo_delivery --fpir 2", "lies between 0 and 1"),
        ("subject add Ada --residency Chicago", "Chicago"),
    ],
)  # fmt: skip
def test_unknown_words_are_answered_with_what_there_is(world: World, cli: Cli, line: str, message: str) -> None:
    """An unknown id, purpose, kind or place changes nothing; the message says where to look."""
    state = world.state()
    answer = cli(*line.split(), code=3)
    assert message in answer.stderr
    assert world.state() == state


def test_an_unknown_client_or_purpose_searches_nothing(world: World, cli: Cli) -> None:
    """A search by an unknown client, or for an unknown purpose, is bad input."""
    probe = world.photo(1)
    assert "no client cli_x" in cli("search", probe, "--client", "cli_x", *SEARCH, code=3).stderr
    unknown = ("--purpose", "fun", "--probe-basis", "subject_present")
    assert "'fun' is no purpose" in cli("search", probe, "--client", world.client(), *unknown, code=3).stderr
    assert world.encoder.crops == 0


def test_a_refused_search_is_logged_and_encodes_nothing(world: World, cli: Cli) -> None:
    """A purpose that the client was not vetted for: exit code 4, rule and law in the message, an entry in the log."""
    client, probe = world.client(), world.photo(1)
    other = ("--purpose", "missing_person", "--probe-basis", "subject_present")
    answer = cli("search", probe, "--client", client, *other, "--json", code=4)
    assert answer.record["error"] == "refused"
    assert "vetted for photo_delivery only" in answer.stderr
    assert "rule client.purpose" in answer.stderr
    (event,) = world.log(EventTag.SEARCH_REFUSED)
    assert event.payload["rule"] == "client.purpose"
    assert world.encoder.crops == 0


def test_probes_that_cannot_be_searched_do_not_end_the_others(world: World, cli: Cli, bad_folder: Path) -> None:
    """Of several probes each has a line; exit code 1 says that some were not searched."""
    probes = [bad_folder / "good.png", bad_folder / "empty.jpg", bad_folder / "none.png", bad_folder / "nobody.png"]
    answer = cli("search", *probes, "--client", world.client(), *SEARCH, "--json", code=1)
    assert [record.get("error") for record in answer.records] == [None, "bad_photo", "not_found", "bad_photo"]
    assert [record["probe"] for record in answer.records] == [str(probe) for probe in probes]
    assert "no face was found" in answer.stderr


def test_a_probe_of_several_people_asks_which(world: World, cli: Cli) -> None:
    """A probe with several faces is not guessed at; `--face` counts from the left."""
    probe, client = world.photo(1, 2), world.client()
    answer = cli("search", probe, "--client", client, *SEARCH, code=3)
    assert "say which face is meant (--face 1 to 2), from the left" in answer.stderr
    assert "--face 1 to 2" in cli("search", probe, "--client", client, *SEARCH, "--face", 3, code=3).stderr
    cli("search", probe, "--client", client, *SEARCH, "--face", 2)


def test_an_incomplete_release_lists_what_is_missing(world: World, cli: Cli) -> None:
    """An incomplete release is refused with every missing field, logged, and not recorded."""
    ada = world.person("Ada").id
    answer = cli("release", "sign", ada, "--signer", "Ada", code=3)
    for field in ("n2: a specific purpose (--purpose)", "n3: the length of the term", "n5: who may search"):
        assert field in answer.stderr
    assert world.rows()["release"] == world.rows()["notice"] == 0
    (event,) = world.log(EventTag.RELEASE_REFUSED)
    assert event.payload["missing"] == ["n2", "n3", "n5"]


@pytest.mark.parametrize("typed", ["", "\n", "   \n"])
def test_a_release_without_a_name_is_not_signed(world: World, cli: Cli, typed: str) -> None:
    """Nobody at the keyboard, or an empty name: the notice was delivered, nothing was signed, the log says so."""
    ada, client = world.person("Ada").id, world.client()
    terms = ("--purpose", "photo_delivery", "--client", client, "--term-days", "30")
    answer = cli("release", "sign", ada, *terms, typed=typed, code=3)
    assert "type the signer's name (--signer)" in answer.stderr
    assert world.rows()["release"] == 0
    assert world.log(EventTag.RELEASE_REFUSED)
    cli("release", "sign", ada, *terms, typed="Ada Example\n")
    assert world.rows()["release"] == 1


def test_an_expired_release_neither_enrols_nor_answers(world: World, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past its term a release permits nothing: no search finds the person, no face of theirs is encoded."""
    ada, client, source = world.person("Ada").id, world.client(), world.source()
    world.sign(ada, days=1)
    probe = world.enrol(source, ada, seed=1)[0]
    assert cli.json("search", probe, "--client", client, *SEARCH)["candidates"]
    now, crops = SystemClock.now, world.encoder.crops
    monkeypatch.setattr(SystemClock, "now", lambda self: now(self) + timedelta(days=2))
    found = cli.json("search", probe, "--client", client, *SEARCH)
    assert (found["candidates"], found["gallery"]) == ([], 0)
    later = world.photo(1, name="Ada/later.png")
    sums = cli.json("ingest", source, later)
    assert (sums["references"], sums["skipped"]) == (0, {"consent.live": 1})
    assert world.encoder.crops == crops + 1  # the probe's
    assert [event.payload["rule"] for event in world.log(EventTag.FACE_DENIED, ada)] == ["consent.live"]
    assert "expired" in cli("subject", "show", ada).stdout
