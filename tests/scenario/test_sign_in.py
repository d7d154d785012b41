# SPDX-License-Identifier: Apache-2.0
"""Signing in: passkeys, passwords with codes, and what the one who fails learns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyotp
import pytest
from argon2 import PasswordHasher
from authenticator import Authenticator
from world import FakeClock, World

from countenance.errors import BadInput, CountenanceError, Damaged, NotAllowed, NotFound, NotSignedIn, Refused, TooMany
from countenance.model.account import COMMAND_LINE, Account, Caller, Role
from countenance.model.credential import Method
from countenance.model.destruction import HoldBasis
from countenance.model.event import EventTag
from countenance.policy import access
from countenance.services import passwords
from countenance.services.breached import BreachedPasswords
from countenance.services.passkeys import Place

ORIGIN = "https://faces.museum.example"
PLACE = Place(ORIGIN, "Example Museum")
WORDS = "correct horse battery staple"


@dataclass
class Person:
    """Somebody with an account."""

    world: World
    account: Account
    secret: str = ""

    def invited(self) -> Caller:
        """Redeem a fresh invitation, asked for by two people where it takes two."""
        accounts = self.world.engine.accounts
        token = accounts.invite(self.account.id, minutes=60, by=COMMAND_LINE)
        if token is None:
            other = accounts.add(f"helper {len(accounts.everyone())}", Role.CUSTODIAN, by=COMMAND_LINE)
            token = accounts.invite(self.account.id, minutes=60, by=other.id)
        assert token is not None
        return accounts.redeem(token)[1]

    def with_password(self, caller: Caller | None = None) -> str:
        """Set a password with codes; return the session's token."""
        caller = caller or self.invited()
        codes = self.world.engine.factors.new_codes(caller)
        self.secret = codes.secret
        token = self.world.engine.factors.set_password(caller, WORDS, codes.pending, self.code())
        self.world.clock.tick(seconds=90)
        return token or ""

    def with_passkey(self, device: Authenticator, caller: Caller | None = None) -> str:
        """Add a passkey; return the session's token."""
        factors, caller = self.world.engine.factors, caller or self.invited()
        return factors.add_passkey(caller, PLACE, device.create(factors.passkey_options(caller, PLACE)), "Phone") or ""

    def code(self, ahead: int = 0) -> str:
        """Return what the authenticator app shows."""
        assert isinstance(self.world.clock, FakeClock)
        return pyotp.TOTP(self.secret).at(int(self.world.clock.moment.timestamp()) + 30 * ahead)

    def enter(self, agent: str = "") -> Caller:
        """Sign in by password."""
        return self.world.engine.sign_in.password(self.account.name, WORDS, self.code(), agent)[1]


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash as the program does, with less memory: how slow a hash is, is not what is tested here."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    passwords._nobody.cache_clear()


@pytest.fixture
def ann(world: World) -> Person:
    """An operator."""
    return Person(world, world.engine.accounts.add("Ann", Role.OPERATOR, by=COMMAND_LINE))


def test_an_invited_person_sets_a_password_and_signs_in_with_a_code(ann: Person, world: World) -> None:
    """The invitation's session becomes a full one; later name, password and code open the same rights."""
    caller = world.engine.accounts.by_session(ann.with_password())
    assert caller.scopes is None
    again = ann.enter()
    assert (again.account, again.role) == (caller.account, Role.OPERATOR)
    disk = world.bytes_on_disk()
    assert WORDS.encode() not in disk
    assert ann.secret.encode() not in disk
    assert b"$argon2" not in disk


def test_a_code_works_once(ann: Person, world: World) -> None:
    """Neither the same code again, nor an earlier one, whoever shows it; nor the one that set the password up."""
    ann.with_password()
    code, earlier = ann.code(), ann.code(-1)
    world.engine.sign_in.password("Ann", WORDS, code)
    for spent in (code, earlier):
        with pytest.raises(NotSignedIn):
            world.engine.sign_in.password("Ann", WORDS, spent)


@pytest.mark.parametrize(
    ("name", "password", "code"),
    [
        ("Ann", "wrong horse battery staple", None),
        ("Ann", WORDS.upper(), None),
        ("Ann", WORDS, "000000"),
        ("Ann", WORDS, ""),
        ("Ann", WORDS, "\u0661\u0662\u0663\u0664\u0665\u0666"),
        ("Nobody", WORDS, None),
        ("", "", ""),
    ],
)
def test_whoever_fails_learns_only_that(ann: Person, world: World, name: str, password: str, code: str | None) -> None:
    """Unknown name, wrong password and wrong code read alike, are logged, and open nothing."""
    ann.with_password()
    sessions = len(world.engine.accounts.sessions(ann.account.id))
    with pytest.raises(NotSignedIn, match="name, password or code is wrong"):
        world.engine.sign_in.password(name, password, ann.code() if code is None else code)
    assert len(world.engine.accounts.sessions(ann.account.id)) == sessions
    entry = world.log(EventTag.SIGN_IN_REFUSED)[-1].payload
    assert entry == {"account": ann.account.id if name == "Ann" else None, "method": "password"}


@pytest.mark.parametrize("name", ["Ann", "Nobody"])
def test_tries_are_limited_alike_for_names_that_exist_and_that_do_not(ann: Person, world: World, name: str) -> None:
    """After five that failed the next waits, also the right one, twice as long each time; a day forgets."""
    ann.with_password()
    for _ in range(access.FREE_TRIES):
        with pytest.raises(NotSignedIn):
            world.engine.sign_in.password(name, "x", "1")
    before = world.state()
    with pytest.raises(TooMany) as refused:
        world.engine.sign_in.password(name, WORDS, ann.code())
    assert 28 <= refused.value.retry_after_s <= 30
    assert world.state() == before
    world.clock.tick(seconds=31)
    with pytest.raises(NotSignedIn):
        world.engine.sign_in.password(name, "x", "1")
    with pytest.raises(TooMany) as refused:
        world.engine.sign_in.password(f"  {name.upper()} ", WORDS, ann.code())
    assert 55 <= refused.value.retry_after_s <= 60
    world.clock.tick(seconds=61)
    if name == "Ann":
        ann.enter()
        with pytest.raises(NotSignedIn):
            world.engine.sign_in.password(name, "x", "1")


def test_the_longest_wait_leaves_no_more_than_a_hundred_tries_a_day() -> None:
    """NIST SP 800-63B-4, 3.2.2: at most 100 tries in a row; here a day's waits allow fewer."""
    tries, spent = 0, 0.0
    while spent < 86_400:
        tries += 1
        spent += access.wait_after(tries).total_seconds()
    assert tries <= 105


@pytest.mark.parametrize(
    "password",
    [
        "",
        "x" * 14,
        "x" * 40,
        "x" * 300,
        "ann ann ann ann ann",
        "Example Museum 1",
        "Countenance 2026",
        "aabbaabbaabbaabbaabb",
        "passwordpassword",
        "1234567890123456",
        "qwertyuiopasdfgh",
        "P@ssw0rd!P@ssw0rd!",
        "123qweasdzxc123qwe",
        "thisismypassword",
        "mypassword123456",
    ],
)
def test_a_weak_password_is_refused_with_a_reason(ann: Person, world: World, password: str) -> None:
    """Too short, too long, common in whole or in parts, or of the account's, the operator's or the program's name."""
    caller = ann.invited()
    codes = world.engine.factors.new_codes(caller)
    ann.secret = codes.secret
    before = world.state()
    with pytest.raises(BadInput, match="password"):
        world.engine.factors.set_password(caller, password, codes.pending, ann.code())
    assert world.state() == before


@pytest.mark.parametrize(
    "password",
    [
        WORDS,
        "ein Haus am See mit Boot",
        "только слова и пробелы",
        "漢字とかなだけで書いた長い言葉です",
        "!?%&()=+-*/#_.:;,",
        "tr0ub4dor&3 tr1cks",
    ],
)
def test_no_rule_says_of_which_kinds_a_password_is(password: str) -> None:
    """Whatever is long enough and varied will do: letters of any script, spaces, signs."""
    assert access.weak(password, passwords.guesses(password), "Ann", "Example Museum") is None


def test_a_password_known_from_a_breach_is_refused(ann: Person, world: World, tmp_path: Path) -> None:
    """Looked up in a file by halves; the same one without the list, and another one with it, will do."""
    hashes = sorted(
        hashlib.sha1(word.encode(), usedforsecurity=False).hexdigest().upper()
        for word in (WORDS, *map(str, range(500)))
    )
    path = tmp_path / "pwned.txt"
    path.write_text("".join(f"{one}:{7 + at}\r\n" for at, one in enumerate(hashes)))
    breached, caller = BreachedPasswords(path), ann.invited()
    assert all(breached.holds(str(number)) for number in range(500))
    assert not any(breached.holds(str(number)) for number in range(500, 1000))
    codes = world.engine.factors.new_codes(caller)
    ann.secret = codes.secret
    before = world.state()
    with pytest.raises(BadInput, match="known from a breach"):
        world.engine.factors.set_password(caller, WORDS, codes.pending, ann.code(), breached=breached)
    assert world.state() == before
    world.engine.factors.set_password(caller, f"{WORDS} now", codes.pending, ann.code(), breached=breached)


@pytest.mark.parametrize("text", ["", "password\n123456\n", "B" * 40 + ":1\n" + "A" * 40 + ":1\n"])
def test_what_is_no_list_of_breached_passwords_is_refused(tmp_path: Path, text: str) -> None:
    """An empty file, a list of words, one that is not ordered; and one that is not there or goes away later."""
    path = tmp_path / "list.txt"
    path.write_text(text)
    with pytest.raises(BadInput):
        BreachedPasswords(path)
    path.write_text("A" * 40 + ":1")
    known = BreachedPasswords(path)
    assert not known.holds(WORDS)
    path.unlink()
    with pytest.raises(BadInput):
        known.holds(WORDS)
    with pytest.raises(BadInput):
        BreachedPasswords(path)


def test_codes_of_another_session_are_not_taken(ann: Person, world: World) -> None:
    """The secret that a page carried is bound to the session that asked for it."""
    other = Person(world, world.engine.accounts.add("Bo", Role.OPERATOR, by=COMMAND_LINE))
    codes = world.engine.factors.new_codes(other.invited())
    ann.secret = codes.secret
    for pending in (codes.pending, "", "!", codes.pending[:-8] + "AAAAAAAA"):
        with pytest.raises(BadInput):
            world.engine.factors.set_password(ann.invited(), WORDS, pending, ann.code())


def test_a_passkey_signs_in_without_a_name(ann: Person, world: World) -> None:
    """Set up from an invitation, it opens a session of its account; its label is sealed."""
    device = Authenticator(ORIGIN)
    assert world.engine.accounts.by_session(ann.with_passkey(device)).scopes is None
    token, caller = world.engine.sign_in.passkey(PLACE, device.get(world.engine.sign_in.passkey_options(PLACE)))
    assert world.engine.accounts.by_session(token) == caller
    assert caller.account == ann.account.id
    (factor,) = world.engine.factors.everything(ann.account.id)
    assert (factor.method, factor.label) == (Method.PASSKEY, "Phone")
    assert factor.used_at is not None


def spoiled(device: Authenticator, options: dict[str, object], how: str) -> str:
    """Return an answer of a device that is wrong in one way."""
    if how == "challenge":
        options = options | {"challenge": "AAAA"}
    if how == "host":
        options = options | {"rpId": "evil.example"}
    device.origin = "https://evil.example" if how == "origin" else ORIGIN
    device.verified = how != "unverified"
    if how == "count":
        device.count -= 2
    answer = json.loads(device.get(options))
    if how == "signature":
        answer["response"]["signature"] = answer["response"]["signature"][:-4] + "AAAA"
    if how == "unknown":
        answer["id"] = answer["rawId"] = "AAAA"
    return {"garbage": "{}", "not json": "x", "list": "[]", "huge": "x" * 30_000}.get(how, json.dumps(answer))


@pytest.mark.parametrize(
    "how",
    [
        "challenge",
        "host",
        "origin",
        "unverified",
        "count",
        "signature",
        "unknown",
        "garbage",
        "not json",
        "list",
        "huge",
    ],
)
def test_a_passkeys_answer_that_is_wrong_in_any_part_opens_nothing(ann: Person, world: World, how: str) -> None:
    """Another challenge, site, signature, key or count, or a user who was not verified."""
    device, verbs = Authenticator(ORIGIN), world.engine.sign_in
    ann.with_passkey(device)
    verbs.passkey(PLACE, device.get(verbs.passkey_options(PLACE)))
    sessions = len(world.engine.accounts.sessions(ann.account.id))
    with pytest.raises(NotSignedIn):
        verbs.passkey(PLACE, spoiled(device, verbs.passkey_options(PLACE), how))
    assert len(world.engine.accounts.sessions(ann.account.id)) == sessions


def test_a_passkey_that_was_written_past_the_program_opens_nothing(ann: Person, world: World) -> None:
    """Whoever writes to the records gives nobody a key: neither another public key, nor somebody else's account."""
    device, verbs = Authenticator(ORIGIN), world.engine.sign_in
    ann.with_passkey(device)
    other = world.engine.accounts.add("Cy", Role.CUSTODIAN, by=COMMAND_LINE)
    for change in (f"account = '{other.id}'", "public_key = x'a0'"):
        with world.raw() as raw:
            raw.execute("CREATE TABLE kept AS SELECT * FROM passkey")
            raw.execute(f"UPDATE passkey SET {change}")
        with pytest.raises(Damaged, match="not as it was stored"):
            verbs.passkey(PLACE, device.get(verbs.passkey_options(PLACE)))
        with world.raw() as raw:
            raw.execute("DELETE FROM passkey")
            raw.execute("INSERT INTO passkey SELECT * FROM kept")
            raw.execute("DROP TABLE kept")
    assert verbs.passkey(PLACE, device.get(verbs.passkey_options(PLACE)))[1].account == ann.account.id


def test_a_challenge_is_answered_once_and_in_time(ann: Person, world: World) -> None:
    """A recorded answer is worth nothing, nor one of five minutes later, nor one to another question."""
    device, verbs = Authenticator(ORIGIN, counts=False), world.engine.sign_in
    ann.with_passkey(device)
    answer = device.get(verbs.passkey_options(PLACE))
    late = device.get(verbs.passkey_options(PLACE))
    verbs.passkey(PLACE, answer)
    world.clock.tick(minutes=5)
    for bad in (answer, late):
        with pytest.raises(NotSignedIn):
            verbs.passkey(PLACE, bad)
    caller = ann.invited()
    other = world.engine.factors.passkey_options(caller, PLACE)
    with pytest.raises(NotSignedIn):
        verbs.passkey(PLACE, device.get({"challenge": other["challenge"], "rpId": other["rp"]["id"]}))


@pytest.mark.parametrize("how", ["unverified", "origin", "another's"])
def test_a_passkey_that_proves_nothing_is_not_added(ann: Person, world: World, how: str) -> None:
    """Nor one for a challenge that somebody else was given."""
    device, factors, caller = Authenticator(ORIGIN, verified=how != "unverified"), world.engine.factors, ann.invited()
    device.origin = "https://evil.example" if how == "origin" else ORIGIN
    other = Person(world, world.engine.accounts.add("Bo", Role.OPERATOR, by=COMMAND_LINE)).invited()
    options = factors.passkey_options(other if how == "another's" else caller, PLACE)
    with pytest.raises(NotSignedIn):
        factors.add_passkey(caller, PLACE, device.create(options), "Phone")
    assert factors.everything(ann.account.id) == []


def change(ann: Person, caller: Caller) -> list[Callable[[], object]]:
    """Return every way to change how one signs in."""
    factors, keys = ann.world.engine.factors, ann.world.engine.accounts
    return [
        lambda: factors.passkey_options(caller, PLACE),
        lambda: factors.new_codes(caller),
        lambda: factors.remove(caller, "password"),
        lambda: keys.new_key(caller, ["home:read"], 5, "k"),
    ]


def test_changing_how_one_signs_in_takes_having_signed_in_lately(ann: Person, world: World) -> None:
    """After 15 minutes a session that was left open adds no passkey, no password and no key; nor does a key ever."""
    ann.with_password()
    caller = ann.enter()
    _, secret = world.engine.accounts.new_key(caller, ["home:read"], 5, "k")
    key = world.engine.accounts.by_key(secret)
    world.clock.tick(minutes=15)
    before = world.state()
    for attempt in (*change(ann, caller), *change(ann, key)):
        with pytest.raises(NotAllowed):
            attempt()
    assert world.state() == before


def test_the_last_way_to_sign_in_cannot_be_removed(ann: Person, world: World) -> None:
    """Another one can; the sessions elsewhere end with it."""
    device, factors = Authenticator(ORIGIN), world.engine.factors
    ann.with_password()
    caller, other = ann.enter(), None
    with pytest.raises(BadInput, match="only way"):
        factors.remove(caller, "password")
    with pytest.raises(NotFound):
        factors.remove(caller, "x")
    ann.with_passkey(device, caller)
    other, _ = world.engine.sign_in.passkey(PLACE, device.get(world.engine.sign_in.passkey_options(PLACE)))
    factors.remove(caller, "password")
    with pytest.raises(NotSignedIn):
        world.engine.accounts.by_session(other)
    with pytest.raises(NotSignedIn):
        world.engine.sign_in.password("Ann", WORDS, ann.code())


def test_who_comes_back_by_an_invitation_leaves_the_lost_ways_behind(ann: Person, world: World) -> None:
    """Setting up anew from an invitation ends what was set up before: it may be in other hands."""
    device = Authenticator(ORIGIN)
    ann.with_passkey(device)
    ann.with_password()
    assert [one.method for one in world.engine.factors.everything(ann.account.id)] == [Method.PASSWORD]
    with pytest.raises(NotSignedIn):
        world.engine.sign_in.passkey(PLACE, device.get(world.engine.sign_in.passkey_options(PLACE)))


def test_two_people_bring_a_custodian_back(world: World) -> None:
    """Who has signed in as a custodian is invited anew by two; one person twice is refused and nothing moves."""
    cy = Person(world, world.engine.accounts.add("Cy", Role.CUSTODIAN, by=COMMAND_LINE))
    ben = world.engine.accounts.add("Ben", Role.CUSTODIAN, by=COMMAND_LINE)
    cy.with_password()
    accounts = world.engine.accounts
    assert accounts.invite(cy.account.id, minutes=5, by=ben.id) is None
    before = world.state()
    with pytest.raises(Refused, match=r"access\.two_people"):
        accounts.invite(cy.account.id, minutes=5, by=ben.id)
    assert world.state() == before
    assert world.log(EventTag.ACCESS_REFUSED)[-1].payload["reason"] == "two_people"  # type: ignore[index,call-overload]
    assert accounts.invite(cy.account.id, minutes=5, by=COMMAND_LINE) is not None


def test_a_disabled_account_signs_in_in_no_way(ann: Person, world: World) -> None:
    """Neither by password nor by passkey; both fail as for somebody who is unknown."""
    device, verbs = Authenticator(ORIGIN), world.engine.sign_in
    ann.with_password()
    ann.with_passkey(device, ann.enter())
    world.engine.accounts.disable(ann.account.id, by=COMMAND_LINE)
    with pytest.raises(NotSignedIn, match="name, password or code"):
        verbs.password("Ann", WORDS, ann.code(1))
    with pytest.raises(NotSignedIn, match="not known"):
        verbs.passkey(PLACE, device.get(verbs.passkey_options(PLACE)))


def test_a_subject_under_a_hold_cannot_be_probed_by_its_password(world: World) -> None:
    """Its keys lie in escrow, so its password cannot be looked at: it fails as any other does, with no damage."""
    ada = world.person("Ada")
    one = Person(world, world.engine.accounts.add("Ada", Role.SUBJECT, subject=ada.id, by=COMMAND_LINE))
    one.with_password()
    world.engine.custody.holds.place(ada.id, basis=HoldBasis.COURT_ORDER, matter="1 CV 1", by="custodian")
    with pytest.raises(CountenanceError) as failed:
        one.enter()
    assert isinstance(failed.value, NotSignedIn)
    assert [account.subject for account in world.engine.accounts.everyone()] == [ada.id]
    assert world.engine.factors.everything(one.account.id)[0].method is Method.PASSWORD
