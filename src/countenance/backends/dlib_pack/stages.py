# SPDX-License-Identifier: Apache-2.0
"""The detector's network on one level of the pyramid, in two stages, and only where somebody asks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from countenance.backends.dlib_pack.parts import Mask, Part, area, around, parts
from countenance.model.face import Image

STRIDE, FIRST = 8, 14
"""Cell i has its centre at 8 i + 14 pixels."""
NOTHING = -9.0
"""The score, and the hint, where nobody looked or no face can be."""
WHOLE = 0.5
"""Of a level: where more is wanted, all of it is looked at, once."""
# Cells around one that its hint, its score, and its score given the features of the first stage depend on.
_OF_HINT, _OF_SCORE, _OF_REST = 5, 10, 8
_BEHIND = 3  # cells more, at the end of a piece: the centre of a cell lies 14 px behind its first pixel
_BAND_PX = 2.5e6  # pixels that the network sees at once: 130 MiB
_AROUND = 2  # cells around a hint that get a score, too: a face is seen by several windows


class Stages:
    """Scores and hints of cells.

    Args:
        opening: gives the features of pixels, and hints.
        rest: gives the scores of features.
        least: hint from which on the rest is worth its time.
    """

    def __init__(self, opening: ort.InferenceSession, rest: ort.InferenceSession, least: float) -> None:
        self._opening = opening
        self._rest = rest
        self._least = least

    def look(self, framed: Image, wanted: Mask | None = None) -> tuple[NDArray[np.float32], Mask]:
        """Return the scores (h, w) of cells, and where there may be smaller faces, (h, w).

        Args:
            framed: uint8 (H, W, 3) RGB, W a multiple of 4.
            wanted: (h, w) as `grid` says, the cells to look at, perhaps among others; None for all. What is looked
                at has the same score and hint, to the bit, whatever else is.
        """
        shape = grid(framed.shape[:2])
        everything = [Part(slice(0, shape[0]), slice(0, shape[1]))]
        scores, smaller = np.full((2, *shape), NOTHING, np.float32)
        asked = everything if wanted is None else parts(around(wanted, _AROUND), _OF_HINT)
        if area(asked, _OF_HINT) > WHOLE * area(everything, 0):
            asked = everything
        else:  # hints first: they need less around them, and most rule a face out
            here = np.full(shape, NOTHING, np.float32)
            for part, pixels, inside in _pieces(framed, asked, _OF_HINT):
                here[part], smaller[part] = self._opening.run(["hints"], {"pixels": pixels})[0][0][:, *inside]
            asked = parts(around(here > self._least, _AROUND), _OF_SCORE)
        for part, pixels, inside in _pieces(framed, asked, _OF_SCORE):
            scores[part], smaller[part] = self._judged(pixels)[:, *inside]
        return scores, smaller > self._least

    def _judged(self, pixels: Image) -> NDArray[np.float32]:
        """Return (2, h, w): scores, `NOTHING` where the first stage rules a face out; hints of smaller faces."""
        hints, features = self._opening.run(["hints", "features"], {"pixels": pixels})
        near = around(hints[0, 0] > self._least, _AROUND)
        scores = np.full(near.shape, NOTHING, np.float32)
        for part in parts(near, _OF_REST):
            rows, columns = (slice(max(side.start - _OF_REST, 0), side.stop + _OF_REST) for side in part)
            judged: NDArray[np.float32] = self._rest.run(None, {"features": features[:, rows, columns]})[0][0, 0]
            np.copyto(scores[part], judged[_inside(part, rows.start, columns.start)], where=near[part])
        return np.stack([scores, hints[0, 1]])


def grid(size: tuple[int, ...]) -> tuple[int, int]:
    """Return rows and columns of cells of an image: what three convolutions of 5x5 in steps of 2 leave."""
    height, width = size
    for _ in range(3):
        height, width = (height - 5) // 2 + 1, (width - 5) // 2 + 1
    return height, width


def _pieces(framed: Image, looked_at: list[Part], reach: int) -> Iterator[tuple[Part, Image, Part]]:
    """Yield parts in bands of rows that fit in memory.

    Of each band come its place, its pixels (1, H, W, 3) with those that its cells depend on, and where among the cells
    of these pixels its own are.
    """
    for part in looked_at:
        width = (part.columns.stop - part.columns.start + 2 * reach + _BEHIND) * STRIDE
        height = max(int(_BAND_PX / width / STRIDE) - 2 * reach - _BEHIND, 1)
        for first in range(part.rows.start, part.rows.stop, height):
            band = Part(slice(first, min(first + height, part.rows.stop)), part.columns)
            top, left = (max(side.start - reach, 0) for side in band)
            bottom, right = (side.stop + reach + _BEHIND for side in band)
            pixels = framed[top * STRIDE : bottom * STRIDE, left * STRIDE : right * STRIDE]
            yield band, np.ascontiguousarray(pixels)[None], _inside(band, top, left)


def _inside(part: Part, top: int, left: int) -> Part:
    """Return where a part lies in a piece that begins there."""
    rows, columns = part
    return Part(slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left))
