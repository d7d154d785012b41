# SPDX-License-Identifier: Apache-2.0
"""People: found by what the operator calls them, and added before they sign."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from countenance.api.guard import EngineOf, may
from countenance.api.problems import Problem, problem_of, request_id
from countenance.api.routes import people as api
from countenance.api.routes.people import FindIn, PersonIn
from countenance.bootstrap import Engine
from countenance.errors import CountenanceError
from countenance.model.account import Caller
from countenance.model.subject import AgeBand
from countenance.policy.roles import Verb, holds
from countenance.web.render import back_to, page

router = APIRouter()

Reader = Annotated[Caller, may(Verb.SUBJECT_LIST)]
Adder = Annotated[Caller, may(Verb.SUBJECT_ADD)]
Text = Annotated[str, Form(max_length=200)]


@router.get("/people")
def people(request: Request, caller: Reader, engine: EngineOf, *, after: str | None = None) -> HTMLResponse:
    """List people."""
    return _people(request, caller, engine, after=after)


@router.post("/people/find")
def find(request: Request, caller: Reader, engine: EngineOf, *, q: Text = "") -> HTMLResponse:
    """Show who is called so; asked for in the body, for addresses end up in logs."""
    return _people(request, caller, engine, q=q)


@router.post("/people")
def add_person(
    request: Request,
    caller: Adder,
    engine: EngineOf,
    *,
    label: Text = "",
    residency: Text = "",
    age_band: Text = AgeBand.ADULT.value,
    representative: Text = "",
) -> Response:
    """Add a person."""
    said = {"label": label, "residency": residency, "age_band": age_band, "representative": representative}
    try:
        person = PersonIn(
            label=label,
            residency=residency.replace(",", " ").split()[:10],
            age_band=AgeBand.MINOR if age_band == AgeBand.MINOR.value else AgeBand.ADULT,
            representative=representative,
        )
        api.add_person(caller, engine, Response(), person)
    except CountenanceError as error:
        problem = problem_of(error, request_id(request))
        return _people(request, caller, engine, said=said, problem=problem)
    return back_to("/people")


def _people(
    request: Request,
    caller: Caller,
    engine: Engine,
    *,
    q: str = "",
    after: str | None = None,
    said: dict[str, str] | None = None,
    problem: Problem | None = None,
) -> HTMLResponse:
    found = api.find(caller, engine, FindIn(text=q)) if q.strip() else api.people(caller, engine, after=after, limit=50)
    return page(
        request,
        "operator/people.html",
        status=200 if problem is None else problem.status,
        people=found.people,
        q=q,
        following=found.next and f"/people?{urlencode({'after': found.next})}",
        later=after is not None,
        may_add=holds(caller, Verb.SUBJECT_ADD),
        said=said or {"label": "", "residency": "", "age_band": "adult", "representative": ""},
        problem=problem,
    )
