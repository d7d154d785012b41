# SPDX-License-Identifier: Apache-2.0
"""False accepts and false rejects over thresholds, every person counting the same, with 95 % intervals.

A rate is the mean of the people's own rates, however many photos there are of each. Its interval comes from drawing
the people anew, with replacement, `RESAMPLINGS` times; where nobody erred, or everybody, the rule of three bounds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RESAMPLINGS = 400
_THRESHOLDS = 400
_ROUNDING = 1e-12
_SEED = 1  # the same data gives the same numbers
Floats = NDArray[np.float64]


class Rate(NamedTuple):
    """A rate with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Errors:
    """False accepts and false rejects over rising thresholds, person by person.

    Attributes:
        thresholds: float (T,), rising.
        accepts: float (people, T): share of this person's comparisons, or searches, that wrongly pass; a row of nan
            for somebody who took no part.
        rejects: the same for those that wrongly fail.
    """

    thresholds: Floats
    accepts: Floats = field(repr=False)
    rejects: Floats = field(repr=False)

    def curve(self) -> list[tuple[float, float, float]]:
        """Return (threshold, false accepts, false rejects) over all thresholds."""
        accepts, rejects = np.nanmean(self.accepts, axis=0), np.nanmean(self.rejects, axis=0)
        return [(float(t), float(a), float(r)) for t, a, r in zip(self.thresholds, accepts, rejects, strict=True)]

    def rejects_at(self, accepts: float) -> tuple[float, Rate]:
        """Return the lowest threshold with so few false accepts, and the false rejects there.

        Both are found anew in each drawing, so that the interval covers the threshold's own chance too.
        """

        def find(accepted: Floats, rejected: Floats) -> tuple[float, float]:
            index = min(int(np.argmax(accepted <= accepts)), len(accepted) - 1)
            index = index if accepted[index] <= accepts else len(accepted) - 1
            return float(self.thresholds[index]), float(rejected[index])

        threshold, value = find(np.nanmean(self.accepts, axis=0), np.nanmean(self.rejects, axis=0))
        draws = [find(a, r)[1] for a, r in zip(drawn(self.accepts), drawn(self.rejects), strict=True)]
        return threshold, rate_of(value, draws, self.rejects)

    def at(self, threshold: float) -> tuple[Rate, Rate]:
        """Return false accepts and false rejects at a threshold: at the next one that was looked at, from below."""
        index = max(int(np.searchsorted(self.thresholds, threshold, side="right")) - 1, 0)
        both = []
        for table in (self.accepts, self.rejects):
            column = table[:, index : index + 1]
            draws = [float(mean[0]) for mean in drawn(column)]
            both.append(rate_of(float(np.nanmean(column)), draws, table))
        return both[0], both[1]


def thresholds_of(strangers: NDArray[np.float32], genuine: NDArray[np.float32]) -> Floats:
    """Return rising thresholds: even in the logarithm of false accepts, and even in false rejects."""
    if not len(strangers):
        return np.linspace(-1, 1, _THRESHOLDS)
    ordered = np.sort(strangers)[::-1]
    places = np.unique(np.geomspace(1, len(ordered), _THRESHOLDS).astype(np.int64)) - 1
    even = np.quantile(genuine, np.linspace(0, 1, _THRESHOLDS // 4)) if len(genuine) else np.zeros(0)
    # Just above the highest stranger nothing is accepted.
    highest = float(np.nextafter(ordered[0], np.float32(np.inf)))
    return np.unique(np.concatenate([ordered[places].astype(np.float64), even, [highest]]))


def share_reaching(scores: NDArray[np.float32], thresholds: Floats) -> Floats:
    """Return the share of scores at or above each threshold."""
    if not len(scores):
        return np.full(len(thresholds), np.nan)
    below = np.searchsorted(np.sort(scores), thresholds, side="left")
    share: Floats = 1 - below / len(scores)
    return share


def drawn(table: Floats) -> list[Floats]:
    """Return the means over the people who took part, drawn anew each time."""
    random = np.random.default_rng(_SEED)
    part = np.flatnonzero(~np.isnan(table[:, 0]))
    known = table[part]
    if not len(part):
        return [np.full(table.shape[1], np.nan)]
    weights = random.multinomial(len(part), np.full(len(part), 1 / len(part)), size=RESAMPLINGS) / len(part)
    return list(weights @ known)


def rate_of(value: float, draws: Sequence[float], table: Floats) -> Rate:
    """Return a rate with the interval of its drawings, over the people of a table who took part."""
    people = int((~np.isnan(table[:, 0])).sum())
    low, high = (float(end) for end in np.quantile(draws, (0.025, 0.975)))
    few = min(3 / max(people, 1), 1.0)  # the rule of three
    if value <= _ROUNDING:
        high = max(high, few)
    if value >= 1 - _ROUNDING:
        low = min(low, 1 - few)
    return Rate(value, low, high)
