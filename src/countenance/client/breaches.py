# SPDX-License-Identifier: Apache-2.0
"""Calls of `breaches`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from countenance.client import models
from countenance.client.transport import Transport


class Breaches:
    """Calls of `breaches`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_breaches(self) -> list[models.BreachOut]:
        """Return all cases, newest first."""
        answer = self._transport.send("GET", "/api/v1/breaches")
        return cast("list[models.BreachOut]", answer.json())

    def report_breach(self, body: models.ExposedIn) -> models.BreachOut:
        """Open a case: its clocks run from the moment somebody here knew."""
        answer = self._transport.send("POST", "/api/v1/breaches", body=body)
        return cast("models.BreachOut", answer.json())

    def drill_breach(self, body: models.ExposedIn) -> models.AssessmentOut:
        """Return what would follow if this were exposed; nothing changes but that the drill is in the log."""
        answer = self._transport.send("POST", "/api/v1/breaches/drill", body=body)
        return cast("models.AssessmentOut", answer.json())

    def close_breach(self, breach: str, body: models.NoteIn) -> models.BreachOut:
        """End a case."""
        answer = self._transport.send("POST", f"/api/v1/breaches/{quote(breach, safe='')}/close", body=body)
        return cast("models.BreachOut", answer.json())
