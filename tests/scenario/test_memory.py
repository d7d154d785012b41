# SPDX-License-Identifier: Apache-2.0
"""What a core dump of a running process holds after a destruction: no destroyed faceprint."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from test_runs import House, build
from world import World

from countenance.ids import SubjectId
from countenance.store import photos as photo_rows

_WINDOW_BYTES = 32
_CHILD = """
import sys
sys.path[:0] = {paths!r}
from fake_pack import drawn_pack, face, know_tail, photo, png
from countenance.bootstrap import Engine
from countenance.model.destruction import Scope
from countenance.model.purpose import Purpose
from countenance.model.search import ProbeBasis
from countenance.services.search import Request

pack = drawn_pack()
pack.encoder.vectors = type("Nothing", (list,), {{"__iadd__": lambda self, _: self}})()  # the fake remembers all
know_tail()
Engine._load = lambda _engine, _name: pack
if {lean!r}:
    from countenance.services import gallery, gallery_memory
    __import__("os").environ["COUNTENANCE_LEAN"] = "yes"
    gallery.WORTH_SAVING = gallery_memory._LEARN_ROWS = 1
engine = Engine.open(__import__("pathlib").Path({data!r}))
request = Request({client!r}, Purpose.PHOTO_DELIVERY, ProbeBasis.SUBJECT_PRESENT, "ann")
for seed in (1, 2):
    (found,) = engine.searches.search(png(photo(face(seed, 999))), request).candidates
    engine.close()
if {destroy!r}:
    done = engine.destruction.destroy(Scope(({subject!r},)), requested_by="custodian")
    assert done.title == "complete", done
assert len(engine.searches.search(png(photo(face(1, 999))), request).candidates) == 1 - {destroy!r}
assert engine.searches.search(png(photo(face(2, 999))), request).candidates
print("ready", flush=True)
sys.stdin.read()
"""


def vectors_of(world: World, subject: SubjectId) -> NDArray[np.float32]:
    """Return the stored faceprints of a subject."""
    with world.engine._records.read() as work:
        held = photo_rows.reference_subjects(work, world.encoder.digest)
        own = {one for one, owner in held.items() if owner == subject}
        return photo_rows.vectors(work, world.encoder.digest, world.encoder.dim, own)[1]


def dump(house: House, folder: Path, *, destroy: bool, lean: bool = False) -> bytes:
    """Return a core dump of a process that searched, and that destroyed Ada where that is asked for."""
    script = _CHILD.format(
        paths=[str(Path(__file__).parents[1])],
        data=str(house.world.data),
        client=house.client,
        subject=house.ada,
        destroy=int(destroy),
        lean=lean,
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        if child.stdout.readline() != b"ready\n":
            raise AssertionError(child.communicate()[1].decode())
        command = ["gcore", "-o", str(folder / "core"), str(child.pid)]
        answer = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
        core = folder / f"core.{child.pid}"
        if answer.returncode or not core.is_file():
            pytest.skip(f"gcore may not read another process here: {answer.stderr.strip()[-200:]}")
        data = core.read_bytes()
        core.unlink()
        return data
    finally:
        child.communicate(b"")


def windows(vectors: NDArray[np.float32]) -> list[bytes]:
    """Return every whole window of the vectors' bytes."""
    rows = [np.ascontiguousarray(vector).tobytes() for vector in vectors]
    step = range(0, vectors.shape[1] * 4 - _WINDOW_BYTES, _WINDOW_BYTES)
    return [row[at : at + _WINDOW_BYTES] for row in rows for at in step]


@pytest.mark.skipif(shutil.which("gcore") is None, reason="gcore of gdb takes the dump")
def test_no_destroyed_faceprint_is_in_a_core_dump(live: World, tmp_path: Path) -> None:
    """Before a destruction a dump holds the person's faceprints; after it none, and still those of another person."""
    house = build(live)
    gone, kept = windows(vectors_of(live, house.ada)), windows(vectors_of(live, house.bo))
    before = dump(house, tmp_path, destroy=False)
    assert all(window in before for window in gone)
    after = dump(house, tmp_path, destroy=True)
    assert all(window in after for window in kept)
    assert [after.count(window) for window in gone if window in after] == []


@pytest.mark.skipif(shutil.which("gcore") is None, reason="gcore of gdb takes the dump")
def test_a_lean_gallery_has_no_faceprint_in_memory(live: World, tmp_path: Path) -> None:
    """Where codes alone are kept, a dump after searches holds no faceprint of anybody, destroyed or not."""
    house = build(live)
    theirs = windows(vectors_of(live, house.ada)) + windows(vectors_of(live, house.bo))
    for destroy in (False, True):
        held = dump(house, tmp_path, destroy=destroy, lean=True)
        assert [held.count(window) for window in theirs if window in held] == []
