# SPDX-License-Identifier: Apache-2.0
"""Five-point packs: the same faces as OpenCV, the same crops as OpenCV, and no faceprint without a permit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from five_point_packs import (
    BOX_PX,
    POINTS,
    SHARED,
    TINY_DIM,
    permitted,
    tiny_detector,
    tiny_encoder,
    write_pack,
    write_real_pack,
)

from countenance.backends.five_point.detector import YuNetDetector
from countenance.backends.five_point.encoder import FivePointEncoder
from countenance.backends.five_point.manifest import EncoderSpec, ModelFile
from countenance.backends.five_point.store import ModelStore
from countenance.errors import BadPack, EncodingFailed
from countenance.model.face import Box, DetectedFace, Image, PointScheme
from countenance.ports.vision import FacePack
from countenance.vision.align import TEMPLATE
from countenance.vision.geometry import iou, suppress

PLAIN = EncoderSpec(
    ModelFile("encoder.onnx", "0" * 64, 1, "https://example.org/e"),
    112, "rgb", 1.0, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), TINY_DIM,
)  # fmt: skip
PHOTOS = SHARED / "faces" / "lfw"
needs_shared = pytest.mark.skipif(
    not ((SHARED / "models").is_dir() and PHOTOS.is_dir()), reason="../shared with models and faces is absent"
)


@pytest.fixture(scope="module")
def tiny() -> YuNetDetector:
    return YuNetDetector("detector.onnx", tiny_detector(), "0" * 64, 1)


@pytest.fixture(scope="module")
def encoder() -> FivePointEncoder:
    return FivePointEncoder(PLAIN, tiny_encoder(), 1)


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> FacePack:
    """YuNet and MobileFaceNet, installed the way a user installs a pack of their own."""
    folder = tmp_path_factory.mktemp("pack")
    store = ModelStore(folder / "models")
    store.pull("mobile", source=write_real_pack(folder / "source"))
    return store.load("mobile")


def photo(path: Path) -> Image:
    return np.ascontiguousarray(cv2.imread(str(path))[:, :, ::-1])


def photos(count: int) -> list[Image]:
    """Return photos of different people, evenly spread over the folder."""
    people = sorted(PHOTOS.iterdir())
    return [photo(min(person.iterdir())) for person in people[:: len(people) // count][:count]]


def crops(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 112, 112, 3), np.uint8)


def lit(height: int, width: int, *cells: tuple[int, int]) -> Image:
    """Return a black image with white 8x8 cells (column, row): what the tiny detector takes for faces."""
    image = np.zeros((height, width, 3), np.uint8)
    for column, row in cells:
        image[row * 8 : row * 8 + 8, column * 8 : column * 8 + 8] = 255
    return image


def test_decoding(tiny: YuNetDetector) -> None:
    """A cell's answer becomes a box and points in pixels, of an image that the graph was not made for."""
    (face,) = tiny.detect(lit(100, 180, (13, 4)))
    corner = np.array([13 * 8, 4 * 8])
    assert face.box == pytest.approx((*(corner + 4 - BOX_PX / 2), *(corner + 4 + BOX_PX / 2)), abs=1e-3)
    assert face.landmarks == pytest.approx(corner + POINTS * 8, abs=1e-3)
    assert face.landmarks.dtype == np.float32
    assert face.scheme is PointScheme.EYES_NOSE_MOUTH
    assert 0.99 < face.score <= 1


def test_overlapping_answers_are_one_face(tiny: YuNetDetector) -> None:
    """Neighbouring cells are one face, distant ones are several, best score first."""
    image = lit(128, 200, (3, 3), (4, 3), (18, 10))
    image[80:88, 144:152] -= 10
    faces = tiny.detect(image)
    assert len(faces) == 2
    assert faces[0].score > faces[1].score
    assert faces[1].box.left > 100


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 2), (31, 33), (256, 257)])
def test_odd_shapes(tiny: YuNetDetector, shape: tuple[int, int]) -> None:
    """Any shape of image is looked at; no face is an empty list."""
    assert tiny.detect(np.zeros((*shape, 3), np.uint8)) == []


def test_bounded_memory(tiny: YuNetDetector, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a large photo no more than about a megapixel goes through the network at once."""
    sizes = []
    run = tiny._session.run

    class Counting:
        def run(self, outputs, inputs):  # type: ignore[no-untyped-def]
            sizes.append(inputs["input"].size // 3)
            return run(outputs, inputs)

    monkeypatch.setattr(tiny, "_session", Counting())
    image = np.zeros((3000, 4000, 3), np.uint8)
    image[1200:1280, 2000:2080] = 255
    face = tiny.detect(image)[0]
    assert max(sizes) < 1_100_000
    assert (face.box.left + face.box.right) / 2 == pytest.approx(2040, abs=40)


def test_not_a_yunet() -> None:
    """A graph without YuNet's outputs is refused when it is opened."""
    with pytest.raises(BadPack, match=r"encoder\.onnx is not a YuNet"):
        YuNetDetector("encoder.onnx", tiny_encoder(), "0" * 64, 1)


def test_no_permit_no_inference(encoder: FivePointEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anything but permitted crops is refused before the first inference, also as the last of a list."""
    calls = []
    monkeypatch.setattr(encoder, "_run", lambda crops: calls.append(len(crops)))
    for given in ([crops(1)[0]], [permitted(crops(1)[0]), crops(1)[0]], [None]):
        with pytest.raises(TypeError, match="permitted crops only"):
            encoder.encode(given)  # type: ignore[arg-type]
    assert calls == []


def test_free_batch(encoder: FivePointEncoder) -> None:
    """A graph published for one crop encodes many at once, each as if it were alone, in input order."""
    many = [permitted(crop) for crop in crops(37)]
    together = encoder.encode(many)
    alone = [encoder.encode([crop])[0] for crop in many]
    assert len(together) == 37
    for one, other in zip(together, alone, strict=True):
        assert one.vector == pytest.approx(other.vector, abs=1e-5)
    assert encoder.encode([]) == []


def test_faceprints(encoder: FivePointEncoder) -> None:
    """A faceprint has unit length, names its encoder, and is the same for the mirror image."""
    (crop,) = crops(1)
    one, mirrored = encoder.encode([permitted(crop), permitted(np.ascontiguousarray(crop[:, ::-1]))])
    assert one.vector.shape == (encoder.dim,)
    assert np.linalg.norm(one.vector) == pytest.approx(1, abs=1e-5)
    assert one.score(mirrored) == pytest.approx(1, abs=1e-5)
    assert one.encoder == encoder.digest


def test_zero_vector(encoder: FivePointEncoder) -> None:
    """A vector of zero fails the whole call: no partial result."""
    black = np.zeros((112, 112, 3), np.uint8)
    with pytest.raises(EncodingFailed, match="zero"):
        encoder.encode([permitted(crops(1)[0]), permitted(black)])


def test_same_crop_and_vector_as_opencv(tmp_path: Path, encoder: FivePointEncoder) -> None:
    """With SFace's settings, alignment and feeding are those of OpenCV's FaceRecognizerSF."""
    (tmp_path / "encoder.onnx").write_bytes(tiny_encoder())
    oracle = cv2.FaceRecognizerSF.create(str(tmp_path / "encoder.onnx"), "")
    image = cv2.GaussianBlur(np.random.default_rng(3).integers(0, 256, (300, 300, 3), np.uint8), (0, 0), 4)
    points = np.array([(110, 120), (172, 131), (140, 160), (112, 190), (158, 199)], np.float32)
    face = DetectedFace(Box(90, 80, 190, 220), 0.9, points, PointScheme.EYES_NOSE_MOUTH)
    bgr = np.ascontiguousarray(image[:, :, ::-1])
    expected = oracle.alignCrop(bgr, np.concatenate([[90, 80, 100, 140], points.ravel(), [0.9]])[None].astype("f4"))
    crop = encoder.align(image, face)
    assert np.abs(crop[:, :, ::-1].astype(int) - expected).max() <= 2
    vector = encoder._run(crop[None])[0]
    assert vector == pytest.approx(oracle.feature(np.ascontiguousarray(crop[:, :, ::-1]))[0], rel=1e-4)


@pytest.mark.parametrize("times", [1, 3, 8.5])
def test_alignment_of_large_faces(encoder: FivePointEncoder, times: float) -> None:
    """A face of any size comes out with its points on the template and without aliasing."""
    rng = np.random.default_rng(5)
    image = rng.integers(0, 2, (round(200 * times), round(200 * times), 3), np.uint8) * 100
    points = ((TEMPLATE + 30) * times).astype(np.float32)
    for x, y in points:
        cv2.circle(image, (round(float(x)), round(float(y))), round(3 * times), (255, 255, 255), -1)
    crop = encoder.align(image, DetectedFace(Box(0, 0, 1, 1), 1, points, PointScheme.EYES_NOSE_MOUTH))
    assert crop.shape == (112, 112, 3)
    bright = np.argwhere(crop.min(axis=2) > 200)
    for x, y in TEMPLATE:
        near = bright[np.abs(bright - (y, x)).max(axis=1) < 6]
        assert near.mean(axis=0) == pytest.approx((y, x), abs=0.7)
    assert crop[:30, :30].std() < 60 / times


@pytest.mark.parametrize(
    "change", [{"colour": "bgr"}, {"scale": 0.5}, {"mean": (1.0, 0.0, 0.0)}, {"std": (2.0, 1.0, 1.0)}]
)
def test_digest_covers_preprocessing(encoder: FivePointEncoder, change: dict) -> None:  # type: ignore[type-arg]
    """Feeding pixels in another way is another encoder, and gives other vectors."""
    other = FivePointEncoder(replace(PLAIN, **change), tiny_encoder(), 1)
    assert other.digest != encoder.digest
    (crop,) = crops(1)
    assert not np.allclose(other._vectors(crop[None]), encoder._vectors(crop[None]))


def test_digests_do_not_move(encoder: FivePointEncoder, tiny: YuNetDetector) -> None:
    """Digests rest on files and settings only: no library version, thread count or machine is in them."""
    assert FivePointEncoder(PLAIN, tiny_encoder(), 2).digest == encoder.digest
    assert encoder.digest[:16] == "9262a09b7ddcb800"
    assert tiny.digest[:16] == "2ccd94c48eaa2213"


def test_wrong_manifest_for_a_graph() -> None:
    """An encoder of another length than its manifest says is refused when it is opened."""
    with pytest.raises(BadPack, match=r"shape \(2, 5\), not \(2, 8\)"):
        FivePointEncoder(PLAIN, tiny_encoder(dim=5), 1)


def test_graph_that_mixes_a_batch() -> None:
    """An encoder in which faces of one batch touch each other is refused when it is opened."""
    with pytest.raises(BadPack, match="another vector in a batch than alone"):
        FivePointEncoder(PLAIN, tiny_encoder(mixes_batch=True), 1)


def test_detector_of_another_pack_file(tmp_path: Path) -> None:
    """A pack whose detector file is an encoder is refused at load."""
    store = ModelStore(tmp_path / "models")
    store.pull("tiny", source=write_pack(tmp_path / "source", tiny_encoder(), tiny_encoder()))
    with pytest.raises(BadPack, match=r"detector\.onnx is not a YuNet"):
        store.load("tiny")


@needs_shared
@pytest.mark.parametrize("tiles", [1, 3])
def test_parity_with_opencv(pack: FacePack, tiles: int) -> None:
    """With the same file OpenCV's FaceDetectorYN finds the same boxes, scores and points; `detect` adds to them."""
    group = photos(tiles * tiles * 3)
    oracle = cv2.FaceDetectorYN.create(
        str(SHARED / "models" / "yunet_n_dynamic.onnx"), "", (250 * tiles, 250 * tiles), 0.6, 0.3, 5000
    )
    for start in range(0, len(group), tiles * tiles):
        rows = [np.hstack(group[start + row * tiles :][:tiles]) for row in range(tiles)]
        image = np.vstack(rows)
        expected = oracle.detect(np.ascontiguousarray(image[:, :, ::-1]))[1]
        expected[:, 2:4] += expected[:, :2]
        rows = pack.detector._faces(image)  # type: ignore[attr-defined]
        same = rows[suppress(rows[:, :4], rows[:, 14], 0.3)]
        assert len(same) == len(expected)
        for row in expected:
            overlaps = iou(row[:4], same[:, :4])
            twin = same[int(overlaps.argmax())]
            assert overlaps.max() > 0.99
            assert twin[14] == pytest.approx(row[14], abs=1e-3)
            assert twin[4:14] == pytest.approx(row[4:14], abs=0.1)
        faces = pack.detector.detect(image)
        for row in expected:
            overlaps = iou(row[:4], [face.box for face in faces])
            face = faces[int(overlaps.argmax())]
            assert overlaps.max() > 0.6
            assert face.score >= row[14] - 1e-3
            assert face.landmarks.ravel() == pytest.approx(row[4:14], abs=0.15 * face.box.width)


@needs_shared
@pytest.mark.parametrize("width_px", [40, 60, 150, 400, 900])
def test_sizes_of_faces(pack: FacePack, width_px: int) -> None:
    """In a photo of a megapixel, faces from 40 px up to the whole frame are found, where they are."""
    for image in photos(8):
        box = pack.detector.detect(image)[0].box
        factor = width_px / box.width
        scaled = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        wanted = np.array(box.scaled(factor))
        left, top = np.maximum((wanted[:2] + wanted[2:]) / 2 - 500, 0).astype(int)
        part = scaled[top : top + 1000, left : left + 1000]
        canvas = np.full((1000, 1000, 3), 90, np.uint8)
        canvas[: part.shape[0], : part.shape[1]] = part
        boxes = [face.box for face in pack.detector.detect(canvas)]
        assert iou(wanted - [left, top, left, top], boxes).max() > 0.5


@needs_shared
def test_frame_filled_beyond_its_border(pack: FacePack) -> None:
    """A face whose brow and chin are cut off by the frame is found at any size of the frame."""
    for image in photos(6):
        box = pack.detector.detect(image)[0].box
        inner = [round(edge) for edge in (box.top + 0.1 * box.height, box.bottom - 0.1 * box.height)]
        part = image[inner[0] : inner[1], max(0, round(box.left)) : round(box.right)]
        for side in (64, 250, 500, 1000):
            assert pack.detector.detect(cv2.resize(part, (side, side), interpolation=cv2.INTER_CUBIC))


@needs_shared
def test_same_person_scores_higher(pack: FacePack) -> None:
    """Two photos of a person score above photos of two people, for people of the benchmark."""
    people = [person for person in sorted(PHOTOS.iterdir()) if len(list(person.iterdir())) > 1][::80]
    prints = []
    for person in people:
        pair = [photo(path) for path in sorted(person.iterdir())[:2]]
        faces = [max(pack.detector.detect(image), key=lambda face: face.box.area) for image in pair]
        found = zip(pair, faces, strict=True)
        prints.append(pack.encoder.encode([permitted(pack.encoder.align(*one)) for one in found]))
    scores = np.array([[a.score(b) for _, b in prints] for a, _ in prints])
    assert (scores.argmax(axis=1) == np.arange(len(people))).mean() >= 0.9
    assert np.median(np.diag(scores)) > 0.5
    assert np.median(scores[~np.eye(len(people), dtype=bool)]) < 0.2
