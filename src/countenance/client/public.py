# SPDX-License-Identifier: Apache-2.0
"""Calls of `public`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import cast

from countenance.client import models
from countenance.client.transport import Transport


class Public:
    """Calls of `public`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def policy(self) -> models.PolicyOut:
        """Return the retention policy in force."""
        answer = self._transport.send("GET", "/api/v1/public/policy")
        return cast("models.PolicyOut", answer.json())

    def register(self) -> models.RegisterOut:
        """Return the register of clients, oldest first."""
        answer = self._transport.send("GET", "/api/v1/public/register")
        return cast("models.RegisterOut", answer.json())

    def report(self, *, quarter: str | None = None) -> models.ReportOut:
        """Return the transparency report of a quarter that has ended, named by its first day."""
        answer = self._transport.send("GET", "/api/v1/public/report", query={"quarter": quarter})
        return cast("models.ReportOut", answer.json())
