# SPDX-License-Identifier: Apache-2.0
"""A server that takes passkeys alone: what another site can ask for opens nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from authenticator import Authenticator
from people import enter
from served import ORIGIN
from starlette.testclient import TestClient
from world import World

from countenance.api.app import shielded
from countenance.api.settings import Settings
from countenance.cli.serve import _passkeys_only
from countenance.errors import BadInput
from countenance.model.account import COMMAND_LINE, Role
from countenance.web.site import site


@pytest.fixture
def browser(world: World) -> TestClient:
    """Somebody at the door of such a server."""
    app = shielded(site(world.engine, Settings(origin=ORIGIN, passkeys_only=True)))
    return TestClient(app, base_url=ORIGIN, headers={"Origin": ORIGIN}, follow_redirects=False)


def test_no_password_is_taken_or_set(world: World, browser: TestClient) -> None:
    """Neither by the API nor by a form, signed in or not; nothing moved, and no try of a name is counted."""
    before = world.state()
    said = {"name": "Ann", "password": "correct horse battery staple", "code": "123456"}
    answer = browser.post("/api/v1/sessions", json=said)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert browser.post("/sign-in", data=said).status_code == 403
    assert world.state() == before
    token, _ = enter(world, Role.OPERATOR)
    browser.cookies.set("__Host-session", token)
    before = world.state()
    for path, body in (
        ("/api/v1/factors/codes", {}),
        ("/api/v1/factors/password", {"password": said["password"], "pending": "x", "code": "1"}),
    ):
        assert browser.post(path, json=body).status_code == 403, path
    form = {"password": "x", "again": "x", "pending": "", "code": ""}
    assert browser.post("/access/password", data=form).status_code == 403
    assert world.state() == before


def test_the_pages_ask_for_none(world: World, browser: TestClient) -> None:
    """Neither the sign-in nor the page of one who was invited has a field for a password."""
    assert 'type="password"' not in browser.get("/sign-in").text
    one = world.engine.accounts.add("Ann", Role.OPERATOR, by=COMMAND_LINE)
    token = world.engine.accounts.invite(one.id, minutes=5, by=COMMAND_LINE)
    assert browser.post(f"/invitation/{token}").headers["location"] == "/access/enrol"
    shown = browser.get("/access/enrol").text
    assert 'type="password"' not in shown
    assert 'data-passkey="enrol"' in shown


def test_a_passkey_is_made_and_signs_in(world: World, browser: TestClient) -> None:
    """From the invitation on, as anywhere else."""
    one = world.engine.accounts.add("Ann", Role.CUSTODIAN, by=COMMAND_LINE)
    token = world.engine.accounts.invite(one.id, minutes=5, by=COMMAND_LINE)
    device = Authenticator(ORIGIN)
    browser.post("/api/v1/sessions/invitation", json={"token": token})
    options = browser.post("/api/v1/factors/passkey/options").json()
    made = {"answer": device.create(options), "label": "Key"}
    assert browser.post("/api/v1/factors/passkey", json=made).status_code == 204
    answer = device.get(browser.post("/api/v1/sessions/passkey/options").json())
    assert browser.post("/api/v1/sessions/passkey", json={"answer": answer}).status_code == 201


@pytest.mark.parametrize(
    ("origin", "oidc"),
    [
        ("http://127.0.0.1:8470", None),
        ("https://192.0.2.7", None),
        ("http://faces.museum.example", None),
        (ORIGIN, Path("oidc.toml")),
    ],
)
def test_where_passkeys_cannot_work_alone_the_server_does_not_start(origin: str, oidc: Path | None) -> None:
    """An address in digits, plain HTTP to another machine, a provider beside it."""
    with pytest.raises(BadInput):
        _passkeys_only(Settings(origin=origin), oidc)
    assert _passkeys_only(Settings(origin="http://localhost:8470"), None)
