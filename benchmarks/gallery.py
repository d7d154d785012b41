# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.gallery`: searching a large gallery, in turn with FAISS, and whether anything differs.

Rows: `even`, 128 independent dimensions (the easiest to tell apart); `steep`, an effective dimension of about 18 (the
hardest); or a pack's name, drawn from the mean and the covariances between and within people of its faceprints of the
photos in ../shared/faces, measured in memory. Each person has 20 photos. Half of the probes are of people in
the gallery, half of strangers. The threshold is the score that 1 in 100 strangers reaches.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import faiss
import numba
import numpy as np
from numpy.typing import NDArray

from benchmarks import faces
from countenance.backends.scan import Scan, Segment
from countenance.ports.gallery import Found

Rows = NDArray[np.float32]
_DIM = 128
_PHOTOS = 20  # of each person
_WITHIN = 0.75  # spread of one person's photos in that of people
_SEGMENT = 65_536
_PEOPLE_MEASURED = 600
_BEST = 10
_NEAR = 1e-5  # scores so close to the threshold are summed again in float64
SYNTHETIC = {"even": np.ones(_DIM), "steep": np.arange(1, _DIM + 1) ** -0.52}


@dataclass(frozen=True)
class People:
    """Where faceprints come from: normal distributions of people, and of photos around each.

    Attributes:
        mean: (D,); between, within: (D, D), factors of the covariances.
    """

    mean: NDArray[np.float64]
    between: NDArray[np.float64]
    within: NDArray[np.float64]

    def drawn(self, count: int, seed: int, photos: int = _PHOTOS) -> Iterator[Rows]:
        """Yield `count` unit rows in pieces of a segment; the same seed draws the same people first."""
        random = np.random.default_rng(seed)
        for first in range(0, count, _SEGMENT // _PHOTOS * photos):
            some = min(_SEGMENT // _PHOTOS * photos, count - first)
            centres = random.standard_normal((-(-some // photos), _DIM), np.float32) @ self.between.T.astype(np.float32)
            rows = np.repeat(centres, photos, axis=0)[:some] + self.mean.astype(np.float32)
            noise = np.random.default_rng([seed, photos, first]).standard_normal(rows.shape, np.float32)
            rows += noise @ self.within.T.astype(np.float32)
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            yield rows

    def probes(self, mated: int, strangers: int, seed: int) -> tuple[Rows, Rows]:
        """Return probes of the first people in the gallery that `seed` draws, and of people who are not in it."""
        own, others = (list(self.drawn(*some, photos=1)) for some in ((mated, seed), (strangers, seed + 1)))
        return np.concatenate(own), np.concatenate(others)


def known(kind: str) -> People:
    """Return one of the kinds of rows; a pack's are measured, which takes a minute."""
    if kind in SYNTHETIC:
        spread = np.diag(SYNTHETIC[kind])
        return People(np.zeros(_DIM), spread, _WITHIN * spread)
    seen = faces.encoded(faces.load(kind), faces.photos(_PEOPLE_MEASURED))
    vectors, (_, person) = seen.vectors[seen.found], np.unique(seen.people[seen.found], return_inverse=True)
    counts = np.bincount(person)
    centres = np.stack([np.bincount(person, weights=column) for column in vectors.T], axis=1) / counts[:, None]
    apart = (vectors - centres[person])[counts[person] > 1]
    within = apart.T @ apart / (len(apart) - np.count_nonzero(counts > 1))
    return People(vectors.mean(axis=0), _factor(np.cov(vectors.T) - within), _factor(within))


def _factor(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    values, axes = np.linalg.eigh(covariance)
    return axes * np.sqrt(np.maximum(values, 1e-9))


@dataclass(eq=False)
class Filled:
    """A gallery of ours and the same rows in FAISS.

    Attributes:
        rows: float32 (N, D), as drawn: what slim segments fetch from, in place of sealed storage.
        ready_s: seconds in which the codes of all rows were made.
    """

    scan: Scan
    segments: list[Segment]
    rows: Rows
    peers: dict[str, faiss.Index] = field(default_factory=dict)
    ready_s: float = 0.0

    @property
    def bytes_per_row(self) -> float:
        """Bytes of memory of the segments for each row."""
        arrays = [part for segment in self.segments for part in segment.compiled() if isinstance(part, np.ndarray)]
        return sum(array.nbytes for array in arrays) / sum(map(len, self.segments))


def filled(people: People, count: int, peers: Sequence[str], *, slim: bool, seed: int = 1) -> Filled:
    """Return galleries of `count` rows; with `slim` ours keeps codes only."""
    gallery = Filled(Scan(_DIM), [], np.empty((count, _DIM), np.float32), {name: _peer(name) for name in peers})
    done = 0
    for rows in people.drawn(count, seed):
        gallery.rows[done : done + len(rows)] = rows
        done += len(rows)
    for index in gallery.peers.values():
        index.train(gallery.rows[:100_000])
        index.add(gallery.rows)
    for first in range(0, count, _SEGMENT):
        part = gallery.rows[first : first + _SEGMENT]
        segment = gallery.scan.segment()
        segment.append(part)
        gallery.segments.append(segment)
        if (slim and len(gallery.segments) > 1) or first + _SEGMENT >= count:
            started = time.perf_counter()
            gallery.scan.prepare(gallery.segments)
            gallery.ready_s += time.perf_counter() - started
        if slim:
            gallery.scan.slim(segment, lambda numbers, part=part: part[numbers])  # type: ignore[misc]
    return gallery


def _peer(name: str) -> faiss.Index:
    if name == "float32":
        return faiss.IndexFlatIP(_DIM)
    if name == "fp16":
        return faiss.IndexScalarQuantizer(_DIM, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    return faiss.IndexRaBitQFastScan(_DIM, faiss.METRIC_INNER_PRODUCT)


def threshold(gallery: Filled, strangers: Rows) -> float:
    """Return the score that 1 in 100 strangers reaches."""
    best = [found.score[0] for found in gallery.scan.search(gallery.segments, strangers, most=1)]
    return float(np.quantile(best, 0.99))


def differences(gallery: Filled, probes: Rows, minimum: float, at_once: int = 256) -> int:
    """Return how many searches differ from multiplying every row, in what is above the threshold or the best ten."""
    wrong = 0
    for first in range(0, len(probes), at_once):
        some = probes[first : first + at_once]
        above = gallery.scan.search(gallery.segments, some, minimum=minimum)
        best = gallery.scan.search(gallery.segments, some, most=_BEST)
        reached, tops = _by_hand(gallery.rows, some, minimum)
        for number in range(len(some)):
            same = set(_numbers(above[number])) == reached[number]
            wrong += not (same and set(_numbers(best[number])[:_BEST]) == tops[number])
    return wrong


def _by_hand(rows: Rows, probes: Rows, minimum: float) -> tuple[list[set[int]], list[set[int]]]:
    """Return for each probe the rows that reach the minimum, and the best ten, by plain products."""
    reached: list[set[int]] = [set() for _ in probes]
    tops: list[list[tuple[np.float64, int]]] = [[] for _ in probes]
    wide = probes.astype(np.float64)
    for first in range(0, len(rows), _SEGMENT):
        part = rows[first : first + _SEGMENT]
        scores = probes @ part.T
        for number, one in enumerate(scores):
            last = np.partition(one, -_BEST)[-_BEST]
            for row in np.flatnonzero(one >= min(last, minimum) - _NEAR).tolist():
                score = np.float32(part[row].astype(np.float64) @ wide[number])
                if score >= minimum:
                    reached[number].add(first + row)
                tops[number].append((-score, first + row))
        tops = [sorted(one)[:_BEST] for one in tops]
    return reached, [{row for _, row in one} for one in tops]


def _numbers(found: Found) -> list[int]:
    return (found.segment * _SEGMENT + found.row).tolist()  # type: ignore[no-any-return]


def in_turn(actions: dict[str, Callable[[Rows], object]], probes: Rows) -> dict[str, float]:
    """Return the median processor time of each action, in ms, each probe by every action in turn."""
    spent: dict[str, list[float]] = {name: [] for name in actions}
    for probe in probes:
        for name, action in actions.items():
            started = time.thread_time()
            action(probe[None])
            spent[name].append(1000 * (time.thread_time() - started))
    return {name: statistics.median(times[len(times) // 10 :]) for name, times in spent.items()}


def single(gallery: Filled, probes: Rows, minimum: float) -> dict[str, float]:
    """Return the median processor time of one search on one thread, in ms: ours, and each peer's best ten."""
    faiss.omp_set_num_threads(1)
    search, segments = gallery.scan.search, gallery.segments
    actions: dict[str, Callable[[Rows], object]] = {
        "above threshold": lambda probe: search(segments, probe, minimum=minimum),
        "best 10": lambda probe: search(segments, probe, most=_BEST),
        "best 10 above": lambda probe: search(segments, probe, minimum=minimum, most=_BEST),
    }
    for name, index in gallery.peers.items():
        # Codes of one bit are a first pass: a thousand candidates are what its users rank again.
        many = 1000 if name == "RaBitQ" else _BEST
        actions[f"FAISS {name}"] = lambda probe, index=index, many=many: index.search(probe, many)  # type: ignore[misc]
    return in_turn(actions, probes)


def batch(gallery: Filled, probes: Rows, minimum: float, threads: int = 2, repeats: int = 5) -> dict[str, float]:
    """Return the median milliseconds of searching all probes at once."""
    faiss.omp_set_num_threads(threads)
    spent: dict[str, list[float]] = {"ours": [], "FAISS float32": []}
    for _ in range(repeats):
        started = time.perf_counter()
        gallery.scan.search(gallery.segments, probes, minimum=minimum, threads=threads)
        spent["ours"].append(1000 * (time.perf_counter() - started))
        started = time.perf_counter()
        gallery.peers["float32"].search(probes, _BEST)
        spent["FAISS float32"].append(1000 * (time.perf_counter() - started))
    return {name: statistics.median(times) for name, times in spent.items()}


def removal(gallery: Filled, count: int, probes: Rows, minimum: float) -> dict[str, float]:
    """Take random rows out of ours and of FAISS; return processor seconds, and how many searches differ."""
    gone = np.sort(np.random.default_rng(7).choice(len(gallery.rows), count, replace=False))
    seconds = {}
    for name, index in gallery.peers.items():
        started = time.process_time()
        index.remove_ids(faiss.IDSelectorBatch(gone.astype(np.int64)))
        seconds[f"FAISS {name}"] = time.process_time() - started
    started = time.process_time()
    moves = [segment.remove(gone[gone // _SEGMENT == at] % _SEGMENT) for at, segment in enumerate(gallery.segments)]
    seconds["ours"] = time.process_time() - started
    kept = np.concatenate([segment.exact[: len(segment)] for segment in gallery.segments])
    names = np.arange(len(gallery.rows))
    for at, moved in enumerate(moves):
        names[at * _SEGMENT + moved[:, 1]] = at * _SEGMENT + moved[:, 0]
    starts = np.cumsum([0, *map(len, gallery.segments)])
    wrong = 0
    for probe, found in zip(probes, gallery.scan.search(gallery.segments, probes, minimum=minimum), strict=True):
        truth = {starts[at] + row for at, row in zip(found.segment.tolist(), found.row.tolist(), strict=True)}
        wrong += truth != _by_hand(kept, probe[None], minimum)[0][0]
    return {**seconds, "searches that differ": wrong}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--references", type=int, default=1_000_000)
    parser.add_argument("--rows", default="even", choices=[*SYNTHETIC, *faces.PACKS])
    parser.add_argument("--peers", default="float32,fp16,RaBitQ", help="of FAISS, kept in memory beside ours")
    parser.add_argument("--slim", action="store_true", help="keep codes only; exact rows are fetched")
    parser.add_argument("--searches", type=int, default=200, help="that are compared with multiplying every row")
    asked = parser.parse_args()
    people = known(asked.rows)
    gallery = filled(people, asked.references, [name for name in asked.peers.split(",") if name], slim=asked.slim)
    own, strangers = people.probes(max(40, asked.searches // 2), max(300, asked.searches // 2), seed=1)
    minimum = threshold(gallery, strangers[:300])
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores; FAISS {faiss.__version__}, "
          f"NumPy {np.__version__}, Numba {numba.__version__}")  # fmt: skip
    print(f"{asked.references} references ({asked.rows}), {_DIM} dimensions; threshold {minimum:.3f}")
    print(f"memory: {gallery.bytes_per_row:.1f} bytes a reference; codes made in {gallery.ready_s:.2f} s")
    for name, probes in (("mated", own), ("strangers", strangers)):
        times = single(gallery, probes[:40], minimum)
        print(f"one search, one thread, {name}, p50 of processor time, ms: {_listed(times)}")
        ratios = {f"{mine} / {peer}": times[peer] / times[mine] for mine in list(times)[:3] for peer in list(times)[3:]}
        print(f"  times faster: {_listed(ratios)}")
    if "float32" in gallery.peers:
        times = batch(gallery, np.concatenate([own[:32], strangers[:32]]), minimum)
        ratio = times["FAISS float32"] / times["ours"]
        print(f"batch of 64 on two threads, ms: {_listed(times)}; times faster: {ratio:.1f}")
    half = asked.searches // 2
    wrong = differences(gallery, np.concatenate([own[:half], strangers[:half]]), minimum)
    print(f"searches that differ from multiplying every row: {wrong} of {2 * half}")
    if not asked.slim:
        count = asked.references // 10
        taken = removal(gallery, count, np.concatenate([own[:10], strangers[:10]]), minimum)
        print(f"remove {count}, s: {_listed(taken, 3)}")


def _listed(values: dict[str, float], digits: int = 2) -> str:
    return ", ".join(f"{name} {value:.{digits}f}" for name, value in values.items())


if __name__ == "__main__":
    main()
