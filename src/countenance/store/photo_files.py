# SPDX-License-Identifier: Apache-2.0
"""Rows of the bytes of photos that came without a file: sealed under the photo's key, kept while a face needs them."""

from __future__ import annotations

from sqlalchemy import delete, insert, select, update

from countenance.ids import PhotoId
from countenance.model.source import NEEDS_PREVIEW
from countenance.store import photos as photo_rows
from countenance.store import schema
from countenance.store.records import Transaction

_COLUMN = "photo_file.bytes"


def put(work: Transaction, photo: PhotoId, data: bytes | None) -> None:
    """Store the bytes of a photo under its present key, in the place of what was stored; None leaves nothing."""
    table = schema.photo_file
    work.connection.execute(delete(table).where(table.c.photo == photo))
    if data is not None:
        sealed = work.seal(photo_rows.key_of(work, photo), data, _COLUMN)
        work.connection.execute(insert(table).values(photo=photo, sealed_bytes=sealed))


def get(work: Transaction, photo: PhotoId) -> bytes | None:
    """Return the bytes of a photo that were stored; None where its file is elsewhere.

    Raises:
        Damaged: its key is gone, or in the escrow of a hold.
    """
    table = schema.photo_file
    sealed = work.connection.execute(select(table.c.sealed_bytes).where(table.c.photo == photo)).scalar()
    return None if sealed is None else work.unseal(photo_rows.key_of(work, photo), sealed, _COLUMN)


def held(work: Transaction, photo: PhotoId) -> bool:
    """Say whether the bytes of a photo are stored."""
    table = schema.photo_file
    return work.connection.execute(select(table.c.photo).where(table.c.photo == photo)).first() is not None


def drop_unneeded(work: Transaction, photo: PhotoId) -> None:
    """Delete the preview and the bytes of a photo in which no face is a reference or waits."""
    if any(face.state in NEEDS_PREVIEW for face in photo_rows.faces(work, photo=photo)):
        return
    table = schema.photo
    work.connection.execute(update(table).where(table.c.id == photo).values(sealed_preview=None))
    put(work, photo, None)
