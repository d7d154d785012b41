# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.server`: the server under load, in a process of its own, on 127.0.0.1.

Fills a data directory with sealed references of random vectors, starts `countenance serve`, and searches with
portraits of 250x250 from ../shared/faces through the API with a key, as clients would. Beside it, in turn, what the
face pack alone allows: decode, detect and encode the same probes in as many threads as there are cores.

    python -m benchmarks.server                     searches a second, p50 and p99 at 4 clients; weight of a page
    python -m benchmarks.server --flood 60          the same beside 1,000 requests a second with wrong keys
    python -m benchmarks.server --soak 120          minutes at half of what it can; resident memory, every minute
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import update

from benchmarks.faces import SHARED
from countenance.bench.fill import fill
from countenance.bootstrap import Engine
from countenance.model.account import Role
from countenance.policy.engine import generated_crops
from countenance.policy.roles import Verb
from countenance.store import schema

_REFERENCES = 10_000
_CLIENTS = 4
_SLICE_S = 6.0  # of each side in turn
_WARM_S = 3.0
_PATH = "/api/v1/searches?purpose=photo_delivery&basis=subject_present"


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int
    key: str
    pid: int

    def resident(self) -> float:
        """Return the resident memory of the process, MiB."""
        (line,) = re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        return int(line) / 1024

    def processor_time(self) -> float:
        """Return how long the process has used a processor so far, seconds."""
        user, system = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _probes(count: int) -> list[bytes]:
    return [path.read_bytes() for path in sorted((SHARED / "faces/lfw").rglob("*.jpg"))[:count]]


def _key(directory: Path) -> str:
    """Return an API key of a searcher of the data directory's client."""
    engine = Engine.open(directory)
    (client,) = engine.register.clients()
    with engine._records.write() as work:  # noqa: SLF001 - what is measured is the machine, not the quota
        work.connection.execute(update(schema.client).values(per_hour=1_000_000, per_day=1_000_000))
    accounts = engine.accounts
    accounts.declare_demo()
    account = accounts.add("load", Role.SEARCHER, client=client.id, by="command-line")
    token = accounts.invite(account.id, minutes=10, by="command-line", link=True)
    _, caller = accounts.redeem(str(token))
    engine.close()
    return accounts.new_key(caller, [Verb.SEARCH_MAKE.value], 30, "load")[1]


@contextmanager
def _serving(directory: Path) -> Iterator[Server]:
    key = _key(directory)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "countenance", "serve", "--data", str(directory), "--port", str(port)]
    # Other benchmarks that are imported here keep BLAS to one thread; the server is to be as its operator starts it.
    own = {name: value for name, value in os.environ.items() if name not in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    with subprocess.Popen(command, env=own, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        server = Server(port, key, process.pid)
        try:
            for _ in range(600):
                with suppress(OSError):
                    if _ask(_connect(server), server, b"", "/api/v1/ready", "GET")[0] == 200:
                        break
                time.sleep(0.1)
            yield server
        finally:
            process.terminate()


def _connect(server: Server) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)


def _ask(
    connection: http.client.HTTPConnection, server: Server, body: bytes, path: str = _PATH, method: str = "POST"
) -> tuple[int, float]:
    started = time.perf_counter()
    headers = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/octet-stream"}
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status, time.perf_counter() - started


def _load(server: Server, probes: Sequence[bytes], seconds: float, clients: int, every: float = 0.0) -> list[float]:
    """Return the times of the searches that so many clients made, each the next as soon as it may."""
    end = time.perf_counter() + seconds

    def one(number: int) -> list[float]:
        connection, took, at = _connect(server), [], number
        while time.perf_counter() < end:
            status, spent = _ask(connection, server, probes[at % len(probes)])
            if status not in {201, 422}:  # a probe of no face, or of several, is refused after it was looked at
                sys.exit(f"a search was answered with {status}")
            if status == 201:
                took.append(spent)
            time.sleep(max(0.0, every - spent))
            at += clients
        return took

    with ThreadPoolExecutor(clients) as threads:
        return [spent for part in threads.map(one, range(clients)) for spent in part]


def _pack_alone(engine: Engine, probes: Sequence[bytes], seconds: float) -> int:
    """Return how many probes as many threads as there are cores decode, detect and encode.

    What is encoded is a crop of random pixels, which takes as long as a face.
    """
    end, pack = time.perf_counter() + seconds, engine.pack
    image = next(image for image in (engine._reader.read(one).image for one in probes) if pack.detector.detect(image))  # noqa: SLF001
    crops = generated_crops(1, pack.encoder.align(image, pack.detector.detect(image)[0]).shape[0])

    def one(number: int) -> int:
        done, at = 0, number
        while time.perf_counter() < end:
            faces = pack.detector.detect(engine._reader.read(probes[at % len(probes)]).image)  # noqa: SLF001
            if len(faces) == 1:
                pack.encoder.encode(crops)
                done += 1
            at += os.cpu_count() or 1
        return done

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return sum(threads.map(one, range(os.cpu_count() or 1)))


def _throughput(server: Server, engine: Engine, probes: Sequence[bytes], rounds: int) -> float:
    times: list[float] = []
    alone, spent = 0, 0.0
    _load(server, probes, _WARM_S, _CLIENTS)  # the first search reads models and gallery: `benchmarks.startup`
    for _ in range(rounds):
        before = server.processor_time()
        times += _load(server, probes, _SLICE_S, _CLIENTS)
        spent += server.processor_time() - before
        alone += _pack_alone(engine, probes, _SLICE_S)
    rate, ceiling = len(times) / (rounds * _SLICE_S), alone / (rounds * _SLICE_S)
    print(f"searches a second, {_CLIENTS} clients: {rate:.1f} ({_percentiles(times)})")
    print(f"processor time of a search in the server: {1000 * spent / len(times):.1f} ms")
    print(f"the face pack alone: {ceiling:.1f} probes a second; the server makes {rate / ceiling:.0%} of that")
    return rate


def _percentiles(times: Sequence[float]) -> str:
    p50, p99 = np.percentile(times, [50, 99]) * 1000
    return f"p50 {p50:.0f} ms, p99 {p99:.0f} ms"


def _flood(server: Server, probes: Sequence[bytes], seconds: float) -> None:
    quiet = _load(server, probes, seconds / 2, 2, every=0.25)
    stop, answered = threading.Event(), [0]
    wrong = Server(server.port, "ctn_key_" + "0" * 60, server.pid)

    def bad() -> None:
        connection = _connect(wrong)
        while not stop.is_set():
            if _ask(connection, wrong, b"x", method="POST")[0] != 401:
                sys.exit("a wrong key was let in")
            answered[0] += 1
            time.sleep(0.004)

    threads = [threading.Thread(target=bad, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    started = time.perf_counter()
    flooded = _load(server, probes, seconds, 2, every=0.25)
    rate = answered[0] / (time.perf_counter() - started)
    stop.set()
    print(f"good traffic, 2 clients with 4 searches a second each: {len(quiet) * 2} ({_percentiles(quiet)})")
    print(f"beside {rate:.0f} wrong keys a second: {len(flooded)} ({_percentiles(flooded)})")


def _soak(server: Server, probes: Sequence[bytes], minutes: int, rate: float) -> None:
    _load(server, probes, 60, _CLIENTS)  # warm
    first = server.resident()
    print(f"at {rate / 2:.1f} searches a second; resident after a minute: {first:.0f} MiB", flush=True)
    for minute in range(1, minutes + 1):
        made = _load(server, probes, 60, 2, every=4 / rate)
        now = server.resident()
        if minute % 10 == 0 or minute == minutes:
            print(f"{minute} min: {len(made)} searches, {now:.0f} MiB, {now / first - 1:+.1%}", flush=True)


def _weight(server: Server) -> None:
    connection = _connect(server)

    def get(path: str) -> bytes:
        connection.request("GET", path)
        return connection.getresponse().read()

    text = get("/")
    parts = re.findall(r'(?:href|src)="(/static/[^"]+)"', text.decode())
    total = len(text) + sum(len(get(path)) for path in set(parts))
    print(f"first view of the start page: {total / 1000:.1f} kB in {1 + len(set(parts))} files, not compressed")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--references", type=int, default=_REFERENCES)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--flood", type=int, default=0, metavar="SECONDS")
    parser.add_argument("--soak", type=int, default=0, metavar="MINUTES")
    asked = parser.parse_args()
    probes = _probes(200)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "data"
        fill(directory, asked.references)
        with _serving(directory) as server:
            engine = Engine.open(directory)
            rate = _throughput(server, engine, probes, asked.rounds)
            _weight(server)
            if asked.flood:
                _flood(server, probes, asked.flood)
            if asked.soak:
                _soak(server, probes, asked.soak, rate)


if __name__ == "__main__":
    main()
