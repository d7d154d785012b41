# SPDX-License-Identifier: Apache-2.0
"""Review: one photo at a time, its faces with boxes, decided by keyboard or by hand."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from countenance.api.guard import EngineOf, may
from countenance.api.problems import Problem, problem_of, request_id
from countenance.api.routes import faces as api
from countenance.api.routes.faces import AssignIn, SplitIn
from countenance.bootstrap import Engine
from countenance.errors import CountenanceError, NotFound
from countenance.ids import FaceId, PhotoId
from countenance.model.account import Caller
from countenance.model.source import FaceState
from countenance.policy.roles import Verb, holds
from countenance.services.people import Person
from countenance.web.render import back_to, page

router = APIRouter()

Looker = Annotated[Caller, may(Verb.FACE_READ)]
Decider = Annotated[Caller, may(Verb.FACE_DECIDE)]
Text = Annotated[str, Form()]

_PEOPLE = 8


@router.get("/review")
def review(request: Request, caller: Looker, engine: EngineOf) -> Response:
    """Show the first photo that waits, or that none does."""
    first = api.queue(caller, engine, limit=1).photos
    return back_to(f"/review/{first[0].photo}") if first else page(request, "operator/review_none.html", problem=None)


@router.post("/review/undo")
def undo(request: Request, caller: Decider, engine: EngineOf, back: Text = "") -> Response:
    """Take back one's own last decision, and show the photo that it was about."""
    try:
        face = api.undo(caller, engine).face
    except CountenanceError as error:
        problem = problem_of(error, request_id(request))
        if not back:
            return page(request, "operator/review_none.html", status=problem.status, problem=problem)
        return _show(request, caller, engine, back, problem=problem)
    return back_to(f"/review/{_photo_of(engine, face)}?{urlencode({'face': face})}")


@router.get("/review/{photo}")
def photo(
    request: Request,
    caller: Looker,
    engine: EngineOf,
    photo: str,
    *,
    face: str | None = None,
    everybody: bool = False,
) -> Response:
    """Show a photo with its faces."""
    return _show(request, caller, engine, photo, face=face, everybody=everybody)


@router.post("/review/{photo}/faces/{face}/find")
def find(
    request: Request,
    caller: Looker,
    engine: EngineOf,
    photo: str,
    face: str,
    *,
    q: Annotated[str, Form(max_length=200)] = "",
    everybody: Text = "",
) -> Response:
    """Show a photo, and who is called so; asked for in the body, for addresses end up in logs."""
    return _show(request, caller, engine, photo, face=face, q=q, everybody=bool(everybody))


@router.get("/review/{photo}/picture")
def picture(caller: Looker, engine: EngineOf, photo: str, *, large: bool = False, everybody: bool = False) -> Response:
    """Return a picture to decide by."""
    return api.picture(caller, engine, photo, large=large, everybody=everybody)


@router.post("/review/{photo}/faces/{face}/assign")
def assign(request: Request, caller: Decider, engine: EngineOf, photo: str, face: str, subject: Text = "") -> Response:
    """Say who a face is."""
    try:
        if not subject:
            raise NotFound("choose somebody from the list first")
        api.assign(caller, engine, face, AssignIn(subject=subject))
    except CountenanceError as error:
        return _show(request, caller, engine, photo, face=face, problem=problem_of(error, request_id(request)))
    return _onward(engine, photo)


@router.post("/review/{photo}/faces/{face}/dismiss")
def dismiss(request: Request, caller: Decider, engine: EngineOf, photo: str, face: str) -> Response:
    """Say that a face is nobody who enrolled."""
    try:
        api.dismiss(caller, engine, face)
    except CountenanceError as error:
        return _show(request, caller, engine, photo, face=face, problem=problem_of(error, request_id(request)))
    return _onward(engine, photo)


@router.post("/review/{photo}/faces/{face}/split")
def split(request: Request, caller: Decider, engine: EngineOf, photo: str, face: str, subject: Text = "") -> Response:
    """Take a face off whom it was wrongly taken for."""
    try:
        became = api.split(caller, engine, face, SplitIn(subject=subject or None)).face
    except CountenanceError as error:
        return _show(request, caller, engine, photo, face=face, problem=problem_of(error, request_id(request)))
    return back_to(f"/review/{photo}?{urlencode({'face': became})}")


def _show(
    request: Request,
    caller: Caller,
    engine: Engine,
    photo: str,
    *,
    face: str | None = None,
    q: str = "",
    everybody: bool = False,
    problem: Problem | None = None,
) -> HTMLResponse:
    shown = api.photo_by_id(caller, engine, photo)
    ids = [one.id for one in shown.faces]
    waiting = [one.id for one in shown.faces if one.state is FaceState.WAITING]
    chosen = face if face in ids else next(iter(waiting or ids), None)
    found: list[Person] = engine.people.find(q, limit=_PEOPLE) if q.strip() else []
    return page(
        request,
        "operator/review.html",
        status=200 if problem is None else problem.status,
        photo=shown,
        chosen=chosen,
        waiting=len(waiting),
        q=q,
        found=found,
        everybody=everybody,
        may_decide=holds(caller, Verb.FACE_DECIDE),
        problem=problem,
    )


def _photo_of(engine: Engine, face: str) -> PhotoId:
    return engine.review_photos.photo_of(FaceId(face))


def _onward(engine: Engine, photo: str) -> Response:
    """Go on with what waits in this photo, else with the next photo."""
    shown = engine.review_photos.photo(PhotoId(photo))
    if any(one.face.state is FaceState.WAITING for one in shown.faces) or shown.following is None:
        return back_to(f"/review/{photo}" if shown.left else "/review")
    return back_to(f"/review/{shown.following}")
