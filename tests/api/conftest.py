# SPDX-License-Identifier: Apache-2.0
"""Fixtures: the whole server on a world with drawn faces."""

from __future__ import annotations

import pytest
from people import enter
from served import ORIGIN, ClientFor, Server
from starlette.testclient import TestClient
from world import World

from countenance.api.app import shielded
from countenance.api.guard import cookie_name
from countenance.api.settings import Settings
from countenance.ids import ClientId, SubjectId
from countenance.model.account import Role
from countenance.web.site import site


@pytest.fixture
def server(world: World) -> Server:
    """Return a maker of clients of a server on the world's engine, each with cookies of its own."""
    app = shielded(site(world.engine, Settings(origin=ORIGIN, photos=(world.photos,))))

    def client() -> TestClient:
        return TestClient(app, base_url=ORIGIN, headers={"Origin": ORIGIN}, follow_redirects=False)

    return client


@pytest.fixture
def client_for(world: World, server: Server) -> ClientFor:
    """Return a maker of clients that are signed in with a new account of a role."""

    def client(role: Role, *, client: ClientId | None = None, subject: SubjectId | None = None) -> TestClient:
        token, _ = enter(world, role, client=client, subject=subject)
        browser = server()
        browser.cookies.set(cookie_name(Settings(origin=ORIGIN)), token)
        return browser

    return client
