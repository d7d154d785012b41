# SPDX-License-Identifier: Apache-2.0
"""Calls of `retention`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from countenance.client import models
from countenance.client.transport import Transport


class Retention:
    """Calls of `retention`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get_retention(self) -> models.RetentionOut:
        """Return how the clocks stand, and who comes next."""
        answer = self._transport.send("GET", "/api/v1/retention")
        return cast("models.RetentionOut", answer.json())

    def retention_calendar(self, *, first: str, last: str) -> list[models.DayOut]:
        """Return the days on which anybody's time is up."""
        answer = self._transport.send("GET", "/api/v1/retention/calendar", query={"first": first, "last": last})
        return cast("list[models.DayOut]", answer.json())

    def retention_day(
        self, day: str, *, after: str | None = None, limit: int | None = None
    ) -> models.ListedDuePersonOut:
        """Return the people whose time is up on a day."""
        answer = self._transport.send(
            "GET", f"/api/v1/retention/days/{quote(day, safe='')}", query={"after": after, "limit": limit}
        )
        return cast("models.ListedDuePersonOut", answer.json())

    def list_retention_runs(self, *, limit: int | None = None) -> list[models.FollowedOut]:
        """Return the last times that the clock was followed, newest first."""
        answer = self._transport.send("GET", "/api/v1/retention/runs", query={"limit": limit})
        return cast("list[models.FollowedOut]", answer.json())

    def run_retention(self) -> models.ProgressOut:
        """Follow the clock now: whose time is up is destroyed under the public policy, in the background."""
        answer = self._transport.send("POST", "/api/v1/retention/run")
        return cast("models.ProgressOut", answer.json())

    def record_retention_fact(self, body: models.FactIn) -> None:
        """Record what moves a person's clock: an interaction, a purpose that is met, a review."""
        answer = self._transport.send("POST", "/api/v1/retention/facts", body=body)
        answer.read()
