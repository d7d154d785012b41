# SPDX-License-Identifier: Apache-2.0
"""The role matrix: every route of the API and every page, held against the table of verbs, role by role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from served import ORIGIN
from starlette.requests import Request
from starlette.routing import Mount
from starlette.testclient import TestClient

from countenance.api import guard
from countenance.api.app import shielded
from countenance.api.guard import May
from countenance.api.settings import Settings
from countenance.bootstrap import Engine
from countenance.errors import NotAllowed
from countenance.ids import AccountId, ClientId, SubjectId
from countenance.model.account import Caller, Role
from countenance.policy.roles import KEYLESS, MAY, PUBLIC, Verb
from countenance.web.site import site


def verbs_of(dependant: Dependant) -> Iterator[Verb]:
    """Yield every verb that a route asks for."""
    for inner in dependant.dependencies:
        if isinstance(inner.call, May):
            yield inner.call.verb
        yield from verbs_of(inner)


def routes(app: FastAPI) -> dict[tuple[str, str], list[Verb]]:
    """Return the verbs of each method and path."""
    found: dict[tuple[str, str], list[Verb]] = {}
    for route in iter_route_contexts(app.routes):
        if isinstance(getattr(route, "original_route", None), Mount):
            continue
        dependant = getattr(route, "dependant", None)
        for method in route.methods or ():
            if method != "HEAD":
                found[method, route.path] = [] if dependant is None else list(verbs_of(dependant))
    return found


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """The whole server; nothing in this module gets past the guard."""
    engine = Engine.init(tmp_path_factory.mktemp("roles") / "data", operator="Example Museum")
    return site(engine, Settings(origin=ORIGIN))


@pytest.fixture(scope="module")
def browser(app: FastAPI) -> TestClient:
    """Somebody at the door."""
    return TestClient(shielded(app), base_url=ORIGIN, headers={"Origin": ORIGIN}, follow_redirects=False)


def caller(role: Role, scopes: frozenset[str] | None = None) -> Caller:
    """Return somebody of this role."""
    client = ClientId("cli_0000000000000000") if role is Role.SEARCHER else None
    subject = SubjectId("sub_0000000000000000") if role is Role.SUBJECT else None
    return Caller(AccountId(f"acc_{role.value}"), role, client, subject, "ses_0", scopes is not None, scopes)


def test_every_route_asks_for_one_verb_or_is_public_for_a_stated_reason(app: FastAPI) -> None:
    """No route is without an owner: it names one verb of the table, or stands in the short public list."""
    found = routes(app)
    public = {path for (_, path), verbs in found.items() if not verbs}
    assert public == set(PUBLIC)
    assert {key: verbs for key, verbs in found.items() if len(verbs) > 1} == {}
    assert {verb for verbs in found.values() for verb in verbs} == set(MAY) == set(Verb)


@pytest.mark.parametrize("role", Role)
def test_each_role_is_allowed_or_refused_as_the_table_says(
    app: FastAPI, browser: TestClient, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over HTTP every route that the table does not give to a role answers 403 to it, before anything else is read."""
    monkeypatch.setattr(guard, "_proved", lambda _request: caller(role))
    app.state.limits._burst = app.state.limits._per_second = 1_000_000
    for (method, path), verbs in routes(app).items():
        if not verbs or role in MAY[verbs[0]]:
            continue
        answer = browser.request(method, re.sub(r"{[^}]*}", "x", path))
        assert answer.status_code == 403, (method, path)
        if path.startswith("/api/"):
            assert answer.json()["code"] == "not_allowed", (method, path)


@pytest.mark.parametrize("verb", Verb)
def test_a_verb_is_held_by_its_roles_and_by_keys_with_that_scope_only(verb: Verb) -> None:
    """A key does what its scopes say of what its role may: another scope, or another role's, opens nothing."""
    request = Request({"type": "http", "headers": [], "state": {}})
    others = frozenset(v.value for v in Verb if v is not verb)
    for role in Role:
        for scopes in (None, frozenset({verb.value}), others, frozenset()):
            request.state.caller = who = caller(role, scopes)
            allowed = role in MAY[verb] and (scopes is None or (verb.value in scopes and verb not in KEYLESS))
            if allowed:
                assert May(verb)(request) is who
            else:
                with pytest.raises(NotAllowed):
                    May(verb)(request)


def test_a_visitor_gets_nothing_but_the_public(app: FastAPI, browser: TestClient) -> None:
    """Without a session or a key every other route of the API answers 401, and every page leads to the sign-in."""
    for (method, path), verbs in routes(app).items():
        if not verbs:
            continue
        answer = browser.request(method, re.sub(r"{[^}]*}", "x", path))
        if path.startswith("/api/") or method != "GET":
            assert answer.status_code == 401, (method, path)
        else:
            assert answer.status_code == 303, (method, path)
            assert answer.headers["location"].startswith("/sign-in?next=")


def test_the_documented_matrix_is_the_table() -> None:
    """docs/roles.md shows each verb with its roles, as the program has it."""
    shown = (Path(__file__).resolve().parents[2] / "docs" / "roles.md").read_text(encoding="utf-8")
    assert shown == document()


def document() -> str:
    """Return docs/roles.md."""
    lines = [
        "# Who may do what",
        "",
        "Made of `src/countenance/policy/roles.py` by `python tests/api/test_roles.py`. Every route of the API and",
        "every page asks for one of these verbs; an API key can be limited to some of its maker's. The last table",
        "lists what anybody may ask for.",
        "",
        "| verb | " + " | ".join(role.value for role in Role) + " |",
        "|---|" + "---|" * len(Role),
    ]
    for verb in Verb:
        marks = " | ".join("yes" if role in MAY[verb] else "" for role in Role)
        lines.append(f"| `{verb.value}` | {marks} |")
    lines += ["", "| public path | why |", "|---|---|"]
    lines += [f"| `{path}` | {why} |" for path, why in PUBLIC.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(document(), end="")
