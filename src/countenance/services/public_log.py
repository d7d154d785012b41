# SPDX-License-Identifier: Apache-2.0
"""The log as anybody may read it: its signed head, its tiles, its entries, and proofs between any two of its sizes.

Tiles are put together from the records as they are asked for, so that what is served is never behind the log. Sizes
of the past are signed again: the log is append-only and Ed25519 gives the same bytes each time, so this says nothing
new.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from countenance.clock import to_text
from countenance.errors import BadInput, NotFound
from countenance.ledger import checkpoint as checkpoints
from countenance.ledger import merkle, tiles
from countenance.ledger.checkpoint import Checkpoint
from countenance.ledger.entry import Entry
from countenance.ledger.proof import EntryProof, GrowthProof
from countenance.ledger.tiles import TILE_HEIGHT, TILE_WIDTH, Tile
from countenance.services.journal import Journal
from countenance.store import log
from countenance.store.records import Records, Transaction

MOST_ENTRIES = 200
"""Entries of the largest page."""


@dataclass(frozen=True)
class EntryPage:
    """Some entries, newest first.

    Attributes:
        entries: each with its index.
        following: the `below` of the page after this one; None where this is the last.
        size: entries of the log.
    """

    entries: list[tuple[int, Entry]]
    following: int | None
    size: int


@dataclass(frozen=True)
class Sibling:
    """A hash on the way from an entry to the root, and which entries it stands for."""

    hash: bytes
    leaves: range


@dataclass(frozen=True)
class Way:
    """An entry, and the way from it to the signed root.

    Attributes:
        siblings: from the entry's side to the root's.
    """

    index: int
    entry: Entry
    head: Checkpoint
    siblings: list[Sibling]


class PublicLog:
    """Verbs on the published log; none of them writes."""

    def __init__(self, records: Records, journal: Journal) -> None:
        self._records = records
        self._journal = journal

    def checkpoint(self, size: int | None = None) -> bytes:
        """Return the signed head of the log of so many entries; by default of all.

        Raises:
            BadInput: the log never had so many entries.
        """
        with self._records.read() as work:
            return self._signed(work, self._size(work, size))

    def file(self, path: str) -> bytes:
        """Return a tile or a bundle of entries by its C2SP path, such as `tile/0/001.p/44`.

        Raises:
            NotFound: there is no such file, or the log has not grown so far.
        """
        tile = tiles.named(path)
        if tile is not None:
            with self._records.read() as work:
                parts = _parts(work, tile)
            if len(parts) == tile.width:
                return tiles.encode_bundle(parts) if tile.level is None else b"".join(parts)
        raise NotFound("the log has no such tile; docs/formats/checkpoint.md says which there are")

    def page(
        self,
        *,
        below: int | None = None,
        count: int = 50,
        tag: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> EntryPage:
        """Return entries, newest first.

        Args:
            below: only those with a smaller index.
            count: how many at most, 1 to `MOST_ENTRIES`.
            tag: only those of this tag.
            since: only from this moment on.
            until: only before this moment.

        Raises:
            BadInput: too many at once.
        """
        if not 1 <= count <= MOST_ENTRIES:
            raise BadInput(f"ask for 1 to {MOST_ENTRIES} entries at once")
        try:
            first, last = "" if since is None else to_text(since), None if until is None else to_text(until)
        except OverflowError as error:
            raise BadInput("name moments of the years 1 to 9999, in UTC") from error
        with self._records.read() as work:
            size = log.tree_size(work.connection)
            found = log.newest_entries(
                work.connection,
                size if below is None else max(0, min(below, size)),
                count + 1,
                tag=tag,
                since=first,
                until=last,
            )
        more = len(found) > count
        return EntryPage(found[:count], found[count - 1][0] if more else None, size)

    def way(self, index: int) -> Way:
        """Return an entry and its way to the root of today.

        Raises:
            NotFound: there is no such entry.
        """
        with self._records.read() as work:
            entry = log.entry_at(work.connection, index)
            head = self._head(work, log.tree_size(work.connection))
            hashes = merkle.inclusion_proof(index, head.size, log.node_reader(work.connection))
        spans = merkle.siblings(index, head.size)
        return Way(index, entry, head, [Sibling(*one) for one in zip(hashes, spans, strict=True)])

    def proof(self, index: int, size: int | None = None) -> bytes:
        """Return the proof (C2SP tlog-proof) that an entry is in the log of so many entries; by default of all.

        Raises:
            NotFound: there is no such entry.
            BadInput: the log never had so many entries, or the entry came later.
        """
        with self._records.read() as work:
            entry = log.entry_at(work.connection, index)
            size = self._size(work, size)
            if index >= size:
                raise BadInput(f"entry {index} is not in the log of {size} entries; it came later")
            hashes = merkle.inclusion_proof(index, size, log.node_reader(work.connection))
            return EntryProof(index, tuple(hashes), self._signed(work, size), entry.encode()).encode()

    def growth(self, old: int, new: int | None = None) -> bytes:
        """Return the proof that the log of `old` entries became that of `new` by appending alone.

        Raises:
            BadInput: the log never had so many entries, or the earlier size is the larger one.
        """
        with self._records.read() as work:
            new = self._size(work, new)
            if not 1 <= old <= new:
                raise BadInput(f"name an earlier size from 1 to {new}")
            hashes = merkle.consistency_proof(old, new, log.node_reader(work.connection))
            return GrowthProof(old, tuple(hashes), self._signed(work, new)).encode()

    def _size(self, work: Transaction, asked: int | None) -> int:
        size = log.tree_size(work.connection)
        if asked is not None and not 1 <= asked <= size:
            raise BadInput(f"the log has {size} entries; name a size from 1 to {size}")
        return size if asked is None else asked

    def _head(self, work: Transaction, size: int) -> Checkpoint:
        name = self._journal.signer(work).name
        return Checkpoint(name, size, log.frontier(work.connection, size).root())

    def _signed(self, work: Transaction, size: int) -> bytes:
        return checkpoints.sign(self._head(work, size), self._journal.signer(work)).encode()


def _parts(work: Transaction, tile: Tile) -> list[bytes]:
    first = tile.index * TILE_WIDTH
    if first + tile.width > log.tree_size(work.connection) >> TILE_HEIGHT * (tile.level or 0):
        return []
    if tile.level is None:
        return [entry.encode() for entry in log.entries_from(work.connection, first, tile.width)]
    return log.hashes_from(work.connection, tile.level * TILE_HEIGHT, first, tile.width)
