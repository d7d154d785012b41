# SPDX-License-Identifier: Apache-2.0
"""Calls of `sessions`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import quote

from countenance.client import models
from countenance.client.transport import Transport


class Sessions:
    """Calls of `sessions`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_sessions(self) -> models.SessionsOut:
        """Return one's open sessions."""
        answer = self._transport.send("GET", "/api/v1/sessions")
        return cast("models.SessionsOut", answer.json())

    def sign_in(self, body: models.SignInIn) -> models.SignedInOut:
        """Sign in by password and code; name, password or code may be wrong, the answer is the same."""
        answer = self._transport.send("POST", "/api/v1/sessions", body=body)
        return cast("models.SignedInOut", answer.json())

    def end_other_sessions(self) -> models.EndedOut:
        """End all of one's sessions but the one that this call came with; it takes having signed in lately."""
        answer = self._transport.send("DELETE", "/api/v1/sessions")
        return cast("models.EndedOut", answer.json())

    def passkey_options(self) -> dict[str, Any]:
        """Return the options of `navigator.credentials.get`, good for five minutes and one answer."""
        answer = self._transport.send("POST", "/api/v1/sessions/passkey/options")
        return cast("dict[str, Any]", answer.json())

    def sign_in_by_passkey(self, body: models.PasskeyIn) -> models.SignedInOut:
        """Sign in by what a passkey answered."""
        answer = self._transport.send("POST", "/api/v1/sessions/passkey", body=body)
        return cast("models.SignedInOut", answer.json())

    def redeem(self, body: models.InvitationIn) -> models.SignedInOut:
        """Open a session by an invitation, which is used up."""
        answer = self._transport.send("POST", "/api/v1/sessions/invitation", body=body)
        return cast("models.SignedInOut", answer.json())

    def list_notices(self) -> models.NoticesOut:
        """Return what happened to one's account: sign-ins, tries that failed, changes of how one signs in."""
        answer = self._transport.send("GET", "/api/v1/notices")
        return cast("models.NoticesOut", answer.json())

    def mark_notices(self) -> None:
        """Record that one has looked at them."""
        answer = self._transport.send("POST", "/api/v1/notices/told")
        answer.read()

    def sign_out(self) -> None:
        """End the session that this call came with."""
        answer = self._transport.send("DELETE", "/api/v1/sessions/current")
        answer.read()

    def end_session(self, session: str) -> None:
        """End one of one's own sessions; another than this one takes having signed in lately."""
        answer = self._transport.send("DELETE", f"/api/v1/sessions/{quote(session, safe='')}")
        answer.read()
