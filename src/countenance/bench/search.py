# SPDX-License-Identifier: Apache-2.0
"""Search, memory and removal on a live gallery of synthetic references, beside FAISS where it is installed.

Everything is exact on both sides: the ten best, and ours also everything above the threshold. FAISS keeps vectors
alone; ours is what the product holds, ids and places too.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from countenance.bench import synthetic
from countenance.bench.fill import PER_SUBJECT
from countenance.bench.live import GROUP, Live, filled
from countenance.bench.table import Left, Progress, Row, free_memory_bytes, in_turn
from countenance.bootstrap import Engine
from countenance.services.gallery_files import GalleryFiles
from countenance.services.gallery_lean import NEVER, lean_from

_THRESHOLD = 0.5
_BEST = 10
_BATCH = 64
_WARM = 2 * synthetic.AT_ONCE  # references of a first gallery, for compilers
_SMALLEST_WEIGHED = 100_000  # references: codes are made for no fewer than about so many
_LARGEST_PEER = 2_000_000  # above, float32 in FAISS takes more than a GiB beside ours: fp16 is the peer
_LEAN_BYTES, _WHOLE_BYTES = 160, 180  # of ours for each reference; a whole one holds its numbers besides
_GROWING = 1.5  # of FAISS's own: while its array grows the old one is there too
_BESIDES = 1 << 30  # bytes: libraries, and what is drawn


def search_rows(size: int, dim: int, threads: int, progress: Progress) -> Iterator[Row | Left]:
    """Measure one gallery size: one probe on one thread, a batch on all, bytes a reference, removal of a tenth."""
    lean = size >= lean_from(dim)
    lacking = _lacking(size, dim, lean=lean)
    if lacking:
        yield Left(f"search of {size:,} references", lacking)
        return
    with ExitStack() as stack:
        files = _files(Path(stack.enter_context(tempfile.TemporaryDirectory()))) if lean else None
        _warm(dim)
        live = filled(size, dim, lean_from=lean_from(dim), per_subject=PER_SUBJECT, files=files, progress=progress)
        probes = synthetic.probes(size, dim, _BATCH)
        _ours(live, probes[:1])
        held = live.bytes() / size
        peer, name = _peer(size, dim, progress)
        yield from _timed(live, probes, (peer, name), threads)
        yield from _removal(live, probes, (peer, name), size)
        if size >= _SMALLEST_WEIGHED:
            del peer
            yield from _weighed(live, held, size, name)
        live.memory.wipe()


def _warm(dim: int) -> None:
    """Let everything be compiled: what that takes belongs to no row."""
    live = filled(_WARM, dim, lean_from=_WARM + 1, per_subject=PER_SUBJECT)
    _ours(live, synthetic.probes(_WARM, dim, _BATCH))
    live.memory.take(np.arange(0, _WARM, 10, dtype=np.int32))
    live.memory.expected = NEVER
    live.memory.thin(everything=True)


def _weighed(live: Live, held: float, size: int, peer: str) -> Iterator[Row]:
    """Say what a reference takes in memory; a gallery that is whole goes lean for it, and is not searched again."""
    what, theirs = f"memory for a reference, {size:,} x {live.dim}, ids and places too", None
    if peer:
        theirs, peer = (2.0 if "fp16" in peer else 4.0) * live.dim, f"{peer}, without ids"
    if live.files is None:
        yield Row(f"search.{size}.bytes", f"{what}, faceprints in memory", held, "B", peer, theirs)
        live.memory.expected = NEVER  # so many that it goes lean
        live.memory.thin(everything=True)
        held = live.bytes() / size
    yield Row(f"search.{size}.slim_bytes", f"{what}, faceprints sealed on disk", held, "B", peer, theirs)


def _timed(live: Live, probes: synthetic.Floats, peer: tuple[Any, str], threads: int) -> Iterator[Row]:
    size, dim = live.memory.count([GROUP]), live.dim
    faiss, name = peer
    number = itertools.count()

    def probe() -> synthetic.Floats:
        at = next(number) // (2 if faiss is not None else 1) % len(probes)  # both look for the same
        return probes[at : at + 1]

    one: list[Callable[[], object]] = [lambda: _ours(live, probe())]
    many: list[Callable[[], object]] = [lambda: _ours(live, probes)]
    if faiss is not None:
        one.append(lambda: faiss.search(probe(), _BEST))
        many.append(lambda: faiss.search(probes, _BEST))
    _threads(live, 1)
    single = in_turn(one, rounds=31 if size <= _LARGEST_PEER else 15, clock=time.process_time)
    _threads(live, threads)
    rates = [len(probes) / seconds for seconds in in_turn(many, rounds=3)]
    kept = "" if live.files is None else ", codes in memory"
    yield _row(f"search.{size}.one", f"search {size:,} x {dim}, one probe{kept}", single, "ms", 1e3, name)
    what = f"search {size:,} x {dim}, batches of {len(probes)}{kept}"
    yield _row(f"search.{size}.batch", what, rates, "/s", 1, name, threads)


def _ours(live: Live, probes: synthetic.Floats) -> object:
    return live.memory.search([GROUP], probes, _THRESHOLD, _BEST)


def _removal(live: Live, probes: synthetic.Floats, peer: tuple[Any, str], size: int) -> Iterator[Row]:
    """Remove a tenth of the references, once: what is gone cannot be removed again."""
    doomed = np.sort(np.random.default_rng(7).choice(size, size // 10, replace=False)).astype(np.int32)
    faiss, name = peer
    _threads(live, 1)
    start = time.process_time()
    live.memory.take(doomed)
    live.index.free(doomed)
    _ours(live, probes[:1])
    taken = [time.process_time() - start]
    if faiss is not None:
        start = time.process_time()
        faiss.remove_ids(doomed.astype(np.int64))
        faiss.search(probes[:1], _BEST)
        taken.append(time.process_time() - start)
        name = f"{name}, left readable"
    what = f"remove {len(doomed):,} of {size:,}, overwritten, and search once"
    yield _row(f"search.{size}.remove", what, taken, "ms", 1e3, name)


def _row(name: str, what: str, found: list[float], unit: str, factor: float, peer: str, cores: int = 1) -> Row:
    theirs = found[1] * factor if len(found) > 1 else None
    return Row(name, what, found[0] * factor, unit, peer if theirs is not None else "", theirs, cores)


def _files(folder: Path) -> GalleryFiles:
    """Return the sealed files of a new data directory."""
    return Engine.init(folder / "data", operator="Bench")._gallery.files  # noqa: SLF001 - what is filled


def _lacking(size: int, dim: int, *, lean: bool) -> str:
    """Return what this machine has too little of for a size; nothing where it has enough."""
    needed = size * _LEAN_BYTES if lean else size * (_WHOLE_BYTES + 4 * dim)
    if _faiss() is not None:
        needed += int(_GROWING * size * dim * (4 if size <= _LARGEST_PEER else 2))
    free = free_memory_bytes()
    if needed + _BESIDES > free:
        return f"it needs {_gib(needed + _BESIDES)} of memory, {_gib(free)} are free"
    disk, free = size * (4 * dim + 32), shutil.disk_usage(tempfile.gettempdir()).free
    if lean and disk > free:
        return f"its sealed files need {_gib(disk)} of disk in {tempfile.gettempdir()}, {_gib(free)} are free"
    return ""


def _gib(number: int) -> str:
    return f"{number / 2**30:.1f} GiB"


def _faiss() -> Any:
    try:
        import faiss  # noqa: PLC0415 - a peer, which need not be installed
    except ImportError:
        return None
    return faiss


def _peer(size: int, dim: int, progress: Progress) -> tuple[Any, str]:
    """Return FAISS's exact index of the same rows, float32 or, above two million, fp16; None where not installed."""
    faiss = _faiss()
    if faiss is None:
        return None, ""
    index: Any
    if size <= _LARGEST_PEER:
        index, name = faiss.IndexFlatIP(dim), "FAISS flat float32"
    else:
        index = faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        name = "FAISS flat fp16"
    for start, rows in synthetic.rows(size, dim):
        if not index.is_trained:
            index.train(rows)
        index.add(rows)
        progress(f"The same {size:,} in FAISS", start + len(rows), size)
    return index, name


def _threads(live: Live, number: int) -> None:
    live.memory.threads = number
    faiss = _faiss()
    if faiss is not None:
        faiss.omp_set_num_threads(number)
