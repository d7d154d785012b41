# SPDX-License-Identifier: Apache-2.0
"""A running server, and browsers that look at it."""

from __future__ import annotations

import shutil
import threading
import time
from typing import Any

import uvicorn
from people import enter
from playwright.sync_api import Browser, BrowserContext, Error, Page
from world import World

from countenance.api.app import shielded
from countenance.api.guard import cookie_name
from countenance.api.settings import Settings
from countenance.ids import ClientId, SubjectId
from countenance.model.account import Role
from countenance.web.site import site

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
]


class Served:
    """The server of a world, at one address, that can end and start again."""

    def __init__(self, world: World, address: str, port: int) -> None:
        self.address = address
        self._world = world
        self._port = port

    def start(self) -> None:
        """Answer from now on."""
        app = shielded(site(self._world.engine, Settings(origin=self.address, photos=(self._world.photos,))))
        config = uvicorn.Config(app, host="127.0.0.1", port=self._port, log_config=None, access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        for _ in range(500):
            if self._server.started:
                return
            time.sleep(0.02)
        raise Error("the server did not start")

    def stop(self) -> None:
        """End, as on a signal: what was begun is answered, nothing new is."""
        self._server.should_exit = True
        self._thread.join(10)


class House:
    """A running server, and who looks at it.

    Attributes:
        world: what it runs on.
        served: the server; `address` is where it answers.
    """

    def __init__(self, world: World, served: Served, chromium: Browser) -> None:
        self.world = world
        self.served = served
        self.address = served.address
        self._chromium = chromium
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def browser(self, other: Browser | None = None, **settings: Any) -> Page:
        """Return a page of a fresh browser, at the first page; what its console complains of fails the test.

        Args:
            other: another Chromium, such as one with a camera.
        """
        context = (other or self._chromium).new_context(base_url=self.address, **settings)
        self._contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self._note("error", str(error)))
        return page

    def enter(
        self, role: Role, *, client: ClientId | None = None, subject: SubjectId | None = None, **settings: Any
    ) -> Page:
        """Return a page of a fresh browser in which somebody of a role is signed in."""
        page = self.browser(**settings)
        self.let_in(page, enter(self.world, role, client=client, subject=subject)[0])
        return page

    def let_in(self, page: Page, token: str) -> None:
        """Give a browser the cookie of a session."""
        name = cookie_name(Settings(origin=self.address))
        page.context.add_cookies([{"name": name, "value": token, "url": self.address}])

    def close(self) -> None:
        """Close every browser."""
        for context in self._contexts:
            context.close()

    def _note(self, kind: str, text: str) -> None:
        # Chromium itself reports every answer of 400 and more; tests look at those themselves.
        if kind in {"error", "warning"} and "Failed to load resource" not in text:
            self.complaints.append(f"{kind}: {text}")
