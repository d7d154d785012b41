# SPDX-License-Identifier: Apache-2.0
"""The log for an auditor: entries page by page, each with its proof drawn, and proofs of growth."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import HTMLResponse

from countenance.api.guard import EngineOf
from countenance.api.problems import problem_of, request_id
from countenance.api.routes.log import Reader
from countenance.errors import BadInput
from countenance.model.event import EventTag
from countenance.web.drawing import draw_way
from countenance.web.render import page

router = APIRouter()


@router.get("/log")
def entries(
    request: Request,
    engine: EngineOf,
    _caller: Reader,
    below: str = "",
    tag: str = "",
    since: str = "",
    until: str = "",
) -> HTMLResponse:
    """Show entries, newest first."""
    found = engine.public_log.page(
        below=_number(below),
        tag=tag or None,
        since=_midnight(since),
        until=_midnight(until, timedelta(days=1)),
    )
    asked = {name: value for name, value in (("tag", tag), ("since", since), ("until", until)) if value}
    return page(
        request,
        "log/entries.html",
        found=found,
        asked={"tag": tag, "since": since, "until": until},
        tags=sorted(one.value for one in EventTag),
        newest=f"/log?{urlencode(asked)}" if below else None,
        older=None if found.following is None else f"/log?{urlencode({**asked, 'below': found.following})}",
        head=engine.public_log.checkpoint().decode(),
        key=engine.transparency.about().key,
    )


@router.get("/log/entries/{index}")
def entry(
    request: Request, engine: EngineOf, _caller: Reader, index: Annotated[int, Path(ge=0, lt=2**63 - 1)]
) -> HTMLResponse:
    """Show one entry and its way to the signed root."""
    way = engine.public_log.way(index)
    proof = engine.public_log.proof(index).decode()
    return page(request, "log/entry.html", way=way, drawing=draw_way(way), proof=proof)


@router.get("/log/growth")
def growth(request: Request, engine: EngineOf, _caller: Reader, old: str = "", size: str = "") -> HTMLResponse:
    """Show the proof that the log only grew between two of its sizes."""
    earlier, later = _number(old), _number(size)
    try:
        if earlier is None:
            raise BadInput("name the earlier size: a number from 1")
        later = later or engine.public_log.page(count=1).size
        proof, start = engine.public_log.growth(earlier, later), engine.public_log.checkpoint(earlier)
    except BadInput as error:
        problem = problem_of(error, request_id(request))
        return page(request, "log/growth.html", status=problem.status, problem=problem, proof=None)
    return page(
        request,
        "log/growth.html",
        problem=None,
        proof=proof.decode(),
        start=start.decode(),
        old=earlier,
        new=later,
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _midnight(text: str, later: timedelta = timedelta()) -> datetime | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
        return datetime(day.year, day.month, day.day, tzinfo=UTC) + later
    except (ValueError, OverflowError) as error:
        raise BadInput("write a day as 2026-05-03") from error
