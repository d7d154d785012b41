# SPDX-License-Identifier: Apache-2.0
"""Rectangles of a grid that are worth looking at."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from countenance.backends.dlib_pack.parts import Mask, Part, area, around, parts

masks = arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=st.booleans(), fill=st.just(False))


@given(masks, st.integers(0, 6))
def test_every_wanted_cell_is_in_a_part(wanted: Mask, reach: int) -> None:
    """No wanted cell is left out, parts stay on the grid, and there are none where nothing is wanted."""
    held = np.zeros(wanted.shape, bool)
    found = parts(wanted, reach)
    for rows, columns in found:
        assert 0 <= rows.start < rows.stop <= wanted.shape[0]
        assert 0 <= columns.start < columns.stop <= wanted.shape[1]
        held[rows, columns] = True
    assert held[wanted].all()
    assert bool(found) == bool(wanted.any())


@given(masks, st.integers(0, 6))
def test_parts_are_never_more_to_look_at_than_one(wanted: Mask, reach: int) -> None:
    """Together with what is looked at around them, they are no larger than the one rectangle that holds all."""
    if wanted.any():
        rows, columns = (np.flatnonzero(wanted.any(axis=axis)) for axis in (1, 0))
        one = Part(slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
        assert area(parts(wanted, reach), reach) <= area([one], reach)


def test_far_apart_are_two_and_near_are_one() -> None:
    """Two cells share a rectangle when what is looked at around them would touch."""
    wanted = np.zeros((40, 40), bool)
    wanted[5, 5] = wanted[30, 33] = True
    assert parts(wanted, 3) == [Part(slice(5, 6), slice(5, 6)), Part(slice(30, 31), slice(33, 34))]
    wanted[30, 33], wanted[5, 11] = False, True
    assert parts(wanted, 3) == [Part(slice(5, 6), slice(5, 12))]


def test_around_grows_to_all_sides() -> None:
    """Corners included, and not beyond the grid."""
    mask = np.zeros((6, 7), bool)
    mask[1, 5] = True
    grown = around(mask, 2)
    assert grown[:4, 3:].all()
    assert grown.sum() == 16
