# SPDX-License-Identifier: Apache-2.0
"""Small codes of rows, and bounds on a score from codes that cannot be wrong.

A row x is centred and rotated to z, and z rounded to a coarse code c (2 or 4 bits for each dimension that
counts) and what is left, z - c, to a fine code f (2 bits each). For every query q, |q.(z - c)| is at most
|q|_w |z - c|_1/w (Cauchy and Schwarz, with any positive weights w): the right-hand norm is stored beside the
code, rounded up. So a row whose coarse product plus this bound stays below the bar cannot reach it, and is
skipped; the same with the fine code; what is left is compared exactly.

Rotation, steps and weights are learnt from some rows: they decide how tight the bounds are, never whether they
hold. They are derived from faceprints, so they live in memory, are written nowhere and die with the process.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

_PIECE_BITS = 32  # of a row in one piece: 64 bytes hold sixteen rows
_PIECE = 16  # dimensions of 2 bits
_STEPS = {
    4: 0.335,
    2: 0.996,
}  # of the best uniform rounding of a normal distribution, in standard deviations (Max 1960)
_LOSS = {4: 0.01154, 2: 0.1188, 0: 1.0}  # its mean square error, in variances
_FINE_STEP = 0.9  # standard deviations of what the coarse code leaves: between normal (1.0) and uniform (0.87)
_ENOUGH = 4096  # rows to learn from
_LEAST = 1e-6  # a dimension without spread is rounded in steps of this size
_NARROW_UNIT = 4  # 2-bit codes are read as 0, 4, 8 and 12
_LEVEL = 127  # the greatest int8 that is used


@dataclass(frozen=True, eq=False)
class Prepared:
    """Queries as the kernels take them; see `kernels.sweep`. Wipe them after use."""

    coarse: NDArray[np.int8]
    fine: NDArray[np.int8]
    params: Singles
    wide: Floats

    def wipe(self) -> None:
        """Overwrite what was made of the queries."""
        for array in (self.coarse, self.fine, self.params, self.wide):
            array.fill(0)


@dataclass(frozen=True, eq=False)
class Codec:
    """How rows of one encoder are rounded.

    Attributes:
        mean, axes: float64 (D,), (D, D): z = (x - mean) @ axes; the axes are orthonormal.
        wide, pieces: a block's coarse code is so many pieces of 64 bytes, the first `wide` of them 4-bit.
        coarse, fine: float32 (3, padded): the step of each dimension, one over it, and one over its weight.
        slack: more than float32 arithmetic can be off in a bound.
    """

    mean: Floats
    axes: Floats
    wide: int
    pieces: int
    coarse: Singles
    fine: Singles
    slack: float

    def rotated(self, rows: Singles) -> Singles:
        """Return the rows in the codec's axes; wipe them after use."""
        centred = rows - self.mean.astype(np.float32)
        turned = centred @ self.axes.astype(np.float32)
        centred.fill(0.0)
        return turned

    def prepare(self, queries: Singles, minimum: float) -> Prepared:
        """Return queries float32 (Q, D) with the bar at `minimum`."""
        wide = queries.astype(np.float64)
        turned = np.zeros((len(queries), self.fine.shape[1]))
        turned[:, : len(self.mean)] = wide @ self.axes
        centre = wide @ self.mean
        params = np.empty((len(queries), 10), np.float32)
        params[:, 0] = _bar(minimum)
        units, zeros = self._units()
        coarse, scale, rounding = _rounded(turned[:, : len(units)], units)
        params[:, 1], params[:, 2] = scale, centre - scale * (coarse.astype(np.float64) @ zeros)
        params[:, 3] = _norms(turned, self.coarse[2])
        params[:, 8] = rounding
        fine, scale, rounding = _rounded(turned, self.fine[0].astype(np.float64) / _NARROW_UNIT)
        params[:, 4], params[:, 5] = scale, -1.5 * _NARROW_UNIT * scale * fine.sum(axis=1, dtype=np.float64)
        params[:, 6] = _norms(turned, self.fine[2])
        params[:, 9] = self.slack + rounding * 1.5 * _NARROW_UNIT * np.sqrt(len(self.mean))
        turned.fill(0.0)
        return Prepared(coarse, fine, params, wide)

    def _units(self) -> tuple[Floats, Floats]:
        """Return what a coarse code of 1 is worth in each dimension, and the code of zero."""
        four, covered = 8 * self.wide, _covered(self.wide, self.pieces)
        units, zeros = self.coarse[0, :covered].astype(np.float64), np.full(covered, 7.5)
        units[four:] /= _NARROW_UNIT
        zeros[four:] = 1.5 * _NARROW_UNIT
        return units, zeros


def learn(rows: Singles) -> Codec:
    """Return a codec made for rows like these, float32 (N, D).

    From few rows nothing is learnt: their mean would speak of single people. The codec is then made for directions
    drawn evenly.
    """
    dim = rows.shape[1]
    if len(rows) < _ENOUGH:
        rows = np.random.default_rng(1).normal(size=(_ENOUGH, dim)).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    mean = rows.mean(axis=0, dtype=np.float64)
    centred = rows - mean
    variances, axes = np.linalg.eigh(centred.T @ centred / len(rows))
    spread, axes = np.sqrt(np.maximum(variances[::-1], 0.0)) + _LEAST, np.ascontiguousarray(axes[:, ::-1])
    pieces = -(-3 * dim // _PIECE_BITS)  # 3 bits for each dimension on average
    padded = -(-dim // _PIECE) * _PIECE
    fours = [wide for wide in range(pieces + 1) if _covered(wide, pieces) <= padded]
    wide = min(fours, key=lambda wide: float(spread**2 @ np.sqrt(_loss(dim, wide, pieces))))
    coarse, fine = np.ones((3, padded), np.float32), np.ones((3, padded), np.float32)
    bits = _bits(dim, wide, pieces)
    coarse[0, :dim] = spread * np.where(bits == 4, _STEPS[4], _STEPS[2])
    coarse[2, :dim] = 1 / np.sqrt(_loss(dim, wide, pieces))
    turned = centred.astype(np.float32) @ axes.astype(np.float32)
    centred.fill(0.0)
    for steps, half in ((coarse[0, :dim], np.select([bits == 4, bits == 2], [8, 2])), (fine[0, :dim], 2)):
        if steps.base is fine:
            steps[:] = _FINE_STEP * turned.std(axis=0) + _LEAST * spread
        code = np.clip(np.floor(turned / steps), -half, np.maximum(half, 1) - 1) + 0.5
        turned -= np.where(half, steps * code, 0)
    fine[2, :dim] = 1 / (turned.std(axis=0) / spread + _LEAST)
    coarse[1], fine[1] = 1 / coarse[0], 1 / fine[0]
    turned.fill(0.0)
    slack = 4 * dim**1.5 * 2.0**-24  # of a rotation in float32, the greatest part of it
    return Codec(mean, axes, wide, pieces, coarse, fine, slack)


def _covered(wide: int, pieces: int) -> int:
    return 8 * wide + 16 * (pieces - wide)


def _bits(dim: int, wide: int, pieces: int) -> NDArray[np.int64]:
    """Return the bits of each dimension's coarse code."""
    bits = np.zeros(dim, np.int64)
    bits[: _covered(wide, pieces)] = 2
    bits[: 8 * wide] = 4
    return bits


def _loss(dim: int, wide: int, pieces: int) -> Floats:
    return np.array([_LOSS[bits] for bits in _bits(dim, wide, pieces).tolist()])


def _rounded(values: Floats, units: Floats) -> tuple[NDArray[np.int8], Floats, Floats]:
    """Return int8 and a scale for each query, and the length of what was rounded off."""
    worth = values * units
    scale = np.maximum(np.abs(worth).max(axis=1) / _LEVEL, np.finfo(np.float32).tiny * 1e6)
    whole = np.rint(worth / scale[:, None])
    off = np.sqrt(((worth - whole * scale[:, None]) ** 2).sum(axis=1))
    worth.fill(0.0)
    return whole.astype(np.int8), scale, off


def _norms(values: Floats, over: Singles) -> Floats:
    """Return the length of each query under the weights that these are one over."""
    squares: Floats = (values**2 / over.astype(np.float64)).sum(axis=1)
    return np.sqrt(squares)


def _bar(minimum: float) -> float:
    """Return a float32 that is not above the minimum; scores are clipped, so that -1 lets everything pass."""
    return -np.inf if minimum <= -1.0 else float(np.nextafter(np.float32(minimum), np.float32(-np.inf)))
