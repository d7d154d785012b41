# SPDX-License-Identifier: Apache-2.0
"""The quality gate lets ordinary photos pass and names what is wrong with the others."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from countenance.model.face import Box, DetectedFace, Image, PointScheme
from countenance.vision.quality import ENROL, PROBE, assess

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
FIVE, CORNERS = PointScheme.EYES_NOSE_MOUTH, PointScheme.EYE_CORNERS

PORTRAIT = data.astronaut()
# The astronaut's face, as YuNet finds it: left eye, right eye, tip of the nose, corners of the mouth.
POINTS = np.array([[203, 104], [248, 104], [224, 128], [204, 143], [243, 144]], np.float32)
BOX = Box(178, 65, 269, 176)


def face(points: NDArray[np.float32] = POINTS, box: Box = BOX, scheme: PointScheme = FIVE) -> DetectedFace:
    return DetectedFace(box, 0.9, points.astype(np.float32), scheme)


def scaled(factor: float) -> tuple[Image, DetectedFace]:
    image = cv2.resize(PORTRAIT, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return image, face(POINTS * factor, BOX.scaled(factor))


def cropped(left: int, top: int) -> tuple[Image, DetectedFace]:
    box = Box(BOX.left - left, BOX.top - top, BOX.right - left, BOX.bottom - top)
    return PORTRAIT[top:, left:], face(POINTS - np.float32([left, top]), box)


def turned(degrees: float, depth: float = 0.45) -> NDArray[np.float32]:
    """Return the five points of a level head of 40 px between the eyes, turned to the side."""
    head = np.array([[-20, 0, 0], [20, 0, 0], [0, 22.4, 40 * depth], [-15, 40, 8], [15, 40, 8]])
    angle = math.radians(degrees)
    across = head[:, 0] * math.cos(angle) + head[:, 2] * math.sin(angle)
    return np.stack([across + 224, head[:, 1] + 110], 1).astype(np.float32)


def measure(image: Image, found: DetectedFace, name: str) -> float:
    return next(m.value for m in assess(image, found, ENROL).measures if m.name == name)


def test_a_good_portrait_passes() -> None:
    """A plain portrait passes both limits, and everything measured is there."""
    for limits in (ENROL, PROBE):
        quality = assess(PORTRAIT, face(), limits)
        assert (quality.reason, quality.detail) == (None, "")
    assert [m.name for m in quality.measures] == [
        "eye_distance", "outside", "yaw", "pitch", "roll", "luma", "clipped", "contrast", "sharpness",
    ]  # fmt: skip


def test_enrolment_is_stricter_than_a_probe() -> None:
    """Each limit of enrolment is at least as strict as the same limit of a probe."""
    low = {"eye_distance", "luma_low", "contrast", "sharpness"}
    for field in dataclasses.fields(ENROL):
        enrol, probe = getattr(ENROL, field.name), getattr(PROBE, field.name)
        assert enrol > probe if field.name in low else enrol < probe


def test_faces_from_40_px() -> None:
    """A face 40 px wide serves as a probe; enrolment says how many pixels it lacks."""
    image, found = scaled(40 / BOX.width)
    assert assess(image, found, PROBE).reason is None
    quality = assess(image, found, ENROL)
    assert quality.reason == "too_small"
    assert quality.detail == "19.8 px between the eyes, at least 24 needed"
    assert assess(*scaled(0.25), PROBE).reason == "too_small"


@pytest.mark.parametrize("factor", [0.6, 3.0, 9.0])
def test_resolution_does_not_count(factor: float) -> None:
    """The same face in a photo of more or fewer pixels measures as sharp and as bright as before."""
    for name, tolerance in (("sharpness", 0.35), ("luma", 0.03), ("contrast", 0.05), ("yaw", 0.1)):
        assert measure(*scaled(factor), name) == pytest.approx(measure(PORTRAIT, face(), name), rel=tolerance)


@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_blur(factor: float) -> None:
    """A blur of a tenth of the eye distance is refused for enrolment, one of a fifth as a probe too."""
    image, found = scaled(factor)
    distance = 45 * factor
    slight = cv2.GaussianBlur(image, (0, 0), distance / 40)
    strong = cv2.GaussianBlur(image, (0, 0), distance / 10)
    hopeless = cv2.GaussianBlur(image, (0, 0), distance / 5)
    assert assess(slight, found, ENROL).reason is None
    assert assess(strong, found, ENROL).reason == "blurred"
    assert assess(hopeless, found, PROBE).reason == "blurred"


@pytest.mark.parametrize(
    ("gain", "offset", "reason"),
    [
        (0.1, 0, "too_dark"),
        (0.05, 240, "too_bright"),
        (6.0, 0, "too_bright"),
        (0.05, 120, "low_contrast"),
        (0, 0, "too_dark"),
    ],
)
def test_exposure(gain: float, offset: float, reason: str) -> None:
    """Photos that are nearly black, white or flat are refused for what they are."""
    image = np.clip(PORTRAIT * gain + offset, 0, 255).astype(np.uint8)
    for limits in (ENROL, PROBE):
        assert assess(image, face(), limits).reason == reason


def test_half_the_light_is_enough() -> None:
    """A photo with half or one and a half times the light still passes."""
    for gain in (0.5, 1.5):
        image = np.clip(PORTRAIT * gain, 0, 255).astype(np.uint8)
        assert assess(image, face(), ENROL).reason is None


@pytest.mark.parametrize("scheme", [FIVE, CORNERS])
@pytest.mark.parametrize("degrees", [-80, -60, -30, 0, 30, 60, 80])
def test_yaw(degrees: float, scheme: PointScheme) -> None:
    """Yaw is measured from either kind of landmarks; beyond the limits a face is turned away."""
    points = turned(degrees, 0.45 if scheme is FIVE else 0.3)
    if scheme is CORNERS:  # dlib names the eye on the right of the image first
        width = np.float32([4, 0])
        points = np.array([points[1] + width, points[1] - width, points[0] - width, points[0] + width, points[2]])
    found = face(points, scheme=scheme)
    assert measure(PORTRAIT, found, "yaw") == pytest.approx(degrees, abs=0.5)
    assert measure(PORTRAIT, found, "eye_distance") == pytest.approx(40, abs=0.5)
    assert (assess(PORTRAIT, found, ENROL).reason == "turned_away") == (abs(degrees) > 50)
    assert (assess(PORTRAIT, found, PROBE).reason == "turned_away") == (abs(degrees) > 65)
    if abs(degrees) > 65:
        assert assess(PORTRAIT, found, PROBE).detail == "80 degrees to the side, at most 65 allowed"


def test_pitch() -> None:
    """A nose near the mouth looks down, one near the eyes looks up; both are turned away."""
    for shift, sign in ((14, 1), (-14, -1)):
        points = turned(0) + np.float32([[0, 0], [0, 0], [0, shift], [0, 0], [0, 0]])
        assert math.copysign(1, measure(PORTRAIT, face(points), "pitch")) == sign
        assert assess(PORTRAIT, face(points), ENROL).reason == "turned_away"


def test_roll() -> None:
    """A head that lies on its side is tilted; one that leans a little is not."""
    for degrees, reason in ((25, None), (-25, None), (55, "tilted"), (-55, "tilted")):
        turn = cv2.getRotationMatrix2D((224, 110), -degrees, 1.0)
        image = cv2.warpAffine(PORTRAIT, turn, (512, 512))
        found = face(POINTS @ turn[:, :2].T + turn[:, 2])
        assert measure(image, found, "roll") == pytest.approx(degrees, abs=1)
        assert assess(image, found, ENROL).reason == reason


@pytest.mark.parametrize("start", [(224, 0), (0, 121)], ids=["left", "top"])
def test_half_out_of_frame(start: tuple[int, int]) -> None:
    """A face of which half lies beyond the border is cut off, for either purpose."""
    for limits in (ENROL, PROBE):
        quality = assess(*cropped(*start), limits)
        assert quality.reason == "cut_off"
        assert "beyond the photo's border, at most" in quality.detail


def test_a_face_that_fills_the_frame_passes() -> None:
    """A photo that is cropped to the face's box is not cut off."""
    image, found = cropped(int(BOX.left), int(BOX.top))
    assert assess(image[: int(BOX.height), : int(BOX.width)], found, ENROL).reason is None


@pytest.mark.parametrize("points", [np.full((5, 2), np.nan), np.full((5, 2), np.inf), np.full((5, 2), 7.0)])
@pytest.mark.parametrize("scheme", [FIVE, CORNERS])
def test_landmarks_that_are_none(points: NDArray[np.float32], scheme: PointScheme) -> None:
    """Landmarks without two eyes never pass."""
    assert assess(PORTRAIT, face(points, scheme=scheme), PROBE).reason == "too_small"


def test_landmarks_far_outside() -> None:
    """A face that lies wholly beyond the border is cut off."""
    far = Box(*(edge + 2000 for edge in BOX))
    assert assess(PORTRAIT, face(POINTS + np.float32(2000), far), PROBE).reason == "cut_off"


def test_press_photos_pass() -> None:
    """Of 250x250 press photos, at least 98 % may be enrolled and 99.5 % searched with."""
    photos = sorted((SHARED / "faces" / "lfw").glob("*/*.jpg"))[::16]
    model = SHARED / "models" / "yunet_n_dynamic.onnx"
    if not photos or not model.exists():
        pytest.skip("needs the benchmark photos and YuNet in ../shared")
    detector = cv2.FaceDetectorYN.create(str(model), "", (250, 250), 0.6)
    passed = {ENROL: 0, PROBE: 0}
    for photo in photos:
        image = cv2.imread(str(photo))
        rows = detector.detect(image)[1]
        x, y, width, height, *points = min(rows, key=lambda r: abs(2 * r[0] + r[2] - 250) + abs(2 * r[1] + r[3] - 250))
        box = Box(x, y, x + width, y + height)
        found = face(np.array(points[:10]).reshape(5, 2), box)
        for limits in passed:
            passed[limits] += assess(image[..., ::-1], found, limits).reason is None
    assert passed[ENROL] >= 0.98 * len(photos)
    assert passed[PROBE] >= 0.995 * len(photos)
