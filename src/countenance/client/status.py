# SPDX-License-Identifier: Apache-2.0
"""Calls of `status`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from countenance.client import models
from countenance.client.transport import Transport


class Status:
    """Calls of `status`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def status(self) -> models.StatusOut:
        """Return how this installation is, in numbers."""
        answer = self._transport.send("GET", "/api/v1/status")
        return cast("models.StatusOut", answer.json())

    def check(self) -> models.CheckedOut:
        """Look at everything, as `countenance doctor` does; takes seconds."""
        answer = self._transport.send("POST", "/api/v1/status/check")
        return cast("models.CheckedOut", answer.json())

    def packs(self) -> models.PacksOut:
        """Return the face packs, their licences, and which is in use."""
        answer = self._transport.send("GET", "/api/v1/packs")
        return cast("models.PacksOut", answer.json())

    def use(self, name: str) -> models.PackOut:
        """Use an installed face pack from now on; refused while references of another encoder are held."""
        answer = self._transport.send("POST", f"/api/v1/packs/{quote(name, safe='')}/use")
        return cast("models.PackOut", answer.json())
