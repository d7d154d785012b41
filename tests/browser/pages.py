# SPDX-License-Identifier: Apache-2.0
"""Every page that there is, with a role that may see it; `test_pages.py` looks at each. Add yours here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from world import World

from countenance.model.account import Role


@dataclass(frozen=True)
class Shown:
    """A page.

    Attributes:
        path: its address, or what makes one on a world (`lambda world: f"/runs/{...}"`).
        role: who looks; None for a visitor.
        name: of the test, where the path is made.
    """

    path: str | Callable[[World], str]
    role: Role | None = None
    name: str = ""

    def __str__(self) -> str:
        """Return the name of the test."""
        return self.name or str(self.path)

    def on(self, world: World) -> str:
        """Return the address on this world."""
        return self.path if isinstance(self.path, str) else self.path(world)


PUBLIC = [
    Shown("/"),
    Shown("/policy"),
    Shown("/register"),
    Shown("/transparency"),
    Shown("/your-rights"),
    Shown("/verify"),
    Shown("/no-such-page"),
]
LOG = [
    Shown("/log", Role.AUDITOR),
    Shown("/log?tag=client:search:answered", Role.AUDITOR),
    Shown("/log/entries/2", Role.AUDITOR),
    Shown("/log/growth?old=2&size=3", Role.AUDITOR),
    Shown("/log/growth?old=0", Role.AUDITOR),
]
PAGES = [*PUBLIC, *LOG]
