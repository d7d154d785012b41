# SPDX-License-Identifier: Apache-2.0
"""YuNet: boxes and five landmarks from one small network, run on the photo and on a small copy of it."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from countenance import canonical
from countenance.backends.five_point.graph import open_session
from countenance.errors import BadPack
from countenance.model.face import Box, DetectedFace, Image, PointScheme
from countenance.shrink import shrunk
from countenance.vision.geometry import iou, suppress

_STRIDES = (8, 16, 32)
_OUTPUTS = tuple(f"{head}_{stride}" for head in ("cls", "obj", "bbox", "kps") for stride in _STRIDES)
_MIN_SCORE = 0.6
_MAX_OVERLAP = 0.3  # of two faces, as OpenCV's FaceDetectorYN has it
# Several cells answer for one face. Their points, averaged, lie better than those of the best cell alone:
# rank-1 of MobileFaceNet on 2,848 people 0.981 instead of 0.977.
_SAME_FACE = 0.5
_MAX_PIXELS = 1_000_000  # bounds memory; a face of 40 px in a larger photo shrinks by its square root
# The photo as it is shows faces up to about 300 px; a small copy with a black border shows larger ones and
# those that fill the frame (of 79 that filled 1000 px, 8 were found without the copy, all with it).
_SMALL_PX = 160
_SMALL_BORDER_PX = 40
_SMALL_MIN_FACE_PX = 40  # smaller faces are left to the photo itself, which shows their points better

Rows = NDArray[np.float32]
"""float32 (N, 15): box xyxy, five points x then y, score."""


class YuNetDetector:
    """Finds faces with a YuNet graph. See `ports.vision.Detector`.

    Args:
        name: the file, for messages.
        model: its bytes, checked against `sha256` by the caller.
        sha256: of the bytes.
        threads: of one inference.

    Raises:
        BadPack: the graph is not a YuNet.
    """

    def __init__(self, name: str, model: bytes, sha256: str, threads: int) -> None:
        self._session = open_session(name, model, free=(0, 2, 3), threads=threads)
        missing = set(_OUTPUTS) - {output.name for output in self._session.get_outputs()}
        if missing:
            raise BadPack(f"{name} is not a YuNet: it has no output {min(missing)}")
        self._input = self._session.get_inputs()[0].name
        self.digest = canonical.digest(
            {
                "kind": "yunet/2",
                "weights": sha256,
                "min_score": str(_MIN_SCORE),
                "max_overlap": str(_MAX_OVERLAP),
                "same_face": str(_SAME_FACE),
                "max_pixels": _MAX_PIXELS,
                "views": [_SMALL_PX, _SMALL_BORDER_PX, _SMALL_MIN_FACE_PX],
            }
        )

    def detect(self, image: Image) -> list[DetectedFace]:
        """Return every face, best score first; see `ports.vision.Detector`. Scores lie in [0.6, 1]."""
        height, width = image.shape[:2]
        whole = shrunk(image, round(max(height, width) * min(1.0, math.sqrt(_MAX_PIXELS / (height * width)))))
        rows = np.concatenate([_in_photo(self._faces(whole), whole, image), self._large(whole, image)])
        return [_face(rows, best) for best in suppress(rows[:, :4], rows[:, 14], _MAX_OVERLAP)]

    def _large(self, whole: Image, photo: Image) -> Rows:
        """Return the faces of a photo that show in its small copy."""
        longest = max(whole.shape[:2])
        small = shrunk(whole, _SMALL_PX) if longest > _SMALL_PX else _enlarged(whole, _SMALL_PX / longest)
        border = _SMALL_BORDER_PX
        rows = self._faces(np.pad(small, ((border, border), (border, border), (0, 0))))
        rows = rows[rows[:, 2] - rows[:, 0] >= _SMALL_MIN_FACE_PX]
        rows[:, :14] -= border
        return _in_photo(rows, small, photo)

    def _faces(self, image: Image) -> Rows:
        """Return the faces of one image, overlapping ones included, in its own pixels."""
        height, width = (math.ceil(side / _STRIDES[-1]) * _STRIDES[-1] for side in image.shape[:2])
        canvas = np.zeros((1, 3, height, width), np.float32)
        canvas[0, ::-1, : image.shape[0], : image.shape[1]] = cv2.split(image)  # BGR
        found = self._session.run(_OUTPUTS, {self._input: canvas})
        outputs = dict(zip(_OUTPUTS, found, strict=True))
        return np.concatenate([_decode(outputs, stride, width // stride) for stride in _STRIDES])


def _face(rows: Rows, best: int) -> DetectedFace:
    """Return the face of the best row, its points averaged over all rows that mean the same face."""
    box, score = Box(*map(float, rows[best, :4])), float(rows[best, 14])
    same = rows[iou(box, rows[:, :4]) >= _SAME_FACE]
    points = np.average(same[:, 4:14], axis=0, weights=same[:, 14]).reshape(5, 2)
    return DetectedFace(box, score, points.astype(np.float32), PointScheme.EYES_NOSE_MOUTH)


def _enlarged(image: Image, times: float) -> Image:
    return np.asarray(cv2.resize(image, None, fx=times, fy=times, interpolation=cv2.INTER_LINEAR), np.uint8)


def _in_photo(rows: Rows, copy: Image, photo: Image) -> Rows:
    """Return faces of a copy in pixels of the photo."""
    rows[:, :14] *= np.tile(np.divide(photo.shape[1::-1], copy.shape[1::-1]), 7)
    return rows


def _decode(outputs: dict[str, NDArray[np.float32]], stride: int, columns: int) -> Rows:
    """Return the faces of one stride: per cell a score, a centre, log size and five points."""
    presence, quality = (outputs[f"{head}_{stride}"][0, :, 0].clip(0, 1) for head in ("cls", "obj"))
    scores = np.sqrt(presence * quality)
    found = np.flatnonzero(scores >= _MIN_SCORE)
    cells = np.stack([found % columns, found // columns], axis=1).astype(np.float32)
    boxes, points = outputs[f"bbox_{stride}"][0, found], outputs[f"kps_{stride}"][0, found]
    centres, halves = (cells + boxes[:, :2]) * stride, np.exp(boxes[:, 2:]) * (stride / 2)
    points = (points + np.tile(cells, 5)) * stride
    rows = np.concatenate([centres - halves, centres + halves, points, scores[found, None]], axis=1)
    finite: Rows = rows[np.isfinite(rows).all(axis=1)].astype(np.float32)
    return finite
