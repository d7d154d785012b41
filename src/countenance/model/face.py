# SPDX-License-Identifier: Apache-2.0
"""Faces in photos, and the house conventions for arrays.

image       uint8 (H, W, 3), RGB
box         xyxy in pixels, origin top left, half open, floats
landmarks   float32 (5, 2), x then y, in the pixels of the image they were found in
crop        uint8 (S, S, 3), RGB, aligned
size        (height, width)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Crop = NDArray[np.uint8]
Landmarks = NDArray[np.float32]


class Box(NamedTuple):
    """A rectangle in pixels, half open."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Width in pixels."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Height in pixels."""
        return self.bottom - self.top

    @property
    def area(self) -> float:
        """Area in square pixels; 0 for an empty box."""
        return max(self.width, 0.0) * max(self.height, 0.0)

    def scaled(self, factor: float) -> Box:
        """Return the same box in an image that is `factor` times as large."""
        return Box(*(edge * factor for edge in self))


class PointScheme(Enum):
    """What the five landmarks of a detector mean; "left" is the left of the image."""

    EYE_CORNERS = "eye_corners"
    """dlib: outer and inner corner of one eye, outer and inner corner of the other, base of the nose."""
    EYES_NOSE_MOUTH = "eyes_nose_mouth"
    """YuNet, SCRFD: left eye, right eye, tip of the nose, left and right corner of the mouth."""


@dataclass(frozen=True, eq=False)
class DetectedFace:
    """One face as the detector saw it, in the pixels of the image that it was given.

    Attributes:
        box: the face, from brow to chin; may reach past the border of the image.
        score: the detector's own score; comparable within one detector only.
        landmarks: float32 (5, 2).
        scheme: what the five points mean.
    """

    box: Box
    score: float
    landmarks: Landmarks
    scheme: PointScheme


@dataclass(frozen=True)
class Measure:
    """One measured property of a face, as the quality gate found it."""

    name: str
    value: float


@dataclass(frozen=True)
class Quality:
    """What the quality gate measured, and the first reason to leave the face out, if any.

    Attributes:
        measures: every measured value, in a fixed order.
        reason: a stable code such as `too_small`; None where the face passes.
        detail: the measured value beside its limit, such as `31 px between the eyes, at least 36 needed`.
    """

    measures: tuple[Measure, ...]
    reason: str | None = None
    detail: str = ""
