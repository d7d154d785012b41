# SPDX-License-Identifier: Apache-2.0
"""Ranking in a gallery gives what the definition of the score gives over the whole view."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from countenance.ids import ReferenceId, SubjectId
from countenance.model.faceprint import Faceprint
from countenance.services import ranking
from countenance.services.gallery import Hit
from countenance.services.ranking import ranked
from countenance.vision.neighbourhood import identification, surroundings

BACKGROUND = 0.05


class Shelf:
    """What `ranked` needs of a live gallery: references (person, vector) of one view."""

    def __init__(self, people: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        self.people, self.vectors, self.scans = people, vectors, 0

    def nearest(self, probe: Faceprint, _view: object, people: int) -> list[Hit]:
        self.scans += 1
        best: dict[int, Hit] = {}
        scores = self.vectors @ probe.vector
        for row in sorted(range(len(scores)), key=lambda one: (-scores[one], one)):
            person = int(self.people[row])
            best.setdefault(person, Hit(ReferenceId(f"ref_{row:03}"), SubjectId(f"sub_{person}"), float(scores[row])))
        return list(best.values())[:people]

    def faceprints(self, hits: Sequence[Hit]) -> tuple[list[Hit], NDArray[np.float32]]:
        return list(hits), self.vectors[[int(hit.reference[4:]) for hit in hits]]


def shelf(seed: int, people: int, photos: int, dim: int = 6) -> tuple[Shelf, Faceprint]:
    random = np.random.default_rng(seed)
    owners = np.repeat(np.arange(people), photos)
    vectors = np.repeat(random.normal(size=(people, dim)), photos, axis=0) + 0.3 * random.normal(
        size=(len(owners), dim)
    )
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    probe = vectors[0] + 0.2 * random.normal(size=dim)
    return Shelf(owners, vectors.astype(np.float32)), Faceprint((probe / np.linalg.norm(probe)).astype(np.float32), "e")


def plainly(held: Shelf, probe: Faceprint, minimum: float) -> dict[str, float]:
    """Return the score of everybody who reaches the minimum, by plain loops over all references."""
    everyone = sorted(set(held.people.tolist()))

    def best(vector: NDArray[np.float32], person: int) -> tuple[float, int]:
        rows = np.flatnonzero(held.people == person)
        scores = held.vectors[rows] @ vector
        return float(scores.max()), int(rows[scores.argmax()])

    found = {}
    for person in everyone:
        cosine, row = best(probe.vector, person)
        near = sorted((best(probe.vector, one)[0] for one in everyone if one != person), reverse=True)
        around = sorted((best(held.vectors[row], one)[0] for one in everyone if one != person), reverse=True)
        score = identification(cosine, surroundings(near, BACKGROUND), surroundings(around, BACKGROUND))
        if score >= minimum:
            found[f"sub_{person}"] = score
    return found


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), people=st.integers(1, 60), photos=st.integers(1, 3))
def test_the_ranking_is_that_of_the_definition(seed: int, people: int, photos: int) -> None:
    """Whoever reaches the threshold by the definition is found, with that score, and nobody else."""
    held, probe = shelf(seed, people, photos)
    for minimum in (0.2, 0.5):
        found = ranked(held, probe, object(), minimum, BACKGROUND)  # type: ignore[arg-type]
        assert {one.subject: one.score for one in found} == pytest.approx(plainly(held, probe, minimum), abs=2e-6)
        assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_the_order_in_which_people_came_does_not_matter() -> None:
    """The same references in another order give the same people and scores."""
    held, probe = shelf(5, 40, 2)
    order = np.random.default_rng(1).permutation(len(held.people))
    other = Shelf(held.people[order], held.vectors[order])
    one, two = (ranked(here, probe, object(), 0.1, BACKGROUND) for here in (held, other))  # type: ignore[arg-type]
    assert {x.subject: x.score for x in one} == pytest.approx({x.subject: x.score for x in two}, abs=1e-6)


def test_another_photo_of_the_same_person_never_counts_against_that_person() -> None:
    """With a second, equal reference of the candidate the score stays as it was."""
    held, probe = shelf(7, 30, 1)
    twice = Shelf(np.append(held.people, 0), np.vstack([held.vectors, held.vectors[:1]]))
    one, two = (ranked(here, probe, object(), -1.0, BACKGROUND) for here in (held, twice))  # type: ignore[arg-type]
    scores = [next(x.score for x in found if x.subject == "sub_0") for found in (one, two)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-6)


def test_whoever_cannot_pass_costs_no_scan() -> None:
    """The neighbourhood of a candidate is looked at only where a bound leaves it a chance."""
    held, probe = shelf(11, 60, 1, dim=24)
    found = ranked(held, probe, object(), 0.5, BACKGROUND)  # type: ignore[arg-type]
    assert [one.subject for one in found] == ["sub_0"]
    assert held.scans <= 3 < ranking.LISTED
