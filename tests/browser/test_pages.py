# SPDX-License-Identifier: Apache-2.0
"""Every page of `pages.py` in a real browser: accessibility rules, dark, narrow; and that no page is missing there."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from furnished import Furnished
from house import House
from pages import NO_PAGES, PAGES, Shown
from playwright.sync_api import Page

from countenance.model.account import Role
from countenance.web.pages import PAGES as ROUTERS

OTHER = "de"
NARROW = {"width": 360, "height": 740}
A4 = {"width": 658, "height": 987}
"""CSS pixels of a sheet without its margins of 18 mm."""
PAPER = "getComputedStyle(document.documentElement).backgroundColor"
WIDE = {"width": 1280, "height": 900}
RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
AGAIN = {
    "type": "rule",
    "values": ["color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable",
               "empty-table-header", "empty-heading"],
}  # fmt: skip
"""What colours and width can change; the rest was seen in the first look."""
TWICE = "(all) => all.map((one) => one.id).filter((id, at, ids) => ids.indexOf(id) !== at)"


@dataclass
class Rooms:
    """One furnished world, its server, and a browser for each role."""

    house: House
    made: Furnished
    browsers: dict[Role | None, Page] = field(default_factory=dict)

    def look(self, shown: Shown) -> Page:
        """Open a page as whoever may see it."""
        page = self.browsers.get(shown.role) or self._enter(shown.role)
        page.set_viewport_size(NARROW)  # type: ignore[arg-type]
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        path = shown.path.format(**self.made.ids)
        if shown.is_file:
            page.goto("about:blank")
            page.set_content(page.request.get(path).text())
        else:
            page.goto(path)
        if shown.then is not None:
            shown.then(page)
        open_all(page)
        return page

    def look_again(self, shown: Shown, page: Page) -> None:
        """Ask for the same page in another language and narrow, where that is no form that would be sent twice."""
        if shown.is_file or shown.then is not None:
            return
        page.set_extra_http_headers({"Accept-Language": OTHER})
        page.set_viewport_size(NARROW)  # type: ignore[arg-type]
        page.goto(shown.path.format(**self.made.ids), wait_until="domcontentloaded")
        page.set_extra_http_headers({})
        assert page.locator("html").get_attribute("lang") == OTHER
        open_all(page)

    def _enter(self, role: Role | None) -> Page:
        page = self.house.browser()
        if role is not None:
            self.house.let_in(page, self.made.sessions[role])
        self.browsers[role] = page
        return page


@pytest.fixture(scope="module")
def rooms(lasting_house: House) -> Rooms:
    """The rooms of all roles."""
    return Rooms(lasting_house, Furnished(lasting_house.world))


def open_all(page: Page) -> None:
    """Open what can be opened, for it is part of the page."""
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


def fits(page: Page) -> bool:
    """Say whether nothing scrolls sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def broken(page: Page, rules: dict[str, object]) -> list[str]:
    """Return which of these accessibility rules a page breaks, and where."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options = json.dumps({"runOnly": rules, "resultTypes": ["violations"], "preload": False})
    found = page.evaluate(f"axe.run({options}).then((results) => results.violations)")
    return [f"{one['id']}: {node['target']}: {node['failureSummary']}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("shown", PAGES, ids=str)
def test_every_page_can_be_read_by_everybody(rooms: Rooms, shown: Shown) -> None:
    """No accessibility rule is broken, light and narrow or dark and wide; 360 px are enough, in German too."""
    page = rooms.look(shown)
    assert page.locator("h1").count() == 1
    assert page.eval_on_selector_all("[id]", TWICE) == [], "ids that stand twice"
    assert fits(page)
    assert broken(page, RULES) == [], "light and narrow"
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert broken(page, AGAIN) == [], "dark and wide"
    rooms.look_again(shown, page)
    assert fits(page), OTHER


@pytest.mark.parametrize("shown", [shown for shown in PAGES if shown.is_paper], ids=str)
def test_papers_are_printed_as_papers(rooms: Rooms, shown: Shown) -> None:
    """On A4, of a dark screen too: black on white, tables as tables, and nothing to press."""
    page = rooms.look(shown)
    page.set_viewport_size(A4)  # type: ignore[arg-type]
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(PAPER) == "rgb(255, 255, 255)"
    assert set(page.eval_on_selector_all("table", "(all) => all.map((one) => getComputedStyle(one).display)")) <= {
        "table"
    }
    assert page.locator("button:visible, input:visible, nav:visible").count() == 0
    assert fits(page)
    page.emulate_media(media="screen")


def test_no_page_is_left_out() -> None:
    """Each route of the pages is looked at above, or stands among those that answer with something else."""
    routes = [route for router in ROUTERS for route in router.routes if "GET" in route.methods]  # type: ignore[attr-defined]
    seen = set(NO_PAGES)
    for shown in PAGES:
        path = shown.path.partition("?")[0]
        seen.add(next((one.path for one in routes if one.path_regex.fullmatch(path)), path))  # type: ignore[attr-defined]
    assert sorted({route.path for route in routes} - seen) == [], "add a line to tests/browser/pages.py"  # type: ignore[attr-defined]
    assert sorted(set(NO_PAGES) - {route.path for route in routes}) == []  # type: ignore[attr-defined]
