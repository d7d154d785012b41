# SPDX-License-Identifier: Apache-2.0
"""Time: the only module that reads it, and the only text form it has on disk."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the program gets the time from."""

    def now(self) -> datetime:
        """Return the present, aware and in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present, aware and in UTC."""
        return datetime.now(UTC)


def to_text(moment: datetime) -> str:
    """Return RFC 3339 in UTC with milliseconds: fixed width, so text order is time order.

    Raises:
        ValueError: the moment is naive.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_text(text: str) -> datetime:
    """Return the aware moment that `to_text` wrote."""
    return datetime.fromisoformat(text)
