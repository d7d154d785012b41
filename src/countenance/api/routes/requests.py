# SPDX-License-Identifier: Apache-2.0
"""Requests of subjects: opened, acknowledged, answered by the day the law says, closed."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from countenance.api.guard import EngineOf, may
from countenance.api.listing import PAGE, After, Limit, Listed, cut
from countenance.api.routes.runs import RunOut, document, run_out
from countenance.errors import BadInput
from countenance.ids import FaceId, RequestId, SubjectId
from countenance.model.account import Caller
from countenance.model.request import RequestKind, VerifiedBy
from countenance.papers.archive import archive
from countenance.policy.roles import Verb
from countenance.services.requests import Due

router = APIRouter(tags=["requests"])

Reader = Annotated[Caller, may(Verb.REQUEST_READ)]
Writer = Annotated[Caller, may(Verb.REQUEST_WRITE)]
State = Literal["open", "answered", "closed"]


class RequestOut(BaseModel):
    """One request of one person."""

    id: str
    subject: str
    kind: RequestKind
    state: State
    channel: str
    verified_by: VerifiedBy
    opened_at: datetime
    ack_due: date
    due: date
    first: bool = Field(description="The law wants it answered before anything of the person is destroyed.")
    acknowledged_at: datetime | None
    answered_at: datetime | None
    closed_at: datetime | None
    outcome: str | None
    late: str | None = Field(description="Which deadline has passed: `acknowledgement` or `answer`.")


class RequestIn(BaseModel):
    """A request as it came in."""

    subject: str
    kind: RequestKind
    verified_by: VerifiedBy
    channel: str = Field(default="in person", max_length=200)


class CorrectionIn(BaseModel):
    """What was wrong; one of the two, or neither where it was put right with another verb."""

    label: str | None = Field(default=None, max_length=200)
    face: str | None = None


class CloseIn(BaseModel):
    """Why it is refused, as the person was told; nothing where it was answered."""

    reason: str = Field(default="", max_length=2000)


def request_out(found: Due) -> RequestOut:
    """Return a request as the API shows it."""
    one = found.request
    state: State = "closed" if one.closed_at else "answered" if one.answered_at else "open"
    return RequestOut(
        id=one.id,
        subject=one.subject,
        kind=one.kind,
        state=state,
        channel=one.channel,
        verified_by=one.verified_by,
        opened_at=one.opened_at,
        ack_due=one.ack_due,
        due=one.due,
        first=one.first,
        acknowledged_at=one.acknowledged_at,
        answered_at=one.answered_at,
        closed_at=one.closed_at,
        outcome=None if one.outcome is None else one.outcome.value,
        late=found.late,
    )


@router.get("/requests")
def list_requests(
    _caller: Reader,
    engine: EngineOf,
    state: Annotated[State | None, Query(description="Only those that stand so.")] = None,
    after: After = None,
    limit: Limit = PAGE,
) -> Listed[RequestOut]:
    """Return requests; of the open ones those that are due first, else the newest first."""
    found = [one for one in engine.requests.everything() if state in (None, one.request.state)][::-1]
    if state == "open":
        found.sort(key=lambda one: (one.request.due, one.request.id))
    page, following = cut(found, lambda one: one.request.id, after, limit)
    return Listed(items=[request_out(one) for one in page], next=following)


@router.post("/requests", status_code=201)
def open_request(_caller: Writer, engine: EngineOf, response: Response, said: RequestIn) -> RequestOut:
    """Record a request; one to erase freezes the person at once."""
    opened = engine.requests.open(
        SubjectId(said.subject), said.kind, verified_by=said.verified_by, channel=said.channel
    )
    response.headers["Location"] = f"/api/v1/requests/{opened.id}"
    return request_out(engine.requests.get(opened.id))


@router.get("/requests/{request}")
def get_request(_caller: Reader, engine: EngineOf, request: str) -> RequestOut:
    """Return one request."""
    return request_out(engine.requests.get(RequestId(request)))


@router.post("/requests/{request}/acknowledge")
def acknowledge_request(_caller: Writer, engine: EngineOf, request: str) -> RequestOut:
    """Record that the person was told that the request came, and by when it is answered."""
    engine.requests.acknowledge(RequestId(request))
    return request_out(engine.requests.get(RequestId(request)))


@router.post(
    "/requests/{request}/archive",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}, "description": "What is held, as a page and as JSON."}},
)
def request_archive(_caller: Writer, engine: EngineOf, request: str) -> Response:
    """Return what answers an access or export request; give its SHA-256 to `answered` once the person has it."""
    data = archive(engine.requests.package(RequestId(request)))
    response = document(data, f"{request}.zip", "application/zip")
    response.headers["Countenance-SHA256"] = hashlib.sha256(data).hexdigest()
    return response


class GivenIn(BaseModel):
    """What the person was given."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="Of the archive.")


@router.post("/requests/{request}/answered")
def request_answered(_caller: Writer, engine: EngineOf, request: str, said: GivenIn) -> RequestOut:
    """Record that the person was given the archive; what had waited for that goes on."""
    engine.requests.answered(RequestId(request), said.sha256)
    return request_out(engine.requests.get(RequestId(request)))


@router.post("/requests/{request}/correct")
def correct_for_request(_caller: Writer, engine: EngineOf, request: str, said: CorrectionIn) -> RequestOut:
    """Answer a request for correction."""
    if said.label is not None and said.face is not None:
        raise BadInput("correct one thing at a time: the label, or a face")
    if said.label is not None:
        engine.requests.correct_label(RequestId(request), said.label)
    elif said.face is not None:
        engine.requests.correct_face(RequestId(request), FaceId(said.face))
    else:
        engine.requests.corrected(RequestId(request))
    return request_out(engine.requests.get(RequestId(request)))


@router.post("/requests/{request}/erase", status_code=202)
def erase_for_request(caller: Writer, engine: EngineOf, request: str) -> RunOut:
    """Begin the destruction that answers a request to erase; it waits for a second person where the law asks."""
    return run_out(engine.run_jobs.erase(RequestId(request), by=caller.account))


@router.post("/requests/{request}/close")
def close_request(_caller: Writer, engine: EngineOf, request: str, said: CloseIn) -> RequestOut:
    """End a request; one that was not answered needs the reason that the person was told."""
    engine.requests.close(RequestId(request), reason=said.reason)
    return request_out(engine.requests.get(RequestId(request)))
