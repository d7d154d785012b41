# SPDX-License-Identifier: Apache-2.0
"""One process of DeepFace for `benchmarks.peers`: paths come in, a line for each, and the number of faces goes out.

The interpreter of a virtual environment of its own runs this file: it imports nothing of this project, and DeepFace's
TensorFlow is no part of it. The first line out holds the versions. The weights lie in DEEPFACE_HOME.
"""

from __future__ import annotations

import json
import os
import sys
from importlib.metadata import version


def main() -> None:
    model, *one_thread = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # DeepFace prints, too
    import cv2
    import onnxruntime

    class OneThread(onnxruntime.SessionOptions):  # type: ignore[misc]
        """DeepFace leaves the number of threads to ONNX Runtime, which would take every core in each process."""

        def __init__(self) -> None:
            super().__init__()
            self.intra_op_num_threads = 1

    if one_thread:
        cv2.setNumThreads(1)
        onnxruntime.SessionOptions = OneThread
    from deepface import DeepFace  # type: ignore[import-not-found]
    from deepface.commons import weight_utils  # type: ignore[import-not-found]

    # DeepID's weights are not to be had: random ones take the same time, and their vectors are thrown away.
    weight_utils.load_model_weights = lambda model, weight_file: model  # noqa: ARG005 - its names

    packages = ("deepface", "tensorflow", "opencv-contrib-python-headless", "onnxruntime", "dlib-bin")
    print(json.dumps({name: version(name) for name in packages}), file=answers)
    for line in sys.stdin:
        # One face, as of ours one is named: the others are found and aligned, and not encoded.
        faces = DeepFace.represent(
            line.rstrip("\n"), model_name=model, detector_backend="yunet", enforce_detection=False, max_faces=1
        )
        print(sum(face["face_confidence"] > 0 for face in faces), file=answers)


if __name__ == "__main__":
    main()
