# SPDX-License-Identifier: Apache-2.0
"""C2SP tlog-tiles: the log as files that any static web server can publish, and reading them back.

Hashes stand in tiles of 256: `tile/0/...` holds leaf hashes, and each hash of `tile/<L+1>/...` is the root of one
full tile of level L. Entries stand in bundles of 256, each entry behind a big-endian uint16 length. The last tile or
bundle of a level may be partial and then carries its width: `tile/0/001.p/44`.

Source: https://c2sp.org/tlog-tiles.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from countenance.errors import Forked, LeafChanged, LeafMissing, Truncated, WrongRoot
from countenance.ledger import merkle
from countenance.ledger.checkpoint import Checkpoint
from countenance.ledger.merkle import HASH_BYTES, Frontier, Node

TILE_HEIGHT = 8  # Levels of the tree between one level of tiles and the next.
TILE_WIDTH = 1 << TILE_HEIGHT
CHECKPOINT_PATH = "checkpoint"
_LENGTH_BYTES = 2
# Seven levels of 256 cover 2**63 entries, as do seven groups of three digits.
_PATH = re.compile(r"tile/([0-7]|entries)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)

Fetch = Callable[[str], bytes | None]
"""Returns the bytes under a path below the log's folder, None where there is nothing; each path is asked for once."""


@dataclass(frozen=True)
class Tile:
    """One file of a published log.

    Attributes:
        level: of hash tiles, from 0; None for a bundle of entries.
        index: within the level, from 0.
        width: how many hashes or entries it holds, 1 to 256.
    """

    level: int | None
    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """The path below the log's folder, such as `tile/0/x001/x234/067.p/8`."""
        digits = f"{self.index:03}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        number = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{'entries' if self.level is None else self.level}/{number}{partial}"


def named(path: str) -> Tile | None:
    """Return the tile that a path below the log's folder names; None where it names none."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    level, number, width = found.groups()
    digits = number.replace("/", "").replace("x", "")
    tile = Tile(None if level == "entries" else int(level), int(digits), int(width or TILE_WIDTH))
    return tile if 0 < tile.width <= TILE_WIDTH and tile.path == path else None


def layout(size: int) -> Iterator[Tile]:
    """Yield every file of a log of this many entries: bundles first, then hash tiles from level 0 up."""
    yield from _row(None, size)
    level = 0
    while size:
        yield from _row(level, size)
        level, size = level + 1, size >> TILE_HEIGHT


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Return entries as a bundle.

    Raises:
        OverflowError: an entry is longer than its length prefix can say, 65,535 bytes.
    """
    return b"".join(len(entry).to_bytes(_LENGTH_BYTES, "big") + entry for entry in entries)


def decode_bundle(data: bytes, path: str) -> list[bytes]:
    """Return the entries of a bundle.

    Raises:
        Truncated: it ends in the middle of an entry; the message names the path.
    """
    entries: list[bytes] = []
    at = 0
    while at < len(data):
        start = at + _LENGTH_BYTES
        at = start + int.from_bytes(data[at:start], "big")
        if start > len(data) or at > len(data):
            raise Truncated(f"{path} ends in the middle of its entry {len(entries)}")
        entries.append(data[start:at])
    return entries


def publish(entries: Sequence[bytes], note: bytes) -> dict[str, bytes]:
    """Return all files of a log, by path, with its signed checkpoint."""
    _, nodes = Frontier().append(merkle.leaf_hash(entry) for entry in entries)
    rows = _tile_rows(nodes)
    files = {CHECKPOINT_PATH: note}
    for tile in layout(len(entries)):
        part = slice(tile.index * TILE_WIDTH, tile.index * TILE_WIDTH + tile.width)
        files[tile.path] = encode_bundle(entries[part]) if tile.level is None else b"".join(rows[tile.level][part])
    return files


def read(fetch: Fetch, head: Checkpoint, earlier: Sequence[Checkpoint] = ()) -> Iterator[bytes]:
    """Yield the entries of a published log in order, checking all of it on the way.

    The whole is proved only when the last entry was yielded and the iterator has ended without an error.

    Args:
        fetch: what is published under a path. Only what the checkpoint asks for is looked at, no older partial tiles.
        head: the verified checkpoint of these files.
        earlier: other verified checkpoints of the same log, which must be heads of what is published here.

    Raises:
        Truncated: a file is missing or ends too early.
        LeafMissing: an entry was cut out.
        LeafChanged: an entry does not hash to its published leaf hash.
        WrongRoot: a hash tile, or all of them, do not lead to the signed root.
        Forked: an earlier checkpoint is not of this history.
    """
    if ahead := [one.size for one in earlier if one.size > head.size]:
        raise Truncated(f"the log ends at {head.size} entries, another checkpoint of it has {max(ahead)}")
    frontier = Frontier()
    rows: dict[int, list[bytes]] = {}
    _meet(frontier, earlier)
    for bundle in _row(None, head.size):
        entries, leaves = _entries(fetch, bundle)
        for leaf in leaves:
            frontier, nodes = frontier.append([leaf])
            for level, hashes in _tile_rows(nodes).items():
                rows.setdefault(level, []).extend(hashes)
            _meet(frontier, earlier)
        yield from entries
    for tile in layout(head.size):
        if tile.level:  # Level 0 was compared with the entries already.
            part = slice(tile.index * TILE_WIDTH, tile.index * TILE_WIDTH + tile.width)
            if _hashes(fetch, tile) != rows[tile.level][part]:
                raise WrongRoot(f"{tile.path} does not hold the hashes of the tiles below it")
    if frontier.root() != head.root:
        raise WrongRoot(f"the {head.size} published entries do not have the root that the checkpoint signs")


def _row(level: int | None, size: int) -> Iterator[Tile]:
    full, rest = divmod(size, TILE_WIDTH)
    yield from (Tile(level, index) for index in range(full))
    if rest:
        yield Tile(level, full, rest)


def _tile_rows(nodes: Iterable[Node]) -> dict[int, list[bytes]]:
    """Return the hashes that belong in tiles, by level of tiles."""
    rows: dict[int, list[bytes]] = {}
    for node in nodes:
        if node.level % TILE_HEIGHT == 0:
            rows.setdefault(node.level // TILE_HEIGHT, []).append(node.hash)
    return rows


def _meet(frontier: Frontier, checkpoints: Iterable[Checkpoint]) -> None:
    for one in checkpoints:
        if one.size == frontier.size and one.root != frontier.root():
            raise Forked(f"a signed checkpoint of {one.size} entries is not of the history that is published here")


def _entries(fetch: Fetch, bundle: Tile) -> tuple[list[bytes], list[bytes]]:
    """Return a bundle's entries and leaf hashes, compared with the tile that publishes the hashes."""
    entries = decode_bundle(_get(fetch, bundle), bundle.path)[: bundle.width]
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    published = _hashes(fetch, Tile(0, bundle.index, bundle.width))
    wrong = next((at for at, leaf in enumerate(leaves) if leaf != published[at]), len(leaves))
    number = bundle.index * TILE_WIDTH + wrong
    if len(entries) < bundle.width:
        raise LeafMissing(f"{bundle.path} holds {len(entries)} of {bundle.width} entries; number {number} is cut out")
    if wrong < len(leaves):
        raise LeafChanged(f"entry {number} does not hash to the leaf that is published for it")
    return entries, leaves


def _hashes(fetch: Fetch, tile: Tile) -> list[bytes]:
    data = _get(fetch, tile)
    if len(data) < tile.width * HASH_BYTES:
        raise Truncated(f"{tile.path} has {len(data)} bytes; {tile.width} hashes are {tile.width * HASH_BYTES}")
    return [data[at : at + HASH_BYTES] for at in range(0, tile.width * HASH_BYTES, HASH_BYTES)]


def _get(fetch: Fetch, tile: Tile) -> bytes:
    # A log may delete a partial tile once the full one exists; the full one begins with it.
    for path in (tile.path, Tile(tile.level, tile.index).path):
        if (data := fetch(path)) is not None:
            return data
    raise Truncated(f"{tile.path} is missing")
