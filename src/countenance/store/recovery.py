# SPDX-License-Identifier: Apache-2.0
"""Keys sealed to a recovery key, in the age format (https://age-encryption.org/v1), by the library pyrage.

The recovery key is an age identity, kept away from the machine; only its public recipient is known here. The sealed
text is one line of JSON (format, when it was made, until when it is valid) and then one line per key: owner, key in
hexadecimal. The root key is not in it: whoever restores wraps the keys by a root key of the new place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyrage
from pyrage import x25519

from countenance.clock import from_text, to_text
from countenance.errors import BadInput, Damaged, NotWritable
from countenance.store.root_key import write_private

SECRET_MARK = b"AGE-SECRET-KEY-1"
_FORMAT = "countenance keys 1"
_SECRET = re.compile(r"^AGE-SECRET-KEY-1[0-9A-Z]+$", re.MULTILINE)
_RECIPIENT = re.compile(r"\bage1[0-9a-z]+\b")


@dataclass(frozen=True)
class SealedKeys:
    """What a keys backup holds.

    Attributes:
        until: after this moment it must be gone, and is not accepted any more.
        keys: by owner, unwrapped.
    """

    made_at: datetime
    until: datetime
    keys: Mapping[str, bytes] = field(repr=False)


def new_recovery_key(path: Path) -> str:
    """Write a new recovery key, an age identity file (0600), and return its public recipient.

    Raises:
        NotWritable: the file is there already, or cannot be written.
    """
    identity = x25519.Identity.generate()
    recipient = str(identity.to_public())
    try:
        text = f"# Recovery key of Countenance. Keep it offline.\n# public key: {recipient}\n{identity}\n"
        write_private(path, text.encode())
    except OSError as error:
        raise NotWritable(f"the recovery key cannot be written to {path}: {error.strerror}") from error
    return recipient


def recipient_in(path: Path) -> str:
    """Return the public recipient that a file holds: of an age identity, or alone.

    Raises:
        BadInput: there is none.
    """
    found = _RECIPIENT.search(_text(path))
    if found is None:
        raise BadInput(f"{path} holds no age recipient (age1...); `countenance keys recovery` makes one")
    return found.group()


def seal(keys: SealedKeys, recipient: str) -> bytes:
    """Return keys, sealed to a recipient.

    Raises:
        BadInput: the recipient is none.
    """
    header = {"format": _FORMAT, "made_at": to_text(keys.made_at), "valid_until": to_text(keys.until)}
    lines = [json.dumps(header), *(f"{owner} {key.hex()}" for owner, key in keys.keys.items()), ""]
    try:
        return bytes(pyrage.encrypt("\n".join(lines).encode(), [x25519.Recipient.from_str(recipient)]))
    except pyrage.RecipientError as error:
        raise BadInput(f"{recipient} is no age recipient; `countenance keys recovery` makes one") from error


def unseal(path: Path, identity: Path) -> SealedKeys:
    """Return what `seal` sealed.

    Args:
        path: the keys backup.
        identity: the file of the recovery key.

    Raises:
        BadInput: a file cannot be read, the identity is none or another one.
        Damaged: the backup is not as it was written.
    """
    try:
        identities = [x25519.Identity.from_str(line) for line in _SECRET.findall(_text(identity))]
    except pyrage.IdentityError as error:
        raise BadInput(f"{identity} holds a recovery key that was changed; use another copy") from error
    if not identities:
        raise BadInput(f"{identity} holds no recovery key (AGE-SECRET-KEY-1...)")
    try:
        lines = bytes(pyrage.decrypt(path.read_bytes(), identities)).decode().splitlines()
        header = json.loads(lines[0])
        if header["format"] != _FORMAT:
            raise Damaged(f"{path} is of the format {header['format']!r}, which this version does not know")
        keys = {owner: bytes.fromhex(key) for owner, key in (line.split(" ") for line in lines[1:])}
        return SealedKeys(from_text(header["made_at"]), from_text(header["valid_until"]), keys)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    except pyrage.DecryptError as error:
        if "No matching keys" in str(error):
            raise BadInput(f"this recovery key does not open {path}; nothing was changed") from error
        raise Damaged(f"{path} was changed, or is no keys backup ({error}); use another copy") from error
    except (ValueError, KeyError, IndexError) as error:
        raise Damaged(f"{path} is no keys backup; use another copy") from error


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read: {error}") from error
