# SPDX-License-Identifier: Apache-2.0
"""A face pack of drawn faces: exact, fast, and it counts the crops that reach the encoder.

A drawn face is a tile of coloured blocks with a magenta corner. The detector finds the corners, the encoder
turns the colours of the blocks into a unit vector: faces of one seed score about 1, of two seeds about 0.
"""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from countenance.canonical import sha256
from countenance.errors import EncodingFailed
from countenance.model.face import Box, Crop, DetectedFace, Image, PointScheme
from countenance.model.faceprint import Faceprint, unit
from countenance.policy.permit import PermittedCrop
from countenance.ports.vision import FacePack
from countenance.vision import calibration
from countenance.vision.calibration import Curve, Tail

TILE = 96
"""Side of a drawn face in pixels."""
CELL = 112
"""Side of the square that a drawn face stands in; the detector looks at these only."""
DIM = 108
_BLOCKS = 6
_MARK = 8
_MAGENTA = (255, 0, 255)
_GREY = 128
_POINTS = np.array([(30, 35), (66, 35), (48, 52), (36, 65), (60, 65)], np.float32)

# The cosine of two unrelated vectors of 108 dimensions has a standard deviation of 0.096; more is said here,
# so that no two seeds match by chance: about 0.3 for one search in a thousand among a handful of people.
_LOGS = np.array([-0.1, -1.0, -2.0, -3.0, -5.0, -8.0])


def _curve(people: float) -> Curve:
    """Return scores that strangers of drawn faces hardly reach; a little more in larger galleries."""
    scores = np.array([0.02, 0.12, 0.22, 0.3, 0.4, 0.5]) + 0.01 * math.log10(people)
    return Curve(people, _LOGS, scores, scores - 0.01, scores + 0.01, _LOGS, -8.0)


TAIL = Tail(
    encoder=sha256(b"drawn faces"),
    evaluation="drawn",
    date="9999-12-31",  # stories last for years; what an old test means has a test of its own
    data="drawn faces",
    people=10_000,
    background=0.0,
    pairs=_curve(1),
    sizes=tuple(_curve(size) for size in (1, 100, 10_000)),
    missed=((1.0, np.log10([0.01, 0.1, 0.5]), np.array([0.5, 0.7, 0.9])),),
)


def face(seed: int, variant: int = 0) -> Image:
    """Draw a face: uint8 (TILE, TILE, 3). Variants of one seed differ as two photos of one person do."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(40, 216, (_BLOCKS, _BLOCKS, 3))
    size = TILE // _BLOCKS
    tile = np.repeat(np.repeat(blocks, size, 0), size, 1)
    noise = np.random.default_rng((seed, variant)).integers(-12, 13, tile.shape)
    tile = np.clip(tile + noise, 1, 254).astype(np.uint8)
    tile[:_MARK, :_MARK] = _MAGENTA
    return tile


def blurred(seed: int) -> Image:
    """Draw a face that the quality gate refuses: its blocks have run into each other."""
    slope = np.linspace(60, 190, TILE, dtype=np.float32)[None, :, None]
    tile = np.clip(slope + np.array([seed % 7, 0, -(seed % 5)]), 0, 255).repeat(TILE, 0).astype(np.uint8)
    tile[:_MARK, :_MARK] = _MAGENTA
    return tile


def photo(*faces: Image, nothing: int = 0) -> Image:
    """Draw a photo of faces, from left to right; `nothing` tells photos without a face apart."""
    canvas = np.full((CELL, CELL * max(len(faces), 1), 3), _GREY, np.uint8)
    for number, tile in enumerate(faces):
        canvas[8 : 8 + TILE, number * CELL + 8 : number * CELL + 8 + TILE] = tile
    canvas[-1, -1] = nothing
    return canvas


def png(image: Image, xmp: bytes | None = None) -> bytes:
    """Return a photo's file, with an XMP packet where one is given."""
    out = io.BytesIO()
    info = None
    if xmp is not None:
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", xmp.decode())
    Pillow.fromarray(image).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def box_of(number: int) -> Box:
    """Return where the face of this number, from 0, stands in a drawn photo."""
    return Box(number * CELL + 8, 8, number * CELL + 8 + TILE, 8 + TILE)


class DrawnDetector:
    """`ports.vision.Detector` on drawn photos."""

    digest = sha256(b"drawn detector")

    def detect(self, image: Image) -> list[DetectedFace]:
        """Return every face whose corner stands where `photo` puts it."""
        found = []
        for number in range(image.shape[1] // CELL):
            box = box_of(number)
            left = int(box.left)
            corner = image[8 : 8 + _MARK, left : left + _MARK].astype(int)
            if np.abs(corner - _MAGENTA).max() < 40:
                points = _POINTS + np.array([left, 8], np.float32)
                found.append(DetectedFace(box, 1.0 - number / 100, points, PointScheme.EYES_NOSE_MOUTH))
        return found


class DrawnEncoder:
    """`ports.vision.Encoder` on drawn faces.

    Attributes:
        crops: how many crops were given to `encode`.
        vectors: what it answered, for tests that look for them in files; tests clear it.
        before, after: called around each `encode`: where another process may come in between.
    """

    digest = TAIL.encoder
    dim = DIM

    def __init__(self) -> None:
        self.crops = 0
        self.vectors: list[NDArray[np.float32]] = []
        self.before: Callable[[], None] | None = None
        self.after: Callable[[], None] | None = None
        self._lock = threading.Lock()

    def align(self, image: Image, face: DetectedFace) -> Crop:
        """Return the drawn tile."""
        box = face.box
        return image[int(box.top) : int(box.bottom), int(box.left) : int(box.right)].copy()

    def encode(self, crops: Sequence[PermittedCrop]) -> list[Faceprint]:
        """Return the colours of the blocks, as unit vectors."""
        with self._lock:
            self.crops += len(crops)
        if self.before is not None:
            self.before()
        prints = [self._one(crop) for crop in crops]
        self.vectors += [faceprint.vector.copy() for faceprint in prints]
        if self.after is not None:
            self.after()
        return prints

    def _one(self, crop: PermittedCrop) -> Faceprint:
        if not isinstance(crop, PermittedCrop):
            raise TypeError("only a permitted crop is encoded")
        size = TILE // _BLOCKS
        blocks = crop.pixels.astype(np.float32).reshape(_BLOCKS, size, _BLOCKS, size, 3).mean((1, 3))
        if blocks.std() < 1:
            raise EncodingFailed("a face of one colour")
        return unit((blocks - _GREY).astype(np.float32).ravel(), self.digest)


def drawn_pack() -> FacePack:
    """Return a fresh pack of drawn faces."""
    return FacePack("drawn", "Apache-2.0", DrawnDetector(), DrawnEncoder())


def know_tail() -> None:
    """Make the tail of the drawn faces known, as if it had been measured and shipped."""
    calibration.shipped()[TAIL.encoder] = TAIL


def write_photos(folder: Path, photos: dict[str, Image]) -> list[Path]:
    """Write photos by name; return their paths."""
    paths = []
    for name, image in photos.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(image))
        paths.append(path)
    return paths
