# SPDX-License-Identifier: Apache-2.0
"""API keys: make, list, revoke. No key reaches these: they ask for verbs that keys cannot hold."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from countenance.api.exact import Whole
from countenance.api.guard import EngineOf, may
from countenance.model.account import Caller
from countenance.model.credential import ApiKey
from countenance.policy.access import LONGEST_KEY_DAYS
from countenance.policy.roles import Verb

router = APIRouter(tags=["keys"])

Own = Annotated[Caller, may(Verb.ACCESS_OWN)]


class KeyIn(BaseModel):
    """A new key."""

    label: str = Field(max_length=200, description="What it is for.")
    scopes: list[Verb] = Field(min_length=1, description="What it may, of what your role may.")
    days: Whole = Field(ge=1, le=LONGEST_KEY_DAYS, description="It ends after this many.")


class KeyOut(BaseModel):
    """A key; what it is itself is not kept."""

    id: str
    label: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = Field(description="Last call, exact to a minute.")
    revoked_at: datetime | None


class NewKeyOut(BaseModel):
    """A key was made."""

    id: str
    key: str = Field(description="Send it as `Authorization: Bearer KEY`. It cannot be shown again.")


class KeysOut(BaseModel):
    """One's keys, newest first, also those that are over."""

    keys: list[KeyOut]


def key_out(one: ApiKey) -> KeyOut:
    """Return a key as it is sent."""
    return KeyOut(
        id=one.id,
        label=one.label,
        scopes=sorted(one.scopes),
        created_at=one.created_at,
        expires_at=one.expires_at,
        used_at=one.used_at,
        revoked_at=one.revoked_at,
    )


@router.get("/keys")
def list_keys(caller: Own, engine: EngineOf) -> KeysOut:
    """Return one's keys."""
    return KeysOut(keys=[key_out(one) for one in engine.accounts.keys(caller.account)])


@router.post("/keys", status_code=201)
def make_key(caller: Own, engine: EngineOf, body: KeyIn) -> NewKeyOut:
    """Make a key; it takes having signed in within the last minutes."""
    made, secret = engine.accounts.new_key(caller, [scope.value for scope in body.scopes], body.days, body.label)
    return NewKeyOut(id=made, key=secret)


@router.delete("/keys/{key}", status_code=204)
def revoke_key(caller: Own, engine: EngineOf, key: str) -> None:
    """End a key: one's own, or one of an account that one's role takes on."""
    engine.accounts.revoke_key(caller, key)
