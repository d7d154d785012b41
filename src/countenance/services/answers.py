# SPDX-License-Identifier: Apache-2.0
"""Answers as their client may see them: whom of a search's candidates, at this moment, and with what beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from countenance.errors import ModelError
from countenance.ids import SearchId, SourceId
from countenance.model.review import ReviewState
from countenance.model.search import Authorisation
from countenance.model.source import FaceRecord
from countenance.model.threshold import Estimate, shown_score
from countenance.services.crops import width_in_preview
from countenance.services.gallery import LiveGallery, View
from countenance.services.tails import tail_in_use
from countenance.store import photos as photo_rows
from countenance.store import results as result_rows
from countenance.store import searches as rows
from countenance.store.records import Transaction
from countenance.store.results import Held
from countenance.store.searches import StoredCandidate, StoredSearch
from countenance.vision.calibration import Tail
from countenance.vision.score_curves import ScoreCurves, of_pairs, of_searches


@dataclass(frozen=True)
class SourceNote:
    """What a client is told of where a photo came from: not on what permission, nor by whom."""

    id: SourceId
    name: str
    capture_place: str | None


@dataclass(frozen=True)
class Seen:
    """A candidate that may be shown now.

    Attributes:
        rank: among those that may be shown.
        score, threshold: rounded; the threshold is None in searches from before it was kept.
        chance: how many strangers are to be expected at this score, as the answer said; rounded too.
        held: how many people must look at it, and what they said.
        sources: of the photo; those whose permission was withdrawn are left out.
        taken_on: the day when the photo was taken, as the camera stated it; None where it did not.
        photo_since: when the photo came here.
        face_px: how wide the face is in the sealed preview; pictures are cut from the photo where that is small.
        face: for whoever cuts out its picture.
    """

    rank: int
    score: float
    threshold: float | None
    chance: Estimate | None
    held: Held
    sources: tuple[SourceNote, ...]
    taken_on: date | None
    photo_since: datetime
    face_px: int
    face: FaceRecord = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """A search and its answer.

    Attributes:
        candidates: those that may be shown now; none is nobody.
        authorisation, due_at: what law enforcement showed, and by when what is pending must be.
        tail: the measurement that the threshold came from; None where another is in use now.
        probe: JPEG of the searched face; empty but in the first answer, as it is not kept.
        repeated: the request had come before, and this is what it was answered.
    """

    search: StoredSearch
    candidates: tuple[Seen, ...]
    authorisation: Authorisation
    due_at: datetime | None
    tail: Tail | None = field(repr=False)
    probe: bytes = field(default=b"", repr=False)
    repeated: bool = False

    @property
    def curves(self) -> ScoreCurves | None:
        """The curves of chance and genuine scores that the threshold came from, where they are in use."""
        if self.tail is None:
            return None
        if self.search.mode != "identify":
            return of_pairs(self.tail)
        return of_searches(self.tail, self.search.threshold.gallery)

    @property
    def missed(self) -> float | None:
        """The share of searches that missed a person who was in the gallery, where that was measured."""
        if self.tail is None or self.search.mode != "identify":
            return None
        return self.tail.fnir(self.search.threshold.value, self.search.threshold.gallery)

    @property
    def outcome(self) -> str:
        """`found` or `nobody`, as far as it may be shown now; of a comparison `above` or `below`."""
        return _outcome(self.search, self.candidates)


@dataclass(frozen=True)
class Entry:
    """A search in the list of its client.

    Attributes:
        outcome: as far as it may be shown now.
        states: how many of the candidates that may be shown are in which state of review.
    """

    search: StoredSearch
    outcome: str
    states: dict[ReviewState, int]


def shown(
    work: Transaction, searches: Sequence[StoredSearch], view: View, gallery: LiveGallery
) -> dict[SearchId, list[Seen]]:
    """Return of each search, all of one client and purpose, the candidates that may be shown now, best first.

    Args:
        view: of that client and purpose, of this moment.
    """
    stored = rows.candidates(work, [one.id for one in searches])
    found: dict[SearchId, list[Seen]] = {}
    for search in searches:
        seen = found[search.id] = []
        if search.id not in stored:
            continue
        held = {one.subject: one for one in result_rows.candidates(work, search.id)}
        for one in stored[search.id]:
            face = _face(work, one, gallery) if view.rate(one.subject) is not None else None
            if face is not None:
                seen.append(_seen(work, len(seen) + 1, one, held[one.subject], face))
    return found


def _face(work: Transaction, candidate: StoredCandidate, gallery: LiveGallery) -> FaceRecord | None:
    """Return the face that a candidate was found by, if it is still searched."""
    for face in photo_rows.faces(work, photo=candidate.photo, subject=candidate.subject):
        if face.reference is not None and candidate.reference in (None, face.reference):
            return face if gallery.holds(face.reference) else None
    return None


def _seen(work: Transaction, rank: int, one: StoredCandidate, held: Held, face: FaceRecord) -> Seen:
    photo = photo_rows.get_photo(work, face.photo)
    sources = [source for source in photo_rows.sources_of(work, face.photo) if source.revoked_at is None]
    return Seen(
        rank=rank,
        score=held.score,
        threshold=None if one.threshold is None else shown_score(one.threshold),
        chance=None if one.chance is None else one.chance.shown(),
        held=held,
        sources=tuple(SourceNote(source.id, source.name, source.capture_place) for source in sources),
        taken_on=photo.taken_on,
        photo_since=photo.ingested_at,
        face_px=width_in_preview(face.box, photo.size),
        face=face,
    )


def answer_of(work: Transaction, search: StoredSearch, seen: Sequence[Seen], by: str) -> Answer:
    """Return a search with what may be shown of its answer to this account."""
    state, due_at = result_rows.authorisation(work, search.id)
    candidates = tuple(_sealed(one, by) for one in seen)
    return Answer(search, candidates, state, due_at, _tail(work, search))


def entry_of(search: StoredSearch, seen: Sequence[Seen]) -> Entry:
    """Return a search as it stands in the list."""
    return Entry(search, _outcome(search, seen), dict(Counter(one.held.state for one in seen)))


def _outcome(search: StoredSearch, seen: Sequence[Seen]) -> str:
    if search.mode != "identify":
        return search.outcome
    return "found" if seen else "nobody"


def _sealed(seen: Seen, by: str) -> Seen:
    return replace(seen, held=seen.held.seen_by(by))


def _tail(work: Transaction, search: StoredSearch) -> Tail | None:
    """Return the measurement that a search's threshold came from; None where another is in use now."""
    try:
        tail = tail_in_use(work, search.threshold.encoder)
    except ModelError:
        return None
    return tail if tail.evaluation == search.threshold.evaluation else None
