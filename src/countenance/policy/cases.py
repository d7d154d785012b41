# SPDX-License-Identifier: Apache-2.0
"""The test cases that a law file brings along, decided by the real engine.

Each case states what differs from a request that is lawful in every respect; docs/formats/pack.md lists the facts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from countenance.errors import BadPack
from countenance.ids import ClientId, NoticeId, ReleaseId, SourceId, SubjectId
from countenance.model.client import Attestation, Client, Site
from countenance.model.consent import ConsentStatus, Delivered, Release, ReleaseEvent, Scope
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.search import Authorisation, ProbeBasis
from countenance.model.source import Source
from countenance.model.subject import AgeBand, Subject
from countenance.policy import engine
from countenance.policy.facts import Enrolment, ProbeUse, Service, TransientMatch
from countenance.policy.pack import Law
from countenance.policy.pack_file import Case, Fact, Pack
from countenance.policy.permit import Deny, Permit
from countenance.policy.schema import NOTICE_FIELDS, SCHEMA

_NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_PUBLISHED = _NOW - 3000 * _DAY
_CLIENT = Client(
    ClientId("cli_case"), "", ClientKind.PHOTOGRAPHER, frozenset(Purpose), 0.01, _PUBLISHED, authority="recorded"
)
_SOURCE = Source(SourceId("src_case"), "", "a contract", None, "house rules", "counsel's memo", _PUBLISHED)
_SUBJECT = Subject(SubjectId("sub_case"), "", ("unknown",), AgeBand.ADULT, None, _PUBLISHED)


def failures(pack: Pack) -> list[str]:
    """Return how the cases of a law file that are not decided as it says are decided; none is health.

    Raises:
        BadPack: a case states an action or a fact that nobody knows.
    """
    law = Law.of([pack])
    found = ((case, decide(case, law)) for case in pack.cases)
    return [
        f"case {case.name!r} expects {_expected(case)}, but it is {said}"
        for case, decision in found
        if (said := _said(decision)) != _expected(case)
    ]


def decide(case: Case, law: Law) -> Permit | Deny | None:
    """Return the decision on the request that a case describes; None permits where no faceprint is made.

    Raises:
        BadPack: it states an action or a fact that nobody knows.
    """
    facts = dict(case.facts)
    action = str(facts.pop("action", ""))
    try:
        decision = _ACTIONS[action](facts, law)
    except (KeyError, ValueError) as error:
        raise BadPack(f"case {case.name!r}: {error} is no action, or no value of a fact, that cases know") from error
    if facts:
        raise BadPack(f"case {case.name!r}: no {action} knows the fact {', '.join(facts)}")
    return decision


def _expected(case: Case) -> str:
    return "permitted" if case.expect == "permit" else f"denied by {case.rule}"


def _said(decision: Permit | Deny | None) -> str:
    return f"denied by {decision.rule_id}" if isinstance(decision, Deny) else "permitted"


def _published(facts: dict[str, Fact]) -> datetime | None:
    return _PUBLISHED if facts.pop("policy_published", True) else None


def _release(facts: dict[str, Fact]) -> Release:
    signed_at = _NOW - int(facts.pop("release_age_days", 10)) * _DAY
    state = str(facts.pop("release", "live"))
    untold = str(facts.pop("notice_lacks", "")).split()
    given = (ReleaseEvent(ConsentStatus.REQUESTED, signed_at - _HOUR), ReleaseEvent(ConsentStatus.GIVEN, signed_at))
    lacks = str(facts.pop("not_separate", "")).split()
    separate = tuple(word for word in SCHEMA["consent.separate_for"].words if word not in lacks)
    release = Release(
        id=ReleaseId("rel_case"),
        subject=_SUBJECT.id,
        notice=NoticeId("not_case"),
        policy_published_at=_PUBLISHED,
        delivered_at=signed_at - _HOUR,
        signed_at=signed_at,
        term_end=_NOW + 30 * _DAY,
        signer_is_representative=facts.pop("signer", "subject") == "representative",
        scope=Scope(_CLIENT.purposes, frozenset({_CLIENT.id})),
        law="",
        events=given,
        delivered=Delivered(
            tuple(code for code in NOTICE_FIELDS if code not in untold),
            str(facts.pop("form", "esign_explicit")),
            separate,
        ),
    )
    if state == "later":
        return replace(release, delivered_at=_NOW, signed_at=_NOW + _HOUR)
    return {"live": release, "expired": replace(release, term_end=_NOW)}[state]


def _enrol(facts: dict[str, Fact], law: Law) -> Permit | Deny:
    subject = replace(_SUBJECT, age_band=AgeBand(str(facts.pop("age_band", "adult"))))
    release, published = _release(facts), _published(facts)
    return engine.decide_enrolment(Enrolment("pho_case/0", _NOW, subject, release, _SOURCE, published), law)


def _client(facts: dict[str, Fact]) -> Client:
    return replace(
        _CLIENT,
        kind=ClientKind(str(facts.pop("client_kind", _CLIENT.kind))),
        site=Site(str(facts.pop("site", _CLIENT.site))),
        attests=frozenset(Attestation(word) for word in str(facts.pop("attests", "")).split()),
        authority="recorded" if facts.pop("authority", True) else None,
    )


def _serve(facts: dict[str, Fact], law: Law) -> Deny | None:
    return engine.deny_service(Service(_client(facts), _NOW), law)


def _search(facts: dict[str, Fact], law: Law) -> Permit | Deny:
    basis = ProbeBasis(str(facts.pop("probe_basis", ProbeBasis.SUBJECT_PRESENT)))
    shown = Authorisation(str(facts.pop("authorisation", Authorisation.NONE)))
    use = ProbeUse(
        "probe",
        _NOW,
        _client(facts),
        Purpose.PHOTO_DELIVERY,
        basis,
        _published(facts),
        shown,
        has_case=bool(facts.pop("case", True)),
    )
    return engine.decide_probe(use, law)


def _transient(facts: dict[str, Fact], law: Law) -> Permit | Deny:
    opted = _SOURCE.counsel_opt_in if facts.pop("counsel_opt_in", True) else None
    source = replace(_SOURCE, counsel_opt_in=opted)
    return engine.decide_transient(TransientMatch("pho_case/1", _NOW, (source,), _published(facts)), law)


_ACTIONS: dict[str, Callable[[dict[str, Fact], Law], Permit | Deny | None]] = {
    "enrol": _enrol,
    "client": _serve,
    "search": _search,
    "transient": _transient,
}
