# SPDX-License-Identifier: Apache-2.0
"""The names in a photo's XMP packet: face regions of the MWG and of Microsoft, persons of the IPTC.

digiKam, Lightroom and Picasa write MWG regions (Metadata Working Group, Guidelines 2.0, 5.9), Windows
writes Microsoft's, many write `PersonInImage` of IPTC Photo Metadata. IPTC-IIM has no field for persons.
Whatever cannot be read counts as absent: metadata routes a face to a person, it never spoils a photo.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from countenance.model.face import Box
from countenance.ports.photos import NamedRegion

MAX_XMP_BYTES = 2**20
"""A packet with a hundred regions has some 50 kB."""
MAX_REGIONS = 200
"""Of one photo; more are no photo's people but an attack or an error."""

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_MWG = "{http://www.metadataworkinggroup.com/schemas/regions/}"
_AREA = "{http://ns.adobe.com/xmp/sType/Area#}"
_DIM = "{http://ns.adobe.com/xap/1.0/sType/Dimensions#}"
_MPRI = "{http://ns.microsoft.com/photo/1.2/t/RegionInfo#}"
_MPREG = "{http://ns.microsoft.com/photo/1.2/t/Region#}"
_IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"

_Key = TypeVar("_Key", str, int)

_SAME_ASPECT = 0.02  # relative; a photo of 250 px may be rounded by one pixel a side

# Where a point of the stored photo comes to lie upright, in fractions of the width and the height.
_UPRIGHT: dict[int, Callable[[float, float], tuple[float, float]]] = {
    1: lambda x, y: (x, y),
    2: lambda x, y: (1 - x, y),
    3: lambda x, y: (1 - x, 1 - y),
    4: lambda x, y: (x, 1 - y),
    5: lambda x, y: (y, x),
    6: lambda x, y: (1 - y, x),
    7: lambda x, y: (1 - y, 1 - x),
    8: lambda x, y: (y, 1 - x),
}

_Claim = tuple[str, Box]  # a name; left, top, right, bottom in fractions of the photo that was tagged


def read(xmp: bytes, orientation: int, full_size: tuple[int, int]) -> tuple[NamedRegion, ...]:
    """Return the named regions of an XMP packet, at most `MAX_REGIONS`.

    A name that one standard places is not repeated where another standard repeats it: digiKam writes
    both kinds of regions, Lightroom writes regions and persons.

    Args:
        xmp: the packet as stored in the photo; may be empty.
        orientation: EXIF orientation, 1 to 8, of the stored pixels.
        full_size: (height, width) of the upright photo.
    """
    root = _parse(xmp)
    if root is None:
        return ()
    regions: list[NamedRegion] = []
    turn = _turn(root, orientation, full_size)
    for claims in (_mwg(root), _microsoft(root)) if turn else ():
        known = {region.name for region in regions}
        for name, stated in claims:
            box = _placed(stated, turn, full_size)
            if name and name not in known and box is not None:
                regions.append(NamedRegion(name, box))
    known = {region.name for region in regions}
    persons = dict.fromkeys(_persons(root))
    regions += [NamedRegion(name, None) for name in persons if name and name not in known]
    return tuple(regions[:MAX_REGIONS])


def _parse(xmp: bytes) -> Element | None:
    xmp = xmp.strip(b"\0 \t\r\n")
    if not xmp or len(xmp) > MAX_XMP_BYTES:
        return None
    try:
        root: Element = fromstring(xmp, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):  # the last: an unknown encoding
        return None
    return root


def _turn(root: Element, orientation: int, full_size: tuple[int, int]) -> int:
    """Return the orientation of the photo that the regions were drawn on; 0 where they fit no longer.

    Regions refer to the stored pixels; some programs state them for the photo as shown. The dimensions
    that go with them tell the two apart, and tell that the photo was cropped since: then a box would give
    one person's name to another one's face, so that all boxes are left out.
    """
    applied = next(root.iter(f"{_MWG}AppliedToDimensions"), None)
    if applied is None:
        return orientation
    fields = _fields(applied)
    width, height = _numbers(fields, f"{_DIM}w", f"{_DIM}h")
    if not (width > 0 and height > 0):
        return orientation
    upright = full_size[1] / full_size[0]
    stored = 1 / upright if orientation >= 5 else upright
    for aspect, turn in ((stored, orientation), (upright, 1)):
        if abs(width / height / aspect - 1) <= _SAME_ASPECT:
            return turn
    return 0


def _mwg(root: Element) -> Iterator[_Claim]:
    for item in _items(root, f"{_MWG}RegionList"):
        fields = _fields(item)
        area = next(item.iter(f"{_MWG}Area"), None)
        if area is None or fields.get(f"{_MWG}Type") != "Face":
            continue
        x, y, width, height = _numbers(_fields(area), *(f"{_AREA}{key}" for key in "xywh"))
        box = Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        yield fields.get(f"{_MWG}Name", "").strip(), box


def _microsoft(root: Element) -> Iterator[_Claim]:
    for item in _items(root, f"{_MPRI}Regions"):
        fields = _fields(item)
        numbers = dict(enumerate(fields.get(f"{_MPREG}Rectangle", "").split(",")))
        left, top, width, height = _numbers(numbers, 0, 1, 2, 3)
        box = Box(left, top, left + width, top + height)
        yield fields.get(f"{_MPREG}PersonDisplayName", "").strip(), box


def _persons(root: Element) -> Iterator[str]:
    for item in _items(root, f"{_IPTC}PersonInImage"):
        yield (item.text or "").strip()


def _items(root: Element, name: str) -> Iterator[Element]:
    for element in root.iter(name):
        yield from element.iter(f"{_RDF}li")


def _fields(element: Element) -> dict[str, str]:
    """Return an RDF structure's simple fields, be they written as attributes, elements or a description."""
    fields: dict[str, str] = {}
    for part in (element, *element.findall(f"{_RDF}Description")):
        fields |= part.attrib
        fields |= {child.tag: child.text or "" for child in part}
    return fields


def _numbers(fields: Mapping[_Key, str], *keys: _Key) -> list[float]:
    """Return the fields as numbers; nan for what is missing or is none."""
    numbers = []
    for key in keys:
        try:
            numbers.append(float(fields.get(key, "nan")))
        except ValueError:
            numbers.append(math.nan)
    return numbers


def _placed(stated: Box, turn: int, full_size: tuple[int, int]) -> Box | None:
    """Return the box in upright full-size pixels, clipped to the photo; None where nothing is left of it."""
    if not all(map(math.isfinite, stated)) or stated.width <= 0 or stated.height <= 0:
        return None
    height, width = full_size
    ends = (_UPRIGHT[turn](stated.left, stated.top), _UPRIGHT[turn](stated.right, stated.bottom))
    (left, right), (top, bottom) = (
        sorted(min(max(end[axis], 0.0), 1.0) * length for end in ends) for axis, length in ((0, width), (1, height))
    )
    box = Box(left, top, right, bottom)
    return box if box.area > 0 else None
