# SPDX-License-Identifier: Apache-2.0
"""Answers of searches as JSON: what `services.answers` lets out, and nothing beside it."""

from __future__ import annotations

import base64
from datetime import date, datetime

from pydantic import BaseModel, Field

from countenance.ids import SearchId
from countenance.model.purpose import Purpose
from countenance.model.review import ReviewState, Verdict
from countenance.model.search import Authorisation, ProbeBasis
from countenance.model.threshold import Estimate
from countenance.services.answers import Answer, Entry, Seen


class EstimateOut(BaseModel):
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float
    extrapolated: bool = Field(description="It rests on a fitted tail, not on people seen.")


class ThresholdOut(BaseModel):
    """The score that makes a candidate, and what was promised with it."""

    value: float
    low: float
    high: float
    fpir: float = Field(description="Share of searches for a stranger that may still return somebody.")
    gallery: int = Field(description="References that this client could search for this purpose.")
    extrapolated: bool
    evaluation: str = Field(description="The measurement that it comes from.")


class PhotoSourceOut(BaseModel):
    """Where a photo came from."""

    id: str
    name: str
    capture_place: str | None


class ReviewOut(BaseModel):
    """One person's look at a candidate."""

    by: str = Field(description="Account.")
    at: datetime
    verdict: Verdict | None = Field(description="Null while it is sealed from the caller.")


class CandidateOut(BaseModel):
    """Somebody whom the probe may show; whether it does, people decide."""

    rank: int
    subject: str
    score: float = Field(description="Identification score, rounded; not a probability.")
    threshold: float | None
    chance: EstimateOut | None = Field(description="Strangers to be expected at this score in this gallery.")
    sources: list[PhotoSourceOut]
    taken_on: date | None = Field(description="When the photo was taken, as the camera stated it.")
    photo_since: datetime = Field(description="When the photo came here.")
    face_px: int = Field(description="Width of the face in the stored preview.")
    crop: str = Field(description="Path of the face's picture.")
    reviews_needed: int
    reviews: list[ReviewOut]
    state: ReviewState


class AnswerOut(BaseModel):
    """The answer to a search; no candidates is nobody."""

    search: str
    at: datetime
    operator: str = Field(description="The account that searched.")
    purpose: Purpose
    case: str | None
    basis: ProbeBasis
    mode: str
    outcome: str
    threshold: ThresholdOut
    candidates: list[CandidateOut]
    authorisation: Authorisation
    authorisation_due: datetime | None
    probe_crop: str | None = Field(description="JPEG in Base64 of the searched face; only in the first answer.")


class EntryOut(BaseModel):
    """A search in the list."""

    search: str
    at: datetime
    operator: str
    purpose: Purpose
    case: str | None
    mode: str
    outcome: str
    reviews: dict[ReviewState, int] = Field(description="How many candidates are in which state of review.")


def candidate_out(search: SearchId, seen: Seen) -> CandidateOut:
    """Return a candidate as JSON has it."""
    held = seen.held
    return CandidateOut(
        rank=seen.rank,
        subject=held.subject,
        score=seen.score,
        threshold=seen.threshold,
        chance=None if seen.chance is None else _estimate(seen.chance),
        sources=[PhotoSourceOut(id=one.id, name=one.name, capture_place=one.capture_place) for one in seen.sources],
        taken_on=seen.taken_on,
        photo_since=seen.photo_since,
        face_px=seen.face_px,
        crop=f"/api/v1/searches/{search}/candidates/{held.subject}/crop",
        reviews_needed=held.needed,
        reviews=[ReviewOut(by=one.by, at=one.at, verdict=one.verdict) for one in held.reviews],
        state=held.state,
    )


def answer_out(answer: Answer) -> AnswerOut:
    """Return an answer as JSON has it."""
    search, threshold = answer.search, answer.search.threshold.shown()
    return AnswerOut(
        search=search.id,
        at=search.at,
        operator=search.operator,
        purpose=search.purpose,
        case=search.case,
        basis=search.basis,
        mode=search.mode,
        outcome=answer.outcome,
        threshold=ThresholdOut(
            value=threshold.value,
            low=threshold.low,
            high=threshold.high,
            fpir=threshold.fpir,
            gallery=threshold.gallery,
            extrapolated=threshold.extrapolated,
            evaluation=threshold.evaluation,
        ),
        candidates=[candidate_out(search.id, one) for one in answer.candidates],
        authorisation=answer.authorisation,
        authorisation_due=answer.due_at,
        probe_crop=base64.b64encode(answer.probe).decode() or None,
    )


def entry_out(entry: Entry) -> EntryOut:
    """Return a search of the list as JSON has it."""
    search = entry.search
    return EntryOut(
        search=search.id,
        at=search.at,
        operator=search.operator,
        purpose=search.purpose,
        case=search.case,
        mode=search.mode,
        outcome=entry.outcome,
        reviews=entry.states,
    )


def _estimate(one: Estimate) -> EstimateOut:
    return EstimateOut(value=one.value, low=one.low, high=one.high, extrapolated=one.extrapolated)
