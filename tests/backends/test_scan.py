# SPDX-License-Identifier: Apache-2.0
"""The promises of the search kernel, with brute force as the oracle."""

from __future__ import annotations

import math
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
    assert not any(array[47:].any() for array in codes[1::2])
    assert not any(array[47 // 16, :, 47 % 16 :].any() for array in codes[::2])
    assert all(array[47 // 16, :, : 47 % 16].any() for array in codes[::2])
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


def people(count: int, photos: int, seed: int, spread: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return so many photos of each of so many people; `spread` is the share of each dimension."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(count, len(spread))) * spread
    rows = np.repeat(centres, photos, axis=0)
    rows = rows + 0.75 * random.normal(size=rows.shape) * spread
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


EVEN = np.ones(128)
STEEP = np.arange(1, 129) ** -0.5  # a few dimensions hold most
OFFSET = np.concatenate([[0.0], np.full(127, 0.1)])


def galleries() -> dict[str, NDArray[np.float32]]:
    """Return rows that are easy, hard and malicious for bounds."""
    even = people(250, 20, 1, EVEN)
    offset = people(250, 20, 3, OFFSET) + np.eye(1, 128, dtype=np.float32)  # dlib's faceprints have a large mean
    near = np.repeat(vectors(5, 4, 128), 1000, axis=0)
    near[:, 0] = np.nextafter(near[:, 0], np.random.default_rng(5).choice([-1, 1], len(near)).astype(np.float32))
    flat = np.full((5000, 128), 128**-0.5, np.float32)
    flat[::2, ::2] *= -1
    lone = np.eye(128, dtype=np.float32)[np.arange(5000) % 128]
    return {
        "even": even,
        "steep": people(250, 20, 2, STEEP),
        "offset": offset / np.linalg.norm(offset, axis=1, keepdims=True),
        "near ties": near,
        "flat": flat,
        "axes": lone * np.where(np.arange(5000) % 3, 1, -1).astype(np.float32)[:, None],
        "mixed": np.concatenate([even[:2500], lone[:2500]]),  # the codec fits neither
        "one row": even[:1],
    }


@pytest.mark.parametrize("kind", galleries())
def test_codes_change_no_answer(kind: str) -> None:
    """By codes, in full or slim segments, alone, in batches or over threads, the same bits come out as by BLAS."""
    rows = galleries()[kind]
    queries = np.concatenate([rows[::700], vectors(3, 9, 128), -rows[:1]])
    scan = Scan(128)
    segments = filled(scan, rows, 1000)
    middle = float(np.median(rows @ queries[0]))
    asked = [{"minimum": 0.5}, {"most": 10}, {"minimum": middle, "most": 7}, {"minimum": middle}, {"most": 0}, {}]
    with always(10**9):
        truth = [[listed(one) for one in scan.search(segments, queries, **some)] for some in asked]  # type: ignore[arg-type]

    def agree() -> None:
        for some, expected in zip(asked, truth, strict=True):
            assert [listed(one) for one in scan.search(segments, queries, **some)] == expected  # type: ignore[arg-type]
            alone = [listed(scan.search(segments, one[None], threads=2, **some)[0]) for one in queries]  # type: ignore[arg-type]
            assert alone == expected

    with always(0):
        agree()
        for number, segment in enumerate(segments[::2]):
            copy = segment.exact[: len(segment)].copy()
            scan.slim(segment, lambda numbers, copy=copy: copy[numbers])
            assert not len(segments[2 * number].exact)
        agree()


def test_few_rows_are_fetched_from_a_slim_segment() -> None:
    """A slim segment fetches what may reach the threshold, and hardly more."""
    rows = people(500, 20, 1, EVEN)
    scan = Scan(128)
    (segment,) = filled(scan, rows, len(rows))
    fetched = []
    scan.slim(segment, lambda numbers: (fetched.append(len(numbers)), rows[numbers])[1])  # type: ignore[func-returns-value]
    with pytest.raises(RuntimeError, match="slim"):
        segment.append(rows[:1])
    (found,) = scan.search([segment], rows[:1], minimum=0.5)
    assert len(found.row) == 20
    assert sum(fetched) < 100
    before = rows.copy()
    moves = segment.remove(np.arange(10))
    rows[moves[:, 1]] = before[moves[:, 0]]
    (fewer,) = scan.search([segment], before[:1], minimum=0.5)
    assert sorted(fewer.score.tolist()) == sorted(found.score[found.row >= 10].tolist())


@pytest.mark.parametrize("kind", galleries())
def test_no_bound_is_below_the_score(kind: str) -> None:
    """Every row's upper bound is at least its score."""
    rows = galleries()[kind]
    queries = np.concatenate([rows[:3], vectors(2, 8, 128)])
    scan = Scan(128)
    (segment,) = filled(scan, rows, len(rows))
    bounds: dict[int, tuple[NDArray[np.intp], NDArray[np.float32]]] = {}

    def kept(
        _: object, _part: object, number: int, near: NDArray[np.intp], uppers: NDArray[np.float32], *_more
    ) -> None:
        bounds[number] = near, uppers

    scan.slim(segment, lambda numbers: rows[numbers])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search._Sweep, "_fetched", kept)
        scan.search([segment], queries)
    for number, query in enumerate(queries):
        near, uppers = bounds[number]
        assert len(near) == len(rows)
        assert (uppers >= rows[near].astype(np.float64) @ query.astype(np.float64)).all()


_LANES = """
import numpy as np
from numba import njit
from countenance.backends.scan.lanes import FEATURES, coarse_1, coarse_4
codes = np.random.default_rng(1).integers(0, 256, (5, 16, 4), np.uint8)
queries = np.random.default_rng(2).integers(-127, 128, (4, 64), np.int8)
params, errors = np.zeros((4, 8), np.float32), np.zeros(16, np.uint16)
params[:, 0], params[:, 1] = 1e9, 1
one, four = np.empty((1, 16), np.float32), np.empty((4, 16), np.float32)
@njit
def run(codes, errors, queries, params, one, four):
    coarse_1(codes.ctypes.data, errors.ctypes.data, queries.ctypes.data, params.ctypes.data, one.ctypes.data, 2, 3)
    coarse_4(codes.ctypes.data, errors.ctypes.data, queries.ctypes.data, params.ctypes.data, four.ctypes.data, 2, 3)
run(codes, errors, queries, params, one, four)
wide = [codes[:2] & 15, codes[:2] >> 4]
narrow = [(codes[2:] >> shift & 3) * 4 for shift in (0, 2, 4, 6)]
whole = [np.stack(fields, axis=1).transpose(2, 0, 1, 3).reshape(16, -1) for fields in (wide, narrow)]
truth = np.concatenate(whole, axis=1).astype(int)
truth = queries[:, : truth.shape[1]].astype(int) @ truth.T
assert (one == truth[:1]).all() and (four == truth).all()
print(sorted(FEATURES & {"avx2", "avx512vnni"}))
"""


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="names processors of this kind")
@pytest.mark.parametrize(
    ("name", "features", "used"), [("haswell", "+avx,+avx2", "['avx2']"), ("x86-64", "+sse2", "[]")]
)
def test_every_processor_gets_the_same_integers(name: str, features: str, used: str) -> None:
    """The products of codes are the same numbers without AVX-512, and without AVX2."""
    if used != "[]" and "avx2" not in Path("/proc/cpuinfo").read_text(encoding="utf-8"):
        pytest.skip("this processor has no AVX2")
    environment = {**os.environ, "NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": features}
    done = subprocess.run([sys.executable, "-c", _LANES], env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == (used, "")


def test_this_processor_gets_the_same_integers() -> None:
    """The products of codes are right with whatever instructions this processor has."""
    done = subprocess.run([sys.executable, "-c", _LANES], capture_output=True, text=True, check=False)
    assert done.stderr == ""
