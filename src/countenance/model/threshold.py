# SPDX-License-Identifier: Apache-2.0
"""The score from which on two faces count as one person, and what was promised when it was chosen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Threshold:
    """A score with the false positive identification rate (FPIR) that it was chosen for.

    Attributes:
        value: the lowest score that makes a candidate, a cosine.
        fpir: share of searches for somebody who is not in the gallery that may still return a
            candidate, in (0, 1).
        gallery: number of references searched.
        encoder: digest of the encoder whose scores it is for.
        evaluation: id of the measurement that it comes from.
        extrapolated: the measurement has too few people to have seen such a rate at this size;
            the value rests on the fitted tail.
    """

    value: float
    fpir: float
    gallery: int
    encoder: str
    evaluation: str
    extrapolated: bool
