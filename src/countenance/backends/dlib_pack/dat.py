# SPDX-License-Identifier: Apache-2.0
"""Reading dlib's `.dat` files: the layers of a network, or the numbers of a landmark predictor.

An integer is a control byte (low four bits: how many bytes follow; 0x80: negative) and its bytes, little
endian. A real number is two integers: mantissa and exponent of 2. A layer starts with its name, as text. A
tensor is a version (2), four dimensions and raw little-endian float32.

Source: dlib's `serialize.h`, `float_details.h` and `dnn/layers.h`; the tests compare with dlib itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# The lowest so many bytes of a word; no integer of such a file has more than four.
_MASKS = np.array([(1 << 8 * size) - 1 for size in range(5)], np.uint32)
_LONGEST = 16  # bytes of an integer, control byte included
_STRETCH = 1 << 18  # bytes read at once: what is made of them stays in the cache
# The length of the name, as an integer, stands before it. Other layers (relu, pooling, sums) carry no weights.
_LAYER = re.compile(rb"\x01[\x05\x07\x04](con_4|affine_|bn_con2|fc_2)")


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer with weights.

    Attributes:
        kind: `con`, `scale` (batch norm or affine: one factor and one offset per channel) or `fc`.
        weight: `con`: float32 (out, in, rows, columns); `scale`: (channels,); `fc`: (in, out).
        bias: float32 (out,).
        stride: of a convolution, both ways.
        pad: of a convolution, all four sides.
    """

    kind: str
    weight: Floats
    bias: Floats
    stride: int = 1
    pad: int = 0


def layers(data: bytes) -> list[Layer]:
    """Return the layers with weights in the order of the file: from the input upwards.

    The names are searched for, which is safe only because the caller has checked the file's SHA-256.
    """
    return [_layer(match[1], _Cursor(data, match.end())) for match in _LAYER.finditer(data)]


def integers(data: bytes) -> NDArray[np.int32]:
    """Return every integer of a file that holds nothing but integers and reals (two integers each)."""
    padded = np.frombuffer(data + bytes(_LONGEST), np.uint8)
    parts, at = [], 0
    while at < len(data):
        part, at = _stretch(padded, at, min(at + _STRETCH, len(data)))
        parts.append(part)
    return np.concatenate(parts)


def _stretch(padded: NDArray[np.uint8], first: int, last: int) -> tuple[NDArray[np.int32], int]:
    """Return the integers that start from `first`, where one does, and before `last`; and where the next one starts."""
    held, end = padded[first : last + _LONGEST], last - first
    size = held & 15
    following = np.minimum(np.arange(1, len(held) + 1) + size, len(held) - 1)
    # Where an integer starts depends on all before it; hops over sixteen of them leave few to plain Python.
    far = following
    for _ in range(4):
        far = far.take(far, mode="clip")  # nothing lies outside; with "clip" NumPy need not look for that
    anchors, at, hops = [], 0, far.data
    while at < end:
        anchors.append(at)
        at = hops[at]
    columns = [np.array(anchors)]
    for _ in range(15):
        columns.append(following.take(columns[-1], mode="clip"))
    starts = np.stack(columns, axis=1).ravel()
    starts = starts[starts < end]
    # The four bytes that follow each control byte, read at once: a view of unaligned words, one for every byte.
    words: NDArray[np.uint32] = np.ndarray(len(held) - 3, "<u4", held.data, strides=(1,))
    values: NDArray[np.int32] = (words.take(starts + 1) & _MASKS.take(size.take(starts))).view(np.int32)
    signed: NDArray[np.int32] = np.where(held.take(starts) & 0x80, -values, values)
    return signed, first + int(following[starts[-1]])


def _layer(name: bytes, cursor: _Cursor) -> Layer:
    if name == b"con_4":
        tensor = cursor.tensor().ravel()
        out, rows, columns, stride, _, pad, _ = (cursor.integer() for _ in range(7))
        weight = tensor[:-out].reshape(out, -1, rows, columns)
        return Layer("con", weight, tensor[-out:], stride, pad)
    if name == b"fc_2":
        outputs, inputs = cursor.integer(), cursor.integer()
        return Layer("fc", cursor.tensor().reshape(inputs, outputs), np.zeros(outputs, np.float32))
    gamma, beta = cursor.tensor().reshape(2, -1)
    if name == b"affine_":
        return Layer("scale", gamma, beta)
    for _ in range(10):  # two aliases of parts of the first tensor: version and four dimensions each
        cursor.integer()
    mean, inverse_deviation = cursor.tensor().ravel(), cursor.tensor().ravel()
    factor = gamma * inverse_deviation
    return Layer("scale", factor, beta - mean * factor)


class _Cursor:
    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at

    def integer(self) -> int:
        control = self._data[self._at]
        start, self._at = self._at + 1, self._at + 1 + (control & 15)
        value = int.from_bytes(self._data[start : self._at], "little")
        return -value if control & 0x80 else value

    def tensor(self) -> Floats:
        _, *shape = (self.integer() for _ in range(5))
        count = int(np.prod(shape))
        tensor = np.frombuffer(self._data, np.dtype("<f4"), count, self._at)
        self._at += 4 * count
        return tensor.reshape(shape)
