# SPDX-License-Identifier: Apache-2.0
"""Secrets that prove something by being known: invitations, sessions, API keys.

A token is `cnt_KIND_SECRET_TAG`: 256 random bits, and 64 bits of an HMAC over them under a key of this data
directory. A wrong token is told by its tag, in microseconds and without a look at the database, so that a flood of
guesses costs next to nothing; the tag proves nothing else, and the secret's hash alone is kept.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from enum import StrEnum

from countenance.store.keyring import Keyring

_SECRET_BYTES = 32
_TAG_HEX = 16
_SHAPE = re.compile(r"cnt_(inv|ses|key)_[A-Za-z0-9_-]{43}_[0-9a-f]{16}", re.ASCII)


class Kind(StrEnum):
    """What a token opens."""

    INVITE = "inv"
    SESSION = "ses"
    KEY = "key"


def new(keyring: Keyring, kind: Kind) -> str:
    """Return a fresh token."""
    body = f"cnt_{kind.value}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    return f"{body}_{_tag(keyring, body)}"


def is_ours(keyring: Keyring, kind: Kind, token: str) -> bool:
    """Say whether this data directory made a token, which may have ended since."""
    if not _SHAPE.fullmatch(token) or not token.startswith(f"cnt_{kind.value}_"):
        return False
    body, _, tag = token.rpartition("_")
    return hmac.compare_digest(_tag(keyring, body), tag)


def digest(token: str) -> bytes:
    """Return what is kept of a token; 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).digest()


def _tag(keyring: Keyring, body: str) -> str:
    return keyring.mac(b"token:" + body.encode()).hex()[:_TAG_HEX]
