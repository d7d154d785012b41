# SPDX-License-Identifier: Apache-2.0
"""Calls of `log`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from countenance.client import models
from countenance.client.transport import Transport


class Log:
    """Calls of `log`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def entries(
        self,
        *,
        below: int | None = None,
        count: int | None = None,
        tag: str | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> models.EntriesOut:
        """Return entries, newest first, page by page."""
        answer = self._transport.send(
            "GET",
            "/api/v1/log/entries",
            query={"below": below, "count": count, "tag": tag, "since": since, "until": until},
        )
        return cast("models.EntriesOut", answer.json())

    def checkpoint(self, *, size: int | None = None) -> str:
        """Return the signed head of the log (C2SP tlog-checkpoint), of today or of an earlier size."""
        answer = self._transport.send("GET", "/api/v1/log/checkpoint", query={"size": size})
        return answer.text

    def proof(self, index: str, *, size: int | None = None) -> str:
        """Return the proof that an entry is in the log (C2SP tlog-proof)."""
        answer = self._transport.send("GET", f"/api/v1/log/proof/{quote(index, safe='')}", query={"size": size})
        return answer.text

    def growth(self, old: str, *, size: int | None = None) -> str:
        """Return the proof that the log of `old` entries became that of `size` by appending alone."""
        answer = self._transport.send("GET", f"/api/v1/log/growth/{quote(old, safe='')}", query={"size": size})
        return answer.text
