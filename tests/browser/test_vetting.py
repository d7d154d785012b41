# SPDX-License-Identifier: Apache-2.0
"""Two custodians, each in a browser, vet a client; it is found on the register, suspended, and refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fake_pack import face, photo, png
from house import House
from playwright.sync_api import Page, expect

from countenance.ids import ClientId
from countenance.model.account import Role


def enter(page: Page) -> None:
    """Fill in a vetting, from the list of clients on."""
    today = datetime.now(UTC).date()
    page.goto("/custody")
    page.get_by_role("link", name="Clients").click()
    page.get_by_role("link", name="Vet a client").click()
    page.get_by_label("Name", exact=True).fill("Blue Door Photos")
    page.get_by_label("Kind").select_option("photographer")
    page.get_by_label("Who answers for it there").fill("Eve Example, eve@blue.example")
    page.get_by_label("Place", exact=False).first.fill("US-IL")
    page.get_by_label("Photo delivery").check()
    page.get_by_label("Contract").fill("C/2026/17")
    page.get_by_label("Signed on").fill((today - timedelta(days=2)).isoformat())
    page.get_by_label("Last day").fill((today + timedelta(days=300)).isoformat())
    page.keyboard.press("Enter")


def test_two_custodians_vet_and_one_suspends(house: House) -> None:
    """Who entered it has no button to confirm; the other has; once suspended, the next search is refused."""
    ann, bea = house.enter(Role.CUSTODIAN), house.enter(Role.CUSTODIAN)
    enter(ann)
    expect(ann.get_by_role("main")).to_contain_text("You entered it; somebody else has to confirm it.")
    expect(ann.get_by_role("button", name="Confirm")).to_have_count(0)
    bea.goto("/custody")
    bea.get_by_role("link", name="Confirm a change of what a client may").click()
    expect(bea.get_by_role("main")).to_contain_text("Blue Door Photos")
    bea.get_by_role("button", name="Confirm").click()
    expect(bea.get_by_role("main")).to_contain_text("in force")
    bea.get_by_role("link", name="How the client stands").click()
    client = bea.url.rsplit("/", 1)[1]
    searcher = house.enter(Role.SEARCHER, client=ClientId(client))
    searcher.goto("/search")
    ann.goto(f"/clients/{client}")
    ann.get_by_text("Suspend …").click()
    ann.get_by_label("Why").fill("A complaint is looked into")
    ann.get_by_role("button", name="Suspend it now").click()
    expect(ann.get_by_role("main")).to_contain_text("A complaint is looked into")
    searcher.get_by_label("The person in the photo is here").check()
    picture = {"name": "probe.png", "mimeType": "image/png", "buffer": png(photo(face(1, 999)))}
    searcher.get_by_label("Choose a photo").set_input_files(picture)  # type: ignore[arg-type]
    searcher.get_by_role("button", name="Search").click()
    expect(searcher.get_by_role("alert").first).to_contain_text("client.suspended")
    assert house.complaints == []
