# SPDX-License-Identifier: Apache-2.0
"""The promises of a search by a graphics processor, with the processor's own search as the oracle."""

from __future__ import annotations

import numpy as np
import pytest
from device import Device
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from countenance import technologies
from countenance.backends.scan import GpuScan, Scan, Segment, gpu, gpu_scan

DIM = 32


def vectors(count: int, seed: int, apart: float = 1.0) -> NDArray[np.float32]:
    """Return unit rows; the smaller `apart`, the closer they lie."""
    random = np.random.default_rng(seed)
    rows = random.normal(size=DIM) + apart * random.normal(size=(count, DIM))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def both(device: Device, pieces: list[NDArray[np.float32]]) -> tuple[GpuScan, list[Segment], Scan, list[Segment]]:
    """Return the same rows in a scan on the device and in one without."""
    ours, plain = GpuScan(DIM, device), Scan(DIM)
    made: tuple[list[Segment], list[Segment]] = ([], [])
    for rows in pieces:
        for scan, segments in zip((ours, plain), made, strict=True):
            segments.append(scan.segment(max(len(rows), 1)))
            segments[-1].append(rows)
    return ours, made[0], plain, made[1]


def same(one: tuple[Scan, list[Segment]], other: tuple[Scan, list[Segment]], **asked: object) -> None:
    """Hold answers of two scans against each other, to the bit."""
    queries = np.concatenate([vectors(3, 900), one[1][0].rows(np.arange(min(2, len(one[1][0]))))])
    for mine, theirs in zip(
        *(scan.search(segments, queries, **asked) for scan, segments in (one, other)),  # type: ignore[arg-type]
        strict=True,
    ):
        for part in ("segment", "row", "score"):
            assert getattr(mine, part).tobytes() == getattr(theirs, part).tobytes()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_device_changes_no_answer(data: st.DataObject) -> None:
    """Whatever is asked after whatever removals, a device that is off by less than the slack gives the same bits."""
    apart = data.draw(st.sampled_from([1.0, 0.1, 0.01]))
    sizes = data.draw(st.lists(st.integers(1, 400), min_size=1, max_size=3))
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    blurred = Device(
        distort=lambda scores: scores + random.uniform(-0.9, 0.9, scores.shape).astype(np.float32) * gpu.SLACK / 2
    )
    ours, mine, plain, theirs = both(blurred, [vectors(size, number, apart) for number, size in enumerate(sizes)])
    for one, other in zip(mine, theirs, strict=True):
        gone = data.draw(st.lists(st.integers(0, len(one) - 1), max_size=len(one) - 1))
        assert np.array_equal(one.remove(gone), other.remove(gone))
    asked = {"minimum": data.draw(st.floats(-1, 1)), "most": data.draw(st.none() | st.integers(0, 200))}
    same((ours, mine), (plain, theirs), **asked)


def test_more_than_the_device_can_name_is_searched_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where more rows reach the minimum than one search of the device can return, none of them is lost."""
    monkeypatch.setattr(gpu_scan, "MOST", 100)
    device = Device()
    ours, mine, plain, theirs = both(device, [vectors(3000, 1, apart=0.01)])
    (found,) = ours.search(mine, vectors(3000, 1, apart=0.01)[:1], minimum=0.5)
    assert len(found.row) == 3000
    assert device.asked > 0
    same((ours, mine), (plain, theirs), minimum=0.5)


def test_what_the_device_has_no_room_for_is_searched_without_it() -> None:
    """A segment that finds no room on the device is searched all the same."""
    ours, mine, plain, theirs = both(Device(room=1), [vectors(200, 1), vectors(200, 2)])
    assert [type(segment) for segment in mine] == [gpu_scan.GpuSegment, Segment]
    same((ours, mine), (plain, theirs), most=10)


def test_rows_that_some_may_not_see_are_masked() -> None:
    """A mask holds on a device, too."""
    ours, mine, plain, theirs = both(Device(), [vectors(300, 1)])
    masks = [np.arange(300) % 3 > 0]
    same((ours, mine), (plain, theirs), most=20, allowed=masks)


def test_segments_that_keep_codes_alone_are_searched_by_the_device() -> None:
    """The device names candidates of a lean segment, and only those are fetched."""
    rows = vectors(4096, 1)
    device, fetched = Device(), []
    ours, mine, plain, theirs = both(device, [rows])
    ours.slim(mine[0], lambda numbers: fetched.append(len(numbers)) or rows[numbers])  # type: ignore[func-returns-value]
    device.asked = 0
    (found,) = ours.search(mine, rows[:1], most=10)
    (true,) = plain.search(theirs, rows[:1], most=10)
    assert found.score.tobytes() == true.score.tobytes()
    assert device.asked == 1
    assert sum(fetched) < 500


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 499), min_size=1, max_size=500), st.booleans())
def test_what_is_removed_is_overwritten_on_the_device(gone: list[int], is_wiped: bool) -> None:
    """No bytes of a removed row stay in the device's memory, and every kept row lies there once."""
    device, rows = Device(), vectors(500, 1)
    segment = GpuScan(DIM, device).segment(600)
    segment.append(rows)
    segment.remove(gone)
    if is_wiped:
        segment.wipe()
    memory = device.every[0].memory
    kept = set() if is_wiped else set(range(500)) - set(gone)
    assert {row.tobytes() for row in memory[: len(segment)]} == {rows[at].astype(np.float16).tobytes() for at in kept}
    assert not memory[len(segment) :].any()


def test_a_device_that_is_not_exact_enough_is_not_used() -> None:
    """A device whose scores are further off than the slack allows is found out before it searches."""
    assert gpu.is_exact_enough(Device())
    assert not gpu.is_exact_enough(Device(distort=lambda scores: scores + np.float32(gpu.SLACK)))
    assert not gpu.is_exact_enough(Device(room=0))


@pytest.mark.skipif(gpu.found() is None, reason="no graphics processor that FAISS can use")
def test_on_the_graphics_processor_of_this_machine() -> None:
    """The real device gives the processor's answers, before and after a removal."""
    device = gpu.found()
    assert device is not None
    assert isinstance(technologies.scan(DIM), GpuScan)
    ours, mine, plain, theirs = both(device, [vectors(20_000, 1), vectors(5000, 2)])  # type: ignore[arg-type]
    for _ in range(2):
        same((ours, mine), (plain, theirs), most=10)
        same((ours, mine), (plain, theirs), minimum=0.3)
        for segment in (*mine, *theirs):
            segment.remove(range(0, len(segment), 7))
