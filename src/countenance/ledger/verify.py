# SPDX-License-Identifier: Apache-2.0
"""What a stranger runs: bytes and public keys in, what they prove out, or a precise reason why they prove nothing.

Each function raises a leaf of `errors.VerificationFailed`, or returns a small record of what was proved and no more.
`countenance verify` is its command line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from countenance.errors import Forked, Malformed, Truncated, WrongLog
from countenance.ledger import certificate as certificates
from countenance.ledger import checkpoint as checkpoints
from countenance.ledger import document as documents
from countenance.ledger import entry as entries
from countenance.ledger import proof as proofs
from countenance.ledger import release as releases
from countenance.ledger import tiles
from countenance.ledger.certificate import Certificate
from countenance.ledger.checkpoint import Checkpoint, Trust, Verified
from countenance.ledger.entry import Entry
from countenance.ledger.release import ReleaseExport
from countenance.ledger.tiles import Fetch


@dataclass(frozen=True)
class CertificateProved:
    """A certificate was signed by a trusted key and stands in the log at `index`."""

    certificate: Certificate
    index: int
    head: Verified


@dataclass(frozen=True)
class ReleaseProved:
    """A release was signed as exported and stands in the log at `index`; not that it is still in force."""

    release: ReleaseExport
    index: int
    head: Verified


@dataclass(frozen=True)
class EntryProved:
    """An entry stands in the log at `index`."""

    entry: Entry
    index: int
    head: Verified


@dataclass(frozen=True)
class GrowthProved:
    """The log of `old` became the log of `head` by appending alone."""

    old: Checkpoint
    head: Verified


@dataclass(frozen=True)
class LogProved:
    """A published log is whole: every entry, every tile, and the signed root over them.

    Attributes:
        tags: how many entries there are of each kind.
        hours: of the first and the last entry; None for an empty log.
        earlier: how many other checkpoints were found to be heads of this history.
    """

    tags: Mapping[str, int]
    hours: tuple[str, str] | None
    earlier: int
    head: Verified


def verify_certificate(data: bytes, trust: Trust) -> CertificateProved:
    """Prove a certificate of destruction.

    Raises:
        VerificationFailed: as `document.read`, `certificate.parse` and `document.verify`.
    """
    document = documents.read(data)
    certificate = certificates.parse(document.body)
    head = documents.verify(document, certificate.entry(), trust)
    return CertificateProved(certificate, document.proof.index, head)


def verify_release(data: bytes, trust: Trust) -> ReleaseProved:
    """Prove an exported release.

    Raises:
        VerificationFailed: as `document.read`, `release.parse`, `ReleaseExport.check_act` and `document.verify`.
    """
    document = documents.read(data)
    release = releases.parse(document.body)
    head = documents.verify(document, release.entry(), trust)
    release.check_act()
    return ReleaseProved(release, document.proof.index, head)


def verify_entry(data: bytes, trust: Trust) -> EntryProved:
    """Prove the entry that a tlog-proof carries in its extra line.

    Raises:
        VerificationFailed: as `proof.parse`, `entry.parse` and `proof.verify`; `Malformed` without an extra line.
    """
    proof = proofs.parse(data)
    if proof.extra is None:
        raise Malformed("this proof does not carry its entry (an extra line), so there is nothing to check it against")
    entry = entries.parse(proof.extra)
    return EntryProved(entry, proof.index, proofs.verify(proof, entry.leaf_hash(), trust))


def verify_consistency(old: bytes, proof: bytes, trust: Trust) -> GrowthProved:
    """Prove that a log only grew between an earlier checkpoint and the one in a proof of growth.

    Args:
        old: the earlier checkpoint, signed.
        proof: the text of the proof; it holds the later checkpoint.
        trust: the quorum of witnesses is asked of the later checkpoint only: the earlier one is bound by the proof.

    Raises:
        VerificationFailed: as `checkpoint.verify` and `proof.verify_growth`; `WrongLog` for checkpoints of two logs.
    """
    parsed = proofs.parse_growth(proof)
    head = checkpoints.verify(parsed.checkpoint, trust)
    earlier = checkpoints.verify(old, Trust(trust.keys)).checkpoint
    if earlier.origin != head.checkpoint.origin:
        raise WrongLog(f"the earlier checkpoint is of {earlier.origin}, the later one of {head.checkpoint.origin}")
    proofs.verify_growth(earlier, parsed, head.checkpoint)
    return GrowthProved(earlier, head)


def verify_same_history(heads: Sequence[Checkpoint]) -> None:
    """Check that no two checkpoints of one log have the same size and different roots.

    Raises:
        Forked: two do; together they prove that the log showed different histories.
    """
    roots: dict[tuple[str, int], bytes] = {}
    for one in heads:
        if roots.setdefault((one.origin, one.size), one.root) != one.root:
            raise Forked(f"two signed checkpoints of {one.origin} with {one.size} entries have different roots")


def verify_published_log(fetch: Fetch, trust: Trust, earlier: Sequence[Checkpoint] = ()) -> LogProved:
    """Prove a whole published log.

    Args:
        fetch: what is published under a path, such as `files.get` of a mapping.
        trust: whose signatures count.
        earlier: verified checkpoints that must be heads of this history; those of other logs are left aside.

    Raises:
        VerificationFailed: as `checkpoint.verify`, `tiles.read` and `entry.parse`.
    """
    note = fetch(tiles.CHECKPOINT_PATH)
    if note is None:
        raise Truncated("there is no checkpoint in this folder, so it is no published log, or not all of it")
    head = checkpoints.verify(note, trust)
    same_log = [one for one in earlier if one.origin == head.checkpoint.origin]
    tags: Counter[str] = Counter()
    hours: list[str] = []
    for data in tiles.read(fetch, head.checkpoint, same_log):
        entry = entries.parse(data)
        tags[entry.tag] += 1
        hours = [*hours[:1], entry.hour]
    span = (hours[0], hours[-1]) if hours else None
    return LogProved(dict(sorted(tags.items())), span, len(same_log), head)
