# SPDX-License-Identifier: Apache-2.0
"""Rates of error: against counting by hand, against scikit-learn, and at their ends."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

from countenance.vision import evaluation
from countenance.vision.evaluation import Faces


def cosine(probes, references, absent):
    """`vision.evaluation.Scorer`: the plain cosine, which is easily counted by hand."""
    scores = probes @ references.T
    there = np.flatnonzero(absent >= 0)
    scores[there, absent[there]] = -np.inf
    return scores


def people(number: int, photos: int, *, spread: float, seed: int = 1) -> Faces:
    """Return drawn faces: `photos` of each of so many people, `spread` apart around the person's middle."""
    random = np.random.default_rng(seed)
    middles = random.normal(size=(number, 32))
    owner = np.repeat(np.arange(number), photos)
    vectors = middles[owner] + spread * random.normal(size=(len(owner), 32))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Faces(vectors.astype(np.float32), owner)


def everybody(faces: Faces) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the scores of all pairs and which are of one person."""
    one, two = np.triu_indices(len(faces.people), 1)
    return np.einsum("ij,ij->i", faces.vectors[one], faces.vectors[two]), faces.people[one] == faces.people[two]


def test_rates_of_pairs_are_those_of_scikit_learn() -> None:
    """With as many photos of each person, the mean over people is the rate over pairs, at every threshold."""
    faces = people(40, 4, spread=0.9)
    scores, same = everybody(faces)
    fmr, tmr, thresholds = roc_curve(same, scores, drop_intermediate=False)
    for threshold, accepts, rejects in evaluation.compare(faces).curve():
        at = np.flatnonzero(thresholds >= threshold - 1e-7)[-1]
        assert accepts == pytest.approx(fmr[at], abs=1e-3)
        assert rejects == pytest.approx(1 - tmr[at], abs=5e-3)


def test_every_person_counts_the_same() -> None:
    """A person with many photos does not outweigh one with few."""
    faces = people(30, 2, spread=0.2)
    flooded = Faces(
        np.concatenate([faces.vectors, np.repeat(faces.vectors[:1], 200, axis=0)]),
        np.concatenate([faces.people, np.zeros(200, np.int64)]),
    )
    threshold, rate = evaluation.compare(faces).rejects_at(0.01)
    _, again = evaluation.compare(flooded).at(threshold)
    assert again.value == pytest.approx(rate.value, abs=1 / 30 + 1e-9)


def test_searches_are_counted_as_by_hand() -> None:
    """FPIR, FNIR and ranks of one gallery are what a loop over its searches counts."""
    faces = people(60, 3, spread=0.9)
    found = evaluation.identify(faces, 60, cosine)
    first = np.arange(0, 180, 3)
    scores = faces.vectors @ faces.vectors[first].T
    own = scores[np.arange(180), faces.people]
    others = scores.copy()
    others[np.arange(180), faces.people] = -2
    mated = np.ones(180, bool)
    mated[first] = False
    assert found.ranks[1].value == pytest.approx((own > others.max(axis=1))[mated].mean(), abs=1e-9)
    for threshold, fpir, fnir in found.errors.curve():
        assert fpir == pytest.approx((others.max(axis=1) >= np.float32(threshold)).mean(), abs=1e-9)
        assert fnir == pytest.approx((own < np.float32(threshold))[mated].mean(), abs=1e-9)


def test_a_rate_lies_in_its_interval_and_no_error_is_not_no_risk() -> None:
    """An interval holds its rate; where nobody erred its end is three over the number of people."""
    hard, easy = people(50, 3, spread=0.9), people(50, 3, spread=0.05)
    _, rate = evaluation.compare(hard).rejects_at(0.01)
    assert 0 < rate.low < rate.value < rate.high < 1
    _, none = evaluation.compare(easy).rejects_at(0.01)
    assert none.value == 0
    assert none.high >= 3 / 50


def test_more_people_in_the_gallery_mean_more_false_candidates() -> None:
    """At one threshold, a larger gallery has the higher FPIR."""
    faces = people(200, 2, spread=0.8)
    small, large = (evaluation.identify(faces, size, cosine) for size in (20, 150))
    threshold, _ = small.errors.rejects_at(0.05)
    assert large.errors.at(threshold)[0].value > small.errors.at(threshold)[0].value


def test_the_worst_pairs_are_the_worst() -> None:
    """Of each person the lowest own pair, and of two people the highest pair, worst first."""
    faces = people(30, 3, spread=0.9)
    scores, same = everybody(faces)
    misses, mistaken = evaluation.worst(faces, 5)
    assert misses[0].score == pytest.approx(scores[same].min())
    assert mistaken[0].score == pytest.approx(scores[~same].max())
    assert [pair.score for pair in misses] == sorted(pair.score for pair in misses)
    assert [pair.score for pair in mistaken] == sorted((pair.score for pair in mistaken), reverse=True)
    assert len({faces.people[pair.one] for pair in misses}) == 5


def test_a_measure_that_tells_bad_photos_lowers_the_error_and_one_that_does_not_does_not() -> None:
    """Error against discard falls for a measure that knows which photos are bad, and stays for one that does not."""
    faces = people(100, 4, spread=0.3)
    random = np.random.default_rng(2)
    bad = random.random(len(faces.people)) < 0.1
    vectors = faces.vectors.copy()
    vectors[bad] = random.normal(size=(int(bad.sum()), 32)) / 32**0.5
    measures = {"sharpness": np.where(bad, 0.0, 1.0) + 0.1 * random.random(len(bad)), "luma": random.random(len(bad))}
    curves = evaluation.discard(Faces(vectors, faces.people, measures), 0.5, [0, 0.25])
    assert curves["sharpness"][1][1] < 0.05 < curves["sharpness"][0][1]
    assert curves["luma"][1][1] > 0.05


def test_pairs_are_judged_at_thresholds_of_the_other_folds() -> None:
    """Accuracy on given pairs is right where scores part cleanly, and a missing face counts as two people."""
    scores = np.array([0.9, 0.8, 0.1, 0.2] * 10, np.float64)
    same = np.array([True, True, False, False] * 10)
    folds = np.repeat(np.arange(10), 4)
    accuracy, each = evaluation.pairs(scores, same, folds)
    assert accuracy.value == 1
    assert each == [1.0] * 10
    scores[0] = -np.inf
    accuracy, _ = evaluation.pairs(scores, same, folds)
    assert accuracy.value == pytest.approx(1 - 1 / 40)
