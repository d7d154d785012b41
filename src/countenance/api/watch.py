# SPDX-License-Identifier: Apache-2.0
"""What a monitor sees: counters for Prometheus and one line of JSON a request, without anything personal.

A line names the route's pattern, not its path: links of people carry secrets in their paths.
"""

from __future__ import annotations

import json
import logging
import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOG = logging.getLogger("countenance.requests")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Any other is counted as `other`: whoever calls may invent as many as they like, with anything in them."""
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Watch:
    """ASGI middleware that counts and logs.

    Attributes:
        registry: what `/metrics` shows.
    """

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        names = ("method", "route", "status")
        self._requests = Counter("countenance_requests_total", "Requests answered.", names, registry=registry)
        self._seconds = Histogram(
            "countenance_request_seconds", "Time to answer.", ("route",), buckets=_BUCKETS, registry=registry
        )
        self._running = Gauge("countenance_requests_running", "Requests being answered.", registry=registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._running.inc()
        try:
            await self._app(scope, receive, noting)
        finally:
            self._running.dec()
            self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = _pattern(scope)
        state = scope.get("state", {})
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        caller = state.get("caller")
        line = {
            "request": state.get("request_id"),
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
            "account": None if caller is None else caller.account,
        }
        LOG.info(json.dumps(line))


def _pattern(scope: Scope) -> str:
    """Return the pattern of the route, whole: `/searches` is a page, `/api/v1/searches` is not."""
    included = scope.get("fastapi", {}).get("effective_route_context")
    return str(getattr(included or scope.get("route"), "path", "(none)"))
