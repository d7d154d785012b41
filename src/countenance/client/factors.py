# SPDX-License-Identifier: Apache-2.0
"""Calls of `factors`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import quote

from countenance.client import models
from countenance.client.transport import Transport


class Factors:
    """Calls of `factors`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_factors(self) -> models.FactorsOut:
        """Return one's ways to sign in."""
        answer = self._transport.send("GET", "/api/v1/factors")
        return cast("models.FactorsOut", answer.json())

    def new_passkey_options(self) -> dict[str, Any]:
        """Return the options of `navigator.credentials.create`, good for five minutes and one answer."""
        answer = self._transport.send("POST", "/api/v1/factors/passkey/options")
        return cast("dict[str, Any]", answer.json())

    def add_passkey(self, body: models.NewPasskeyIn) -> None:
        """Add the passkey that a browser made; the session of an invitation becomes a full one."""
        answer = self._transport.send("POST", "/api/v1/factors/passkey", body=body)
        answer.read()

    def new_codes(self) -> models.NewCodesOut:
        """Return a secret for an authenticator app; it is in force once a password is set with a code of it."""
        answer = self._transport.send("POST", "/api/v1/factors/codes")
        return cast("models.NewCodesOut", answer.json())

    def set_password(self, body: models.NewPasswordIn) -> None:
        """Set password and codes, in place of earlier ones; the session of an invitation becomes a full one."""
        answer = self._transport.send("POST", "/api/v1/factors/password", body=body)
        answer.read()

    def remove_factor(self, factor: str) -> None:
        """Remove one of one's ways to sign in, but not the last."""
        answer = self._transport.send("DELETE", f"/api/v1/factors/{quote(factor, safe='')}")
        answer.read()
