# SPDX-License-Identifier: Apache-2.0
"""Review: the photos in which faces wait, pictures to decide by, and decisions. Nobody is ever suggested."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from countenance.api.guard import EngineOf, may
from countenance.api.photos import turn
from countenance.ids import FaceId, PhotoId, SubjectId
from countenance.model.account import Caller
from countenance.model.source import FaceState
from countenance.policy.roles import Verb
from countenance.services.review_photos import ShownFace

router = APIRouter(tags=["review"])

Looker = Annotated[Caller, may(Verb.FACE_READ)]
Decider = Annotated[Caller, may(Verb.FACE_DECIDE)]


class QueuedOut(BaseModel):
    """A photo in which faces wait."""

    photo: str
    waiting: int


class QueueOut(BaseModel):
    """A page of photos in which faces wait, the first that came first."""

    photos: list[QueuedOut]
    next: str | None = Field(description="`after` of the next page; null on the last one.")


class FaceOut(BaseModel):
    """A face of a photo."""

    id: str
    left: float = Field(description="Pixels of the upright photo, as all edges.")
    top: float
    right: float
    bottom: float
    state: FaceState
    reason: str | None = Field(description="Why it waits or was left out.")
    subject: str | None
    label: str | None = Field(description="What the operator calls the subject.")


class PhotoOut(BaseModel):
    """A photo to decide on."""

    id: str
    name: str
    width: int = Field(description="Pixels of the upright photo.")
    height: int
    sources: list[str]
    faces: list[FaceOut] = Field(description="From left to right.")
    has_picture: bool
    next: str | None = Field(description="The next photo in which faces wait.")
    left: int = Field(description="How many photos there are with faces that wait.")


class AssignIn(BaseModel):
    """Who a face is."""

    subject: str


class SplitIn(BaseModel):
    """Who a face really is; without, it waits."""

    subject: str | None = None


class DecidedOut(BaseModel):
    """A face after a decision; its id is another one where something was destroyed."""

    face: str


def face_out(one: ShownFace) -> FaceOut:
    """Return a face as it is sent."""
    face = one.face
    return FaceOut(
        id=face.id,
        left=round(face.box.left, 1),
        top=round(face.box.top, 1),
        right=round(face.box.right, 1),
        bottom=round(face.box.bottom, 1),
        state=face.state,
        reason=face.reason,
        subject=face.subject,
        label=one.label,
    )


@router.get("/review")
def queue(
    _caller: Looker,
    engine: EngineOf,
    after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> QueueOut:
    """Return photos in which faces wait for a reviewer."""
    found = engine.review_photos.queue(after=None if after is None else PhotoId(after), limit=limit + 1)
    shown = found[:limit]
    photos = [QueuedOut(photo=one.photo, waiting=one.waiting) for one in shown]
    return QueueOut(photos=photos, next=shown[-1].photo if len(found) > limit else None)


@router.post("/review/undo")
def undo(caller: Decider, engine: EngineOf) -> DecidedOut:
    """Take back one's own last decision of the last day; what it encoded is destroyed."""
    with turn():
        return DecidedOut(face=engine.review.undo(by=caller.account))


@router.get("/photos/{photo}")
def photo_by_id(_caller: Looker, engine: EngineOf, photo: str) -> PhotoOut:
    """Return a photo with its faces; the look is logged."""
    one = engine.review_photos.photo(PhotoId(photo))
    return PhotoOut(
        id=one.id,
        name=one.name,
        width=one.size[1],
        height=one.size[0],
        sources=list(one.sources),
        faces=[face_out(face) for face in one.faces],
        has_picture=one.has_picture,
        next=one.following,
        left=one.left,
    )


@router.get(
    "/photos/{photo}/picture",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {}}, "description": "Who neither waits nor is enrolled is blacked out."}
    },
)
def picture(
    _caller: Looker,
    engine: EngineOf,
    photo: str,
    *,
    large: Annotated[bool, Query(description="From the photo itself, where that is still there.")] = False,
    everybody: Annotated[bool, Query(description="Show bystanders and who was dismissed, too; logged.")] = False,
) -> Response:
    """Return a picture to decide by; it is made for this look and kept nowhere."""
    with turn():
        found = engine.review_photos.picture(PhotoId(photo), large=large, everybody=everybody)
    headers = {"Content-Disposition": 'inline; filename="photo.jpg"'}
    return Response(found, media_type="image/jpeg", headers=headers)


@router.post("/faces/{face}/assign")
def assign(caller: Decider, engine: EngineOf, face: str, said: AssignIn) -> DecidedOut:
    """Say who a face is; it is encoded if a live release permits it."""
    with turn():
        engine.review.assign(FaceId(face), SubjectId(said.subject), by=caller.account)
    return DecidedOut(face=face)


@router.post("/faces/{face}/dismiss")
def dismiss(caller: Decider, engine: EngineOf, face: str) -> DecidedOut:
    """Say that a face is nobody who enrolled; it is never asked about again."""
    engine.review.dismiss(FaceId(face), by=caller.account)
    return DecidedOut(face=face)


@router.post("/faces/{face}/split")
def split(caller: Decider, engine: EngineOf, face: str, said: SplitIn) -> DecidedOut:
    """Take a face off the person whom it was wrongly taken for; what was encoded of it is destroyed."""
    right = None if said.subject is None else SubjectId(said.subject)
    with turn():
        return DecidedOut(face=engine.review.split(FaceId(face), by=caller.account, to=right))
