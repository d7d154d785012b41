# SPDX-License-Identifier: Apache-2.0
"""Signing in over HTTP: sessions, keys, invitations."""

from __future__ import annotations

import pytest
from served import ClientFor, Server
from world import World

from countenance.model.account import Role


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
