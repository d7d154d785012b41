# SPDX-License-Identifier: Apache-2.0
"""The only place that says yes: facts and law in, a `Permit` or a `Deny` out.

The order is policy, notice, release, faceprint; each step must have happened before the next. Facts are
plain values that the services read in the same transaction as they act in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from countenance.model.client import Client
from countenance.model.consent import ConsentStatus, Release
from countenance.model.purpose import Purpose
from countenance.model.search import ProbeBasis
from countenance.model.source import Source
from countenance.model.subject import AgeBand, Subject
from countenance.policy import permit as permits
from countenance.policy.pack import Law
from countenance.policy.permit import Decision, Deny, Permit, PermitKind, PermittedCrop
from countenance.policy.rules import Rule, first_denial


@dataclass(frozen=True)
class Collection:
    """The photos of one source are to be looked through for faces."""

    now: datetime
    source: Source
    policy_published_at: datetime | None


@dataclass(frozen=True)
class Enrolment:
    """One face of one photo is to become a reference of one subject.

    Attributes:
        face: `photo id / number`, for the permit and the log.
        release: the release that it would rest on; None where the subject has none.
        policy_published_at: of the current public policy; None where there is none.
        barred_by: the order that stops collection from this person, whatever was signed before; None for none.
    """

    face: str
    now: datetime
    subject: Subject
    release: Release | None
    source: Source
    policy_published_at: datetime | None
    barred_by: str | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class Fetch(Enrolment):
    """One photo of one released person is to be fetched from the web, for an enrolment under that release.

    Attributes:
        host: that the photo lies on.
    """

    host: str


@dataclass(frozen=True)
class ProbeUse:
    """One face is to be encoded in memory for one search or comparison."""

    probe: str
    now: datetime
    client: Client
    purpose: Purpose
    basis: ProbeBasis
    policy_published_at: datetime | None


@dataclass(frozen=True)
class TransientMatch:
    """An unattributed face is to be compared in memory with the consenting gallery, and forgotten.

    Attributes:
        sources: every source of the photo; each of them must allow it.
    """

    face: str
    now: datetime
    sources: tuple[Source, ...]
    policy_published_at: datetime | None


@dataclass(frozen=True)
class Evaluation:
    """One face of a data set is to be encoded in memory, to measure how often the encoder errs, and forgotten.

    Attributes:
        face: which of the data set, for the permit.
        source: the registered source that the data set is; people in it signed nothing here.
    """

    face: str
    now: datetime
    source: Source
    policy_published_at: datetime | None


@dataclass(frozen=True)
class Disclosure:
    """One subject is to be a candidate in the answer to one client."""

    now: datetime
    subject: Subject
    release: Release
    client: Client
    purpose: Purpose


def deny_collection(facts: Collection, law: Law) -> Deny | None:
    """Return why no photo of this source may be looked through; None where they may."""
    return first_denial(_COLLECTION, facts, law)


def decide_enrolment(facts: Enrolment, law: Law) -> Decision:
    """Permit one face to become a reference, or say why not."""
    denial = first_denial(_ENROLMENT, facts, law)
    if denial is not None or facts.release is None:
        return denial or _NO_RELEASE
    return _permit(PermitKind.ENROL, facts.face, (facts.release.id,), law)


def deny_fetch(facts: Fetch, law: Law) -> Deny | None:
    """Return why a photo may not be fetched; None where it may, and the web server has the last word."""
    return first_denial(_ENROLMENT, facts, law) or first_denial(_FETCH, facts, law)


def decide_probe(facts: ProbeUse, law: Law) -> Decision:
    """Permit one face to be encoded for one search, or say why not."""
    return first_denial(_PROBE, facts, law) or _permit(PermitKind.PROBE, facts.probe, (facts.client.id,), law)


def decide_transient(facts: TransientMatch, law: Law) -> Decision:
    """Permit one unattributed face to be compared in memory, or say why not."""
    denial = first_denial(_TRANSIENT, facts, law)
    return denial or _permit(PermitKind.TRANSIENT, facts.face, tuple(s.id for s in facts.sources), law)


def decide_evaluation(facts: Evaluation, law: Law) -> Decision:
    """Permit one face of a data set to be encoded in memory for a measurement, or say why not.

    The rules are those of a transient match: the people pictured are bystanders here.
    """
    match = TransientMatch(facts.face, facts.now, (facts.source,), facts.policy_published_at)
    denial = first_denial(_TRANSIENT, match, law)
    return denial or _permit(PermitKind.EVALUATE, facts.face, (facts.source.id,), law)


def deny_disclosure(facts: Disclosure, law: Law) -> Deny | None:
    """Return why this subject may not be shown to this client for this purpose; None where it may."""
    return first_denial(_DISCLOSURE, facts, law)


def best_release(releases: list[Release], now: datetime) -> Release | None:
    """Return the release to decide on: the newest live one, else the newest, else None."""
    live = [r for r in releases if r.status(now) is ConsentStatus.GIVEN]
    return max(live or releases, key=lambda r: r.signed_at, default=None)


def longest_term(law: Law) -> timedelta:
    """Return the longest term that a release may have under this law."""
    return timedelta(days=min(law.number("consent.max_age_days"), law.number("retention.hard_term_days")))


def generated_crops(number: int, side_px: int) -> list[PermittedCrop]:
    """Return crops of a random generator, which show nobody, with leave to encode them: to time an encoder.

    The pixels are made here, so that no photo can be passed off as generated.
    """
    pixels = np.random.default_rng(number).integers(0, 256, (number, side_px, side_px, 3), np.uint8)
    permit = Permit(PermitKind.EVALUATE, "generated", (), "", permits._MINT)  # noqa: SLF001 - this is the one place
    return [permit.cover(crop) for crop in pixels]


def _permit(kind: PermitKind, face: str, grounds: tuple[str, ...], law: Law) -> Permit:
    return Permit(kind, face, grounds, law.digest, permits._MINT)  # noqa: SLF001 - this is the one place


_NO_RELEASE = Deny("consent.live", "this person has signed no release; `countenance release sign` records one", "core")


def _policy_unmet(facts: Collection | Enrolment | ProbeUse | TransientMatch, _law: Law) -> str | None:
    if facts.policy_published_at is None or facts.policy_published_at > facts.now:
        return "there is no public retention policy yet; `countenance init` publishes it, before any faceprint"
    return None


def _frozen(facts: Enrolment | Disclosure, _law: Law) -> str | None:
    return "this person is frozen: nothing of theirs is collected or searched" if facts.subject.frozen_at else None


def _ordered(facts: Enrolment, _law: Law) -> str | None:
    if facts.barred_by is None:
        return None
    return f"the order {facts.barred_by} stops collection from this person; only a release that it allows permits"


def _no_live_release(facts: Enrolment | Disclosure, _law: Law) -> str | None:
    if facts.release is None:
        return _NO_RELEASE.reason
    status = facts.release.status(facts.now)
    if status is ConsentStatus.GIVEN:
        return None
    return f"the release is {status.value}; only a release that is given permits, a new one can be signed"


def _out_of_order(facts: Enrolment, _law: Law) -> str | None:
    release = facts.release
    if release is None:
        return None  # `consent.live` says so
    if not release.policy_published_at <= release.delivered_at:
        return "the notice was delivered before the policy was public; deliver it again and sign anew"
    if not release.delivered_at <= release.signed_at:
        return "the release was signed before its notice was delivered; deliver the notice and sign anew"
    if not release.signed_at < facts.now:
        return "the release was not signed before this faceprint; a release must come first"
    return None


def _minor(facts: Enrolment | Disclosure, law: Law) -> str | None:
    if facts.subject.age_band is not AgeBand.MINOR:
        return None
    if law.choice("basis.minors") == "deny":
        return "the applicable law allows no faceprint of a minor"
    if facts.release is not None and facts.release.signer_is_representative:
        return None
    return "a minor's release must be signed by the recorded representative"


def _too_old(facts: Enrolment | Disclosure, law: Law) -> str | None:
    release = facts.release
    if release is None or facts.now < release.signed_at + longest_term(law):
        return None
    return f"the release is older than the {longest_term(law).days} days that the law allows; sign anew"


def _source_without_basis(facts: Collection | Enrolment, _law: Law) -> str | None:
    return None if facts.source.basis.strip() else "the source has no recorded permission"


def _source_revoked(facts: Collection | Enrolment, _law: Law) -> str | None:
    if facts.source.revoked_at is None:
        return None
    return "the permission of this source was revoked; a new one is recorded by a custodian (`source add --custodian`)"


def _host_not_named(facts: Fetch, _law: Law) -> str | None:
    if facts.host in facts.source.hosts:
        return None
    return f"the permission of source {facts.source.id} does not name this host (`source add --host`)"


def _purpose_not_vetted(facts: ProbeUse | Disclosure, _law: Law) -> str | None:
    if facts.purpose in facts.client.purposes:
        return None
    allowed = ", ".join(sorted(facts.client.purposes))
    return f"client {facts.client.id} was vetted for {allowed} only, not for {facts.purpose}"


def _kind_denied(facts: ProbeUse | Disclosure, law: Law) -> str | None:
    if facts.client.kind.value in law.items("disclosure.client_kinds_denied"):
        return f"clients of kind {facts.client.kind} are not served; a vetted organisation is needed"
    return None


_PROBE_BASES = {
    ProbeBasis.SUBJECT_PRESENT: ("subject_present", "attested_basis", "transient_open"),
    ProbeBasis.ATTESTED: ("attested_basis", "transient_open"),
}


def _basis_not_enough(facts: ProbeUse, law: Law) -> str | None:
    if law.choice("processing.probe_mode") in _PROBE_BASES[facts.basis]:
        return None
    return (
        f"the applicable law does not allow a search on the basis {facts.basis}; "
        "the person in the probe must be present and ask for it (--probe-basis subject_present)"
    )


def _transient_denied(facts: TransientMatch, law: Law) -> str | None:
    mode = law.choice("processing.transient_match")
    if mode == "allow" or (mode == "counsel_opt_in" and all(s.counsel_opt_in for s in facts.sources)):
        return None
    return (
        "faces of people who signed nothing are not encoded here; counsel's written opt-in, recorded with the source "
        "(--counsel-opt-in), would allow a comparison in memory"
    )


def _bystanders_not_covered(facts: TransientMatch, _law: Law) -> str | None:
    if facts.sources and all(s.bystander_basis for s in facts.sources):
        return None
    return "the source's permission does not cover bystanders (--bystander-basis)"


def _outside_scope(facts: Disclosure, _law: Law) -> str | None:
    if facts.release.scope.covers(facts.client.id, facts.client.kind, facts.purpose):
        return None
    return "the release names neither this client nor its kind for this purpose"


_COLLECTION: tuple[Rule[Collection], ...] = (
    Rule("policy.public", "notice.policy_public_before_possession", _policy_unmet),
    Rule("source.basis", "basis.untargeted_scraping", _source_without_basis),
    Rule("source.revoked", "basis.untargeted_scraping", _source_revoked),
)
_FETCH: tuple[Rule[Fetch], ...] = (Rule("fetch.host", "basis.targeted_fetch_requires", _host_not_named),)
_ENROLMENT: tuple[Rule[Enrolment], ...] = (
    Rule("policy.public", "notice.policy_public_before_possession", _policy_unmet),
    Rule("subject.frozen", "destruction.freeze_on_request_minutes", _frozen),
    Rule("order.stop_collect", "destruction.unknown_residency_in_class_order", _ordered),
    Rule("consent.order", "notice.before_capture", _out_of_order),
    Rule("consent.live", "basis.require", _no_live_release),
    Rule("consent.age", "consent.max_age_days", _too_old),
    Rule("consent.minor", "basis.minors", _minor),
    Rule("source.basis", "basis.untargeted_scraping", _source_without_basis),
    Rule("source.revoked", "basis.untargeted_scraping", _source_revoked),
)
_PROBE: tuple[Rule[ProbeUse], ...] = (
    Rule("policy.public", "notice.policy_public_before_possession", _policy_unmet),
    Rule("client.kind", "disclosure.client_kinds_denied", _kind_denied),
    Rule("client.purpose", "disclosure.match_result_grounds", _purpose_not_vetted),
    Rule("probe.basis", "processing.probe_mode", _basis_not_enough),
)
_TRANSIENT: tuple[Rule[TransientMatch], ...] = (
    Rule("policy.public", "notice.policy_public_before_possession", _policy_unmet),
    Rule("bystander.basis", "processing.transient_match", _bystanders_not_covered),
    Rule("bystander.transient", "processing.transient_match", _transient_denied),
)
_DISCLOSURE: tuple[Rule[Disclosure], ...] = (
    Rule("subject.frozen", "destruction.freeze_on_request_minutes", _frozen),
    Rule("consent.live", "basis.require", _no_live_release),
    Rule("consent.age", "consent.max_age_days", _too_old),
    Rule("consent.minor", "basis.minors", _minor),
    Rule("client.kind", "disclosure.client_kinds_denied", _kind_denied),
    Rule("client.purpose", "disclosure.match_result_grounds", _purpose_not_vetted),
    Rule("disclosure.scope", "disclosure.match_result_grounds", _outside_scope),
)
