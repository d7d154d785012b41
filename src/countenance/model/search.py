# SPDX-License-Identifier: Apache-2.0
"""Searches and their answers. A match is a human decision; a search returns candidates."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from countenance.ids import PhotoId, ReferenceId, SearchId, SubjectId
from countenance.model.threshold import Estimate, Threshold


class ProbeBasis(StrEnum):
    """On what ground the searched face may be encoded at all."""

    SUBJECT_PRESENT = "subject_present"
    """The person in the probe asked for the search and is there."""
    ATTESTED = "attested_basis"
    """The client attests another basis; most law files refuse it."""


class Authorisation(StrEnum):
    """What a law enforcement client has to show for one search."""

    NONE = "none"
    GIVEN = "given"
    """A warrant, a judge's or an authority's decision; its reference is recorded."""
    PENDING = "pending"
    """It was asked for; refused or too late, the search and what came of it are destroyed."""


@dataclass(frozen=True)
class Candidate:
    """One subject that the search found, by its best reference.

    Attributes:
        rank: 1 is best; among equal scores by subject, so that the order says no more than the scores do.
        score: the identification score (`vision.neighbourhood`), at most 1, higher is more alike; not a probability.
            Rounded, like threshold and chance (`model.threshold`).
        threshold: the score that this subject's law and the client's target asked for.
        chance_candidates: how many strangers are to be expected at this score or above in this gallery.
        confirmations: how many people the law wants to confirm it before anything is done on it.
    """

    rank: int
    subject: SubjectId
    reference: ReferenceId
    photo: PhotoId
    score: float
    threshold: float
    chance_candidates: Estimate
    confirmations: int = 1


@dataclass(frozen=True)
class SearchResult:
    """The answer to one probe; an empty candidate list means nobody.

    Attributes:
        gallery: references that this client and purpose may see at this moment.
        threshold: for the client's FPIR at that size.
        searched_s: seconds spent on comparing.
        probe: JPEG of the searched face, aligned as the encoder got it: for whoever compares it with candidates by
            eye. It lives as long as the answer and is stored nowhere.
    """

    id: SearchId
    candidates: tuple[Candidate, ...]
    threshold: Threshold
    gallery: int
    searched_s: float
    probe: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Verification:
    """The answer to a one-to-one comparison; score and threshold are cosines.

    Attributes:
        score: rounded (`shown_score`), like the threshold.
        above: whether the exact score reaches the exact threshold.
    """

    id: SearchId
    score: float
    threshold: Threshold
    above: bool
