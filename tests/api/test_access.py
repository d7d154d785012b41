# SPDX-License-Identifier: Apache-2.0
"""Signing in over HTTP: sessions, keys, invitations."""

from __future__ import annotations

import pyotp
import pytest
from fake_pack import face, photo, png
from served import ClientFor, Server
from starlette.testclient import TestClient
from world import DELIVERY, PRESENT, World

from countenance.api.door import KNOCKS_AT_ONCE
from countenance.model.account import COMMAND_LINE, Role
from countenance.policy.roles import KEYLESS


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.CUSTODIAN, Role.AUDITOR])
def test_a_session_says_who_calls(client_for: ClientFor, role: Role) -> None:
    """The cookie of a session proves the account, its role, and what it may."""
    answer = client_for(role).get("/api/v1/me").json()
    assert answer["role"] == role.value
    assert "home:read" in answer["verbs"]


def test_a_wrong_cookie_and_a_wrong_key_are_nobody(server: Server, world: World) -> None:
    """Neither proves anything, whatever it looks like, and the answer says the same of both."""
    browser = server()
    browser.cookies.set("__Host-session", "cnt_ses_" + "A" * 43 + "_0123456789abcdef")
    assert browser.get("/api/v1/me").status_code == 401
    for key in ("", "x", "cnt_key_" + "A" * 43 + "_0123456789abcdef"):
        assert server().get("/api/v1/me", headers={"Authorization": f"Bearer {key}"}).status_code == 401
    assert server().get("/api/v1/me", headers={"Authorization": "Basic eDp5"}).status_code == 401


def test_a_page_that_only_follows_keeps_no_session_open(client_for: ClientFor, world: World) -> None:
    """A screen that was left alone ends when idle, though its page asks for news; who acts, stays."""
    left, used = client_for(Role.CUSTODIAN), client_for(Role.CUSTODIAN)
    for _ in range(4):
        world.clock.tick(minutes=4)
        followed = left.get("/custody", headers={"Countenance-Follows": "?1"})
        assert used.get("/custody").status_code == 200
    assert (followed.status_code, followed.headers["location"]) == (303, "/sign-in?next=/custody")


WORDS = "correct horse battery staple"


def enrolled(server: Server, world: World, role: Role = Role.OPERATOR) -> tuple[TestClient, str]:
    """Return the browser of somebody who set up a password from an invitation, and the secret of the codes."""
    accounts = world.engine.accounts
    one = accounts.add("Ann", role, by=COMMAND_LINE)
    token = accounts.invite(one.id, minutes=60, by=COMMAND_LINE)
    browser = server()
    answer = browser.post("/api/v1/sessions/invitation", json={"token": token})
    assert (answer.status_code, answer.json()["enrolling"]) == (201, True)
    codes = browser.post("/api/v1/factors/codes").json()
    body = {"password": WORDS, "pending": codes["pending"], "code": code(world, codes["secret"])}
    assert browser.post("/api/v1/factors/password", json=body).status_code == 204
    world.clock.tick(seconds=90)
    return browser, codes["secret"]


def code(world: World, secret: str) -> str:
    """Return what the authenticator app shows."""
    return pyotp.TOTP(secret).at(int(world.clock.now().timestamp()))


def test_the_sessions_cookie_is_out_of_reach_of_scripts_and_of_other_sites(server: Server, world: World) -> None:
    """Bound to this host and to HTTPS, not for scripts, not with other sites' forms; and it ends with the browser."""
    _, secret = enrolled(server, world)
    browser = server()
    answer = browser.post("/api/v1/sessions", json={"name": "Ann", "password": WORDS, "code": code(world, secret)})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-session=cnt_ses_")
    assert {part.strip().lower() for part in cookie.split(";")[1:]} == {"httponly", "path=/", "samesite=lax", "secure"}
    assert "cnt_" not in answer.text


def test_signing_in_again_ends_the_session_before(server: Server, world: World) -> None:
    """A session that somebody planted in a browser, or left there, is over once its owner signs in."""
    browser, secret = enrolled(server, world)
    before = browser.cookies["__Host-session"]
    body = {"name": "Ann", "password": WORDS, "code": code(world, secret)}
    assert browser.post("/api/v1/sessions", json=body).status_code == 201
    assert browser.cookies["__Host-session"] != before
    other = server()
    other.cookies.set("__Host-session", before)
    assert other.get("/api/v1/me").status_code == 401
    left = browser.delete("/api/v1/sessions/current")
    assert (left.status_code, left.headers["clear-site-data"]) == (204, '"cache"')
    assert browser.get("/api/v1/me").status_code == 401


def test_a_session_of_an_invitation_opens_nothing_else(server: Server, world: World) -> None:
    """Neither pages nor API, until a way to sign in is set up."""
    one = world.engine.accounts.add("Ann", Role.OPERATOR, by=COMMAND_LINE)
    token = world.engine.accounts.invite(one.id, minutes=60, by=COMMAND_LINE)
    browser = server()
    assert browser.get(f"/invitation/{token}").status_code == 200
    assert browser.get(f"/invitation/{token}").status_code == 200  # a preview uses up nothing
    assert browser.post(f"/invitation/{token}").headers["location"] == "/access/enrol"
    for path in ("/access", "/accounts", "/api/v1/me", "/api/v1/keys", "/api/v1/sources"):
        answer = browser.get(path)
        assert (answer.status_code, "/access/enrol" in answer.text) == (403, True), path
    assert browser.get("/access/enrol").status_code == 200


def test_one_address_knocks_only_so_often(server: Server, world: World) -> None:
    """Whoever tries very often is told when to come back, and nothing of the tries is kept."""
    browser = server()
    answers = [browser.post("/api/v1/sessions/invitation", json={"token": "x"}) for _ in range(KNOCKS_AT_ONCE + 5)]
    assert {answer.status_code for answer in answers} == {401, 429}
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert world.rows()["failed_try"] == 0


def test_a_key_reaches_no_route_that_would_raise_it(client_for: ClientFor, server: Server) -> None:
    """Whatever its scopes: it makes no key, account or invitation and adds no way to sign in (CVE-2026-23896)."""
    browser = client_for(Role.CUSTODIAN)
    verbs = browser.get("/api/v1/me").json()["verbs"]
    answer = browser.post("/api/v1/keys", json={"label": "k", "scopes": verbs, "days": 5})
    assert answer.status_code == 403
    grantable = [verb for verb in verbs if verb not in {one.value for one in KEYLESS}]
    made = browser.post("/api/v1/keys", json={"label": "k", "scopes": grantable, "days": 5}).json()
    program = server()
    program.headers["Authorization"] = f"Bearer {made['key']}"
    assert program.get("/api/v1/accounts").status_code == 200
    for path, body in (
        ("/api/v1/keys", {"label": "more", "scopes": grantable, "days": 5}),
        ("/api/v1/accounts", {"name": "X", "role": "operator"}),
        ("/api/v1/accounts/acc_x/invitation", {}),
        ("/api/v1/factors/codes", {}),
        ("/api/v1/factors/passkey/options", {}),
    ):
        assert program.post(path, json=body).status_code == 403, path
    assert [one["id"] for one in browser.get("/api/v1/keys").json()["keys"]] == [made["id"]]
    assert browser.delete(f"/api/v1/keys/{made['id']}").status_code == 204
    assert program.get("/api/v1/accounts").status_code == 401


def test_accounts_are_added_invited_and_disabled(client_for: ClientFor, server: Server) -> None:
    """By whom the roles say; the invitation is shown once, the account's id is where the answer points."""
    custodian, operator = client_for(Role.CUSTODIAN), client_for(Role.OPERATOR)
    assert operator.post("/api/v1/accounts", json={"name": "Cy", "role": "custodian"}).status_code == 403
    made = custodian.post("/api/v1/accounts", json={"name": "Cy", "role": "custodian"})
    path = made.headers["location"]
    assert custodian.get(path).json() == made.json()
    invited = custodian.post(f"{path}/invitation", json={}).json()
    assert invited["path"] == f"/invitation/{invited['token']}"
    assert operator.post(f"{path}/disable").status_code == 403
    assert custodian.post(f"{path}/disable").json()["disabled_at"] is not None
    assert server().post("/api/v1/sessions/invitation", json={"token": invited["token"]}).status_code == 401
    page = custodian.get("/api/v1/accounts", params={"limit": 2}).json()
    rest = custodian.get("/api/v1/accounts", params={"limit": 2, "after": page["next"]}).json()
    assert [one["name"] for one in rest["accounts"]] == ["Cy"]
    assert rest["next"] is None


def test_the_searchers_of_a_suspended_client_are_refused_on_the_next_call(client_for: ClientFor, world: World) -> None:
    """No session has to end for it: the search itself asks the register."""
    client = world.client()
    browser = client_for(Role.SEARCHER, client=client)
    query = {"purpose": DELIVERY.value, "basis": PRESENT.value}
    probe = png(photo(face(1, 999)))
    assert browser.post("/api/v1/searches", params=query, content=probe).status_code in {200, 201}
    world.engine.register.suspend_clients(clients=[client])
    before = world.state()
    answer = browser.post("/api/v1/searches", params=query, content=probe)
    assert (answer.status_code, answer.json()["code"]) == (403, "refused")
    assert world.state() == before
