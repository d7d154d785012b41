# SPDX-License-Identifier: Apache-2.0
"""Rows of the log: each event is an entry of an RFC 6962 tree, appended in the transaction that it tells of.

Of an entry, only hour, tag and a salted commitment are ever published. The salt is sealed under the key of the
person whom the event is about, and dies with that key; where it is about nobody, under the log's own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, select, tuple_

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

NewEvent = tuple[EventTag, SubjectId | None, canonical.Value]
"""Tag, whom it is about, and the payload: ids, counts and codes only."""

# Made once: every transaction asks the first, every entry the others; making one takes as long as running it.
_LAST_MOMENT = select(schema.event.c.at).order_by(schema.event.c.number.desc()).limit(1)
_SIZE = select(func.coalesce(func.max(schema.event.c.number), 0))
_ADD_EVENT, _ADD_NODE = insert(schema.event), insert(schema.log_node)
_NODES = (
    select(schema.log_node.c.hash)
    .where(tuple_(schema.log_node.c.level, schema.log_node.c.number).in_(bindparam("nodes", expanding=True)))
    .order_by(schema.log_node.c.level.desc())
)


def append(
    connection: Connection,
    keyring: Keyring,
    at: datetime,
    event: NewEvent,
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
    subject = event[1]
    owner = subject if subject is not None and subject in keyring else LOG_KEY
    return _append(connection, keyring, at, [_Draft(event, owner, record, salt or entries.new_salt())])


def append_all(connection: Connection, keyring: Keyring, at: datetime, events: Sequence[NewEvent]) -> int:
    """Append several events of one moment, much faster than one by one; return the index of the first."""
    owned = keyring.holding({one[1] for one in events if one[1] is not None})
    drafts = [_Draft(one, one[1] if one[1] in owned else LOG_KEY, None, entries.new_salt()) for one in events]
    return _append(connection, keyring, at, drafts)


class _Draft(NamedTuple):
    """An event on its way: the key that seals its salt, and what its entry commits to (None: the event)."""

    event: NewEvent
    owner: str
    record: canonical.Value
    salt: bytes


def _append(connection: Connection, keyring: Keyring, at: datetime, drafts: Sequence[_Draft]) -> int:
    size, moment = tree_size(connection), to_text(at)
    rows: list[dict[str, object]] = []
    leaves: list[bytes] = []
    for number, ((tag, subject, payload), owner, record, salt) in enumerate(drafts, start=size):
        event: canonical.Value = {"at": moment, "tag": tag.value, "subject": subject, "payload": payload}
        entry = entries.make(at, tag.value, salt, event if record is None else record)
        leaves.append(entry.leaf_hash())
        rows.append(
            {
                "number": number + 1,
                "at": moment,
                "tag": tag.value,
                "subject": subject,
                "payload": canonical.encode(payload).decode(),
                "commitment": entry.commitment,
                "salt_key": owner,
                "sealed_salt": seal(keyring.key(owner), salt, f"event.salt:{number}:{owner}"),
            }
        )
    if rows:
        connection.execute(_ADD_EVENT, rows)
        _, nodes = frontier(connection, size).append(leaves)
        new = [{"level": n.level, "number": n.number, "hash": n.hash} for n in nodes]
        connection.execute(_ADD_NODE, new)
    return size


def tree_size(connection: Connection) -> int:
    """Return the number of entries."""
    size: int = connection.execute(_SIZE).scalar_one()
    return size


def last_moment(connection: Connection) -> datetime | None:
    """Return the moment of the last entry, the latest that the records have seen; None where there is none."""
    at = connection.execute(_LAST_MOMENT).scalar()
    return None if at is None else from_text(at)


def first_moment(connection: Connection) -> datetime | None:
    """Return the moment of the first entry; None where there is none."""
    table = schema.event
    at = connection.execute(select(table.c.at).order_by(table.c.number).limit(1)).scalar()
    return None if at is None else from_text(at)


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
    nodes, start = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            nodes.append((level, start >> level))
            start += 1 << level
    return Frontier(size, tuple(connection.execute(_NODES, {"nodes": nodes}).scalars()))


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


def entries_from(connection: Connection, first: int, count: int) -> list[Entry]:
    """Return so many entries from this one on, oldest first; fewer where the log ends."""
    table = schema.event
    query = select(table.c.at, table.c.tag, table.c.commitment).order_by(table.c.number)
    query = query.where(table.c.number > first, table.c.number <= first + count)
    return [_entry(*row) for row in connection.execute(query)]


def hashes_from(connection: Connection, level: int, first: int, count: int) -> list[bytes]:
    """Return the hashes of so many full subtrees of a level from this one on; fewer where the log ends."""
    table = schema.log_node
    query = select(table.c.hash).where(table.c.level == level, table.c.number >= first, table.c.number < first + count)
    return list(connection.execute(query.order_by(table.c.number)).scalars())


def newest_entries(
    connection: Connection, below: int, count: int, *, tag: str | None = None, since: str = "", until: str | None = None
) -> list[tuple[int, Entry]]:
    """Return so many entries with their indexes, newest first.

    Args:
        below: only entries with a smaller index.
        tag: only this tag.
        since: only from this moment on, RFC 3339.
        until: only before this moment.
    """
    table = schema.event
    query = select(table.c.number, table.c.at, table.c.tag, table.c.commitment)
    query = query.where(table.c.number <= below, table.c.at >= since)
    if tag is not None:
        query = query.where(table.c.tag == tag)
    if until is not None:
        query = query.where(table.c.at < until)
    rows = connection.execute(query.order_by(table.c.number.desc()).limit(count))
    return [(row.number - 1, _entry(row.at, row.tag, row.commitment)) for row in rows]


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
