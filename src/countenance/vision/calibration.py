# SPDX-License-Identifier: Apache-2.0
"""From a promised error rate to a score, and from a score to the matches that chance alone would give.

The model, with N references of strangers and a score s:

    FMR(s)      chance that one reference scores at least s with a probe of somebody else
    FPIR(N, s)  chance that at least one of N does:  1 - (1 + N r / a) ** -a,  r = -ln(1 - FMR(s))

People differ: some look like many others to an encoder, so N references are no N independent trials. The
formula takes each probe's own rate as drawn from a gamma distribution of mean r and shape a, its spread;
a, too, depends on the score. With a without bound it becomes 1 - (1 - FMR) ** N, which would promise too
much of a small gallery or too little of a large one.

FMR and a are measured on real faces by `python -m benchmarks.calibrate` and shipped as a few numbers per
encoder. Past the highest score that enough people support, the FMR follows a generalised Pareto tail.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from math import expm1, log, log1p
from typing import Any

import numpy as np

from countenance.errors import ModelError
from countenance.model.threshold import Threshold

_ALL = 1 - 1e-12  # the highest FMR: keeps the rate finite
_HIGHEST = 4.0  # past every cosine, for galleries in which no score can keep the promise
_STEPS = 60  # halvings of an interval of 5: far below the resolution of a float32 score


@dataclass(frozen=True)
class Tail:
    """How high strangers score under one encoder.

    Attributes:
        encoder: digest of the encoder.
        evaluation: id of the measurement.
        date: day of the measurement, YYYY-MM-DD.
        people: how many people it was measured on.
        scores: rising scores; the last is the highest that enough people have reached with a stranger.
        log_fmr: natural logarithm of the FMR at each of them, falling.
        log_spread: natural logarithm of a at each of them, never rising, so that FPIR falls with the score.
        scale: of the generalised Pareto tail above the last score.
        shape: of that tail, at least 0: a tail with an end would promise that chance stops there.
    """

    encoder: str
    evaluation: str
    people: int
    scores: tuple[float, ...] = field(repr=False)
    log_fmr: tuple[float, ...] = field(repr=False)
    log_spread: tuple[float, ...] = field(repr=False)
    scale: float
    shape: float
    date: str = "0001-01-01"  # never

    def fmr(self, score: float) -> float:
        """Return the chance that a stranger's reference scores at least this much, in [0, 1]."""
        beyond = (score - self.scores[-1]) / self.scale
        exponent = float(np.interp(score, self.scores, self.log_fmr))
        if beyond > 0:
            exponent -= log1p(self.shape * beyond) / self.shape if self.shape else beyond
        return float(np.exp(exponent))

    def chance_candidates(self, score: float, gallery: int) -> float:
        """Return how many of `gallery` references of strangers to expect at this score or above."""
        return gallery * self.fmr(score)

    def fpir(self, score: float, gallery: int) -> float:
        """Return the chance that a search for a stranger finds somebody at this score or above."""
        rate = -log1p(-min(self.fmr(score), _ALL))
        spread = float(np.exp(np.interp(score, self.scores, self.log_spread)))
        return -expm1(-spread * log1p(gallery * rate / spread))

    def threshold(self, fpir: float, gallery: int) -> Threshold:
        """Return the lowest score that keeps a search for a stranger empty but for a share of `fpir`.

        It rises with the gallery and falls with `fpir`. An empty gallery is treated as one of one
        reference. Above 1 no candidate can appear: the encoder cannot keep this promise at this size.

        Raises:
            ValueError: `fpir` is not between 0 and 1, or `gallery` is negative.
        """
        if not 0 < fpir < 1:
            raise ValueError(f"an FPIR lies between 0 and 1, not {fpir}")
        if gallery < 0:
            raise ValueError(f"a gallery has 0 references or more, not {gallery}")
        low, high = -1.0, _HIGHEST
        for _ in range(_STEPS):
            middle = (low + high) / 2
            if self.fpir(middle, max(gallery, 1)) > fpir:
                low = middle
            else:
                high = middle
        beyond = high > self.scores[-1] or gallery >= self.people
        return Threshold(high, fpir, gallery, self.encoder, self.evaluation, extrapolated=beyond)


def tail_for(encoder: str) -> Tail:
    """Return the measured tail of this encoder (its digest).

    Raises:
        ModelError: none was measured; a threshold would be a guess.
    """
    try:
        return shipped()[encoder]
    except KeyError:
        raise ModelError(
            f"how high strangers score was never measured for encoder {encoder[:12]}, so no threshold can be "
            "promised; choose a measured pack (`countenance models list`) or measure this one on faces of "
            "known people (`python -m benchmarks.calibrate`)"
        ) from None


def parse(document: dict[str, Any]) -> Tail:
    """Return the tail in a document of `benchmarks.calibrate`; docs/benchmarks.md lists its fields."""
    scores, exponents, spreads = zip(*document["knots"], strict=True)
    return Tail(
        encoder=document["encoder"],
        evaluation=document["evaluation"],
        date=document["date"],
        people=document["data"]["people"],
        scores=scores,
        log_fmr=tuple(exponent * log(10) for exponent in exponents),
        log_spread=tuple(log(spread) for spread in spreads),
        scale=document["tail"]["scale"],
        shape=document["tail"]["shape"],
    )


@cache
def shipped() -> dict[str, Tail]:
    """Return the tails that come with the program, by encoder."""
    folder = resources.files("countenance.vision") / "tails"
    files = [entry for entry in folder.iterdir() if entry.name.endswith(".json")]
    tails = [parse(json.loads(file.read_text(encoding="utf-8"))) for file in files]
    return {tail.encoder: tail for tail in tails}
