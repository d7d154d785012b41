# SPDX-License-Identifier: Apache-2.0
"""Searchers at the server's door, whoever proves them: account and client stand in the key."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from countenance.api import guard
from countenance.ids import AccountId, ClientId
from countenance.model.account import Caller, Role

Searcher = Callable[..., TestClient]


def let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the word of whoever calls for who it is; who may what is decided as ever."""

    def proved(request: Request) -> Caller:
        account, client = request.headers["authorization"].removeprefix("Bearer ").split()
        return Caller(AccountId(account), Role.SEARCHER, ClientId(client), None, "key_0", is_key=True, scopes=None)

    monkeypatch.setattr(guard, "_proved", proved)


def as_searcher(browser: TestClient, client: ClientId, account: str = "acc_ann") -> TestClient:
    """Make a browser call as a searcher of a client."""
    browser.headers["Authorization"] = f"Bearer {account} {client}"
    return browser
