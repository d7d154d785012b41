# SPDX-License-Identifier: Apache-2.0
"""The program with drawn faces, in a process of its own: what tests of a whole server start.

    python tests/drawn_server.py [--slow SECONDS] [--unmetered] serve --data DIR --port 8470

Everything but face pack and decoding in other processes is as it is when people start it.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from fake_pack import drawn_pack, know_tail

from countenance.api.limits import Limits
from countenance.bootstrap import Engine
from countenance.cli.main import main


@dataclass
class Served:
    """A server that runs in a process of its own.

    Attributes:
        process: it.
        origin: where it answers.
        log: the file that its lines go to.
    """

    process: subprocess.Popen[bytes]
    origin: str
    log: Path
    _clients: list[httpx.Client] = field(default_factory=list)

    def client(self, token: str | None = None) -> httpx.Client:
        """Return a client with cookies of its own, signed in where it has a session's token."""
        # A server closes what was idle for some seconds, perhaps while the next request is on its way.
        once = httpx.Limits(max_keepalive_connections=0)
        client = httpx.Client(base_url=self.origin, headers={"Origin": self.origin}, timeout=60, limits=once)
        if token is not None:
            client.cookies.set("session", token)
        self._clients.append(client)
        return client

    def close(self) -> None:
        """Close what it gave away, and kill it where it still runs."""
        for client in self._clients:
            client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)

    def is_ready(self) -> bool:
        """Say whether it answers, and that it can serve."""
        try:
            return httpx.get(f"{self.origin}/api/v1/ready", timeout=5).is_success
        except httpx.TransportError:
            return False

    def wait(self, seconds: float = 60) -> None:
        """Wait until it is ready."""
        for _ in range(int(seconds / 0.05)):
            if self.is_ready():
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"the server did not start: {self.log.read_text()}")

    def lines(self) -> list[str]:
        """Return the lines of its log so far."""
        return self.log.read_text(encoding="utf-8").splitlines()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def served(data: Path, photos: Path, log: Path, *flags: str) -> Iterator[Served]:
    """Serve a data directory until the block ends; what still runs then is killed."""
    port = free_port()
    photos.mkdir(parents=True, exist_ok=True)
    here = Path(__file__).resolve().parent
    command = [sys.executable, str(here / "drawn_server.py"), *flags, "serve"]
    command += ["--data", str(data), "--port", str(port), "--photos", str(photos)]
    paths = os.pathsep.join([str(here), str(here.parent / "src")])
    with (
        log.open("wb") as lines,
        subprocess.Popen(command, stdout=lines, stderr=lines, env={**os.environ, "PYTHONPATH": paths}) as process,
    ):
        server = Served(process, f"http://127.0.0.1:{port}", log)
        try:
            yield server
        finally:
            server.close()


def _run() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--slow", type=float, default=0.0)
    parser.add_argument("--unmetered", action="store_true")
    asked, rest = parser.parse_known_args()
    pack = drawn_pack()
    know_tail()
    if asked.slow:
        pack.encoder.before = lambda: (print("encoding", flush=True), time.sleep(asked.slow))  # type: ignore[attr-defined]
    if asked.unmetered:
        Limits.spend = lambda _limits, _caller: None  # type: ignore[method-assign]
    Engine._load = lambda _engine, _name: pack  # type: ignore[method-assign]
    Engine._crowd = lambda engine, _count: nullcontext(engine._looking())  # type: ignore[method-assign,assignment]
    sys.argv[1:] = rest
    main()


if __name__ == "__main__":
    _run()
