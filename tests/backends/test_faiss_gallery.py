# SPDX-License-Identifier: Apache-2.0
"""The promises of the gallery, with plain NumPy as the oracle."""

from __future__ import annotations

import ctypes
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from countenance.backends.faiss_gallery import FaissGallery
from countenance.errors import MixedEncoders
from countenance.ids import ReferenceId
from countenance.model.faceprint import Faceprint, unit
from countenance.ports.gallery import Gallery

ENCODER = "e" * 64
DIM = 32


def vectors(count: int, seed: int, dim: int = DIM) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, dim))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32)


def names(count: int, start: int = 0) -> tuple[ReferenceId, ...]:
    return tuple(ReferenceId(f"ref_{number:06d}") for number in range(start, start + count))


def filled(count: int, seed: int = 1) -> tuple[FaissGallery, tuple[ReferenceId, ...], NDArray[np.float32]]:
    gallery, ids, rows = FaissGallery(ENCODER, DIM), names(count), vectors(count, seed)
    gallery.add(ids, rows)
    return gallery, ids, rows


def everything(gallery: FaissGallery, seed: int = 9) -> list[tuple[ReferenceId, float]]:
    return gallery.search(unit(vectors(1, seed)[0], ENCODER), tuple(gallery.ids()), -1.0)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_sequence_agrees_with_brute_force(data: st.DataObject) -> None:
    """After any adds and removals, a filtered search returns what brute force over the allowed does."""
    gallery: Gallery = FaissGallery(ENCODER, DIM)
    held: dict[ReferenceId, NDArray[np.float32]] = {}
    for step in range(data.draw(st.integers(1, 8))):
        fresh = names(data.draw(st.integers(0, 40)), start=1000 * step)
        rows = vectors(len(fresh), step)
        gallery.add(fresh, rows)
        held.update(zip(fresh, rows, strict=True))
        gone = data.draw(st.lists(st.sampled_from(sorted(held) or [ReferenceId("none")]), max_size=30))
        assert gallery.remove(gone) == len({name for name in gone if held.pop(name, None) is not None})
        assert gallery.ids() == set(held)
        assert len(gallery) == len(held)
        allowed = (*(name for name in sorted(held) if data.draw(st.booleans())), ReferenceId("unheld"))
        minimum = data.draw(st.floats(-1.0, 1.0))
        probe = unit(vectors(1, 500 + step)[0], ENCODER)
        found = dict(gallery.search(probe, allowed, minimum))
        oracle = {name: float(held[name] @ probe.vector) for name in allowed if name in held}
        assert {name for name, score in oracle.items() if score > minimum + 2e-6} <= found.keys()
        assert all(found[name] == pytest.approx(oracle[name], abs=2e-6) for name in found)
        assert all(score >= minimum for score in found.values())


def test_every_reference_at_its_own_score_is_found() -> None:
    """A minimum equal to a reference's own score, however it was summed, does not lose that reference."""
    gallery, ids, rows = filled(500)
    probe = unit(vectors(1, 2)[0], ENCODER)
    for name, score in zip(ids, rows @ probe.vector, strict=True):
        assert name in dict(gallery.search(probe, ids, float(score)))


def test_best_first_and_ties_by_id() -> None:
    """Candidates come best first, and equal scores in the order of their ids."""
    gallery = FaissGallery(ENCODER, DIM)
    one, two = vectors(2, 3)
    gallery.add(names(4)[::-1], np.stack([one, two, one, one]))
    found = gallery.search(unit(one, ENCODER), names(4), -1.0)
    assert [name for name, _ in found] == ["ref_000000", "ref_000001", "ref_000003", "ref_000002"]
    assert found[0][1] == found[2][1] <= 1.0


def test_removed_rows_are_overwritten() -> None:
    """No row of a removed reference is left in the buffer, neither in its freed tail nor elsewhere."""
    gallery, ids, rows = filled(300)
    raw = (ctypes.c_char * gallery._buffer.nbytes).from_address(gallery._buffer.ctypes.data)
    assert all(row.tobytes() in raw.raw for row in rows)
    gone = [0, 1, 150, 298, 299, *range(20, 60)]
    assert gallery.remove([ids[number] for number in gone]) == len(gone)
    kept = [number for number in range(300) if number not in gone]
    assert not any(rows[number].tobytes() in raw.raw for number in gone)
    assert all(raw.raw.count(rows[number].tobytes()) == 1 for number in kept)


def test_an_outgrown_buffer_is_overwritten() -> None:
    """When the gallery grows, the memory that it leaves behind holds no faceprint."""
    gallery, _, _ = filled(300)
    outgrown = gallery._buffer
    gallery.add(names(5000, start=300), vectors(5000, 4))
    assert gallery._buffer is not outgrown
    assert not outgrown.any()


def test_a_kept_filter_never_outlives_a_change() -> None:
    """The same tuple of allowed ids, passed after a change, means the references held now."""
    gallery, ids, rows = filled(50)
    probe = unit(rows[7], ENCODER)
    assert ids[7] in dict(gallery.search(probe, ids, 0.9))
    gallery.remove([ids[7]])
    assert ids[7] not in dict(gallery.search(probe, ids, -1.0))
    gallery.add([ids[7]], rows[7:8])
    assert ids[7] in dict(gallery.search(probe, ids, 0.9))


def test_a_list_that_changes_is_read_anew() -> None:
    """An id taken out of a list of allowed ids is out of the next search with that list."""
    gallery, ids, rows = filled(50)
    allowed = list(ids)
    probe = unit(rows[7], ENCODER)
    assert ids[7] in dict(gallery.search(probe, allowed, 0.9))
    allowed.remove(ids[7])
    assert gallery.search(probe, allowed, 0.9) == []


def test_nothing_allowed_finds_nothing() -> None:
    """An empty gallery and an empty permission are normal and give an empty answer."""
    gallery, _, rows = filled(3)
    probe = unit(rows[0], ENCODER)
    assert gallery.search(probe, (), -1.0) == []
    assert FaissGallery(ENCODER, DIM).search(probe, names(3), -1.0) == []


def test_another_encoder_is_refused() -> None:
    """A probe of another encoder raises MixedEncoders."""
    gallery, ids, rows = filled(3)
    with pytest.raises(MixedEncoders, match="cannot be compared"):
        gallery.search(Faceprint(rows[0], "f" * 64), ids, 0.0)


@pytest.mark.parametrize(
    ("ids", "rows", "part"),
    [
        (names(2, start=2), vectors(2, 5), "there already"),
        ((ReferenceId("a"), ReferenceId("a")), vectors(2, 5), "there already"),
        (names(2, start=9), vectors(3, 5), "float32"),
        (names(2, start=9), vectors(2, 5).astype(np.float64), "float32"),
        (names(2, start=9), vectors(2, 5) * np.float32(1.1), "unit length"),
        (names(2, start=9), vectors(2, 5) * np.float32(np.nan), "unit length"),
    ],
)
def test_a_bad_addition_changes_nothing(ids: tuple[ReferenceId, ...], rows: NDArray[np.float32], part: str) -> None:
    """A known or repeated id, a wrong shape or type, or a vector that is not of unit length adds nothing."""
    gallery, _, _ = filled(3)
    before = everything(gallery)
    with pytest.raises(ValueError, match=part):
        gallery.add(ids, rows)
    assert everything(gallery) == before
    assert gallery.ids() == set(names(3))


def test_a_hundred_thousand_are_added_and_searched_quickly() -> None:
    """100,000 references are added in under half a second; a repeated filter costs no work per id."""
    gallery, ids, rows = FaissGallery(ENCODER, 128), names(100_000), vectors(100_000, 6, dim=128)
    started = time.process_time()
    gallery.add(ids, rows)
    assert time.process_time() - started < 0.5
    probe, some = unit(rows[0], ENCODER), ids[::2]
    first = gallery.search(probe, some, 0.5)
    spent = []
    for _ in range(5):
        started = time.process_time()
        assert gallery.search(probe, some, 0.5) == first
        spent.append(time.process_time() - started)
    assert min(spent) < 0.02


def test_the_nearest_are_those_of_a_full_sort() -> None:
    """The nearest references are the first of all that are allowed, by score and then by id."""
    rows = vectors(300, 5, 16)
    rows[100:120] = rows[5]
    ids = [ReferenceId(f"ref_{number:04}") for number in range(300)]
    gallery = FaissGallery(ENCODER, 16)
    gallery.add(ids, rows)
    allowed = tuple(ids[:250])
    for most in (1, 3, 12, 250, 400):
        probe = Faceprint(rows[5] if most == 12 else rows[260], ENCODER)
        everything = gallery.search(probe, allowed, -1.0)
        assert gallery.nearest(probe, allowed, most) == everything[:most]
    assert gallery.nearest(probe, (), 3) == gallery.nearest(probe, allowed, 0) == []
    assert np.array_equal(gallery.faceprint(ids[7]).vector, rows[7])
