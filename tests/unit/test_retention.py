# SPDX-License-Identifier: Apache-2.0
"""The retention clock as pure arithmetic: rules, laws, leap days, zones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.model.civil import certain_moment, earliest_date, first_moment, latest_date, offsets, years_later
from countenance.policy.pack import Law, law_for, shipped
from countenance.policy.retention import ReleaseTimes, RetentionRule, Times, due, review_at

SIGNED = datetime(2026, 3, 1, 15, tzinfo=UTC)
ILLINOIS = law_for(shipped().values(), residency=["US-IL"], places=[])
STRICT = law_for(shipped().values(), residency=["unknown"], places=[])


def law(base: Law = ILLINOIS, **numbers: int) -> Law:
    """Return a law with other numbers: what a law file of that value says."""
    values = dict(base.values) | {f"retention.{name}": number for name, number in numbers.items()}
    return replace(base, values=MappingProxyType(values))


def person(*releases: ReleaseTimes, home: str = "US-IL", **others: object) -> Times:
    return replace(Times((home,), SIGNED - timedelta(days=1), releases), **others)  # type: ignore[arg-type]


def release(days: int = 300, **others: object) -> ReleaseTimes:
    return replace(ReleaseTimes(SIGNED, SIGNED + timedelta(days=days)), **others)  # type: ignore[arg-type]


def test_the_term_ends_on_its_moment() -> None:
    """A release whose term is the first thing to end is due at that very moment."""
    found = due(person(release()), ILLINOIS)
    assert (found.at, found.rule) == (SIGNED + timedelta(days=300), RetentionRule.TERM)


@pytest.mark.parametrize(
    ("home", "days"),
    [("US-IL", 1095), ("US-CO", 730), ("unknown", 365)],
)
def test_idle_people_are_due_on_the_day_of_the_law(home: str, days: int) -> None:
    """Idle since a day, a person is due when the day that the law names begins at home: 1,095, 730 or 365 days on."""
    found = due(person(home=home), law(after_last_interaction_days=days))
    idle_since = earliest_date(SIGNED - timedelta(days=1), [home])
    assert found.rule is RetentionRule.LAST_INTERACTION
    assert found.at == first_moment(idle_since + timedelta(days=days), [home])


def test_a_purpose_met_is_due_at_once_or_after_a_year_as_the_law_says() -> None:
    """Illinois allows no day after the purpose; a law of a year counts to the day that begins it."""
    met = release(1000, purpose_met_at=SIGNED + timedelta(days=10))
    assert due(person(met), ILLINOIS) == due(person(met), ILLINOIS)
    found = due(person(met), ILLINOIS)
    assert (found.at, found.rule) == (SIGNED + timedelta(days=10), RetentionRule.PURPOSE_MET)
    texas = due(person(met, home="US-TX"), law(after_purpose_days=365))
    assert texas.rule is RetentionRule.PURPOSE_MET
    assert latest_date(texas.at, ["US-TX"]) == date(2026, 3, 11) + timedelta(days=365)


def test_leap_days_make_no_limit_later_than_its_anniversary() -> None:
    """A year after 29 February 2028 is 28 February 2029; a year over a leap day ends before the anniversary."""
    leap = datetime(2028, 2, 29, 18, tzinfo=UTC)
    one = ReleaseTimes(leap - timedelta(days=30), leap + timedelta(days=3000), purpose_met_at=leap)
    found = due(Times(("US-TX",), leap - timedelta(days=40), (one,)), law(after_purpose_days=365))
    assert latest_date(found.at, ["US-TX"]) == date(2029, 2, 28)
    assert years_later(date(2028, 2, 29), 1) == date(2029, 3, 1)
    assert years_later(date(2027, 3, 1), 1) == date(2028, 3, 1)


def test_the_last_release_keeps_and_a_review_ends_it_all() -> None:
    """A newer release carries a person on; a review that finds the person unneeded ends every release."""
    newer = ReleaseTimes(SIGNED + timedelta(days=100), SIGNED + timedelta(days=400))
    assert due(person(release(), newer), ILLINOIS).at == SIGNED + timedelta(days=400)
    looked = SIGNED + timedelta(days=200)
    found = due(person(release(), newer, reviewed_at=looked, unneeded=True), ILLINOIS)
    assert (found.rule, (found.at - looked).days) == (RetentionRule.UNNEEDED, 29)


def test_a_withdrawn_release_is_due_at_once() -> None:
    """What was withdrawn keeps nobody."""
    ended = SIGNED + timedelta(days=5)
    assert due(person(release(ended_at=ended)), ILLINOIS).rule is RetentionRule.ENDED
    assert due(person(release(ended_at=ended)), ILLINOIS).at == ended


def test_each_rule_of_consent_decides_where_it_is_first() -> None:
    """The age of consent and the hard term decide where they end before the term."""
    assert due(person(release(3000)), STRICT).rule is RetentionRule.CONSENT_AGE
    values = dict(ILLINOIS.values) | {"retention.hard_term_days": 90}
    found = due(person(release(3000)), replace(ILLINOIS, values=MappingProxyType(values)))
    assert (found.rule, found.rule.key) == (RetentionRule.HARD_TERM, "retention.hard_term_days")


def test_reviews_come_round() -> None:
    """The next review is counted from the last one, or from when the person was added."""
    assert review_at(person(), ILLINOIS) < SIGNED + timedelta(days=365)
    assert review_at(person(reviewed_at=SIGNED + timedelta(days=50)), ILLINOIS) > SIGNED + timedelta(days=400)


def test_civil_days_are_those_of_the_place_and_of_the_whole_earth_where_it_is_unknown() -> None:
    """In Illinois it is still yesterday at 4 in the morning UTC; somewhere on earth it is tomorrow at 11."""
    night = datetime(2026, 3, 2, 4, tzinfo=UTC)
    assert earliest_date(night, ["US-IL"]) == latest_date(night, ["US-IL"]) == date(2026, 3, 1)
    assert latest_date(datetime(2026, 3, 2, 11, tzinfo=UTC)) == date(2026, 3, 3)
    assert first_moment(date(2026, 3, 2), ["US-IL"]) == datetime(2026, 3, 2, 5, tzinfo=UTC)
    assert certain_moment(date(2026, 3, 2), ["US-IL"]) == datetime(2026, 3, 2, 6, tzinfo=UTC)
    for places in (["US-IL"], ["US-TX"], []):
        assert earliest_date(certain_moment(date(2026, 3, 2), places), places) == date(2026, 3, 2)
    assert offsets(["FR"]) == offsets([]) == (-12, 14)


@given(
    home=st.sampled_from(["US-IL", "US-TX", "unknown", "DE"]),
    signed=st.timedeltas(timedelta(0), timedelta(days=2900)).map(lambda step: datetime(2024, 1, 1, tzinfo=UTC) + step),
    days=st.integers(1, 2000),
    met=st.none() | st.integers(0, 2000),
)
def test_no_limit_is_later_than_its_days(home: str, signed: datetime, days: int, met: int | None) -> None:
    """Whatever happens, nobody is held past any limit counted in whole days, nor due before what started the count."""
    purpose_met = None if met is None else signed + timedelta(days=met)
    one = ReleaseTimes(signed, signed + timedelta(days=days), purpose_met_at=purpose_met)
    found = due(Times((home,), signed, (one,)), ILLINOIS)
    limits = [one.term_end, signed + timedelta(days=1095), *([purpose_met] if purpose_met else [])]
    assert signed <= found.at <= min(limits)
