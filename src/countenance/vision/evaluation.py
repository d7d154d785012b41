# SPDX-License-Identifier: Apache-2.0
"""How well an encoder tells people apart, measured on faces whose people are known.

The terms are those of ISO/IEC 19795-1 and NIST FRTE: FMR and FNMR compare two photos; FPIR(N, T) is the share of
searches for somebody who is not in a gallery of N that still return a candidate at or above T, and FNIR(N, T) the
share of searches for somebody who is in it whose own reference lies below T. Intervals: see `vision.error_rates`.

Who is who, and who belongs to which group, was said by people: nothing is guessed of a face.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from countenance.vision.error_rates import Errors, Floats, Rate, drawn, rate_of, share_reaching, thresholds_of

_ROWS_AT_ONCE = 512
_SEED = 1  # the same data gives the same numbers

Scorer = Callable[[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]], NDArray[np.float32]]
"""(probes (P, D), references (R, D), absent (P,)) to scores (P, R).

Each reference is of another person. `absent` is the reference that is to be treated for this probe as if it were not
in the gallery, or -1; its score is -inf.
"""


@dataclass(frozen=True, eq=False)
class Faces:
    """Encoded faces of known people, one a photo.

    Attributes:
        vectors: float32 (P, D), unit length.
        people: int (P,), 0 to the number of people less one; each has a photo.
        quality: by measure, float (P,): what the quality gate measured.
    """

    vectors: NDArray[np.float32] = field(repr=False)
    people: NDArray[np.int64] = field(repr=False)
    quality: Mapping[str, Floats] = field(default_factory=dict, repr=False)

    @property
    def number(self) -> int:
        """How many people there are."""
        return int(self.people.max()) + 1 if len(self.people) else 0


def compare(faces: Faces) -> Errors:
    """Return the errors of all comparisons of two photos: FMR and FNMR."""
    thresholds = _pair_thresholds(faces)
    accepts = np.full((faces.number, len(thresholds)), np.nan)
    rejects = np.full((faces.number, len(thresholds)), np.nan)
    for person in range(faces.number):
        own = faces.people == person
        scores = faces.vectors[own] @ faces.vectors.T
        accepts[person] = share_reaching(scores[:, ~own].ravel(), thresholds)
        if own.sum() > 1:
            pairs = scores[:, own][~np.eye(int(own.sum()), dtype=bool)]
            rejects[person] = 1 - share_reaching(pairs, thresholds)
    return Errors(thresholds, accepts, rejects)


def pairs(scores: Floats, same: NDArray[np.bool_], folds: NDArray[np.int64]) -> tuple[Rate, list[float]]:
    """Return the accuracy on given pairs and that of each fold, its threshold from the other folds.

    Args:
        scores: of each pair; -inf where a face was not found.
        same: which are of one person.
        folds: which fold each pair is in.

    Source: the protocol "image restricted" of Labeled Faces in the Wild; the interval is that of the folds' mean.
    """
    found = []
    for fold in np.unique(folds):
        inside = folds == fold
        known = np.unique(scores[~inside][np.isfinite(scores[~inside])])
        between = np.concatenate([known[:1], (known[1:] + known[:-1]) / 2])
        right = np.array([((scores[~inside] >= one) == same[~inside]).sum() for one in between])
        best = float(np.median(between[right == right.max()]))
        found.append(float(((scores[inside] >= best) == same[inside]).mean()))
    mean = float(np.mean(found))
    half = 1.96 * float(np.std(found, ddof=1)) / len(found) ** 0.5 if len(found) > 1 else float("nan")
    return Rate(mean, mean - half, min(mean + half, 1.0)), found


@dataclass(frozen=True, eq=False)
class Identification:
    """Searches in one gallery size, over several galleries drawn at random.

    Attributes:
        gallery: people in it, with one reference each.
        errors: FPIR as false accepts, FNIR as false rejects.
        ranks: share of searches for somebody in it whose reference is among the best 1, 5 and 10.
        genuine, strangers: scores of the own reference, and the best score of each search for a stranger.
    """

    gallery: int
    errors: Errors
    ranks: dict[int, Rate]
    genuine: NDArray[np.float32] = field(repr=False)
    strangers: NDArray[np.float32] = field(repr=False)


def identify(faces: Faces, gallery: int, score: Scorer, draws: int = 3) -> Identification:
    """Search for everybody in galleries of so many people, drawn `draws` times.

    The first photo of each person drawn is the reference, the other photos of these people are the mated searches,
    and all photos of everybody else the non-mated ones. Where everybody is in the gallery, a person's own reference
    is taken out for the non-mated searches.
    """
    random = np.random.default_rng(_SEED)
    searched = [_search(faces, gallery, score, random) for _ in range(draws if gallery < faces.number else 1)]
    genuine = np.concatenate([s.genuine for s in searched])
    strangers = np.concatenate([s.strangers for s in searched])
    thresholds = thresholds_of(strangers, genuine)
    accepts = _by_person(faces.number, [(s.stranger_people, s.strangers) for s in searched], thresholds)
    rejects = 1 - _by_person(faces.number, [(s.mated_people, s.genuine) for s in searched], thresholds)
    ranked = np.concatenate([s.ranks for s in searched])
    owners = np.concatenate([s.mated_people for s in searched])
    ranks = {}
    for rank in (1, 5, 10):
        per_person = _means(faces.number, owners, (ranked <= rank).astype(np.float64))[:, None]
        draws_of = [float(mean[0]) for mean in drawn(per_person)]
        ranks[rank] = rate_of(float(np.nanmean(per_person)), draws_of, per_person)
    return Identification(gallery, Errors(thresholds, accepts, rejects), ranks, genuine, strangers)


def discard(faces: Faces, threshold: float, shares: Sequence[float]) -> dict[str, list[tuple[float, float]]]:
    """Return, by measure of quality, what FNMR is left if the worst share of the photos is discarded.

    A pair is as good as its worse photo; a measure that is worst at both ends, such as yaw, counts by its distance
    from 0. The threshold stays where it is.

    Source: error-versus-discard characteristic, ISO/IEC 29794-1.
    """
    one, two = _genuine_pairs(faces)
    scores = np.einsum("ij,ij->i", faces.vectors[one], faces.vectors[two])
    curves = {}
    for name, values in faces.quality.items():
        goodness = -np.abs(values) if name in _WORST_AT_BOTH_ENDS else -values if name in _HIGH_IS_BAD else values
        pair = np.minimum(goodness[one], goodness[two])
        usable = np.isfinite(pair)
        order = np.argsort(pair[usable])
        misses = (scores[usable] < threshold)[order]
        curves[name] = [
            (float(share), float(misses[int(share * len(misses)) :].mean()))
            for share in shares
            if int(share * len(misses)) < len(misses)
        ]
    return curves


_WORST_AT_BOTH_ENDS = ("yaw", "pitch", "roll")
_HIGH_IS_BAD = ("outside", "clipped")


def histograms(faces: Faces, bins: int) -> tuple[list[list[float]], list[list[float]]]:
    """Return for pairs of one person, and of two, the lower edge of each bin with its share of the pairs."""
    one, two = _genuine_pairs(faces)
    genuine = np.einsum("ij,ij->i", faces.vectors[one], faces.vectors[two])
    edges = np.linspace(-1, 1, bins + 1)
    counts = np.zeros(bins)
    for part in _parts(np.arange(len(faces.people))):
        scores = faces.vectors[part] @ faces.vectors.T
        counts += np.histogram(scores[faces.people[part][:, None] != faces.people], edges)[0]
    return _histogram(np.histogram(genuine, edges)[0], edges), _histogram(counts, edges)


class Pair(NamedTuple):
    """Two photos by their index, and their score."""

    one: int
    two: int
    score: float


def worst(faces: Faces, number: int) -> tuple[list[Pair], list[Pair]]:
    """Return the pairs of one person that score lowest, and of two people that score highest.

    Of each person, and of each two people, one pair.
    """
    one, two = _genuine_pairs(faces)
    scores = np.einsum("ij,ij->i", faces.vectors[one], faces.vectors[two])
    misses: dict[int, Pair] = {}
    for index in np.argsort(scores):
        misses.setdefault(int(faces.people[one[index]]), Pair(int(one[index]), int(two[index]), float(scores[index])))
        if len(misses) == number:
            break
    mistaken: dict[tuple[int, int], Pair] = {}
    for pair in sorted(_highest_strangers(faces, number), key=lambda pair: -pair.score):
        a, b = sorted((int(faces.people[pair.one]), int(faces.people[pair.two])))
        mistaken.setdefault((a, b), pair)
    return list(misses.values()), list(mistaken.values())[:number]


def by_group(errors: Errors, threshold: float, groups: Mapping[str, NDArray[np.bool_]]) -> dict[str, tuple[Rate, Rate]]:
    """Return false accepts and false rejects at one threshold for each group of people.

    Args:
        groups: by name, bool (people,): who belongs to it, as the people said themselves.
    """
    return {
        name: Errors(errors.thresholds, errors.accepts[inside], errors.rejects[inside]).at(threshold)
        for name, inside in groups.items()
        if inside.any()
    }


@dataclass(frozen=True, eq=False)
class _Searched:
    mated_people: NDArray[np.int64]
    genuine: NDArray[np.float32]
    ranks: NDArray[np.int64]
    stranger_people: NDArray[np.int64]
    strangers: NDArray[np.float32]


def _search(faces: Faces, gallery: int, score: Scorer, random: np.random.Generator) -> _Searched:
    known = np.sort(random.permutation(faces.number)[:gallery])
    _, first = np.unique(faces.people, return_index=True)
    references = first[known]
    owner = np.full(faces.number, -1)
    owner[known] = np.arange(len(known))
    mated = np.flatnonzero((owner[faces.people] >= 0) & ~np.isin(np.arange(len(faces.people)), references))
    everybody = np.arange(len(faces.people))
    others = everybody if len(known) == faces.number else np.flatnonzero(owner[faces.people] < 0)
    genuine, ranks = [], []
    for part in _parts(mated):
        scores = score(faces.vectors[part], faces.vectors[references], np.full(len(part), -1))
        own = scores[np.arange(len(part)), owner[faces.people[part]]]
        genuine.append(own)
        ranks.append(1 + (scores > own[:, None]).sum(axis=1))
    best = [
        score(faces.vectors[part], faces.vectors[references], owner[faces.people[part]]).max(axis=1)
        for part in _parts(others)
    ]
    empty = np.zeros(0, np.float32)
    return _Searched(
        faces.people[mated],
        np.concatenate(genuine) if genuine else empty,
        np.concatenate(ranks) if ranks else np.zeros(0, np.int64),
        faces.people[others],
        np.concatenate(best) if best else empty,
    )


def _histogram(counts: NDArray[np.generic], edges: Floats) -> list[list[float]]:
    shares = np.asarray(counts, float) / max(float(np.sum(counts)), 1.0)
    return [[round(float(low), 4), round(float(share), 6)] for low, share in zip(edges, shares, strict=False)]


def _parts(rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return [rows[start : start + _ROWS_AT_ONCE] for start in range(0, len(rows), _ROWS_AT_ONCE)]


def _pair_thresholds(faces: Faces) -> Floats:
    """Return thresholds that sample both kinds of pairs; of the strangers' a fixed part is enough."""
    strangers = []
    for part in _parts(np.arange(len(faces.people))):
        scores = faces.vectors[part] @ faces.vectors.T
        strangers.append(scores[faces.people[part][:, None] != faces.people].astype(np.float32))
    one, two = _genuine_pairs(faces)
    genuine = np.einsum("ij,ij->i", faces.vectors[one], faces.vectors[two])
    return thresholds_of(np.concatenate(strangers), genuine)


def _by_person(
    number: int, found: Sequence[tuple[NDArray[np.int64], NDArray[np.float32]]], thresholds: Floats
) -> Floats:
    people = np.concatenate([owners for owners, _ in found])
    scores = np.concatenate([values for _, values in found])
    table = np.full((number, len(thresholds)), np.nan)
    for person in np.unique(people):
        table[person] = share_reaching(scores[people == person], thresholds)
    return table


def _means(number: int, people: NDArray[np.int64], values: Floats) -> Floats:
    counts = np.bincount(people, minlength=number)
    with np.errstate(invalid="ignore"):
        means: Floats = np.bincount(people, weights=values, minlength=number) / counts
    return means


def _genuine_pairs(faces: Faces) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    ones, twos = [], []
    for person in np.flatnonzero(np.bincount(faces.people) > 1):
        own = np.flatnonzero(faces.people == person)
        a, b = np.triu_indices(len(own), 1)
        ones.append(own[a])
        twos.append(own[b])
    none = np.zeros(0, np.int64)
    return np.concatenate([none, *ones]), np.concatenate([none, *twos])


def _highest_strangers(faces: Faces, number: int) -> list[Pair]:
    found = []
    for part in _parts(np.arange(len(faces.people))):
        scores = faces.vectors[part] @ faces.vectors.T
        scores[faces.people[part][:, None] == faces.people] = -np.inf
        keep = min(8 * number, scores.size)
        for flat in np.argpartition(scores.ravel(), -keep)[-keep:]:
            row, column = divmod(int(flat), len(faces.people))
            found.append(Pair(int(part[row]), column, float(scores[row, column])))
    return found
