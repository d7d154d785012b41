# SPDX-License-Identifier: Apache-2.0
"""dlib's two networks as ONNX graphs, from the layers of their `.dat` files.

Batch norm, affine and input normalisation are folded into the convolutions. The first convolution of
both networks has no padding, so folding the input's mean is exact.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from countenance.backends.dlib_pack.dat import Floats, Layer

_MEAN = np.array([122.782, 117.001, 104.298], np.float32)  # of both networks' input layers, R G B
_SCALE = np.float32(1 / 256)
_OPSET = 17
_IR_VERSION = 8  # what opset 17 came with: every ONNX Runtime that we accept reads it


def encoder(layers: list[Layer]) -> bytes:
    """Return the encoder: `crops` uint8 (N, 150, 150, 3) RGB to `vectors` float32 (N, 128), not unit length."""
    graph = _Graph("crops", ["n", 150, 150, 3])
    convolutions = _folded(layers)
    top = graph.conv(graph.pixels(), next(convolutions), relu=True)
    top = graph.add("MaxPool", top, kernel_shape=[3, 3], strides=[2, 2])
    side, channels = 35, 32
    for first in convolutions:
        down = first.stride == 2
        inner = graph.conv(graph.conv(top, first, relu=True), next(convolutions), relu=False)
        if down:
            # The smaller of sum and shortcut is padded with zeros at the end: rows, columns, channels.
            inner_side, side = (side - 3) // 2 + 1, (side - 2) // 2 + 1
            inner = graph.pad(inner, [0, 0, 0, 0, 0, 0, side - inner_side, side - inner_side])
            top = graph.add("AveragePool", top, kernel_shape=[2, 2], strides=[2, 2])
            top = graph.pad(top, [0, 0, 0, 0, 0, len(first.bias) - channels, 0, 0])
            channels = len(first.bias)
        top = graph.add("Relu", graph.add("Add", inner, top))
    pooled = graph.add("Flatten", graph.add("GlobalAveragePool", top))
    return graph.finish(graph.add("MatMul", pooled, graph.constant(layers[-1].weight)), "vectors", ["n", 128])


def detector(layers: list[Layer]) -> bytes:
    """Return the detector: `image` uint8 (N, H, W, 3) RGB to `scores` float32 (N, 1, H / 8, W / 8) or so."""
    graph = _Graph("image", ["n", "h", "w", 3])
    *body, last = _folded(layers)
    top = graph.pixels()
    for layer in body:
        top = graph.conv(top, layer, relu=True)
    return graph.finish(graph.conv(top, last, relu=False), "scores", ["n", 1, "r", "c"])


def _folded(layers: list[Layer]) -> Iterator[Layer]:
    """Yield the convolutions with the factors and offsets that follow them, and the input's, folded in."""
    first = True
    for layer, after in zip(layers, [*layers[1:], None], strict=True):
        if layer.kind != "con":
            continue
        weight, bias = layer.weight.astype(np.float64), layer.bias.astype(np.float64)
        if first:
            weight = weight * _SCALE
            bias = bias - (weight * _MEAN[:, None, None]).sum(axis=(1, 2, 3))
            first = False
        if after is not None and after.kind == "scale":
            weight = weight * after.weight[:, None, None, None]
            bias = bias * after.weight + after.bias
        yield Layer("con", weight.astype(np.float32), bias.astype(np.float32), layer.stride, layer.pad)


class _Graph:
    """An ONNX graph under construction; every method returns the name of its output."""

    def __init__(self, source: str, shape: list[int | str]) -> None:
        self._source = helper.make_tensor_value_info(source, TensorProto.UINT8, shape)
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: str, **attributes: int | list[int]) -> str:
        name = f"t{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def constant(self, value: Floats | NDArray[np.int64]) -> str:
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(value, name))
        return name

    def pixels(self) -> str:
        """Pixels as float32 (N, 3, H, W), 0 to 255."""
        floats = self.add("Cast", self._source.name, to=TensorProto.FLOAT)
        return self.add("Transpose", floats, perm=[0, 3, 1, 2])

    def conv(self, top: str, layer: Layer, *, relu: bool) -> str:
        top = self.add(
            "Conv",
            top,
            self.constant(layer.weight),
            self.constant(layer.bias),
            strides=[layer.stride] * 2,
            pads=[layer.pad] * 4,
        )
        return self.add("Relu", top) if relu else top

    def pad(self, top: str, amounts: list[int]) -> str:
        return self.add("Pad", top, self.constant(np.array(amounts, np.int64))) if any(amounts) else top

    def finish(self, top: str, name: str, shape: list[int | str]) -> bytes:
        self._nodes.append(helper.make_node("Identity", [top], [name]))
        target = helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        graph = helper.make_graph(self._nodes, "dlib", [self._source], [target], self._constants)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION
        )
        serialised: bytes = model.SerializeToString()
        return serialised
