# SPDX-License-Identifier: Apache-2.0
"""A data directory full of sealed references that are nobody's: what start-up is measured on.

Random unit vectors, a few references a subject, each in a photo of its own under a key of its own, each subject with a
live release.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import insert

from countenance.bench import synthetic
from countenance.bench.table import Progress
from countenance.bootstrap import Engine
from countenance.clock import to_text
from countenance.ids import PhotoId, ReleaseId, SourceId, SubjectId
from countenance.model.consent import Scope
from countenance.model.purpose import ClientKind, Purpose
from countenance.store import schema
from countenance.store import subjects as subject_rows
from countenance.store.records import Transaction
from countenance.store.sealing import seal

PER_SUBJECT = 5
"""References of each subject, where nothing else is asked for."""
_BATCH = 20_000  # subjects in one transaction
_TERM_DAYS = 300


def fill(
    directory: Path,
    references: int,
    *,
    per_subject: int = PER_SUBJECT,
    preview: bytes | None = None,
    progress: Progress | None = None,
) -> None:
    """Make a data directory with so many references; the first tenth of the photos carry the preview, if any.

    Rows go in by many at once, past the store's functions, as these would write them: keys, seals and triggers are the
    real ones. The gallery has no sealed files yet: the first search builds it from the records.
    """
    engine = Engine.init(directory, operator="Benchmark")
    engine.register.add_client("Shop", kind=ClientKind.PHOTOGRAPHER, purposes=[Purpose.PHOTO_DELIVERY])
    source = engine.register.add_source("synthetic", basis="generated").id
    random = np.random.default_rng(1)
    records, encoder = engine._records, engine.pack.encoder  # noqa: SLF001 - the store is what is filled
    for start in range(0, references, _BATCH * per_subject):
        count = min(_BATCH * per_subject, references - start)
        people = [SubjectId(one) for one in synthetic.ids("sub", -(-count // per_subject))]
        photos = [PhotoId(one) for one in synthetic.ids("pho", count)]
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
        if progress is not None:
            progress(f"Data directory of {references:,}", start + count, references)


def _sign(work: Transaction, people: list[SubjectId]) -> list[ReleaseId]:
    """Add subjects, each with a live release; return the releases."""
    policy = subject_rows.current_policy(work)
    if policy is None:
        raise RuntimeError("init publishes it")
    keys, now, end = work.keyring.several(people), to_text(work.now), to_text(work.now + timedelta(days=_TERM_DAYS))
    scope = Scope(frozenset({Purpose.PHOTO_DELIVERY}), frozenset(), frozenset({ClientKind.PHOTOGRAPHER}))
    told = subject_rows.scope_text(scope)
    notices, releases = synthetic.ids("not", len(people)), [ReleaseId(one) for one in synthetic.ids("rel", len(people))]
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
    ids = zip(synthetic.ids("fac", len(photos)), synthetic.ids("ref", len(photos)), strict=True)
    for photo, (subject, release), vector, (face, one) in zip(photos, owned, vectors, ids, strict=True):
        faces.append({"id": face, "photo": photo, "left": 1, "top": 2, "right": 3, "bottom": 4, "state": "reference",
                      "subject": subject})  # fmt: skip
        sealed = seal(keys[subject], vector.tobytes(), f"reference.vector:{one}:{subject}")
        references.append({"id": one, "face": face, "subject": subject, "release": release, "encoder": encoder,
                           "sealed_vector": sealed, "created_at": now})  # fmt: skip
    work.connection.execute(insert(schema.face), faces)
    work.connection.execute(insert(schema.reference), references)
