# SPDX-License-Identifier: Apache-2.0
"""The identification score and what is measured of it: against plain loops, and on people the fit has not seen."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from countenance.vision import impostors
from countenance.vision.impostors import People
from countenance.vision.neighbourhood import NEIGHBOURS, identification, surroundings


def crowd(count: int, seed: int, uneven: float = 0.0) -> People:
    """Two photos each of made-up people, a part of whom lie close together."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(count, 24))
    centres[: count // 5, 0] += uneven
    photos = np.repeat(centres, 2, axis=0) + 0.3 * random.normal(size=(2 * count, 24))
    photos /= np.linalg.norm(photos, axis=1, keepdims=True)
    return impostors.people(photos.astype(np.float32), np.repeat(np.arange(count), 2))


def plainly(data: People, photo: int, chosen: NDArray[np.int64], place: int, background: float) -> float:
    """Return one score by the definition; the photo's own person is nobody's neighbour but a candidate."""
    references = data.vectors[data.first[chosen]]
    probe, candidate = data.vectors[photo], references[place]
    own = data.person[photo]
    others = [row for row in range(len(chosen)) if row != place and chosen[row] != own]
    near = sorted((float(probe @ references[row]) for row in others), reverse=True)
    around = sorted((float(candidate @ references[row]) for row in others), reverse=True)
    return identification(float(probe @ candidate), surroundings(near, background), surroundings(around, background))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 12, 30])
def test_scores_are_those_of_the_definition(size: int) -> None:
    """At every size, tiny ones too, the tables hold what plain loops over the definition give."""
    data = crowd(30, seed=size, uneven=2.0)
    chosen = np.sort(np.random.default_rng(size).permutation(30)[:size])
    background = impostors.background(data.vectors, data.person)
    for rows, table in impostors.scores(data, chosen):
        for photo, row in zip(rows, table, strict=True):
            expected = [plainly(data, photo, chosen, place, background) for place in range(size)]
            assert row == pytest.approx(expected, abs=2e-6)


def test_few_people_are_filled_up_with_the_background() -> None:
    """What a neighbourhood lacks counts as the mean of strangers, and no mean is below 0."""
    assert surroundings([], 0.3) == pytest.approx(0.3)
    assert surroundings([0.9], 0.3) == pytest.approx((0.9 + 0.3 * (NEIGHBOURS - 1)) / NEIGHBOURS)
    assert surroundings([0.9, 0.8, 0.7, 0.6], 0.3) == pytest.approx(0.8)
    assert surroundings([-0.9, -0.9, -0.9], 0.3) == 0.0


def test_everybody_is_dealt_into_galleries() -> None:
    """Over the galleries of a size every person is a reference, as often as any other within one round."""
    seen = np.bincount(np.concatenate(list(impostors.deals(100, 10, seed=1))), minlength=100)
    assert set(seen) == {1}
    assert [list(one) for one in impostors.deals(5, 4, seed=1)] == [[0, 1, 2, 3, 4]]


@pytest.mark.parametrize("uneven", [0.0, 3.0])
def test_a_fit_meets_its_target_on_other_people(uneven: float) -> None:
    """A threshold fitted on some people meets its rate on others within a factor of 1.5, also where some look alike."""
    tail = impostors.quick(crowd(300, seed=3, uneven=uneven))
    other = crowd(300, seed=4, uneven=uneven)
    for target, gallery in ((0.1, 30), (0.1, 150)):
        score, hits, searches = tail.threshold(target, gallery).value, 0, 0
        for chosen in impostors.deals(other.count, gallery, seed=9):
            outside = ~np.isin(other.person, chosen)
            for rows, table in impostors.scores(other, chosen):
                best = table[outside[rows]].max(axis=1)
                hits, searches = hits + int((best >= score).sum()), searches + len(best)
        assert target / 1.5 < hits / searches < target * 1.5


def test_a_measurement_is_the_same_each_time_and_names_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document depends on its data only, has intervals around its scores, and holds no vector."""
    monkeypatch.setattr(impostors, "_RESAMPLINGS", 4)
    data = crowd(100, seed=5)
    head = {"pack": "p", "encoder": "e", "data": {"name": "crowd"}}
    one, two = (impostors.measured(data, head, date="2026-01-01") for _ in range(2))
    assert one == two
    assert all(np.array(row["low"])[3] < row["scores"][3] < row["high"][3] for row in one["sizes"])
    assert one["sizes"][-1]["people"] == 99
    assert max(len(row["scores"]) for row in one["sizes"]) < 50
