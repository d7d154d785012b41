# SPDX-License-Identifier: Apache-2.0
"""Searching segments: bounds first, the exact score of what they leave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from countenance.backends.scan import exact
from countenance.backends.scan.codec import Codec, Prepared, learn
from countenance.backends.scan.segment import CAPACITY, Segment
from countenance.ports import gallery as port
from countenance.ports.gallery import Fetch, Found

LARGE = 50_000
"""Rows from which on codes pay: below, BLAS multiplies all rows within milliseconds and nothing is compiled."""
_LOWEST = -2.0  # below every score of unit vectors
_LEARNT_FROM = 32_768  # rows
_PROBES_AT_ONCE = 64
_FETCHED_AT_ONCE = 512  # rows
Masks = Sequence[NDArray[np.bool_] | None]
_Item = TypeVar("_Item")
_Made = TypeVar("_Made")
Answer = tuple[int, NDArray[np.intp], NDArray[np.float32]]


class Scan:
    """`ports.gallery.Scan`; safe to search from several threads while nobody changes a segment."""

    def __init__(self, dim: int) -> None:
        """Make a scan of rows float32 (N, dim)."""
        self.dim = dim
        self._codec: Codec | None = None
        self._lock = threading.Lock()

    def segment(self, capacity: int = CAPACITY) -> Segment:
        """Return a new, empty segment."""
        return Segment(self.dim, capacity)

    def slim(self, segment: port.Segment, fetch: Fetch) -> None:
        """Let go of a segment's exact rows; see the port."""
        own = cast(Segment, segment)
        with self._lock:
            if len(own) and not own.slim:
                self._codec = self._codec or _learnt([own])
                own.thin(self._codec, fetch)

    def prepare(self, segments: Sequence[port.Segment], threads: int = 1) -> None:
        """Bring codes up to date, where they pay; see the port."""
        own = [cast(Segment, segment) for segment in segments if len(segment)]
        with self._lock:
            if own and _pays(own):
                codec = self._codec = self._codec or _learnt(own)
                _in_threads(threads, lambda segment: segment.encode(codec), own)

    def search(
        self,
        segments: Sequence[port.Segment],
        queries: NDArray[np.float32],
        *,
        minimum: float = _LOWEST,
        most: int | None = None,
        allowed: Masks | None = None,
        threads: int = 1,
    ) -> list[Found]:
        """Return for each query what reaches `minimum`, best first; see the port."""
        self.prepare(segments, threads)
        masks = allowed if allowed is not None else [None] * len(segments)
        every = [Part(number, cast(Segment, segment), mask) for number, (segment, mask)
                 in enumerate(zip(segments, masks, strict=True)) if len(segment)]  # fmt: skip
        found: list[Found] = []
        for first in range(0, len(queries), _PROBES_AT_ONCE):
            task = Task(np.ascontiguousarray(queries[first : first + _PROBES_AT_ONCE]), minimum, most)
            answers = self._answers(task, every, threads) if most != 0 and every else [[] for _ in task.queries]
            found += [_ranked(one, minimum, most) for one in answers]
        return found

    def _answers(self, task: Task, parts: Sequence[Part], threads: int) -> list[list[Answer]]:
        """Return for each query what may be asked for: rows of parts, with their exact scores."""
        if self._codec is not None and _pays([part.segment for part in parts]):
            return _by_code(self._codec, task, parts, threads)
        return _by_blas(task, parts)


@dataclass(frozen=True, eq=False)
class Task:
    """What is asked: queries float32 (Q, D), the lowest score, and how many at most."""

    queries: NDArray[np.float32]
    minimum: float
    most: int | None


@dataclass(frozen=True, eq=False)
class Part:
    """A segment that is not empty, its place in the list, and which rows are there for this search."""

    number: int
    segment: Segment
    mask: NDArray[np.bool_] | None


def _pays(segments: Sequence[Segment]) -> bool:
    return sum(len(segment) for segment in segments) >= LARGE or any(segment.slim for segment in segments)


def _learnt(segments: Sequence[Segment]) -> Codec:
    """Return a codec made for rows of these segments, taken evenly."""
    whole = [segment.exact[: len(segment)] for segment in segments if not segment.slim]
    step = -(-sum(map(len, whole)) // _LEARNT_FROM)
    rows = np.concatenate([some[::step] for some in whole])
    codec = learn(rows)
    rows.fill(0.0)
    return codec


def _in_threads(threads: int, work: Callable[[_Item], _Made], items: Sequence[_Item]) -> list[_Made]:
    if threads <= 1 or len(items) <= 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, items))


def _by_blas(task: Task, parts: Sequence[Part]) -> list[list[Answer]]:
    """Return what may be asked for, by multiplying every row."""
    answers: list[list[Answer]] = [[] for _ in task.queries]
    lowest = np.full(len(task.queries), task.minimum)
    for part in parts:
        rows = part.segment.exact[: len(part.segment)]
        slack = rows.shape[1] * 2.0**-23  # twice what a float32 sum of products can be off
        # One product of two vectors at a time: of a matrix, BLAS would keep copies of rows in its buffers, and would
        # wait in a loop for threads of its own, which costs many times the product where cores are busy.
        rough = np.stack([np.vecdot(rows, query) for query in task.queries])
        if part.mask is not None:
            rough[:, ~part.mask[: len(rows)]] = -np.inf
        for number, query in enumerate(task.queries):
            if task.most is not None and len(rows) > task.most:
                best = np.partition(rough[number], len(rows) - task.most)[-task.most]
                lowest[number] = max(lowest[number], float(best) - 2 * slack)
            near = np.flatnonzero(rough[number] >= max(lowest[number], _LOWEST) - slack)
            if len(near):
                copied = rows[near]
                answers[number].append((part.number, near, exact.scores(copied, query)))
                copied.fill(0.0)
    return answers


def _by_code(codec: Codec, task: Task, parts: Sequence[Part], threads: int) -> list[list[Answer]]:
    """Return what may be asked for, by bounds from codes."""
    queries = task.queries
    count = len(queries)
    if count > 1:  # several are compared at once: repeat the last until they come out even
        queries = np.concatenate([queries, np.repeat(queries[-1:], -count % 4, axis=0)])
    prepared = codec.prepare(queries, task.minimum)
    if count > 1:
        prepared.params[count:, 0] = np.inf  # nothing reaches the repeated ones
    held = sum(len(part.segment) for part in parts)
    best = task.most if task.most is not None and task.most < held else 0
    workers = min(max(threads, 1), len(parts))
    sweeps = [_Sweep(task, prepared, best, max(len(part.segment) for part in parts)) for _ in range(workers)]
    _in_threads(workers, lambda at: sweeps[at].over(parts[at::workers]), range(workers))
    prepared.wipe()
    return [[answer for sweep in sweeps for answer in sweep.answers[number]] for number in range(count)]


@dataclass(eq=False)
class _Sweep:
    """One thread's way through its segments; its bars rise on the way."""

    task: Task
    prepared: Prepared
    best: int
    longest: int
    answers: list[list[Answer]] = field(default_factory=list)

    def over(self, parts: Sequence[Part]) -> None:
        """Search segments one after the other."""
        from countenance.backends.scan import kernels  # noqa: PLC0415 - takes a second, and small galleries do without

        made = self.prepared
        count = len(made.wide)
        self.answers = [[] for _ in range(count)]
        params = made.params.copy()
        best, held = np.zeros((count, self.best), np.float32), np.zeros(count, np.int64)
        rows, scores = np.empty((count, self.longest), np.int32), np.empty((count, self.longest), np.float32)
        counts = np.zeros(count, np.int64)
        nothing = np.empty(0, np.uint8)
        for part in parts:
            counts[:] = 0
            mask = nothing if part.mask is None else np.ascontiguousarray(part.mask).view(np.uint8)
            kernels.sweep(
                part.segment.compiled(), mask, made.coarse, made.fine, params, made.wide,
                best, held, (rows, scores), counts,
            )  # fmt: skip
            for number in np.flatnonzero(counts).tolist():
                some, score = rows[number, : counts[number]].astype(np.intp), scores[number, : counts[number]].copy()
                if part.segment.slim:
                    self._fetched(part, number, some, score, params)
                else:
                    self.answers[number].append((part.number, some, score))

    def _fetched(
        self, part: Part, number: int, rows: NDArray[np.intp], uppers: NDArray[np.float32],
        params: NDArray[np.float32],
    ) -> None:  # fmt: skip
        """Replace upper bounds by scores, from the highest down, for as long as they can matter."""
        order = np.argsort(-uppers)
        for first in range(0, len(order), _FETCHED_AT_ONCE):
            some = order[first : first + _FETCHED_AT_ONCE]
            some = some[uppers[some] >= params[number, 0]]
            if len(some) == 0:
                return
            near = rows[some]
            whole = part.segment.rows(near)
            self.answers[number].append((part.number, near, exact.scores(whole, self.task.queries[number])))
            whole.fill(0.0)
            if self.best:
                every = np.concatenate([scores for *_, scores in self.answers[number]]).clip(-1.0, 1.0)
                if len(every) >= self.best:
                    params[number, 0] = max(params[number, 0], np.partition(every, -self.best)[-self.best])


def _ranked(answers: Sequence[Answer], minimum: float, most: int | None) -> Found:
    """Return what is asked for, best first; what ties with the last of `most` stays."""
    if not answers:
        return Found(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0, np.float32))
    segment = np.concatenate([np.full(len(rows), number, np.intp) for number, rows, _ in answers])
    row = np.concatenate([rows for _, rows, _ in answers])
    score = np.concatenate([scores for *_, scores in answers]).clip(-1.0, 1.0)
    order = np.lexsort((row, segment, -score))
    order = order[score[order] >= minimum]
    if most is not None and len(order) > most:
        order = order[score[order] >= score[order[most - 1]]]
    return Found(segment[order], row[order], score[order])
