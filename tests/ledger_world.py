# SPDX-License-Identifier: Apache-2.0
"""A log in memory with fixed keys, and what is signed and proved with it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from countenance.canonical import Value
from countenance.ledger import checkpoint, document, entry, merkle, tiles
from countenance.ledger.certificate import (
    CarveOut,
    Certificate,
    Check,
    Counts,
    Declarant,
    Left,
    Period,
    Software,
    StoreResult,
    Verification,
)
from countenance.ledger.checkpoint import Checkpoint, Trust
from countenance.ledger.entry import Entry
from countenance.ledger.note import KeyType, Signer
from countenance.ledger.proof import EntryProof, GrowthProof
from countenance.ledger.release import ReleaseExport

ORIGIN = "museum.example/log"
NOON = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)


def signer(name: str, seed: int = 1) -> Signer:
    """A key that is the same in every run."""
    return Signer(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def salt(number: int) -> bytes:
    """A salt that is the same in every run; real ones are random."""
    return hashlib.sha256(b"salt %d" % number).digest()


WITNESSES = (signer("witness.example/w1", 11), signer("witness.example/w2", 12), signer("other.example/w3", 13))
WITNESS_KEYS = tuple(one.verifier(KeyType.COSIGNATURE) for one in WITNESSES)


class Log:
    """An append-only log of whatever it is given."""

    def __init__(self, size: int = 0, *, name: str = ORIGIN, seed: int = 1) -> None:
        self.signer = signer(name, seed)
        self.entries: list[bytes] = []
        for number in range(size):
            self.append(filler(number))

    def append(self, one: Entry) -> int:
        """Append an entry and return its index."""
        self.entries.append(one.encode())
        return len(self.entries) - 1

    def head(self, size: int | None = None) -> Checkpoint:
        size = len(self.entries) if size is None else size
        return Checkpoint(self.signer.name, size, merkle.root(size, self._node()))

    def note(self, size: int | None = None, witnesses: tuple[Signer, ...] = ()) -> bytes:
        signed = checkpoint.sign(self.head(size), self.signer)
        for witness in witnesses:
            signed = checkpoint.cosign(signed, witness, NOON)
        return signed.encode()

    def prove(self, index: int, *, carry: bool = False, witnesses: tuple[Signer, ...] = ()) -> EntryProof:
        hashes = merkle.inclusion_proof(index, len(self.entries), self._node())
        extra = self.entries[index] if carry else None
        return EntryProof(index, hashes, self.note(witnesses=witnesses), extra)

    def growth(self, old: int) -> GrowthProof:
        return GrowthProof(old, merkle.consistency_proof(old, len(self.entries), self._node()), self.note())

    def publish(self) -> dict[str, bytes]:
        return tiles.publish(self.entries, self.note())

    def trust(self, quorum: int = 0) -> Trust:
        return Trust((self.signer.verifier(),), WITNESS_KEYS, quorum)

    def certify(self, one: Certificate) -> bytes:
        """Log a certificate and return its document."""
        return document.write(one.body(), [self.signer], self.prove(self.append(one.entry())))

    def export(self, one: ReleaseExport) -> bytes:
        """Log a release and return its export."""
        return document.write(one.body(), [self.signer], self.prove(self.append(one.entry())))

    def _node(self) -> merkle.NodeReader:
        return merkle.in_memory([merkle.leaf_hash(data) for data in self.entries])


def filler(number: int) -> Entry:
    """Some entry."""
    at = NOON - timedelta(days=1) + timedelta(minutes=number)
    return entry.make(at, "client:search:answered", salt(number), {"search": f"sea_{number}"})


def certificate(**changes: object) -> Certificate:
    """A partial certificate: two of twelve are held; with changes, another one."""
    fields: dict[str, object] = {
        "id": "crt_4k2m0q9x4t8b5c1d",
        "run_id": "run_9x4t8b5c1d7k2m0q",
        "order_ref": "request of 20 November 2026",
        "operator": "Example Museum",
        "place": "Chicago, US-IL",
        "destination": "the media stay in use",
        "scope_text": "All that is held of subject sub_7k2m0q9x4t8b5c1d.",
        "class_snapshot_root": None,
        "counts": Counts(targeted=12, destroyed=10, held=2, failed=0, deferred=0),
        "unknown_treated_as_member": 0,
        "methods": ("crypto_erase", "rewrite_compact"),
        "stores": (
            StoreResult("records", "database", "delete_vacuum", 40, Counts(12, 10, 2, 0, 0), 0, "0.1.0", "ab" * 32),
            StoreResult("keyring", "keys", "crypto_erase", 9, Counts(3, 3, 0, 0, 0), 3, "0.1.0", None),
        ),
        "carve_outs": (CarveOut(Left.HELD, "records", 2, "legal hold hld_1", datetime(2027, 1, 1, tzinfo=UTC)),),
        "policy_pack_hashes": {"us-il-bipa": "cd" * 32},
        "software": Software("0.1.0", None, None, {"cryptography": "46.0.3", "numpy": "2.3.5"}),
        "period": Period(NOON - timedelta(minutes=5), NOON - timedelta(minutes=1)),
        "verification": Verification(
            "ver_1", 3, NOON - timedelta(minutes=1), (Check("rows of the subject", 0, 0), Check("canaries", 0, 0))
        ),
        "limitations": ("Copies that others made are not covered.",),
        "declarant": Declarant("C. Example", "privacy officer"),
        "declaration": "I declare under penalty of perjury that the foregoing is true and correct (28 U.S.C. 1746).",
        "signed_at": NOON,
        "supersedes": None,
        "salt": salt(1000).hex(),
    }
    return Certificate(**{**fields, **changes})  # type: ignore[arg-type]


def release() -> ReleaseExport:
    """A release as the register writes its evidence."""
    evidence: dict[str, Value] = {
        "schema": "countenance-release-1",
        "release": "rel_5c1d7k2m0q9x4t8b",
        "subject": "sub_7k2m0q9x4t8b5c1d",
        "notice": {"id": "not_0q9x4t8b5c1d7k2m", "sha256": "12" * 32},
        "policy_sha256": "34" * 32,
        "law": {"digest": "56" * 32, "packs": {"us-il-bipa": "cd" * 32}},
        "scope": {"purposes": ["photo_delivery"], "clients": ["cli_8b5c1d7k2m0q9x4t"], "kinds": []},
        "term_end": "2027-11-24T12:30:00.000Z",
        "signature": {
            "kind": "electronic signature",
            "method": "typed at the desk",
            "signer": "Ada Example",
            "role": "subject",
            "signed_at": "2026-11-24T12:30:00.000Z",
            "intent": "typed the name under the notice in order to sign it",
        },
    }
    return ReleaseExport(evidence, salt(2000))
