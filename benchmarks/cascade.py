# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.cascade --write`: fit the first stage of dlib's detector to the detector's own verdicts.

The public photos, resized, mirrored, turned, darkened, brightened and blurred at random, and what the whole network
says of each of their cells. Two linear windows over the features of the first four convolutions are fitted to that, for
the level itself and for the level above it, by squared hinge loss and reweighted least squares; then again with those
cells besides that the first fit took for a face. Without `--write` the shipped ones are held against the whole
detector: faces lost and found, on photos that the fit has not seen, on the same ones darkened, on smaller ones, and on
tiled group photos.
"""

# ruff: noqa: SLF001 -- looks into the detector

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from benchmarks import faces
from countenance.backends import dlib_pack
from countenance.backends.dlib_pack import cascade, dat, detector, graph, landmarks, ranges, weights
from countenance.backends.dlib_pack.cascade import Cascade
from countenance.backends.dlib_pack.dat import Layer
from countenance.backends.dlib_pack.detector import FULL, DlibDetector
from countenance.model.face import DetectedFace, Image
from countenance.vision.geometry import iou

_SIDE, _CHANNELS = 7, 45  # of 48: three are there to fill a register
_HELD_OUT = 500  # photos that the fit does not see
_FACE = -0.3  # score from which on a window must not be ruled out
_WEIGHT = 3.0  # of such a window in the fit
_LEAST = 0.0  # hint from which on somebody looks closer
_CARE = (0.5, 0.35)  # added to the fits: ruled out is only what lies this far on the other side
_ROUNDS, _DECAY = 6, 300.0
_STEP = 16_384
Windows = NDArray[np.uint8]
Looks = Callable[[DlibDetector, Image], tuple[Windows, NDArray[np.float32]]]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--write", action="store_true", help="fit, and write what is shipped")
    given = options.parse_args()
    cv2.setNumThreads(1)
    random = np.random.default_rng(1)
    photos_of_all = faces.photos()
    paths = [photos_of_all[index] for index in random.permutation(len(photos_of_all))]
    if given.write:
        _write(paths[:-_HELD_OUT], random)
    held_out = [_pixels(path) for path in paths[-_HELD_OUT:]]
    dark = [np.asarray(photo * 0.35, np.uint8) for photo in held_out]
    small = [np.vstack([np.hstack([cv2.resize(photo, (120, 120))] * 2)] * 2) for photo in held_out]
    print("| photos | faces | lost (their scores) | found besides | largest level looked at | twice |")
    print("|---|---|---|---|---|---|")
    for what, photos in (
        ("held out", held_out),
        ("the same, darkened", dark),
        ("four times the same, of 120 pixels", small),
        ("tiled groups", [*_groups(paths, random)]),
    ):
        _compare(what, photos)


def _write(paths: list[Path], random: np.random.Generator) -> None:
    side = np.zeros((2, _CHANNELS, 1, 1), np.float32)
    whole = _detector(Cascade(Layer("con", side, np.zeros(2, np.float32)), 1.0, -np.inf, 0.0, ""))
    fits = [_fit(whole, paths, random, looks) for looks in (_here, _above)]
    windows = np.stack([kernel for kernel, _, _ in fits])
    layer = Layer(
        "con",
        windows * 255 / ranges.DETECTOR[graph.OPENING - 1],
        np.array([bias + care for (_, bias, _), care in zip(fits, _CARE, strict=True)]),
    )
    data = {"photos": len(paths), "sha256": faces.data_digest(paths)}
    stage = Cascade(layer, round(max(extent for _, _, extent in fits), 2), _LEAST, FULL.ratio, "")
    Path(cascade.__file__).with_name(cascade.FILE).write_text(cascade.written(stage, data), encoding="utf-8")


def _fit(
    whole: DlibDetector, paths: list[Path], random: np.random.Generator, looks: Looks
) -> tuple[NDArray[np.float32], float, float]:
    """Return a window over stored features, its offset, and the largest value of one of its rows."""
    kernel, bias = np.zeros((_CHANNELS, _SIDE, _SIDE), np.float32), 0.0
    for is_known in (False, True):
        parts = []
        for path in paths:
            features, scores = looks(whole, _varied(_pixels(path), random))
            hints = _slid(features, kernel, bias) if is_known else None
            parts.append(_sampled(features, scores, hints, random))
        windows, scores = np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
        is_face = scores > _FACE
        print(f"{looks.__name__}: {len(windows)} windows, {is_face.sum()} of a face", flush=True)
        kernel, bias = _fitted(windows, is_face, np.where((scores > -0.9) & ~is_face, 0.2, 1.0))
    some = windows[:_STEP].astype(np.float32).reshape(-1, _CHANNELS, _SIDE, _SIDE)
    return kernel, bias, float(np.quantile(np.abs((some * kernel).sum(axis=(1, 3))), 0.9999))


def _here(whole: DlibDetector, photo: Image) -> tuple[Windows, NDArray[np.float32]]:
    """Return the features of a level, (h, w, channels), and the score of each of its cells."""
    features = whole._opening.run(["features"], {"pixels": _framed(photo)[None]})[0]
    return features[0, :, :, :_CHANNELS], whole._rest.run(None, {"features": features})[0][0, 0]


def _above(whole: DlibDetector, photo: Image) -> tuple[Windows, NDArray[np.float32]]:
    """Return the features of the level below a photo, and of each cell the best score that the photo has there."""
    rows, columns = (int(length * FULL.ratio) for length in photo.shape[:2])
    below = np.asarray(cv2.resize(photo, (columns, rows), interpolation=cv2.INTER_LINEAR), np.uint8)
    features, scores = _here(whole, below)[0], _here(whole, photo)[1]
    best = np.full(features.shape[:2], -9, np.float32)
    found = np.nonzero(scores > -1)
    places = [_cell_below(at, length) for at, length in zip(found, best.shape, strict=True)]
    np.maximum.at(best, tuple(places), scores[found])
    # Beside a face a window sees most of it: neither is wrong.
    beside = cv2.dilate((best > _FACE).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    best[beside & (best <= _FACE)] = -0.8
    return features, best


def _cell_below(at: NDArray[np.intp], length: int) -> NDArray[np.intp]:
    first, border = detector._FIRST, FULL.border[0]
    place = (detector._STRIDE * at + first - border) * FULL.ratio + border - first
    return np.clip(np.round(place / detector._STRIDE).astype(np.intp), 0, length - 1)


def _sampled(
    features: Windows, scores: NDArray[np.float32], hints: NDArray[np.float32] | None, random: np.random.Generator
) -> tuple[Windows, NDArray[np.float32]]:
    """Return windows (N, channels * side * side) of one level, and the score of each."""
    half = _SIDE // 2
    padded = np.pad(features, ((half, half), (half, half), (0, 0)))
    flat = scores.ravel()
    found, near = np.flatnonzero(flat > _FACE), np.flatnonzero((flat > -0.95) & (flat <= _FACE))[:20]
    chosen = [random.permutation(found)[:14], near, random.permutation(flat.size)[:30]]
    if hints is not None:
        ruled_out = np.flatnonzero(flat <= -0.95)
        chosen.append(ruled_out[np.argsort(-hints.ravel()[ruled_out])[:24]])
    picked = np.concatenate(chosen)
    rows, columns = np.unravel_index(picked, scores.shape)
    every = sliding_window_view(padded, (_SIDE, _SIDE), axis=(0, 1))
    return every[rows, columns].reshape(len(picked), -1), flat[picked]


def _slid(features: Windows, kernel: NDArray[np.float32], bias: float) -> NDArray[np.float32]:
    """Return what a window gives at each cell."""
    total = np.full(features.shape[:2], bias, np.float32)
    for plane, part in zip(features.transpose(2, 0, 1).astype(np.float32), kernel, strict=True):
        total += cv2.filter2D(plane, cv2.CV_32F, part, borderType=cv2.BORDER_CONSTANT)
    return total


def _fitted(
    windows: Windows, is_face: NDArray[np.bool_], care: NDArray[np.float64]
) -> tuple[NDArray[np.float32], float]:
    """Return the window, over stored features, and its offset."""
    mean, spread = windows.mean(axis=0), windows[::10].std(axis=0) + 8
    target = np.where(is_face, 1.0, -1.0)
    care = care * np.where(is_face, _WEIGHT, 1.0)
    found = np.zeros(windows.shape[1] + 1)
    decay = np.diag([*np.full(windows.shape[1], _DECAY), 0.0])
    for number in range(_ROUNDS):
        square, cross = decay.copy(), np.zeros(len(found))
        for start in range(0, len(windows), _STEP):
            part = slice(start, start + _STEP)
            terms = np.hstack([(windows[part] - mean) / spread, np.ones((len(target[part]), 1))]).astype(np.float32)
            wrong = target[part] * (terms @ found) < 1
            terms, weight = terms[wrong], care[part][wrong].astype(np.float32)
            square += terms.T @ (terms * weight[:, None])
            cross += terms.T @ (target[part][wrong] * weight)
        new = np.linalg.solve(square, cross)
        found = new if number < 2 else (found + new) / 2
    kernel = found[:-1] / spread
    return kernel.reshape(_CHANNELS, _SIDE, _SIDE).astype(np.float32), float(found[-1] - mean @ kernel)


def _compare(what: str, photos: list[Image]) -> None:
    staged = _detector(cascade.read())
    whole = _detector(replace(cascade.read(), least=-np.inf))
    seen: list[tuple[bool, float]] = []
    faces_of, lost, more = 0, [], []
    for photo in photos:
        true, found = whole.detect(photo), staged.detect(photo)
        faces_of += len(true)
        lost += _missing(true, found)
        more += _missing(found, true)
        levels = [_framed(level) for level in detector._levels(photo, staged._sizes(photo)[:2])]
        (largest, _), (_, smaller) = (staged._scores(level) for level in levels)
        seen.append((bool((smaller > _LEAST).any()), float((largest > detector._NOTHING).mean())))
    scores = ", ".join(f"{score:.2f}" for score in sorted(lost)[-5:])
    print(
        f"| {what}, {len(photos)} | {faces_of} | {len(lost)} ({scores}) | {len(more)} | "
        + " | ".join(f"{share:.2f}" for share in np.mean(seen, axis=0))
        + " |",
        flush=True,
    )


def _missing(these: list[DetectedFace], those: list[DetectedFace]) -> list[float]:
    boxes = [face.box for face in those]
    return [face.score for face in these if not boxes or iou(face.box, boxes).max() < 0.5]


def _detector(stage: Cascade) -> DlibDetector:
    read: Callable[[str], bytes] = lambda name: weights.read(name, weights.folder())  # noqa: E731
    trees = read(weights.LANDMARKS)
    return dlib_pack.staged(dat.layers(read(weights.DETECTOR)), stage, lambda: landmarks.read(trees))


def _groups(paths: list[Path], random: np.random.Generator) -> Iterator[Image]:
    """Yield photos of 5 by 4 people, each 90 to 250 px wide, from photos held out."""
    for _ in range(60):
        side = int(random.integers(90, 250))
        drawn = [_pixels(paths[-1 - index]) for index in random.choice(_HELD_OUT, 20, replace=False)]
        tiles = [cv2.resize(photo, (side, side), interpolation=cv2.INTER_AREA) for photo in drawn]
        yield np.vstack([np.hstack(tiles[row : row + 5]) for row in range(0, 20, 5)])


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


def _framed(level: Image) -> Image:
    border = FULL.border[0]
    right = border + -(level.shape[1] + 2 * border) % 4
    edges = (border, border, border, right)
    return np.asarray(cv2.copyMakeBorder(level, *edges, cv2.BORDER_CONSTANT, value=FULL.colour), np.uint8)


def _pixels(path: Path) -> Image:
    return np.ascontiguousarray(cv2.imread(str(path))[:, :, ::-1])


if __name__ == "__main__":
    main()
