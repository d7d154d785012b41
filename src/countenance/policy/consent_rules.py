# SPDX-License-Identifier: Apache-2.0
"""The rules on persons, releases and sources: what is looked at, what is missing, and what would make it lawful.

`policy.engine` decides with them, and explains with the same ones.
"""

from __future__ import annotations

from datetime import timedelta

from countenance.clock import to_text
from countenance.model.consent import ConsentStatus
from countenance.model.purpose import Purpose
from countenance.model.subject import AgeBand
from countenance.policy.facts import (
    Collection,
    Disclosure,
    Enrolment,
    Fetch,
    Measurement,
    ProbeUse,
    Standing,
    TransientMatch,
)
from countenance.policy.pack import Law
from countenance.policy.rules import Rule
from countenance.policy.schema import SCHEMA

_Published = Collection | Enrolment | ProbeUse | TransientMatch
_OfRelease = Enrolment | Standing
_OfPerson = Enrolment | Disclosure | Standing | Measurement

_NO_RELEASE = "there is no release to look at"


def longest_term(law: Law) -> timedelta:
    """Return the longest term that a release may have under this law."""
    return timedelta(days=min(law.number("consent.max_age_days"), law.number("retention.hard_term_days")))


def _policy_unmet(facts: _Published, _law: Law) -> str | None:
    if facts.policy_published_at is None or facts.policy_published_at > facts.now:
        return "there is no public retention policy yet"
    return None


def _policy(facts: _Published) -> str:
    at = facts.policy_published_at
    return "no public policy" if at is None else f"policy public since {to_text(at)}"


def _frozen(facts: _OfPerson, _law: Law) -> str | None:
    return "this person is frozen: nothing of theirs is collected or searched" if facts.subject.frozen_at else None


def _freeze(facts: _OfPerson) -> str:
    at = facts.subject.frozen_at
    return f"{facts.subject.id} {'is not frozen' if at is None else f'frozen since {to_text(at)}'}"


def _ordered(facts: Enrolment, _law: Law) -> str | None:
    return None if facts.barred_by is None else f"the order {facts.barred_by} stops collection from this person"


def _no_live_release(facts: _OfPerson, _law: Law) -> str | None:
    if facts.release is None:
        return "this person has signed no release"
    status = facts.release.status(facts.now)
    return None if status is ConsentStatus.GIVEN else f"the release is {status.value}, and only a given one permits"


def _release(facts: _OfPerson) -> str:
    release = facts.release
    if release is None:
        return f"{facts.subject.id} has no release"
    return f"{release.id} is {release.status(facts.now).value}, until {to_text(release.term_end)}"


def _out_of_order(facts: Enrolment, _law: Law) -> str | None:
    release = facts.release
    if release is None:
        return None  # `consent.live` says so
    if not release.policy_published_at <= release.delivered_at:
        return "the notice was delivered before the policy was public"
    if not release.delivered_at <= release.signed_at:
        return "the release was signed before its notice was delivered"
    if not release.signed_at < facts.now:
        return "the release was not signed before this faceprint"
    return None


def _order(facts: Enrolment) -> str:
    release = facts.release
    if release is None:
        return _NO_RELEASE
    moments = (release.policy_published_at, release.delivered_at, release.signed_at, facts.now)
    names = ("policy", "notice", "signature", "faceprint")
    return ", ".join(f"{name} {to_text(moment)}" for name, moment in zip(names, moments, strict=True))


def _not_for_evaluation(facts: Measurement, law: Law) -> str | None:
    purposes = facts.release.scope.purposes
    if Purpose.EVALUATION not in purposes:
        return "the release does not name the purpose evaluation"
    if "evaluation" in law.items("consent.separate_for") and len(purposes) > 1:
        return "the applicable law wants a release of its own for evaluation, that names no other purpose"
    return None


def _minor(facts: _OfPerson, law: Law) -> str | None:
    if facts.subject.age_band is not AgeBand.MINOR:
        return None
    if law.choice("basis.minors") == "deny":
        return "the applicable law allows no faceprint of a minor"
    if facts.release is not None and facts.release.signer_is_representative:
        return None
    return "a minor's release was not signed by the recorded representative"


def _age_band(facts: _OfPerson) -> str:
    signed = facts.release is not None and facts.release.signer_is_representative
    return f"age band {facts.subject.age_band.value}, signed by the {'representative' if signed else 'person'}"


def _too_old(facts: _OfPerson, law: Law) -> str | None:
    release = facts.release
    if release is None or facts.now < release.signed_at + longest_term(law):
        return None
    return f"the release is older than the {longest_term(law).days} days that the law allows"


def _signed(facts: _OfPerson) -> str:
    return _NO_RELEASE if facts.release is None else f"{facts.release.id} signed {to_text(facts.release.signed_at)}"


def _notice_lacks(facts: _OfRelease, law: Law) -> str | None:
    delivered = None if facts.release is None else facts.release.delivered
    if delivered is None:
        return None
    missing = [code for code in law.items("notice.fields") if code not in delivered.fields]
    return f"the notice did not tell {', '.join(missing)}" if missing else None


def _notice(facts: _OfRelease) -> str:
    delivered = None if facts.release is None else facts.release.delivered
    if facts.release is None or delivered is None:
        return _NO_RELEASE if facts.release is None else "notice not recorded in codes"
    return f"the notice told {' '.join(delivered.fields)}"


def _form_too_weak(facts: _OfRelease, law: Law) -> str | None:
    delivered = None if facts.release is None else facts.release.delivered
    if delivered is None:
        return None
    words, asked = SCHEMA["consent.form"].words, law.choice("consent.form")
    if words.index(delivered.form) <= words.index(asked):
        return None
    return f"the release was given as {delivered.form}, the law asks for {asked}"


def _form(facts: _OfRelease) -> str:
    delivered = None if facts.release is None else facts.release.delivered
    if facts.release is None or delivered is None:
        return _NO_RELEASE if facts.release is None else "form not recorded"
    return f"given as {delivered.form}"


def _not_separate(facts: _OfRelease, law: Law) -> str | None:
    delivered = None if facts.release is None else facts.release.delivered
    if delivered is None:
        return None
    missing = [word for word in law.items("consent.separate_for") if word not in delivered.separate]
    return f"the release has no separate statement on {', '.join(missing)}" if missing else None


def _separate(facts: _OfRelease) -> str:
    delivered = None if facts.release is None else facts.release.delivered
    if facts.release is None or delivered is None:
        return _NO_RELEASE if facts.release is None else "separate statements not recorded"
    return f"separate statements on {', '.join(delivered.separate) or 'nothing'}"


def _source_without_basis(facts: Collection | Enrolment, _law: Law) -> str | None:
    return None if facts.source.basis.strip() else "the source has no recorded permission"


def _source(facts: Collection | Enrolment) -> str:
    return f"{facts.source.id} has {'a' if facts.source.basis.strip() else 'no'} recorded permission"


def _source_revoked(facts: Collection | Enrolment, _law: Law) -> str | None:
    return None if facts.source.revoked_at is None else "the permission of this source was revoked"


def _revocation(facts: Collection | Enrolment) -> str:
    at = facts.source.revoked_at
    return f"{facts.source.id} {'is not revoked' if at is None else f'revoked {to_text(at)}'}"


def _host_not_named(facts: Fetch, _law: Law) -> str | None:
    if facts.host in facts.source.hosts:
        return None
    return f"the permission of source {facts.source.id} does not name this host"


def _transient_denied(facts: TransientMatch, law: Law) -> str | None:
    mode = law.choice("processing.transient_match")
    if mode == "allow" or (mode == "counsel_opt_in" and all(s.counsel_opt_in for s in facts.sources)):
        return None
    return "faces of people who signed nothing are not encoded here"


def _counsel(facts: TransientMatch) -> str:
    opted = sum(bool(source.counsel_opt_in) for source in facts.sources)
    return f"counsel opted in for {opted} of {len(facts.sources)} sources"


def _bystanders_not_covered(facts: TransientMatch, _law: Law) -> str | None:
    if facts.sources and all(s.bystander_basis for s in facts.sources):
        return None
    return "the source's permission does not cover bystanders"


def _bystanders(facts: TransientMatch) -> str:
    covered = sum(bool(source.bystander_basis) for source in facts.sources)
    return f"{covered} of {len(facts.sources)} sources cover people who signed nothing"


_ANEW = "a new notice and a new signature would permit it (`countenance release sign`)"

POLICY_PUBLIC: Rule[_Published] = Rule(
    "policy.public",
    "notice.policy_public_before_possession",
    _policy_unmet,
    _policy,
    "`countenance init` publishes one, before any faceprint",
)
FROZEN: Rule[_OfPerson] = Rule(
    "subject.frozen",
    "destruction.freeze_on_request_minutes",
    _frozen,
    _freeze,
    "only a new release after the freeze was lifted would permit it",
)
LIVE: Rule[_OfPerson] = Rule("consent.live", "basis.require", _no_live_release, _release, _ANEW)
AGE: Rule[_OfPerson] = Rule("consent.age", "consent.max_age_days", _too_old, _signed, _ANEW)
MINOR: Rule[_OfPerson] = Rule(
    "consent.minor",
    "basis.minors",
    _minor,
    _age_band,
    "the release of its recorded representative would permit it, where the law allows minors at all",
)
_SOURCE_BASIS: Rule[Collection | Enrolment] = Rule(
    "source.basis",
    "basis.untargeted_scraping",
    _source_without_basis,
    _source,
    "record who gave the permission, when and for what (`countenance source add --basis`)",
)
_SOURCE_REVOKED: Rule[Collection | Enrolment] = Rule(
    "source.revoked",
    "basis.untargeted_scraping",
    _source_revoked,
    _revocation,
    "a new permission, recorded by a custodian, would permit it (`countenance source add --custodian`)",
)

RELEASE: tuple[Rule[_OfRelease], ...] = (
    AGE,
    MINOR,
    Rule("consent.notice", "notice.fields", _notice_lacks, _notice, _ANEW),
    Rule("consent.form", "consent.form", _form_too_weak, _form, _ANEW),
    Rule("consent.separate", "consent.separate_for", _not_separate, _separate, _ANEW),
)
"""What the law asks of a release itself: what stored releases are held against when the law changes."""

COLLECTION: tuple[Rule[Collection], ...] = (POLICY_PUBLIC, _SOURCE_BASIS, _SOURCE_REVOKED)
ENROLMENT: tuple[Rule[Enrolment], ...] = (
    POLICY_PUBLIC,
    FROZEN,
    Rule(
        "order.stop_collect",
        "destruction.unknown_residency_in_class_order",
        _ordered,
        lambda facts: f"collection stopped by {facts.barred_by or 'no order'}",
        "only a release that the order allows permits",
    ),
    Rule("consent.order", "notice.before_capture", _out_of_order, _order, _ANEW),
    LIVE,
    *RELEASE,
    _SOURCE_BASIS,
    _SOURCE_REVOKED,
)
FETCH: tuple[Rule[Fetch], ...] = (
    Rule(
        "fetch.host",
        "basis.targeted_fetch_requires",
        _host_not_named,
        lambda facts: f"host of the photo; the source names {len(facts.source.hosts)} hosts",
        "a permission that names the host would permit it (`countenance source add --host`)",
    ),
)
MEASUREMENT: tuple[Rule[Measurement], ...] = (
    FROZEN,
    LIVE,
    AGE,
    MINOR,
    Rule(
        "evaluation.consent",
        "consent.separate_for",
        _not_for_evaluation,
        lambda facts: f"{facts.release.id} names {', '.join(sorted(facts.release.scope.purposes))}",
        "a new release for the purpose evaluation alone would permit it",
    ),
)
TRANSIENT: tuple[Rule[TransientMatch], ...] = (
    POLICY_PUBLIC,
    Rule(
        "bystander.basis",
        "processing.transient_match",
        _bystanders_not_covered,
        _bystanders,
        "a written permission that covers them would permit it (--bystander-basis)",
    ),
    Rule(
        "bystander.transient",
        "processing.transient_match",
        _transient_denied,
        _counsel,
        "counsel's written opt-in, recorded with the source (--counsel-opt-in), would allow a comparison in memory",
    ),
)
