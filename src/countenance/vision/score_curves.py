# SPDX-License-Identifier: Apache-2.0
"""Where scores lie: of strangers, and of people's own photos, as densities to be drawn beside a candidate's score.

A tail holds shares: of searches for a stranger that reach a score, and of a person's own photos that miss it. Between
the shares measured, a monotone cubic is drawn, whose slope is the density. What lies outside the shares measured is
drawn on along the last step, and is no measurement.

Source: F. N. Fritsch and R. E. Carlson, "Monotone Piecewise Cubic Interpolation", 1980.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log10

import numpy as np
from numpy.typing import ArrayLike, NDArray

from countenance.vision.calibration import Tail

_POINTS = 120
_SEEN_SHARE = 1e-4  # the chance curve is drawn to where one search for a stranger in ten thousand comes
_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ScoreCurves:
    """Two densities over one axis.

    Attributes:
        chance: (score, density) of the best stranger in one search; of two strangers' cosines one to one.
        genuine: (score, density) of a person's own photos; empty where nobody measured it.
        people: how many people they were measured on.
        extrapolated: the gallery is larger than any that was measured.
    """

    chance: tuple[tuple[float, float], ...]
    genuine: tuple[tuple[float, float], ...]
    people: int
    extrapolated: bool


def of_searches(tail: Tail, gallery: int) -> ScoreCurves:
    """Return the curves of identification scores in a gallery of this size."""
    size = max(gallery, 1)
    logs = tail.sizes[0].log_share
    chance = _density(tail.at(size).scores, 1 - 10.0**logs)
    return ScoreCurves(chance, _own(tail, size), tail.people, gallery > tail.sizes[-1].people)


def of_pairs(tail: Tail) -> ScoreCurves:
    """Return the chance curve of one-to-one cosines; how a person's own photos compare is not part of a tail."""
    curve = tail.pairs
    return ScoreCurves(_density(curve.scores, 1 - 10.0**curve.log_share), (), tail.people, extrapolated=False)


def _own(tail: Tail, size: int) -> tuple[tuple[float, float], ...]:
    if not tail.missed:
        return ()
    places = [log10(people) for people, _, _ in tail.missed]
    rows = np.array([scores for _, _, scores in tail.missed])
    scores = [float(np.interp(log10(size), places, column)) for column in rows.T]
    return _density(scores, 10.0 ** tail.missed[0][1])


def _density(scores: ArrayLike, shares: ArrayLike) -> tuple[tuple[float, float], ...]:
    """Return (score, density) of a distribution known at some scores by the share below them, rising."""
    x, y = np.asarray(scores, np.float64), np.asarray(shares, np.float64)
    kept = np.concatenate([[True], np.diff(x) > 1e-7]) & (y < 1 - _SEEN_SHARE)
    x, y = _closed(x[kept], y[kept])
    slopes = _slopes(x, y)
    grid = np.linspace(x[0], x[-1], _POINTS)
    at = np.clip(np.searchsorted(x, grid, side="right") - 1, 0, len(x) - 2)
    width = x[at + 1] - x[at]
    part = (grid - x[at]) / width
    rise = (y[at + 1] - y[at]) / width
    density = (
        6 * part * (1 - part) * rise + (1 - part) * (1 - 3 * part) * slopes[at] + part * (3 * part - 2) * slopes[at + 1]
    )
    return tuple((float(score), max(float(value), 0.0)) for score, value in zip(grid, density, strict=True))


def _closed(x: _Floats, y: _Floats) -> tuple[_Floats, _Floats]:
    """Add the ends, where nothing and everything lies below, each along the step next to it."""
    low = x[0] - (x[1] - x[0]) / (y[1] - y[0]) * y[0] * 2
    high = x[-1] + (x[-1] - x[-2]) / (y[-1] - y[-2]) * (1 - y[-1]) * 2
    return np.concatenate([[low], x, [high]]), np.concatenate([[0.0], y, [1.0]])


def _slopes(x: _Floats, y: _Floats) -> _Floats:
    """Return slopes at the points by which the cubic stays monotone; flat at both ends."""
    width, rise = np.diff(x), np.diff(y) / np.diff(x)
    slopes = np.zeros(len(x))
    before, after = 2 * width[1:] + width[:-1], width[1:] + 2 * width[:-1]
    slopes[1:-1] = (before + after) / (before / rise[:-1] + after / rise[1:])  # the harmonic mean of both sides
    return slopes
