# SPDX-License-Identifier: Apache-2.0
"""The weight files that the package `face_recognition_models` carries, checked by SHA-256.

By Davis King, public domain (CC0-1.0). The package's fourth file, the 68-point predictor, was trained on
data that forbids commercial use, and is not read.
"""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

from countenance.errors import ModelDamaged, ModelMissing

ENCODER = "dlib_face_recognition_resnet_model_v1.dat"
DETECTOR = "mmod_human_face_detector.dat"
LANDMARKS = "shape_predictor_5_face_landmarks.dat"

SHA256 = {
    ENCODER: "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    DETECTOR: "4cb19393e2fbaf2b1609a9319ad5386618c886a6234ec1b971f3e87c85d87fe6",
    LANDMARKS: "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
}

_PACKAGE = "face_recognition_models"
_INSTALL = f"reinstall it: pip install --force-reinstall {_PACKAGE}"


def folder() -> Path:
    """Return the folder of the weight files.

    The package is found, not imported: its import needs `pkg_resources`, which setuptools no longer has.

    Raises:
        ModelMissing: the package is not installed.
    """
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModelMissing(f"the package {_PACKAGE} is not installed; pip install {_PACKAGE}")
    return Path(spec.submodule_search_locations[0]) / "models"


def read(name: str, where: Path) -> bytes:
    """Return the bytes of a weight file.

    Raises:
        ModelMissing: there is no such file, or it cannot be read.
        ModelDamaged: its SHA-256 is not the pinned one.
    """
    try:
        data = (where / name).read_bytes()
    except OSError as error:
        raise ModelMissing(f"{name} of the package {_PACKAGE} cannot be read; {_INSTALL}") from error
    if hashlib.sha256(data).hexdigest() != SHA256[name]:
        raise ModelDamaged(f"{name} of the package {_PACKAGE} is not the file that was published; {_INSTALL}")
    return data
