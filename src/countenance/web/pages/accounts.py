# SPDX-License-Identifier: Apache-2.0
"""Accounts: who is taken on, invited, let in no more."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from countenance.api.door import PlaceOf
from countenance.api.guard import EngineOf, may
from countenance.bootstrap import Engine
from countenance.errors import BadInput, CountenanceError
from countenance.ids import AccountId, ClientId, SubjectId
from countenance.model.account import Caller, Role
from countenance.policy.access import TAKES_ON
from countenance.policy.roles import Verb
from countenance.web.pages.access import failed
from countenance.web.render import back_to, page

router = APIRouter()

Reader = Annotated[Caller, may(Verb.ACCOUNT_READ)]
Writer = Annotated[Caller, may(Verb.ACCOUNT_WRITE)]
Text = Annotated[str, Form(max_length=200)]
_DAY_MINUTES = 24 * 60


@router.get("/accounts")
def accounts(request: Request, caller: Reader, engine: EngineOf) -> HTMLResponse:
    """Show every account, and the form of a new one."""
    return page(request, "access/accounts.html", problem=None, **_values(engine, caller))


@router.post("/accounts")
def add(
    request: Request,
    caller: Writer,
    engine: EngineOf,
    name: Text = "",
    role: Text = "",
    client: Text = "",
    subject: Text = "",
) -> Response:
    """Add an account."""
    try:
        if role not in set(Role):
            raise BadInput("choose a role")
        engine.accounts.require_fresh(caller)
        engine.accounts.add(
            name,
            Role(role),
            client=ClientId(client.strip()) if client.strip() else None,
            subject=SubjectId(subject.strip()) if subject.strip() else None,
            by=caller.account,
        )
    except CountenanceError as error:
        typed = {"name": name, "role": role, "client": client, "subject": subject}
        return failed(request, "access/accounts.html", error, **_values(engine, caller, **typed))
    return back_to("/accounts")


@router.post("/accounts/{account}/invite")
def invite(request: Request, caller: Writer, engine: EngineOf, place: PlaceOf, account: str) -> Response:
    """Make an invitation; the answer is the only page that ever shows it."""
    try:
        engine.accounts.require_fresh(caller)
        token = engine.accounts.invite(AccountId(account), minutes=_DAY_MINUTES, by=caller.account)
    except CountenanceError as error:
        return failed(request, "access/accounts.html", error, **_values(engine, caller))
    address = None if token is None else f"{place.origin}/invitation/{token}"
    invited = engine.accounts.get(AccountId(account))
    return page(request, "access/invited.html", address=address, account=invited, hours=_DAY_MINUTES // 60)


@router.post("/accounts/{account}/disable")
def disable(request: Request, caller: Writer, engine: EngineOf, account: str) -> Response:
    """Disable an account."""
    try:
        engine.accounts.disable(AccountId(account), by=caller.account)
    except CountenanceError as error:
        return failed(request, "access/accounts.html", error, **_values(engine, caller))
    return back_to("/accounts")


@router.post("/accounts/{account}/end-sessions")
def end_sessions(request: Request, caller: Writer, engine: EngineOf, account: str) -> Response:
    """End every session of an account."""
    try:
        engine.accounts.end_sessions(AccountId(account), by=caller.account)
    except CountenanceError as error:
        return failed(request, "access/accounts.html", error, **_values(engine, caller))
    return back_to("/accounts")


def _values(engine: Engine, caller: Caller, **typed: str) -> dict[str, Any]:
    may_take_on = TAKES_ON.get(caller.role, frozenset())
    return {
        "accounts": engine.accounts.everyone(),
        "methods": engine.factors.methods(),
        "roles": [role for role in Role if role in may_take_on],
        "clients": engine.register.clients(),
        "me": caller.account,
        "name": "",
        "role": "",
        "client": "",
        "subject": "",
        **typed,
    }
