# SPDX-License-Identifier: Apache-2.0
"""Geometry: overlap, suppression and the similarity transform."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from countenance.vision.geometry import iou, similarity, suppress

_edges = st.floats(-1e3, 1e3, allow_nan=False)
_box = st.tuples(_edges, _edges, st.floats(0, 1e3), st.floats(0, 1e3)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)


def test_iou_of_known_boxes() -> None:
    """The same box gives 1, half of it 1/2, a neighbour that only touches 0, an empty pair 0."""
    assert iou((0, 0, 10, 10), [(0, 0, 10, 10), (0, 0, 5, 10), (10, 0, 20, 10)]).tolist() == [1, 0.5, 0]
    assert iou((3, 3, 3, 3), [(3, 3, 3, 3)]).tolist() == [0]
    assert iou((0, 0, 1, 1), np.empty((0, 4))).shape == (0,)


@given(_box, _box)
def test_iou_is_symmetric_and_bounded(one: tuple[float, ...], other: tuple[float, ...]) -> None:
    """The order of the two boxes does not matter, and the ratio stays in [0, 1]."""
    ratio = iou(one, [other])[0]
    assert ratio == pytest.approx(iou(other, [one])[0])
    assert 0 <= ratio <= 1 + 1e-9


@given(st.lists(st.tuples(_box, st.floats(0, 1)), max_size=12), st.floats(0.05, 0.9))
def test_suppress_keeps_no_overlap_and_drops_nothing_else(
    found: list[tuple[tuple[float, ...], float]], threshold: float
) -> None:
    """No two kept boxes overlap by more than the threshold; each dropped one overlaps a better kept one."""
    boxes = np.array([box for box, _ in found]).reshape(-1, 4)
    scores = [score for _, score in found]
    kept = suppress(boxes, scores, threshold)
    assert [scores[index] for index in kept] == sorted((scores[index] for index in kept), reverse=True)
    for place, index in enumerate(kept):
        assert (iou(boxes[index], boxes[kept[place + 1 :]]) <= threshold).all()
    for index in set(range(len(found))) - set(kept):
        better = [other for other in kept if scores[other] >= scores[index]]
        assert (iou(boxes[index], boxes[better]) > threshold).any()


@given(st.floats(-3, 3), st.floats(0.1, 10), _edges, _edges, st.integers(0, 2**32 - 1))
def test_similarity_recovers_the_transform(turn: float, scale: float, x: float, y: float, seed: int) -> None:
    """Points that were turned, scaled and shifted give exactly that transform back."""
    points = np.random.default_rng(seed).uniform(0, 100, (5, 2))
    cosine, sine = scale * np.cos(turn), scale * np.sin(turn)
    expected = np.array([[cosine, -sine, x], [sine, cosine, y]])
    moved = points @ expected[:, :2].T + expected[:, 2]
    assert np.allclose(similarity(points, moved), expected, atol=1e-6)


def test_similarity_equals_umeyama() -> None:
    """On noisy points it is Umeyama's least-squares solution, as scikit-image computes it."""
    from skimage.transform import SimilarityTransform

    rng = np.random.default_rng(3)
    source, target = rng.uniform(0, 100, (2, 5, 2))
    target = 0.3 * target + source @ np.array([[0.8, 0.5], [-0.5, 0.8]])
    expected = SimilarityTransform.from_estimate(source, target).params[:2]
    assert np.allclose(similarity(source, target), expected)


def test_similarity_of_one_place_is_refused() -> None:
    """Points that are all the same have no scale."""
    with pytest.raises(ValueError, match="the same"):
        similarity([(1, 1), (1, 1)], [(0, 0), (2, 2)])
