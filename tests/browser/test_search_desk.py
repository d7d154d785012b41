# SPDX-License-Identifier: Apache-2.0
"""The search desk in a real browser: drop or paste a photo, choose a face, read the answer, review it with another."""

from __future__ import annotations

import base64
import io
import re

from fake_pack import blurred, face, photo, png
from house import House
from people import enter
from PIL import Image as Pillow
from playwright.sync_api import Page, expect

from countenance.ids import ClientId, SubjectId
from countenance.model.account import Role
from countenance.model.event import EventTag

_GIVE = """([selector, kind, data]) => {
  const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
  const given = new DataTransfer();
  given.items.add(new File([bytes], "pasted.png", { type: "image/png" }));
  const more = { bubbles: true, cancelable: true };
  const event = kind === "paste"
    ? new ClipboardEvent("paste", { ...more, clipboardData: given })
    : new DragEvent("drop", { ...more, dataTransfer: given });
  document.querySelector(selector).dispatchEvent(event);
}"""


def enrolled(house: House, residency: str = "US-IL") -> tuple[ClientId, SubjectId]:
    world = house.world
    client, ada = world.client("Blue Door"), world.person("Ada", residency)
    world.sign(ada.id)
    world.enrol(world.source(), ada.id, 1)
    return client, ada.id


def searcher(house: House, client: ClientId) -> Page:
    """Return the page of somebody who has just signed in."""
    token, _ = enter(house.world, Role.SEARCHER, client=client)
    page = house.browser()
    page.context.add_cookies([{"name": "session", "value": token, "url": house.address}])
    return page


def choose(page: Page, data: bytes) -> None:
    """State why, and choose a photo as a file."""
    page.goto("/search")
    page.get_by_label("The person in the photo is here").check()
    page.get_by_label("Choose a photo").set_input_files({"name": "probe.png", "mimeType": "image/png", "buffer": data})


def probe(*seeds: int) -> bytes:
    return png(photo(*(face(seed, 999) for seed in seeds)))


def test_a_face_is_chosen_by_its_number_and_found(house: House) -> None:
    """Of three faces the one that cannot be searched says why; the third is chosen by a key and found, side by side."""
    client, ada = enrolled(house)
    page = searcher(house, client)
    choose(page, png(photo(face(2, 999), blurred(5), face(1, 999))))
    expect(page.get_by_text("3 faces were found")).to_be_visible()
    expect(page.get_by_label("Face 2 cannot be searched")).to_be_disabled()
    page.keyboard.press("2")
    page.keyboard.press("3")
    expect(page.get_by_label("Face 3", exact=True)).to_be_checked()
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="1 candidate", exact=True)).to_be_visible()
    expect(page.get_by_text(ada)).to_be_visible()
    for name in ("Searched face", "Face of candidate 1"):
        picture = page.get_by_role("img", name=name)
        expect(picture).to_be_visible()
        assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth > 0)")
    expect(page.get_by_role("img", name="Where scores lie")).to_be_visible()
    assert len(house.world.log(EventTag.SEARCH_ANSWERED)) == 1


def test_a_photo_is_pasted_or_dropped(house: House) -> None:
    """A pasted photo is framed and searched; a dropped one takes its place. A click on a frame chooses its face."""
    client, _ = enrolled(house)
    page = searcher(house, client)
    page.goto("/search")
    page.evaluate(_GIVE, ["body", "paste", base64.b64encode(probe(1)).decode()])
    expect(page.get_by_text("State purpose and basis")).to_be_visible()
    page.get_by_label("The person in the photo is here").check()
    expect(page.get_by_label("Face 1")).to_be_checked()
    page.evaluate(_GIVE, ["[data-drop]", "drop", base64.b64encode(probe(1, 7)).decode()])
    expect(page.get_by_text("2 faces were found")).to_be_visible()
    page.locator("svg [data-number='2'] rect").click()
    expect(page.get_by_label("Face 2")).to_be_checked()
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="Nobody")).to_be_visible()


def test_nobody_says_what_it_means_and_what_not(house: House) -> None:
    """An empty answer is explained: how many references, which threshold, how often people are missed."""
    client, _ = enrolled(house)
    page = searcher(house, client)
    choose(page, probe(7))
    expect(page.get_by_label("Face 1")).to_be_checked()
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="Nobody")).to_be_visible()
    expect(page.get_by_text("compared with the 1 reference")).to_be_visible()
    expect(page.get_by_text("It does not say who the person is not.")).to_be_visible()
    expect(page.get_by_role("heading", name="The scores in context")).to_have_count(0)


def test_a_photo_without_a_face_or_none_at_all_is_told_at_once(house: House) -> None:
    """The page says what is wrong with the file before anything is searched."""
    client, _ = enrolled(house)
    page = searcher(house, client)
    choose(page, png(photo()))
    expect(page.get_by_text("No face was found")).to_be_visible()
    choose(page, b"no photo at all")
    expect(page.get_by_role("alert")).to_contain_text("not a JPEG")
    assert house.world.log(EventTag.SEARCH_ANSWERED) == []


def test_going_back_and_searching_again_with_another_photo_is_a_new_search(house: House) -> None:
    """A reload of the answer is not a second search; another photo is one, even in a form that was sent before."""
    client, _ = enrolled(house)
    page = searcher(house, client)
    choose(page, probe(1))
    expect(page.get_by_label("Face 1")).to_be_checked()
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="1 candidate", exact=True)).to_be_visible()
    page.wait_for_url("**/searches/*")  # a script gives the answer the address of the stored one
    page.reload()
    expect(page.get_by_text("The searched photo is not kept")).to_be_visible()
    assert len(house.world.log(EventTag.SEARCH_ANSWERED)) == 1
    choose(page, probe(7))
    expect(page.get_by_label("Face 1")).to_be_checked()
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="Nobody")).to_be_visible()
    assert len(house.world.log(EventTag.SEARCH_ANSWERED)) == 2


def test_two_reviewers_decide_each_alone(house: House) -> None:
    """The second brings the photo again, does not see the first one's verdict, and only then is it confirmed."""
    client, _ = enrolled(house, "DE")
    ann, bo = searcher(house, client), searcher(house, client)
    choose(ann, probe(1))
    expect(ann.get_by_label("Face 1")).to_be_checked()
    ann.get_by_role("button", name="Search").click()
    ann.get_by_role("button", name="Same person", exact=True).click()
    expect(ann.get_by_text("You have decided")).to_be_visible()
    expect(ann.get_by_text("same person", exact=True)).to_be_visible()
    bo.goto("/searches")
    bo.get_by_role("link", name=re.compile("^sea_")).click()
    expect(bo.get_by_text("sealed until all have looked")).to_be_visible()
    assert "same person</strong>" not in bo.content()
    bo.get_by_label("Choose a photo").set_input_files(
        {"name": "again.png", "mimeType": "image/png", "buffer": probe(1)}
    )
    expect(bo.get_by_role("img", name="Searched face")).to_be_visible()
    bo.get_by_role("button", name="Same person", exact=True).click()
    expect(bo.locator("article").get_by_text("confirmed", exact=True)).to_be_visible()
    ann.reload()
    expect(ann.locator("article").get_by_text("confirmed", exact=True)).to_be_visible()
    assert len(house.world.log(EventTag.SEARCH_ANSWERED)) == 1


def test_a_withdrawal_empties_the_open_answer_and_its_report(house: House) -> None:
    """Reloaded, the answer is nobody, and the report to print says so too."""
    client, ada = enrolled(house)
    page = searcher(house, client)
    choose(page, probe(1))
    expect(page.get_by_label("Face 1")).to_be_checked()
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Report to print").click()
    expect(page.get_by_text(ada)).to_be_visible()
    house.world.engine.subjects.withdraw(ada)
    page.reload()
    expect(page.get_by_text(ada)).to_have_count(0)
    expect(page.get_by_role("heading", name="Outcome: nobody")).to_be_visible()
    page.get_by_role("link", name="Answer").click()
    expect(page.get_by_role("heading", name="Nobody")).to_be_visible()


def test_a_photo_that_the_browser_cannot_show_is_searched_all_the_same(house: House) -> None:
    """Of a TIFF only the frames of the faces are drawn, and the page says so; it is searched as any other."""
    client, _ = enrolled(house)
    page = searcher(house, client)
    out = io.BytesIO()
    Pillow.fromarray(photo(face(7), face(1, 999))).save(out, "TIFF")
    choose(page, out.getvalue())
    expect(page.get_by_text("This browser cannot show this kind of photo")).to_be_visible()
    page.locator("svg [data-number='2'] rect").click()
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="1 candidate", exact=True)).to_be_visible()
