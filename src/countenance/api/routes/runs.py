# SPDX-License-Identifier: Apache-2.0
"""Destruction runs with their progress, certificates, and what waits for a custodian."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from countenance.api.guard import EngineOf, may
from countenance.api.listing import PAGE, After, Limit, Listed, cut
from countenance.ids import CertificateId, ReleaseId, RunId, SourceId, SubjectId
from countenance.ledger.certificate import Declarant
from countenance.model.account import Caller
from countenance.model.destruction import RunState, Scope
from countenance.papers.certificate import certificate_page
from countenance.policy.roles import Verb
from countenance.services.background import ErrandState
from countenance.services.run_jobs import Watched
from countenance.services.worklist import TaskKind, Urgency

router = APIRouter(tags=["runs"])

Reader = Annotated[Caller, may(Verb.RUN_READ)]
Writer = Annotated[Caller, may(Verb.RUN_WRITE)]
CertificateReader = Annotated[Caller, may(Verb.CERTIFICATE_READ)]


class DeclarantIn(BaseModel):
    """Who declares the certificate under penalty of perjury; nobody where it is left out."""

    name: str = Field(max_length=200)
    title: str = Field(default="Custodian", max_length=200)


class RunIn(BaseModel):
    """What is to be destroyed: people, or a photo, or what came from a source alone."""

    subjects: list[str] = []
    photo: str | None = None
    source: str | None = None
    reason: str = Field(default="request", max_length=1000, description="The request, order or rule behind it; sealed.")


class ProgressOut(BaseModel):
    """How far a server is with a run."""

    state: ErrandState
    step: str
    done: int
    total: int


class RunOut(BaseModel):
    """One destruction run."""

    id: str
    state: RunState
    scope: str
    reason: str
    requested_by: str
    approved_by: str | None
    needs_approval: bool
    created_at: datetime
    frozen_at: datetime | None
    started_at: datetime | None
    counts: dict[str, int] = Field(description="Items per store, as planned on the frozen snapshot.")
    problems: list[str]
    problem: str | None = Field(description="Why it did not go on when it was last tried.")
    unfinished: bool = Field(description="It stopped in the middle, and has to go on.")
    progress: ProgressOut | None
    certificate: str | None
    title: str | None


class CertificateOut(BaseModel):
    """A signed certificate of destruction."""

    id: str
    run: str
    title: str
    signed_at: datetime


class TaskOut(BaseModel):
    """One thing that waits."""

    kind: TaskKind
    id: str
    urgency: Urgency
    at: datetime | None
    about: str
    by: str | None


class InvalidateIn(BaseModel):
    """The ruling that says so."""

    order: str = Field(max_length=1000)


class RevokeIn(BaseModel):
    """The letter or order behind it."""

    reason: str = Field(max_length=1000)


def declarant_of(said: DeclarantIn | None) -> Declarant | None:
    """Return who declares."""
    return None if said is None or not said.name.strip() else Declarant(said.name.strip(), said.title.strip())


def run_out(found: Watched) -> RunOut:
    """Return a run as the API shows it."""
    run, errand = found.finished.run, found.errand
    return RunOut(
        id=run.id,
        state=run.state,
        scope=run.scope_text,
        reason=run.order_ref,
        requested_by=run.requested_by,
        approved_by=run.approved_by,
        needs_approval=run.needs_approval,
        created_at=run.created_at,
        frozen_at=run.frozen_at,
        started_at=run.started_at,
        counts=run.counts,
        problems=list(run.problems),
        problem=found.problem,
        unfinished=found.unfinished,
        progress=None
        if errand is None
        else ProgressOut(state=errand.state, step=errand.step, done=errand.done, total=errand.total),
        certificate=found.finished.certificate,
        title=found.finished.title,
    )


@router.get("/worklist")
def get_worklist(caller: Annotated[Caller, may(Verb.WORKLIST_READ)], engine: EngineOf) -> list[TaskOut]:
    """Return what waits for the caller's word, for somebody else's, and what is late or soon."""
    return [
        TaskOut(kind=one.kind, id=one.id, urgency=one.urgency, at=one.at, about=one.about, by=one.by)
        for one in engine.worklist.of(caller.account)
    ]


@router.get("/runs")
def list_runs(
    _caller: Reader,
    engine: EngineOf,
    state: Annotated[RunState | None, Query(description="Only those that stand so.")] = None,
    after: After = None,
    limit: Limit = PAGE,
) -> Listed[RunOut]:
    """Return destruction runs, newest first."""
    found = [one for one in engine.run_jobs.everyone() if state in (None, one.finished.run.state)]
    page, following = cut(found, lambda one: one.finished.run.id, after, limit)
    return Listed(items=[run_out(one) for one in page], next=following)


@router.post("/runs", status_code=201)
def plan_run(caller: Writer, engine: EngineOf, response: Response, said: RunIn) -> RunOut:
    """Record what is to be destroyed and count it; nothing is frozen or destroyed yet."""
    source = None if said.source is None else SourceId(said.source)
    scope = Scope(tuple(SubjectId(one) for one in dict.fromkeys(said.subjects)), said.photo, source)
    run = engine.destruction.plan(scope, requested_by=caller.account, order_ref=said.reason.strip() or "request")
    response.headers["Location"] = f"/api/v1/runs/{run.id}"
    return run_out(engine.run_jobs.watch(run.id))


@router.get("/runs/{run}")
def get_run(_caller: Reader, engine: EngineOf, run: str) -> RunOut:
    """Return a run with its progress."""
    return run_out(engine.run_jobs.watch(RunId(run)))


@router.post("/runs/{run}/approve", status_code=202)
def approve_run(caller: Writer, engine: EngineOf, run: str, said: DeclarantIn | None = None) -> RunOut:
    """Approve a frozen run as a second person; the destruction begins. It takes having signed in lately."""
    engine.accounts.require_fresh(caller)
    return run_out(engine.run_jobs.approve(RunId(run), by=caller.account, declarant=declarant_of(said)))


@router.post("/runs/{run}/continue", status_code=202)
def continue_run(caller: Writer, engine: EngineOf, run: str, said: DeclarantIn | None = None) -> RunOut:
    """Freeze a planned run, take up one that stopped, or verify a certified one anew."""
    return run_out(engine.run_jobs.go_on(RunId(run), by=caller.account, declarant=declarant_of(said)))


@router.get("/certificates")
def list_certificates(
    _caller: CertificateReader, engine: EngineOf, after: After = None, limit: Limit = PAGE
) -> Listed[CertificateOut]:
    """Return certificates of destruction, newest first, also those that were superseded."""
    page, following = cut(engine.run_jobs.certificates(), lambda one: one.id, after, limit)
    items = [CertificateOut(id=one.id, run=one.run, title=one.title, signed_at=one.signed_at) for one in page]
    return Listed(items=items, next=following)


@router.get(
    "/certificates/{certificate}",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}, "description": "The signed document, byte for byte."}},
)
def get_certificate(_caller: CertificateReader, engine: EngineOf, certificate: str) -> Response:
    """Return a signed certificate as it verifies offline."""
    return document(engine.run_jobs.certificate(CertificateId(certificate)), f"{certificate}.json", "application/json")


@router.get(
    "/certificates/{certificate}/page",
    response_class=Response,
    responses={200: {"content": {"text/html": {}}, "description": "A page that prints well; one file."}},
)
def get_certificate_page(_caller: CertificateReader, engine: EngineOf, certificate: str) -> Response:
    """Return a certificate as a page to print."""
    signed = engine.run_jobs.certificate(CertificateId(certificate))
    return document(certificate_page(signed), f"{certificate}.html", "text/html; charset=utf-8")


def document(data: bytes, name: str, media_type: str) -> Response:
    """Return something to keep: an attachment."""
    return Response(data, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.post("/sources/{source}/revoke", status_code=202)
def revoke_source(
    caller: Annotated[Caller, may(Verb.SOURCE_REVOKE)], engine: EngineOf, source: str, said: RevokeIn
) -> RunOut | None:
    """Withdraw the permission of a source at once; what came from it alone waits for a second person's word."""
    done = engine.sources.revoke(SourceId(source), by=caller.account, reason=said.reason, two=True)
    return None if done is None else run_out(engine.run_jobs.watch(done.run.id))


@router.post("/releases/{release}/invalidate", status_code=204)
def invalidate_release(
    caller: Annotated[Caller, may(Verb.RELEASE_INVALIDATE)], engine: EngineOf, release: str, said: InvalidateIn
) -> None:
    """Record that a ruling voided a release; it permits nothing from now on."""
    _ = caller
    engine.subjects.invalidate(ReleaseId(release), order=said.order)
