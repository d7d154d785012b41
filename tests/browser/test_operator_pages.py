# SPDX-License-Identifier: Apache-2.0
"""The operator at a real browser: photos that are sent over a line that breaks, and a review by keyboard."""

from __future__ import annotations

import io
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from fake_pack import face, photo, png
from house import House
from PIL import Image
from playwright.sync_api import Page, expect
from world import World

from countenance.api import guard
from countenance.ids import AccountId, PhotoId
from countenance.model.account import Caller, Role
from countenance.model.source import FaceState
from countenance.ports.eyes import SeenPhoto

PHOTOS = 6


@pytest.fixture
def operator(house: House, monkeypatch: pytest.MonkeyPatch) -> Page:
    """An operator's browser; who it is, is taken for proved."""
    caller = Caller(AccountId("acc_opa"), Role.OPERATOR, None, None, "ses_0", is_key=False, scopes=None)
    monkeypatch.setattr(guard, "_proved", lambda _request: caller)
    return house.browser()


def files(folder: Path, *seeds: int) -> list[Path]:
    """Write photos of drawn faces outside of every folder of the server."""
    folder.mkdir(exist_ok=True)
    paths = []
    for seed in seeds:
        path = folder / f"{seed:02}.png"
        path.write_bytes(png(photo(face(seed))))
        paths.append(path)
    return paths


def waits(world: World, *seeds: int) -> PhotoId:
    """Upload a photo whose faces wait."""
    one = world.engine.ingest.one(world.source(), png(photo(*(face(seed) for seed in seeds))), name="x.png", ask=True)
    assert one.photo is not None
    return one.photo


def test_a_lost_connection_loses_no_photo(house: House, operator: Page, tmp_path: Path) -> None:
    """The line breaks while photos are sent, and comes back: each arrives once, and the page goes on by itself."""
    house.world.source()
    operator.goto("/ingests")
    operator.set_input_files("#u-files", files(tmp_path / "sent", *range(PHOTOS)))
    operator.check("#u-ask")
    operator.context.set_offline(True)
    operator.click("#upload button")
    expect(operator.locator("#sending-text")).to_contain_text("Connection lost")
    assert house.world.rows()["photo"] == 0
    operator.context.set_offline(False)
    operator.wait_for_url("**/ingests/job_*")
    expect(operator.locator("#job")).to_contain_text("Done")
    expect(operator.locator("#job")).to_contain_text(f"Photos: {PHOTOS} of {PHOTOS}")
    assert house.world.rows()["photo"] == PHOTOS


def test_a_line_that_breaks_in_the_middle_sends_nothing_twice(house: House, operator: Page, tmp_path: Path) -> None:
    """Photos whose answers were lost are sent again and are known; the sums are right."""
    house.world.source()
    lost = 0

    def drop_answers(route) -> None:  # type: ignore[no-untyped-def]
        nonlocal lost
        lost += 1
        if lost <= 2:
            route.fetch()  # it reached the server, its answer reached nobody
            route.abort("connectionreset")
        else:
            route.continue_()

    operator.route("**/photos", drop_answers)
    operator.goto("/ingests")
    operator.set_input_files("#u-files", files(tmp_path / "sent", *range(PHOTOS)))
    operator.click("#upload button")
    operator.wait_for_url("**/ingests/job_*", timeout=20_000)
    assert lost == PHOTOS + 2
    assert house.world.rows()["photo"] == PHOTOS


def test_a_folder_is_ingested_though_nobody_is_connected(
    house: House, operator: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is lost during an ingest: the job goes on, the page says so and picks it up again by itself."""
    world, go_on = house.world, threading.Event()
    looking = world.engine._looking()
    look = looking.look

    def wait(data: bytes) -> SeenPhoto:
        go_on.wait(20)
        return look(data)

    monkeypatch.setattr(looking, "look", wait)
    monkeypatch.setattr(world.engine.ingest, "_looking", lambda: looking)
    world.source()
    for number in range(PHOTOS):
        world.photo(number, name=f"gala/{number}.png")
    operator.goto("/ingests")
    operator.click("button >> text=gala")
    operator.click("text=Ingest this folder")
    operator.wait_for_url("**/ingests/job_*")
    expect(operator.locator("#job")).to_contain_text("Running")
    operator.context.set_offline(True)
    expect(operator.locator("main")).to_contain_text("Connection lost")
    go_on.set()
    for _ in range(500):
        if world.rows()["photo"] == PHOTOS:
            break
        time.sleep(0.02)
    operator.context.set_offline(False)
    expect(operator.locator("#job")).to_contain_text("Done")
    expect(operator.locator("#job")).to_contain_text("5.png")
    expect(operator.locator("main")).not_to_contain_text("Connection lost")


def test_a_photo_of_twelve_megapixels_is_sent(house: House, operator: Page, tmp_path: Path) -> None:
    """A photo as cameras make them goes through the page, and its outcome is listed."""
    noise = np.random.default_rng(1).integers(0, 256, (3000, 4000, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, "JPEG", quality=85)
    path = tmp_path / "large.jpg"
    path.write_bytes(out.getvalue())
    assert path.stat().st_size > 5 << 20
    house.world.source()
    operator.goto("/ingests")
    operator.set_input_files("#u-files", path)
    operator.click("#upload button")
    operator.wait_for_url("**/ingests/job_*", timeout=30_000)
    expect(operator.locator("#job")).to_contain_text("large.jpg")
    assert house.world.rows()["photo"] == 1


def test_faces_are_decided_on_by_keyboard(house: House, operator: Page) -> None:
    """Arrows, a typed name, Enter, D and U: a photo is reviewed without a mouse."""
    world = house.world
    ada = world.person("Ada Example").id
    world.sign(ada)
    client = world.client()
    one = waits(world, 1, 2)
    operator.goto("/review")
    operator.wait_for_url(f"**/review/{one}")
    expect(operator.locator("#reviewing")).to_be_focused()
    expect(operator.locator("section:visible h2")).to_contain_text("Face 1")
    operator.keyboard.press("ArrowRight")
    expect(operator.locator("section:visible h2")).to_contain_text("Face 2")
    operator.keyboard.press("ArrowLeft")
    operator.keyboard.press("a")
    operator.keyboard.type("exam")
    expect(operator.locator('[role="option"][aria-selected="true"]')).to_have_text("Ada Example")
    with operator.expect_navigation():
        operator.keyboard.press("Enter")
    assert world.found(client, 1) == {ada}
    expect(operator.locator("section:visible h2")).to_contain_text("Face 2")
    with operator.expect_navigation():
        operator.keyboard.press("d")
    assert [face.state for face in world.faces() if face.state is FaceState.DISMISSED]
    expect(operator.locator("main")).to_contain_text("No face waits")
    with operator.expect_navigation():
        operator.click("text=Undo my last decision")
    expect(operator.locator("section:visible h2")).to_contain_text("Face 2")
    with operator.expect_navigation():
        operator.keyboard.press("u")
    assert world.found(client, 1) == set()
    expect(operator.locator("section:visible h2")).to_contain_text("Face 1")


def test_a_wrong_merge_is_split_by_hand_on_a_phone(house: House, operator: Page) -> None:
    """With a finger and without a keyboard, at 360 px: look up the right person, and the face is this person's."""
    world = house.world
    ada, bo = world.person("Ada").id, world.person("Bo").id
    world.sign(ada)
    world.sign(bo)
    client = world.client()
    one = waits(world, 1)
    world.engine.review.assign(world.faces()[0].id, bo)
    operator.set_viewport_size({"width": 360, "height": 760})
    operator.goto(f"/review/{one}")
    operator.fill('section:visible [role="combobox"]', "ada")
    operator.click('[role="option"]')
    operator.wait_for_load_state()
    expect(operator.locator("section:visible")).to_contain_text("Ada")
    assert world.found(client, 1) == {ada}
    assert operator.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_review_needs_no_script(house: House, operator: Page) -> None:
    """Without JavaScript every step is a link or a form."""
    world = house.world
    ada = world.person("Ada Example").id
    world.sign(ada)
    client = world.client()
    waits(world, 1, 2)
    plain = house.browser(java_script_enabled=False)
    plain.goto("/review")
    plain.fill('section:visible input[type="search"]', "ada")
    plain.click("section:visible >> text=Look up")
    plain.click("button:has-text('Ada Example')")
    assert world.found(client, 1) == {ada}
