# SPDX-License-Identifier: Apache-2.0
"""Calls of `accounts`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from countenance.client import models
from countenance.client.transport import Transport


class Accounts:
    """Calls of `accounts`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_accounts(self, *, after: str | None = None, limit: int | None = None) -> models.AccountsOut:
        """Return the accounts, oldest first, also those that are disabled."""
        answer = self._transport.send("GET", "/api/v1/accounts", query={"after": after, "limit": limit})
        return cast("models.AccountsOut", answer.json())

    def add_account(self, body: models.AccountIn) -> models.AccountOut:
        """Add an account; nobody can sign in with it before an invitation is redeemed."""
        answer = self._transport.send("POST", "/api/v1/accounts", body=body)
        return cast("models.AccountOut", answer.json())

    def get_account(self, account: str) -> models.AccountOut:
        """Return one account."""
        answer = self._transport.send("GET", f"/api/v1/accounts/{quote(account, safe='')}")
        return cast("models.AccountOut", answer.json())

    def invite(self, account: str, body: models.InviteIn) -> models.InviteOut:
        """Make a one-time invitation, in place of earlier ones; also for somebody who lost every way to sign in."""
        answer = self._transport.send("POST", f"/api/v1/accounts/{quote(account, safe='')}/invitation", body=body)
        return cast("models.InviteOut", answer.json())

    def disable(self, account: str) -> models.AccountOut:
        """Let nobody sign in with an account any more; its sessions and keys end at once."""
        answer = self._transport.send("POST", f"/api/v1/accounts/{quote(account, safe='')}/disable")
        return cast("models.AccountOut", answer.json())

    def end_account_sessions(self, account: str) -> models.EndedOut:
        """End every session of an account, such as of a device that was lost; how it signs in stays."""
        answer = self._transport.send("DELETE", f"/api/v1/accounts/{quote(account, safe='')}/sessions")
        return cast("models.EndedOut", answer.json())

    def link(self, account: str, body: models.LinkIn) -> models.AccountOut:
        """Let who is known so at the identity provider sign in to an account; never a custodian's."""
        answer = self._transport.send("POST", f"/api/v1/accounts/{quote(account, safe='')}/provider", body=body)
        return cast("models.AccountOut", answer.json())
