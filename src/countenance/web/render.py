# SPDX-License-Identifier: Apache-2.0
"""Rendering: a template and values in, a page out."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.routing import Match

from countenance.api.guard import cookie_name, engine_of, settings_of
from countenance.errors import NotFresh
from countenance.model.account import Caller
from countenance.policy import access
from countenance.web import i18n
from countenance.web.nav import entries

_HERE = Path(__file__).parent
STATIC = _HERE / "static"


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page: a template of `templates/` with these values and those that every page has.

    Every page has: `caller` (None for a visitor), `operator`, `path`, `nav`, `lang`, `languages`, `_`, `n_`, `static`,
    `idle` (seconds until an unused session ends, or None), `again` (where to sign in anew, if that was wrong).
    A page asked for with `?lang=` sets the language of those that follow.
    """
    caller = getattr(request.state, "caller", None)
    lang = i18n.language_of(request)
    shared = {
        "caller": caller,
        "operator": engine_of(request).operator,
        "path": request.url.path,
        "idle": int(access.idle(caller.role).total_seconds()) if isinstance(caller, Caller) else None,
        "nav": entries(caller if isinstance(caller, Caller) else None),
        "lang": lang,
        "languages": i18n.choices(request),
        "_": i18n.translator(lang),
        "n_": i18n.counter(lang),
        "again": _again(request, values.get("problem")),
    }
    text = _environment().get_template(template).render({**shared, **values})
    response = HTMLResponse(text, status_code=status)
    response.headers["Content-Language"] = lang
    response.headers["Vary"] = "Accept-Language, Cookie"
    if i18n.chosen(request):
        settings = settings_of(request)
        name = cookie_name(settings, i18n.COOKIE)
        response.set_cookie(name, lang, i18n.COOKIE_AGE_S, secure=settings.is_https, httponly=True, samesite="lax")
    return response


def back_to(path: str) -> RedirectResponse:
    """Return the answer to a form that was carried out: look at this page."""
    return RedirectResponse(path, status_code=303)


def _again(request: Request, problem: Any) -> str | None:
    """Return where to sign in anew and come back to the page whose form was sent; None where nothing asks for it."""
    if getattr(problem, "code", None) != NotFresh.code:
        return None
    return f"/sign-in?next={quote(shown_at(request, request.url.path))}"


def shown_at(request: Request, path: str) -> str:
    """Return the path itself where a page is shown at it; else the nearest above it, such as that of a form."""
    while path != "/" and not _is_shown(request, path.partition("?")[0]):
        path = path.rpartition("/")[0] or "/"
    return path


def _is_shown(request: Request, path: str) -> bool:
    asked = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
    return any(route.matches(asked)[0] is Match.FULL for route in request.app.routes)


@cache
def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals["static"] = _static
    found.filters.update(i18n.FILTERS)
    return found


@cache
def _static(name: str) -> str:
    """Return the address of a static file, with its digest, so that a browser may keep it for good."""
    return f"/static/{name}?{hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:16]}"
