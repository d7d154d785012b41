# SPDX-License-Identifier: Apache-2.0
"""From how many references on a gallery keeps no faceprint in memory, but only small codes of them.

A search then reads the few faceprints that its bounds leave from the sealed files, and finds the same to the last bit.
`COUNTENANCE_LEAN` in the environment says `yes` or `no`; without it, the machine's memory decides.
"""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray

from countenance.errors import BadInput

VARIABLE = "COUNTENANCE_LEAN"
NEVER = 1 << 62
_FROM = 5_000_000  # references
_SHARE = 0.25  # of the machine's memory: more than that is not taken for faceprints
_BYTES = 4  # of a number in a faceprint


class Gone(Exception):
    """Some faceprints are in no sealed file and not in the records any more; their slots."""

    def __init__(self, slots: NDArray[np.int32]) -> None:
        super().__init__(f"{len(slots)} faceprints are destroyed")
        self.slots = slots


def lean_from(dim: int) -> int:
    """Return from how many references of so many dimensions on only codes stay in memory.

    Raises:
        BadInput: the environment says neither yes nor no.
    """
    asked = os.environ.get(VARIABLE, "")
    if asked not in ("", "yes", "no"):
        raise BadInput(f"{VARIABLE} is {asked!r}; it can be yes, no, or unset, to let the machine's memory decide")
    if asked:
        return 0 if asked == "yes" else NEVER
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(_FROM, int(_SHARE * memory) // (_BYTES * dim))
