# SPDX-License-Identifier: Apache-2.0
"""Residency facts: what follows from them on a day, and what cannot be."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.errors import BadInput
from countenance.ids import SubjectId
from countenance.model.place import UNKNOWN
from countenance.model.residency import Evidence, Residency, ResidencyFact, check, homes, in_words, left

TODAY = date(2026, 6, 1)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ONE = SubjectId("sub_1")


def fact(
    number: int,
    place: str,
    since: str | None = None,
    until: str | None = None,
    evidence: Evidence = Evidence.DECLARED,
    supersedes: int | None = None,
    statement: int | None = None,
) -> ResidencyFact:
    recorded = NOW + timedelta(seconds=number if statement is None else statement)
    return ResidencyFact(
        number,
        ONE,
        place,
        since and date.fromisoformat(since),
        until and date.fromisoformat(until),
        evidence,
        recorded,
        supersedes,
    )


def test_who_moved_has_a_former_and_a_current_home() -> None:
    """A home that ended is former from the day it was left, and the days there are counted without that day."""
    held = Residency((fact(1, "US-IL", "2019-03-01", "2023-06-01"), fact(2, "US-TX", "2023-06-01")))
    assert held.current(date(2023, 5, 31)) == {"US-IL"}
    assert held.current(date(2023, 6, 1)) == {"US-TX"}
    assert (held.former(TODAY), held.ever()) == ({"US-IL"}, {"US-IL", "US-TX"})
    assert held.days("US-IL", TODAY) == (date(2023, 6, 1) - date(2019, 3, 1)).days
    assert held.days("US", TODAY) == (TODAY - date(2019, 3, 1)).days
    assert held.unknown(TODAY) is None
    assert held.key(TODAY) == ("US-TX", "US-IL<2023-06-01")
    assert in_words(held.key(TODAY)) == "US-TX, formerly US-IL until 2023-06-01"


def test_nobody_said_where_the_person_went() -> None:
    """After the only home was left the residency is unknown, and so it is where no fact was ever recorded."""
    assert Residency(()).key(TODAY) == (UNKNOWN,)
    moved = Residency((fact(1, "US-IL", None, "2023-06-01"),))
    assert moved.key(TODAY) == (UNKNOWN, "US-IL<2023-06-01")
    assert "no fact" in (moved.unknown(TODAY) or "")


def test_a_fact_without_a_start_proves_no_day() -> None:
    """An open start counts for nothing unless a day is stated to count from."""
    held = Residency((fact(1, "US-IL", None, "2023-06-01"),))
    assert held.days("US-IL", TODAY) == 0
    assert held.days("US-IL", TODAY, open_start=date(2023, 1, 1)) == 151


def test_homes_stated_together_are_several_homes() -> None:
    """Two homes of one statement do not contradict each other; two of two statements with equal evidence do."""
    together = Residency((fact(1, "US-IL", statement=0), fact(2, "US-TX", statement=0)))
    assert (together.key(TODAY), together.contradictions(TODAY)) == (("US-IL", "US-TX"), ())
    apart = Residency((fact(1, "US-IL"), fact(2, "US-TX")))
    assert len(apart.contradictions(TODAY)) == 1
    assert set(apart.key(TODAY)) == {"US-IL", "US-TX", UNKNOWN}
    assert "contradict" in (apart.unknown(TODAY) or "")


def test_stronger_evidence_prevails_and_the_other_home_is_a_former_one() -> None:
    """A document overrules a declaration; what was declared still counts for a law that asks for former homes."""
    held = Residency((fact(1, "US-IL"), fact(2, "US-TX", evidence=Evidence.DOCUMENT)))
    assert (held.current(TODAY), held.former(TODAY), held.unknown(TODAY)) == ({"US-TX"}, {"US-IL"}, None)
    assert held.key(TODAY) == ("US-TX", f"US-IL<{TODAY}")
    assert [one.value for one in sorted(Evidence, key=lambda e: e.assurance)] == [
        "capture_geo",
        "declared",
        "address_check",
        "document",
    ]


def test_a_state_and_its_country_are_one_home() -> None:
    """`US` and `US-IL` do not exclude each other."""
    held = Residency((fact(1, "US"), fact(2, "US-IL")))
    assert (held.contradictions(TODAY), held.current(TODAY)) == ((), {"US", "US-IL"})


def test_a_correction_takes_the_place_of_a_fact() -> None:
    """What was corrected is no home of any time; the old fact stays recorded."""
    held = Residency((fact(1, "US-IL"), fact(2, "US-TX", supersedes=1)))
    assert (held.ever(), held.key(TODAY), len(held.facts)) == ({"US-TX"}, ("US-TX",), 2)


def test_stated_as_unknown() -> None:
    """A stated `unknown` beside a home adds the strictest law; what is known later takes its place."""
    beside = Residency((fact(1, "US-IL", statement=0), fact(2, UNKNOWN, statement=0)))
    assert set(homes(beside.key(TODAY))) == {"US-IL", UNKNOWN}
    later = Residency((fact(1, UNKNOWN), fact(2, "US-IL")))
    assert later.key(TODAY) == ("US-IL",)


@pytest.mark.parametrize(
    ("since", "until"),
    [("2026-06-02", None), (None, "2027-01-01"), ("1899-12-31", None), ("2020-01-01", "2020-01-01")],
)
def test_impossible_dates_are_refused(since: str | None, until: str | None) -> None:
    """A day that is still to come, one before 1900, and an end that is not after its start are refused."""
    with pytest.raises(BadInput):
        check(fact(0, "US-IL", since, until), latest=TODAY)


days = st.dates(date(2000, 1, 1), TODAY)
facts = st.lists(
    st.tuples(st.sampled_from(["US-IL", "US-TX", "US", "DE"]), days, days, st.sampled_from(list(Evidence))), max_size=6
)


@given(facts, days)
def test_days_are_those_on_which_a_fact_holds(told: list[tuple[str, date, date, Evidence]], on: date) -> None:
    """The days of a region are exactly those before `on` that some fact in it covers; overlaps count once."""
    held = Residency(
        tuple(
            ResidencyFact(n, ONE, place, min(a, b), max(a, b) + timedelta(days=1), evidence, NOW + timedelta(seconds=n))
            for n, (place, a, b, evidence) in enumerate(told, start=1)
        )
    )
    for region in ("US-IL", "US", "DE"):
        inside = [f for f in held.facts if f.place == region or f.place.startswith(f"{region}-")]
        counted = sum(any(f.covers(date.fromordinal(d)) for f in inside) for d in range(730_000, on.toordinal()))
        assert held.days(region, on) == counted
    key = held.key(on)
    assert set(homes(key)) - {UNKNOWN} == held.current(on)
    assert {place for place, _ in left(key)} == held.former(on)
    assert bool(held.unknown(on)) == (UNKNOWN in key)
