# SPDX-License-Identifier: Apache-2.0
"""Rules of access: who takes on whom, how long a session and a key live, what takes two people.

Sources: OWASP ASVS 5.0.0 V6, V7 and V8; NIST SP 800-63B-4 for authentication assurance level 2.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from countenance.model.account import Account, Caller, Role
from countenance.model.credential import Method, Session
from countenance.policy.roles import KEYLESS, MAY, Verb

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
KEY_ENDS_SOON = timedelta(days=30)
"""How long before the end of a key its owner is told."""
FRESH = timedelta(minutes=15)
"""How long after signing in somebody may change how to sign in, and make keys; then it takes signing in again."""
CHALLENGE = timedelta(minutes=5)
"""How long a browser has to answer what it was asked."""
FREE_TRIES = 5
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
"""Tries of one name: after five that failed each wait is twice the one before, up to 96 tries a day."""
TRIES_KEPT = timedelta(days=1)
SHORTEST_PASSWORD = 15
LONGEST_PASSWORD = 256
"""Characters; no rule of which kinds (NIST SP 800-63B-4, 3.1.1.2)."""
FEWEST_GUESSES = 10**10
"""A password takes at least as many by whoever knows what is common: each costs 64 MiB and a good part of a second."""

FEWEST_CUSTODIANS = 2
"""Approvals take so many; until then one takes on the next alone."""

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


def needs_two(account: Account, *, has_signed_in: bool, custodians: int) -> bool:
    """Say whether an invitation of this account takes two people: it lets somebody act as a custodian.

    Args:
        custodians: how many have ever signed in. Once there were two, none takes on another alone, who would be the
            second person to everything that this one asks for; disabling the other first does not help.
    """
    return account.role is Role.CUSTODIAN and (has_signed_in or custodians >= FEWEST_CUSTODIANS)


def grantable(role: Role) -> list[Verb]:
    """Return what a key of somebody of this role may be given."""
    return [verb for verb in Verb if role in MAY.get(verb, frozenset()) and verb not in KEYLESS]


def beyond(caller: Caller, scopes: Iterable[str]) -> frozenset[str]:
    """Return which of these scopes a new key of this caller may not have: what its maker's role does not hold."""
    held = {verb.value for verb in grantable(caller.role)}
    return frozenset(scopes) - (held if caller.scopes is None else held & caller.scopes)


def wait_after(failures: int) -> timedelta:
    """Return how long after the last of these failed tries the next one is looked at."""
    if failures < FREE_TRIES:
        return timedelta(0)
    return min(LONGEST_WAIT, FIRST_WAIT * (1 << min(failures - FREE_TRIES, 20)))


def weak(password: str, guesses: float, *names: str) -> str | None:
    """Return what is wrong with a new password, or None.

    Args:
        guesses: how many somebody who knows what is common needs for it.
        names: what it may not be made of, such as the account's name.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        return f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters; some words in a row do well"
    if guesses < FEWEST_GUESSES:
        return "this password is too common: known words with digits, rows of keys and repetitions are tried first"
    plain, rest = password.casefold(), password.casefold()
    for name in filter(None, (name.casefold().strip() for name in names)):
        rest = rest.replace(name, "")
    if plain != rest and len(rest) < SHORTEST_PASSWORD:
        return "a password is not made of the account's, the operator's or this program's name"
    return None


def is_fresh(session: Session, now: datetime) -> bool:
    """Say whether somebody signed in so lately that factors may be changed and keys be made."""
    return session.method in (Method.INVITE, Method.LINK) or now - session.created_at < FRESH
