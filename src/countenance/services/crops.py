# SPDX-License-Identifier: Apache-2.0
"""The picture of one reference's face, cut as a probe is cut, with everybody else blacked out.

It is cut from the photo's sealed preview; where the face is small there, from the photo itself, as long as that lies
unchanged where it was and nobody who was in it has been destroyed since: of them only the preview knows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from countenance.errors import BadPhoto
from countenance.model.face import Box, Image
from countenance.model.source import FaceRecord, PhotoRecord
from countenance.ports.photos import PhotoReader
from countenance.ports.vision import FacePack
from countenance.services.files import read
from countenance.store import photos as rows
from countenance.store.records import Transaction
from countenance.vision.geometry import iou
from countenance.vision.masks import blacked_out

ENOUGH_PX = 80
"""Width of a face from which on a person who compares gains nothing from the whole photo (the crop is not larger)."""
_SAME_FACE = 0.5  # overlap from which on a face found in the smaller picture is the stored one
_AROUND = 0.32  # of the face, on each side, where it cannot be aligned: what `align` leaves around it


@dataclass(frozen=True, eq=False)
class FaceCrop:
    """The picture of one face.

    Attributes:
        jpeg: aligned as the encoder gets it, and as large as a probe's.
        face_px: how wide the face is in what it was cut from.
        aligned: False where the face could not be found again: then it is cut out as it stands.
    """

    jpeg: bytes = field(repr=False)
    face_px: int
    aligned: bool


def cut_out(
    work: Transaction, reader: PhotoReader, pack: FacePack, face: FaceRecord, tag: Callable[[bytes], bytes]
) -> FaceCrop | None:
    """Return the picture of a stored face; None where nothing is left that shows it.

    Args:
        tag: gives the keyed digest by which a photo's file is known.
    """
    photo = rows.get_photo(work, face.photo)
    image = _picture(work, reader, face, photo, tag)
    if image is None:
        return None
    scale = max(image.shape[:2]) / max(photo.size)
    own = face.box.scaled(scale)
    found = pack.detector.detect(image)
    mine = max(found, key=lambda one: _alike(one.box, own), default=None)
    if mine is not None and _alike(mine.box, own) < _SAME_FACE:
        mine = None
    boxes = [one.box for one in found] + [one.box.scaled(scale) for one in rows.faces(work, photo=face.photo)]
    masked = blacked_out(image, [box for box in boxes if _alike(box, own) < _SAME_FACE])
    crop = _square(masked, own) if mine is None else pack.encoder.align(masked, mine)
    return FaceCrop(reader.preview(crop, (), max(crop.shape)), round(own.width), mine is not None)


def _picture(
    work: Transaction, reader: PhotoReader, face: FaceRecord, photo: PhotoRecord, tag: Callable[[bytes], bytes]
) -> Image | None:
    stored = rows.preview(work, photo.id)
    small = None if stored is None else _decoded(reader, stored)
    if small is not None and face.box.width * max(small.shape[:2]) / max(photo.size) >= ENOUGH_PX:
        return small
    if rows.key_of(work, photo.id) != photo.id:  # rewritten when somebody in it was destroyed
        return small
    try:
        data = read(Path(photo.uri))
    except BadPhoto:
        return small
    if rows.by_content(work, [tag(data)]).get(tag(data)) != photo.id:
        return small
    whole = _decoded(reader, data)
    return small if whole is None else whole


def _decoded(reader: PhotoReader, data: bytes) -> Image | None:
    try:
        return reader.read(data).image
    except BadPhoto:
        return None


def _alike(a: Box, b: Box) -> float:
    return float(iou(a, [b])[0])


def _square(image: Image, box: Box) -> Image:
    """Return the square around a box; what lies outside the image is black."""
    half = round(max(box.width, box.height) * (0.5 + _AROUND))
    x, y = round((box.left + box.right) / 2), round((box.top + box.bottom) / 2)
    square = np.zeros((2 * half, 2 * half, 3), np.uint8)
    left, top = max(x - half, 0), max(y - half, 0)
    part = image[top : max(y + half, 0), left : max(x + half, 0)]
    square[top - (y - half) :, left - (x - half) :][: part.shape[0], : part.shape[1]] = part
    return square
