# SPDX-License-Identifier: Apache-2.0
"""Passwords that are known from breaches, looked up in a file of this machine: no password, nor its hash, leaves it.

The file is that of Have I Been Pwned, ordered by hash: a line `SHA1:COUNT` each, hexadecimal, ascending. Whoever has
another list makes one of the same shape; docs/access.md says how.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from pathlib import Path
from typing import BinaryIO

from countenance.errors import BadInput

_LINE = re.compile(rb"([0-9A-F]{40}):\d+\r?\n?")
_LONGEST_LINE = 80  # bytes
_DIGITS = 40


class BreachedPasswords:
    """A file of hashes, searched by halves: some 40 small reads of the largest list there is.

    Args:
        path: the file; it is opened anew for each look, so it may be replaced while the server runs.

    Raises:
        BadInput: there is no such file, or it does not begin and end as the format says.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with path.open("rb") as file:
                first, last = file.readline(_LONGEST_LINE), _last_line(file)
        except OSError as error:
            raise BadInput(f"the list of breached passwords cannot be read ({error.strerror}): {path}") from error
        begins, ends = _LINE.fullmatch(first), _LINE.fullmatch(last)
        if begins is None or ends is None or begins[1] > ends[1]:
            raise BadInput(f"{path} is no list of breached passwords: lines SHA1:COUNT, ordered by hash")

    def holds(self, password: str) -> bool:
        """Say whether a password is in the list, as it was typed or as it is hashed here.

        Raises:
            BadInput: the file cannot be read any more; nothing is let through unlooked-at.
        """
        forms = {password, unicodedata.normalize("NFKC", password)}
        try:
            with self._path.open("rb") as file:
                return any(_holds(file, _digest(form)) for form in forms)
        except OSError as error:
            raise BadInput(f"the list of breached passwords cannot be read now: {error.strerror}") from error


def _digest(password: str) -> bytes:
    # SHA-1 is the list's index; nothing here rests on its strength.
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()


def _holds(file: BinaryIO, digest: bytes) -> bool:
    """Search by halves for the first line that is not before `digest`; offsets are bytes."""
    low, high = 0, file.seek(0, os.SEEK_END)
    while low < high:
        middle = (low + high) // 2
        file.seek(max(0, middle - 1))
        if middle > 0:
            file.readline(_LONGEST_LINE)  # to where the next line begins
        line = file.readline(_LONGEST_LINE)
        if line and line[:_DIGITS] < digest:
            low = middle + 1
        else:
            high = middle
    file.seek(max(0, low - 1))
    if low > 0:
        file.readline(_LONGEST_LINE)
    return file.readline(_LONGEST_LINE)[:_DIGITS] == digest


def _last_line(file: BinaryIO) -> bytes:
    file.seek(max(0, file.seek(0, os.SEEK_END) - _LONGEST_LINE))
    return file.read().rstrip(b"\r\n").rpartition(b"\n")[2]
