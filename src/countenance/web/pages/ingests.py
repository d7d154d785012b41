# SPDX-License-Identifier: Apache-2.0
"""Ingests: choose a folder or drop photos, watch, and see what became of each file."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from countenance.api.guard import EngineOf, SettingsOf, may
from countenance.api.problems import Problem, problem_of, request_id
from countenance.api.routes import jobs as api
from countenance.api.routes.jobs import FolderIn, FolderOut, JobIn
from countenance.api.settings import LARGEST_UPLOAD, Settings
from countenance.bootstrap import Engine
from countenance.errors import CountenanceError
from countenance.ids import JobId
from countenance.model.account import Caller
from countenance.model.ingest import JobKind
from countenance.policy.roles import Verb
from countenance.web.render import back_to, page

router = APIRouter()

Reader = Annotated[Caller, may(Verb.INGEST_READ)]
Runner = Annotated[Caller, may(Verb.INGEST_RUN)]
Text = Annotated[str, Form()]

_PAGE = 100


@router.get("/ingests")
def ingests(
    request: Request,
    caller: Reader,
    engine: EngineOf,
    settings: SettingsOf,
    *,
    before: str | None = None,
) -> HTMLResponse:
    """Show the forms of a new ingest, and the ingests there were."""
    return _ingests(request, caller, engine, settings, before=before)


@router.post("/ingests/folder")
def folder(
    request: Request, caller: Reader, engine: EngineOf, settings: SettingsOf, *, root: Text = "", inside: Text = ""
) -> HTMLResponse:
    """Show what lies in a folder; named in the body, for addresses end up in logs and folders may name people."""
    return _ingests(request, caller, engine, settings, root=root[:255], inside=inside[:4096])


@router.post("/ingests")
def start(
    request: Request,
    caller: Runner,
    engine: EngineOf,
    settings: SettingsOf,
    *,
    source: Text = "",
    root: Text = "",
    inside: Text = "",
    ask: Text = "",
) -> Response:
    """Start to ingest a folder."""
    asked = JobIn(kind=JobKind.FOLDER, source=source, root=root[:255], inside=inside[:4096], ask=bool(ask))
    try:
        job = api.start(caller, engine, settings, Response(), asked)
    except CountenanceError as error:
        problem = problem_of(error, request_id(request))
        return _ingests(
            request, caller, engine, settings, root=root or None, inside=inside, source=source, problem=problem
        )
    return back_to(f"/ingests/{job.id}")


@router.get("/ingests/{job}")
def ingest(
    request: Request,
    caller: Reader,
    engine: EngineOf,
    job: str,
    *,
    mark: str | None = None,
    after: int = 0,
) -> HTMLResponse:
    """Show an ingest as it stands, and what became of its files."""
    return _ingest(request, caller, engine, job, mark=mark or None, after=max(0, after))


@router.post("/ingests/{job}/cancel")
def cancel(request: Request, caller: Runner, engine: EngineOf, job: str) -> Response:
    """End an ingest; what was stored stays."""
    try:
        api.cancel(caller, engine, job)
    except CountenanceError as error:
        return _ingest(request, caller, engine, job, problem=problem_of(error, request_id(request)))
    return back_to(f"/ingests/{job}")


@router.post("/ingests/{job}/finish")
def finish(request: Request, caller: Runner, engine: EngineOf, job: str) -> Response:
    """Say that an upload is complete."""
    try:
        api.finish(caller, engine, job)
    except CountenanceError as error:
        return _ingest(request, caller, engine, job, problem=problem_of(error, request_id(request)))
    return back_to(f"/ingests/{job}")


@router.post("/ingests/{job}/resume")
def resume(request: Request, caller: Runner, engine: EngineOf, settings: SettingsOf, job: str) -> Response:
    """Take an ingest up again."""
    try:
        api.resume(caller, engine, settings, job)
    except CountenanceError as error:
        return _ingest(request, caller, engine, job, problem=problem_of(error, request_id(request)))
    return back_to(f"/ingests/{job}")


def _ingests(
    request: Request,
    caller: Caller,
    engine: Engine,
    settings: Settings,
    *,
    before: str | None = None,
    root: str | None = None,
    inside: str = "",
    source: str = "",
    problem: Problem | None = None,
) -> HTMLResponse:
    roots = api.roots(caller, settings).roots
    folder: FolderOut | None = None
    if root is None and len(roots) == 1:
        root = roots[0]
    if root is not None:
        try:
            folder = api.folder(caller, settings, FolderIn(root=root, inside=inside))
        except CountenanceError as error:
            problem = problem or problem_of(error, request_id(request))
    found = api.jobs(caller, engine, before=before, limit=20)
    sources = [one for one in engine.register.sources()[::-1] if one.revoked_at is None]
    return page(
        request,
        "operator/ingests.html",
        status=200 if problem is None else problem.status,
        roots=roots,
        folder=folder,
        way=_way(folder),
        jobs=found.ingests,
        names={str(one.id): one.name for one in engine.register.sources()},
        following=found.next and f"/ingests?{urlencode({'before': found.next})}",
        later=before is not None,
        sources=sources,
        source=source,
        largest_mib=LARGEST_UPLOAD >> 20,
        problem=problem,
    )


def _way(folder: FolderOut | None) -> list[tuple[str, str]]:
    """Return the folders above one, each with where in its root it lies."""
    if folder is None:
        return []
    parts = folder.inside.split("/") if folder.inside else []
    return [(folder.root, ""), *((part, "/".join(parts[: number + 1])) for number, part in enumerate(parts))]


def _ingest(
    request: Request,
    caller: Caller,
    engine: Engine,
    job: str,
    *,
    mark: str | None = None,
    after: int = 0,
    problem: Problem | None = None,
) -> HTMLResponse:
    now = api.job_by_id(caller, engine, job)
    found = api.outcomes(caller, engine, job, mark=mark, after=after, limit=_PAGE)
    here = f"/ingests/{JobId(job)}"
    following = None if found.next is None else f"{here}?{urlencode({'mark': mark or '', 'after': found.next})}"
    names = {str(one.id): one.name for one in engine.register.sources()}
    return page(
        request,
        "operator/ingest.html",
        status=200 if problem is None else problem.status,
        job=now,
        source_name=names.get(now.source, now.source),
        outcomes=found.outcomes,
        remembered=found.remembered,
        mark=mark,
        following=following,
        first=f"{here}?{urlencode({'mark': mark or ''})}" if after else None,
        here=f"{here}?{urlencode({'mark': mark or '', 'after': after})}",
        problem=problem,
    )
