# SPDX-License-Identifier: Apache-2.0
"""Where the detector may stop half-way: a window over its own features that says where no face can be.

A cascade of two stages, as in Viola and Jones (2001). The first is four of the detector's seven convolutions and one
linear window over them, fitted to the detector's own verdicts by `python -m benchmarks.cascade`; the second, the other
three, runs only where the first does not rule a face out. It learns nothing of people: what it is fitted to is whether
the detector says "face".
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from importlib import resources

import numpy as np

from countenance.backends.dlib_pack.dat import Layer

FILE = "cascade.json"


@dataclass(frozen=True, eq=False)
class Cascade:
    """The first stage's window.

    Attributes:
        layer: one output over the features' values; odd rows and columns, padded by half.
        extent: largest absolute value that one row of the window gives.
        least: hint from which on the second stage looks.
        text: the file, for the detector's digest.
    """

    layer: Layer
    extent: float
    least: float
    text: str


def read() -> Cascade:
    """Return the window that is shipped."""
    text = resources.files(__package__).joinpath(FILE).read_text(encoding="utf-8")
    said = json.loads(text)
    flat = np.frombuffer(base64.b64decode(said["weights"]), np.float16).astype(np.float32)
    weight = flat.reshape(1, said["channels"], said["side"], said["side"])
    layer = Layer("con", weight, np.array([said["bias"]], np.float32), pad=said["side"] // 2)
    return Cascade(layer, said["extent"], said["least"], text)


def written(layer: Layer, extent: float, least: float, data: dict[str, object]) -> str:
    """Return the file of a window; `data` says what it was fitted to."""
    said = {
        "data": data,
        "channels": layer.weight.shape[1],
        "side": layer.weight.shape[2],
        "extent": extent,
        "least": least,
        "bias": round(float(layer.bias[0]), 5),
        "weights": base64.b64encode(layer.weight.astype(np.float16).tobytes()).decode(),
    }
    return json.dumps(said, indent=1) + "\n"
