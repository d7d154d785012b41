# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.ingest`: photos per second of a whole ingest, in turn with `face_recognition`'s way.

Ours is the verb itself: read, decode, find, attribute, decide, align, encode six views, seal, store and log, with the
start of its processes. The peer's way is that of the package `face_recognition` (HOG on the photo twice as large, five
points, one vector by dlib), kept in memory and stored nowhere; its processes are started and warm before the clock
runs. Both use the same number of processes. Photos: ../shared/faces (250x250), and walls of six faces of 4000x3000.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks import faces
from benchmarks.memory import walls
from countenance.bootstrap import Engine
from countenance.ids import SourceId, SubjectId
from countenance.model.purpose import ClientKind, Purpose
from countenance.services.release_act import ReleaseTerms

_PEOPLE = 64  # who take turns in the photos: facts are read anew for each
_ROUNDS = 2


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--photos", type=int, default=1200, help="of 250x250, in all rounds together")
    options.add_argument("--large", type=int, default=48, help="of 12 megapixels, in all rounds together")
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--pack", choices=faces.PACKS, default="dlib")
    given = options.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    print("| photos | ours | face_recognition | ratio |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        small = faces.photos()
        small = small[:: max(len(small) // given.photos, 1)][: given.photos]
        large = walls(Path(folder), given.large)
        for what, paths, share in (("250x250", small, 5), ("4000x3000", large, 6)):
            ours, peer = rates(paths, given.jobs, given.pack, peer_share=share)
            print(f"| {what} | {ours:.1f} /s | {peer:.2f} /s | {ours / peer:.1f}x |", flush=True)


def rates(paths: Sequence[Path], jobs: int, pack: str = "dlib", peer_share: int = 5) -> tuple[float, float]:
    """Return the photos per second of ours and of the peer, the median of rounds in turn.

    Args:
        peer_share: the peer looks at one of so many photos of each round; it takes long enough.
    """
    ours, peer = [], []
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(jobs) as pool:
        list(pool.map(faces._face_recognition, [paths[0]] * 4 * jobs))  # noqa: SLF001 - warm, each of them
        engine, source, people = enrolling(Path(folder) / "data", pack, _PEOPLE)
        for number in range(_ROUNDS):
            part = paths[number::_ROUNDS]
            ours.append(ingested(engine, source, people, part, jobs))
            start = time.perf_counter()
            few = part[::peer_share]
            list(pool.map(faces._face_recognition, few))  # noqa: SLF001
            peer.append(len(few) / (time.perf_counter() - start))
    return statistics.median(ours), statistics.median(peer)


def enrolling(data: Path, pack: str, count: int) -> tuple[Engine, SourceId, list[SubjectId]]:
    """Return an engine on a fresh directory, a source, and people who have signed."""
    engine = Engine.init(data, operator="Benchmark")
    if pack != "dlib":
        faces.describe(data / "models" / pack)
        engine.models.pull(pack, source=faces.SHARED / "models", accept_licence=None, progress=None)
        engine.use(pack)
    source = engine.register.add_source("Benchmark", basis="public benchmark photos").id
    terms = ReleaseTerms(frozenset({Purpose.PHOTO_DELIVERY}), frozenset(), frozenset({ClientKind.PHOTOGRAPHER}), 300)
    people = [engine.subjects.add(f"Person {number}", residency=["US-IL"]).id for number in range(count)]
    for person in people:
        engine.subjects.sign(engine.subjects.deliver_notice(person, terms), signer="N. N.")
    return engine, source, people


def ingested(engine: Engine, source: SourceId, people: Sequence[SubjectId], paths: Sequence[Path], jobs: int) -> float:
    """Ingest photos, each claimed for the next person at its middle; return the photos per second."""
    manifest = engine.directory.parent / "faces.csv"
    lines = []
    for number, path in enumerate(paths):
        at = "75,75,100,100" if path.parent.parent.name == "lfw" else "450,250,600,800"
        lines.append(f"{path},{people[number % len(people)]},{at}\n")
    manifest.write_text("photo,subject,x,y,w,h\n" + "".join(lines), encoding="utf-8")
    summary = engine.ingest.run(source, paths, manifest=manifest, jobs=jobs)
    if summary.references < 0.9 * len(paths):
        raise SystemExit(f"{summary.references} references of {len(paths)} photos: {summary.skipped}")
    return summary.photos / summary.seconds


if __name__ == "__main__":
    main()
