# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.ingest`: photos per second of a whole ingest, in turn with what people use today.

Ours is the verb itself: read, decode, find, attribute, decide, align, encode the views, seal, store and log, with
the start of its processes. The peers (`benchmarks.peers`) keep vectors in memory and store nothing; their processes
are started and warm before the clock runs. All use the same number of processes with one thread each; DeepFace also as
whoever calls it has it, in one process with as many threads as its libraries take. Photos:
../shared/faces (250x250), and walls of six faces of 4000x3000, one of them named; the peers encode one face of a wall.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import astuple, dataclass
from pathlib import Path

from benchmarks import faces, peers
from benchmarks.memory import moved, walls
from countenance.bootstrap import Engine
from countenance.ids import SourceId, SubjectId
from countenance.model.purpose import ClientKind, Purpose
from countenance.services.release_act import ReleaseTerms

_PEOPLE = 64  # who take turns in the photos: facts are read anew for each
_ROUNDS = 2
_PEER_PHOTOS = 120  # of a round at most, evenly drawn: the peers take long enough
_PEER_SHARE = 5  # of fewer photos, one in so many
_WARM = 4  # photos for each process of a peer


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--photos", type=int, default=1200, help="of 250x250, in all rounds together")
    options.add_argument("--large", type=int, default=240, help="of 12 megapixels, in all rounds together")
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--pack", choices=faces.PACKS, action="append", help="may be given again; by default all")
    options.add_argument("--deepface", type=Path, metavar="PYTHON", help="of a virtual environment that has DeepFace")
    given = options.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    print(f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        others = {"face_recognition": stack.enter_context(peers.face_recognition(given.jobs))}
        others["face_recognition"](faces.photos()[: given.jobs])  # starts its processes, before there are threads
        for model in peers.DEEPFACE_MODELS if given.deepface else ():
            others[f"DeepFace {model}"] = stack.enter_context(peers.deepface(given.deepface, model, given.jobs))
            others[f"DeepFace {model}, one process"] = stack.enter_context(peers.deepface(given.deepface, model))
        small = faces.photos()
        small = small[:: max(len(small) // given.photos, 1)][: given.photos]
        large = walls(Path(folder), given.large)
        packs = given.pack or faces.PACKS
        for what, paths in (("250x250", small), ("4000x3000", large)):
            show(what, packs, rates(paths, given.jobs, packs, others))


@dataclass(frozen=True)
class Pace:
    """How fast photos were taken in: photos a second, and milliseconds of processor time for each, all processes."""

    per_second: float
    processor_ms: float


def show(what: str, packs: Sequence[str], found: Mapping[str, Pace]) -> None:
    """Print a table: photos per second, processor time of one, and how many times as fast (as little) each pack is."""
    print(f"\n| {what} | /s | processor ms | " + " | ".join(f"{pack}: times" for pack in packs) + " |")
    print("|---|---|---|" + "---|" * len(packs))
    for name, pace in found.items():
        ratios = [
            f"{found[pack].per_second / pace.per_second:.1f} ({pace.processor_ms / found[pack].processor_ms:.1f})"
            for pack in packs
        ]
        print(f"| {name} | {pace.per_second:.2f} | {pace.processor_ms:.1f} | " + " | ".join(ratios) + " |", flush=True)


def rates(paths: Sequence[Path], jobs: int, packs: Sequence[str], others: Mapping[str, peers.Look]) -> dict[str, Pace]:
    """Return the pace of our packs and of the peers, the median of rounds in turn.

    Raises:
        SystemExit: DeepFace found no face in half of the photos or more: what finds nothing is fast.
    """
    measured: dict[str, list[Pace]] = {name: [] for name in (*packs, *others)}
    with tempfile.TemporaryDirectory() as folder:
        enrolled = {pack: enrolling(Path(folder) / pack / "data", pack, _PEOPLE) for pack in packs}
        for look in others.values():
            look(list(paths[:1]) * _WARM * jobs)
        for number in range(_ROUNDS):
            part = paths[number::_ROUNDS]
            for pack, (engine, source, people) in enrolled.items():
                before = _processor_seconds()
                rate = ingested(engine, source, people, part, jobs)
                measured[pack].append(Pace(rate, (_processor_seconds() - before) * 1e3 / len(part)))
            share = min(_PEER_SHARE, len(part) // (2 * jobs))
            few = part[:: max(share, math.ceil(len(part) / _PEER_PHOTOS), 1)]
            for name, look in others.items():
                start, before = time.perf_counter(), _processor_seconds()
                found = look(few)
                rate = len(few) / (time.perf_counter() - start)
                measured[name].append(Pace(rate, (_processor_seconds() - before) * 1e3 / len(few)))
                if name.startswith("DeepFace") and found <= len(few) / 2:
                    raise SystemExit(f"{name} found a face in {found} of {len(few)} photos")
    return {
        name: Pace(*(statistics.median(values) for values in zip(*map(astuple, paces), strict=True)))
        for name, paces in measured.items()
    }


def _processor_seconds() -> float:
    """Return what this process, its children that live and all that have ended have used."""
    ticks = os.sysconf("SC_CLK_TCK")
    used = sum(os.times()[:4])
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()  # proc(5), from the third on
            if int(fields[1]) == os.getpid():
                used += sum(map(int, fields[11:13])) / ticks
    return used


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.machine())


def enrolling(data: Path, pack: str, count: int) -> tuple[Engine, SourceId, list[SubjectId]]:
    """Return an engine on a fresh directory, a source, and people who have signed."""
    engine = Engine.init(data, operator="Benchmark")
    if pack != "dlib":
        faces.install(engine, pack)
        engine.use(pack)
    source = engine.register.add_source("Benchmark", basis="public benchmark photos").id
    terms = ReleaseTerms(frozenset({Purpose.PHOTO_DELIVERY}), frozenset(), frozenset({ClientKind.PHOTOGRAPHER}), 300)
    with engine._records.kept_open():  # noqa: SLF001 - ten thousand people would take an hour
        people = [engine.subjects.add(f"Person {number}", residency=["US-IL"]).id for number in range(count)]
        for person in people:
            engine.subjects.sign(engine.subjects.deliver_notice(person, terms), signer="N. N.")
    return engine, source, people


def ingested(engine: Engine, source: SourceId, people: Sequence[SubjectId], paths: Sequence[Path], jobs: int) -> float:
    """Ingest photos, each claimed for the next person at its middle; return the photos per second."""
    manifest = engine.directory.parent / "faces.csv"
    lines = []
    for number, path in enumerate(paths):
        at = "75,75,100,100"
        if path.parent.parent.name != "lfw":
            right, down = moved(int(path.stem))
            at = f"{450 + right},{250 + down},600,800"
        lines.append(f"{path},{people[number % len(people)]},{at}\n")
    manifest.write_text("photo,subject,x,y,w,h\n" + "".join(lines), encoding="utf-8")
    summary = engine.ingest.run(source, paths, manifest=manifest, jobs=jobs)
    if summary.references < 0.9 * len(paths):
        raise SystemExit(f"{summary.references} references of {len(paths)} photos: {summary.skipped}")
    return summary.photos / summary.seconds


if __name__ == "__main__":
    main()
