# SPDX-License-Identifier: Apache-2.0
"""The first stage of dlib's detector, fitted to the detector's own verdicts (`python -m benchmarks.cascade --write`).

The public photos, as they are and resized, mirrored, turned, darkened, brightened and blurred at random, and what the
whole network says of each of their cells. Two linear windows over the features of the first four convolutions are
fitted to that, for the level itself and for the two levels above it, by squared hinge loss; in each round with those
cells besides that the round before took for a face. A face needs one cell that speaks of it, whichever speaks loudest;
and of the levels above only such faces need one as no lower level finds as surely.
"""

# ruff: noqa: SLF001 -- looks into the detector

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from benchmarks import faces
from countenance.backends import dlib_pack
from countenance.backends.dlib_pack import cascade, dat, detector, graph, landmarks, ranges, stages, weights
from countenance.backends.dlib_pack.cascade import Cascade
from countenance.backends.dlib_pack.dat import Layer
from countenance.backends.dlib_pack.detector import FULL, DlibDetector
from countenance.model.face import Image
from countenance.vision.geometry import iou, suppress

LEAST = 0.0  # hint from which on somebody looks closer
_SIDE, _CHANNELS = 7, 45  # of 48: three are there to fill a register
_FACE = -0.3  # score from which on the fit takes a window for a face
_CARE = (1.2, 1.1)  # added to the fits: ruled out is only what lies this far on the other side
_VARIED = 6  # changed copies of each photo in the fit
_ROUNDS, _PASSES = 8, 4
_WEIGHT = 1.5  # of a face in the first round, and so much more in each
_HARD = 8  # cells of each level that a round adds: those that look most like a face
_MOST = 700_000  # cells without a face, 1.5 GB
_STEP = 2048
Windows = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Places:
    """What one window has to say of a level.

    Attributes:
        faces: row, column and weight of each face that it must see, or a cell beside.
        nothing: (h, w), where certainly no face is.
    """

    faces: list[tuple[int, int, float]]
    nothing: NDArray[np.bool_]


@dataclass(frozen=True)
class Example:
    """The features of a level, (h, w, channels), and what a window has to say of it."""

    features: Windows
    places: Places


def write(paths: list[Path], photos: Iterable[Image], random: np.random.Generator) -> None:
    """Fit both windows to photos and write what is shipped."""
    side = np.zeros((2, _CHANNELS, 1, 1), np.float32)
    whole = detecting(Cascade(Layer("con", side, np.zeros(2, np.float32)), 1.0, -np.inf, 0.0, ""))
    examples: dict[str, list[Example]] = {"here": [], "above": []}
    for photo in photos:
        enlarged = np.asarray(cv2.resize(photo, None, fx=FULL.enlarge, fy=FULL.enlarge), np.uint8)
        varied = [_varied(photo, random) for _ in range(_VARIED)]
        for one in (enlarged, *varied):
            _add(examples, whole, one)
    fits = [_fit(some, what, random) for what, some in examples.items()]
    windows = np.stack([kernel for kernel, _ in fits])
    some = np.concatenate([_cut(one.features, *np.nonzero(one.places.nothing)) for one in examples["here"][:20]])
    rows = np.abs((some.reshape(-1, 1, _CHANNELS, _SIDE, _SIDE).astype(np.float32) * windows).sum(axis=(2, 4)))
    layer = Layer(
        "con",
        windows * 255 / ranges.DETECTOR[graph.OPENING - 1],
        np.array([bias + care for (_, bias), care in zip(fits, _CARE, strict=True)]),
    )
    data = {"photos": len(paths), "sha256": faces.data_digest(paths)}
    stage = Cascade(layer, round(float(np.quantile(rows, 0.9999)), 2), LEAST, FULL.ratio, "")
    Path(cascade.__file__).with_name(cascade.FILE).write_text(cascade.written(stage, data), encoding="utf-8")


def _add(examples: dict[str, list[Example]], whole: DlibDetector, photo: Image) -> None:
    """Look at a photo as the largest level, and at the two levels below it."""
    (_, largest), (features, second), (smallest, third) = (_looked(whole, level) for level in _three(photo))
    examples["here"].append(Example(features, _of_itself(second)))
    examples["above"].append(Example(features, _of_above(second, [largest])))
    examples["above"].append(Example(smallest, _of_above(third, [second, largest])))


def _three(photo: Image) -> Iterator[Image]:
    yield photo
    for _ in range(2):
        rows, columns = (int(length * FULL.ratio) for length in photo.shape[:2])
        photo = np.asarray(cv2.resize(photo, (columns, rows), interpolation=cv2.INTER_LINEAR), np.uint8)
        yield photo


def _looked(whole: DlibDetector, level: Image) -> tuple[Windows, Floats]:
    """Return the features of a level, (h, w, channels), and the score of each of its cells."""
    opening, rest = whole._stages._opening, whole._stages._rest
    features = opening.run(["features"], {"pixels": framed(level)[None]})[0]
    return features[0, :, :, :_CHANNELS], rest.run(None, {"features": features})[0][0, 0]


def _of_itself(scores: Floats) -> Places:
    count, parts = cv2.connectedComponents((scores > _FACE).astype(np.uint8))
    found = []
    for part in range(1, count):
        row, column = np.unravel_index(np.where(parts == part, scores, -9).argmax(), scores.shape)
        found.append((int(row), int(column), 1.0 if scores[row, column] > 0 else 0.3))
    return Places(found, _far_from(scores > -0.6, 7))


def _of_above(scores: Floats, above: list[Floats]) -> Places:
    """Return what a level has to say of the next ones above it: faces that none below finds, or each finds weaker."""
    shape = scores.shape[0], scores.shape[1]
    lower = [_boxes(scores, 1)[:2]]
    found, near = [], np.zeros(shape, bool)
    for number, larger in enumerate(above, 1):
        factor = FULL.ratio**number
        boxes, score, places = _boxes(larger, 1 / factor)
        others, seen = (np.concatenate(parts) for parts in zip(*lower, strict=True))
        lower.append((boxes, score))
        for index in suppress(boxes, score, 0.25):
            best = float(seen[iou(boxes[index], others) > 0.35].max(initial=-9))
            if score[index] > best:
                row, column = (_cell_below(at[index], length, factor) for at, length in zip(places, shape, strict=True))
                found.append((int(row), int(column), (1.0 if score[index] > 0 else 0.3) * (1.0 if best <= 0 else 0.3)))
        cells = zip(np.nonzero(larger > -0.8), shape, strict=True)
        near[tuple(_cell_below(at, length, factor) for at, length in cells)] = True
    return Places(found, _far_from(near, 5))


def _boxes(scores: Floats, factor: float) -> tuple[NDArray[np.float64], Floats, tuple[NDArray[np.intp], ...]]:
    """Return the windows of a level that may hold a face, in pixels of one so many times as small; scores; cells."""
    rows, columns = np.nonzero(scores > _FACE)
    corner = np.stack([columns, rows], axis=1) * stages.STRIDE + (stages.FIRST - detector._WINDOW / 2)
    return np.hstack([corner, corner + detector._WINDOW]) / factor, scores[rows, columns], (rows, columns)


def _far_from(near: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    return cv2.dilate(near.astype(np.uint8), np.ones((side, side), np.uint8)) == 0


def _cell_below(at: NDArray[np.intp], length: int, factor: float) -> NDArray[np.intp]:
    first, border = stages.FIRST, FULL.border[0]
    place = (stages.STRIDE * at + first - border) * factor + border - first
    return np.clip(np.round(place / stages.STRIDE).astype(np.intp), 0, length - 1)


def _fit(examples: list[Example], what: str, random: np.random.Generator) -> tuple[Floats, float]:
    """Return a window over stored features, and its offset."""
    seen, face, weights = _of_faces(examples)
    chosen = [random.permutation(np.flatnonzero(one.places.nothing))[: _HARD // 2] for one in examples]
    others = np.concatenate([_at(one.features, flat) for one, flat in zip(examples, chosen, strict=True)])
    window = _Window(others[::5].mean(axis=0), others[::5].std(axis=0) + 8)
    for number in range(_ROUNDS):
        for rate in 2e-3 * 0.6 ** np.arange(_PASSES + (number + 1) // _ROUNDS * _PASSES):
            loudest = _loudest(window(seen), face)
            window.learn(others, seen[loudest], _WEIGHT * (number + 1) * weights, rate, random)
        values = window(seen)
        missed = int((values[_loudest(values, face)] < 0).sum())
        print(f"{what}: round {number + 1}, {len(others)} cells, {missed} of {len(weights)} faces missed", flush=True)
        said = window.slid(one.features for one in examples)
        hard = [
            _at(one.features, _hardest(one.places.nothing, values)) for one, values in zip(examples, said, strict=True)
        ]
        others = np.concatenate([others, *hard])
        others = others[random.permutation(len(others))[:_MOST]]
    return window.plain()


def _of_faces(examples: list[Example]) -> tuple[Windows, NDArray[np.intp], Floats]:
    """Return the windows at and beside each face, which face each sees, and the weight of each face."""
    parts, weights = [], []
    for one in examples:
        for row, column, weight in one.places.faces:
            rows, columns = (
                np.arange(max(at - 1, 0), min(at + 2, length))
                for at, length in zip((row, column), one.features.shape, strict=False)
            )
            parts.append(_cut(one.features, *(part.ravel() for part in np.meshgrid(rows, columns, indexing="ij"))))
            weights.append(weight)
    face = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return np.concatenate(parts), face, np.array(weights, np.float32)


def _loudest(values: Floats, face: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return for each face the window that speaks loudest of it."""
    order = np.lexsort((-values, face))
    return order[np.r_[True, np.diff(face[order]) > 0]]


def _hardest(nothing: NDArray[np.bool_], values: Floats) -> NDArray[np.intp]:
    flat = np.where(nothing, values, -np.inf).ravel()
    first = np.argsort(-flat)[:_HARD]
    return first[flat[first] > -0.9]


def _at(features: Windows, flat: NDArray[np.intp]) -> Windows:
    return _cut(features, *np.unravel_index(flat, features.shape[:2]))


def _cut(features: Windows, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Windows:
    """Return the windows (N, channels * side * side) around cells."""
    half = _SIDE // 2
    padded = np.pad(features, ((half, half), (half, half), (0, 0)))
    return sliding_window_view(padded, (_SIDE, _SIDE), axis=(0, 1))[rows, columns].reshape(
        len(rows), _CHANNELS * _SIDE * _SIDE
    )


class _Window:
    """A linear window while it learns, by Adam (Kingma and Ba, 2015), over features that are brought to one size."""

    def __init__(self, mean: NDArray[np.float64], spread: NDArray[np.float64]) -> None:
        self._mean, self._spread = mean.astype(np.float32), spread.astype(np.float32)
        self._terms = np.zeros(len(mean) + 1, np.float32)  # the last is the offset
        self._first, self._second, self._steps = np.zeros_like(self._terms), np.zeros_like(self._terms), 0

    def __call__(self, windows: Windows) -> Floats:
        """Return what it gives for windows (N, channels * side * side)."""
        parts = [self._sized(windows[at : at + _STEP]) @ self._terms for at in range(0, len(windows), _STEP)]
        return np.concatenate(parts)

    def learn(self, others: Windows, seen: Windows, weights: Floats, rate: float, random: np.random.Generator) -> None:
        """Go once through windows without a face, and with one, in any order."""
        target = np.repeat(np.array([-1, 1], np.float32), [len(others), len(seen)])
        weight = np.concatenate([np.ones(len(others), np.float32), weights])
        order = random.permutation(len(target))
        for at in range(0, len(order), _STEP):
            some = np.sort(order[at : at + _STEP])
            first = int(np.searchsorted(some, len(others)))
            terms = self._sized(np.concatenate([others[some[:first]], seen[some[first:] - len(others)]]))
            short = np.maximum(0, 1 - target[some] * (terms @ self._terms))
            self._step(terms.T @ (-2 * target[some] * weight[some] * short) / len(some), rate)

    def _step(self, slope: Floats, rate: float) -> None:
        self._steps += 1
        self._first += 0.1 * (slope - self._first)
        self._second += 0.001 * (slope * slope - self._second)
        first, second = self._first / (1 - 0.9**self._steps), self._second / (1 - 0.999**self._steps)
        self._terms -= (rate * first / (np.sqrt(second) + 1e-8)).astype(np.float32)

    def _sized(self, windows: Windows) -> Floats:
        sized = np.ones((len(windows), len(self._terms)), np.float32)
        np.subtract(windows, self._mean, out=sized[:, :-1])
        sized[:, :-1] /= self._spread
        return sized

    def plain(self) -> tuple[Floats, float]:
        """Return the window over features as they are stored, and its offset."""
        kernel = self._terms[:-1] / self._spread
        return kernel.reshape(_CHANNELS, _SIDE, _SIDE), float(self._terms[-1] - self._mean @ kernel)

    def slid(self, levels: Iterable[Windows]) -> Iterator[Floats]:
        """Yield what it gives at each cell of levels."""
        kernel, bias = self.plain()
        held = (
            numpy_helper.from_array(kernel[None], "kernel"),
            numpy_helper.from_array(np.array([bias], np.float32), "bias"),
        )
        node = helper.make_node("Conv", ["level", "kernel", "bias"], ["hints"], pads=[_SIDE // 2] * 4)
        given, made = (helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("level", "hints"))
        made_of = helper.make_graph([node], "window", [given], [made], held)
        model = helper.make_model(made_of, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        network = dlib_pack.session(model.SerializeToString(), threads=1)
        for level in levels:
            yield network.run(None, {"level": level.transpose(2, 0, 1)[None].astype(np.float32)})[0][0, 0]


def _varied(photo: Image, random: np.random.Generator) -> Image:
    """Return a photo in a random size from 0.45 to 2.1, mostly changed besides."""
    if random.random() < 0.5:
        photo = photo[:, ::-1]
    if random.random() < 0.5:
        turn = cv2.getRotationMatrix2D((125, 125), random.uniform(-25, 25), 1)
        photo = cv2.warpAffine(photo, turn, (250, 250), borderMode=cv2.BORDER_REFLECT)
    if random.random() < 0.5:
        power, light = np.exp(random.uniform(-0.9, 0.9)), random.uniform(0.3, 1.1)
        photo = np.clip(255 * light * (photo / 255) ** power, 0, 255).astype(np.uint8)
    photo = np.ascontiguousarray(photo)
    if random.random() < 0.25:
        photo = cv2.GaussianBlur(photo, (0, 0), random.uniform(0.5, 1.5))
    factor = np.exp(random.uniform(np.log(0.45), np.log(2.1)))
    return np.asarray(cv2.resize(photo, None, fx=factor, fy=factor), np.uint8)


def framed(level: Image) -> Image:
    """Return a level with its border."""
    border = FULL.border[0]
    right = border + -(level.shape[1] + 2 * border) % 4
    edges = (border, border, border, right)
    return np.asarray(cv2.copyMakeBorder(level, *edges, cv2.BORDER_CONSTANT, value=FULL.colour), np.uint8)


def detecting(stage: Cascade) -> DlibDetector:
    """Return the detector with a first stage."""
    read: Callable[[str], bytes] = lambda name: weights.read(name, weights.folder())  # noqa: E731
    trees = read(weights.LANDMARKS)
    return dlib_pack.staged(dat.layers(read(weights.DETECTOR)), stage, lambda: landmarks.read(trees))
