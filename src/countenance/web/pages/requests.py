# SPDX-License-Identifier: Apache-2.0
"""Requests of subjects: the inbox by their days, and each one's answer."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from countenance.api.guard import EngineOf, may
from countenance.api.listing import PAGE
from countenance.api.problems import Problem
from countenance.api.routes import requests as api
from countenance.api.routes.requests import CloseIn, CorrectionIn, GivenIn, RequestIn, State
from countenance.bootstrap import Engine
from countenance.errors import BadInput
from countenance.model.account import Caller
from countenance.model.request import RequestKind, VerifiedBy
from countenance.policy.roles import Verb, holds
from countenance.web.acts import carry_out, who_is_who
from countenance.web.render import page

router = APIRouter()

Reader = Annotated[Caller, may(Verb.REQUEST_READ)]
Writer = Annotated[Caller, may(Verb.REQUEST_WRITE)]
Text = Annotated[str, Form()]
_STATES: dict[str, State | None] = {"open": "open", "answered": "answered", "closed": "closed", "": None}


@router.get("/requests")
def list_requests(
    request: Request, caller: Reader, engine: EngineOf, state: str = "open", after: str | None = None
) -> HTMLResponse:
    """Show the requests; of the open ones those that are due first at the head."""
    return _list(request, caller, engine, None, state=state, after=after)


@router.post("/requests")
def open_request(
    request: Request,
    caller: Writer,
    engine: EngineOf,
    subject: Text = "",
    kind: Text = "",
    verified_by: Text = "",
    channel: Text = "",
) -> Response:
    """Record a request that came in."""

    def act() -> str:
        if kind not in list(RequestKind) or verified_by not in list(VerifiedBy):
            raise BadInput("say what is asked for, and how the person was known")
        said = RequestIn(
            subject=subject.strip(),
            kind=RequestKind(kind),
            verified_by=VerifiedBy(verified_by),
            channel=channel.strip()[:200] or "in person",
        )
        return f"/requests/{api.open_request(caller, engine, Response(), said).id}"

    typed = {"subject": subject, "kind": kind, "verified_by": verified_by, "channel": channel}
    return carry_out(request, act, lambda problem: _list(request, caller, engine, problem, said=typed))


@router.get("/requests/{known}")
def show_request(request: Request, caller: Reader, engine: EngineOf, known: str) -> HTMLResponse:
    """Show one request and how it is answered."""
    return _show(request, caller, engine, known, None)


@router.post("/requests/{known}/archive")
def download(caller: Writer, engine: EngineOf, known: str) -> Response:
    """Return the archive that answers a request."""
    return api.request_archive(caller, engine, known)


@router.post("/requests/{known}/given")
def given(request: Request, caller: Writer, engine: EngineOf, known: str) -> Response:
    """Record that the person was given the archive as it is now."""

    def act() -> str:
        archive = api.request_archive(caller, engine, known)
        digest = hashlib.sha256(bytes(archive.body)).hexdigest()
        api.request_answered(caller, engine, known, GivenIn(sha256=digest))
        return f"/requests/{known}"

    return carry_out(request, act, lambda problem: _show(request, caller, engine, known, problem))


@router.post("/requests/{known}/act")
def act_on_request(
    request: Request,
    caller: Writer,
    engine: EngineOf,
    known: str,
    step: Text = "",
    label: Text = "",
    face: Text = "",
    reason: Text = "",
) -> Response:
    """Acknowledge, correct, erase or close."""

    def act() -> str:
        if step == "acknowledge":
            api.acknowledge_request(caller, engine, known)
        elif step == "correct":
            said = CorrectionIn(label=label.strip()[:200] or None, face=face.strip() or None)
            api.correct_for_request(caller, engine, known, said)
        elif step == "erase":
            run = api.erase_for_request(caller, engine, known)
            return f"/runs/{run.id}" if holds(caller, Verb.RUN_READ) else f"/requests/{known}"
        elif step == "close":
            api.close_request(caller, engine, known, CloseIn(reason=reason[:2000]))
        else:
            raise BadInput("choose what to do with the request")
        return f"/requests/{known}"

    return carry_out(request, act, lambda problem: _show(request, caller, engine, known, problem))


def _list(
    request: Request,
    caller: Caller,
    engine: Engine,
    problem: Problem | None,
    *,
    state: str = "open",
    after: str | None = None,
    said: dict[str, str] | None = None,
) -> HTMLResponse:
    found = api.list_requests(caller, engine, _STATES.get(state), after, PAGE)
    following = None if found.next is None else f"/requests?{urlencode({'state': state, 'after': found.next})}"
    return page(
        request,
        "custody/requests.html",
        requests=found.items,
        following=following,
        first=None if after is None else f"/requests?{urlencode({'state': state})}",
        state=state,
        states=[one for one in _STATES if one],
        problem=problem,
        said=defaultdict(str, said or {}),
        kinds=list(RequestKind),
        ways=list(VerifiedBy),
    )


def _show(request: Request, caller: Caller, engine: Engine, known: str, problem: Problem | None) -> HTMLResponse:
    shown = api.get_request(caller, engine, known)
    runs = [one for one in engine.destruction.runs() if one.order_ref == f"request {known}"]
    return page(
        request,
        "custody/request.html",
        request_shown=shown,
        run=runs[-1] if runs else None,
        sees_runs=holds(caller, Verb.RUN_READ),
        problem=problem,
        who=who_is_who(engine),
    )
