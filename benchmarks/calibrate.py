# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.calibrate --pack dlib`: measure how high strangers score, write the shipped tail.

Reads ../shared/faces, writes src/countenance/vision/tails/<pack>.json: shares and fitted numbers, no faceprint. The
measuring is the program's own (`vision.impostors`, what `countenance calibrate` runs). It also splits the people in
halves, fits on one, and measures on the other what the thresholds do to strangers that the fit has not seen.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import faces
from countenance.vision import calibration, impostors
from countenance.vision.impostors import People

TAILS = Path(calibration.__file__).with_name("tails")
TARGETS = (0.1, 0.01, 0.003)
GALLERIES = (100, 1000, 1400)
_Z = 1.96


def people_of(seen: faces.Faces) -> People:
    """Return the people whose faces were found."""
    return impostors.people(seen.vectors[seen.found], seen.people[seen.found])


def document(pack: str, encoder: str, seen: faces.Faces, data_digest: str) -> dict[str, Any]:
    """Return the tail of one encoder."""
    head = {
        "pack": pack,
        "encoder": encoder,
        "data": {
            "name": "Labeled Faces in the Wild, colour, deep-funneled: the part in ../shared/faces",
            "sha256": data_digest,
            "missed": int((~seen.found).sum()),
            "merged_names": len(faces.one_person()),
        },
    }
    return impostors.measured(people_of(seen), head, date=datetime.now(UTC).date().isoformat())


def halves(data: People, seeds: int) -> Iterator[tuple[People, People]]:
    """Yield the people in two halves, to fit on and to measure on; each split serves both ways."""
    for seed in range(seeds):
        order = np.random.default_rng(seed).permutation(data.count)
        one, other = data.some(order[: data.count // 2]), data.some(order[data.count // 2 :])
        yield from ((one, other), (other, one))


def rate_at(data: People, score: float, gallery: int) -> list[float]:
    """Return the FPIR counted at a score in galleries of this size, and the ends of its 95 % interval.

    A gallery of all but one is that of all others for each person in turn.

    Wilson's, with people as the searches: photos of one person are not independent.
    """
    hits, searches = np.zeros(data.count), np.zeros(data.count)
    for chosen in impostors.deals(data.count, gallery, seed=0):
        everybody = len(chosen) == data.count
        outside = np.ones(len(data.person), bool) if everybody else ~np.isin(data.person, chosen)
        for rows, table in impostors.scores(data, chosen):
            strangers = outside[rows]
            if everybody:
                table[np.arange(len(rows)), data.person[rows]] = -np.inf
            who = data.person[rows[strangers]]
            hits += np.bincount(who, table[strangers].max(axis=1) >= score, data.count)
            searches += np.bincount(who, minlength=data.count)
    seen = searches > 0
    rate, count = float((hits[seen] / searches[seen]).mean()), int(seen.sum())
    squared = _Z**2 / count
    centre, spread = rate + squared / 2, _Z * sqrt(rate * (1 - rate) / count + squared / count / 4)
    return [rate, *((centre + side * spread) / (1 + squared) for side in (-1, 1))]


def validated(data: People, seeds: int = 3) -> Iterator[dict[str, Any]]:
    """Yield, per target and gallery, what thresholds fitted on half of the people do on the other half.

    `measured` is the mean over `splits`; `first` is the first split's rate with its 95 % interval; `held` counts the
    splits whose interval holds the target.
    """
    found: dict[tuple[float, int], list[list[float]]] = {}
    for fit, held_out in halves(data, seeds):
        tail = impostors.quick(fit)
        for target, gallery in itertools.product(TARGETS, GALLERIES):
            size = min(gallery, held_out.count - 1)
            found.setdefault((target, gallery), []).append(rate_at(held_out, tail.threshold(target, size).value, size))
    for (target, gallery), splits in found.items():
        yield {
            "fpir": target,
            "gallery": gallery,
            "measured": _rounded(sum(rate for rate, _, _ in splits) / len(splits)),
            "first": [_rounded(value) for value in splits[0]],
            "held": sum(low <= target <= high for _, low, high in splits),
            "splits": len(splits),
        }


def _on_one_line(numbers: re.Match[str]) -> str:
    return f"[{' '.join(numbers[1].split())}]"


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def write(found: dict[str, Any], path: Path) -> None:
    """Write a tail, lists on one line each."""
    text = re.sub(r"\[\s+([^][{}]+?)\s+\]", _on_one_line, json.dumps(found, indent=1))
    path.write_text(text + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", required=True, help=f"one of {', '.join(faces.PACKS)}; or a name in --models")
    parser.add_argument("--models", type=Path, help="folder of installed packs, as `countenance models pull` fills")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dry-run", action="store_true", help="validate only, write nothing")
    arguments = parser.parse_args()
    pack = faces.load(arguments.pack, arguments.threads, arguments.models)
    paths = faces.photos()
    seen = faces.encoded(pack, paths)
    if not arguments.dry_run:
        found = document(arguments.pack, pack.encoder.digest, seen, faces.data_digest(paths))
        write(found, TAILS / f"{arguments.pack}.json")
        print(f"{arguments.pack}.json: encoder {found['encoder']}, evaluation {found['evaluation']}")
    for row in validated(people_of(seen)):
        low, high = row["first"][1:]
        print(
            f"target {row['fpir']:<6} gallery {row['gallery']:<5} measured {row['measured']:<8} "
            f"first split {row['first'][0]} [{low}, {high}]  held in {row['held']} of {row['splits']} splits"
        )


if __name__ == "__main__":
    main()
