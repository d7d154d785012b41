# SPDX-License-Identifier: Apache-2.0
"""Who is who in a photo: claims from manifests, metadata and folders, held against the detected faces.

A claim routes a face to a subject, or to a reviewer where it is ambiguous. It never authorises anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from countenance.ids import SubjectId
from countenance.model.face import Box
from countenance.model.source import Attribution

# Programs draw face regions differently: some around the head, some around the features. A region means
# a face when it covers at least half of the smaller of the two boxes.
_MIN_OVERLAP = 0.5


@dataclass(frozen=True)
class Claim:
    """Somebody says that this subject is in this photo.

    Attributes:
        box: where, in full-size pixels; None where the claim is about the whole photo.
    """

    subject: SubjectId
    by: Attribution
    box: Box | None = None


@dataclass(frozen=True)
class Verdict:
    """What the claims say of one face.

    Attributes:
        subject: whom they mean; None for a bystander or where they contradict each other.
        by: who said so.
        doubt: why a reviewer must decide; None where the claims are clear.
    """

    subject: SubjectId | None = None
    by: Attribution | None = None
    doubt: str | None = None


BYSTANDER = Verdict()


def attribute(faces: Sequence[Box], claims: Sequence[Claim]) -> list[Verdict]:
    """Return one verdict per face, in order.

    A claim with a box means the face that it covers. A claim without one means the only face of the photo;
    where there are several, each of those that no box has claimed waits for a reviewer. Nobody is in a photo
    twice: where boxes place one subject on several faces, each of them waits.
    """
    located: dict[int, list[Claim]] = {}
    whole = [claim for claim in claims if claim.box is None]
    for claim in claims:
        for number in _meant(faces, claim.box):
            located.setdefault(number, []).append(claim)
    placed = Counter(subject for held in located.values() for subject in {claim.subject for claim in held})
    whole = [claim for claim in whole if claim.subject not in placed]
    verdicts = []
    for number in range(len(faces)):
        if number in located:
            verdict = _agreed(located[number])
            twice = verdict.subject is not None and placed[verdict.subject] > 1
            verdicts.append(replace(verdict, by=None, doubt="several_faces") if twice else verdict)
        elif whole and len(faces) == 1:
            verdicts.append(_agreed([Claim(c.subject, Attribution.SOLE_FACE) for c in whole]))
        elif whole:
            only = {claim.subject for claim in whole}
            verdicts.append(Verdict(only.pop() if len(only) == 1 else None, None, "several_faces"))
        else:
            verdicts.append(BYSTANDER)
    return verdicts


def unplaced(faces: Sequence[Box], claims: Sequence[Claim]) -> int:
    """Return how many claims mean no face at all: their box covers none, or the photo shows none."""
    return sum(not (faces if claim.box is None else _meant(faces, claim.box)) for claim in claims)


def _agreed(claims: Sequence[Claim]) -> Verdict:
    subjects = {claim.subject for claim in claims}
    if len(subjects) > 1:
        return Verdict(doubt="claims_differ")
    return Verdict(claims[0].subject, claims[0].by)


def _meant(faces: Sequence[Box], box: Box | None) -> list[int]:
    if box is None:
        return []
    return [number for number, face in enumerate(faces) if overlap(face, box) >= _MIN_OVERLAP]


def overlap(a: Box, b: Box) -> float:
    """Return how much of the smaller box lies in the other, in [0, 1]."""
    common = Box(max(a.left, b.left), max(a.top, b.top), min(a.right, b.right), min(a.bottom, b.bottom))
    if common.width <= 0 or common.height <= 0:
        return 0.0
    return common.area / max(min(a.area, b.area), 1e-9)
