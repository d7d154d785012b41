# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.band`: how long a server takes for somebody who may not be disclosed, and for nobody.

Two servers with equal galleries of random vectors; in one of them people of ../shared/faces are enrolled besides, whose
releases do not name what the client searches for. The same probes go to both in turn, over HTTP. What a caller could
tell by the clock is how often the first takes longer: one time in two says nothing (`tests/api/test_no_oracle.py`
holds the work done to be equal).

    python -m benchmarks.band [--references 10000] [--rounds 30]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.faces import SHARED
from benchmarks.server import Server, _ask, _connect, _serving
from countenance.bench.fill import fill
from countenance.bootstrap import Engine
from countenance.model.purpose import ClientKind, Purpose
from countenance.services.release_act import ReleaseTerms

_PEOPLE = 12
_DRAWS = 2000  # of the bootstrap

Times = NDArray[np.float64]


def _people(count: int) -> list[tuple[Path, Path]]:
    """Return two photos each of so many people."""
    folders = sorted((SHARED / "faces/lfw").iterdir())
    pairs = [sorted(folder.glob("*.jpg"))[:2] for folder in folders]
    return [(pair[0], pair[1]) for pair in pairs if len(pair) == 2][:count]


def _hide(directory: Path, photos: Sequence[Path]) -> int:
    """Enrol people who signed for another purpose than the client's; return how many references they have."""
    engine = Engine.open(directory)
    source, terms = engine.register.sources()[0].id, _terms()
    lines = ["photo,subject,x,y,w,h"]
    for photo in photos:
        who = engine.subjects.add(photo.stem, residency=["US-IL"]).id
        engine.subjects.sign(engine.subjects.deliver_notice(who, terms), signer="N. N.")
        lines.append(f"{photo},{who},,,,")
    manifest = directory.parent / "manifest.csv"
    manifest.write_text("\n".join(lines) + "\n", encoding="utf-8")
    made = engine.ingest.run(source, photos, manifest=manifest).references
    engine.close()
    return made


def _terms() -> ReleaseTerms:
    return ReleaseTerms(frozenset({Purpose.ARCHIVE_SEARCH}), frozenset(), frozenset({ClientKind.PHOTOGRAPHER}), 300)


def _measure(hidden: Server, none: Server, probes: Sequence[bytes], rounds: int) -> tuple[Times, Times]:
    """Return the seconds of each probe in each round, of both servers; who is asked first changes."""
    servers = [hidden, none]
    lines = [_connect(server) for server in servers]
    took = np.zeros((2, rounds + 1, len(probes)))
    for at in range(rounds + 1):
        for number, probe in enumerate(probes):
            for side in (0, 1) if (at + number) % 2 else (1, 0):
                status, took[side, at, number] = _ask(lines[side], servers[side], probe)
                if status != 201:
                    sys.exit(f"a search was answered with {status}")
    return took[0, 1:].ravel(), took[1, 1:].ravel()  # the first round opens what opens once


def _report(hidden: Times, none: Times) -> None:
    random = np.random.default_rng(1)
    for name, times in (("not to be disclosed", hidden), ("not enrolled", none)):
        low, middle, high = np.percentile(times, [10, 50, 90]) * 1000
        print(f"{name}: p10 {low:.1f}, p50 {middle:.1f}, p90 {high:.1f} ms ({len(times)} searches)")
    longer = hidden - none  # of the same probe, one right after the other
    draws = random.integers(0, len(longer), (_DRAWS, len(longer)))
    medians = np.median(longer[draws], axis=1) * 1000
    low, high = np.percentile(medians, [2.5, 97.5])
    print(f"median of the differences: {np.median(longer) * 1000:+.2f} ms, 95 % interval {low:+.2f} to {high:+.2f}")
    shares = np.mean(longer[draws] > 0, axis=1)
    low, high = np.percentile(shares, [2.5, 97.5])
    print(
        f"who is hidden takes longer in {np.mean(longer > 0):.1%} of the pairs, 95 % interval {low:.1%} to {high:.1%}"
    )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--references", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=30)
    asked = parser.parse_args()
    pairs = _people(_PEOPLE)
    with tempfile.TemporaryDirectory() as folder:
        here, there = Path(folder) / "hidden" / "data", Path(folder) / "none" / "data"
        for directory in (here, there):
            directory.parent.mkdir()
            fill(directory, asked.references)
        print(f"{_hide(here, [first for first, _ in pairs])} references of {len(pairs)} people are hidden")
        with _serving(here) as hidden, _serving(there) as none:
            probes = [second.read_bytes() for _, second in pairs]
            usable = [one for one in probes if _ask(_connect(none), none, one)[0] == 201]
            _report(*_measure(hidden, none, usable, asked.rounds))


if __name__ == "__main__":
    main()
