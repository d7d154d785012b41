# SPDX-License-Identifier: Apache-2.0
"""The quality gate: measured reasons to leave a face out, before anything is encoded.

Every measure comes from the five landmarks and the luma around them, so that it means the same for every
detector and every resolution. The limits were set on the 6,274 photos of people in Labeled Faces in the
Wild: press photos, nearly all of which a person would accept. Luma limits lie far below and above the
darkest and brightest face there, because they are to catch bad exposure, never a dark or a fair skin.

    measure        unit                                              LFW, YuNet: 0.5 %, median, 99.5 %
    eye_distance   pixels between the eyes, as if seen from ahead      36     44     62
    outside        share of the face beyond the photo's border          0      0      0
    yaw            degrees to the side, + = to the image's right      -42      0     42
    pitch          degrees, + = down; five-point packs only           -17      0     21
    roll           degrees of the eye line, + = clockwise             -10     -1      9
    luma           mean, 0 to 255                                      67    126    179
    clipped        share of pixels within 8 of black or white           0      0   0.13
    contrast       standard deviation of luma                          21     41     71
    sharpness      mean squared Laplacian over variance, at 48 px    0.07   0.27   0.81
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from countenance.model.face import Box, DetectedFace, Image, Measure, PointScheme, Quality


@dataclass(frozen=True)
class Limits:
    """What a face must reach; the units are those of the table above. Yaw, pitch and roll: either way."""

    eye_distance: float
    outside: float
    yaw: float
    pitch: float
    roll: float
    luma_low: float
    luma_high: float
    clipped: float
    contrast: float
    sharpness: float


ENROL = Limits(
    eye_distance=24,
    outside=0.25,
    yaw=50,
    pitch=35,
    roll=40,
    luma_low=30,
    luma_high=225,
    clipped=0.5,
    contrast=10,
    sharpness=0.03,
)
"""A reference serves every later search. Sharpness: a Gaussian blur of a tenth of the eye distance fails."""
PROBE = Limits(
    eye_distance=12,
    outside=0.35,
    yaw=65,
    pitch=50,
    roll=60,
    luma_low=16,
    luma_high=240,
    clipped=0.7,
    contrast=6,
    sharpness=0.012,
)
"""A probe is often the only photo there is: faces from 40 px pass, hopeless ones do not."""

_SAMPLE = 48  # pixels; a face with 16 px between the eyes still fills it
_MIDDLES = np.arange(_SAMPLE) + 0.5
_MIDDLE = 127.5
_CLIP = 8  # of 255: JPEG rings by a few levels around black and white
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, what JPEG uses
# How far the nose stands before the plane of the eyes, in eye distances: its offset between the eyes is
# this times the tangent of yaw. Tip: fitted on turned faces, from the growth of eyes-to-mouth over eyes
# (0.32 to 0.52). Base: the tip's times the slope between both detectors' offsets on 1,560 photos (0.66).
_NOSE_DEPTH = {PointScheme.EYES_NOSE_MOUTH: 0.45, PointScheme.EYE_CORNERS: 0.3}
# The nose tip's place between eyes (0) and mouth (1) on a level face, and its change per radian of pitch.
_NOSE_LEVEL, _NOSE_PER_PITCH = 0.56, 0.34


@dataclass(frozen=True)
class _Pose:
    eyes: tuple[float, float]  # the point between them, x and y
    eye_distance: float
    yaw: float
    roll: float
    pitch: float | None  # two corners a side and the base of the nose do not tell it


def assess(image: Image, face: DetectedFace, limits: Limits) -> Quality:
    """Return what was measured, and the first reason for which the face misses the limits.

    Args:
        image: the photo in which the face was found.
        face: its landmarks in this image's pixels.
        limits: `ENROL` or `PROBE`.
    """
    pose = _pose(face)
    if pose is None:
        return Quality((Measure("eye_distance", 0.0),), "too_small", "the eyes lie on one point")
    region = _region(pose)
    luma = _sample(image, region)
    checks = (*_placement(pose, region, face.box, image, limits), *_exposure(luma, limits))
    failed = next((check for check in checks if not check.low <= check.value <= check.high), None)
    return Quality(
        tuple(Measure(check.name, check.value) for check in checks),
        failed.reason if failed else None,
        failed.detail() if failed else "",
    )


class _Check(NamedTuple):
    name: str
    value: float
    low: float
    high: float
    reason: str
    words: str

    def detail(self) -> str:
        if self.value < self.low and self.low != -self.high:
            return f"{self.value:.3g} {self.words}, at least {self.low:g} needed"
        return f"{abs(self.value):.3g} {self.words}, at most {self.high:g} allowed"


def _placement(pose: _Pose, region: Box, box: Box, image: Image, limits: Limits) -> list[_Check]:
    """Return the checks of size and pose, in the order in which a failure explains the others."""
    outside = max(_outside(region, image), _outside(box, image))
    checks = [
        _Check(
            "eye_distance",
            pose.eye_distance,
            limits.eye_distance,
            math.inf,
            "too_small",
            "px between the eyes",
        ),
        _Check("outside", outside, -math.inf, limits.outside, "cut_off", "of the face beyond the photo's border"),
        _Check("yaw", pose.yaw, -limits.yaw, limits.yaw, "turned_away", "degrees to the side"),
        _Check("roll", pose.roll, -limits.roll, limits.roll, "tilted", "degrees between the eye line and level"),
    ]
    if pose.pitch is not None:
        checks.insert(3, _Check("pitch", pose.pitch, -limits.pitch, limits.pitch, "turned_away", "degrees up or down"))
    return checks


def _exposure(luma: NDArray[np.float32], limits: Limits) -> list[_Check]:
    mean = float(luma.mean())
    deviation = (luma - np.float32(mean)).ravel()
    contrast = math.sqrt(deviation @ deviation / luma.size)
    clipped = np.count_nonzero(np.abs(luma - _MIDDLE) > _MIDDLE - _CLIP) / luma.size
    end = "too_dark" if mean < _MIDDLE else "too_bright"
    inner = luma[1:-1, 1:-1]
    laplacian = (luma[1:-1, 2:] + luma[1:-1, :-2] + luma[2:, 1:-1] + luma[:-2, 1:-1] - 4 * inner).ravel()
    sharpness = float(laplacian @ laplacian) / laplacian.size / contrast**2 if contrast else 0.0
    return [
        _Check("luma", mean, limits.luma_low, limits.luma_high, end, "mean luma (0 to 255)"),
        _Check("clipped", clipped, -math.inf, limits.clipped, end, "of the face black or white without detail"),
        _Check("contrast", contrast, limits.contrast, math.inf, "low_contrast", "levels of contrast"),
        _Check("sharpness", sharpness, limits.sharpness, math.inf, "blurred", "sharpness"),
    ]


def _pose(face: DetectedFace) -> _Pose | None:
    """Return where the head looks, from a model of a head seen from afar; None where there are no eyes."""
    points = face.landmarks.astype(np.float64)
    if not np.isfinite(points).all():
        return None
    corners = face.scheme is PointScheme.EYE_CORNERS
    pair = ((points[0] + points[1]) / 2, (points[2] + points[3]) / 2) if corners else (points[0], points[1])
    left, right = sorted(pair, key=lambda eye: float(eye[0]))  # whichever eye the detector names first
    nose = points[4] if corners else points[2]
    across, between = right - left, (left + right) / 2
    distance = float(np.hypot(*across))
    if distance < 1:
        return None
    along = across / distance
    down = np.array([-along[1], along[0]])
    yaw = math.atan(float((nose - between) @ along) / distance / _NOSE_DEPTH[face.scheme])
    pitch = None
    if not corners:
        to_mouth = float(((points[3] + points[4]) / 2 - between) @ down)
        level = float((nose - between) @ down) / to_mouth if to_mouth > 0 else math.inf
        pitch = math.degrees(math.atan((level - _NOSE_LEVEL) / _NOSE_PER_PITCH))
    roll = math.degrees(math.atan2(across[1], across[0]))
    eyes = (float(between[0]), float(between[1]))
    return _Pose(eyes, distance / math.cos(yaw), math.degrees(yaw), roll, pitch)


def _region(pose: _Pose) -> Box:
    """Return the square from brow to mouth; every face fills it alike, whatever box its detector draws."""
    (x, y), unit = pose.eyes, pose.eye_distance
    return Box(x - 1.1 * unit, y - 0.7 * unit, x + 1.1 * unit, y + 1.5 * unit)


def _outside(box: Box, image: Image) -> float:
    """Return the share of a box that lies beyond the image's border."""
    height, width = image.shape[:2]
    inside = Box(max(box.left, 0.0), max(box.top, 0.0), min(box.right, width), min(box.bottom, height))
    seen = inside.area if inside.width > 0 and inside.height > 0 else 0.0
    return 1.0 - seen / box.area if box.area > 0 else 1.0


def _sample(image: Image, region: Box) -> NDArray[np.float32]:
    """Return the luma (0 to 255) of a region, resampled to `_SAMPLE` a side; the border repeats beyond it."""
    height, width = image.shape[:2]
    rows, top, bottom = _taps(region.top, region.bottom, height)
    columns, left, right = _taps(region.left, region.right, width)
    luma = image[top:bottom, left:right].astype(np.float32) @ _LUMA
    sampled: NDArray[np.float32] = rows @ luma @ columns.T
    return sampled


def _taps(start: float, end: float, length: int) -> tuple[NDArray[np.float32], int, int]:
    """Return the weights (`_SAMPLE`, n) that resample the n pixels of an axis from one index to another.

    A triangle as wide as the step, at least one pixel: smooth where it enlarges, no aliases where it shrinks.
    """
    step = (end - start) / _SAMPLE
    reach = max(step, 1.0)
    centres = np.clip(start + _MIDDLES * step, 0.5, length - 0.5)
    first = max(math.floor(centres[0] - reach), 0)
    last = min(math.ceil(centres[-1] + reach), length)
    # From the first pixel on, in reaches: small numbers, exact enough in 32 bits however large the photo is.
    pixels = ((np.arange(last - first) + 0.5) / reach).astype(np.float32)
    weights = np.abs(pixels - ((centres - first) / reach).astype(np.float32)[:, None])
    np.subtract(1.0, weights, out=weights)
    np.maximum(weights, 0.0, out=weights)
    weights /= weights.sum(1, keepdims=True)
    return weights, first, last
