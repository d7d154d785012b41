# SPDX-License-Identifier: Apache-2.0
"""Reading a photo file: pixels for the detector, and the names that its metadata claims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from countenance.model.face import Box, Image


@dataclass(frozen=True)
class NamedRegion:
    """A name that a photo's metadata claims: unverified, it routes and never authorises.

    Attributes:
        name: as written in the file, surrounding white space removed.
        box: where, in full-size pixels after orientation; None where only a name is given (IPTC).
    """

    name: str
    box: Box | None


@dataclass(frozen=True, eq=False)
class DecodedPhoto:
    """A photo, upright, in RGB, no larger than the detector needs.

    Attributes:
        image: uint8 (H, W, 3) RGB, EXIF orientation applied.
        full_size: (height, width) of the upright photo as stored.
        scale: image pixels per full-size pixel, in (0, 1].
        regions: names from MWG/XMP face regions and IPTC/XMP person names.
        taken_on: the day of the exposure, as the camera stated it; None where it did not.
    """

    image: Image
    full_size: tuple[int, int]
    scale: float
    regions: tuple[NamedRegion, ...] = ()
    taken_on: date | None = None


class PhotoReader(Protocol):
    """Decodes bytes. Safe to call from several threads at once."""

    def read(self, data: bytes) -> DecodedPhoto:
        """Return the photo.

        Raises:
            BadPhoto: with one of `REASONS`: empty, too_many_bytes, not_an_image, too_many_pixels,
                too_small, truncated, unsupported.
        """
        ...

    def preview(self, image: Image, masks: Sequence[Box], longest_px: int) -> bytes:
        """Return a JPEG of the image, at most `longest_px` on its longer side, with boxes blacked out."""
        ...

    def remask(self, preview: bytes, masks: Sequence[Box]) -> bytes:
        """Return a preview anew with boxes (fractions of its width and height, 0 to 1) blacked out."""
        ...

    def masked(self, data: bytes, masks: Sequence[Box]) -> bytes:
        """Return a photo anew, upright, as large as `read` returns it, with boxes (fractions) blacked out.

        No metadata is left in it, and a detector finds the other faces again.

        Raises:
            BadPhoto: as `read`.
        """
        ...


REASONS = ("empty", "too_many_bytes", "not_an_image", "too_many_pixels", "too_small", "truncated", "unsupported")
