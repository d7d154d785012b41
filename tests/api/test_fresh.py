# SPDX-License-Identifier: Apache-2.0
"""Steps that weigh much take having signed in lately; what happened to an account is shown to its owner."""

from __future__ import annotations

import pytest
from served import ClientFor
from starlette.testclient import TestClient
from world import World

from countenance.model.account import Role

WEIGHTY = [
    ("/api/v1/runs/x/approve", {"name": "B. Bell", "title": "Counsel"}),
    ("/api/v1/orders/x/execute", {"name": "B. Bell", "title": "Counsel"}),
    ("/api/v1/holds/x/lift", {}),
    ("/api/v1/evidence/x/open", {}),
    ("/api/v1/law/changes/x/confirm", {}),
    ("/api/v1/client-changes/x/confirm", {}),
    ("/api/v1/accounts", {"name": "Eve", "role": "custodian"}),
    ("/api/v1/accounts/x/invitation", {}),
]


@pytest.fixture
def stale(world: World, client_for: ClientFor) -> TestClient:
    """A custodian who signed in by a passkey 16 minutes ago, and has been at work since."""
    browser = client_for(Role.CUSTODIAN)
    with world.raw() as raw:
        raw.execute("UPDATE session SET method = 'passkey'")  # a demonstration's link is always fresh
    for _ in range(2):
        world.clock.tick(minutes=8)  # type: ignore[union-attr]
        assert browser.get("/api/v1/me").status_code == 200
    return browser


def test_a_session_that_was_left_open_takes_no_step_that_weighs(world: World, stale: TestClient) -> None:
    """After 15 minutes the API says `not_fresh`, and nothing moved."""
    before = world.state()
    for path, said in WEIGHTY:
        answer = stale.post(path, json=said)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_fresh"), path
    assert world.state() == before


def test_a_form_leads_to_the_sign_in_and_back(world: World, stale: TestClient) -> None:
    """The page says so and leads to the sign-in and back to where the form stands; nothing moved."""
    ada = world.person("Ada")
    run = stale.post("/api/v1/runs", json={"subjects": [ada.id]}).json()["id"]
    stale.post(f"/api/v1/runs/{run}/continue", json={"name": "B. Bell", "title": "Counsel"})
    world.engine.background.settle(60)
    before = world.state()
    for form, said, back in (
        (f"/runs/{run}/approve", {"name": "B. Bell", "title": "Counsel"}, f"/runs/{run}"),
        ("/accounts", {"name": "Eve", "role": "custodian"}, "/accounts"),
        ("/evidence/x/open", {}, "/evidence"),
    ):
        answer = stale.post(form, data=said)
        assert answer.status_code == 403, form
        assert f'href="/sign-in?next={back}"' in answer.text, form
    assert world.state() == before


def test_a_sign_in_by_another_browser_is_shown_until_it_was_looked_at(world: World, client_for: ClientFor) -> None:
    """On every page, with the way to the list; `told` ends it."""
    browser = client_for(Role.AUDITOR)
    with world.raw() as raw:
        raw.execute("UPDATE session SET untold = 1")
        raw.execute("UPDATE access_notice SET told = 0, agent = 'firefox/linux'")
    assert "/access#happened" in browser.get("/").text
    shown = browser.get("/access").text
    assert "What happened lately" in shown
    assert "Firefox (Linux)" in " ".join(shown.split())
    (notice,) = browser.get("/api/v1/notices").json()["notices"]
    assert (notice["what"], notice["method"], notice["told"]) == ("signed_in", "link", False)
    assert browser.post("/access/told").status_code == 303
    assert "/access#happened" not in browser.get("/").text
    assert browser.get("/api/v1/notices").json()["notices"][0]["told"] is True


def test_sessions_are_ended_by_their_owner_and_by_who_looks_after_accounts(client_for: ClientFor) -> None:
    """All but one's own by one call; every one of somebody else by another."""
    operator, custodian = client_for(Role.OPERATOR), client_for(Role.CUSTODIAN)
    assert custodian.delete("/api/v1/sessions").json() == {"ended": 0}
    me = operator.get("/api/v1/me").json()["account"]
    assert custodian.post(f"/accounts/{me}/end-sessions").status_code == 303
    assert operator.get("/api/v1/me").status_code == 401
    assert custodian.delete(f"/api/v1/accounts/{me}/sessions").json() == {"ended": 0}
