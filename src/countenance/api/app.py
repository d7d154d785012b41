# SPDX-License-Identifier: Apache-2.0
"""The application: an engine and settings in, routes out; `shielded` is what a server runs.

Order of what a request passes: `Watch` (counters, log line), `Shield` (host, origin, headers), `CarryOutOnce`
(repeated requests), the route's `may` (who calls), the route.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from prometheus_client import CollectorRegistry
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from countenance.api import problems
from countenance.api.allowed import Allowed
from countenance.api.description import describe
from countenance.api.door import KNOCKS_AT_ONCE, KNOCKS_PER_SECOND
from countenance.api.limits import Limits
from countenance.api.once import CarryOutOnce
from countenance.api.problems import Problem
from countenance.api.routes import (
    accounts,
    breaches,
    clients,
    evidence,
    faces,
    factors,
    flags,
    holds,
    jobs,
    keys,
    law,
    log,
    orders,
    own,
    people,
    public,
    recipients,
    requests,
    retention,
    runs,
    searches,
    server,
    sessions,
    signing,
    signings,
    sources,
    status,
)
from countenance.api.settings import LARGEST_BODY, LARGEST_UPLOAD, Settings
from countenance.api.shield import Shield
from countenance.api.watch import Watch
from countenance.bootstrap import Engine
from countenance.errors import CountenanceError
from countenance.services.once import Once

LOG = logging.getLogger("countenance.server")
PREFIX = "/api/v1"
_GRACE_S = 20.0
ROUTERS = (
    server.router,
    sessions.router,
    factors.router,
    keys.router,
    accounts.router,
    searches.router,
    sources.router,
    jobs.router,
    faces.router,
    people.router,
    status.router,
    public.router,
    log.router,
    signings.router,
    signing.router,
    own.router,
    orders.router,
    holds.router,
    runs.router,
    requests.router,
    retention.router,
    evidence.router,
    recipients.router,
    breaches.router,
    law.router,
    clients.router,
    flags.router,
)

ShowProblem = Callable[[Request, Problem], Response]


def application(engine: Engine, settings: Settings, show_problem: ShowProblem | None = None) -> FastAPI:
    """Return the API on an engine.

    Args:
        show_problem: renders a problem of what is not below `/api/` as a page; JSON where there are no pages.
    """
    # A part of a form that outgrows this is written to disk, in plain; a photo must not be.
    MultiPartParser.spool_max_size = LARGEST_UPLOAD + 1

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with engine.kept_open():
            engine.run_jobs.take_up()
            with engine.daily.watching(settings.retention_hour):
                yield
            engine.background.settle(_GRACE_S)  # what takes longer goes on when a server starts again
            engine.close()

    app = FastAPI(
        title="Countenance",
        version="1",
        summary="Face search among people who signed a release.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # that page loads scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        max_body_size=LARGEST_BODY,
    )
    app.state.engine = engine
    app.state.settings = settings
    app.state.limits = Limits(settings.per_second, settings.burst)
    app.state.door = Limits(KNOCKS_PER_SECOND, KNOCKS_AT_ONCE)
    app.state.registry = CollectorRegistry()
    for router in ROUTERS:
        app.include_router(router, prefix=PREFIX)
    _add_handlers(app, show_problem)
    describe(app, settings)
    return app


def shielded(app: FastAPI) -> ASGIApp:
    """Return an application behind what each request passes first, and what FastAPI answers by itself passes too."""
    once: Once = app.state.engine.once
    return Watch(Shield(CarryOutOnce(app, once), app.state.settings), app.state.registry)


def _add_handlers(app: FastAPI, show_problem: ShowProblem | None) -> None:
    allowed = Allowed(app)

    def answer(request: Request, problem: Problem, headers: dict[str, str] | None = None) -> Response:
        if show_problem is None or request.url.path.startswith(f"{PREFIX}/"):
            return problems.answer(problem, headers)
        response = show_problem(request, problem)
        response.headers.update(headers or {})
        return response

    @app.exception_handler(CountenanceError)
    def known(request: Request, error: CountenanceError) -> Response:
        problem = problems.problem_of(error, problems.request_id(request))
        if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            LOG.error("request %s: %s: %s", problem.request_id, error.code, error)
        return answer(request, problem, dict(problems.headers_of(error)))

    @app.exception_handler(RequestValidationError)
    def misshapen(request: Request, error: RequestValidationError) -> Response:
        # What was sent is not repeated: it may be personal.
        where = [{"at": ".".join(map(str, one["loc"])), "what": one["msg"]} for one in error.errors()]
        detail = "the request is not as the API describes it: " + "; ".join(f"{w['at']}: {w['what']}" for w in where)
        return answer(request, problems.plain_problem(422, detail, problems.request_id(request), errors=where))

    @app.exception_handler(HTTPException)
    def plain(request: Request, error: HTTPException) -> Response:
        problem = problems.plain_problem(error.status_code, str(error.detail), problems.request_id(request))
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = allowed.on(request.url.path)
        return answer(request, problem, headers)

    @app.exception_handler(Exception)
    def unknown(request: Request, error: Exception) -> Response:
        number = problems.request_id(request)
        LOG.error("request %s failed: %s", number, type(error).__name__)  # its words may be personal
        detail = f"something is wrong with this server; its operator finds request {number} in the server's log"
        return answer(request, problems.plain_problem(500, detail, number))
