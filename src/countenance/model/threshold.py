# SPDX-License-Identifier: Apache-2.0
"""The score from which on two faces count as one person, and what was promised when it was chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace

SCORE_PLACES = 3
"""Decimals of a score that is stored or leaves the search: fewer would not tell candidates apart, more would help
somebody to climb to a candidate, changing a probe step by step and keeping what scores higher."""
_CHANCE_DIGITS = 2  # a chance said to the last digit would be the score said to the last digit


def shown_score(score: float) -> float:
    """Return a score, a threshold or a one-to-one cosine as finely as anybody is told it."""
    return round(score, SCORE_PLACES)


@dataclass(frozen=True)
class Estimate:
    """A measured number with its 95 % interval.

    Attributes:
        extrapolated: it rests on the fitted tail, or on a trend beyond the sizes measured, not on people seen.
    """

    value: float
    low: float
    high: float
    extrapolated: bool

    def shown(self) -> Estimate:
        """Return a chance as finely as anybody is told it."""
        value, low, high = (float(f"{one:.{_CHANCE_DIGITS}g}") for one in (self.value, self.low, self.high))
        return replace(self, value=value, low=low, high=high)


@dataclass(frozen=True)
class Threshold:
    """A score with the false positive identification rate (FPIR) that it was chosen for.

    Attributes:
        value: the lowest score that makes a candidate: an identification score (`vision.neighbourhood`),
            or a cosine where two photos are compared.
        low, high: the ends of its 95 % interval: other people measured would have given a threshold in it.
        fpir: share of searches for somebody who is not in the gallery that may still return a
            candidate, in (0, 1).
        gallery: number of references searched.
        encoder: digest of the encoder whose scores it is for.
        evaluation: id of the measurement that it comes from.
        extrapolated: the measurement has too few people to have seen such a rate at this size;
            the value rests on the fitted tail.
    """

    value: float
    low: float
    high: float
    fpir: float
    gallery: int
    encoder: str
    evaluation: str
    extrapolated: bool

    def shown(self) -> Threshold:
        """Return it as finely as anybody is told it."""
        return replace(self, value=shown_score(self.value), low=shown_score(self.low), high=shown_score(self.high))
