# SPDX-License-Identifier: Apache-2.0
"""Photos that were looked at: hear the claims, decide, encode what is permitted, store it all at once.

Several photos are one unit of work: their permits are decided in one reading transaction, right before their
faces are encoded in one batch. The transaction that writes decides again on the facts of its own moment, so a
withdrawal in between wins; the database decides a third time, by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property

from countenance.errors import BadPhoto, Refused
from countenance.ids import FaceId, PhotoId, ReferenceId, SubjectId, new_id
from countenance.model.consent import Release
from countenance.model.event import EventTag
from countenance.model.faceprint import Faceprint
from countenance.model.order import Order
from countenance.model.source import Attribution, FaceRecord, FaceState, PhotoRecord, Source
from countenance.model.subject import Subject
from countenance.policy.engine import (
    Enrolment,
    TransientMatch,
    best_release,
    decide_enrolment,
    decide_transient,
)
from countenance.policy.permit import Deny, Permit
from countenance.policy.set_back import deny_set_back
from countenance.ports.vision import Encoder
from countenance.services.attribution import BYSTANDER, Verdict, overlap
from countenance.services.gallery import LiveGallery
from countenance.services.law import LawBook
from countenance.services.order_gate import barred_by
from countenance.services.ranking import ranked
from countenance.services.sighting import FaceOutcome, PendingFace, PendingPhoto, Sighting
from countenance.services.tails import tail_in_use
from countenance.store import photo_files
from countenance.store import photos as rows
from countenance.store import subjects as subject_rows
from countenance.store.log import NewEvent
from countenance.store.orders import binding
from countenance.store.photos import NewPhoto
from countenance.store.records import Records, Transaction
from countenance.store.references import NewReference, add_references

UNNAMED = "unnamed"
"""Why a face waits that nobody named: the ingest was to ask."""
SPLIT = "split"
"""Why a face waits that a reviewer took off somebody: no name that a file holds settles it again."""
_SAME_FACE = 0.7  # overlap from which on a face found again is the stored one
_CROPS = 8  # given to the encoder at once by one thread; larger batches are no faster (benchmarks.vision)


class _Moment:
    """The facts of one transaction, each read once however many faces it decides on."""

    def __init__(self, work: Transaction, photos: Sequence[PendingPhoto]) -> None:
        self.work = work
        policy = subject_rows.current_policy(work)
        self.policy_published_at = None if policy is None else policy.published_at
        self._people: dict[SubjectId, tuple[Subject, Release | None] | None] = {}
        self.meet(face.verdict.subject for photo in photos for face in photo.faces if face.verdict.subject is not None)

    @cached_property
    def orders(self) -> list[Order]:
        """The orders that bind."""
        return binding(self.work)

    def person(self, subject: SubjectId) -> tuple[Subject, Release | None] | None:
        """Return a subject and the release to decide on; None where the subject was destroyed."""
        self.meet([subject])
        return self._people[subject]

    def meet(self, subjects: Iterable[SubjectId]) -> None:
        """Read the facts of several subjects, faster than one by one."""
        new = {subject for subject in subjects if subject not in self._people}
        if not new:
            return
        found = subject_rows.some(self.work, new)
        signed = subject_rows.releases(self.work, among=new)
        for subject in new:
            person, own = found.get(subject), signed.get(subject, [])
            self._people[subject] = None if person is None else (person, best_release(own, self.work.now))


class Enrolments:
    """Turns sightings into records.

    Args:
        threads: faces are encoded on as many at once.
    """

    def __init__(
        self, records: Records, law: LawBook, encoder: Encoder, gallery: LiveGallery, *, threads: int = 1
    ) -> None:
        self._records = records
        self._law = law
        self._encoder = encoder
        self._gallery = gallery
        self._threads = threads

    def add(self, sightings: Sequence[Sighting]) -> list[list[FaceOutcome] | None]:
        """Store new photos with their faces, all or none of them.

        Returns:
            What became of each face of each photo; None for a photo whose twin came first.

        Raises:
            EncodingFailed: a face cannot be encoded; nothing was stored.
        """
        photos = [
            PendingPhoto(PhotoId(new_id("pho")), sighting, [sighting.source], sighting.faces())
            for sighting in sightings
        ]
        self._encode(photos)
        with self._records.write() as work:
            known = set(rows.by_content(work, [sighting.content_tag for sighting in sightings]))
            new: list[PendingPhoto] = []
            for photo in photos:
                if photo.sighting.content_tag in known:
                    for face in photo.faces:
                        face.drop()
                else:
                    known.add(photo.sighting.content_tag)
                    new.append(photo)
            work.keyring.create([photo.id for photo in new])
            moment = _Moment(work, new)
            work.log_each(self._store_new(moment, new))
        work.keyring.let_go(photo.id for photo in new)
        stored = {photo.id for photo in new}
        return [photo.outcomes() if photo.id in stored else None for photo in photos]

    def again(self, photo: PhotoId, sighting: Sighting, only: FaceId | None = None) -> list[FaceOutcome]:
        """Hold the undecided faces of a stored photo against the claims and releases of today.

        Where nothing is said of a face today, what was said of it before still counts.

        Args:
            only: consider this face alone: what a reviewer's assignment does.

        Returns:
            What became of the faces that were undecided, and are not decided by somebody else meanwhile.

        Raises:
            BadPhoto: `forgotten`, destroyed with a person in it while it was worked on.
            EncodingFailed: a face cannot be encoded; nothing was stored.
        """
        with self._records.read() as work:
            if rows.key_of(work, photo) in work.keyring.escrowed():
                raise BadPhoto("held", "the photo is under a legal hold, so nothing of it is looked at")
            undecided = [face for face in rows.undecided(work, photo) if only in (None, face.id)]
            decided = [face.box for face in rows.faces(work, photo=photo) if face not in undecided]
            sources = _sources(work, photo)
        faces = []
        for face in sighting.faces():
            if any(overlap(face.seen.box, box) >= _SAME_FACE for box in decided):
                continue
            same = next((f for f in undecided if overlap(face.seen.box, f.box) >= _SAME_FACE), None)
            if same is not None:
                by_name = same.reason == SPLIT and face.verdict.by is not Attribution.REVIEWER
                said = _remembered(same) if by_name or face.verdict == BYSTANDER else face.verdict
                faces.append(replace(face, id=same.id, verdict=said, stored=True))
            elif only is None:
                faces.append(face)
        looked = PendingPhoto(photo, sighting, sources, faces)
        self._encode([looked])
        with self._records.write() as work:
            looked.sources = _sources(work, photo)
            still_open = {face.id for face in rows.undecided(work, photo)}
            looked.faces = [face for face in faces if not face.stored or face.id in still_open]
            moment = _Moment(work, [looked])
            self._decide_again(moment, looked)
            preview = looked.preview()
            if preview is not None and rows.preview(work, photo) is None:
                rows.reseal_photo(work, photo, rows.key_of(work, photo), sighting.uri, preview)
            if preview is not None and sighting.file is not None and not photo_files.held(work, photo):
                photo_files.put(work, photo, sighting.file)
            work.log_each(_store(work, [looked])[0])
            rows.considered(work, photo)
        return looked.outcomes()

    def _encode(self, photos: Sequence[PendingPhoto]) -> None:
        """Decide on every face, and encode those that are permitted at once."""
        self._recognise(photos)
        permitted: list[tuple[PendingFace, Permit]] = []
        with self._records.read() as work:
            moment = _Moment(work, photos)
            for photo in photos:
                for face in photo.faces:
                    permit = self._permit(moment, photo, face)
                    if permit is not None:
                        permitted.append((face, permit))
        for (face, _), faceprint in zip(permitted, self._encoded(permitted), strict=True):
            face.state, face.faceprint = FaceState.REFERENCE, faceprint

    def _encoded(self, permitted: Sequence[tuple[PendingFace, Permit]]) -> list[Faceprint]:
        """Return one faceprint for each face under its permit."""
        crops = [permit.cover(face.seen.crop) for face, permit in permitted if face.seen.crop is not None]
        parts = [crops[start : start + _CROPS] for start in range(0, len(crops), _CROPS)]
        if self._threads == 1 or len(parts) < 2:
            return [faceprint for part in parts for faceprint in self._encoder.encode(part)]
        with ThreadPoolExecutor(self._threads, thread_name_prefix="encode") as pool:
            return [faceprint for done in pool.map(self._encoder.encode, parts) for faceprint in done]

    def _permit(self, moment: _Moment, photo: PendingPhoto, face: PendingFace) -> Permit | None:
        """Return the permit to encode a face; None where it is a bystander, waits, or is left out, and is noted so."""
        if face.verdict.doubt is not None:
            face.state, face.reason = FaceState.WAITING, face.verdict.doubt
            return None
        if face.verdict.subject is None:
            if photo.sighting.ask:
                face.state, face.reason = FaceState.WAITING, UNNAMED
            return None
        decision = self._decide(moment, photo, face, face.verdict.subject)
        if isinstance(decision, Deny):
            face.leave_out(decision.rule_id, decision.reason)
            return None
        if face.seen.reason is not None:
            face.leave_out(face.seen.reason, face.seen.detail)
            return None
        return decision

    def _decide(self, moment: _Moment, photo: PendingPhoto, face: PendingFace, attributed: SubjectId) -> Permit | Deny:
        person = moment.person(attributed)
        if person is None:
            face.verdict = BYSTANDER
            return Deny(
                "subject.gone",
                "this person was destroyed while the photo was worked on; only a new subject's release permits",
                "core",
            )
        subject, release = person
        face.release = None if release is None else release.id
        now, signed_at = moment.work.now, None if release is None else release.signed_at
        order = barred_by(moment.work, subject.id, signed_at, binding=moment.orders)
        facts = Enrolment(
            face=f"{photo.id}/{face.number}",
            now=now,
            subject=subject,
            release=release,
            source=photo.sources[0],
            policy_published_at=moment.policy_published_at,
            barred_by=None if order is None else order.id,
        )
        law = self._law.of_subject(subject, photo.sources, now)
        return deny_set_back(moment.work.behind) or decide_enrolment(facts, law)

    def _decide_again(self, moment: _Moment, photo: PendingPhoto) -> None:
        for face in photo.faces:
            subject = face.verdict.subject
            if subject is None or (face.faceprint is None and moment.person(subject) is not None):
                continue
            decision = self._decide(moment, photo, face, subject)
            if isinstance(decision, Deny):
                face.leave_out(decision.rule_id, decision.reason)

    def _recognise(self, photos: Sequence[PendingPhoto]) -> None:
        """Compare unattributed faces with the consenting gallery in memory, where the law allows it."""
        asked = [
            (photo, face)
            for photo in photos
            for face in photo.faces
            if face.verdict == BYSTANDER and face.seen.crop is not None
        ]
        if not asked:
            return
        with self._records.read() as work:
            moment = _Moment(work, ())
            decisions = [(face, self._transient(moment, photo, face)) for photo, face in asked]
            permitted = [(face, permit) for face, permit in decisions if isinstance(permit, Permit)]
            view = self._gallery.consenting(work, self._encoder) if permitted else None
            tail = tail_in_use(work, self._encoder.digest) if permitted else None
        if view is None or tail is None or not view.size:
            return
        minimum = tail.threshold(min(view.rates), view.size).value
        for (face, _), probe in zip(permitted, self._encoded(permitted), strict=True):
            found = ranked(self._gallery, probe, view, minimum, tail.background)
            probe.wipe()
            if found:
                face.verdict = Verdict(found[0].subject, Attribution.TRANSIENT)

    def _transient(self, moment: _Moment, photo: PendingPhoto, face: PendingFace) -> Permit | Deny:
        facts = TransientMatch(
            face=f"{photo.id}/{face.number}",
            now=moment.work.now,
            sources=tuple(photo.sources),
            policy_published_at=moment.policy_published_at,
        )
        law = self._law.of_bystander(photo.sources)
        return deny_set_back(moment.work.behind) or decide_transient(facts, law)

    def _store_new(self, moment: _Moment, photos: Sequence[PendingPhoto]) -> list[NewEvent]:
        """Store photos and their faces; return what the log is to say."""
        work = moment.work
        for photo in photos:
            self._decide_again(moment, photo)
        rows.add_photos(work, [_new_photo(work, photo) for photo in photos])
        rows.link_sources(work, [(photo.id, photo.sighting.source.id) for photo in photos])
        for photo in photos:
            if photo.sighting.file is not None and photo.preview() is not None:
                photo_files.put(work, photo.id, photo.sighting.file)
        return [
            event
            for photo, of_faces in zip(photos, _store(work, photos), strict=True)
            for event in (*of_faces, _ingested(photo))
        ]


def _new_photo(work: Transaction, photo: PendingPhoto) -> NewPhoto:
    sighting = photo.sighting
    record = PhotoRecord(photo.id, sighting.uri, sighting.photo.full_size, work.now, sighting.photo.taken_on)
    return NewPhoto(record, photo.id, sighting.content_tag, photo.preview())


def _ingested(photo: PendingPhoto) -> NewEvent:
    payload: dict[str, str | int] = {
        "photo": photo.id,
        "source": photo.sighting.source.id,
        "faces": len(photo.faces),
        "references": sum(face.state is FaceState.REFERENCE for face in photo.faces),
    }
    return EventTag.PHOTO_INGESTED, None, payload


def _store(work: Transaction, photos: Sequence[PendingPhoto]) -> list[list[NewEvent]]:
    """Store the faces of photos, and overwrite the faceprints; return what the log is to say of those of each photo."""
    faces = [(photo, face) for photo in photos for face in photo.faces]
    new = {face.id: _reference(face) for _, face in faces if face.state is FaceState.REFERENCE}
    for _, face in faces:
        if face.stored:
            rows.set_face(work, face.id, face.state, subject=face.verdict.subject, reason=face.reason)
    rows.add_faces(work, [(_record(photo, face), face.detail) for photo, face in faces if not face.stored])
    add_references(work, new.values())
    for _, face in faces:
        face.drop()
    return [[*_events(photo, new)] for photo in photos]


def _record(photo: PendingPhoto, face: PendingFace) -> FaceRecord:
    return FaceRecord(face.id, photo.id, face.seen.box, face.state, face.reason, face.verdict.subject)


def _reference(face: PendingFace) -> NewReference:
    if face.faceprint is None or face.release is None or face.verdict.subject is None:
        raise Refused("consent.live", "a reference needs a permitted faceprint", "core")
    return NewReference(ReferenceId(new_id("ref")), face.id, face.verdict.subject, face.release, face.faceprint)


def _events(photo: PendingPhoto, new: Mapping[FaceId, NewReference]) -> Iterator[NewEvent]:
    for face in photo.faces:
        reference = new.get(face.id)
        if reference is not None:
            payload: dict[str, str | None] = {
                "face": face.id,
                "reference": reference.id,
                "release": reference.release,
                "encoder": reference.faceprint.encoder,
                "attributed_by": None if face.verdict.by is None else face.verdict.by.value,
            }
            yield EventTag.FACE_ENCODED, reference.subject, payload
        elif face.state is FaceState.SKIPPED:
            yield EventTag.FACE_DENIED, face.verdict.subject, {"face": face.id, "photo": photo.id, "rule": face.reason}


def _sources(work: Transaction, photo: PhotoId) -> list[Source]:
    sources = rows.sources_of(work, photo)
    if not sources:
        raise BadPhoto("forgotten", "the photo was forgotten with a person in it; ingest it again")
    return sources


def _remembered(face: FaceRecord) -> Verdict:
    doubt = face.reason if face.state is FaceState.WAITING else None
    return Verdict(face.subject, doubt=doubt)
