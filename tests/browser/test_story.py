# SPDX-License-Identifier: Apache-2.0
"""The whole story in real browsers: asked, signed, pictured, found, taken back, destroyed, certified, checked."""

from __future__ import annotations

import json
from pathlib import Path

from fake_pack import face, photo, png
from house import House
from playwright.sync_api import Page, expect

from countenance.ids import ClientId
from countenance.model.account import Role


def pick(name: str, data: bytes) -> dict[str, object]:
    """Return a file as a browser gives it."""
    return {"name": name, "mimeType": "image/png", "buffer": data}


def sign(house: House, operator: Page) -> str:
    """The operator starts a signing at the desk; somebody signs on a tablet; return the private link."""
    operator.goto("/signings")
    operator.get_by_label("Name of the person").fill("Ada Example")
    operator.get_by_label("The person, who is of age").check()
    operator.get_by_label("To give me the photos").check()
    operator.get_by_label("Blue Door").check()
    operator.get_by_label("For how many days").fill("300")
    operator.get_by_label("Permission that covers the picture").select_option(label="Gala")
    operator.get_by_role("button", name="Start").click()
    code = operator.locator(".sum").inner_text()
    tablet = house.browser(viewport={"width": 800, "height": 1100})
    tablet.goto("/sign")
    tablet.get_by_label("Code").fill(code)
    tablet.keyboard.press("Enter")
    tablet.get_by_label("Where do").select_option("US-IL")
    tablet.get_by_role("button", name="Go on").click()
    tablet.get_by_label("To give me the photos").check()
    tablet.get_by_label("Blue Door").check()
    tablet.get_by_role("button", name="Show me what I would sign").click()
    for box in tablet.locator("input[name=statements]").all():
        box.check()
    tablet.get_by_label("Your full name").fill("Ada Example")
    tablet.get_by_role("button", name="I sign this").click()
    tablet.get_by_label("Or choose a picture").set_input_files(pick("me.png", png(photo(face(1, 4)))))  # type: ignore[arg-type]
    tablet.get_by_role("button", name="Use this picture").click()
    tablet.get_by_role("button", name="Show my receipt and my private link").click()
    return tablet.locator(".link code").inner_text()


def search(page: Page) -> None:
    """Search for the person who signed."""
    page.goto("/search")
    page.get_by_label("The person in the photo is here").check()
    page.get_by_label("Choose a photo").set_input_files(pick("probe.png", png(photo(face(1, 999)))))  # type: ignore[arg-type]
    expect(page.get_by_label("Face 1")).to_be_checked()
    page.get_by_role("button", name="Search").click()


def destroy(custodian: Page) -> None:
    """A custodian carries out what the person asked for."""
    custodian.goto("/requests")
    custodian.locator("main table a").first.click()
    custodian.get_by_text("Destroy …").click()
    custodian.get_by_role("button", name="Destroy everything").click()
    custodian.wait_for_load_state()


def test_from_the_signature_to_the_certificate(house: House, tmp_path: Path) -> None:
    """Each role does its part in a browser of its own; who took it back is nobody, and a stranger checks the proof."""
    client: ClientId = house.world.client("Blue Door")
    house.world.source()
    operator, searcher = house.enter(Role.OPERATOR), house.enter(Role.SEARCHER, client=client)
    custodian = house.enter(Role.CUSTODIAN)
    link = sign(house, operator)

    search(searcher)
    expect(searcher.get_by_role("heading", name="1 candidate", exact=True)).to_be_visible()
    searcher.wait_for_url("**/searches/*")
    answer = searcher.url

    ada = house.browser()
    ada.goto(link)
    ada.get_by_role("button", name="Open my view").click()
    expect(ada.get_by_role("cell", name="Blue Door").last).to_be_visible()
    ada.get_by_text("Take it all back …").click()
    ada.get_by_role("button", name="Yes, take it back").click()
    expect(ada.get_by_text("Nobody finds you")).to_be_visible()
    search(searcher)
    expect(searcher.get_by_role("heading", name="Nobody")).to_be_visible()
    searcher.goto(answer)
    expect(searcher.get_by_text("1 candidate", exact=True)).to_have_count(0)

    ada.get_by_text("Destroy everything …").click()
    ada.get_by_role("button", name="Yes, destroy everything").click()
    destroy(custodian)
    ada.goto(link)
    for _ in range(30):
        if ada.get_by_role("link", name="Save the certificate").count():
            break
        ada.wait_for_timeout(500)
        ada.reload()
    with ada.expect_download() as waiting:
        ada.get_by_role("link", name="Save the certificate").first.click()
    waiting.value.save_as(tmp_path / "certificate.json")
    assert json.loads((tmp_path / "certificate.json").read_text())

    stranger = house.browser()
    stranger.goto("/verify")
    stranger.get_by_label("Public key of the log").fill(house.world.engine.journal.verifier_key())
    stranger.locator("#f-files").set_input_files(tmp_path / "certificate.json")
    expect(stranger.locator("#results")).to_contain_text("Proved")
    expect(stranger.locator("#results")).not_to_contain_text("NOT PROVED")
    assert house.world.engine.subjects.everyone() == []
