# SPDX-License-Identifier: Apache-2.0
"""Fixtures: the whole server on a world with drawn faces."""

from __future__ import annotations

import pytest
from served import ORIGIN, Server
from starlette.testclient import TestClient
from world import World

from countenance.api.app import shielded
from countenance.api.settings import Settings
from countenance.web.site import site


@pytest.fixture
def server(world: World) -> Server:
    """Return a maker of clients of a server on the world's engine, each with cookies of its own."""
    app = shielded(site(world.engine, Settings(origin=ORIGIN, photos=(world.photos,))))

    def client() -> TestClient:
        return TestClient(app, base_url=ORIGIN, headers={"Origin": ORIGIN}, follow_redirects=False)

    return client
