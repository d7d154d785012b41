# SPDX-License-Identifier: Apache-2.0
"""People who are signed in: what the tests of every door start from."""

from __future__ import annotations

from itertools import count

from world import World

from countenance.ids import ClientId, SubjectId
from countenance.model.account import COMMAND_LINE, Caller, Role

_NUMBER = count(1)


def enter(
    world: World, role: Role, *, client: ClientId | None = None, subject: SubjectId | None = None
) -> tuple[str, Caller]:
    """Add an account and sign in with it, by a link of a demonstration; return the session's token and its caller."""
    accounts = world.engine.accounts
    accounts.declare_demo()
    one = accounts.add(f"{role.value} {next(_NUMBER)}", role, client=client, subject=subject, by=COMMAND_LINE)
    link = accounts.invite(one.id, minutes=5, by=COMMAND_LINE, link=True)
    assert link is not None
    return accounts.redeem(link)
