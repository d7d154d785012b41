# SPDX-License-Identifier: Apache-2.0
"""The five-point template: where eyes, nose and mouth lie in the crop that encoders were trained on."""

from __future__ import annotations

import numpy as np

from countenance.model.face import Landmarks
from countenance.vision.geometry import Doubles, similarity

CROP_PX = 112
"""Side of the crop."""

TEMPLATE = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)]
)
"""Left eye, right eye, tip of the nose, left and right corner of the mouth, in pixels of the crop.

Source: J. Deng et al., "ArcFace", 2019; OpenCV's `FaceRecognizerSF` uses the same numbers.
"""


def to_crop(landmarks: Landmarks) -> Doubles:
    """Return the float64 (2, 3) matrix that takes pixels of the image to pixels of the crop.

    Args:
        landmarks: (5, 2) in the scheme `EYES_NOSE_MOUTH`.

    Raises:
        ValueError: all five points are the same.
    """
    return similarity(landmarks, TEMPLATE)
