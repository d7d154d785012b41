# SPDX-License-Identifier: Apache-2.0
"""Where a person lives and lived: dated facts with their evidence, and what follows from them.

A fact holds from `since` up to, not including, `until`: the day of moving out is the first day elsewhere. It is never
changed; a correction is a new fact that names the one it takes the place of. Nothing is ever inferred from a face.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from itertools import combinations

from countenance.errors import BadInput
from countenance.ids import SubjectId
from countenance.model.place import UNKNOWN

EARLIEST = date(1900, 1, 1)
"""No fact is older: nobody of whom a photo is taken today lived before."""

_LEFT = "<"  # between a former home and the day it was left, in a compact key


class Evidence(StrEnum):
    """What a residency fact rests on, from the weakest to the strongest."""

    CAPTURE_GEO = "capture_geo"
    """Photos that were taken there."""
    DECLARED = "declared"
    """Somebody said so."""
    ADDRESS_CHECK = "address_check"
    """A letter or a visit reached the person there."""
    DOCUMENT = "document"
    """An official paper names the place."""

    @property
    def assurance(self) -> int:
        """How much it proves: 1 to 4, comparable."""
        return list(Evidence).index(self) + 1


@dataclass(frozen=True)
class ResidencyFact:
    """One statement about one home.

    Attributes:
        number: its place in the records; 0 before it is stored.
        place: a code such as `US-IL`, or `unknown`.
        since: the first day there; None where nobody has said.
        until: the first day no longer there; None while it lasts.
        recorded_at: what was recorded at one moment is one statement.
        supersedes: number of the fact that this one corrects.
    """

    number: int
    subject: SubjectId
    place: str
    since: date | None
    until: date | None
    evidence: Evidence
    recorded_at: datetime
    supersedes: int | None = None

    def covers(self, on: date) -> bool:
        """Say whether it holds on a day."""
        return (self.since is None or self.since <= on) and (self.until is None or on < self.until)

    def excludes(self, other: ResidencyFact) -> bool:
        """Say whether both cannot hold on one day: different homes, stated at different moments.

        Homes that were stated together are several homes; `US` and `US-IL` are one.
        """
        same = within(self.place, other.place) or within(other.place, self.place)
        return not same and self.recorded_at != other.recorded_at


def within(place: str, region: str) -> bool:
    """Say whether a place lies in a region: in itself, or a state in its country."""
    return place == region or place.startswith(f"{region}-")


def check(fact: ResidencyFact, *, latest: date) -> None:
    """Refuse what cannot be.

    Args:
        latest: the latest day that it is anywhere on earth now.

    Raises:
        BadInput: an end that is not after the start, a day before 1900 or one that is still to come.
    """
    for name, day in (("since", fact.since), ("until", fact.until)):
        if day is not None and not EARLIEST <= day <= latest:
            raise BadInput(f"--{name} {day} is not between {EARLIEST} and today; only what has happened is a fact")
    if fact.since is not None and fact.until is not None and fact.until <= fact.since:
        raise BadInput(f"--until {fact.until} is not after --since {fact.since}; it is the first day elsewhere")


@dataclass(frozen=True)
class Residency:
    """All facts of one person, in the order recorded, and what follows from them."""

    facts: tuple[ResidencyFact, ...]
    _standing: tuple[ResidencyFact, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        corrected = {fact.supersedes for fact in self.facts}
        standing = tuple(fact for fact in self.facts if fact.number == 0 or fact.number not in corrected)
        object.__setattr__(self, "_standing", standing)

    def current(self, on: date) -> frozenset[str]:
        """Return the homes of a day: of facts that exclude each other, those with the strongest evidence.

        Several, where they contradict each other; `unknown` says whether anything is missing.
        """
        return frozenset(fact.place for fact in self._prevailing(on) if fact.place != UNKNOWN)

    def former(self, on: date) -> frozenset[str]:
        """Return the homes that were left by a day, or that stronger evidence overruled, and are no homes then."""
        return self._all(fact for fact in self._standing if fact.since is None or fact.since <= on) - self.current(on)

    def ever(self) -> frozenset[str]:
        """Return every home of any time."""
        return self._all(self._standing)

    def days(self, region: str, on: date, *, open_start: date | None = None) -> int:
        """Return on how many days before `on` the person is known to have lived in a region.

        Overlapping facts count once. A fact without a start counts for nothing, as it proves no day.

        Args:
            region: a place code; a country covers its states.
            open_start: count facts without a start from this day on.
        """
        spans = sorted(
            (start, min(fact.until or on, on))
            for fact in self._standing
            if within(fact.place, region) and (start := fact.since or open_start) is not None
        )
        total, reached = 0, date.min
        for start, end in spans:
            if end > max(start, reached):
                total += (end - max(start, reached)).days
                reached = end
        return total

    def unknown(self, on: date) -> str | None:
        """Return why it is not known where the person lives on a day; None where it is known."""
        against = self.contradictions(on)
        if against:
            one, other = against[0]
            return f"{one.place} and {other.place} contradict each other with equal evidence ({one.evidence.value})"
        prevailing = self._prevailing(on)
        if not prevailing:
            return f"no fact says where the person lives on {on}"
        return "somebody stated that it is unknown" if any(f.place == UNKNOWN for f in prevailing) else None

    def contradictions(self, on: date) -> tuple[tuple[ResidencyFact, ResidencyFact], ...]:
        """Return the pairs of facts that cannot both hold on a day, with equal evidence."""
        pairs = combinations(self._prevailing(on), 2)
        return tuple((a, b) for a, b in pairs if UNKNOWN not in (a.place, b.place) and a.excludes(b))

    def key(self, on: date) -> tuple[str, ...]:
        """Return what the choice of law needs, in short: homes, `unknown`, and former homes as `US-IL<2023-06-01`.

        A former home that never ended, but was overruled, counts as left on this day.
        """
        now = self.current(on)
        homes = [fact.place for fact in self._standing if fact.place in now]
        left: dict[str, date] = {}
        for fact in self._standing:
            if fact.place in self.former(on):
                end = min(fact.until or on, on)
                left[fact.place] = max(left.get(fact.place, end), end)
        doubt = [UNKNOWN] if self.unknown(on) else []
        return tuple(dict.fromkeys([*homes, *doubt, *(f"{place}{_LEFT}{end}" for place, end in sorted(left.items()))]))

    def _prevailing(self, on: date) -> list[ResidencyFact]:
        """Return the facts of a day that no stronger one excludes; a stated `unknown` is the weakest."""
        valid = [fact for fact in self._standing if fact.covers(on)]
        return [fact for fact in valid if not any(fact.excludes(g) and _assurance(g) > _assurance(fact) for g in valid)]

    @staticmethod
    def _all(facts: Iterable[ResidencyFact]) -> frozenset[str]:
        return frozenset(fact.place for fact in facts if fact.place != UNKNOWN)


def homes(key: Iterable[str]) -> list[str]:
    """Return the places of a compact key where the person lives, `unknown` among them where that is not sure."""
    return [item for item in key if _LEFT not in item]


def left(key: Iterable[str]) -> Iterator[tuple[str, date]]:
    """Yield the former homes of a compact key, each with the first day elsewhere."""
    for item in key:
        place, sign, day = item.partition(_LEFT)
        if sign:
            yield place, date.fromisoformat(day)


def in_words(key: Iterable[str]) -> str:
    """Return a compact key as people read it: `US-TX, formerly US-IL until 2023-06-01`."""
    items = list(key)
    return ", ".join([*homes(items), *(f"formerly {place} until {day}" for place, day in left(items))])


def _assurance(fact: ResidencyFact) -> int:
    return 0 if fact.place == UNKNOWN else fact.evidence.assurance
