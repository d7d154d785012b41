# SPDX-License-Identifier: Apache-2.0
"""An encoder in 8-bit integers: more than twice as fast, once it is known how large its activations get on faces.

Activations take 8 bits and weights 8, or 7 where a sum runs over channels: on a processor without VNNI, two products
of 8 by 8 bits overflow the 16-bit sum that ONNX Runtime keeps there. So every processor gives the same integers.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import version_converter

from countenance.backends.five_point.encoder import planes
from countenance.backends.five_point.graph import ERRORS_ONLY, RUN_ERRORS, with_free_axes
from countenance.backends.five_point.manifest import EncoderSpec
from countenance.errors import BadPack
from countenance.policy.permit import PermittedCrop

_OPSET = 13
_WARNINGS = 2  # ONNX Runtime's default


def quantised(spec: EncoderSpec, model: bytes, crops: Sequence[PermittedCrop]) -> bytes:
    """Return an encoder's graph in 8-bit integers; what the crops were is gone from it but for two numbers a tensor.

    Args:
        spec: how the graph wants its crops.
        model: its bytes, checked against their SHA-256 by the caller.
        crops: faces that show how large activations get; a hundred are enough, mirror images are added.

    Raises:
        BadPack: ONNX Runtime cannot write it in 8 bits.
        TypeError: something else than a permitted crop was given; nothing was looked at.
    """
    from onnxruntime import quantization  # noqa: PLC0415 - half a second that nobody else waits for
    from onnxruntime.quantization.shape_inference import quant_pre_process  # noqa: PLC0415

    for crop in crops:
        if not isinstance(crop, PermittedCrop):
            raise TypeError(f"an encoder takes permitted crops only, not {type(crop).__name__}")
    with tempfile.TemporaryDirectory() as folder, _only_errors():  # the library works on files; no face is in them
        plain, folded, small = (Path(folder) / name for name in ("plain.onnx", "folded.onnx", "small.onnx"))
        try:
            plain.write_bytes(_recent(onnx.load_from_string(with_free_axes(model, (0,)))).SerializeToString())
            quant_pre_process(plain, folded, skip_symbolic_shape=True)
            graph = onnx.load(folded).graph
            quantization.quantize_static(
                folded,
                small,
                _Faces(graph.input[0].name, spec, crops),
                quant_format=quantization.QuantFormat.QDQ,
                per_channel=True,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                extra_options={"TensorQuantOverrides": dict(_in_7_bits(graph, quantization.QuantType.QInt8))},
            )
        except (*RUN_ERRORS, ValueError, RuntimeError, KeyError) as error:
            raise BadPack(f"{spec.model.name} cannot be written in 8 bits: {error}") from error
        return small.read_bytes()


def _recent(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a graph in a version of ONNX that knows a step for each channel; older ones know one for all."""
    version = next((one.version for one in model.opset_import if one.domain == ""), 0)
    return model if version >= _OPSET else version_converter.convert_version(model, _OPSET)


class _Faces:
    """What ONNX Runtime's `CalibrationDataReader` is: one input after the other, each face and its mirror image."""

    def __init__(self, name: str, spec: EncoderSpec, crops: Sequence[PermittedCrop]) -> None:
        seen = (pixels for crop in crops for pixels in (crop.pixels, crop.pixels[:, ::-1]))
        self._inputs: Iterator[NDArray[np.float32]] = (planes(spec, pixels[None]) for pixels in seen)
        self._name = name

    def __iter__(self) -> Iterator[dict[str, NDArray[np.float32]]]:
        return iter(self.get_next, None)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """Return the next input by its name; None after the last."""
        batch = next(self._inputs, None)
        return None if batch is None else {self._name: batch}


def _in_7_bits(graph: onnx.GraphProto, integers: object) -> Iterator[tuple[str, list[dict[str, object]]]]:
    """Yield the weights of convolutions that sum over channels."""
    for node in graph.node:
        group = next((attribute.i for attribute in node.attribute if attribute.name == "group"), 1)
        if node.op_type == "Conv" and group == 1:
            yield node.input[1], [{"quant_type": integers, "axis": 0, "symmetric": True, "reduce_range": True}]


@contextmanager
def _only_errors() -> Iterator[None]:
    """Keep the library's advice from the user."""
    logging.disable(logging.WARNING)
    ort.set_default_logger_severity(ERRORS_ONLY)
    try:
        yield
    finally:
        ort.set_default_logger_severity(_WARNINGS)
        logging.disable(logging.NOTSET)
