# SPDX-License-Identifier: Apache-2.0
"""How high strangers score: counted on the faces of known people, and written as a tail.

Every person's first photo is the reference; every photo of people outside a gallery is a search for a stranger, and
each person's photos weigh the same together. For each size the people are dealt into galleries (many small ones, or
one that leaves out just the person searched for), so that every person is a reference as often as any other. Nothing
of one person leaves this module: what it returns are shares over all people, none from fewer than `SUPPORT`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from countenance import canonical
from countenance.vision import calibration
from countenance.vision.neighbourhood import NEIGHBOURS, WEIGHT

Floats = NDArray[np.float64]
Scores = NDArray[np.float32]
Progress = Callable[[int, int], None]

SUPPORT = 30
"""People who must have reached a score: the rule of 30 (Doddington et al. 2000), in people, since errors cluster."""
FEWEST = 100
"""People without whom no threshold for a search in a hundred rests on `SUPPORT` of them at any size."""
_RESAMPLINGS = 20
_LADDER = (1, 2, 3, 5, 10, 30, 100, 300, 1000, 3000, 10_000)
_LOGS = np.concatenate([np.log10([0.9, 0.7, 0.5, 0.3, 0.2]), np.arange(-1, -8.01, -0.25)])
_BINS = 2**15  # of scores from -1.5 to 1: 8e-5 wide, a fiftieth of the scale of the tightest tail seen
_LOW, _HIGH = -1.5, 1.0
_EDGES = np.linspace(_LOW, _HIGH, _BINS + 1)
_BLOCK = 600_000  # scores at once: bounds memory to a few dozen MB
_SHAPES, _SCALES = np.arange(0, 0.5, 0.02), np.arange(0.5, 1.5, 0.02)  # the scales times the mean excess
_MISSED = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9)
_Z = 1.96


@dataclass(frozen=True, eq=False)
class People:
    """Photos of known people as unit vectors, in memory.

    Attributes:
        vectors: float32 (P, D).
        person: int (P,): whose each photo is, from 0.
        first: int (M,): the row of each person's reference.
    """

    vectors: Scores
    person: NDArray[np.int64]
    first: NDArray[np.int64]

    @property
    def count(self) -> int:
        """How many people there are."""
        return len(self.first)

    def some(self, chosen: NDArray[np.int64]) -> People:
        """Return some of the people, by their numbers."""
        inside = np.isin(self.person, chosen)
        return people(self.vectors[inside], self.person[inside])


def people(vectors: Scores, labels: NDArray[Any]) -> People:
    """Return photos by the person whom each label names; the first of each is the reference."""
    _, first, person = np.unique(labels, return_index=True, return_inverse=True)
    return People(vectors, person, first)


@dataclass(eq=False)
class _Counts:
    """Weights by score: of the best of each search for a stranger, of all its scores, and of a person's own photos."""

    best: Floats
    every: Floats
    own: list[Scores]
    reached: Floats


class Table:
    """Identification scores of many probes with one gallery of one reference a person."""

    def __init__(self, references: Scores, background: float) -> None:
        self._references, self._background = references, background
        among = references @ references.T
        np.fill_diagonal(among, -2.0)
        self._nearest, self._values = _best(among, min(NEIGHBOURS + 1, len(references)))
        self._around = _mean(self._values[:, :NEIGHBOURS], background)

    def of(self, probes: Scores, own: NDArray[np.int64]) -> Scores:
        """Return the scores of probes (P, D) with all references: float32 (P, R).

        Args:
            own: int (P,), the reference of the probe's own person, or -1. Its column holds the person's own score, and
                the others are those of a gallery that does not have this person.
        """
        cosines = probes @ self._references.T
        candidate = np.broadcast_to(self._around, cosines.shape).copy()
        mated = np.flatnonzero(own >= 0)
        for row in mated:
            hit = np.flatnonzero((self._nearest[:, :NEIGHBOURS] == own[row]).any(axis=1))
            left = np.where(self._nearest[hit] == own[row], -3.0, self._values[hit])
            candidate[row, hit] = _mean(-np.sort(-left, axis=1)[:, :NEIGHBOURS], self._background)
        candidate[mated, own[mated]] = self._around[own[mated]]
        others = cosines.copy()
        others[mated, own[mated]] = -2.0
        at, top = _best(others, min(NEIGHBOURS + 1, cosines.shape[1]))
        around = _mean(top[:, :NEIGHBOURS], self._background)
        probe = np.broadcast_to(around[:, None], cosines.shape).copy()
        for place in range(min(NEIGHBOURS, cosines.shape[1])):
            without = np.delete(top, place, axis=1)[:, :NEIGHBOURS]
            probe[np.arange(len(probes)), at[:, place]] = _mean(without, self._background)
        probe[mated, own[mated]] = around[mated]
        return np.asarray(cosines - WEIGHT * (np.maximum(probe, 0) + np.maximum(candidate, 0)), np.float32)


def scores(data: People, chosen: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], Scores]]:
    """Yield (rows of photos, their scores with a gallery as `Table.of` gives them), a block of photos at a time.

    Args:
        chosen: numbers of the people in the gallery, rising.
    """
    table = Table(data.vectors[data.first[chosen]], background(data.vectors, data.person))
    column = np.full(data.count, -1)
    column[chosen] = np.arange(len(chosen))
    step = max(_BLOCK // len(chosen), 1)
    for start in range(0, len(data.vectors), step):
        rows = np.arange(start, min(start + step, len(data.vectors)))
        yield rows, table.of(data.vectors[rows], column[data.person[rows]])


def _best(table: Scores, most: int) -> tuple[NDArray[np.int64], Scores]:
    """Return the columns and values of the largest of each row, best first."""
    at = np.argpartition(-table, most - 1, axis=1)[:, :most] if most < table.shape[1] else np.argsort(-table, axis=1)
    values = np.take_along_axis(table, at, axis=1)
    order = np.argsort(-values, axis=1)
    return np.take_along_axis(at, order, axis=1), np.take_along_axis(values, order, axis=1)


def _mean(nearest: Scores, background: float) -> Scores:
    """Return the mean of each row, in which the background stands for who is missing (below -1) or not there."""
    missing = NEIGHBOURS - nearest.shape[1]
    there = np.where(nearest < -1.5, np.float32(background), nearest)
    mean: Scores = (there.sum(axis=1) + missing * np.float32(background)) / NEIGHBOURS
    return mean


def background(vectors: Scores, labels: NDArray[Any]) -> float:
    """Return the mean cosine of two different people's first photos."""
    first = np.unique(labels, return_index=True)[1]
    total = vectors[first].sum(axis=0, dtype=np.float64)
    return float((total @ total - len(first)) / (len(first) * (len(first) - 1)))


def deals(count: int, size: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Yield galleries of a size, the numbers of their people rising: all people in turn, at most 300 galleries."""
    order = np.random.default_rng(seed).permutation(count)
    if size >= count - 1:
        yield np.arange(count)
        return
    for number in range(min(max(count // size, 2), 300)):
        yield np.sort(np.take(order, np.arange(number * size, (number + 1) * size), mode="wrap"))


def _counted(data: People, size: int, seed: int = 0) -> _Counts:
    found = _Counts(np.zeros(_BINS), np.zeros(_BINS), [], np.full(data.count, -2.0))
    photos = np.bincount(data.person)
    reference = np.zeros(len(data.vectors), bool)
    reference[data.first] = True
    total = 0.0
    for chosen in deals(data.count, size, seed):
        inside = np.zeros(data.count, bool)
        inside[chosen] = True
        everybody = len(chosen) == data.count  # each is searched for in the gallery of all others
        for rows, table in scores(data, chosen):
            mine = inside[data.person[rows]]
            mated = np.flatnonzero(mine & ~reference[rows])
            found.own.append(table[mated, np.searchsorted(chosen, data.person[rows[mated]])])
            if everybody:
                table[np.arange(len(rows)), data.person[rows]] = _LOW
            strangers = np.arange(len(rows)) if everybody else np.flatnonzero(~mine)
            weight = 1.0 / photos[data.person[rows[strangers]]]
            best = table[strangers].max(axis=1)
            found.best += np.bincount(_bins(best), weight, _BINS)
            np.maximum.at(found.reached, data.person[rows[strangers]], best)
            found.every += np.bincount(_bins(table[strangers]).ravel(), np.repeat(weight, table.shape[1]), _BINS)
            total += float(weight.sum())
    found.best /= total
    found.every /= total
    return found


def _bins(values: Scores) -> NDArray[np.int64]:
    return np.clip(((values - _LOW) * (_BINS / (_HIGH - _LOW))).astype(np.int64), 0, _BINS - 1)


@dataclass(frozen=True)
class _Line:
    """One curve of a tail as it was counted and fitted."""

    scores: Floats
    log_chance: Floats
    supported: float
    scale: float
    shape: float


def _line(counts: _Counts) -> _Line:
    """Return the scores at all shares: counted down to where `SUPPORT` people reach, fitted below."""
    above = np.append(np.cumsum(counts.best[::-1])[::-1], 0.0)
    every = np.append(np.cumsum(counts.every[::-1])[::-1], 0.0)
    last = float(np.sort(counts.reached)[-min(SUPPORT, len(counts.reached))])
    share = float(np.interp(last, _EDGES, above))
    start = float(np.interp(-min(10 * share, 0.2), -above, _EDGES))  # the tail is fitted from ten times that share on
    scale, shape = _pareto(counts.best, start)
    scale += shape * (last - start)
    row = np.interp(-(10.0**_LOGS), -above, _EDGES)
    beyond = share < 10.0**_LOGS  # True where counted
    ratio = share / 10.0 ** _LOGS[~beyond]
    row[~beyond] = last + scale * (np.expm1(shape * np.log(ratio)) / shape if shape else np.log(ratio))
    row = np.maximum.accumulate(row) + np.arange(len(row)) * 1e-9
    chance = np.log10(np.maximum(np.interp(row, _EDGES, every), 1e-12))
    at = float(np.log10(max(np.interp(last, _EDGES, every), 1e-12)) - np.log10(share))
    chance[~beyond] = _LOGS[~beyond] + at
    chance = np.minimum.accumulate(chance) - np.arange(len(row)) * 1e-9
    return _Line(row, chance, float(np.log10(share)), scale, shape)


def _pareto(weights: Floats, start: float) -> tuple[float, float]:
    """Return scale and shape (at least 0) of the generalised Pareto tail above a score, by likelihood."""
    middle = (_EDGES[:-1] + _EDGES[1:]) / 2
    inside = (middle > start) & (weights > 0)
    if not inside.any():
        return float(_EDGES[1] - _EDGES[0]), 0.0
    excess, weight = middle[inside] - start, weights[inside] / weights[inside].sum()
    mean = float(excess @ weight)
    best = (-np.inf, mean, 0.0)
    for shape in _SHAPES:
        for scale in _SCALES * mean:
            grown = np.log1p(shape * excess / scale) * (1 / shape + 1) if shape else excess / scale
            fit = -float(np.log(scale)) - float(grown @ weight)
            best = max(best, (fit, float(scale), float(shape)))
    return best[1], best[2]


def _sizes(count: int) -> list[int]:
    return [size for size in _LADDER if size <= count // 2] + [count - 1]


def _lines(data: People, sizes: list[int], seed: int = 0) -> tuple[dict[int, _Line], dict[int, Floats]]:
    lines, own = {}, {}
    for size in sizes:
        counts = _counted(data, size, seed)
        lines[size] = _line(counts)
        own[size] = np.concatenate(counts.own).astype(np.float64)
    return lines, own


def quick(data: People) -> calibration.Tail:
    """Return a tail without intervals or names, for measuring what its thresholds do on other people."""
    body = _body(data, {})
    head = {"encoder": "", "evaluation": "", "date": "", "data": {**body["data"], "name": ""}}
    return calibration.parse({**body, **head})


def measured(data: People, head: Mapping[str, Any], *, date: str, progress: Progress | None = None) -> dict[str, Any]:
    """Return the tail of these people as a document of schema `countenance.tail/2`.

    Intervals come from random halves of the people, without replacement: the estimate of half the people varies
    around that of all as that of all varies around the truth. Resampling with replacement would not do, a person drawn
    twice would be a stranger to itself.

    Args:
        data: at least `FEWEST` people.
        head: `pack`, `encoder`, and `data` with its `name`.
        date: of today, YYYY-MM-DD.
        progress: called with steps done and steps in all.
    """
    rows: dict[int, list[Floats]] = {}
    for number in range(_RESAMPLINGS):
        half = np.random.default_rng(number + 1).permutation(data.count)[: data.count // 2]
        for size, line in _lines(data.some(half), _sizes(len(half)), number)[0].items():
            rows.setdefault(size, []).append(line.scores)
        if progress is not None:
            progress(number + 1, _RESAMPLINGS)
    spread = {size: _Z * np.std(found, axis=0) for size, found in rows.items()}
    document = {**head, **_body(data, spread)}
    document["data"] = {**head["data"], **document["data"]}
    evaluation = canonical.digest(json.dumps(document, sort_keys=True))
    return {**document, "evaluation": evaluation, "date": date}


def _body(data: People, spread: Mapping[int, Floats]) -> dict[str, Any]:
    """Return what a document says about scores; `spread` is the half width of the intervals by size."""
    sizes = _sizes(data.count)
    lines, own = _lines(data, sizes)
    strangers = background(data.vectors, data.person)
    none = np.zeros(len(_LOGS))
    curves = [
        _document(size, lines[size], spread[min(spread, key=lambda one: abs(log(one / size)))] if spread else none)
        for size in sizes
    ]
    # What a gallery of one person leaves is the cosine, moved by this.
    shift = 2 * WEIGHT * max(strangers, 0.0)
    return {
        "schema": calibration.SCHEMA,
        "score": {"neighbours": NEIGHBOURS, "weight": WEIGHT, "background": round(strangers, 6)},
        "data": {"photos": len(data.vectors), "people": data.count, "support_people": SUPPORT},
        "log10_share": [round(float(x), 6) for x in _LOGS],
        "pairs": {
            **curves[0],
            **{name: [round(x + shift, 9) for x in curves[0][name]] for name in ("scores", "low", "high")},
        },
        "sizes": curves,
        "missed": [
            {"people": size, "share": list(_MISSED), "scores": [round(float(x), 6) for x in np.quantile(row, _MISSED)]}
            for size, row in own.items()
            if size >= NEIGHBOURS and len(row) >= SUPPORT
        ],
    }


def _document(size: int, line: _Line, spread: Floats) -> dict[str, Any]:
    # A rarer share has at least the score of a more frequent one, so its interval begins no lower.
    low = np.maximum.accumulate(line.scores - spread)
    high = np.minimum.accumulate((line.scores + spread)[::-1])[::-1]
    rows = {"scores": line.scores, "low": low, "high": high, "log10_chance": line.log_chance}
    return {
        "people": size,
        **{name: [round(float(x), 9) for x in row] for name, row in rows.items()},
        "supported": round(line.supported, 4),
        "tail": {"scale": round(line.scale, 6), "shape": round(line.shape, 4)},
    }
