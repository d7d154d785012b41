# SPDX-License-Identifier: Apache-2.0
"""Releases: a status that follows from events and the term alone, and a scope that must be named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.ids import ClientId, NoticeId, ReleaseId, SubjectId
from countenance.model.consent import LEGAL_TRANSITIONS, ConsentStatus, Release, ReleaseEvent, Scope
from countenance.model.purpose import ClientKind, Purpose

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
REQUESTED, GIVEN, REFUSED, EXPIRED = (
    ConsentStatus.REQUESTED,
    ConsentStatus.GIVEN,
    ConsentStatus.REFUSED,
    ConsentStatus.EXPIRED,
)
ENDS = (ConsentStatus.WITHDRAWN, ConsentStatus.REVOKED, ConsentStatus.INVALIDATED)


def release(*events: tuple[ConsentStatus, int], days: int = 30) -> Release:
    """Return a release with events so many days after its start."""
    return Release(
        id=ReleaseId("rel_1"),
        subject=SubjectId("sub_1"),
        notice=NoticeId("not_1"),
        policy_published_at=START - DAY,
        delivered_at=START,
        signed_at=START,
        term_end=START + days * DAY,
        signer_is_representative=False,
        scope=Scope(frozenset({Purpose.PHOTO_DELIVERY}), frozenset({ClientId("cli_1")})),
        law="0" * 64,
        events=tuple(ReleaseEvent(status, START + after * DAY) for status, after in events),
    )


def test_a_release_is_given_within_its_term() -> None:
    """A signed release is given from its signature to the moment before its term ends, then expired."""
    signed = release((REQUESTED, 0), (GIVEN, 1))
    assert signed.status(START) is REQUESTED
    assert signed.status(START + DAY) is GIVEN
    assert signed.status(signed.term_end - timedelta(microseconds=1)) is GIVEN
    assert signed.status(signed.term_end) is EXPIRED


@pytest.mark.parametrize("end", ENDS)
def test_an_ended_release_stays_ended(end: ConsentStatus) -> None:
    """Withdrawn, revoked or invalidated: it takes effect at that moment and nothing makes it given again."""
    ended = release((REQUESTED, 0), (GIVEN, 0), (end, 5), (GIVEN, 6), (REQUESTED, 7))
    assert ended.status(START + 4 * DAY) is GIVEN
    assert all(ended.status(START + days * DAY) is end for days in (5, 6, 8, 100))


def test_a_refused_notice_is_no_release() -> None:
    """Who refused has given nothing, whatever is recorded afterwards."""
    assert release((REQUESTED, 0), (REFUSED, 0), (GIVEN, 1)).status(START + 2 * DAY) is REFUSED


@given(st.lists(st.tuples(st.sampled_from(ConsentStatus), st.integers(0, 40)), max_size=8), st.integers(-1, 60))
def test_only_a_lawful_history_gives(history: list[tuple[ConsentStatus, int]], after: int) -> None:
    """A release is given only if it was requested, then given, and never ended, all before now and in its term."""
    history = sorted(history, key=lambda event: event[1])
    status = release(*history).status(START + after * DAY)
    happened = [event for event, day in history if day <= after]
    legal: list[ConsentStatus | None] = [None]
    for event in happened:
        if event in LEGAL_TRANSITIONS.get(legal[-1], ()):
            legal.append(event)
    assert all(b in LEGAL_TRANSITIONS[a] for a, b in pairwise(legal))
    if status is GIVEN:
        assert REQUESTED in happened
        assert GIVEN in happened
        assert after < 30
        assert legal[-1] is GIVEN
    if legal[-1] is GIVEN and after < 30:
        assert status is GIVEN


@pytest.mark.parametrize(
    ("clients", "kinds", "purpose", "covered"),
    [
        (["cli_1"], [], Purpose.PHOTO_DELIVERY, True),
        ([], [ClientKind.MUSEUM], Purpose.PHOTO_DELIVERY, True),
        (["cli_1"], [], Purpose.MISSING_PERSON, False),
        (["cli_2"], [ClientKind.ARCHIVE], Purpose.PHOTO_DELIVERY, False),
        ([], [], Purpose.PHOTO_DELIVERY, False),
    ],
)
def test_a_scope_covers_what_it_names(
    clients: list[str], kinds: list[ClientKind], purpose: Purpose, covered: bool
) -> None:
    """A scope covers a client it names, or of a kind it names, for a purpose it names; an empty one nobody."""
    scope = Scope(frozenset({Purpose.PHOTO_DELIVERY}), frozenset(map(ClientId, clients)), frozenset(kinds))
    assert scope.covers(ClientId("cli_1"), ClientKind.MUSEUM, purpose) is covered
