# SPDX-License-Identifier: Apache-2.0
"""Ingest of many photos: other processes look at them, and nothing else is different from looking at them here."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from drawn_eyes import DEADLY, DEADLY_ONCE, SLOW
from fake_pack import face
from PIL import Image as Pillow
from skimage import data
from test_stop import elsewhere
from world import World

from countenance.backends import crowd as crowd_module
from countenance.backends.crowd import Crowd, _environment
from countenance.bootstrap import Engine
from countenance.errors import BadPhoto, EncodingFailed, LookingFailed
from countenance.ids import SourceId, SubjectId
from countenance.model.event import EventTag
from countenance.model.faceprint import Faceprint
from countenance.model.source import FaceState
from countenance.policy.permit import PermittedCrop
from countenance.services import files, ingest
from countenance.services.ingest import PhotoOutcome

TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture
def crowded(live: World, monkeypatch: pytest.MonkeyPatch) -> tuple[World, list[Crowd]]:
    """A world whose batches are looked at by other processes, and the crowds that it started."""
    crowds: list[Crowd] = []

    def crowd(_engine: Engine, count: int) -> Crowd:
        crowds.append(Crowd(("drawn_eyes", str(live.data.parent)), count))
        return crowds[-1]

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setattr(Engine, "_crowd", crowd)
    monkeypatch.setattr(ingest, "_GROUP", 4)
    return live, crowds


def people(world: World) -> tuple[SourceId, SubjectId, SubjectId]:
    """Return a source, Ada with a release, and Bo without one."""
    source, ada, bo = world.source(), world.person("Ada").id, world.person("Bo").id
    world.sign(ada)
    return source, ada, bo


def album(world: World, ada: SubjectId, bo: SubjectId, photos: int = 20) -> list[tuple[object, ...]]:
    """Write photos of both, of Ada alone and of nobody; return the claims."""
    claims: list[tuple[object, ...]] = []
    for number in range(photos):
        path = world.photo(*([1, 2], [1], [])[number % 3])
        claims += [(path, subject, face) for face, subject in enumerate((ada, bo)[: 2 - number % 3])]
    return claims


def states(outcomes: list[PhotoOutcome]) -> list[tuple[object, ...]]:
    """Return what became of each photo and face, without ids."""
    return [
        (o.path.name, o.reason, o.known, [(f.box, f.state, f.reason, f.detail, f.subject) for f in o.faces])
        for o in outcomes
    ]


def test_a_crowd_sees_what_this_process_sees(
    crowded: tuple[World, list[Crowd]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same folder, looked at by other processes or by this one: the same outcomes, previews and references."""
    world, crowds = crowded
    source, ada, bo = people(world)
    claims = album(world, ada, bo)
    (world.photos / "damaged.png").write_bytes(b"\x89PNG and no more")
    (world.photos / "empty.jpg").write_bytes(b"")
    summary, outcomes = world.ingest(source, world.photos, manifest=claims, jobs=2)
    assert (len(crowds), summary.photos, summary.new, summary.references) == (1, 22, 20, 14)
    assert summary.skipped == Counter({"consent.live": 7, "truncated": 1, "empty": 1})
    assert world.engine.doctor.problems() == []

    other = World(Engine.init(world.data.parent / "other", operator="Example Museum"), world.photos, world.clock)
    monkeypatch.setattr(ingest, "MANY", 1000)
    source, cid, dan = people(other)
    here, seen_here = other.ingest(
        source, world.photos, manifest=[(p, {ada: cid, bo: dan}[s], n) for p, s, n in claims]
    )
    assert here.references == summary.references
    renamed = {cid: ada, dan: bo, None: None}
    again = [(*o[:3], [(*f[:4], renamed[f[4]]) for f in o[3]]) for o in states(seen_here)]
    assert again == states(outcomes)


def test_a_killed_process_costs_no_photo(crowded: tuple[World, list[Crowd]]) -> None:
    """Processes killed (SIGKILL) while they look are replaced, and every photo is stored once."""
    world, crowds = crowded
    source, ada, bo = people(world)
    claims = album(world, ada, bo, photos=24)
    once = world.photo(1)
    once.write_bytes(once.read_bytes() + DEADLY_ONCE)
    kills = []

    def kill(_outcome: PhotoOutcome, done: int, _total: int) -> None:
        if done in (1, 9):
            kills.append(next(one.pid for one in crowds[0]._all if one.pid not in kills))
            os.kill(kills[-1], signal.SIGKILL)

    manifest = world.manifest([*claims, (once, ada)])
    summary = world.engine.ingest.run(source, [world.photos], manifest=manifest, jobs=2, progress=kill)
    assert len(set(kills)) == 2
    assert (world.data.parent / "died").exists()
    assert (summary.new, summary.references, dict(summary.skipped)) == (25, 17, {"consent.live": 8})
    assert world.rows()["photo"] == 25
    assert world.engine.doctor.problems() == []


def test_an_interrupt_keeps_what_is_finished(crowded: tuple[World, list[Crowd]]) -> None:
    """After Ctrl-C no process is left, stored groups stay, and the same command goes on where it stopped."""
    world, crowds = crowded
    source, ada, bo = people(world)
    manifest = world.manifest(album(world, ada, bo, photos=24))
    processes: list[subprocess.Popen[bytes]] = []

    def interrupt(_outcome: PhotoOutcome, done: int, _total: int) -> None:
        if done == 9:
            processes.extend(process._process for process in crowds[0]._all)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.engine.ingest.run(source, [world.photos], manifest=manifest, jobs=2, progress=interrupt)
    assert [process.poll() for process in processes] == [-signal.SIGKILL] * 2
    assert world.rows()["photo"] == 12
    assert world.engine.doctor.problems() == []
    summary = world.engine.ingest.run(source, [world.photos], manifest=manifest, jobs=2)
    assert (summary.photos, summary.new) == (24, 12)


def test_a_photo_that_kills_whoever_looks_is_left_out(crowded: tuple[World, list[Crowd]]) -> None:
    """Looked at three times, then left out with the reason `crashed`, in the log too; the others are stored."""
    world, _ = crowded
    source, ada, bo = people(world)
    claims = album(world, ada, bo, photos=17)
    deadly = world.photo(1)
    deadly.write_bytes(deadly.read_bytes() + DEADLY)
    summary, outcomes = world.ingest(source, world.photos, manifest=claims, jobs=2)
    assert [o.reason for o in outcomes if o.path == deadly] == ["crashed"]
    assert (summary.new, summary.skipped["crashed"]) == (17, 1)
    assert [e.payload["reason"] for e in world.log(EventTag.PHOTO_SKIPPED)] == ["crashed"]
    assert world.engine.doctor.problems() == []


def test_a_photo_that_takes_too_long_is_left_out(
    crowded: tuple[World, list[Crowd]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever says nothing for too long is ended: the photo is left out as `crashed`, the others are stored."""
    world, _ = crowded
    source, ada, bo = people(world)
    claims = album(world, ada, bo, photos=17)
    slow = world.photo(1)
    slow.write_bytes(slow.read_bytes() + SLOW)
    monkeypatch.setattr(crowd_module, "_PATIENCE_S", 6.0)
    monkeypatch.setattr(crowd_module, "_LOOKS", 1)
    summary, outcomes = world.ingest(source, world.photos, manifest=claims, jobs=2)
    assert [o.reason for o in outcomes if o.path == slow] == ["crashed"]
    assert (summary.new, summary.skipped["crashed"]) == (17, 1)


@pytest.mark.parametrize("verb", ["withdraw", "destroy"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_stop_during_a_run_is_obeyed_by_the_next_store(
    crowded: tuple[World, list[Crowd]], moment: str, verb: str
) -> None:
    """Stopped elsewhere around the second group's encoding: neither that group nor a later one stores the person."""
    world, _ = crowded
    source, ada, bo = people(world)
    world.sign(bo)
    paths = [world.photo(1, 2) for _ in range(16)]
    calls: list[int] = []

    def stop() -> None:
        calls.append(1)
        if len(calls) == 2:
            elsewhere(world, verb, ada)

    setattr(world.encoder, moment, stop)
    claims = [(path, subject, n) for path in paths for n, subject in enumerate((ada, bo))]
    summary, _ = world.ingest(source, *paths, manifest=claims, jobs=2)
    setattr(world.encoder, moment, None)
    reason = {"withdraw": "subject.frozen", "destroy": "subject.gone"}[verb]
    assert (summary.references, dict(summary.skipped)) == (16 + 4, {reason: 12})
    left = Counter(face.subject for face in world.faces(FaceState.REFERENCE))
    assert left == ({ada: 4, bo: 16} if verb == "withdraw" else {bo: 16})
    assert world.engine.doctor.problems() == []


def test_one_face_that_cannot_be_encoded_leaves_out_its_photo_alone(
    crowded: tuple[World, list[Crowd]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A photo whose face the encoder refuses is left out with a reason; those of its group are stored without it."""
    world, _ = crowded
    source, ada, _ = people(world)
    encode = world.encoder._one

    def refuse_seven(crop: PermittedCrop) -> Faceprint:
        if np.abs(crop.pixels.astype(int) - face(7)).mean() < 20:
            raise EncodingFailed("a face that is none")
        return encode(crop)

    monkeypatch.setattr(world.encoder, "_one", refuse_seven)
    paths = [world.photo(7 if number == 5 else 1) for number in range(16)]
    summary, outcomes = world.ingest(source, *paths, manifest=[(path, ada) for path in paths], jobs=2)
    assert (summary.new, summary.references, dict(summary.skipped)) == (15, 15, {"encoding_failed": 1})
    assert outcomes[5].reason == "encoding_failed"
    assert world.engine.doctor.problems() == []


def test_files_in_memory_are_bounded(crowded: tuple[World, list[Crowd]], monkeypatch: pytest.MonkeyPatch) -> None:
    """However many photos there are, no more than a few groups of them are read before the first is stored."""
    world, _ = crowded
    source, ada, bo = people(world)
    claims = album(world, ada, bo, photos=48)
    reads: list[Path] = []
    ahead: list[int] = []

    def read(path: Path) -> bytes:
        reads.append(path)
        return files.read(path)

    monkeypatch.setattr(ingest, "read", read)
    manifest = world.manifest(claims)
    world.engine.ingest.run(
        source,
        [world.photos],
        manifest=manifest,
        jobs=2,
        progress=lambda _outcome, done, _total: ahead.append(len(reads) - done),
    )
    assert len(reads) == 48
    assert max(ahead) < (ingest._AHEAD + 2) * ingest._GROUP


def test_groups_are_bounded_in_number_and_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A group holds at most so many files and so many bytes; a larger file is a group of its own."""
    sizes = [1, 1, 1, 1, 6, 6, 20, 1]
    paths = [tmp_path / f"{number}.jpg" for number in range(len(sizes))]
    for path, size in zip(paths, sizes, strict=True):
        path.write_bytes(bytes(size))
    monkeypatch.setattr(files, "_GROUP_BYTES", 10)
    assert [len(group) for group in files.groups(paths, 3)] == [3, 2, 1, 1, 1]
    assert [path for group in files.groups(paths, 3) for path in group] == paths
    assert [*files.groups([], 3)] == []


def test_a_process_that_looks_is_given_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables that may hold the root key are not passed on."""
    monkeypatch.setenv("COUNTENANCE_ROOT_KEY", "ab" * 32)
    names = dict(_environment())
    assert not [name for name in names if name.startswith("COUNTENANCE")]
    assert names["OMP_NUM_THREADS"] == "1"


def test_a_crowd_that_cannot_start_ends_the_run(
    crowded: tuple[World, list[Crowd]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no process gets as far as looking, the run ends with an error instead of blaming every photo."""
    world, _ = crowded
    source, ada, bo = people(world)
    claims = album(world, ada, bo)
    monkeypatch.setattr(Engine, "_crowd", lambda _engine, count: Crowd(("countenance.no_such_module",), count))
    before = world.state()
    with pytest.raises(LookingFailed, match="before they have begun"):
        world.ingest(source, world.photos, manifest=claims, jobs=2)
    assert world.state() == before


def test_the_default_pack_sees_the_same_in_another_process(tmp_path: Path) -> None:
    """The program's own process finds the same face as this one: box, points, crop and preview, bit for bit."""
    from countenance.backends import dlib_pack
    from countenance.backends.photos import PillowReader
    from countenance.services.looking import Looking

    out = io.BytesIO()
    Pillow.fromarray(data.astronaut()[:300, 100:400]).save(out, "JPEG")
    here = Looking(PillowReader(), dlib_pack.load()).look(out.getvalue())
    with Crowd(("countenance.cli.eyes", str(tmp_path), "dlib"), 1) as crowd:
        there = crowd.look(out.getvalue())
        with pytest.raises(BadPhoto) as refusal:
            crowd.look(b"GIF8 and no more")
        assert refusal.value.reason == "truncated"
    (one,), (other,) = here.faces, there.faces
    assert one.crop is not None
    assert other.crop is not None
    assert (one.box, one.found.box, one.found.score, one.reason) == (
        other.box,
        other.found.box,
        other.found.score,
        other.reason,
    )
    assert np.array_equal(one.found.landmarks, other.found.landmarks)
    assert np.array_equal(one.crop, other.crop)
    assert (here.preview, here.full_size, here.regions) == (there.preview, there.full_size, there.regions)


def test_who_looks_knows_no_records() -> None:
    """A process that looks imports neither the database nor cryptography, so that it starts quickly."""
    code = "import sys, countenance.cli.eyes; sys.exit(bool({'sqlalchemy', 'cryptography'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
