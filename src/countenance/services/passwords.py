# SPDX-License-Identifier: Apache-2.0
"""Passwords as Argon2id hashes, and codes of authenticator apps (TOTP, RFC 6238).

Sources: RFC 9106 (second recommended parameters: 64 MiB, 3 passes); NIST SP 800-63B-4, 3.1.1 and 3.1.4.
"""

from __future__ import annotations

import hmac
import unicodedata
from datetime import datetime
from functools import cache
from threading import BoundedSemaphore

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from countenance.errors import TooMany

_AT_ONCE = 2  # hashes; each takes 64 MiB and a core
_WAIT_S = 5
_LOOKED_AT = 72  # characters that are weighed: what is weak so far is refused, and the time to weigh stays small
_PERIOD_S = 30
_DRIFT = (-1, 0, 1)  # steps by which somebody's clock may be off

_HASHER = PasswordHasher()
_TURN = BoundedSemaphore(_AT_ONCE)


def encode(password: str) -> str:
    """Return the hash of a password, with its parameters.

    Raises:
        TooMany: too many passwords are being looked at.
    """
    with _Turn():
        return _HASHER.hash(_plain(password))


def is_right(password: str, encoded: str | None) -> bool:
    """Say whether a password is the one that was hashed; takes as long where there is none.

    Raises:
        TooMany: too many passwords are being looked at.
    """
    with _Turn():
        try:
            _HASHER.verify(encoded or _nobody(), _plain(password))
        except (VerificationError, InvalidHashError):
            return False
        return encoded is not None


def guesses(password: str) -> float:
    """Return how many guesses a password takes by whoever knows what is common.

    It knows 30,000 common passwords, names, words, rows of keys, dates, repetitions, and what people swap letters for.

    Source: D. Wheeler, zxcvbn, USENIX Security 2016.
    """
    return float(zxcvbn(_plain(password)[:_LOOKED_AT])["guesses"]) if password else 0.0


def new_secret() -> str:
    """Return a fresh secret for codes: 160 random bits in base 32."""
    return pyotp.random_base32()


def uri(secret: str, account: str, issuer: str) -> str:
    """Return what an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def step_of(code: str, secret: str, now: datetime, last: int) -> int | None:
    """Return the step that a code is of; None for a wrong one, and for one not later than the last that was used."""
    present, codes = int(now.timestamp()) // _PERIOD_S, pyotp.TOTP(secret)
    given = "".join(code.split()).encode()
    found = [
        present + drift
        for drift in _DRIFT
        if present + drift > last and hmac.compare_digest(codes.generate_otp(present + drift).encode(), given)
    ]
    return found[0] if found else None


class _Turn:
    """A turn at hashing; who waits too long is sent away, so that a flood takes neither memory nor threads."""

    def __enter__(self) -> None:
        if not _TURN.acquire(timeout=_WAIT_S):
            raise TooMany("too many people are signing in; wait a moment", _WAIT_S)

    def __exit__(self, *_: object) -> None:
        _TURN.release()


def _plain(password: str) -> str:
    """Return a password as it is hashed: keyboards write one character in more than one way."""
    return unicodedata.normalize("NFKC", password)


@cache
def _nobody() -> str:
    """Return the hash of a password that nobody has."""
    return _HASHER.hash(new_secret())
