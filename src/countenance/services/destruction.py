# SPDX-License-Identifier: Apache-2.0
"""Destroy all that is held of a subject: freeze, rewrite shared photos, destroy keys, delete rows, compact.

Keys die before rows: whatever a crash leaves behind cannot be read, and running the command again
finishes it.
"""

from __future__ import annotations

from dataclasses import dataclass

from countenance.errors import NotFound
from countenance.ids import PhotoId, SubjectId, new_id
from countenance.model.event import EventTag
from countenance.model.face import Box
from countenance.model.source import FaceState
from countenance.ports.photos import PhotoReader
from countenance.services.gallery import LiveGallery
from countenance.store import clients as client_rows
from countenance.store import photos as rows
from countenance.store import subjects as subject_rows
from countenance.store.records import Records, Transaction, events, owners


@dataclass(frozen=True)
class Destroyed:
    """What was destroyed.

    Attributes:
        counts: rows, keys, previews rewritten and photos forgotten, by name.
    """

    subject: SubjectId
    counts: dict[str, int]


class Destruction:
    """The verb `destroy`."""

    def __init__(self, records: Records, reader: PhotoReader, gallery: LiveGallery) -> None:
        self._records = records
        self._reader = reader
        self._gallery = gallery

    def destroy(self, subject: SubjectId) -> Destroyed:
        """Destroy all that is held of a subject; nothing of it can be read when this returns.

        Photos in which nobody else has a reference are forgotten altogether. In others the face is blacked
        out and the preview sealed under a new key. Photo files of the source are never touched.

        Raises:
            NotFound: no such subject.
            Busy: another process reads the records, so that old bytes would stay; run it again.
        """
        with self._records.write() as work:
            # Keys are made in the transaction that names them, so inside of one an orphan is what a crash left.
            orphans = work.keyring.owners() - owners(work)
            known = subject_rows.exists(work, subject)
            if known:
                subject_rows.freeze(work, subject)
                photos = {face.photo for face in rows.faces(work, subject=subject)}
                shared = {photo for photo in photos if _has_others(work, photo, subject)}
            elif not _was_destroyed(work, subject):
                raise NotFound(f"no subject {subject}; `countenance subject list` shows them")
        if not known:
            return self._finish(subject, orphans)
        self._gallery.forget(subject)
        old_keys = self._rewrite_shared(shared, subject)
        with self._records.read() as work:
            old_keys |= {rows.key_of(work, photo) for photo in photos - shared}
        counts = {
            "keys": self._records.keyring.destroy({subject, *old_keys} | orphans),
            "photos_forgotten": len(photos - shared),
            "previews_masked": len(shared),
        }
        with self._records.write() as work:
            counts["findings"] = client_rows.forget_findings(work, subject)
            counts |= rows.remove_subject_faces(work, subject)
            for photo in photos - shared:
                rows.remove_photo(work, photo)
            counts |= subject_rows.remove(work, subject)
            work.log(EventTag.SUBJECT_DESTROYED, subject=subject, **counts)
        self._records.compact()
        return Destroyed(subject, counts)

    def _finish(self, subject: SubjectId, orphans: set[str]) -> Destroyed:
        """Compact once more where the rows are gone already: a crash may have come in between."""
        self._records.keyring.destroy(orphans)
        self._records.compact()
        return Destroyed(subject, {})

    def _rewrite_shared(self, photos: set[PhotoId], subject: SubjectId) -> set[str]:
        """Mask the subject's faces in the previews of shared photos; return the keys that must die."""
        old_keys = set()
        for photo in photos:
            key = new_id("pho")
            with self._records.write() as work:
                work.keyring.create([key])
                old_keys.add(rows.key_of(work, photo))
                stored = rows.preview(work, photo)
                record = rows.get_photo(work, photo)
                own = [face for face in rows.faces(work, photo=photo) if face.subject == subject]
                masks = [_fraction(face.box, record.size) for face in own]
                masked = None if stored is None else self._reader.remask(stored, masks)
                rows.reseal_photo(work, photo, key, record.uri, masked)
        return old_keys


def _was_destroyed(work: Transaction, subject: SubjectId) -> bool:
    return any(event.tag is EventTag.SUBJECT_DESTROYED for event in events(work, subject=subject))


def _has_others(work: Transaction, photo: PhotoId, subject: SubjectId) -> bool:
    return any(
        face.state in (FaceState.REFERENCE, FaceState.WAITING) and face.subject != subject
        for face in rows.faces(work, photo=photo)
    )


def _fraction(box: Box, size: tuple[int, int]) -> Box:
    height, width = size
    return Box(box.left / width, box.top / height, box.right / width, box.bottom / height)
