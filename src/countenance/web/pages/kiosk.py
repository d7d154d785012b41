# SPDX-License-Identifier: Apache-2.0
"""The screen at the desk, or at home: one signing, step by step, in words that everybody knows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import APIRouter, Form
from markupsafe import Markup
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from countenance.api.door import Knock
from countenance.api.guard import EngineOf, SettingsOf
from countenance.api.photos import PhotoForm, file_in
from countenance.api.problems import Problem, problem_of, request_id
from countenance.api.routes import signing as api
from countenance.api.routes.signing import ChoiceIn, HomeIn, SignatureIn
from countenance.api.settings import LARGEST_UPLOAD
from countenance.bootstrap import Engine
from countenance.errors import BadInput, CountenanceError, InvalidRelease, NotSignedIn
from countenance.model.place import UNKNOWN
from countenance.model.signing import SigningState, svg
from countenance.web.i18n import language_of
from countenance.web.places import name_of, places_in
from countenance.web.render import back_to, page

router = APIRouter()


@dataclass(frozen=True)
class Said:
    """What was sent, to be shown again where something is wrong with it."""

    place: str = ""
    purposes: Sequence[str] = ()
    who: Sequence[str] = ()
    statements: Sequence[str] = ()
    name: str = ""
    relation: str = ""


_NEXT = {"about": "choose", "choose": "read", "sign": "picture"}

_Model = TypeVar("_Model", ChoiceIn, SignatureIn)
Words = Annotated[list[str], Form()]
Word = Annotated[str, Form(max_length=200)]


@router.get("/sign")
def code(request: Request) -> HTMLResponse:
    """Ask for the code that the desk shows."""
    return page(request, "sign/code.html", problem=None)


@router.post("/sign", dependencies=[Knock])
def enter(request: Request, engine: EngineOf, *, code: Word = "") -> Response:
    """Open the signing that waits under a code."""
    try:
        return back_to(f"/sign/{engine.signings.enter(code)}")
    except CountenanceError as error:
        problem = problem_of(error, request_id(request))
        return page(request, "sign/code.html", status=problem.status, problem=problem)


@router.get("/sign/{token}")
def screen(request: Request, engine: EngineOf, token: str, *, step: str = "") -> HTMLResponse:
    """Show the step that is next, or the one that was asked for."""
    return _screen(request, engine, token, step)


@router.post("/sign/{token}")
def act(
    request: Request,
    engine: EngineOf,
    settings: SettingsOf,
    token: str,
    *,
    do: Word = "",
    place: Word = "",
    purposes: Words = [],  # noqa: B006 - FastAPI reads it, nobody changes it
    clients: Words = [],  # noqa: B006
    kinds: Words = [],  # noqa: B006
    statements: Words = [],  # noqa: B006
    name: Word = "",
    relation: Word = "",
    text_sha256: Word = "",
    strokes: Annotated[str, Form(max_length=200_000)] = "",
) -> Response:
    """Carry out one step, and go to the next."""
    said = Said(place, purposes, clients + kinds, statements, name, relation)
    try:
        if do == "refuse":
            api.refuse_release(engine, token)
            return page(request, "sign/refused.html")
        if do == "link":
            return _receipt(request, engine, token, api.make_private_link(engine, settings, token).link)
        if do == "about" and place not in ("", UNKNOWN):
            api.say_residence(engine, token, HomeIn(place=place))
        elif do == "choose":
            api.choose_release(engine, token, _typed(ChoiceIn, purposes=purposes, clients=clients, kinds=kinds))
        elif do == "sign":
            api.sign_release(engine, token, _signature(said, text_sha256, strokes))
    except CountenanceError as error:
        step = "read" if do == "sign" else do
        return _screen(request, engine, token, step, said, problem_of(error, request_id(request)))
    return back_to(f"/sign/{token}?step={_NEXT.get(do, '')}")


@router.post("/sign/{token}/picture", max_body_size=LARGEST_UPLOAD)
def picture(request: Request, engine: EngineOf, token: str, form: PhotoForm) -> Response:
    """Take the picture; with a reason in plain words where it is not good enough."""
    try:
        data = file_in(form, "photo")
        if not data:
            raise BadInput("choose a picture, or take one")
        api.send_picture(engine, token, data)
    except CountenanceError as error:
        return _screen(request, engine, token, "picture", Said(), problem_of(error, request_id(request)))
    return back_to(f"/sign/{token}?step=done")


@router.get("/sign/{token}/receipt")
def receipt(request: Request, engine: EngineOf, token: str) -> HTMLResponse:
    """Show the receipt to print."""
    return _receipt(request, engine, token, None)


def _receipt(request: Request, engine: Engine, token: str, link: str | None) -> HTMLResponse:
    try:
        release, subject = api.signed_by(engine, token)
    except NotSignedIn:
        return page(request, "sign/over.html", status=410)
    strokes = engine.own.drawing(subject, release)
    return page(
        request,
        "sign/receipt.html",
        token=token,
        link=link,
        release=next(one for one, _ in engine.own.show(subject).holdings.releases if one.id == release),
        text=engine.own.notice(subject, release),
        contact=engine.own.contact,
        key=engine.journal.verifier_key(),
        drawing=Markup(svg(strokes)) if strokes else None,  # noqa: S704 - of whole numbers only
    )


def _screen(
    request: Request,
    engine: Engine,
    token: str,
    asked: str,
    said: Said | None = None,
    problem: Problem | None = None,
) -> HTMLResponse:
    try:
        held = engine.signings.screen(token)
    except NotSignedIn:
        return page(request, "sign/over.html", status=410)
    shown = api.screen_out(held)
    return page(
        request,
        f"sign/{_step(shown, asked)}.html",
        status=200 if problem is None else problem.status,
        token=token,
        shown=shown,
        policy=held.policy,
        places=places_in(language_of(request)),
        homes=[name_of(one, language_of(request)) for one in shown.residency],
        said=said or Said(),
        problem=problem,
    )


def _step(shown: api.ScreenOut, asked: str) -> str:
    """Return the step to show: the one that was asked for, where it can be."""
    possible: tuple[str, ...]
    if shown.state is SigningState.SIGNED:
        possible = ("picture", "done") if not shown.pictured else ("done",)
    elif shown.draft is None:
        possible = ("about", "choose")
    else:
        possible = ("read", "about", "choose")
    return asked if asked in possible else possible[0]


def _typed(model: type[_Model], **values: object) -> _Model:
    """Return what was sent as the API takes it.

    Raises:
        BadInput: no page sends such values.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise BadInput("that was not sent from this page; open it again") from error


def _signature(said: Said, text_sha256: str, strokes: str) -> SignatureIn:
    """Return the act of signing as the API takes it.

    Raises:
        InvalidRelease: the strokes did not arrive whole.
    """
    try:
        drawn = json.loads(strokes) if strokes else []
    except ValueError as error:
        raise InvalidRelease(("signature",), "the drawn signature did not arrive whole; draw it again") from error
    return _typed(
        SignatureIn,
        text_sha256=text_sha256,
        name=said.name,
        strokes=drawn,
        statements=said.statements,
        relation=said.relation or None,
    )
