# SPDX-License-Identifier: Apache-2.0
"""Rows of flags, and the counts that raise them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from countenance.clock import from_text, to_text
from countenance.errors import NotFound
from countenance.ids import ClientId, SearchId, SubjectId
from countenance.model.flag import Flag, FlagKind
from countenance.store import schema
from countenance.store.keyring import LOG_KEY
from countenance.store.records import Transaction


def add(work: Transaction, flag: Flag) -> None:
    """Store a new flag."""
    work.connection.execute(
        insert(schema.flag).values(
            id=flag.id,
            at=to_text(flag.at),
            kind=flag.kind.value,
            client=flag.client,
            account=flag.account,
            search=flag.search,
            times=flag.times,
        )
    )


def get(work: Transaction, flag: str) -> Flag:
    """Return one flag.

    Raises:
        NotFound: there is none of this id.
    """
    row = work.connection.execute(select(schema.flag).where(schema.flag.c.id == flag)).first()
    if row is None:
        raise NotFound(f"no flag {flag} is known here")
    return _flag(work, row)


def everyone(work: Transaction, *, client: ClientId | None = None, is_open: bool = False) -> list[Flag]:
    """Return flags, newest first.

    Args:
        client: of this client only.
        is_open: those only that nobody has settled.
    """
    table = schema.flag
    query = select(table).order_by(table.c.at.desc(), table.c.id)
    if client is not None:
        query = query.where(table.c.client == client)
    if is_open:
        query = query.where(table.c.settled_at.is_(None))
    return [_flag(work, row) for row in work.connection.execute(query).all()]


def settle(work: Transaction, flag: str, by: str, note: str) -> None:
    """Store who looked at a flag, and what came of it."""
    table = schema.flag
    values = {
        "settled_at": to_text(work.now),
        "sealed_settled_by": work.seal(LOG_KEY, by.encode(), f"flag.settled_by:{flag}"),
        "sealed_note": work.seal(LOG_KEY, note.encode(), f"flag.note:{flag}"),
    }
    work.connection.execute(update(table).where(table.c.id == flag).values(values))


def raised(work: Transaction, kind: FlagKind, client: ClientId, since: datetime, account: str | None = None) -> bool:
    """Say whether a flag of this kind was raised over a client, or one account of it, after a moment."""
    table = schema.flag
    query = select(table.c.id).where(table.c.client == client, table.c.kind == kind.value, table.c.at > to_text(since))
    if account is not None:
        query = query.where(table.c.account == account)
    return work.connection.execute(query.limit(1)).first() is not None


def finds(work: Transaction, subject: SubjectId, client: ClientId, since: datetime, account: str | None = None) -> int:
    """Return how many searches of a client, or of one account of it, found a person after a moment."""
    found, search = schema.search_candidate, schema.search
    query = (
        select(func.count())
        .select_from(found)
        .join(search, search.c.id == found.c.search)
        .where(found.c.subject == subject, search.c.client == client, search.c.at > to_text(since))
    )
    if account is not None:
        query = query.where(search.c.account == account)
    return int(work.connection.execute(query).scalar_one())


def of_case(work: Transaction, tag: bytes, since: datetime) -> int:
    """Return how many searches were made on a case after a moment."""
    table = schema.search
    query = select(func.count()).where(table.c.case_tag == tag, table.c.at > to_text(since))
    return int(work.connection.execute(query).scalar_one())


def own_person(work: Transaction, account: str) -> SubjectId | None:
    """Return who is declared to be behind an account, by its code."""
    table = schema.own_person
    found = work.connection.execute(select(table.c.subject).where(table.c.account == account)).scalar()
    return None if found is None else SubjectId(found)


def set_own_person(work: Transaction, account: str, subject: SubjectId | None) -> None:
    """Store who is behind an account, in place of what was declared before; None for nobody."""
    table = schema.own_person
    work.connection.execute(delete(table).where(table.c.account == account))
    if subject is not None:
        work.connection.execute(insert(table).values(account=account, subject=subject))


def _flag(work: Transaction, row: Row[Any]) -> Flag:
    def opened(sealed: bytes | None, column: str) -> str | None:
        return None if sealed is None else work.unseal(LOG_KEY, sealed, f"flag.{column}:{row.id}").decode()

    found, search = schema.search_candidate, schema.search
    there = work.connection.execute(select(search.c.id).where(search.c.id == row.search)).first() is not None
    people = select(found.c.subject).where(found.c.search == row.search).order_by(found.c.score.desc())
    return Flag(
        id=row.id,
        at=from_text(row.at),
        kind=FlagKind(row.kind),
        client=ClientId(row.client),
        account=row.account,
        search=SearchId(row.search) if there else None,
        times=row.times,
        people=tuple(SubjectId(one) for one in work.connection.execute(people).scalars()),
        settled_at=None if row.settled_at is None else from_text(row.settled_at),
        settled_by=opened(row.sealed_settled_by, "settled_by"),
        note=opened(row.sealed_note, "note"),
    )
