# SPDX-License-Identifier: Apache-2.0
"""What somebody does on a page so that another comes of it; `pages.py` names them."""

from __future__ import annotations

from fake_pack import face, photo, png
from playwright.sync_api import FilePayload, Page, expect


def picture(*seeds: int, variant: int = 999) -> FilePayload:
    """Return a photo of drawn faces, as a browser gives a file."""
    return {
        "name": "photo.png",
        "mimeType": "image/png",
        "buffer": png(photo(*(face(seed, variant) for seed in seeds))),
    }


def press(page: Page, name: str) -> None:
    """Press a button that sends a form, and wait for what comes of it."""
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).first.click()


def sign_in_wrongly(page: Page) -> None:
    """Sign in with a password that is wrong."""
    page.locator("[name=name]").fill("nobody")
    page.locator("[name=password]").fill("wrong horse battery staple")
    page.locator("[name=code]").fill("000000")
    press(page, "Sign in")
    expect(page.get_by_role("alert").first).to_be_visible()


def accept(page: Page) -> None:
    """Accept an invitation that does not hold."""
    press(page, "Accept")
    expect(page.get_by_role("alert")).to_be_visible()


def give_a_wrong_code(page: Page) -> None:
    """Open a signing by a code that nobody was given."""
    page.get_by_label("Code").fill("000 000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()


def sign_without_ticks(page: Page) -> None:
    """Sign without the statements that stand by themselves."""
    page.get_by_label("Your full name").fill("Kim Example")
    press(page, "I sign this")
    expect(page.get_by_role("alert")).to_be_visible()


def send_two_faces(page: Page) -> None:
    """Send a picture that shows somebody else too."""
    page.get_by_label("Or choose a picture").set_input_files(picture(81, 82))
    press(page, "Use this picture")
    expect(page.get_by_role("alert")).to_be_visible()


def refuse(page: Page) -> None:
    """Say no to a signing."""
    press(page, "No, I do not want this")


def make_a_key(page: Page) -> None:
    """Make a key for programs."""
    page.get_by_label("What is it for?").fill("Monitor of the log")
    page.get_by_label("log:read").check()
    press(page, "Make the key")


def invite(page: Page) -> None:
    """Invite somebody; the link is shown once."""
    page.get_by_role("row").filter(has_text="New colleague").get_by_role("button", name="Invite").click()
    page.get_by_role("heading", name="Invitation").wait_for()


def add_an_account(page: Page) -> None:
    """Add an account that cannot sign in yet."""
    page.get_by_label("Name").fill("Another auditor")
    page.get_by_label("Role").select_option("auditor")
    press(page, "Add")


def open_a_folder(page: Page) -> None:
    """Look into a folder of the server."""
    press(page, "gala")


def find_somebody(page: Page) -> None:
    """Look for somebody who is not there."""
    page.get_by_role("searchbox").fill("Nobody Known")
    press(page, "Find")


def start_a_signing(page: Page) -> None:
    """Start a signing; its code and its link are shown once."""
    page.get_by_label("Name of the person").fill("Nia Example")
    page.get_by_label("To give me the photos").check()
    page.get_by_label("Blue Door").check()
    press(page, "Start")


def start_nothing(page: Page) -> None:
    """Start a signing that offers nothing."""
    page.get_by_label("Name of the person").fill("Nia Example")
    press(page, "Start")
    expect(page.get_by_role("alert")).to_be_visible()


def choose_a_photo(page: Page) -> None:
    """Choose a photo of two people; the faces are shown, nothing is searched."""
    page.get_by_label("The person in the photo is here").check()
    page.get_by_label("Choose a photo").set_input_files(picture(1, 2))
    expect(page.get_by_text("2 faces were found")).to_be_visible()


def search(page: Page) -> None:
    """Search for somebody who is found."""
    page.get_by_label("The person in the photo is here").check()
    page.get_by_label("Choose a photo").set_input_files(picture(1))
    expect(page.get_by_label("Face 1")).to_be_checked()
    press(page, "Search")
    expect(page.get_by_role("img", name="Searched face")).to_be_visible()


def compare(page: Page) -> None:
    """Compare two photos of one person."""
    page.get_by_label("The person in the photo is here").check()
    page.get_by_label("One photo").set_input_files(picture(1))
    page.get_by_label("The other photo").set_input_files(picture(1, variant=998))
    press(page, "Compare")


def enter_half_an_order(page: Page) -> None:
    """Enter an order whose quotation is not in its words."""
    page.get_by_label("Authority").fill("Circuit Court")
    page.get_by_label("Matter").fill("26 CH 0107")
    page.get_by_label("All of the order's words").fill("No such words.")
    page.get_by_label("Kind", exact=True).select_option("injunction")
    page.get_by_label("Issued on").fill("2026-04-01")
    page.get_by_label("Served on").fill("2026-04-01")
    page.locator("#f-verb-0").select_option("destroy")
    page.locator("#f-quote-0").fill("shall destroy all of it")
    for name in ("name", "contact", "side"):
        page.locator(f"#f-counsel-{name}-0").fill("P. Laintiff")
    press(page, "Enter the order")
    expect(page.get_by_role("alert")).to_be_visible()


def preview(page: Page) -> None:
    """Count whom an order would concern."""
    press(page, "Count now")


def open_the_menu(page: Page) -> None:
    """Open the navigation, as on a phone."""
    page.get_by_role("button", name="Menu", exact=True).click()


def open_evidence(page: Page) -> None:
    """Open what somebody else asked to see; it opens once."""
    press(page, "Open it once")


def drill(page: Page) -> None:
    """See what would follow if the records got out."""
    page.get_by_label("The records").check()
    press(page, "Drill")


def vet_half_a_client(page: Page) -> None:
    """Enter a client whose contract has ended."""
    page.get_by_label("Name", exact=True).fill("Half Museum")
    page.get_by_label("Kind").select_option("museum")
    page.get_by_label("Who answers for it there").fill("Ida Example")
    page.get_by_label("Collection research").check()
    page.get_by_label("Contract").fill("H/1")
    page.get_by_label("Signed on").fill("2020-04-01")
    page.get_by_label("Last day").fill("2021-04-01")
    press(page, "Enter this client")
