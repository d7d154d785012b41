# SPDX-License-Identifier: Apache-2.0
"""Proofs as texts that can be kept and checked offline: of one entry, and that a log only grew.

The proof of an entry is C2SP tlog-proof v1. `extra` holds the entry's bytes where the proof travels alone; documents
that carry their own proof leave it out, since their leaf follows from their content.

The proof of growth is the body of C2SP tlog-witness add-checkpoint, so that what is shown to a person is what is sent
to a witness. The earlier checkpoint is brought by the verifier.

Source: https://c2sp.org/tlog-proof, https://c2sp.org/tlog-witness.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from countenance.errors import Malformed
from countenance.ledger import checkpoint as checkpoints
from countenance.ledger import merkle
from countenance.ledger.checkpoint import Checkpoint, Trust, Verified
from countenance.ledger.merkle import HASH_BYTES, Proof
from countenance.ledger.note import MAX_NOTE_BYTES, decode_base64, encode_base64

HEADER = "c2sp.org/tlog-proof@v1"
GROWTH_HEADER = "old "
_NUMBER = r"(0|[1-9][0-9]{0,18})"
_ENTRY_FORM = re.compile(rf"{re.escape(HEADER)}\n(?:extra (\S+)\n)?index {_NUMBER}\n((?:\S+\n)*)\n(.+)", re.DOTALL)
_GROWTH_FORM = re.compile(rf"{GROWTH_HEADER}{_NUMBER}\n((?:\S+\n)*)\n(.+)", re.DOTALL)
_MAX_HASHES = 63  # As high as a tree of 2**63 leaves.
# An entry in base64 may come in front of the largest note.
_MAX_BYTES = MAX_NOTE_BYTES + 2 * 65_535


@dataclass(frozen=True)
class EntryProof:
    """That an entry is in a log.

    Attributes:
        index: number of the entry, from 0.
        hashes: from the leaf's sibling up to the root's child.
        checkpoint: the signed note, verbatim.
        extra: bytes that help to find the leaf; the proof is what authenticates them. None where there are none.
    """

    index: int
    hashes: Proof
    checkpoint: bytes
    extra: bytes | None = None

    def encode(self) -> bytes:
        """Return the proof as a text, UTF-8."""
        extra = f"extra {encode_base64(self.extra)}\n" if self.extra else ""
        return f"{HEADER}\n{extra}index {self.index}\n{_hashes(self.hashes)}\n".encode() + self.checkpoint


@dataclass(frozen=True)
class GrowthProof:
    """That a log of `old` entries became the log of the checkpoint by appending alone."""

    old: int
    hashes: Proof
    checkpoint: bytes

    def encode(self) -> bytes:
        """Return the proof as a text, UTF-8."""
        return f"{GROWTH_HEADER}{self.old}\n{_hashes(self.hashes)}\n".encode() + self.checkpoint


def parse(data: bytes) -> EntryProof:
    """Return the proof of an entry that these bytes are; nothing is verified yet.

    Raises:
        Malformed: they are none.
    """
    found = _ENTRY_FORM.fullmatch(_text(data))
    if found is None:
        raise Malformed(f"not a proof of an entry: {HEADER}, an index, hashes, an empty line and a checkpoint")
    extra, index, hashes, checkpoint = found.groups()
    return EntryProof(
        int(index), _parse_hashes(hashes), checkpoint.encode(), None if extra is None else decode_base64(extra)
    )


def parse_growth(data: bytes) -> GrowthProof:
    """Return the proof of growth that these bytes are; nothing is verified yet.

    Raises:
        Malformed: they are none.
    """
    found = _GROWTH_FORM.fullmatch(_text(data))
    if found is None:
        raise Malformed("not a proof of growth: the old size, hashes, an empty line and a checkpoint")
    old, hashes, checkpoint = found.groups()
    return GrowthProof(int(old), _parse_hashes(hashes), checkpoint.encode())


def verify(proof: EntryProof, leaf: bytes, trust: Trust) -> Verified:
    """Check that the leaf with this hash is in the log, and return the log's head.

    Raises:
        VerificationFailed: as `checkpoint.verify`; `NotIncluded` where the proof is not of this leaf.
    """
    head = checkpoints.verify(proof.checkpoint, trust)
    merkle.verify_inclusion(leaf, proof.index, head.checkpoint.size, proof.hashes, head.checkpoint.root)
    return head


def verify_growth(old: Checkpoint, proof: GrowthProof, new: Checkpoint) -> None:
    """Check that the log of the old checkpoint became that of the new one by appending alone.

    Raises:
        VerificationFailed: `Malformed` where the proof starts elsewhere, otherwise as `merkle.verify_consistency`.
    """
    if proof.old != old.size:
        raise Malformed(f"the proof starts at {proof.old} entries, the earlier checkpoint has {old.size}")
    merkle.verify_consistency(old.size, old.root, new.size, new.root, proof.hashes)


def _text(data: bytes) -> str:
    if len(data) > _MAX_BYTES:
        raise Malformed(f"a proof of {len(data)} bytes; at most {_MAX_BYTES} are read")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Malformed("a proof is UTF-8 text") from error


def _hashes(hashes: Proof) -> str:
    return "".join(f"{encode_base64(one)}\n" for one in hashes)


def _parse_hashes(text: str) -> Proof:
    hashes = tuple(decode_base64(line) for line in text.split("\n")[:-1])
    if len(hashes) > _MAX_HASHES or any(len(one) != HASH_BYTES for one in hashes):
        raise Malformed(f"a proof holds at most {_MAX_HASHES} hashes of {HASH_BYTES} bytes")
    return hashes
