# SPDX-License-Identifier: Apache-2.0
"""Reading a manifest: a CSV that says which subject is in which photo.

    photo,subject,x,y,w,h
    2026/party/0001.jpg,sub_7k2m0q9x4t8b5c1d,812,340,210,260
    2026/party/0002.jpg,Ada Example

`photo` is a path relative to the manifest's folder, or absolute. `subject` is an id or an unambiguous label.
The box is in pixels of the upright photo, from its top left corner; without it the claim is for the photo.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from countenance.errors import BadManifest
from countenance.ids import SubjectId
from countenance.model.face import Box
from countenance.model.source import Attribution
from countenance.services.attribution import Claim

_SHORT = ("photo", "subject")
_LONG = (*_SHORT, "x", "y", "w", "h")


@dataclass(frozen=True)
class ManifestLine:
    """One claim and the line that it stands on."""

    line: int
    claim: Claim

    def check(self, size: tuple[int, int]) -> None:
        """Raise `BadManifest` unless the box lies in a photo of this (height, width)."""
        box = self.claim.box
        height, width = size
        if box is not None and (box.right > width or box.bottom > height):
            raise BadManifest(
                f"manifest line {self.line}: the box reaches outside of the photo, which is {width} x {height} px"
            )


def read_manifest(
    path: Path, subjects: Sequence[SubjectId], labels: Mapping[str, Sequence[SubjectId]]
) -> dict[Path, list[ManifestLine]]:
    """Return the claims by photo.

    Args:
        subjects: the ids that exist.
        labels: ids by case-folded label.

    Raises:
        BadManifest: wrong columns, unknown or ambiguous subjects, a box that is none; all lines are named.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadManifest(f"the manifest {path.name} cannot be read as a CSV in UTF-8: {error}") from error
    header = tuple(cell.strip().lower() for cell in table[0]) if table else ()
    if header not in (_SHORT, _LONG):
        raise BadManifest("manifest line 1: the columns must be photo,subject or photo,subject,x,y,w,h")
    known = set(subjects)
    claims: dict[Path, list[ManifestLine]] = {}
    problems: list[str] = []
    for number, row in enumerate(table[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        try:
            photo, claim = _claim([cell.strip() for cell in row], known, labels)
        except ValueError as error:
            problems.append(f"line {number}: {error}")
        else:
            claims.setdefault((path.parent / photo).resolve(), []).append(ManifestLine(number, claim))
    if problems:
        shown = "; ".join(problems[:20])
        more = f"; and {len(problems) - 20} more" if len(problems) > 20 else ""
        raise BadManifest(f"the manifest {path.name} was not used. {shown}{more}")
    return claims


def _claim(
    row: Sequence[str], subjects: set[SubjectId], labels: Mapping[str, Sequence[SubjectId]]
) -> tuple[str, Claim]:
    if len(row) not in (len(_SHORT), len(_LONG)):
        raise ValueError(f"{len(row)} columns; 2 or 6 are needed")
    photo, name = row[:2]
    if not photo:
        raise ValueError("no photo is named")
    return photo, Claim(_subject(name, subjects, labels), Attribution.MANIFEST, _box(row[2:]))


def _subject(name: str, subjects: set[SubjectId], labels: Mapping[str, Sequence[SubjectId]]) -> SubjectId:
    if name in subjects:
        return SubjectId(name)
    found = labels.get(name.casefold(), ())
    if len(found) != 1:
        problem = "several subjects have" if found else "no subject has"
        raise ValueError(f"{problem} the id or label {name!r}; `countenance subject list` shows them")
    return found[0]


def _box(cells: Sequence[str]) -> Box | None:
    if not any(cells):
        return None
    try:
        x, y, width, height = (float(cell) for cell in cells)
    except ValueError:
        raise ValueError("x, y, w and h must be numbers, in pixels") from None
    if not (x >= 0 and y >= 0 and width > 0 and height > 0):
        raise ValueError("the box lies outside of the photo or is empty")
    return Box(x, y, x + width, y + height)
