# SPDX-License-Identifier: Apache-2.0
"""Small pictures for reviewers, with faces blacked out, and without metadata."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from countenance.backends.photos.decode import open_photo
from countenance.errors import BadPhoto
from countenance.model.face import Box, Image
from countenance.shrink import shrunk
from countenance.vision.masks import blacked_out

_FINE = 95  # and no less colour than light
_QUALITY = 80  # libjpeg's scale; higher grows the sealed file and shows a reviewer nothing more


def make(image: Image, masks: Sequence[Box], longest_px: int) -> bytes:
    """Return a JPEG of the image, at most `longest_px` on its longer side, boxes (in pixels) blacked out.

    Masks are painted before the image shrinks, so no pixel from under them reaches the result.
    """
    return _jpeg(shrunk(blacked_out(image, masks) if masks else image, longest_px))


def remask(preview: bytes, masks: Sequence[Box]) -> bytes:
    """Return a preview anew with boxes (fractions of its width and height, 0 to 1) blacked out.

    Raises:
        BadPhoto: these bytes are no picture.
    """
    try:
        image = np.array(open_photo(preview).convert("RGB"))
    except OSError as error:
        raise BadPhoto("truncated", "the preview is incomplete; make it again from the photo") from error
    return _jpeg(_masked(image, masks))


def masked(image: Image, masks: Sequence[Box]) -> bytes:
    """Return a JPEG of an image that a detector can work on as before, with boxes (fractions) blacked out."""
    return _jpeg(_masked(image, masks), _FINE)


def _masked(image: Image, masks: Sequence[Box]) -> Image:
    height, width = image.shape[:2]
    in_pixels = [Box(m.left * width, m.top * height, m.right * width, m.bottom * height) for m in masks]
    return blacked_out(image, in_pixels)


def _jpeg(image: Image, quality: int = _QUALITY) -> bytes:
    colour = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444 if quality == _FINE else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
    how = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, colour]
    return cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), how)[1].tobytes()
