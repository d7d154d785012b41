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
    PASSKEY = "passkey"
    PASSWORD = "password"  # noqa: S105 - the name of a way
    """With a code of an authenticator app, always."""
    PROVIDER = "provider"
    """At the organisation's identity provider (OpenID Connect)."""
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


@dataclass(frozen=True)
class Factor:
    """A way to sign in that somebody set up.

    Attributes:
        id: of a passkey its own; `password` of a password with codes.
        label: what its owner calls a passkey; empty of a password.
    """

    id: str
    method: Method
    label: str
    created_at: datetime
    used_at: datetime | None


@dataclass(frozen=True)
class Passkey:
    """A passkey as it is stored.

    Attributes:
        public_key: COSE, as the authenticator gave it.
        sign_count: how often it says it was used; 0 of those that do not count.
    """

    id: str
    account: AccountId
    public_key: bytes
    sign_count: int


@dataclass(frozen=True)
class Password:
    """A password as it is stored.

    Attributes:
        encoded: Argon2id hash with its parameters.
        totp: secret of the codes, base 32.
        step: of the last code that was used.
    """

    encoded: str
    totp: str
    step: int
