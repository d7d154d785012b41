# SPDX-License-Identifier: Apache-2.0
"""What every request passes before any route sees it, and what every answer carries.

A request must name this host (DNS rebinding), must not be a form that another site sent in a browser's name
(CSRF: `Sec-Fetch-Site`, or `Origin` where a browser does not send it), and, of the API, must not give a parameter
twice: who filters requests before this server could read the other one. How large a body may be, FastAPI checks.

Source: OWASP ASVS 5.0 V3 (web frontend), V4 (API), V5 (files); https://fetch.spec.whatwg.org, https://w3c.github.io/webappsec-fetch-metadata.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from countenance.api.problems import MEDIA_TYPE, answer, plain_problem
from countenance.api.settings import Settings
from countenance.ids import REQUEST_UNDER_WAY, new_id

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'; media-src 'self' blob:; "
    "manifest-src 'self'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_PERMISSIONS = "camera={}, microphone=(), geolocation=(), payment=(), usb=(), display-capture=()"
_CAMERA = "/sign/"
"""Where the camera may be asked for: the picture after a signature, and nowhere else."""
_TOO_LARGE = 413
_HSTS = "max-age=63072000; includeSubDomains"


class Shield:
    """ASGI middleware: the checks above, a request id, and the headers that keep a browser safe."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope.setdefault("state", {})["request_id"] = new_id("req")
        headers = Headers(scope=scope)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_headers(MutableHeaders(scope=message), request_id, scope["path"])
            await send(message)

        refusal = self._refusal(scope, headers)
        if refusal is not None:
            response = answer(plain_problem(*refusal, request_id))
            await response(scope, receive, guarded)
            return
        under_way = REQUEST_UNDER_WAY.set(request_id)
        try:
            await self._app(scope, receive, _explained(guarded, request_id))
        finally:
            REQUEST_UNDER_WAY.reset(under_way)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """Return status and reason where a request goes no further."""
        if headers.get("host", "") != self._settings.host:
            return 421, f"this server answers as {self._settings.origin}; `--origin` changes that"
        if scope["method"] not in SAFE and "authorization" not in headers and not self._same_site(headers):
            return 403, "this was not sent from a page of this server; open the page again and send it from there"
        if scope["path"].startswith("/api/") and _says_twice(scope["query_string"]):
            return 422, "a parameter stands twice in the address; which one counts is not for the server to guess"
        return None

    def _same_site(self, headers: Headers) -> bool:
        """Say whether a browser sent this from a page of ours; what says nothing of where it comes from did not."""
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site == "same-origin"
        return headers.get("origin") == self._settings.origin

    def _add_headers(self, headers: MutableHeaders, request_id: str, path: str) -> None:
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        headers["Permissions-Policy"] = _PERMISSIONS.format("(self)" if path.startswith(_CAMERA) else "()")
        headers.setdefault("Cache-Control", "no-store")
        headers["X-Request-Id"] = request_id
        if self._settings.is_https:
            headers["Strict-Transport-Security"] = _HSTS


def _says_twice(query: bytes) -> bool:
    """Say whether a query gives a parameter more than once; no parameter of the API is a list."""
    names = [name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True)]
    return len(names) > len(set(names))


def _explained(send: Send, request_id: str) -> Send:
    """Return a `send` that says 413 as this API says every error; FastAPI's limit says it in two words."""
    replaced = False

    async def explaining(message: Message) -> None:
        nonlocal replaced
        if message["type"] == "http.response.start" and message["status"] == _TOO_LARGE:
            kind = Headers(raw=message["headers"]).get("content-type", "")
            replaced = not kind.startswith(MEDIA_TYPE)
            if replaced:
                body = plain_problem(_TOO_LARGE, "the body is larger than may be sent here", request_id)
                start, end = _messages(answer(body, {"Connection": "close"}))
                await send(start)
                await send(end)
        if not replaced:
            await send(message)

    return explaining


def _messages(response: Response) -> tuple[Message, Message]:
    start = {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
    return start, {"type": "http.response.body", "body": response.body}
