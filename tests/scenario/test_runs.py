# SPDX-License-Identifier: Apache-2.0
"""Destruction runs: their states, who may let them go on, what they leave, and what their certificates say."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from test_destruction import seen, traces
from world import CUSTODIAN, World

from countenance.cli.verifier import main as verify_command
from countenance.errors import BadInput, Damaged, NotFound, Refused, UnknownKey, VerificationFailed
from countenance.ids import ClientId, PhotoId, RunId, SourceId, SubjectId
from countenance.ledger.certificate import Declarant
from countenance.ledger.checkpoint import Trust
from countenance.ledger.note import parse_key
from countenance.ledger.verify import verify_certificate, verify_entry, verify_published_log
from countenance.model.destruction import NEXT, RunState, Scope
from countenance.model.event import EventTag
from countenance.services.certify import Deferred
from countenance.store import log as log_rows
from countenance.store import photos as photo_rows
from countenance.store import runs as run_rows


@dataclasses.dataclass(frozen=True)
class House:
    """Ada (face 1) and Bo (face 2) with references of their own, and one photo that shows both."""

    world: World
    ada: SubjectId
    bo: SubjectId
    client: ClientId
    source: SourceId

    def plan(self, scope: Scope | None = None) -> RunId:
        """Plan to destroy Ada."""
        return self.world.engine.destruction.plan(scope or Scope((self.ada,)), requested_by=CUSTODIAN).id

    def found(self) -> tuple[bool, bool]:
        """Say whether a search finds Ada, and Bo."""
        return self.world.found(self.client, 1) == {self.ada}, self.world.found(self.client, 2) == {self.bo}

    def photo_of_both(self) -> PhotoId:
        """Return the photo that shows both."""
        faces = self.world.faces()
        (both,) = {f.photo for f in faces if f.subject == self.ada} & {f.photo for f in faces if f.subject == self.bo}
        return both

    def key(self) -> Trust:
        """Return the public key of this house as all that is trusted."""
        return Trust((parse_key(self.world.engine.journal.verifier_key()),))


def build(world: World, residency: str = "US-IL") -> House:
    """Make the house; Ada lives where it is said."""
    source, client = world.source(), world.client()
    people = []
    for seed, label, place in ((1, "Ada Canary", residency), (2, "Bo", "US-IL")):
        subject = world.person(label, place).id
        world.sign(subject)
        world.enrol(source, subject, seed, photos=2)
        people.append(subject)
    both = world.photo(1, 2)
    world.ingest(source, both, manifest=[(both, people[0], 0), (both, people[1], 1)])
    for seed in (1, 2):
        world.search(client, seed)
    return House(world, people[0], people[1], client, source)


@pytest.fixture
def house(world: World) -> House:
    """A house where one person's word is enough."""
    return build(world)


@pytest.fixture
def strict(world: World) -> House:
    """A house where Ada's law asks for two people."""
    return build(world, "unknown")


def test_states_move_only_as_drawn(house: House) -> None:
    """A run goes from one state to the next ones of the drawing, and to no other."""
    run = house.plan()
    with house.world.engine._records.write() as work:
        for now in RunState:
            for then in RunState:
                work.connection.exec_driver_sql("UPDATE run SET state = ?", (now.value,))
                if then in NEXT[now]:
                    run_rows.move(work, run, then)
                else:
                    with pytest.raises(RuntimeError, match=f"{now.value} to {then.value}"):
                        run_rows.move(work, run, then)


def test_a_run_passes_through_every_state(house: House) -> None:
    """Planned, frozen, approved, executing, verifying, certified: in that order, each step in the log."""
    house.world.destroy(house.ada)
    tags = [entry.tag for entry in house.world.log()][-7:]
    assert tags == [
        EventTag.RUN_PLANNED,
        EventTag.RUN_FROZEN,
        EventTag.INSTRUCTION_MADE,
        EventTag.EVIDENCE_KEPT,
        EventTag.SUBJECT_DESTROYED,
        EventTag.RUN_EXECUTED,
        EventTag.CERTIFICATE_SIGNED,
    ]


def test_a_dry_run_changes_nothing_but_the_plan(house: House) -> None:
    """After a plan everybody is found, nothing is frozen, and no row, key or reference but the plan's is new."""
    world = house.world
    before = world.state()
    planned = world.engine.destruction.plan(Scope((house.ada,)), requested_by=CUSTODIAN)
    after = world.state()
    assert (after.keys, after.gallery) == (before.keys, before.gallery)
    changed = {name for name in after.rows if after.rows[name] != before.rows[name]}
    assert changed == {"run", "run_target"}
    assert house.found() == (True, True)
    assert world.engine.subjects.show(house.ada).subject.frozen_at is None
    assert planned.state is RunState.PLANNED


def test_the_dry_run_counts_what_is_destroyed(house: House) -> None:
    """The counts of the plan, those of the run and the rows that are gone are the same numbers."""
    world = house.world
    planned = world.engine.destruction.plan(Scope((house.ada,)), requested_by=CUSTODIAN)
    before, keys = world.rows(), len(world.engine._records.keyring.owners())
    done = world.destroy(house.ada)
    after = world.rows()
    assert done.run.id == planned.id
    assert {name: n for name, n in done.run.counts.items() if not name.startswith("before:")} == planned.counts
    for table in ("subject", "notice", "release", "release_event", "reference", "face", "photo", "photo_source"):
        assert before[table] - after[table] == planned.counts[table], table
    # The key of the masked preview is replaced, and the evidence of consent has a new one.
    assert keys - len(world.engine._records.keyring.owners()) == planned.counts["keys"] - 2


def test_every_target_is_accounted_for(house: House) -> None:
    """On every certificate, and in every store, destroyed, held, failed and deferred add up to what was targeted."""
    certificate = verify_certificate(house.world.destroy(house.ada).document or b"", house.key()).certificate
    assert (certificate.counts.targeted, certificate.counts.destroyed) == (1, 1)
    for counts in (certificate.counts, *(store.counts for store in certificate.stores)):
        assert counts.destroyed + counts.held + counts.failed + counts.deferred == counts.targeted


def test_a_run_needs_a_target_and_somebody_who_asks(house: House) -> None:
    """Nothing named, nobody asking, and ids that are not there: each refused, and nothing is planned."""
    verbs, before = house.world.engine.destruction, house.world.state()
    with pytest.raises(BadInput, match="name what"):
        verbs.plan(Scope(), requested_by=CUSTODIAN)
    with pytest.raises(BadInput, match="--by"):
        verbs.plan(Scope((house.ada,)), requested_by=" ")
    for scope, name in (
        (Scope((house.ada, SubjectId("sub_nobody"))), "sub_nobody"),
        (Scope(photo="pho_none"), "pho_none"),
        (Scope(source=SourceId("src_none")), "src_none"),
    ):
        with pytest.raises(NotFound, match=name):
            verbs.destroy(scope, requested_by=CUSTODIAN)
    with pytest.raises(NotFound, match="run_none"):
        verbs.resume(RunId("run_none"))
    assert house.world.state() == before


def test_two_scopes_of_as_many_people_are_two_runs(house: House) -> None:
    """A planned run of some people is not taken up for others of the same number."""
    world = house.world
    cy, di = (world.person(name).id for name in ("Cy", "Di"))
    planned = house.plan(Scope((house.ada, house.bo)))
    done = world.destroy(cy, di)
    assert done.run.id != planned
    assert done.title == "complete"
    assert house.found() == (True, True)
    body = verify_certificate(done.document or b"", house.key()).certificate
    assert body.class_snapshot_root is not None
    assert body.counts.destroyed == 2


def test_the_second_person(strict: House) -> None:
    """Where the law asks for two, the person is frozen at once and waits until somebody else approves."""
    world, verbs = strict.world, strict.world.engine.destruction
    assert strict.found() == (True, True)
    waits = verbs.destroy(Scope((strict.ada,)), requested_by=CUSTODIAN)
    assert (waits.run.state, waits.certificate) == (RunState.FROZEN, None)
    assert strict.found() == (False, True)
    world.reopen()
    verbs = world.engine.destruction
    assert strict.found() == (False, True)

    before = world.state()
    for name in (CUSTODIAN, CUSTODIAN.upper(), f" {CUSTODIAN} ", ""):
        with pytest.raises(Refused, match="somebody else") as refusal:
            verbs.approve(waits.run.id, by=name)
        assert refusal.value.rule_id == "destroy.dual_control"
    assert world.state() == before
    assert verbs.resume(waits.run.id).run.state is RunState.FROZEN
    assert [entry.payload["rule"] for entry in world.log(EventTag.RUN_REFUSED)] == ["destroy.dual_control"] * 4

    assert verbs.approve(waits.run.id, by="counsel").approved_by == "counsel"
    done = verbs.resume(waits.run.id)
    assert (done.run.state, done.title) == (RunState.CERTIFIED, "complete")
    assert len(world.log(EventTag.RUN_APPROVED)) == 1
    assert CUSTODIAN.encode() in (done.document or b"")
    assert CUSTODIAN.encode() not in world.bytes_on_disk()


def test_only_what_waits_is_approved(house: House) -> None:
    """A planned and a finished run cannot be approved."""
    run = house.plan()
    for _ in range(2):
        with pytest.raises(BadInput, match="does not wait"):
            house.world.engine.destruction.approve(run, by="counsel")
        house.world.destroy(house.ada)


def test_a_photo_that_came_while_the_run_waited_goes_too(strict: House) -> None:
    """What was ingested of a frozen person after the freeze is part of what is executed."""
    world, verbs = strict.world, strict.world.engine.destruction
    waits = verbs.destroy(Scope((strict.ada,)), requested_by=CUSTODIAN)
    late = world.photo(1)
    world.ingest(strict.source, late, manifest=[(late, strict.ada)])
    verbs.approve(waits.run.id, by="counsel")
    done = verbs.resume(waits.run.id)
    assert done.run.counts["photo"] == waits.run.counts["photo"] + 1 == 3
    assert world.rows()["photo"] == 3
    assert world.engine.doctor.problems() == []


def test_two_runs_on_one_person(strict: House) -> None:
    """A run whose person another run destroyed meanwhile has nothing left to do, and says so."""
    world, verbs = strict.world, strict.world.engine.destruction
    late = strict.plan(Scope((strict.ada, strict.bo)))
    world.destroy(strict.ada)
    verbs.freeze(late)
    verbs.approve(late, by="counsel")
    done = verbs.resume(late)
    assert (done.title, done.run.counts["subject"]) == ("complete", 1)
    assert len(world.log(EventTag.SUBJECT_DESTROYED, strict.ada)) == 1


def canaries(house: House) -> dict[str, bytes]:
    """Return what must stand in no file at all: names, texts, pictures and vectors of Ada, in every spelling."""
    world = house.world
    found = {"label": b"Ada Canary", "signer": b"N. N.", "notice": b"740 ILCS 14/15(b)"}
    with world.engine._records.read() as work:
        for face in photo_rows.faces(work, subject=house.ada):
            jpeg = photo_rows.preview(work, face.photo) or b""
            found[f"preview {face.photo}"] = jpeg[len(jpeg) // 2 :][:32]
            found[f"path {face.photo}"] = photo_rows.get_photo(work, face.photo).uri.encode()
        held = photo_rows.reference_subjects(work, world.encoder.digest)
        own = {one for one, subject in held.items() if subject == house.ada}
        ids, vectors = photo_rows.vectors(work, world.encoder.digest, world.encoder.dim, own)
    for one, vector in zip(ids, vectors, strict=True):
        for name, kind in (("f32le", "<f4"), ("f32be", ">f4"), ("f16le", "<f2"), ("f16be", ">f2"), ("f64", "<f8")):
            raw = vector.astype(kind).tobytes()[:48]
            found |= {f"{one} {name}": raw[:32], f"{one} {name} hex": raw.hex().encode()[:64]}
            found[f"{one} {name} base64"] = base64.b64encode(raw)[:60]
    return found


def test_no_byte_is_left(house: House) -> None:
    """No canary in any spelling, no ciphertext and no wrapped key is in any file; those of a kept person are."""
    world = house.world
    plain, gone, kept = canaries(house), traces(world, house.ada), traces(world, house.bo)
    kept = {place: value for place, value in kept.items() if value not in gone.values()}
    assert seen(world, plain) == []  # nothing was ever written in plain
    assert sorted(seen(world, gone)) == sorted(gone)  # the scan finds what is there
    done = world.destroy(house.ada)
    assert done.title == "complete"
    assert seen(world, {**plain, **gone}) == []
    assert sorted(seen(world, kept)) == sorted(kept)
    for name in ("records.sqlite", "keyring.sqlite"):
        wal = world.data / f"{name}-wal"
        assert not wal.exists() or wal.stat().st_size == 0
        with closing(sqlite3.connect(world.data / name)) as database:
            assert database.execute("PRAGMA freelist_count").fetchone() == (0,)
    checks, foreign = world.engine.destruction.residues()
    assert [check for check in checks if check.observed != check.expected] == []
    assert foreign == []


@pytest.mark.parametrize("place", ["old-records.sqlite", "models/drawn/old-records.sqlite", ".hidden/copy"])
def test_t14_a_forgotten_copy_fails_the_run(house: House, place: str) -> None:
    """A copy that somebody left in the directory is found and named, no certificate is made; gone, it is resumed."""
    world = house.world
    copy = world.data / place
    copy.parent.mkdir(parents=True, exist_ok=True)
    with closing(world.raw()) as records:
        records.execute("VACUUM INTO ?", (str(copy),))
    failed = world.destroy(house.ada)
    assert (failed.run.state, failed.certificate, failed.document) == (RunState.FAILED, None, None)
    assert any(place in problem and "belongs to no store" in problem for problem in failed.run.problems)
    assert any(place in problem and "bytes of the targets" in problem for problem in failed.run.problems)
    assert world.log(EventTag.RUN_FAILED)
    assert world.log(EventTag.CERTIFICATE_SIGNED) == []
    assert house.found() == (False, True)
    world.reopen()
    verbs = world.engine.destruction
    assert place in verbs.residues()[1]
    again = verbs.resume(failed.run.id)
    assert again.run.state is RunState.FAILED
    assert any(place in problem and "bytes of the targets" in problem for problem in again.run.problems)
    shutil.move(copy, world.photos / "copy")
    done = verbs.resume(failed.run.id)
    assert (done.run.state, done.title, done.run.problems) == (RunState.CERTIFIED, "complete", ())
    limits = verify_certificate(done.document or b"", house.key()).certificate.limitations
    assert any("interrupted and taken up again" in text for text in limits)
    assert len(world.log(EventTag.SUBJECT_DESTROYED, house.ada)) == 1


def test_a_copy_under_a_store_s_name_is_found_too(house: House) -> None:
    """A copy that hides under a name which a store owns is found by its bytes, also by a later resumption."""
    world = house.world
    (world.data / "ingest.lock").write_bytes((world.data / "records.sqlite").read_bytes())
    failed = world.destroy(house.ada)
    again = world.engine.destruction.resume(failed.run.id)
    for one in (failed, again):
        assert one.run.state is RunState.FAILED
        assert "bytes of the targets lie in ingest.lock" in one.run.problems
    (world.data / "ingest.lock").unlink()
    assert world.engine.destruction.resume(failed.run.id).title == "complete"


def test_in_a_shared_photo_the_face_is_black(house: House) -> None:
    """The destroyed face is black, the other is untouched, the old key is dead, and the other is still found."""
    world, photo = house.world, house.photo_of_both()
    with world.engine._records.read() as work:
        old_key, old = photo_rows.key_of(work, photo), pixels(photo_rows.preview(work, photo))
        sealed = work.connection.exec_driver_sql("SELECT sealed_preview FROM photo WHERE id = ?", (photo,)).scalar()
    world.destroy(house.ada)
    with world.engine._records.read() as work:
        new_key, new = photo_rows.key_of(work, photo), pixels(photo_rows.preview(work, photo))
        with pytest.raises(Damaged):
            work.unseal(old_key, sealed, "photo.preview")
        assert {face.subject for face in photo_rows.faces(work, photo=photo)} == {house.bo}
    assert new_key != old_key
    assert old_key not in world.engine._records.keyring.owners()
    half = old.shape[1] // 2
    assert new[12:100, 12:100].max() < 30
    assert old[12:100, 12:100].mean() > 60
    assert abs(new[:, half + 8 :].astype(int) - old[:, half + 8 :]).mean() < 8
    assert house.found() == (False, True)


def pixels(jpeg: bytes | None) -> np.ndarray:
    """Decode a preview."""
    assert jpeg is not None
    return np.array(Pillow.open(io.BytesIO(jpeg)).convert("RGB"))


def test_a_photo_is_forgotten(house: House) -> None:
    """Destroying a photo takes the references made from it; the people in it stay, with their other photos."""
    world, photo = house.world, house.photo_of_both()
    before = world.rows()
    done = world.engine.destruction.destroy(Scope(photo=photo), requested_by=CUSTODIAN)
    after = world.rows()
    assert done.title == "complete"
    assert before["reference"] - after["reference"] == done.run.counts["reference"] == 2
    assert (before["photo"] - after["photo"], after["subject"]) == (1, 2)
    assert house.found() == (True, True)
    assert world.search(house.client, 1).gallery == 4
    assert world.engine.doctor.problems() == []
    assert world.engine.destruction.destroy(Scope(photo=photo), requested_by=CUSTODIAN) == done


def test_a_source_is_revoked(house: House) -> None:
    """Photos whose only source is revoked go with their references; one of two sources loses the link alone."""
    world = house.world
    other = world.source()
    kept = next(path for path in sorted(world.photos.glob("*.png")))  # Ada alone
    assert world.ingest(other, kept)[0].references == 0
    before = world.rows()
    done = world.engine.destruction.destroy(Scope(source=house.source), requested_by=CUSTODIAN)
    after = world.rows()
    assert done.title == "complete"
    assert (done.run.counts["photo"], done.run.counts["source_links"]) == (4, 1)
    assert (after["photo"], after["photo_source"], after["reference"]) == (1, 1, 1)
    assert after["subject"] == before["subject"]
    assert house.found() == (True, False)
    assert world.search(house.client, 2).gallery == 1
    assert world.engine.doctor.problems() == []
    with world.engine._records.read() as work:
        assert [s.id for s in photo_rows.sources_of(work, PhotoId(world.faces()[0].photo))] == [other]


@pytest.mark.parametrize("by_source", [False, True])
def test_a_frozen_photo_is_not_searched(strict: House, by_source: bool) -> None:
    """While the run of a photo or source waits, nothing made from it is found, also by a program that was running."""
    world = strict.world
    scope = Scope(source=strict.source) if by_source else Scope(photo=strict.photo_of_both())
    assert world.search(strict.client, 1).gallery == 6
    elsewhere = type(world.engine).open(world.data, clock=world.clock)
    waits = elsewhere.destruction.destroy(scope, requested_by=CUSTODIAN)
    assert waits.run.state is RunState.FROZEN
    assert world.search(strict.client, 1).gallery == (0 if by_source else 4)
    world.reopen()
    assert world.search(strict.client, 1).gallery == (0 if by_source else 4)
    assert strict.found() == ((False, False) if by_source else (True, True))
    world.engine.destruction.approve(waits.run.id, by="counsel")
    assert world.engine.destruction.resume(waits.run.id).title == "complete"
    assert world.engine.doctor.problems() == []


def test_a_photo_frozen_during_a_search_is_not_answered(strict: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frozen between the comparison and the answer: no reference of the photo is in the answer."""
    world = strict.world
    world.engine.destruction.destroy(Scope(photo=world.faces()[0].photo), requested_by=CUSTODIAN)
    gallery = world.engine.searches._gallery
    compare, frozen = gallery.nearest, []

    def compare_then_freeze(*args, **kwargs):
        found = compare(*args, **kwargs)
        if not frozen:
            frozen.append(world.engine.destruction.destroy(Scope(source=strict.source), requested_by=CUSTODIAN))
        return found

    monkeypatch.setattr(gallery, "nearest", compare_then_freeze)
    assert world.found(strict.client, 1) == set()


def test_the_same_person_under_two_ids_is_named(house: House) -> None:
    """Where somebody is enrolled twice, the certificate names the other id as one to decide on, frozen or not."""
    world = house.world
    for freeze in (False, True):
        first, twin = (world.person(name).id for name in ("Eve", "Eva"))
        for one in (first, twin):
            world.sign(one)
            world.enrol(house.source, one, 40 + freeze)
        if freeze:
            world.engine.subjects.withdraw(twin)
        certificate = verify_certificate(world.destroy(first).document or b"", house.key()).certificate
        (note,) = [text for text in certificate.limitations if "under another id" in text]
        assert twin in note
        assert house.bo not in note
        (same,) = [c for c in certificate.verification.checks if "destroyed faceprints" in c.name]
        assert (same.expected, same.observed) == (0, 0)


def test_a_certificate_proves_itself_to_a_stranger(house: House, tmp_path: Path) -> None:
    """The library and the command verify it with the public key alone; every changed byte is refused."""
    done = house.world.destroy(house.ada)
    document = done.document or b""
    proved = verify_certificate(document, house.key())
    assert (proved.certificate.id, proved.certificate.run_id) == (done.certificate, done.run.id)
    path, key = tmp_path / "certificate.json", house.world.engine.journal.verifier_key()
    path.write_bytes(document)
    assert verify_command([str(path), "--key", key]) == 0
    rng = np.random.default_rng(7)
    for at in rng.integers(0, len(document), 300):
        changed = bytearray(document)
        changed[at] ^= 1 << int(rng.integers(0, 8))
        if _same(bytes(changed), document):
            continue
        with pytest.raises(VerificationFailed):
            verify_certificate(bytes(changed), house.key())
    path.write_bytes(document.replace(b'"destroyed":1', b'"destroyed":2', 1))
    assert verify_command([str(path), "--key", key]) == 7


def _same(changed: bytes, original: bytes) -> bool:
    """Say whether a change left the same JSON, as one of white space does."""
    try:
        return bool(json.loads(changed) == json.loads(original))
    except ValueError:
        return False


def test_a_certificate_of_another_log_is_refused(house: House, tmp_path: Path, blank: Path) -> None:
    """Under the key of another house a certificate proves nothing."""
    document = house.world.destroy(house.ada).document or b""
    other = type(house.world.engine).init(tmp_path / "other", operator="Somebody else")
    with pytest.raises(UnknownKey):
        verify_certificate(document, Trust((parse_key(other.journal.verifier_key()),)))


def test_a_wrong_certificate_is_superseded_and_kept(house: House) -> None:
    """Another declarant makes a second certificate that names the first; both verify, neither is deleted."""
    world, verbs = house.world, house.world.engine.destruction
    first = world.destroy(house.ada)
    assert verbs.resume(first.run.id) == first
    second = verbs.resume(first.run.id, declarant=Declarant("Cara Counsel", "general counsel"))
    assert second.certificate != first.certificate
    old, new = (verify_certificate(one.document or b"", house.key()).certificate for one in (first, second))
    assert (old.supersedes, new.supersedes) == (None, first.certificate)
    assert new.declarant == Declarant("Cara Counsel", "general counsel")
    assert verbs.status(first.run.id) == second
    assert world.rows()["certificate"] == 2
    assert len(world.log(EventTag.SUBJECT_DESTROYED, house.ada)) == 1


def test_a_partial_certificate_becomes_complete(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a backup of the keys lives the certificate is partial, until when; resumed later it is superseded."""
    world, verbs = house.world, house.world.engine.destruction
    until = world.clock.now()
    with monkeypatch.context() as patch:
        patch.setattr(verbs, "_backups", lambda _work: [Deferred("/mnt/backups", until)])
        partial = world.destroy(house.ada)
    body = verify_certificate(partial.document or b"", house.key()).certificate
    assert (partial.title, body.counts.deferred, body.counts.destroyed) == ("partial", 1, 0)
    assert [(one.kind.value, one.count) for one in body.carve_outs] == [("deferred", 1), ("evidence", 1)]
    complete = verbs.resume(partial.run.id)
    assert complete.title == "complete"
    assert verify_certificate(complete.document or b"", house.key()).certificate.supersedes == partial.certificate


def test_the_salts_of_the_destroyed_are_gone(house: House) -> None:
    """Entries about a destroyed person cannot be opened any more, and still are proved to be in the log."""
    world = house.world
    about = {entry.number - 1 for entry in world.log(subject=house.ada)}
    other = {entry.number - 1 for entry in world.log(subject=house.bo)}
    world.destroy(house.ada)
    with world.engine._records.read() as work:
        salts = {at: log_rows.salt_of(work.connection, work.keyring, at) for at in about | other}
    assert {at for at, salt in salts.items() if salt is None} == about
    for at in about | other:
        assert verify_entry(world.engine.journal.prove(at), house.key()).index == at


def test_the_published_log_is_whole(strict: House, tmp_path: Path) -> None:
    """After refusals, searches, freezes and a destruction the published folder verifies, and counts each of them."""
    world = strict.world
    waits = world.engine.destruction.destroy(Scope((strict.ada,)), requested_by=CUSTODIAN)
    with pytest.raises(Refused):
        world.engine.destruction.approve(waits.run.id, by=CUSTODIAN)
    world.search(strict.client, 1)
    world.destroy(strict.ada)
    size = world.engine.journal.publish(tmp_path / "log")
    files = {str(p.relative_to(tmp_path / "log")): p.read_bytes() for p in (tmp_path / "log").rglob("*") if p.is_file()}
    proved = verify_published_log(files.get, strict.key())
    assert proved.head.checkpoint.size == size == len(world.log())
    for tag, times in (
        (EventTag.RUN_REFUSED, 1),
        (EventTag.SEARCH_ANSWERED, 3),
        (EventTag.RUN_FROZEN, 1),
        (EventTag.SUBJECT_DESTROYED, 1),
        (EventTag.CERTIFICATE_SIGNED, 1),
    ):
        assert proved.tags[tag.value] == times, tag
    everything = b"".join(files.values())
    assert not [one for one in (strict.ada, strict.bo, strict.client, strict.source) if one.encode() in everything]
    world.engine.subjects.withdraw(strict.bo)
    assert world.engine.journal.publish(tmp_path / "log") == size + 1


def test_references_of_another_model_are_destroyed_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another model made is destroyed like the rest; the certificate says that it was not searched with."""
    monkeypatch.setattr(house.world.encoder, "digest", "f" * 64)
    done = house.world.destroy(house.ada)
    certificate = verify_certificate(done.document or b"", house.key()).certificate
    assert done.run.counts["reference"] == 3
    assert any(text.startswith("3 of the destroyed faceprints could not") for text in certificate.limitations)


def test_changes_past_the_program_are_followed(house: House) -> None:
    """A deletion, a freeze and its end by raw SQL work on the very next search, alone and together."""
    world = house.world
    assert world.search(house.client, 1).gallery == 6

    def change(*statements: str) -> int:
        with closing(world.raw()) as records:
            for statement in statements:
                records.execute(statement, {"ada": house.ada, "bo": house.bo})
            records.commit()
        return world.search(house.client, 1).gallery

    one = "DELETE FROM reference WHERE id = (SELECT min(id) FROM reference WHERE subject = {})"
    freeze = "UPDATE subject SET frozen_at = created_at WHERE id = :ada"
    assert change(one.format(":bo")) == 5
    assert change(freeze) == 2
    assert house.found() == (False, True)
    assert change("UPDATE subject SET frozen_at = NULL WHERE id = :ada") == 5
    assert change(freeze, one.format(":bo"), one.format(":ada")) == 1
    assert house.found() == (False, True)
    assert change("UPDATE subject SET frozen_at = NULL WHERE id = :ada") == 3
    assert house.found() == (True, True)
