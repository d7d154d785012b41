# SPDX-License-Identifier: Apache-2.0
"""Dot products of small codes with int8, sixteen rows at a time, as LLVM instructions for Numba.

NumPy has no such product and Numba does not find it by itself. Processors with AVX-512 VNNI do 64 products
and their sums in one instruction, those with AVX2 in a few; any other gets plain vector arithmetic, from which
LLVM makes what there is. All give the same integers. Codes are 0 to 15, queries -127 to 127.
"""

from __future__ import annotations

import functools
from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba import types
from numba.core import cgutils, config
from numba.extending import intrinsic

_BYTE, _SHORT, _INT, _FLOAT = ir.IntType(8), ir.IntType(16), ir.IntType(32), ir.FloatType()
_INTS, _FLOATS = ir.VectorType(_INT, 16), ir.VectorType(_FLOAT, 16)
_WIDE, _NARROW = 0x0F0F0F0F, 0x0C0C0C0C  # 4-bit codes; 2-bit codes, read as 0, 4, 8, 12
_PARTS = 4  # sums that a processor adds to at once
Value = ir.Value
Build = ir.IRBuilder


def _features() -> set[str]:
    """Return the instruction sets that Numba compiles for."""
    if config.CPU_FEATURES is not None:
        return {word[1:] for word in config.CPU_FEATURES.split(",") if word.startswith("+")}
    return {name for name, there in llvmlite.binding.get_host_cpu_features().items() if there}


FEATURES = _features()


def _splat(build: Build, scalar: Value, kind: ir.VectorType = _INTS) -> Value:
    one = build.insert_element(ir.Constant(kind, ir.Undefined), scalar, ir.Constant(_INT, 0))
    return build.shuffle_vector(one, one, ir.Constant(ir.VectorType(_INT, kind.count), [0] * kind.count))


def _ints(number: int, kind: ir.VectorType = _INTS) -> Value:
    return ir.Constant(kind, [number] * kind.count)


def _load(build: Build, address: Value, kind: ir.Type, at: Value | int = 0) -> Value:
    """Load from `at` bytes behind an address, wherever it lies."""
    at = ir.Constant(address.type, at) if isinstance(at, int) else at
    return build.load(build.inttoptr(build.add(address, at), kind.as_pointer()), typ=kind, align=1)


def _store(build: Build, value: Value, address: Value, at: int) -> None:
    where = build.add(address, ir.Constant(address.type, at))
    build.store(value, build.inttoptr(where, value.type.as_pointer()), align=1)


def _call(build: Build, name: str, result: ir.Type, *values: Value) -> Value:
    kind = ir.FunctionType(result, [value.type for value in values])
    return build.call(cgutils.get_or_insert_function(build.module, kind, name), values)


def _dot(build: Build, total: Value, codes: Value, query: Value) -> Value:
    """Add to each of 16 sums the products of its four codes and four query bytes; all int32 (16,)."""
    if "avx512vnni" in FEATURES:
        return _call(build, "llvm.x86.avx512.vpdpbusd.512", _INTS, total, codes, query)
    if "avx2" in FEATURES:
        return build.add(total, _dot_in_halves(build, codes, query))
    shorts = ir.VectorType(_SHORT, 32)
    codes, query = build.bitcast(codes, shorts), build.bitcast(query, shorts)
    eight, low = _ints(8, shorts), _ints(255, shorts)
    even = build.mul(build.and_(codes, low), build.ashr(build.shl(query, eight), eight))
    odd = build.mul(build.lshr(codes, eight), build.ashr(query, eight))
    pairs = build.bitcast(build.add(even, odd), _INTS)  # at most 2 * 15 * 127 each, so 16 bits hold them
    half = _ints(16)
    return build.add(total, build.add(build.ashr(build.shl(pairs, half), half), build.ashr(pairs, half)))


def _dot_in_halves(build: Build, codes: Value, query: Value) -> Value:
    """Return the four products' sum in each of 16 lanes, with the instructions of AVX2."""
    bytes_, shorts, ints = (ir.VectorType(kind, n) for kind, n in ((_BYTE, 32), (_SHORT, 16), (_INT, 8)))
    halves = []
    for first in (0, 8):
        lanes = ir.Constant(ir.VectorType(_INT, 8), list(range(first, first + 8)))
        half, other = (build.bitcast(build.shuffle_vector(x, x, lanes), bytes_) for x in (codes, query))
        pairs = _call(build, "llvm.x86.avx2.pmadd.ub.sw", shorts, half, other)
        halves.append(_call(build, "llvm.x86.avx2.pmadd.wd", ints, pairs, _ints(1, shorts)))
    return build.shuffle_vector(*halves, ir.Constant(ir.VectorType(_INT, 16), list(range(16))))


def _fields(build: Build, packed: Value, *, wide: bool) -> list[Value]:
    """Return the two 4-bit or four 2-bit codes of each byte, as bytes of int32 (16,)."""
    if wide:
        return [build.and_(field, _ints(_WIDE)) for field in (packed, build.lshr(packed, _ints(4)))]
    shifted = [build.shl(packed, _ints(2)), packed, build.lshr(packed, _ints(2)), build.lshr(packed, _ints(4))]
    return [build.and_(field, _ints(_NARROW)) for field in shifted]


def _errors(build: Build, address: Value) -> Value:
    """Return 16 error norms, stored as the upper halves of float32."""
    halves = build.zext(_load(build, address, ir.VectorType(_SHORT, 16)), _INTS)
    return build.bitcast(build.shl(halves, _ints(16)), _FLOATS)


def _products(build: Build, codes: Value, query: Value, wide: Value, narrow: Value, queries: int) -> list[Value]:
    """Return for each query its products with 16 rows: `wide` pieces of 4-bit codes, then `narrow` of 2-bit.

    A single query has several partial sums, or each product would wait for the one before.
    """
    word, parts = codes.type, _PARTS // queries

    def times(value: Value, factor: int) -> Value:
        return build.mul(value, ir.Constant(word, factor))

    query_bytes = build.add(times(wide, 8), times(narrow, 16))
    starts = [build.add(query, times(query_bytes, number)) for number in range(queries)]
    sums = [cgutils.alloca_once(build, _INTS) for _ in range(queries * parts)]
    for total in sums:
        build.store(_ints(0), total)
    for is_wide, count in ((True, wide), (False, narrow)):
        first, before = (ir.Constant(word, 0),) * 2 if is_wide else (wide, times(wide, 8))
        with cgutils.for_range(build, count) as loop:
            packed = _load(build, codes, _INTS, times(build.add(first, loop.index), 64))
            begin = build.add(before, times(loop.index, 8 if is_wide else 16))
            for number, field in enumerate(_fields(build, packed, wide=is_wide)):
                at = build.add(begin, ir.Constant(word, 4 * number))
                for start, total in zip(starts, sums[number % parts :: parts], strict=True):
                    four = _splat(build, _load(build, start, _INT, at))
                    build.store(_dot(build, build.load(total), field, four), total)
    totals = [build.load(total) for total in sums]
    return [functools.reduce(build.add, totals[first : first + parts]) for first in range(0, len(totals), parts)]


def _scores(build: Build, sums: list[Value], params: Value, first: int) -> list[Value]:
    """Return for each query the products as scores, and what each row's error can add to them."""
    scores = []
    for number, total in enumerate(sums):
        scale, offset = (_splat(build, _param(build, params, number, at), _FLOATS) for at in (first, first + 1))
        scores.append(build.fadd(build.fmul(build.sitofp(total, _FLOATS), scale), offset))
    return scores


def _param(build: Build, params: Value, query: int, at: int) -> Value:
    return _load(build, build.add(params, ir.Constant(params.type, 32 * query + 4 * at)), _FLOAT)


def _reaching(build: Build, uppers: list[Value], params: Value) -> list[Value]:
    """Return for each query the bits of the rows whose upper bound reaches its bar."""
    bits = []
    for number, upper in enumerate(uppers):
        bar = _splat(build, _param(build, params, number, 0), _FLOATS)
        bits.append(build.zext(build.bitcast(build.fcmp_ordered(">=", upper, bar), _SHORT), _INT))
    return bits


def _uppers(build: Build, scores: list[Value], errors: Value, params: Value, reach: int) -> list[Value]:
    norms = _errors(build, errors)
    reaches = [_splat(build, _param(build, params, number, reach), _FLOATS) for number in range(len(scores))]
    return [build.fadd(score, build.fmul(norms, reach)) for score, reach in zip(scores, reaches, strict=True)]


def _coarse(queries: int) -> Any:
    """Return the function that compares a block of 16 rows with so many queries at once, by coarse codes."""

    def typed(_context: Any, codes: Any, errors: Any, query: Any, params: Any, out: Any, wide: Any, narrow: Any) -> Any:
        def generate(_context: Any, build: Build, _signature: Any, args: tuple[Value, ...]) -> Value:
            codes, errors, query, params, out, wide, narrow = args
            scores = _scores(build, _products(build, codes, query, wide, narrow, queries), params, 1)
            for number, score in enumerate(scores):
                _store(build, score, out, 64 * number)
            bits = _reaching(build, _uppers(build, scores, errors, params, 3), params)
            return functools.reduce(build.or_, bits)

        return types.int32(*[types.intp] * 7), generate

    return intrinsic(typed)


def _fine(queries: int) -> Any:
    """Return the function that goes on from what `_coarse` left in `out`, by fine codes."""

    def typed(_context: Any, codes: Any, errors: Any, query: Any, params: Any, out: Any, bits: Any, narrow: Any) -> Any:
        def generate(_context: Any, build: Build, _signature: Any, args: tuple[Value, ...]) -> Value:
            codes, errors, query, params, out, bits, narrow = args
            none = ir.Constant(narrow.type, 0)
            scores = _scores(build, _products(build, codes, query, none, narrow, queries), params, 4)
            for number, more in enumerate(scores):
                before = _load(build, out, _FLOATS, ir.Constant(out.type, 64 * number))
                scores[number] = build.fadd(before, more)
            uppers = _uppers(build, scores, errors, params, 6)
            reaching = _reaching(build, uppers, params)
            for number, (upper, reaches) in enumerate(zip(uppers, reaching, strict=True)):
                _store(build, upper, out, 64 * number)
                _store(build, reaches, bits, 4 * number)
            return functools.reduce(build.or_, reaching)

        return types.int32(*[types.intp] * 7), generate

    return intrinsic(typed)


coarse_1, coarse_4, fine_1, fine_4 = _coarse(1), _coarse(4), _fine(1), _fine(4)
"""The two looks at a block, for one query and for four; arguments are addresses and counts.

coarse(codes, errors, query, params, out, wide, narrow): the block's codes are `wide` pieces of 4-bit codes and `narrow`
of 2-bit codes, 64 bytes each. `params` is float32 (queries, 8): bar; scale, offset and reach of the coarse product; the
same of the fine one. `out` gets float32 (queries, 16), the scores without the bounds. Returns the bits of the rows
whose bound reaches the bar of any query.

fine(codes, errors, query, params, out, bits, narrow): adds the fine product, leaves upper bounds in `out` and in `bits`
(int32 (queries,)) which of them reach the bar; returns all bits together.
"""


@intrinsic
def fetch_ahead(_context: Any, address: Any) -> Any:
    """Ask for the cache line at an address, which will be read soon."""

    def generate(_context: Any, build: Build, _signature: Any, args: tuple[Value, ...]) -> Value:
        pointer = build.inttoptr(args[0], _BYTE.as_pointer())
        for_reading, keep, data = (ir.Constant(_INT, number) for number in (0, 3, 1))
        _call(build, "llvm.prefetch.p0", ir.VoidType(), pointer, for_reading, keep, data)
        return ir.Constant(_INT, 0)

    return types.int32(types.intp), generate


@intrinsic
def lowest_bit(_context: Any, bits: Any) -> Any:
    """Return the number of the lowest bit that is set, of an int32 that is not zero."""

    def generate(_context: Any, build: Build, _signature: Any, args: tuple[Value, ...]) -> Value:
        return build.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int32(types.int32), generate


@intrinsic
def upper_half_float(_context: Any, half: Any) -> Any:
    """Return the float32 whose upper half these 16 bits are, the others being zero."""

    def generate(_context: Any, build: Build, _signature: Any, args: tuple[Value, ...]) -> Value:
        return build.bitcast(build.shl(build.zext(args[0], _INT), ir.Constant(_INT, 16)), _FLOAT)

    return types.float32(types.uint16), generate
