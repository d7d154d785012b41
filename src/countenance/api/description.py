# SPDX-License-Identifier: Apache-2.0
"""The description of the API (OpenAPI 3.1): what FastAPI reads off the routes, and what it cannot know.

That is: who may call (a session of a browser or an API key; `x-verb` is what a route asks for), and that every error
is a problem document.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from countenance.api.guard import May, cookie_name
from countenance.api.problems import MEDIA_TYPE, Problem
from countenance.api.settings import Settings

_ERRORS = {
    "400": "The request is not HTTP as it should be.",
    "401": "No session or key, or one that ended.",
    "403": "The role or the key may not, or the policy refused; then with rule and citation.",
    "404": "No such thing is known here, or none that this caller may see.",
    "409": "The same request was carried out already.",
    "413": "The body is too large.",
    "422": "What was given cannot be used; nothing changed.",
    "429": "Too many requests, or a quota is used up; `Retry-After` says when to come back.",
    "503": "The records or the face models cannot be used now.",
}


def describe(app: FastAPI, settings: Settings) -> None:
    """Let the application describe itself whole."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        known = app.openapi_schema is not None
        found = plain()
        if not known:
            _complete(app, found, settings)
        return found

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(app: FastAPI, found: dict[str, Any], settings: Settings) -> None:
    parts = found.setdefault("components", {})
    parts.setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
    for name in ("HTTPValidationError", "ValidationError"):
        parts["schemas"].pop(name, None)
    parts["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "An API key."},
        "session": {"type": "apiKey", "in": "cookie", "name": cookie_name(settings)},
    }
    parts["responses"] = {
        status: {
            "description": words,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, words in _ERRORS.items()
    }
    verbs = _verbs(app)
    for path, operations in found["paths"].items():
        for method, one in operations.items():
            one["responses"].update({status: {"$ref": f"#/components/responses/{status}"} for status in _ERRORS})
            verb = verbs.get((method.upper(), path))
            one["security"] = [] if verb is None else [{"key": []}, {"session": []}]
            if verb is not None:
                one["x-verb"] = verb
            # Clients are made from this: `countenance.client` calls it `ingests.start`.
            one["tags"] = one.get("tags", ["server"])[:1]
            one["operationId"] = f"{one['tags'][0]}_{one['operationId'].partition('_api_v1_')[0]}"


def _verbs(app: FastAPI) -> dict[tuple[str, str], str]:
    """Return the verb of each method and path that asks for one."""
    found = {}
    for route in iter_route_contexts(app.routes):
        verb = _verb(getattr(route, "dependant", None))
        if verb is not None:
            found.update({(method, str(route.path)): verb for method in route.methods or ()})
    return found


def _verb(dependant: Dependant | None) -> str | None:
    inner = () if dependant is None else dependant.dependencies
    return next((one.call.verb.value for one in inner if isinstance(one.call, May)), None)
