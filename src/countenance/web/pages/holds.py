# SPDX-License-Identifier: Apache-2.0
"""Legal holds: placed, reviewed, lifted."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from countenance.api.guard import EngineOf, may
from countenance.api.listing import PAGE
from countenance.api.problems import Problem
from countenance.api.routes import holds as api
from countenance.api.routes.holds import HoldIn, LiftIn
from countenance.bootstrap import Engine
from countenance.errors import BadInput
from countenance.model.account import Caller
from countenance.model.destruction import HoldBasis
from countenance.policy.roles import Verb
from countenance.web.acts import carry_out, who_is_who
from countenance.web.render import page

router = APIRouter()

Reader = Annotated[Caller, may(Verb.HOLD_READ)]
Writer = Annotated[Caller, may(Verb.HOLD_WRITE)]
Text = Annotated[str, Form()]


@router.get("/holds")
def list_holds(request: Request, caller: Reader, engine: EngineOf, after: str | None = None) -> HTMLResponse:
    """Show the holds, newest first, and the form of a new one."""
    return _list(request, caller, engine, None, after=after)


@router.post("/holds")
def place_hold(
    request: Request,
    caller: Writer,
    engine: EngineOf,
    basis: Text = "",
    matter: Text = "",
    people: Text = "",
    days: Text = "",
    recipient: Text = "",
) -> Response:
    """Place a hold on people, or on everybody whom an order froze."""
    named = people.split()
    orders = [one for one in named if one.startswith("ord_")]

    def act() -> str:
        if basis not in list(HoldBasis):
            raise BadInput("say on what ground the hold is placed")
        if days.strip() and not (days.strip().isascii() and days.strip().isdigit() and 0 < int(days) <= 3650):
            raise BadInput("a hold is reviewed every 1 to 3,650 days, or never")
        if len(orders) > 1:
            raise BadInput("name one order at a time")
        said = HoldIn(
            subjects=[one for one in named if one not in orders],
            order=orders[0] if orders else None,
            basis=HoldBasis(basis),
            matter=matter[:1000],
            review_every_days=int(days) if days.strip() else None,
            recipient=recipient.strip()[:200] or None,
        )
        return f"/holds/{api.place_hold(caller, engine, Response(), said).id}"

    typed = {"basis": basis, "matter": matter, "people": people, "days": days, "recipient": recipient}
    return carry_out(request, act, lambda problem: _list(request, caller, engine, problem, said=typed))


@router.get("/holds/{hold}")
def show_hold(request: Request, caller: Reader, engine: EngineOf, hold: str) -> HTMLResponse:
    """Show one hold."""
    return _show(request, caller, engine, hold, None)


@router.post("/holds/{hold}/review")
def review_hold(request: Request, caller: Writer, engine: EngineOf, hold: str) -> Response:
    """Record that it is still needed."""

    def act() -> str:
        api.review_hold(caller, engine, hold)
        return f"/holds/{hold}"

    return carry_out(request, act, lambda problem: _show(request, caller, engine, hold, problem))


@router.post("/holds/{hold}/lift")
def lift_hold(request: Request, caller: Writer, engine: EngineOf, hold: str, identity: Text = "") -> Response:
    """End it, and start what it deferred."""

    def act() -> str:
        api.lift_hold(caller, engine, hold, LiftIn(identity=identity.strip()[:4000] or None))
        return f"/holds/{hold}"

    return carry_out(request, act, lambda problem: _show(request, caller, engine, hold, problem))


def _list(
    request: Request,
    caller: Caller,
    engine: Engine,
    problem: Problem | None,
    *,
    after: str | None = None,
    said: dict[str, str] | None = None,
) -> HTMLResponse:
    found = api.list_holds(caller, engine, after, PAGE)
    following = None if found.next is None else f"/holds?{urlencode({'after': found.next})}"
    return page(
        request,
        "custody/holds.html",
        holds=found.items,
        first=None if after is None else "/holds",
        following=following,
        problem=problem,
        said=defaultdict(str, said or {}),
        bases=list(HoldBasis),
        who=who_is_who(engine),
    )


def _show(request: Request, caller: Caller, engine: Engine, hold: str, problem: Problem | None) -> HTMLResponse:
    shown = api.get_hold(caller, engine, hold)
    return page(request, "custody/hold.html", hold=shown, problem=problem, who=who_is_who(engine), mine=caller.account)
