# SPDX-License-Identifier: Apache-2.0
"""Two ways to compute the same network with ONNX Runtime: float32, or 8-bit integers.

Every method adds nodes to one ONNX graph and returns the tensor that they make.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from countenance.backends.dlib_pack.dat import Floats, Layer

_OPSET = 17
_IR_VERSION = 8  # what opset 17 came with: every ONNX Runtime that we accept reads it
_CONTRIB = "com.microsoft"  # ONNX Runtime's own operators: 8-bit convolution with channels last

# Weights take 7 bits: on a processor without VNNI, two products of 8 by 8 bits overflow the 16-bit sum that
# ONNX Runtime keeps. So every processor gives the same integers.
_WEIGHT_LIMIT = 63
_END = 2**62  # of a slice: where the axis ends
_CLIPS = (1.0, 0.9, 0.8, 0.7, 0.6)  # of a filter's largest weight; the least squared error wins


class Tensor(NamedTuple):
    """A tensor of the graph: value = scale * (stored - zero)."""

    name: str
    scale: float = 1.0
    zero: int = 0


class Arithmetic(ABC):
    """A graph under construction, from `pixels` uint8 (N, H, W, 3) upwards."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    @abstractmethod
    def first(self, layer: Layer) -> Tensor:
        """Convolve the pixels; relu follows."""

    @abstractmethod
    def conv(self, top: Tensor, layer: Layer, *, relu: bool) -> Tensor:
        """Convolve."""

    @abstractmethod
    def max_pool(self, top: Tensor) -> Tensor:
        """Take the maximum of 3x3 in steps of 2."""

    @abstractmethod
    def halve(self, top: Tensor) -> Tensor:
        """Take the mean of 2x2 in steps of 2."""

    @abstractmethod
    def pad(self, top: Tensor, sides: int, channels: int) -> Tensor:
        """Add zeros at the end: rows and columns, and channels."""

    @abstractmethod
    def add_relu(self, one: Tensor, other: Tensor) -> Tensor:
        """Add two tensors and take away what is negative."""

    @abstractmethod
    def planes(self, top: Tensor) -> str:
        """Return the name of a tensor as float32 (N, C, H, W)."""

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node; return the name of its output."""
        name = f"t{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def constant(self, value: NDArray[Any] | np.generic) -> str:
        """Add a constant; return its name."""
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def finish(self, *, source: tuple[str, int] = ("pixels", 3), whole: str = "", **outputs: str) -> bytes:
        """Return the serialised graph.

        Args:
            source: name and channels of what goes in, uint8 (N, H, W, channels).
            whole: a tensor that comes out in the arithmetic's own form, named `features`.
            outputs: tensors that come out as float32, by name.
        """
        targets = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
        if whole:
            outputs = {**outputs, "features": whole}
            targets.append(helper.make_tensor_value_info("features", TensorProto.UINT8, None))
        self._nodes += [helper.make_node("Identity", [top], [name]) for name, top in outputs.items()]
        entry = helper.make_tensor_value_info(source[0], TensorProto.UINT8, ["n", "h", "w", source[1]])
        graph = helper.make_graph(self._nodes, "dlib", [entry], targets, self._constants)
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_CONTRIB, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
        serialised: bytes = model.SerializeToString()
        return serialised


class Float32(Arithmetic):
    """float32, tensors (N, C, H, W)."""

    def first(self, layer: Layer) -> Tensor:
        """Convolve the pixels; relu follows."""
        floats = self.node("Cast", "pixels", to=TensorProto.FLOAT)
        return self.conv(Tensor(self.node("Transpose", floats, perm=[0, 3, 1, 2])), layer, relu=True)

    def conv(self, top: Tensor, layer: Layer, *, relu: bool) -> Tensor:
        """Convolve."""
        weight, bias = self.constant(layer.weight), self.constant(layer.bias)
        name = self.node("Conv", top.name, weight, bias, strides=[layer.stride] * 2, pads=[layer.pad] * 4)
        return Tensor(self.node("Relu", name) if relu else name)

    def max_pool(self, top: Tensor) -> Tensor:
        """Take the maximum of 3x3 in steps of 2."""
        return Tensor(self.node("MaxPool", top.name, kernel_shape=[3, 3], strides=[2, 2]))

    def halve(self, top: Tensor) -> Tensor:
        """Take the mean of 2x2 in steps of 2."""
        return Tensor(self.node("AveragePool", top.name, kernel_shape=[2, 2], strides=[2, 2]))

    def pad(self, top: Tensor, sides: int, channels: int) -> Tensor:
        """Add zeros at the end: rows and columns, and channels."""
        if not sides and not channels:
            return top
        return Tensor(self.node("Pad", top.name, self.constant(np.array([0] * 5 + [channels, sides, sides]))))

    def add_relu(self, one: Tensor, other: Tensor) -> Tensor:
        """Add two tensors and take away what is negative."""
        return Tensor(self.node("Relu", self.node("Add", one.name, other.name)))

    def planes(self, top: Tensor) -> str:
        """Return the name of a tensor as float32 (N, C, H, W)."""
        return top.name


class Int8(Arithmetic):
    """Activations in 8 bits, weights in 7, sums in 32: tensors uint8 (N, H, W, C).

    Args:
        ranges: the largest absolute value that each convolution and each sum is to hold, in the order of the
            graph; what is larger is clipped.
        columns: how many columns the first convolution computes at once, each from two more pixels; the
            number of pixels in a row must be a multiple of twice as many, counting `border`.
        border: columns of zeros that the graph adds at the right; they must reach no column of the first convolution
            that it would not have without them.
    """

    def __init__(self, ranges: Iterable[float], columns: int, border: int = 0) -> None:
        super().__init__()
        self._border = border
        self._ranges = iter(ranges)
        self._columns = columns

    def first(self, layer: Layer) -> Tensor:
        """Convolve the pixels; relu follows.

        Three channels are too few to be fast. So neighbouring pixels of a row are taken as the channels of one
        wide pixel, and the outputs of neighbouring columns likewise; that moves no byte.
        """
        outputs = self._columns
        wide = _widened(layer, outputs)
        pixels = "pixels"
        if self._border:
            amounts = self.constant(np.array([0] * 6 + [self._border, 0]))
            pixels = self.node("Pad", pixels, amounts, self.constant(np.uint8(0)))
        name = self.node("Reshape", pixels, self.constant(np.array([0, 0, -1, wide.shape[1]])))
        bias = np.tile(layer.bias, outputs)
        top = self._convolve(Tensor(name), wide, bias, [layer.stride, 1], 0, relu=True)
        if outputs == 1:
            return top
        return top._replace(name=self.node("Reshape", top.name, self.constant(np.array([0, 0, -1, len(layer.bias)]))))

    def conv(self, top: Tensor, layer: Layer, *, relu: bool) -> Tensor:
        """Convolve."""
        return self._convolve(top, layer.weight, layer.bias, [layer.stride] * 2, layer.pad, relu=relu)

    def max_pool(self, top: Tensor) -> Tensor:
        """Take the maximum of 3x3 in steps of 2."""
        name = self.node("NhwcMaxPool", top.name, kernel_shape=[3, 3], strides=[2, 2], domain=_CONTRIB)
        return top._replace(name=name)

    def halve(self, top: Tensor) -> Tensor:
        """Take the mean of 2x2 in steps of 2."""
        # ONNX Runtime's own `QLinearAveragePool` gives the same bits and takes two and a half times as long.
        form, total = self._form(top), ""
        for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
            # A last row or column without a partner is left out: even ones end before it.
            ends = [_END if offset else -1 for offset in (row, column)]
            corners = [self.constant(np.array(values)) for values in ([row, column], ends, [1, 2], [2, 2])]
            part = self.node("DequantizeLinear", self.node("Slice", top.name, *corners), *form)
            total = self.node("Add", total, part) if total else part
        mean = self.node("Mul", total, self.constant(np.float32(0.25)))
        return top._replace(name=self.node("QuantizeLinear", mean, *form))

    def pad(self, top: Tensor, sides: int, channels: int) -> Tensor:
        """Add zeros at the end: rows and columns, and channels."""
        if not sides and not channels:
            return top
        amounts = self.constant(np.array([0] * 5 + [sides, sides, channels]))
        return top._replace(name=self.node("Pad", top.name, amounts, self.constant(np.uint8(top.zero))))

    def add_relu(self, one: Tensor, other: Tensor) -> Tensor:
        """Add two tensors and take away what is negative: zero is the smallest value that the sum can hold."""
        total = Tensor("", next(self._ranges) / 255)
        inputs = (one.name, *self._form(one), other.name, *self._form(other), *self._form(total))
        return total._replace(name=self.node("QLinearAdd", *inputs, domain=_CONTRIB))

    def planes(self, top: Tensor) -> str:
        """Return the name of a tensor as float32 (N, C, H, W)."""
        floats = self.node("DequantizeLinear", top.name, *self._form(top))
        return self.node("Transpose", floats, perm=[0, 3, 1, 2])

    def _convolve(
        self, top: Tensor, weight: Floats, bias: Floats, strides: Sequence[int], pad: int, *, relu: bool
    ) -> Tensor:
        extent = next(self._ranges)
        result = Tensor("", extent / 255) if relu else Tensor("", extent / 127, 128)
        stored, steps = _quantised(weight)
        offsets = np.round(bias / (steps * np.float32(top.scale))).astype(np.int32)
        name = self.node(
            "QLinearConv",
            *(top.name, *self._form(top)),
            *(self.constant(stored), self.constant(steps), self.constant(np.zeros(len(steps), np.int8))),
            *(*self._form(result), self.constant(offsets)),
            strides=list(strides),
            pads=[pad] * 4,
            channels_last=1,
            domain=_CONTRIB,
        )
        return result._replace(name=name)

    def _form(self, tensor: Tensor) -> tuple[str, str]:
        return self.constant(np.float32(tensor.scale)), self.constant(np.uint8(tensor.zero))


def _quantised(weight: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Return a convolution's weights as integers, and one step (value per integer) for each output."""
    flat = weight.reshape(len(weight), -1)
    largest = np.maximum(np.abs(flat).max(axis=1), 1e-12) / _WEIGHT_LIMIT
    errors = []
    for clip in _CLIPS:
        step = (largest * clip)[:, None]
        errors.append(np.square(np.clip(np.rint(flat / step), -_WEIGHT_LIMIT, _WEIGHT_LIMIT) * step - flat).sum(axis=1))
    steps = (largest * np.array(_CLIPS, np.float32)[np.argmin(errors, axis=0)]).astype(np.float32)
    stored = np.clip(np.rint(flat / steps[:, None]), -_WEIGHT_LIMIT, _WEIGHT_LIMIT).astype(np.int8)
    return stored.reshape(weight.shape), steps


def _widened(layer: Layer, outputs: int) -> Floats:
    """Return the weights of a convolution of stride 2 for wide pixels of 2 * `outputs` pixels each.

    It gives the outputs of `outputs` neighbouring columns as channels, one after the other.
    """
    group = 2 * outputs
    filters, channels, rows, columns = layer.weight.shape
    groups = -(-(columns + 2 * (outputs - 1)) // group)
    wide = np.zeros((outputs, filters, group, channels, rows, groups), np.float32)
    for output in range(outputs):
        for column in range(columns):
            place = column + 2 * output
            wide[output, :, place % group, :, :, place // group] = layer.weight[:, :, :, column]
    return wide.reshape(outputs * filters, group * channels, rows, groups)
