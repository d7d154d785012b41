# SPDX-License-Identifier: Apache-2.0
"""dlib's face encoder: 128 numbers from an upright 150x150 crop."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from countenance.backends.dlib_pack import weights
from countenance.canonical import digest
from countenance.errors import EncodingFailed
from countenance.model.face import Crop, DetectedFace, Image, Landmarks
from countenance.model.faceprint import Faceprint, unit
from countenance.policy.permit import PermittedCrop
from countenance.vision.geometry import similarity

_SIDE = 150
_PADDING = 0.25
# Where the five points lie in a mean face, in units of its size, as dlib's `get_face_chip_details` has them.
_MEAN_FACE = np.array(
    [
        [0.8595674595992, 0.2134981538014],
        [0.6460604764104, 0.2289674387677],
        [0.1205750620789, 0.2137274526848],
        [0.3340850613712, 0.2290642403242],
        [0.4901123135679, 0.6277975316475],
    ]
)
_BATCH = 32  # crops per run: bounds memory; larger batches are no faster


class DlibEncoder:
    """Aligns as dlib's `get_face_chip` does; the faceprint is the mean over crop and mirror image.

    Attributes:
        digest: SHA-256 (hex) of weights, alignment, preprocessing and averaging.
        dim: 128.
    """

    dim = 128

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session
        self.digest = digest(
            {
                "weights": weights.SHA256[weights.ENCODER],
                "landmarks": weights.SHA256[weights.LANDMARKS],
                "alignment": f"similarity of five points, {_SIDE} px, padding {_PADDING}, bilinear, halved above 2",
                "averaging": "sum of crop and mirror image, unit length",
                "numbers": "activations 8 bits, weights 7 bits",
            }
        )

    def align(self, image: Image, face: DetectedFace) -> Crop:
        """Return the upright crop, uint8 (150, 150, 3) RGB, of a face with dlib's five landmarks."""
        matrix = chip_matrix(face.landmarks)
        # Bilinear sampling alone would skip pixels of a large face: halve it first, as dlib does.
        while np.hypot(matrix[0, 0], matrix[1, 0]) > 2:
            image, matrix = np.asarray(cv2.pyrDown(image), np.uint8), matrix / 2
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(image, matrix, (_SIDE, _SIDE), flags=flags), np.uint8)

    def encode(self, crops: Sequence[PermittedCrop]) -> list[Faceprint]:
        """Return one faceprint per permitted crop, in input order.

        Raises:
            TypeError: something else than a permitted crop was given; nothing was encoded.
            EncodingFailed: a crop has another size than `align` gives, the session failed, or a vector is
                zero or not finite; no partial result.
        """
        for crop in crops:
            if not isinstance(crop, PermittedCrop):
                raise TypeError(f"an encoder takes permitted crops only, not {type(crop).__name__}")
            if crop.pixels.shape != (_SIDE, _SIDE, 3):
                raise EncodingFailed(f"a crop of shape {crop.pixels.shape} is not one that this encoder aligned")
        if not crops:
            return []
        return [unit(vector, self.digest) for vector in self._vectors(np.stack([c.pixels for c in crops]))]

    def _vectors(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Sum of the network's vectors for crops, uint8 (N, 150, 150, 3), and their mirror images: (N, 128)."""
        straight, mirrored = np.split(self._run(np.concatenate([crops, crops[:, :, ::-1]])), 2)
        return straight + mirrored

    def _run(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        try:
            parts = [
                self._session.run(None, {"pixels": crops[start : start + _BATCH]})[0]
                for start in range(0, len(crops), _BATCH)
            ]
        except Exception as error:
            raise EncodingFailed("the encoder's session failed") from error
        return np.concatenate(parts)


def chip_matrix(landmarks: Landmarks) -> NDArray[np.float64]:
    """Return the (2, 3) transform from pixels of the crop to pixels of the photo.

    dlib takes the centre of the crop for (75, 75) and its width for one pixel less; both are kept.
    """
    chip = (_MEAN_FACE + _PADDING) / (1 + 2 * _PADDING) * _SIDE
    matrix = similarity(chip, landmarks)
    centre = matrix @ (_SIDE / 2, _SIDE / 2, 1)
    size = np.hypot(matrix[0, 0], matrix[1, 0]) * _SIDE
    linear = matrix[:, :2] * ((size - 1) / size * _SIDE / (_SIDE - 1))
    return np.column_stack([linear, centre - linear @ np.full(2, (_SIDE - 1) / 2)])
