# SPDX-License-Identifier: Apache-2.0
"""The notice before a release and the public policy before any faceprint."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from countenance.errors import InvalidRelease
from countenance.model.purpose import Purpose
from countenance.policy.notice import NoticeFacts, compose, policy_text
from countenance.policy.pack import Law, shipped
from countenance.policy.schema import NOTICE_FIELDS

SINCE = datetime(2026, 5, 3, 12, 30, tzinfo=UTC)
FACTS = NoticeFacts(
    controller="Example Photo Archive",
    contact="1 Main Street, Chicago",
    purposes=(Purpose.PHOTO_DELIVERY, Purpose.RELEASE_DESK),
    recipients=("Studio A", "any vetted museum"),
    term_start=date(2026, 1, 1),
    term_end=date(2026, 12, 31),
    withdrawal="Write to the address above or use the page where you signed.",
    complaints="the attorney general of Illinois",
    storage="On the operator's own machine in Chicago.",
    policy_url="https://example.org/policy",
    policy_version="2026-07-01",
    policy_sha256="ab" * 32,
    sources=("photos of the summer party",),
    alternative="Ask us to look through the photos by hand.",
)
# Which field of the notice is missing where a fact is.
NEEDED_BY = {
    "controller": "n4",
    "contact": "n4",
    "purposes": "n2",
    "recipients": "n5",
    "term_start": "n3",
    "term_end": "n3",
    "withdrawal": "n6",
    "complaints": "n7",
    "storage": "n8",
    "policy_url": "n9",
    "policy_version": "n9",
    "policy_sha256": "n9",
    "sources": "n10",
    "alternative": "n12",
}


def codes(text: str) -> list[str]:
    return re.findall(r"^(n\d+)  ", text, re.MULTILINE)


@pytest.mark.parametrize("name", sorted(shipped()))
def test_a_notice_has_exactly_the_fields_of_the_law(name: str) -> None:
    """The notice tells what the law asks for, in the order of the codes, and nothing else."""
    wanted = Law.of([shipped()[name]]).items("notice.fields")
    assert tuple(codes(compose(wanted, FACTS))) == wanted


def test_the_order_of_the_fields_is_the_laws() -> None:
    """However the fields are given, the notice has them in the order n1 to n13."""
    assert tuple(codes(compose(NOTICE_FIELDS[::-1], FACTS))) == NOTICE_FIELDS


def test_a_notice_tells_every_fact() -> None:
    """Each fact stands in the full notice, and each purpose in its plain sentence."""
    text = " ".join(compose(NOTICE_FIELDS, FACTS).split())
    told = [
        FACTS.controller,
        FACTS.contact,
        *FACTS.recipients,
        *FACTS.sources,
        FACTS.withdrawal,
        FACTS.storage,
    ]
    told += [FACTS.complaints, FACTS.policy_url, FACTS.policy_version, FACTS.policy_sha256, FACTS.alternative]
    told += ["2026-01-01", "2026-12-31", *(purpose.description for purpose in FACTS.purposes)]
    assert [fact for fact in told if fact not in text] == []
    assert Purpose.MISSING_PERSON.description not in text


@pytest.mark.parametrize("fact", [field.name for field in fields(NoticeFacts)])
def test_a_missing_fact_is_named_by_its_field(fact: str) -> None:
    """Without a fact that the law asks for there is no notice, and the error carries the field's code."""
    bare = replace(FACTS, **{fact: getattr(NoticeFacts(), fact)})
    with pytest.raises(InvalidRelease, match=NEEDED_BY[fact]) as caught:
        compose(NOTICE_FIELDS, bare)
    assert caught.value.missing == (NEEDED_BY[fact],)


def test_a_release_without_term_and_purpose_names_both() -> None:
    """T03: every missing field is listed at once, in order; what the law does not ask for is not."""
    with pytest.raises(InvalidRelease) as caught:
        compose(("n1", "n2", "n3", "n9"), replace(FACTS, purposes=(), term_end=None, contact=""))
    assert caught.value.missing == ("n2", "n3")


@pytest.mark.parametrize("end", [date(2026, 1, 1), date(2025, 12, 31)])
def test_a_term_ends_after_it_starts(end: date) -> None:
    """A term of no length or less is no term."""
    with pytest.raises(InvalidRelease) as caught:
        compose(("n3",), replace(FACTS, term_end=end))
    assert caught.value.missing == ("n3",)


def test_a_fact_may_end_with_a_full_stop_or_not() -> None:
    """Facts are phrases or sentences; the notice reads the same, and a blank fact is a missing one."""
    ended = replace(FACTS, complaints=f"{FACTS.complaints}.", storage=FACTS.storage.removesuffix("."))
    assert compose(NOTICE_FIELDS, ended) == compose(NOTICE_FIELDS, FACTS)
    with pytest.raises(InvalidRelease, match="n6"):
        compose(("n6",), replace(FACTS, withdrawal=" "))


def test_no_fact_can_forge_a_field() -> None:
    """A name with line breaks stays inside its own field."""
    forged = replace(FACTS, controller="Archive\n\nn3  For how long\nFor ever")
    assert codes(compose(("n1", "n4"), forged)) == ["n1", "n4"]


def test_an_unknown_field_is_a_mistake_of_the_caller() -> None:
    """A field that no notice has is never dropped in silence."""
    with pytest.raises(RuntimeError, match="n14"):
        compose(("n1", "n14"), FACTS)


def test_the_policy_states_the_schedule_of_every_law_file() -> None:
    """The public policy has each file's times with their law, the guidelines, and the operator's name."""
    text = policy_text("Example Photo Archive", shipped().values(), SINCE)
    flat = " ".join(text.split())
    assert "Example Photo Archive" in flat
    assert "In force since 2026-05-03T12:30:00.000Z" in flat
    assert "within: 1,095 days [740 ILCS 14/15(a)]" in flat
    for pack in shipped().values():
        assert f"{pack.id}, version {pack.version}" in flat
    for heading in ("When it is destroyed", "How it is destroyed", "Warrants, subpoenas and legal holds"):
        assert f"\n{heading}\n" in text
    assert max(map(len, text.splitlines())) <= 80


def test_the_policy_is_the_same_text_for_the_same_files() -> None:
    """The text depends on the operator, the files and its first moment alone, so its digest can be recorded."""
    packs = list(shipped().values())
    assert policy_text("A", packs, SINCE) == policy_text("A", reversed(packs), SINCE)
    assert policy_text("A", packs, SINCE) != policy_text("A", packs[:1], SINCE)
    assert policy_text("A", packs, SINCE) != policy_text("A", packs, SINCE + timedelta(milliseconds=1))
