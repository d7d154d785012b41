# SPDX-License-Identifier: Apache-2.0
"""Signing in at the organisation's identity provider, against a real one on 127.0.0.1."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from identity_provider import CLIENT, SECRET, IdentityProvider, serving
from joserfc.jwk import RSAKey
from people import enter
from served import ORIGIN
from starlette.testclient import TestClient
from world import World

from countenance.api.app import shielded
from countenance.api.settings import Settings
from countenance.errors import BadInput, NotAllowed
from countenance.ids import AccountId
from countenance.model.account import COMMAND_LINE, Role
from countenance.model.event import EventTag
from countenance.services.provider import KnownBy, Provider, read_provider
from countenance.web.site import site


@pytest.fixture
def there() -> Iterator[IdentityProvider]:
    """The identity provider."""
    with serving() as found:
        yield found


def visit(world: World, there: IdentityProvider, known_by: KnownBy = KnownBy.SUBJECT) -> TestClient:
    """Return a browser at a server that knows the provider."""
    provider = Provider(there.issuer, CLIENT, SECRET, known_by)
    app = shielded(site(world.engine, Settings(origin=ORIGIN, provider=provider)))
    return TestClient(app, base_url=ORIGIN, headers={"Origin": ORIGIN}, follow_redirects=False)


def ann(world: World, there: IdentityProvider, who: str = "4711", role: Role = Role.OPERATOR) -> AccountId:
    """Add an account that is linked."""
    one = world.engine.accounts.add("Ann", role, by=COMMAND_LINE).id
    world.engine.federation.link(one, there.issuer, who, by=COMMAND_LINE)
    return one


def there_and_back(browser: TestClient, go_on: str = "/access") -> str:
    """Go to the provider, sign in there, and return the path on which the browser comes back."""
    went = browser.get("/sign-in/provider", params={"next": go_on})
    assert went.status_code == 303, went.text
    opener = urllib.request.build_opener(_Stay())
    with opener.open(went.headers["location"]) as answer:
        back = urlsplit(answer.headers["Location"])
    assert f"{back.scheme}://{back.netloc}" == ORIGIN
    return f"{back.path}?{back.query}"


class _Stay(urllib.request.HTTPErrorProcessor):
    """Follows no redirect."""

    def http_response(self, _request: Any, response: Any) -> Any:
        return response


def test_who_is_linked_signs_in_and_goes_on(world: World, there: IdentityProvider) -> None:
    """The way there carries state, nonce and PKCE; the way back opens a session of the linked account."""
    one, browser = ann(world, there), visit(world, there)
    assert 'href="/sign-in/provider' in browser.get("/sign-in").text
    back = browser.get(there_and_back(browser))
    assert (back.status_code, back.headers["location"]) == (303, "/access")
    assert browser.get("/api/v1/me").json()["account"] == one
    assert browser.get("/access").status_code == 200


def test_an_address_counts_only_when_the_provider_has_verified_it(world: World, there: IdentityProvider) -> None:
    """Known by e-mail: in any case of letters; unverified it is nobody's."""
    ann(world, there, "Ann@Museum.example")
    browser = visit(world, there, KnownBy.EMAIL)
    assert browser.get(there_and_back(browser)).status_code == 303
    there.person["email_verified"] = False
    browser = visit(world, there, KnownBy.EMAIL)
    assert browser.get(there_and_back(browser)).status_code == 401


def set_claim(name: str, value: object) -> Callable[[IdentityProvider], None]:
    def spoil(there: IdentityProvider) -> None:
        there.spoil = lambda claims: claims.update({name: value})

    return spoil


def drop_claim(name: str) -> Callable[[IdentityProvider], None]:
    def spoil(there: IdentityProvider) -> None:
        there.spoil = lambda claims: claims.pop(name)

    return spoil


def other_key(there: IdentityProvider) -> None:
    there.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})


@pytest.mark.parametrize(
    "spoil",
    [
        set_claim("iss", "https://evil.example"),
        set_claim("aud", "another"),
        set_claim("aud", [CLIENT, "another"]),
        set_claim("azp", "another"),
        set_claim("nonce", "x"),
        set_claim("exp", 1),
        set_claim("sub", 7),
        drop_claim("nonce"),
        drop_claim("exp"),
        drop_claim("sub"),
        other_key,
    ],
)
def test_a_token_that_is_wrong_in_any_part_opens_nothing(
    world: World, there: IdentityProvider, spoil: Callable[[IdentityProvider], None]
) -> None:
    """Issuer, audience, nonce, time, signature: the page says that nobody vouched, and no session opens."""
    ann(world, there)
    browser = visit(world, there)
    spoil(there)
    back = browser.get(there_and_back(browser))
    assert back.status_code == 401
    assert "did not vouch" in back.text
    assert world.rows()["session"] == 0
    assert world.log(EventTag.SIGN_IN_REFUSED)[-1].payload.items() >= {"account": None, "method": "provider"}.items()


def test_no_other_site_sends_a_browser_to_sign_in(world: World, there: IdentityProvider) -> None:
    """A link or a picture of another site opens no session by itself: it ends at the form, where somebody chooses."""
    ann(world, there)
    went = visit(world, there).get(
        "/sign-in/provider", params={"next": "/access"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert (went.status_code, went.headers["location"]) == (303, "/sign-in?next=/access")


def test_no_account_springs_up_by_itself(world: World, there: IdentityProvider) -> None:
    """Somebody whom the provider knows and nobody linked is refused, logged, and leaves no row."""
    browser = visit(world, there)
    before = world.rows()["account"]
    back = browser.get(there_and_back(browser))
    assert back.status_code == 401
    assert world.rows()["account"] == before
    assert world.log(EventTag.SIGN_IN_REFUSED)[-1].payload.items() >= {"account": None, "method": "provider"}.items()


def test_what_was_begun_elsewhere_or_comes_twice_is_refused(world: World, there: IdentityProvider) -> None:
    """A link with somebody else's state and code signs nobody in (login CSRF), nor does a recorded way back."""
    ann(world, there)
    browser, other = visit(world, there), visit(world, there)
    path = there_and_back(browser)
    assert other.get(path).status_code == 401
    assert browser.get(path).status_code == 303
    assert browser.get(path).status_code == 401
    browser.cookies.set("__Host-provider-state", parse_qs(urlsplit(path).query)["state"][0])
    assert browser.get(path).status_code == 401
    late = there_and_back(browser)
    world.clock.tick(minutes=5)
    assert browser.get(late).status_code == 401


def test_a_provider_that_names_another_issuer_or_is_away_is_not_used(world: World, there: IdentityProvider) -> None:
    """The page says to sign in another way; nothing hangs, nothing breaks."""
    browser = visit(world, there)
    for spoiled in ({"issuer": "https://evil.example"}, {"token_endpoint": "http://evil.example/token"}):
        there.description = spoiled
        answer = browser.get("/sign-in/provider")
        assert (answer.status_code, "cannot be used now" in answer.text) == (401, True)
    away = Provider("http://127.0.0.1:9", CLIENT, SECRET)
    app = shielded(site(world.engine, Settings(origin=ORIGIN, provider=away)))
    answer = TestClient(app, base_url=ORIGIN, follow_redirects=False).get("/sign-in/provider")
    assert (answer.status_code, "cannot be used now" in answer.text) == (401, True)


def test_custodians_are_not_linked_and_roles_link_whom_they_take_on(world: World, there: IdentityProvider) -> None:
    """Who runs the provider must not act as a custodian; an auditor links nobody."""
    custodian = world.engine.accounts.add("Cy", Role.CUSTODIAN, by=COMMAND_LINE).id
    one = world.engine.accounts.add("Bo", Role.OPERATOR, by=COMMAND_LINE).id
    _, auditor = enter(world, Role.AUDITOR)
    before = world.state()
    with pytest.raises(BadInput, match="custodian"):
        world.engine.federation.link(custodian, there.issuer, "1", by=COMMAND_LINE)
    with pytest.raises(NotAllowed):
        world.engine.federation.link(one, there.issuer, "1", by=auditor.account)
    assert world.state() == before


def test_ending_a_link_and_disabling_an_account_end_this_way_too(world: World, there: IdentityProvider) -> None:
    """Both at once."""
    one, browser = ann(world, there), visit(world, there)
    world.engine.federation.link(one, there.issuer, "", by=COMMAND_LINE)
    assert browser.get(there_and_back(browser)).status_code == 401
    world.engine.federation.link(one, there.issuer, "4711", by=COMMAND_LINE)
    world.engine.accounts.disable(one, by=COMMAND_LINE)
    assert browser.get(there_and_back(browser)).status_code == 401


@pytest.mark.parametrize("path", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", ""])
def test_nobody_is_sent_to_another_site(world: World, there: IdentityProvider, path: str) -> None:
    """Where to go on is a path of this site, or the first page."""
    ann(world, there)
    browser = visit(world, there)
    assert browser.get(there_and_back(browser, path)).headers["location"] == "/"


def test_the_settings_file_is_read_strictly(tmp_path: Path) -> None:
    """A secret that others may read, another key, a plain-text issuer: refused, and the secret is not repeated."""
    file = tmp_path / "oidc.toml"
    good = 'issuer = "https://id.museum.example"\nclient_id = "c"\nclient_secret = "hush"\nknown_by = "email"\n'
    file.write_text(good)
    file.chmod(0o644)
    with pytest.raises(BadInput, match="chmod 600"):
        read_provider(file)
    file.chmod(0o600)
    assert read_provider(file).known_by is KnownBy.EMAIL
    assert "hush" not in repr(read_provider(file))
    for bad in (
        good + 'more = "x"\n',
        good.replace("https", "http"),
        good.replace('"email"', '"name"'),
        "issuer = 1",
        "]",
    ):
        file.write_text(bad)
        with pytest.raises(BadInput) as refused:
            read_provider(file)
        assert "hush" not in str(refused.value)
