# SPDX-License-Identifier: Apache-2.0
"""Measure the face pack in use on a data set: how often it errs, with intervals, at this program's own thresholds.

What is kept is an evaluation run: rates, thresholds, digests. Names of people and photos stand only in the report that
the caller gets, for whoever holds the data set.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from countenance import __version__, canonical
from countenance.errors import BadDataset, BadPhoto, ModelError
from countenance.ids import SourceId
from countenance.model.event import EventTag
from countenance.ports.photos import PhotoReader
from countenance.ports.vision import FacePack
from countenance.services.dataset import DataSet, DataSets, Progress
from countenance.services.pairs import ListedPair, read_pairs
from countenance.services.tails import tail_in_use
from countenance.store import evaluations as rows
from countenance.store.evaluations import EvaluationRun
from countenance.store.records import Records, Transaction
from countenance.vision import evaluation, impostors
from countenance.vision.calibration import Tail
from countenance.vision.error_rates import Errors, Rate
from countenance.vision.evaluation import Pair

PROTOCOLS = ("folder", "identification", "lfw-pairs")
GALLERIES = (100, 1000)
TARGETS = (0.1, 0.01, 0.003, 0.001)
_MATCH_RATES = (0.1, 0.01, 0.001, 0.0001)
_CURVE_POINTS = 120
_BINS = 400
_DISCARDS = tuple(share / 100 for share in range(0, 55, 5))
_WORST = 12
_THUMBNAIL_PX = 112


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes:
        protocol: `folder` compares all photos and searches; `identification` searches; `lfw-pairs` takes given pairs.
        pairs: file of pairs, for `lfw-pairs`; with `folder` it is measured beside the rest.
        same: names that are one person; see `services.dataset`.
        groups: CSV of person and group, as the people said themselves.
        galleries: sizes in people; the whole data set comes on top.
    """

    protocol: str = "folder"
    pairs: Path | None = None
    same: Path | None = None
    groups: Path | None = None
    galleries: tuple[int, ...] = GALLERIES


@dataclass(frozen=True)
class WorstPair:
    """A pair that the encoder got most wrong; thumbnails are JPEG, empty where a photo is gone."""

    photos: tuple[str, str]
    score: float
    thumbnails: tuple[bytes, bytes] = field(repr=False)


@dataclass(frozen=True)
class Report:
    """A run, and the pairs to look at, which are not kept here."""

    run: EvaluationRun
    misses: tuple[WorstPair, ...]
    mistaken: tuple[WorstPair, ...]


class Evaluations:
    """The verb `run` on data sets."""

    def __init__(self, records: Records, datasets: DataSets, reader: PhotoReader, pack: Callable[[], FacePack]) -> None:
        self._records = records
        self._datasets = datasets
        self._reader = reader
        self._pack = pack

    def run(self, folder: Path, source: SourceId, plan: Plan, *, progress: Progress | None = None) -> Report:
        """Encode a data set in memory, measure, keep the rates, and forget the faces.

        Raises:
            BadDataset: no such protocol, or `lfw-pairs` without its file.
            NotFound, Refused, BadDataset: as `services.dataset`, or a list does not fit the data set.
        """
        if plan.protocol not in PROTOCOLS:
            raise BadDataset(f"no protocol is called {plan.protocol!r}; choose one of {', '.join(PROTOCOLS)}")
        if plan.protocol == "lfw-pairs" and plan.pairs is None:
            raise BadDataset("the protocol lfw-pairs needs the file of pairs (--pairs)")
        groups = {} if plan.groups is None else read_groups(plan.groups)
        listed = None if plan.pairs is None else read_pairs(plan.pairs)
        with self._datasets.encoded(folder, source, same=plan.same, progress=progress) as data:
            results = self._results(data, plan, groups, listed)
            misses, mistaken = evaluation.worst(data.faces, _WORST)
            kept = self._keep(source, data, results)
            return Report(kept, self._shown(data, misses), self._shown(data, mistaken))

    def _results(
        self,
        data: DataSet,
        plan: Plan,
        groups: Mapping[str, str],
        listed: Sequence[ListedPair] | None,
    ) -> dict[str, Any]:
        pack = self._pack()
        results: dict[str, Any] = {
            "program": __version__,
            "protocol": plan.protocol,
            "pack": pack.name,
            "encoder": pack.encoder.digest,
            "detector": pack.detector.digest,
            "dataset": {
                "sha256": data.sha256,
                "people": data.faces.number,
                "photos": len(data.photos),
                "left_out": dict(sorted(data.left_out.items())),
            },
        }
        if listed is not None:
            results["pairs"] = _pairs(data, listed)
        if plan.protocol == "folder":
            results |= _comparison(data, groups)
        if plan.protocol in ("folder", "identification"):
            sizes = sorted({size for size in plan.galleries if size < data.faces.number} | {data.faces.number})
            with self._records.read() as work:
                tail = _tail(work, pack.encoder.digest)
            score = scorer(tail.background if tail else impostors.background(data.faces.vectors, data.faces.people))
            found = [evaluation.identify(data.faces, size, score) for size in sizes]
            results["identification"] = [_identification(one, tail) for one in found]
        return results

    def _keep(self, source: SourceId, data: DataSet, results: dict[str, Any]) -> EvaluationRun:
        name = canonical.digest(json.dumps(results, sort_keys=True))
        with self._records.write() as work:
            run = EvaluationRun(name, work.now, results["encoder"], data.sha256, results)
            rows.add(work, run)
            work.log(
                EventTag.EVALUATION_RUN,
                evaluation=name,
                source=source,
                encoder=run.encoder,
                dataset=run.dataset,
                people=data.faces.number,
                photos=len(data.photos),
            )
        return run

    def _shown(self, data: DataSet, pairs: Sequence[Pair]) -> tuple[WorstPair, ...]:
        return tuple(
            WorstPair(
                (data.photos[pair.one], data.photos[pair.two]),
                pair.score,
                (self._thumbnail(data, pair.one), self._thumbnail(data, pair.two)),
            )
            for pair in pairs
        )

    def _thumbnail(self, data: DataSet, index: int) -> bytes:
        try:
            photo = self._reader.read((data.folder / data.photos[index]).read_bytes())
        except (OSError, BadPhoto):
            return b""  # it was there a moment ago; the report is worth more than the picture
        return self._reader.preview(photo.image, (), _THUMBNAIL_PX)


def scorer(background: float) -> evaluation.Scorer:
    """Return what gives identification scores; see `vision.evaluation.Scorer` and `vision.neighbourhood`."""
    held: list[tuple[NDArray[np.float32], impostors.Table]] = []

    def score(
        probes: NDArray[np.float32], references: NDArray[np.float32], absent: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        if not held or not np.array_equal(held[0][0], references):
            held[:] = [(references, impostors.Table(references, background))]
        scores = held[0][1].of(probes, absent)
        there = np.flatnonzero(absent >= 0)
        scores[there, absent[there]] = -np.inf
        return scores

    return score


def _tail(work: Transaction, encoder: str) -> Tail | None:
    """Return the tail in use; None for an encoder that was never calibrated, for which no threshold is promised."""
    try:
        return tail_in_use(work, encoder)
    except ModelError:
        return None


def read_groups(file: Path) -> dict[str, str]:
    """Return the group of each person, from a CSV with the columns person and group.

    Raises:
        BadDataset: it cannot be read, or lacks a column.
    """
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            table = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadDataset(f"{file} cannot be read: it is a CSV with the columns person and group") from error
    if not table or not {"person", "group"} <= table[0].keys():
        raise BadDataset(f"{file} needs a first line `person,group` and a line for each person")
    return {row["person"]: row["group"] for row in table if row["person"] and row["group"]}


def _comparison(data: DataSet, groups: Mapping[str, str]) -> dict[str, Any]:
    """Return FMR and FNMR over all pairs, histograms, error against discard, and the groups' rates."""
    errors = evaluation.compare(data.faces)
    at = {f"{rate:g}": errors.rejects_at(rate) for rate in _MATCH_RATES}
    threshold = at["0.001"][0]
    genuine, strangers = evaluation.histograms(data.faces, _BINS)
    found: dict[str, Any] = {
        "verification": {
            "fnmr_at_fmr": {rate: {"threshold": _short(t), "fnmr": _rate(r)} for rate, (t, r) in at.items()},
            "curve": _curve(errors),
            "histogram": {"genuine": genuine, "strangers": strangers},
        },
        "discard": {
            "threshold": _short(threshold),
            "fnmr": {
                name: [[share, _short(left)] for share, left in curve]
                for name, curve in evaluation.discard(data.faces, threshold, _DISCARDS).items()
            },
        },
    }
    if groups:
        members = {
            group: np.array([groups.get(name) == group for name in data.names]) for group in sorted({*groups.values()})
        }
        found["groups"] = {
            "threshold": _short(threshold),
            "rates": {
                name: {"people": int(members[name].sum()), "fmr": _rate(accepts), "fnmr": _rate(rejects)}
                for name, (accepts, rejects) in evaluation.by_group(errors, threshold, members).items()
            },
        }
    return found


def _pairs(data: DataSet, listed: Sequence[ListedPair]) -> dict[str, Any]:
    """Return the accuracy on those of the listed pairs whose photos are there; one without a face scores lowest."""
    row = {_stem(photo): index for index, photo in enumerate(data.photos)}
    there = row.keys() | {_stem(photo) for photo in data.missed}
    present = [pair for pair in listed if pair[1] in there and pair[2] in there]
    if not present:
        raise BadDataset("none of the listed pairs is in the data set")
    vectors = data.faces.vectors
    scores = [
        float(vectors[row[one]] @ vectors[row[two]]) if one in row and two in row else -np.inf
        for _, one, two, _ in present
    ]
    folds, same = np.array([pair[0] for pair in present]), np.array([pair[3] for pair in present])
    accuracy, each = evaluation.pairs(np.array(scores), same, folds)
    return {
        "accuracy": _rate(accuracy),
        "folds": [_short(one) for one in each],
        "pairs": len(present),
        "absent": len(listed) - len(present),
        "without_face": int((~np.isfinite(scores)).sum()),
    }


def _stem(photo: str) -> str:
    return photo.rsplit(".", 1)[0]


def _identification(found: evaluation.Identification, tail: Tail | None) -> dict[str, Any]:
    result: dict[str, Any] = {
        "gallery": found.gallery,
        "ranks": {str(rank): _rate(rate) for rank, rate in found.ranks.items()},
        "fnir_at_fpir": {},
        "promised": {},
        "curve": _curve(found.errors),
    }
    for target in TARGETS:
        threshold, rate = found.errors.rejects_at(target)
        result["fnir_at_fpir"][f"{target:g}"] = {"threshold": _short(threshold), "fnir": _rate(rate)}
    if tail is None:
        return result
    for target in TARGETS:
        promised = tail.threshold(target, found.gallery)
        fpir, fnir = found.errors.at(promised.value)
        result["promised"][f"{target:g}"] = {
            "threshold": _short(promised.value),
            "extrapolated": promised.extrapolated,
            "fpir": _rate(fpir),
            "fnir": _rate(fnir),
        }
    return result


def _curve(errors: Errors) -> list[list[float]]:
    """Return so many of the curve's points that a drawing needs."""
    points = errors.curve()
    picked = sorted({round(number) for number in np.linspace(0, len(points) - 1, _CURVE_POINTS)})
    return [[_short(value) for value in points[index]] for index in picked]


def _rate(rate: Rate) -> list[float]:
    return [_short(value) for value in rate]


def _short(value: float) -> float:
    return float(f"{value:.5g}")
