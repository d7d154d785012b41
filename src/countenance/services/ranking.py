# SPDX-License-Identifier: Apache-2.0
"""Whom a probe may show: the nearest people of a view, by identification score (`vision.neighbourhood`).

One scan lists the people nearest to the probe. For each of them who could reach the lowest threshold, one more scan
of the same view finds the neighbourhood of the candidate's own reference. Who could is decided by a bound that holds:
people of the list are neighbours too, and their mean cosine with the candidate is at most that of the nearest ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from countenance.ids import ReferenceId, SubjectId
from countenance.model.faceprint import Faceprint
from countenance.services.gallery import Hit, LiveGallery, View
from countenance.vision.neighbourhood import NEIGHBOURS, identification, surroundings

LISTED = 16
"""People whom a list begins with. It grows while the last of it is a candidate; the others are further away."""


class Scored(NamedTuple):
    """A person whom the probe may show, by the best reference."""

    reference: ReferenceId
    subject: SubjectId
    score: float


def ranked(gallery: LiveGallery, probe: Faceprint, view: View, minimum: float, background: float) -> list[Scored]:
    """Return the people of a view whose identification score is at least `minimum`, best first.

    Args:
        minimum: the lowest threshold of anybody in the view.
        background: of the encoder's tail; stands for neighbours that a small view lacks.

    Raises:
        MixedEncoders: the probe comes from another encoder than the gallery.
    """
    wanted = LISTED
    while True:
        hits = gallery.nearest(probe, view, wanted)
        found = _scored(gallery, probe.encoder, hits, view, minimum, background)
        last_counts = bool(hits) and any(one.subject == hits[-1].subject for one in found)
        if len(hits) < wanted or not last_counts:
            return sorted(found, key=lambda one: (-one.score, one.reference))
        wanted *= 4


def _scored(
    gallery: LiveGallery, encoder: str, hits: Sequence[Hit], view: View, minimum: float, background: float
) -> list[Scored]:
    hits, rows = gallery.faceprints(hits)  # whoever was removed since the scan is shown to nobody any more
    cosines = [hit.score for hit in hits[: NEIGHBOURS + 1]]
    found: list[Scored] = []
    try:
        for place, hit in enumerate(hits):
            around_probe = surroundings([*cosines[:place], *cosines[place + 1 :]], background)
            # One row at a time: a product of matrices would leave copies of rows in the buffers of BLAS.
            alike = (rows @ rows[place]).tolist()
            listed = sorted([*alike[:place], *alike[place + 1 :]], reverse=True)
            # A float32 sum may come out a little higher in another order.
            if identification(hit.score, around_probe, surroundings(listed, -1.0) - 1e-5) < minimum:
                continue
            around = gallery.nearest(Faceprint(rows[place], encoder), view, NEIGHBOURS + 1)
            others = [near.score for near in around if near.subject != hit.subject]
            score = identification(hit.score, around_probe, surroundings(others, background))
            if score >= minimum:
                found.append(Scored(hit.reference, hit.subject, score))
    finally:
        rows.fill(0.0)
    return found
