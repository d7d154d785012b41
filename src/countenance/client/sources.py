# SPDX-License-Identifier: Apache-2.0
"""Calls of `sources`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from countenance.client import models
from countenance.client.transport import Transport


class Sources:
    """Calls of `sources`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def sources(self, *, after: str | None = None, limit: int | None = None) -> models.SourcesOut:
        """Return the sources, newest first."""
        answer = self._transport.send("GET", "/api/v1/sources", query={"after": after, "limit": limit})
        return cast("models.SourcesOut", answer.json())

    def add_source(self, body: models.SourceIn) -> models.SourceOut:
        """Add a source; one of a name or host that was revoked is added by a custodian alone."""
        answer = self._transport.send("POST", "/api/v1/sources", body=body)
        return cast("models.SourceOut", answer.json())

    def source_by_id(self, source: str) -> models.SourceOut:
        """Return one source."""
        answer = self._transport.send("GET", f"/api/v1/sources/{quote(source, safe='')}")
        return cast("models.SourceOut", answer.json())
