# SPDX-License-Identifier: Apache-2.0
"""Calls of `holds`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from countenance.client import models
from countenance.client.transport import Transport


class Holds:
    """Calls of `holds`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_holds(self, *, after: str | None = None, limit: int | None = None) -> models.ListedHoldOut:
        """Return holds, newest first."""
        answer = self._transport.send("GET", "/api/v1/holds", query={"after": after, "limit": limit})
        return cast("models.ListedHoldOut", answer.json())

    def place_hold(self, body: models.HoldIn) -> models.HoldOut:
        """Keep what is held of people from destruction; frozen and sealed at once, and no search finds them."""
        answer = self._transport.send("POST", "/api/v1/holds", body=body)
        return cast("models.HoldOut", answer.json())

    def get_hold(self, hold: str) -> models.HoldOut:
        """Return one hold."""
        answer = self._transport.send("GET", f"/api/v1/holds/{quote(hold, safe='')}")
        return cast("models.HoldOut", answer.json())

    def review_hold(self, hold: str) -> models.HoldOut:
        """Record that somebody looked whether a hold is still needed, and found that it is."""
        answer = self._transport.send("POST", f"/api/v1/holds/{quote(hold, safe='')}/review")
        return cast("models.HoldOut", answer.json())

    def lift_hold(self, hold: str, body: models.LiftIn | None) -> models.HoldOut:
        """End a hold, and start the destruction that it deferred; by two people where the law asks for them."""
        answer = self._transport.send("POST", f"/api/v1/holds/{quote(hold, safe='')}/lift", body=body)
        return cast("models.HoldOut", answer.json())
