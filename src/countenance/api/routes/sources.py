# SPDX-License-Identifier: Apache-2.0
"""Sources: where photos come from, and the permission for it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from countenance.api.guard import EngineOf, may
from countenance.errors import NotFound
from countenance.model.account import Caller, Role
from countenance.model.source import Source
from countenance.policy.roles import Verb

router = APIRouter(tags=["sources"])

Reader = Annotated[Caller, may(Verb.SOURCE_READ)]
Adder = Annotated[Caller, may(Verb.SOURCE_ADD)]

_LIMIT = 50


class SourceIn(BaseModel):
    """A new source."""

    name: str = Field(max_length=200)
    basis: str = Field(max_length=2000, description="The permission, in words: who gave it, when, for what.")
    capture_place: str | None = Field(
        default=None, max_length=20, description="Where the photos were taken, such as `US-IL`."
    )
    bystander_basis: str | None = Field(
        default=None, max_length=2000, description="The written permission that covers people who signed nothing."
    )
    counsel_opt_in: str | None = Field(
        default=None, max_length=2000, description="Counsel's written opt-in to comparing their faces in memory."
    )
    hosts: list[Annotated[str, Field(max_length=253)]] = Field(
        default=[], max_length=50, description="Hosts on the web that the permission names."
    )


class SourceOut(BaseModel):
    """A source."""

    id: str
    name: str
    basis: str
    capture_place: str | None
    bystander_basis: str | None
    counsel_opt_in: str | None
    hosts: list[str]
    created_at: datetime
    revoked_at: datetime | None = Field(description="Since when its permission is withdrawn; null while it holds.")


class SourcesOut(BaseModel):
    """A page of sources, newest first."""

    sources: list[SourceOut]
    next: str | None = Field(description="`after` of the next page; null on the last one.")


def source_out(one: Source) -> SourceOut:
    """Return a source as it is sent."""
    return SourceOut(
        id=one.id,
        name=one.name,
        basis=one.basis,
        capture_place=one.capture_place,
        bystander_basis=one.bystander_basis,
        counsel_opt_in=one.counsel_opt_in,
        hosts=list(one.hosts),
        created_at=one.created_at,
        revoked_at=one.revoked_at,
    )


@router.get("/sources")
def sources(
    _caller: Reader,
    engine: EngineOf,
    after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = _LIMIT,
) -> SourcesOut:
    """Return the sources, newest first."""
    everyone = engine.register.sources()[::-1]
    ids = [str(one.id) for one in everyone]
    start = ids.index(after) + 1 if after in ids else 0
    found = everyone[start : start + limit]
    more = start + limit < len(everyone)
    return SourcesOut(sources=[source_out(one) for one in found], next=found[-1].id if more else None)


@router.post("/sources", status_code=201)
def add_source(caller: Adder, engine: EngineOf, response: Response, source: SourceIn) -> SourceOut:
    """Add a source; one of a name or host that was revoked is added by a custodian alone."""
    made = engine.register.add_source(
        source.name,
        basis=source.basis,
        capture_place=source.capture_place or None,
        bystander_basis=source.bystander_basis or None,
        counsel_opt_in=source.counsel_opt_in or None,
        hosts=source.hosts,
        custodian=caller.account if caller.role is Role.CUSTODIAN else None,
    )
    response.headers["Location"] = f"/api/v1/sources/{made.id}"
    return source_out(made)


@router.get("/sources/{source}")
def source_by_id(_caller: Reader, engine: EngineOf, source: str) -> SourceOut:
    """Return one source."""
    found = next((one for one in engine.register.sources() if one.id == source), None)
    if found is None:
        raise NotFound(f"no source {source}")
    return source_out(found)
