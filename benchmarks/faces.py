# SPDX-License-Identifier: Apache-2.0
"""The public benchmark photos in ../shared/faces, and what a face pack makes of them, in memory only."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from countenance.backends import dlib_pack
from countenance.backends.five_point.store import ModelStore
from countenance.bootstrap import Engine
from countenance.model.face import DetectedFace, Image
from countenance.ports.vision import FacePack

SHARED = Path(__file__).resolve().parents[2] / "shared"
PACKS = ("dlib", "yunet-mobilefacenet", "yunet-mobilefacenet-int8")
_INT8 = "-int8"
_BATCH = 64  # crops per run of an encoder
_MANIFEST = """
[pack]
name = "yunet-mobilefacenet"
licence = "Apache-2.0"
commercial_use = true
homepage = "https://github.com/foamliu/MobileFaceNet"
[detector]
kind = "yunet"
file = "yunet_n_dynamic.onnx"
sha256 = "104ee26c71d5c270ce79a6b3dced91c91013260d29a6bf18f9296c5b8c4c2b12"
url = "https://github.com/ShiqiYu/libfacedetection.train"
bytes = 322906
[encoder]
file = "mobilefacenet_128.onnx"
sha256 = "b7120c095d60094f28a4a54ba6a8bf51b297a6273fb40ef6350dfec1f63d9507"
url = "https://github.com/foamliu/MobileFaceNet"
bytes = 3998070
size = 112
colour = "rgb"
scale = 0.00392156862745098
mean = [0.485, 0.456, 0.406]
std = [0.229, 0.224, 0.225]
points = "five"
dim = 128
"""


@dataclass(frozen=True, eq=False)
class Faces:
    """The photos, one face each, in the order of their names, and their vectors.

    Attributes:
        photos: file names without suffix, such as `Name_0001`.
        found: bool (P,): a face was found at the centre.
        vectors: float32 (P, D); rows of unit length from a pack, as they are from dlib; 0 where not found.
    """

    photos: tuple[str, ...]
    found: NDArray[np.bool_]
    vectors: NDArray[np.float32]

    @property
    def names(self) -> NDArray[np.str_]:
        """The name that each photo bears."""
        return np.array([photo.rsplit("_", 1)[0] for photo in self.photos])

    @property
    def people(self) -> NDArray[np.str_]:
        """The same with the second name of each pair that is no two strangers replaced by the first."""
        alias = {second: first for first, second in one_person()}
        return np.array([alias.get(name, name) for name in self.names])


def photos(people: int | None = None) -> list[Path]:
    """Return every photo, by person and number; or those of `people` people drawn with a fixed seed."""
    folders = sorted(path for path in (SHARED / "faces" / "lfw").iterdir() if path.is_dir())
    if people is not None:
        drawn = np.random.default_rng(1).permutation(len(folders))[:people]
        folders = [folders[index] for index in sorted(drawn)]
    return [photo for folder in folders for photo in sorted(folder.glob("*.jpg"))]


def data_digest(paths: list[Path]) -> str:
    """Return the SHA-256 over names and bytes of the photos."""
    lines = [f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n" for path in paths]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def folds() -> Iterator[tuple[int, str, str, bool]]:
    """Yield (fold, photo, photo, same person) for each of the benchmark's pairs that is here.

    The file keeps the benchmark's order: ten folds, the pairs of one person first in each.
    """
    fold, was_same = 0, True
    for line in (SHARED / "faces" / "pairs.tsv").read_text(encoding="utf-8").splitlines():
        name, first, *other, second = line.split("\t")
        fold += not other and not was_same
        was_same = not other
        yield fold, f"{name}_{int(first):04d}", f"{(other or [name])[0]}_{int(second):04d}", was_same


@cache
def one_person() -> tuple[tuple[str, str], ...]:
    """Return the pairs of names that are no two strangers."""
    lines = Path(__file__).with_name("one_person.tsv").read_text(encoding="utf-8").splitlines()
    return tuple((line.split("\t")[0], line.split("\t")[1]) for line in lines if not line.startswith("#"))


def load(name: str, threads: int = 1, models: Path | None = None) -> FacePack:
    """Return one of `PACKS`, the five-point one from ../shared/models; or a pack installed in `models`."""
    if models is not None:
        return ModelStore(models).load(name, threads)
    if name == "dlib":
        return dlib_pack.load(threads)
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine.init(Path(folder) / "data", operator="Benchmark")
        install(engine, name)
        return engine.models.load(name, threads)


def install(engine: Engine, name: str) -> None:
    """Install one of `PACKS` as a user does, from ../shared/models; one in 8 bits is written from the photos."""
    whole = name.removesuffix(_INT8)
    home = engine.directory / "models" / whole
    home.mkdir(parents=True)
    (home / "pack.toml").write_text(_MANIFEST, encoding="utf-8")
    engine.models.pull(whole, source=SHARED / "models")
    if name != whole:
        said = "public benchmark photos"
        source = engine.register.add_source(said, basis=said, bystander_basis=said, counsel_opt_in=said).id
        engine.quantising.quantise(whole, SHARED / "faces" / "lfw", source)


def encoded(pack: FacePack, paths: list[Path]) -> Faces:
    """Return the faces as a pack finds, aligns and encodes them.

    The pack's private `_vectors` stands in for `encode`: these are benchmark photos, and only the policy
    engine makes permits.
    """
    found = np.zeros(len(paths), bool)
    rows, crops = [], []
    for index, path in enumerate(paths):
        image = _pixels(path)
        face = _at_the_centre(pack.detector.detect(image), image)
        if face is not None:
            found[index] = True
            crops.append(pack.encoder.align(image, face))
        if crops and (len(crops) == _BATCH or index == len(paths) - 1):
            rows.append(pack.encoder._vectors(np.stack(crops)))  # type: ignore[attr-defined]  # noqa: SLF001
            crops = []
    vectors = np.zeros((len(paths), pack.encoder.dim), np.float32)
    stacked = np.concatenate(rows)
    vectors[found] = stacked / np.linalg.norm(stacked, axis=1, keepdims=True)
    return Faces(tuple(path.stem for path in paths), found, vectors)


def encoded_by_dlib(paths: list[Path], processes: int = 1) -> Faces:
    """Return the faces as the package `face_recognition` makes them: HOG, five points, one raw vector.

    It locates with one upsampling (its default), takes the small landmark model and does not jitter.
    """
    with ProcessPoolExecutor(processes) as pool:
        rows = list(pool.map(_face_recognition, paths, chunksize=64))
    found = np.array([row is not None for row in rows])
    vectors = np.zeros((len(paths), 128), np.float32)
    vectors[found] = [row for row in rows if row is not None]
    return Faces(tuple(path.stem for path in paths), found, vectors)


@cache
def _dlib_models() -> tuple[object, ...]:
    import dlib

    from countenance.backends.dlib_pack import weights

    folder = weights.folder()
    points = dlib.shape_predictor(str(folder / weights.LANDMARKS))
    encoder = dlib.face_recognition_model_v1(str(folder / weights.ENCODER))
    return dlib.get_frontal_face_detector(), points, encoder


def _face_recognition(path: Path) -> NDArray[np.float64] | None:
    detector, points, encoder = _dlib_models()
    image = _pixels(path)
    centre_y, centre_x = (side / 2 for side in image.shape[:2])
    boxes = [
        box
        for box in detector(image, 1)  # type: ignore[operator]
        if box.left() <= centre_x < box.right() and box.top() <= centre_y < box.bottom()
    ]
    if not boxes:
        return None
    largest = max(boxes, key=lambda box: box.area())
    shape = points(image, largest)  # type: ignore[operator]
    return np.array(encoder.compute_face_descriptor(image, shape))  # type: ignore[attr-defined]


def _pixels(path: Path) -> Image:
    with PillowImage.open(path) as photo:
        return np.asarray(photo.convert("RGB"))


def _at_the_centre(faces: list[DetectedFace], image: Image) -> DetectedFace | None:
    """Return the largest face whose box holds the centre: the person whose name the photo bears."""
    y, x = (side / 2 for side in image.shape[:2])
    holding = [face for face in faces if face.box.left <= x < face.box.right and face.box.top <= y < face.box.bottom]
    return max(holding, key=lambda face: face.box.area, default=None)
