# SPDX-License-Identifier: Apache-2.0
"""Calls of `keys`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from countenance.client import models
from countenance.client.transport import Transport


class Keys:
    """Calls of `keys`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_keys(self) -> models.KeysOut:
        """Return one's keys."""
        answer = self._transport.send("GET", "/api/v1/keys")
        return cast("models.KeysOut", answer.json())

    def make_key(self, body: models.KeyIn) -> models.NewKeyOut:
        """Make a key; it takes having signed in within the last minutes."""
        answer = self._transport.send("POST", "/api/v1/keys", body=body)
        return cast("models.NewKeyOut", answer.json())

    def revoke_key(self, key: str) -> None:
        """End a key: one's own, or one of an account that one's role takes on."""
        answer = self._transport.send("DELETE", f"/api/v1/keys/{quote(key, safe='')}")
        answer.read()
