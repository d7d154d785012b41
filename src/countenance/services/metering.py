# SPDX-License-Identifier: Apache-2.0
"""The meter of a client: what it used, held against its quota before a probe is even decoded.

The counts stand in the records, in the transaction that decides on the search: a restart changes nothing, and of two
searches at once only one takes the last place. What cannot be read refuses.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from countenance.errors import CountenanceError, Damaged, TooMany
from countenance.ids import ClientId
from countenance.model.client import Client
from countenance.model.quota import DAY, HOUR, Use
from countenance.store import clients as client_rows
from countenance.store import usage as rows
from countenance.store.records import Records, Transaction

QUOTA, METER = "client.quota", "client.meter"
"""Under which rule a search that was not metered through is logged."""
_SHOWN = timedelta(days=14)
"""How far back a client's page shows what it used."""


@dataclass(frozen=True)
class Stop:
    """Why a use is not let through: the rule for the log, and the error for the caller."""

    rule: str
    error: CountenanceError


@dataclass(frozen=True)
class Usage:
    """What a client used, and of how much.

    Attributes:
        hour, day: uses in the last hour and in the last day.
        accounts: uses in the last hour by the account's code, the busiest first.
        days: of the last two weeks each day in UTC with its uses, oldest first.
    """

    hour: int
    day: int
    per_hour: int
    per_day: int
    account_per_hour: int | None
    accounts: dict[str, int]
    days: dict[str, int]


def charge(work: Transaction, client: Client, account: str, what: Use) -> Stop | None:
    """Count one use of a client by an account, by its code; or return why it may not be, and count nothing."""
    quota = client.quota
    limits: list[tuple[int, timedelta, str | None]] = [(quota.per_hour, HOUR, None), (quota.per_day, DAY, None)]
    if quota.account_per_hour is not None:
        limits.append((quota.account_per_hour, HOUR, account))
    try:
        rows.newest(work, client.id, 1)
        waits = [_wait(work, client.id, limit) for limit in limits]
    except Damaged as error:
        return Stop(METER, error)
    for (most, span, who), wait in zip(limits, waits, strict=True):
        if wait > timedelta(0):
            whose = "this account's quota" if who else f"the quota of client {client.id}"
            window = "in any hour" if span == HOUR else "in any day"
            seconds = ceil(wait.total_seconds())
            return Stop(QUOTA, TooMany(f"{whose} of {most:,} searches {window} is used up; wait {seconds} s", seconds))
    rows.add(work, client.id, account, what)
    return None


def _wait(work: Transaction, client: ClientId, limit: tuple[int, timedelta, str | None]) -> timedelta:
    """Return how long until a limit lets another use through; nothing or less where it does now."""
    most, span, account = limit
    first = rows.newest(work, client, most, account)
    return timedelta(0) if first is None else first + span - work.now


def is_near(work: Transaction, client: Client) -> bool:
    """Say whether nine tenths of what a client may use in an hour or in a day are used."""
    spans = ((client.quota.per_hour, HOUR), (client.quota.per_day, DAY))
    reached = ((rows.newest(work, client.id, ceil(most * 0.9)), span) for most, span in spans)
    return any(first is not None and first > work.now - span for first, span in reached)


class Meter:
    """The verb `of` on what clients used."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def of(self, client: ClientId) -> Usage:
        """Return what a client used.

        Raises:
            NotFound: no such client.
        """
        with self._records.read() as work:
            quota, now = client_rows.get(work, client).quota, work.now
            used = rows.by_day(work, client, now - _SHOWN)
            return Usage(
                hour=rows.count(work, client, now - HOUR),
                day=rows.count(work, client, now - DAY),
                per_hour=quota.per_hour,
                per_day=quota.per_day,
                account_per_hour=quota.account_per_hour,
                accounts=rows.by_account(work, client, now - HOUR),
                days={day: used[day] for day in _days(now)},
            )


def _days(now: datetime) -> list[str]:
    return [(now - timedelta(days=back)).date().isoformat() for back in range(_SHOWN.days - 1, -1, -1)]
