# SPDX-License-Identifier: Apache-2.0
"""Accounts: who is taken on, invited, let in no more."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from countenance.api.exact import Whole
from countenance.api.guard import EngineOf, SettingsOf, may
from countenance.api.routes.sessions import EndedOut
from countenance.bootstrap import Engine
from countenance.errors import BadInput
from countenance.ids import AccountId, ClientId, SubjectId
from countenance.model.account import Account, Caller, Role
from countenance.model.credential import Method
from countenance.policy.access import LONGEST_INVITE
from countenance.policy.roles import Verb

router = APIRouter(tags=["accounts"])

Reader = Annotated[Caller, may(Verb.ACCOUNT_READ)]
Writer = Annotated[Caller, may(Verb.ACCOUNT_WRITE)]

_LIMIT = 100
_DAY_MINUTES = 24 * 60


class AccountIn(BaseModel):
    """A new account."""

    name: str = Field(max_length=200, description="What one signs in by; unique here.")
    role: Role
    client: str | None = Field(default=None, max_length=40, description="Of a searcher: whom it searches for.")
    subject: str | None = Field(default=None, max_length=40, description="Of a subject: whose own view it is.")


class AccountOut(BaseModel):
    """An account."""

    id: str
    name: str
    role: Role
    client: str | None
    subject: str | None
    created_at: datetime
    disabled_at: datetime | None
    methods: list[Method] = Field(description="In which ways it can be signed in to.")


class AccountsOut(BaseModel):
    """A page of accounts, oldest first."""

    accounts: list[AccountOut]
    next: str | None = Field(description="`after` of the next page; null on the last one.")


class InviteIn(BaseModel):
    """How long an invitation is good for."""

    minutes: Whole = Field(default=_DAY_MINUTES, ge=1, le=int(LONGEST_INVITE.total_seconds()) // 60)


class LinkIn(BaseModel):
    """Who somebody is at the identity provider."""

    who: str = Field(max_length=254, description="The claim that the server knows people by; empty to end it.")


class InviteOut(BaseModel):
    """An invitation, or that a second person has to ask for it too."""

    waiting: bool = Field(description="A custodian who has signed in before is invited anew by two people.")
    token: str | None = Field(description="It cannot be shown again.")
    path: str | None = Field(description="Where it is redeemed.")


def account_out(one: Account, methods: dict[AccountId, set[Method]]) -> AccountOut:
    """Return an account as it is sent."""
    return AccountOut(
        id=one.id,
        name=one.name,
        role=one.role,
        client=one.client,
        subject=one.subject,
        created_at=one.created_at,
        disabled_at=one.disabled_at,
        methods=sorted(methods.get(one.id, set())),
    )


@router.get("/accounts")
def list_accounts(
    _caller: Reader,
    engine: EngineOf,
    after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = _LIMIT,
) -> AccountsOut:
    """Return the accounts, oldest first, also those that are disabled."""
    everyone, methods = engine.accounts.everyone(), engine.factors.methods()
    ids = [str(one.id) for one in everyone]
    start = ids.index(after) + 1 if after in ids else 0
    found = everyone[start : start + limit]
    more = start + limit < len(everyone)
    return AccountsOut(accounts=[account_out(one, methods) for one in found], next=found[-1].id if more else None)


@router.post("/accounts", status_code=201)
def add_account(caller: Writer, engine: EngineOf, response: Response, body: AccountIn) -> AccountOut:
    """Add an account; nobody can sign in with it before an invitation is redeemed."""
    engine.accounts.require_fresh(caller)
    made = engine.accounts.add(
        body.name,
        body.role,
        client=ClientId(body.client) if body.client else None,
        subject=SubjectId(body.subject) if body.subject else None,
        by=caller.account,
    )
    response.headers["Location"] = f"/api/v1/accounts/{made.id}"
    return account_out(made, {})


@router.get("/accounts/{account}")
def get_account(_caller: Reader, engine: EngineOf, account: str) -> AccountOut:
    """Return one account."""
    return _one(engine, AccountId(account))


@router.post("/accounts/{account}/invitation")
def invite(caller: Writer, engine: EngineOf, account: str, body: InviteIn) -> InviteOut:
    """Make a one-time invitation, in place of earlier ones; also for somebody who lost every way to sign in."""
    engine.accounts.require_fresh(caller)
    token = engine.accounts.invite(AccountId(account), minutes=body.minutes, by=caller.account)
    return InviteOut(waiting=token is None, token=token, path=None if token is None else f"/invitation/{token}")


@router.post("/accounts/{account}/disable")
def disable(caller: Writer, engine: EngineOf, account: str) -> AccountOut:
    """Let nobody sign in with an account any more; its sessions and keys end at once."""
    engine.accounts.disable(AccountId(account), by=caller.account)
    return _one(engine, AccountId(account))


@router.delete("/accounts/{account}/sessions")
def end_account_sessions(caller: Writer, engine: EngineOf, account: str) -> EndedOut:
    """End every session of an account, such as of a device that was lost; how it signs in stays."""
    return EndedOut(ended=engine.accounts.end_sessions(AccountId(account), by=caller.account))


@router.post("/accounts/{account}/provider")
def link(caller: Writer, engine: EngineOf, settings: SettingsOf, account: str, body: LinkIn) -> AccountOut:
    """Let who is known so at the identity provider sign in to an account; never a custodian's."""
    if settings.provider is None:
        raise BadInput("no identity provider is known here; `countenance serve --oidc FILE` names one")
    engine.accounts.require_fresh(caller)
    engine.federation.link(AccountId(account), settings.provider.issuer, body.who, by=caller.account)
    return _one(engine, AccountId(account))


def _one(engine: Engine, account: AccountId) -> AccountOut:
    return account_out(engine.accounts.get(account), engine.factors.methods())
