# SPDX-License-Identifier: Apache-2.0
"""Calls of `signings`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from countenance.client import models
from countenance.client.transport import Transport


class Signings:
    """Calls of `signings`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_signings(self) -> list[models.SigningOut]:
        """Return the signings of the last two weeks, newest first."""
        answer = self._transport.send("GET", "/api/v1/signings")
        return cast("list[models.SigningOut]", answer.json())

    def start_signing(self, body: models.SigningIn) -> models.StartedOut:
        """Start a signing; an earlier one of the same person that was not signed ends."""
        answer = self._transport.send("POST", "/api/v1/signings", body=body)
        return cast("models.StartedOut", answer.json())

    def read_signing(self, signing: str) -> models.SigningOut:
        """Return one signing."""
        answer = self._transport.send("GET", f"/api/v1/signings/{quote(signing, safe='')}")
        return cast("models.SigningOut", answer.json())

    def stop_signing(self, signing: str) -> None:
        """End a signing that is not signed yet."""
        answer = self._transport.send("POST", f"/api/v1/signings/{quote(signing, safe='')}/stop")
        answer.read()

    def make_link(self, subject: str) -> models.LinkOut:
        """Make a new private link for a person whom you know to be this person; never by a photo."""
        answer = self._transport.send("POST", f"/api/v1/people/{quote(subject, safe='')}/link")
        return cast("models.LinkOut", answer.json())
