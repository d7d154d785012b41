# SPDX-License-Identifier: Apache-2.0
"""What happened to an account, told to its owner: sign-ins, tries that failed, changes of how one signs in."""

from __future__ import annotations

import pytest
from authenticator import Authenticator
from test_sign_in import WORDS, Person, _fast  # noqa: F401 - a fixture
from world import World

from countenance.errors import NotAllowed, NotFresh, NotSignedIn
from countenance.model.account import COMMAND_LINE, Caller, Role
from countenance.model.credential import Happened, Notice
from countenance.model.event import EventTag
from countenance.store import notices

HERE, THERE = "firefox/linux", "chrome/android"


@pytest.fixture
def ann(world: World) -> Person:
    """An operator with a password, who has signed in here and looked at everything."""
    one = Person(world, world.engine.accounts.add("Ann", Role.OPERATOR, by=COMMAND_LINE))
    one.with_password()
    world.engine.accounts.told(enter(one))
    return one


def enter(one: Person, agent: str = HERE) -> Caller:
    """Sign in by password, a while later: a code works once."""
    one.world.clock.tick(seconds=90)  # type: ignore[union-attr]
    return one.enter(agent)


def latest(one: Person) -> Notice:
    """Return what happened last."""
    return one.world.engine.accounts.history(one.account.id)[0]


def test_a_known_browser_is_listed_and_another_one_is_told(ann: Person) -> None:
    """Each sign-in stands in the list with its way and browser; one by another browser asks to be looked at."""
    assert not enter(ann).untold
    assert (latest(ann).what, latest(ann).agent, latest(ann).told) == (Happened.SIGNED_IN, HERE, True)
    assert enter(ann, THERE).untold
    assert (latest(ann).agent, latest(ann).told) == (THERE, False)
    caller = enter(ann, THERE)
    assert caller.untold
    ann.world.engine.accounts.told(caller)
    assert not enter(ann, THERE).untold


@pytest.mark.parametrize(
    ("password", "what"), [("wrong horse battery staple", Happened.REFUSED), (WORDS, Happened.HALF_REFUSED)]
)
def test_a_try_that_failed_is_told_to_whom_it_concerns(ann: Person, password: str, what: Happened) -> None:
    """Open sessions show it from the next call on, and the next sign-in too; who knew the password is told apart."""
    token, _ = ann.world.engine.sign_in.password("Ann", WORDS, ann.code(1), HERE)
    with pytest.raises(NotSignedIn, match="name, password or code is wrong"):
        ann.world.engine.sign_in.password("Ann", password, "000000", THERE)
    assert (latest(ann).what, latest(ann).agent) == (what, THERE)
    caller = ann.world.engine.accounts.by_session(token)
    assert caller.untold
    ann.world.engine.accounts.told(caller)
    assert not ann.world.engine.accounts.by_session(token).untold


def test_a_name_that_does_not_exist_leaves_no_notice(ann: Person, world: World) -> None:
    """Nobody is there to be told."""
    before = world.rows()["access_notice"]
    with pytest.raises(NotSignedIn):
        world.engine.sign_in.password("Nobody", WORDS, "000000", THERE)
    assert world.rows()["access_notice"] == before


def test_every_change_of_how_one_signs_in_is_told_to_the_other_sessions(ann: Person, world: World) -> None:
    """A passkey added, a password removed, a key made and revoked, an invitation: the session that did it knows."""
    accounts, caller = world.engine.accounts, enter(ann)
    ann.with_passkey(Authenticator("https://faces.museum.example"), caller)
    assert latest(ann).what is Happened.FACTOR_ADDED
    key, _ = accounts.new_key(caller, ["home:read"], 5, "k")
    assert latest(ann).what is Happened.KEY_MADE
    accounts.revoke_key(caller, key)
    assert latest(ann).what is Happened.KEY_REVOKED
    world.engine.factors.remove(caller, "password")
    assert (latest(ann).what, latest(ann).agent, latest(ann).told) == (Happened.FACTOR_REMOVED, HERE, False)
    mine = [one for one in accounts.sessions(ann.account.id) if one.id == caller.credential]
    assert [one.untold for one in mine] == [False]
    accounts.invite(ann.account.id, minutes=5, by=COMMAND_LINE)
    assert latest(ann).what is Happened.INVITED
    assert all(one.untold for one in accounts.sessions(ann.account.id))


def test_a_key_that_ends_soon_is_told_once(ann: Person, world: World) -> None:
    """At a sign-in within its last 30 days, once for each key; not of one that was revoked."""
    accounts, caller = world.engine.accounts, enter(ann)
    accounts.new_key(caller, ["home:read"], 40, "monitor")
    revoked, _ = accounts.new_key(caller, ["home:read"], 35, "old")
    accounts.revoke_key(caller, revoked)
    accounts.told(caller)
    assert not enter(ann).untold
    world.clock.tick(days=12)  # type: ignore[union-attr]
    caller = enter(ann)
    assert caller.untold
    accounts.told(caller)
    assert [one.what for one in accounts.history(ann.account.id)].count(Happened.KEY_ENDS) == 1
    assert not enter(ann).untold


def test_somebody_new_has_nothing_to_look_at(world: World) -> None:
    """The first invitation and the first way to sign in are news to nobody."""
    one = Person(world, world.engine.accounts.add("Bo", Role.AUDITOR, by=COMMAND_LINE))
    token = one.with_password()
    assert not world.engine.accounts.by_session(token).untold


def test_a_flood_of_tries_leaves_a_bounded_list(ann: Person, world: World) -> None:
    """At most 200 rows an account, of 90 days at most."""
    with world.engine._records.write() as work:
        for _ in range(notices.MOST + 20):
            notices.add(work, ann.account.id, Happened.REFUSED)
    assert world.rows()["access_notice"] == notices.MOST
    world.clock.tick(days=91)  # type: ignore[union-attr]
    ann.enter(HERE)
    assert [one.what for one in world.engine.accounts.history(ann.account.id)] == [Happened.SIGNED_IN]


def test_the_other_sessions_end_together(ann: Person, world: World) -> None:
    """All but the one that asks, each with a log entry; after 15 minutes it takes signing in again."""
    accounts, others = world.engine.accounts, [enter(ann), enter(ann, THERE)]
    caller = enter(ann)
    world.clock.tick(minutes=15)  # type: ignore[union-attr]
    before = world.state()
    for attempt in (
        lambda: accounts.end_others(caller),
        lambda: accounts.end_session(caller, others[0].credential),
        lambda: accounts.require_fresh(caller),
    ):
        with pytest.raises(NotFresh, match="sign in again"):
            attempt()
    assert world.state() == before
    caller = enter(ann)
    open_before = len(accounts.sessions(ann.account.id))
    assert accounts.end_others(caller) == open_before - 1
    assert [one.id for one in accounts.sessions(ann.account.id)] == [caller.credential]
    assert len(world.log(EventTag.SESSION_ENDED)) == open_before - 1


def test_who_looks_after_accounts_ends_the_sessions_of_a_lost_device(ann: Person, world: World) -> None:
    """By roles that take the account on, and no others; its owner is told, and signs in as before."""
    accounts = world.engine.accounts
    auditor = accounts.add("Aud", Role.AUDITOR, by=COMMAND_LINE)
    before = world.state()
    with pytest.raises(NotAllowed):
        accounts.end_sessions(ann.account.id, by=auditor.id)
    assert world.state() == before
    assert world.log(EventTag.ACCESS_REFUSED)[-1].payload["other"] == ann.account.id
    open_before = len(accounts.sessions(ann.account.id))
    assert accounts.end_sessions(ann.account.id, by=COMMAND_LINE) == open_before
    assert world.log(EventTag.SESSIONS_ENDED)[-1].payload["sessions"] == open_before
    assert accounts.sessions(ann.account.id) == []
    assert latest(ann).what is Happened.SESSIONS_ENDED
    assert enter(ann).untold
