# SPDX-License-Identifier: Apache-2.0
"""From the start of a process to the answer of its first search.

`python -m countenance.bench.startup DIRECTORY PROBE SPAWNED` is that process: no command for people.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from countenance.bench.fill import PER_SUBJECT, fill
from countenance.bench.table import Left, Progress, Row
from countenance.bootstrap import Engine
from countenance.ids import ClientId
from countenance.model.purpose import Purpose
from countenance.model.search import ProbeBasis
from countenance.services.search import Request

SMALLEST, LARGEST = 100_000, 1_000_000
"""References: fewer are read in no time, and to fill records with more takes longer than a bench may."""
_RUNS = 3
_DISK_BYTES = 8_000  # of records, keys and files for a reference while they are filled


@dataclass(frozen=True, eq=False)
class Opened:
    """A data directory that was opened and searched once.

    Attributes:
        gallery: how many references were searched.
        seconds: of each part, in order; their sum is the whole start.
    """

    engine: Engine
    client: ClientId
    gallery: int
    seconds: dict[str, float]


def request(client: ClientId) -> Request:
    """Return what the first search of a filled directory asks for."""
    return Request(client, Purpose.PHOTO_DELIVERY, ProbeBasis.SUBJECT_PRESENT, "benchmark")


def first_search(directory: Path, probe: bytes, spawned: float) -> Opened:
    """Open a data directory and search it once.

    Args:
        spawned: `time.monotonic()` of the moment at which this process was started.
    """
    marks = {"imports": time.monotonic()}
    engine = Engine.open(directory)
    marks["open"] = time.monotonic()
    engine.pack  # noqa: B018 - loads the models
    marks["models"] = time.monotonic()
    client = engine.register.clients()[0].id
    gallery = engine.searches.search(probe, request(client)).gallery
    marks["search"] = time.monotonic()
    before = [spawned, *marks.values()]
    parts = {name: at - last for (name, at), last in zip(marks.items(), before, strict=False)}
    return Opened(engine, client, gallery, parts)


def startup_rows(size: int, probe: bytes, progress: Progress) -> Iterator[Row | Left]:
    """Fill a directory with so many references, and start it from the records and then from its sealed files.

    Args:
        probe: a photo of one face.
    """
    what = f"start-up with {size:,} references"
    if not SMALLEST <= size <= LARGEST:
        few = "too few to take any time" if size < SMALLEST else "to fill so many records first would take an hour"
        yield Left(what, few)
        return
    with tempfile.TemporaryDirectory() as temporary:
        free, needed = shutil.disk_usage(temporary).free, size * _DISK_BYTES
        if free < needed:
            yield Left(what, f"needs {needed / 2**30:.0f} GiB of disk in {temporary}, {free / 2**30:.0f} GiB are free")
            return
        directory, photo = Path(temporary) / "data", Path(temporary) / "probe.jpg"
        photo.write_bytes(probe)
        fill(directory, size, progress=progress)
        seconds = []
        for number in range(_RUNS + 1):
            progress(f"Starts with {size:,}", number, _RUNS + 1)
            seconds.append(_fresh(directory, photo, size))
    about = f"{what}, {PER_SUBJECT} a subject, to the answer of the first search"
    yield Row(f"startup.{size}.records", f"{about}, from the records alone", seconds[0], "s")
    yield Row(f"startup.{size}.sealed", f"{about}, from its sealed files", statistics.median(seconds[1:]), "s")


def _fresh(directory: Path, photo: Path, size: int) -> float:
    command = [sys.executable, "-m", "countenance.bench.startup", str(directory), str(photo), str(time.monotonic())]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603 - our own module
    answer = json.loads(done.stdout)
    if answer["gallery"] != size:
        raise RuntimeError(f"{answer['gallery']} of {size} references were searched")
    return float(sum(answer["seconds"].values()))


def main() -> None:
    """Open, search, say how long it took, and write the sealed files where there are none."""
    directory, photo, spawned = sys.argv[1:]
    opened = first_search(Path(directory), Path(photo).read_bytes(), float(spawned))
    sys.stdout.write(json.dumps({"gallery": opened.gallery, "seconds": opened.seconds}))
    opened.engine.close()


if __name__ == "__main__":
    main()
