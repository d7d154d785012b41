# SPDX-License-Identifier: Apache-2.0
"""The Merkle tree of RFC 6962, section 2.1, over SHA-256.

A node is named by level and number: it is the root of the full subtree over the leaves
[number * 2**level, (number + 1) * 2**level). Every root and proof is put together from such nodes, so whoever stores
them (all of them, or every eighth level as tiles) proves anything with O(log n) reads. `Frontier` is all that
appending needs: the full subtrees along the right edge.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from countenance.errors import Forked, NotConsistent, NotIncluded

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()

NodeReader = Callable[[int, int], bytes]
"""Returns the hash of the node at (level, number)."""

Proof = tuple[bytes, ...]
"""Hashes of 32 bytes, in the order of RFC 6962: from the leaf's side to the root's."""


class Node(NamedTuple):
    """A full subtree that an append completed."""

    level: int
    number: int
    hash: bytes


def leaf_hash(data: bytes) -> bytes:
    """Return SHA-256(0x00 || data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True)
class Frontier:
    """The right edge of a tree: all that is needed to append to it and to name its root.

    Attributes:
        size: how many leaves the tree has.
        hashes: roots of the full subtrees from left to right, one per 1-bit of `size`, the largest first.
    """

    size: int = 0
    hashes: Proof = ()

    def __post_init__(self) -> None:
        """Refuse an edge that belongs to no tree.

        Raises:
            ValueError: the number of hashes is not the number of 1-bits of the size.
        """
        if len(self.hashes) != self.size.bit_count():
            raise ValueError(f"a tree of {self.size} leaves has {self.size.bit_count()} hashes at its right edge")

    def append(self, leaves: Iterable[bytes]) -> tuple[Frontier, list[Node]]:
        """Append leaf hashes.

        Returns:
            The new frontier, and every node that was completed, leaves included, children before parents.
        """
        size, edge, nodes = self.size, list(self.hashes), []
        for leaf in leaves:
            node = Node(0, size, leaf)
            nodes.append(node)
            # Every trailing 1-bit of the old size is a full subtree that the new one completes to a pair.
            while size >> node.level & 1:
                node = Node(node.level + 1, node.number >> 1, node_hash(edge.pop(), node.hash))
                nodes.append(node)
            edge.append(node.hash)
            size += 1
        return Frontier(size, tuple(edge)), nodes

    def root(self) -> bytes:
        """Return the root hash of the tree."""
        if not self.hashes:
            return EMPTY_ROOT
        *rest, root = self.hashes
        for left in reversed(rest):
            root = node_hash(left, root)
        return root


def in_memory(leaves: Sequence[bytes]) -> NodeReader:
    """Return a reader of the nodes over these leaf hashes, all computed at once."""
    _, completed = Frontier().append(leaves)
    nodes = {(node.level, node.number): node.hash for node in completed}
    return lambda level, number: nodes[level, number]


def root(size: int, node: NodeReader) -> bytes:
    """Return the root hash of the first `size` leaves."""
    return _subtree(0, size, node) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, node: NodeReader) -> Proof:
    """Return the proof that leaf `index` is in the tree of the first `size` leaves.

    Raises:
        ValueError: there is no such leaf in that tree.
    """
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    return tuple(_path(index, 0, size, node))


def consistency_proof(old: int, new: int, node: NodeReader) -> Proof:
    """Return the proof that the tree of the first `old` leaves is a prefix of the tree of the first `new`.

    Raises:
        ValueError: the old tree is larger than the new one.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {old} leaves cannot have grown to {new}")
    return tuple(_prefix_path(old, 0, new, node)) if 0 < old < new else ()


def siblings(index: int, size: int) -> list[range]:
    """Return which leaves each hash of an inclusion proof stands for, from the leaf's side to the root's.

    Raises:
        ValueError: there is no such leaf in that tree.
    """
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    found, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            found.append(range(middle, end))
            end = middle
        else:
            found.append(range(start, middle))
            start = middle
    return found[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Proof, root_hash: bytes) -> None:
    """Check that a leaf hash is leaf `index` of the tree with this size and root.

    Raises:
        NotIncluded: the proof does not lead from this leaf to this root.

    Source: RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size:
        raise NotIncluded(f"leaf {index} cannot be in a log of {size} entries")
    sides = _sides(index, size - 1)
    if len(proof) != len(sides):
        raise NotIncluded(f"the proof of leaf {index} of {size} has {len(proof)} hashes; it takes {len(sides)}")
    running = leaf
    for sibling, is_left in zip(proof, sides, strict=True):
        running = node_hash(sibling, running) if is_left else node_hash(running, sibling)
    if running != root_hash:
        raise NotIncluded(f"the proof does not lead from this leaf, as number {index}, to the root of {size} entries")


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Proof) -> None:
    """Check that the tree (new, new_root) begins with the whole tree (old, old_root).

    Raises:
        Forked: both trees have the same size and differ.
        NotConsistent: the proof does not lead from the one root to the other.

    Source: RFC 9162, section 2.1.4.2.
    """
    if old > new:
        raise NotConsistent(f"a log of {old} entries cannot have become one of {new}")
    if old == new and old_root != new_root:
        raise Forked(f"two roots for the same {old} entries: the log shows different histories to different people")
    if old in {0, new}:
        if proof or (old == 0 and old_root != EMPTY_ROOT):
            raise NotConsistent(f"from {old} to {new} entries there is nothing to prove, yet a proof was given")
        return
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    sides = _sides(position, last)
    # The old tree is a single full subtree where its size is a power of two, and need not be told.
    hashes = [old_root, *proof] if old.bit_count() == 1 else list(proof)
    if len(hashes) != 1 + len(sides):
        raise NotConsistent(
            f"the proof from {old} to {new} entries has {len(proof)} hashes, which is not what it takes"
        )
    running_old = running_new = hashes[0]
    for sibling, is_left in zip(hashes[1:], sides, strict=True):
        if is_left:
            running_old, running_new = node_hash(sibling, running_old), node_hash(sibling, running_new)
        else:
            running_new = node_hash(running_new, sibling)
    if (running_old, running_new) != (old_root, new_root):
        raise NotConsistent(f"the log of {new} entries does not begin with the log of {old} entries")


def _sides(position: int, last: int) -> list[bool]:
    """Return for each sibling on the way up from a node whether it stands on the left.

    Args:
        position: of the node in its row.
        last: position of the last node in that row.
    """
    sides = []
    while last:
        is_left = bool(position & 1) or position == last
        sides.append(is_left)
        # A last node without a sibling is also the last node of the rows above, until it becomes a right child.
        while is_left and position and not position & 1:
            position, last = position >> 1, last >> 1
        position, last = position >> 1, last >> 1
    return sides


def _split(size: int) -> int:
    """Return the largest power of two below `size`, where RFC 6962 splits a tree."""
    return 1 << (size - 1).bit_length() - 1


def _subtree(start: int, end: int, node: NodeReader) -> bytes:
    size = end - start
    if size & (size - 1) == 0:  # A power of two: by the way trees are split, its start is a multiple of it.
        level = size.bit_length() - 1
        return node(level, start >> level)
    middle = start + _split(size)
    return node_hash(_subtree(start, middle, node), _subtree(middle, end, node))


def _path(index: int, start: int, end: int, node: NodeReader) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + _split(end - start)
    if index < middle:
        return [*_path(index, start, middle, node), _subtree(middle, end, node)]
    return [*_path(index, middle, end, node), _subtree(start, middle, node)]


def _prefix_path(old: int, start: int, end: int, node: NodeReader) -> list[bytes]:
    if old == end:
        # The root of the whole old tree is what the verifier brings; any other subtree it must be told.
        return [] if start == 0 else [_subtree(start, end, node)]
    middle = start + _split(end - start)
    if old <= middle:
        return [*_prefix_path(old, start, middle, node), _subtree(middle, end, node)]
    return [*_prefix_path(old, middle, end, node), _subtree(start, middle, node)]


def root_over(ids: Iterable[str]) -> str:
    """Return the root (lower-case hex) over some ids, sorted: whoever has the list can check that it is this one."""
    frontier, _ = Frontier(0, ()).append([leaf_hash(one.encode()) for one in sorted(ids)])
    return frontier.root().hex()
