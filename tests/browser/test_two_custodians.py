# SPDX-License-Identifier: Apache-2.0
"""Two custodians in two browsers: one plans a destruction, only the other can approve it, and both see it happen."""

from __future__ import annotations

from house import House
from order_examples import order_toml
from playwright.sync_api import Page, expect

from countenance.model.account import Role
from countenance.model.event import EventTag

ORDER = order_toml('residency = { places = ["US-IL"], when = "ever" }')


def enter_and_freeze(ann: Page, bea: Page) -> str:
    """One enters an order by its file, the other confirms it and freezes the class; return its address."""
    ann.goto("/orders/new")
    file = {"name": "order.toml", "mimeType": "text/plain", "buffer": ORDER.encode()}
    ann.get_by_label("Order file (TOML)").set_input_files(file)  # type: ignore[arg-type]
    ann.get_by_role("button", name="Enter this file").click()
    ann.wait_for_url("**/orders/ord_*")
    expect(ann.get_by_text("You entered it; somebody else has to confirm it.")).to_be_visible()
    expect(ann.get_by_role("button", name="Confirm")).to_have_count(0)
    bea.goto(ann.url)
    bea.get_by_role("button", name="Confirm").click()
    bea.get_by_role("button", name="Freeze the class").click()
    expect(bea.get_by_text("in force", exact=True)).to_be_visible()
    return ann.url


def test_two_custodians_approve_a_destruction_and_one_alone_cannot(house: House) -> None:
    """Who planned it is offered no approval and is refused one; the other approves; the first one's page follows."""
    world = house.world
    ada = world.person("Ada").id
    world.sign(ada)
    world.enrol(world.source(), ada, 1)
    ann, bea = house.enter(Role.CUSTODIAN), house.enter(Role.CUSTODIAN)
    ann.goto(enter_and_freeze(ann, bea))
    ann.get_by_role("button", name="Plan the destruction").click()
    ann.wait_for_url("**/runs/run_*")
    expect(ann.get_by_text("You asked for it; somebody else has to approve it.")).to_be_visible()

    before = world.state()
    answer = ann.request.post(f"{ann.url}/approve", headers={"Origin": house.address})
    assert (answer.status, "destroy.dual_control" in answer.text()) == (403, True)
    assert world.log(EventTag.RUN_REFUSED)[-1].payload["rule"] == "destroy.dual_control"
    assert world.state() == before

    bea.goto("/custody")
    bea.get_by_role("link", name="Approve a destruction").click()
    bea.get_by_text("Approve and destroy …").click()
    bea.get_by_label("Declared by").fill("B. Bell")
    bea.wait_for_timeout(5_000)  # the page asks for news meanwhile, and must leave the form alone
    expect(bea.get_by_label("Declared by")).to_have_value("B. Bell")
    bea.get_by_role("button", name="Destroy it").click()
    for page in (ann, bea):  # Ann has touched nothing since
        expect(page.get_by_role("link", name="Look at the certificate")).to_be_visible(timeout=30_000)
    expect(ann.get_by_text("You asked for it; somebody else has to approve it.")).to_have_count(0)
    ann.get_by_role("link", name="Look at the certificate").click()
    expect(ann.get_by_text("B. Bell", exact=False)).to_be_visible()
    assert world.engine.subjects.everyone() == []
