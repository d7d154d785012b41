# SPDX-License-Identifier: Apache-2.0
"""The log: entries with their proofs for an auditor, and its head, which anybody may have (tiles: `/log/`, C2SP)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from countenance.api.conditional import NOT_MODIFIED, conditional
from countenance.api.exact import Index, Moment
from countenance.api.guard import EngineOf, may
from countenance.model.account import Caller
from countenance.policy.roles import Verb
from countenance.services.public_log import MOST_ENTRIES

router = APIRouter(prefix="/log", tags=["log"])
Reader = Annotated[Caller, may(Verb.LOG_READ)]
Size = Annotated[int | None, Query(ge=1, lt=2**63, description="Number of entries; all where it is left out.")]
_TEXT = "text/plain; charset=utf-8"
_IS_TEXT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


class LogEntryOut(BaseModel):
    """One entry; what it commits to is told to nobody here."""

    index: int
    hour: str = Field(description="UTC, `2026-11-24T22Z`.")
    tag: str
    commitment: str = Field(description="SHA-256 of salt and record, hex.")


class EntriesOut(BaseModel):
    """Entries, newest first."""

    size: int = Field(description="Entries of the log.")
    entries: list[LogEntryOut]
    next_below: int | None = Field(description="`below` of the next page; null on the last one.")


@router.get("/entries")
def entries(
    _caller: Reader,
    engine: EngineOf,
    below: Annotated[int | None, Query(ge=0, lt=2**63, description="Only entries with a smaller index.")] = None,
    count: Annotated[int, Query(ge=1, le=MOST_ENTRIES)] = 50,
    tag: Annotated[str | None, Query(max_length=130, description="Only entries of this tag.")] = None,
    since: Annotated[Moment | None, Query(description="Only from this moment on.")] = None,
    until: Annotated[Moment | None, Query(description="Only before this moment.")] = None,
) -> EntriesOut:
    """Return entries, newest first, page by page."""
    found = engine.public_log.page(below=below, count=count, tag=tag, since=since, until=until)
    told = [LogEntryOut(index=i, hour=e.hour, tag=e.tag, commitment=e.commitment.hex()) for i, e in found.entries]
    return EntriesOut(size=found.size, entries=told, next_below=found.following)


@router.get("/checkpoint", response_class=Response, responses={**_IS_TEXT, **NOT_MODIFIED})
def checkpoint(request: Request, engine: EngineOf, size: Size = None) -> Response:
    """Return the signed head of the log (C2SP tlog-checkpoint), of today or of an earlier size."""
    return conditional(request, engine.public_log.checkpoint(size), _TEXT)


@router.get("/proof/{index}", response_class=Response, responses={**_IS_TEXT, **NOT_MODIFIED})
def proof(request: Request, _caller: Reader, engine: EngineOf, index: Index, size: Size = None) -> Response:
    """Return the proof that an entry is in the log (C2SP tlog-proof)."""
    found = engine.public_log.proof(index, size)
    return conditional(request, found, _TEXT, name=f"entry-{index}.tlog-proof")


@router.get("/growth/{old}", response_class=Response, responses={**_IS_TEXT, **NOT_MODIFIED})
def growth(
    request: Request,
    _caller: Reader,
    engine: EngineOf,
    old: Annotated[int, Path(ge=1, lt=2**63)],
    size: Size = None,
) -> Response:
    """Return the proof that the log of `old` entries became that of `size` by appending alone."""
    return conditional(request, engine.public_log.growth(old, size), _TEXT, name=f"growth-from-{old}.txt")
