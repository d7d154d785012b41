# SPDX-License-Identifier: Apache-2.0
"""The promises of the search kernel, with brute force as the oracle."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from countenance.backends.scan import Scan, Segment, search
from countenance.ports.gallery import Found

DIM = 32


def vectors(count: int, seed: int, dim: int = DIM) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, dim))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32)


def filled(scan: Scan, rows: NDArray[np.float32], capacity: int) -> list[Segment]:
    segments = []
    for first in range(0, len(rows), capacity):
        segments.append(scan.segment(capacity))
        segments[-1].append(rows[first : first + capacity])
    return segments


def exactly(row: NDArray[np.float32], query: NDArray[np.float32]) -> float:
    """Return the inner product: no product or sum is rounded before the end."""
    total = math.fsum(float(a) * float(b) for a, b in zip(row, query, strict=True))
    return float(np.clip(np.float32(total), -1.0, 1.0))


def oracle(
    segments: list[NDArray[np.float32]], query: NDArray[np.float32], minimum: float, most: int | None
) -> list[tuple[int, int, float]]:
    """Return (segment, row, score) of all that must be found, best first."""
    scored = [(s, r, exactly(row, query)) for s, rows in enumerate(segments) for r, row in enumerate(rows)]
    scored = sorted((one for one in scored if one[2] >= minimum), key=lambda one: (-one[2], one[0], one[1]))
    if most is not None and len(scored) > most:
        last = scored[most - 1][2] if most else math.inf
        scored = [one for one in scored if one[2] >= last]
    return scored


def listed(found: Found) -> list[tuple[int, int, float]]:
    return list(zip(found.segment.tolist(), found.row.tolist(), found.score.tolist(), strict=True))


@contextmanager
def always(large: int) -> Iterator[None]:
    """From so many rows on, searches go by codes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "LARGE", large)
        yield


@pytest.fixture(params=["blas", "codes"])
def either_way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Search once as small galleries are searched, once as large ones are."""
    with always(0 if request.param == "codes" else 10**9):
        yield


@pytest.mark.parametrize("large", [0, 10**9], ids=["codes", "blas"])
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_sequence_agrees_with_brute_force(large: int, data: st.DataObject) -> None:
    """After any appends and removals, every search returns exactly what brute force does, ties included."""
    with always(large):
        any_sequence(data)


def any_sequence(data: st.DataObject) -> None:
    scan = Scan(DIM)
    segments: list[Segment] = []
    mirror: list[list[NDArray[np.float32]]] = []
    for step in range(data.draw(st.integers(1, 6))):
        for _ in range(data.draw(st.integers(0, 2))):
            segments.append(scan.segment(capacity=64))
            mirror.append([])
        for segment, rows in zip(segments, mirror, strict=True):
            fresh = vectors(data.draw(st.integers(0, 64 - len(segment))), step)  # one seed: many equal rows
            assert list(segment.append(fresh)) == list(range(len(rows), len(rows) + len(fresh)))
            rows.extend(fresh)
            gone = data.draw(st.lists(st.integers(0, max(len(rows) - 1, 0)), max_size=len(rows)))
            for source, target in segment.remove(gone).tolist():
                rows[target] = rows[source]
            del rows[len(rows) - len(set(gone)) :]
            assert len(segment) == len(rows)
        query = data.draw(st.sampled_from([vectors(1, 500 + step)[0], *(row for rows in mirror for row in rows[:1])]))
        minimum, most = data.draw(st.floats(-1.0, 1.0)), data.draw(st.none() | st.integers(0, 20))
        (found,) = scan.search(segments, query[None], minimum=minimum, most=most)
        assert listed(found) == oracle([np.array(rows) for rows in mirror], query, minimum, most)


@pytest.mark.usefixtures("either_way")
def test_every_row_at_its_own_score_is_found() -> None:
    """A minimum equal to a row's own score does not lose that row."""
    rows, query = vectors(500, 1), vectors(1, 2)
    scan = Scan(DIM)
    segments = filled(scan, rows, 128)
    for row in rows:
        score = exactly(row, query[0])
        (found,) = scan.search(segments, query, minimum=score)
        assert score in found.score


@pytest.mark.usefixtures("either_way")
def test_what_is_not_allowed_is_not_ranked() -> None:
    """The filter comes before the ranking: the best of what is left fill the list."""
    rows, query = vectors(300, 3), vectors(1, 4)
    scan = Scan(DIM)
    segments = filled(scan, rows, 100)
    (best,) = scan.search(segments, query, most=10)
    masks = [np.ones(100, bool), None, np.ones(128, bool)]
    for segment, row in zip(best.segment, best.row, strict=True):
        if (mask := masks[segment]) is not None:
            mask[row] = False
    (found,) = scan.search(segments, query, most=10, allowed=masks)
    (everything,) = scan.search(segments, query)
    kept = [one for one in listed(everything) if masks[one[0]] is None or masks[one[0]][one[1]]]
    assert listed(found) == kept[:10]


def test_removed_rows_are_overwritten() -> None:
    """After a removal, and after a wipe, no byte of what was removed is left in the segment."""
    rows = vectors(50, 5)
    scan = Scan(DIM)
    (segment,) = filled(scan, rows, 64)
    scan.slim(scan.segment(1), lambda numbers: rows[numbers])  # an empty one stays as it is
    with always(0):
        scan.prepare([segment])
    memory, codes = segment.exact, [segment._codes, segment._errors, segment._fine, segment._fine_errors]
    assert segment.remove([3, 49, 3, 10]).tolist() == [[47, 3], [48, 10]]
    for gone in (3, 49, 10):
        assert not (memory == rows[gone]).all(axis=1).any()
    assert not memory[47:].any()
    assert not any(array[47:].any() for array in codes[1:])
    assert not codes[0][47 // 16, :, 47 % 16 :].any()
    assert codes[0][47 // 16, :, : 47 % 16].any()
    segment.wipe()
    assert not any(array.any() for array in (memory, *codes))
    assert len(segment) == 0


def test_wrong_rows_are_refused() -> None:
    """Rows of the wrong shape, type or length, too many of them, and unknown numbers change nothing."""
    segment = Scan(DIM).segment(10)
    segment.append(vectors(4, 1))
    for wrong in (vectors(2, 1, dim=16), vectors(2, 1).astype(np.float64), 2 * vectors(2, 1), vectors(7, 1)):
        with pytest.raises(ValueError, match=r"float32|length|holds"):
            segment.append(wrong)
    for unknown in ([4], [-1], [0, 9]):
        with pytest.raises(IndexError):
            segment.remove(unknown)
    assert len(segment) == 4
