# SPDX-License-Identifier: Apache-2.0
"""Thresholds keep what they promise, and what is shipped is measured, consistent and free of faceprints."""

from __future__ import annotations

import json
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.backends import dlib_pack
from countenance.errors import ModelError
from countenance.vision import calibration
from countenance.vision.calibration import Tail

FOLDER = Path(calibration.__file__).with_name("tails")
DOCUMENTS = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))]
SHIPPED = [calibration.parse(document) for document in DOCUMENTS]

shipped = pytest.mark.parametrize("tail", SHIPPED, ids=[document["pack"] for document in DOCUMENTS])
documents = pytest.mark.parametrize("document", DOCUMENTS, ids=[document["pack"] for document in DOCUMENTS])
fpirs = st.floats(1e-6, 0.5)
galleries = st.integers(0, 10_000_000)


def made(spread: float, shape: float = 0.0) -> Tail:
    """A tail with FMR = 10 ** (-10 s) between 0 and 0.5, and one more power of ten each 0.1 above."""
    return Tail(
        encoder="e" * 64,
        evaluation="made",
        people=1000,
        scores=(-1.0, 0.0, 0.5),
        log_fmr=(0.0, 0.0, -5 * log(10)),
        log_spread=(log(spread),) * 3,
        scale=0.1 / log(10),
        shape=shape,
    )


@shipped
@given(fpir=fpirs, gallery=galleries)
def test_a_threshold_is_the_lowest_score_that_keeps_its_promise(tail: Tail, fpir: float, gallery: int) -> None:
    """At the threshold the expected FPIR is at most the target, and just below it is more."""
    threshold = tail.threshold(fpir, gallery)
    assert tail.fpir(threshold.value, max(gallery, 1)) <= fpir
    assert tail.fpir(threshold.value - 1e-6, max(gallery, 1)) > fpir
    assert (threshold.fpir, threshold.gallery) == (fpir, gallery)
    assert (threshold.encoder, threshold.evaluation) == (tail.encoder, tail.evaluation)


@shipped
@given(fpir=st.tuples(fpirs, fpirs), gallery=st.tuples(galleries, galleries))
def test_thresholds_are_monotone(tail: Tail, fpir: tuple[float, float], gallery: tuple[int, int]) -> None:
    """A stricter target or a larger gallery never lowers the threshold."""
    strict, loose = sorted(fpir)
    small, large = sorted(gallery)
    assert tail.threshold(strict, small).value >= tail.threshold(loose, small).value
    assert tail.threshold(loose, large).value >= tail.threshold(loose, small).value


@shipped
@given(scores=st.tuples(st.floats(-1, 1), st.floats(-1, 1)), gallery=st.integers(1, 1_000_000))
def test_chance_falls_with_the_score(tail: Tail, scores: tuple[float, float], gallery: int) -> None:
    """A higher score never has more chance candidates or a higher FPIR, and both stay within their range."""
    low, high = sorted(scores)
    assert 0 < tail.chance_candidates(high, gallery) <= tail.chance_candidates(low, gallery) <= gallery
    assert 0 <= tail.fpir(high, gallery) <= tail.fpir(low, gallery) <= 1
    assert tail.fpir(high, gallery) <= tail.chance_candidates(high, gallery) * 1.0001 or gallery == 1


@shipped
def test_an_empty_gallery_counts_as_one_reference(tail: Tail) -> None:
    """With no reference or one, there is a threshold, the same, and lower than with two."""
    assert tail.threshold(0.01, 0).value == tail.threshold(0.01, 1).value < tail.threshold(0.01, 2).value
    assert tail.chance_candidates(0.5, 0) == 0.0


@shipped
def test_it_says_where_it_had_to_extrapolate(tail: Tail) -> None:
    """A gallery or a rate beyond what the measured people support is marked as extrapolated."""
    assert not tail.threshold(0.01, 1000).extrapolated
    assert tail.threshold(0.01, tail.people).extrapolated
    assert tail.threshold(1e-6, 1000).extrapolated


@pytest.mark.parametrize(("fpir", "gallery"), [(0.0, 5), (1.0, 5), (-0.1, 5), (float("nan"), 5), (0.01, -1)])
def test_an_impossible_promise_is_refused(fpir: float, gallery: int) -> None:
    """An FPIR outside 0 to 1 or a negative gallery raises ValueError."""
    with pytest.raises(ValueError, match=r"FPIR|gallery"):
        made(1.0).threshold(fpir, gallery)


def test_people_who_are_alike_give_independent_trials() -> None:
    """Without any spread among people the model is the textbook's 1 - (1 - FMR) ** N."""
    for score, gallery in ((0.1, 3), (0.3, 300), (0.5, 10_000)):
        textbook = 1 - (1 - made(1.0).fmr(score)) ** gallery
        assert made(1e9).fpir(score, gallery) == pytest.approx(textbook, rel=1e-6)


def test_uneven_people_share_the_false_matches_unevenly() -> None:
    """The more unevenly false matches fall on people, the fewer searches of a large gallery have one."""
    assert made(0.1).fpir(0.3, 3000) < made(1.0).fpir(0.3, 3000) < made(100.0).fpir(0.3, 3000)


def test_the_tail_goes_on_smoothly_beyond_the_data() -> None:
    """Above the last knot the FMR follows the fitted tail, joins it without a step and never reaches 0."""
    tail = made(1.0)
    assert tail.fmr(0.5) == pytest.approx(1e-5)
    assert tail.fmr(0.6) == pytest.approx(1e-6)
    assert made(1.0, shape=0.2).fmr(0.6) > tail.fmr(0.6)
    assert tail.fmr(1.0) > 0


def test_no_score_may_do_for_a_huge_gallery() -> None:
    """Where no cosine can keep the promise the threshold lies above 1, so that nothing is a candidate."""
    tail = Tail("e", "x", 1000, (-1.0, 0.0, 0.9), (0.0, 0.0, log(1e-3)), (0.0, 0.0, 0.0), 0.1, 0.0)
    assert tail.threshold(0.001, 1_000_000).value > 1


@documents
def test_an_encoder_finds_its_tail(document: dict[str, Any]) -> None:
    """A tail is found by the digest of the encoder that it was measured with."""
    assert calibration.tail_for(document["encoder"]).evaluation == document["evaluation"]


def test_an_unmeasured_encoder_gets_no_threshold() -> None:
    """An encoder without a measured tail raises ModelError that says what to do."""
    with pytest.raises(ModelError, match="choose a measured pack"):
        calibration.tail_for("0" * 64)


@documents
def test_measured_rates_meet_their_targets(document: dict[str, Any]) -> None:
    """On people that the fit had not seen, FPIR 0.1 and 0.01 were met within a factor of two."""
    rows = [row for row in document["validation"] if row["fpir"] >= 0.01]
    assert {row["gallery"] for row in rows} == {100, 300, 1000, 1400}
    assert all(row["fpir"] / 2 <= row["measured"] <= row["fpir"] * 2 for row in rows)


@documents
def test_what_is_shipped_is_small_and_in_order(document: dict[str, Any]) -> None:
    """A shipped tail is a few numbers: rising scores, falling rates and spreads, a tail without an end."""
    scores, exponents, spreads = (np.array(column) for column in zip(*document["knots"], strict=True))
    assert len(scores) < 100
    assert (np.diff(scores) > 0).all()
    assert (np.diff(exponents) < 0).all()
    assert (np.diff(spreads) <= 0).all()
    assert document["tail"]["scale"] > 0
    assert document["tail"]["shape"] >= 0
    assert {"sha256", "people", "photos", "missed", "support_people"} <= document["data"].keys()


def test_the_default_pack_is_measured() -> None:
    """The encoder of the default pack, as it is now, has a measured tail."""
    assert calibration.tail_for(dlib_pack.load().encoder.digest).people > 2000
