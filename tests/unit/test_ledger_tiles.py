# SPDX-License-Identifier: Apache-2.0
"""The published log: the layout of the standard, reading it back, and every way to tamper with it."""

from __future__ import annotations

import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_world import WITNESSES, Log, filler

from countenance.errors import (
    Forked,
    LeafChanged,
    LeafMissing,
    Malformed,
    Truncated,
    UnknownKey,
    VerificationFailed,
    WrongRoot,
)
from countenance.ledger import checkpoint, merkle, tiles, verify
from countenance.ledger.tiles import Tile

Files = dict[str, bytes]


@functools.cache
def _log(size: int) -> Log:
    return Log(size)


@pytest.fixture
def log() -> Log:
    """A log of 300 entries: one full and one partial tile."""
    return _log(300)


@pytest.fixture
def files(log: Log) -> Files:
    """The log, published."""
    return log.publish()


def _check(files: Files, log: Log) -> None:
    verify.verify_published_log(files.get, log.trust())


def _entries(files: Files, path: str) -> list[bytes]:
    return tiles.decode_bundle(files[path], path)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 273, 112), "tile/0/273.p/112"),
        (Tile(1, 1234067), "tile/1/x001/x234/067"),
        (Tile(None, 1000, 1), "tile/entries/x001/000.p/1"),
        (Tile(None, 999), "tile/entries/999"),
    ],
)
def test_paths_are_those_of_the_standard(tile: Tile, path: str) -> None:
    """Levels, three-digit groups and widths are written as C2SP tlog-tiles writes them."""
    assert tile.path == path


def test_the_layout_is_that_of_the_standards_examples() -> None:
    """Trees of 70,000 and of 256 entries have the tiles that C2SP tlog-tiles counts up."""
    hashes = [tile for tile in tiles.layout(70_000) if tile.level is not None]
    assert [(tile.level, tile.width) for tile in hashes if tile.width < 256] == [(0, 112), (1, 17), (2, 1)]
    assert [sum(tile.level == level and tile.width == 256 for tile in hashes) for level in range(3)] == [273, 1, 0]
    assert list(tiles.layout(256)) == [Tile(None, 0), Tile(0, 0), Tile(1, 0, 1)]
    assert list(tiles.layout(0)) == []


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 300, 513])
def test_what_is_published_reads_back(size: int) -> None:
    """A published log of any size verifies and gives back its entries; tiles hold the hashes of their place."""
    log = _log(size)
    files = log.publish()
    assert set(files) == {"checkpoint", *(tile.path for tile in tiles.layout(size))}
    assert list(tiles.read(files.get, log.head())) == log.entries
    proved = verify.verify_published_log(files.get, log.trust())
    assert sum(proved.tags.values()) == size
    for tile in tiles.layout(size):
        if tile.level is not None:
            expected = [_tree_hash(log, tile.level, tile.index * 256 + at) for at in range(tile.width)]
            assert files[tile.path] == b"".join(expected)


def _tree_hash(log: Log, level: int, number: int) -> bytes:
    """MTH(D[number * 256**level : (number + 1) * 256**level]), the standard's definition of a tile's hash."""
    part = log.entries[number * 256**level : (number + 1) * 256**level]
    return merkle.root(len(part), merkle.in_memory([merkle.leaf_hash(data) for data in part]))


def test_a_large_tree_has_a_third_level() -> None:
    """Beyond 65,536 entries the hash of a full level-1 tile stands in level 2, and all of it verifies."""
    data = [b"%d" % number for number in range(65_800)]
    frontier, _ = merkle.Frontier().append(merkle.leaf_hash(one) for one in data)
    files = tiles.publish(data, b"")
    head = checkpoint.Checkpoint("x", len(data), frontier.root())
    assert sum(1 for _ in tiles.read(files.get, head)) == len(data)
    files["tile/2/000.p/1"] = bytes(32)
    with pytest.raises(WrongRoot, match=r"tile/2/000\.p/1"):
        list(tiles.read(files.get, head))


def test_a_partial_tile_may_be_gone_once_the_full_one_is_there() -> None:
    """A log that grew past a checkpoint and deleted its partial tiles still proves that checkpoint."""
    grown = _log(513).publish()
    old = _log(300)
    files = {path: data for path, data in grown.items() if ".p/" not in path} | {
        path: data for path, data in old.publish().items() if path.startswith(("checkpoint", "tile/1"))
    }
    assert "tile/0/001.p/44" not in files
    _check(files, old)


def test_older_partial_tiles_are_left_aside(log: Log, files: Files) -> None:
    """Files that the checkpoint does not ask for do not matter."""
    _check(files | {"tile/0/001.p/3": b"old", "index.html": b"hello"}, log)


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"])
def test_a_truncated_or_missing_tile_is_refused(log: Log, files: Files, path: str) -> None:
    """A tile or bundle that ends early or is not there is refused as truncated, with its path."""
    whole = files[path]
    for cut in (1, 31):
        files[path] = whole[:-cut]
        with pytest.raises(Truncated, match=path):
            _check(files, log)
    del files[path]
    with pytest.raises(Truncated, match=f"{path} is missing"):
        _check(files, log)


def test_a_log_without_a_checkpoint_is_refused(log: Log, files: Files) -> None:
    """A folder without a checkpoint proves nothing."""
    del files["checkpoint"]
    with pytest.raises(Truncated, match="no checkpoint"):
        _check(files, log)


@pytest.mark.parametrize("at", [0, 100, 255])
def test_a_leaf_cut_from_the_middle_is_named(log: Log, files: Files, at: int) -> None:
    """An entry cut out of a bundle is refused as missing, and the message says which."""
    entries = _entries(files, "tile/entries/000")
    files["tile/entries/000"] = tiles.encode_bundle(entries[:at] + entries[at + 1 :])
    with pytest.raises(LeafMissing, match=f"255 of 256 entries; number {at} is cut out"):
        _check(files, log)


def test_a_leaf_cut_with_all_its_traces_is_refused(log: Log, files: Files) -> None:
    """Cutting an entry and rebuilding every tile over the rest does not give the signed root."""
    forged = tiles.publish([*log.entries[:100], *log.entries[101:], filler(999).encode()], files["checkpoint"])
    with pytest.raises(WrongRoot, match="do not have the root that the checkpoint signs"):
        _check(forged, log)


def test_a_changed_or_swapped_entry_is_named(log: Log, files: Files) -> None:
    """An entry that is replaced, or changes places, does not hash to its leaf."""
    entries = _entries(files, "tile/entries/000")
    for changed in (
        [*entries[:7], filler(999).encode(), *entries[8:]],
        [*entries[:7], entries[8], entries[7], *entries[9:]],
    ):
        files["tile/entries/000"] = tiles.encode_bundle(changed)
        with pytest.raises(LeafChanged, match="entry 7 does not hash"):
            _check(files, log)


def test_a_changed_upper_tile_is_refused(log: Log, files: Files) -> None:
    """A hash tile above the leaves that does not follow from those below is refused."""
    files["tile/1/000.p/1"] = bytes(32)
    with pytest.raises(WrongRoot, match=r"tile/1/000\.p/1 does not hold"):
        _check(files, log)


def test_a_fork_is_found_by_an_earlier_checkpoint(log: Log, files: Files) -> None:
    """A checkpoint of the same key that is not a head of the published history is refused as a fork."""
    other = Log(199)
    other.append(filler(998))
    honest = [log.head(size) for size in (0, 1, 199, 256, 300)]
    assert verify.verify_published_log(files.get, log.trust(), honest).earlier == 5
    with pytest.raises(Forked, match="200 entries is not of the history"):
        verify.verify_published_log(files.get, log.trust(), [*honest, other.head()])
    with pytest.raises(Truncated, match="ends at 300 entries, another checkpoint of it has 301"):
        verify.verify_published_log(files.get, log.trust(), [Log(301).head()])


def test_checkpoints_of_other_logs_do_not_matter(log: Log, files: Files) -> None:
    """A checkpoint of another log says nothing about this one."""
    other = Log(5, name="other.example/log").head()
    assert verify.verify_published_log(files.get, log.trust(), [other]).earlier == 0


def test_two_heads_of_one_size_are_a_fork(log: Log) -> None:
    """Two roots for one size of one log are refused; different sizes or logs are not."""
    other = Log(299)
    other.append(filler(998))
    verify.verify_same_history([log.head(), log.head(), log.head(5), Log(300, name="other.example/log").head()])
    with pytest.raises(Forked, match="300 entries have different roots"):
        verify.verify_same_history([log.head(), other.head()])


def test_another_logs_tiles_are_refused(log: Log) -> None:
    """A whole log of another key is refused, however consistent it is in itself."""
    with pytest.raises(UnknownKey):
        _check(Log(3, seed=5).publish(), log)


def test_a_published_quorum_counts(log: Log, files: Files) -> None:
    """The checkpoint of a published log is held to the quorum."""
    files["checkpoint"] = log.note(witnesses=WITNESSES[:2])
    assert len(verify.verify_published_log(files.get, log.trust(2)).head.witnesses) == 2


def test_an_entry_of_another_kind_is_refused() -> None:
    """A leaf that is no entry of this program is refused, though tree and signature hold."""
    log = Log()
    log.entries.append(b"anything")
    with pytest.raises(Malformed, match="not an entry"):
        _check(log.publish(), log)


def test_a_bundle_that_ends_inside_an_entry_is_refused() -> None:
    """A bundle whose last length points beyond its end is truncated, not shorter."""
    assert tiles.decode_bundle(tiles.encode_bundle([b"", b"abc"]), "p") == [b"", b"abc"]
    for cut in (1, 4):
        with pytest.raises(Truncated, match="p ends in the middle of its entry 1"):
            tiles.decode_bundle(tiles.encode_bundle([b"", b"abc"])[:-cut], "p")
    with pytest.raises(OverflowError):
        tiles.encode_bundle([bytes(65_536)])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_changed_byte_of_a_published_log_is_found(data: st.DataObject) -> None:
    """Whatever byte of whatever published file is changed, the log is refused."""
    log = _log(257)
    files = log.publish()
    path = data.draw(st.sampled_from(sorted(files)))
    at, value = data.draw(st.integers(0, len(files[path]) - 1)), data.draw(st.integers(1, 255))
    files[path] = files[path][:at] + bytes([files[path][at] ^ value]) + files[path][at + 1 :]
    with pytest.raises(VerificationFailed):
        _check(files, log)
