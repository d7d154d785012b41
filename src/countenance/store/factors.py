# SPDX-License-Identifier: Apache-2.0
"""Rows of ways to sign in: passkeys, passwords, who somebody is elsewhere; of challenges and failed tries."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from countenance.clock import from_text, to_text
from countenance.errors import Damaged
from countenance.ids import AccountId
from countenance.model.account import Account
from countenance.model.credential import Factor, Method, Passkey, Password
from countenance.policy import access
from countenance.store import accounts, schema
from countenance.store.keyring import LOG_KEY
from countenance.store.records import Transaction

PASSWORD = "password"  # noqa: S105 - the id of a factor


def add_passkey(work: Transaction, account: Account, key: Passkey, label: str) -> None:
    """Store a passkey."""
    own = accounts.owner(account.client, account.subject)
    work.connection.execute(
        insert(schema.passkey).values(
            id=key.id,
            account=account.id,
            public_key=key.public_key,
            tag=_tag(work, key.id, account.id, key.public_key),
            sign_count=key.sign_count,
            sealed_label=work.seal(own, label.encode(), f"passkey.label:{key.id}"),
            created_at=to_text(work.now),
        )
    )


def passkey(work: Transaction, one: str) -> Passkey | None:
    """Return a passkey, if it is known here.

    Raises:
        Damaged: somebody wrote its row past this program.
    """
    row = work.connection.execute(select(schema.passkey).where(schema.passkey.c.id == one)).first()
    if row is None:
        return None
    if not hmac.compare_digest(_tag(work, row.id, row.account, row.public_key), row.tag):
        raise Damaged(f"a passkey of account {row.account} is not as it was stored; find out who wrote to the records")
    return Passkey(row.id, row.account, row.public_key, row.sign_count)


def _tag(work: Transaction, one: str, account: str, public_key: bytes) -> bytes:
    return work.keyring.mac(b"\0".join((b"passkey", one.encode(), account.encode(), public_key)))


def passkey_used(work: Transaction, one: str, sign_count: int) -> None:
    """Record that a passkey was used."""
    used = update(schema.passkey).where(schema.passkey.c.id == one)
    work.connection.execute(used.values(sign_count=sign_count, used_at=to_text(work.now)))


def set_password(work: Transaction, account: Account, password: Password) -> None:
    """Store a password with its codes, in place of an earlier one."""
    own, table = accounts.owner(account.client, account.subject), schema.password
    work.connection.execute(delete(table).where(table.c.account == account.id))
    work.connection.execute(
        insert(table).values(
            account=account.id,
            sealed_hash=work.seal(own, password.encoded.encode(), f"password.hash:{account.id}"),
            sealed_totp=work.seal(own, password.totp.encode(), f"password.totp:{account.id}"),
            totp_step=password.step,
            created_at=to_text(work.now),
        )
    )


def password(work: Transaction, account: Account) -> Password | None:
    """Return the password of an account; None where it has none, or a hold has sealed it away."""
    own, table = accounts.owner(account.client, account.subject), schema.password
    row = work.connection.execute(select(table).where(table.c.account == account.id)).first()
    if row is None:
        return None
    try:
        encoded = work.unseal(own, row.sealed_hash, f"password.hash:{account.id}").decode()
        totp = work.unseal(own, row.sealed_totp, f"password.totp:{account.id}").decode()
    except Damaged:
        if account.subject is None:
            raise
        return None
    return Password(encoded, totp, row.totp_step)


def password_used(work: Transaction, account: AccountId, step: int) -> None:
    """Record that a password was used, with the code of a step."""
    used = update(schema.password).where(schema.password.c.account == account)
    work.connection.execute(used.values(totp_step=step, used_at=to_text(work.now)))


def everything(work: Transaction, account: Account) -> list[Factor]:
    """Return the ways in which somebody can sign in to an account, oldest first."""
    own, found = accounts.owner(account.client, account.subject), []
    for row in work.connection.execute(select(schema.passkey).where(schema.passkey.c.account == account.id)).all():
        try:
            label = work.unseal(own, row.sealed_label, f"passkey.label:{row.id}").decode()
        except Damaged:
            label = accounts.UNDER_HOLD
        found.append(Factor(row.id, Method.PASSKEY, label, from_text(row.created_at), _moment(row.used_at)))
    table = schema.password
    found += [
        Factor(PASSWORD, Method.PASSWORD, "", from_text(row.created_at), _moment(row.used_at))
        for row in work.connection.execute(select(table).where(table.c.account == account.id))
    ]
    return sorted(found, key=lambda factor: factor.created_at)


def methods(work: Transaction) -> dict[AccountId, set[Method]]:
    """Return in which ways each account can be signed in to."""
    found: dict[AccountId, set[Method]] = {}
    for table, method in (
        (schema.passkey, Method.PASSKEY),
        (schema.password, Method.PASSWORD),
        (schema.federated, Method.PROVIDER),
    ):
        for account in work.connection.execute(select(table.c.account)).scalars():
            found.setdefault(AccountId(account), set()).add(method)
    return found


def remove(work: Transaction, account: AccountId, factor: str) -> None:
    """Delete one way to sign in."""
    if factor == PASSWORD:
        work.connection.execute(delete(schema.password).where(schema.password.c.account == account))
    else:
        own = delete(schema.passkey).where(schema.passkey.c.account == account, schema.passkey.c.id == factor)
        work.connection.execute(own)


def link(work: Transaction, account: AccountId, issuer: str, who: str) -> None:
    """Let who is known as `who` at an identity provider sign in to an account; nobody, if empty."""
    table = schema.federated
    work.connection.execute(delete(table).where(table.c.account == account))
    if not who:
        return
    values = {"tag": _federated_tag(work, issuer, who), "account": account, "created_at": to_text(work.now)}
    work.connection.execute(insert(table).prefix_with("OR REPLACE").values(values))


def linked(work: Transaction, issuer: str, who: str) -> Account | None:
    """Return the account that was linked to who is known so at an identity provider."""
    table = schema.federated
    query = select(table.c.account).where(table.c.tag == _federated_tag(work, issuer, who))
    found = work.connection.execute(query).scalar()
    return None if found is None else accounts.get(work, found)


def ask(work: Transaction, challenge: bytes, kind: str, account: AccountId | None, data: bytes = b"") -> None:
    """Remember what a browser was asked, and forget what nobody answered in time."""
    table, digest = schema.challenge, hashlib.sha256(challenge).digest()
    work.connection.execute(delete(table).where(table.c.expires_at <= to_text(work.now)))
    work.connection.execute(
        insert(table).values(
            digest=digest,
            account=account,
            kind=kind,
            sealed_data=work.seal(LOG_KEY, data, f"challenge.data:{digest.hex()}") if data else None,
            expires_at=to_text(work.now + access.CHALLENGE),
        )
    )


def answered(work: Transaction, challenge: bytes, kind: str, account: AccountId | None) -> bytes | None:
    """Forget what a browser was asked; return what was kept with it, or None where it was not asked or is too late."""
    table, digest = schema.challenge, hashlib.sha256(challenge).digest()
    row = work.connection.execute(select(table).where(table.c.digest == digest)).first()
    work.connection.execute(delete(table).where(table.c.digest == digest))
    if row is None or row.kind != kind or row.account != account or from_text(row.expires_at) <= work.now:
        return None
    return b"" if row.sealed_data is None else work.unseal(LOG_KEY, row.sealed_data, f"challenge.data:{digest.hex()}")


def failures(work: Transaction, name: str) -> tuple[int, datetime] | None:
    """Return how many tries of a name failed since one did not, and when the last did."""
    table = schema.failed_try
    row = work.connection.execute(select(table).where(table.c.name_tag == accounts.name_tag(work, name))).first()
    return None if row is None else (row.failures, from_text(row.last_at))


def failed(work: Transaction, name: str) -> None:
    """Count a try of a name that failed."""
    table, before = schema.failed_try, failures(work, name)
    work.connection.execute(delete(table).where(table.c.last_at <= to_text(work.now - access.TRIES_KEPT)))
    values = {
        "name_tag": accounts.name_tag(work, name),
        "failures": 1 if before is None else before[0] + 1,
        "last_at": to_text(work.now),
    }
    work.connection.execute(insert(table).prefix_with("OR REPLACE").values(values))


def succeeded(work: Transaction, name: str) -> None:
    """Forget the tries of a name that failed."""
    table = schema.failed_try
    work.connection.execute(delete(table).where(table.c.name_tag == accounts.name_tag(work, name)))


def _federated_tag(work: Transaction, issuer: str, who: str) -> bytes:
    return work.keyring.mac(b"federated:" + issuer.encode() + b"\0" + who.casefold().encode())


def _moment(text: str | None) -> datetime | None:
    return None if text is None else from_text(text)
