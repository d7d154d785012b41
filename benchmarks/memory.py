# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.memory`: the peak memory of ingesting fifty 12-megapixel photos.

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


def _photos(folder: Path, count: int) -> list[Path]:
    portrait = np.asarray(Image.fromarray(data.astronaut()).resize((1500, 1500)))
    wall = np.tile(portrait, (2, 3, 1))[:, :4000]
    paths = [folder / f"{number:02d}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        Image.fromarray(np.roll(wall, 16 * number, axis=1)).save(path, quality=90)
    return paths


def _countenance(*arguments: str) -> dict[str, object]:
    """Run one command and return the last line of its JSON."""
    command = [sys.executable, "-m", "countenance", *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _peak_mib(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / 1024  # Linux counts in KiB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=50)
    count = parser.parse_args().photos
    with tempfile.TemporaryDirectory() as temporary:
        folder, place = Path(temporary) / "photos", str(Path(temporary) / "data")
        folder.mkdir()
        paths = _photos(folder, count)
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
