# SPDX-License-Identifier: Apache-2.0
"""Searches: look at a probe, search, see answers again, candidates' pictures, reviews; a comparison of two photos."""

from __future__ import annotations

import base64
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from countenance.api.guard import EngineOf, may
from countenance.api.photos import RAW_PHOTO, PhotoBody, PhotoForm, file_in, turn
from countenance.api.problems import request_id
from countenance.api.routes.answers import AnswerOut, CandidateOut, EntryOut, answer_out, candidate_out, entry_out
from countenance.api.settings import LARGEST_UPLOAD
from countenance.errors import NotAllowed
from countenance.ids import ClientId, SearchId, SubjectId
from countenance.model.account import Caller
from countenance.model.purpose import Purpose
from countenance.model.review import Verdict
from countenance.model.search import ProbeBasis
from countenance.policy.roles import Verb
from countenance.services.search import Request

router = APIRouter(tags=["searches"])

Searcher = Annotated[Caller, may(Verb.SEARCH_MAKE)]
Reader = Annotated[Caller, may(Verb.SEARCH_READ)]
Reviewer = Annotated[Caller, may(Verb.RESULT_REVIEW)]
What = Annotated[Purpose, Query(description="What for; one that the client was vetted for.")]
Basis = Annotated[ProbeBasis, Query(description="Why the face in the probe may be encoded.")]
FaceNumber = Annotated[int | None, Query(ge=1, description="Which face, from the left, where there are several.")]
Authorisation = Annotated[
    str | None,
    Query(max_length=200, description="Of law enforcement: the warrant's reference, or `pending`."),
]
Case = Annotated[
    str | None,
    Query(max_length=200, description="Number of the case; law enforcement and missing persons need one."),
]


async def _number(request: HttpRequest) -> str | None:
    return request_id(request)


RequestNumber = Annotated[str | None, Depends(_number)]

_TWO_PHOTOS = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["a", "b"],
                    "properties": {
                        "a": {"description": "A photo of one face.", "contentMediaType": "application/octet-stream"},
                        "b": {"description": "Another one.", "contentMediaType": "application/octet-stream"},
                    },
                }
            }
        },
    }
}


class ProbeFaceOut(BaseModel):
    """A face that a probe shows."""

    number: int = Field(description="From 1, from the left.")
    left: float = Field(description="Pixels of the upright photo, as all edges.")
    top: float
    right: float
    bottom: float
    reason: str | None = Field(description="Why it cannot be searched; null where it can.")
    detail: str


class LookOut(BaseModel):
    """What a probe shows."""

    width: int = Field(description="Pixels of the upright photo.")
    height: int
    faces: list[ProbeFaceOut]
    crop: str | None = Field(description="JPEG in Base64 of the chosen or only face, cut as a search cuts it.")


class SearchesOut(BaseModel):
    """A page of a client's searches, newest first."""

    searches: list[EntryOut]
    next: str | None = Field(description="`before` of the next page; null on the last one.")


class ReviewIn(BaseModel):
    """What one says of probe and candidate."""

    verdict: Verdict


class AuthorisationIn(BaseModel):
    """What was decided on the authorisation of a search that was made before it came."""

    reference: str | None = Field(
        max_length=200, description="Of the warrant or decision; null where it was refused: the search is deleted."
    )


class VerificationOut(BaseModel):
    """A comparison of two photos."""

    search: str
    score: float = Field(description="Cosine of the two faces, rounded.")
    threshold: float
    fpir: float = Field(description="Share of pairs of strangers that reach the threshold.")
    above: bool


def client_of(caller: Caller) -> ClientId:
    """Return the client that a caller searches for.

    Raises:
        NotAllowed: for none.
    """
    if caller.client is None:
        raise NotAllowed("this account searches for no client")
    return caller.client


@router.post("/searches/look", max_body_size=LARGEST_UPLOAD, openapi_extra=RAW_PHOTO, tags=["searches"])
def look(
    caller: Searcher,
    engine: EngineOf,
    photo: PhotoBody,
    purpose: What,
    basis: Basis,
    face: FaceNumber = None,
    authorisation: Authorisation = None,
    case: Case = None,
    number: RequestNumber = None,
) -> LookOut:
    """Return which faces a probe shows, decided and counted like a search; nothing is encoded and nothing kept."""
    request = Request(client_of(caller), purpose, basis, caller.account, authorisation, case=case, request_id=number)
    with turn():
        found = engine.searches.look(photo, request, face=face)
    return LookOut(
        width=found.size[1],
        height=found.size[0],
        faces=[
            ProbeFaceOut(
                number=one.number,
                left=round(one.box.left, 1),
                top=round(one.box.top, 1),
                right=round(one.box.right, 1),
                bottom=round(one.box.bottom, 1),
                reason=one.reason,
                detail=one.detail,
            )
            for one in found.faces
        ],
        crop=None if found.crop is None else base64.b64encode(found.crop).decode(),
    )


@router.post("/searches", status_code=201, max_body_size=LARGEST_UPLOAD, openapi_extra=RAW_PHOTO)
def search(
    caller: Searcher,
    engine: EngineOf,
    response: Response,
    photo: PhotoBody,
    purpose: What,
    basis: Basis,
    face: FaceNumber = None,
    authorisation: Authorisation = None,
    case: Case = None,
    number: RequestNumber = None,
) -> AnswerOut:
    """Search by photo; no candidates is the answer that it is nobody. The photo is forgotten when the answer leaves."""
    request = Request(client_of(caller), purpose, basis, caller.account, authorisation, case=case, request_id=number)
    with turn():
        found = answer_out(engine.desk.search(photo, request, face=face))
    response.headers["Location"] = f"/api/v1/searches/{found.search}"
    return found


@router.get("/searches")
def searches(
    caller: Reader,
    engine: EngineOf,
    before: Annotated[str | None, Query(description="`next` of the page before.")] = None,
) -> SearchesOut:
    """Return the searches of the caller's client, newest first."""
    entries, after = engine.desk.history(client_of(caller), before=None if before is None else SearchId(before))
    return SearchesOut(searches=[entry_out(one) for one in entries], next=after)


@router.get("/searches/{search}")
def answer(caller: Reader, engine: EngineOf, search: str) -> AnswerOut:
    """Return an answer again, as far as it may be shown at this moment."""
    return answer_out(engine.desk.answer(SearchId(search), client_of(caller), by=caller.account))


@router.get(
    "/searches/{search}/candidates/{subject}/crop",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}, "description": "The candidate's face, cut as a probe is cut."}},
)
def crop(caller: Reader, engine: EngineOf, search: str, subject: str) -> Response:
    """Return the picture of a candidate's face; others in the photo are blacked out."""
    with turn():
        found = engine.desk.crop(SearchId(search), SubjectId(subject), client_of(caller))
    headers = {
        "Countenance-Face-Px": str(found.face_px),
        "Countenance-Aligned": "?1" if found.aligned else "?0",
        "Content-Disposition": 'inline; filename="candidate.jpg"',
    }
    return Response(found.jpeg, media_type="image/jpeg", headers=headers)


@router.post("/searches/{search}/candidates/{subject}/reviews", status_code=201)
def review(caller: Reviewer, engine: EngineOf, search: str, subject: str, said: ReviewIn) -> CandidateOut:
    """Say what one sees in probe and candidate; sealed from others until all who must have decided."""
    client = client_of(caller)
    seen = engine.desk.decide(SearchId(search), SubjectId(subject), said.verdict, client, by=caller.account)
    return candidate_out(SearchId(search), seen)


@router.put("/searches/{search}/authorisation", status_code=204)
def authorise(caller: Searcher, engine: EngineOf, search: str, decided: AuthorisationIn) -> None:
    """Record the authorisation of a search, or that it was refused: then the search and all of it are deleted."""
    engine.desk.authorise(SearchId(search), client_of(caller), decided.reference)


@router.post("/verifications", max_body_size=LARGEST_UPLOAD, openapi_extra=_TWO_PHOTOS)
def verify(
    caller: Searcher,
    engine: EngineOf,
    form: PhotoForm,
    purpose: What,
    basis: Basis,
    authorisation: Authorisation = None,
    case: Case = None,
    number: RequestNumber = None,
) -> VerificationOut:
    """Compare two photos of one face each, in memory; nothing of them is kept."""
    request = Request(client_of(caller), purpose, basis, caller.account, authorisation, case=case, request_id=number)
    with turn():
        found = engine.searches.verify(file_in(form, "a"), file_in(form, "b"), request)
    return VerificationOut(
        search=found.id,
        score=found.score,
        threshold=found.threshold.value,
        fpir=found.threshold.fpir,
        above=found.above,
    )
