# SPDX-License-Identifier: Apache-2.0
"""Review: faces that claims could not settle, decided by a person. A decision is durable, and can be undone for a day.

Nobody is suggested: to compare a waiting face with anybody it would have to be encoded, and for that there is no
release yet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from countenance.errors import BadInput, BadPhoto, NotFound, Refused
from countenance.ids import FaceId, PhotoId, SubjectId, new_id
from countenance.model.event import EventTag
from countenance.model.source import Attribution, FaceRecord, FaceState, PhotoRecord
from countenance.ports.eyes import Eyes, SeenPhoto
from countenance.services.attribution import Claim
from countenance.services.enrolment import SPLIT, Enrolments
from countenance.services.gallery import LiveGallery
from countenance.services.holds import HOLD_RULE
from countenance.services.results import account_code
from countenance.services.sighting import FaceOutcome, Sighting
from countenance.store import decisions, photo_files
from countenance.store import holds as hold_rows
from countenance.store import photos as rows
from countenance.store import subjects as subject_rows
from countenance.store.decisions import UNDO, Decided, Decision
from countenance.store.records import Records, Transaction


@dataclass(frozen=True)
class Waiting:
    """A face to be decided on, and the photo to look at."""

    face: FaceRecord
    uri: str


class Review:
    """Verbs on faces: `waiting`, `assign`, `dismiss`, `split`, `undo`."""

    def __init__(
        self,
        records: Records,
        eyes: Callable[[], Eyes],
        enrolments: Callable[[], Enrolments],
        content_tag: Callable[[bytes], bytes],
        gallery: LiveGallery,
        spread: Callable[[], object],
    ) -> None:
        self._records = records
        self._eyes = eyes
        self._enrolments = enrolments
        self._content_tag = content_tag
        self._gallery = gallery
        self._spread = spread

    def waiting(self, *, bystanders: bool = False) -> list[Waiting]:
        """Return the faces that wait, with bystanders too where they are asked for; the look is logged."""
        with self._records.write() as work:
            found = rows.faces(work, state=FaceState.WAITING)
            if bystanders:
                found += rows.faces(work, state=FaceState.BYSTANDER)
            work.log(EventTag.FACES_LISTED, faces=len(found))
            return [Waiting(face, rows.get_photo(work, face.photo).uri) for face in found]

    def assign(self, face: FaceId, subject: SubjectId, *, by: str | None = None) -> FaceOutcome:
        """Say that a face is this subject; it is encoded if a live release permits it.

        Args:
            by: the account that decides, which can then undo it.

        Raises:
            NotFound: no such face or subject, or the photo's file is gone or was changed.
            BadInput: the face was decided on already.
            BadPhoto: `held`, the photo is under a legal hold.
            Refused: no permit; logged. The face stays this subject's and is encoded by an ingest once it may be.
        """
        with self._records.read() as work:
            record = rows.get_face(work, face)
            subject_rows.get(work, subject)
            _reachable(work, record.photo)
            photo = rows.get_photo(work, record.photo)
            source = rows.sources_of(work, record.photo)[0]
            stored = photo_files.get(work, record.photo)
        _undecided(record)
        tag, seen = self._seen(photo, stored)
        claim = Claim(subject, Attribution.REVIEWER, record.box)
        sighting = Sighting(photo.uri, tag, seen, source, (claim,))
        outcomes = self._enrolments().again(record.photo, sighting, only=face)
        if not outcomes:
            raise NotFound(f"face {face} is not found in its photo by the present detector")
        outcome = outcomes[0]
        with self._records.write() as work:
            self._remember(work, by, Decided.ASSIGNED, record)
            work.log(EventTag.FACE_ASSIGNED, subject=subject, face=face, outcome=outcome.state.value)
        if outcome.state is FaceState.SKIPPED:
            raise Refused(outcome.reason or "quality", outcome.detail, "nothing was encoded")
        return outcome

    def dismiss(self, face: FaceId, *, by: str | None = None) -> None:
        """Say that a face is nobody who enrolled; it is never asked about again.

        Args:
            by: as for `assign`.

        Raises:
            NotFound: no such face.
            BadInput: the face was decided on already.
        """
        with self._records.write() as work:
            record = rows.get_face(work, face)
            _undecided(record)
            self._remember(work, by, Decided.DISMISSED, record)
            rows.set_face(work, face, FaceState.DISMISSED, subject=None, reason=None)
            work.log(EventTag.FACE_DISMISSED, face=face)

    def split(self, face: FaceId, *, by: str | None = None, to: SubjectId | None = None) -> FaceId:
        """Take a face off the person whom it was wrongly taken for; what was encoded of it is destroyed.

        The face then waits for a reviewer, whatever names say of it; or it is assigned to whom it really is.

        Args:
            by: as for `assign`.
            to: the right person.

        Returns:
            The id of the face, which is another one: the old one has a tombstone, so that no backup brings it back.

        Raises:
            NotFound: no such face, or no such person.
            BadInput: it is taken for nobody, or for this very person.
            Refused: whom it was taken for is under a legal hold, so nothing of it may change; or as `assign`, where
                the face is taken off and stays the right person's without being encoded. Logged.
        """
        with self._records.read() as work:
            record = rows.get_face(work, face)
            if to is not None:
                subject_rows.get(work, to)
        if record.subject is None or record.subject == to:
            raise BadInput(f"face {face} is taken for {record.subject or 'nobody'}, so there is nothing to split")

        def note(work: Transaction, became: FaceId) -> None:
            self._remember(work, by, Decided.SPLIT, record, became)
            work.log(EventTag.FACE_SPLIT, subject=record.subject, face=face, became=became, reference=record.reference)

        new = self._change(record, replace(record, state=FaceState.WAITING, reason=SPLIT, subject=None), note)
        if to is not None:
            self.assign(new, to, by=by)
        return new

    def undo(self, *, by: str) -> FaceId:
        """Take back the last decision of a reviewer; what it encoded is destroyed. Given again, the one before it.

        Returns:
            The id of the face, another one where something was destroyed.

        Raises:
            BadInput: nothing of the last day is left to undo, or the face was decided otherwise since.
            Refused: the person whom it was assigned to is under a legal hold; or as `assign`, for an undone split.
        """
        with self._records.read() as work:
            last = decisions.newest(work, account_code(work, by))
            if last is None or last.at < work.now - UNDO:
                raise BadInput("there is nothing to undo: no decision of yours in the last day")
            found = next((one for one in rows.faces(work, photo=last.photo) if one.id == last.face), None)
        if found is None or not _still(found, last):
            with self._records.write() as work:
                decisions.forget(work, last.number)
            raise BadInput(
                f"face {last.face} was decided otherwise since, so that is not undone; undo again for before"
            )
        split = last.decided is Decided.SPLIT

        def note(work: Transaction, became: FaceId) -> None:
            decisions.forget(work, last.number)
            work.log(EventTag.FACE_UNDONE, face=last.face, became=became, decided=last.decided.value)

        before = found if split else replace(found, state=last.state, reason=last.reason, subject=last.subject)
        new = self._change(found, before, note)
        if split and last.subject is not None:
            self.assign(new, last.subject)
        return new

    def _change(self, record: FaceRecord, after: FaceRecord, note: Callable[[Transaction, FaceId], None]) -> FaceId:
        """Make a face what it is to be; where it has a reference, destroy that and put a new face in its place.

        Args:
            note: remembers and logs it, in the same transaction.
        """
        self._refuse_held(record)
        if record.reference is None or record.subject is None:
            with self._records.write() as work:
                rows.set_face(work, record.id, after.state, subject=after.subject, reason=after.reason)
                note(work, record.id)
            return record.id
        # The tombstone first: what a crash leaves is destroyed by the next pass of the retention clock.
        self._records.keyring.destroy([record.id], self._records.clock.now())
        new = replace(after, id=FaceId(new_id("fac")), reference=None)
        with self._records.write() as work:
            rows.replace_face(work, record.id, new)
            decisions.rename(work, record.id, new.id)
            note(work, new.id)
        self._gallery.erase({record.reference: record.subject})
        self._records.compact()
        self._spread()
        return new.id

    def _refuse_held(self, record: FaceRecord) -> None:
        with self._records.write() as work:
            if record.subject is None or record.subject not in hold_rows.held(work):
                return
            work.log(EventTag.FACE_DENIED, subject=record.subject, face=record.id, photo=record.photo, rule=HOLD_RULE)
        raise Refused(
            HOLD_RULE,
            f"{record.subject} is under a legal hold; once that is lifted the faces of this person can be changed",
            "destruction.hold_bases_recognised",
        )

    def _remember(
        self, work: Transaction, by: str | None, decided: Decided, before: FaceRecord, face: FaceId | None = None
    ) -> None:
        """Remember a decision, and delete what only decisions still needed that can be undone no more."""
        decisions.expire(work)
        if by is not None:
            decisions.add(work, account_code(work, by), decided, before, face)

    def _seen(self, photo: PhotoRecord, stored: bytes | None) -> tuple[bytes, SeenPhoto]:
        """Return the tag of a photo's content, and what it shows at its full size."""
        if stored is not None:
            return b"", at_full_size(self._eyes().look(stored), photo.size)
        path = Path(photo.uri)
        if not path.is_file():
            raise NotFound(f"the photo's file is not at {path} any more; put it back or ingest it again")
        data = path.read_bytes()
        tag = self._content_tag(data)
        with self._records.read() as work:
            if rows.by_content(work, [tag]).get(tag) != photo.id:
                raise NotFound(f"the file at {path} is not the photo that was ingested")
        return tag, self._eyes().look(data)


def at_full_size(seen: SeenPhoto, size: tuple[int, int]) -> SeenPhoto:
    """Return what a photo shows, in pixels of the photo that was ingested: masking made an uploaded one smaller."""
    factor = size[0] / seen.full_size[0]
    faces = tuple(replace(face, box=face.box.scaled(factor)) for face in seen.faces)
    return replace(seen, full_size=size, faces=faces)


def _reachable(work: Transaction, photo: PhotoId) -> None:
    if rows.key_of(work, photo) in work.keyring.escrowed():
        raise BadPhoto("held", "the photo is under a legal hold, so nothing of it is looked at")


def _undecided(face: FaceRecord) -> None:
    if face.state in (FaceState.REFERENCE, FaceState.DISMISSED):
        raise BadInput(f"face {face.id} was decided on already: {face.state.value}")


def _still(face: FaceRecord, last: Decision) -> bool:
    """Say whether a face is what a decision made of it."""
    return (
        face.state
        in {
            Decided.ASSIGNED: (FaceState.REFERENCE, FaceState.SKIPPED),
            Decided.DISMISSED: (FaceState.DISMISSED,),
            Decided.SPLIT: (FaceState.WAITING,),
        }[last.decided]
    )
