# SPDX-License-Identifier: Apache-2.0
"""Rules of access: who takes on whom, how long a session and a key live, what takes two people.

Sources: OWASP ASVS 5.0.0 V6, V7 and V8; NIST SP 800-63B-4 for authentication assurance level 2.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from countenance.model.account import Account, Caller, Role
from countenance.policy.roles import MAY, Verb

SESSION = timedelta(hours=12)
"""A session ends after this, used or not."""
IDLE = timedelta(minutes=30)
CUSTODIAN_IDLE = timedelta(minutes=15)
ENROLLING = timedelta(minutes=30)
"""How long somebody who was invited has to set up a way to sign in."""
SEEN_EVERY = timedelta(minutes=1)
"""How exact the time of last use is kept: one write a minute, not one a call."""
LONGEST_INVITE = timedelta(days=7)
LONGEST_KEY_DAYS = 365

TAKES_ON: dict[Role, frozenset[Role]] = {
    Role.OPERATOR: frozenset(set(Role) - {Role.CUSTODIAN}),
    Role.CUSTODIAN: frozenset(Role),
}
"""Whose accounts a role adds, invites and disables. Nobody raises anybody above themselves."""


def idle(role: Role) -> timedelta:
    """Return after how long without a call a session of this role ends."""
    return CUSTODIAN_IDLE if role is Role.CUSTODIAN else IDLE


def takes_on(by: Account | None, role: Role) -> bool:
    """Say whether an account may add, invite and disable accounts of a role.

    Args:
        by: None for whoever works at the command line, who holds the root key of everything.
    """
    return by is None or (by.disabled_at is None and role in TAKES_ON.get(by.role, frozenset()))


def needs_two(account: Account, *, has_signed_in: bool) -> bool:
    """Say whether a new invitation of this account takes two people: it would let somebody act as a custodian."""
    return account.role is Role.CUSTODIAN and has_signed_in


def beyond(caller: Caller, scopes: Iterable[str]) -> frozenset[str]:
    """Return which of these scopes a new key of this caller may not have: what its maker's role does not hold."""
    held = {verb.value for verb in Verb if caller.role in MAY.get(verb, frozenset())}
    return frozenset(scopes) - (held if caller.scopes is None else held & caller.scopes)
