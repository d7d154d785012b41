# SPDX-License-Identifier: Apache-2.0
"""One photo: find the faces, hear the claims, decide, encode what is permitted, store it all at once.

Reading and encoding happen outside of the transaction that writes. That one decides again on the facts of
its own moment, so a withdrawal in between wins; the database decides a third time, by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from countenance.errors import BadPhoto, Refused
from countenance.ids import FaceId, PhotoId, ReferenceId, ReleaseId, SubjectId, new_id
from countenance.model.event import EventTag
from countenance.model.face import Box, DetectedFace, Quality
from countenance.model.faceprint import Faceprint
from countenance.model.source import Attribution, FaceRecord, FaceState, PhotoRecord, Source
from countenance.policy.engine import (
    Enrolment,
    TransientMatch,
    best_release,
    decide_enrolment,
    decide_transient,
)
from countenance.policy.permit import Deny, Permit
from countenance.policy.set_back import deny_set_back
from countenance.ports.photos import DecodedPhoto, PhotoReader
from countenance.ports.vision import FacePack
from countenance.services.attribution import BYSTANDER, Claim, Verdict, attribute, overlap
from countenance.services.gallery import LiveGallery
from countenance.services.law import LawBook
from countenance.store import photos as rows
from countenance.store import subjects as subject_rows
from countenance.store.photos import NewPhoto, NewReference
from countenance.store.records import Records, Transaction
from countenance.vision.calibration import tail_for
from countenance.vision.quality import ENROL, assess

PREVIEW_PX = 512  # longest side; enough for a reviewer to recognise somebody
_SAME_FACE = 0.7  # overlap from which on a face found again is the stored one


@dataclass(frozen=True)
class FaceOutcome:
    """What became of one face: its state, and for what is left out the reason and the measured value."""

    face: FaceId
    box: Box
    state: FaceState
    reason: str | None = None
    detail: str = ""
    subject: SubjectId | None = None


@dataclass
class _Work:
    """One face on its way: what was found, said, decided and made of it."""

    id: FaceId
    number: int
    found: DetectedFace
    box: Box
    verdict: Verdict
    state: FaceState = FaceState.BYSTANDER
    reason: str | None = None
    detail: str = ""
    release: ReleaseId | None = None
    faceprint: Faceprint | None = field(default=None, repr=False)
    stored: bool = False


@dataclass(frozen=True)
class Sighting:
    """A decoded photo, where it came from, and what was said of the people in it."""

    uri: str
    content_tag: bytes
    photo: DecodedPhoto
    source: Source
    claims: tuple[Claim, ...]


class Enrolments:
    """Turns sightings into records."""

    def __init__(
        self, records: Records, law: LawBook, reader: PhotoReader, pack: FacePack, gallery: LiveGallery
    ) -> None:
        self._records = records
        self._law = law
        self._reader = reader
        self._pack = pack
        self._gallery = gallery

    def add(self, sighting: Sighting) -> list[FaceOutcome] | None:
        """Store a new photo with its faces; return what became of each, or None where a twin came first."""
        photo = PhotoId(new_id("pho"))
        faces = self._faces(sighting)
        self._encode(photo, faces, [sighting.source], sighting)
        with self._records.write() as work:
            if rows.find_by_content(work, sighting.content_tag) is not None:
                return None  # the same file under another name, worked on at the same time
            work.keyring.create([photo])
            self._decide_again(work, photo, faces, [sighting.source])
            record = PhotoRecord(photo, sighting.uri, sighting.photo.full_size, work.now)
            rows.add_photo(work, NewPhoto(record, photo, sighting.content_tag, self._preview(sighting, faces)))
            rows.link_source(work, photo, sighting.source.id)
            self._store(work, photo, faces)
            work.log(
                EventTag.PHOTO_INGESTED,
                photo=photo,
                source=sighting.source.id,
                faces=len(faces),
                references=sum(face.state is FaceState.REFERENCE for face in faces),
            )
        return _outcomes(faces)

    def again(self, photo: PhotoId, sighting: Sighting, only: FaceId | None = None) -> list[FaceOutcome]:
        """Hold the undecided faces of a stored photo against the claims and releases of today.

        Where nothing is said of a face today, what was said of it before still counts.

        Args:
            only: consider this face alone: what a reviewer's assignment does.

        Returns:
            What became of the faces that were undecided, and are not decided by somebody else meanwhile.

        Raises:
            BadPhoto: `forgotten`, destroyed with a person in it while it was worked on.
        """
        with self._records.read() as work:
            undecided = [face for face in rows.undecided(work, photo) if only in (None, face.id)]
            decided = [face.box for face in rows.faces(work, photo=photo) if face not in undecided]
            sources = _sources(work, photo)
        faces = []
        for face in self._faces(sighting):
            if any(overlap(face.box, box) >= _SAME_FACE for box in decided):
                continue
            same = next((f for f in undecided if overlap(face.box, f.box) >= _SAME_FACE), None)
            if same is not None:
                said = _remembered(same) if face.verdict == BYSTANDER else face.verdict
                faces.append(replace(face, id=same.id, verdict=said, stored=True))
            elif only is None:
                faces.append(face)
        self._encode(photo, faces, sources, sighting)
        with self._records.write() as work:
            sources = _sources(work, photo)
            still_open = {face.id for face in rows.undecided(work, photo)}
            faces = [face for face in faces if not face.stored or face.id in still_open]
            self._decide_again(work, photo, faces, sources)
            if any(face.state in _NEEDS_PREVIEW for face in faces) and rows.preview(work, photo) is None:
                preview = self._preview(sighting, faces)
                rows.reseal_photo(work, photo, rows.key_of(work, photo), sighting.uri, preview)
            self._store(work, photo, faces)
            rows.considered(work, photo)
        return _outcomes(faces)

    def _faces(self, sighting: Sighting) -> list[_Work]:
        found = self._pack.detector.detect(sighting.photo.image)
        boxes = [face.box.scaled(1.0 / sighting.photo.scale) for face in found]
        verdicts = attribute(boxes, sighting.claims)
        return [
            _Work(FaceId(new_id("fac")), number, face, box, verdict)
            for number, (face, box, verdict) in enumerate(zip(found, boxes, verdicts, strict=True))
        ]

    def _encode(self, photo: PhotoId, faces: Sequence[_Work], sources: Sequence[Source], sighting: Sighting) -> None:
        """Decide on every face and encode those that are permitted, in one batch."""
        permitted: list[tuple[_Work, Permit]] = []
        for face in faces:
            if face.verdict == BYSTANDER:
                face.verdict = self._recognise(photo, face, sources, sighting)
            if face.verdict.doubt is not None:
                face.state, face.reason = FaceState.WAITING, face.verdict.doubt
            elif face.verdict.subject is not None:
                permit = self._permit(photo, face, sources, sighting)
                if permit is not None:
                    permitted.append((face, permit))
        crops = [permit.cover(self._pack.encoder.align(sighting.photo.image, face.found)) for face, permit in permitted]
        if crops:
            for (face, _), faceprint in zip(permitted, self._pack.encoder.encode(crops), strict=True):
                face.state, face.faceprint = FaceState.REFERENCE, faceprint

    def _permit(self, photo: PhotoId, face: _Work, sources: Sequence[Source], sighting: Sighting) -> Permit | None:
        """Return the permit to encode an attributed face, or note why it is left out."""
        with self._records.read() as work:
            decision = self._decide(work, photo, face, sources)
        if isinstance(decision, Deny):
            face.state, face.reason, face.detail = FaceState.SKIPPED, decision.rule_id, decision.reason
            return None
        quality: Quality = assess(sighting.photo.image, face.found, ENROL)
        if quality.reason is not None:
            face.state, face.reason, face.detail = FaceState.SKIPPED, quality.reason, quality.detail
            return None
        return decision

    def _decide(self, work: Transaction, photo: PhotoId, face: _Work, sources: Sequence[Source]) -> Permit | Deny:
        attributed = face.verdict.subject
        if attributed is None:
            raise RuntimeError("only an attributed face is decided on")
        if not subject_rows.exists(work, attributed):
            face.verdict = BYSTANDER
            return Deny("subject.gone", "this person was destroyed while the photo was worked on", "core")
        subject = subject_rows.get(work, attributed)
        release = best_release(subject_rows.releases(work, subject.id).get(subject.id, []), work.now)
        policy = subject_rows.current_policy(work)
        face.release = None if release is None else release.id
        facts = Enrolment(
            face=f"{photo}/{face.number}",
            now=work.now,
            subject=subject,
            release=release,
            source=sources[0],
            policy_published_at=None if policy is None else policy.published_at,
        )
        return deny_set_back(work.behind) or decide_enrolment(facts, self._law.of_subject(subject, sources, work.now))

    def _decide_again(
        self, work: Transaction, photo: PhotoId, faces: Sequence[_Work], sources: Sequence[Source]
    ) -> None:
        for face in faces:
            subject = face.verdict.subject
            if subject is None or (face.faceprint is None and subject_rows.exists(work, subject)):
                continue
            decision = self._decide(work, photo, face, sources)
            if isinstance(decision, Deny):
                if face.faceprint is not None:
                    face.faceprint.wipe()
                face.faceprint = None
                face.state, face.reason, face.detail = FaceState.SKIPPED, decision.rule_id, decision.reason

    def _recognise(self, photo: PhotoId, face: _Work, sources: Sequence[Source], sighting: Sighting) -> Verdict:
        """Compare an unattributed face with the consenting gallery in memory, where the law allows it."""
        with self._records.read() as work:
            policy = subject_rows.current_policy(work)
            facts = TransientMatch(
                face=f"{photo}/{face.number}",
                now=work.now,
                sources=tuple(sources),
                policy_published_at=None if policy is None else policy.published_at,
            )
            decision = deny_set_back(work.behind) or decide_transient(facts, self._law.of_bystander(sources))
            if isinstance(decision, Deny) or assess(sighting.photo.image, face.found, ENROL).reason:
                return BYSTANDER
            view = self._gallery.consenting(work, self._pack.encoder)
        if not view.size:
            return BYSTANDER
        crop = decision.cover(self._pack.encoder.align(sighting.photo.image, face.found))
        (probe,) = self._pack.encoder.encode([crop])
        strictest = min(view.rates)
        minimum = tail_for(self._pack.encoder.digest).threshold(strictest, view.size).value
        found = self._gallery.search(probe, view, minimum)
        probe.wipe()
        if not found:
            return BYSTANDER
        return Verdict(found[0].subject, Attribution.TRANSIENT)

    def _preview(self, sighting: Sighting, faces: Sequence[_Work]) -> bytes | None:
        if not any(face.state in _NEEDS_PREVIEW for face in faces):
            return None
        return self._reader.preview(sighting.photo.image, (), PREVIEW_PX)

    def _store(self, work: Transaction, photo: PhotoId, faces: Sequence[_Work]) -> None:
        for face in faces:
            subject = face.verdict.subject
            if face.stored:
                rows.set_face(work, face.id, face.state, subject=subject, reason=face.reason)
            else:
                record = FaceRecord(face.id, photo, face.box, face.state, face.reason, subject)
                rows.add_face(work, record, face.detail)
            if face.state is FaceState.REFERENCE:
                self._store_reference(work, face)
            elif face.state is FaceState.SKIPPED:
                work.log(EventTag.FACE_DENIED, subject=subject, face=face.id, photo=photo, rule=face.reason)

    def _store_reference(self, work: Transaction, face: _Work) -> None:
        if face.faceprint is None or face.release is None or face.verdict.subject is None:
            raise Refused("consent.live", "a reference needs a permitted faceprint", "core")
        new = NewReference(ReferenceId(new_id("ref")), face.id, face.verdict.subject, face.release, face.faceprint)
        rows.add_reference(work, new)
        work.log(
            EventTag.FACE_ENCODED,
            subject=new.subject,
            face=face.id,
            reference=new.id,
            release=new.release,
            encoder=new.faceprint.encoder,
            attributed_by=None if face.verdict.by is None else face.verdict.by.value,
        )
        face.faceprint.wipe()


def _sources(work: Transaction, photo: PhotoId) -> list[Source]:
    sources = rows.sources_of(work, photo)
    if not sources:
        raise BadPhoto("forgotten", "the photo was forgotten with a person in it; ingest it again")
    return sources


def _remembered(face: FaceRecord) -> Verdict:
    doubt = face.reason if face.state is FaceState.WAITING else None
    return Verdict(face.subject, doubt=doubt)


_NEEDS_PREVIEW = (FaceState.REFERENCE, FaceState.WAITING)


def _outcomes(faces: Sequence[_Work]) -> list[FaceOutcome]:
    return [
        FaceOutcome(face.id, face.box, face.state, face.reason, face.detail, face.verdict.subject) for face in faces
    ]
