# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.accuracy`: who is found and who is mistaken, each pack against the usual way.

Gallery: one photo of each person, the first by name; every other photo is a probe. FNIR counts probes whose
own reference scores below the threshold; the threshold is the one that gives the FPIR on these very photos,
measured with every photo against everybody else's reference. Photos without a face count as not found.
Then, three times, 1,500 people drawn at random are known and all others are strangers; and thresholds fitted on half
of the people are held against the strangers of the other half. A pack's scores are identification scores
(`vision.neighbourhood`), beside what the bare cosine gives.
The usual way is `face_recognition`'s: HOG, five points, dlib's raw vector, Euclidean distance.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks import faces
from benchmarks.calibrate import GALLERIES, TARGETS, halves, people_of, rate_at
from countenance import canonical
from countenance.vision import impostors

_FPIR = 0.01
_SPLITS = 4  # of the people in halves
_KNOWN = 1500
_DRAWS = 3
_USUAL_DISTANCE = 0.6  # face_recognition's default tolerance


@dataclass(frozen=True, eq=False)
class _Scores:
    """Every photo against the first photo of every name.

    Attributes:
        values: float32 (P, R), -inf where a face was not found; others as in a gallery that lacks its person.
        listed: the same as one search in the whole gallery lists them.
        own: int (P,), the column of the photo's own name.
        first: int (R,), the row of the photo that is the reference.
    """

    values: NDArray[np.float32]
    listed: NDArray[np.float32]
    own: NDArray[np.int64]
    first: NDArray[np.int64]


def _scores(seen: faces.Faces, *, distance: bool, normalised: bool = False) -> _Scores:
    _, first, own = np.unique(seen.names, return_index=True, return_inverse=True)
    references = seen.vectors[first]
    values = seen.vectors @ references.T
    if distance:  # |a - b| ** 2 = |a| ** 2 + |b| ** 2 - 2 a b
        squares = (seen.vectors**2).sum(axis=1)
        values = -np.sqrt(np.maximum(squares[:, None] + squares[first] - 2 * values, 0))
    listed = values
    if normalised:
        gallery = impostors.Table(references, impostors.background(seen.vectors, seen.names))
        values, listed = gallery.of(seen.vectors, own), gallery.of(seen.vectors, np.full_like(own, -1))
    for table in (values, listed):
        table[~seen.found] = -np.inf
        table[:, ~seen.found[first]] = -np.inf
    return _Scores(values, listed, own, first)


def _identification(seen: faces.Faces, scores: _Scores) -> dict[str, float]:
    """Return rank-1, and FNIR at two FPIR, at the full gallery."""
    rows = np.arange(len(scores.own))
    genuine = scores.values[rows, scores.own]
    # A person's second name is no stranger, but may still be mistaken for the first: only FPIR leaves it out.
    strangers = scores.values.copy()
    _, people = np.unique(seen.people, return_inverse=True)
    strangers[people[:, None] == people[scores.first]] = -np.inf
    others = scores.listed.copy()
    others[rows, scores.own] = -np.inf
    mated = ~np.isin(rows, scores.first)
    weight = 1.0 / np.bincount(people)[people]
    best, result = strangers.max(axis=1), {"rank1": float((genuine > others.max(axis=1))[mated].mean())}
    order = np.argsort(best)[::-1]
    share = np.cumsum(weight[order]) / weight.sum()
    for fpir in (0.1, _FPIR):
        threshold = best[order][np.searchsorted(share, fpir)]
        result[f"fnir_at_{fpir}"] = float((genuine <= threshold)[mated].mean())
    return result


def _pairs(seen: faces.Faces, *, distance: bool) -> float:
    """Return the accuracy on the benchmark's pairs: ten folds, the threshold from the other nine."""
    row = {photo: index for index, photo in enumerate(seen.photos)}
    pairs = [(fold, row[a], row[b], same) for fold, a, b, same in faces.folds() if a in row and b in row]
    fold, one, two, same = (np.array(column) for column in zip(*pairs, strict=True))
    a, b = seen.vectors[one], seen.vectors[two]
    scores = -np.linalg.norm(a - b, axis=1) if distance else (a * b).sum(axis=1)
    scores[~(seen.found[one] & seen.found[two])] = -np.inf
    right = 0
    for held_out in np.unique(fold):
        inside = fold == held_out
        learn, truth = scores[~inside], same[~inside]
        candidates = np.unique(learn)
        hits = ((learn >= candidates[:, None]) == truth).sum(axis=1)
        best = np.median(candidates[hits == hits.max()])
        right += int(((scores[inside] >= best) == same[inside]).sum())
    return right / len(pairs)


def _strangers(data: impostors.People, *, normalised: bool) -> dict[str, float]:
    """Return FNIR at FPIR 0.01 with some people known and the others strangers: mean of random galleries, and range."""
    known, missed = min(_KNOWN, data.count * 3 // 5), []
    reference = np.zeros(len(data.vectors), bool)
    reference[data.first] = True
    weight = 1.0 / np.bincount(data.person)[data.person]
    for seed in range(_DRAWS):
        chosen = np.sort(np.random.default_rng(seed).permutation(data.count)[:known])
        inside = np.isin(data.person, chosen)
        if normalised:
            table = np.concatenate([part for _, part in impostors.scores(data, chosen)])
        else:
            table = data.vectors @ data.vectors[data.first[chosen]].T
        best = table[~inside].max(axis=1)
        order = np.argsort(-best)
        share = np.cumsum(weight[~inside][order])
        threshold = best[order][np.searchsorted(share / share[-1], _FPIR)]
        mated = np.flatnonzero(inside & ~reference)
        own = table[mated, np.searchsorted(chosen, data.person[mated])]
        missed.append(float((own <= threshold).mean()))
    name = f"fnir_at_{_FPIR}_of_{known}{'' if normalised else '_by_cosine'}"
    return {name: float(np.mean(missed)), f"{name}_low": min(missed), f"{name}_high": max(missed)}


def _held_out(seen: faces.Faces) -> dict[str, float]:
    """Return the FPIR of strangers among half of the people at thresholds from the other half.

    The mean of splits, each used both ways, with the lowest and the highest of them: one split measures few strangers.
    """
    found: dict[str, list[float]] = {}
    people = people_of(seen)
    sizes = {str(size): size for size in GALLERIES[:2] if size < people.count // 2}
    for fit, other in halves(people, seeds=_SPLITS):
        tail = impostors.quick(fit)
        for name, gallery in {**sizes, "all": other.count - 1}.items():
            for target in TARGETS:
                rate, _, _ = rate_at(other, tail.threshold(target, gallery).value, gallery)
                found.setdefault(f"fpir_for_{target}_among_{name}", []).append(rate)
    result = {}
    for name, rates in found.items():
        result |= {name: float(np.mean(rates)), f"{name}_lowest": min(rates), f"{name}_highest": max(rates)}
    return result


def _report(name: str, seen: faces.Faces, *, distance: bool = False) -> dict[str, float]:
    scores = _scores(seen, distance=distance, normalised=not distance)
    result: dict[str, float] = {"photos": len(seen.photos), "missed": int((~seen.found).sum())}
    result |= _identification(seen, scores) | {"pairs": _pairs(seen, distance=distance)}
    if distance:
        others = scores.values.copy()
        others[np.arange(len(scores.own)), scores.own] = -np.inf
        result["fpir_at_its_own_threshold"] = float((others.max(axis=1) >= -_USUAL_DISTANCE).mean())
    else:
        for normalised in (True, False):
            result |= _strangers(people_of(seen), normalised=normalised)
        result |= _held_out(seen)
    rounded = {key: round(value, 4) for key, value in result.items()}
    print(f"{name:<22}", *(f"{key} {value}" for key, value in rounded.items()), sep="\n    ", flush=True)
    return rounded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, help="so many, 450 or more, drawn with a fixed seed; by default all")
    parser.add_argument("--processes", type=int, default=1, help="for the usual way, which is slow")
    arguments = parser.parse_args()
    paths = faces.photos(arguments.people)
    inputs = {"data": faces.data_digest(paths)}
    results = {}
    for name in faces.PACKS:
        pack = faces.load(name)
        inputs[name] = pack.encoder.digest
        results[name] = _report(name, faces.encoded(pack, paths))
    usual = faces.encoded_by_dlib(paths, arguments.processes)
    results["face_recognition"] = _report("face_recognition's way", usual, distance=True)
    print("evaluation", canonical.digest(json.dumps([inputs, results], sort_keys=True)))
    print("machine", platform.processor() or platform.machine(), f"{os.cpu_count()} cores")


if __name__ == "__main__":
    main()
