# SPDX-License-Identifier: Apache-2.0
"""Staff at the server's door, whoever proves them: account and role stand in the key."""

from __future__ import annotations

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from countenance.api import guard
from countenance.ids import AccountId
from countenance.model.account import Caller, Role


def let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the word of whoever calls for who it is; who may what is decided as ever."""

    def proved(request: Request) -> Caller:
        account, role = request.headers["authorization"].removeprefix("Bearer ").split()
        return Caller(AccountId(account), Role(role), None, None, "key_0", is_key=True, scopes=None)

    monkeypatch.setattr(guard, "_proved", proved)


def as_staff(browser: TestClient, role: Role = Role.OPERATOR, account: str = "acc_opa") -> TestClient:
    """Make a browser call as somebody of a role."""
    browser.headers["Authorization"] = f"Bearer {account} {role.value}"
    return browser
