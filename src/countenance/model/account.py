# SPDX-License-Identifier: Apache-2.0
"""People who sign in, and programs that act for them: accounts, their roles, and who calls at a door."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from countenance.ids import AccountId, ClientId, SubjectId

COMMAND_LINE = "command-line"
"""Who acts where nobody is signed in: whoever can read the root key."""


class Role(StrEnum):
    """What somebody is here; `policy.roles` says what each may do. An account has one role."""

    OPERATOR = "operator"
    SEARCHER = "searcher"
    """Searches for one client."""
    CUSTODIAN = "custodian"
    AUDITOR = "auditor"
    SUBJECT = "subject"
    """The person pictured, or who represents this person; sees this one subject only."""


@dataclass(frozen=True)
class Account:
    """Somebody who may sign in.

    Attributes:
        name: sealed at rest; unique among those that are not disabled.
        client: of a searcher, who is searched for; None for everybody else.
        subject: of a subject, whose own view this is; None for everybody else.
        disabled_at: since when nobody can sign in with it; None while somebody can.
    """

    id: AccountId
    name: str
    role: Role
    client: ClientId | None
    subject: SubjectId | None
    created_at: datetime
    disabled_at: datetime | None = None


@dataclass(frozen=True)
class Caller:
    """Who calls at a door, proved by a session or an API key.

    Attributes:
        credential: id of the session or key that proved it.
        is_key: an API key; it can do what its scopes say, of what the role may, and never more.
        scopes: verbs of `policy.roles.Verb`; None for everything that the role may.
        untold: something happened to the account that its owner has not looked at yet.
    """

    account: AccountId
    role: Role
    client: ClientId | None
    subject: SubjectId | None
    credential: str
    is_key: bool
    scopes: frozenset[str] | None
    untold: bool = False
