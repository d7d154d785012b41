# SPDX-License-Identifier: Apache-2.0
"""What a reviewer looks at: the photos in which faces wait, their faces with boxes, and a picture to decide by.

A picture is made for one look, in memory. In it everybody is blacked out who neither waits nor is taken for somebody
enrolled, unless the reviewer asks to see them; and who was destroyed always is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from countenance.errors import BadPhoto, NotFound
from countenance.ids import FaceId, PhotoId, SourceId
from countenance.model.event import EventTag
from countenance.model.source import FaceRecord, FaceState, PhotoRecord
from countenance.ports.eyes import Eyes
from countenance.ports.photos import PhotoReader
from countenance.services.attribution import overlap
from countenance.services.files import read
from countenance.services.ingest_files import UPLOADED
from countenance.services.masking import fraction
from countenance.services.review import at_full_size
from countenance.store import photo_files, schema
from countenance.store import photos as rows
from countenance.store import subjects as subject_rows
from countenance.store.records import Records, Transaction
from countenance.vision.masks import blacked_out

LARGE_PX = 1600
"""Longest side of the large picture: a face of 4 % of the photo's width is 64 px wide."""
_SAME_FACE = 0.5  # a detector draws the box of a face that was masked or saved anew a little differently
_ALWAYS_SHOWN = frozenset({FaceState.WAITING, FaceState.REFERENCE, FaceState.SKIPPED})


@dataclass(frozen=True)
class Queued:
    """A photo in which faces wait."""

    photo: PhotoId
    waiting: int


@dataclass(frozen=True)
class ShownFace:
    """A face to decide on, or decided; `label` is what its subject is called."""

    face: FaceRecord
    label: str | None


@dataclass(frozen=True)
class ShownPhoto:
    """A photo to decide on.

    Attributes:
        name: last part of where it lies.
        size: (height, width), the frame of the boxes.
        faces: from left to right.
        has_picture: a picture of it is kept.
        following: the next photo in which faces wait.
        left: how many photos there are with faces that wait.
    """

    id: PhotoId
    name: str
    size: tuple[int, int]
    sources: tuple[SourceId, ...]
    faces: tuple[ShownFace, ...]
    has_picture: bool
    following: PhotoId | None
    left: int


class ReviewPhotos:
    """Verbs `queue`, `photo`, `picture`."""

    def __init__(
        self,
        records: Records,
        reader: PhotoReader,
        eyes: Callable[[], Eyes],
        content_tag: Callable[[bytes], bytes],
    ) -> None:
        self._records = records
        self._reader = reader
        self._eyes = eyes
        self._content_tag = content_tag

    def queue(self, *, after: PhotoId | None = None, limit: int = 50) -> list[Queued]:
        """Return photos in which faces wait, the first that came first.

        Args:
            after: only those that come after this one, whether it still waits or not.
        """
        with self._records.read() as work:
            return _queue(work, after, limit)

    def photo(self, photo: PhotoId) -> ShownPhoto:
        """Return a photo with its faces; the look is logged.

        Raises:
            NotFound: no such photo.
            BadPhoto: `held`, it is under a legal hold.
        """
        with self._records.write() as work:
            record = _record(work, photo)
            faces = sorted(rows.faces(work, photo=photo), key=lambda face: (face.box.left, face.box.top))
            people = subject_rows.some(work, {face.subject for face in faces if face.subject is not None})
            labels = {one: person.label for one, person in people.items()}
            following = _queue(work, photo, 1) or _queue(work, None, 1)
            work.log(EventTag.FACES_LISTED, photo=photo, faces=len(faces))
            return ShownPhoto(
                id=photo,
                name=Path(record.uri.removeprefix(UPLOADED)).name,
                size=record.size,
                sources=tuple(source.id for source in rows.sources_of(work, photo)),
                faces=tuple(ShownFace(face, labels.get(face.subject) if face.subject else None) for face in faces),
                has_picture=rows.preview(work, photo) is not None,
                following=next((one.photo for one in following if one.photo != photo), None),
                left=_number_waiting(work),
            )

    def photo_of(self, face: FaceId) -> PhotoId:
        """Return the photo that a face is in.

        Raises:
            NotFound: no such face.
        """
        with self._records.read() as work:
            return rows.get_face(work, face).photo

    def picture(self, photo: PhotoId, *, large: bool = False, everybody: bool = False) -> bytes:
        """Return a JPEG of a photo to decide by; the look is logged.

        Args:
            large: from the photo itself, where that is still there; else the preview that is kept.
            everybody: show bystanders and who was dismissed, too.

        Raises:
            NotFound: no such photo, or no picture of it is kept.
            BadPhoto: `held`, it is under a legal hold.
        """
        with self._records.write() as work:
            record = _record(work, photo)
            faces, preview = rows.faces(work, photo=photo), rows.preview(work, photo)
            stored = photo_files.get(work, photo)
            work.log(EventTag.FACES_LISTED, photo=photo, faces=len(faces), picture=True, everybody=everybody)
        if preview is None:
            raise NotFound(f"no picture of {photo} is kept, because no face in it waits or is a reference")
        shown = [face for face in faces if everybody or face.state in _ALWAYS_SHOWN]
        found = self._large(record, stored, shown) if large else None
        if found is not None:
            return found
        masks = [fraction(face.box, record.size) for face in faces if face not in shown]
        return self._reader.remask(preview, masks) if masks else preview

    def _large(self, record: PhotoRecord, stored: bytes | None, shown: list[FaceRecord]) -> bytes | None:
        """Return a large picture, with every face blacked out that is not one of those shown; None without the photo.

        Faces are looked for anew, because who was destroyed has no row.
        """
        try:
            data = stored if stored is not None else self._from_file(record)
            seen, pixels = at_full_size(self._eyes().look(data), record.size), self._reader.read(data)
        except (OSError, BadPhoto):
            return None
        factor = pixels.image.shape[0] / record.size[0]
        masks = [
            face.box.scaled(factor)
            for face in seen.faces
            if not any(overlap(face.box, one.box) >= _SAME_FACE for one in shown)
        ]
        return self._reader.preview(blacked_out(pixels.image, masks), (), LARGE_PX)

    def _from_file(self, record: PhotoRecord) -> bytes:
        """Return the bytes of the file that a photo was ingested from.

        Raises:
            OSError: it is not there any more.
            BadPhoto: another photo is in its place.
        """
        data = read(Path(record.uri))
        tag = self._content_tag(data)
        with self._records.read() as work:
            if rows.by_content(work, [tag]).get(tag) != record.id:
                raise BadPhoto("changed", "the file is not the photo that was ingested")
        return data


def _record(work: Transaction, photo: PhotoId) -> PhotoRecord:
    if not rows.exists(work, photo):
        raise NotFound(f"no photo {photo}")
    if rows.key_of(work, photo) in work.keyring.escrowed():
        raise BadPhoto("held", "the photo is under a legal hold, so nothing of it is looked at")
    return rows.get_photo(work, photo)


def _queue(work: Transaction, after: PhotoId | None, limit: int) -> list[Queued]:
    face, photo = schema.face, schema.photo
    query = (
        select(photo.c.id, func.count().label("waiting"))
        .join(face, face.c.photo == photo.c.id)
        .where(face.c.state == FaceState.WAITING.value)
        .group_by(photo.c.id)
        .order_by(photo.c.ingested_at, photo.c.id)
        .limit(limit)
    )
    held = set(work.keyring.escrowed())
    if held:
        query = query.where(photo.c.key.not_in(held))
    at = after and work.connection.execute(select(photo.c.ingested_at).where(photo.c.id == after)).scalar()
    if at:
        query = query.where((photo.c.ingested_at > at) | ((photo.c.ingested_at == at) & (photo.c.id > after)))
    return [Queued(row.id, row.waiting) for row in work.connection.execute(query)]


def _number_waiting(work: Transaction) -> int:
    face = schema.face
    query = select(func.count(face.c.photo.distinct())).where(face.c.state == FaceState.WAITING.value)
    return int(work.connection.execute(query).scalar_one())
