# SPDX-License-Identifier: Apache-2.0
"""The loops over rows, compiled by Numba at their first use and kept in its cache.

They release the interpreter's lock. Importing this module takes about a second: only large galleries do.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from countenance.backends.scan.lanes import block_1, block_4, lowest_bit, row_dot, upper_half_float

_STRETCH = 64  # blocks between two looks at the bar: their codes stay in the first cache


@njit(nogil=True, cache=True)
def encode(rotated, first, coarse, fine, codes, errors, fine_codes, fine_errors, wide):
    """Write the codes of rows float32 (N, D) from `first` on; return the greatest length of a coarse code.

    `coarse` and `fine` are float32 (2, padded): step of each dimension, and one over its weight.
    `codes` is (blocks, pieces, 16, 4), see `lanes`; `fine_codes` (rows, bytes).
    """
    pieces = codes.shape[1]
    covered = 8 * wide + 16 * (pieces - wide)
    length = max(coarse.shape[1], fine.shape[1])
    left, levels, finer = np.zeros(length, np.float32), np.zeros(length, np.uint8), np.zeros(length, np.uint8)
    longest = 0.0
    for number in range(len(rotated)):
        row = first + number
        error, fine_error, square = 0.0, 0.0, 0.0
        for d in range(rotated.shape[1]):
            value = rotated[number, d]
            if d < covered:
                half = 8 if d < 8 * wide else 2
                step = coarse[0, d]
                level = min(max(np.floor(value / step) + half, 0), 2 * half - 1)
                levels[d] = level
                value -= step * np.float32(level - half + 0.5)
                unit = 1.0 if half == 8 else 4.0
                square += (unit * (level - half + 0.5)) ** 2
            left[d] = value
            error += np.float64(value) * value * coarse[1, d]
            level = min(max(np.floor(value / fine[0, d]) + 2, 0), 3)
            finer[d] = level
            value -= fine[0, d] * np.float32(level - 1.5)
            fine_error += np.float64(value) * value * fine[1, d]
        longest = max(longest, square)
        errors[row] = _norm(error)
        fine_errors[row] = _norm(fine_error)
        block, at = row // 16, row % 16
        for piece in range(pieces):
            for b in range(4):
                if piece < wide:
                    d = 8 * piece + b
                    codes[block, piece, at, b] = levels[d] | levels[d + 4] << 4
                else:
                    d = 8 * wide + 16 * (piece - wide) + b
                    codes[block, piece, at, b] = (
                        levels[d] | levels[d + 4] << 2 | levels[d + 8] << 4 | levels[d + 12] << 6
                    )
        for b in range(fine_codes.shape[1]):
            d = 128 * (b // 32) + b % 32
            fine_codes[row, b] = finer[d] | finer[d + 32] << 2 | finer[d + 64] << 4 | finer[d + 96] << 6
    left[:] = 0
    levels[:] = 0
    finer[:] = 0
    return np.sqrt(longest)


@njit(nogil=True, cache=True)
def _norm(square):
    """Return the upper half of a float32 that is at least the root."""
    norm = np.float32(np.sqrt(square) * (1 + 1e-5) + 1e-9)
    return np.uint16((np.array([norm]).view(np.uint32)[0] + 0xFFFF) >> 16)


@njit(nogil=True, cache=True)
def exact_score(row, query):
    """Return what `exact.scores` returns for one row, clipped to [-1, 1]: the same sums in the same order."""
    sums = np.zeros(8)
    whole = len(query) // 8 * 8
    for first in range(0, whole, 8):
        for lane in range(8):
            sums[lane] += np.float64(row[first + lane]) * query[first + lane]
    for d in range(whole, len(query)):
        sums[d - whole] += np.float64(row[d]) * query[d]
    a, b, c, d = sums[0] + sums[4], sums[1] + sums[5], sums[2] + sums[6], sums[3] + sums[7]
    return min(max(np.float32((a + c) + (b + d)), np.float32(-1)), np.float32(1))


@njit(nogil=True, cache=True)
def _keep(best, held, score):
    """Put a score among the best, a heap with the lowest on top; return how many are held."""
    if held < len(best):
        at = held
        while at > 0 and best[(at - 1) // 2] > score:
            best[at] = best[(at - 1) // 2]
            at = (at - 1) // 2
        best[at] = score
        return held + 1
    if score > best[0]:
        at = 0
        while True:
            child = 2 * at + 1
            if child >= held:
                break
            if child + 1 < held and best[child + 1] < best[child]:
                child += 1
            if best[child] >= score:
                break
            best[at] = best[child]
            at = child
        best[at] = score
    return held


@njit(nogil=True, cache=True)
def _candidates(codes, errors, first, last, query, params, together, out, rows, uppers, counts, wide, pieces):
    """List the rows of blocks `first` to `last` whose upper bound reaches the bar of a query."""
    counts[:] = 0
    for block in range(first, last):
        at, norms = codes + block * pieces * 64, errors + block * 32
        if together == 1:
            found = block_1(at, norms, query, params, out.ctypes.data, wide, pieces - wide)
        else:
            found = block_4(at, norms, query, params, out.ctypes.data, wide, pieces - wide)
        if found == 0:
            continue
        for number in range(together):
            bits = out.view(np.int32)[number, 16]
            while bits != 0:
                lane = lowest_bit(bits)
                bits &= bits - 1
                rows[number, counts[number]] = 16 * block + lane
                uppers[number, counts[number]] = out[number, lane]
                counts[number] += 1


@njit(nogil=True, cache=True)
def sweep(segment, allowed, queries, params, fine_queries, fine_params, wide_queries, best, held, answer, answers):
    """Search one segment for queries; bars rise as better scores are found.

    Args:
        segment: (codes, errors, fine codes, fine errors, exact rows, count, wide, longest); the exact rows are
            empty where the segment is slim.
        allowed: uint8, empty where all rows are.
        queries: int8 (Q, bytes); Q is 1 or a multiple of 4.
        params: float32 (Q, 6): scale, offset, reach, bar, rounding per unit of length, slack.
        fine_queries: int8 (Q, padded).
        fine_params: float32 (Q, 3): scale, offset, reach.
        wide_queries: float64 (Q, D).
        best: float32 (Q, k): heap of the best scores (of a slim segment: of lower bounds).
        held: int64 (Q,): how many are in it.
        answer: (rows int32 (Q, capacity), scores float32 (Q, capacity)): what reached the bar of its moment;
            upper bounds instead of scores where the segment is slim.
        answers: int64 (Q,): how many.
    """
    codes, errors, count, wide, longest = segment[0], segment[1], segment[5], segment[6], segment[7]
    together = 1 if len(queries) == 1 else 4
    rows = np.empty((together, 16 * _STRETCH), np.int32)
    uppers = np.empty((together, 16 * _STRETCH), np.float32)
    counts, out = np.empty(together, np.int64), np.empty((together, 17), np.float32)
    now = np.empty((len(queries), 4), np.float32)
    for number in range(len(queries)):
        now[number] = params[number, :4]
        now[number, 1] += params[number, 4] * longest + params[number, 5]
    blocks = (count + 15) // 16
    address, norms = codes.ctypes.data, errors.ctypes.data
    for first in range(0, blocks, _STRETCH):
        last = min(first + _STRETCH, blocks)
        for group in range(0, len(queries), together):
            _candidates(
                address, norms, first, last, queries.ctypes.data + group * queries.shape[1],
                now.ctypes.data + 16 * group, together, out, rows, uppers, counts, wide, codes.shape[1],
            )  # fmt: skip
            for one in range(together):
                if counts[one]:
                    number = group + one
                    now[number, 3] = _settle(
                        segment, allowed, rows[one, : counts[one]], uppers[one], now[number], params[number],
                        fine_queries[number], fine_params[number], wide_queries[number], best[number], held,
                        answer[0][number], answer[1][number], answers, number,
                    )  # fmt: skip
    for number in range(len(queries)):
        params[number, 3] = now[number, 3]


@njit(nogil=True, cache=True)
def _settle(
    segment, allowed, rows, uppers, now, params, fine_query, fine, query, best, held, found, scores, answers, number
):
    """Look closer at candidates: the finer code, then the exact score; return the bar."""
    _, errors, fine_codes, fine_errors, exact, count, _, longest = segment
    bar, groups = now[3], fine_codes.shape[1] // 32
    doubt = 2 * (params[4] * longest + params[5])
    address, row_bytes, query_at = fine_codes.ctypes.data, fine_codes.shape[1], fine_query.ctypes.data
    for at in range(len(rows)):
        row = rows[at]
        if uppers[at] < bar or row >= count or (len(allowed) > 0 and not allowed[row]):
            continue
        finer = row_dot(address + np.int64(row) * row_bytes, query_at, groups) * fine[0] + fine[1]
        reach = upper_half_float(fine_errors[row]) * fine[2]
        upper = uppers[at] - upper_half_float(errors[row]) * now[2] + finer + reach
        if upper < bar:
            continue
        score = exact_score(exact[row], query) if len(exact) > 0 else upper
        if score < bar:
            continue
        found[answers[number]] = row
        scores[answers[number]] = score
        answers[number] += 1
        if len(best) > 0:
            held[number] = _keep(best, held[number], score if len(exact) > 0 else upper - 2 * reach - doubt)
            if held[number] == len(best):
                bar = max(bar, best[0])
    return bar
