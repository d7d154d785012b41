# SPDX-License-Identifier: Apache-2.0
"""The server on the wire: requests that can be read in two ways, heads without end, and whose word counts."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from world import World

from countenance.api.settings import Settings
from countenance.cli import serve
from countenance.cli.output import Output

KNOCK = b"POST /api/v1/sessions/passkey/options HTTP/1.1\r\nHost: %s\r\nOrigin: http://%s\r\nContent-Length: 0\r\n"


@contextmanager
def served(world: World, monkeypatch: pytest.MonkeyPatch, proxy: str | None = None) -> Iterator[int]:
    """Run the server as `countenance serve` does; yield its port."""
    made: list[uvicorn.Server] = []

    class Kept(uvicorn.Server):
        def __init__(self, config: uvicorn.Config) -> None:
            super().__init__(config)
            made.append(self)

    monkeypatch.setattr(uvicorn, "Server", Kept)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = Settings(origin=f"http://127.0.0.1:{port}")
    args = (world.engine, settings, "127.0.0.1", port, Output(as_json=True), proxy)
    thread = threading.Thread(target=serve.run, args=args, daemon=True)
    thread.start()
    for _ in range(500):
        if made and made[0].started:
            break
        time.sleep(0.02)
    try:
        yield port
    finally:
        made[0].should_exit = True
        thread.join(30)


def said(port: int, *parts: bytes) -> bytes:
    """Send bytes; return what comes back until the connection ends or says nothing more."""
    with socket.create_connection(("127.0.0.1", port), 5) as wire:
        wire.settimeout(2)
        got = b""
        try:
            for part in parts:
                wire.sendall(part)
            while some := wire.recv(65536):
                got += some
        except (TimeoutError, ConnectionError):
            pass
        return got


def test_what_can_be_read_in_two_ways_is_not_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two lengths, one with a sign, an unknown coding, a head of megabytes: refused, and no second request is seen.

    Where length and coding both stand, the coding counts (RFC 9112, 6.3).
    """
    with served(world, monkeypatch) as port:
        host = b"127.0.0.1:%d" % port
        head = b"GET /api/v1/health HTTP/1.1\r\nHost: " + host + b"\r\n"
        fine = said(port, head + b"Connection: close\r\n\r\n")
        assert fine.startswith(b"HTTP/1.1 200")
        assert b"\r\nserver:" not in fine.lower()
        inner = b"GET /api/v1/ready HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"
        for trick in (
            b"Content-Length: 0\r\nContent-Length: %d\r\n" % len(inner),
            b"Content-Length: +0\r\n",
            b"Transfer-Encoding: xchunked\r\n",
            b"X : a\r\n",
            b"X: " + b"a" * 2_000_000 + b"\r\n",
        ):
            got = said(port, head.replace(b"GET", b"POST") + trick + b"\r\n", inner)
            assert got.split(b" ")[1:2] in ([b"400"], [b"431"], [b"501"]) or got == b"", (trick[:40], got[:200])
            assert got.count(b"HTTP/1.1 ") <= 1, trick[:40]
        both = b"Content-Length: 1000\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        assert said(port, head.replace(b"GET", b"POST") + both, b"0\r\n\r\n").startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize("proxy", [None, "127.0.0.1", "192.0.2.1"])
def test_a_forwarded_address_is_believed_from_the_named_proxy_alone(
    world: World, monkeypatch: pytest.MonkeyPatch, proxy: str | None
) -> None:
    """Tries to sign in are counted by the address that the named proxy tells; from others the header says nothing."""
    monkeypatch.setattr("countenance.api.app.KNOCKS_AT_ONCE", 2)
    with served(world, monkeypatch, proxy) as port:
        host = b"127.0.0.1:%d" % port
        answers = [
            said(port, KNOCK % (host, host) + b"X-Forwarded-For: 203.0.113.%d\r\nConnection: close\r\n\r\n" % one)
            for one in range(4)
        ]
        codes = [one.split(b" ")[1] for one in answers]
    assert codes == ([b"200"] * 4 if proxy == "127.0.0.1" else [b"200", b"200", b"429", b"429"])
