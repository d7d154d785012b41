# SPDX-License-Identifier: Apache-2.0
"""Files of pairs, as Labeled Faces in the Wild publishes them.

Fields are separated by tabs. `name a b` is one person, photos a and b; `name a other b` is two people. The official
file begins with a line `folds pairs`; a file without one keeps the order: in each fold the pairs of one person first.
Photo 7 of `Some_Name` is `Some_Name/Some_Name_0007`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from countenance.errors import BadDataset

ListedPair = tuple[int, str, str, bool]
"""Fold, photo, photo (`person/photo` without suffix), and whether both are of one person."""

_SAME, _DIFFERENT = 3, 4


def read_pairs(file: Path) -> list[ListedPair]:
    """Return the pairs of a file.

    Raises:
        BadDataset: it cannot be read, or a line is no pair.
    """
    try:
        lines = [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise BadDataset(f"{file} cannot be read: it is a text of pairs, fields separated by tabs") from error
    first = 0
    if lines and len(lines[0]) < _SAME:  # the official head: number of folds, and of pairs of each kind in one
        first = 1
    found: list[ListedPair] = []
    fold, was_same = 0, True
    for number, fields in enumerate(lines[first:], start=first + 1):
        pair = _pair(fields)
        if pair is None:
            raise BadDataset(f"{file}:{number}: a pair is `name a b` or `name a other b`, with tabs between")
        one, two, same = pair
        fold += same and not was_same
        was_same = same
        found.append((fold, one, two, same))
    if not found:
        raise BadDataset(f"{file} holds no pairs")
    return found


def _pair(fields: Sequence[str]) -> tuple[str, str, bool] | None:
    if len(fields) not in (_SAME, _DIFFERENT) or not fields[1].isdigit() or not fields[-1].isdigit():
        return None
    other = fields[0] if len(fields) == _SAME else fields[2]
    return _photo(fields[0], fields[1]), _photo(other, fields[-1]), len(fields) == _SAME


def _photo(name: str, number: str) -> str:
    return f"{name}/{name}_{int(number):04d}"
