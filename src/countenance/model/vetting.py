# SPDX-License-Identifier: Apache-2.0
"""Changes of what a client may: entered by one person, and where they widen it, confirmed by a second."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from countenance.model.client import Client


class Action(StrEnum):
    """What a change does."""

    ADD = "add"
    """A new client is taken on."""
    AMEND = "amend"
    """The terms of a client change."""
    REINSTATE = "reinstate"
    """A suspended client is served again."""


class ChangeOutcome(StrEnum):
    """What became of a change."""

    CONFIRMED = "confirmed"
    DROPPED = "dropped"
    """By a person, or because a later change took its place."""


@dataclass(frozen=True)
class Change:
    """One change.

    Attributes:
        client: the client as it is to be.
        widens: what of it lets the client do more than before; empty for nothing.
        entered_by, decided_by: accounts; sealed at rest.
        outcome: None while it waits for a second person.
    """

    id: str
    action: Action
    client: Client
    widens: tuple[str, ...]
    entered_by: str = field(repr=False)
    entered_at: datetime
    decided_by: str | None = field(default=None, repr=False)
    decided_at: datetime | None = None
    outcome: ChangeOutcome | None = None
