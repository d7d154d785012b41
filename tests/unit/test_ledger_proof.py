# SPDX-License-Identifier: Apache-2.0
"""Entries, proofs of entries and proofs of growth, as texts."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from datetime import timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_world import NOON, WITNESSES, Log, filler, salt

from countenance import canonical
from countenance.errors import Forked, Malformed, NotConsistent, NotIncluded, VerificationFailed, WrongLog
from countenance.ledger import entry, proof, verify

# https://c2sp.org/tlog-proof: the example. Its signatures are abridged there, so it can be read but not verified.
_C2SP_EXAMPLE = """\
c2sp.org/tlog-proof@v1
extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=

example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

— example.com/fancylog hI2DJw[...]1roloI=
"""


def test_an_entry_says_only_kind_hour_and_commitment() -> None:
    """An entry holds tag, hour in UTC and SHA-256(salt || record), and nothing of the record."""
    at = NOON.astimezone(timezone(timedelta(hours=-5)))
    one = entry.make(at, "subject:release:signed", salt(1), {"name": "Ada Example"})
    record = b'{"name":"Ada Example"}'
    assert json.loads(one.encode()) == {
        "v": 1,
        "hour": "2026-11-24T12Z",
        "tag": "subject:release:signed",
        "commitment": hashlib.sha256(salt(1) + record).hexdigest(),
    }
    assert one.encode() == canonical.encode(json.loads(one.encode()))
    assert one.leaf_hash() == hashlib.sha256(b"\x00" + one.encode()).digest()
    assert entry.parse(one.encode()) == one
    with pytest.raises(ValueError, match="without a time zone"):
        entry.make(NOON.replace(tzinfo=None), "subject:release:signed", salt(1), {})


def test_the_same_record_cannot_be_found_without_its_salt() -> None:
    """Two salts give two commitments to one record, and a short salt is refused."""
    assert entry.commit(salt(1), b"record") != entry.commit(salt(2), b"record")
    assert entry.new_salt() != entry.new_salt()
    assert len(entry.new_salt()) == 32
    with pytest.raises(ValueError, match="a salt is 32 bytes"):
        entry.commit(b"short", b"record")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b'{"commitment":1,"hour":"2026-11-24T12Z","tag":"a:b:c","v":1}',
        filler(1).encode() + b" ",
        filler(1).encode().replace(b'"v":1', b'"v":2'),
        filler(1).encode().replace(b'"v":1', b'"v":1,"x":1'),
        filler(1).encode().replace(b'"v":1', b'"v":true'),
        filler(1).encode().replace(b"T12Z", b"T24Z"),
        filler(1).encode().replace(b"T12Z", b"T12:30Z"),
        filler(1).encode().replace(b"2026", "٢٠٢٦".encode()),
        filler(1).encode().replace(b"client:search:answered", b"client:search"),
        filler(1).encode().replace(b"client:search:answered", b"a" * 70_000),
        filler(1).encode().replace(b'"commitment":"', b'"commitment":"00'),
        filler(1).encode().decode().encode("utf-16"),
    ],
)
def test_what_is_no_entry_is_refused(data: bytes) -> None:
    """Other fields, versions, forms and encodings of an entry are refused."""
    with pytest.raises(Malformed):
        entry.parse(data)


def test_the_standards_example_is_read_and_written_back() -> None:
    """The example of C2SP tlog-proof reads and writes back byte by byte."""
    one = proof.parse(_C2SP_EXAMPLE.encode())
    assert (one.index, len(one.hashes)) == (73894, 5)
    assert one.extra is not None
    assert one.extra.startswith(b"age-v1.2.1-darwin-arm64.tar.gz")
    assert one.checkpoint.startswith(b"example.com/fancylog\n109482\n")
    assert one.encode() == _C2SP_EXAMPLE.encode()


@pytest.mark.parametrize("index", [0, 5, 9])
def test_a_proof_that_carries_its_entry_verifies(index: int) -> None:
    """A proof with the entry in its extra line proves tag, hour and commitment at its index, under a quorum."""
    log = Log(10)
    text = log.prove(index, carry=True, witnesses=WITNESSES[:2]).encode()
    lines = text.decode().split("\n")
    assert lines[:3] == [
        "c2sp.org/tlog-proof@v1",
        f"extra {base64.b64encode(filler(index).encode()).decode()}",
        f"index {index}",
    ]
    proved = verify.verify_entry(text, log.trust(2))
    assert (proved.entry, proved.index, len(proved.head.witnesses)) == (filler(index), index, 2)


def test_a_proof_without_its_entry_needs_the_leaf() -> None:
    """A proof that does not carry its entry verifies against the leaf only."""
    log = Log(10)
    one = log.prove(3)
    assert proof.verify(one, filler(3).leaf_hash(), log.trust()).checkpoint.size == 10
    with pytest.raises(Malformed, match="does not carry its entry"):
        verify.verify_entry(one.encode(), log.trust())


def test_a_proof_for_the_wrong_leaf_is_refused() -> None:
    """The proof of one entry is refused for another entry, and under another index."""
    log = Log(10)
    one = log.prove(3, carry=True)
    for changed in (
        dataclasses.replace(one, extra=filler(4).encode()),
        dataclasses.replace(one, index=4),
        dataclasses.replace(one, index=10),
        dataclasses.replace(one, hashes=log.prove(4).hashes),
    ):
        with pytest.raises(NotIncluded):
            verify.verify_entry(changed.encode(), log.trust())


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_changed_byte_breaks_a_proof(data: st.DataObject) -> None:
    """A proof that carries its entry is refused whatever byte of it is changed."""
    text = Log(10).prove(3, carry=True).encode()
    at, value = data.draw(st.integers(0, len(text) - 1)), data.draw(st.integers(1, 255))
    with pytest.raises(VerificationFailed):
        verify.verify_entry(text[:at] + bytes([text[at] ^ value]) + text[at + 1 :], Log().trust())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"@v1", b"@v2"),
        (b"index 3", b"index 03"),
        (b"index 3", b"index -3"),
        (b"index 3\n", b""),
        (b"index 3\n", b"index 3\nAAAA\n"),
        (b"index 3\n", b"index 3\n" + base64.b64encode(bytes(32)) * 64 + b"\n"),
        (b"index 3\n", b"index 3\n" + (base64.b64encode(bytes(32)) + b"\n") * 64),
        (b"index 3\n", b"index 3\n\n"),
        (b"extra ", b"extra !"),
        (b"index", b"\xff"),
        (b"index 3\n", b"index 3\n" + b"A" * 400_000 + b"\n"),
    ],
)
def test_a_proof_is_written_in_one_way_only(old: bytes, new: bytes) -> None:
    """Other versions, numbers, hashes and sizes are refused."""
    text = Log(10).prove(3, carry=True).encode()
    assert old in text
    with pytest.raises(Malformed):
        verify.verify_entry(text.replace(old, new, 1), Log().trust())


@pytest.mark.parametrize("old", [0, 1, 6, 8, 9, 10])
def test_growth_is_proved_from_any_earlier_size(old: int) -> None:
    """The proof of growth from each earlier checkpoint verifies, and reads and writes back byte by byte."""
    log = Log(10)
    text = log.growth(old).encode()
    assert proof.parse_growth(text).encode() == text
    proved = verify.verify_consistency(log.note(old), text, log.trust())
    assert (proved.old.size, proved.head.checkpoint.size) == (old, 10)


def test_a_rewritten_history_is_refused() -> None:
    """Growth from a history with another entry, from another size, or of another log, is refused with its reason."""
    log, rewritten = Log(10), Log(5)
    rewritten.append(filler(99))
    with pytest.raises(NotConsistent, match="does not begin with the log of 6"):
        verify.verify_consistency(rewritten.note(), log.growth(6).encode(), log.trust())
    with pytest.raises(Malformed, match="starts at 6 entries, the earlier checkpoint has 5"):
        verify.verify_consistency(log.note(5), log.growth(6).encode(), log.trust())
    other = Log(6, name="other.example/log")
    both = dataclasses.replace(log.trust(), keys=(log.signer.verifier(), other.signer.verifier()))
    with pytest.raises(WrongLog, match=r"earlier checkpoint is of other\.example/log"):
        verify.verify_consistency(other.note(), log.growth(6).encode(), both)
    forked = Log(9)
    forked.append(filler(99))
    with pytest.raises(Forked, match="two roots for the same 10 entries"):
        verify.verify_consistency(forked.note(), log.growth(10).encode(), log.trust())


def test_what_is_no_proof_of_growth_is_refused() -> None:
    """A proof of growth without a checkpoint is refused."""
    with pytest.raises(Malformed, match="not a proof of growth"):
        proof.parse_growth(b"old 6\n")
