# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.startup`: from starting a process to the answer of its first search, part by part.

Fills a data directory as `countenance bench` does, and starts it in fresh processes: the first builds the gallery from
the records and writes its sealed files, the others start from these. Besides what the bench measures: the parts, peak
memory, any number of references a subject, and what a search takes right after many people were frozen (`--freeze`).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from sqlalchemy import select, update

from countenance.bench.fill import PER_SUBJECT, fill
from countenance.bench.startup import Opened, first_search, request
from countenance.clock import to_text
from countenance.store import schema


def told(label: str, done: int, total: int) -> None:
    """Show on standard error how far something is."""
    print(f"\r{label}: {done} of {total}", end="\n" if done == total else "", file=sys.stderr, flush=True)


def _measure(directory: Path, spawned: float, freeze: int) -> None:
    photo = (directory.parent / "probe.jpg").read_bytes()
    opened = first_search(directory, photo, spawned)
    parts = dict(opened.seconds)
    total = sum(parts.values())
    parts |= _stopped(opened, photo, freeze) if freeze else {}
    started = time.monotonic()
    opened.engine.close()
    parts["writing sealed files (left out)"] = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    parts |= {"total": total, "CPU": time.process_time()}
    print(json.dumps({"gallery": opened.gallery, "peak_mib": peak, "seconds": parts}))


def _stopped(opened: Opened, photo: bytes, count: int) -> dict[str, float]:
    """Freeze so many people at once; return how long that takes, and the search right after, against one more."""
    seconds = {}
    table = schema.subject
    started = time.monotonic()
    with opened.engine._records.write() as work:  # noqa: SLF001 - as an order against a class of people does
        some = select(table.c.id).where(table.c.frozen_at.is_(None)).limit(count)
        work.connection.execute(update(table).where(table.c.id.in_(some)).values(frozen_at=to_text(work.now)))
    seconds[f"freezing {count} (left out)"] = time.monotonic() - started
    for name in ("search after it", "one more"):
        started = time.monotonic()
        result = opened.engine.searches.search(photo, request(opened.client))
        seconds[f"{name} ({result.gallery})"] = time.monotonic() - started
    return seconds


def _run(directory: Path, freeze: int) -> None:
    command = [sys.executable, "-m", "benchmarks.startup", "--measure", str(directory), str(time.monotonic())]
    command += ["--freeze", str(freeze)]
    answer = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    parts = "  ".join(f"{name} {seconds:.2f}" for name, seconds in answer["seconds"].items())
    if answer["gallery"] == 0:
        raise SystemExit("the folder was filled for another encoder; remove it and run this again")
    print(f"{answer['gallery']} references searched; seconds: {parts}; peak {answer['peak_mib']:.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--references", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="fill this folder once, then use it again")
    parser.add_argument("--per-subject", type=int, default=PER_SUBJECT)
    parser.add_argument("--freeze", type=int, default=0, help="freeze so many people at the end of each run")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        _measure(Path(options.measure[0]), float(options.measure[1]), options.freeze)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        if not (folder / "probe.jpg").exists():
            from PIL import Image
            from skimage import data

            folder.mkdir(parents=True, exist_ok=True)
            fill(folder / "data", options.references, per_subject=options.per_subject, progress=told)
            Image.fromarray(data.astronaut()).save(folder / "probe.jpg")  # type: ignore[no-untyped-call]
        for _ in range(options.runs):
            _run(folder / "data", options.freeze)


if __name__ == "__main__":
    main()
