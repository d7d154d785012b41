# SPDX-License-Identifier: Apache-2.0
"""From a promised error rate to a score, and from a score to the matches that chance alone would give.

A tail says how high strangers score under one encoder: for galleries of several sizes, the score that a search for
somebody who is not in the gallery reaches in a share f of all searches (f from 0.9 down to 1e-8), with its 95 %
interval. Between sizes and between shares it is interpolated, linearly in their logarithms; both were measured on
real faces by `vision.impostors`. It is no model of independent trials: people differ, some look like many others to
an encoder, and the score itself depends on the gallery.

Scores of one-to-one comparisons are cosines and have a curve of their own. docs/formats/tail.md has the file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from math import log10, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from countenance.errors import BadInput, ModelError
from countenance.model.threshold import Estimate, Threshold
from countenance.vision.neighbourhood import NEIGHBOURS, WEIGHT

SCHEMA = "countenance.tail/2"
_Floats = NDArray[np.float64]
_FLAT = 1e-9  # a step of an interval may have no height


@dataclass(frozen=True, eq=False)
class Curve:
    """Scores that strangers reach, by share of searches, at one size of gallery or one to one.

    Attributes:
        people: size of the gallery.
        log_share: log10 of the shares, falling; the same for all curves of a tail.
        scores, low, high: the score reached at each share and its 95 % interval, rising.
        log_chance: log10 of the expected number of strangers at these scores or above.
        supported: log10 of the smallest share that enough people support.
    """

    people: float
    log_share: _Floats = field(repr=False)
    scores: _Floats = field(repr=False)
    low: _Floats = field(repr=False)
    high: _Floats = field(repr=False)
    log_chance: _Floats = field(repr=False)
    supported: float

    def score(self, log_share: float) -> tuple[float, float, float]:
        """Return the score that is reached in this share of searches, and its interval."""
        return (
            _along(log_share, self.scores, self),
            _along(log_share, self.low, self),
            _along(log_share, self.high, self),
        )

    def share(self, score: float) -> Estimate:
        """Return in which share of searches this score is reached."""
        value, low, high = (10.0 ** min(_back(score, row, self.log_share), 0.0) for row in self._rows())
        return Estimate(value, min(low, value), max(high, value), log10(max(value, 1e-300)) < self.supported)

    def chance(self, score: float) -> Estimate:
        """Return how many strangers of the gallery to expect at this score or above."""
        value, low, high = (10.0 ** _back(score, row, self.log_chance) for row in self._rows())
        beyond = self.share(score).extrapolated
        return Estimate(
            min(value, self.people), min(low, value, self.people), min(max(high, value), self.people), beyond
        )

    def _rows(self) -> tuple[_Floats, _Floats, _Floats]:
        return self.scores, self.low, self.high


@dataclass(frozen=True, eq=False)
class Tail:
    """How high strangers score under one encoder.

    Attributes:
        encoder: digest of the encoder.
        evaluation: id of the measurement.
        date: day of the measurement, YYYY-MM-DD.
        data: name of what it was measured on.
        people: how many people it was measured on.
        background: mean cosine of two strangers.
        pairs: cosines of one stranger with one reference.
        sizes: identification scores, by rising size of the gallery.
        missed: for some of these sizes the scores of a person's own photos: (people, log10 share missed, scores).
    """

    encoder: str
    evaluation: str
    date: str
    data: str
    people: int
    background: float
    pairs: Curve = field(repr=False)
    sizes: tuple[Curve, ...] = field(repr=False)
    missed: tuple[tuple[float, _Floats, _Floats], ...] = field(repr=False, default=())

    def threshold(self, fpir: float, gallery: int) -> Threshold:
        """Return the identification score that a search for a stranger reaches in a share of `fpir`.

        It rises as `fpir` falls. With the gallery it may rise or fall: in a larger one the neighbours that are taken
        off lie closer, too. An empty gallery is treated as one of one reference.

        Args:
            gallery: references; those of one person count each, which errs on the safe side.

        Raises:
            ValueError: `fpir` is not between 0 and 1, or `gallery` is negative.
        """
        _require(fpir, gallery)
        curve = self.at(gallery)
        value, low, high = curve.score(log10(fpir))
        beyond = log10(fpir) < curve.supported or gallery > self.sizes[-1].people
        return Threshold(value, low, high, fpir, gallery, self.encoder, self.evaluation, extrapolated=beyond)

    def pair_threshold(self, fmr: float) -> Threshold:
        """Return the cosine that one pair of strangers reaches with a chance of `fmr`: for one-to-one comparisons."""
        _require(fmr, 1)
        value, low, high = self.pairs.score(log10(fmr))
        beyond = log10(fmr) < self.pairs.supported
        return Threshold(value, low, high, fmr, 1, self.encoder, self.evaluation, extrapolated=beyond)

    def chance_candidates(self, score: float, gallery: int) -> Estimate:
        """Return how many strangers to expect at this identification score or above in such a gallery."""
        found = self.at(gallery).chance(score)
        beyond = found.extrapolated or gallery > self.sizes[-1].people
        return Estimate(found.value, found.low, found.high, beyond) if gallery else Estimate(0.0, 0.0, 0.0, False)

    def fpir(self, score: float, gallery: int) -> Estimate:
        """Return in which share of searches for a stranger somebody is found at this score or above."""
        found = self.at(gallery).share(score)
        return Estimate(found.value, found.low, found.high, found.extrapolated or gallery > self.sizes[-1].people)

    def fnir(self, score: float, gallery: int) -> float | None:
        """Return the share of searches that miss a person who is in the gallery, by one reference, at this threshold.

        None where nobody of the people measured had a second photo. Beyond the sizes measured it is that of the
        nearest one.
        """
        if not self.missed:
            return None
        shares = [10.0 ** float(np.interp(score, scores, logs)) for _, logs, scores in self.missed]
        sizes = [log10(size) for size, _, _ in self.missed]
        return float(np.interp(log10(max(gallery, 1)), sizes, shares))

    def at(self, gallery: int) -> Curve:
        """Return the curve at a size of gallery: between two measured ones, or past the last along its trend."""
        wanted = float(max(gallery, 1))
        for lower, upper in zip(self.sizes, self.sizes[1:], strict=False):
            if wanted <= upper.people:
                part = log10(wanted / lower.people) / log10(upper.people / lower.people)
                return _between(lower, upper, max(part, 0.0), wanted)
        return _past(self.sizes, wanted)


def _between(lower: Curve, upper: Curve, part: float, people: float) -> Curve:
    def mix(a: _Floats, b: _Floats) -> _Floats:
        return a + part * (b - a)

    return Curve(
        people,
        lower.log_share,
        mix(lower.scores, upper.scores),
        mix(lower.low, upper.low),
        mix(lower.high, upper.high),
        mix(lower.log_chance, upper.log_chance),
        lower.supported + part * (upper.supported - lower.supported),
    )


def _past(sizes: Sequence[Curve], people: float) -> Curve:
    """Follow the steepest rise of the last decade of sizes, never downwards; the interval widens with the distance.

    A trend drawn through two curves a decade apart has sqrt(2) times the error of one of them per decade.
    """
    last = sizes[-1]
    decades = log10(people / last.people)
    earlier = min(sizes, key=lambda curve: abs(log10(last.people / curve.people) - 1))
    apart = log10(last.people / earlier.people)
    counted = (last.log_share <= -1) & (last.log_share >= last.supported)
    rises = (last.scores - earlier.scores)[counted] / apart if apart else np.zeros(1)
    middle = last.scores + max(float(rises.max(initial=0.0)), 0.0) * decades
    wider = sqrt(1 + 2 * decades**2)
    low = np.maximum.accumulate(middle - (last.scores - last.low) * wider)
    high = np.minimum.accumulate((middle + (last.high - last.scores) * wider)[::-1])[::-1]
    return Curve(people, last.log_share, middle, low, high, last.log_chance, last.supported)


def _along(log_share: float, row: _Floats, curve: Curve) -> float:
    """Interpolate a row at a share; past its ends along the first or last step."""
    logs = curve.log_share
    if log_share < logs[-1]:
        return float(row[-1] + (row[-1] - row[-2]) * (log_share - logs[-1]) / (logs[-1] - logs[-2]))
    if log_share > logs[0]:
        return float(row[0] - (row[1] - row[0]) * (log_share - logs[0]) / (logs[0] - logs[1]))
    return float(np.interp(-log_share, -logs, row))


def _back(score: float, row: _Floats, logs: _Floats) -> float:
    """Return the logarithm at which a row reaches this score; past its ends along the first or last step."""
    if score > row[-1]:
        return float(logs[-1] + (logs[-1] - logs[-2]) * (score - row[-1]) / max(row[-1] - row[-2], _FLAT))
    if score < row[0]:
        return float(logs[0] + (logs[0] - logs[1]) * (row[0] - score) / max(row[1] - row[0], _FLAT))
    return float(np.interp(score, row, logs))


def _require(fpir: float, gallery: int) -> None:
    if not 0 < fpir < 1:
        raise ValueError(f"an FPIR lies between 0 and 1, not {fpir}")
    if gallery < 0:
        raise ValueError(f"a gallery has 0 references or more, not {gallery}")


def tail_for(encoder: str) -> Tail:
    """Return the tail of this encoder (its digest) that comes with the program.

    Raises:
        ModelError: none does; a threshold would be a guess.
    """
    try:
        return shipped()[encoder]
    except KeyError:
        raise ModelError(
            f"how high strangers score was never measured for encoder {encoder[:12]}, so no threshold can be "
            "promised; choose a measured pack (`countenance models list`) or measure this one on photos of "
            "known people (`countenance calibrate`)"
        ) from None


def parse(document: Mapping[str, Any]) -> Tail:
    """Return the tail in a document; docs/formats/tail.md lists its fields.

    Raises:
        BadInput: it is of another schema, or of another score than this program gives.
    """
    if document.get("schema") != SCHEMA:
        raise BadInput(f"this is no document of schema {SCHEMA}; `countenance calibrate` makes one")
    score = document["score"]
    if (score["neighbours"], score["weight"]) != (NEIGHBOURS, WEIGHT):
        raise BadInput("this tail was measured for another score; measure again with `countenance calibrate`")
    logs = np.array(document["log10_share"], np.float64)
    return Tail(
        encoder=document["encoder"],
        evaluation=document["evaluation"],
        date=document["date"],
        data=document["data"]["name"],
        people=document["data"]["people"],
        background=score["background"],
        pairs=_curve(document["pairs"], logs),
        sizes=tuple(_curve(one, logs) for one in document["sizes"]),
        missed=tuple(
            (float(one["people"]), np.log10(one["share"]), np.array(one["scores"], np.float64))
            for one in document["missed"]
        ),
    )


def _curve(document: Mapping[str, Any], logs: _Floats) -> Curve:
    scores, low, high, chance = (np.array(document[name], float) for name in ("scores", "low", "high", "log10_chance"))
    return Curve(float(document["people"]), logs, scores, low, high, chance, float(document["supported"]))


@cache
def shipped() -> dict[str, Tail]:
    """Return the tails that come with the program, by digest of the encoder."""
    folder = resources.files("countenance.vision") / "tails"
    files = [entry for entry in folder.iterdir() if entry.name.endswith(".json")]
    tails = [parse(json.loads(file.read_text(encoding="utf-8"))) for file in files]
    return {tail.encoder: tail for tail in tails}
