# SPDX-License-Identifier: Apache-2.0
"""Rows of accounts and of the invitations to them."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, func, insert, select, update

from countenance.clock import from_text, to_text
from countenance.errors import Damaged, NotFound
from countenance.ids import AccountId, ClientId, SubjectId
from countenance.model.account import Account, Role
from countenance.store import schema
from countenance.store.keyring import LOG_KEY
from countenance.store.records import Transaction

UNDER_HOLD = "(sealed under a hold)"


def owner(client: ClientId | None, subject: SubjectId | None) -> str:
    """Return whose key seals what is kept of an account: it dies with the subject or the client that it is for."""
    return subject or client or LOG_KEY


def name_tag(work: Transaction, name: str) -> bytes:
    """Return what a name is found by; names that differ by case or by how they are encoded are one."""
    plain = unicodedata.normalize("NFKC", name).casefold().strip()
    return work.keyring.mac(b"account.name:" + plain.encode())


def add(work: Transaction, account: Account) -> None:
    """Store a new account."""
    own = owner(account.client, account.subject)
    work.connection.execute(
        insert(schema.account).values(
            id=account.id,
            sealed_name=work.seal(own, account.name.encode(), f"account.name:{account.id}"),
            name_tag=name_tag(work, account.name),
            role=account.role.value,
            client=account.client,
            subject=account.subject,
            created_at=to_text(account.created_at),
        )
    )


def get(work: Transaction, account: str) -> Account:
    """Return one account.

    Raises:
        NotFound: there is none of this id.
    """
    row = work.connection.execute(select(schema.account).where(schema.account.c.id == account)).first()
    if row is None:
        raise NotFound(f"no account {account}; `countenance account list` shows them")
    return _account(work, row)


def named(work: Transaction, name: str) -> Account | None:
    """Return the account of this name that can sign in, if there is one."""
    tag = name_tag(work, name)
    row = work.connection.execute(select(schema.account).where(schema.account.c.name_tag == tag)).first()
    return None if row is None else _account(work, row)


def everyone(work: Transaction) -> list[Account]:
    """Return all accounts, oldest first."""
    rows = work.connection.execute(select(schema.account).order_by(schema.account.c.created_at)).all()
    return [_account(work, row) for row in rows]


def of_subject(work: Transaction, subject: SubjectId) -> list[Account]:
    """Return the accounts of a subject, oldest first."""
    table = schema.account
    query = select(table).where(table.c.subject == subject).order_by(table.c.created_at)
    return [_account(work, row) for row in work.connection.execute(query).all()]


def disable(work: Transaction, account: AccountId) -> None:
    """Let nobody sign in with an account any more; its name can be given anew."""
    table = schema.account
    gone = update(table).where(table.c.id == account)
    work.connection.execute(gone.values(disabled_at=to_text(work.now), name_tag=None, invite_asked_by=None))
    work.connection.execute(delete(schema.invite).where(schema.invite.c.account == account))


def has_signed_in(work: Transaction, account: AccountId) -> bool:
    """Say whether anybody ever signed in with an account."""
    table = schema.account
    return work.connection.execute(select(table.c.signed_in_at).where(table.c.id == account)).scalar_one() is not None


def how_many_signed_in(work: Transaction, role: Role) -> int:
    """Return with how many accounts of a role somebody has signed in, disabled ones counted."""
    table = schema.account
    known = table.c.role == role.value, table.c.signed_in_at.is_not(None)
    return work.connection.execute(select(func.count()).select_from(table).where(*known)).scalar_one()


def signed_in(work: Transaction, account: AccountId) -> None:
    """Record that somebody signed in with an account; the first time is kept."""
    table = schema.account
    first = update(table).where(table.c.id == account, table.c.signed_in_at.is_(None))
    work.connection.execute(first.values(signed_in_at=to_text(work.now)))


def asked_by(work: Transaction, account: AccountId) -> str | None:
    """Return who asked first for an invitation that takes two people."""
    table = schema.account
    found: str | None = work.connection.execute(
        select(table.c.invite_asked_by).where(table.c.id == account)
    ).scalar_one()
    return found


def set_asked_by(work: Transaction, account: AccountId, by: str | None) -> None:
    """Remember who asked first for an invitation, or that it was given."""
    table = schema.account
    work.connection.execute(update(table).where(table.c.id == account).values(invite_asked_by=by))


def add_invite(work: Transaction, account: AccountId, token_hash: bytes, until: datetime, *, is_link: bool) -> None:
    """Store an invitation in place of the account's earlier ones."""
    work.connection.execute(delete(schema.invite).where(schema.invite.c.account == account))
    work.connection.execute(
        insert(schema.invite).values(
            token_hash=token_hash, account=account, is_link=int(is_link), expires_at=to_text(until)
        )
    )


def take_invite(work: Transaction, token_hash: bytes) -> tuple[Account, bool] | None:
    """Delete an invitation; return whose it was and whether it signs in at once, or None where it is not good.

    One that has expired is deleted too.
    """
    table = schema.invite
    row = work.connection.execute(select(table).where(table.c.token_hash == token_hash)).first()
    work.connection.execute(delete(table).where(table.c.token_hash == token_hash))
    if row is None or from_text(row.expires_at) <= work.now:
        return None
    return get(work, row.account), bool(row.is_link)


def shut(work: Transaction) -> None:
    """End every session, key, invitation and way to sign in: older records know some that were ended since.

    Accounts that were disabled since are disabled again, as their tombstones tell; the others are invited anew, also
    a custodian by one person, because nobody is there who could be the second.
    """
    table, now = schema.account, to_text(work.now)
    for gone in (schema.session, schema.invite, schema.challenge, schema.passkey, schema.password, schema.federated):
        work.connection.execute(delete(gone))
    keys = schema.api_key
    work.connection.execute(update(keys).where(keys.c.revoked_at.is_(None)).values(revoked_at=now))
    work.connection.execute(update(table).values(signed_in_at=None, invite_asked_by=None))
    enabled = work.connection.execute(select(table.c.id).where(table.c.disabled_at.is_(None))).scalars()
    for account in work.keyring.buried(enabled):
        disable(work, AccountId(account))


def sealed_values(subjects: Select[tuple[str]]) -> list[Select[tuple[bytes]]]:
    """Return the queries for every ciphertext of the accounts of some subjects."""
    own = schema.account.c.subject.in_(subjects)
    ids = select(schema.account.c.id).where(own)
    return [
        select(schema.account.c.sealed_name).where(own),
        select(schema.api_key.c.sealed_label).where(schema.api_key.c.account.in_(ids)),
        select(schema.passkey.c.sealed_label).where(schema.passkey.c.account.in_(ids)),
        select(schema.password.c.sealed_hash).where(schema.password.c.account.in_(ids)),
        select(schema.password.c.sealed_totp).where(schema.password.c.account.in_(ids)),
    ]


def _account(work: Transaction, row: Row[Any]) -> Account:
    try:
        name = work.unseal(owner(row.client, row.subject), row.sealed_name, f"account.name:{row.id}").decode()
    except Damaged:
        if row.subject is None:
            raise
        name = UNDER_HOLD  # the key of somebody under a hold lies in its escrow
    return Account(
        id=row.id,
        name=name,
        role=Role(row.role),
        client=row.client,
        subject=row.subject,
        created_at=from_text(row.created_at),
        disabled_at=row.disabled_at and from_text(row.disabled_at),
    )
