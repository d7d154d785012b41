# SPDX-License-Identifier: Apache-2.0
"""Sessions: sign in by passkey, by password and code, or by an invitation; see one's sessions, end them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field, SecretStr
from starlette.requests import Request
from starlette.responses import Response

from countenance.api.door import Browser, Knock, Passwords, PlaceOf, let_in, let_out, token_of
from countenance.api.guard import EngineOf, may
from countenance.model.account import Caller, Role
from countenance.model.credential import Happened, Method, Session
from countenance.policy.roles import Verb

router = APIRouter(tags=["sessions"])

Own = Annotated[Caller, may(Verb.ACCESS_OWN)]
Enrolling = Annotated[Caller, may(Verb.ACCESS_ENROL)]


class SignInIn(BaseModel):
    """A name, its password, and a code of the authenticator app."""

    name: str = Field(max_length=200)
    password: SecretStr = Field(max_length=1000)
    code: SecretStr = Field(max_length=20)


class PasskeyIn(BaseModel):
    """What a passkey answered."""

    answer: str = Field(max_length=20_000, description="The PublicKeyCredential as JSON, as browsers write it.")


class InvitationIn(BaseModel):
    """An invitation."""

    token: SecretStr = Field(max_length=200)


class SignedInOut(BaseModel):
    """A session was opened; its token is in the cookie of this answer."""

    account: str
    role: Role
    enrolling: bool = Field(description="It may nothing but set up a way to sign in.")


class SessionOut(BaseModel):
    """A session of one's own."""

    id: str
    method: Method
    created_at: datetime
    seen_at: datetime = Field(description="Last call, exact to a minute.")
    ends_at: datetime = Field(description="When it ends if no call comes.")
    agent: str = Field(description="Browser and system, as the browser said, in words of a closed list.")
    current: bool = Field(description="The one that this call came with.")


class SessionsOut(BaseModel):
    """One's open sessions, newest first."""

    sessions: list[SessionOut]


class EndedOut(BaseModel):
    """Sessions that were ended."""

    ended: int


class NoticeOut(BaseModel):
    """Something that happened to one's account."""

    at: datetime
    what: Happened
    method: Method | None
    agent: str = Field(description="Browser and system, as the browser said; empty where it is not known.")
    told: bool = Field(description="Looked at, or nothing to look at.")


class NoticesOut(BaseModel):
    """What happened to one's account in the last 90 days, newest first."""

    notices: list[NoticeOut]


def session_out(one: Session, caller: Caller) -> SessionOut:
    """Return a session as it is sent."""
    return SessionOut(
        id=one.id,
        method=one.method,
        created_at=one.created_at,
        seen_at=one.seen_at,
        ends_at=one.ends_at,
        agent=one.agent,
        current=one.id == caller.credential,
    )


def _entered(request: Request, response: Response, opened: tuple[str, Caller]) -> SignedInOut:
    token, caller = opened
    let_in(request, response, token)
    return SignedInOut(account=caller.account, role=caller.role, enrolling=caller.scopes is not None)


@router.post("/sessions", status_code=201, dependencies=[Knock, Passwords])
def sign_in(request: Request, response: Response, engine: EngineOf, browser: Browser, body: SignInIn) -> SignedInOut:
    """Sign in by password and code; name, password or code may be wrong, the answer is the same."""
    password, code = body.password.get_secret_value(), body.code.get_secret_value()
    return _entered(request, response, engine.sign_in.password(body.name, password, code, browser))


@router.post("/sessions/passkey/options", dependencies=[Knock])
def passkey_options(engine: EngineOf, place: PlaceOf) -> dict[str, Any]:
    """Return the options of `navigator.credentials.get`, good for five minutes and one answer."""
    return engine.sign_in.passkey_options(place)


@router.post("/sessions/passkey", status_code=201, dependencies=[Knock])
def sign_in_by_passkey(
    request: Request, response: Response, engine: EngineOf, place: PlaceOf, browser: Browser, body: PasskeyIn
) -> SignedInOut:
    """Sign in by what a passkey answered."""
    return _entered(request, response, engine.sign_in.passkey(place, body.answer, browser))


@router.post("/sessions/invitation", status_code=201, dependencies=[Knock])
def redeem(request: Request, response: Response, engine: EngineOf, browser: Browser, body: InvitationIn) -> SignedInOut:
    """Open a session by an invitation, which is used up."""
    return _entered(request, response, engine.accounts.redeem(body.token.get_secret_value(), browser))


@router.get("/sessions")
def list_sessions(caller: Own, engine: EngineOf) -> SessionsOut:
    """Return one's open sessions."""
    return SessionsOut(sessions=[session_out(one, caller) for one in engine.accounts.sessions(caller.account)])


@router.delete("/sessions")
def end_other_sessions(caller: Own, engine: EngineOf) -> EndedOut:
    """End all of one's sessions but the one that this call came with; it takes having signed in lately."""
    return EndedOut(ended=engine.accounts.end_others(caller))


@router.get("/notices")
def list_notices(caller: Own, engine: EngineOf) -> NoticesOut:
    """Return what happened to one's account: sign-ins, tries that failed, changes of how one signs in."""
    found = engine.accounts.history(caller.account)
    return NoticesOut(
        notices=[
            NoticeOut(at=one.at, what=one.what, method=one.method, agent=one.agent, told=one.told) for one in found
        ]
    )


@router.post("/notices/told", status_code=204)
def mark_notices(caller: Own, engine: EngineOf) -> None:
    """Record that one has looked at them."""
    engine.accounts.told(caller)


@router.delete("/sessions/current", status_code=204)
def sign_out(request: Request, response: Response, _caller: Enrolling, engine: EngineOf) -> None:
    """End the session that this call came with."""
    engine.accounts.sign_out(token_of(request))
    let_out(request, response)


@router.delete("/sessions/{session}", status_code=204)
def end_session(caller: Own, engine: EngineOf, session: str) -> None:
    """End one of one's own sessions; another than this one takes having signed in lately."""
    engine.accounts.end_session(caller, session)
