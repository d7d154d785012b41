# SPDX-License-Identifier: Apache-2.0
"""C2SP tlog-checkpoint: the signed head of a log, cosigned by witnesses, and whom a verifier trusts.

A checkpoint says "this log has this many entries under this root". A witness's cosignature adds "and at this time it
was the largest that I saw, and it continues all that I saw before". A quorum of witnesses rules out that a log shows
different histories to different people.

Source: https://c2sp.org/tlog-checkpoint, https://c2sp.org/tlog-cosignature.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from countenance.errors import BadInput, BadSignature, Malformed, QuorumNotReached, WrongLog
from countenance.ledger import note as notes
from countenance.ledger.merkle import HASH_BYTES
from countenance.ledger.note import KeyType, Note, Signature, Signer, VerifierKey

MAX_SIZE = 2**63 - 1
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_TIME_BYTES = 8
_SIGNATURE_BYTES = 64


@dataclass(frozen=True)
class Trust:
    """Whom a verifier trusts.

    Attributes:
        keys: of logs and of the services that sign documents, type 0x01. A log's key carries the log's origin as
            its name.
        witnesses: type 0x04.
        quorum: how many of them must have cosigned a checkpoint.
    """

    keys: tuple[VerifierKey, ...]
    witnesses: tuple[VerifierKey, ...] = ()
    quorum: int = 0

    def __post_init__(self) -> None:
        """Refuse what would prove less than it seems to.

        Raises:
            BadInput: no key, a key of the wrong type, one key counted twice, or a quorum that cannot be reached.
        """
        if not self.keys or any(key.type is not KeyType.SIGNATURE for key in self.keys):
            raise BadInput("at least one key of a log is needed, and each must be of type 0x01 (Ed25519 signature)")
        if any(key.type is not KeyType.COSIGNATURE for key in self.witnesses):
            raise BadInput("a witness's key must be of type 0x04 (Ed25519 cosignature)")
        publics = {key.public for key in self.witnesses}
        if len(publics) < len(self.witnesses) or publics & {key.public for key in self.keys}:
            raise BadInput("each witness needs a key of its own; it counts only once, and a log is not its own witness")
        if not 0 <= self.quorum <= len(self.witnesses):
            raise BadInput(f"a quorum of {self.quorum} cannot be asked of {len(self.witnesses)} witnesses")


@dataclass(frozen=True)
class Checkpoint:
    """The head of a log.

    Attributes:
        origin: which log; the same text as the name of its key.
        root: 32 bytes.
        extensions: further lines, opaque; this program writes none.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the text that is signed."""
        return "\n".join([self.origin, str(self.size), notes.encode_base64(self.root), *self.extensions, ""])


@dataclass(frozen=True)
class Witnessed:
    """One cosignature that was verified."""

    name: str
    at: datetime


@dataclass(frozen=True)
class Verified:
    """A checkpoint that is signed by its log and by enough witnesses."""

    checkpoint: Checkpoint
    witnesses: tuple[Witnessed, ...]


def sign(checkpoint: Checkpoint, signer: Signer) -> Note:
    """Return the checkpoint signed by its log.

    Raises:
        ValueError: the signer's name is not the log's origin, so that no verifier would accept it.
    """
    if signer.name != checkpoint.origin:
        raise ValueError(f"{signer.name} cannot sign for the log {checkpoint.origin}")
    return notes.sign(checkpoint.text(), [signer])


def cosign(note: Note, witness: Signer, at: datetime) -> Note:
    """Return the note with a witness's cosignature added."""
    seconds = int(at.timestamp())
    blob = seconds.to_bytes(_TIME_BYTES, "big") + witness.sign(_cosigned(note.text, seconds))
    key_id = witness.verifier(KeyType.COSIGNATURE).id
    return replace(note, signatures=(*note.signatures, Signature(witness.name, key_id, blob)))


def parse(text: str) -> Checkpoint:
    """Return the checkpoint that a note's text is.

    Raises:
        Malformed: it is none.
    """
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() or not all(lines):
        raise Malformed("a checkpoint is at least three lines that are not empty: origin, size, root")
    origin, size, root, *extensions = lines
    if not _SIZE.fullmatch(size) or int(size) > MAX_SIZE:
        raise Malformed(f"{size!r} is no number of entries")
    raw = notes.decode_base64(root)
    if len(raw) != HASH_BYTES:
        raise Malformed("a root hash is 32 bytes")
    return Checkpoint(origin, int(size), raw, tuple(extensions))


def verify(data: bytes, trust: Trust) -> Verified:
    """Return the checkpoint that these bytes are, once signatures and quorum are checked.

    Raises:
        Malformed: they are no signed checkpoint.
        WrongLog: it is of a log whose key is not among those trusted.
        UnknownKey: it is not signed by that log's key.
        BadSignature: a signature of a trusted log or witness does not hold.
        QuorumNotReached: too few of the trusted witnesses cosigned it.
    """
    note = notes.parse(data)
    checkpoint = parse(note.text)
    keys = [key for key in trust.keys if key.name == checkpoint.origin]
    if not keys:
        trusted = ", ".join(sorted({key.name for key in trust.keys}))
        raise WrongLog(f"this is of the log {checkpoint.origin}; the keys given are of {trusted}")
    notes.check(note, keys)
    found = tuple(
        _witnessed(note, key, signature)
        for key in trust.witnesses
        for signature in [next((s for s in note.signatures if s.is_of(key)), None)]
        if signature is not None
    )
    if len(found) < trust.quorum:
        raise QuorumNotReached(f"cosigned by {len(found)} of the witnesses given; {trust.quorum} are asked for")
    return Verified(checkpoint, found)


def _witnessed(note: Note, key: VerifierKey, signature: Signature) -> Witnessed:
    if len(signature.blob) != _TIME_BYTES + _SIGNATURE_BYTES:
        raise BadSignature(f"the cosignature of {key.label} is not 72 bytes")
    seconds = int.from_bytes(signature.blob[:_TIME_BYTES], "big")
    key.check(signature.blob[_TIME_BYTES:], _cosigned(note.text, seconds))
    try:
        return Witnessed(key.name, datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError) as error:
        raise Malformed(f"the witness {key.name} wrote a time that no clock shows") from error


def _cosigned(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()
