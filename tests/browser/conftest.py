# SPDX-License-Identifier: Apache-2.0
"""Fixtures: the whole server on 127.0.0.1, and Debian's Chromium to look at it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from house import CHROMIUM, FLAGS, House, Served
from playwright.sync_api import Browser, sync_playwright
from world import World


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Chromium, without a screen."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def house(world: World, chromium: Browser) -> Iterator[House]:
    """The server on a world with drawn faces; a complaint in a browser's console fails the test."""
    with _open(world, chromium, "127.0.0.1") as found:
        yield found


@pytest.fixture
def named_house(world: World, chromium: Browser) -> Iterator[House]:
    """The same at `localhost`: passkeys belong to a name."""
    with _open(world, chromium, "localhost") as found:
        yield found


@pytest.fixture(scope="module")
def lasting_house(lasting_world: World, chromium: Browser) -> Iterator[House]:
    """One server on one world for all tests of a module."""
    with _open(lasting_world, chromium, "127.0.0.1") as found:
        yield found


@contextmanager
def _open(world: World, chromium: Browser, name: str) -> Iterator[House]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = House(world, Served(world, f"http://{name}:{port}", port), chromium)
    found.served.start()
    try:
        yield found
    finally:
        found.close()
        found.served.stop()
    assert found.complaints == []
