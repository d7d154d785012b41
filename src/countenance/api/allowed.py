# SPDX-License-Identifier: Apache-2.0
"""What `Allow` says of a path: all methods that it has (RFC 9110, 10.2.1), where the framework names one route's."""

from __future__ import annotations

from functools import cache
from re import Pattern

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path


class Allowed:
    """The methods of an application's paths; read from its routes once the first is asked for."""

    def __init__(self, app: FastAPI) -> None:
        self._routes = cache(lambda: _routes(app))

    def on(self, path: str) -> str:
        """Return the methods of a path, as the header lists them; empty where there is no such path."""
        return ", ".join(sorted({one for pattern, some in self._routes() if pattern.match(path) for one in some}))


def _routes(app: FastAPI) -> list[tuple[Pattern[str], frozenset[str]]]:
    found = ((str(route.path or ""), frozenset(route.methods or ())) for route in iter_route_contexts(app.routes))
    return [(compile_path(path)[0], methods) for path, methods in found if methods]
