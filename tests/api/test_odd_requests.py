# SPDX-License-Identifier: Apache-2.0
"""Requests that are hardly any: methods that a path has not, bytes that are no HTTP, lengths that lie."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest
from drawn_server import Served, served
from served import ClientFor, Server

from countenance.bootstrap import Engine
from countenance.model.account import Role

API = "/api/v1"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def test_a_method_that_a_path_has_not_is_405_with_those_it_has(server: Server) -> None:
    """On every path of the description, also `OPTIONS` and made-up ones; as a problem, whoever calls."""
    browser = server()
    described = {
        re.compile(re.sub(r"{[^}]*}", "[^/]+", path)): {method.upper() for method in operations}
        for path, operations in browser.get(f"{API}/openapi.json").json()["paths"].items()
    }
    for pattern in described:
        path = pattern.pattern.replace("[^/]+", "x")
        # `/sessions/passkey` could also be the id of a session, which can be deleted.
        has = {method for other, methods in described.items() if other.fullmatch(path) for method in methods}
        for method in {*METHODS, "OPTIONS", "BREW"} - has:
            answer = browser.request(method, path)
            assert answer.status_code == 405, (method, path)
            assert answer.headers["content-type"] == "application/problem+json"
            assert set(answer.headers["allow"].split(", ")) - {"HEAD"} == has, (method, path)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server process on a fresh data directory."""
    folder = tmp_path_factory.mktemp("odd")
    Engine.init(folder / "data", operator="Example Museum")
    with served(folder / "data", folder / "photos", folder / "log") as server:
        server.wait()
        yield server


def said(server: Served, sent: bytes, *, wait_s: float = 2) -> bytes:
    """Send bytes, and return what comes back until the line is closed, or nothing more comes."""
    host, port = server.origin.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=wait_s) as line:
        line.sendall(sent)
        got = b""
        try:
            while piece := line.recv(1 << 16):
                got += piece
        except (TimeoutError, ConnectionResetError):
            pass
        return got


def head(server: Served, *lines: str, path: str = f"{API}/sessions", method: str = "POST") -> bytes:
    """Return the head of a request from a page of this server."""
    host = server.origin.removeprefix("http://")
    first = (f"{method} {path} HTTP/1.1", f"Host: {host}", f"Origin: {server.origin}", "Connection: close")
    return "\r\n".join((*first, *lines, "", "")).encode("latin-1")


JSON = "Content-Type: application/json"
BODY = b'{"name": "n", "password": "p", "code": "1"}'
ODD = {
    "a length beyond the end": (JSON, "Content-Length: 1000"),
    "a length before the end": (JSON, "Content-Length: 5"),
    "a negative length": (JSON, "Content-Length: -1"),
    "a length that is no number": (JSON, "Content-Length: ten"),
    "a length that is huge": (JSON, "Content-Length: 99999999999999999999999"),
    "two lengths": (JSON, "Content-Length: 10", "Content-Length: 43"),
    "a length and chunks": (JSON, "Content-Length: 43", "Transfer-Encoding: chunked"),
    "chunks that are none": (JSON, "Transfer-Encoding: chunked"),
    "an encoding that nobody knows": (JSON, "Content-Encoding: zstd, gzip", f"Content-Length: {len(BODY)}"),
    "no type": (f"Content-Length: {len(BODY)}",),
    "a type that is none": ("Content-Type: ;;;=,", f"Content-Length: {len(BODY)}"),
    "a form without a boundary": ("Content-Type: multipart/form-data", f"Content-Length: {len(BODY)}"),
    "characters that nobody knows": (f"{JSON}; charset=klingon", f"Content-Length: {len(BODY)}"),
    "a cookie of anything": (JSON, f"Content-Length: {len(BODY)}", "Cookie: session=\xff\xfe; ;;=; session="),
    "a key of anything": (JSON, f"Content-Length: {len(BODY)}", "Authorization: Bearer \xff \xfe"),
    "once and once more": (JSON, f"Content-Length: {len(BODY)}", "Idempotency-Key: \xff", "Cookie: session=x"),
    "expectations": (JSON, f"Content-Length: {len(BODY)}", "Expect: 200-maybe"),
    "an upgrade": (JSON, f"Content-Length: {len(BODY)}", "Upgrade: websocket"),
}  # fmt: skip


@pytest.mark.parametrize("lines", ODD.values(), ids=ODD.keys())
def test_odd_heads_are_refused_and_break_nothing(running: Served, lines: tuple[str, ...]) -> None:
    """No 5xx, no traceback in the log, and the next request is answered."""
    answer = said(running, head(running, *lines) + BODY)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 101")), answer[:300]
    assert running.is_ready()
    assert not [line for line in running.lines() if " ERROR " in line]


@pytest.mark.parametrize(
    "path",
    ["/%00", "/%ff%fe", "/api/v1/searches/%00", "/api/v1/people?after=%00", "/..%2f..%2fetc/passwd", "//x", "*",
     "/static/..%2f..%2fserve.py", "/api/v1/log/entries?below=99999999999999999999", "/api/v1/log/checkpoint?size=1e9",
     f"/api/v1/holds/{'x' * 20_000}", "/api/v1/log/entries?since=0000-00-00T00:00:00Z", "http://elsewhere/"],
)  # fmt: skip
def test_odd_paths_are_refused_and_break_nothing(running: Served, path: str) -> None:
    """Whatever stands in the path: an answer that is no 5xx."""
    answer = said(running, head(running, path=path, method="GET"), wait_s=30)
    assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 3", b"HTTP/1.1 200")), answer[:300]
    assert running.is_ready()
    assert not [line for line in running.lines() if " ERROR " in line]


@pytest.mark.parametrize(
    "sent",
    [b"", b"\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 5000,
     b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 200_000 + b"\r\n\r\n", b"GET / HTTP/1.1\r\n: empty\r\n\r\n",
     b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET / HTTP/1.1\r\nX\x00: 1\r\nHost: a\r\n\r\n"],
)  # fmt: skip
def test_bytes_that_are_no_http_break_nothing(running: Served, sent: bytes) -> None:
    """The line is closed, or 4xx; nothing else happens."""
    answer = said(running, sent)
    assert answer == b"" or b" 4" in answer[:14], answer[:300]
    assert running.is_ready()
    assert not [line for line in running.lines() if " ERROR " in line]


def test_a_body_that_stops_coming_holds_nobody_up(running: Served) -> None:
    """A caller who sends half a body and waits is one connection; others are answered meanwhile."""
    host, port = running.origin.removeprefix("http://").split(":")
    lines = [socket.create_connection((host, int(port)), timeout=5) for _ in range(20)]
    try:
        for line in lines:
            line.sendall(head(running, JSON, "Content-Length: 1000") + b'{"name": ')
        assert running.is_ready()
    finally:
        for line in lines:
            line.close()
    assert running.is_ready()


@pytest.mark.parametrize(
    "path",
    ["log/entries?until=-31948", "log/entries?since=1e9", "retention/calendar?first=20260101&last=20260201",
     "retention/days/86400", f"explain/events/{10**20}", f"log/proof/{10**20}",
     f"ingests/job_x/outcomes?after={10**20}"],
)  # fmt: skip
def test_a_number_is_no_day_and_no_index_is_endless(client_for: ClientFor, path: str) -> None:
    """422 where the description says so: seconds since 1970 are no moment, and a database counts to 2^63."""
    answer = client_for(Role.OPERATOR).get(f"{API}/{path}")
    assert (answer.status_code, answer.json()["code"]) == (422, "unprocessable_entity")
