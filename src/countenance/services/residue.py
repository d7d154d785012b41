# SPDX-License-Identifier: Apache-2.0
"""Looking for bytes that should be gone: in every file of the data directory, whatever store it belongs to.

What is looked for is remembered as the first eight bytes of each ciphertext behind its nonce, in memory, for one run
alone. Random bytes of that length turn up by chance in one place out of 10^19, so each hit is a residue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_WINDOW_BYTES = 8
_SKIP_BYTES = 12  # the nonce of a sealed value
_CHUNK_BYTES = 1 << 24
_FEW = 32  # up to so many windows, looking for one after the other is faster than for all at every offset

Windows = NDArray[np.uint64]


def windows(values: Iterable[bytes], *, skip: int = _SKIP_BYTES) -> Windows:
    """Return what to look for, sorted: one window of each value, behind its first `skip` bytes.

    A value that is too short to be told from chance is left out.
    """
    cut = [value[skip : skip + _WINDOW_BYTES] for value in values]
    whole = b"".join(window for window in cut if len(window) == _WINDOW_BYTES)
    return np.unique(np.frombuffer(whole, "<u8"))


def count(folder: Path, wanted: Windows) -> dict[str, int]:
    """Return the number of hits by file, for every file below a folder that has any."""
    if not len(wanted):
        return {}
    hits = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found = sum(_hits(chunk, wanted) for chunk in _chunks(path))
            if found:
                hits[str(path.relative_to(folder))] = found
    return hits


def _chunks(path: Path) -> Iterator[bytes]:
    """Yield a file in pieces that overlap by a window less one byte, so that none is cut in two."""
    kept = b""
    with path.open("rb") as file:
        while piece := file.read(_CHUNK_BYTES):
            yield kept + piece
            kept = piece[-(_WINDOW_BYTES - 1) :]


def _hits(data: bytes, wanted: Windows) -> int:
    """Return at how many offsets one of the windows stands."""
    if len(wanted) <= _FEW:
        return sum(data.count(window.tobytes()) for window in wanted)
    found = 0
    for offset in range(_WINDOW_BYTES):
        length = (len(data) - offset) // _WINDOW_BYTES * _WINDOW_BYTES
        if length > 0:
            here = np.frombuffer(data, "<u8", length // _WINDOW_BYTES, offset)
            at = np.searchsorted(wanted, here)
            at[at == len(wanted)] = 0
            found += int(np.count_nonzero(wanted[at] == here))
    return found
