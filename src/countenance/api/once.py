# SPDX-License-Identifier: Apache-2.0
"""`Idempotency-Key`: a request that changes something is carried out once, however often it is sent."""

from __future__ import annotations

import hashlib

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from countenance.api import problems
from countenance.api.shield import SAFE
from countenance.errors import BadInput, Repeated
from countenance.services.once import Once

HEADER = "idempotency-key"
_LONGEST = 255


class CarryOutOnce:
    """ASGI middleware behind `Shield`; reads no body.

    Args:
        once: remembers requests.
    """

    def __init__(self, app: ASGIApp, once: Once) -> None:
        self._app = app
        self._once = once

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        credential = headers.get("authorization") or headers.get("cookie")
        if scope["type"] != "http" or scope["method"] in SAFE or HEADER not in headers or credential is None:
            await self._app(scope, receive, send)
            return
        try:
            id_ = _id(credential, headers[HEADER])
            await run_in_threadpool(self._once.begin, id_, _fingerprint(scope, headers))
        except (BadInput, Repeated) as error:
            problem = problems.problem_of(error, scope["state"].get("request_id"))
            await problems.answer(problem, problems.headers_of(error))(scope, receive, send)
            return
        await self._carry_out(id_, (scope, receive, send))

    async def _carry_out(self, id_: str, call: tuple[Scope, Receive, Send]) -> None:
        scope, receive, send = call
        status, location = 500, None

        async def noting(message: Message) -> None:
            nonlocal status, location
            if message["type"] == "http.response.start":
                status = message["status"]
                location = Headers(raw=message["headers"]).get("location")
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            await run_in_threadpool(self._once.end, id_, status, location)


def _id(credential: str, key: str) -> str:
    if not key.isascii() or not key.isprintable() or len(key) > _LONGEST:
        raise BadInput(f"an Idempotency-Key is at most {_LONGEST} printable ASCII characters")
    return hashlib.sha256(b"\0".join((credential.encode(), key.encode()))).hexdigest()


def _fingerprint(scope: Scope, headers: Headers) -> str:
    """Return what tells two requests apart that were sent with one key: all that stands before their bodies."""
    said = (headers.get("content-type", ""), headers.get("content-length", ""))
    parts = (scope["method"].encode(), scope["raw_path"], scope["query_string"], *(word.encode() for word in said))
    return hashlib.sha256(b"\0".join(parts)).hexdigest()
