# SPDX-License-Identifier: Apache-2.0
"""Photos by Pillow and libheif: pixels, the names that metadata claims, and previews."""

from __future__ import annotations

from collections.abc import Sequence

from countenance.backends.photos import decode, metadata
from countenance.backends.photos import preview as previews
from countenance.model.face import Box, Image
from countenance.ports.photos import DecodedPhoto

__all__ = ["PillowReader"]


class PillowReader:
    """Implements `ports.photos.PhotoReader`. Stateless and safe to call from several threads at once."""

    def read(self, data: bytes) -> DecodedPhoto:
        """Return the photo, upright, in RGB, at most `decode.LONGEST_PX` on its longer side.

        The content decides what the photo is, never the name of its file. Of an animation, the first frame.

        Raises:
            BadPhoto: with one of `ports.photos.REASONS`; nothing half decoded is ever returned.
        """
        pixels = decode.decode(data)
        regions = metadata.read(pixels.xmp, pixels.orientation, pixels.full_size)
        return DecodedPhoto(pixels.image, pixels.full_size, pixels.scale, regions, pixels.taken_on)

    def preview(self, image: Image, masks: Sequence[Box], longest_px: int) -> bytes:
        """Return a JPEG of the image, at most `longest_px` on its longer side, with boxes blacked out."""
        return previews.make(image, masks, longest_px)

    def remask(self, preview: bytes, masks: Sequence[Box]) -> bytes:
        """Return a preview anew with boxes (fractions of its width and height, 0 to 1) blacked out.

        Raises:
            BadPhoto: these bytes are no picture.
        """
        return previews.remask(preview, masks)

    def masked(self, data: bytes, masks: Sequence[Box]) -> bytes:
        """Return a photo anew, upright, as large as `read` returns it, with boxes (fractions) blacked out.

        Raises:
            BadPhoto: as `read`.
        """
        return previews.masked(decode.decode(data).image, masks)
