# SPDX-License-Identifier: Apache-2.0
"""Hostile photos through the real upload: hundreds of broken, lying and disguised files, none of which breaks anything.

The corpus is made here, from drawn photos and a fixed seed: every format that the reader knows and some that it does
not, with bits flipped, cut off, headers that lie, bombs of several kinds, and files that are something else as well.
"""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
import pillow_heif
import pytest
from desk_callers import as_searcher, let_in
from fake_pack import blurred, face, photo
from PIL import Image as Pillow
from starlette.testclient import TestClient
from world import World

from countenance.api.limits import Limits
from countenance.model.event import EventTag
from countenance.ports.photos import REASONS

pillow_heif.register_heif_opener()

ASKED = {"purpose": "photo_delivery", "basis": "subject_present"}
PICTURES = (photo(face(1)), photo(face(1), face(2)), photo(blurred(3)), photo())
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "HEIF", "AVIF", "ICO", "TGA", "PPM")
SEED = 20_260_725
GATE = {
    "no_face",
    "several_faces",
    "blurred",
    "too_dark",
    "too_bright",
    "low_contrast",
    "cut_off",
    "turned_away",
    "tilted",
}


def saved(pixels: np.ndarray, kind: str, **more: object) -> bytes:
    out = io.BytesIO()
    Pillow.fromarray(pixels).save(out, kind, **more)
    return out.getvalue()


def originals() -> list[bytes]:
    """Return honest files of every format that can be written here."""
    return [saved(pixels, kind) for pixels in PICTURES for kind in FORMATS]


def flipped(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 2, 8, 64))):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def headless(data: bytes, rng: random.Random) -> bytes:
    """Keep the signature and let the rest of the header say something else."""
    kept = rng.choice((2, 4, 8, 16))
    return data[:kept] + rng.randbytes(rng.choice((8, 32))) + data[kept + 8 :]


def stuffed(data: bytes, rng: random.Random) -> bytes:
    """Put bytes in, leave some out, or repeat some."""
    at, much = rng.randrange(len(data)), rng.randrange(1, 200)
    middle = rng.choice((b"\0" * much, rng.randbytes(much), data[at : at + much] * 2, b"\xff" * much))
    return data[:at] + middle + data[at + rng.choice((0, much)) :]


def numbers(data: bytes, rng: random.Random) -> bytes:
    """Write extreme numbers where a length, an offset or a size may be."""
    out = bytearray(data)
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(max(len(out) - 4, 1))
        worst = rng.choice((0, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFF, 1))
        out[at : at + 4] = struct.pack(rng.choice(("<I", ">I")), worst)
    return bytes(out)


def disguised(data: bytes, rng: random.Random) -> bytes:
    """Make it something else as well: a page, an archive, a document."""
    other = rng.choice(
        (b"<html><script>alert(1)</script>", b"PK\3\4" + b"\0" * 26, b"%PDF-1.7\n", b"MZ", b"#!/bin/sh\n")
    )
    return other + data if rng.random() < 0.5 else data + other


MUTATIONS = (flipped, cut, headless, stuffed, numbers, disguised)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *more: bytes, depth: int = 8, colour: int = 2, rows: bytes = b"") -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(more) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def bombs() -> Iterator[bytes]:
    """Yield files that ask for far more memory, time or depth than they have bytes."""
    nothing = zlib.compress(b"\0" * 2_000_000)
    for width, height in ((65_535, 65_535), (2**31 - 1, 2**31 - 1), (2**31 - 1, 1), (20_000, 20_000), (0, 0), (1, 1)):
        yield png(width, height, rows=nothing)
    yield png(50, 50, rows=nothing)
    body = zlib.compress(b"\0" * 80_000_000, 1)
    for kind in (b"zTXt", b"iTXt", b"iCCP"):
        yield png(112, 112, chunk(kind, b"a\0\0\0\0\0"[: 3 if kind != b"iTXt" else 6] + body), rows=nothing)
    jpeg = saved(PICTURES[0], "JPEG")
    laughs = b"<!DOCTYPE a [<!ENTITY a 'ha'>" + b"".join(
        b"<!ENTITY %c '%s'>" % (98 + n, (b"&%c;" % (97 + n)) * 10) for n in range(9)
    )
    xmp = b"http://ns.adobe.com/xap/1.0/\0<?xml version='1.0'?>" + laughs + b"]><x>&j;</x>"
    ifd = struct.pack("<2sHIH", b"II", 42, 8, 1) + struct.pack("<HHII", 0x8769, 4, 1, 8) + struct.pack("<I", 8)
    deep = struct.pack("<2sHIH", b"II", 42, 8, 60_000) + b"\x12\x01\x05\0\xff\xff\xff\xff\0\0\0\0" * 4_000
    for segment in (xmp, b"Exif\0\0" + ifd, b"Exif\0\0" + deep[:65_000], b"Exif\0\0", b"Exif\0\0" + b"\xff" * 60_000):
        part = b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment
        yield jpeg[:2] + part + jpeg[2:]
        yield jpeg[:2] + part * 40 + jpeg[2:]
    at = jpeg.index(b"\xff\xc0") + 5
    for height, width in ((65_535, 65_535), (0, 0), (1, 65_535)):
        yield jpeg[:at] + struct.pack(">HH", height, width) + jpeg[at + 4 :]
    loop = struct.pack("<2sHIH", b"II", 42, 8, 1) + struct.pack("<HHII", 256, 4, 1, 60_000) + struct.pack("<I", 8)
    yield loop + b"\0" * 200
    frames = [Pillow.fromarray(PICTURES[0]).quantize(16)] * 60
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=10)
    yield out.getvalue()


def others() -> Iterator[bytes]:
    """Yield what is no photo at all."""
    yield from (
        b"",
        b"\0",
        b"\0" * 4096,
        b"\xff" * 4096,
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"RIFF\0\0\0\0WEBP",
    )
    yield b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>"
    yield b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 999 999\nsystemdict /quit get exec"
    yield b"\x7fELF" + b"\0" * 500
    yield b'{"purpose": "photo_delivery"}'
    yield b"\0\0\0\x18ftypheic" + b"\0" * 64
    yield b"\0\0\0\x18ftypavif" + b"\xff" * 64
    yield b"II*\0" + b"\xff" * 64


def corpus() -> list[bytes]:
    """Return every file of the corpus, the same ones at each run."""
    rng = random.Random(SEED)
    good = originals()
    mutated = [mutate(rng.choice(good), rng) for mutate in MUTATIONS for _ in range(72)]
    return [*good, *mutated, *bombs(), *others()]


CORPUS = corpus()


@pytest.fixture
def browser(world: World, server: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A searcher who finds one person, and may ask as fast as it can."""
    let_in(monkeypatch)
    monkeypatch.setattr(Limits, "spend", lambda _limits, _caller: None)
    client, ada = world.client(), world.person("Ada")
    world.sign(ada.id)
    world.enrol(world.source(), ada.id, 1)
    return as_searcher(server(), client)


def test_no_file_breaks_the_search(world: World, browser: TestClient) -> None:
    """Each of at least 500 files is answered or refused with a reason, and the log has as many searches as answers."""
    assert len(CORPUS) >= 500
    seen: Counter[str] = Counter()
    for number, data in enumerate(CORPUS):
        answer = browser.post("/api/v1/searches", params={**ASKED, "face": 1}, content=data)
        if answer.status_code == 201:
            seen["answered"] += 1
            continue
        assert answer.status_code == 422, (number, answer.status_code, data[:20])
        assert answer.json()["reason"] in {*REASONS, *GATE}, (number, answer.json())
        seen[answer.json()["reason"]] += 1
    assert seen["answered"] > 20
    assert {"truncated", "not_an_image", "too_many_pixels", "no_face", "blurred", "empty", "too_small"} <= set(seen)
    assert len(world.log(EventTag.SEARCH_ANSWERED)) == world.rows()["search"] == seen["answered"]
    assert {path.suffix for path in world.data.rglob("*") if path.is_file()}.isdisjoint({".jpg", ".png", ".tmp"})


def test_no_file_breaks_the_form_or_the_look(world: World, browser: TestClient) -> None:
    """The same holds for a form, whatever name and type a browser gives the file, and for a look before a search."""
    before = world.rows()["search"]
    for number, data in enumerate(CORPUS[::9]):
        name, kind = (("../../x.php\0.png", "image/png"), ("", "text/html"), ("a.svg", "image/svg+xml"))[number % 3]
        looked = browser.post("/api/v1/searches/look", params=ASKED, content=data)
        assert looked.status_code in (200, 422), (number, data[:20])
        files = {"photo": (name, data, kind)}
        answer = browser.post("/search", data={**ASKED, "face": "1"}, files=files)
        assert answer.status_code in (200, 400, 422), (
            number,
            data[:20],
        )  # 400: without a name it is a text, and too long
    assert world.rows()["search"] > before
