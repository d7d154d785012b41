# SPDX-License-Identifier: Apache-2.0
"""Signing in a real browser: with a camera, by the keyboard, on a phone; no picture leaves before the signature."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from fake_pack import CELL, face, photo, png
from house import CHROMIUM, FLAGS, House
from PIL import Image as Pillow
from playwright.sync_api import Browser, Page, Request, expect
from world import DELIVERY, World

from countenance.model.account import Role
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.signing import Offer
from countenance.model.subject import AgeBand
from countenance.services.signing import Started

PHONE = {"width": 360, "height": 740}


@pytest.fixture
def filmed(chromium: Browser, tmp_path: Path) -> Iterator[Browser]:
    """Chromium with a camera that shows one drawn face, still; what is beside it gives light and sharpness."""
    scene = np.random.default_rng(7).integers(90, 170, (48, 64, 1)).repeat(3, 2).astype(np.uint8)
    picture = np.asarray(Pillow.fromarray(scene).resize((640, 480), Pillow.Resampling.NEAREST)).copy()
    picture[:CELL, :CELL] = photo(face(1))
    picture[2:22, 2:22] = photo(face(1))[9, 9]  # the mark, wider: films have half of the colours' detail
    Pillow.fromarray(picture).save(tmp_path / "frame.jpg", "JPEG", quality=100, subsampling=0)
    film = tmp_path / "face.mjpeg"
    film.write_bytes((tmp_path / "frame.jpg").read_bytes() * 4)
    flags = [*FLAGS, "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"]
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=flags)
    yield browser
    browser.close()


def started(world: World, **person: Any) -> Started:
    """Start a signing of somebody new."""
    shop = world.client("Aperture & Sons")
    subject = world.engine.subjects.add("Ada", residency=[], **person).id
    offer = Offer(frozenset({DELIVERY, Purpose.ARCHIVE_SEARCH}), frozenset({shop}), frozenset({ClientKind.MUSEUM}), 300)
    return world.engine.signings.start(subject, offer, source=world.source(), by="acc_desk")


def to_the_notice(page: Page, one: Started, place: str = "US-IL") -> None:
    """Go from the link to the notice of one purpose and one client."""
    page.goto(f"/sign/{one.token}")
    page.get_by_label("Where do").or_(page.get_by_label("Where does")).select_option(place)
    page.get_by_role("button", name="Go on").click()
    assert page.locator("input:checked").count() == 0
    clean(page)
    page.get_by_label("To give me the photos").check()
    page.get_by_label("Aperture & Sons").check()
    page.get_by_role("button", name="Show me what I would sign").click()
    page.get_by_role("heading", name="Read, then sign").wait_for()


def clean(page: Page) -> None:
    """Hold a page against WCAG 2.2 AA."""
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    found = Axe().run(page, options=rules)
    assert found.violations_count == 0, found.generate_report()


def narrow(page: Page) -> bool:
    """Say whether nothing scrolls sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_the_whole_signing_on_a_phone_with_a_camera(world: World, house: House, filmed: Browser) -> None:
    """Choose, read, tick, draw, sign, take the picture, keep the receipt: and no picture left before the signature."""
    one = started(world)
    page = house.browser(filmed, viewport=PHONE, has_touch=True, permissions=["camera"])
    sent: list[tuple[str, int]] = []

    def note(request: Request) -> None:
        if request.method == "POST":
            sent.append((request.url, len(request.post_data_buffer or b"")))

    page.on("request", note)
    to_the_notice(page, one, "unknown")
    assert narrow(page)
    for box in page.locator("input[name=statements]").all():
        box.check()
    page.get_by_label("Your full name").fill("Ada Example")
    pad = page.locator("canvas.pad")
    pad.scroll_into_view_if_needed()
    at = pad.bounding_box()
    assert at is not None
    page.mouse.move(at["x"] + 30, at["y"] + 60)
    page.mouse.down()
    for step in range(20):
        page.mouse.move(at["x"] + 30 + 10 * step, at["y"] + 60 + 25 * (step % 2))
    page.mouse.up()
    page.get_by_text("Drawn.").wait_for()
    clean(page)
    page.get_by_role("button", name="I sign this").click()
    page.get_by_role("heading", name="Now a picture").wait_for()
    before = list(sent)
    assert all(size < 20_000 and "picture" not in url for url, size in before)
    page.get_by_role("button", name="Use the camera").click()
    page.get_by_text("Good. Hold still.").wait_for()
    assert sent == before
    clean(page)
    assert narrow(page)
    page.get_by_role("button", name="Take the picture").click()
    page.get_by_role("button", name="Use this picture").click()
    page.get_by_role("heading", name="Signed. Thank you.").wait_for()
    page.get_by_role("button", name="Show my receipt and my private link").click()
    page.get_by_role("heading", name="Receipt of a release").wait_for()
    assert page.locator(".signature svg").count() == 1
    clean(page)
    assert narrow(page)
    link = page.locator(".link code").inner_text()
    page.goto(link)
    page.get_by_role("button", name="Open my view").click()
    page.get_by_role("heading", name="What is held about you").wait_for()
    assert narrow(page)
    clean(page)
    loaded = "async image => { image.scrollIntoView(); await image.decode(); return image.naturalWidth }"
    assert page.locator(".tiles img").evaluate(loaded) > 0


def test_by_the_keyboard_alone_with_a_file_and_without_drawing(world: World, house: House) -> None:
    """Tab, space and return carry somebody from the code to the receipt; the name that is typed is the signature."""
    one = started(world)
    page = house.browser()
    page.goto("/sign")
    page.get_by_label("Code").focus()
    page.keyboard.type(one.code or "")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Will you let").wait_for()
    page.get_by_role("button", name="Go on").focus()
    page.keyboard.press("Enter")
    for name in ("To give me the photos", "Aperture & Sons"):
        page.get_by_label(name).focus()
        page.keyboard.press("Space")
    page.get_by_role("button", name="Show me").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Read, then sign").wait_for()
    for box in page.locator("input[name=statements]").all():
        box.focus()
        page.keyboard.press("Space")
    page.get_by_label("Your full name").focus()
    page.keyboard.type("Ada Example")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Now a picture").wait_for()
    two = {"name": "both.png", "mimeType": "image/png", "buffer": png(photo(face(1), face(2)))}
    page.get_by_label("Or choose a picture").set_input_files(two)  # type: ignore[arg-type]
    page.get_by_role("button", name="Use this picture").click()
    page.get_by_text("More than one face is in the picture").wait_for()
    alone = {"name": "me.png", "mimeType": "image/png", "buffer": png(photo(face(1, 4)))}
    page.get_by_label("Or choose a picture").set_input_files(alone)  # type: ignore[arg-type]
    page.get_by_role("button", name="Use this picture").click()
    page.get_by_role("heading", name="Signed. Thank you.").wait_for()
    assert len(world.engine.subjects.show(one.signing.subject).faces) == 1


def scanned(page: Page, alt: str) -> str:
    """Return what a phone reads from the QR code of a page."""
    picture = cv2.imdecode(np.frombuffer(page.get_by_alt_text(alt).screenshot(), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return str(cv2.QRCodeDetector().detectAndDecode(picture)[0])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_persons_own_phone_opens_the_signing_by_the_qr_code(world: World, house: House, scheme: Any) -> None:
    """The desk's page shows the link as a QR code that a camera reads in either scheme; it leads to the first step."""
    world.source()
    world.client("Aperture & Sons")
    desk = house.enter(Role.OPERATOR, color_scheme=scheme)
    desk.goto("/signings")
    desk.get_by_label("Name of the person").fill("Ada")
    desk.get_by_label("To give me the photos").check()
    desk.get_by_label("Aperture & Sons").check()
    desk.get_by_role("button", name="Start").click()
    desk.get_by_role("heading", name="A signing is ready").wait_for()
    clean(desk)
    link = scanned(desk, "QR code of the link of this signing")
    assert link.startswith(f"{house.address}/sign/")
    phone = house.browser(viewport=PHONE)
    phone.goto(link)
    phone.get_by_role("heading", name="Will you let").wait_for()


def test_no_is_as_near_as_yes_and_what_is_missing_is_said(world: World, house: House) -> None:
    """Without a tick the page says what is missing and keeps what was typed; "No" is on every step, and ends it."""
    one = started(world)
    page = house.browser(viewport=PHONE)
    to_the_notice(page, one, "unknown")
    page.get_by_label("Your full name").fill("Ada Example")
    page.get_by_role("button", name="I sign this").click()
    page.get_by_text("Nothing is signed yet").wait_for()
    expect(page.get_by_role("alert")).to_contain_text("a tick at: I agree to no sale")
    assert page.get_by_label("Your full name").input_value() == "Ada Example"
    page.get_by_role("button", name="No, I do not want this").click()
    page.get_by_role("heading", name="You said no").wait_for()
    page.goto(f"/sign/{one.token}")
    page.get_by_role("heading", name="This link is over").wait_for()
    assert world.engine.subjects.show(one.signing.subject).releases == ()


def test_a_guardian_signs_for_a_child(world: World, house: House) -> None:
    """The representative states the right to sign and types the recorded name; where the law forbids it, it says so."""
    one = started(world, age_band=AgeBand.MINOR, representative="Cy Example")
    page = house.browser(viewport=PHONE)
    page.goto(f"/sign/{one.token}")
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("To give me the photos").check()
    page.get_by_label("Aperture & Sons").check()
    page.get_by_role("button", name="Show me").click()
    page.get_by_text("allows no minors").wait_for()
    to_the_notice(page, one)
    page.get_by_label("I am a parent").check()
    for box in page.locator("input[name=statements]").all():
        box.check()
    page.get_by_label("Your full name").fill("Cy Example")
    page.get_by_role("button", name="I sign this").click()
    page.get_by_role("heading", name="Now a picture of the child").wait_for()
