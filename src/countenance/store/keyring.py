# SPDX-License-Identifier: Apache-2.0
"""The keyring: one random 256-bit key per subject, photo and source, wrapped by the root key.

It is a file of its own, which never goes into a data backup. Deleting a key destroys whatever it sealed,
wherever copies lie. A key without a record is harmless (a crash between the two stores leaves one);
a record without a key cannot be read, so keys are committed first.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Column, LargeBinary, MetaData, Table, Text, delete, func, insert, select

from countenance.errors import Damaged, NotInitialised, NotWritable, WrongRootKey
from countenance.store.database import compact, mapped_errors, open_sqlite, transaction
from countenance.store.sealing import KEY_BYTES, Opener, seal, unseal

_AT_ONCE = 1000  # owners in one statement; SQLite takes 32,766
_metadata = MetaData()
_key = Table(
    "wrapped_key",
    _metadata,
    Column("owner", Text, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
)
_CANARY = "canary"  # says whether a root key is the right one
LOG_KEY = "log"  # seals the salts of entries that are about nobody
SIGNING_KEY = "signing"  # Ed25519 seed of checkpoints and certificates
TAG_KEY = "tag"  # keys the tags that photos are known by, and the tombstones
_SYSTEM = (_CANARY, LOG_KEY, SIGNING_KEY, TAG_KEY)  # made with the keyring, owned by no record


def new_root_key(path: Path) -> bytes:
    """Write a fresh root key (hex, mode 0600) and return it."""
    root = secrets.token_bytes(KEY_BYTES)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(root.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return root


def read_root_key(path: Path) -> bytes:
    """Return the root key from its file.

    Raises:
        NotInitialised: there is none.
        NotWritable: it cannot be read.
        WrongRootKey: the file does not hold a 256-bit key.
    """
    try:
        root = bytes.fromhex(path.read_text().strip())
    except FileNotFoundError as error:
        raise NotInitialised(
            f"the root key {path} is missing; without it nothing can be read. Put it back from its safe copy"
        ) from error
    except OSError as error:
        raise NotWritable(f"the root key cannot be read: {error.strerror}; check {path}") from error
    except ValueError as error:
        raise WrongRootKey("the root key file does not hold 64 hexadecimal digits") from error
    if len(root) != KEY_BYTES:
        raise WrongRootKey("the root key file does not hold 64 hexadecimal digits")
    return root


class Keyring:
    """Keys by owner id.

    Raises:
        WrongRootKey: on opening, where the root key does not open the keyring.
    """

    def __init__(self, path: Path, root: bytes) -> None:
        self._root = root
        self._engine = open_sqlite(path)
        self._cache: dict[str, bytes] = {}
        with mapped_errors(), self._engine.connect() as connection:
            _metadata.create_all(connection, checkfirst=True)
            connection.commit()
        if _CANARY not in self:
            self.create(_SYSTEM)
        try:
            self.key(_CANARY)
        except Damaged as error:
            raise WrongRootKey("this root key does not open this keyring; put the right root.key back") from error

    def create(self, owners: Iterable[str]) -> None:
        """Make and store a key for each owner, durable on return."""
        self._put({owner: secrets.token_bytes(KEY_BYTES) for owner in owners})

    def key(self, owner: str) -> bytes:
        """Return the key of an owner.

        Raises:
            Damaged: there is none, or it does not open.
        """
        if owner not in self._cache:
            with mapped_errors(), self._engine.connect() as connection:
                wrapped = connection.execute(select(_key.c.wrapped).where(_key.c.owner == owner)).scalar()
            if wrapped is None:
                raise Damaged(f"the key of {owner} is gone; what it sealed cannot be read")
            self._cache[owner] = unseal(self._root, wrapped, f"key:{owner}")
        return self._cache[owner]

    def load(self, kind: str) -> None:
        """Unwrap the keys of all owners of one kind, the prefix of their ids: what building a gallery wants."""
        query = select(_key.c.owner, _key.c.wrapped).where(_key.c.owner.startswith(f"{kind}_", autoescape=True))
        with mapped_errors(), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        opener = Opener(self._root)
        self._cache.update((owner, opener.unseal(wrapped, f"key:{owner}")) for owner, wrapped in rows)

    def owners(self) -> set[str]:
        """Return every id that has a key."""
        with mapped_errors(), self._engine.connect() as connection:
            return set(connection.execute(select(_key.c.owner)).scalars()) - set(_SYSTEM)

    def count(self) -> int:
        """Return how many ids have a key."""
        with mapped_errors(), self._engine.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(_key)).scalar_one()) - len(_SYSTEM)

    def destroy(self, owners: Iterable[str]) -> int:
        """Delete keys and leave no byte of them in the file; return how many there were.

        Raises:
            Busy: another process reads the keyring; the keys are deleted, their bytes may remain.
        """
        gone = list(owners)
        count = 0
        with self._engine.connect() as connection, transaction(connection, write=True):
            for start in range(0, len(gone), _AT_ONCE):
                some = _key.c.owner.in_(gone[start : start + _AT_ONCE])
                count += connection.execute(delete(_key).where(some)).rowcount
        for owner in gone:
            self._cache.pop(owner, None)
        compact(self._engine)
        return count

    def wrapped(self, owners: Iterable[str]) -> list[bytes]:
        """Return the wrapped keys of some owners: what a scan of raw bytes must not find after their destruction."""
        return list(self._rows(owners).values())

    def holding(self, owners: Iterable[str]) -> set[str]:
        """Return which of some owners have a key."""
        return set(self._rows(owners))

    def compact(self) -> None:
        """Leave no deleted byte in the file or its log.

        Raises:
            Busy: another process reads the keyring.
        """
        compact(self._engine)

    def __contains__(self, owner: str) -> bool:
        """Say whether an owner has a key."""
        with mapped_errors(), self._engine.connect() as connection:
            return connection.execute(select(_key.c.owner).where(_key.c.owner == owner)).first() is not None

    def _rows(self, owners: Iterable[str]) -> dict[str, bytes]:
        """Return the wrapped keys of those owners that have one."""
        wanted = list(owners)
        found: dict[str, bytes] = {}
        with mapped_errors(), self._engine.connect() as connection:
            for start in range(0, len(wanted), _AT_ONCE):
                some = _key.c.owner.in_(wanted[start : start + _AT_ONCE])
                rows = connection.execute(select(_key.c.owner, _key.c.wrapped).where(some))
                found.update((row.owner, row.wrapped) for row in rows)
        return found

    def _put(self, keys: dict[str, bytes]) -> None:
        if not keys:
            return
        rows = [{"owner": o, "wrapped": seal(self._root, k, f"key:{o}")} for o, k in keys.items()]
        with self._engine.connect() as connection, transaction(connection, write=True):
            connection.execute(insert(_key), rows)
        self._cache.update(keys)
