# SPDX-License-Identifier: Apache-2.0
"""Signed notes, checkpoints and cosignatures: published vectors, a second implementation, and what is refused."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_world import NOON, ORIGIN, WITNESS_KEYS, WITNESSES, Log, signer

from countenance.errors import (
    BadInput,
    BadSignature,
    Malformed,
    QuorumNotReached,
    UnknownKey,
    VerificationFailed,
    WrongLog,
)
from countenance.ledger import checkpoint, note
from countenance.ledger.checkpoint import Checkpoint, Trust
from countenance.ledger.note import KeyType, Signer

# https://c2sp.org/signed-note, section "Verifier keys" and its test vector.
_C2SP_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
_C2SP_NOTE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()

# golang.org/x/mod/sumdb/note, the package's examples; the seed is the public one printed there.
_PETER_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
_PETER_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
_ENOCH_KEY = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
_GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
_PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
_ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)

# A checkpoint of a public test log of 23 May 2026, with the cosignatures of four public witnesses and, in the first
# line, a signature of a type that is not understood here. The keys are the ones that log and witnesses publish.
_ARCHE_KEY = "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
_ARCHE_WITNESSES = (
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
    "transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM",
    "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO",
)
_ARCHE = """\
arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
""".encode()  # noqa: E501


def _keys(*texts: str) -> tuple[note.VerifierKey, ...]:
    return tuple(note.parse_key(text) for text in texts)


def test_the_example_of_the_standard_verifies() -> None:
    """The key and the note of C2SP signed-note are read, written back byte by byte, and verify."""
    key = note.parse_key(_C2SP_KEY)
    parsed = note.parse(_C2SP_NOTE)
    assert (key.name, key.id.hex(), key.text()) == ("example.com/foo", "530d903a", _C2SP_KEY)
    assert parsed.encode() == _C2SP_NOTE
    assert note.check(parsed, [key]) == [key]


def test_the_notes_of_go_come_out_byte_by_byte() -> None:
    """Signing the text of Go's package with its key gives its note; both signatures of the double note verify."""
    peter = Signer("PeterNeumann", Ed25519PrivateKey.from_private_bytes(_PETER_SEED))
    assert peter.verifier().text() == _PETER_KEY
    assert note.sign(_GO_TEXT, [peter]).encode() == f"{_GO_TEXT}\n{_PETER_LINE}".encode()
    both = note.parse(f"{_GO_TEXT}\n{_PETER_LINE}{_ENOCH_LINE}".encode())
    assert note.check(both, keys := _keys(_PETER_KEY, _ENOCH_KEY)) == list(keys)


def test_a_checkpoint_of_a_public_log_and_its_witnesses_verify() -> None:
    """A real checkpoint verifies with its log's key and four witnesses, beside a signature of an unknown type."""
    head = checkpoint.verify(_ARCHE, Trust(_keys(_ARCHE_KEY), _keys(*_ARCHE_WITNESSES), 4))
    assert head.checkpoint.size == 1432088532
    assert [one.name for one in head.witnesses] == [text.split("+")[0] for text in _ARCHE_WITNESSES]
    assert {one.at for one in head.witnesses} == {datetime(2026, 5, 23, 21, 50, 24, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("old", "new"), [(b"1432088532", b"1432088533"), (b"\nU7WM", b"\nV7WM"), (b"AAAABqEiEgPlf", b"AAAABqEiEhPlf")]
)
def test_a_real_checkpoint_with_a_changed_byte_is_refused(old: bytes, new: bytes) -> None:
    """Another size, another root, or another time in a cosignature: the signature no longer holds."""
    assert old in _ARCHE
    trust = Trust(_keys(_ARCHE_KEY), _keys(*_ARCHE_WITNESSES), 1)
    with pytest.raises(BadSignature, match="not of that key over these bytes"):
        checkpoint.verify(_ARCHE.replace(old, new), trust)


def test_a_second_implementation_agrees() -> None:
    """Key ids, signature lines and cosigned messages are what the standards' texts say, written down a second time."""
    log = Log(3)
    text, lines = log.note(witnesses=WITNESSES[:1]).decode().split("\n\n")
    root = base64.b64encode(log.head().root).decode()
    body = f"{ORIGIN}\n3\n{root}\n"
    assert text + "\n" == body
    signature, cosignature, rest = lines.split("\n")
    assert rest == ""
    for line, one, kind in ((signature, log.signer, b"\x01"), (cosignature, WITNESSES[0], b"\x04")):
        dash, name, encoded = line.split(" ")
        raw, public = base64.b64decode(encoded), one.private.public_key().public_bytes_raw()
        assert (dash, name) == ("—", one.name)
        assert raw[:4] == hashlib.sha256(name.encode() + b"\x0a" + kind + public).digest()[:4]
        message = body
        if kind == b"\x04":
            seconds = int.from_bytes(raw[4:12], "big")
            assert seconds == int(NOON.timestamp())
            message, raw = f"cosignature/v1\ntime {seconds}\n{body}", raw[8:]
        Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], message.encode())


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_changed_byte_breaks_a_checkpoint(data: st.DataObject) -> None:
    """A checkpoint under one signature is refused whatever byte of it is changed."""
    whole = Log(5).note()
    at, value = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(1, 255))
    with pytest.raises(VerificationFailed):
        checkpoint.verify(whole[:at] + bytes([whole[at] ^ value]) + whole[at + 1 :], Log().trust())


@pytest.mark.parametrize("quorum", [1, 2, 3])
def test_a_quorum_counts_trusted_witnesses(quorum: int) -> None:
    """With two of three trusted witnesses a quorum of one or two is reached, one of three is not."""
    log = Log(4)
    data = log.note(witnesses=WITNESSES[:2])
    if quorum == 3:
        with pytest.raises(QuorumNotReached, match="cosigned by 2 of the witnesses given; 3 are asked for"):
            checkpoint.verify(data, log.trust(quorum))
    else:
        assert [one.name for one in checkpoint.verify(data, log.trust(quorum)).witnesses] == [
            "witness.example/w1",
            "witness.example/w2",
        ]


def test_a_witness_counts_once() -> None:
    """The same witness cosigning twice, or an unknown one, does not make a quorum."""
    log, stranger = Log(4), signer("stranger.example/w", 44)
    with pytest.raises(QuorumNotReached, match="cosigned by 1"):
        checkpoint.verify(log.note(witnesses=(WITNESSES[0], WITNESSES[0], stranger)), log.trust(2))


def test_a_cosignature_of_other_bytes_is_refused() -> None:
    """A known witness's cosignature of another checkpoint rejects the note, even where no quorum is asked."""
    log = Log(4)
    foreign = note.parse(log.note(3, WITNESSES[:1])).signatures[1]
    mixed = dataclasses.replace(note.parse(log.note()), signatures=(*note.parse(log.note()).signatures, foreign))
    with pytest.raises(BadSignature, match=r"witness\.example/w1"):
        checkpoint.verify(mixed.encode(), log.trust())
    short = dataclasses.replace(foreign, blob=foreign.blob[:-1])
    mixed = dataclasses.replace(mixed, signatures=(mixed.signatures[0], short))
    with pytest.raises(BadSignature, match="72 bytes"):
        checkpoint.verify(mixed.encode(), log.trust())


def test_a_cosignature_at_no_time_is_refused() -> None:
    """A witness that signs a time beyond all clocks is not counted."""
    log, witness = Log(4), WITNESSES[0]
    signed = note.parse(log.note())
    blob = (2**63).to_bytes(8, "big") + witness.sign(f"cosignature/v1\ntime {2**63}\n{signed.text}".encode())
    line = note.Signature(witness.name, WITNESS_KEYS[0].id, blob)
    with pytest.raises(Malformed, match="no clock"):
        checkpoint.verify(dataclasses.replace(signed, signatures=(*signed.signatures, line)).encode(), log.trust())


def test_keys_of_others_prove_nothing() -> None:
    """A checkpoint of another log, or by another key of the same name, is refused with its own reason each."""
    with pytest.raises(WrongLog, match=r"of the log other\.example/log; the keys given are of museum\.example/log"):
        checkpoint.verify(Log(2, name="other.example/log").note(), Log().trust())
    with pytest.raises(UnknownKey, match="by none of the keys given"):
        checkpoint.verify(Log(2, seed=9).note(), Log().trust())


def test_a_log_signs_only_for_itself() -> None:
    """A key of another name cannot sign a checkpoint, since no verifier would accept it."""
    with pytest.raises(ValueError, match="cannot sign for the log"):
        checkpoint.sign(Log(2).head(), signer("other.example/log"))


@pytest.mark.parametrize(
    ("trust", "reason"),
    [
        (lambda: Trust(()), "at least one key"),
        (lambda: Trust((WITNESS_KEYS[0],)), "type 0x01"),
        (lambda: Trust((Log().signer.verifier(),), (Log().signer.verifier(),)), "type 0x04"),
        (lambda: Trust((Log().signer.verifier(),), (WITNESS_KEYS[0], WITNESS_KEYS[0])), "counts only once"),
        (lambda: Trust((Log().signer.verifier(),), (Log().signer.verifier(KeyType.COSIGNATURE),)), "own witness"),
        (lambda: Trust((Log().signer.verifier(),), WITNESS_KEYS, 4), "quorum of 4 cannot be asked of 3"),
        (lambda: Trust((Log().signer.verifier(),), WITNESS_KEYS, -1), "quorum of -1"),
    ],
)
def test_trust_that_proves_less_than_it_seems_is_refused(trust: object, reason: str) -> None:
    """Keys of the wrong kind, one key counted twice and quorums out of reach are wrong input."""
    with pytest.raises(BadInput, match=reason):
        trust()  # type: ignore[operator]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com/foo",
        _C2SP_KEY[:-1],
        _C2SP_KEY.replace("530d903a", "530d903b"),
        _C2SP_KEY.replace("530d903a", "530D903A"),
        _C2SP_KEY.replace("example.com/foo", "example.com/bar"),
        _C2SP_KEY.replace("example.com/foo", "example.com /foo"),
        "example.com/foo+530d903a+Av" + "A" * 42,
        _C2SP_KEY + "=",
    ],
)
def test_a_mistyped_key_is_refused(text: str) -> None:
    """A key whose id is not that of its bytes, or of another type or length, is not read."""
    with pytest.raises(Malformed):
        note.parse_key(text)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        _C2SP_NOTE[:-1],
        _C2SP_NOTE + b"\n",
        _C2SP_NOTE.replace("—".encode(), b"-"),
        _C2SP_NOTE.replace(b"example.com/foo ", b"example.com/foo  "),
        _C2SP_NOTE.replace(b"example.com/foo ", b" "),
        _C2SP_NOTE.replace(b"message", b"mess\tage"),
        _C2SP_NOTE.replace(b"message", b"mess\xffage"),
        _C2SP_NOTE.replace(b"yaQM=", b"yaQN="),
        b"text\n\n\xe2\x80\x94 name AAAAAA==\n",
        b"x" * (note.MAX_NOTE_BYTES + 1),
    ],
)
def test_a_note_is_written_in_one_way_only(data: bytes) -> None:
    """Missing parts, other dashes or blanks, control characters, spare bits and excess size are refused."""
    with pytest.raises(Malformed):
        note.parse(data)


@pytest.mark.parametrize(
    "text",
    [
        "museum.example/log\n3\n",
        "museum.example/log\n03\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "museum.example/log\n-1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "museum.example/log\n9999999999999999999\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "museum.example/log\n3\nAAAA\n",
        "museum.example/log\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n",
        "museum.example/log\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nx\n",
        "\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "museum.example/log\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ],
)
def test_a_checkpoint_is_written_in_one_way_only(text: str) -> None:
    """Leading zeros, signs, sizes out of range, short roots, spare bits and empty lines are refused."""
    with pytest.raises(Malformed):
        checkpoint.parse(text)


def test_extension_lines_are_kept() -> None:
    """Further lines are kept as they are, since they are signed too."""
    one = Checkpoint(ORIGIN, 3, bytes(32), ("more", "lines"))
    assert checkpoint.parse(one.text()) == one
