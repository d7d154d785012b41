# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.destruction`: what destroying takes, and what proving it takes.

Fills data directories with sealed references of random unit vectors as `countenance bench` does. Everything that is
timed runs in one thread, verification by a fresh process and by the scan of every byte included.

(a) one subject of five references among 100,000, in a program that has searched already: until the freeze is
    committed, until a search has answered without the person, until the certificate is signed.
(b) 10,000 of 100,000 subjects, each with a reference and a preview of 30 kB, until the certificate is signed.
(c) entries appended to the log: each in a transaction of its own, flushed to the disk, and a thousand at a time.
(d) `countenance verify` of a certificate, as a process of its own.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from countenance.bench.fill import fill
from countenance.bootstrap import Engine
from countenance.ids import SubjectId
from countenance.model.destruction import Scope
from countenance.model.event import EventTag
from countenance.model.faceprint import unit
from countenance.model.purpose import Purpose

_PREVIEW_BYTES = 30_000
_APPENDS = 1_000


def _search(engine: Engine) -> int:
    """Do what a search does once the probe is encoded; return the size of the gallery."""
    search = engine.searches
    client = engine.register.clients()[0]
    encoder = engine.pack.encoder
    probe = unit(np.random.default_rng(2).normal(size=encoder.dim).astype(np.float32), encoder.digest)
    from countenance.model.search import ProbeBasis
    from countenance.services.search import Request

    request = Request(client.id, Purpose.PHOTO_DELIVERY, ProbeBasis.SUBJECT_PRESENT, "benchmark")
    return search._answer(probe, client, request).gallery  # noqa: SLF001 - the probe is not what is measured


def _subjects(engine: Engine, count: int) -> tuple[SubjectId, ...]:
    """Return the subjects that were added first."""
    with engine._records.read() as work:  # noqa: SLF001
        rows = work.connection.exec_driver_sql("SELECT id FROM subject ORDER BY rowid LIMIT ?", (count,))
        return tuple(row[0] for row in rows)


@contextmanager
def _profiled(*, on: bool) -> Iterator[None]:
    profile = cProfile.Profile()
    if on:
        profile.enable()
    yield
    if on:
        profile.disable()
        pstats.Stats(profile).sort_stats("cumulative").print_stats(40)


def _one(directory: Path, *, profile: bool) -> None:
    engine = Engine.open(directory)
    gallery = _search(engine)
    _search(engine)
    times: list[list[float]] = []
    for subject in _subjects(engine, 5):
        verbs = engine.destruction
        with _profiled(on=profile and not times):
            clocks = (time.perf_counter, time.process_time)
            started = [clock() for clock in clocks]
            run = verbs.plan(Scope((subject,)), requested_by="benchmark")
            verbs.freeze(run.id)
            frozen = [clock() for clock in clocks]
            left = _search(engine)
            correct = [clock() for clock in clocks]
            done = verbs.resume(run.id)
            certified = [clock() for clock in clocks]
            steps = (frozen, correct, certified)
            times.append([end - start for step in steps for start, end in zip(started, step, strict=True)])
        gallery -= run.counts["reference"]
        if left != gallery or done.title != "complete":
            raise SystemExit(f"not destroyed: {left} of {gallery} references left, {done.run.problems}")
    words = ("frozen", "search correct again", "certified")
    wall_and_cpu = [statistics.median(column) * 1000 for column in zip(*times, strict=True)]
    parts = "; ".join(
        f"{word} after {wall:.0f} ms ({cpu:.0f} of CPU)"
        for word, wall, cpu in zip(words, wall_and_cpu[::2], wall_and_cpu[1::2], strict=True)
    )
    print(f"(a) 1 subject of {gallery} references: {parts}; medians of {len(times)}")


def _many(directory: Path, count: int, *, profile: bool) -> None:
    engine = Engine.open(directory)
    scope = Scope(_subjects(engine, count))
    size = (directory / "records.sqlite").stat().st_size / 2**20
    steps: list[tuple[str, float]] = []

    def note(step: str, _done: int, _total: int) -> None:
        if not steps or steps[-1][0] != step:
            steps.append((step, time.perf_counter()))

    with _profiled(on=profile):
        started = time.perf_counter()
        done = engine.destruction.destroy(scope, requested_by="benchmark", progress=note)
        total = time.perf_counter() - started
    if done.title != "complete":
        raise SystemExit(f"not destroyed: {done.run.problems}")
    ends = [*(at for _, at in steps[1:]), started + total]
    parts = ", ".join(f"{step} {end - at:.1f}" for (step, at), end in zip(steps, ends, strict=True))
    counts = done.run.counts
    print(
        f"(b) {counts['subject']} of {counts['before:subject']} subjects, {counts['reference']} references, "
        f"{counts['previews']} previews, records of {size:.0f} MiB: certified after {total:.1f} s "
        f"(plan and freeze {steps[0][1] - started:.1f}, {parts})"
    )


def _appends(directory: Path) -> None:
    engine = Engine.open(directory)
    records = engine._records  # noqa: SLF001 - the log is what is measured
    with records.kept_open():
        started, cpu = time.perf_counter(), time.process_time()
        for number in range(_APPENDS):
            with records.write() as work:
                work.log(EventTag.SEARCH_REFUSED, number=number)
        single, cpu_ms = _APPENDS / (time.perf_counter() - started), time.process_time() - cpu
    nobody = [SubjectId("sub_0000000000000000")] * _APPENDS
    started = time.perf_counter()
    for _ in range(10):
        with records.write() as work:
            work.log_all(EventTag.SUBJECT_FROZEN, nobody)
    batched = 10 * _APPENDS / (time.perf_counter() - started)
    print(
        f"(c) appends to the log per second, with commit: {single:.0f} one by one ({cpu_ms:.2f} ms of CPU each), "
        f"{batched:.0f} by the thousand"
    )


def _verify(directory: Path) -> None:
    engine = Engine.open(directory)
    run = engine.destruction.runs()[-1].id
    path = directory.parent / "certificate.json"
    path.write_bytes(engine.destruction.status(run).document or b"")
    command = [sys.executable, "-m", "countenance", "verify", str(path), "--key", engine.journal.verifier_key()]
    times = []
    for _ in range(9):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - started)
    print(f"(d) `countenance verify` of a certificate, process and all: {statistics.median(times) * 1000:.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--references", type=int, default=100_000, help="of (a)")
    parser.add_argument("--subjects", type=int, default=100_000, help="of (b); a tenth of them is destroyed")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder) / "a", Path(folder) / "b"
        fill(first, options.references)
        _one(first, profile=options.profile)
        _appends(first)
        _verify(first)
        fill(second, options.subjects, per_subject=1, preview=os.urandom(_PREVIEW_BYTES))
        _many(second, options.subjects // 10, profile=options.profile)


if __name__ == "__main__":
    main()
