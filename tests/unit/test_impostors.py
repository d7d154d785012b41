# SPDX-License-Identifier: Apache-2.0
"""The measuring commands count without bias and fit what they count."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

impostors = pytest.importorskip("benchmarks.impostors", reason="run from the root of the repository")
calibrate = pytest.importorskip("benchmarks.calibrate", reason="run from the root of the repository")


def people(count: int, seed: int, uneven: float) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    """Two photos each of made-up people, a part of whom lie close together."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(count, 24))
    centres[: count // 5, 0] += uneven
    photos = np.repeat(centres, 2, axis=0) + 0.3 * random.normal(size=(2 * count, 24))
    photos /= np.linalg.norm(photos, axis=1, keepdims=True)
    return photos.astype(np.float32), np.repeat([f"p{number:04d}" for number in range(count)], 2)


def test_the_measured_rate_is_the_mean_over_all_galleries() -> None:
    """The closed form equals the average over every gallery that can be drawn from the strangers."""
    vectors, names = people(7, seed=1, uneven=1.0)
    data = impostors.strangers(vectors, names)
    score = float(np.sort(data.scores, axis=None)[-9])
    for gallery in (1, 2, 4, 6):
        expected = []
        for row, own in zip(data.scores, data.person, strict=True):
            others = [index for index in range(7) if index != own]
            expected.append(np.mean([(row[list(drawn)] >= score).any() for drawn in combinations(others, gallery)]))
        assert data.hit_rate(score, [gallery])[0, 0] == pytest.approx(np.mean(expected), abs=1e-6)


def test_nobody_is_a_stranger_to_themselves() -> None:
    """A person's own reference never counts, and every person weighs the same however many photos there are."""
    vectors, names = people(20, seed=2, uneven=0.0)
    data = impostors.strangers(vectors[:-1], names[:-1])
    assert (data.scores[np.arange(39), data.person] == -2.0).all()
    totals = np.bincount(data.person, weights=data.weight)
    assert totals == pytest.approx(np.full(20, 1 / 20))


@pytest.mark.parametrize("uneven", [0.0, 3.0])
def test_a_fit_meets_its_target_on_other_people(uneven: float) -> None:
    """A threshold fitted on some people meets its rate on others, also where some people look alike."""
    fit = impostors.strangers(*people(800, seed=3, uneven=uneven))
    other = impostors.strangers(*people(800, seed=4, uneven=uneven))
    tail = calibrate.half_tail(fit)
    for target, gallery in ((0.1, 30), (0.1, 300), (0.02, 300)):
        rate, low, high = calibrate.interval(other, tail.threshold(target, gallery).value, gallery)
        assert low <= rate <= high
        assert target / 2 < rate < target * 2


def test_the_share_of_people_who_bear_half_is_seen() -> None:
    """Where a few people look alike, half of the false positives fall on fewer people than where nobody does."""
    even, uneven = (impostors.strangers(*people(400, seed=5, uneven=much)) for much in (0.0, 4.0))
    shares = [data.half_borne_by(float(np.quantile(data.scores, 0.999)), 100) for data in (uneven, even)]
    assert 0 < shares[0] < shares[1] / 1.5 < 0.5
