# SPDX-License-Identifier: Apache-2.0
"""Signing in with a real browser: from an invitation to a passkey, to a password with codes, to a key."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pyotp
from house import House
from people import enter
from playwright.sync_api import Page, expect

from countenance.model.account import COMMAND_LINE, Role

WORDS = "correct horse battery staple"


def invitation(house: House, role: Role = Role.OPERATOR, name: str = "Ann") -> str:
    """Return the path of an invitation to a new account."""
    accounts = house.world.engine.accounts
    one = accounts.add(name, role, by=COMMAND_LINE)
    return f"/invitation/{accounts.invite(one.id, minutes=60, by=COMMAND_LINE)}"


def with_device(page: Page) -> None:
    """Give a browser a device that holds passkeys and knows its user."""
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def path(page: Page) -> str:
    return urlsplit(page.url).path


def test_from_an_invitation_to_a_passkey_and_back_in_with_it(named_house: House) -> None:
    """The invited person makes a passkey, signs out, and signs in again with the passkey alone."""
    page = named_house.browser()
    with_device(page)
    link = invitation(named_house)
    page.goto(link)
    page.get_by_role("button", name="Accept").click()
    page.get_by_label("Which device is it on?").fill("My phone")
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.get_by_role("heading", name="Your access")).to_be_visible()
    expect(page.get_by_role("cell", name="My phone")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/access")
    assert path(page) == "/sign-in"
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Your access")).to_be_visible()
    page.goto(link)
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("alert")).to_contain_text("invitation is not good")


def test_a_device_that_says_no_leaves_words_and_another_try(named_house: House) -> None:
    """Whoever cancels is told in words what to do, and the button works again."""
    page = named_house.browser()
    with_device(page)
    page.goto("/sign-in")
    page.get_by_role("button", name="Sign in with a passkey").click()  # the device holds none
    expect(page.get_by_role("alert").first).to_contain_text("The passkey was not used")
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_enabled()


def test_at_an_address_in_digits_the_page_says_that_passkeys_do_not_work(house: House) -> None:
    """No button that can only fail; the password works there."""
    page = house.browser()
    page.goto("/sign-in")
    expect(page.get_by_role("alert").first).to_contain_text("Passkeys work only at an address with a name")
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()


def test_from_an_invitation_to_a_password_with_codes_without_javascript(house: House) -> None:
    """The secret is shown to scan and to type; what was typed wrong comes back with its reason and the same secret."""
    page = house.browser(java_script_enabled=False)
    page.goto(invitation(house))
    page.get_by_role("button", name="Accept").click()
    secret = "".join(page.locator("form code.id").inner_text().split())
    for again in ("something else", WORDS):
        page.get_by_label("New password").fill(WORDS)
        page.get_by_label("The same once more").fill(again)
        page.get_by_label("Code", exact=True).fill(pyotp.TOTP(secret).at(int(house.world.clock.now().timestamp())))
        page.get_by_role("button", name="Set the password").click()
        if again != WORDS:
            expect(page.get_by_role("alert")).to_contain_text("not the same")
            assert secret == "".join(page.locator("form code.id").inner_text().split())
    expect(page.get_by_role("heading", name="Your access")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    house.world.clock.tick(seconds=60)
    page.goto("/sign-in?next=/access")
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill(WORDS)
    page.get_by_label("Code", exact=True).fill(pyotp.TOTP(secret).at(int(house.world.clock.now().timestamp())))
    page.get_by_role("button", name="Sign in", exact=True).click()
    assert path(page) == "/access"


def test_a_key_is_ticked_shown_once_and_revoked(house: House) -> None:
    """The key works as ticked; the page that lists it does not show it; revoked it is turned away."""
    token, _ = enter(house.world, Role.OPERATOR)
    page = house.browser()
    page.context.add_cookies([{"name": "session", "value": token, "url": house.address}])
    page.goto("/access")
    page.get_by_label("What is it for?").fill("Our monitor")
    page.get_by_label("metrics:read").check()
    page.get_by_role("button", name="Make the key").click()
    key = page.locator("code.id", has_text=re.compile("^cnt_key_")).inner_text()

    def ask(address: str) -> int:
        return page.request.get(address, headers={"Authorization": f"Bearer {key}"}).status

    assert (ask("/api/v1/metrics"), ask("/api/v1/me"), ask("/api/v1/keys")) == (200, 403, 403)
    page.goto("/access")
    assert key not in page.content()
    page.get_by_text("Revoke …").click()
    page.get_by_role("button", name="Revoke", exact=True).click()
    assert ask("/api/v1/metrics") == 401


def test_a_custodian_adds_invites_and_disables(house: House) -> None:
    """From the page of accounts; the link is shown once, and the disabled one is out on the next call."""
    token, _ = enter(house.world, Role.CUSTODIAN)
    page, other = house.browser(), house.browser()
    page.context.add_cookies([{"name": "session", "value": token, "url": house.address}])
    page.goto("/accounts")
    page.get_by_label("Name").fill("Bo Example")
    page.get_by_label("Role").select_option("auditor")
    page.get_by_role("button", name="Add", exact=True).click()
    row = page.get_by_role("row", name="Bo Example")
    row.get_by_role("button", name="Invite").click()
    other.goto(page.locator("code.id", has_text="/invitation/").inner_text())
    other.get_by_role("button", name="Accept").click()
    expect(other.get_by_role("heading", name="How you sign in")).to_be_visible()
    page.goto("/accounts")
    row.get_by_text("Disable …").click()
    row.get_by_role("button", name="Disable", exact=True).click()
    expect(row).to_contain_text("Disabled")
    other.reload()
    assert path(other) == "/sign-in"


def test_a_page_is_taken_away_when_its_session_ends_elsewhere(house: House) -> None:
    """As soon as it comes into view again; signing in leads back to it."""
    page = house.enter(Role.OPERATOR)
    page.goto("/people")
    house.world.engine.accounts.end_sessions(house.world.engine.accounts.everyone()[-1].id, by=COMMAND_LINE)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_url("**/sign-in?next=%2Fpeople")


def test_a_page_is_taken_away_when_nobody_can_be_asked(house: House) -> None:
    """Without a connection, once an unused session would be over: nothing personal stands there any more."""
    page = house.browser()
    page.clock.install()
    token, _ = enter(house.world, Role.OPERATOR)
    page.context.add_cookies([{"name": "session", "value": token, "url": house.address}])
    page.goto("/access")
    expect(page.get_by_text("Your access").first).to_be_visible()
    page.context.set_offline(True)
    page.clock.run_for(20 * 60 * 1000)
    expect(page.get_by_text("Your access").first).to_be_visible()
    page.clock.run_for(15 * 60 * 1000)
    expect(page.get_by_text("Your session is over")).to_be_visible()
    assert page.get_by_role("heading", name="Your access").count() == 0
