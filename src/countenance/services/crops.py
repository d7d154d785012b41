# SPDX-License-Identifier: Apache-2.0
"""The picture of one reference's face, cut as a probe is cut, with everybody else blacked out.

It is cut from the photo's sealed preview; where the face is small there, from the photo itself: the sealed one that
was uploaded, or the file, as long as that lies unchanged where it was and nobody who was in it has been destroyed
since: of them only what is sealed here knows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from countenance.errors import BadPhoto, NotFound
from countenance.model.face import Box, Image
from countenance.model.source import FaceRecord, PhotoRecord
from countenance.ports.photos import PhotoReader
from countenance.ports.vision import FacePack
from countenance.services.files import read
from countenance.services.looking import PREVIEW_PX
from countenance.store import photo_files
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


@dataclass(frozen=True, eq=False)
class Material:
    """What a picture can be cut from, read in one transaction and cut outside of it.

    Attributes:
        size: (height, width) of the whole photo.
        own: the face's box in it; `others` are those of everybody else.
        preview, photo: JPEG and the photo's own file, where either may be used.
    """

    size: tuple[int, int]
    own: Box
    others: tuple[Box, ...]
    preview: bytes | None = field(repr=False)
    photo: bytes | None = field(repr=False)


def width_in_preview(box: Box, size: tuple[int, int]) -> int:
    """Return how many pixels wide a face is in its photo's preview."""
    return round(box.width * min(1.0, PREVIEW_PX / max(size)))


def material(work: Transaction, face: FaceRecord, tag: Callable[[bytes], bytes]) -> Material:
    """Return what shows a stored face.

    Args:
        tag: gives the keyed digest by which a photo's file is known.
    """
    photo = rows.get_photo(work, face.photo)
    preview = rows.preview(work, photo.id)
    others = tuple(one.box for one in rows.faces(work, photo=photo.id) if one.id != face.id)
    small = preview is None or width_in_preview(face.box, photo.size) < ENOUGH_PX
    whole = rows.key_of(work, photo.id) == photo.id  # else rewritten when somebody in it was destroyed
    data = photo_files.get(work, photo.id) if small else None
    if data is None and small and whole:
        data = _file(work, photo, tag)
    return Material(photo.size, face.box, others, preview, data)


def cut_out(reader: PhotoReader, pack: FacePack, held: Material) -> FaceCrop:
    """Return the picture of a face.

    Raises:
        NotFound: nothing is left that shows it.
    """
    image = _decoded(reader, held.photo)
    if image is None:
        image = _decoded(reader, held.preview)
    if image is None:
        raise NotFound("nothing is left that shows this face: its photo is gone, and no preview was kept")
    scale = max(image.shape[:2]) / max(held.size)
    own = held.own.scaled(scale)
    found = pack.detector.detect(image)
    mine = max(found, key=lambda one: _alike(one.box, own), default=None)
    if mine is not None and _alike(mine.box, own) < _SAME_FACE:
        mine = None
    boxes = [one.box for one in found if _alike(one.box, own) < _SAME_FACE]
    masked = blacked_out(image, [*boxes, *(box.scaled(scale) for box in held.others)])
    crop = _square(masked, own) if mine is None else pack.encoder.align(masked, mine)
    return FaceCrop(reader.preview(crop, (), max(crop.shape)), round(own.width), mine is not None)


def _file(work: Transaction, photo: PhotoRecord, tag: Callable[[bytes], bytes]) -> bytes | None:
    """Return the photo's own file, if it lies unchanged where it was."""
    try:
        data = read(Path(photo.uri))
    except BadPhoto:
        return None
    return data if rows.by_content(work, [tag(data)]).get(tag(data)) == photo.id else None


def _decoded(reader: PhotoReader, data: bytes | None) -> Image | None:
    try:
        return None if data is None else reader.read(data).image
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
