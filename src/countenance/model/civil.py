# SPDX-License-Identifier: Apache-2.0
"""Civil dates: law counts days as the clocks on the walls of a place do, and moments are kept in UTC.

For each place the widest range of its offsets from UTC is known, over its zones and over summer time. Where a day
begins is then taken from the end of the range that is strictest for the question asked; where the place is unknown,
from the whole earth. So a date can be some hours too strict, and never too lax, and no table of time zones is needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

# Hours from UTC, least and most, over all zones of the place and over summer time. Source: IANA tz database, 2025.
_EARTH = (-12, 14)
_OFFSETS = {
    "US": (-11, 10),  # with American Samoa and Guam
    "US-IL": (-6, -5),
    "US-TX": (-7, -5),  # El Paso keeps Mountain Time
    "US-WA": (-8, -7),
    "US-CO": (-7, -6),
    "US-CA": (-8, -7),
    "US-NY": (-5, -4),
    "US-OR": (-8, -6),  # Malheur County keeps Mountain Time
    "CA": (-8, -2),
    "GB": (0, 1),
    "DE": (1, 2),
    "IT": (1, 2),
    "NL": (-4, 2),  # with its Caribbean islands
    "AU": (5, 11),  # with its territories
}


def offsets(places: Iterable[str]) -> tuple[int, int]:
    """Return the least and the most hours from UTC over these places; of the whole earth where one is not known."""
    return _offsets(tuple(places))


@lru_cache(maxsize=1024)  # few sets of homes, many people
def _offsets(places: tuple[str, ...]) -> tuple[int, int]:
    known = [_OFFSETS.get(place, _EARTH) for place in places] or [_EARTH]
    return min(least for least, _ in known), max(most for _, most in known)


def earliest_date(moment: datetime, places: Iterable[str]) -> date:
    """Return the earliest date that it can be in these places at a moment."""
    return (moment.astimezone(UTC) + timedelta(hours=offsets(places)[0])).date()


def latest_date(moment: datetime, places: Iterable[str] = ()) -> date:
    """Return the latest date that it can be in these places, or anywhere on earth, at a moment."""
    return (moment.astimezone(UTC) + timedelta(hours=offsets(places)[1])).date()


def first_moment(day: date, places: Iterable[str]) -> datetime:
    """Return the first moment at which it can be this day in these places."""
    return datetime.combine(day, time(), UTC) - timedelta(hours=offsets(places)[1])


def certain_moment(day: date, places: Iterable[str]) -> datetime:
    """Return the first moment at which it is this day in all of these places: whose earliest date is this day."""
    return datetime.combine(day, time(), UTC) - timedelta(hours=offsets(places)[0])


def years_later(day: date, years: int) -> date:
    """Return the anniversary of a day; of 29 February, 1 March in a year that has none.

    For windows that end, where the later day is the stricter; a term is counted in days instead.
    """
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
