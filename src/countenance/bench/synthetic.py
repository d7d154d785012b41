# SPDX-License-Identifier: Apache-2.0
"""References and probes that are nobody's, drawn as faceprints of a good encoder lie.

Twenty references of each identity lie around a middle, so that the cosine of two of them is about 0.64 and that of
two identities about 0; half of the probes are of identities in the gallery.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from countenance.services.gallery_memory import SEGMENT_ROWS

Floats = NDArray[np.float32]

AT_ONCE = SEGMENT_ROWS
"""Rows that are drawn together."""
_PER_PERSON = 20
_SPREAD = 0.75  # of a sample around its middle, in middles' lengths: gives the cosine above
_ALPHABET = b"0123456789abcdefghjkmnpqrstvwxyz" * 8
_ID_CHARACTERS = 16


def rows(size: int, dim: int) -> Iterator[tuple[int, Floats]]:
    """Yield `size` unit rows, `AT_ONCE` at a time, each time with the number of the first; always the same ones."""
    for start in range(0, size, AT_ONCE):
        count = min(AT_ONCE, size - start)
        random = np.random.default_rng(start)
        middles = random.standard_normal((-(-count // _PER_PERSON), dim), np.float32)
        yield start, _around(middles, random, count)


def probes(size: int, dim: int, count: int) -> Floats:
    """Return new samples of identities of the first part, and as many of identities that are nowhere."""
    random = np.random.default_rng(0)
    known = random.standard_normal((-(-min(size, AT_ONCE) // _PER_PERSON), dim), np.float32)
    fresh = np.random.default_rng(2**40)
    mated = known[fresh.integers(len(known), size=count // 2)]
    both = np.concatenate([mated, fresh.standard_normal(mated.shape, np.float32)])
    both = both + _SPREAD * fresh.standard_normal(both.shape, np.float32)
    found: Floats = (both / np.linalg.norm(both, axis=1, keepdims=True)).astype(np.float32)
    return fresh.permutation(found)


def ids(prefix: str, count: int) -> list[str]:
    """Return many ids as `new_id` makes them, in less time."""
    text = os.urandom(_ID_CHARACTERS * count).translate(_ALPHABET).decode()
    return [f"{prefix}_{text[at : at + _ID_CHARACTERS]}" for at in range(0, len(text), _ID_CHARACTERS)]


def _around(middles: Floats, random: np.random.Generator, count: int) -> Floats:
    found = np.repeat(middles, _PER_PERSON, axis=0)[:count]
    found += _SPREAD * random.standard_normal(found.shape, np.float32)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found
