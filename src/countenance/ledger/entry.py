# SPDX-License-Identifier: Apache-2.0
"""What one leaf of the log is: that something of a kind happened in some hour, and a commitment to what.

Leaves are for ever and public, so a leaf says nothing about a person: the record itself is hidden behind
SHA-256(salt || record). The salt is stored sealed with what belongs to the person; when it is destroyed, nobody can
link the leaf to a record any more, not even by guessing it.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from countenance import canonical
from countenance.clock import to_text
from countenance.errors import Malformed
from countenance.ledger import merkle

SALT_BYTES = 32
MAX_ENTRY_BYTES = 65_535  # C2SP tlog-tiles: entries carry a uint16 length prefix.
_VERSION = 1
_TAG = re.compile(r"[a-z_]{1,40}:[a-z_]{1,40}:[a-z_]{1,40}")
_HOUR_CHARACTERS = len("2026-11-24T22")
_HOUR_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}Z")


@dataclass(frozen=True)
class Entry:
    """One entry of the log.

    Attributes:
        hour: `2026-11-24T22Z`, UTC; coarse, so that entries cannot be matched with other logs of the same event.
        tag: an event tag `who:what:action`. Tags that this version does not know are kept as they are.
        commitment: SHA-256 of salt and record, 32 bytes.
    """

    hour: str
    tag: str
    commitment: bytes

    def __post_init__(self) -> None:
        """Refuse what could not be read back.

        Raises:
            Malformed: hour, tag or commitment is not of its form.
        """
        if not _is_hour(self.hour):
            raise Malformed(f"{self.hour!r} is no hour such as 2026-11-24T22Z")
        if not _TAG.fullmatch(self.tag):
            raise Malformed(f"{self.tag!r} is no event tag such as subject:release:signed")
        if len(self.commitment) != hashlib.sha256().digest_size:
            raise Malformed("a commitment is 32 bytes")

    def encode(self) -> bytes:
        """Return the canonical bytes, the data of the leaf."""
        fields: canonical.Value = {
            "v": _VERSION,
            "hour": self.hour,
            "tag": str(self.tag),
            "commitment": self.commitment.hex(),
        }
        return canonical.encode(fields)

    def leaf_hash(self) -> bytes:
        """Return the hash of the leaf, RFC 6962 section 2.1."""
        return merkle.leaf_hash(self.encode())


def new_salt() -> bytes:
    """Return a fresh salt for one entry; it must die with the person whom the record is about."""
    return secrets.token_bytes(SALT_BYTES)


def commit(salt: bytes, record: bytes) -> bytes:
    """Return SHA-256(salt || record).

    Raises:
        ValueError: the salt is not 32 bytes; without it a record could be guessed.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt is {SALT_BYTES} bytes")
    return hashlib.sha256(salt + record).digest()


def make(at: datetime, tag: str, salt: bytes, record: canonical.Value) -> Entry:
    """Return the entry of a record that was made at a moment.

    Raises:
        ValueError: the moment is naive, or the salt is not 32 bytes.
    """
    return Entry(hour_of(at), tag, commit(salt, canonical.encode(record)))


def hour_of(at: datetime) -> str:
    """Return the hour of a moment, such as `2026-11-24T22Z`.

    Raises:
        ValueError: the moment is naive.
    """
    return f"{to_text(at)[:_HOUR_CHARACTERS]}Z"


def parse(data: bytes) -> Entry:
    """Return the entry that these bytes are.

    Raises:
        Malformed: they are not the canonical bytes of an entry.
    """
    if len(data) > MAX_ENTRY_BYTES:
        raise Malformed(f"an entry of {len(data)} bytes; at most {MAX_ENTRY_BYTES} fit")
    try:
        fields = json.loads(data)
        entry = Entry(fields["hour"], fields["tag"], bytes.fromhex(fields["commitment"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Malformed("not an entry of this kind of log") from error
    if entry.encode() != data:
        raise Malformed("an entry that is not in canonical form")
    return entry


def _is_hour(text: str) -> bool:
    try:
        return _HOUR_FORM.fullmatch(text) is not None and bool(datetime.fromisoformat(text[:-1]))
    except ValueError:  # The form is right, but there is no such day or hour.
        return False
