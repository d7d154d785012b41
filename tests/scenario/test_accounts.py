# SPDX-License-Identifier: Apache-2.0
"""Who may: accounts, invitations, sessions and keys, from the first custodian to the last sign-out."""

from __future__ import annotations

import pytest
from world import FakeClock, World

from countenance.errors import BadInput, NotAllowed, NotFound, NotSignedIn, Refused
from countenance.ids import ClientId, SubjectId
from countenance.model.account import Account, Caller, Role
from countenance.model.event import EventTag
from countenance.services.accounts import COMMAND_LINE, Accounts


@pytest.fixture
def accounts(world: World) -> Accounts:
    """The verbs, in a demonstration's directory, so that links sign in at once."""
    world.engine.accounts.declare_demo()
    return world.engine.accounts


def enter(
    accounts: Accounts, role: Role, name: str = "N", client: ClientId | None = None, subject: SubjectId | None = None
) -> tuple[Account, str, Caller]:
    """Add an account and sign in with it."""
    one = accounts.add(f"{name} {role.value}", role, client=client, subject=subject, by=COMMAND_LINE)
    link = accounts.invite(one.id, minutes=5, by=COMMAND_LINE, link=True)
    assert link is not None
    token, caller = accounts.redeem(link)
    return one, token, caller


def test_an_invitation_opens_one_session_once(accounts: Accounts, world: World) -> None:
    """A link signs in once; used again, expired or replaced by a newer one, it is good for nothing."""
    one, token, caller = enter(accounts, Role.OPERATOR)
    assert accounts.by_session(token) == caller
    assert (caller.account, caller.role, caller.scopes) == (one.id, Role.OPERATOR, None)
    first = accounts.invite(one.id, minutes=5, by=COMMAND_LINE, link=True)
    second = accounts.invite(one.id, minutes=5, by=COMMAND_LINE, link=True)
    assert first is not None
    assert second is not None
    world.clock.tick(minutes=6)
    for bad in (first, second, second, "cnt_inv_x", ""):
        with pytest.raises(NotSignedIn):
            accounts.redeem(bad)
    assert len(world.log(EventTag.INVITE_REDEEMED)) == 1


def test_an_invitation_outside_a_demonstration_only_lets_somebody_set_up_a_way_to_sign_in(world: World) -> None:
    """Its session holds no verb; a link that signs in at once cannot be had, nor a demonstration be declared later."""
    accounts = world.engine.accounts
    one = accounts.add("Ann", Role.CUSTODIAN, by=COMMAND_LINE)
    with pytest.raises(BadInput, match="demonstration"):
        accounts.invite(one.id, minutes=5, by=COMMAND_LINE, link=True)
    token = accounts.invite(one.id, minutes=5, by=COMMAND_LINE)
    assert token is not None
    _, caller = accounts.redeem(token)
    assert caller.scopes == frozenset({"access:enrol"})
    with pytest.raises(NotAllowed):
        accounts.new_key(caller, ["home:read"], 5, "k")


@pytest.mark.parametrize(("role", "idle"), [(Role.OPERATOR, 30), (Role.CUSTODIAN, 15)])
def test_a_session_ends_when_idle_and_in_any_case_after_twelve_hours(
    accounts: Accounts, world: World, role: Role, idle: int
) -> None:
    """Each call keeps it open, up to the end that no call moves; a custodian's ends sooner when idle."""
    _, token, _ = enter(accounts, role)
    for _ in range(12 * 60 // (idle - 1)):
        world.clock.tick(minutes=idle - 1)
        accounts.by_session(token)
    world.clock.tick(minutes=idle - 1)
    with pytest.raises(NotSignedIn):
        accounts.by_session(token)
    link = accounts.invite(accounts.everyone()[0].id, minutes=5, by=COMMAND_LINE, link=True)
    assert link is not None
    token, _ = accounts.redeem(link)
    world.clock.tick(minutes=idle)
    with pytest.raises(NotSignedIn):
        accounts.by_session(token)


def test_a_call_within_a_minute_writes_nothing(accounts: Accounts, world: World) -> None:
    """What a session costs is one read: its last use is written once a minute."""
    _, token, _ = enter(accounts, Role.OPERATOR)
    with world.raw() as raw:
        before = raw.execute("SELECT seen_at FROM session").fetchall()
        accounts.by_session(token)
        assert raw.execute("SELECT seen_at FROM session").fetchall() == before
        world.clock.tick(seconds=61)
        accounts.by_session(token)
        assert raw.execute("SELECT seen_at FROM session").fetchall() != before


def test_signing_out_and_ending_a_session_work_at_once(accounts: Accounts, world: World) -> None:
    """Both end the session for good; another's session cannot be ended."""
    _, token, caller = enter(accounts, Role.OPERATOR)
    _, other, stranger = enter(accounts, Role.OPERATOR, "M")
    with pytest.raises(NotFound):
        accounts.end_session(stranger, caller.credential)
    accounts.sign_out(token)
    accounts.sign_out(token)
    accounts.end_session(stranger, stranger.credential)
    for ended in (token, other):
        with pytest.raises(NotSignedIn):
            accounts.by_session(ended)
    assert len(world.log(EventTag.SESSION_ENDED)) == 2
    assert accounts.sessions(caller.account) == []


def test_a_disabled_account_ends_with_its_sessions_and_keys(accounts: Accounts) -> None:
    """On the very next call; its name is free again, and nobody disables the own account."""
    one, token, caller = enter(accounts, Role.OPERATOR)
    _, secret = accounts.new_key(caller, ["home:read"], 5, "k")
    with pytest.raises(BadInput, match="somebody else"):
        accounts.disable(one.id, by=one.id)
    accounts.disable(one.id, by=COMMAND_LINE)
    with pytest.raises(NotSignedIn):
        accounts.by_session(token)
    with pytest.raises(NotSignedIn):
        accounts.by_key(secret)
    with pytest.raises(BadInput):
        accounts.invite(one.id, minutes=5, by=COMMAND_LINE)
    assert accounts.add(one.name, Role.AUDITOR, by=COMMAND_LINE).id != one.id


def test_a_key_does_what_its_scopes_say_until_it_ends(accounts: Accounts, world: World) -> None:
    """It is shown once, kept as a hash, ends by its date or when revoked."""
    _, _, caller = enter(accounts, Role.OPERATOR)
    one, secret = accounts.new_key(caller, ["home:read"], 5, "Ada's monitor")
    _, other = accounts.new_key(caller, ["metrics:read"], 365, "b")
    called = accounts.by_key(secret)
    assert (called.is_key, called.scopes, called.credential) == (True, frozenset({"home:read"}), one)
    disk = world.bytes_on_disk()
    assert secret.encode() not in disk
    assert b"Ada's monitor" not in disk
    assert {key.label for key in accounts.keys(caller.account)} == {"Ada's monitor", "b"}
    world.clock.tick(days=5)
    with pytest.raises(NotSignedIn):
        accounts.by_key(secret)
    key = accounts.by_key(other)
    accounts.revoke_key(caller, key.credential)
    for wrong in (other, secret[:-1] + ("0" if secret[-1] != "0" else "1"), "", "x" * 9999):
        with pytest.raises(NotSignedIn):
            accounts.by_key(wrong)


@pytest.mark.parametrize("days", [0, 366])
def test_a_key_lives_a_year_at_most(accounts: Accounts, days: int) -> None:
    """No key is for ever, and none without a scope."""
    _, _, caller = enter(accounts, Role.OPERATOR)
    with pytest.raises(BadInput):
        accounts.new_key(caller, ["home:read"], days, "k")
    with pytest.raises(BadInput):
        accounts.new_key(caller, [], 5, "k")


def test_a_key_cannot_raise_itself(accounts: Accounts, world: World) -> None:
    """It makes no keys at all, and nobody's key holds what its maker's role does not (as CVE-2026-23896 let)."""
    _, _, caller = enter(accounts, Role.AUDITOR)
    _, secret = accounts.new_key(caller, ["home:read"], 5, "k")
    before = world.state()
    for who, scopes in ((accounts.by_key(secret), ["home:read"]), (caller, ["metrics:read"]), (caller, ["all"])):
        with pytest.raises(NotAllowed):
            accounts.new_key(who, scopes, 5, "more")
    assert world.state() == before
    assert [event.payload["reason"] for event in world.log(EventTag.ACCESS_REFUSED)] == [  # type: ignore[index,call-overload]
        "a_key_asks",
        "beyond_role",
        "beyond_role",
    ]


def test_an_operator_takes_on_everybody_but_a_custodian(accounts: Accounts, world: World) -> None:
    """Who runs the machine cannot make, invite or disable who watches over it; a searcher takes on nobody."""
    _, _, operator = enter(accounts, Role.OPERATOR)
    custodian, _, _ = enter(accounts, Role.CUSTODIAN)
    _, _, searcher = enter(accounts, Role.SEARCHER, client=world.client())
    before = world.state()
    for attempt in (
        lambda: accounts.add("X", Role.CUSTODIAN, by=operator.account),
        lambda: accounts.invite(custodian.id, minutes=5, by=operator.account),
        lambda: accounts.disable(custodian.id, by=operator.account),
        lambda: accounts.add("X", Role.AUDITOR, by=searcher.account),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    assert world.state() == before
    assert len(world.log(EventTag.ACCESS_REFUSED)) == 4
    assert accounts.add("Y", Role.AUDITOR, by=operator.account).role is Role.AUDITOR


def test_names_are_unique_and_roles_name_whom_they_are_for(accounts: Accounts, world: World) -> None:
    """No two enabled accounts share a name, whatever its case; a searcher has a client, a subject itself."""
    accounts.add("Ann", Role.OPERATOR, by=COMMAND_LINE)
    for name, role, more in (
        (" ANN ", Role.AUDITOR, {}),
        ("", Role.AUDITOR, {}),
        ("B", Role.SEARCHER, {}),
        ("B", Role.SUBJECT, {}),
        ("B", Role.OPERATOR, {"client": world.client()}),
        ("B", Role.SEARCHER, {"client": ClientId("cli_none")}),
    ):
        with pytest.raises(BadInput):
            accounts.add(name, role, by=COMMAND_LINE, **more)


def test_the_account_of_a_destroyed_subject_dies_with_it(accounts: Accounts, world: World) -> None:
    """Account, sessions, keys and invitations leave no row, no name and no byte; the session ends at once."""
    ada = world.person("Ada")
    world.sign(ada.id)
    one, token, caller = enter(accounts, Role.SUBJECT, "Ada Lovelace of London", subject=ada.id)
    accounts.new_key(caller, ["home:read"], 5, "k")
    accounts.invite(one.id, minutes=5, by=COMMAND_LINE)
    assert [own.id for own in accounts.of_subject(ada.id)] == [one.id]
    world.destroy(ada.id)
    assert accounts.everyone() == []
    rows = world.rows()
    assert [rows[name] for name in ("account", "session", "api_key", "invite", "access_notice")] == [0] * 5
    with pytest.raises(NotSignedIn):
        accounts.by_session(token)


def test_a_clock_that_is_set_back_opens_no_session_again(accounts: Accounts, world: World) -> None:
    """What has ended stays ended where the log knows a later moment."""
    assert isinstance(world.clock, FakeClock)
    _, token, _ = enter(accounts, Role.OPERATOR)
    world.clock.tick(hours=13)
    accounts.add("Later", Role.AUDITOR, by=COMMAND_LINE)
    world.clock.tick(hours=-13)
    with pytest.raises(NotSignedIn):
        accounts.by_session(token)


def test_a_custodian_comes_back_by_two_people(world: World) -> None:
    """Where one has signed in before, a new invitation waits for a second person; the same one twice is refused."""
    accounts = world.engine.accounts
    ann, ben, cy = (accounts.add(name, Role.CUSTODIAN, by=COMMAND_LINE) for name in ("Ann", "Ben", "Cy"))
    with world.raw() as raw:
        raw.execute("UPDATE account SET signed_in_at = created_at")
    assert accounts.invite(ann.id, minutes=5, by=ben.id) is None
    before = world.state()
    with pytest.raises(Refused, match=r"access\.two_people"):
        accounts.invite(ann.id, minutes=5, by=ben.id)
    assert world.state() == before
    assert len(world.log(EventTag.ACCESS_REFUSED)) == 1
    assert accounts.invite(ann.id, minutes=5, by=cy.id) is not None


def test_no_custodian_makes_a_second_person_alone(world: World) -> None:
    """Of two custodians neither takes on a third alone, though the other was disabled; the first of all may."""
    accounts = world.engine.accounts
    ann = accounts.add("Ann", Role.CUSTODIAN, by=COMMAND_LINE)
    ben = accounts.add("Ben", Role.CUSTODIAN, by=ann.id)
    with world.raw() as raw:
        raw.execute("UPDATE account SET signed_in_at = created_at WHERE id = ?", (ann.id,))
    assert accounts.invite(ben.id, minutes=5, by=ann.id) is not None
    with world.raw() as raw:
        raw.execute("UPDATE account SET signed_in_at = created_at")
    accounts.disable(ben.id, by=ann.id)
    puppet = accounts.add("Cy", Role.CUSTODIAN, by=ann.id)
    assert accounts.invite(puppet.id, minutes=5, by=ann.id) is None
    before = world.state()
    with pytest.raises(Refused, match=r"access\.two_people"):
        accounts.invite(puppet.id, minutes=5, by=ann.id)
    assert world.state() == before
    assert len(world.log(EventTag.ACCESS_REFUSED)) == 1
    assert accounts.invite(puppet.id, minutes=5, by=COMMAND_LINE) is not None
    assert accounts.invite(accounts.add("Di", Role.AUDITOR, by=ann.id).id, minutes=5, by=ann.id) is not None
