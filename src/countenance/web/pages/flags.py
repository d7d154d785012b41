# SPDX-License-Identifier: Apache-2.0
"""Flags on how clients search: looked at by a custodian."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from countenance.api.guard import EngineOf, may
from countenance.api.problems import Problem
from countenance.api.routes import flags as api
from countenance.api.routes.flags import SettleFlagIn
from countenance.bootstrap import Engine
from countenance.model.account import Caller
from countenance.policy.roles import Verb
from countenance.web.acts import carry_out, who_is_who
from countenance.web.render import page

router = APIRouter()

Reader = Annotated[Caller, may(Verb.FLAG_READ)]
Settler = Annotated[Caller, may(Verb.FLAG_SETTLE)]


@router.get("/flags")
def list_flags(
    request: Request, caller: Reader, engine: EngineOf, client: str = "", after: str | None = None
) -> HTMLResponse:
    """Show flags, newest first."""
    return _list(request, caller, engine, None, client=client, after=after)


@router.post("/flags/{flag}/settle")
def settle_flag(
    request: Request, caller: Settler, engine: EngineOf, flag: str, note: Annotated[str, Form()] = ""
) -> Response:
    """Write down what came of a flag."""

    def act() -> str:
        api.settle_flag(caller, engine, flag, SettleFlagIn(note=note[:10_000]))
        return "/flags"

    return carry_out(request, act, lambda problem: _list(request, caller, engine, problem, said={flag: note}))


def _list(
    request: Request,
    caller: Caller,
    engine: Engine,
    problem: Problem | None,
    *,
    client: str = "",
    after: str | None = None,
    said: dict[str, str] | None = None,
) -> HTMLResponse:
    found = api.list_flags(caller, engine, client or None, after=after)
    return page(
        request,
        "clients/flags.html",
        flags=found.items,
        names={one.id: one.name for one in engine.register.clients()},
        client=client,
        first=None if after is None else f"/flags?{urlencode({'client': client})}",
        following=None if found.next is None else f"/flags?{urlencode({'client': client, 'after': found.next})}",
        problem=problem,
        said=said or {},
        who=who_is_who(engine),
    )
