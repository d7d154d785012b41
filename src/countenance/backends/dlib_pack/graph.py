# SPDX-License-Identifier: Apache-2.0
"""dlib's two networks as ONNX graphs, from the layers of their `.dat` files.

Batch norm, affine and input normalisation are folded into the convolutions. The first convolution of
both networks has no padding, so folding the input's mean is exact. The networks are written once, over one
of two arithmetics: `arithmetic.Float32`, which equals dlib within 1e-5, or `arithmetic.Int8`, which is three
times as fast.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from countenance.backends.dlib_pack.arithmetic import Arithmetic, Tensor
from countenance.backends.dlib_pack.dat import Floats, Layer

_MEAN = np.array([122.782, 117.001, 104.298])  # of both networks' input layers, R G B
_SCALE = 1 / 256
OPENING = 4  # of the detector's seven convolutions; what follows them is half of the work
FEATURES = 48  # channels after them
_LANES = 16  # channels are padded to a multiple of what one AVX-512 register holds


def encoder(layers: list[Layer], arithmetic: Arithmetic) -> bytes:
    """Return the encoder: `pixels` uint8 (N, 150, 150, 3) RGB to `vectors` float32 (N, 128), not unit length."""
    convolutions = _folded(layers)
    top = arithmetic.max_pool(arithmetic.first(next(convolutions)))
    side, channels = 35, 32
    for outer in convolutions:
        inner = arithmetic.conv(arithmetic.conv(top, outer, relu=True), next(convolutions), relu=False)
        if outer.stride == 2:
            # The smaller of sum and shortcut is padded with zeros at the end: rows, columns, channels.
            inner_side, side = (side - 3) // 2 + 1, (side - 2) // 2 + 1
            inner = arithmetic.pad(inner, side - inner_side, 0)
            top = arithmetic.pad(arithmetic.halve(top), 0, len(outer.bias) - channels)
            channels = len(outer.bias)
        top = arithmetic.add_relu(inner, top)
    pooled = arithmetic.node("ReduceMean", arithmetic.planes(top), axes=[2, 3], keepdims=0)
    return arithmetic.finish(vectors=arithmetic.node("MatMul", pooled, arithmetic.constant(layers[-1].weight)))


def detector(layers: list[Layer], arithmetic: Arithmetic) -> bytes:
    """Return the whole detector: `pixels` uint8 (1, H, W, 3) RGB to `scores` float32 (1, 1, about H / 8, W / 8).

    W must be a multiple of 4.
    """
    convolutions = [*_folded(layers)]
    return arithmetic.finish(scores=_scores(convolutions, arithmetic, _features(convolutions, arithmetic)))


def opening(layers: list[Layer], arithmetic: Arithmetic, hint: Layer) -> bytes:
    """Return the detector's first four convolutions: `pixels` to `features`, in the arithmetic's own form, and `hints`.

    Args:
        hint: odd windows over the features, one for each of the hints; see `cascade`.
    """
    top = _features([*_folded(layers)], arithmetic)
    return arithmetic.finish(whole=top.name, hints=_slid(arithmetic, top, hint))


def rest(layers: list[Layer], arithmetic: Arithmetic, scale: float) -> bytes:
    """Return what follows: `features` uint8 (1, h, w, 48) of this scale to `scores` float32 (1, 1, h, w)."""
    scores = _scores([*_folded(layers)], arithmetic, Tensor("features", scale))
    return arithmetic.finish(source=("features", FEATURES), scores=scores)


def _features(convolutions: list[Layer], arithmetic: Arithmetic) -> Tensor:
    top = arithmetic.first(convolutions[0])
    for layer in convolutions[1:OPENING]:
        top = arithmetic.conv(top, _padded(layer), relu=True)
    return top


def _scores(convolutions: list[Layer], arithmetic: Arithmetic, top: Tensor) -> str:
    for layer in convolutions[OPENING:-1]:
        top = arithmetic.conv(top, _padded(layer), relu=True)
    return _slid(arithmetic, top, convolutions[-1])


def _slid(arithmetic: Arithmetic, top: Tensor, layer: Layer) -> str:
    """Slide windows over a tensor, one for each output.

    They are taken as their rows, summed: as many outputs of a convolution one row high fill a register that one output
    would leave empty.
    """
    count, _, height, _ = layer.weight.shape
    rows = _padded(layer).weight[:count].transpose(0, 2, 1, 3).reshape(count * height, -1, 1, layer.weight.shape[3])
    by_row = _padded(Layer("con", np.ascontiguousarray(rows), np.zeros(len(rows), np.float32), pad=layer.pad))
    total = np.zeros((count, len(by_row.bias), height, 1), np.float32)
    for window in range(count):
        total[window, window * height : (window + 1) * height, :, 0] = np.eye(height)
    top_rows = arithmetic.planes(arithmetic.conv(top, by_row, relu=False))
    return arithmetic.node("Conv", top_rows, arithmetic.constant(total), arithmetic.constant(layer.bias))


def _folded(layers: list[Layer]) -> Iterator[Layer]:
    """Yield the convolutions with the factors and offsets that follow them, and the input's, folded in."""
    for index, layer in enumerate(layers):
        if layer.kind != "con":
            continue
        weight, bias = layer.weight.astype(np.float64), layer.bias.astype(np.float64)
        if index == 0:
            weight = weight * _SCALE
            bias = bias - (weight * _MEAN[:, None, None]).sum(axis=(1, 2, 3))
        after = layers[index + 1] if index + 1 < len(layers) else layer
        if after.kind == "scale":
            weight = weight * after.weight[:, None, None, None]
            bias = bias * after.weight + after.bias
        yield Layer("con", weight.astype(np.float32), bias.astype(np.float32), layer.stride, layer.pad)


def _padded(layer: Layer) -> Layer:
    """Return a convolution with channels of zeros up to a full register; a single output stays single."""
    outputs, inputs = layer.weight.shape[:2]
    more = -outputs % _LANES if outputs > 1 else 0
    weight: Floats = np.pad(layer.weight, ((0, more), (0, -inputs % _LANES), (0, 0), (0, 0)))
    return Layer("con", weight, np.pad(layer.bias, (0, more)), layer.stride, layer.pad)
