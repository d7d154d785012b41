# SPDX-License-Identifier: Apache-2.0
"""Photos and faces on their way from what was seen to what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from countenance.ids import FaceId, PhotoId, ReleaseId, SubjectId, new_id
from countenance.model.face import Box
from countenance.model.faceprint import Faceprint
from countenance.model.source import NEEDS_PREVIEW, FaceState, Source
from countenance.ports.eyes import SeenFace, SeenPhoto
from countenance.services.attribution import Claim, Verdict, attribute


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
class PendingFace:
    """One face on its way: what was seen, said, decided and made of it."""

    id: FaceId
    number: int
    seen: SeenFace
    verdict: Verdict
    state: FaceState = FaceState.BYSTANDER
    reason: str | None = None
    detail: str = ""
    release: ReleaseId | None = None
    faceprint: Faceprint | None = field(default=None, repr=False)
    stored: bool = False

    def leave_out(self, reason: str, detail: str) -> None:
        """Skip the face, and overwrite what was made of it."""
        self.drop()
        self.state, self.reason, self.detail = FaceState.SKIPPED, reason, detail

    def drop(self) -> None:
        """Overwrite the faceprint, if there is one."""
        if self.faceprint is not None:
            self.faceprint.wipe()
        self.faceprint = None


@dataclass(frozen=True)
class Sighting:
    """A photo that was looked at, where it came from, and what was said of the people in it.

    Attributes:
        ask: a reviewer is asked about the faces that nobody named.
        file: its bytes, where no file holds them: they are kept, sealed, while a face needs them.
    """

    uri: str
    content_tag: bytes
    photo: SeenPhoto
    source: Source
    claims: tuple[Claim, ...]
    ask: bool = False
    file: bytes | None = field(default=None, repr=False)

    def faces(self) -> list[PendingFace]:
        """Return every face that was seen, with what the claims say of it."""
        seen = self.photo.faces
        verdicts = attribute([face.box for face in seen], self.claims)
        return [
            PendingFace(FaceId(new_id("fac")), number, face, verdict)
            for number, (face, verdict) in enumerate(zip(seen, verdicts, strict=True))
        ]


@dataclass
class PendingPhoto:
    """One photo on its way."""

    id: PhotoId
    sighting: Sighting
    sources: Sequence[Source]
    faces: list[PendingFace]

    def preview(self) -> bytes | None:
        """Return the preview, where what became of the faces asks for one."""
        needed = any(face.state in NEEDS_PREVIEW for face in self.faces)
        return self.sighting.photo.preview if needed else None

    def outcomes(self) -> list[FaceOutcome]:
        """Return what became of each face."""
        return [
            FaceOutcome(face.id, face.seen.box, face.state, face.reason, face.detail, face.verdict.subject)
            for face in self.faces
        ]
