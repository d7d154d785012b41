# SPDX-License-Identifier: Apache-2.0
"""Opening ONNX graphs: sizes that an exporter fixed are made free first.

Published graphs often fix the batch at 1, OpenCV Zoo's YuNet also its picture at 640x640. Their layers
do not depend on it; only declared shapes and constants of `Reshape` do.
"""

from __future__ import annotations

import onnx
import onnxruntime as ort
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import numpy_helper
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from countenance.errors import BadPack

ERRORS_ONLY = 3
"""The severity from which on ONNX Runtime is to speak."""

RUN_ERRORS = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)
"""What ONNX Runtime raises where it cannot open or run a graph."""


def open_session(name: str, model: bytes, free: tuple[int, ...], threads: int) -> ort.InferenceSession:
    """Return a CPU session of a graph with one input, the axes `free` of which take any size.

    Args:
        name: the file, for messages.
        model: its bytes, checked against their SHA-256 by the caller.
        free: axes of the input, 0 being the batch.
        threads: of one inference.

    Raises:
        BadPack: not an ONNX graph with one input that ONNX Runtime can open.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = ERRORS_ONLY
    options.enable_mem_pattern = False  # plans memory for one size; ours change from call to call
    try:
        edited = with_free_axes(model, free)
        return ort.InferenceSession(edited, options, providers=["CPUExecutionProvider"])
    except (DecodeError, *RUN_ERRORS, ValueError) as error:
        raise BadPack(f"{name} is not an ONNX graph that can be used here: {error}") from error


def with_free_axes(model: bytes, free: tuple[int, ...]) -> bytes:
    """Return a serialised graph with one input, the axes `free` of which take any size.

    Raises:
        ValueError, DecodeError: it is none.
    """
    graph_file = onnx.load_from_string(model)
    graph = graph_file.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]  # old exporters list weights too
    if len(inputs) != 1:
        raise ValueError(f"{len(inputs)} inputs instead of 1")
    for axis in free:
        inputs[0].type.tensor_type.shape.dim[axis].dim_param = f"free_{axis}"
    for value in graph.output:
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            dim.dim_param = f"{value.name}_{axis}"
    del graph.value_info[:]
    constants = weights | {node.output[0]: node.attribute[0].t for node in graph.node if node.op_type == "Constant"}
    for node in graph.node:
        if node.op_type == "Reshape" and node.input[1] in constants:
            _keep_batch(graph, node, numpy_helper.to_array(constants[node.input[1]]).tolist())
    return bytes(graph_file.SerializeToString())


def _keep_batch(graph: onnx.GraphProto, node: onnx.NodeProto, shape: list[int]) -> None:
    if len(shape) > 1 and shape[0] == 1:
        name = f"{node.output[0]}_shape"
        kept = [0, *shape[1:]]  # 0 copies the axis of the input: the batch, whatever its size
        graph.initializer.append(onnx.helper.make_tensor(name, onnx.TensorProto.INT64, [len(kept)], kept))
        node.input[1] = name
