# SPDX-License-Identifier: Apache-2.0
"""Thresholds keep what they promise, and what is shipped is measured, consistent and free of faceprints."""

from __future__ import annotations

import json
from math import log10
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.backends import dlib_pack
from countenance.errors import BadInput, ModelError
from countenance.vision import calibration
from countenance.vision.calibration import Curve, Tail

FOLDER = Path(calibration.__file__).with_name("tails")
DOCUMENTS = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))]
SHIPPED = [calibration.parse(document) for document in DOCUMENTS]

shipped = pytest.mark.parametrize("tail", SHIPPED, ids=[document["pack"] for document in DOCUMENTS])
documents = pytest.mark.parametrize("document", DOCUMENTS, ids=[document["pack"] for document in DOCUMENTS])
fpirs = st.floats(1e-6, 0.5)
galleries = st.integers(0, 10_000_000)
LOGS = np.array([0.0, -2.0, -4.0])


def curve(people: float, at: float) -> Curve:
    """A curve on which each power of ten costs 0.1, from `at` on; the interval is 0.02 wide on either side."""
    scores = at - 0.1 * LOGS
    return Curve(people, LOGS, scores, scores - 0.02, scores + 0.02, LOGS + 0.1, -3.0)


def made(step: float = 0.05) -> Tail:
    """A tail whose scores rise by `step` with every tenfold size."""
    sizes = tuple(curve(size, step * log10(size)) for size in (1, 10, 100))
    missed = ((10.0, np.log10([0.1, 0.5]), np.array([0.4, 0.6])), (100.0, np.log10([0.2, 0.6]), np.array([0.4, 0.6])))
    return Tail("e" * 64, "made", "2026-01-01", "nobody", 200, 0.1, curve(1, 0.3), sizes, missed)


@shipped
@given(fpir=fpirs, gallery=galleries)
def test_a_threshold_is_the_score_that_keeps_its_promise(tail: Tail, fpir: float, gallery: int) -> None:
    """The expected FPIR at the threshold is the target, inside an interval that holds the threshold."""
    threshold = tail.threshold(fpir, gallery)
    assert tail.fpir(threshold.value, gallery).value == pytest.approx(fpir, rel=1e-6)
    assert threshold.low <= threshold.value <= threshold.high
    assert (threshold.fpir, threshold.gallery) == (fpir, gallery)
    assert (threshold.encoder, threshold.evaluation) == (tail.encoder, tail.evaluation)


@shipped
@given(fpir=st.tuples(fpirs, fpirs), gallery=galleries)
def test_a_stricter_target_never_lowers_the_threshold(tail: Tail, fpir: tuple[float, float], gallery: int) -> None:
    """A smaller share of mistaken searches asks for at least the score of a larger one."""
    strict, loose = sorted(fpir)
    assert tail.threshold(strict, gallery).value >= tail.threshold(loose, gallery).value


@given(sizes=st.tuples(galleries, galleries), fpir=fpirs)
def test_a_threshold_follows_the_gallery(sizes: tuple[int, int], fpir: float) -> None:
    """Where strangers score higher in larger galleries, the threshold grows with each reference, past the data too."""
    small, large = sorted(sizes)
    assert made().threshold(fpir, large).value >= made().threshold(fpir, small).value
    assert made().threshold(0.01, 10_000).value == pytest.approx(0.2 + 0.05 * 4)


def test_a_falling_trend_is_not_followed_past_the_data() -> None:
    """Where strangers score lower in larger galleries, the last size measured sets all that are larger."""
    tail = made(-0.05)
    assert tail.threshold(0.01, 10).value > tail.threshold(0.01, 100).value
    assert tail.threshold(0.01, 1_000_000).value == tail.threshold(0.01, 100).value


@shipped
@given(scores=st.tuples(st.floats(-1, 1), st.floats(-1, 1)), gallery=st.integers(1, 1_000_000))
def test_chance_falls_with_the_score(tail: Tail, scores: tuple[float, float], gallery: int) -> None:
    """A higher score never has more chance candidates or a higher FPIR, and both stay within range and interval."""
    low, high = sorted(scores)
    few, many = tail.chance_candidates(high, gallery), tail.chance_candidates(low, gallery)
    assert 0 <= few.value <= many.value <= gallery
    assert few.low <= few.value <= few.high
    assert 0 <= tail.fpir(high, gallery).value <= tail.fpir(low, gallery).value <= 1


@shipped
def test_an_empty_gallery_counts_as_one_reference(tail: Tail) -> None:
    """With no reference or one, there is a threshold, the same; nobody is expected by chance where nobody is."""
    assert tail.threshold(0.01, 0).value == tail.threshold(0.01, 1).value
    assert tail.chance_candidates(0.5, 0).value == 0.0


@shipped
def test_it_says_where_it_had_to_extrapolate(tail: Tail) -> None:
    """A gallery or a rate beyond what the measured people support is marked, and its interval is wider."""
    assert not tail.threshold(0.1, 1000).extrapolated
    assert tail.threshold(0.01, tail.people).extrapolated
    assert tail.threshold(1e-6, 1000).extrapolated
    inside, beyond = tail.threshold(0.01, tail.people - 1), tail.threshold(0.01, 100 * tail.people)
    assert beyond.high - beyond.low > inside.high - inside.low
    assert tail.chance_candidates(0.9, 10 * tail.people).extrapolated


@pytest.mark.parametrize(("fpir", "gallery"), [(0.0, 5), (1.0, 5), (-0.1, 5), (float("nan"), 5), (0.01, -1)])
def test_an_impossible_promise_is_refused(fpir: float, gallery: int) -> None:
    """An FPIR outside 0 to 1 or a negative gallery raises ValueError."""
    with pytest.raises(ValueError, match=r"FPIR|gallery"):
        made().threshold(fpir, gallery)


def test_what_a_threshold_costs_is_told() -> None:
    """The share of missed people rises with the threshold and is that of the size; without second photos it is None."""
    tail = made()
    assert tail.fnir(0.4, 10) == pytest.approx(0.1)
    assert 0.1 < (tail.fnir(0.4, 30) or 0) < 0.2
    assert tail.fnir(0.6, 1_000_000) == pytest.approx(0.6)
    assert Tail("e", "x", "d", "n", 9, 0.0, tail.pairs, tail.sizes).fnir(0.5, 10) is None


def test_one_to_one_has_a_threshold_of_its_own() -> None:
    """A comparison of two photos is judged by its cosine, from the curve of pairs."""
    assert made().pair_threshold(0.01).value == pytest.approx(0.5)
    assert made().pair_threshold(1e-5).extrapolated


@documents
def test_an_encoder_finds_its_tail(document: dict[str, Any]) -> None:
    """A tail is found by the digest of the encoder that it was measured with."""
    assert calibration.tail_for(document["encoder"]).evaluation == document["evaluation"]


def test_an_unmeasured_encoder_gets_no_threshold() -> None:
    """An encoder without a measured tail raises ModelError that says what to do."""
    with pytest.raises(ModelError, match="countenance calibrate"):
        calibration.tail_for("0" * 64)


def test_a_tail_of_another_score_is_refused() -> None:
    """A document of another schema, or measured with other weights, sets no threshold."""
    with pytest.raises(BadInput, match="schema"):
        calibration.parse({**DOCUMENTS[0], "schema": "countenance.tail/1"})
    with pytest.raises(BadInput, match="another score"):
        calibration.parse({**DOCUMENTS[0], "score": {"neighbours": 10, "weight": 0.5, "background": 0.1}})


@documents
def test_what_is_shipped_is_small_and_in_order(document: dict[str, Any]) -> None:
    """A shipped tail is a few numbers: rising scores inside their intervals, falling chances, a tail without an end."""
    for one in (document["pairs"], *document["sizes"]):
        for name in ("scores", "low", "high"):
            assert (np.diff(one[name]) >= 0).all()
        assert (np.diff(one["log10_chance"]) <= 0).all()
        assert (np.array(one["low"]) <= one["scores"]).all()
        assert (np.array(one["scores"]) <= one["high"]).all()
        assert one["tail"]["scale"] > 0
        assert one["tail"]["shape"] >= 0
    assert [one["people"] for one in document["sizes"]] == sorted(one["people"] for one in document["sizes"])
    assert {"sha256", "people", "photos", "missed", "support_people"} <= document["data"].keys()


def test_the_default_pack_is_measured() -> None:
    """The encoder of the default pack, as it is now, has a measured tail."""
    assert calibration.tail_for(dlib_pack.load().encoder.digest).people > 2000
