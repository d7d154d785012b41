# SPDX-License-Identifier: Apache-2.0
"""The rules on clients, probes and answers: who is served, who may be searched for, and who may be shown to whom."""

from __future__ import annotations

from countenance.clock import to_text
from countenance.model.client import Site
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.search import Authorisation, ProbeBasis
from countenance.policy.consent_rules import AGE, FROZEN, LIVE, MINOR, POLICY_PUBLIC
from countenance.policy.facts import Disclosure, ProbeUse, Service
from countenance.policy.pack import Law
from countenance.policy.rules import Rule
from countenance.policy.vetting import has_ended


def _purpose_not_vetted(facts: ProbeUse | Disclosure, _law: Law) -> str | None:
    if facts.purpose in facts.client.purposes:
        return None
    allowed = ", ".join(sorted(facts.client.purposes))
    return f"client {facts.client.id} was vetted for {allowed} only, not for {facts.purpose}"


def _purpose(facts: ProbeUse | Disclosure) -> str:
    return f"{facts.purpose} by {facts.client.id}, vetted for {', '.join(sorted(facts.client.purposes))}"


def _kind_denied(facts: ProbeUse | Disclosure | Service, law: Law) -> str | None:
    if facts.client.kind.value in law.items("disclosure.client_kinds_denied"):
        return f"clients of kind {facts.client.kind} are not served"
    return None


def _kind(facts: ProbeUse | Disclosure | Service) -> str:
    return f"{facts.client.id} is of kind {facts.client.kind}"


def _suspended(facts: Disclosure | Service, _law: Law) -> str | None:
    return f"client {facts.client.id} is suspended" if facts.client.suspended_at is not None else None


def _suspension(facts: Disclosure | Service) -> str:
    at = facts.client.suspended_at
    return f"{facts.client.id} {'is not suspended' if at is None else f'suspended since {to_text(at)}'}"


def _barred(facts: Service, _law: Law) -> str | None:
    return f"clients such as this one are barred by {', '.join(facts.bars)}" if facts.bars else None


def _contract_ended(facts: Service, _law: Law) -> str | None:
    if not has_ended(facts.client, facts.now):
        return None
    return f"the contract with client {facts.client.id} ended on {facts.client.contract_until}"


def _no_case(facts: ProbeUse, _law: Law) -> str | None:
    asked = facts.client.kind is ClientKind.LAW_ENFORCEMENT or facts.purpose is Purpose.MISSING_PERSON
    if facts.has_case or not asked:
        return None
    return "a search by law enforcement or for a missing person belongs to a case, and none was named"


def _no_authority(facts: Service, _law: Law) -> str | None:
    if facts.client.kind is not ClientKind.LAW_ENFORCEMENT or (facts.client.authority or "").strip():
        return None
    return "an officer searches for an agency only with its written authorisation, and none is recorded"


def _site_denied(facts: Service, law: Law) -> str | None:
    if facts.client.site is Site.PUBLIC and law.choice("disclosure.public_site") == "deny":
        return "no face is recognised in a place of public accommodation there"
    return None


def _site(facts: Service) -> str:
    return f"site {facts.client.site.value}, at {facts.client.place or 'a place that nobody has stated'}"


def _not_attested(facts: Service, law: Law) -> str | None:
    if facts.client.site is not Site.PUBLIC:
        return None
    missing = [word for word in law.items("disclosure.public_site_attests") if word not in facts.client.attests]
    return f"a client whose site is open to the public has not attested {', '.join(missing)}" if missing else None


def _attested(facts: Service) -> str:
    return f"{_site(facts)}; attested {', '.join(sorted(facts.client.attests)) or 'nothing'}"


_PROBE_BASES = {
    ProbeBasis.SUBJECT_PRESENT: ("subject_present", "attested_basis", "transient_open"),
    ProbeBasis.ATTESTED: ("attested_basis", "transient_open"),
}


def allows_basis(law: Law, basis: ProbeBasis) -> bool:
    """Say whether a probe may be searched on this basis at all."""
    return law.choice("processing.probe_mode") in _PROBE_BASES[basis]


def _basis_not_enough(facts: ProbeUse, law: Law) -> str | None:
    if allows_basis(law, facts.basis):
        return None
    return f"the applicable law does not allow a search on the basis {facts.basis}"


def _not_authorised(facts: ProbeUse, law: Law) -> str | None:
    if facts.client.kind is not ClientKind.LAW_ENFORCEMENT:
        return None
    if law.choice("disclosure.law_enforcement") == "deny":
        return "the applicable law allows no search by law enforcement"
    if facts.authorisation is Authorisation.NONE:
        return "law enforcement searches only with an authorisation, and none was named"
    return None


def _outside_scope(facts: Disclosure, _law: Law) -> str | None:
    if facts.release.scope.covers(facts.client.id, facts.client.kind, facts.purpose):
        return None
    return "the release names neither this client nor its kind for this purpose"


def _scope(facts: Disclosure) -> str:
    scope = facts.release.scope
    whom = ", ".join([*sorted(scope.clients), *sorted(scope.kinds)])
    return f"{facts.release.id} names {whom} for {', '.join(sorted(scope.purposes))}"


_KIND: Rule[ProbeUse | Disclosure | Service] = Rule(
    "client.kind",
    "disclosure.client_kinds_denied",
    _kind_denied,
    _kind,
    "only a vetted organisation of a kind that the law serves is answered",
)
_PURPOSE: Rule[ProbeUse | Disclosure] = Rule(
    "client.purpose",
    "disclosure.match_result_grounds",
    _purpose_not_vetted,
    _purpose,
    "vetting it for this purpose, or searching for one that it was vetted for, would permit it",
)
_SUSPENDED: Rule[Disclosure | Service] = Rule(
    "client.suspended",
    "disclosure.match_result_grounds",
    _suspended,
    _suspension,
    "`countenance client reinstate` ends the suspension once its reason is gone",
)

SERVICE: tuple[Rule[Service], ...] = (
    _KIND,
    _SUSPENDED,
    Rule(
        "client.contract",
        "disclosure.match_result_grounds",
        _contract_ended,
        lambda facts: f"contract until {facts.client.contract_until or 'no recorded day'}",
        "a renewed contract, entered by one person and confirmed by another, would permit it",
    ),
    Rule(
        "client.barred",
        "disclosure.client_kinds_denied",
        _barred,
        lambda facts: f"barred by {', '.join(facts.bars) or 'nothing'}",
        "only the end of the order, or the court that made it, lifts the bar",
    ),
    Rule(
        "client.authority",
        "disclosure.law_enforcement",
        _no_authority,
        lambda facts: f"agency authorisation {'recorded' if facts.client.authority else 'not recorded'}",
        "record the agency's written authorisation (--authority)",
    ),
    Rule(
        "client.site",
        "disclosure.public_site",
        _site_denied,
        _site,
        "a site that the public does not enter would permit it; where no place is stated the strictest law "
        "applies (--place)",
    ),
    Rule(
        "client.attests",
        "disclosure.public_site_attests",
        _not_attested,
        _attested,
        "the client's written attestation would permit it (--attest)",
    ),
    Rule(
        "client.overdue",
        "disclosure.authorisation_within_hours",
        lambda facts, _law: f"{len(facts.overdue)} of its searches were never authorised" if facts.overdue else None,
        lambda facts: f"searches with an overdue authorisation: {', '.join(facts.overdue) or 'none'}",
        "record what was decided of them (`countenance result authorisation`)",
    ),
)
PROBE: tuple[Rule[ProbeUse], ...] = (
    POLICY_PUBLIC,
    _KIND,
    _PURPOSE,
    Rule(
        "probe.basis",
        "processing.probe_mode",
        _basis_not_enough,
        lambda facts: f"basis {facts.basis}",
        "the person in the probe must be present and ask for it (--probe-basis subject_present)",
    ),
    Rule(
        "search.authorisation",
        "disclosure.law_enforcement",
        _not_authorised,
        lambda facts: f"authorisation {facts.authorisation.value}",
        "name the warrant or decision (--authorisation), or say that it was asked for (--authorisation pending)",
    ),
    Rule(
        "search.case",
        "audit.query_log_min_days",
        _no_case,
        lambda facts: f"case {'named' if facts.has_case else 'not named'}",
        "name the case that it is made for (--case)",
    ),
)
DISCLOSURE: tuple[Rule[Disclosure], ...] = (
    FROZEN,
    LIVE,
    AGE,
    MINOR,
    _KIND,
    _SUSPENDED,
    _PURPOSE,
    Rule(
        "disclosure.scope",
        "disclosure.match_result_grounds",
        _outside_scope,
        _scope,
        "a release that names this client or its kind for this purpose would permit it",
    ),
)
