# SPDX-License-Identifier: Apache-2.0
"""Search and removal on synthetic references, beside FAISS where it is installed.

Twenty references of each identity lie around a middle, so that the cosine of two of them is about 0.64 and that of
two identities about 0, as with faceprints of a good encoder; half of the probes are of identities in the gallery.
Everything is exact on both sides: the ten best, and ours also everything above the threshold.
"""

from __future__ import annotations

import gc
import itertools
import resource
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from countenance import technologies
from countenance.bench.table import Left, Row, in_turn
from countenance.ports.gallery import Fetch, Scan, Segment

Floats = NDArray[np.float32]

_PER_PERSON = 20
_SPREAD = 0.75  # of a sample around its middle, in middles' lengths: gives the cosine above
_CAPACITY = 65_536
_THRESHOLD = 0.5
_BEST = 10
_BATCH = 64
_SMALLEST_WEIGHED = 100_000  # references: below, what the interpreter takes and gives back hides theirs
_LARGEST_PEER = 2_000_000  # above, float32 in FAISS takes more than a GiB beside ours: fp16 is the peer


def search_rows(size: int, dim: int, threads: int) -> Iterator[Row | Left]:
    """Measure one gallery size: one probe on one thread, a batch on all, bytes a reference, removal of a tenth."""
    made = technologies.scan(dim)
    before = _resident_bytes()
    segments = _filled(made, size, dim)
    probes = _probes(size, dim)
    made.search(segments, probes[:1], most=_BEST, minimum=_THRESHOLD)
    held = max(_resident_bytes() - before, 0) / size
    peer, name = _peer(size, dim)
    yield from _timed(made, segments, probes, (peer, name), threads)
    yield from _removal(made, segments, probes, (peer, name))
    if size < _SMALLEST_WEIGHED:
        return
    what = f"memory for a reference, {size:,} x {dim}"
    yield Row(f"search.{size}.bytes", f"{what}, exact rows in memory", held, "B")
    del peer
    before = _resident_bytes()
    for number, segment in enumerate(segments):
        made.slim(segment, _refetch(number, dim))
    gc.collect()
    freed = (before - _resident_bytes()) / sum(len(segment) for segment in segments)
    yield Row(f"search.{size}.slim_bytes", f"{what}, exact rows sealed on disk", held - freed, "B")


def _timed(
    made: Scan, segments: list[Segment], probes: Floats, peer: tuple[Any, str], threads: int
) -> Iterator[Row | Left]:
    size, dim = sum(len(segment) for segment in segments), probes.shape[1]
    faiss, name = peer
    number = itertools.count()

    def probe() -> Floats:
        at = next(number) % len(probes)
        return probes[at : at + 1]

    one: list[Callable[[], object]] = [lambda: made.search(segments, probe(), most=_BEST, minimum=_THRESHOLD)]
    many: list[Callable[[], object]] = [
        lambda: made.search(segments, probes, most=_BEST, minimum=_THRESHOLD, threads=threads)
    ]
    if faiss is not None:
        one.append(lambda: faiss.search(probe(), _BEST))
        many.append(lambda: faiss.search(probes, _BEST))
    _threads(1)
    single = in_turn(one, rounds=15 if size <= _LARGEST_PEER else 7)
    _threads(threads)
    rates = [len(probes) / seconds for seconds in in_turn(many, rounds=3)]
    yield _row(f"search.{size}.one", f"search {size:,} x {dim}, one probe, one thread", single, "ms", 1e3, name)
    what = f"search {size:,} x {dim}, batches of {len(probes)}, {threads} threads"
    yield _row(f"search.{size}.batch", what, rates, "/s", 1, name)


def _removal(made: Scan, segments: list[Segment], probes: Floats, peer: tuple[Any, str]) -> Iterator[Row | Left]:
    """Remove a tenth of the references, once: what is gone cannot be removed again."""
    size = sum(len(segment) for segment in segments)
    doomed = np.arange(0, size, 10)
    faiss, name = peer
    start = time.perf_counter()
    for number, segment in enumerate(segments):
        first = number * _CAPACITY
        segment.remove(doomed[(doomed >= first) & (doomed < first + _CAPACITY)] - first)
    made.search(segments, probes[:1], most=_BEST, minimum=_THRESHOLD)
    taken = [time.perf_counter() - start]
    if faiss is not None:
        start = time.perf_counter()
        faiss.remove_ids(doomed.astype(np.int64))
        faiss.search(probes[:1], _BEST)
        taken.append(time.perf_counter() - start)
    what = f"remove {len(doomed):,} of {size:,}, next search correct"
    yield _row(f"search.{size}.remove", what, taken, "ms", 1e3, name)


def _refetch(number: int, dim: int) -> Fetch:
    """Return what stands in for sealed storage here; memory is measured with it, never time."""
    return lambda rows: next(part for _, part in _synthetic((number + 1) * _CAPACITY, dim))[rows]


def _row(name: str, what: str, found: list[float], unit: str, factor: float, peer: str) -> Row:
    theirs = found[1] * factor if len(found) > 1 else None
    return Row(name, what, found[0] * factor, unit, peer if theirs is not None else "", theirs)


def _filled(made: Scan, size: int, dim: int) -> list[Segment]:
    segments = []
    for start, rows in _synthetic(size, dim):
        if start % _CAPACITY == 0:
            segments.append(made.segment(_CAPACITY))
        segments[-1].append(rows)
    return segments


def _synthetic(size: int, dim: int) -> Iterator[tuple[int, Floats]]:
    for start in range(0, size, _CAPACITY):
        count = min(_CAPACITY, size - start)
        random = np.random.default_rng(start)
        middles = random.standard_normal((-(-count // _PER_PERSON), dim), np.float32)
        yield start, _around(middles, random, count)


def _around(middles: Floats, random: np.random.Generator, count: int) -> Floats:
    rows = np.repeat(middles, _PER_PERSON, axis=0)[:count]
    rows += _SPREAD * random.standard_normal(rows.shape, np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def _probes(size: int, dim: int) -> Floats:
    """Return new samples of identities of the first part, and of identities that are nowhere."""
    random = np.random.default_rng(0)
    known = random.standard_normal((-(-min(size, _CAPACITY) // _PER_PERSON), dim), np.float32)
    fresh = np.random.default_rng(2**40)
    mated = known[fresh.integers(len(known), size=_BATCH // 2)]
    both = np.concatenate([mated, fresh.standard_normal(mated.shape, np.float32)])
    both = both + _SPREAD * fresh.standard_normal(both.shape, np.float32)
    found: Floats = (both / np.linalg.norm(both, axis=1, keepdims=True)).astype(np.float32)
    return fresh.permutation(found)


def _peer(size: int, dim: int) -> tuple[Any, str]:
    """Return FAISS's exact index of the same rows, float32 or, above two million, fp16; None where not installed."""
    try:
        import faiss  # noqa: PLC0415 - a peer, which need not be installed
    except ImportError:
        return None, ""
    index: Any
    if size <= _LARGEST_PEER:
        index, name = faiss.IndexFlatIP(dim), "FAISS flat float32"
    else:
        index = faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        name = "FAISS flat fp16"
    for _, rows in _synthetic(size, dim):
        if not index.is_trained:
            index.train(rows)
        index.add(rows)
    return index, name


def _threads(number: int) -> None:
    try:
        import faiss  # noqa: PLC0415 - as above
    except ImportError:
        return
    faiss.omp_set_num_threads(number)


def _resident_bytes() -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - a file of the kernel
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
