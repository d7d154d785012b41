# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.gallery`: how fast the gallery fills and searches, against plain NumPy.

Synthetic unit vectors, 128 dimensions, one thread, processor time. "Start to first search" is what follows the
unsealing of the references: adding them all, then one search that may see half of them.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from countenance.backends.faiss_gallery import FaissGallery
from countenance.ids import ReferenceId
from countenance.model.faceprint import unit

_DIM = 128
_MINIMUM = 0.4


def _milliseconds(action: Callable[[], object], repeats: int = 20) -> float:
    spent = []
    for _ in range(repeats):
        started = time.process_time()
        action()
        spent.append(1000 * (time.process_time() - started))
    return statistics.median(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--references", type=int, default=100_000)
    count = parser.parse_args().references
    random = np.random.default_rng(1)
    rows = random.normal(size=(count, _DIM)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    ids = tuple(ReferenceId(f"ref_{number:016d}") for number in range(count))
    probe, half = unit(rows[0], "synthetic"), ids[::2]

    started = time.process_time()
    gallery = FaissGallery("synthetic", _DIM)
    gallery.add(ids, rows)
    added = time.process_time()
    gallery.search(probe, half, _MINIMUM)
    first = time.process_time()

    def brute_force() -> object:
        scores = rows @ probe.vector
        hits = np.flatnonzero(scores >= _MINIMUM)
        return sorted(((ids[hit], float(scores[hit])) for hit in hits), key=lambda hit: -hit[1])

    mask = np.zeros(count, bool)
    mask[::2] = True

    def brute_force_half() -> object:
        return np.flatnonzero((rows @ probe.vector >= _MINIMUM) & mask)

    ours = _milliseconds(lambda: gallery.search(probe, ids, _MINIMUM))
    ours_half = _milliseconds(lambda: gallery.search(probe, half, _MINIMUM))
    numpy_all, numpy_half = _milliseconds(brute_force), _milliseconds(brute_force_half)
    leaving = iter(ids)
    removal = _milliseconds(lambda: gallery.remove([next(leaving)]))
    print(f"references {count}, dimensions {_DIM}")
    print(f"add all: {added - started:.3f} s; first search, half allowed: {1000 * (first - added):.1f} ms")
    print(f"start to first search: {first - started:.3f} s")
    print(f"search, all allowed:  {ours:.2f} ms; NumPy {numpy_all:.2f} ms; ratio {numpy_all / ours:.2f}")
    ratio = numpy_half / ours_half
    print(f"search, half allowed: {ours_half:.2f} ms; NumPy {numpy_half:.2f} ms; ratio {ratio:.2f}")
    print(f"remove one reference and overwrite it: {removal:.3f} ms")


if __name__ == "__main__":
    main()
