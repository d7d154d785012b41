# SPDX-License-Identifier: Apache-2.0
"""Calls of `evidence`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from countenance.client import models
from countenance.client.transport import Transport


class Evidence:
    """Calls of `evidence`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_evidence(self, *, after: str | None = None, limit: int | None = None) -> models.ListedEvidenceOut:
        """Return what is kept, closed; that which ends first at the head."""
        answer = self._transport.send("GET", "/api/v1/evidence", query={"after": after, "limit": limit})
        return cast("models.ListedEvidenceOut", answer.json())

    def find_evidence(self, body: models.KnownIn) -> models.EvidenceOut:
        """Return the evidence of a subject's or a release's id, closed; the look is logged."""
        answer = self._transport.send("POST", "/api/v1/evidence/find", body=body)
        return cast("models.EvidenceOut", answer.json())

    def ask_evidence(self, evidence: str, body: models.EvidenceAskIn) -> None:
        """Ask to see evidence; somebody else has to open it within seven days."""
        answer = self._transport.send("POST", f"/api/v1/evidence/{quote(evidence, safe='')}/ask", body=body)
        answer.read()

    def open_evidence(self, evidence: str) -> models.OpenedOut:
        """Open evidence that somebody else asked to see; one request opens it once."""
        answer = self._transport.send("POST", f"/api/v1/evidence/{quote(evidence, safe='')}/open")
        return cast("models.OpenedOut", answer.json())
