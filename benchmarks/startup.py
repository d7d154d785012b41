# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.startup`: from starting a process to the answer of its first search.

Fills a data directory with sealed references of random unit vectors: five references a subject, each in a photo of its
own under a key of its own, each subject with a live release. Then a fresh process opens it and searches once; the
first builds the gallery from the records and writes its sealed files, the others start from these. Finding and
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
from sqlalchemy import insert, select, update

from countenance.bootstrap import Engine
from countenance.clock import to_text
from countenance.ids import ClientId, PhotoId, ReleaseId, SourceId, SubjectId
from countenance.model.consent import Scope
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.search import ProbeBasis
from countenance.services.search import Request
from countenance.store import schema
from countenance.store import subjects as subject_rows
from countenance.store.records import Transaction
from countenance.store.sealing import seal

_PER_SUBJECT = 5
_BATCH = 20_000  # subjects in one transaction
_TERM_DAYS = 300


def fill(directory: Path, references: int, *, per_subject: int = _PER_SUBJECT, preview: bytes | None = None) -> None:
    """Make a data directory with so many references; the first tenth of the photos carry the preview, if any.

    Rows go in by many at once, past the store's functions, as these would write them: keys, seals and triggers are the
    real ones.
    """
    engine = Engine.init(directory, operator="Benchmark")
    engine.register.add_client("Shop", kind=ClientKind.PHOTOGRAPHER, purposes=[Purpose.PHOTO_DELIVERY])
    source = engine.register.add_source("synthetic", basis="generated").id
    random = np.random.default_rng(1)
    records, encoder = engine._records, engine.pack.encoder  # noqa: SLF001 - the store is what is filled
    for start in range(0, references, _BATCH * per_subject):
        count = min(_BATCH * per_subject, references - start)
        people = [SubjectId(one) for one in _ids("sub", -(-count // per_subject))]
        photos = [PhotoId(one) for one in _ids("pho", count)]
        records.keyring.create([*people, *photos])
        vectors = random.normal(size=(count, encoder.dim)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        with records.write() as work:
            releases = _sign(work, people)
        with records.write() as work:
            shown = max(0, references // 10 - start)
            _picture(work, source, photos, preview, shown)
            owned = [(people[at // per_subject], releases[at // per_subject]) for at in range(count)]
            _refer(work, photos, owned, vectors, encoder.digest)
        print(f"\rfilled {start + count} of {references}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def _ids(prefix: str, count: int) -> list[str]:
    """Return many ids as `new_id` makes them, in less time."""
    alphabet = b"0123456789abcdefghjkmnpqrstvwxyz" * 8
    text = os.urandom(16 * count).translate(alphabet).decode()
    return [f"{prefix}_{text[at : at + 16]}" for at in range(0, len(text), 16)]


def _sign(work: Transaction, people: list[SubjectId]) -> list[ReleaseId]:
    """Add subjects, each with a live release; return the releases."""
    policy = subject_rows.current_policy(work)
    if policy is None:
        raise RuntimeError("init publishes it")
    keys, now, end = work.keyring.several(people), to_text(work.now), to_text(work.now + timedelta(days=_TERM_DAYS))
    scope = Scope(frozenset({Purpose.PHOTO_DELIVERY}), frozenset(), frozenset({ClientKind.PHOTOGRAPHER}))
    told = subject_rows.scope_text(scope)
    notices, releases = _ids("not", len(people)), [ReleaseId(one) for one in _ids("rel", len(people))]
    subjects, texts, signed, events = [], [], [], []
    for one, notice, release in zip(people, notices, releases, strict=True):
        key = keys[one]
        label = seal(key, f"Person {one}".encode(), f"subject.label:{one}")
        subjects.append(
            {"id": one, "sealed_label": label, "residency": '["US-IL"]', "age_band": "adult", "created_at": now}
        )
        text = seal(key, b"Notice " * 300, f"notice.text:{notice}:{one}")
        texts.append({"id": notice, "subject": one, "sealed_text": text, "delivered_at": now})
        record = seal(key, b'{"schema":"benchmark"}', f"release.record:{release}:{one}")
        signed.append({"id": release, "subject": one, "notice": notice, "policy": policy.sha256, "scope": told,
                       "signed_at": now, "term_end": end, "signer_is_representative": 0, "law": "benchmark",
                       "sealed_record": record})  # fmt: skip
        events += [{"release": release, "status": status, "at": now} for status in ("requested", "given")]
    for table, rows in ((schema.subject, subjects), (schema.notice, texts), (schema.release, signed),
                        (schema.release_event, events)):  # fmt: skip
        work.connection.execute(insert(table), rows)
    return releases


def _picture(work: Transaction, source: SourceId, photos: list[PhotoId], preview: bytes | None, shown: int) -> None:
    """Add photos of that source; the first of them carry the preview, if any."""
    keys, now, rows = work.keyring.several(photos), to_text(work.now), []
    for number, photo in enumerate(photos):
        sealed = (
            seal(keys[photo], preview, f"photo.preview:{photo}") if preview is not None and number < shown else None
        )
        uri = seal(keys[photo], f"/photos/{photo}.jpg".encode(), f"photo.uri:{photo}")
        rows.append({"id": photo, "content_tag": photo.encode(), "key": photo, "sealed_uri": uri, "height": 3000,
                     "sealed_preview": sealed, "width": 4000, "ingested_at": now, "considered_at": now})  # fmt: skip
    work.connection.execute(insert(schema.photo), rows)
    work.connection.execute(insert(schema.photo_source), [{"photo": photo, "source": source} for photo in photos])


def _refer(
    work: Transaction,
    photos: list[PhotoId],
    owned: list[tuple[SubjectId, ReleaseId]],
    vectors: NDArray[np.float32],
    encoder: str,
) -> None:
    """Add a face and its reference to each photo."""
    keys, now, faces, references = work.keyring.several({s for s, _ in owned}), to_text(work.now), [], []
    ids = zip(_ids("fac", len(photos)), _ids("ref", len(photos)), strict=True)
    for photo, (subject, release), vector, (face, one) in zip(photos, owned, vectors, ids, strict=True):
        faces.append({"id": face, "photo": photo, "left": 1, "top": 2, "right": 3, "bottom": 4, "state": "reference",
                      "subject": subject})  # fmt: skip
        sealed = seal(keys[subject], vector.tobytes(), f"reference.vector:{one}:{subject}")
        references.append({"id": one, "face": face, "subject": subject, "release": release, "encoder": encoder,
                           "sealed_vector": sealed, "created_at": now})  # fmt: skip
    work.connection.execute(insert(schema.face), faces)
    work.connection.execute(insert(schema.reference), references)


def _measure(directory: Path, spawned: float, freeze: int) -> None:
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
    parts |= _stopped(engine, photo, client, freeze) if freeze else {}
    started = time.monotonic()
    engine.close()
    parts["writing sealed files (left out)"] = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    parts |= {"total": total, "probe (left out)": probe_s, "scan": result.searched_s}
    parts["CPU"] = time.process_time()
    print(json.dumps({"gallery": result.gallery, "peak_mib": peak, "seconds": parts}))


def _stopped(engine: Engine, photo: bytes, client: ClientId, count: int) -> dict[str, float]:
    """Freeze so many people at once; return how long that takes, and the search right after, against one more."""
    request = Request(client, Purpose.PHOTO_DELIVERY, ProbeBasis.SUBJECT_PRESENT, "benchmark")
    seconds = {}
    table = schema.subject
    started = time.monotonic()
    with engine._records.write() as work:  # noqa: SLF001 - as an order against a class of people does
        some = select(table.c.id).where(table.c.frozen_at.is_(None)).limit(count)
        work.connection.execute(update(table).where(table.c.id.in_(some)).values(frozen_at=to_text(work.now)))
    seconds[f"freezing {count} (left out)"] = time.monotonic() - started
    for name in ("search after it", "one more"):
        started = time.monotonic()
        result = engine.searches.search(photo, request)
        seconds[f"{name} ({result.gallery})"] = time.monotonic() - started
    return seconds


def _run(directory: Path, freeze: int) -> None:
    command = [sys.executable, "-m", "benchmarks.startup", "--measure", str(directory), str(time.monotonic())]
    command += ["--freeze", str(freeze)]
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
    parser.add_argument("--per-subject", type=int, default=_PER_SUBJECT)
    parser.add_argument("--freeze", type=int, default=0, help="freeze so many people at the end of each run")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        _measure(Path(options.measure[0]), float(options.measure[1]), options.freeze)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        if not (folder / "probe.jpg").exists():
            from PIL import Image
            from skimage import data

            folder.mkdir(parents=True, exist_ok=True)
            fill(folder / "data", options.references, per_subject=options.per_subject)
            Image.fromarray(data.astronaut()).save(folder / "probe.jpg")  # type: ignore[no-untyped-call]
        for _ in range(options.runs):
            _run(folder / "data", options.freeze)


if __name__ == "__main__":
    main()
