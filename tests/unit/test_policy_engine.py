# SPDX-License-Identifier: Apache-2.0
"""The policy engine: every law file's own cases, and each rule denying by itself with its citation."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from countenance.ids import ClientId, NoticeId, ReleaseId, SourceId, SubjectId
from countenance.model.client import Client
from countenance.model.consent import ConsentStatus, Release, ReleaseEvent, Scope
from countenance.model.place import UNKNOWN
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.search import ProbeBasis
from countenance.model.source import Source
from countenance.model.subject import AgeBand, Subject
from countenance.policy import engine
from countenance.policy.cases import decide, failures
from countenance.policy.engine import Disclosure, Enrolment, Evaluation, ProbeUse, TransientMatch
from countenance.policy.pack import Law, law_for, shipped
from countenance.policy.pack_file import Case, Pack
from countenance.policy.permit import Deny, Permit, PermitKind
from countenance.policy.rules import first_denial

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PUBLISHED = NOW - 100 * DAY
STRICT = law_for(shipped().values(), residency=[UNKNOWN], places=[])
BASELINE = Law.of([shipped()["us-baseline"]])
CLIENT = Client(
    ClientId("cli_1"), "Shop", ClientKind.PHOTOGRAPHER, frozenset({Purpose.PHOTO_DELIVERY}), 0.01, PUBLISHED
)
SOURCE = Source(SourceId("src_1"), "Gala", "contract", None, "house rules", "memo of counsel", PUBLISHED)
SUBJECT = Subject(SubjectId("sub_1"), "Ada", ("US-IL",), AgeBand.ADULT, None, PUBLISHED)


def release(signed_at: datetime = NOW - 10 * DAY, **changes: Any) -> Release:
    """Return a release that is lawful in every respect but the changes."""
    lawful = Release(
        id=ReleaseId("rel_1"),
        subject=SUBJECT.id,
        notice=NoticeId("not_1"),
        policy_published_at=PUBLISHED,
        delivered_at=signed_at - HOUR,
        signed_at=signed_at,
        term_end=signed_at + 300 * DAY,
        signer_is_representative=False,
        scope=Scope(CLIENT.purposes, frozenset({CLIENT.id})),
        law="0" * 64,
        events=(
            ReleaseEvent(ConsentStatus.REQUESTED, signed_at - HOUR),
            ReleaseEvent(ConsentStatus.GIVEN, signed_at),
        ),
    )
    return replace(lawful, **changes)


ENROLMENT = Enrolment("pho_1/0", NOW, SUBJECT, release(), SOURCE, PUBLISHED)
PROBE = ProbeUse("probe", NOW, CLIENT, Purpose.PHOTO_DELIVERY, ProbeBasis.SUBJECT_PRESENT, PUBLISHED)
TRANSIENT = TransientMatch("pho_1/1", NOW, (SOURCE,), PUBLISHED)
EVALUATION = Evaluation("photo 1", NOW, SOURCE, PUBLISHED)
DISCLOSURE = Disclosure(NOW, SUBJECT, release(), CLIENT, Purpose.PHOTO_DELIVERY)
MINOR = replace(SUBJECT, age_band=AgeBand.MINOR, representative="Eve")
EXPIRED = release(term_end=NOW)
LATER = release(NOW + HOUR, events=release().events)


CASES = [pytest.param(pack, case, id=f"{pack.id}: {case.name}") for pack in shipped().values() for case in pack.cases]


@pytest.mark.parametrize(("pack", "case"), CASES)
def test_a_law_file_decides_its_own_cases(pack: Pack, case: Case) -> None:
    """Every test case of every law file is decided as the file says, by the rule that it names."""
    decision = decide(case, Law.of([pack]))
    if case.expect == "permit":
        assert not isinstance(decision, Deny)
    else:
        assert isinstance(decision, Deny)
        assert decision.rule_id == case.rule
    assert not failures(pack)


@pytest.mark.parametrize("law", [STRICT, BASELINE], ids=["strictest", "baseline"])
def test_a_lawful_request_is_permitted(law: Law) -> None:
    """A request that is lawful in every respect gets a permit that names its kind, face, grounds and law."""
    enrol = engine.decide_enrolment(ENROLMENT, law)
    probe = engine.decide_probe(PROBE, law)
    transient = engine.decide_transient(TRANSIENT, law)
    assert isinstance(enrol, Permit)
    assert isinstance(probe, Permit)
    assert isinstance(transient, Permit)
    assert (enrol.kind, enrol.face, enrol.grounds) == (PermitKind.ENROL, "pho_1/0", ("rel_1",))
    assert (probe.kind, probe.grounds) == (PermitKind.PROBE, ("cli_1",))
    assert (transient.kind, transient.grounds) == (PermitKind.TRANSIENT, ("src_1",))
    assert {permit.packs for permit in (enrol, probe, transient)} == {law.digest}
    assert engine.deny_disclosure(DISCLOSURE, law) is None


@pytest.mark.parametrize(
    ("change", "rule", "citation"),
    [
        ({"policy_published_at": None}, "policy.public", "740 ILCS 14/15\\(a\\)"),
        ({"policy_published_at": NOW + HOUR}, "policy.public", "740 ILCS 14/15\\(a\\)"),
        ({"subject": replace(SUBJECT, frozen_at=NOW)}, "subject.frozen", "."),
        ({"release": None}, "consent.live", "."),
        ({"release": EXPIRED}, "consent.live", "."),
        ({"release": LATER}, "consent.order", "."),
        ({"release": release(NOW)}, "consent.order", "."),
        ({"release": release(delivered_at=NOW - 9 * DAY)}, "consent.order", "."),
        ({"release": release(policy_published_at=NOW - 10 * DAY)}, "consent.order", "."),
        ({"release": release(NOW - 2000 * DAY, term_end=NOW + DAY, policy_published_at=NOW - 3000 * DAY)},
         "consent.age", "."),
        ({"subject": MINOR}, "consent.minor", "."),
        ({"source": replace(SOURCE, basis=" ")}, "source.basis", "."),
    ],
)  # fmt: skip
def test_each_rule_of_enrolment_denies_alone(change: dict[str, Any], rule: str, citation: str) -> None:
    """One unlawful fact is enough for a denial that names its rule and the law; nothing is minted."""
    decision = engine.decide_enrolment(replace(ENROLMENT, **change), Law.of([shipped()["us-il-bipa"]]))
    assert isinstance(decision, Deny)
    assert decision.rule_id == rule
    assert decision.reason
    assert re.search(citation, decision.citation)


@pytest.mark.parametrize("end", [ConsentStatus.WITHDRAWN, ConsentStatus.REVOKED, ConsentStatus.INVALIDATED])
def test_an_ended_release_permits_and_discloses_nothing(end: ConsentStatus) -> None:
    """From the moment a release is ended it permits no faceprint and shows nobody."""
    ended = release(events=(*release().events, ReleaseEvent(end, NOW)))
    enrol = engine.decide_enrolment(replace(ENROLMENT, release=ended), BASELINE)
    disclosure = engine.deny_disclosure(replace(DISCLOSURE, release=ended), BASELINE)
    assert isinstance(enrol, Deny)
    assert disclosure is not None
    assert (enrol.rule_id, disclosure.rule_id) == ("consent.live", "consent.live")
    assert end.value in enrol.reason


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"policy_published_at": None}, "policy.public"),
        ({"client": replace(CLIENT, kind=ClientKind.INDIVIDUAL)}, "client.kind"),
        ({"purpose": Purpose.MISSING_PERSON}, "client.purpose"),
        ({"basis": ProbeBasis.ATTESTED}, "probe.basis"),
    ],
)
def test_each_rule_of_a_probe_denies_alone(change: dict[str, Any], rule: str) -> None:
    """A search needs a public policy, a kind of client, a purpose and a basis that the law allows."""
    decision = engine.decide_probe(replace(PROBE, **change), STRICT)
    assert isinstance(decision, Deny)
    assert decision.rule_id == rule


@pytest.mark.parametrize(
    ("source", "law", "rule"),
    [
        (replace(SOURCE, bystander_basis=None), BASELINE, "bystander.basis"),
        (replace(SOURCE, bystander_basis=None), STRICT, "bystander.basis"),
        (replace(SOURCE, counsel_opt_in=None), STRICT, "bystander.transient"),
        (replace(SOURCE, counsel_opt_in=""), STRICT, "bystander.transient"),
        (replace(SOURCE, counsel_opt_in=None), BASELINE, None),
        (SOURCE, STRICT, None),
    ],
)
def test_bystanders_need_a_basis_and_counsel(source: Source, law: Law, rule: str | None) -> None:
    """An unattributed face is compared only under a basis for bystanders, and under a strict law counsel's word."""
    decision = engine.decide_transient(replace(TRANSIENT, sources=(source,)), law)
    assert (decision.rule_id if isinstance(decision, Deny) else None) == rule
    second = engine.decide_transient(replace(TRANSIENT, sources=(SOURCE, source)), law)
    assert (second.rule_id if isinstance(second, Deny) else None) == rule


@pytest.mark.parametrize("law", [STRICT, BASELINE], ids=["strictest", "baseline"])
@pytest.mark.parametrize("basis", [None, "", "written permission of the publisher"])
@pytest.mark.parametrize("counsel", [None, "", "memo of counsel"])
@pytest.mark.parametrize("published", [None, NOW + HOUR, PUBLISHED])
def test_a_data_set_is_measured_under_the_rules_of_bystanders(
    law: Law, basis: str | None, counsel: str | None, published: datetime | None
) -> None:
    """A measurement on people who signed nothing is permitted just where a comparison in memory would be."""
    source = replace(SOURCE, bystander_basis=basis, counsel_opt_in=counsel)
    decision = engine.decide_evaluation(replace(EVALUATION, source=source, policy_published_at=published), law)
    match = engine.decide_transient(replace(TRANSIENT, sources=(source,), policy_published_at=published), law)
    if isinstance(match, Deny):
        assert decision == match
    else:
        assert isinstance(decision, Permit)
        assert (decision.kind, decision.face) == (PermitKind.EVALUATE, "photo 1")
        assert (decision.grounds, decision.packs) == (("src_1",), law.digest)


def test_a_photo_without_a_source_is_compared_with_nobody() -> None:
    """Without any source there is no basis for bystanders."""
    assert isinstance(engine.decide_transient(replace(TRANSIENT, sources=()), BASELINE), Deny)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"subject": replace(SUBJECT, frozen_at=NOW)}, "subject.frozen"),
        ({"release": EXPIRED}, "consent.live"),
        ({"subject": MINOR}, "consent.minor"),
        ({"client": replace(CLIENT, kind=ClientKind.TRIAL)}, "client.kind"),
        ({"client": replace(CLIENT, id=ClientId("cli_2"))}, "disclosure.scope"),
        ({"purpose": Purpose.MISSING_PERSON}, "client.purpose"),
        ({"client": replace(CLIENT, purposes=frozenset(Purpose)), "purpose": Purpose.MISSING_PERSON},
         "disclosure.scope"),
    ],
)  # fmt: skip
def test_each_rule_of_disclosure_denies_alone(change: dict[str, Any], rule: str) -> None:
    """A subject is shown only to a client and for a purpose that a live release of this person names."""
    denial = engine.deny_disclosure(replace(DISCLOSURE, **change), STRICT)
    assert denial is not None
    assert denial.rule_id == rule


def test_no_rules_deny() -> None:
    """An empty list of rules is a denial, not a permission."""
    denial = first_denial((), ENROLMENT, BASELINE)
    assert denial is not None
    assert denial.rule_id == "core.no_rule"


def test_the_newest_live_release_counts() -> None:
    """Among several releases the newest live one is decided on; without one, the newest of all."""
    old, new = release(NOW - 20 * DAY), release(NOW - 5 * DAY)
    ended = release(NOW - DAY, term_end=NOW)
    assert engine.best_release([new, old, ended], NOW) is new
    assert engine.best_release([EXPIRED, ended], NOW) is ended
    assert engine.best_release([], NOW) is None


def test_nothing_but_the_engine_makes_a_permit() -> None:
    """A permit made without the engine's token is refused."""
    with pytest.raises(RuntimeError, match="only the policy engine makes permits"):
        Permit(PermitKind.ENROL, "pho_1/0", (), "0" * 64, object())


def test_a_permit_and_its_crop_print_no_pixels() -> None:
    """A permitted crop prints its permit and neither pixels nor the token."""
    permit = engine.decide_enrolment(ENROLMENT, BASELINE)
    assert isinstance(permit, Permit)
    shown = repr(permit.cover(np.full((2, 2, 3), 77, np.uint8)))
    assert "pho_1/0" in shown
    assert "77" not in shown.replace(permit.packs, "")
    assert "object at" not in shown
