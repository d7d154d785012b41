# SPDX-License-Identifier: Apache-2.0
"""The only place that says yes: facts and law in, a `Permit` or a `Deny` out.

The order is policy, notice, release, faceprint; each step must have happened before the next. Facts are
plain values that the services read in the same transaction as they act in. `explain` weighs the same rules.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np

from countenance.model.consent import ConsentStatus, Release
from countenance.policy import client_rules, consent_rules
from countenance.policy import permit as permits
from countenance.policy.client_rules import allows_basis
from countenance.policy.consent_rules import longest_term
from countenance.policy.facts import (
    Collection,
    Disclosure,
    Enrolment,
    Evaluation,
    Fetch,
    Measurement,
    ProbeUse,
    Service,
    Standing,
    TransientMatch,
)
from countenance.policy.pack import Law
from countenance.policy.permit import Decision, Deny, Permit, PermitKind, PermittedCrop
from countenance.policy.rules import Rule, Weighed, first_denial, weigh

__all__ = [
    "Collection",
    "Disclosure",
    "Enrolment",
    "Evaluation",
    "Facts",
    "Fetch",
    "Measurement",
    "ProbeUse",
    "Service",
    "Standing",
    "TransientMatch",
    "allows_basis",
    "best_release",
    "decide_enrolment",
    "decide_evaluation",
    "decide_probe",
    "decide_transient",
    "deny_collection",
    "deny_disclosure",
    "deny_fetch",
    "deny_measurement",
    "deny_service",
    "explain",
    "generated_crops",
    "lacking",
    "longest_term",
    "rules",
]

Facts = Collection | Enrolment | Fetch | Standing | Service | ProbeUse | TransientMatch | Measurement | Disclosure


def deny_collection(facts: Collection, law: Law) -> Deny | None:
    """Return why no photo of this source may be looked through; None where they may."""
    return first_denial(consent_rules.COLLECTION, facts, law)


def decide_enrolment(facts: Enrolment, law: Law) -> Decision:
    """Permit one face to become a reference, or say why not."""
    denial = first_denial(consent_rules.ENROLMENT, facts, law)
    if denial is None and facts.release is not None:
        return _permit(PermitKind.ENROL, facts.face, (facts.release.id,), law)
    return denial or Deny("consent.live", "this person has signed no release; only one that is given permits", "core")


def lacking(facts: Standing, law: Law) -> dict[str, str]:
    """Return what a stored release lacks under this law, by rule; nothing where it is enough.

    What notice and signature were is only known of releases that keep it in codes; the others were checked when signed.
    """
    found = {rule.id: rule.unmet(facts, law) for rule in consent_rules.RELEASE}
    return {rule_id: missing for rule_id, missing in found.items() if missing is not None}


def deny_service(facts: Service, law: Law) -> Deny | None:
    """Return why this client may not be taken on or served, under the law of its place; None where it may."""
    return first_denial(client_rules.SERVICE, facts, law)


def deny_fetch(facts: Fetch, law: Law) -> Deny | None:
    """Return why a photo may not be fetched; None where it may, and the web server has the last word."""
    return first_denial(consent_rules.ENROLMENT, facts, law) or first_denial(consent_rules.FETCH, facts, law)


def decide_probe(facts: ProbeUse, law: Law) -> Decision:
    """Permit one face to be encoded for one search, or say why not."""
    denial = first_denial(client_rules.PROBE, facts, law)
    return denial or _permit(PermitKind.PROBE, facts.probe, (facts.client.id,), law)


def decide_transient(facts: TransientMatch, law: Law) -> Decision:
    """Permit one unattributed face to be compared in memory, or say why not."""
    denial = first_denial(consent_rules.TRANSIENT, facts, law)
    return denial or _permit(PermitKind.TRANSIENT, facts.face, tuple(s.id for s in facts.sources), law)


def decide_evaluation(facts: Evaluation, law: Law) -> Decision:
    """Permit one face of a data set to be encoded in memory for a measurement, or say why not.

    The rules are those of a transient match: the people pictured are bystanders here.
    """
    match = TransientMatch(facts.face, facts.now, (facts.source,), facts.policy_published_at)
    denial = first_denial(consent_rules.TRANSIENT, match, law)
    return denial or _permit(PermitKind.EVALUATE, facts.face, (facts.source.id,), law)


def deny_measurement(facts: Measurement, law: Law) -> Deny | None:
    """Return why this subject's references may not be measured; None where they may."""
    return first_denial(consent_rules.MEASUREMENT, facts, law)


def deny_disclosure(facts: Disclosure, law: Law) -> Deny | None:
    """Return why this subject may not be shown to this client for this purpose; None where it may."""
    return first_denial(client_rules.DISCLOSURE, facts, law)


def explain(facts: Facts, law: Law) -> tuple[Weighed, ...]:
    """Return what every rule says of a request, in the order in which the decision tries them."""
    return weigh(_TABLES[type(facts)], facts, law)


def rules() -> dict[str, Rule[Any]]:
    """Return every rule that decides anything here, by id."""
    return {rule.id: rule for table in _TABLES.values() for rule in table}


def best_release(releases: list[Release], now: datetime) -> Release | None:
    """Return the release to decide on: the newest live one, else the newest, else None."""
    live = [r for r in releases if r.status(now) is ConsentStatus.GIVEN]
    return max(live or releases, key=lambda r: r.signed_at, default=None)


def generated_crops(number: int, side_px: int) -> list[PermittedCrop]:
    """Return crops of a random generator, which show nobody, with leave to encode them: to time an encoder.

    The pixels are made here, so that no photo can be passed off as generated.
    """
    pixels = np.random.default_rng(number).integers(0, 256, (number, side_px, side_px, 3), np.uint8)
    permit = Permit(PermitKind.EVALUATE, "generated", (), "", permits._MINT)  # noqa: SLF001 - this is the one place
    return [permit.cover(crop) for crop in pixels]


def _permit(kind: PermitKind, face: str, grounds: tuple[str, ...], law: Law) -> Permit:
    return Permit(kind, face, grounds, law.digest, permits._MINT)  # noqa: SLF001 - this is the one place


_TABLES: dict[type[Facts], tuple[Rule[Any], ...]] = {
    Collection: consent_rules.COLLECTION,
    Enrolment: consent_rules.ENROLMENT,
    Fetch: (*consent_rules.ENROLMENT, *consent_rules.FETCH),
    Standing: consent_rules.RELEASE,
    TransientMatch: consent_rules.TRANSIENT,
    Measurement: consent_rules.MEASUREMENT,
    Service: client_rules.SERVICE,
    ProbeUse: client_rules.PROBE,
    Disclosure: client_rules.DISCLOSURE,
}
"""The rules on each kind of question, in the order in which they are tried."""
