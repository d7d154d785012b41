# SPDX-License-Identifier: Apache-2.0
"""Ingests in the background: of a folder that the server may read, or of photos that are sent one by one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from countenance.api.exact import Flag, Whole
from countenance.api.guard import EngineOf, SettingsOf, may
from countenance.api.photos import RAW_PHOTO, PhotoBody, turn
from countenance.api.settings import LARGEST_UPLOAD
from countenance.ids import JobId, SourceId
from countenance.model.account import Caller
from countenance.model.ingest import RESUMABLE, Job, JobKind, JobState
from countenance.policy.roles import Verb
from countenance.services.job_progress import FileOutcome
from countenance.services.photo_roots import PhotoRoots

router = APIRouter(tags=["ingests"])

Reader = Annotated[Caller, may(Verb.INGEST_READ)]
Runner = Annotated[Caller, may(Verb.INGEST_RUN)]


class FolderIn(BaseModel):
    """A folder; nothing outside of its root can be named."""

    root: str = Field(max_length=255)
    inside: str = Field(default="", max_length=4096, description="Where in its root, parts by `/`.")


class FolderOut(BaseModel):
    """What lies in a folder that the server may read."""

    root: str
    inside: str = Field(description="The folder relative to its root, parts by `/`; empty for the root itself.")
    folders: list[str]
    photos: int = Field(description="Photos in it, folders in it not counted.")


class RootsOut(BaseModel):
    """The folders that the server was started with."""

    roots: list[str]


class JobIn(BaseModel):
    """A new ingest."""

    kind: JobKind
    source: str
    root: str | None = Field(default=None, max_length=255, description="Of a folder: which root it lies in.")
    inside: str = Field(default="", max_length=4096, description="Of a folder: where in its root.")
    ask: Flag = Field(default=False, description="Faces that nobody named wait for a reviewer.")
    total: Whole = Field(default=0, ge=0, le=1_000_000, description="Of an upload: how many photos are to come.")


class SumsOut(BaseModel):
    """What became of the files so far, and of the faces in them."""

    photos: int
    new: int
    faces: int
    references: int
    bystanders: int
    waiting: int
    skipped: dict[str, int] = Field(description="How many files and attributed faces were left out, by reason.")


class JobOut(BaseModel):
    """An ingest."""

    id: str
    kind: JobKind
    state: JobState
    source: str
    ask: bool
    folder: str | None
    started_at: datetime
    ended_at: datetime | None
    total: int = Field(description="Files in all, as far as that is known yet.")
    sums: SumsOut
    problem: str | None = Field(description="Code of the error that ended it.")
    per_second: float | None = Field(description="Files a second over the last 20 s.")
    seconds_left: int | None
    can_resume: bool


class JobsOut(BaseModel):
    """A page of ingests, newest first."""

    ingests: list[JobOut]
    next: str | None = Field(description="`before` of the next page; null on the last one.")


class OutcomeOut(BaseModel):
    """What became of one file."""

    number: int
    name: str
    photo: str | None
    reason: str | None
    detail: str
    faces: int
    references: int
    bystanders: int
    waiting: int
    marks: list[str] = Field(description="`new`, `known` or `left_out`; `encoded`, `waiting`; every reason.")


class OutcomesOut(BaseModel):
    """A page of outcomes, in the order of the files."""

    outcomes: list[OutcomeOut]
    next: int | None = Field(description="`after` of the next page; null on the last one.")
    remembered: bool = Field(description="Whether outcomes are still in memory; they are written nowhere.")


def job_out(one: Job) -> JobOut:
    """Return an ingest as it is sent."""
    return JobOut(
        id=one.id,
        kind=one.kind,
        state=one.state,
        source=one.source,
        ask=one.ask,
        folder=one.folder,
        started_at=one.started_at,
        ended_at=one.ended_at,
        total=one.total,
        sums=SumsOut(
            photos=one.sums.photos,
            new=one.sums.new,
            faces=one.sums.faces,
            references=one.sums.references,
            bystanders=one.sums.bystanders,
            waiting=one.sums.waiting,
            skipped=one.sums.skipped,
        ),
        problem=one.problem,
        per_second=None if one.per_second is None else round(one.per_second, 1),
        seconds_left=one.seconds_left,
        can_resume=one.kind is JobKind.FOLDER and one.state in RESUMABLE,
    )


def outcome_out(one: FileOutcome) -> OutcomeOut:
    """Return an outcome as it is sent."""
    return OutcomeOut(
        number=one.number,
        name=one.name,
        photo=one.photo,
        reason=one.reason,
        detail=one.detail,
        faces=one.faces,
        references=one.references,
        bystanders=one.bystanders,
        waiting=one.waiting,
        marks=list(one.marks),
    )


@router.get("/folders")
def roots(_caller: Reader, settings: SettingsOf) -> RootsOut:
    """Return the folders that the server was started with (`serve --photos`)."""
    return RootsOut(roots=list(PhotoRoots(settings.photos).names))


@router.post("/folders/list")
def folder(_caller: Reader, settings: SettingsOf, asked: FolderIn) -> FolderOut:
    """Return what lies in a folder; named in the body, for addresses end up in logs and folders may name people."""
    found = PhotoRoots(settings.photos).listing(asked.root, asked.inside)
    return FolderOut(root=found.root, inside=found.inside, folders=list(found.folders), photos=found.photos)


@router.get("/ingests")
def jobs(
    _caller: Reader,
    engine: EngineOf,
    before: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> JobsOut:
    """Return ingests, newest first."""
    found = engine.jobs.everything(limit=limit + 1, before=None if before is None else JobId(before))
    shown = found[:limit]
    return JobsOut(ingests=[job_out(one) for one in shown], next=shown[-1].id if len(found) > limit else None)


@router.post("/ingests", status_code=201)
def start(caller: Runner, engine: EngineOf, settings: SettingsOf, response: Response, job: JobIn) -> JobOut:
    """Start to ingest a folder, or open an upload; it goes on whatever becomes of the connection."""
    source = SourceId(job.source)
    if job.kind is JobKind.UPLOAD:
        made = engine.jobs.open_upload(source, by=caller.account, total=job.total, ask=job.ask)
    else:
        there = PhotoRoots(settings.photos)
        made = engine.jobs.start(source, there, job.root or "", job.inside, by=caller.account, ask=job.ask)
    response.headers["Location"] = f"/api/v1/ingests/{made.id}"
    return job_out(made)


@router.get("/ingests/{job}")
def job_by_id(_caller: Reader, engine: EngineOf, job: str) -> JobOut:
    """Return an ingest as it stands."""
    return job_out(engine.jobs.get(JobId(job)))


@router.get("/ingests/{job}/outcomes")
def outcomes(
    _caller: Reader,
    engine: EngineOf,
    job: str,
    mark: Annotated[str | None, Query(max_length=100, description="Only files with this mark.")] = None,
    after: Annotated[int, Query(ge=0, lt=2**63, description="`next` of the page before.")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> OutcomesOut:
    """Return what became of each file, as far as it is still in memory."""
    found = engine.jobs.outcomes(JobId(job), mark=mark or None, after=after, limit=limit + 1)
    shown = found[:limit]
    return OutcomesOut(
        outcomes=[outcome_out(one) for one in shown],
        next=shown[-1].number if len(found) > limit else None,
        remembered=engine.jobs.remembers(JobId(job)),
    )


@router.post("/ingests/{job}/photos", max_body_size=LARGEST_UPLOAD, openapi_extra=RAW_PHOTO)
def send_photo(
    _caller: Runner,
    engine: EngineOf,
    job: str,
    photo: PhotoBody,
    name: Annotated[
        str, Header(alias="Countenance-File-Name", max_length=2000, description="Percent-encoded; sealed.")
    ] = "",
) -> OutcomeOut:
    """Send one photo of an upload; sent twice, it is known the second time."""
    with turn():
        return outcome_out(engine.jobs.add(JobId(job), photo, unquote(name)))


@router.post("/ingests/{job}/finish")
def finish(_caller: Runner, engine: EngineOf, job: str) -> JobOut:
    """Say that an upload is complete."""
    return job_out(engine.jobs.finish(JobId(job)))


@router.post("/ingests/{job}/cancel")
def cancel(_caller: Runner, engine: EngineOf, job: str) -> JobOut:
    """End an ingest; what was stored stays."""
    return job_out(engine.jobs.cancel(JobId(job)))


@router.post("/ingests/{job}/resume")
def resume(_caller: Runner, engine: EngineOf, settings: SettingsOf, job: str) -> JobOut:
    """Take up a folder again that was interrupted, cancelled or failed; what is known is passed over."""
    return job_out(engine.jobs.resume(JobId(job), PhotoRoots(settings.photos)))
