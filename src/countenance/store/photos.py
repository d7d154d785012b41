# SPDX-License-Identifier: Apache-2.0
"""Rows of sources, photos, faces and references."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, Select, Table, bindparam, delete, func, insert, select, update

from countenance import canonical
from countenance.clock import from_text, to_text
from countenance.errors import NotFound
from countenance.ids import FaceId, PhotoId, ReferenceId, SourceId, SubjectId
from countenance.model.face import Box
from countenance.model.source import FaceRecord, FaceState, PhotoRecord, Source
from countenance.store import schema
from countenance.store.records import Transaction
from countenance.store.sealing import Opener

_CHUNK = 1000  # rows fetched at once: a hundred thousand row objects at a time would keep the collector busy

# Made once: every group of photos asks it three times.
_BY_CONTENT = select(schema.photo.c.content_tag, schema.photo.c.id).where(
    schema.photo.c.content_tag.in_(bindparam("tags", expanding=True))
)


def add_source(work: Transaction, source: Source, custodian: str | None = None) -> None:
    """Store a source, whose key exists already, and the custodian who allowed it in spite of a revocation."""
    record: canonical.Value = {
        "name": source.name,
        "basis": source.basis,
        "bystander_basis": source.bystander_basis,
        "counsel_opt_in": source.counsel_opt_in,
        "hosts": list(source.hosts),
        "custodian": custodian,
    }
    work.connection.execute(
        insert(schema.source).values(
            id=source.id,
            sealed_record=work.seal(source.id, canonical.encode(record), "source.record"),
            capture_place=source.capture_place,
            created_at=to_text(source.created_at),
        )
    )


def sources(work: Transaction) -> list[Source]:
    """Return all sources, oldest first."""
    rows = work.connection.execute(select(schema.source).order_by(schema.source.c.created_at))
    return [_source(work, row) for row in rows]


def get_source(work: Transaction, source: SourceId) -> Source:
    """Return one source.

    Raises:
        NotFound: there is none of this id.
    """
    row = work.connection.execute(select(schema.source).where(schema.source.c.id == source)).first()
    if row is None:
        raise NotFound(f"no source {source}; `countenance source list` shows them")
    return _source(work, row)


def _source(work: Transaction, row: Row[Any]) -> Source:
    record: dict[str, Any] = json.loads(work.unseal(row.id, row.sealed_record, "source.record"))
    return Source(
        id=row.id,
        name=record["name"],
        basis=record["basis"],
        capture_place=row.capture_place,
        bystander_basis=record["bystander_basis"],
        counsel_opt_in=record["counsel_opt_in"],
        created_at=from_text(row.created_at),
        hosts=tuple(record.get("hosts", ())),
        revoked_at=row.revoked_at and from_text(row.revoked_at),
    )


def sources_of(work: Transaction, photo: PhotoId) -> list[Source]:
    """Return every source that a photo came from, those whose permission holds first."""
    query = (
        select(schema.source)
        .join(schema.photo_source, schema.photo_source.c.source == schema.source.c.id)
        .where(schema.photo_source.c.photo == photo)
    )
    found = [_source(work, row) for row in work.connection.execute(query)]
    return sorted(found, key=lambda source: source.revoked_at is not None)


def by_content(work: Transaction, content_tags: Sequence[bytes]) -> dict[bytes, PhotoId]:
    """Return the photos that were ingested before, by the tags of their files; a thousand tags at most."""
    rows = work.connection.execute(_BY_CONTENT, {"tags": list(content_tags)})
    return {row.content_tag: row.id for row in rows}


@dataclass(frozen=True)
class NewPhoto:
    """A photo about to be stored.

    Attributes:
        key: the owner of its key in the keyring; the key exists already.
        content_tag: keyed digest of the file.
        preview: JPEG, or None where nothing in the photo needs one.
    """

    record: PhotoRecord
    key: str
    content_tag: bytes
    preview: bytes | None = field(repr=False)


def add_photos(work: Transaction, photos: Sequence[NewPhoto]) -> None:
    """Store photos and their previews."""
    _add_all(
        work,
        schema.photo,
        [
            {
                "id": photo.record.id,
                "content_tag": photo.content_tag,
                "key": photo.key,
                "height": photo.record.size[0],
                "width": photo.record.size[1],
                "ingested_at": to_text(photo.record.ingested_at),
                "taken_on": None if photo.record.taken_on is None else photo.record.taken_on.isoformat(),
                "considered_at": to_text(photo.record.ingested_at),
                **_sealed(work, photo.key, photo.record.uri, photo.preview),
            }
            for photo in photos
        ],
    )


def _add_all(work: Transaction, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows by one statement: SQLAlchemy prepares it once."""
    if rows:
        work.connection.execute(insert(table), rows)


def reseal_photo(work: Transaction, photo: PhotoId, key: str, uri: str, preview: bytes | None) -> None:
    """Write a photo's sealed columns anew under another key; the old key dies after this has committed."""
    work.connection.execute(
        update(schema.photo).where(schema.photo.c.id == photo).values(key=key, **_sealed(work, key, uri, preview))
    )


def _sealed(work: Transaction, key: str, uri: str, preview: bytes | None) -> dict[str, bytes | None]:
    return {
        "sealed_uri": work.seal(key, os.fsencode(uri), "photo.uri"),
        "sealed_preview": None if preview is None else work.seal(key, preview, "photo.preview"),
    }


def considered(work: Transaction, photo: PhotoId) -> None:
    """Record that the faces of a photo were held against the releases of this moment."""
    table = schema.photo
    work.connection.execute(update(table).where(table.c.id == photo).values(considered_at=to_text(work.now)))


def may_have_news(work: Transaction, photo: PhotoId) -> bool:
    """Say whether a release was signed since the photo was last considered, and a face in it is undecided."""
    considered_at = work.connection.execute(
        select(schema.photo.c.considered_at).where(schema.photo.c.id == photo)
    ).scalar_one()
    newest = work.connection.execute(select(func.max(schema.release.c.signed_at))).scalar()
    return newest is not None and newest >= considered_at and bool(undecided(work, photo))


def undecided(work: Transaction, photo: PhotoId) -> list[FaceRecord]:
    """Return the faces of a photo that a new release, manifest or reviewer could still make a reference."""
    closed = (FaceState.REFERENCE, FaceState.DISMISSED)
    return [face for face in faces(work, photo=photo) if face.state not in closed]


def link_sources(work: Transaction, links: Iterable[tuple[PhotoId, SourceId]]) -> None:
    """Record that photos (also) came from these sources."""
    rows = [{"photo": photo, "source": source} for photo, source in links]
    if rows:
        work.connection.execute(insert(schema.photo_source).prefix_with("OR IGNORE"), rows)


def get_photo(work: Transaction, photo: PhotoId) -> PhotoRecord:
    """Return one photo.

    Raises:
        NotFound: there is none of this id.
    """
    row = work.connection.execute(select(schema.photo).where(schema.photo.c.id == photo)).first()
    if row is None:
        raise NotFound(f"no photo {photo}")
    uri = os.fsdecode(work.unseal(row.key, row.sealed_uri, "photo.uri"))  # a name may be no UTF-8
    taken_on = None if row.taken_on is None else date.fromisoformat(row.taken_on)
    return PhotoRecord(photo, uri, (row.height, row.width), from_text(row.ingested_at), taken_on)


def exists(work: Transaction, photo: PhotoId) -> bool:
    """Say whether a photo has a row."""
    return work.connection.execute(select(schema.photo.c.id).where(schema.photo.c.id == photo)).first() is not None


def key_of(work: Transaction, photo: PhotoId) -> str:
    """Return the owner of a photo's key in the keyring."""
    owner: str = work.connection.execute(select(schema.photo.c.key).where(schema.photo.c.id == photo)).scalar_one()
    return owner


def preview(work: Transaction, photo: PhotoId) -> bytes | None:
    """Return the preview of a photo, a JPEG; None where none was needed."""
    row = work.connection.execute(
        select(schema.photo.c.key, schema.photo.c.sealed_preview).where(schema.photo.c.id == photo)
    ).one()
    return None if row.sealed_preview is None else work.unseal(row.key, row.sealed_preview, "photo.preview")


def add_faces(work: Transaction, faces: Iterable[tuple[FaceRecord, str]]) -> None:
    """Store faces, each with the measured value behind its reason, or an empty text."""
    _add_all(
        work,
        schema.face,
        [
            {
                "id": face.id,
                "photo": face.photo,
                "left": face.box.left,
                "top": face.box.top,
                "right": face.box.right,
                "bottom": face.box.bottom,
                "state": face.state.value,
                "reason": face.reason,
                "detail": detail or None,
                "subject": face.subject,
            }
            for face, detail in faces
        ],
    )


def set_face(
    work: Transaction, face: FaceId, state: FaceState, *, subject: SubjectId | None, reason: str | None
) -> None:
    """Change what became of a face."""
    work.connection.execute(
        update(schema.face).where(schema.face.c.id == face).values(state=state.value, subject=subject, reason=reason)
    )


def replace_face(work: Transaction, old: FaceId, new: FaceRecord) -> None:
    """Delete a face with its reference, and store another in its place."""
    work.connection.execute(delete(schema.reference).where(schema.reference.c.face == old))
    work.connection.execute(delete(schema.face).where(schema.face.c.id == old))
    add_faces(work, [(new, "")])


def faces(
    work: Transaction,
    *,
    photo: PhotoId | None = None,
    subject: SubjectId | None = None,
    state: FaceState | None = None,
) -> list[FaceRecord]:
    """Return faces, of one photo, one subject or in one state where these are given."""
    query: Select[Any] = select(schema.face, schema.reference.c.id.label("reference")).join(
        schema.reference, schema.reference.c.face == schema.face.c.id, isouter=True
    )
    if photo is not None:
        query = query.where(schema.face.c.photo == photo)
    if subject is not None:
        query = query.where(schema.face.c.subject == subject)
    if state is not None:
        query = query.where(schema.face.c.state == state.value)
    return [_face(row) for row in work.connection.execute(query.order_by(schema.face.c.id))]


def get_face(work: Transaction, face: FaceId) -> FaceRecord:
    """Return one face.

    Raises:
        NotFound: there is none of this id.
    """
    query = (
        select(schema.face, schema.reference.c.id.label("reference"))
        .join(schema.reference, schema.reference.c.face == schema.face.c.id, isouter=True)
        .where(schema.face.c.id == face)
    )
    row = work.connection.execute(query).first()
    if row is None:
        raise NotFound(f"no face {face}; `countenance review` lists those that wait")
    return _face(row)


def _face(row: Row[Any]) -> FaceRecord:
    return FaceRecord(
        id=row.id,
        photo=row.photo,
        box=Box(row.left, row.top, row.right, row.bottom),
        state=FaceState(row.state),
        reason=row.reason,
        subject=row.subject,
        reference=row.reference,
    )


def reference_subjects(work: Transaction, encoder: str) -> dict[ReferenceId, SubjectId]:
    """Return whose each reference of an encoder is."""
    table = schema.reference
    query = select(table.c.id, table.c.subject).where(table.c.encoder == encoder)
    rows = work.connection.execute(query).partitions(_CHUNK)
    return {reference: subject for chunk in rows for reference, subject in chunk}


def photo_of(work: Transaction, reference: ReferenceId) -> PhotoId:
    """Return the photo that a reference was made from."""
    table, face = schema.reference, schema.face
    query = select(face.c.photo).join(table, table.c.face == face.c.id).where(table.c.id == reference)
    photo: PhotoId = work.connection.execute(query).scalar_one()
    return photo


def encoders(work: Transaction) -> dict[str, int]:
    """Return the number of references by encoder digest."""
    table = schema.reference
    rows = work.connection.execute(select(table.c.encoder, func.count()).group_by(table.c.encoder))
    return {row[0]: row[1] for row in rows}


def vectors(
    work: Transaction, encoder: str, dim: int, only: Collection[ReferenceId]
) -> tuple[list[ReferenceId], NDArray[np.float32]]:
    """Unseal faceprints of an encoder: ids, and float32 (N, dim) in the same order.

    Args:
        only: the ids of those that are wanted, all of them of this encoder and in the records.

    Raises:
        Damaged: one does not open, or is not of this length.
    """
    table, wanted = schema.reference, list(only)
    query = select(table.c.subject, table.c.id, table.c.sealed_vector).where(table.c.encoder == encoder)
    ids: list[ReferenceId] = []
    held = np.empty((len(wanted), dim), np.float32)
    # Each faceprint is unsealed to its row of the matrix, so that whoever overwrites that leaves no copy of it.
    rows, width = held.view(np.uint8).reshape(-1).data, 4 * dim
    for start in range(0, len(wanted), _CHUNK):
        chunk = work.connection.execute(query.where(table.c.id.in_(wanted[start : start + _CHUNK]))).all()
        keys = work.keyring.several({row.subject for row in chunk})
        openers = {subject: Opener(key) for subject, key in keys.items()}
        for subject, reference, sealed in chunk:
            row = rows[len(ids) * width : (len(ids) + 1) * width]
            openers[subject].unseal_into(sealed, f"reference.vector:{reference}:{subject}", row)
            ids.append(reference)
    return ids, held


def remove_subject_faces(work: Transaction, subject: SubjectId) -> dict[str, int]:
    """Delete a subject's references and faces, those that waited for a reviewer too; return the counts."""
    connection = work.connection
    connection.execute(delete(schema.face_decision).where(schema.face_decision.c.subject == subject))
    connection.execute(delete(schema.escrow_reference).where(schema.escrow_reference.c.subject == subject))
    return {
        "references": connection.execute(
            delete(schema.reference).where(schema.reference.c.subject == subject)
        ).rowcount,
        "faces": connection.execute(delete(schema.face).where(schema.face.c.subject == subject)).rowcount,
    }


def remove_photo(work: Transaction, photo: PhotoId) -> None:
    """Delete a photo and the faces in it; no reference may be left in it."""
    for table in (schema.face_decision, schema.face, schema.photo_source, schema.photo_file):
        work.connection.execute(delete(table).where(table.c.photo == photo))
    work.connection.execute(delete(schema.photo).where(schema.photo.c.id == photo))
