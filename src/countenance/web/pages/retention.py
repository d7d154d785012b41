# SPDX-License-Identifier: Apache-2.0
"""The retention clock: its calendar by the month, the people of a day, and following it now."""

from __future__ import annotations

import calendar
from collections import defaultdict
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from countenance.api.guard import EngineOf, may
from countenance.api.listing import PAGE
from countenance.api.problems import Problem
from countenance.api.routes import retention as api
from countenance.api.routes.retention import FactIn
from countenance.bootstrap import Engine
from countenance.errors import BadInput
from countenance.model.account import Caller
from countenance.policy.roles import Verb
from countenance.web.acts import carry_out
from countenance.web.render import page

router = APIRouter()

Reader = Annotated[Caller, may(Verb.RETENTION_READ)]
Writer = Annotated[Caller, may(Verb.RETENTION_WRITE)]
Text = Annotated[str, Form()]
_FIRST_YEAR, _LAST_YEAR = 1970, 9998


@router.get("/retention")
def show_month(request: Request, caller: Reader, engine: EngineOf, month: str = "") -> HTMLResponse:
    """Show how the clocks stand, and a month of the calendar."""
    return _show(request, caller, engine, None, month=month)


@router.get("/retention/days/{day}")
def show_day(request: Request, caller: Reader, engine: EngineOf, day: date, after: str | None = None) -> HTMLResponse:
    """Show the people whose time is up on a day."""
    found = api.retention_day(caller, engine, day, after, PAGE)
    following = None if found.next is None else f"/retention/days/{day}?after={found.next}"
    first = None if after is None else f"/retention/days/{day}"
    return page(request, "custody/day.html", day=day, people=found.items, following=following, first=first)


@router.post("/retention/run")
def follow(request: Request, caller: Writer, engine: EngineOf) -> Response:
    """Follow the clock now."""

    def act() -> str:
        api.run_retention(caller, engine)
        return "/retention"

    return carry_out(request, act, lambda problem: _show(request, caller, engine, problem))


@router.post("/retention/facts")
def record(
    request: Request, caller: Writer, engine: EngineOf, kind: Text = "", known: Text = "", on: Text = ""
) -> Response:
    """Record what moves a person's clock."""
    name = known.strip()

    def act() -> str:
        try:
            day = date.fromisoformat(on.strip()) if on.strip() else None
        except ValueError as error:
            raise BadInput("write the day as 2026-05-03") from error
        if kind not in ("interaction", "purpose_met", "needed", "unneeded"):
            raise BadInput("say what happened")
        release = name if kind == "purpose_met" else None
        said = FactIn(kind=kind, subject=None if release else name, release=release, on=day)  # type: ignore[arg-type]
        api.record_retention_fact(caller, engine, said)
        return "/retention"

    typed = {"kind": kind, "known": known, "on": on}
    return carry_out(request, act, lambda problem: _show(request, caller, engine, problem, said=typed))


def _show(
    request: Request,
    caller: Caller,
    engine: Engine,
    problem: Problem | None,
    *,
    month: str = "",
    said: dict[str, str] | None = None,
) -> HTMLResponse:
    clock = api.get_retention(caller, engine)
    today = engine.daily.today()
    first = _month(month) or today.replace(day=1)
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    days = {one.day: one for one in api.retention_calendar(caller, engine, first, last)}
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    return page(
        request,
        "custody/retention.html",
        clock=clock,
        history=api.list_retention_runs(caller, engine, 10),
        month=first,
        before=first - timedelta(days=1),
        behind=last + timedelta(days=1),
        weeks=weeks,
        days=days,
        most=max((one.due for one in days.values()), default=0),
        today=today,
        problem=problem,
        said=defaultdict(str, said or {}),
    )


def _month(text: str) -> date | None:
    """Return the first day of a month such as `2026-05`; None where that is none."""
    try:
        found = date.fromisoformat(f"{text[:7]}-01")
    except ValueError:
        return None
    return found if _FIRST_YEAR <= found.year <= _LAST_YEAR else None
