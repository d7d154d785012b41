# SPDX-License-Identifier: Apache-2.0
"""The Merkle tree: published vectors, a brute-force oracle of RFC 6962, and proofs that break."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countenance.errors import Forked, NotConsistent, NotIncluded
from countenance.ledger import merkle
from countenance.ledger.merkle import Frontier

# The reference tree of the Certificate Transparency project (google/certificate-transparency, later
# transparency-dev/merkle testonly/constants.go): leaf data, then the root of each size, then nodes by place.
_DATA = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
_ROOTS = """
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125
aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77
d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7
4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4
76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef
ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c
5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328
""".split()
_N01 = _ROOTS[2]
_N03 = _ROOTS[4]
_L1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
_L4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
_L6 = "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f"
_N23 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
_N45 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
_N67 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
_N47 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
_INCLUSION = {
    (0, 1): [],
    (0, 8): [_L1, _N23, _N47],
    (5, 8): [_L4, _N67, _N03],
    (2, 3): [_N01],
    (1, 5): [_ROOTS[1], _N23, _L4],
}
_CONSISTENCY = {
    (1, 1): [],
    (1, 8): [_L1, _N23, _N47],
    (6, 8): [_N45, _N67, _N03],
    (2, 5): [_N23, _L4],
    (6, 7): [_N45, _L6, _N03],
}

_LEAVES = [merkle.leaf_hash(bytes.fromhex(text)) for text in _DATA]
_NODE = merkle.in_memory(_LEAVES)
_MANY = [merkle.leaf_hash(b"%d" % number) for number in range(300)]
_MANY_NODE = merkle.in_memory(_MANY)

sizes = st.integers(1, len(_MANY))


def _bytes(texts: list[str]) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(text) for text in texts)


def _oracle_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word by word, on leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + _oracle_root(leaves[:k]) + _oracle_root(leaves[k:])).digest()


def _oracle_path(m: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1, word by word."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*_oracle_path(m, leaves[:k]), _oracle_root(leaves[k:])]
    return [*_oracle_path(m - k, leaves[k:]), _oracle_root(leaves[:k])]


def _oracle_subproof(m: int, leaves: list[bytes], *, whole: bool) -> list[bytes]:
    """RFC 6962 section 2.1.2, word by word."""
    if m == len(leaves):
        return [] if whole else [_oracle_root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m <= k:
        return [*_oracle_subproof(m, leaves[:k], whole=whole), _oracle_root(leaves[k:])]
    return [*_oracle_subproof(m - k, leaves[k:], whole=False), _oracle_root(leaves[:k])]


def _flip(data: bytes, at: int, bit: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


@pytest.mark.parametrize("size", range(9))
def test_published_roots(size: int) -> None:
    """The published roots of the reference tree come out, whether computed at once or by appending."""
    assert merkle.root(size, _NODE).hex() == _ROOTS[size]
    assert Frontier().append(_LEAVES[:size])[0].root().hex() == _ROOTS[size]


@pytest.mark.parametrize(("index", "size"), _INCLUSION)
def test_published_inclusion_proofs(index: int, size: int) -> None:
    """The published inclusion proofs come out and verify."""
    proof = merkle.inclusion_proof(index, size, _NODE)
    assert proof == _bytes(_INCLUSION[index, size])
    merkle.verify_inclusion(_LEAVES[index], index, size, proof, bytes.fromhex(_ROOTS[size]))


@pytest.mark.parametrize(("old", "new"), _CONSISTENCY)
def test_published_consistency_proofs(old: int, new: int) -> None:
    """The published consistency proofs come out and verify."""
    proof = merkle.consistency_proof(old, new, _NODE)
    assert proof == _bytes(_CONSISTENCY[old, new])
    merkle.verify_consistency(old, bytes.fromhex(_ROOTS[old]), new, bytes.fromhex(_ROOTS[new]), proof)


def test_every_small_tree_is_that_of_the_standard() -> None:
    """Roots and proofs of every tree up to 33 leaves are those of RFC 6962 written down word by word."""
    for size in range(1, 34):
        leaves = _MANY[:size]
        root = merkle.root(size, _MANY_NODE)
        assert root == _oracle_root(leaves)
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, _MANY_NODE)
            assert list(proof) == _oracle_path(index, leaves)
            merkle.verify_inclusion(leaves[index], index, size, proof, root)
        for old in range(1, size + 1):
            proof = merkle.consistency_proof(old, size, _MANY_NODE)
            assert list(proof) == _oracle_subproof(old, leaves, whole=True)
            merkle.verify_consistency(old, merkle.root(old, _MANY_NODE), size, root, proof)


@settings(deadline=None)
@given(st.lists(st.integers(0, 9), max_size=12))
def test_appending_in_batches_is_appending_at_once(batches: list[int]) -> None:
    """However a log is cut into batches and its edge is stored in between, root and completed nodes are the same."""
    frontier, nodes = Frontier(), []
    for count in batches:
        frontier = Frontier(frontier.size, frontier.hashes)
        frontier, completed = frontier.append(_MANY[frontier.size : frontier.size + count])
        nodes += completed
    at_once, all_nodes = Frontier().append(_MANY[: sum(batches)])
    assert (frontier, nodes) == (at_once, all_nodes)
    assert frontier.root() == merkle.root(sum(batches), _MANY_NODE)


@pytest.mark.parametrize(("size", "hashes"), [(0, 1), (1, 0), (3, 1), (4, 2)])
def test_an_edge_of_no_tree_is_refused(size: int, hashes: int) -> None:
    """A stored edge whose number of hashes does not fit its size is not appended to."""
    with pytest.raises(ValueError, match="right edge"):
        Frontier(size, tuple(_MANY[:hashes]))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_changed_bit_breaks_an_inclusion_proof(data: st.DataObject) -> None:
    """One changed bit in leaf, proof or root is refused as not included."""
    size = data.draw(sizes)
    index = data.draw(st.integers(0, size - 1))
    parts = [_MANY[index], merkle.root(size, _MANY_NODE), *merkle.inclusion_proof(index, size, _MANY_NODE)]
    which = data.draw(st.integers(0, len(parts) - 1))
    parts[which] = _flip(parts[which], data.draw(st.integers(0, 31)), data.draw(st.integers(0, 7)))
    with pytest.raises(NotIncluded, match="does not lead from this leaf"):
        merkle.verify_inclusion(parts[0], index, size, tuple(parts[2:]), parts[1])


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_changed_bit_breaks_a_consistency_proof(data: st.DataObject) -> None:
    """One changed bit in either root or in the proof is refused as not consistent."""
    new = data.draw(st.integers(2, len(_MANY)))
    old = data.draw(st.integers(1, new - 1))
    parts = [
        merkle.root(old, _MANY_NODE),
        merkle.root(new, _MANY_NODE),
        *merkle.consistency_proof(old, new, _MANY_NODE),
    ]
    which = data.draw(st.integers(0, len(parts) - 1))
    parts[which] = _flip(parts[which], data.draw(st.integers(0, 31)), data.draw(st.integers(0, 7)))
    with pytest.raises(NotConsistent, match="does not begin with"):
        merkle.verify_consistency(old, parts[0], new, parts[1], tuple(parts[2:]))


@settings(deadline=None)
@given(st.data())
def test_a_proof_holds_for_its_own_place_only(data: st.DataObject) -> None:
    """The proof of one leaf is refused for every other leaf, index and size."""
    size = data.draw(st.integers(2, 60))
    index = data.draw(st.integers(0, size - 1))
    proof, root = merkle.inclusion_proof(index, size, _MANY_NODE), merkle.root(size, _MANY_NODE)
    other = data.draw(st.integers(0, size).filter(lambda number: number != index))
    with pytest.raises(NotIncluded):
        merkle.verify_inclusion(_MANY[other], index, size, proof, root)
    with pytest.raises(NotIncluded):
        merkle.verify_inclusion(_MANY[index], other, size, proof, root)


@pytest.mark.parametrize("change", ["longer", "shorter", "swapped"])
def test_a_proof_of_another_length_or_order_is_refused(change: str) -> None:
    """Hashes that are too many, too few or in another order prove nothing."""
    size, index, old = 200, 77, 70
    for proof, check in (
        (
            merkle.inclusion_proof(index, size, _MANY_NODE),
            lambda p: merkle.verify_inclusion(_MANY[index], index, size, p, merkle.root(size, _MANY_NODE)),
        ),
        (
            merkle.consistency_proof(old, size, _MANY_NODE),
            lambda p: merkle.verify_consistency(
                old, merkle.root(old, _MANY_NODE), size, merkle.root(size, _MANY_NODE), p
            ),
        ),
    ):
        changed = {
            "longer": (*proof, _MANY[0]),
            "shorter": proof[:-1],
            "swapped": (proof[1], proof[0], *proof[2:]),
        }[change]
        with pytest.raises((NotIncluded, NotConsistent)):
            check(changed)


def test_the_borders_of_growth() -> None:
    """An empty log is the start of every log, a log does not shrink, and two roots of one size are a fork."""
    root_5, root_7 = merkle.root(5, _MANY_NODE), merkle.root(7, _MANY_NODE)
    merkle.verify_consistency(0, merkle.EMPTY_ROOT, 5, root_5, ())
    merkle.verify_consistency(5, root_5, 5, root_5, ())
    with pytest.raises(NotConsistent, match="cannot have become"):
        merkle.verify_consistency(7, root_7, 5, root_5, ())
    with pytest.raises(Forked, match="two roots for the same 5 entries"):
        merkle.verify_consistency(5, root_7, 5, root_5, ())
    with pytest.raises(NotConsistent, match="nothing to prove"):
        merkle.verify_consistency(5, root_5, 5, root_5, (root_7,))
    with pytest.raises(NotConsistent, match="nothing to prove"):
        merkle.verify_consistency(0, root_7, 5, root_5, ())
    with pytest.raises(NotConsistent, match="0 hashes"):
        merkle.verify_consistency(5, root_5, 7, root_7, ())


def test_a_leaf_that_is_not_there_cannot_be_proved() -> None:
    """No proof is made, and none accepted, of a leaf beyond the tree."""
    with pytest.raises(ValueError, match="no leaf 5"):
        merkle.inclusion_proof(5, 5, _MANY_NODE)
    with pytest.raises(ValueError, match="cannot have grown"):
        merkle.consistency_proof(6, 5, _MANY_NODE)
    with pytest.raises(NotIncluded, match="cannot be in a log of 5"):
        merkle.verify_inclusion(_MANY[5], 5, 5, (), merkle.root(5, _MANY_NODE))


def test_a_node_is_not_taken_for_a_leaf() -> None:
    """The hash of two leaves, offered as a leaf of a smaller tree, has another prefix than a leaf."""
    inner = _MANY_NODE(1, 0)
    assert merkle.leaf_hash(_MANY[0] + _MANY[1]) != inner
    with pytest.raises(NotIncluded):
        merkle.verify_inclusion(merkle.leaf_hash(_MANY[0] + _MANY[1]), 0, 1, (), inner)
