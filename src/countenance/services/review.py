# SPDX-License-Identifier: Apache-2.0
"""Review: faces that claims could not settle, decided by a person. A decision is durable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from countenance.errors import BadInput, NotFound, Refused
from countenance.ids import FaceId, SubjectId
from countenance.model.event import EventTag
from countenance.model.source import Attribution, FaceRecord, FaceState
from countenance.ports.eyes import Eyes
from countenance.services.attribution import Claim
from countenance.services.enrolment import Enrolments
from countenance.services.sighting import FaceOutcome, Sighting
from countenance.store import photos as rows
from countenance.store import subjects as subject_rows
from countenance.store.records import Records


@dataclass(frozen=True)
class Waiting:
    """A face to be decided on, and the photo to look at."""

    face: FaceRecord
    uri: str


class Review:
    """Verbs on waiting faces."""

    def __init__(
        self,
        records: Records,
        eyes: Callable[[], Eyes],
        enrolments: Callable[[], Enrolments],
        content_tag: Callable[[bytes], bytes],
    ) -> None:
        self._records = records
        self._eyes = eyes
        self._enrolments = enrolments
        self._content_tag = content_tag

    def waiting(self, *, bystanders: bool = False) -> list[Waiting]:
        """Return the faces that wait, with bystanders too where they are asked for; the look is logged."""
        with self._records.write() as work:
            found = rows.faces(work, state=FaceState.WAITING)
            if bystanders:
                found += rows.faces(work, state=FaceState.BYSTANDER)
            work.log(EventTag.FACES_LISTED, faces=len(found))
            return [Waiting(face, rows.get_photo(work, face.photo).uri) for face in found]

    def assign(self, face: FaceId, subject: SubjectId) -> FaceOutcome:
        """Say that a face is this subject; it is encoded if a live release permits it.

        Raises:
            NotFound: no such face or subject, or the photo's file is gone or was changed.
            BadInput: the face was decided on already.
            Refused: no permit; logged. The face stays this subject's and is encoded by an ingest once it may be.
        """
        with self._records.read() as work:
            record = rows.get_face(work, face)
            subject_rows.get(work, subject)
            photo = rows.get_photo(work, record.photo)
            source = rows.sources_of(work, record.photo)[0]
        _undecided(record)
        path = Path(photo.uri)
        if not path.is_file():
            raise NotFound(f"the photo's file is not at {path} any more; put it back or ingest it again")
        data = path.read_bytes()
        tag = self._content_tag(data)
        with self._records.read() as work:
            if rows.by_content(work, [tag]).get(tag) != record.photo:
                raise NotFound(f"the file at {path} is not the photo that was ingested")
        claim = Claim(subject, Attribution.REVIEWER, record.box)
        sighting = Sighting(photo.uri, tag, self._eyes().look(data), source, (claim,))
        outcomes = self._enrolments().again(record.photo, sighting, only=face)
        if not outcomes:
            raise NotFound(f"face {face} is not found in its photo by the present detector")
        outcome = outcomes[0]
        with self._records.write() as work:
            work.log(EventTag.FACE_ASSIGNED, subject=subject, face=face, outcome=outcome.state.value)
        if outcome.state is FaceState.SKIPPED:
            raise Refused(outcome.reason or "quality", outcome.detail, "nothing was encoded")
        return outcome

    def dismiss(self, face: FaceId) -> None:
        """Say that a face is nobody who enrolled; it is never asked about again.

        Raises:
            NotFound: no such face.
            BadInput: the face was decided on already.
        """
        with self._records.write() as work:
            _undecided(rows.get_face(work, face))
            rows.set_face(work, face, FaceState.DISMISSED, subject=None, reason=None)
            work.log(EventTag.FACE_DISMISSED, face=face)


def _undecided(face: FaceRecord) -> None:
    if face.state in (FaceState.REFERENCE, FaceState.DISMISSED):
        raise BadInput(f"face {face.id} was decided on already: {face.state.value}")
