# SPDX-License-Identifier: Apache-2.0
"""Signings, at the desk: start one, hand over the tablet or the link, see how far it is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from countenance.api.guard import EngineOf, SettingsOf, may
from countenance.api.problems import Problem, problem_of, request_id
from countenance.api.routes import signings as api
from countenance.api.routes.signings import SigningIn
from countenance.bootstrap import Engine
from countenance.errors import BadInput, CountenanceError
from countenance.ids import SubjectId
from countenance.model.account import Caller
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.subject import AgeBand
from countenance.policy.roles import Verb
from countenance.web.codes import qr
from countenance.web.render import back_to, page

router = APIRouter()

Desk = Annotated[Caller, may(Verb.SIGNING_RUN)]
Linker = Annotated[Caller, may(Verb.LINK_MAKE)]
Words = Annotated[list[str], Form()]
Word = Annotated[str, Form(max_length=200)]
_NOT_OFFERED = (ClientKind.INDIVIDUAL, ClientKind.TRIAL, ClientKind.UNVETTED)


@router.get("/signings")
def signings(request: Request, caller: Desk, engine: EngineOf, *, subject: str = "") -> HTMLResponse:
    """Show the signings of the last two weeks, and ask for a new one."""
    return _page(request, caller, engine, {"subject": subject[:40]})


@router.post("/signings")
def start(
    request: Request,
    caller: Desk,
    engine: EngineOf,
    settings: SettingsOf,
    *,
    subject: Word = "",
    label: Word = "",
    age_band: Word = AgeBand.ADULT.value,
    representative: Word = "",
    source: Word = "",
    purposes: Words = [],  # noqa: B006 - FastAPI reads it, nobody changes it
    clients: Words = [],  # noqa: B006
    kinds: Words = [],  # noqa: B006
    term_days: Word = "",
    invitation: Word = "",
) -> Response:
    """Start a signing, of a person who is added for it or is there already; show its code and its link, once."""
    said: dict[str, object] = {
        "subject": subject.strip(), "label": label, "age_band": age_band, "representative": representative,
        "source": source, "purposes": purposes, "who": clients + kinds, "term_days": term_days,
        "invitation": invitation,
    }  # fmt: skip
    try:
        asked = _asked(said, clients, kinds)
        if not asked.subject:
            minor = age_band == AgeBand.MINOR.value
            added = engine.subjects.add(
                label,
                residency=[],
                age_band=AgeBand.MINOR if minor else AgeBand.ADULT,
                representative=(representative.strip() or None) if minor else None,
            )
            said["subject"] = asked.subject = added.id
        made = api.start_signing(caller, engine, settings, Response(), asked)
    except CountenanceError as error:
        return _page(request, caller, engine, said, problem_of(error, request_id(request)))
    return page(request, "signings/started.html", made=made, address=f"{settings.origin}/sign", qr=qr(made.link))


@router.post("/signings/{signing}/stop")
def stop(request: Request, caller: Desk, engine: EngineOf, signing: str) -> Response:
    """End a signing."""
    try:
        api.stop_signing(caller, engine, signing)
    except CountenanceError as error:
        return _page(request, caller, engine, {}, problem_of(error, request_id(request)))
    return back_to("/signings")


@router.get("/people/{subject}/link")
def ask_link(request: Request, _caller: Linker, subject: str) -> HTMLResponse:
    """Ask whether a new private link is to be made."""
    return page(request, "signings/link.html", subject=subject, link=None, problem=None)


@router.post("/people/{subject}/link")
def link(request: Request, caller: Linker, engine: EngineOf, settings: SettingsOf, subject: str) -> HTMLResponse:
    """Make a new private link, and show it once."""
    try:
        made = api.make_link(caller, engine, settings, subject)
    except CountenanceError as error:
        problem = problem_of(error, request_id(request))
        return page(request, "signings/link.html", status=problem.status, subject=subject, link=None, problem=problem)
    return page(request, "signings/link.html", subject=subject, link=made.link, qr=qr(made.link), problem=None)


def _asked(said: dict[str, object], clients: list[str], kinds: list[str]) -> SigningIn:
    typed = str(said["term_days"]).strip()
    values = {"clients": clients, "kinds": kinds, "invitation": said["invitation"] == "yes"}
    try:
        return SigningIn.model_validate({**said, **values, "term_days": int(typed) if typed.isdecimal() else typed})
    except ValidationError as error:
        names = ", ".join(str(one["loc"][0]) for one in error.errors())
        raise BadInput(f"this is missing, or is not as it should be: {names}") from error


def _page(
    request: Request, caller: Caller, engine: Engine, said: dict[str, object], problem: Problem | None = None
) -> HTMLResponse:
    known = str(said.get("subject", ""))
    empty = {"subject": "", "label": "", "age_band": "adult", "representative": "", "source": "", "purposes": [],
             "who": [], "term_days": "365", "invitation": ""}  # fmt: skip
    return page(
        request,
        "signings/signings.html",
        status=200 if problem is None else problem.status,
        signings=api.list_signings(caller, engine),
        labels=engine.signings.labels(),
        person=engine.signings.person(SubjectId(known)) if known else None,
        sources=[one for one in engine.register.sources() if one.revoked_at is None],
        clients=[one for one in engine.register.clients() if one.suspended_at is None],
        kinds=[kind for kind in ClientKind if kind not in _NOT_OFFERED],
        purposes=list(Purpose),
        said={**empty, **said},
        problem=problem,
    )
