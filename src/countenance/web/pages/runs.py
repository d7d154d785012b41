# SPDX-License-Identifier: Apache-2.0
"""Destruction runs: planned, approved by a second person, watched to their certificate."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from countenance.api.guard import EngineOf, may
from countenance.api.listing import PAGE
from countenance.api.problems import Problem
from countenance.api.routes import runs as api
from countenance.api.routes.runs import DeclarantIn, RevokeIn, RunIn
from countenance.bootstrap import Engine
from countenance.errors import BadInput
from countenance.ids import CertificateId, RunId
from countenance.model.account import Caller
from countenance.model.destruction import RunState
from countenance.policy.roles import Verb
from countenance.web.acts import carry_out, who_is_who
from countenance.web.render import page

router = APIRouter()

Reader = Annotated[Caller, may(Verb.RUN_READ)]
Writer = Annotated[Caller, may(Verb.RUN_WRITE)]
CertificateReader = Annotated[Caller, may(Verb.CERTIFICATE_READ)]
Text = Annotated[str, Form()]


@router.get("/runs")
def list_runs(
    request: Request, caller: Reader, engine: EngineOf, state: str = "", after: str | None = None
) -> HTMLResponse:
    """Show the runs, newest first, and the form of a new one."""
    return _list(request, caller, engine, None, state=state, after=after)


@router.post("/runs")
def plan_run(
    request: Request, caller: Writer, engine: EngineOf, what: Text = "", ids: Text = "", reason: Text = ""
) -> Response:
    """Plan what is to be destroyed, and count it."""
    named = ids.split()

    def act() -> str:
        if not named or (what != "subjects" and len(named) > 1):
            raise BadInput("name what is to be destroyed by its id; several ids are for people only")
        one = None if what == "subjects" else named[0]
        said = RunIn(
            subjects=named if what == "subjects" else [],
            photo=one if what == "photo" else None,
            source=one if what == "source" else None,
            reason=reason[:1000],
        )
        return f"/runs/{api.plan_run(caller, engine, Response(), said).id}"

    typed = {"what": what, "ids": ids, "reason": reason}
    return carry_out(request, act, lambda problem: _list(request, caller, engine, problem, said=typed))


@router.post("/runs/revoke")
def revoke_source(
    request: Request,
    caller: Annotated[Caller, may(Verb.SOURCE_REVOKE)],
    engine: EngineOf,
    source: Text = "",
    reason: Text = "",
) -> Response:
    """Withdraw the permission of a source; what came from it alone waits for a second person's word."""

    def act() -> str:
        found = api.revoke_source(caller, engine, source.strip(), RevokeIn(reason=reason[:1000]))
        return "/runs" if found is None else f"/runs/{found.id}"

    typed = {"source": source, "why": reason}
    return carry_out(request, act, lambda problem: _list(request, caller, engine, problem, said=typed))


@router.get("/runs/{run}")
def show_run(request: Request, caller: Reader, engine: EngineOf, run: str) -> HTMLResponse:
    """Show a run, which keeps itself up to date while it goes on."""
    return _show(request, caller, engine, run, None)


@router.post("/runs/{run}/approve")
def approve_run(
    request: Request, caller: Writer, engine: EngineOf, run: str, name: Text = "", title: Text = ""
) -> Response:
    """Approve a run as a second person; the destruction begins."""

    def act() -> str:
        api.approve_run(caller, engine, run, _declarant(name, title))
        return f"/runs/{run}"

    return carry_out(request, act, lambda problem: _show(request, caller, engine, run, problem))


@router.post("/runs/{run}/continue")
def continue_run(
    request: Request, caller: Writer, engine: EngineOf, run: str, name: Text = "", title: Text = ""
) -> Response:
    """Freeze a planned run, take up one that stopped, or verify a certified one anew."""

    def act() -> str:
        api.continue_run(caller, engine, run, _declarant(name, title))
        return f"/runs/{run}"

    return carry_out(request, act, lambda problem: _show(request, caller, engine, run, problem))


@router.get("/certificates")
def list_certificates(
    request: Request, caller: CertificateReader, engine: EngineOf, after: str | None = None
) -> HTMLResponse:
    """Show the certificates, newest first."""
    found = api.list_certificates(caller, engine, after, PAGE)
    following = None if found.next is None else f"/certificates?{urlencode({'after': found.next})}"
    first = None if after is None else "/certificates"
    return page(request, "custody/certificates.html", certificates=found.items, following=following, first=first)


@router.get("/certificates/{certificate}")
def show_certificate(request: Request, _caller: CertificateReader, engine: EngineOf, certificate: str) -> HTMLResponse:
    """Show a certificate."""
    signed = engine.run_jobs.certificate(CertificateId(certificate))
    return page(request, "custody/certificate.html", c=json.loads(signed), known=certificate)


@router.get("/certificates/{certificate}/file")
def certificate_file(caller: CertificateReader, engine: EngineOf, certificate: str) -> Response:
    """Return the signed document."""
    return api.get_certificate(caller, engine, certificate)


@router.get("/certificates/{certificate}/page")
def certificate_page(caller: CertificateReader, engine: EngineOf, certificate: str) -> Response:
    """Return the certificate as a page that is one file."""
    return api.get_certificate_page(caller, engine, certificate)


def _declarant(name: str, title: str) -> DeclarantIn | None:
    if not name.strip():
        return None
    return DeclarantIn(name=name.strip()[:200], title=title.strip()[:200] or "Custodian")


def _list(
    request: Request,
    caller: Caller,
    engine: Engine,
    problem: Problem | None,
    *,
    state: str = "",
    after: str | None = None,
    said: dict[str, str] | None = None,
) -> HTMLResponse:
    chosen = RunState(state) if state in list(RunState) else None
    found = api.list_runs(caller, engine, chosen, after, PAGE)
    following = None if found.next is None else f"/runs?{urlencode({'state': state, 'after': found.next})}"
    return page(
        request,
        "custody/runs.html",
        runs=found.items,
        following=following,
        first=None if after is None else f"/runs?{urlencode({'state': state})}",
        state=state,
        states=list(RunState),
        problem=problem,
        said=defaultdict(str, said or {}),
        who=who_is_who(engine),
    )


def _show(request: Request, caller: Caller, engine: Engine, run: str, problem: Problem | None) -> HTMLResponse:
    shown = api.get_run(caller, engine, run)
    signed = engine.run_jobs.watch(RunId(run)).finished.document
    return page(
        request,
        "custody/run.html",
        run=shown,
        checks=[] if signed is None else json.loads(signed)["verification"]["checks"],
        problem=problem,
        who=who_is_who(engine),
        mine=caller.account,
    )
