# SPDX-License-Identifier: Apache-2.0
"""One's own view: what is held about me, who searched and found me, and what I ask for."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from countenance.api.exact import Day
from countenance.api.guard import EngineOf, may
from countenance.errors import NotFound
from countenance.ids import FaceId, PhotoId, ReleaseId, SubjectId
from countenance.model.account import Caller
from countenance.model.consent import ConsentStatus
from countenance.model.destruction import RunState
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.request import RequestKind, SubjectRequest
from countenance.model.source import FaceState
from countenance.papers.archive import archive
from countenance.policy.roles import Verb
from countenance.services.own import Own

router = APIRouter(prefix="/me", tags=["own"])

Reader = Annotated[Caller, may(Verb.OWN_READ)]
Owner = Annotated[Caller, may(Verb.OWN_ACT)]
ZIP = "application/zip"


class OwnRelease(BaseModel):
    """A release that I signed."""

    id: str
    status: ConsentStatus
    signed_at: datetime
    term_end: datetime
    purposes: list[Purpose]
    clients: list[str] = Field(description="By name.")
    kinds: list[ClientKind]


class OwnFace(BaseModel):
    """A face that is taken for mine."""

    id: str
    photo: str
    state: FaceState
    reason: str | None


class OwnFinding(BaseModel):
    """A search that found me."""

    at: datetime
    client: str = Field(description="By name.")
    purpose: Purpose
    photo: str


class OwnRequest(BaseModel):
    """Something that I asked for."""

    id: str
    kind: RequestKind
    state: str
    opened_at: datetime
    due: date = Field(description="The last day to answer it.")
    late: bool
    outcome: str | None


class OwnRun(BaseModel):
    """A destruction of what is held about me, and its certificates."""

    id: str
    state: RunState
    waits_for_approval: bool
    certificates: list[str]


class OwnOut(BaseModel):
    """Everything that is held about me, but for the faceprints: numbers made of a face are given to nobody."""

    subject: str
    label: str
    residency: list[str]
    residency_unknown: str | None = Field(description="Why the strictest law applies.")
    frozen_at: datetime | None = Field(description="Since when nobody finds me.")
    releases: list[OwnRelease]
    faces: list[OwnFace]
    findings: list[OwnFinding]
    requests: list[OwnRequest]
    runs: list[OwnRun]


class AskIn(BaseModel):
    """What I ask for."""

    kind: RequestKind
    words: str = Field(default="", max_length=1000, description="Of a correction or an objection; sealed.")


class MoveIn(BaseModel):
    """Where I live now."""

    place: str = Field(max_length=20)
    since: Day


def me(caller: Caller) -> SubjectId:
    """Return whose own view it is.

    Raises:
        NotFound: the caller is no person pictured.
    """
    if caller.subject is None:
        raise NotFound("this account has no own view")
    return caller.subject


@router.get("/held")
def own_held(caller: Reader, engine: EngineOf) -> OwnOut:
    """Return what is held about me, and who searched and found me; the look is logged."""
    return own_out(engine.own.show(me(caller)))


@router.get("/photos/{photo}", response_class=Response)
def own_photo(caller: Reader, engine: EngineOf, photo: str) -> Response:
    """Return the preview of a photo that shows me; everybody else is blacked out."""
    return Response(engine.own.photo(me(caller), PhotoId(photo)), media_type="image/jpeg")


@router.get("/releases/{release}", response_class=Response)
def own_release(caller: Reader, engine: EngineOf, release: str) -> Response:
    """Return a release of mine as a signed document that verifies offline."""
    data = engine.own.receipt(me(caller), ReleaseId(release))
    return attachment(data, f"release-{release}.json", "application/json")


@router.post("/export", response_class=Response)
def own_export(caller: Owner, engine: EngineOf) -> Response:
    """Return everything that is held about me as a ZIP archive, to take along."""
    request, data = engine.own.export(me(caller), archive)
    return attachment(data, f"{request.id}.zip", ZIP)


@router.post("/withdraw", status_code=204)
def own_withdraw(caller: Owner, engine: EngineOf) -> None:
    """Withdraw every release; nobody finds me from the next search on."""
    engine.own.withdraw(me(caller))


@router.post("/requests", status_code=201)
def own_ask(caller: Owner, engine: EngineOf, asked: AskIn) -> OwnRequest:
    """Ask for a correction or for erasure, or object; it is acknowledged at once, and answered by its day."""
    return request_out(engine.own.ask(me(caller), asked.kind, asked.words))


@router.post("/faces/{face}/not-me")
def own_not_me(caller: Owner, engine: EngineOf, face: str) -> OwnRequest:
    """Say that a face is not mine; its faceprint is deleted at once."""
    return request_out(engine.own.not_me(me(caller), FaceId(face)))


@router.post("/residence", status_code=204)
def own_move(caller: Owner, engine: EngineOf, moved: MoveIn) -> None:
    """Say where I live now, and since when."""
    engine.own.move(me(caller), moved.place, moved.since)


def attachment(data: bytes, name: str, kind: str) -> Response:
    """Return a file to be kept."""
    return Response(data, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def request_out(one: SubjectRequest, *, late: bool = False) -> OwnRequest:
    """Return a request as sent to whom it is of."""
    return OwnRequest(
        id=one.id,
        kind=one.kind,
        state=one.state,
        opened_at=one.opened_at,
        due=one.due,
        late=late,
        outcome=one.outcome,
    )


def own_out(own: Own) -> OwnOut:
    """Return one's own view as sent."""
    held, person = own.holdings, own.holdings.subject
    return OwnOut(
        subject=person.id,
        label=person.label,
        residency=list(own.home.current),
        residency_unknown=own.home.unknown,
        frozen_at=person.frozen_at,
        releases=[
            OwnRelease(
                id=one.id,
                status=status,
                signed_at=one.signed_at,
                term_end=one.term_end,
                purposes=sorted(one.scope.purposes),
                clients=[own.names[client] for client in sorted(one.scope.clients)],
                kinds=sorted(one.scope.kinds),
            )
            for one, status in held.releases
        ],
        faces=[OwnFace(id=f.id, photo=f.photo, state=f.state, reason=f.reason) for f in held.faces],
        findings=[OwnFinding(at=f.at, client=f.client_name, purpose=f.purpose, photo=f.photo) for f in held.findings],
        requests=[request_out(due.request, late=due.late is not None) for due in own.requests],
        runs=[
            OwnRun(
                id=step.run,
                state=step.state,
                waits_for_approval=step.waits_for_approval,
                certificates=[one.id for one in step.certificates],
            )
            for step in own.runs
        ],
    )
