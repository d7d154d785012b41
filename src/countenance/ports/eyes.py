# SPDX-License-Identifier: Apache-2.0
"""Looking at a photo: everything about it that needs its pixels, and nothing that needs the records.

Whoever looks reads bytes that a stranger may have made, and holds no key. So it can be another process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from countenance.model.face import Box, Crop, DetectedFace
from countenance.ports.photos import NamedRegion


@dataclass(frozen=True, eq=False)
class SeenFace:
    """One face of a photo.

    Attributes:
        found: as the detector saw it, in pixels of the image that it was given.
        box: the same face in full-size pixels.
        reason: why it is not good enough to enrol, a code of the quality gate; None where it is.
        detail: the measured value beside its limit; empty where it is good enough.
        crop: aligned for the encoder, uint8 (S, S, 3) RGB; None where it is not good enough.
    """

    found: DetectedFace
    box: Box
    reason: str | None
    detail: str
    crop: Crop | None = field(repr=False)


@dataclass(frozen=True, eq=False)
class SeenPhoto:
    """What was seen in a photo. Pixels live no longer than it does.

    Attributes:
        full_size: (height, width) of the upright photo as stored.
        regions: names that its metadata claims.
        faces: every face, best score first.
        preview: JPEG for a reviewer; None where there is no face.
        taken_on: the day of the exposure, as the camera stated it; None where it did not.
    """

    full_size: tuple[int, int]
    regions: tuple[NamedRegion, ...]
    faces: tuple[SeenFace, ...]
    preview: bytes | None = field(repr=False)
    taken_on: date | None = None


class Eyes(Protocol):
    """Looks at photos. Safe to call from several threads at once."""

    def look(self, data: bytes) -> SeenPhoto:
        """Return what a photo's file shows.

        Raises:
            BadPhoto: with one of `ports.photos.REASONS`; or `crashed`, where whoever looked ended over it, three times.
        """
        ...
