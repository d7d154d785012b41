# SPDX-License-Identifier: Apache-2.0
"""Rows of the meter: one a use, of a client by an account."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import Column, ColumnElement, delete, func, insert, select

from countenance.clock import from_text, to_text
from countenance.errors import Damaged
from countenance.ids import ClientId
from countenance.model.quota import Use
from countenance.store import schema
from countenance.store.records import Transaction

KEPT = timedelta(days=32)
"""No quota looks back further; the page of a client shows its last month."""


def add(work: Transaction, client: ClientId, account: str, what: Use) -> None:
    """Count one use; forget those that no quota asks for any more."""
    table = schema.client_use
    old = (table.c.client == client, table.c.at < to_text(work.now - KEPT))
    work.connection.execute(delete(table).where(*old))
    values = {"client": client, "at": to_text(work.now), "account": account, "what": what.value}
    nth, nth_of_account = _last(work, client, None) + 1, _last(work, client, account) + 1
    work.connection.execute(insert(table).values(**values, nth=nth, nth_of_account=nth_of_account))


def newest(work: Transaction, client: ClientId, number: int, account: str | None = None) -> datetime | None:
    """Return when the use of this number was, counted from the newest, which is 1; None where there is none.

    Raises:
        Damaged: it does not read back as a moment.
    """
    wanted = _last(work, client, account) - number + 1
    if wanted < 1:
        return None
    query = select(schema.client_use.c.at).where(*_of(client, account), _nth(account) == wanted)
    found = work.connection.execute(query).scalar()
    try:
        return None if found is None else from_text(found)
    except ValueError as error:
        raise Damaged(f"the meter of client {client} does not read back") from error


def count(work: Transaction, client: ClientId, since: datetime, account: str | None = None) -> int:
    """Return the number of uses after a moment."""
    table = schema.client_use
    query = select(func.count()).where(*_of(client, account), table.c.at > to_text(since))
    return int(work.connection.execute(query).scalar_one())


def by_account(work: Transaction, client: ClientId, since: datetime) -> dict[str, int]:
    """Return the number of uses after a moment, by the account's code, the busiest first."""
    table = schema.client_use
    query = (
        select(table.c.account, func.count().label("times"))
        .where(table.c.client == client, table.c.at > to_text(since))
        .group_by(table.c.account)
        .order_by(func.count().desc(), table.c.account)
    )
    return {row.account: row.times for row in work.connection.execute(query)}


def by_day(work: Transaction, client: ClientId, since: datetime) -> Counter[str]:
    """Return the number of uses after a moment, by day in UTC, such as `2026-05-03`."""
    table = schema.client_use
    day = func.substr(table.c.at, 1, 10)
    query = select(day.label("day"), func.count().label("times")).where(
        table.c.client == client, table.c.at > to_text(since)
    )
    return Counter({row.day: row.times for row in work.connection.execute(query.group_by(day))})


def _nth(account: str | None) -> Column[int]:
    table = schema.client_use
    return table.c.nth if account is None else table.c.nth_of_account


def _last(work: Transaction, client: ClientId, account: str | None) -> int:
    """Return the place of the newest use; 0 where there is none."""
    found = work.connection.execute(select(func.max(_nth(account))).where(*_of(client, account))).scalar()
    return found or 0


def _of(client: ClientId, account: str | None) -> tuple[ColumnElement[bool], ...]:
    table = schema.client_use
    own: ColumnElement[bool] = table.c.client == client
    return (own,) if account is None else (own, table.c.account == account)
