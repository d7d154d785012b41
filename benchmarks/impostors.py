# SPDX-License-Identifier: Apache-2.0
"""How high strangers score: counting it without bias on real faces, and fitting the tail that is shipped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Floats = NDArray[np.float64]

SUPPORT = 30  # people: the rule of 30 (Doddington et al. 2000), counted in people since errors cluster in them
_SPREAD_SUPPORT = 100  # people needed to see how unevenly false matches fall on them
_TAIL_FMR = 1e-4  # the tail is fitted to the scores above this FMR
_KNOTS = np.concatenate([[0.9, 0.7, 0.5, 0.3, 0.2], 10 ** np.arange(-1, -7.01, -0.125)])  # FMR
_SPREADS = np.exp(np.arange(-6, 7, 0.02))
_SHAPES = np.arange(0, 0.5, 0.01)
_SCALES = np.arange(0.5, 1.5, 0.02)  # times the mean excess


@dataclass(frozen=True, eq=False)
class Strangers:
    """Scores of every photo with the first photo of everybody else.

    Attributes:
        scores: float32 (P, R); -2 where photo and reference show one person.
        person: int (P,): whose photo it is, as a column of `scores`.
        weight: float64 (P,): every person's photos weigh the same together; the sum is 1.
    """

    scores: NDArray[np.float32]
    person: NDArray[np.int64]
    weight: Floats

    @property
    def people(self) -> int:
        """How many people, and so references, there are."""
        return int(self.scores.shape[1])

    def hit_rate(self, score: float, galleries: Iterable[int], copies: Floats | None = None) -> Floats:
        """Return the measured FPIR at a score: the mean over every gallery of so many strangers.

        For a probe with k of M strangers at the score or above, 1 - C(M-k, N) / C(M, N) of the galleries
        of N hold at least one of the k: unbiased, and no gallery has to be drawn.

        Args:
            score: that makes a candidate.
            galleries: values of N, each below the number of people.
            copies: (R, B) for B subsets of the people: 1 for who is in it; by default everybody is.

        Returns:
            (galleries, B); B is 1 without `copies`.
        """
        copies = np.ones((self.people, 1)) if copies is None else copies
        hits = (self.scores >= score).astype(np.float32) @ copies.astype(np.float32)
        strangers = copies.sum(axis=0) - copies[self.person]
        weight = self.weight[:, None] * copies[self.person]
        chances = (_chance(strangers - hits, strangers, gallery) for gallery in galleries)
        rates = [(weight * chance).sum(axis=0) / weight.sum(axis=0) for chance in chances]
        return np.array(rates)

    def half_borne_by(self, score: float, gallery: int) -> float:
        """Return the smallest share of the people whose searches make half of the false positives at a score."""
        strangers = np.float64(self.people - 1)
        chance = _chance(strangers - (self.scores >= score).sum(axis=1), strangers, gallery)
        borne = np.sort(np.bincount(self.person, weights=self.weight * chance))[::-1]
        return (int(np.searchsorted(np.cumsum(borne), borne.sum() / 2)) + 1) / self.people


@dataclass(frozen=True)
class Fit:
    """The numbers that are shipped; see `countenance.vision.calibration`.

    Attributes:
        knots: (score, log10 FMR, spread), rising scores.
        scale: of the tail above the last knot.
        shape: of that tail.
        intervals: for `scale` and `shape`, the middle 95 % over resamplings of the people.
    """

    knots: list[list[float]]
    scale: float
    shape: float
    intervals: dict[str, list[float]]


def _chance(missed: Floats, strangers: Floats | np.float64, gallery: int) -> Floats:
    """Return the chance that a gallery drawn from the strangers holds one that is not among the missed."""
    inside = missed >= gallery
    with np.errstate(invalid="ignore"):
        logs = gammaln(missed + 1) - gammaln(missed - gallery + 1)
        logs -= gammaln(strangers + 1) - gammaln(strangers - gallery + 1)
    return np.where(inside, -np.expm1(np.where(inside, logs, 0.0)), 1.0)


def strangers(vectors: NDArray[np.float32], people: NDArray[np.str_]) -> Strangers:
    """Return the scores between people.

    Args:
        vectors: float32 (P, D), unit length, in the order of the photos.
        people: (P,), the person in each.
    """
    _, first, person = np.unique(people, return_index=True, return_inverse=True)
    scores = vectors @ vectors[first].T
    scores[np.arange(len(person)), person] = -2.0
    weight = 1.0 / np.bincount(person)[person]
    return Strangers(scores, person, weight / weight.sum())


def fitted(data: Strangers, resamplings: int = 200) -> Fit:
    """Fit the tail to the scores between people; without resamplings the intervals are points.

    Raises:
        ValueError: fewer than 200 people.
    """
    if data.people < 2 * _SPREAD_SUPPORT:
        raise ValueError(f"a fit needs {2 * _SPREAD_SUPPORT} people, not {data.people}")
    order = np.argsort(data.scores, axis=None)[::-1]
    order = order[: data.scores.size - len(data.person)]  # without the scores of a person with themselves
    falling = data.scores.ravel()[order]
    weight = data.weight[order // data.people] / (data.people - 1)
    fmr = np.cumsum(weight)
    best = np.full(data.people, -2.0, np.float32)
    np.maximum.at(best, data.person, data.scores.max(axis=1))
    best.sort()
    last, trusted = float(best[-SUPPORT]), float(best[-_SPREAD_SUPPORT])
    scores = falling[np.searchsorted(fmr, _KNOTS[fmr[0] < _KNOTS])]
    scores = np.append(scores[scores < last], last)
    rates = fmr[np.searchsorted(-falling, -scores, side="right") - 1]
    spreads = _spreads(data, scores, rates, trusted)
    knots = [[-1.0, 0.0, spreads[0]], *zip(scores.tolist(), np.log10(rates).tolist(), spreads, strict=True)]

    above = int(np.searchsorted(fmr, _TAIL_FMR))
    bottom = falling[above]
    excess = (falling[:above] - bottom).astype(np.float64)
    shape, scale = _pareto(excess, weight[:above])
    shift = last - float(bottom)  # a generalised Pareto tail above a higher score is one again
    probe, reference = data.person[order[:above] // data.people], order[:above] % data.people
    random, drawn = np.random.default_rng(1), [(shape, scale)]
    for _ in range(resamplings):
        copies = np.bincount(random.integers(data.people, size=data.people), minlength=data.people)
        drawn.append(_pareto(excess, weight[:above] * copies[probe] * copies[reference]))
    shapes, scales = np.percentile([[k, b + k * shift] for k, b in drawn], [2.5, 97.5], axis=0).T
    return Fit(
        [[round(float(s), 5), round(float(f), 4), float(f"{a:.3g}")] for s, f, a in knots],
        round(scale + shape * shift, 6),
        round(shape, 2),
        {"shape": shapes.round(2).tolist(), "scale": scales.round(6).tolist()},
    )


def _spreads(data: Strangers, scores: NDArray[np.float32], rates: Floats, trusted: float) -> list[float]:
    """Return the spread at each score that best gives the measured FPIR at galleries of every size."""
    sizes = np.unique(np.geomspace(1, data.people - 1, 15).astype(int))
    spreads: list[float] = []
    for score, fmr in zip(scores, rates, strict=True):
        if score > trusted and spreads:
            spreads.append(spreads[-1])
            continue
        measured = data.hit_rate(float(score), sizes.tolist())[:, 0]
        usable = (measured > 3 / data.people) & (measured < 0.95)
        rate = sizes[usable] * -np.log1p(-fmr)
        modelled = -np.expm1(-_SPREADS[:, None] * np.log1p(rate / _SPREADS[:, None]))
        wrong = ((np.log(modelled) - np.log(measured[usable])) ** 2).sum(axis=1)
        found = float(_SPREADS[np.argmin(wrong)])
        spreads.append(min(found, spreads[-1]) if spreads else found)
    return spreads


def _pareto(excess: Floats, weight: Floats) -> tuple[float, float]:
    """Return shape and scale of the generalised Pareto distribution of greatest weighted likelihood.

    Shapes below 0 are not considered: such a tail ends, and would promise that chance stops there.
    """
    weight = weight / weight.sum()
    mean = float(weight @ excess)
    best = (np.inf, 0.0, mean)
    for shape in _SHAPES:
        for scale in mean * _SCALES:
            scaled = excess / scale
            loss = np.log(scale) + weight @ ((1 + 1 / shape) * np.log1p(shape * scaled) if shape else scaled)
            best = min(best, (float(loss), float(shape), float(scale)))
    return best[1], best[2]
