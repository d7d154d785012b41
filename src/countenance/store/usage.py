# SPDX-License-Identifier: Apache-2.0
"""Rows of the meter: one a use, of a client by an account."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, delete, func, insert, select

from countenance.clock import from_text, to_text
from countenance.errors import Damaged
from countenance.ids import ClientId
from countenance.model.quota import Use
from countenance.store import schema
from countenance.store.records import Transaction

KEPT = timedelta(days=32)
"""No quota looks back further; the page of a client shows its last month."""

_table = schema.client_use
_of_client = _table.c.client == bindparam("whose")
_of_account = _table.c.account == bindparam("by")
_last = select(func.coalesce(func.max(_table.c.nth), 0)).where(_of_client).scalar_subquery()
_last_of_account = (
    select(func.coalesce(func.max(_table.c.nth_of_account), 0)).where(_of_client, _of_account).scalar_subquery()
)
# Made once: each search asks these of the meter, and making a statement takes as long as running it.
_FORGET = delete(_table).where(_of_client, _table.c.at < bindparam("before"))
_ADD = insert(_table).values(nth=_last + 1, nth_of_account=_last_of_account + 1)
_NEWEST = select(_table.c.at).where(_of_client, _table.c.nth == _last + 1 - bindparam("back"))
_NEWEST_OF_ACCOUNT = select(_table.c.at).where(
    _of_client, _of_account, _table.c.nth_of_account == _last_of_account + 1 - bindparam("back")
)


def add(work: Transaction, client: ClientId, account: str, what: Use) -> None:
    """Count one use; forget those that no quota asks for any more."""
    work.connection.execute(_FORGET, {"whose": client, "before": to_text(work.now - KEPT)})
    values = {"client": client, "at": to_text(work.now), "account": account, "what": what.value}
    work.connection.execute(_ADD, {**values, "whose": client, "by": account})


def newest(work: Transaction, client: ClientId, number: int, account: str | None = None) -> datetime | None:
    """Return when the use of this number was, counted from the newest, which is 1; None where there is none.

    Raises:
        Damaged: it does not read back as a moment.
    """
    query = _NEWEST if account is None else _NEWEST_OF_ACCOUNT
    found = work.connection.execute(query, {"whose": client, "by": account, "back": number}).scalar()
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


def _of(client: ClientId, account: str | None) -> tuple[ColumnElement[bool], ...]:
    table = schema.client_use
    own: ColumnElement[bool] = table.c.client == client
    return (own,) if account is None else (own, table.c.account == account)
