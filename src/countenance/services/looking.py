# SPDX-License-Identifier: Apache-2.0
"""Looking at a photo in this process: decode, detect, hold against the quality gate, align, make a preview.

Nothing here is personal to a release: bystanders are looked at like everybody, which is how they are counted.
What may be encoded is decided later, by whoever holds the records.
"""

from __future__ import annotations

from countenance.model.face import DetectedFace
from countenance.ports.eyes import SeenFace, SeenPhoto
from countenance.ports.photos import DecodedPhoto, PhotoReader
from countenance.ports.vision import FacePack
from countenance.vision.quality import ENROL, assess

PREVIEW_PX = 512  # longest side; enough for a reviewer to recognise somebody


class Looking:
    """Implements `ports.eyes.Eyes` with a reader and a face pack."""

    def __init__(self, reader: PhotoReader, pack: FacePack) -> None:
        self._reader = reader
        self._pack = pack

    def look(self, data: bytes) -> SeenPhoto:
        """Return what a photo's file shows.

        Raises:
            BadPhoto: with one of `ports.photos.REASONS`.
        """
        photo = self._reader.read(data)
        faces = tuple(self._face(photo, found) for found in self._pack.detector.detect(photo.image))
        preview = self._reader.preview(photo.image, (), PREVIEW_PX) if faces else None
        return SeenPhoto(photo.full_size, photo.regions, faces, preview, photo.taken_on)

    def _face(self, photo: DecodedPhoto, found: DetectedFace) -> SeenFace:
        quality = assess(photo.image, found, ENROL)
        crop = None if quality.reason else self._pack.encoder.align(photo.image, found)
        return SeenFace(found, found.box.scaled(1.0 / photo.scale), quality.reason, quality.detail, crop)
