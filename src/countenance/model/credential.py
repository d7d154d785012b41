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
        agent: word of `model.agent` for the browser; empty where no door told it.
        untold: something happened to the account that its owner has not looked at yet.
    """

    id: str
    account: AccountId
    method: Method
    created_at: datetime
    seen_at: datetime
    idle: timedelta
    expires_at: datetime
    agent: str = ""
    untold: bool = False

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


class Happened(StrEnum):
    """What happened to an account, for its owner to read."""

    SIGNED_IN = "signed_in"
    REFUSED = "refused"
    """Somebody failed to sign in."""
    HALF_REFUSED = "half_refused"
    """The password was right and the code was not: somebody knows the password."""
    INVITED = "invited"
    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"
    KEY_MADE = "key_made"
    KEY_REVOKED = "key_revoked"
    KEY_ENDS = "key_ends"
    """A key ends within weeks; a program needs another one by then."""
    LINKED = "linked"
    """Somebody said who this is at the identity provider, or ended that."""
    SESSIONS_ENDED = "sessions_ended"
    """Somebody who looks after accounts ended every session."""


@dataclass(frozen=True)
class Notice:
    """Something that happened to an account.

    Attributes:
        method: of a sign-in or a way to sign in; None where it says nothing.
        agent: word of `model.agent` for the browser; empty where it is not known.
        told: its owner has looked at it, or there is nothing in it to look at.
    """

    at: datetime
    what: Happened
    method: Method | None
    agent: str
    told: bool
