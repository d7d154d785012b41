# SPDX-License-Identifier: Apache-2.0
"""By the keyboard alone, as it is: Tab from the top of each page, the focus in sight at every stop."""

from __future__ import annotations

from fake_pack import face, photo, png
from house import House
from playwright.sync_api import FileChooser, FilePayload, Page, expect
from world import DELIVERY

from countenance.model.account import Role
from countenance.model.event import EventTag
from countenance.model.purpose import Purpose
from countenance.model.signing import Offer

STOPS = 80
FOCUSED = """() => {
  const one = document.activeElement;
  const style = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  const name = one.getAttribute("aria-label") || one.labels?.[0]?.innerText || one.innerText || one.name || one.tagName;
  const inSight = box.width > 0 && box.bottom > 0 && box.top < innerHeight && style.visibility === "visible";
  return [name.trim(), inSight && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2];
}"""


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the focus is on what is called so; at every stop it can be seen where the focus is."""
    passed = []
    for _ in range(STOPS):
        page.keyboard.press("Tab")
        called, seen = page.evaluate(FOCUSED)
        assert seen, f"the focus on {called!r} cannot be seen"
        if called.startswith(name):
            return
        passed.append(called)
    raise AssertionError(f"Tab never comes to {name!r}; it passed {passed}")


def give(page: Page, data: bytes) -> None:
    """Choose a file at the file field that has the focus."""
    file: FilePayload = {"name": "me.png", "mimeType": "image/png", "buffer": data}
    chosen: list[FileChooser] = []
    page.on("filechooser", lambda chooser: chosen.append(chooser))  # noqa: PLW0108 - Playwright takes no built-in
    for _ in range(5):  # the browser may not yet know that somebody listens
        page.keyboard.press("Space")
        page.wait_for_timeout(1000)
        if chosen:
            break
    chosen[0].set_files(file)


def test_a_search_from_the_first_link_to_the_verdict(house: House) -> None:
    """Skip link, purpose, basis, photo, the second of two faces, the answer, the verdict: without a mouse."""
    world = house.world
    client, ada = world.client("Blue Door"), world.person("Ada").id
    world.sign(ada)
    world.enrol(world.source(), ada, 1)
    page = house.enter(Role.SEARCHER, client=client)
    page.goto("/search")
    tab_to(page, "Skip to the content")
    page.keyboard.press("Enter")
    tab_to(page, "The person in the photo is here")
    page.keyboard.press("Space")
    tab_to(page, "Choose a photo")
    give(page, png(photo(face(7, 999), face(1, 999))))
    expect(page.get_by_text("2 faces were found")).to_be_visible()
    page.keyboard.press("2")
    expect(page.get_by_label("Face 2")).to_be_checked()
    tab_to(page, "Search")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="1 candidate", exact=True)).to_be_visible()
    tab_to(page, "Same person")
    page.keyboard.press("Enter")
    expect(page.locator("article").get_by_text("confirmed", exact=True)).to_be_visible()
    assert len(world.log(EventTag.SEARCH_ANSWERED)) == 1


def test_a_signing_from_the_code_to_the_receipt(house: House) -> None:
    """Code, home, choices, statements, name, picture, receipt: with Tab, Space and Return."""
    world = house.world
    shop = world.client("Blue Door")
    ada = world.engine.subjects.add("Ada", residency=[]).id
    offer = Offer(frozenset({DELIVERY, Purpose.ARCHIVE_SEARCH}), frozenset({shop}), frozenset(), 300)
    made = world.engine.signings.start(ada, offer, source=world.source(), by="acc_desk")
    page = house.browser()
    page.goto("/sign")
    tab_to(page, "Code")
    page.keyboard.type(made.code or "")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Will you let").wait_for()
    tab_to(page, "Where do you live?")
    page.keyboard.type("Illinois")
    tab_to(page, "Go on")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="What do you allow?").wait_for()
    for name in ("To give me the photos", "Blue Door"):
        tab_to(page, name)
        page.keyboard.press("Space")
    tab_to(page, "Show me what I would sign")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Read, then sign").wait_for()
    tab_to(page, "The notice")  # its box scrolls, so the keyboard must reach it
    for _ in range(page.locator("input[name=statements]").count()):
        tab_to(page, "I agree")
        page.keyboard.press("Space")
    tab_to(page, "Your full name")
    page.keyboard.type("Ada Example")
    tab_to(page, "I sign this")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Now a picture").wait_for()
    tab_to(page, "Or choose a picture")
    give(page, png(photo(face(1, 4))))
    tab_to(page, "Use this picture")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Signed. Thank you.").wait_for()
    tab_to(page, "Show my receipt and my private link")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Receipt of a release").wait_for()
    assert world.found(shop, 1) == {ada}
