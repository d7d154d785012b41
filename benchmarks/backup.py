# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.backup`: how long backup, restore and rotation of the root key take.

Synthetic subjects with a release, one photo with a preview of random bytes and one random vector each, one thread.
A tenth of the subjects is destroyed after the backup, so that the restore has tombstones to apply.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from countenance.bootstrap import Engine
from countenance.clock import SystemClock
from countenance.ids import FaceId, NoticeId, PhotoId, ReferenceId, ReleaseId, SourceId, SubjectId
from countenance.model.consent import ConsentStatus, Release, ReleaseEvent, Scope
from countenance.model.face import Box
from countenance.model.faceprint import unit
from countenance.model.source import FaceRecord, FaceState, PhotoRecord
from countenance.model.subject import AgeBand, Subject
from countenance.store import photos, subjects
from countenance.store.records import Records, Transaction
from countenance.store.references import NewReference, add_references

_PREVIEW_BYTES = 20_000  # a preview of 640 pixels
_BATCH = 1000


def _fill(records: Records, source: SourceId, count: int) -> None:
    random = np.random.default_rng(1)
    for start in range(0, count, _BATCH):
        numbers = range(start, min(start + _BATCH, count))
        with records.write() as work:
            work.keyring.create(f"{kind}_{number}" for kind in ("sub", "pho") for number in numbers)
            signed = {number: _sign(work, number) for number in numbers}
        with records.write() as work:
            for number in numbers:
                _enrol(work, number, source, signed[number], random)


def _sign(work: Transaction, number: int) -> ReleaseId:
    subject, notice = SubjectId(f"sub_{number}"), NoticeId(f"not_{number}")
    subjects.add(work, Subject(subject, f"Person {number}", ("US-IL",), AgeBand.ADULT, None, work.now))
    subjects.add_notice(work, notice, subject, "notice" * 300)
    policy = subjects.current_policy(work)
    assert policy is not None  # noqa: S101 - `init` published it
    release = Release(
        id=ReleaseId(f"rel_{number}"),
        subject=subject,
        notice=notice,
        policy_published_at=policy.published_at,
        delivered_at=work.now,
        signed_at=work.now,
        term_end=work.now.replace(year=work.now.year + 1),
        signer_is_representative=False,
        scope=Scope(frozenset(), frozenset(), frozenset()),
        law="synthetic",
        events=(ReleaseEvent(ConsentStatus.GIVEN, work.now),),
    )
    subjects.add_release(work, release, policy.sha256, {"release": release.id})
    return release.id


def _enrol(work: Transaction, number: int, source: SourceId, release: ReleaseId, random: np.random.Generator) -> None:
    photo, face = PhotoId(f"pho_{number}"), FaceId(f"fac_{number}")
    subject = SubjectId(f"sub_{number}")
    record = PhotoRecord(photo, f"/photos/{number}.jpg", (640, 640), work.now)
    photos.add_photos(work, [photos.NewPhoto(record, photo, number.to_bytes(32, "big"), random.bytes(_PREVIEW_BYTES))])
    photos.link_sources(work, [(photo, source)])
    photos.add_faces(work, [(FaceRecord(face, photo, Box(0, 0, 9, 9), FaceState.REFERENCE, None, subject, None), "")])
    vector = unit(random.normal(size=128).astype(np.float32), "synthetic")
    add_references(work, [NewReference(ReferenceId(f"ref_{number}"), face, subject, release, vector)])


def _timed(what: str, action: Callable[[], object]) -> None:
    started = time.perf_counter()
    action()
    print(f"{what}: {time.perf_counter() - started:.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subjects", type=int, default=10_000)
    count = parser.parse_args().subjects
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        engine = Engine.init(base / "data", operator="Benchmark")
        source = engine.register.add_source("Synthetic", basis="contract", capture_place=None).id
        records = engine._records  # noqa: SLF001 - rows are made without photos
        _timed(f"fill, {count} subjects", lambda: _fill(records, source, count))
        engine.backups.new_recovery_key(base / "recovery.txt")
        _timed("backup", lambda: engine.backups.make(base / "backups"))
        for path in sorted(base.glob("backups/**/*")):
            if path.is_file():
                print(f"  {path.relative_to(base)}: {path.stat().st_size / 1e6:.1f} MB")
        gone = [f"{kind}_{number}" for kind in ("sub", "pho") for number in range(0, count, 10)]
        _timed(f"destroy {len(gone)} keys, with tombstones", lambda: records.keyring.destroy(gone, SystemClock().now()))
        _timed("spread tombstones", engine.backups.spread_tombstones)
        _timed("rotate the root key", engine.rotate_root_key)

        def restore() -> None:
            done = Engine.restore(base / "backups", base / "restored", identity=base / "recovery.txt")
            print(f"  {done.reapplied} applied again, {done.subjects} of them subjects")

        _timed("restore", restore)


if __name__ == "__main__":
    main()
