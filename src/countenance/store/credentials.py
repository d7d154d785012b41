# SPDX-License-Identifier: Apache-2.0
"""Rows of sessions and API keys."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, bindparam, delete, insert, select, update

from countenance.clock import from_text, to_text
from countenance.errors import Damaged, NotFound
from countenance.ids import AccountId
from countenance.model.account import Account, Role
from countenance.model.credential import ApiKey, Method, Session
from countenance.store import accounts, schema
from countenance.store.records import Transaction


def _with_account(table: Table, secret: ColumnElement[bytes]) -> Select[Any]:
    account = schema.account.c
    return (
        select(table, account.role, account.client, account.subject, account.disabled_at)
        .join(schema.account, account.id == table.c.account)
        .where(secret == bindparam("secret"))
    )


# Made once: each request asks one of them.
_SESSION = _with_account(schema.session, schema.session.c.token_hash)
_KEY = _with_account(schema.api_key, schema.api_key.c.secret_hash)


def add_session(work: Transaction, session: Session, token_hash: bytes) -> None:
    """Store a new session, and delete those of the account that are over."""
    table = schema.session
    old = delete(table).where(table.c.account == session.account, table.c.expires_at <= to_text(work.now))
    work.connection.execute(old)
    work.connection.execute(
        insert(table).values(
            id=session.id,
            token_hash=token_hash,
            account=session.account,
            method=session.method.value,
            created_at=to_text(session.created_at),
            seen_at=to_text(session.seen_at),
            idle_s=int(session.idle.total_seconds()),
            expires_at=to_text(session.expires_at),
            agent=session.agent,
            untold=session.untold,
        )
    )


def session(work: Transaction, token_hash: bytes) -> tuple[Session, Account] | None:
    """Return the session of a token with its account, whose name is left out: unsealing it is not needed here."""
    row = work.connection.execute(_SESSION, {"secret": token_hash}).first()
    return None if row is None else (_session(row), _nameless(row))


def sessions(work: Transaction, account: AccountId) -> list[Session]:
    """Return the sessions of an account, newest first."""
    table = schema.session
    query = select(table).where(table.c.account == account).order_by(table.c.created_at.desc())
    return [_session(row) for row in work.connection.execute(query)]


def seen(work: Transaction, session: str) -> None:
    """Record that a session is in use."""
    table = schema.session
    work.connection.execute(update(table).where(table.c.id == session).values(seen_at=to_text(work.now)))


def end_session(work: Transaction, session: str) -> int:
    """Delete a session; return how many there were."""
    return work.connection.execute(delete(schema.session).where(schema.session.c.id == session)).rowcount


def end_sessions(work: Transaction, account: AccountId, *, but: str | None = None) -> int:
    """Delete the sessions of an account, except one where one is named; return how many."""
    table = schema.session
    gone = delete(table).where(table.c.account == account, table.c.id != (but or ""))
    return work.connection.execute(gone).rowcount


def add_key(work: Transaction, key: ApiKey, secret_hash: bytes, owner: str) -> None:
    """Store a new key; its label is sealed under the owner's key."""
    work.connection.execute(
        insert(schema.api_key).values(
            id=key.id,
            secret_hash=secret_hash,
            account=key.account,
            sealed_label=work.seal(owner, key.label.encode(), f"api_key.label:{key.id}"),
            scopes=json.dumps(sorted(key.scopes)),
            created_at=to_text(key.created_at),
            expires_at=to_text(key.expires_at),
        )
    )


def key(work: Transaction, secret_hash: bytes) -> tuple[ApiKey, Account] | None:
    """Return the key of a secret with its account; neither its label nor the account's name is unsealed."""
    row = work.connection.execute(_KEY, {"secret": secret_hash}).first()
    return None if row is None else (_key(row, ""), _nameless(row))


def keys(work: Transaction, account: Account) -> list[ApiKey]:
    """Return the keys of an account, newest first, also those that are over."""
    table = schema.api_key
    query = select(table).where(table.c.account == account.id).order_by(table.c.created_at.desc())
    own = accounts.owner(account.client, account.subject)
    return [_key(row, _label(work, row, own)) for row in work.connection.execute(query).all()]


def key_used(work: Transaction, key: str) -> None:
    """Record that a key is in use."""
    table = schema.api_key
    work.connection.execute(update(table).where(table.c.id == key).values(used_at=to_text(work.now)))


def remind(work: Transaction, account: AccountId, until: datetime) -> int:
    """Mark the good keys of an account that end before a moment, and of which nothing was said yet; return how many."""
    table = schema.api_key
    soon = table.c.expires_at.between(to_text(work.now), to_text(until)) & table.c.revoked_at.is_(None)
    marked = update(table).where(table.c.account == account, soon, table.c.reminded == 0)
    return work.connection.execute(marked.values(reminded=1)).rowcount


def key_owner(work: Transaction, key: str) -> AccountId:
    """Return whose key it is.

    Raises:
        NotFound: there is none of this id.
    """
    table = schema.api_key
    found = work.connection.execute(select(table.c.account).where(table.c.id == key)).scalar()
    if found is None:
        raise NotFound(f"no key {key}")
    return AccountId(found)


def revoke_key(work: Transaction, key: str) -> None:
    """End a key."""
    table = schema.api_key
    gone = update(table).where(table.c.id == key, table.c.revoked_at.is_(None))
    work.connection.execute(gone.values(revoked_at=to_text(work.now)))


def revoke_keys(work: Transaction, account: AccountId) -> int:
    """End the keys of an account; return how many were good."""
    table = schema.api_key
    gone = update(table).where(table.c.account == account, table.c.revoked_at.is_(None))
    return work.connection.execute(gone.values(revoked_at=to_text(work.now))).rowcount


def _nameless(row: Row[Any]) -> Account:
    disabled = None if row.disabled_at is None else from_text(row.disabled_at)
    return Account(row.account, "", Role(row.role), row.client, row.subject, from_text(row.created_at), disabled)


def _session(row: Row[Any]) -> Session:
    return Session(
        id=row.id,
        account=row.account,
        method=Method(row.method),
        created_at=from_text(row.created_at),
        seen_at=from_text(row.seen_at),
        idle=timedelta(seconds=row.idle_s),
        expires_at=from_text(row.expires_at),
        agent=row.agent,
        untold=bool(row.untold),
    )


def _key(row: Row[Any], label: str) -> ApiKey:
    return ApiKey(
        id=row.id,
        account=row.account,
        label=label,
        scopes=frozenset(json.loads(row.scopes)),
        created_at=from_text(row.created_at),
        expires_at=from_text(row.expires_at),
        used_at=row.used_at and from_text(row.used_at),
        revoked_at=row.revoked_at and from_text(row.revoked_at),
    )


def _label(work: Transaction, row: Row[Any], owner: str) -> str:
    try:
        return work.unseal(owner, row.sealed_label, f"api_key.label:{row.id}").decode()
    except Damaged:
        return accounts.UNDER_HOLD
