# SPDX-License-Identifier: Apache-2.0
"""Signed documents that carry their own proof: one JSON object, in canonical form, on one line.

The object holds the body's fields, `signatures` and `tlog_proof`. Signed are the canonical bytes of the body alone.
No signature can be taken for one of a checkpoint: a body begins with a brace and holds no line break, and a
checkpoint has at least three lines; nor for one of another kind of document: the body names its schema.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from countenance import canonical
from countenance.clock import to_text
from countenance.errors import Malformed, UnknownKey, WrongLog
from countenance.ledger import proof as proofs
from countenance.ledger.checkpoint import Trust, Verified
from countenance.ledger.entry import Entry
from countenance.ledger.note import Signer, decode_base64, encode_base64
from countenance.ledger.proof import EntryProof

MAX_DOCUMENT_BYTES = 16 * 2**20  # A certificate with a line per store and per dependency has some 20 kB.
_SIGNATURES = "signatures"
_PROOF = "tlog_proof"

Body = Mapping[str, canonical.Value]


@dataclass(frozen=True)
class Document:
    """A document as it was read; nothing is verified yet.

    Attributes:
        body: what is signed.
        signatures: a key's label and its Ed25519 signature, 64 bytes.
    """

    body: Body
    signatures: tuple[tuple[str, bytes], ...]
    proof: EntryProof


def write(body: Body, signers: Iterable[Signer], proof: EntryProof) -> bytes:
    """Return the document of a body, signed and with the proof of its entry."""
    message = canonical.encode(body)
    signatures = [{"key": s.verifier().label, "sig": encode_base64(s.sign(message))} for s in signers]
    return canonical.encode({**body, _SIGNATURES: signatures, _PROOF: proof.encode().decode()}) + b"\n"


def read(data: bytes) -> Document:
    """Return the document that these bytes are.

    Raises:
        Malformed: they are none, or not in canonical form.
    """
    if len(data) > MAX_DOCUMENT_BYTES:
        raise Malformed(f"a document of {len(data)} bytes; at most {MAX_DOCUMENT_BYTES} are read")
    try:
        fields = json.loads(data, parse_float=_refuse, parse_constant=_refuse)
        is_canonical = isinstance(fields, dict) and canonical.encode(fields) + b"\n" == data
    except (ValueError, RecursionError) as error:
        raise Malformed("not a JSON document") from error
    if not is_canonical:
        raise Malformed("not in canonical form: keys sorted, no white space, one line")
    try:
        signatures = tuple((str(one["key"]), decode_base64(one["sig"])) for one in fields.pop(_SIGNATURES))
        proof = proofs.parse(fields.pop(_PROOF).encode())
    except (KeyError, TypeError, AttributeError) as error:
        raise Malformed(f"a document carries its {_SIGNATURES} and its {_PROOF}") from error
    if proof.extra is not None:
        raise Malformed(f"the {_PROOF} of a document has no extra line: its leaf follows from the document")
    return Document(fields, signatures, proof)


def verify(document: Document, entry: Entry, trust: Trust) -> Verified:
    """Check signatures and proof, and return the head of the log that the document is in.

    Args:
        entry: what the log must hold for this document.

    Raises:
        UnknownKey: no trusted key signed the document.
        BadSignature: a signature in a trusted key's name is not of that key over this body.
        WrongLog: the proof is of a log of another name than the signer's.
        VerificationFailed: as `proof.verify`.
    """
    message = canonical.encode(document.body)
    signers = set()
    for label, signature in document.signatures:
        for key in trust.keys:
            if key.label == label:
                key.check(signature, message)
                signers.add(key.name)
    if not signers:
        labels = ", ".join(label for label, _ in document.signatures) or "nobody"
        raise UnknownKey(f"signed by {labels}, and by none of the keys given")
    head = proofs.verify(document.proof, entry.leaf_hash(), trust)
    if head.checkpoint.origin not in signers:
        raise WrongLog(f"signed by {', '.join(sorted(signers))}, but proved by the log {head.checkpoint.origin}")
    return head


def parse_moment(text: str) -> datetime:
    """Return the moment that a text names, in the one way this program writes it.

    Raises:
        Malformed: it is no time such as 2026-11-24T22:16:00.000Z.
    """
    try:
        moment = datetime.fromisoformat(text)
        if to_text(moment) == text:
            return moment
    except ValueError:
        pass
    raise Malformed(f"{text!r} is no time such as 2026-11-24T22:16:00.000Z")


def parse_hex(value: canonical.Value, length: int) -> bytes:
    """Return the bytes that a lower-case hex text names.

    Raises:
        Malformed: it is no such text, or not of this many bytes.
    """
    try:
        data = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        data = b""
    if len(data) != length or data.hex() != value:
        raise Malformed(f"expected {length} bytes in lower-case hex")
    return data


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} has no canonical form")
