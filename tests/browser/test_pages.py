# SPDX-License-Identifier: Apache-2.0
"""Every page of `pages.py` in a real browser: accessibility rules, dark, narrow."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from house import House
from pages import PAGES, Shown
from playwright.sync_api import Page

NARROW_PX = 360
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}


def broken(page: Page) -> list[str]:
    """Return which accessibility rules a page breaks, and where."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{one['id']}: {node['target']}: {node['failureSummary']}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("shown", PAGES, ids=str)
def test_every_page_can_be_read_by_everybody(house: House, shown: Shown) -> None:
    """No accessibility rule is broken, wide and light or narrow and dark; there is one heading; 360 px are enough."""
    path = shown.on(house.world)
    page = house.browser() if shown.role is None else house.enter(shown.role)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto(path)
    assert page.locator("h1").count() == 1
    assert broken(page) == [], "light"
    page.set_viewport_size({"width": NARROW_PX, "height": 740})
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW_PX
    assert broken(page) == [], "dark and narrow"
