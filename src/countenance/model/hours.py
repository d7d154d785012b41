# SPDX-License-Identifier: Apache-2.0
"""Working hours, in the civil time of a place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from countenance.errors import BadInput
from countenance.model.civil import offsets

_FORM = re.compile(r"([1-7])(?:-([1-7]))? ([0-2][0-9]):([0-5][0-9])-([0-2][0-9]):([0-5][0-9])")
_DAY = 24 * 60


@dataclass(frozen=True)
class Hours:
    """From one weekday to another, from one time of day to a later one.

    Attributes:
        first, last: weekdays, 1 is Monday; both included.
        opens, closes: minutes since midnight; open from the first, closed from the second on.
    """

    first: int
    last: int
    opens: int
    closes: int

    @classmethod
    def parse(cls, text: str) -> Hours:
        """Return hours as they are written: `1-5 08:00-18:00`, Monday to Friday.

        Raises:
            BadInput: not written like that, or they end before they begin.
        """
        found = _FORM.fullmatch(text.strip())
        if found is None:
            raise BadInput(f"{text!r} are no working hours; write them as 1-5 08:00-18:00, for Monday to Friday")
        first, last = int(found[1]), int(found[2] or found[1])
        opens, closes = int(found[3]) * 60 + int(found[4]), int(found[5]) * 60 + int(found[6])
        if first > last or not opens < closes <= _DAY:
            raise BadInput("working hours end after they begin, on the same day, and 24:00 is the latest")
        return cls(first, last, opens, closes)

    def __str__(self) -> str:
        """Return them as `parse` reads them."""
        days = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        return f"{days} {_time(self.opens)}-{_time(self.closes)}"

    def within(self, other: Hours | None) -> bool:
        """Say whether every moment of these is one of the other's; None is always."""
        return other is None or (
            other.first <= self.first <= self.last <= other.last
            and other.opens <= self.opens
            and self.closes <= other.closes
        )

    def over(self, moment: datetime, place: str) -> bool:
        """Say whether a moment is outside by every clock that the place may have then.

        A place of many time zones has hardly such a moment: the narrower the place that was stated, the better.
        """
        least, most = offsets((place,))
        utc = moment.astimezone(UTC)
        return not any(self._covers(utc + timedelta(minutes=30 * by)) for by in range(2 * least, 2 * most + 1))

    def _covers(self, local: datetime) -> bool:
        minute = local.hour * 60 + local.minute
        return self.first <= local.isoweekday() <= self.last and self.opens <= minute < self.closes


def _time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
