# SPDX-License-Identifier: Apache-2.0
"""The keyring: one random 256-bit key per subject, photo, source and client, wrapped by the root key.

It is a file of its own, which never goes into a data backup. Deleting a key destroys whatever it sealed,
wherever copies lie. A key without a record is harmless (a crash between the two stores leaves one);
a record without a key cannot be read, so keys are committed first.

A destroyed key leaves a tombstone, HMAC-SHA256(tag key, owner id): whoever has the keyring can ask whether an id was
destroyed, so that no backup brings it back; nobody else can read anything from it. Ids are random, so a tombstone
says nothing about a face or a name.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, bindparam, func, insert, select

from countenance.errors import Damaged, KeyGone, WrongRootKey
from countenance.store.database import Opened, compact, mapped_errors, open_sqlite, rewrite, transaction
from countenance.store.keyring_rows import CANARY as _CANARY
from countenance.store.keyring_rows import bury as _bury
from countenance.store.keyring_rows import delete as _delete
from countenance.store.keyring_rows import end_rotation as _end_rotation
from countenance.store.keyring_rows import frozen_mark, thawed_mark
from countenance.store.keyring_rows import key_table as _key
from countenance.store.keyring_rows import metadata as _metadata
from countenance.store.keyring_rows import opens as _opens
from countenance.store.keyring_rows import tombstone_table as _tombstone
from countenance.store.keyring_rows import wrapped as _wrapped
from countenance.store.root_key import RootKey
from countenance.store.sealing import KEY_BYTES, Opener, seal, unseal

_AT_ONCE = 1000  # owners in one statement; SQLite takes 32,766
HOLD_TURN = -1  # marks the freeze of a hold, which no order thaws
ESCROW = ":"  # between a hold and the owner of a key, in the name of an entry of its escrow
LOG_KEY = "log"  # seals the salts of entries that are about nobody
SIGNING_KEY = "signing"  # Ed25519 seed of checkpoints and certificates
TAG_KEY = "tag"  # keys the tags that photos are known by, and the tombstones
_SYSTEM = (_CANARY, LOG_KEY, SIGNING_KEY, TAG_KEY)  # made with the keyring, owned by no record
_SOME = select(_key.c.owner, _key.c.wrapped).where(_key.c.owner.in_(bindparam("owners", expanding=True)))  # made once


class Keyring:
    """Keys by owner id.

    Raises:
        WrongRootKey: on opening, where the root key does not open the keyring.
    """

    def __init__(self, path: Path, root: bytes) -> None:
        self._root = root
        self._file = Opened(path)
        self._cache: dict[str, bytes] = {}
        with mapped_errors(), self._engine.connect() as connection:
            _metadata.create_all(connection, checkfirst=True)
            connection.commit()
            new = _wrapped(connection, _CANARY) is None
        if new:
            self._put({owner: secrets.token_bytes(KEY_BYTES) for owner in _SYSTEM})
        with mapped_errors(), self._engine.connect() as connection:
            self._canary = _wrapped(connection, _CANARY)
        if not _opens(root, self._canary):
            raise WrongRootKey("this root key does not open this keyring; put the right root.key back")

    @classmethod
    def open(cls, path: Path, place: RootKey) -> Keyring:
        """Open a keyring with the root key of a place, and end the rotation that a crash cut short there.

        Raises:
            WrongRootKey: neither the root key nor the next one opens it.
        """
        root = place.read()
        try:
            return cls(path, root)
        except WrongRootKey:
            engine = open_sqlite(path)
            found = _end_rotation(engine, place)
            if found is None:
                raise
            compact(engine)
            return cls(path, found)

    @classmethod
    def filled(cls, path: Path, root: bytes, keys: Mapping[str, bytes]) -> Keyring:
        """Make a keyring of keys that another one held."""
        ring = cls(path, root)
        with ring._engine.connect() as connection, transaction(connection, write=True):
            _delete(connection, set(_SYSTEM) - {_CANARY})  # those just made, which seal nothing
        ring._put({owner: key for owner, key in keys.items() if owner != _CANARY})
        return ring

    @property
    def _engine(self) -> Engine:
        return self._file.engine

    def kept_open(self) -> AbstractContextManager[None]:
        """Keep the file open for a batch."""
        return self._file.for_a_batch()

    def require_usable(self) -> None:
        """Prove that the keyring is there, and that the root key it was opened with is still the one in force.

        Raises:
            Damaged: its file is gone.
            WrongRootKey: another process rotated the root key.
        """
        self._file.require_there()
        with mapped_errors(), self._engine.connect() as connection:
            self._still_ours(connection)

    def create(self, owners: Iterable[str]) -> None:
        """Make and store a key for each owner, durable on return."""
        self._put({owner: secrets.token_bytes(KEY_BYTES) for owner in owners})

    def let_go(self, owners: Iterable[str]) -> None:
        """Forget the unwrapped keys of some owners, which are not needed soon: memory stays flat over a long run."""
        for owner in owners:
            self._cache.pop(owner, None)

    def key(self, owner: str) -> bytes:
        """Return the key of an owner.

        Raises:
            KeyGone: there is none.
            Damaged: it does not open.
            WrongRootKey: another process rotated the root key.
        """
        if owner not in self._cache:
            with mapped_errors(), self._engine.connect() as connection:
                wrapped = _wrapped(connection, owner)
                if wrapped is None:
                    raise _gone(owner)
                self._still_ours(connection)
            self._cache[owner] = unseal(self._root, wrapped, f"key:{owner}")
        return self._cache[owner]

    def several(self, owners: Iterable[str]) -> dict[str, bytes]:
        """Return the keys of some owners, and keep none of them: what building a gallery wants.

        Raises:
            KeyGone: one has none.
            Damaged: one does not open.
            WrongRootKey: another process rotated the root key.
        """
        wanted = set(owners)
        rows = self._rows(wanted)
        if len(rows) < len(wanted):
            raise _gone(min(wanted - rows.keys()))
        with mapped_errors(), self._engine.connect() as connection:
            self._still_ours(connection)
        opener = Opener(self._root)
        return {owner: opener.unseal(wrapped, f"key:{owner}") for owner, wrapped in rows.items()}

    def discard(self, owners: Iterable[str]) -> None:
        """Delete the keys of files that are thrown away; they leave no tombstone, because no backup holds them.

        Raises:
            Busy: another process reads the keyring; the keys are deleted, their bytes may remain.
        """
        gone = list(owners)
        with self._engine.connect() as connection, transaction(connection, write=True):
            count = _delete(connection, gone)
        for owner in gone:
            self._cache.pop(owner, None)
        if count:
            compact(self._engine)

    def contents(self) -> dict[str, bytes]:
        """Return every key by its owner, those of the system too: what a sealed backup of the keyring holds."""
        with self._engine.connect() as connection, transaction(connection, write=False):
            return self._all(connection)

    def owners(self) -> set[str]:
        """Return every id that has a key."""
        with mapped_errors(), self._engine.connect() as connection:
            return set(connection.execute(select(_key.c.owner)).scalars()) - set(_SYSTEM)

    def of_kind(self, kind: str) -> set[str]:
        """Return the owners of one kind, the prefix of their ids, that have a key."""
        query = select(_key.c.owner).where(_key.c.owner >= f"{kind}_", _key.c.owner < f"{kind}`")
        with mapped_errors(), self._engine.connect() as connection:
            return set(connection.execute(query).scalars())

    def count(self) -> int:
        """Return how many ids have a key."""
        with mapped_errors(), self._engine.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(_key)).scalar_one()) - len(_SYSTEM)

    def destroy(self, owners: Iterable[str], at: datetime) -> int:
        """Delete keys, leave a tombstone of each owner and no byte of a key; return how many keys there were.

        An owner may be any id that must not come back, also one that never had a key.

        Raises:
            Busy: another process reads the keyring; the keys are deleted, their bytes may remain.
        """
        gone = list(owners)
        tags = [self.tag(owner) for owner in gone]
        with self._engine.connect() as connection, transaction(connection, write=True):
            count = _delete(connection, gone)
            _bury(connection, tags, at)
        for owner in gone:
            self._cache.pop(owner, None)
        compact(self._engine)
        return count

    def keep(self, owners: Iterable[str]) -> None:
        """Delete every key but these, without tombstones: the others belong to another state of the records."""
        kept = {*owners, *_SYSTEM}
        with self._engine.connect() as connection, transaction(connection, write=True):
            _delete(connection, set(connection.execute(select(_key.c.owner)).scalars()) - kept)
        self._cache = {}
        compact(self._engine)

    def escrow(self, hold: str, owners: Iterable[str], wrap: Callable[[str, bytes], bytes]) -> int:
        """Take keys out of the ring and into the escrow of a hold, without tombstones; return how many.

        Args:
            wrap: seals the key of an owner so that it takes the escrow key to open it.

        Raises:
            Busy: another process reads the keyring; the keys are moved, bytes of them may remain.
        """
        moved = {owner: f"{hold}{ESCROW}{owner}" for owner in self.holding(owners)}
        self.load_some(moved)
        self._swap({new: wrap(owner, self.key(owner)) for owner, new in moved.items()}, moved)
        return len(moved)

    def return_from_escrow(self, opened: Mapping[str, bytes], gone: Iterable[str]) -> None:
        """Put keys back into the ring and delete entries of the escrow.

        Args:
            opened: the keys by owner.
            gone: the entries, as `escrowed` names them.
        """
        self._swap(opened, gone)

    def escrowed(self) -> dict[str, str]:
        """Return the owners whose keys lie in escrow, each with the entry that holds the key."""
        query = select(_key.c.owner).where(_key.c.owner > "hol_", _key.c.owner < "hol`")  # a range of the index
        with mapped_errors(), self._engine.connect() as connection:
            entries = list(connection.execute(query).scalars())
        return {entry.partition(ESCROW)[2]: entry for entry in entries if ESCROW in entry}

    def _swap(self, new: Mapping[str, bytes], old: Iterable[str]) -> None:
        gone = list(old)
        rows = [(o, seal(self._root, k, f"key:{o}")) for o, k in new.items()]
        if not rows and not gone:
            return
        with self._engine.connect() as connection, transaction(connection, write=True):
            self._still_ours(connection)
            if rows:
                connection.exec_driver_sql("INSERT OR REPLACE INTO wrapped_key (owner, wrapped) VALUES (?, ?)", rows)
            _delete(connection, gone)
        for owner in (*gone, *new):
            self._cache.pop(owner, None)
        compact(self._engine)

    def load_some(self, owners: Iterable[str]) -> None:
        """Unwrap the keys of these owners at once, as far as they have one."""
        opener = Opener(self._root)
        self._cache.update((o, opener.unseal(wrapped, f"key:{o}")) for o, wrapped in self._rows(owners).items())

    def tag(self, owner: str) -> bytes:
        """Return the tombstone that an id has, or would have."""
        return self.mac(owner.encode())

    def buried(self, owners: Iterable[str]) -> set[str]:
        """Return which of these have a tombstone."""
        tags = set(self.tombstones())
        if not tags:
            return set()
        key = self.key(TAG_KEY)  # once: a restore asks for every id there is
        return {owner for owner in owners if hmac.digest(key, owner.encode(), "sha256") in tags}

    def tombstones(self) -> list[bytes]:
        """Return the tombstones, in order of their bytes."""
        with mapped_errors(), self._engine.connect() as connection:
            return list(connection.execute(select(_tombstone.c.tag).order_by(_tombstone.c.tag)).scalars())

    def frozen(self, subjects: Iterable[str]) -> set[str]:
        """Return whom of these an order froze and none let go, whatever the records say."""
        tags = set(self.tombstones())
        found = set()
        for subject in subjects if tags else ():
            if self.mac(frozen_mark(subject, HOLD_TURN)) in tags:
                found.add(subject)
            turn = 0
            while self.mac(frozen_mark(subject, turn)) in tags:
                if self.mac(thawed_mark(subject, turn)) not in tags:
                    found.add(subject)
                turn += 1
        return found

    def bury(self, tags: Iterable[bytes], at: datetime) -> None:
        """Add tombstones, of a copy of this keyring or of ids that have no key; keys are left as they are."""
        with self._engine.connect() as connection, transaction(connection, write=True):
            _bury(connection, tags, at)

    def mac(self, data: bytes) -> bytes:
        """Return a keyed digest, by which this keyring and its copies know what they wrote (HMAC-SHA256)."""
        return hmac.digest(self.key(TAG_KEY), data, "sha256")

    def rotate(self, place: RootKey) -> int:
        """Wrap every key by a new root key; return how many. Nothing that the keys sealed is touched.

        The next root key is durable before the keys change, and takes its place after: killed at any moment, `open`
        finds one of the two that opens the keyring.

        Raises:
            WrongRootKey: another process rotated meanwhile.
            Busy: another process reads the keyring; the root key is rotated, but bytes of old wrapped keys may remain.
        """
        new = place.fresh()
        with self._engine.connect() as connection, transaction(connection, write=True):
            keys = self._all(connection)
            place.stage(new)
            rows = [(seal(new, key, f"key:{owner}"), owner) for owner, key in keys.items()]
            connection.exec_driver_sql("UPDATE wrapped_key SET wrapped = ? WHERE owner = ?", rows)
            canary = _wrapped(connection, _CANARY)
        self._root, self._canary = new, canary
        try:
            compact(self._engine)  # before the swap, so that a rotation without this can be told
        finally:
            _end_rotation(self._engine, place)
        return len(keys)

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

    def rewrite(self) -> None:
        """Write the file anew, so that no unused byte of an old page is left.

        Raises:
            Busy: another process reads the keyring.
        """
        rewrite(self._engine)

    def __contains__(self, owner: str) -> bool:
        """Say whether an owner has a key."""
        with mapped_errors(), self._engine.connect() as connection:
            return _wrapped(connection, owner) is not None

    def _rows(self, owners: Iterable[str]) -> dict[str, bytes]:
        """Return the wrapped keys of those owners that have one."""
        wanted = list(owners)
        found: dict[str, bytes] = {}
        with mapped_errors(), self._engine.connect() as connection:
            for start in range(0, len(wanted), _AT_ONCE):
                rows = connection.execute(_SOME, {"owners": wanted[start : start + _AT_ONCE]})
                found.update((row.owner, row.wrapped) for row in rows)
        return found

    def _all(self, connection: Connection) -> dict[str, bytes]:
        self._still_ours(connection)
        rows = connection.execute(select(_key.c.owner, _key.c.wrapped)).all()
        return {owner: unseal(self._root, wrapped, f"key:{owner}") for owner, wrapped in rows}

    def _put(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            return
        rows = [{"owner": o, "wrapped": seal(self._root, k, f"key:{o}")} for o, k in keys.items()]
        with self._engine.connect() as connection, transaction(connection, write=True):
            if _CANARY not in keys:
                self._still_ours(connection)
            connection.execute(insert(_key), rows)
        self._cache.update(keys)

    def _still_ours(self, connection: Connection) -> None:
        if _wrapped(connection, _CANARY) != self._canary:
            raise WrongRootKey("another process rotated the root key; run the command again")


def _gone(owner: str) -> Damaged:
    # The log's own key is never destroyed: without it this is no keyring of ours.
    kind = Damaged if owner == LOG_KEY else KeyGone
    return kind(f"the key of {owner} is gone; what it sealed cannot be read")
