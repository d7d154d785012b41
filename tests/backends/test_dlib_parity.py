# SPDX-License-Identifier: Apache-2.0
"""The dlib pack against dlib itself: the same faces, landmarks, crops and vectors."""

from __future__ import annotations

from pathlib import Path

import cv2
import dlib
import numpy as np
import pytest
from skimage.data import astronaut

from countenance.backends import dlib_pack
from countenance.backends.dlib_pack import dat, graph, weights
from countenance.backends.dlib_pack.arithmetic import Float32
from countenance.backends.dlib_pack.detector import DLIB
from countenance.backends.dlib_pack.encoder import DlibEncoder, chip
from countenance.model.face import Box, Image
from countenance.ports.vision import FacePack
from countenance.vision.geometry import iou
from countenance.vision.landmark_trees import gray

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
WEIGHTS = weights.folder()


def _photos() -> list[Image]:
    """The astronaut always; five benchmark photos where ../shared is there."""
    files = sorted((SHARED / "faces" / "lfw").glob("*/*.jpg"))[::1300]
    return [astronaut(), *(np.ascontiguousarray(cv2.imread(str(file))[..., ::-1]) for file in files)]


@pytest.fixture(scope="module")
def photos() -> list[Image]:
    return _photos()


@pytest.fixture(scope="module")
def own() -> FacePack:
    """The pack with dlib's own pyramid."""
    return dlib_pack.load(pyramid=DLIB)


@pytest.fixture(scope="module")
def oracle(photos: list[Image]) -> list[list[tuple[Box, float]]]:
    """What dlib's detector finds in each photo."""
    detector = dlib.cnn_face_detection_model_v1(str(WEIGHTS / weights.DETECTOR))
    answers = []
    for photo in photos:
        found = [(face.rect, face.confidence) for face in detector(photo, 0)]
        answers.append([(Box(r.left(), r.top(), r.right() + 1, r.bottom() + 1), score) for r, score in found])
    return answers


@pytest.fixture(scope="module")
def shapes(
    photos: list[Image], oracle: list[list[tuple[Box, float]]]
) -> list[tuple[Image, Box, dlib.full_object_detection]]:
    """dlib's landmarks for each face that it found."""
    predictor = dlib.shape_predictor(str(WEIGHTS / weights.LANDMARKS))
    return [
        (photo, box, predictor(photo, dlib.rectangle(*(int(e) for e in (*box[:2], box[2] - 1, box[3] - 1)))))
        for photo, found in zip(photos, oracle, strict=True)
        for box, _ in found
    ]


def _points(shape: dlib.full_object_detection) -> np.ndarray:
    return np.array([(point.x, point.y) for point in shape.parts()], np.float32)


def test_same_faces(photos: list[Image], own: FacePack, oracle: list[list[tuple[Box, float]]]) -> None:
    """On dlib's own pyramid the detector finds dlib's faces: IoU of at least 0.6, confidence within 0.1."""
    for photo, expected in zip(photos, oracle, strict=True):
        found = own.detector.detect(photo)
        assert len(found) == len(expected) >= 1
        for box, confidence in expected:
            overlaps = iou(box, [face.box for face in found])
            assert overlaps.max() >= 0.6
            assert found[overlaps.argmax()].score == pytest.approx(confidence, abs=0.1)


def test_same_landmarks(own: FacePack, shapes: list[tuple[Image, Box, dlib.full_object_detection]]) -> None:
    """In the same box the landmarks are dlib's, which it rounds to whole pixels, within 1 px."""
    for photo, box, shape in shapes:
        points = own.detector._trees.predict(gray(photo), box)
        assert points.dtype == np.float32
        assert np.abs(points - _points(shape)).max() < 1


def test_landmarks_of_a_box_past_the_border(own: FacePack) -> None:
    """Also where the box reaches past the photo, or lies outside it, the landmarks are dlib's."""
    predictor = dlib.shape_predictor(str(WEIGHTS / weights.LANDMARKS))
    photo = astronaut()
    for box in (Box(-20, -20, 300, 300), Box(400, 400, 520, 520), Box(-200, -200, -100, -100)):
        shape = predictor(photo, dlib.rectangle(*(int(e) for e in (*box[:2], box[2] - 1, box[3] - 1))))
        assert np.abs(own.detector._trees.predict(gray(photo), box) - _points(shape)).max() < 1


def test_same_crops(shapes: list[tuple[Image, Box, dlib.full_object_detection]]) -> None:
    """From the same landmarks the crop is dlib's, up to the rounding of a brightness."""
    for photo, _, shape in shapes:
        for side, padding in ((150, 0.25), (182, 0.32)):
            difference = chip(photo, _points(shape), side, padding).astype(int)
            difference -= dlib.get_face_chip(photo, shape, side, padding)
            assert np.abs(difference).mean() < 1
            assert np.percentile(np.abs(difference), 99) <= 2


def test_crop_of_a_large_face() -> None:
    """A face three times as large as the crop is made smaller without skipping pixels, as dlib does."""
    photo = np.ascontiguousarray(cv2.resize(astronaut(), None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC))
    points = [(1020, 416), (950, 418), (780, 403), (848, 412), (896, 538)]
    shape = dlib.full_object_detection(dlib.rectangle(680, 280, 1040, 600), [dlib.point(*p) for p in points])
    difference = chip(photo, np.array(points, np.float32), 150, 0.25).astype(int)
    difference -= dlib.get_face_chip(photo, shape, 150, 0.25)
    assert np.abs(difference).mean() < 2.5


def test_crops_show_what_the_views_need(own: FacePack, photos: list[Image]) -> None:
    """The crop's middle is dlib's own crop, sharper: a view of it matches that crop."""
    face = own.detector.detect(photos[0])[0]
    middle = own.encoder.align(photos[0], face)[8:-8, 8:-8]
    expected = chip(photos[0], face.landmarks, 150, 0.25)
    view = np.asarray(cv2.resize(middle, (150, 150), interpolation=cv2.INTER_AREA), np.uint8)
    assert np.abs(view.astype(int) - expected).mean() < 3


def test_same_vectors(shapes: list[tuple[Image, Box, dlib.full_object_detection]], own: FacePack) -> None:
    """The network in float32 gives dlib's vectors within 1e-5; in 8 bits their direction within 0.002."""
    net = dlib.face_recognition_model_v1(str(WEIGHTS / weights.ENCODER))
    chips = np.stack([dlib.get_face_chip(photo, shape, 150, 0.25) for photo, _, shape in shapes])
    expected = np.array([net.compute_face_descriptor(chip) for chip in chips])
    exact_graph = graph.encoder(dat.layers(weights.read(weights.ENCODER, WEIGHTS)), Float32())
    exact = DlibEncoder(lambda: dlib_pack.session(exact_graph, threads=1))._run(chips)
    assert np.abs(exact - expected).max() < 1e-5
    quick = own.encoder._run(chips)
    cosines = (quick * exact).sum(axis=1) / np.linalg.norm(quick, axis=1) / np.linalg.norm(exact, axis=1)
    assert cosines.min() > 0.998
