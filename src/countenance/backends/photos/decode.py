# SPDX-License-Identifier: Apache-2.0
"""Bytes to upright RGB pixels, with every limit checked before a pixel is decoded."""

from __future__ import annotations

import io
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import numpy as np
import pillow_heif
from PIL import ExifTags, ImageFile, UnidentifiedImageError
from PIL import Image as Pillow

from countenance.errors import BadPhoto
from countenance.model.face import Image
from countenance.shrink import shrunk

MAX_BYTES = 64 * 2**20
"""Larger than any camera's JPEG or HEIC; bounds what one photo of a batch can hold in memory."""
MAX_PIXELS = 150_000_000
"""The largest medium-format sensor has 150 million; one takes 0.1 GiB to read as JPEG, 0.7 as PNG, at worst 1.4."""
MIN_SIDE = 40
"""Pixels; the smallest face that is looked for is as wide."""
LONGEST_PX = 2400
"""Of the working image's longer side, at most."""
ENOUGH_PX = 1920
"""Of the longer side, which no photo loses by shrinking: a face of 4 % of it keeps 76 px, enough for every encoder.

A photo shrinks by the largest whole number that leaves as many (a JPEG in its decoder, which is faster than to read it
whole). Most cameras' photos are then no longer than `LONGEST_PX`; the others are resized to just enough.
"""

_MAX = f"{MAX_PIXELS // 10**6} million pixels"
_SHRUNK_BY_DECODER = ("JPEG", "MPO")
_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "TIFF", "GIF")
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis")
_REDUCED_COPY = 1  # bit 0 of TIFF's NewSubfileType: raw files carry a thumbnail in their first directory

_DAY = re.compile(r"(\d{4}):(\d\d):(\d\d)\b")  # Exif 2.32, 4.6.5.F: YYYY:MM:DD HH:MM:SS

# What turns stored pixels upright, for each value of the EXIF orientation (Exif 2.32, 4.6.4.A).
_TURNS = {
    2: Pillow.Transpose.FLIP_LEFT_RIGHT,
    3: Pillow.Transpose.ROTATE_180,
    4: Pillow.Transpose.FLIP_TOP_BOTTOM,
    5: Pillow.Transpose.TRANSPOSE,
    6: Pillow.Transpose.ROTATE_270,
    7: Pillow.Transpose.TRANSVERSE,
    8: Pillow.Transpose.ROTATE_90,
}

pillow_heif.register_heif_opener()


@dataclass(frozen=True, eq=False)
class Pixels:
    """What a photo's bytes hold.

    Attributes:
        image: uint8 (H, W, 3) RGB, upright, at most `LONGEST_PX` on its longer side.
        full_size: (height, width) of the upright photo as stored.
        scale: image pixels per full-size pixel, in (0, 1].
        orientation: 1 to 8, the EXIF orientation of the stored pixels.
        xmp: the XMP packet, empty where there is none.
        taken_on: the day of the exposure, as the camera stated it; None where it did not.
    """

    image: Image
    full_size: tuple[int, int]
    scale: float
    orientation: int
    xmp: bytes
    taken_on: date | None = None


def decode(data: bytes) -> Pixels:
    """Return the pixels of a photo.

    Raises:
        BadPhoto: with one of `ports.photos.REASONS`.
    """
    if not data:
        raise BadPhoto("empty", "the file is empty; copy it again from where it came")
    if len(data) > MAX_BYTES:
        raise BadPhoto(
            "too_many_bytes",
            f"{len(data) / 2**20:.0f} MiB, at most {MAX_BYTES >> 20} MiB are read; save a smaller copy",
        )
    with _quiet():
        photo = open_photo(data)
        _require_size(photo)
        return _decode(photo)


def open_photo(data: bytes) -> ImageFile.ImageFile:
    """Return the photo with its header read and its pixels not.

    Raises:
        BadPhoto: `not_an_image`, `too_many_pixels`, or `truncated` where the header breaks off.
    """
    try:
        return Pillow.open(io.BytesIO(data), formats=_FORMATS)
    except Pillow.DecompressionBombError as error:
        raise BadPhoto("too_many_pixels", f"more than {_MAX}; save a smaller copy") from error
    except UnidentifiedImageError as error:
        if _claims_to_be_a_photo(data):
            raise _damaged() from error
        raise BadPhoto(
            "not_an_image", "not a JPEG, PNG, WebP, HEIC, AVIF, TIFF or GIF photo; export it as one of these"
        ) from error
    except Exception as error:  # decoders answer arbitrary bytes with nearly every class of error
        raise _damaged() from error


def _damaged() -> BadPhoto:
    return BadPhoto("truncated", "the photo is incomplete or damaged; copy it again from where it came")


def _claims_to_be_a_photo(data: bytes) -> bool:
    return (
        data.startswith(_SIGNATURES)
        or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")
        or (data[4:8] == b"ftyp" and data[8:12] in _BRANDS)
    )


def _require_size(photo: ImageFile.ImageFile) -> None:
    width, height = photo.size
    if width * height > MAX_PIXELS:
        raise BadPhoto("too_many_pixels", f"{width} x {height}, at most {_MAX} are read; save a smaller copy")
    if min(width, height) < MIN_SIDE:
        raise BadPhoto("too_small", f"{width} x {height} px, at least {MIN_SIDE} a side; use a larger copy")
    if photo.format == "TIFF" and _exif(photo, ExifTags.Base.NewSubfileType) & _REDUCED_COPY:
        raise BadPhoto("unsupported", "a camera's raw file, of which only a thumbnail is readable; export a JPEG")


def _decode(photo: ImageFile.ImageFile) -> Pixels:
    width, height = photo.size
    step = max(width, height) // ENOUGH_PX
    try:
        turned = _turned_by_decoder(photo)
        if photo.format in _SHRUNK_BY_DECODER and step > 1:
            photo.draft(None, (max(width // step, 1), max(height // step, 1)))
        photo.load()
    except (Pillow.DecompressionBombError, MemoryError) as error:
        raise BadPhoto("too_many_pixels", f"more than {_MAX}; save a smaller copy") from error
    except Exception as error:  # decoders answer arbitrary bytes with nearly every class of error
        raise _damaged() from error
    if photo.format not in _SHRUNK_BY_DECODER:
        width, height = photo.size  # libheif knows the true size only now
    longest = max(width, height)
    scale = 1 / round(longest / max(photo.size))
    small = _plain(photo)
    step = max(small.size) // ENOUGH_PX
    if step > 1:
        small, scale = small.reduce(step), scale / step
    orientation = turned or _orientation(photo)
    if not turned and orientation in _TURNS:
        small = small.transpose(_TURNS[orientation])
        if orientation >= 5:
            width, height = height, width
    image = np.asarray(_on_white(small))
    if max(small.size) > LONGEST_PX:
        image = shrunk(image, ENOUGH_PX)
        scale *= ENOUGH_PX / max(small.size)
    return Pixels(image, (height, width), scale, orientation, _xmp(photo), _taken_on(photo))


def _turned_by_decoder(photo: ImageFile.ImageFile) -> int:
    """Return the orientation that loading the pixels undoes by itself; 0 where it undoes none."""
    if photo.format == "TIFF":
        return _orientation(photo)
    if photo.format == "HEIF":
        stated = photo.info.get("original_orientation")
        return stated if stated in _TURNS else 1
    return 0


def _orientation(photo: ImageFile.ImageFile) -> int:
    stated = _exif(photo, ExifTags.Base.Orientation)
    return stated if stated in _TURNS else 1


def _exif(photo: ImageFile.ImageFile, tag: int) -> int:
    """Return a number of the EXIF block; 0 where it is missing or none."""
    try:
        value = photo.getexif().get(tag)
    except Exception:  # noqa: BLE001 as a damaged EXIF block, whatever it raises, spoils no photo
        return 0
    return value if isinstance(value, int) else 0


def _taken_on(photo: ImageFile.ImageFile) -> date | None:
    try:
        stated = photo.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal)
        found = _DAY.match(stated) if isinstance(stated, str) else None
        return None if found is None else date(*map(int, found.groups()))
    except Exception:  # noqa: BLE001 as a damaged EXIF block, whatever it raises, spoils no photo
        return None


def _plain(photo: Pillow.Image) -> Pillow.Image:
    """Return the photo in a mode that can be resized: L, RGB, CMYK, YCbCr, or RGBA."""
    if photo.mode.startswith("I;16"):
        return Pillow.fromarray((np.asarray(photo) >> 8).astype(np.uint8))  # the upper byte is the gray
    if photo.mode in ("I", "F"):
        raise BadPhoto("unsupported", "32-bit gray has no fixed white; save it with 8 or 16 bits")
    if photo.has_transparency_data:
        return photo if photo.mode == "RGBA" else photo.convert("RGBA")
    return photo if photo.mode in ("L", "RGB", "CMYK", "YCbCr") else photo.convert("RGB")


def _on_white(photo: Pillow.Image) -> Pillow.Image:
    if photo.mode != "RGBA":
        return photo if photo.mode == "RGB" else photo.convert("RGB")
    paper = Pillow.new("RGBA", photo.size, "white")
    paper.alpha_composite(photo)
    return paper.convert("RGB")


def _xmp(photo: ImageFile.ImageFile) -> bytes:
    packet = photo.info.get("xmp") or b""
    return packet.encode() if isinstance(packet, str) else bytes(packet)


_lock = threading.Lock()
_quiet_readers = 0
_filters = warnings.catch_warnings()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Pillow's remarks about size and metadata from the user: what matters is raised.

    `warnings.catch_warnings` belongs to the whole process, so that two threads that use it undo each
    other's filters; here the first one in sets them and the last one out restores them.
    """
    global _quiet_readers, _filters  # noqa: PLW0603 as the filters are the process's
    with _lock:
        if _quiet_readers == 0:
            _filters = warnings.catch_warnings()
            _filters.__enter__()
            warnings.simplefilter("ignore")
        _quiet_readers += 1
    try:
        yield
    finally:
        with _lock:
            _quiet_readers -= 1
            if _quiet_readers == 0:
                _filters.__exit__(None, None, None)
