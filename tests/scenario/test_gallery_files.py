# SPDX-License-Identifier: Apache-2.0
"""The gallery's sealed files: they spare time at a start, change no answer, and keep nobody who was destroyed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from world import FakeClock, World

from countenance.ids import ClientId, SubjectId
from countenance.model.destruction import HoldBasis
from countenance.services import gallery, gallery_files, gallery_held, gallery_memory, gallery_saving
from countenance.services.gallery_held import Held
from countenance.store import photos as photo_rows
from countenance.store import references as rows
from countenance.store.records import owners

_SMALL = 4  # rows of a segment


@pytest.fixture(autouse=True, params=["full", "lean"])
def small(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of a few rows, written whenever there is anything new; faceprints in memory, or codes of them."""
    monkeypatch.setenv("COUNTENANCE_LEAN", "yes" if request.param == "lean" else "no")
    monkeypatch.setattr(gallery_memory, "_LEARN_ROWS", 1)
    monkeypatch.setattr(gallery, "WORTH_SAVING", 1)
    for module in (gallery_files, gallery_held, gallery_memory, gallery_saving):
        monkeypatch.setattr(module, "SEGMENT_ROWS", _SMALL)
    monkeypatch.setattr(gallery_memory, "_SMALLEST_ROWS", _SMALL)


@pytest.fixture
def full(live: World) -> Iterator[tuple[World, ClientId, list[SubjectId]]]:
    """Five people with three photos each, searched once and written to sealed files."""
    source, client = live.source(), live.client()
    people = []
    for seed in range(5):
        people.append(live.person(f"Person {seed}").id)
        live.sign(people[-1])
        live.enrol(source, people[-1], seed, photos=3)
    assert live.search(client, 0).gallery == 15
    live.engine.close()
    assert lean(live) == (os.environ["COUNTENANCE_LEAN"] == "yes")
    assert files(live) == 5  # an index, and four segments
    yield live, client, people
    assert live.engine.doctor.problems() == []
    with live.engine._records.read() as work:
        assert work.keyring.owners() == owners(work)


def files(world: World) -> int:
    """Return the number of sealed files, each of which must count."""
    names = {path.name for path in (world.data / "gallery").glob("*")}
    assert names == set(world.engine._gallery.files.listed())
    return len(names)


def lean(world: World) -> bool:
    """Say whether all of the gallery's faceprints are out of memory; it must be all or none."""
    held = world.engine._gallery._held
    assert held is not None
    (slim,) = {piece.slim for piece in held.memory._pieces if len(piece.segment)}
    return slim


def no_rebuild(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where a gallery is built from the records."""
    monkeypatch.setattr(Held, "of_records", None)


def test_a_start_reads_the_sealed_files(
    full: tuple[World, ClientId, list[SubjectId]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restart finds who was found before, from the files alone, with whatever changed in the meantime."""
    world, client, people = full
    no_rebuild(monkeypatch)
    world.reopen()
    assert [world.found(client, seed) for seed in range(5)] == [{one} for one in people]
    world.engine.subjects.withdraw(people[1])
    source = world.source()
    world.enrol(source, people[2], 2)
    newcomer = world.person("Person 7").id
    world.sign(newcomer)
    world.enrol(source, newcomer, 7)
    for _ in range(2):
        world.reopen()
        assert world.found(client, 1) == set()
        assert world.search(client, 2).gallery == 14
        assert world.found(client, 7) == {newcomer}
        world.engine.close()
    world.clock = FakeClock()
    world.clock.tick(days=301)
    world.reopen()
    assert world.search(client, 2).gallery == 0


def test_a_destroyed_person_is_in_no_sealed_file(full: tuple[World, ClientId, list[SubjectId]]) -> None:
    """A destruction writes the segments anew under new keys: no byte and no key of before is left, others stay."""
    world, client, people = full
    before = {path.name: path.read_bytes() for path in (world.data / "gallery").iterdir()}
    keys = {name: world.engine._records.keyring.key(name) for name in before}
    with world.engine._records.read() as work:
        theirs = rows.references_of(work, world.encoder.digest, [people[1]])
        vectors = photo_rows.vectors(work, world.encoder.digest, world.encoder.dim, theirs)[1]
    held = [name for name in before if "groups" not in header(world, name) and (ids(world, name) & short(theirs))]
    assert len(held) in (1, 2)

    assert world.destroy(people[1]).title == "complete"

    now = b"".join(path.read_bytes() for path in (world.data / "gallery").iterdir())
    index = next(name for name in before if "groups" in header_of(before, keys, name))
    assert not {index, *held} & {path.name for path in (world.data / "gallery").iterdir()}
    assert all(
        before[name][start : start + 32] not in now for name in held for start in range(64, len(before[name]) - 32, 64)
    )
    assert all(vector.tobytes()[:32] not in now for vector in vectors)
    assert world.engine._records.keyring.holding([index, *held]) == set()
    assert all(not (ids(world, path.name) & short(theirs)) for path in (world.data / "gallery").iterdir())
    world.reopen()
    assert [world.found(client, seed) for seed in range(5)] == [{people[0]}, set(), *({one} for one in people[2:])]
    files(world)


def header(world: World, name: str) -> dict[str, object]:
    """Return what a file says of itself."""
    with world.engine._gallery.files.open(name) as file:
        return file.header


def header_of(before: dict[str, bytes], keys: dict[str, bytes], name: str) -> dict[str, object]:
    """Return what a file said of itself that is gone by now."""

    from countenance.store.sealing import unseal

    length = int.from_bytes(before[name][:8], "little")
    told = unseal(keys[name], before[name][8 : 8 + length], f"gallery:{name}:header:0")
    found: dict[str, object] = json.loads(told)["of"]
    return found


def ids(world: World, name: str) -> set[bytes]:
    """Return the references in a file, without their prefix."""
    with world.engine._gallery.files.open(name) as file:
        return set(file.array(3 if "groups" in file.header else 0).tolist())


def short(references: object) -> set[bytes]:
    """Return ids without their prefix."""
    return {one[4:].encode() for one in references}  # type: ignore[attr-defined]


@pytest.mark.parametrize("harm", ["cut", "gone", "flipped", "key", "swapped"])
def test_a_file_that_is_not_as_it_was_is_not_used(full: tuple[World, ClientId, list[SubjectId]], harm: str) -> None:
    """Whatever became of a file, the gallery is built from the records and answers as before."""
    world, client, people = full
    names = world.engine._gallery.files.listed()
    for number in (0, 2):
        path = world.data / "gallery" / names[number]
        data = path.read_bytes()
        if harm == "cut":
            path.write_bytes(data[:-9])
        elif harm == "gone":
            path.unlink()
        elif harm == "flipped":
            path.write_bytes(data[:-40] + bytes([data[-40] ^ 1]) + data[-39:])
        elif harm == "key":
            world.engine._records.keyring.discard([names[number]])
        else:
            path.write_bytes((world.data / "gallery" / names[number + 1]).read_bytes())
        world.reopen()
        assert any("gallery" in problem for problem in world.engine.doctor.problems())
        assert [world.found(client, seed) for seed in range(5)] == [{one} for one in people]
        world.engine.close()
        names = world.engine._gallery.files.listed()
    assert files(world) == 5


def test_a_change_of_which_nobody_says_whose_it_is_rebuilds_the_gallery(
    full: tuple[World, ClientId, list[SubjectId]],
) -> None:
    """Where changes were counted and not written down, files and memory are not believed."""
    world, client, people = full
    with world.raw() as records:
        records.execute("UPDATE subject SET frozen_at = '2026-01-01T00:00:00.000Z' WHERE id = ?", (people[3],))
        records.execute("DELETE FROM gallery_change")
    assert world.found(client, 3) == set()
    world.reopen()
    assert world.found(client, 3) == set()
    assert world.found(client, 4) == {people[4]}


def test_a_planted_copy_of_a_sealed_file_is_found(full: tuple[World, ClientId, list[SubjectId]]) -> None:
    """A copy that somebody made of a segment belongs to no store: a destruction says so and certifies nothing."""
    world, _, people = full
    name = world.engine._gallery.files.listed()[1]
    copy = world.data / "gallery" / "copy"
    copy.write_bytes((world.data / "gallery" / name).read_bytes())
    assert any("gallery/copy" in problem for problem in world.engine.doctor.problems())
    done = world.destroy(people[0])
    assert done.title != "complete"
    assert any("gallery/copy" in problem for problem in done.run.problems)
    copy.unlink()
    world.engine.destruction.resume(done.run.id)


_CHILD = """
import os, sys
sys.path[:0] = {paths!r}
from fake_pack import drawn_pack, know_tail, face, photo, png
from pathlib import Path
from countenance.bootstrap import Engine
from countenance.model.destruction import HoldBasis
from countenance.services import gallery, gallery_files, gallery_held, gallery_memory, gallery_saving
from countenance.store import sealed_arrays
from countenance.model.destruction import Scope

gallery.WORTH_SAVING = gallery_memory._LEARN_ROWS = 1
for module in (gallery_files, gallery_held, gallery_memory, gallery_saving):
    module.SEGMENT_ROWS = {rows}
pack = drawn_pack()
know_tail()
Engine._load = lambda _engine, _name: pack
engine = Engine.open(Path({data!r}))
left = [{steps}]

def counted(verb):
    def run(*args, **kwargs):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), 9)
        return verb(*args, **kwargs)
    return run

gallery_files.write = counted(gallery_files.write)
gallery_files.throw_away = counted(gallery_files.throw_away)
gallery_files.sync_folder = counted(gallery_files.sync_folder)
gallery_files.changes.set_files = counted(gallery_files.changes.set_files)
engine.destruction.destroy(Scope(({subject!r},)), requested_by="custodian")
"""


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 4, 5, 6])
def test_killed_while_files_are_written_anew(full: tuple[World, ClientId, list[SubjectId]], steps: int) -> None:
    """Killed at any step of it, the run goes on where it stopped, and nothing of the person is left."""
    world, client, people = full
    script = _CHILD.format(
        paths=[str(Path(__file__).parents[1])],
        data=str(world.data),
        rows=_SMALL,
        steps=steps,
        subject=people[2],
    )
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=100, check=False)
    world.reopen()
    if child.returncode == 0:
        assert steps > 4, child.stderr
    else:
        assert child.returncode == -9, child.stderr.decode()
        assert world.found(client, 2) == set()
        assert world.destroy(people[2]).title.startswith("complete")
    assert world.found(client, 2) == set()
    assert world.found(client, 3) == {people[3]}
    files(world)


def test_whom_a_hold_keeps_leaves_the_sealed_files(full: tuple[World, ClientId, list[SubjectId]]) -> None:
    """The faceprints of a person under a hold open with the escrow key alone, so the gallery's files lose them."""
    world, client, people = full
    with world.engine._records.read() as work:
        theirs = rows.references_of(work, world.encoder.digest, [people[1]])
    assert world.engine._gallery.files.count(theirs) == 3
    world.engine.custody.holds.place(people[1], basis=HoldBasis.COURT_ORDER, matter="12 C 3", by="counsel")
    assert world.engine._gallery.files.count(theirs) == 0
    assert files(world) == 5
    for _ in range(2):
        assert world.found(client, 1) == set()
        assert world.found(client, 2) == {people[2]}
        world.reopen()


def test_a_process_that_only_enrols_writes_them_too(live: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closed after an ingest without any search, an engine leaves files that the next start reads."""
    source, client, ada = live.source(), live.client(), live.person("Ada").id
    live.sign(ada)
    live.enrol(source, ada, 1, photos=5)
    for count in (5, 7):
        live.engine.close()
        assert files(live) == 3
        no_rebuild(monkeypatch)
        live.reopen()
        assert (live.found(client, 1), live.search(client, 1).gallery) == ({ada}, count)
        live.enrol(source, ada, 1, photos=2)
