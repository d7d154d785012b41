# SPDX-License-Identifier: Apache-2.0
"""Blacking out parts of a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence

from countenance.model.face import Box, Image


def blacked_out(image: Image, boxes: Sequence[Box]) -> Image:
    """Return a copy of an image in which every pixel that a box (in its pixels) touches is black."""
    image = image.copy()
    for left, top, right, bottom in boxes:
        image[
            max(math.floor(top), 0) : max(math.ceil(bottom), 0),
            max(math.floor(left), 0) : max(math.ceil(right), 0),
        ] = 0
    return image
