# SPDX-License-Identifier: Apache-2.0
"""The server ends in the middle of an ingest and starts again: pages say so, keep what they have, and go on."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from fake_pack import face, photo, png
from house import House
from playwright.sync_api import Route, expect

from countenance.model.account import Role
from countenance.ports.eyes import SeenPhoto

PHOTOS = 6


def test_an_upload_goes_on_at_the_server_that_starts_anew(house: House, tmp_path: Path) -> None:
    """Photos that found no server are sent to the next one, none twice; the page was never left, the sums are right."""
    house.world.source()
    paths = []
    for seed in range(PHOTOS):
        paths.append(tmp_path / f"{seed}.png")
        paths[-1].write_bytes(png(photo(face(seed))))
    sent = 0

    def end_at_the_third(route: Route) -> None:
        nonlocal sent
        sent += 1
        if sent == 3:
            house.served.stop()
        route.continue_()

    operator = house.enter(Role.OPERATOR)
    operator.goto("/ingests")
    operator.route("**/photos", end_at_the_third)
    operator.set_input_files("#u-files", paths)
    operator.get_by_role("button", name="Send").click()
    expect(operator.locator("#sending-text")).to_contain_text("Connection lost")
    before = house.world.rows()["photo"]
    assert before < PHOTOS
    house.world.reopen()
    house.served.start()
    operator.wait_for_url("**/ingests/job_*", timeout=20_000)
    expect(operator.locator("#job")).to_contain_text("Done")
    expect(operator.locator("#job")).to_contain_text(f"Photos: {PHOTOS} of {PHOTOS}")
    assert house.world.rows()["photo"] == PHOTOS


def test_a_folder_is_taken_up_again_on_the_page_that_watched_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page says that the connection is lost, then that the server ended in the middle, and takes the rest up."""
    world = house.world
    world.source()
    for number in range(PHOTOS):
        world.photo(number, name=f"gala/{number}.png")
    looking, second = world.engine._looking(), threading.Event()
    look, looked = looking.look, 0

    def slow(data: bytes) -> SeenPhoto:
        nonlocal looked
        looked += 1
        if looked == 2:
            second.wait(20)
        return look(data)

    monkeypatch.setattr(looking, "look", slow)
    monkeypatch.setattr(world.engine.ingest, "_looking", lambda: looking)
    operator = house.enter(Role.OPERATOR)
    operator.goto("/ingests")
    operator.get_by_role("button", name="gala").click()
    operator.get_by_role("button", name="Ingest this folder").click()
    operator.wait_for_url("**/ingests/job_*")
    expect(operator.locator("#job")).to_contain_text("Running")
    ending = threading.Thread(target=house.served.stop)
    ending.start()
    expect(operator.locator("main")).to_contain_text("Connection lost")
    second.set()
    ending.join()
    assert world.rows()["photo"] < PHOTOS
    world.reopen()
    house.served.start()
    expect(operator.locator("#job")).to_contain_text("The server ended in the middle of it", timeout=20_000)
    expect(operator.locator("main")).not_to_contain_text("Connection lost")
    operator.get_by_role("button", name="Take it up again").click()
    expect(operator.locator("#job")).to_contain_text("Done")
    assert world.rows()["photo"] == PHOTOS
