# SPDX-License-Identifier: Apache-2.0
"""Blacking out destroyed faces in the previews, and in uploaded photos, that others are in too."""

from __future__ import annotations

from countenance.ids import PhotoId, RunId, new_id
from countenance.model.destruction import TargetKind
from countenance.model.face import Box
from countenance.ports.photos import PhotoReader
from countenance.services.verification import Progress
from countenance.store import photo_files
from countenance.store import photos as photo_rows
from countenance.store import runs as rows
from countenance.store.burial import SharedPhoto
from countenance.store.records import Records, Transaction

_LOST = "(the key of this photo was destroyed)"  # stands for a path that nobody can read any more


def mask(records: Records, reader: PhotoReader, run: RunId, report: Progress) -> set[str]:
    """Black out the faces in photos that others are in too; return the keys that must die."""
    with records.read() as work:
        photos = rows.targets(work, run, TargetKind.MASK, done=False)
        subjects = set(rows.targets(work, run, TargetKind.SUBJECT))
    old_keys = set()
    for number, photo in enumerate(map(PhotoId, photos), start=1):
        with records.write() as work:
            key = new_id("pho")
            work.keyring.create([key])
            old_keys.add(photo_rows.key_of(work, photo))
            record = photo_rows.get_photo(work, photo)
            own = [face.box for face in photo_rows.faces(work, photo=photo) if face.subject in subjects]
            stored = photo_rows.preview(work, photo)
            masks, file = [fraction(box, record.size) for box in own], photo_files.get(work, photo)
            photo_rows.reseal_photo(work, photo, key, record.uri, stored and reader.remask(stored, masks))
            photo_files.put(work, photo, file and reader.masked(file, masks))
            rows.finish(work, run, TargetKind.MASK, photo)
        report("masking previews", number, len(photos))
    return old_keys


def remask_returned(work: Transaction, reader: PhotoReader, photo: SharedPhoto) -> None:
    """Black out the destroyed faces of a photo that came back and shows others; seal it under a new key."""
    key = new_id("pho")
    work.keyring.create([key])
    if photo.key not in work.keyring:  # the keyring is newer than the data: only the people in the photo are left
        photo_rows.reseal_photo(work, photo.id, key, _LOST, None)
        photo_files.put(work, photo.id, None)
        return
    stored, record = photo_rows.preview(work, photo.id), photo_rows.get_photo(work, photo.id)
    masks = [fraction(face.box, record.size) for face in photo.destroyed]
    masked, file = None if stored is None else reader.remask(stored, masks), photo_files.get(work, photo.id)
    photo_rows.reseal_photo(work, photo.id, key, record.uri, masked)
    photo_files.put(work, photo.id, file and reader.masked(file, masks))


def fraction(box: Box, size: tuple[int, int]) -> Box:
    """Return a box in full-size pixels as fractions of the photo's width and height."""
    height, width = size
    return Box(box.left / width, box.top / height, box.right / width, box.bottom / height)
