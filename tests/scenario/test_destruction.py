# SPDX-License-Identifier: Apache-2.0
"""Destroyed is gone: no byte of a destroyed person is left, and nobody else loses one."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing

import numpy as np
import pytest
from PIL import Image as Pillow
from world import World

from countenance.errors import Busy, NotFound
from countenance.ids import SubjectId
from countenance.model.event import EventTag
from countenance.model.face import Image
from countenance.store import database
from countenance.store import photos as photo_rows
from countenance.store.records import Records

SEALED = (
    "SELECT sealed_label FROM subject WHERE id = :id",
    "SELECT sealed_text FROM notice WHERE subject = :id",
    "SELECT sealed_record FROM release WHERE subject = :id",
    "SELECT sealed_vector FROM reference WHERE subject = :id",
    "SELECT sealed_uri FROM photo WHERE id IN (SELECT photo FROM face WHERE subject = :id)",
    "SELECT sealed_preview FROM photo WHERE id IN (SELECT photo FROM face WHERE subject = :id)",
)


def traces(world: World, subject: SubjectId) -> dict[str, bytes]:
    """Return the middle of every sealed value and wrapped key that can lead to this subject, by its place."""
    found: dict[str, bytes] = {}
    with closing(world.raw()) as records:
        for query in SEALED:
            for number, (sealed,) in enumerate(records.execute(query, {"id": subject})):
                if sealed is not None:
                    found[f"{query} #{number}"] = sealed[12:44]
        own = "SELECT key FROM photo WHERE id IN (SELECT photo FROM face WHERE subject = ?)"
        keys = [subject, *(key for (key,) in records.execute(own, (subject,)))]
    with closing(sqlite3.connect(world.data / "keyring.sqlite")) as keyring:
        for owner in keys:
            query = "SELECT wrapped FROM wrapped_key WHERE owner = ?"
            found[f"key {owner}"] = keyring.execute(query, (owner,)).fetchone()[0][12:44]
    return found


def seen(world: World, places: dict[str, bytes]) -> list[str]:
    """Return which of these stand in any file of the data directory."""
    disk = world.bytes_on_disk()
    return [place for place, value in places.items() if value in disk]


@pytest.fixture
def story(world: World) -> tuple[World, SubjectId, SubjectId]:
    """Ada and Bo with references of their own and a photo that shows both."""
    source, client = world.source(), world.client()
    people = []
    for seed, label in ((1, "Ada"), (2, "Bo")):
        subject = world.person(label)
        world.sign(subject.id)
        world.enrol(source, subject.id, seed, photos=3)
        people.append(subject.id)
    both = world.photo(1, 2)
    summary, _ = world.ingest(source, both, manifest=[(both, people[0], 0), (both, people[1], 1)])
    assert summary.references == 2
    for seed in (1, 2):
        world.search(client, seed)
    return world, people[0], people[1]


def test_destroyed_is_gone(story: tuple[World, SubjectId, SubjectId]) -> None:
    """No sealed byte and no key of a destroyed person is in any file; those of another person are."""
    world, ada, bo = story
    client = world.engine.register.clients()[0].id
    gone, kept = traces(world, ada), traces(world, bo)
    own = {place: value for place, value in kept.items() if value not in gone.values()}
    assert len(gone) >= 3 * 3 + 3
    assert sorted(seen(world, gone)) == sorted(gone)  # control: the scan finds what is there

    done = world.destroy(ada)

    counts = done.run.counts
    assert [counts[name] for name in ("subject", "reference", "photo", "search_candidate")] == [1, 4, 3, 1]
    assert (counts["previews"], counts["keys"]) == (4, 1 + 3 + 1)
    assert seen(world, gone) == []
    assert sorted(seen(world, own)) == sorted(own)
    assert all(vector.tobytes()[:16] not in world.bytes_on_disk() for vector in world.encoder.vectors)
    assert world.found(client, 1) == set()
    assert world.found(client, 2) == {bo}
    assert world.engine.doctor.problems() == []
    world.reopen()
    assert world.found(client, 1) == set()
    assert [person.id for person in world.engine.subjects.everyone()] == [bo]
    assert ada not in world.engine._records.keyring.owners()


def test_a_shared_preview_loses_the_face(story: tuple[World, SubjectId, SubjectId]) -> None:
    """In a photo that shows others the destroyed person's face is blacked out, theirs is not."""
    world, ada, bo = story
    shared = {f.photo for f in world.faces() if f.subject == ada} & {f.photo for f in world.faces() if f.subject == bo}
    (photo,) = shared
    with world.engine._records.read() as work:
        old = photo_rows.preview(work, photo)
    world.destroy(ada)
    with world.engine._records.read() as work:
        new = photo_rows.preview(work, photo)
    before, after = _pixels(old), _pixels(new)
    middle = before.shape[1] // 2
    assert after[30:80, 30:80].max() < 40
    assert before[30:80, 30:80].mean() > 60
    assert abs(after[:, middle + 16 :].astype(int) - before[:, middle + 16 :]).mean() < 8


def test_what_is_destroyed_does_not_come_back(story: tuple[World, SubjectId, SubjectId]) -> None:
    """The same photos, ingested again, make no reference of the destroyed person, and the id is unknown."""
    world, ada, _bo = story
    source = world.engine.register.sources()[0].id
    world.destroy(ada)
    crops = world.encoder.crops
    summary, _ = world.ingest(source, world.photos)
    assert (summary.references, summary.new, summary.photos) == (0, 3, 7)
    assert world.encoder.crops == crops
    with pytest.raises(NotFound, match=ada):
        world.engine.subjects.show(ada)
    with pytest.raises(NotFound, match=ada):
        world.engine.subjects.withdraw(ada)
    assert world.engine.doctor.problems() == []


def test_destruction_is_idempotent(story: tuple[World, SubjectId, SubjectId]) -> None:
    """Destroying twice is no error and moves nothing; an id that never was is one, and moves nothing."""
    world, ada, _bo = story
    done = world.destroy(ada)
    before = world.state()
    assert world.destroy(ada) == done
    with pytest.raises(NotFound, match="sub_nobody"):
        world.destroy(SubjectId("sub_nobody"))
    assert world.state() == before
    assert len(world.log(EventTag.SUBJECT_DESTROYED, ada)) == 1


def test_a_destruction_cut_short_before_compaction_is_finished(
    story: tuple[World, SubjectId, SubjectId], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows deleted and the process gone before compaction: destroying again leaves no byte in any file."""
    world, ada, _bo = story
    gone = traces(world, ada)
    # A reader that stays connected keeps SQLite from emptying its log as the last connection closes.
    with closing(world.raw()) as reader:
        reader.execute("SELECT count(*) FROM subject").fetchone()
        with monkeypatch.context() as patch:
            patch.setattr(Records, "compact", _crash)
            with pytest.raises(KeyboardInterrupt):
                world.destroy(ada)
        assert seen(world, gone)
        world.destroy(ada)
        assert seen(world, gone) == []


def test_a_reader_that_keeps_old_bytes_is_reported(
    story: tuple[World, SubjectId, SubjectId], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another process reads the records, destroy says that bytes may remain, and ends the job when rerun."""
    world, ada, _bo = story
    gone = traces(world, ada)
    monkeypatch.setattr(database, "_PRAGMAS", ("busy_timeout=200", *database._PRAGMAS[1:]))
    with closing(world.raw()) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM subject").fetchone()
        with pytest.raises(Busy, match="run the command again"):
            world.destroy(ada)
    world.destroy(ada)
    assert seen(world, gone) == []
    assert world.engine.doctor.problems() == []


def _crash(_records: Records) -> None:
    raise KeyboardInterrupt


def _pixels(jpeg: bytes | None) -> Image:
    assert jpeg is not None
    return np.array(Pillow.open(io.BytesIO(jpeg)).convert("RGB"))
