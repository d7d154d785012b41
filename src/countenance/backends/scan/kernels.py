# SPDX-License-Identifier: Apache-2.0
"""The loops over rows, compiled by Numba at their first use and kept in its cache.

They release the interpreter's lock. Importing this module takes a quarter of a second and the very first use some
seconds of compiling: only large galleries do either.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from countenance.backends.scan.lanes import (
    coarse_1,
    coarse_4,
    fetch_ahead,
    fine_1,
    fine_4,
    lowest_bit,
    upper_half_float,
)


def _compiled(**options):
    """Compile a function for Numba's cache, or, where it finds no folder to write to, for this process alone."""

    def decorated(function):
        try:
            return njit(nogil=True, cache=True, **options)(function)
        except RuntimeError:
            return njit(nogil=True, **options)(function)

    return decorated


_STRETCH = 64  # blocks between two looks at the bar: their codes stay in the first cache


@_compiled(fastmath={"reassoc", "nsz", "contract"})
def encode(rotated, first, coarse, fine, codes, errors, fine_codes, fine_errors, wide):
    """Write the codes of rows float32 (N, D) from `first` on; return the greatest length of a coarse code.

    `rotated` is left as the fine codes leave it. `coarse` and `fine` are float32 (3, padded): step of each dimension,
    one over it, and one over its weight. Codes are (blocks, pieces, 16, 4), see `lanes`.
    """
    four = min(8 * wide, rotated.shape[1])
    covered = min(8 * wide + 16 * (codes.shape[1] - wide), rotated.shape[1])
    length = 16 * (codes.shape[1] + fine_codes.shape[1])
    levels, finer = np.zeros(length, np.uint8), np.zeros(length, np.uint8)
    longest = 0.0
    for number in range(len(rotated)):
        row, values = first + number, rotated[number]
        square = _round(values[:four], coarse[:, :four], levels[:four], np.float32(8))
        square += 16 * _round(values[four:covered], coarse[:, four:covered], levels[four:covered], np.float32(2))
        longest = max(longest, square)
        errors[row] = _norm(values, coarse[2])
        _round(values, fine, finer, np.float32(2))
        fine_errors[row] = _norm(values, fine[2])
        _pack(codes[row // 16], row % 16, levels, wide)
        _pack(fine_codes[row // 16], row % 16, finer, 0)
    levels[:] = 0
    finer[:] = 0
    return np.sqrt(longest)


@_compiled(fastmath={"reassoc", "nsz", "contract"})
def _round(values, steps, levels, half):
    """Round values to the middle of one of 2 * `half` steps, keep the rest; return the sum of squared codes."""
    square = np.float32(0)
    for d in range(len(values)):
        level = np.floor(values[d] * steps[1, d])
        level = max(level, -half)
        level = min(level, half - 1)
        levels[d] = np.uint8(np.int32(level + half))
        code = level + np.float32(0.5)
        values[d] -= steps[0, d] * code
        square += code * code
    return square


@_compiled(fastmath={"reassoc", "nsz", "contract"})
def _norm(values, over):
    """Return the upper half of a float32 that is at least the weighted length."""
    square = np.float32(0)
    for d in range(len(values)):
        square += values[d] * values[d] * over[d]
    norm = np.float32(np.sqrt(square) * np.float32(1 + 1e-4) + np.float32(1e-9))
    return np.uint16((np.array([norm]).view(np.uint32)[0] + 0xFFFF) >> 16)


@_compiled()
def _pack(block, row, levels, wide):
    """Write the codes of one row into its block (pieces, 16, 4)."""
    for piece in range(len(block)):
        first = 8 * piece if piece < wide else 16 * piece - 8 * wide
        for b in range(4):
            d = first + b
            if piece < wide:
                block[piece, row, b] = levels[d] | levels[d + 4] << 4
            else:
                block[piece, row, b] = levels[d] | levels[d + 4] << 2 | levels[d + 8] << 4 | levels[d + 12] << 6


@_compiled()
def move(words, gaps, last, left, count):
    """Move codes of the rows `last` into the rows `gaps`, and overwrite every row from `left` to `count` with zeros.

    `words` are codes as uint32 (blocks, pieces, 16). A row after the other: its pieces lie side by side.
    """
    for number in range(len(gaps)):
        source, target = words[last[number] // 16], words[gaps[number] // 16]
        row, place = last[number] % 16, gaps[number] % 16
        for piece in range(words.shape[1]):
            target[piece, place] = source[piece, row]
    while left < count and left % 16:
        words[left // 16, :, left % 16] = 0
        left += 1
    words[(left + 15) // 16 : (count + 15) // 16] = 0


@_compiled()
def exact_score(row, query):
    """Return what `exact.scores` returns for one row, clipped to [-1, 1]: the same sums in the same order."""
    a = b = c = d = e = f = g = h = 0.0
    whole = len(query) // 8 * 8
    for at in range(0, whole, 8):
        a += np.float64(row[at]) * query[at]
        b += np.float64(row[at + 1]) * query[at + 1]
        c += np.float64(row[at + 2]) * query[at + 2]
        d += np.float64(row[at + 3]) * query[at + 3]
        e += np.float64(row[at + 4]) * query[at + 4]
        f += np.float64(row[at + 5]) * query[at + 5]
        g += np.float64(row[at + 6]) * query[at + 6]
        h += np.float64(row[at + 7]) * query[at + 7]
    if whole < len(query):
        rest = np.zeros(8)
        for at in range(whole, len(query)):
            rest[at - whole] = np.float64(row[at]) * query[at]
        a, b, c, d = a + rest[0], b + rest[1], c + rest[2], d + rest[3]
        e, f, g, h = e + rest[4], f + rest[5], g + rest[6], h + rest[7]
    score = np.float32((a + e + (c + g)) + (b + f + (d + h)))
    return min(max(score, np.float32(-1)), np.float32(1))


@_compiled()
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


@_compiled()
def _blocks(segment, queries, group, params, first, last, scores, blocks):
    """List the blocks from `first` to `last` with a row whose coarse bound reaches a bar; return how many."""
    codes, errors, fine_codes, wide = segment[0], segment[1], segment[2], segment[6]
    together, pieces, finer, count = scores.shape[1], codes.shape[1], fine_codes.shape[1], 0
    query, param = queries.ctypes.data + group * queries.shape[1], params.ctypes.data + 32 * group
    for block in range(first, last):
        at, norms = codes.ctypes.data + block * pieces * 64, errors.ctypes.data + block * 32
        out = scores.ctypes.data + count * together * 64
        if together == 1:
            found = coarse_1(at, norms, query, param, out, wide, pieces - wide)
        else:
            found = coarse_4(at, norms, query, param, out, wide, pieces - wide)
        if found != 0:
            blocks[count] = block
            count += 1
            for piece in range(finer):
                fetch_ahead(fine_codes.ctypes.data + (block * finer + piece) * 64)
    return count


@_compiled()
def _candidates(segment, queries, group, params, scores, blocks, bits, rows, uppers, counts):
    """List the rows of these blocks whose fine bound reaches the bar of a query."""
    fine_codes, fine_errors, exact = segment[2], segment[3], segment[4]
    together, finer = len(bits), fine_codes.shape[1]
    counts[:] = 0
    query, param = queries.ctypes.data + group * queries.shape[1], params.ctypes.data + 32 * group
    for number in range(len(blocks)):
        block = blocks[number]
        at, norms = fine_codes.ctypes.data + block * finer * 64, fine_errors.ctypes.data + block * 32
        out = scores.ctypes.data + number * together * 64
        if together == 1:
            found = fine_1(at, norms, query, param, out, bits.ctypes.data, finer)
        else:
            found = fine_4(at, norms, query, param, out, bits.ctypes.data, finer)
        if found == 0:
            continue
        for one in range(together):
            left = bits[one]
            while left != 0:
                lane = lowest_bit(left)
                left &= left - 1
                row = 16 * block + lane
                rows[one, counts[one]] = row
                uppers[one, counts[one]] = scores[number, one, lane]
                counts[one] += 1
                if row < len(exact):
                    for line in range(0, 4 * exact.shape[1], 64):
                        fetch_ahead(exact.ctypes.data + 4 * row * exact.shape[1] + line)


@_compiled()
def sweep(segment, allowed, queries, fine_queries, params, wide_queries, best, held, answer, answers):
    """Search one segment for queries; bars rise as better scores are found.

    Args:
        segment: (codes, errors, fine codes, fine errors, exact rows, count, wide, longest); the exact rows are
            empty where the segment is slim.
        allowed: uint8, empty where all rows are.
        queries, fine_queries: int8 (Q, dimensions); Q is 1 or a multiple of 4.
        params: float32 (Q, 10): see `lanes.coarse_1`, then at 8 what rounding the query is off per unit of length, and
            at 9 what everything else can be off.
        wide_queries: float64 (Q, D).
        best: float32 (Q, k): heap of the best scores (of a slim segment: of lower bounds).
        held: int64 (Q,): how many are in it.
        answer: (rows int32 (Q, capacity), scores float32 (Q, capacity)): what reached the bar of its moment;
            upper bounds instead of scores where the segment is slim.
        answers: int64 (Q,): how many.
    """
    blocks, longest = (segment[5] + 15) // 16, segment[7]
    together = 1 if len(queries) == 1 else 4
    rows = np.empty((together, 16 * _STRETCH), np.int32)
    uppers = np.empty((together, 16 * _STRETCH), np.float32)
    counts, bits = np.empty(together, np.int64), np.empty(together, np.int32)
    scores, near = np.empty((_STRETCH, together, 16), np.float32), np.empty(_STRETCH, np.int64)
    now = np.empty((len(queries), 8), np.float32)
    for number in range(len(queries)):
        now[number] = params[number, :8]
        now[number, 2] += params[number, 8] * longest + params[number, 9]
    for first in range(0, blocks, _STRETCH):
        last = min(first + _STRETCH, blocks)
        for group in range(0, len(queries), together):
            found = _blocks(segment, queries, group, now, first, last, scores, near)
            if found == 0:
                continue
            _candidates(segment, fine_queries, group, now, scores, near[:found], bits, rows, uppers, counts)
            for one in range(together):
                if counts[one]:
                    number = group + one
                    now[number, 0] = _settle(
                        segment, allowed, rows[one, : counts[one]], uppers[one], now[number, 0],
                        now[number, 6], 2 * (params[number, 8] * longest + params[number, 9]), wide_queries[number],
                        best[number], held, answer[0][number], answer[1][number], answers, number,
                    )  # fmt: skip
    for number in range(len(queries)):
        params[number, 0] = now[number, 0]


@_compiled()
def _settle(segment, allowed, rows, uppers, bar, reach, doubt, query, best, held, found, scores, answers, number):
    """Score candidates exactly, or where their segment is slim keep their bounds; return the bar."""
    fine_errors, exact, count = segment[3], segment[4], segment[5]
    for at in range(len(rows)):
        row, score = rows[at], uppers[at]
        if score < bar or row >= count or (len(allowed) > 0 and not allowed[row]):
            continue
        lower = score - 2 * upper_half_float(fine_errors[row]) * reach - doubt
        if len(exact) > 0:
            lower = score = exact_score(exact[row], query)
        if score < bar:
            continue
        found[answers[number]] = row
        scores[answers[number]] = score
        answers[number] += 1
        if len(best) > 0:
            held[number] = _keep(best, held[number], lower)
            if held[number] == len(best):
                bar = max(bar, best[0])
    return bar
