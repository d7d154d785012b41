# SPDX-License-Identifier: Apache-2.0
"""The names in a photo, as the programs that people use write them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL.PngImagePlugin import PngInfo

from countenance.backends.photos import PillowReader, metadata
from countenance.model.face import Box
from countenance.ports.photos import NamedRegion

READER = PillowReader()
SIZE = (800, 1000)  # height, width

NAMESPACES = (
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/" '
    'xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#" '
    'xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#" '
    'xmlns:MP="http://ns.microsoft.com/photo/1.2/" '
    'xmlns:MPRI="http://ns.microsoft.com/photo/1.2/t/RegionInfo#" '
    'xmlns:MPReg="http://ns.microsoft.com/photo/1.2/t/Region#" '
    'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
)


def packet(body: str) -> bytes:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {NAMESPACES}>'
        f'<rdf:Description rdf:about="">{body}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def dimensions(width: int, height: int) -> str:
    return f'<mwg-rs:AppliedToDimensions stDim:w="{width}" stDim:h="{height}" stDim:unit="pixel"/>'


def mwg(*regions: str, applied: str = "") -> str:
    items = "".join(f"<rdf:li>{region}</rdf:li>" for region in regions)
    return (
        f"<mwg-rs:Regions><rdf:Description>{applied}<mwg-rs:RegionList><rdf:Bag>{items}</rdf:Bag>"
        "</mwg-rs:RegionList></rdf:Description></mwg-rs:Regions>"
    )


def lightroom(name: str, x: object, y: object, w: object, h: object, kind: str = "Face") -> str:
    return (
        f'<rdf:Description mwg-rs:Rotation="0.0" mwg-rs:Name="{name}" mwg-rs:Type="{kind}">'
        f'<mwg-rs:Area stArea:h="{h}" stArea:w="{w}" stArea:x="{x}" stArea:y="{y}"/></rdf:Description>'
    )


def windows(name: str, rectangle: str) -> str:
    return (
        '<MP:RegionInfo rdf:parseType="Resource"><MPRI:Regions><rdf:Bag>'
        f'<rdf:li MPReg:PersonDisplayName="{name}" MPReg:Rectangle="{rectangle}"/>'
        "</rdf:Bag></MPRI:Regions></MP:RegionInfo>"
    )


def persons(*names: str) -> str:
    items = "".join(f"<rdf:li>{name}</rdf:li>" for name in names)
    return f"<Iptc4xmpExt:PersonInImage><rdf:Bag>{items}</rdf:Bag></Iptc4xmpExt:PersonInImage>"


PICASA = """<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:AppliedToDimensions rdf:parseType="Resource">
  <stDim:w>1000</stDim:w><stDim:h>800</stDim:h><stDim:unit>pixel</stDim:unit></mwg-rs:AppliedToDimensions>
  <mwg-rs:RegionList><rdf:Bag><rdf:li rdf:parseType="Resource">
  <mwg-rs:Area rdf:parseType="Resource"><stArea:x>0.5</stArea:x><stArea:y>0.25</stArea:y><stArea:w>0.2</stArea:w>
  <stArea:h>0.1</stArea:h><stArea:unit>normalized</stArea:unit></mwg-rs:Area>
  <mwg-rs:Type>Face</mwg-rs:Type><mwg-rs:Name> Ada Lovelace
  </mwg-rs:Name></rdf:li></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>"""
DIGIKAM = mwg(
    '<rdf:Description mwg-rs:Name="Ada Lovelace" mwg-rs:Type="Face"><mwg-rs:Area stArea:x="0.5" stArea:y="0.25" '
    'stArea:w="0.2" stArea:h="0.1" stArea:unit="normalized"/></rdf:Description>',
    applied=dimensions(1000, 800),
) + windows("Ada Lovelace", "0.4, 0.2, 0.2, 0.1")
LIGHTROOM = mwg(lightroom("Ada Lovelace", 0.5, 0.25, 0.2, 0.1), applied=dimensions(1000, 800)) + persons("Ada Lovelace")
WINDOWS = windows("Ada Lovelace", "0.4, 0.2, 0.2, 0.1")


def tagged(picture: Pillow.Image, kind: str, body: bytes, orientation: int = 1) -> bytes:
    """Return the picture with this XMP packet, put where the format has its place for one."""
    out = io.BytesIO()
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    if kind == "TIFF":
        exif[700] = body
        picture.save(out, kind, exif=exif)
    elif kind == "PNG":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", body.decode())
        picture.save(out, kind, exif=exif, pnginfo=info)
    else:
        picture.save(out, kind, exif=exif.tobytes(), xmp=body)
    return out.getvalue()


def found(body: str, orientation: int = 1, size: tuple[int, int] = SIZE) -> list[tuple[str, list[float] | None]]:
    regions = metadata.read(packet(body), orientation, size)
    return [(region.name, [round(edge, 3) for edge in region.box] if region.box else None) for region in regions]


@pytest.mark.parametrize(
    "body", [PICASA, DIGIKAM, LIGHTROOM, WINDOWS], ids=["picasa", "digikam", "lightroom", "windows"]
)
def test_programs(body: str) -> None:
    """Each program's way to name a face gives the same region, once, in full-size pixels."""
    assert found(body) == [("Ada Lovelace", [400, 160, 600, 240])]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_formats(kind: str) -> None:
    """The packet is found in every format that has a place for one, and scale does not change its boxes."""
    photo = READER.read(tagged(Pillow.new("RGB", (2500, 2000), "gray"), kind, packet(LIGHTROOM)))
    assert photo.scale < 1
    (region,) = photo.regions
    assert region.name == "Ada Lovelace"
    assert region.box == pytest.approx((1000, 400, 1500, 600))


# Around the stored photo's point (0.1, 0.2), 0.02 wide and 0.04 high; the photo is stored 1000 wide, 800 high.
ORIENTED = {
    1: ((800, 1000), Box(90, 144, 110, 176)),
    2: ((800, 1000), Box(890, 144, 910, 176)),
    3: ((800, 1000), Box(890, 624, 910, 656)),
    4: ((800, 1000), Box(90, 624, 110, 656)),
    5: ((1000, 800), Box(144, 90, 176, 110)),
    6: ((1000, 800), Box(624, 90, 656, 110)),
    7: ((1000, 800), Box(624, 890, 656, 910)),
    8: ((1000, 800), Box(144, 890, 176, 910)),
}


@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "HEIF", "AVIF", "WEBP", "PNG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(kind: str, orientation: int) -> None:
    """A region stated for the stored pixels lies on the same pixels of the upright photo."""
    stored = np.zeros((800, 1000, 3), np.uint8)
    stored[144:176, 90:110] = 255
    body = packet(mwg(lightroom("Ada", 0.1, 0.2, 0.02, 0.04), applied=dimensions(1000, 800)))
    photo = READER.read(tagged(Pillow.fromarray(stored), kind, body, orientation))
    size, box = ORIENTED[orientation]
    assert photo.full_size == size
    (region,) = photo.regions
    assert region.box == pytest.approx(box)
    white = photo.image[..., 1] > 128
    assert white[int(box.top) + 2 : int(box.bottom) - 2, int(box.left) + 2 : int(box.right) - 2].all()
    assert white.sum() < 900


def test_regions_drawn_on_the_upright_photo() -> None:
    """Where the dimensions show that a program tagged the photo as shown, it is not turned again."""
    body = mwg(lightroom("Ada", 0.1, 0.2, 0.02, 0.04), applied=dimensions(800, 1000))
    assert found(body, orientation=6, size=(1000, 800)) == [("Ada", [72, 180, 88, 220])]


def test_regions_of_a_photo_that_was_cropped_since() -> None:
    """Boxes that fit the photo no longer are left out, whichever standard repeats them."""
    body = mwg(lightroom("Ada", 0.1, 0.2, 0.1, 0.1), applied=dimensions(1000, 500)) + windows("Ada", "0, 0, .1, .1")
    assert found(body) == []
    assert found(body + persons("Ada")) == [("Ada", None)]


def test_resized_photo_and_missing_dimensions() -> None:
    """A copy of another size keeps its regions, and so does a photo without usable dimensions."""
    for applied in (dimensions(503, 402), dimensions(0, 0), "", "<mwg-rs:AppliedToDimensions stDim:w='x'/>"):
        body = mwg(lightroom("Ada", 0.5, 0.5, 0.2, 0.2), applied=applied)
        assert found(body) == [("Ada", [400, 320, 600, 480])]


def test_what_is_left_out() -> None:
    """Other kinds of regions, empty names and boxes that are none do not count; the rest of the packet does."""
    body = mwg(
        lightroom("Pet", 0.5, 0.5, 0.1, 0.1, kind="Pet"),
        lightroom("  ", 0.5, 0.5, 0.1, 0.1),
        lightroom("Nan", "nan", 0.5, 0.1, 0.1),
        lightroom("Infinite", "inf", 0.5, 0.1, 0.1),
        lightroom("Word", "left", 0.5, 0.1, 0.1),
        lightroom("Empty", 0.5, 0.5, 0.0, 0.1),
        lightroom("Negative", 0.5, 0.5, -0.1, 0.1),
        lightroom("Outside", 1.5, 0.5, 0.1, 0.1),
        '<rdf:Description mwg-rs:Name="No area" mwg-rs:Type="Face"/>',
        lightroom("Border", 0.0, 0.0, 0.2, 0.2),
    )
    assert found(body) == [("Border", [0, 0, 100, 80])]
    assert found(windows("Three", "0.1, 0.2, 0.3") + windows("None", "")) == []


def test_persons_have_no_box() -> None:
    """IPTC names persons without saying where; each name counts once."""
    assert found(persons("Ada", " Grace ", "Ada", "")) == [("Ada", None), ("Grace", None)]


def test_the_same_name_twice() -> None:
    """One standard may name two faces alike: that is for the reader of the regions to judge."""
    body = mwg(lightroom("Ada", 0.2, 0.5, 0.1, 0.1), lightroom("Ada", 0.8, 0.5, 0.1, 0.1))
    assert [name for name, _ in found(body)] == ["Ada", "Ada"]


def test_at_most_two_hundred() -> None:
    """The number of regions is bounded."""
    assert len(found(mwg(*(lightroom(f"N{n}", 0.5, 0.5, 0.1, 0.1) for n in range(300))))) == metadata.MAX_REGIONS


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;&b;</x>'
)


@pytest.mark.parametrize(
    "xmp",
    [
        b"",
        b"<x",
        b"no xml at all",
        BOMB,
        b'<!DOCTYPE x SYSTEM "file:///etc/hostname"><x/>',
        b'<?xml version="1.0" encoding="klingon"?><x/>',
        packet(LIGHTROOM) + b" " * metadata.MAX_XMP_BYTES + b"<",
        b"<a>" * 100_000,
        packet("<rdf:Description>" * 20_000 + "</rdf:Description>" * 20_000),
        packet("<mwg-rs:RegionList>" * 3_000 + "</mwg-rs:RegionList>" * 3_000),
    ],
    ids=["empty", "broken", "text", "bomb", "external", "encoding", "large", "unclosed", "deep", "deep lists"],
)
def test_unusable_packets(xmp: bytes) -> None:
    """A packet that cannot be read safely counts as absent, and the photo stays usable."""
    assert metadata.read(xmp, 1, SIZE) == ()
    if len(xmp) < 60_000:
        out = io.BytesIO()
        Pillow.new("RGB", (60, 60)).save(out, "JPEG", xmp=xmp)
        assert READER.read(out.getvalue()).image.shape == (60, 60, 3)


def test_padding() -> None:
    """A packet may be padded with zeros."""
    body = packet(persons("Ada Åström"))
    assert metadata.read(body + bytes(2000), 1, SIZE) == (NamedRegion("Ada Åström", None),)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 2500), st.integers(0, 255)), min_size=1, max_size=6), st.integers(1, 8))
def test_random_corruption(edits: list[tuple[int, int]], orientation: int) -> None:
    """A damaged packet gives regions inside the photo or none, and raises nothing."""
    damaged = bytearray(packet(DIGIKAM))
    for where, what in edits:
        damaged[where % len(damaged)] = what
    for region in metadata.read(bytes(damaged), orientation, SIZE):
        assert region.name == region.name.strip() != ""
        if region.box is not None:
            assert 0 <= region.box.left < region.box.right <= SIZE[1]
            assert 0 <= region.box.top < region.box.bottom <= SIZE[0]
