# SPDX-License-Identifier: Apache-2.0
"""The law of orders, pure: where a record and an order may go, what outranks what, what is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from order_examples import instrument

from countenance.ids import OrderId
from countenance.model.order import Deadlines, Order, OrderKind, OrderStatus, Term, Verb
from countenance.policy.orders import (
    DUAL_CONTROL,
    ORDER_MOVES,
    Act,
    Clash,
    Rank,
    RecordState,
    clash,
    due,
    freezes,
    move,
    rank,
    unmet,
)

NOW = datetime(2026, 5, 1, tzinfo=UTC)
ACTS = st.lists(st.tuples(st.sampled_from(Act), st.integers(1, 2)), max_size=30)


@given(ACTS)
def test_no_story_searches_what_is_frozen_or_brings_back_what_is_gone(acts: list[tuple[Act, int]]) -> None:
    """Whatever happens in whatever order: what was frozen is active again only by two people, and gone stays gone."""
    state, two = RecordState.ACTIVE, True
    for act, people in acts:
        after = move(state, act, people=people) or state
        if state is not RecordState.ACTIVE and after is RecordState.ACTIVE:
            two = act in (Act.VACATE, Act.RENEW) and people == 2 and state is RecordState.FROZEN
        assert two
        assert state is not RecordState.DESTROYED or after is RecordState.DESTROYED
        assert state is not RecordState.DESTROYING or after in (RecordState.DESTROYING, RecordState.DESTROYED)
        if state is RecordState.HELD and after is not RecordState.HELD:
            assert (act, after) == (Act.LIFT, RecordState.FROZEN)
        state = after


@given(st.sampled_from(RecordState), st.sampled_from(sorted(DUAL_CONTROL)))
def test_nobody_ends_a_protection_alone(state: RecordState, act: Act) -> None:
    """Destroying, lifting, vacating and renewing take two people, from every state."""
    assert move(state, act, people=1) is None


def test_freezing_waits_for_nobody() -> None:
    """From every state a freeze goes somewhere, by one person, and never to a state that is searched."""
    for state in RecordState:
        assert move(state, Act.FREEZE) not in (None, RecordState.ACTIVE)


def test_an_order_that_was_vacated_stays_so() -> None:
    """Every status has its ways on, and none leads out of vacated."""
    assert set(ORDER_MOVES) == set(OrderStatus)
    assert ORDER_MOVES[OrderStatus.VACATED] == frozenset()
    assert OrderStatus.IN_FORCE not in ORDER_MOVES[OrderStatus.DRAFT]


KINDS = st.sampled_from(OrderKind)
FATES = st.sampled_from([(Verb.DESTROY,), (Verb.RETAIN,), (Verb.STOP_SEARCH,), (Verb.DESTROY, Verb.RETAIN)])


@given(KINDS, KINDS, FATES, FATES)
def test_the_program_never_chooses_between_equals(
    one: OrderKind, two: OrderKind, mine: tuple[Verb, ...], other: tuple[Verb, ...]
) -> None:
    """A clash is the same whoever is first; of one rank it is a conflict, else the lower rank yields."""
    first, second = instrument(kind=one, verbs=mine), instrument(kind=two, verbs=other)
    found, back = clash(first, second), clash(second, first)
    turned = {Clash.FIRST_YIELDS: Clash.SECOND_YIELDS, Clash.SECOND_YIELDS: Clash.FIRST_YIELDS}
    assert back is turned.get(found, found)
    keeps = [Verb.RETAIN in verbs for verbs in (mine, other)]
    kills = [Verb.DESTROY in verbs and Verb.RETAIN not in verbs for verbs in (mine, other)]
    if (keeps[0] and kills[1]) or (keeps[1] and kills[0]):
        ranks = [
            rank(kind, Verb.RETAIN if kept else Verb.DESTROY) for kind, kept in zip((one, two), keeps, strict=True)
        ]
        assert (found is Clash.CONFLICT) == (ranks[0] == ranks[1])
    else:
        assert found is Clash.NONE


def test_precedence_is_that_of_the_law() -> None:
    """A court's words on destruction come first, then stop orders, requests, and the operator's own last."""
    assert rank(OrderKind.JUDGMENT, Verb.DESTROY) is Rank.COURT_TEXT
    assert rank(OrderKind.TRO, Verb.STOP_SEARCH) is rank(OrderKind.REGULATOR_NOTICE, Verb.DESTROY) is Rank.STOP_ORDER
    assert rank(OrderKind.SUBJECT_REQUEST, Verb.DESTROY) is Rank.REQUEST
    assert rank(OrderKind.SELF_IMPOSED, Verb.DESTROY) is Rank.RETENTION
    assert sorted(Rank) == [1, 2, 3, 4, 5]


def order(status: OrderStatus = OrderStatus.IN_FORCE, **dates: object) -> Order:
    """Return an order in this status with these deadlines."""
    text = replace(instrument(verbs=(Verb.DESTROY, Verb.REPORT)), deadlines=Deadlines(**dates))
    one = OrderId("ord_1")
    return Order(one, text, status, "a", NOW, "b", None, None, {}, one, None, frozenset(), None)


def test_what_is_due_is_told_soonest_first() -> None:
    """Open deadlines come with whether they are past; what is done, or stayed, is not due."""
    dates = {"freeze": NOW - timedelta(hours=1), "destroy": NOW + timedelta(days=3), "report_every_days": 60}
    assert [(one.what, one.overdue) for one in due(order(**dates), NOW)] == [
        ("freeze", True),
        ("destroy", False),
        ("report", False),
    ]
    assert [one.what for one in due(replace(order(**dates), frozen_at=NOW), NOW)] == ["destroy", "report"]
    assert due(order(OrderStatus.STAYED, **dates), NOW) == []
    assert due(order(OrderStatus.SATISFIED, **dates), NOW) == []


def test_what_people_must_do_is_open_until_they_say_so() -> None:
    """A term that no program can meet is unmet until somebody records that it is."""
    assert unmet(order()) == [2]
    assert unmet(replace(order(), met=frozenset({2}))) == []


@pytest.mark.parametrize("verb", Verb)
def test_a_stop_freezes(verb: Verb) -> None:
    """Stops, destruction and preservation freeze the class; a duty to report does not."""
    wanted = verb.value.startswith("stop_") or verb in (Verb.DESTROY, Verb.RETAIN)
    assert freezes([verb]) is wanted
    assert Term(1, verb, "x").clients is None
