# SPDX-License-Identifier: Apache-2.0
"""Ways to sign in: passkeys, and a password with codes of an authenticator app."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field, SecretStr
from starlette.requests import Request
from starlette.responses import Response

from countenance.api.door import Passwords, PlaceOf, let_in
from countenance.api.guard import EngineOf, SettingsOf, may
from countenance.model.account import Caller
from countenance.model.credential import Method
from countenance.policy.roles import Verb

router = APIRouter(tags=["factors"])

Own = Annotated[Caller, may(Verb.ACCESS_OWN)]
Enrolling = Annotated[Caller, may(Verb.ACCESS_ENROL)]


class FactorOut(BaseModel):
    """A way to sign in."""

    id: str
    method: Method
    label: str
    created_at: datetime
    used_at: datetime | None


class FactorsOut(BaseModel):
    """One's ways to sign in, oldest first."""

    factors: list[FactorOut]


class NewPasskeyIn(BaseModel):
    """A passkey that a browser made."""

    answer: str = Field(max_length=20_000, description="The PublicKeyCredential as JSON, as browsers write it.")
    label: str = Field(max_length=100, description="Which device it is on.")


class NewCodesOut(BaseModel):
    """A secret for an authenticator app, not in force yet."""

    secret: str
    uri: str
    pending: str = Field(description="Send it back with the password and the first code.")


class NewPasswordIn(BaseModel):
    """A password, and the first code of an authenticator app."""

    password: SecretStr = Field(max_length=1000)
    pending: str = Field(max_length=1000)
    code: SecretStr = Field(max_length=20)


@router.get("/factors")
def list_factors(caller: Own, engine: EngineOf) -> FactorsOut:
    """Return one's ways to sign in."""
    found = engine.factors.everything(caller.account)
    return FactorsOut(
        factors=[
            FactorOut(id=one.id, method=one.method, label=one.label, created_at=one.created_at, used_at=one.used_at)
            for one in found
        ]
    )


@router.post("/factors/passkey/options")
def new_passkey_options(caller: Enrolling, engine: EngineOf, place: PlaceOf) -> dict[str, Any]:
    """Return the options of `navigator.credentials.create`, good for five minutes and one answer."""
    return engine.factors.passkey_options(caller, place)


@router.post("/factors/passkey", status_code=204)
def add_passkey(
    request: Request, response: Response, caller: Enrolling, engine: EngineOf, place: PlaceOf, body: NewPasskeyIn
) -> None:
    """Add the passkey that a browser made; the session of an invitation becomes a full one."""
    _replace(request, response, engine.factors.add_passkey(caller, place, body.answer, body.label))


@router.post("/factors/codes", dependencies=[Passwords])
def new_codes(caller: Enrolling, engine: EngineOf) -> NewCodesOut:
    """Return a secret for an authenticator app; it is in force once a password is set with a code of it."""
    made = engine.factors.new_codes(caller)
    return NewCodesOut(secret=made.secret, uri=made.uri, pending=made.pending)


@router.post("/factors/password", status_code=204, dependencies=[Passwords])
def set_password(
    request: Request,
    response: Response,
    caller: Enrolling,
    engine: EngineOf,
    settings: SettingsOf,
    body: NewPasswordIn,
) -> None:
    """Set password and codes, in place of earlier ones; the session of an invitation becomes a full one."""
    password, code = body.password.get_secret_value(), body.code.get_secret_value()
    token = engine.factors.set_password(caller, password, body.pending, code, breached=settings.breached)
    _replace(request, response, token)


@router.delete("/factors/{factor}", status_code=204)
def remove_factor(caller: Own, engine: EngineOf, factor: str) -> None:
    """Remove one of one's ways to sign in, but not the last."""
    engine.factors.remove(caller, factor)


def _replace(request: Request, response: Response, token: str | None) -> None:
    if token is not None:
        let_in(request, response, token)
