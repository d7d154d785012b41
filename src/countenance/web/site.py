# SPDX-License-Identifier: Apache-2.0
"""The site: the API, and the pages on the same engine in the same process."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from countenance.api.app import application
from countenance.api.problems import Problem
from countenance.api.settings import Settings
from countenance.bootstrap import Engine
from countenance.web.pages import PAGES
from countenance.web.render import STATIC, back_to, page

_UNAUTHORIZED = 401
_IMMUTABLE = "public, max-age=31536000, immutable"


def site(engine: Engine, settings: Settings) -> FastAPI:
    """Return the whole server's application."""
    app = application(engine, settings, _problem_page)
    for router in PAGES:
        app.include_router(router, include_in_schema=False)
    app.mount("/static", _Static(directory=STATIC), name="static")
    return app


def _problem_page(request: Request, problem: Problem) -> Response:
    if problem.status == _UNAUTHORIZED and request.method == "GET":
        return back_to(f"/sign-in?next={quote(request.url.path)}")
    return page(request, "problem.html", status=problem.status, problem=problem)


class _Static(StaticFiles):
    """Static files; one asked for by its digest never changes."""

    async def get_response(self, path: str, scope: Any) -> Response:
        """Return the file."""
        response = await super().get_response(path, scope)
        if response.headers.get("content-type") == "image/svg+xml":
            response.headers["content-type"] += "; charset=utf-8"
        if scope["query_string"]:
            response.headers["Cache-Control"] = _IMMUTABLE
        return response
