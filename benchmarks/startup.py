# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.startup`: from starting a process to the answer of its first search.

Fills a data directory with sealed references of random unit vectors through the store's own functions, so
that sealing, keys and triggers are the real ones: five references a subject, each in a photo of its own under a
key of its own, each subject with a live release. Then a fresh process opens it and searches once. Finding and
encoding the face of the probe is measured and left out of the total; loading the models is in it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from countenance.bootstrap import Engine
from countenance.ids import FaceId, NoticeId, PhotoId, ReferenceId, ReleaseId, SourceId, SubjectId, new_id
from countenance.model.consent import ConsentStatus, Release, ReleaseEvent, Scope
from countenance.model.face import Box
from countenance.model.faceprint import unit
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.search import ProbeBasis
from countenance.model.source import FaceRecord, FaceState, PhotoRecord
from countenance.model.subject import AgeBand, Subject
from countenance.services.search import Request
from countenance.store import photos as photo_rows
from countenance.store import subjects as subject_rows
from countenance.store.records import Transaction

_PER_SUBJECT = 5
_BATCH = 2_000  # subjects in one transaction
_TERM_DAYS = 300


def fill(directory: Path, references: int, *, per_subject: int = _PER_SUBJECT, preview: bytes | None = None) -> None:
    """Make a data directory with so many references; the first tenth of the photos carry the preview, if any."""
    engine = Engine.init(directory, operator="Benchmark")
    engine.register.add_client("Shop", kind=ClientKind.PHOTOGRAPHER, purposes=[Purpose.PHOTO_DELIVERY])
    source = engine.register.add_source("synthetic", basis="generated").id
    random = np.random.default_rng(1)
    records, encoder = engine._records, engine.pack.encoder  # noqa: SLF001 - the store is what is filled
    for start in range(0, references, _BATCH * per_subject):
        count = min(_BATCH * per_subject, references - start)
        people = [SubjectId(new_id("sub")) for _ in range(-(-count // per_subject))]
        photos = [PhotoId(new_id("pho")) for _ in range(count)]
        records.keyring.create([*people, *photos])
        with records.write() as work:
            releases = [_sign(work, person) for person in people]
        with records.write() as work:
            vectors = random.normal(size=(count, encoder.dim)).astype(np.float32)
            for number, (photo, vector) in enumerate(zip(photos, vectors, strict=True)):
                owner = number // per_subject
                shown = preview if start + number < references // 10 else None
                _refer(work, source, photo, shown, (people[owner], releases[owner]), vector, encoder.digest)
        print(f"\rfilled {start + count} of {references}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def _sign(work: Transaction, person: SubjectId) -> ReleaseId:
    """Add a subject with a live release."""
    policy = subject_rows.current_policy(work)
    if policy is None:
        raise RuntimeError("init publishes it")
    subject_rows.add(work, Subject(person, f"Person {person}", ("US-IL",), AgeBand.ADULT, None, work.now))
    notice = NoticeId(new_id("not"))
    subject_rows.add_notice(work, notice, person, "Notice " * 300)
    release = Release(
        id=ReleaseId(new_id("rel")),
        subject=person,
        notice=notice,
        policy_published_at=policy.published_at,
        delivered_at=work.now,
        signed_at=work.now,
        term_end=work.now + timedelta(days=_TERM_DAYS),
        signer_is_representative=False,
        scope=Scope(frozenset({Purpose.PHOTO_DELIVERY}), frozenset(), frozenset({ClientKind.PHOTOGRAPHER})),
        law="benchmark",
        events=(ReleaseEvent(ConsentStatus.REQUESTED, work.now), ReleaseEvent(ConsentStatus.GIVEN, work.now)),
    )
    subject_rows.add_release(work, release, policy.sha256, {"schema": "benchmark"})
    return release.id


def _refer(
    work: Transaction,
    source: SourceId,
    photo: PhotoId,
    preview: bytes | None,
    person: tuple[SubjectId, ReleaseId],
    vector: NDArray[np.float32],
    encoder: str,
) -> None:
    """Add a photo with one face, and its reference."""
    subject, release = person
    record = PhotoRecord(photo, f"/photos/{photo}.jpg", (3000, 4000), work.now)
    photo_rows.add_photo(work, photo_rows.NewPhoto(record, photo, photo.encode(), preview))
    photo_rows.link_source(work, photo, source)
    face = FaceId(new_id("fac"))
    photo_rows.add_face(work, FaceRecord(face, photo, Box(1, 2, 3, 4), FaceState.REFERENCE, None, subject))
    new = photo_rows.NewReference(ReferenceId(new_id("ref")), face, subject, release, unit(vector, encoder))
    photo_rows.add_reference(work, new)


def _measure(directory: Path, spawned: float) -> None:
    parts: dict[str, float] = {}
    clock = spawned

    def took(part: str) -> None:
        nonlocal clock
        parts[part], clock = time.monotonic() - clock, time.monotonic()

    took("imports")
    engine = Engine.open(directory)
    took("open")
    engine.pack  # noqa: B018 - loads the models
    took("models")
    client = engine.register.clients()[0].id
    photo = (directory.parent / "probe.jpg").read_bytes()
    search, original = engine.searches, engine.searches._probe  # noqa: SLF001 - to time it apart
    probe_s = 0.0

    @contextmanager
    def timed(*args: object) -> Iterator[object]:
        nonlocal probe_s
        started = time.monotonic()
        with original(*args) as faceprint:  # type: ignore[arg-type]
            probe_s = time.monotonic() - started
            yield faceprint

    search._probe = timed  # type: ignore[method-assign, assignment]  # noqa: SLF001
    result = search.search(photo, Request(client, Purpose.PHOTO_DELIVERY, ProbeBasis.SUBJECT_PRESENT, "benchmark"))
    took("search")
    parts["search"] -= probe_s
    total = sum(parts.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    parts |= {"total": total, "probe (left out)": probe_s, "scan": result.searched_s}
    parts["CPU"] = time.process_time()
    print(json.dumps({"gallery": result.gallery, "peak_mib": peak, "seconds": parts}))


def _run(directory: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.startup", "--measure", str(directory), str(time.monotonic())]
    answer = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    parts = "  ".join(f"{name} {seconds:.2f}" for name, seconds in answer["seconds"].items())
    if answer["gallery"] == 0:
        raise SystemExit("the folder was filled for another encoder; remove it and run this again")
    print(f"{answer['gallery']} references searched; seconds: {parts}; peak {answer['peak_mib']:.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--references", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="fill this folder once, then use it again")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        _measure(Path(options.measure[0]), float(options.measure[1]))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        if not (folder / "probe.jpg").exists():
            from PIL import Image
            from skimage import data

            folder.mkdir(parents=True, exist_ok=True)
            fill(folder / "data", options.references)
            Image.fromarray(data.astronaut()).save(folder / "probe.jpg")  # type: ignore[no-untyped-call]
        for _ in range(options.runs):
            _run(folder / "data")


if __name__ == "__main__":
    main()
