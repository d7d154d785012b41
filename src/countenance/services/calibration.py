# SPDX-License-Identifier: Apache-2.0
"""Calibrate: measure how high strangers score under the encoder in use, and explain the thresholds that follow.

It is measured on a data set, whose people are bystanders here (`services.dataset`), or on the gallery itself, on the
references of people whose release names the purpose `evaluation`. What is kept are shares over all people. A
calibration from the gallery is an artefact of these people: once one of them is destroyed, it loads no more.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from countenance import canonical
from countenance.errors import BadDataset, Refused
from countenance.ids import ClientId, SourceId, SubjectId, new_id
from countenance.model.event import EventTag
from countenance.model.lineage import ArtefactKind
from countenance.model.purpose import Purpose
from countenance.model.threshold import Estimate, Threshold
from countenance.policy.engine import Measurement, deny_measurement
from countenance.policy.permit import Deny
from countenance.ports.vision import FacePack
from countenance.services.dataset import DataSets, Progress
from countenance.services.gallery import LiveGallery
from countenance.services.law import LawBook
from countenance.services.lineage import Lineage
from countenance.services.tails import tail_in_use
from countenance.store import calibrations as rows
from countenance.store import clients as client_rows
from countenance.store import photos as photo_rows
from countenance.store import subjects as subject_rows
from countenance.store.records import Records, Transaction
from countenance.vision import impostors
from countenance.vision.calibration import Tail
from countenance.vision.impostors import FEWEST, SUPPORT, People

SIZES = (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 100_000, 1_000_000)
"""Sizes of gallery for which a threshold is explained beside the one asked for."""
_WHY = f"a rate of one search in a hundred is seen only where about {SUPPORT} people reach it"
_FROM_GALLERY = "references of this gallery whose releases name the purpose evaluation"


@dataclass(frozen=True)
class Calibrated:
    """A finished calibration.

    Attributes:
        people, photos: what it was measured on.
        sha256: of its document, by which its lineage is known.
    """

    id: str
    tail: Tail
    people: int
    photos: int
    sha256: str


@dataclass(frozen=True)
class Cost:
    """What a target costs in a gallery of one size.

    Attributes:
        fnir: share of searches that miss somebody who is in it by one reference; None where it was not measured.
    """

    gallery: int
    threshold: Threshold
    fnir: float | None


@dataclass(frozen=True)
class Explanation:
    """A threshold with where it comes from.

    Attributes:
        asked: at the size that was asked for, or that is searched at this moment.
        chance: strangers to expect at that threshold or above.
        others: the same target in galleries of other sizes.
    """

    asked: Cost
    chance: Estimate
    others: tuple[Cost, ...]
    tail: Tail


class Calibrations:
    """The verbs `from_data_set`, `from_gallery` and `explain`."""

    def __init__(
        self,
        records: Records,
        law: LawBook,
        datasets: DataSets,
        pack: Callable[[], FacePack],
        gallery: LiveGallery,
        lineage: Lineage,
    ) -> None:
        self._records = records
        self._law = law
        self._datasets = datasets
        self._pack = pack
        self._gallery = gallery
        self._lineage = lineage

    def from_data_set(
        self, folder: Path, source: SourceId, *, same: Path | None = None, progress: Progress | None = None
    ) -> Calibrated:
        """Measure on a data set; it sets the thresholds of the encoder in use from then on.

        Args:
            folder, source, same: as `DataSets.encoded`.
            progress: called with photos, then with steps of the measurement, done and in all.

        Raises:
            NotFound, Refused, BadDataset: as `DataSets.encoded`, or there are too few people.
        """
        with self._datasets.encoded(folder, source, same=same, progress=progress) as data:
            found = impostors.people(data.faces.vectors, data.faces.people)
            name = {"name": f"data set of source {source}", "sha256": data.sha256, "missed": len(data.missed)}
            document = self._measured(found, name, progress)
            return self._keep(document, found, origin=source, subjects=frozenset())

    def from_gallery(self, *, progress: Progress | None = None) -> Calibrated:
        """Measure on the references of everybody whose release allows it; nobody is encoded for it.

        Raises:
            Refused: too few releases name the purpose `evaluation` as the law wants it; logged.
        """
        encoder = self._pack().encoder
        with self._records.read() as work:
            allowed, denial = self._allowed(work)
            everyone = photo_rows.reference_subjects(work, encoder.digest)
            wanted = {reference for reference, subject in everyone.items() if subject in allowed}
            people = {everyone[reference] for reference in wanted}
            if len(people) >= FEWEST:
                ids, vectors = photo_rows.vectors(work, encoder.digest, encoder.dim, wanted)
        if len(people) < FEWEST:
            self._refuse(len(people), denial)
        try:
            owners = np.array([everyone[one] for one in ids])
            found = impostors.people(vectors, owners)
            document = self._measured(found, {"name": _FROM_GALLERY, "missed": 0}, progress)
            return self._keep(document, found, origin="gallery", subjects=frozenset(people))
        finally:
            vectors.fill(0.0)

    def explain(
        self,
        fpir: float,
        *,
        gallery: int | None = None,
        client: ClientId | None = None,
        purpose: Purpose | None = None,
    ) -> Explanation:
        """Return the threshold for a target, and what it rests on.

        Args:
            gallery: references; by default those that client and purpose may search at this moment, or all.

        Raises:
            NotFound: no such client.
            ModelError: the encoder was never measured.
        """
        encoder = self._pack().encoder
        with self._records.read() as work:
            tail = tail_in_use(work, encoder.digest)
            if gallery is None and client is not None and purpose is not None:
                gallery = self._gallery.view(work, encoder, client_rows.get(work, client), purpose).size
            elif gallery is None:
                gallery = self._gallery.consenting(work, encoder).size
        asked = _cost(tail, fpir, gallery)
        return Explanation(
            asked,
            tail.chance_candidates(asked.threshold.value, gallery),
            tuple(_cost(tail, fpir, size) for size in SIZES),
            tail,
        )

    def _allowed(self, work: Transaction) -> tuple[frozenset[SubjectId], Deny | None]:
        """Return whose references may be measured, and one reason why others' may not."""
        found, denial = set(), None
        people = {one.id: one for one in subject_rows.everyone(work)}
        for subject, signed in subject_rows.releases(work).items():
            person = people[subject]
            law = self._law.of_subject(person, now=work.now)
            denials = [deny_measurement(Measurement(work.now, person, release), law) for release in signed]
            if None in denials:
                found.add(subject)
            else:
                denial = denials[-1] if denials else denial
        return frozenset(found), denial

    def _refuse(self, people: int, denial: Deny | None) -> None:
        law = self._law.of_bystander([])
        with self._records.write() as work:
            work.log(EventTag.CALIBRATION_DENIED, rule="evaluation.consent", people=people)
        reason = f"; of somebody else: {denial.reason}" if denial is not None else ""
        raise Refused(
            "evaluation.consent",
            f"references of {people} people may be measured, and {FEWEST} are needed: {_WHY}. Ask people for a release "
            f"of the purpose evaluation, or calibrate on a data set (`countenance calibrate DATASET --source`){reason}",
            law.cite("consent.separate_for"),
        )

    def _measured(self, data: People, name: dict[str, Any], progress: Progress | None) -> dict[str, Any]:
        if data.count < FEWEST:
            raise BadDataset(
                f"faces of {data.count} people can be used, and {FEWEST} are needed: {_WHY}; thousands are better"
            )
        pack = self._pack()
        head = {"pack": pack.name, "encoder": pack.encoder.digest, "data": name}
        return impostors.measured(data, head, date=self._records.clock.now().date().isoformat(), progress=progress)

    def _keep(
        self, document: dict[str, Any], data: People, *, origin: str, subjects: frozenset[SubjectId]
    ) -> Calibrated:
        text = json.dumps({**document, "calibration": (one := new_id("cal"))}, sort_keys=True)
        sha256 = canonical.sha256(text.encode())
        self._lineage.record(ArtefactKind.CALIBRATION, sha256, subjects)
        with self._records.write() as work:
            rows.add(work, one, document["encoder"], sha256, text)
            work.log(
                EventTag.CALIBRATION_MADE,
                calibration=one,
                encoder=document["encoder"],
                evaluation=document["evaluation"],
                origin=origin,
                people=data.count,
                photos=len(data.vectors),
                sha256=sha256,
            )
            tail = tail_in_use(work, document["encoder"])
        return Calibrated(one, tail, data.count, len(data.vectors), sha256)


def _cost(tail: Tail, fpir: float, gallery: int) -> Cost:
    threshold = tail.threshold(fpir, gallery)
    return Cost(gallery, threshold, tail.fnir(threshold.value, gallery))
