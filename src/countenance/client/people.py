# SPDX-License-Identifier: Apache-2.0
"""Calls of `people`; made by tests/api/make_client.py, not by hand."""

from __future__ import annotations

from typing import cast

from countenance.client import models
from countenance.client.transport import Transport


class People:
    """Calls of `people`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def people(self, *, after: str | None = None, limit: int | None = None) -> models.PeopleOut:
        """Return people, who was added last first; each look is logged."""
        answer = self._transport.send("GET", "/api/v1/people", query={"after": after, "limit": limit})
        return cast("models.PeopleOut", answer.json())

    def add_person(self, body: models.PersonIn) -> models.PersonOut:
        """Add a person; nothing is encoded before a release is signed."""
        answer = self._transport.send("POST", "/api/v1/people", body=body)
        return cast("models.PersonOut", answer.json())

    def find(self, body: models.FindIn) -> models.PeopleOut:
        """Find people by words of what the operator calls them, in the body, for addresses end up in logs; logged."""
        answer = self._transport.send("POST", "/api/v1/people/find", body=body)
        return cast("models.PeopleOut", answer.json())
