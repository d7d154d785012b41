# SPDX-License-Identifier: Apache-2.0
"""Every kind of photo becomes upright RGB or a refusal that says what to do."""

from __future__ import annotations

import io
import math
import os
import pickle
import struct
import subprocess
import sys
import threading
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image as Pillow
from skimage import data

from countenance.backends.photos import PillowReader, decode
from countenance.errors import BadPhoto
from countenance.ports.photos import REASONS, PhotoReader

READER: PhotoReader = PillowReader()
PORTRAIT = Pillow.fromarray(data.astronaut()).resize((200, 160))


def saved(image: Pillow.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def gap(image: NDArray[np.uint8], expected: Pillow.Image) -> float:
    """Return the mean difference of two pictures, in levels."""
    return float(np.abs(image.astype(float) - np.asarray(expected.convert("RGB"), float)).mean())


def outcome(photo: bytes) -> NDArray[np.uint8] | str:
    """Return the picture, or the reason of its refusal."""
    try:
        return READER.read(photo).image
    except BadPhoto as error:
        return error.reason


def refusal(photo: bytes) -> BadPhoto:
    with pytest.raises(BadPhoto) as caught:
        READER.read(photo)
    assert caught.value.reason in REASONS
    assert len(str(caught.value)) > 20
    return caught.value


@pytest.mark.parametrize(
    ("kind", "options", "most"),
    [
        ("JPEG", {"quality": 95}, 3),
        ("MPO", {"quality": 95, "save_all": True, "append_images": [Pillow.new("RGB", (200, 160))]}, 3),
        ("PNG", {}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("TIFF", {}, 0),
        ("TIFF", {"compression": "tiff_lzw"}, 0),
        ("GIF", {}, 8),
        ("AVIF", {"quality": 95}, 3),
        ("HEIF", {"quality": 95}, 3),
    ],
)
def test_formats(kind: str, options: dict[str, object], most: float) -> None:
    """Each format that the issue names is read as the picture that was saved."""
    photo = READER.read(saved(PORTRAIT, kind, **options))
    assert photo.image.shape == (160, 200, 3)
    assert photo.image.dtype == np.uint8
    assert photo.image.flags.c_contiguous
    assert photo.full_size == (160, 200)
    assert photo.scale == 1.0
    assert photo.regions == ()
    assert gap(photo.image, PORTRAIT) <= most


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_animations(kind: str) -> None:
    """Of an animation, the first frame is the photo."""
    frames = [Pillow.new("RGB", (200, 160), "red")]
    photo = READER.read(saved(PORTRAIT, kind, save_all=True, append_images=frames))
    assert gap(photo.image, PORTRAIT) < 8


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_orientation(kind: str, orientation: int) -> None:
    """Pixels come out upright, and so does the stated size, whatever way up they are stored."""
    back = {6: Pillow.Transpose.ROTATE_90, 8: Pillow.Transpose.ROTATE_270}  # the others undo themselves
    turn = back.get(orientation) or decode._TURNS.get(orientation)
    stored = PORTRAIT if turn is None else PORTRAIT.transpose(turn)
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    photo = READER.read(saved(stored, kind, exif=exif.tobytes(), quality=95))
    assert photo.full_size == (160, 200)
    assert gap(photo.image, PORTRAIT) < 4


@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "HEIF"])
def test_orientations_that_do_not_exist(kind: str) -> None:
    """A photo that states an orientation beyond 8 is taken to be upright."""
    exif = Pillow.Exif()
    exif[0x0112] = 6
    stored = saved(PORTRAIT, kind, exif=exif.tobytes())
    stated = b"\x12\x01\x03\0\x01\0\0\0\x06\0" if kind == "TIFF" else b"\x01\x12\0\x03\0\0\0\x01\0\x06"
    assert stored.count(stated) == 1
    photo = decode.decode(stored.replace(stated, stated.replace(b"\x06", b"\x29")))
    assert photo.orientation == 1


def test_damaged_exif_is_ignored() -> None:
    """A photo whose EXIF block is damaged is read as if it had none."""
    photo = READER.read(saved(PORTRAIT, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12\0\x03"))
    assert photo.image.shape == (160, 200, 3)


def test_gray_palette_and_bilevel() -> None:
    """Gray, palette and bilevel pictures become RGB."""
    for mode in ("L", "LA", "P", "1"):
        expected = PORTRAIT.convert(mode)
        assert gap(READER.read(saved(expected, "PNG")).image, expected) < 1


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk(kind: str) -> None:
    """CMYK becomes RGB, also where its inks are stored inverted, as Adobe does in JPEG."""
    photo = saved(Pillow.new("CMYK", (60, 60), (255, 0, 0, 0)), kind)
    assert (b"Adobe" in photo) == (kind == "JPEG")
    assert np.abs(READER.read(photo).image[30, 30].astype(int) - (0, 255, 255)).max() <= 3


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits(kind: str) -> None:
    """16-bit gray is scaled to 8 bits, not cut off."""
    ramp = np.tile(np.linspace(0, 65535, 256).astype(np.uint16), (64, 1))
    image = READER.read(saved(Pillow.fromarray(ramp), kind)).image
    assert np.abs(image[0, :, 1].astype(int) - np.arange(256)).max() <= 1


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_lies_on_white(mode: str) -> None:
    """What is transparent is white; half transparent black is middle gray."""
    picture = Pillow.new("RGBA", (80, 80), (0, 0, 0, 128)).convert(mode)
    picture.paste(Pillow.new("RGBA", (40, 80), (0, 0, 0, 0)).convert(mode), (0, 0))
    image = READER.read(saved(picture, "PNG")).image
    assert tuple(image[40, 10]) == (255, 255, 255)
    assert tuple(image[40, 60]) == (127, 127, 127)


def test_transparent_palette() -> None:
    """A palette colour that is declared transparent is white."""
    picture = Pillow.new("P", (60, 60), 1)
    picture.putpalette([0, 0, 0, 255, 0, 0])
    assert tuple(READER.read(saved(picture, "PNG", transparency=1)).image[9, 9]) == (255, 255, 255)
    assert tuple(READER.read(saved(picture, "GIF")).image[9, 9]) == (255, 0, 0)


@pytest.mark.parametrize(
    ("kind", "longest", "size", "scale"),
    [
        ("JPEG", 4001, (2001, 1001), 1 / 2),  # a whole number is enough
        ("PNG", 4001, (2001, 1001), 1 / 2),
        ("JPEG", 2300, (2300, 1150), 1),  # a little longer than needed, and left alone
        ("PNG", 2700, (1920, 960), 1920 / 2700),  # too long, and no whole number leaves enough
        ("PNG", 5900, (1967, 984), 1 / 3),
        ("JPEG", 5900, (1920, 960), 1920 / 5900),  # its decoder knows no third: a half, and then just enough
    ],
)
def test_large_photos_shrink(kind: str, longest: int, size: tuple[int, int], scale: float) -> None:
    """A large photo is little larger than the detector needs, and scale and full size refer to the original."""
    large = PORTRAIT.resize((longest, math.ceil(longest / 2)))
    exif = Pillow.Exif()
    exif[0x0112] = 6
    photo = READER.read(saved(large, kind, exif=exif.tobytes(), compress_level=1))
    assert photo.full_size == (longest, large.height)
    assert photo.image.shape == (*size, 3)
    assert photo.scale == pytest.approx(scale, rel=1e-9)
    assert gap(photo.image, large.resize(size).transpose(Pillow.Transpose.ROTATE_270)) < 3


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("longest", [1000, 2700, 3839, 5759])
def test_a_place_stays_where_it_is(kind: str, longest: int) -> None:
    """However far a photo shrinks, its scale tells where a pixel of the working image lies in the photo."""
    photo = Pillow.new("RGB", (longest, longest // 4))
    left, top = longest - 120, longest // 4 - 120
    photo.paste("white", (left, top, left + 80, top + 80))
    read = READER.read(saved(photo, kind))
    white = [np.flatnonzero(read.image[..., 1].max(axis=axis) > 127)[0] / read.scale for axis in (0, 1)]
    assert white == pytest.approx([left, top], abs=1 / read.scale)
    assert max(read.image.shape) <= decode.LONGEST_PX


@pytest.mark.parametrize(
    ("photo", "reason"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 not a photo", "not_an_image"),
        (bytes(4000), "not_an_image"),
        (b"\0\0\0\x18ftypmp42" + bytes(400), "not_an_image"),
        (b"\xff\xd8\xff\xe0" + bytes(400), "truncated"),
        (b"\x89PNG\r\n\x1a\n", "truncated"),
        (saved(PORTRAIT.resize((39, 200)), "PNG"), "too_small"),
        (saved(Pillow.new("F", (60, 60)), "TIFF"), "unsupported"),
        (saved(PORTRAIT, "TIFF", tiffinfo={254: 1}), "unsupported"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refusals(photo: bytes, reason: str) -> None:
    """What cannot be used is refused with its reason."""
    assert refusal(photo).reason == reason


def test_too_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file larger than the cap is refused before anything looks into it."""
    monkeypatch.setattr(decode, "MAX_BYTES", 1 << 20)
    monkeypatch.setattr(decode, "open_photo", lambda _: pytest.fail("it was opened"))
    assert refusal(bytes((1 << 20) + 1)).reason == "too_many_bytes"


def test_content_decides() -> None:
    """There is no file name to believe: a PNG is a PNG, whatever it was called."""
    assert READER.read(saved(PORTRAIT, "PNG")).image.shape == (160, 200, 3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "AVIF", "HEIF"])
def test_truncated_is_never_half_a_picture(kind: str) -> None:
    """A photo that was cut off anywhere is refused, unless nothing of the picture is missing."""
    photo = saved(PORTRAIT, kind)
    whole = READER.read(photo).image
    for length in range(16, len(photo), max(1, len(photo) // 60)):
        image = outcome(photo[:length])
        assert image == "truncated" if isinstance(image, str) else np.array_equal(image, whole)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


SIDE = 50_000
HUGE = {
    "png": b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(bytes(9000))) + chunk(b"IEND", b""),
    "jpeg": b"\xff\xd8\xff\xc0\x00\x11\x08" + struct.pack(">HH", SIDE, SIDE)
    + b"\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00" + bytes(900),
    "tiff": b"II*\0\x08\0\0\0\x08\0" + b"".join(
        struct.pack("<HHII", tag, 4, 1, value)
        for tag, value in ((256, SIDE), (257, SIDE), (258, 8), (259, 1), (262, 1), (273, 200), (278, SIDE), (279, 900))
    ) + bytes(4000),
    "webp": b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x3f\0\xff\x3f\0",
    "gif": b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\xff\xff\xff\xff\0\x02\x02\x44\x01\0;",
}  # fmt: skip


@pytest.mark.parametrize("kind", HUGE)
def test_huge_headers(kind: str) -> None:
    """A header that announces more pixels than the cap is refused."""
    assert refusal(HUGE[kind]).reason == "too_many_pixels"


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_huge_headers_take_no_memory() -> None:
    """Refusing them allocates nothing of their size: the peak of a process grows by less than 20 MB."""
    script = (
        "import pathlib, pickle, sys\n"
        "from countenance.backends.photos import PillowReader\n"
        "from countenance.errors import BadPhoto\n"
        "def peak():\n"  # not ru_maxrss, which begins at the peak of the parent process
        "    status = pathlib.Path('/proc/self/status').read_text()\n"
        "    return int(status.split('VmHWM:')[1].split()[0])\n"
        "ordinary, photos = pickle.load(sys.stdin.buffer)\n"
        "PillowReader().read(ordinary)\n"
        "before = peak()\n"
        "for photo in photos:\n"
        "    try: PillowReader().read(photo)\n"
        "    except BadPhoto: continue\n"
        "    sys.exit('read')\n"
        "print(peak() - before)\n"
    )
    photos = pickle.dumps((saved(PORTRAIT, "PNG"), list(HUGE.values())))
    path = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], input=photos, env=path, capture_output=True, check=True)
    assert int(done.stdout) < 20_000  # KiB


def test_between_the_caps_pillow_does_not_warn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A photo that Pillow would warn of, and we allow, is read without a word; Pillow's limit stays."""
    monkeypatch.setattr(Pillow, "MAX_IMAGE_PIXELS", 20_000)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        assert READER.read(saved(PORTRAIT, "TIFF")).image.shape == (160, 200, 3)
    assert heard == []


def test_threads_leave_the_warning_filters_alone() -> None:
    """Many threads at once read the same pictures, and afterwards warnings are errors as before."""
    photos = [saved(PORTRAIT, kind) for kind in ("JPEG", "PNG", "TIFF")]
    before = list(warnings.filters)
    images: list[NDArray[np.uint8]] = []

    def work() -> None:
        images.extend(READER.read(photo).image for photo in photos * 5)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(images) == 60
    assert list(warnings.filters) == before


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.binary(max_size=300), st.sampled_from([b"", *decode._SIGNATURES, b"RIFF\0\0\0\0WEBPVP8 ", b"\0\0\0\x18ftypheic"])
)
def test_random_bytes(tail: bytes, head: bytes) -> None:
    """Arbitrary bytes are refused, and raise nothing else."""
    refusal(head + tail)


TARGETS = [saved(PORTRAIT.resize((64, 48)), kind) for kind in ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "AVIF", "HEIF")]


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    st.sampled_from(TARGETS),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=4)), min_size=1, max_size=8),
)
def test_random_corruption(photo: bytes, edits: list[tuple[float, bytes]]) -> None:
    """A damaged photo is read or refused, and raises nothing else."""
    damaged = bytearray(photo)
    for where, what in edits:
        start = int(where * len(photo))
        damaged[start : start + len(what)] = what
    image = outcome(bytes(damaged))
    assert image in REASONS if isinstance(image, str) else image.ndim == 3
