# SPDX-License-Identifier: Apache-2.0
"""Calls of `requests`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import Literal, cast
from urllib.parse import quote

from countenance.client import models
from countenance.client.transport import Transport


class Requests:
    """Calls of `requests`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_requests(
        self,
        *,
        state: Literal["open", "answered", "closed"] | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> models.ListedRequestOut:
        """Return requests; of the open ones those that are due first, else the newest first."""
        answer = self._transport.send("GET", "/api/v1/requests", query={"state": state, "after": after, "limit": limit})
        return cast("models.ListedRequestOut", answer.json())

    def open_request(self, body: models.RequestIn) -> models.RequestOut:
        """Record a request; one to erase freezes the person at once."""
        answer = self._transport.send("POST", "/api/v1/requests", body=body)
        return cast("models.RequestOut", answer.json())

    def get_request(self, request: str) -> models.RequestOut:
        """Return one request."""
        answer = self._transport.send("GET", f"/api/v1/requests/{quote(request, safe='')}")
        return cast("models.RequestOut", answer.json())

    def acknowledge_request(self, request: str) -> models.RequestOut:
        """Record that the person was told that the request came, and by when it is answered."""
        answer = self._transport.send("POST", f"/api/v1/requests/{quote(request, safe='')}/acknowledge")
        return cast("models.RequestOut", answer.json())

    def request_archive(self, request: str) -> bytes:
        """Return what answers an access or export request; give its SHA-256 to `answered` once the person has it."""
        answer = self._transport.send("POST", f"/api/v1/requests/{quote(request, safe='')}/archive")
        return answer.content

    def request_answered(self, request: str, body: models.GivenIn) -> models.RequestOut:
        """Record that the person was given the archive; what had waited for that goes on."""
        answer = self._transport.send("POST", f"/api/v1/requests/{quote(request, safe='')}/answered", body=body)
        return cast("models.RequestOut", answer.json())

    def correct_for_request(self, request: str, body: models.CorrectionIn) -> models.RequestOut:
        """Answer a request for correction."""
        answer = self._transport.send("POST", f"/api/v1/requests/{quote(request, safe='')}/correct", body=body)
        return cast("models.RequestOut", answer.json())

    def erase_for_request(self, request: str) -> models.RunOut:
        """Begin the destruction that answers a request to erase; it waits for a second person where the law asks."""
        answer = self._transport.send("POST", f"/api/v1/requests/{quote(request, safe='')}/erase")
        return cast("models.RunOut", answer.json())

    def close_request(self, request: str, body: models.CloseIn) -> models.RequestOut:
        """End a request; one that was not answered needs the reason that the person was told."""
        answer = self._transport.send("POST", f"/api/v1/requests/{quote(request, safe='')}/close", body=body)
        return cast("models.RequestOut", answer.json())
