# SPDX-License-Identifier: Apache-2.0
"""The curves that are drawn beside a candidate's score."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from countenance.vision.calibration import shipped
from countenance.vision.score_curves import ScoreCurves, of_pairs, of_searches

TAILS = [tail for tail in shipped().values() if tail.evaluation != "drawn"]


def _below(curve: tuple[tuple[float, float], ...], score: float) -> float:
    x, y = np.array(curve).T
    kept = x <= score
    return float(np.trapezoid(y[kept], x[kept]))


@pytest.mark.parametrize("gallery", [0, 1, 30, 2500, 10**6])
@pytest.mark.parametrize("tail", TAILS, ids=lambda tail: tail.encoder[:6])
def test_curves_are_densities_that_agree_with_the_tail(tail, gallery: int) -> None:
    """Each curve holds all of its scores, is nowhere negative, and leaves the promised share above a threshold."""
    curves = of_searches(tail, gallery)
    for curve in (curves.chance, curves.genuine):
        assert min(density for _, density in curve) >= 0
        assert _below(curve, 2) == pytest.approx(1, abs=0.005)
    for fpir in (0.3, 0.1, 0.01):
        above = 1 - _below(curves.chance, tail.threshold(fpir, gallery).value)
        assert above == pytest.approx(fpir, abs=0.02)
    missed = tail.fnir(curves.genuine[60][0], gallery)
    assert missed is not None
    assert _below(curves.genuine, curves.genuine[60][0]) == pytest.approx(missed, abs=0.06)
    assert curves.extrapolated is (gallery > tail.sizes[-1].people)


def test_where_nobody_had_a_second_photo_only_chance_is_drawn() -> None:
    """A curve that was never measured is left out, not made up."""
    curves = of_searches(replace(TAILS[0], missed=()), 100)
    assert curves.genuine == ()
    assert isinstance(of_pairs(TAILS[0]), ScoreCurves)
    assert of_pairs(TAILS[0]).genuine == ()
