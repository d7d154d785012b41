# SPDX-License-Identifier: Apache-2.0
"""Previews show a reviewer what is needed, and nothing of a face that was masked."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as Pillow
from skimage import data

from countenance.backends.photos import PillowReader
from countenance.errors import BadPhoto
from countenance.model.face import Box

READER = PillowReader()
PORTRAIT = data.astronaut()


def opened(preview: bytes) -> Pillow.Image:
    picture = Pillow.open(io.BytesIO(preview))
    picture.load()
    return picture


def test_size_and_format() -> None:
    """A preview is a JPEG no longer than asked for, without metadata; a small photo does not grow."""
    picture = opened(READER.preview(PORTRAIT[:256], [], 200))
    assert (picture.format, picture.size) == ("JPEG", (200, 100))
    assert "exif" not in picture.info
    assert "xmp" not in picture.info
    assert opened(READER.preview(PORTRAIT, [], 2000)).size == (512, 512)


@pytest.mark.parametrize("longest", [511, 512, 513, 700, 1023, 1024, 1500, 2000, 2399])
def test_a_preview_looks_like_the_photo(longest: int) -> None:
    """However large the photo is, its preview has 512 px at most and the same look."""
    photo = Pillow.fromarray(PORTRAIT).resize((longest, longest * 3 // 4))
    picture = opened(READER.preview(np.asarray(photo), [], 512))
    expected = photo.copy()
    expected.thumbnail((512, 512), Pillow.Resampling.BOX)
    assert max(picture.size) == min(longest, 512)
    assert np.abs(np.subtract(picture.size, expected.size)).max() <= 1
    assert np.abs(np.asarray(picture, float) - np.asarray(expected.resize(picture.size), float)).mean() < 5


def test_masks() -> None:
    """Masked boxes are black, boxes may reach past the border, and the given image is unchanged."""
    before = PORTRAIT.copy()
    preview = np.asarray(opened(READER.preview(PORTRAIT, [Box(100.5, 100, 200, 199.5), Box(480, -40, 700, 60)], 256)))
    assert preview[52:98, 52:98].max() < 32  # what JPEG rings
    assert preview[:28, 242:].max() < 16
    assert preview[110:200].mean() > 40
    assert np.array_equal(PORTRAIT, before)


@pytest.mark.parametrize("longest", [100, 256, 511, 512])
def test_nothing_from_under_a_mask(longest: int) -> None:
    """Whatever lies under a mask, the preview is the same to the byte, at every size."""
    box = Box(101, 100, 201, 199)
    other = PORTRAIT.copy()
    other[100:199, 101:201] = np.random.default_rng(0).integers(0, 256, (99, 100, 3), np.uint8)
    assert not np.array_equal(other, PORTRAIT)
    assert READER.preview(other, [box], longest) == READER.preview(PORTRAIT, [box], longest)


def test_box_outside() -> None:
    """A box beyond the photo masks nothing."""
    plain = READER.preview(PORTRAIT, [], 256)
    assert READER.preview(PORTRAIT, [Box(-90, -90, -10, -10), Box(600, 0, 700, 100)], 256) == plain


def test_nothing_shines_through() -> None:
    """What lay under a mask has no influence on a single byte of the preview."""
    masks = [Box(99.7, 100.2, 203.1, 204.9)]
    other = PORTRAIT.copy()
    other[100:205, 99:204] = 255
    assert READER.preview(PORTRAIT, masks, 256) == READER.preview(other, masks, 256)


def test_remask() -> None:
    """A mask in fractions blacks out the same place of an existing preview and keeps its size."""
    preview = READER.preview(PORTRAIT, [], 256)
    again = opened(READER.remask(preview, [Box(0.25, 0.5, 0.5, 1.0)]))
    assert (again.format, again.size) == ("JPEG", (256, 256))
    pixels = np.asarray(again)
    assert pixels[130:, 66:126].max() < 16
    assert np.abs(pixels[:120].astype(int) - np.asarray(opened(preview))[:120]).mean() < 4


def test_remask_of_something_else() -> None:
    """Bytes that are no picture, or half of one, are refused."""
    preview = READER.preview(PORTRAIT, [], 256)
    for damaged in (b"nothing", preview[: len(preview) // 2]):
        with pytest.raises(BadPhoto):
            READER.remask(damaged, [])
