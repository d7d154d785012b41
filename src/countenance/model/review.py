# SPDX-License-Identifier: Apache-2.0
"""What people decided of a candidate: each by himself, and what comes of it together.

A reviewer's verdict is sealed from everybody else until as many people have decided as the law asks for, so that
nobody follows whoever was first.

Source: AI Act Art. 14(5) (separately verified and confirmed by two persons).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Verdict(StrEnum):
    """What one person says of probe and candidate."""

    SAME = "same"
    """One person is pictured in both."""
    NOT_SAME = "not_same"
    UNDECIDED = "undecided"
    """The photos do not tell."""


class ReviewState(StrEnum):
    """What the verdicts say together."""

    UNCONFIRMED = "unconfirmed"
    """Somebody still has to look; nothing may be done on it."""
    CONFIRMED = "confirmed"
    """All who had to look say that it is the same person."""
    REJECTED = "rejected"
    """All say that it is another."""
    DISPUTED = "disputed"
    """They do not agree, or cannot tell: nothing may be done on it."""


@dataclass(frozen=True)
class Review:
    """One person's look at a candidate.

    Attributes:
        by: the account.
        verdict: None while it is sealed from whoever asks.
    """

    by: str
    at: datetime
    verdict: Verdict | None


def state_of(verdicts: Sequence[Verdict], needed: int) -> ReviewState:
    """Return what verdicts say together.

    Args:
        verdicts: one of each person.
        needed: how many people have to look.
    """
    if len(verdicts) < needed:
        return ReviewState.UNCONFIRMED
    if all(one is Verdict.SAME for one in verdicts):
        return ReviewState.CONFIRMED
    return ReviewState.REJECTED if all(one is Verdict.NOT_SAME for one in verdicts) else ReviewState.DISPUTED
