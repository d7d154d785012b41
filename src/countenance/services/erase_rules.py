# SPDX-License-Identifier: Apache-2.0
"""When destroying a key destroys what it sealed: the conditions of NIST SP 800-88 Rev. 2 that a program can check.

Cryptographic erase counts only where everything was always encrypted, keys are strong, and every copy of a key can
be destroyed. That nothing is ever written in plain is what `store` sees to, and what the residue scan looks for.
That each sealed column's owner has a key is the doctor's own check.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from countenance.clock import to_text
from countenance.errors import CountenanceError
from countenance.services.backup import folders_of
from countenance.store import root_key, tombstones
from countenance.store.keyring import ESCROW
from countenance.store.raw_bytes import pieces
from countenance.store.records import Transaction
from countenance.store.recovery import SECRET_MARK
from countenance.store.root_key import KeyFile
from countenance.store.sealing import KEY_BYTES

_PRIVATE_FILE = 0o600
_LARGEST_IDENTITY_BYTES = 1 << 16  # an age identity file has 200 bytes; databases need not be read for one


def problems(work: Transaction, directory: Path) -> Iterator[str]:
    """Yield what would keep cryptographic erase from being one, each with what to do."""
    yield from _keys(work)
    yield from _root_key(directory)
    yield from _recovery_key(directory)
    yield from _backups(work)


def _keys(work: Transaction) -> Iterator[str]:
    try:
        keys = work.keyring.contents()
        # What lies in the escrow of a hold is a sealed key, and longer.
        short = sorted(owner for owner, key in keys.items() if len(key) != KEY_BYTES and ESCROW not in owner)
    except CountenanceError as error:
        yield f"a key does not open: {error}"
        return
    for owner in short:
        yield f"the key of {owner} has not {KEY_BYTES * 8} bits; restore the keyring from a backup"


def _root_key(directory: Path) -> Iterator[str]:
    place = root_key.source(directory / "root.key")
    if isinstance(place, KeyFile) and place.path.stat().st_mode & 0o777 != _PRIVATE_FILE:
        yield f"others may read the root key; chmod 600 {place.path.resolve()}"


def _recovery_key(directory: Path) -> Iterator[str]:
    for path in sorted(directory.iterdir()):
        if path.is_file() and path.stat().st_size <= _LARGEST_IDENTITY_BYTES and SECRET_MARK in b"".join(pieces(path)):
            yield f"{path.name} is a recovery key in the data directory: it opens the keys backups; move it away"


def _backups(work: Transaction) -> Iterator[str]:
    """No copy of a key beside backed up data, none that outlives its date, and every tombstone where it is needed."""
    for folder, keys in folders_of(work).items():
        for name, until in sorted(keys.items()):
            if until < work.now and (folder / name).exists():
                yield f"{folder / name} was valid until {to_text(until)}; delete it and its copies"
        for pattern in ("keyring.sqlite*", "root.key*"):
            for path in sorted(folder.glob(f"data-*/{pattern}")):
                yield f"{path} lies with a backup of the data, which it opens; move it away"
        if (folder / tombstones.NAME).exists() and not _told(work, folder):
            yield f"{folder} does not know of all that was destroyed; `countenance backup {folder}` tells it"


def _told(work: Transaction, folder: Path) -> bool:
    try:
        return tombstones.read(folder / tombstones.NAME, work.keyring) >= set(work.keyring.tombstones())
    except (OSError, CountenanceError):
        return False
