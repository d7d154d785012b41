# SPDX-License-Identifier: Apache-2.0
"""What proves who calls: sessions of browsers, keys of programs, and invitations. Secrets are kept as hashes only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from countenance.ids import AccountId


class Method(StrEnum):
    """How somebody signed in."""

    INVITE = "invite"
    """By an invitation, to set up a way to sign in; opens nothing else."""
    LINK = "link"
    """By a one-time link of a demonstration."""
    PRIVATE_LINK = "private_link"
    """By the private link of somebody's own view."""


@dataclass(frozen=True)
class Session:
    """A browser that is signed in.

    Attributes:
        seen_at: last call, exact to a minute.
        idle: it ends when no call came for this long.
        expires_at: it ends then, whatever came.
    """

    id: str
    account: AccountId
    method: Method
    created_at: datetime
    seen_at: datetime
    idle: timedelta
    expires_at: datetime

    @property
    def ends_at(self) -> datetime:
        """When it ends if no call comes."""
        return min(self.expires_at, self.seen_at + self.idle)


@dataclass(frozen=True)
class ApiKey:
    """A program's key.

    Attributes:
        label: what its maker calls it; sealed at rest.
        scopes: verbs of `policy.roles.Verb`; it never does more than these, nor more than its maker's role.
        used_at: last call, exact to a minute; None before the first.
    """

    id: str
    account: AccountId
    label: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None

    def opens(self, now: datetime) -> bool:
        """Say whether it is good for anything at this moment."""
        return self.revoked_at is None and now < self.expires_at
