# SPDX-License-Identifier: Apache-2.0
"""One encoding for everything that is hashed or signed: canonical JSON, then SHA-256.

The encoding is the subset of RFC 8785 (JCS) without floating point numbers: keys sorted by
code point, no white space, UTF-8. Numbers with a fraction are written as text by their owner,
so that no two programs can disagree about their last digit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

Value = None | bool | int | str | Sequence["Value"] | Mapping[str, "Value"]


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
_PLAIN = frozenset((str, int, bool, type(None)))  # what nearly every value holds, and needs no closer look


def encode(value: Value) -> bytes:
    """Return the canonical bytes of a value.

    Raises:
        TypeError: the value holds a float or anything that JSON does not have.
    """
    _refuse_floats(value)
    return _ENCODER.encode(value).encode()


def digest(value: Value) -> str:
    """Return the SHA-256 of the canonical bytes, in lower-case hex."""
    return sha256(encode(value))


def sha256(data: bytes) -> str:
    """Return the SHA-256 of some bytes, in lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def _refuse_floats(value: Value) -> None:
    if isinstance(value, float):
        raise TypeError("a float has no canonical form; write it as text")
    if isinstance(value, (dict, Mapping)):  # whether it is a `dict` is seen at once, the rest takes a search
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError("keys are text")
            if type(item) not in _PLAIN:
                _refuse_floats(item)
    elif isinstance(value, (list, tuple, Sequence)) and not isinstance(value, str):
        for item in value:
            if type(item) not in _PLAIN:
                _refuse_floats(item)
