# SPDX-License-Identifier: Apache-2.0
"""Sources: where photos come from, and the permissions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from countenance.api.guard import EngineOf, may
from countenance.api.problems import problem_of, request_id
from countenance.api.routes import sources as api
from countenance.api.routes.sources import SourceIn
from countenance.errors import BadInput, CountenanceError
from countenance.model.account import Caller
from countenance.policy.roles import Verb, holds
from countenance.web.render import back_to, page

router = APIRouter()

Reader = Annotated[Caller, may(Verb.SOURCE_READ)]
Adder = Annotated[Caller, may(Verb.SOURCE_ADD)]
Text = Annotated[str, Form()]


@router.get("/sources")
def sources(request: Request, caller: Reader, engine: EngineOf, after: str | None = None) -> HTMLResponse:
    """List the sources, newest first."""
    found = api.sources(caller, engine, after=after, limit=50)
    return page(
        request,
        "operator/sources.html",
        sources=found.sources,
        following=found.next and f"/sources?after={found.next}",
        later=after is not None,
        may_add=holds(caller, Verb.SOURCE_ADD),
    )


@router.get("/sources/new")
def new_source(request: Request, _caller: Adder) -> HTMLResponse:
    """Show the form of a new source."""
    return page(request, "operator/source_new.html", said={}, problem=None)


@router.post("/sources/new")
def add_source(
    request: Request,
    caller: Adder,
    engine: EngineOf,
    *,
    name: Text = "",
    basis: Text = "",
    capture_place: Text = "",
    bystander_basis: Text = "",
    counsel_opt_in: Text = "",
    hosts: Text = "",
) -> Response:
    """Add a source."""
    said = {
        "name": name,
        "basis": basis,
        "capture_place": capture_place.strip() or None,
        "bystander_basis": bystander_basis.strip() or None,
        "counsel_opt_in": counsel_opt_in.strip() or None,
        "hosts": hosts.split(),
    }
    try:
        try:
            source = SourceIn.model_validate(said)
        except ValidationError as error:
            where = ", ".join(str(one["loc"][0]) for one in error.errors())
            raise BadInput(f"too long: {where}") from error
        api.add_source(caller, engine, Response(), source)
    except CountenanceError as error:
        problem = problem_of(error, request_id(request))
        said |= {"hosts": hosts}
        return page(request, "operator/source_new.html", status=problem.status, said=said, problem=problem)
    return back_to("/sources")
