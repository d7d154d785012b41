# SPDX-License-Identifier: Apache-2.0
"""Where the detector may stop half-way: windows over its own features that say where no face can be.

A cascade of two stages, as in Viola and Jones (2001). The first is four of the detector's seven convolutions and two
linear windows over them, fitted to the detector's own verdicts by `python -m benchmarks.cascade`; the second, the other
three, runs only where the first does not rule a face out. One window speaks of its own level of the pyramid; the other
of the two levels above it: where it finds nothing, they are not looked at. They learn nothing of people: what they are
fitted to is whether the detector says "face".
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
    """The first stage's windows.

    Attributes:
        layer: two outputs over the features' values, for this level and for those above it; odd rows and columns,
            padded by half.
        extent: largest absolute value that one row of a window gives.
        least: hint from which on somebody looks closer.
        ratio: of one level to the one before, for the second hint; a pyramid of another ratio does without.
        text: the file, for the detector's digest.
    """

    layer: Layer
    extent: float
    least: float
    ratio: float
    text: str


def read() -> Cascade:
    """Return the windows that are shipped."""
    text = resources.files(__package__).joinpath(FILE).read_text(encoding="utf-8")
    said = json.loads(text)
    flat = np.frombuffer(base64.b64decode(said["weights"]), np.float16).astype(np.float32)
    weight = flat.reshape(2, said["channels"], said["side"], said["side"])
    layer = Layer("con", weight, np.array(said["bias"], np.float32), pad=said["side"] // 2)
    return Cascade(layer, said["extent"], said["least"], said["ratio"], text)


def written(stage: Cascade, data: dict[str, object]) -> str:
    """Return the file of windows; `data` says what they were fitted to."""
    said = {
        "data": data,
        "channels": stage.layer.weight.shape[1],
        "side": stage.layer.weight.shape[2],
        "extent": stage.extent,
        "least": stage.least,
        "ratio": stage.ratio,
        "bias": [round(float(bias), 5) for bias in stage.layer.bias],
        "weights": base64.b64encode(stage.layer.weight.astype(np.float16).tobytes()).decode(),
    }
    return json.dumps(said, indent=1) + "\n"
