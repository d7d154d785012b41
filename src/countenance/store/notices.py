# SPDX-License-Identifier: Apache-2.0
"""Rows of what happened to accounts, for their owners to read: words of closed lists, nothing to trace anybody by."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, func, insert, select, update

from countenance.clock import from_text, to_text
from countenance.ids import AccountId
from countenance.model.credential import Happened, Method, Notice
from countenance.store import schema
from countenance.store.records import Transaction

KEPT = timedelta(days=90)
MOST = 200
"""Rows of one account: a flood of failed tries must not fill the disk."""


def add(
    work: Transaction,
    account: AccountId,
    what: Happened,
    *,
    method: Method | None = None,
    agent: str = "",
    told: bool = False,
    session: str | None = None,
) -> None:
    """Record what happened; open sessions of the account tell their owner, but the one that did it.

    Args:
        told: there is nothing in it to look at, such as a sign-in by a browser that is known.
        session: that did it, if one did.
    """
    table = schema.access_notice
    work.connection.execute(
        insert(table).values(
            account=account,
            at=to_text(work.now),
            what=what.value,
            method=None if method is None else method.value,
            agent=agent,
            told=told,
        )
    )
    latest = select(table.c.id).where(table.c.account == account).order_by(table.c.id.desc()).limit(MOST)
    too_many = table.c.id.not_in(latest.scalar_subquery())
    too_old = table.c.at <= to_text(work.now - KEPT)
    work.connection.execute(delete(table).where(table.c.account == account, too_many | too_old))
    if not told:
        _mark_sessions(work, account, untold=True, but=session)


def latest(work: Transaction, account: AccountId, most: int) -> list[Notice]:
    """Return what happened to an account, newest first."""
    table = schema.access_notice
    query = select(table).where(table.c.account == account).order_by(table.c.id.desc()).limit(most)
    return [
        Notice(
            from_text(row.at),
            Happened(row.what),
            None if row.method is None else Method(row.method),
            row.agent,
            bool(row.told),
        )
        for row in work.connection.execute(query)
    ]


def has_untold(work: Transaction, account: AccountId) -> bool:
    """Say whether something waits for the owner of an account to look at it."""
    table = schema.access_notice
    query = select(table.c.id).where(table.c.account == account, table.c.told == 0).limit(1)
    return work.connection.execute(query).first() is not None


def is_new(work: Transaction, account: AccountId, agent: str) -> bool:
    """Say whether an account was signed in to before, but by no browser of this kind."""
    table = schema.access_notice
    signed_in = (table.c.account == account) & (table.c.what == Happened.SIGNED_IN.value)
    query = select(func.count(), func.count().filter(table.c.agent == agent)).where(signed_in)
    every, alike = work.connection.execute(query).one()
    return bool(agent) and every > 0 and alike == 0


def told(work: Transaction, account: AccountId) -> None:
    """Record that the owner of an account has looked at everything."""
    table = schema.access_notice
    work.connection.execute(update(table).where(table.c.account == account).values(told=1))
    _mark_sessions(work, account, untold=False)


def _mark_sessions(work: Transaction, account: AccountId, *, untold: bool, but: str | None = None) -> None:
    table = schema.session
    marked = update(table).where(table.c.account == account, table.c.id != (but or ""))
    work.connection.execute(marked.values(untold=untold))
