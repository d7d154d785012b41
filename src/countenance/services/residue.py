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

from countenance.store.raw_bytes import pieces

_WINDOW_BYTES = 8
_SKIP_BYTES = 12  # the nonce of a sealed value
_FEW = 1000  # windows; beyond, two bytes tell too little
_STEP = 1 << 18  # offsets looked at together, so that what is in between stays in the cache

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
    hits, sieve = {}, _Sieve(wanted)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found = sum(sieve.hits(chunk) for chunk in _chunks(path))
            if found:
                hits[str(path.relative_to(folder))] = found
    return hits


class _Sieve:
    """Says of every offset at once whether the bytes there may be a window: by their first bits, in a table.

    Two bytes tell a few windows from most other bytes in a table that stays in the processor's cache; for many
    windows it takes three.
    """

    def __init__(self, wanted: Windows) -> None:
        self._wanted = wanted
        few = len(wanted) <= _FEW
        self._type, self._mask = ("<u2", 0xFFFF) if few else ("<u4", 0xFFFFFF)
        self._table = np.zeros(self._mask + 1, bool)
        self._table[(wanted & np.uint64(self._mask)).astype(np.intp)] = True

    def hits(self, data: bytes) -> int:
        """Return at how many offsets one of the windows stands."""
        found = 0
        for start in range(0, len(data) - _WINDOW_BYTES + 1, _STEP):
            count = min(_STEP, len(data) - _WINDOW_BYTES + 1 - start)
            first = np.ndarray((count,), self._type, data, start, (1,))
            maybe = np.flatnonzero(np.take(self._table, first & np.asarray(self._mask, first.dtype)))
            here = np.ndarray((count,), "<u8", data, start, (1,))[maybe]
            at = np.searchsorted(self._wanted, here)
            at[at == len(self._wanted)] = 0
            found += int(np.count_nonzero(self._wanted[at] == here))
        return found


def _chunks(path: Path) -> Iterator[bytes]:
    """Yield a file in pieces that overlap by a window less one byte, so that none is cut in two."""
    kept = b""
    for piece in pieces(path):
        yield kept + piece
        kept = (kept + piece)[-(_WINDOW_BYTES - 1) :]
