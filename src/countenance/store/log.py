# SPDX-License-Identifier: Apache-2.0
"""Rows of the log: each event is an entry of an RFC 6962 tree, appended in the transaction that it tells of.

Of an entry, only hour, tag and a salted commitment are ever published. The salt is sealed under the key of the
person whom the event is about, and dies with that key; where it is about nobody, under the log's own.
"""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from countenance import canonical
from countenance.clock import from_text, to_text
from countenance.errors import NotFound
from countenance.ids import SubjectId
from countenance.ledger import entry as entries
from countenance.ledger.entry import Entry
from countenance.ledger.merkle import Frontier, NodeReader
from countenance.model.event import Event, EventTag
from countenance.store import schema
from countenance.store.keyring import LOG_KEY, Keyring
from countenance.store.sealing import seal, unseal


def append(
    connection: Connection,
    keyring: Keyring,
    at: datetime,
    event: tuple[EventTag, SubjectId | None, canonical.Value],
    *,
    record: canonical.Value = None,
    salt: bytes | None = None,
) -> int:
    """Append one event and return its index in the tree, from 0.

    Args:
        event: tag, whom it is about, and the payload: ids, counts and codes only.
        record: what the entry commits to; by default all of the event.
        salt: of the commitment; by default a fresh one.
    """
    tag, subject, payload = event
    salt = salt or entries.new_salt()
    if record is None:
        record = {"at": to_text(at), "tag": tag.value, "subject": subject, "payload": payload}
    entry = entries.make(at, tag.value, salt, record)
    owner = subject if subject is not None and subject in keyring else LOG_KEY
    size = tree_size(connection)
    connection.execute(
        insert(schema.event).values(
            number=size + 1,
            at=to_text(at),
            tag=tag.value,
            subject=subject,
            payload=canonical.encode(payload).decode(),
            commitment=entry.commitment,
            salt_key=owner,
            sealed_salt=seal(keyring.key(owner), salt, f"event.salt:{size}:{owner}"),
        )
    )
    _, nodes = frontier(connection, size).append([entry.leaf_hash()])
    connection.execute(insert(schema.log_node), [{"level": n.level, "number": n.number, "hash": n.hash} for n in nodes])
    return size


def tree_size(connection: Connection) -> int:
    """Return the number of entries."""
    size: int = connection.execute(select(func.coalesce(func.max(schema.event.c.number), 0))).scalar_one()
    return size


def node_reader(connection: Connection) -> NodeReader:
    """Return a reader of the hashes of full subtrees."""
    table = schema.log_node

    def read(level: int, number: int) -> bytes:
        query = select(table.c.hash).where(table.c.level == level, table.c.number == number)
        found: bytes = connection.execute(query).scalar_one()
        return found

    return read


def frontier(connection: Connection, size: int) -> Frontier:
    """Return the right edge of the tree of the first `size` entries."""
    node, hashes, start = node_reader(connection), [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            hashes.append(node(level, start >> level))
            start += 1 << level
    return Frontier(size, tuple(hashes))


def entry_at(connection: Connection, index: int) -> Entry:
    """Return one entry.

    Raises:
        NotFound: the log is shorter.
    """
    row = connection.execute(select(schema.event).where(schema.event.c.number == index + 1)).first()
    if row is None:
        raise NotFound(f"the log has {tree_size(connection)} entries, from 0; there is no entry {index}")
    return _entry(row.at, row.tag, row.commitment)


def all_entries(connection: Connection, size: int) -> list[Entry]:
    """Return the first `size` entries, oldest first."""
    table = schema.event
    query = select(table.c.at, table.c.tag, table.c.commitment).order_by(table.c.number).limit(size)
    return [_entry(*row) for row in connection.execute(query)]


def salt_of(connection: Connection, keyring: Keyring, index: int) -> bytes | None:
    """Return the salt of an entry; None where it died with the person."""
    query = select(schema.event.c.salt_key, schema.event.c.sealed_salt).where(schema.event.c.number == index + 1)
    row = connection.execute(query).one()
    if row.salt_key not in keyring:
        return None
    return unseal(keyring.key(row.salt_key), row.sealed_salt, f"event.salt:{index}:{row.salt_key}")


def find(connection: Connection, tag: EventTag, key: str, value: str) -> int:
    """Return the index of the newest entry of this tag whose payload has this value.

    Raises:
        NotFound: there is none.
    """
    table = schema.event
    query = select(table.c.number, table.c.payload).where(table.c.tag == tag.value).order_by(table.c.number.desc())
    for row in connection.execute(query):
        if json.loads(row.payload).get(key) == value:
            return int(row.number) - 1
    raise NotFound(f"the log has no entry {tag.value} of {value}")


def events(connection: Connection, subject: SubjectId | None = None) -> list[Event]:
    """Return the events, oldest first; only what concerns one subject where one is given."""
    query = select(schema.event).order_by(schema.event.c.number)
    if subject is not None:
        query = query.where(schema.event.c.subject == subject)
    return [
        Event(row.number, from_text(row.at), EventTag(row.tag), row.subject, json.loads(row.payload))
        for row in connection.execute(query)
    ]


def _entry(at: str, tag: str, commitment: bytes) -> Entry:
    return Entry(entries.hour_of(from_text(at)), tag, commitment)
