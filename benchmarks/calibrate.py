# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.calibrate --pack dlib`: measure how high strangers score, write the shipped tail.

Reads ../shared/faces, writes src/countenance/vision/tails/<pack>.json: rates and fitted numbers, no
faceprint. It also splits the people in halves, fits on one, and measures on the other what the thresholds do.
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
from benchmarks.impostors import SUPPORT, Strangers, fitted, strangers
from countenance import canonical
from countenance.vision import calibration

TAILS = Path(calibration.__file__).with_name("tails")
SCHEMA = "countenance.tail/1"
_TARGETS = (0.1, 0.01, 0.001)
_GALLERIES = (100, 300, 1000, 1400)
_RESAMPLINGS = 200
_GROUPS = 100  # of the jackknife: small enough that no group takes the largest gallery's references away
_Z = 1.96


def measured(pack: str, encoder: str, seen: faces.Faces, data_digest: str) -> dict[str, Any]:
    """Return the document for one encoder: data, fit and validation, without date and evaluation id."""
    data = strangers(seen.vectors[seen.found], seen.people[seen.found])
    return {
        "schema": SCHEMA,
        "pack": pack,
        "encoder": encoder,
        "data": {
            "name": "Labeled Faces in the Wild, colour, deep-funneled: the part in ../shared/faces",
            "sha256": data_digest,
            "photos": int(seen.found.sum()),
            "missed": int((~seen.found).sum()),
            "people": data.people,
            "merged_names": len(faces.one_person()),
            "support_people": SUPPORT,
        },
        **_fit(data, _RESAMPLINGS),
        "validation": list(validated(seen)),
    }


def halves(seen: faces.Faces, seeds: int) -> Iterator[tuple[Strangers, Strangers]]:
    """Yield the people in two halves, to fit on and to measure on; each split serves both ways."""
    vectors, people = seen.vectors[seen.found], seen.people[seen.found]
    everybody = np.unique(people)
    for seed in range(seeds):
        half = np.random.default_rng(seed).permutation(everybody)[: len(everybody) // 2]
        inside = np.isin(people, half)
        one, other = strangers(vectors[inside], people[inside]), strangers(vectors[~inside], people[~inside])
        yield from ((one, other), (other, one))


def validated(seen: faces.Faces, seeds: int = 5) -> Iterator[dict[str, Any]]:
    """Yield, per target and gallery, what thresholds fitted on half of the people do on the other half.

    `measured` is the mean over `splits`; `first` is the first split's rate with its 95 % interval;
    `held` counts the splits whose interval holds the target.
    """
    found: dict[tuple[float, int], list[list[float]]] = {}
    for fit, held_out in halves(seen, seeds):
        tail = half_tail(fit)
        for case in itertools.product(_TARGETS, _GALLERIES):
            score = tail.threshold(*case).value
            found.setdefault(case, []).append(interval(held_out, score, case[1]))
    for (target, gallery), splits in found.items():
        yield {
            "fpir": target,
            "gallery": gallery,
            "measured": _rounded(sum(rate for rate, _, _ in splits) / len(splits)),
            "first": [_rounded(value) for value in splits[0]],
            "held": sum(low <= target <= high for _, low, high in splits),
            "splits": len(splits),
        }


def half_tail(data: Strangers) -> calibration.Tail:
    """Return the tail that a part of the people gives, for validation only."""
    head = {"encoder": "", "evaluation": "", "data": {"people": data.people}}
    return calibration.parse({**head, **_fit(data, resamplings=0)})


def interval(data: Strangers, score: float, gallery: int) -> list[float]:
    """Return the measured FPIR at a score and the ends of its 95 % interval.

    Wilson's interval, with the number of independent searches that a jackknife over people (as probes and
    as references at once) finds them to be worth. Resampling with replacement would not do: a reference
    drawn twice makes the gallery smaller.
    """
    rate = float(data.hit_rate(score, [gallery])[0, 0])
    groups = np.random.default_rng(1).permutation(data.people) % _GROUPS
    copies = (groups[:, None] != np.arange(_GROUPS)).astype(np.float64)
    variance = float(np.var(data.hit_rate(score, [gallery], copies)[0])) * (_GROUPS - 1)
    searches = rate * (1 - rate) / variance if variance > 0 else data.people
    squared = _Z**2 / searches
    centre, spread = rate + squared / 2, _Z * sqrt(rate * (1 - rate) / searches + squared / searches / 4)
    return [rate, *((centre + side * spread) / (1 + squared) for side in (-1, 1))]


def _fit(data: Strangers, resamplings: int) -> dict[str, Any]:
    fit = fitted(data, resamplings)
    tail = {"scale": fit.scale, "shape": fit.shape, "intervals_95": fit.intervals}
    return {"knots": fit.knots, "tail": tail}


def _on_one_line(numbers: re.Match[str]) -> str:
    return f"[{' '.join(numbers[1].split())}]"


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", required=True, help=f"one of {', '.join(faces.PACKS)}; or a name in --models")
    parser.add_argument("--models", type=Path, help="folder of installed packs, as `countenance models pull` fills")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    pack = faces.load(arguments.pack, arguments.threads, arguments.models)
    paths = faces.photos()
    seen = faces.encoded(pack, paths)
    write(measured(arguments.pack, pack.encoder.digest, seen, faces.data_digest(paths)))


def write(document: dict[str, Any]) -> None:
    """Add evaluation id (digest of inputs and outputs) and date, write the file, print the validation."""
    evaluation = canonical.digest(json.dumps(document, sort_keys=True))
    dated = {**document, "evaluation": evaluation, "date": datetime.now(UTC).date().isoformat()}
    text = re.sub(r"\[\s+([^][{}]+?)\s+\]", _on_one_line, json.dumps(dated, indent=1))
    path = TAILS / f"{document['pack']}.json"
    path.write_text(text + "\n", encoding="utf-8")
    print(f"{path.name}: encoder {document['encoder']}, evaluation {evaluation}")
    for row in document["validation"]:
        low, high = row["first"][1:]
        print(
            f"target {row['fpir']:<6} gallery {row['gallery']:<5} measured {row['measured']:<8} "
            f"first split {row['first'][0]} [{low}, {high}]  held in {row['held']} of {row['splits']} splits"
        )


if __name__ == "__main__":
    main()
