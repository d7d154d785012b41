# SPDX-License-Identifier: Apache-2.0
"""How often a client may search, and what counts as a use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from countenance.errors import BadInput

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
_MOST = 1_000_000  # a day; more than any machine of this size answers


class Use(StrEnum):
    """What is counted; each of these shows the caller something of a face, so each is metered."""

    SEARCH = "search"
    LOOK = "look"
    VERIFY = "verify"


@dataclass(frozen=True)
class Quota:
    """Most uses in any hour and in any day, whenever it begins.

    Attributes:
        account_per_hour: most in any hour by one account or its keys; None where only the client's count matters.

    Raises:
        BadInput: a number that is not one, or an hour that allows more than its day.
    """

    per_hour: int = 1_000
    per_day: int = 10_000
    account_per_hour: int | None = None

    def __post_init__(self) -> None:
        for number in (self.per_hour, self.per_day, self.account_per_hour):
            if number is not None and not (isinstance(number, int) and 1 <= number <= _MOST):
                raise BadInput(f"a quota is a whole number from 1 to {_MOST:,}")
        if self.per_hour > self.per_day:
            raise BadInput(
                f"{self.per_hour} an hour is more than {self.per_day} a day; raise the day or lower the hour"
            )

    def within(self, other: Quota) -> bool:
        """Say whether this allows nothing that the other does not."""
        own, least = self.account_per_hour or self.per_hour, other.account_per_hour or other.per_hour
        return self.per_hour <= other.per_hour and self.per_day <= other.per_day and own <= least


STANDARD_QUOTA = Quota()
"""Of a client for which nobody has said another."""
