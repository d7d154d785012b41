# SPDX-License-Identifier: Apache-2.0
"""The escrow of a hold: keys that were taken out of the ring, and open only with the key of the hold.

That key is a random one in the keyring under the hold's id; or it is the age identity of an outside key holder, whose
public recipient alone is known here, and then nobody on this machine can open what is held.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import pyrage
from pyrage import x25519

from countenance.errors import BadInput
from countenance.model.destruction import Hold
from countenance.store import sealing
from countenance.store.keyring import Keyring

_SECRET = re.compile(r"^AGE-SECRET-KEY-1[0-9A-Z]+$", re.MULTILINE)


def check_recipient(recipient: str | None) -> None:
    """Refuse what is no age recipient.

    Raises:
        BadInput: it is none.
    """
    if recipient is None:
        return
    try:
        x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError as error:
        raise BadInput(f"{recipient} is no age recipient (age1...); its owner makes one with age-keygen") from error


def seal_hold(keyring: Keyring, hold: Hold, owners: Iterable[str]) -> int:
    """Move keys into the escrow of a hold; return how many."""
    if hold.recipient is not None:
        to = [x25519.Recipient.from_str(hold.recipient)]
        return keyring.escrow(hold.id, owners, lambda owner, key: bytes(pyrage.encrypt(_named(owner, key), to)))
    own = keyring.key(hold.id)
    return keyring.escrow(hold.id, owners, lambda owner, key: sealing.seal(own, key, _context(owner)))


def open_hold(keyring: Keyring, hold: Hold, identity: str | None) -> int:
    """Move everything in the escrow of a hold back into the ring; return how many keys.

    Raises:
        BadInput: it takes an outside key holder's identity, which is missing or another one.
    """
    entries = {owner: entry for owner, entry in keyring.escrowed().items() if entry.startswith(hold.id)}
    if hold.recipient is None:
        own = keyring.key(hold.id) if entries else b""
        opened = {owner: sealing.unseal(own, keyring.key(entry), _context(owner)) for owner, entry in entries.items()}
    else:
        opened = _by_identity(keyring, entries, identity)
    keyring.return_from_escrow(opened, entries.values())
    return len(opened)


def _by_identity(keyring: Keyring, entries: dict[str, str], identity: str | None) -> dict[str, bytes]:
    if identity is None:
        raise BadInput("what this hold keeps opens with its key holder's age identity alone; give it (--identity FILE)")
    try:
        own = [x25519.Identity.from_str(line) for line in _SECRET.findall(identity)]
        opened = {owner: bytes(pyrage.decrypt(keyring.key(entry), own)) for owner, entry in entries.items()}
    except (pyrage.IdentityError, pyrage.DecryptError) as error:
        raise BadInput(f"this identity does not open the hold ({error}); nothing was changed") from error
    return {owner: value.removeprefix(_named(owner, b"")) for owner, value in opened.items()}


def _context(owner: str) -> str:
    return f"escrow:{owner}"


def _named(owner: str, key: bytes) -> bytes:
    """Return a key with the owner before it, so that it cannot be passed off as somebody else's."""
    return f"{_context(owner)}\n".encode() + key
