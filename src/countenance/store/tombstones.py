# SPDX-License-Identifier: Apache-2.0
"""The file of tombstones beside backups: what was destroyed must not come back with them.

Text: a first line, one tombstone in hexadecimal per line, and a last line with the keyring's MAC of all before it,
so that nobody without the keyring can take one out.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from pathlib import Path

from countenance.errors import Damaged
from countenance.ids import new_id
from countenance.store.keyring import Keyring
from countenance.store.root_key import sync_folder, write_private

NAME = "tombstones"
_FIRST = "countenance tombstones 1\n"
_MAC = "mac "


def read(path: Path, keyring: Keyring) -> set[bytes]:
    """Return the tombstones of a file.

    Raises:
        Damaged: the file is missing, or it is not as a copy of this keyring wrote it.
        OSError: it cannot be read.
    """
    try:
        text = path.read_bytes().decode()
        body, _, mac = text.rpartition(_MAC)
        if not body.startswith(_FIRST) or not hmac.compare_digest(bytes.fromhex(mac), keyring.mac(body.encode())):
            raise Damaged(f"{path} was changed, or belongs to another keyring; use an untouched copy of the backup")
        return {bytes.fromhex(line) for line in body.splitlines()[1:]}
    except FileNotFoundError as error:
        raise Damaged(f"{path} is missing, so nobody could say who was destroyed since the backup") from error
    except ValueError as error:
        raise Damaged(f"{path} is no file of tombstones; use an untouched copy of the backup") from error


def spread(path: Path, keyring: Keyring) -> None:
    """Add all tombstones of a keyring to a file.

    Processes that do this at the same time may overwrite each other's; whoever did sees it here and writes again.
    """
    while not (own := set(keyring.tombstones())) <= (held := read(path, keyring)):
        write(path, keyring, own | held)


def write(path: Path, keyring: Keyring, tags: Iterable[bytes]) -> None:
    """Write a file of tombstones, at once or not at all."""
    body = _FIRST + "".join(f"{tag.hex()}\n" for tag in sorted(tags))
    new = path.with_name(f".{new_id(path.name)}")
    try:
        write_private(new, f"{body}{_MAC}{keyring.mac(body.encode()).hex()}\n".encode())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    sync_folder(path.parent)
