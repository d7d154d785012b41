# SPDX-License-Identifier: Apache-2.0
"""Signings, for the desk: start one, see how far it is, stop it; and make somebody's private link."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from countenance.api.exact import Flag, Whole
from countenance.api.guard import EngineOf, SettingsOf, may
from countenance.ids import ClientId, SigningId, SourceId, SubjectId
from countenance.model.account import Caller
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.signing import Offer, Signing, SigningState
from countenance.policy.roles import Verb

router = APIRouter(tags=["signings"])

Desk = Annotated[Caller, may(Verb.SIGNING_RUN)]
Linker = Annotated[Caller, may(Verb.LINK_MAKE)]


class SigningIn(BaseModel):
    """What is offered to whom. The person chooses of it, and may choose nothing."""

    subject: str = Field(max_length=40)
    source: str = Field(max_length=40, description="Whose permission covers the picture that the person takes.")
    purposes: list[Purpose] = Field(max_length=20)
    clients: list[str] = Field(default=[], max_length=100)
    kinds: list[ClientKind] = Field(default=[], max_length=20)
    term_days: Whole = Field(ge=1, le=36_500)
    invitation: Flag = Field(default=False, description="The link is sent to the person; it lasts for two weeks.")


class SigningOut(BaseModel):
    """How far a signing is."""

    id: str
    subject: str
    state: SigningState
    over: bool = Field(description="Its link opens nothing any more.")
    invitation: bool
    opened_at: datetime
    expires_at: datetime
    release: str | None
    pictured: bool = Field(description="A picture was taken.")


class StartedOut(SigningOut):
    """A signing that was started; link and code cannot be shown again."""

    link: str
    code: str | None = Field(description="To type at `/sign` on the tablet at the desk.")


class LinkOut(BaseModel):
    """A private link to somebody's own view; it cannot be shown again, and earlier ones open nothing any more."""

    link: str


def signing_out(one: Signing, now: datetime) -> SigningOut:
    """Return a signing as sent."""
    return SigningOut(
        id=one.id,
        subject=one.subject,
        state=one.state,
        over=one.is_over(now),
        invitation=one.is_invitation,
        opened_at=one.opened_at,
        expires_at=one.expires_at,
        release=one.release,
        pictured=one.pictured,
    )


@router.get("/signings")
def list_signings(_caller: Desk, engine: EngineOf) -> list[SigningOut]:
    """Return the signings of the last two weeks, newest first."""
    return [signing_out(one, now) for one, now in engine.signings.everything()]


@router.post("/signings", status_code=201)
def start_signing(
    caller: Desk, engine: EngineOf, settings: SettingsOf, response: Response, asked: SigningIn
) -> StartedOut:
    """Start a signing; an earlier one of the same person that was not signed ends."""
    offer = Offer(
        frozenset(asked.purposes), frozenset(map(ClientId, asked.clients)), frozenset(asked.kinds), asked.term_days
    )
    made = engine.signings.start(
        SubjectId(asked.subject),
        offer,
        source=SourceId(asked.source),
        by=caller.account,
        invitation=asked.invitation,
    )
    response.headers["Location"] = f"/api/v1/signings/{made.signing.id}"
    shown = signing_out(made.signing, made.signing.opened_at)
    return StartedOut(**shown.model_dump(), link=f"{settings.origin}/sign/{made.token}", code=made.code)


@router.get("/signings/{signing}")
def read_signing(_caller: Desk, engine: EngineOf, signing: str) -> SigningOut:
    """Return one signing."""
    return signing_out(*engine.signings.get(SigningId(signing)))


@router.post("/signings/{signing}/stop", status_code=204)
def stop_signing(_caller: Desk, engine: EngineOf, signing: str) -> None:
    """End a signing that is not signed yet."""
    engine.signings.stop(SigningId(signing))


@router.post("/people/{subject}/link", status_code=201)
def make_link(_caller: Linker, engine: EngineOf, settings: SettingsOf, subject: str) -> LinkOut:
    """Make a new private link for a person whom you know to be this person; never by a photo."""
    return LinkOut(link=f"{settings.origin}/mine/{engine.own.link(SubjectId(subject))}")
