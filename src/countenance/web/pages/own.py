# SPDX-License-Identifier: Apache-2.0
"""One's own view: the private link, what is held, what can be done about it, and the way to the certificate."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from countenance.api.door import Browser, let_in
from countenance.api.guard import EngineOf, may
from countenance.api.problems import Problem, problem_of, request_id
from countenance.api.routes import own as api
from countenance.api.routes.own import AskIn, MoveIn
from countenance.bootstrap import Engine
from countenance.errors import BadInput, CountenanceError, NotFound, NotSignedIn
from countenance.ids import ReleaseId
from countenance.model.account import Caller
from countenance.model.request import RequestKind
from countenance.policy.roles import Verb
from countenance.web.i18n import language_of
from countenance.web.places import name_of, places_in
from countenance.web.render import back_to, page

router = APIRouter()

Reader = Annotated[Caller, may(Verb.OWN_READ)]
Owner = Annotated[Caller, may(Verb.OWN_ACT)]
Word = Annotated[str, Form(max_length=200)]
_ASKED = {"correct": RequestKind.CORRECT, "object": RequestKind.OBJECT, "erase": RequestKind.ERASE}


@router.get("/mine/{token}")
def knock(request: Request, engine: EngineOf, token: str) -> HTMLResponse:
    """Show where a private link leads; nothing personal, before it is opened by hand."""
    try:
        followed = engine.own.follow(token)
    except NotSignedIn:
        return page(request, "own/nowhere.html", status=410)
    return page(request, "own/link.html", token=token, followed=followed)


@router.post("/mine/{token}")
def enter(request: Request, engine: EngineOf, browser: Browser, token: str) -> Response:
    """Open one's own view on this device."""
    try:
        entered = engine.own.enter(token, browser)
    except NotSignedIn:
        return page(request, "own/nowhere.html", status=410)
    if entered is None:
        return back_to(f"/mine/{token}")
    response = back_to("/own")
    let_in(request, response, entered[0])
    return response


@router.get("/mine/{token}/certificates/{certificate}")
def certificate(request: Request, engine: EngineOf, token: str, certificate: str) -> Response:
    """Return a certificate of a destruction that the holder of the link was part of."""
    try:
        followed = engine.own.follow(token)
    except NotSignedIn:
        return page(request, "own/nowhere.html", status=410)
    for one in (one for step in followed.runs for one in step.certificates):
        if one.id == certificate:
            return api.attachment(one.document, f"certificate-{one.id}.json", "application/json")
    raise NotFound(f"no certificate {certificate} is about you")


@router.get("/own")
def own(request: Request, caller: Reader, engine: EngineOf) -> HTMLResponse:
    """Show what is held."""
    return _own(request, caller, engine)


@router.get("/own/receipts/{release}")
def receipt(request: Request, caller: Reader, engine: EngineOf, release: str) -> HTMLResponse:
    """Show what was signed, to print."""
    text = engine.own.notice(api.me(caller), ReleaseId(release))
    return page(request, "own/receipt.html", release=release, text=text, key=engine.journal.verifier_key())


@router.post("/own")
def act(
    request: Request,
    caller: Owner,
    engine: EngineOf,
    *,
    do: Word = "",
    words: Annotated[str, Form(max_length=2000)] = "",
    face: Word = "",
    place: Word = "",
    since: Word = "",
) -> Response:
    """Carry out what is asked for."""
    try:
        if do == "export":
            return api.own_export(caller, engine)
        if do == "withdraw":
            api.own_withdraw(caller, engine)
        elif do == "not_me":
            api.own_not_me(caller, engine, face)
        elif do == "move":
            api.own_move(caller, engine, MoveIn(place=place[:20], since=_day(since)))
        elif do in _ASKED:
            api.own_ask(caller, engine, AskIn.model_construct(kind=_ASKED[do], words=words))
    except CountenanceError as error:
        return _own(request, caller, engine, problem_of(error, request_id(request)))
    return back_to("/own")


def _own(request: Request, caller: Caller, engine: Engine, problem: Problem | None = None) -> HTMLResponse:
    shown = api.own_held(caller, engine)
    return page(
        request,
        "own/own.html",
        status=200 if problem is None else problem.status,
        own=shown,
        photos=list(dict.fromkeys(face.photo for face in shown.faces)),
        homes=[name_of(one, language_of(request)) for one in shown.residency],
        places=places_in(language_of(request)),
        problem=problem,
        contact=engine.own.contact,
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput("say since which day you live there, such as 2026-05-01") from error
