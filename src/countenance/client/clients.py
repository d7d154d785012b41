# SPDX-License-Identifier: Apache-2.0
"""Calls of `clients`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from countenance.client import models
from countenance.client.transport import Transport


class Clients:
    """Calls of `clients`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_clients(self) -> list[models.ListedOut]:
        """Return all clients, oldest first, with what is to be done about each."""
        answer = self._transport.send("GET", "/api/v1/clients")
        return cast("list[models.ListedOut]", answer.json())

    def propose_client(self, body: models.ClientIn) -> models.ChangeOfClientOut:
        """Enter a client that was vetted; it is served once another account has confirmed it."""
        answer = self._transport.send("POST", "/api/v1/clients", body=body)
        return cast("models.ChangeOfClientOut", answer.json())

    def get_client(self, client: str) -> models.StandingOut:
        """Return how a client stands: its terms, why it would be refused, what it used, what changed."""
        answer = self._transport.send("GET", f"/api/v1/clients/{quote(client, safe='')}")
        return cast("models.StandingOut", answer.json())

    def amend_client(self, client: str, body: models.AmendIn) -> models.ChangeOfClientOut:
        """Change terms of a client: at once where that lets it do less, else once another account has confirmed it."""
        answer = self._transport.send("PATCH", f"/api/v1/clients/{quote(client, safe='')}", body=body)
        return cast("models.ChangeOfClientOut", answer.json())

    def suspend_client(self, client: str, body: models.SuspendIn) -> models.StandingOut:
        """Serve a client no more, from its very next call on."""
        answer = self._transport.send("POST", f"/api/v1/clients/{quote(client, safe='')}/suspend", body=body)
        return cast("models.StandingOut", answer.json())

    def ask_reinstatement(self, client: str) -> models.ChangeOfClientOut:
        """Enter that a suspended client is to be served again; another account confirms it."""
        answer = self._transport.send("POST", f"/api/v1/clients/{quote(client, safe='')}/reinstate")
        return cast("models.ChangeOfClientOut", answer.json())

    def list_client_changes(self) -> list[models.ChangeOfClientOut]:
        """Return the changes that wait for another account, oldest first."""
        answer = self._transport.send("GET", "/api/v1/client-changes")
        return cast("list[models.ChangeOfClientOut]", answer.json())

    def get_client_change(self, change: str) -> models.ChangeOfClientOut:
        """Return one change."""
        answer = self._transport.send("GET", f"/api/v1/client-changes/{quote(change, safe='')}")
        return cast("models.ChangeOfClientOut", answer.json())

    def confirm_client_change(self, change: str) -> models.ChangeOfClientOut:
        """Put a change in force as another account than the one that entered it."""
        answer = self._transport.send("POST", f"/api/v1/client-changes/{quote(change, safe='')}/confirm")
        return cast("models.ChangeOfClientOut", answer.json())

    def drop_client_change(self, change: str) -> models.ChangeOfClientOut:
        """Take a change back, or turn it down."""
        answer = self._transport.send("POST", f"/api/v1/client-changes/{quote(change, safe='')}/drop")
        return cast("models.ChangeOfClientOut", answer.json())

    def get_quota(self) -> models.UsageOut:
        """Return what the caller's own client used of its quota."""
        answer = self._transport.send("GET", "/api/v1/quota")
        return cast("models.UsageOut", answer.json())
