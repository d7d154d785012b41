# SPDX-License-Identifier: Apache-2.0
"""What every request passes and every answer carries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from people import enter
from served import ORIGIN, Server
from starlette.formparsers import MultiPartParser
from starlette.testclient import TestClient
from world import World

from countenance.api.app import shielded
from countenance.api.settings import LARGEST_UPLOAD, MIB, Settings
from countenance.model.account import Role
from countenance.web.site import site


def test_every_answer_carries_what_keeps_a_browser_safe(server: Server) -> None:
    """Pages, JSON, errors and what is not found at all: no inline code, no foreign frame, no guessing of types."""
    for path in ("/", "/api/v1/health", "/api/v1/nothing", "/nothing", "/static/nothing.css"):
        headers = server().get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        for closed in ("frame-ancestors", "base-uri", "object-src"):
            assert f"{closed} 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["strict-transport-security"].startswith("max-age=")
        assert headers["x-request-id"].startswith("req_")
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers
        assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"


def test_the_camera_may_be_asked_for_by_the_signing_pages_alone(server: Server) -> None:
    """Everywhere else the browser itself refuses it, as it does the microphone everywhere."""
    for path, camera in (("/sign/x", "camera=(self)"), ("/", "camera=()"), ("/sign-in", "camera=()")):
        policy = server().get(path).headers["permissions-policy"].split(", ")
        assert {camera, "microphone=()", "geolocation=()"} <= set(policy)


def test_every_answer_says_what_it_is_and_in_which_encoding(server: Server) -> None:
    """Pages, scripts, styles and drawings name UTF-8, so that no browser guesses."""
    for path, kind in (
        ("/", "text/html; charset=utf-8"),
        ("/static/style.css", "text/css; charset=utf-8"),
        ("/static/js/live.js", "text/javascript; charset=utf-8"),
        ("/static/favicon.svg", "image/svg+xml; charset=utf-8"),
        ("/api/v1/health", "application/json"),
        ("/api/v1/nothing", "application/problem+json"),
    ):
        assert server().get(path).headers["content-type"] == kind, path


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "TRACK", "DEBUG"])
def test_methods_that_nobody_needs_are_not_served(server: Server, method: str) -> None:
    """Nor does any answer repeat what was sent."""
    for headers in ({}, {"Authorization": "Bearer secret"}):
        answer = server().request(method, "/api/v1/me", headers=headers)
        assert answer.status_code in {401, 403, 405}
        assert "secret" not in answer.text


def test_another_host_name_is_not_served(server: Server) -> None:
    """A name that an attacker's DNS points here (rebinding) gets nothing, whatever it asks for."""
    answer = server().get("/api/v1/health", headers={"Host": "evil.example"})
    assert answer.status_code == 421
    assert answer.json()["code"] == "misdirected_request"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"},
        {"Origin": ORIGIN, "Sec-Fetch-Site": "same-site"},
        {"Origin": ORIGIN, "Sec-Fetch-Site": "none"},
        {"Origin": ""},
    ],
)
def test_what_another_site_sends_in_a_browsers_name_is_refused(server: Server, headers: dict[str, str]) -> None:
    """A request that changes something comes from a page of ours, or shows a key; its body is not even read."""
    answer = server().post("/api/v1/me", headers=headers)
    assert answer.status_code == 403
    assert answer.json()["code"] == "forbidden"


def test_a_body_that_is_too_large_is_a_problem_document(server: Server) -> None:
    """A body over the limit ends the request with 413, also where its length was not said before."""

    def unsaid() -> Iterator[bytes]:
        for _ in range(2 * MIB // 1024):
            yield b"x" * 1024

    for body in (b"x" * (2 * MIB), unsaid()):
        answer = server().post("/sign-in", content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert answer.status_code == 413
    answer = server().post("/sign-in", content=b"x" * (2 * MIB))
    assert answer.status_code != 500


def test_no_upload_is_ever_spooled_to_the_disk(server: Server) -> None:
    """A part of a form stays in memory up to the largest upload: a photo is never written in plain."""
    server()
    assert MultiPartParser.spool_max_size > LARGEST_UPLOAD


def test_a_visitor_gets_a_problem_document_and_a_browser_a_sign_in_page(server: Server) -> None:
    """Without a session the API says 401 with a code."""
    answer = server().get("/api/v1/me")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_signed_in"
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_parameter_that_stands_twice_is_refused(server: Server) -> None:
    """Whoever filters requests before this server could read the other of the two."""
    answer = server().get("/api/v1/log/checkpoint?size=1&size=0")
    assert answer.status_code == 422
    assert "twice" in answer.json()["detail"]
    assert "twice" not in server().get("/api/v1/log/checkpoint?size=0&%F5=1").text


def test_an_error_that_nobody_foresaw_says_nothing_of_itself(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """500 with a number that the operator finds in the log; neither answer nor log line repeats its words."""

    def breaks(*_args: object) -> None:
        raise RuntimeError("Ada Lovelace lives in SELECT * FROM subject")

    monkeypatch.setattr(type(world.engine.sign_in), "passkey_options", breaks)
    app = shielded(site(world.engine, Settings(origin=ORIGIN)))
    browser = TestClient(app, base_url=ORIGIN, headers={"Origin": ORIGIN}, raise_server_exceptions=False)
    answer = browser.post("/api/v1/sessions/passkey/options")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_server_error")
    assert answer.json()["request_id"] in caplog.text
    assert "Ada" not in answer.text + caplog.text


def test_one_caller_asks_only_so_often(world: World) -> None:
    """After a burst the answer is 429 with when to come back; another caller is served meanwhile."""
    app = shielded(site(world.engine, Settings(origin=ORIGIN, per_second=0.1, burst=3)))
    browsers = []
    for _ in range(2):
        token, _ = enter(world, Role.AUDITOR)
        browsers.append(TestClient(app, base_url=ORIGIN, cookies={"__Host-session": token}))
    codes = [browsers[0].get("/api/v1/me").status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]
    assert int(browsers[0].get("/api/v1/me").headers["retry-after"]) >= 1
    assert browsers[1].get("/api/v1/me").status_code == 200
