# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.cascade`: dlib's detector in its two stages against the whole network.

Faces lost and found, on all public photos, on those that the fit of the first stage has not seen, on these darkened
and made smaller, and on tiled group photos. `--write` fits the first stage first (`benchmarks/cascade_fit.py`), which
takes ten minutes, and writes what is shipped.
"""

# ruff: noqa: SLF001 -- looks into the detector

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import cascade_fit, faces
from benchmarks.cascade_fit import detecting
from countenance.backends.dlib_pack import cascade
from countenance.model.face import DetectedFace, Image
from countenance.vision.geometry import iou

_HELD_OUT = 500  # photos that the fit does not see
_GROUPS = 240


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--write", action="store_true", help="fit, and write what is shipped")
    given = options.parse_args()
    cv2.setNumThreads(1)
    random = np.random.default_rng(1)
    photos_of_all = faces.photos()
    paths = [photos_of_all[index] for index in random.permutation(len(photos_of_all))]
    if given.write:
        cascade_fit.write(paths[:-_HELD_OUT], map(_pixels, paths[:-_HELD_OUT]), random)
    held_out = [_pixels(path) for path in paths[-_HELD_OUT:]]
    dark = [np.asarray(photo * 0.35, np.uint8) for photo in held_out]
    small = [np.vstack([np.hstack([cv2.resize(photo, (120, 120))] * 2)] * 2) for photo in held_out]
    print("| photos | faces | lost (their scores) | found besides | looked at | twice |")
    print("|---|---|---|---|---|---|")
    for what, photos in (
        ("all", map(_pixels, photos_of_all)),
        ("held out", held_out),
        ("the same, darkened", dark),
        ("four times the same, of 120 pixels", small),
        ("tiled groups", _groups(paths, random)),
    ):
        _compare(what, photos)


def _compare(what: str, photos: Iterable[Image]) -> None:
    staged, whole = (_Watched(least) for least in (cascade.read().least, -np.inf))
    count, faces_of, lost, more = 0, 0, [], []
    for photo in photos:
        count += 1
        true, found = whole.detector.detect(photo), staged.detector.detect(photo)
        faces_of += len(true)
        lost += _missing(true, found)
        more += _missing(found, true)
    scores = ", ".join(f"{score:.2f}" for score in sorted(lost)[-5:])
    shares = " | ".join(f"{some / every:.2f}" for some, every in zip(staged.seen(), whole.seen(), strict=True))
    print(f"| {what}, {count} | {faces_of} | {len(lost)} ({scores}) | {len(more)} | {shares} |", flush=True)


class _Watched:
    """The detector, and how much its two stages were given."""

    def __init__(self, least: float) -> None:
        self.detector = detecting(replace(cascade.read(), least=least))
        stages = self.detector._stages
        self._stages = stages._opening, stages._rest = _Counting(stages._opening), _Counting(stages._rest)

    def seen(self) -> list[int]:
        """Return the pixels of the first stage, and the numbers that it gave to the second."""
        return [stage.given for stage in self._stages]


class _Counting:
    """A session that counts what it is run on."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.given = 0

    def run(self, outputs: list[str] | None, feed: dict[str, NDArray[np.uint8]]) -> Any:
        self.given += sum(values.size for values in feed.values())
        return self._session.run(outputs, feed)


def _missing(these: list[DetectedFace], those: list[DetectedFace]) -> list[float]:
    boxes = [face.box for face in those]
    return [face.score for face in these if not boxes or iou(face.box, boxes).max() < 0.5]


def _groups(paths: list[Path], random: np.random.Generator) -> Iterator[Image]:
    """Yield photos of 5 by 4 people, each 90 to 250 px wide, from photos held out."""
    for _ in range(_GROUPS):
        side = int(random.integers(90, 250))
        drawn = [_pixels(paths[-1 - index]) for index in random.choice(_HELD_OUT, 20, replace=False)]
        tiles = [cv2.resize(photo, (side, side), interpolation=cv2.INTER_AREA) for photo in drawn]
        yield np.vstack([np.hstack(tiles[row : row + 5]) for row in range(0, 20, 5)])


def _pixels(path: Path) -> Image:
    return np.ascontiguousarray(cv2.imread(str(path))[:, :, ::-1])


if __name__ == "__main__":
    main()
