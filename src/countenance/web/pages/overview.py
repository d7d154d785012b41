# SPDX-License-Identifier: Apache-2.0
"""The operator's overview, health, and the face packs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from countenance.api.guard import EngineOf, may
from countenance.api.problems import Problem, problem_of, request_id
from countenance.api.routes import status as api
from countenance.errors import CountenanceError
from countenance.model.account import Caller
from countenance.model.ingest import JobState
from countenance.policy.roles import Verb, holds
from countenance.web.render import back_to, page

router = APIRouter()

Reader = Annotated[Caller, may(Verb.STATUS_READ)]
Chooser = Annotated[Caller, may(Verb.MODEL_USE)]


@router.get("/overview")
def overview(request: Request, caller: Reader, engine: EngineOf) -> HTMLResponse:
    """Show what waits, what runs, and whether all is well."""
    jobs = engine.jobs.everything(limit=5) if holds(caller, Verb.INGEST_READ) else []
    unfinished = [one for one in jobs if one.state in (JobState.RUNNING, JobState.INTERRUPTED)]
    return page(request, "operator/overview.html", status_now=api.status(caller, engine), jobs=unfinished)


@router.get("/health")
def health(request: Request, caller: Reader, engine: EngineOf) -> HTMLResponse:
    """Show how this installation is."""
    return page(request, "operator/health.html", status_now=api.status(caller, engine))


@router.post("/health/check")
def check(caller: Reader, engine: EngineOf) -> Response:
    """Look at everything, and show what was found."""
    api.check(caller, engine)
    return back_to("/health")


@router.get("/models")
def models(request: Request, caller: Reader, engine: EngineOf) -> HTMLResponse:
    """Show the face packs."""
    return _models(request, caller, engine, None)


@router.post("/models/{name}/use")
def use(request: Request, caller: Chooser, engine: EngineOf, name: str) -> Response:
    """Use another face pack from now on."""
    try:
        api.use(caller, engine, name)
    except CountenanceError as error:
        return _models(request, caller, engine, problem_of(error, request_id(request)))
    return back_to("/models")


def _models(request: Request, caller: Caller, engine: EngineOf, problem: Problem | None) -> HTMLResponse:
    return page(
        request,
        "operator/models.html",
        status=200 if problem is None else problem.status,
        packs=api.packs(caller, engine).packs,
        model=engine.health.model(),
        numbers=engine.health.numbers(),
        may_use=holds(caller, Verb.MODEL_USE),
        problem=problem,
    )
