# SPDX-License-Identifier: Apache-2.0
"""What was made from people's faceprints is not used once one of them is destroyed."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing

import pytest
from world import World

from countenance.canonical import sha256
from countenance.errors import BadInput, NotFound, Refused
from countenance.ids import SubjectId
from countenance.model.event import EventTag
from countenance.model.lineage import ArtefactKind
from countenance.store import burial

MADE = sha256(b"a threshold, calibrated on the gallery")
OTHER = sha256(b"another one")


@pytest.fixture
def people(world: World) -> tuple[SubjectId, SubjectId]:
    """Ada and Bo, both enrolled, and a calibration made from both."""
    source = world.source()
    ids = []
    for seed, label in ((1, "Ada"), (2, "Bo")):
        subject = world.person(label).id
        world.sign(subject)
        world.enrol(source, subject, seed)
        ids.append(subject)
    world.engine.lineage.record(ArtefactKind.CALIBRATION, MADE, ids)
    return ids[0], ids[1]


def test_t20_an_artefact_of_somebody_destroyed_refuses_to_load(
    world: World, people: tuple[SubjectId, SubjectId]
) -> None:
    """Derived from Ada and Bo, it loads; Ada destroyed, its hash is refused, logged, and the certificate lists it."""
    ada, bo = people
    lineage = world.engine.lineage
    lineage.record(ArtefactKind.EVALUATION_SET, OTHER, [bo])
    lineage.require_fresh(MADE)
    done = world.destroy(ada)
    limits = " ".join(json.loads(done.document or b"{}")["limitations"])
    assert MADE in limits
    assert "refuses to load" in limits
    assert OTHER not in limits
    before = world.state()
    with pytest.raises(Refused, match=r"stale.*rule lineage\.stale; .*Everalbum"):
        lineage.require_fresh(MADE)
    (refused,) = world.log(EventTag.ARTEFACT_REFUSED)
    assert refused.payload == {"artefact": lineage.artefacts()[0].id, "rule": "lineage.stale"}
    assert world.state() == before
    lineage.require_fresh(OTHER)
    lineage.require_fresh(sha256(b"shipped with the program, made from nobody here"))
    stale, fresh = lineage.artefacts()
    assert (stale.state, stale.subjects, fresh.state) == ("stale", 1, "fresh")
    # Made anew without Ada, the old one is given up, and a superseding certificate says so.
    lineage.record(ArtefactKind.CALIBRATION, sha256(b"made anew"), [bo])
    lineage.retire(stale.id)
    with pytest.raises(Refused, match="retired"):
        lineage.require_fresh(MADE)
    with closing(world.raw()) as raw:
        assert raw.execute("SELECT count(*) FROM artefact_subject WHERE subject = ?", (ada,)).fetchone() == (0,)


def test_an_artefact_names_people_who_are_here(world: World, people: tuple[SubjectId, SubjectId]) -> None:
    """One made from somebody unknown, of no hash, or of bytes that are recorded already, is not recorded."""
    before = world.state()
    record = world.engine.lineage.record
    with pytest.raises(NotFound, match="sub_nobody"):
        record(ArtefactKind.MODEL, OTHER, [SubjectId("sub_nobody")])
    with pytest.raises(BadInput, match="SHA-256"):
        record(ArtefactKind.MODEL, "beef", [])
    with pytest.raises(BadInput, match="recorded as art_"):
        record(ArtefactKind.CALIBRATION, MADE, people)
    with pytest.raises(NotFound, match="no artefact"):
        world.engine.lineage.retire("art_none")  # type: ignore[arg-type]
    assert world.state() == before


def test_a_restored_backup_brings_no_artefact_back(world: World, people: tuple[SubjectId, SubjectId]) -> None:
    """Records from before a destruction call the artefact fresh; the tombstone makes it stale again."""
    ada, _ = people
    old = world.data.parent / "old.sqlite"
    world.engine._records.compact()
    shutil.copy(world.data / "records.sqlite", old)
    world.destroy(ada)
    shutil.copy(old, world.data / "records.sqlite")
    world.reopen()
    world.engine.lineage.require_fresh(MADE)
    with world.engine._records.write() as work:
        burial.remove(work, burial.find(work))
    with pytest.raises(Refused):
        world.engine.lineage.require_fresh(MADE)


def test_a_destroyed_person_is_in_no_lineage_row(world: World, people: tuple[SubjectId, SubjectId]) -> None:
    """A fresh process counts no row that links an artefact with a destroyed person."""
    done = world.destroy(*people)
    checks = {c["name"]: c["observed"] for c in json.loads(done.document or b"{}")["verification"]["checks"]}
    assert checks["rows of the targets in artefact_subject, seen by a fresh process"] == 0
    with closing(sqlite3.connect(world.data / "records.sqlite")) as raw:
        assert raw.execute("SELECT count(*) FROM artefact_subject").fetchone() == (0,)
