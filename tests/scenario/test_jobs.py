# SPDX-License-Identifier: Apache-2.0
"""Ingests that a server runs in the background: watched, cancelled, interrupted, taken up again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_pack import face, photo, png
from world import World

from countenance.errors import BadInput, Busy, NotFound, Refused
from countenance.ids import AccountId, JobId
from countenance.model.event import EventTag
from countenance.model.ingest import Job, JobState
from countenance.services.photo_roots import PhotoRoots

ME = AccountId("acc_me")


def settled(world: World, job: JobId) -> Job:
    """Wait until a job runs no more."""
    for _ in range(1000):
        now = world.engine.jobs.get(job)
        if now.state is not JobState.RUNNING:
            return now
        time.sleep(0.01)
    raise AssertionError("the job does not end")


def roots(world: World) -> PhotoRoots:
    return PhotoRoots([world.photos])


class Gate:
    """Lets an ingest go on photo by photo."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open = threading.Event()
        looking = world.engine._looking()
        look: Callable[..., object] = looking.look

        def waiting(data: bytes) -> object:
            self.open.wait(10)
            return look(data)

        monkeypatch.setattr(looking, "look", waiting)
        monkeypatch.setattr(world.engine.ingest, "_looking", lambda: looking)


def test_a_folder_is_ingested_in_the_background(world: World) -> None:
    """A job goes through a folder, counts what became of each file, and keeps no name of a file on the disk."""
    source = world.source()
    for number in range(3):
        world.photo(number, name=f"gala/Ada Example {number}.png")
    (world.photos / "gala" / "broken.jpg").write_bytes(b"no photo")
    started = world.engine.jobs.start(source, roots(world), world.photos.name, "gala", by=ME)
    job = settled(world, started.id)
    assert (job.state, job.total, job.sums.photos, job.sums.new, job.sums.skipped) == (
        JobState.DONE,
        4,
        4,
        3,
        {"not_an_image": 1},
    )
    (bad,) = world.engine.jobs.outcomes(job.id, mark="left_out")
    assert (bad.name, bad.reason, bad.photo) == ("broken.jpg", "not_an_image", None)
    assert [one.number for one in world.engine.jobs.outcomes(job.id, after=2)] == [3, 4]
    assert b"Ada Example" not in world.bytes_on_disk()
    assert b"gala" not in world.bytes_on_disk()
    assert world.log(EventTag.INGEST_STARTED)
    assert world.log(EventTag.INGEST_ENDED)


def test_one_at_a_time_and_cancelled_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second job is refused while one runs; a cancelled one stops, and what it stored stays."""
    source = world.source()
    for number in range(12):
        world.photo(number)
    gate = Gate(world, monkeypatch)
    first = world.engine.jobs.start(source, roots(world), world.photos.name, "", by=ME)
    with pytest.raises(Busy):
        world.engine.jobs.start(source, roots(world), world.photos.name, "", by=ME)
    threading.Timer(0.1, gate.open.set).start()
    assert world.engine.jobs.cancel(first.id).state is JobState.CANCELLED
    stored = world.rows()["photo"]
    assert 0 < stored < 12
    again = world.engine.jobs.resume(first.id, roots(world))
    assert settled(world, again.id).state is JobState.DONE
    assert world.rows()["photo"] == 12


def test_a_killed_server_leaves_a_job_that_can_be_taken_up_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another process had begun is interrupted; taken up again, it brings each photo once."""
    source = world.source()
    for number in range(6):
        world.photo(number)
    gate = Gate(world, monkeypatch)
    job = world.engine.jobs.start(source, roots(world), world.photos.name, "", by=ME)
    old = world.engine
    world.reopen()
    assert world.engine.jobs.get(job.id).state is JobState.INTERRUPTED
    with pytest.raises(BadInput):
        world.engine.jobs.add(job.id, b"", "x")
    threading.Timer(0.05, gate.open.set).start()
    old.close()
    again = settled(world, world.engine.jobs.resume(job.id, roots(world)).id)
    assert (again.state, again.sums.photos) == (JobState.DONE, 6)
    assert world.rows()["photo"] == 6
    with pytest.raises(BadInput):
        world.engine.jobs.resume(job.id, roots(world))


def test_a_server_that_ends_leaves_its_job_interrupted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing the engine ends the job where it is and says so."""
    source = world.source()
    for number in range(6):
        world.photo(number)
    gate = Gate(world, monkeypatch)
    job = world.engine.jobs.start(source, roots(world), world.photos.name, "", by=ME)
    threading.Timer(0.05, gate.open.set).start()
    world.engine.close()
    world.reopen()
    assert world.engine.jobs.get(job.id).state is JobState.INTERRUPTED


def test_photos_are_sent_one_by_one(world: World) -> None:
    """An upload takes photos, says what became of each, and takes none once it is finished, also over a restart."""
    source = world.source()
    job = world.engine.jobs.open_upload(source, by=ME, total=3, ask=True)
    first = world.engine.jobs.add(job.id, png(photo(face(1))), "a.png")
    assert (first.number, first.name, first.waiting) == (1, "a.png", 1)
    assert "waiting" in first.marks
    world.engine.jobs._live[job.id].noted = 0.0
    assert world.engine.jobs.add(job.id, b"nonsense", "b.png").reason == "not_an_image"
    world.reopen()
    again = world.engine.jobs.add(job.id, png(photo(face(1))), "a.png")
    assert "known" in again.marks
    done = world.engine.jobs.finish(job.id)
    assert (done.state, done.sums.photos, done.total) == (JobState.DONE, 3, 3)
    with pytest.raises(BadInput):
        world.engine.jobs.add(job.id, png(photo(face(2))), "c.png")


def test_a_name_of_a_destroyed_photo_is_not_shown(world: World) -> None:
    """Where a photo was destroyed, the list of outcomes has its number and no name."""
    source, ada = world.source(), world.person("Ada").id
    world.sign(ada)
    world.photo(1, name="Ada Example/1.png")
    job = settled(world, world.engine.jobs.start(source, roots(world), world.photos.name, "", by=ME, ask=True).id)
    (one,) = world.engine.jobs.outcomes(job.id)
    assert one.name == "Ada Example/1.png"
    (waiting,) = world.engine.review.waiting()
    world.engine.review.assign(waiting.face.id, ada)
    world.destroy(ada)
    (one,) = world.engine.jobs.outcomes(job.id)
    assert one.name == ""


def test_nothing_outside_of_the_roots_is_reached(world: World, tmp_path: Path) -> None:
    """Neither `..`, nor an absolute path, nor a link leads out of the folders that the server was started with."""
    source = world.source()
    world.photo(1, name="in/1.png")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "2.png").write_bytes(png(photo(face(2))))
    (world.photos / "door").symlink_to(outside)
    (world.photos / "in" / "2.png").symlink_to(outside / "2.png")
    there = roots(world)
    for inside in ("..", "in/../..", "door", str(outside), "in/../../outside"):
        with pytest.raises((BadInput, NotFound)):
            there.folder(world.photos.name, inside)
    with pytest.raises(NotFound):
        there.folder("other", "")
    with pytest.raises(NotFound):
        there.folder(world.photos.name, "a\0b")
    listing = there.listing(world.photos.name, "")
    assert listing.folders == ("in",)
    job = settled(world, world.engine.jobs.start(source, there, world.photos.name, "", by=ME).id)
    assert (job.sums.photos, job.sums.skipped) == (2, {"outside": 1})
    assert world.rows()["photo"] == 1


def test_a_revoked_source_starts_no_job(world: World) -> None:
    """A job of a source whose permission was withdrawn is refused and logged; there is no row of it."""
    source = world.source()
    world.engine.sources.revoke(source, by="custodian", reason="letter")
    before = world.state()
    world.photos.mkdir(exist_ok=True)
    for verb in (
        lambda: world.engine.jobs.start(source, roots(world), world.photos.name, "", by=ME),
        lambda: world.engine.jobs.open_upload(source, by=ME),
    ):
        with pytest.raises(Refused):
            verb()
    assert len(world.log(EventTag.INGEST_DENIED)) == 2
    assert world.state() == before
