# SPDX-License-Identifier: Apache-2.0
"""The retention clock: until when a person may be held, and by which rule.

A release is about the person, not about one faceprint: who signs a new one is held under it, so a person is held until
the last release has run out. The last interaction and a review that found the person unneeded end all of it at once.
An interaction is what the person does: signing, a visit, asking for access. A search by a client is none.

Days are civil dates of the person's home, the strictest where it is unknown (`model.civil`): what happened counts from
the earliest date that it can have been there, and the limit begins with the first moment of its day. A year of a law
file is 365 days, so a leap year makes no limit later than its anniversary.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from countenance.model.civil import earliest_date, first_moment
from countenance.policy.pack import Law


class RetentionRule(StrEnum):
    """Why a person's time is up; the value stands in the records and the log."""

    TERM = "retention.term"
    CONSENT_AGE = "retention.consent_age"
    HARD_TERM = "retention.hard_term"
    PURPOSE_MET = "retention.purpose_met"
    ENDED = "retention.ended"
    LAST_INTERACTION = "retention.last_interaction"
    UNNEEDED = "retention.unneeded"

    @property
    def key(self) -> str:
        """The key of a law file that is behind it."""
        return _KEYS[self]


_KEYS = {
    RetentionRule.TERM: "basis.require",
    RetentionRule.CONSENT_AGE: "consent.max_age_days",
    RetentionRule.HARD_TERM: "retention.hard_term_days",
    RetentionRule.PURPOSE_MET: "retention.after_purpose_days",
    RetentionRule.ENDED: "retention.after_purpose_days",
    RetentionRule.LAST_INTERACTION: "retention.after_last_interaction_days",
    RetentionRule.UNNEEDED: "retention.after_review_unneeded_days",
}


@dataclass(frozen=True)
class ReleaseTimes:
    """What the clock needs of a release.

    Attributes:
        ended_at: when it was withdrawn, revoked or invalidated; None where it was not.
        purpose_met_at: when what it was signed for was done; None where it is not.
    """

    signed_at: datetime
    term_end: datetime
    ended_at: datetime | None = None
    purpose_met_at: datetime | None = None


@dataclass(frozen=True)
class Times:
    """What the clock needs of a person.

    Attributes:
        homes: place codes, or `unknown`.
        interactions: moments at which the person did something; signing and being added count of themselves.
        reviewed_at: when somebody last looked whether the person is still needed.
        unneeded: that review found that the person is not.
    """

    homes: tuple[str, ...]
    created_at: datetime
    releases: tuple[ReleaseTimes, ...] = ()
    interactions: tuple[datetime, ...] = ()
    reviewed_at: datetime | None = None
    unneeded: bool = False


@dataclass(frozen=True, order=True)
class Due:
    """When a person has to be destroyed at the latest, and the rule that decides."""

    at: datetime
    rule: RetentionRule


def due(times: Times, law: Law) -> Due:
    """Return the earliest moment at which a person's time is up."""
    whole = [_after(times, _last_interaction(times), law, RetentionRule.LAST_INTERACTION)]
    if times.unneeded and times.reviewed_at is not None:
        whole.append(_after(times, times.reviewed_at, law, RetentionRule.UNNEEDED))
    if times.releases:
        whole.append(max(_release(times, one, law) for one in times.releases))
    return min(whole)


def review_at(times: Times, law: Law) -> datetime:
    """Return by when somebody has to look whether the person is still needed."""
    since = times.reviewed_at or times.created_at
    return _limit(times.homes, since, law.number("retention.review_every_days"))


def _last_interaction(times: Times) -> datetime:
    return max([times.created_at, *(one.signed_at for one in times.releases), *times.interactions])


def _release(times: Times, one: ReleaseTimes, law: Law) -> Due:
    found: list[Due] = [
        Due(one.term_end, RetentionRule.TERM),
        _after(times, one.signed_at, law, RetentionRule.CONSENT_AGE),
        _after(times, one.signed_at, law, RetentionRule.HARD_TERM),
    ]
    if one.purpose_met_at is not None:
        found.append(_after(times, one.purpose_met_at, law, RetentionRule.PURPOSE_MET))
    if one.ended_at is not None:
        found.append(_after(times, one.ended_at, law, RetentionRule.ENDED))
    return min(found)


def _after(times: Times, moment: datetime, law: Law, rule: RetentionRule) -> Due:
    return Due(_limit(times.homes, moment, law.number(rule.key)), rule)


def _limit(homes: Iterable[str], moment: datetime, days: int) -> datetime:
    """Return the first moment of the day that is so many days after a moment, at home; never before the moment."""
    places = tuple(homes)
    return max(moment, first_moment(earliest_date(moment, places) + timedelta(days=days), places))
