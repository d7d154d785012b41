# SPDX-License-Identifier: Apache-2.0
"""What was proved, in words for people and as facts for programs; and what was not, where one might think so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from countenance.clock import to_text
from countenance.ledger.certificate import TARGETS_LEFT, CarveOut, Certificate
from countenance.ledger.checkpoint import Checkpoint, Verified
from countenance.ledger.entry import Entry
from countenance.ledger.release import ReleaseExport
from countenance.ledger.verify import CertificateProved, EntryProved, GrowthProved, LogProved, ReleaseProved


@dataclass(frozen=True)
class Proved:
    """What one file proves.

    Attributes:
        kind: certificate, release, entry, growth, log or checkpoint.
        head: of the log that it was proved with.
        facts: values that JSON has.
    """

    kind: str
    head: Checkpoint
    sentences: tuple[str, ...]
    facts: Mapping[str, object]


def describe(report: CertificateProved | ReleaseProved | EntryProved | GrowthProved | LogProved | Verified) -> Proved:
    """Return a report in words and facts."""
    if isinstance(report, Verified):
        return Proved("checkpoint", report.checkpoint, _head_words(report), _head_facts(report))
    match report:
        case CertificateProved(certificate=certificate):
            kind, words, facts = "certificate", _certificate_words(certificate), _certificate_facts(certificate)
        case ReleaseProved(release=release):
            kind, words, facts = "release", _release_words(release), _release_facts(release)
        case EntryProved(entry=entry):
            kind, words, facts = "entry", (_entry_words(entry),), _entry_facts(entry)
        case GrowthProved(old=old):
            words = (f"The log only grew from {old.size} entries: nothing before was changed or taken out.",)
            kind, facts = "growth", {"old_size": old.size}
        case LogProved():
            kind, words, facts = "log", _log_words(report), {"tags": report.tags, "earlier": report.earlier}
    if isinstance(report, CertificateProved | ReleaseProved | EntryProved):
        words = (*words, f"It is entry {report.index} of the log.")
        facts = {**facts, "index": report.index}
    words, facts = (*words, *_head_words(report.head)), {**facts, **_head_facts(report.head)}
    return Proved(kind, report.head.checkpoint, words, facts)


def _head_words(head: Verified) -> tuple[str, ...]:
    one = head.checkpoint
    signed = f"The log {one.origin} signed {one.size} entries under the root {one.root.hex()}."
    return (signed, *(f"{w.name} witnessed that at {to_text(w.at)}." for w in head.witnesses))


def _head_facts(head: Verified) -> dict[str, object]:
    one = head.checkpoint
    witnesses = {w.name: to_text(w.at) for w in head.witnesses}
    return {"origin": one.origin, "size": one.size, "root": one.root.hex(), "witnesses": witnesses}


def _certificate_words(certificate: Certificate) -> tuple[str, ...]:
    counts, check, signed_at = certificate.counts, certificate.verification, to_text(certificate.signed_at)
    sums = f"{counts.destroyed} destroyed, {counts.held} held, {counts.failed} failed, {counts.deferred} deferred"
    return (
        f"Certificate {certificate.id} of {certificate.operator}, {certificate.title}, signed {signed_at}.",
        f"Scope: {certificate.scope_text}",
        f"{counts.targeted} targeted: {sums}.",
        *(_carve_out_words(one) for one in certificate.carve_outs),
        f"Verified at level {check.level} by {len(check.checks)} checks, {to_text(check.at)}.",
        *([f"It supersedes {certificate.supersedes}."] if certificate.supersedes else []),
        "Not shown by this: whether a later certificate supersedes it.",
    )


def _carve_out_words(one: CarveOut) -> str:
    until = f"until {to_text(one.until)}" if one.until else "with no end set"
    return f"{one.count} {one.kind} in {one.store}, {until}: {one.reason}"


def _certificate_facts(certificate: Certificate) -> dict[str, object]:
    counts = {str(why): certificate.counts.left(why) for why in TARGETS_LEFT}
    return {
        "certificate": certificate.id,
        "title": certificate.title,
        "counts": {"targeted": certificate.counts.targeted, "destroyed": certificate.counts.destroyed, **counts},
        "level": certificate.verification.level,
        "signed_at": to_text(certificate.signed_at),
        "supersedes": certificate.supersedes,
    }


def _release_words(release: ReleaseExport) -> tuple[str, ...]:
    what = f"Release {release.text('release')} of subject {release.text('subject')}"
    signed = f"signed {to_text(release.signed_at)} by the {release.text('signature', 'role')}"
    return (
        f"{what}, {signed}, until {release.text('term_end')}.",
        f"Purposes: {', '.join(release.purposes)}.",
        f"Under the notice with SHA-256 {release.text('notice', 'sha256')}, "
        + ("which is that of the text in this file." if release.notice_text is not None else "whose text is not here."),
        f"The act of signing: {release.text('signature', 'method')}; {release.text('signature', 'intent')}.",
        "Not shown by this: whether it was withdrawn since.",
    )


def _release_facts(release: ReleaseExport) -> dict[str, object]:
    return {
        "release": release.text("release"),
        "subject": release.text("subject"),
        "purposes": release.purposes,
        "signed_at": to_text(release.signed_at),
        "term_end": release.text("term_end"),
        "notice_sha256": release.text("notice", "sha256"),
        "text_checked": release.notice_text is not None,
        "method": release.text("signature", "method"),
        "intent": release.text("signature", "intent"),
    }


def _entry_words(entry: Entry) -> str:
    return f"{entry.tag} in the hour {entry.hour}, commitment {entry.commitment.hex()}."


def _entry_facts(entry: Entry) -> dict[str, object]:
    return {"tag": entry.tag, "hour": entry.hour, "commitment": entry.commitment.hex()}


def _log_words(report: LogProved) -> tuple[str, ...]:
    span = f", from {report.hours[0]} to {report.hours[1]}" if report.hours else ""
    return (
        f"All {report.head.checkpoint.size} entries are there and whole{span}.",
        *(f"{count} {tag}" for tag, count in report.tags.items()),
        *((f"Other checkpoints given, of the same history: {report.earlier}.",) if report.earlier else ()),
    )
