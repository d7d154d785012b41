# SPDX-License-Identifier: Apache-2.0
"""How the client talks: one connection pool, problem documents as errors, and patience where the server asks for it.

What changes something carries an `Idempotency-Key`, so that it is carried out once though an answer was lost.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

import httpx2

_PATIENCE = 3  # tries where the server says when to come back
_LONGEST_WAIT_S = 30.0
_PASSING = frozenset({429, 503})


class Problem(Exception):
    """The server said no.

    Attributes:
        status: of HTTP.
        code: stable code of the error, such as `refused`; `http` where something else answered than the server.
        detail: what to do.
        document: the whole problem document (RFC 9457); a refusal's has `rule` and `citation`.
        location: of a request that was carried out already: path of what it made.
    """

    def __init__(self, status: int, document: Mapping[str, Any], location: str | None) -> None:
        self.status = status
        self.document = dict(document)
        self.code = str(document.get("code", "http"))
        self.detail = str(document.get("detail", ""))
        self.location = location
        super().__init__(f"{self.status} {self.code}: {self.detail}")


class Transport:
    """Sends requests with one API key.

    Args:
        origin: such as `https://faces.museum.example`.
        key: an API key; it is sent to that origin only.
        timeout_s: seconds to wait for an answer.
        transport: instead of the network, for tests.
    """

    def __init__(
        self, origin: str, key: str, timeout_s: float = 60.0, transport: httpx2.BaseTransport | None = None
    ) -> None:
        headers = {"Authorization": f"Bearer {key}", "Accept": "application/json, image/jpeg;q=0.9, */*;q=0.1"}
        self._http = httpx2.Client(
            base_url=origin, headers=headers, timeout=timeout_s, follow_redirects=False, transport=transport
        )

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        data: bytes | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> httpx2.Response:
        """Send a request; wait and ask again where the server says when.

        Args:
            query: without those that are None.
            body: goes as JSON.
            data: goes as it is.
            files: go as a form.

        Raises:
            Problem: the answer is an error.
            httpx2.HTTPError: there is no answer.
        """
        headers = {} if method == "GET" else {"Idempotency-Key": str(uuid.uuid4())}
        if data is not None:
            headers["Content-Type"] = "application/octet-stream"
        params = {name: value for name, value in (query or {}).items() if value is not None}
        for left in reversed(range(_PATIENCE)):
            answer = self._http.request(
                method, path, params=params, json=body, content=data, files=files, headers=headers
            )
            wait = answer.headers.get("Retry-After", "")
            if not (left and answer.status_code in _PASSING and wait.isdecimal() and int(wait) <= _LONGEST_WAIT_S):
                break
            time.sleep(int(wait))
        if answer.is_success:
            return answer
        try:
            document = answer.json()
        except ValueError:
            document = {"detail": answer.text[:200]}
        raise Problem(answer.status_code, document, answer.headers.get("Location"))
