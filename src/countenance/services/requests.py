# SPDX-License-Identifier: Apache-2.0
"""Requests of subjects: what they may see, take along, have corrected and have destroyed, by the day the law says.

Source: GDPR Art. 12(3), 15-17, 20; CNIL SAN-2022-019 (pending access requests are answered before the deletion);
[2025] UKUT 319 (asking for photos deters objectors: none is ever asked for).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from countenance.clock import to_text
from countenance.errors import BadInput, NotFound
from countenance.ids import FaceId, PhotoId, RequestId, RunId, SubjectId, new_id
from countenance.model.civil import earliest_date, latest_date
from countenance.model.destruction import Run, RunState, Scope
from countenance.model.event import Event, EventTag
from countenance.model.request import LOOKS, RequestKind, RequestOutcome, SubjectRequest, VerifiedBy
from countenance.model.residency import homes
from countenance.ports.photos import PhotoReader
from countenance.services.destruction import Destruction, Finished
from countenance.services.gallery import LiveGallery
from countenance.services.journal import Journal
from countenance.services.law import LawBook
from countenance.services.masking import fraction
from countenance.services.subjects import Holdings, Subjects
from countenance.store import photos as photo_rows
from countenance.store import requests as rows
from countenance.store import retention
from countenance.store import subjects as subject_rows
from countenance.store.records import Records, Transaction, events, settings

_REF = "request "
"""Before the id of a request: what its run names as its ground."""


@dataclass(frozen=True)
class Due:
    """A request, and which of its deadlines has passed."""

    request: SubjectRequest
    late: str | None


@dataclass(frozen=True)
class Package:
    """What a person is given: everything that is held, and no faceprint.

    Attributes:
        photos: where each photo lies.
        previews: JPEG bytes by photo, where one is held.
        releases: each as a signed document, by id.
        notices: the text of each notice, by release.
        entries: the log's entries about this person.
    """

    operator: str
    holdings: Holdings
    photos: dict[PhotoId, str]
    previews: dict[PhotoId, bytes]
    releases: dict[str, bytes]
    notices: dict[str, str]
    entries: tuple[Event, ...]


class Requests:
    """Verbs on requests."""

    def __init__(
        self,
        records: Records,
        law: LawBook,
        reader: PhotoReader,
        gallery: LiveGallery,
        subjects: Subjects,
        journal: Journal,
        destruction: Destruction,
    ) -> None:
        self._records = records
        self._law = law
        self._reader = reader
        self._gallery = gallery
        self._subjects = subjects
        self._journal = journal
        self._destruction = destruction

    def open(
        self, subject: SubjectId, kind: RequestKind, *, verified_by: VerifiedBy, channel: str = "in person"
    ) -> SubjectRequest:
        """Record a request; one to erase freezes the person at once.

        Args:
            channel: how it came, in a few words; sealed.

        Raises:
            NotFound: no such subject.
        """
        with self._records.write() as work:
            person = subject_rows.get(work, subject)
            law = self._law.of_subject(person, now=work.now)
            today = earliest_date(work.now, homes(person.residency))
            request = SubjectRequest(
                id=RequestId(new_id("req")),
                subject=subject,
                kind=kind,
                channel=channel.strip(),
                verified_by=verified_by,
                opened_at=work.now,
                ack_due=today + timedelta(days=law.number("destruction.request_ack_days")),
                due=today + timedelta(days=law.number("destruction.request_deadline_days")),
                first=law.flag("destruction.access_request_first"),
            )
            rows.add(work, request)
            if kind in LOOKS:  # who asks what is held of them is still there: an interaction
                retention.add_fact(work, subject, retention.FactKind.INTERACTION, work.now)
            work.log(EventTag.REQUEST_OPENED, subject=subject, request=request.id, kind=kind.value)
        if kind is RequestKind.ERASE:
            self._subjects.withdraw(subject)
        return request

    def acknowledge(self, request: RequestId) -> SubjectRequest:
        """Record that the person was told that the request came, and by when it is answered.

        Raises:
            NotFound: no such request.
        """
        with self._records.write() as work:
            found = rows.get(work, request)
            if found.acknowledged_at is None:
                rows.set_moment(work, request, "acknowledged_at")
                work.log(EventTag.REQUEST_ACKNOWLEDGED, subject=found.subject, request=request)
            return rows.get(work, request)

    def everything(self) -> list[Due]:
        """Return all requests, oldest first, each with the deadline that has passed."""
        with self._records.read() as work:
            today = latest_date(work.now)
            return [Due(one, one.late(today)) for one in rows.everything(work)]

    def get(self, request: RequestId) -> Due:
        """Return one request with the deadline that has passed.

        Raises:
            NotFound: no such request.
        """
        with self._records.read() as work:
            found = rows.get(work, request)
            return Due(found, found.late(latest_date(work.now)))

    def package(self, request: RequestId) -> Package:
        """Return what answers an access or export request; it is answered once `answered` is called.

        Raises:
            NotFound: no such request.
            BadInput: it is of another kind, or answered or closed.
        """
        with self._records.read() as work:
            found = self._pending(work, request, *LOOKS)
        holdings = self._subjects.show(found.subject)
        with self._records.read() as work:
            photos = dict.fromkeys(face.photo for face in holdings.faces)
            records = {one: photo_rows.get_photo(work, one) for one in photos}
            return Package(
                operator=settings(work)["operator"],
                holdings=holdings,
                photos={one: record.uri for one, record in records.items()},
                previews={
                    one: shown for one in photos if (shown := self._preview(work, one, found.subject)) is not None
                },
                releases={str(one.id): self._journal.export_release(one.id) for one, _ in holdings.releases},
                notices={
                    str(one.id): subject_rows.notice_text(work, found.subject, one.notice)
                    for one, _ in holdings.releases
                },
                entries=tuple(events(work, subject=found.subject)),
            )

    def answered(self, request: RequestId, sha256: str) -> list[Finished]:
        """Record that the person was given the archive of this digest, and go on with what waited for it.

        Returns:
            The destruction runs that had waited for this person, as far as they went.

        Raises:
            NotFound, BadInput: as `package`.
        """
        with self._records.write() as work:
            found = self._pending(work, request, *LOOKS)
            rows.set_moment(work, request, "answered_at")
            work.log(EventTag.REQUEST_ANSWERED, subject=found.subject, request=request, sha256=sha256)
            runs = [] if found.subject in rows.waiting(work) else rows.runs_that_wait(work, found.subject)
        return [self._destruction.resume(run) for run in runs]

    def correct_label(self, request: RequestId, label: str) -> None:
        """Answer a request for correction: the name was wrong.

        Raises:
            NotFound: no such request.
            BadInput: it is of another kind, answered or closed; or an empty label.
        """
        if not label.strip():
            raise BadInput("a subject needs a label")
        with self._records.write() as work:
            found = self._pending(work, request, RequestKind.CORRECT)
            subject_rows.relabel(work, found.subject, label.strip())
            self._corrected(work, found, "label")

    def correct_face(self, request: RequestId, face: FaceId) -> None:
        """Answer a request for correction: this face is not the person's. Its faceprint is deleted.

        Raises:
            NotFound: no such request, or no such face of this person.
            BadInput: the request is of another kind, answered or closed.
        """
        with self._records.write() as work:
            found = self._pending(work, request, RequestKind.CORRECT)
            reference = rows.disown(work, face, found.subject)
            self._corrected(work, found, "face")
        self._gallery.erase({} if reference is None else {reference: found.subject})
        self._records.compact()

    def corrected(self, request: RequestId) -> None:
        """Record that a correction was made with another verb, such as `subject residency add`, or an objection met.

        Raises:
            NotFound: no such request.
            BadInput: it is of another kind, answered or closed.
        """
        with self._records.write() as work:
            self._corrected(work, self._pending(work, request, RequestKind.CORRECT, RequestKind.OBJECT), "other")

    def erase(self, request: RequestId, *, by: str) -> Finished:
        """Answer a request to erase: destroy, verify, certify; call it again after a second person approved.

        Raises:
            NotFound: no such request.
            BadInput: it is of another kind, answered or closed.
            Refused: another request of this person is to be answered first, or a hold keeps everything; logged.
        """
        run = self.begin_erasure(request, by=by)
        done = self._destruction.status(run.id)
        if run.state is not RunState.CERTIFIED:
            done = self._destruction.resume(run.id)
        self.settle(run.id)
        return done

    def begin_erasure(self, request: RequestId, *, by: str) -> Run:
        """Plan and freeze the destruction that answers a request to erase, or return the one there is.

        Raises:
            NotFound, BadInput, Refused: as `erase`.
        """
        with self._records.read() as work:
            found = self._pending(work, request, RequestKind.ERASE)
        scope = Scope((found.subject,))
        run = self._destruction.prepare(scope, requested_by=by, order_ref=f"{_REF}{request}")
        return run if run.state is RunState.CERTIFIED else self._destruction.freeze(run.id)

    def settle(self, run: RunId) -> None:
        """Note that the request behind a run is answered, once the run has a certificate."""
        done = self._destruction.status(run)
        request = RequestId(done.run.order_ref.removeprefix(_REF))
        if done.certificate is None or request == done.run.order_ref:
            return
        with self._records.write() as work:
            if rows.get(work, request).answered_at is None:
                rows.set_moment(work, request, "answered_at")
                work.log(EventTag.REQUEST_ANSWERED, request=request, certificate=done.certificate)

    def close(self, request: RequestId, *, reason: str = "") -> SubjectRequest:
        """End a request; one that was not answered needs the reason that the person was told.

        Raises:
            NotFound: no such request.
            BadInput: it is closed, or neither answered nor refused with a reason.
        """
        with self._records.write() as work:
            found = rows.get(work, request)
            if found.closed_at is not None:
                raise BadInput(f"request {request} was closed on {to_text(found.closed_at)}")
            if found.answered_at is None and not reason.strip():
                raise BadInput("it was not answered: answer it, or say why it is refused, as the person was told")
            outcome = RequestOutcome.FULFILLED if found.answered_at else RequestOutcome.REFUSED
            rows.close(work, request, outcome, reason.strip())
            work.log(EventTag.REQUEST_CLOSED, request=request, outcome=outcome.value)
            return rows.get(work, request)

    def preview(self, subject: SubjectId, photo: PhotoId) -> bytes | None:
        """Return the preview of a photo that shows a person, with everybody else blacked out; None where there is none.

        Raises:
            NotFound: the photo shows no face of this person.
        """
        with self._records.read() as work:
            if not any(face.subject == subject for face in photo_rows.faces(work, photo=photo)):
                raise NotFound(f"photo {photo} shows no face that is taken for yours")
            return self._preview(work, photo, subject)

    def _preview(self, work: Transaction, photo: PhotoId, subject: SubjectId) -> bytes | None:
        """Return a preview in which everybody but this person is blacked out."""
        stored, size = photo_rows.preview(work, photo), photo_rows.get_photo(work, photo).size
        others = [face.box for face in photo_rows.faces(work, photo=photo) if face.subject != subject]
        return stored and self._reader.remask(stored, [fraction(box, size) for box in others])

    def _pending(self, work: Transaction, request: RequestId, *kinds: RequestKind) -> SubjectRequest:
        found = rows.get(work, request)
        if found.kind not in kinds:
            raise BadInput(f"request {request} is one to {found.kind.value}, and is answered otherwise")
        if found.state != "open":
            raise BadInput(f"request {request} is {found.state}")
        return found

    def _corrected(self, work: Transaction, found: SubjectRequest, what: str) -> None:
        rows.set_moment(work, found.id, "answered_at")
        work.log(EventTag.REQUEST_ANSWERED, subject=found.subject, request=found.id, corrected=what)
