# SPDX-License-Identifier: Apache-2.0
"""Calls of `flags`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from countenance.client import models
from countenance.client.transport import Transport


class Flags:
    """Calls of `flags`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_flags(
        self,
        *,
        client: str | None = None,
        unsettled: bool | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> models.ListedFlagOut:
        """Return flags, newest first."""
        answer = self._transport.send(
            "GET", "/api/v1/flags", query={"client": client, "unsettled": unsettled, "after": after, "limit": limit}
        )
        return cast("models.ListedFlagOut", answer.json())

    def settle_flag(self, flag: str, body: models.SettleFlagIn) -> models.FlagOut:
        """Record that somebody looked at a flag, and what came of it; never the account that the flag is about."""
        answer = self._transport.send("POST", f"/api/v1/flags/{quote(flag, safe='')}/settle", body=body)
        return cast("models.FlagOut", answer.json())

    def get_person_of(self, account: str) -> models.PersonOf:
        """Return which subject is declared to be the person behind an account that searches."""
        answer = self._transport.send("GET", f"/api/v1/accounts/{quote(account, safe='')}/person")
        return cast("models.PersonOf", answer.json())

    def declare_person_of(self, account: str, body: models.PersonOf) -> models.PersonOf:
        """Declare it, so that a search that finds this person is flagged; null ends the declaration."""
        answer = self._transport.send("PUT", f"/api/v1/accounts/{quote(account, safe='')}/person", body=body)
        return cast("models.PersonOf", answer.json())
