# SPDX-License-Identifier: Apache-2.0
"""AES-256-GCM for everything at rest. A sealed value is nonce (12 bytes) || ciphertext || tag (16 bytes).

The context (table, column, row) is authenticated with it, so that a sealed value moved to another row
does not open. Nonces are random; a key seals far fewer than 2^32 values (NIST SP 800-38D, 8.3).
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from countenance.errors import Damaged

KEY_BYTES = 32
_NONCE_BYTES = 12


def seal(key: bytes, plain: bytes | memoryview, context: str) -> bytes:
    """Return the sealed form of some bytes."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, context.encode())


def unseal(key: bytes, sealed: bytes, context: str) -> bytes:
    """Return the plain bytes.

    Raises:
        Damaged: the bytes, the key or the context are not those that were sealed.
    """
    return Opener(key).unseal(sealed, context)


class Opener:
    """One key, made ready once: unseals many values faster than `unseal` does."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """Do as `unseal` does."""
        try:
            return self._aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError) as error:
            raise _damaged(context) from error

    def unseal_into(self, sealed: bytes, context: str, place: memoryview) -> None:
        """Write the plain bytes to a place of just their length, and nowhere else in memory.

        Raises:
            Damaged: as `unseal`, and where their length is another.
        """
        try:
            self._aead.decrypt_into(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode(), place)
        except (InvalidTag, ValueError) as error:
            raise _damaged(context) from error


def _damaged(context: str) -> Damaged:
    return Damaged(f"the sealed value of {context} does not open; run `countenance doctor`")
