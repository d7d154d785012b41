# SPDX-License-Identifier: Apache-2.0
"""The rows of the keyring: its two tables, and what is done to them inside of a transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Column, Connection, Engine, LargeBinary, MetaData, Table, Text, insert, select

from countenance.clock import to_text
from countenance.errors import Damaged
from countenance.store.database import transaction
from countenance.store.root_key import RootKey
from countenance.store.sealing import unseal

metadata = MetaData()
key_table = Table(
    "wrapped_key",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
)
tombstone_table = Table(
    "tombstone",
    metadata,
    Column("tag", LargeBinary, primary_key=True),
    Column("at", Text, nullable=False),
)
CANARY = "canary"  # says whether a root key is the right one


def wrapped(connection: Connection, owner: str) -> bytes | None:
    """Return the wrapped key of an owner; None where there is none."""
    found: bytes | None = connection.execute(select(key_table.c.wrapped).where(key_table.c.owner == owner)).scalar()
    return found


def opens(root: bytes | None, canary: bytes | None) -> bool:
    """Say whether a root key opens the keyring of this canary."""
    if root is None or canary is None:
        return False
    try:
        unseal(root, canary, f"key:{CANARY}")
    except Damaged:
        return False
    return True


def end_rotation(engine: Engine, place: RootKey) -> bytes | None:
    """Put the next root key in its place, if it is the one that opens the keyring; return the one that does.

    Under the keyring's write lock no rotation can be under way, and none can be ended twice.
    """
    with engine.connect() as connection, transaction(connection, write=True):
        canary = wrapped(connection, CANARY)
        root = place.read()
        if opens(root, canary):
            return root
        root_new = place.staged()
        if not opens(root_new, canary):
            return None
        place.swap()
        return root_new


def delete(connection: Connection, owners: Iterable[str]) -> int:
    """Delete the keys of some owners; return how many there were."""
    rows = [(owner,) for owner in owners]
    if not rows:
        return 0
    return connection.exec_driver_sql("DELETE FROM wrapped_key WHERE owner = ?", rows).rowcount


def bury(connection: Connection, tags: Iterable[bytes], at: datetime) -> None:
    """Add tombstones; those that are there already stay as they are."""
    rows = [{"tag": tag, "at": to_text(at)} for tag in tags]
    if rows:
        connection.execute(insert(tombstone_table).prefix_with("OR IGNORE"), rows)


def frozen_mark(subject: str, turn: int) -> bytes:
    """Return what the tombstone of a freeze by an order is made of.

    Args:
        turn: how many orders froze the person before; an older backup is frozen again unless each was thawed.
    """
    return f"frozen:{turn}:{subject}".encode()


def thawed_mark(subject: str, turn: int) -> bytes:
    """Return what the tombstone of a freeze's end is made of."""
    return f"thawed:{turn}:{subject}".encode()
