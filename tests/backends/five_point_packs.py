# SPDX-License-Identifier: Apache-2.0
"""Packs for tests: tiny graphs whose answers are known, and a manifest for the files in ../shared/models."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from countenance.model.face import Crop
from countenance.policy import permit as permits

SHARED = Path(__file__).resolve().parents[2].parent / "shared"

POINTS = np.array([(-0.5, -0.5), (1.5, -0.5), (0.5, 0.5), (-0.25, 1.25), (1.25, 1.25)], np.float32)
"""Where the tiny detector puts its five points, in cells of 8 px from the corner of its cell."""
BOX_PX = 24
"""Side of the tiny detector's boxes, centred on their cell."""
TINY_DIM = 8

IMAGENET = {
    "colour": "rgb",
    "scale": 1 / 255,
    "mean": [0.485, 0.456, 0.406],
    "std": [0.229, 0.224, 0.225],
}


def permitted(crop: Crop) -> permits.PermittedCrop:
    """Return a crop under a permit that no policy gave: for tests of what comes after."""
    return permits.Permit(permits.PermitKind.PROBE, "test", (), "0" * 64, permits._MINT).cover(crop)


def tiny_encoder(*, dim: int = TINY_DIM, mixes_batch: bool = False) -> bytes:
    """Return an encoder fixed at batch 1: 4x4 averages per channel, then a matrix."""
    rng = np.random.default_rng(7)
    nodes = [
        helper.make_node("AveragePool", ["data"], ["pooled"], kernel_shape=[28, 28], strides=[28, 28]),
        helper.make_node("Reshape", ["pooled", "flat"], ["features"]),
        helper.make_node("MatMul", ["features", "weights"], ["product"]),
    ]
    if mixes_batch:
        nodes.append(helper.make_node("ReduceMean", ["product"], ["mean"], axes=[0], keepdims=1))
        nodes.append(helper.make_node("Add", ["product", "mean"], ["fc1"]))
    else:
        nodes.append(helper.make_node("Identity", ["product"], ["fc1"]))
    constants = [
        numpy_helper.from_array(np.array([1, 48], np.int64), "flat"),
        numpy_helper.from_array(rng.normal(size=(48, dim)).astype(np.float32), "weights"),
    ]
    return _graph(nodes, ("data", [1, 3, 112, 112]), {"fc1": [1, dim]}, constants)


def layered_encoder() -> bytes:
    """Return an encoder of the layers that published ones have: convolutions, batch norm, PReLU, a dense layer."""
    rng = np.random.default_rng(9)

    def numbers(*shape: int, low: float = -0.5, high: float = 0.5) -> np.ndarray:  # type: ignore[type-arg]
        return rng.uniform(low, high, shape).astype(np.float32)

    stored = {
        "w1": numbers(16, 3, 3, 3), "g": numbers(16, low=0.5, high=2), "b": numbers(16), "m": numbers(16),
        "v": numbers(16, low=0.5, high=2), "slope": numbers(16, 1, 1, low=0.1), "w2": numbers(16, 1, 3, 3),
        "w3": numbers(32, 16, 1, 1), "dense": numbers(32 * 49, TINY_DIM), "flat": np.array([1, 32 * 49]),
    }  # fmt: skip
    nodes = [
        helper.make_node("Conv", ["data", "w1"], ["c1"], strides=[4, 4], pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["c1", "g", "b", "m", "v"], ["n1"]),
        helper.make_node("PRelu", ["n1", "slope"], ["p1"]),
        helper.make_node("Conv", ["p1", "w2"], ["c2"], group=16, strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["c2", "w3"], ["c3"], strides=[2, 2]),
        helper.make_node("Reshape", ["c3", "flat"], ["features"]),
        helper.make_node("MatMul", ["features", "dense"], ["fc1"]),
    ]
    constants = [numpy_helper.from_array(value, name) for name, value in stored.items()]
    return _graph(nodes, ("data", [1, 3, 112, 112]), {"fc1": [1, TINY_DIM]}, constants)


def tiny_detector() -> bytes:
    """Return a YuNet-like graph fixed at 64x64: a face wherever an 8x8 cell is nearly white."""
    nodes, constants, outputs = [], [], {}
    heads = {
        "cls": [-20.0],
        "obj": [8.0],
        "bbox": [0.5, 0.5, math.log(3), math.log(3)],
        "kps": POINTS.ravel(),
    }
    for stride in (8, 16, 32):
        cells = f"cells_{stride}"
        nodes.append(
            helper.make_node("AveragePool", ["input"], [cells], kernel_shape=[stride] * 2, strides=[stride] * 2)
        )
        for head, bias in heads.items():
            name, channels = f"{head}_{stride}", len(bias)
            weights = np.zeros((channels, 3, 1, 1), np.float32)
            if head == "cls" and stride == 8:
                weights[:] = 28 / 765  # sigmoid(8) where all channels are 255
            constants += [
                numpy_helper.from_array(weights, f"{name}_w"),
                numpy_helper.from_array(np.array(bias, np.float32), f"{name}_b"),
                numpy_helper.from_array(np.array([1, -1, channels], np.int64), f"{name}_s"),
            ]
            last = f"{name}_raw" if channels == 1 else name
            nodes += [
                helper.make_node("Conv", [cells, f"{name}_w", f"{name}_b"], [f"{name}_map"]),
                helper.make_node("Transpose", [f"{name}_map"], [f"{name}_rows"], perm=[0, 2, 3, 1]),
                helper.make_node("Reshape", [f"{name}_rows", f"{name}_s"], [last]),
            ]
            if channels == 1:
                nodes.append(helper.make_node("Sigmoid", [last], [name]))
            outputs[name] = [1, (64 // stride) ** 2, channels]
    return _graph(nodes, ("input", [1, 3, 64, 64]), outputs, constants)


def write_pack(folder: Path, detector_file: bytes, encoder_file: bytes, **changes: dict[str, Any]) -> Path:
    """Write `pack.toml` and both files into a folder; `changes` go into the tables; None drops a key."""
    folder.mkdir(parents=True, exist_ok=True)
    tables: dict[str, dict[str, Any]] = {
        "pack": {
            "name": "tiny",
            "licence": "Apache-2.0",
            "commercial_use": True,
            "homepage": "https://example.org/tiny",
        },
        "detector": {"kind": "yunet", **_pinned(folder, "detector.onnx", detector_file)},
        "encoder": {
            **_pinned(folder, "encoder.onnx", encoder_file),
            **IMAGENET,
            "size": 112,
            "points": "five",
            "dim": TINY_DIM,
        },
    }
    for table, keys in changes.items():
        tables.setdefault(table, {}).update(keys)
    lines = []
    for table, keys in tables.items():
        lines.append(f"[{table}]")
        lines += [f"{key} = {_toml(value)}" for key, value in keys.items() if value is not None]
    (folder / "pack.toml").write_text("\n".join(lines), "utf-8")
    return folder


def write_real_pack(folder: Path) -> Path:
    """Write the pack of the files in ../shared/models: YuNet and MobileFaceNet."""
    models = SHARED / "models"
    detector = (models / "yunet_n_dynamic.onnx").read_bytes()
    encoder = (models / "mobilefacenet_128.onnx").read_bytes()
    return write_pack(folder, detector, encoder, pack={"name": "mobile"}, encoder={"dim": 128})


def _pinned(folder: Path, name: str, data: bytes) -> dict[str, Any]:
    (folder / name).write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    return {"file": name, "sha256": digest, "url": f"https://example.org/{name}", "bytes": len(data)}


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _graph(
    nodes: list[onnx.NodeProto],
    data: tuple[str, list[int]],
    outputs: dict[str, list[int]],
    constants: list[onnx.TensorProto],
) -> bytes:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()]
    given = helper.make_tensor_value_info(data[0], TensorProto.FLOAT, data[1])
    graph = helper.make_graph(nodes, "tiny", [given], values, constants)
    opset = [helper.make_opsetid("", 11)]
    return helper.make_model(graph, opset_imports=opset, ir_version=6).SerializeToString()
