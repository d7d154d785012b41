# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.memory`: the peak memory of ingesting fifty 12-megapixel photos.

With `--people 10000`: how memory grows while so many people are enrolled with a photo each.

The photos are JPEGs of 4000 x 3000, six faces each, tiled from scikit-image's astronaut and moved by a few
pixels so that no two are alike. They are read once in this process, to time the reader alone, then ingested by
the command line in a process of its own. Peaks are resident set sizes as the kernel counts them.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

from countenance.backends.photos import PillowReader

_ACROSS = 150  # walls side by side: the first face stays in the photo


def walls(folder: Path, count: int) -> list[Path]:
    """Write JPEGs of 4000 x 3000 with six faces each; return their paths."""
    portrait = np.asarray(Image.fromarray(data.astronaut()).resize((1500, 1500)))
    wall = np.tile(portrait, (2, 3, 1))[:, :4000]
    paths = [folder / f"{number:02d}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        Image.fromarray(np.roll(wall, moved(number), axis=(1, 0))).save(path, quality=90)
    return paths


def moved(number: int) -> tuple[int, int]:
    """Return by how many pixels, to the right and down, a wall is moved against the first: no two are the same."""
    return 16 * (number % _ACROSS), number // _ACROSS


def _countenance(*arguments: str) -> dict[str, object]:
    """Run one command and return the last line of its JSON."""
    command = [sys.executable, "-m", "countenance", *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _peak_mib(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / 1024  # Linux counts in KiB


def growth(people: int, jobs: int, packing: str = "dlib") -> tuple[float, float]:
    """Enrol people with a photo each; return this process's memory after a tenth of them and at the end, in MiB."""
    from benchmarks import faces
    from benchmarks.ingest import enrolling

    known = faces.photos()
    with tempfile.TemporaryDirectory() as temporary:
        engine, source, subjects = enrolling(Path(temporary) / "data", packing, people)
        lines, paths = [], []
        for number, subject in enumerate(subjects):
            path = Path(temporary) / f"{number:05d}.jpg"
            # What follows the end of a JPEG is not looked at, and makes it another file.
            path.write_bytes(known[number % len(known)].read_bytes() + str(number).encode())
            lines.append(f"{path},{subject},75,75,100,100\n")
            paths.append(path)
        manifest = Path(temporary) / "faces.csv"
        manifest.write_text("photo,subject,x,y,w,h\n" + "".join(lines))
        held: list[float] = []

        def look(_outcome: object, done: int, _total: int) -> None:
            if done % (people // 10) == 0:
                status = Path("/proc/self/status").read_text()
                held.append(int(status.split("VmRSS:")[1].split()[0]) / 1024)
                print(f"{done} people: {held[-1]:.0f} MiB", flush=True)

        summary = engine.ingest.run(source, paths, manifest=manifest, jobs=jobs, progress=look)
        print(f"{summary.references} references, {summary.photos / summary.seconds:.0f} photos per second")
        return held[0], held[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=50)
    parser.add_argument("--people", type=int, default=0, help="enrol so many instead, and watch memory grow")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    if given.people:
        first, last = growth(given.people, given.jobs)
        print(f"growth from a tenth of them to all: {last - first:.0f} MiB")
        return
    count = given.photos
    with tempfile.TemporaryDirectory() as temporary:
        folder, place = Path(temporary) / "photos", str(Path(temporary) / "data")
        folder.mkdir()
        paths = walls(folder, count)
        reader, started = PillowReader(), time.perf_counter()
        for path in paths:
            reader.read(path.read_bytes())
        print(f"reader alone: {1000 * (time.perf_counter() - started) / count:.0f} ms a photo")
        _countenance("init", "--operator", "Benchmark", "--data", place)
        source = _countenance("source", "add", "Tiles", "--basis", "synthetic photos", "--data", place)["source"]
        answer = _countenance("ingest", str(source), str(folder), "--data", place)
        print(f"ingest: {answer}")
        # A child's peak counts from its parent's at the start: true as long as it is the larger one.
        own, ingest = _peak_mib(resource.RUSAGE_SELF), _peak_mib(resource.RUSAGE_CHILDREN)
        print(f"peak of the ingest process: {ingest:.0f} MiB (this process: {own:.0f} MiB)")


if __name__ == "__main__":
    main()
