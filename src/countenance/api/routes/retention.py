# SPDX-License-Identifier: Apache-2.0
"""The retention clock: how it stands, its calendar, and following it now."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from countenance.api.exact import Day
from countenance.api.guard import EngineOf, may
from countenance.api.listing import PAGE, After, Limit, Listed
from countenance.api.routes.runs import ProgressOut
from countenance.errors import BadInput
from countenance.ids import ReleaseId, SubjectId
from countenance.model.account import Caller
from countenance.policy.roles import Verb
from countenance.services.background import Errand

router = APIRouter(tags=["retention"])

Reader = Annotated[Caller, may(Verb.RETENTION_READ)]
Writer = Annotated[Caller, may(Verb.RETENTION_WRITE)]


class NextOut(BaseModel):
    """One person's time, with the rule that decides and the law behind it."""

    subject: str
    at: datetime
    rule: str
    citation: str


class UnrecognisedOut(BaseModel):
    """Somebody whose time is up and whom a hold keeps that the law does not recognise."""

    subject: str
    hold: str
    basis: str


class FollowedOut(BaseModel):
    """One time that the clock was followed."""

    began_at: datetime
    ended_at: datetime
    counts: dict[str, int]
    runs: list[str]
    problems: list[str]


class RetentionOut(BaseModel):
    """How the clocks stand."""

    due: int
    within_30_days: int
    within_90_days: int
    overdue: int = Field(description="Must be 0.")
    waiting: int
    held: int
    reviews: int
    conflicts: list[UnrecognisedOut]
    next: list[NextOut]
    last: FollowedOut | None
    progress: ProgressOut | None = Field(description="Of following it now, where this server does or has.")
    problem: str | None


class DayOut(BaseModel):
    """How many people's time is up on one day (UTC)."""

    day: date
    due: int
    held: int
    waiting: int


class DuePersonOut(BaseModel):
    """One person on one day."""

    subject: str
    at: datetime
    rule: str
    held: bool
    waiting: bool


class FactIn(BaseModel):
    """Something that moves a person's clock."""

    kind: Literal["interaction", "purpose_met", "needed", "unneeded"]
    subject: str | None = None
    release: str | None = Field(default=None, description="For `purpose_met`.")
    on: Day | None = None


@router.get("/retention")
def get_retention(_caller: Reader, engine: EngineOf) -> RetentionOut:
    """Return how the clocks stand, and who comes next."""
    found, errand = engine.retention.status(), engine.daily.errand()
    last = engine.daily.history(1)
    return RetentionOut(
        due=found.due,
        within_30_days=found.within_30_days,
        within_90_days=found.within_90_days,
        overdue=found.overdue,
        waiting=found.waiting,
        held=found.held,
        reviews=found.reviews,
        conflicts=[
            UnrecognisedOut(subject=one.subject.id, hold=one.hold, basis=one.basis.value) for one in found.conflicts
        ],
        next=[NextOut(subject=one.subject, at=one.at, rule=one.rule, citation=one.citation) for one in found.next],
        last=followed_out(engine, 1)[0] if last else None,
        progress=progress_out(errand),
        problem=None if errand is None else errand.problem,
    )


@router.get("/retention/calendar")
def retention_calendar(
    _caller: Reader,
    engine: EngineOf,
    first: Annotated[Day, Query(description="The first day.")],
    last: Annotated[Day, Query(description="The last day, included; a year later at most.")],
) -> list[DayOut]:
    """Return the days on which anybody's time is up."""
    days = engine.retention.calendar(first, last)
    return [DayOut(day=one.day, due=one.due, held=one.held, waiting=one.waiting) for one in days]


@router.get("/retention/days/{day}")
def retention_day(
    _caller: Reader, engine: EngineOf, day: Day, after: After = None, limit: Limit = PAGE
) -> Listed[DuePersonOut]:
    """Return the people whose time is up on a day."""
    found = engine.retention.on_day(day, after=after or "", limit=limit + 1)
    items = [
        DuePersonOut(subject=one.subject, at=one.at, rule=one.rule, held=one.held, waiting=one.waiting)
        for one in found[:limit]
    ]
    return Listed(items=items, next=items[-1].subject if len(found) > limit else None)


@router.get("/retention/runs")
def list_retention_runs(_caller: Reader, engine: EngineOf, limit: Limit = 30) -> list[FollowedOut]:
    """Return the last times that the clock was followed, newest first."""
    return followed_out(engine, limit)


@router.post("/retention/run", status_code=202)
def run_retention(_caller: Writer, engine: EngineOf) -> ProgressOut:
    """Follow the clock now: whose time is up is destroyed under the public policy, in the background."""
    errand = engine.daily.begin()
    return ProgressOut(state=errand.state, step=errand.step, done=errand.done, total=errand.total)


@router.post("/retention/facts", status_code=204)
def record_retention_fact(_caller: Writer, engine: EngineOf, said: FactIn) -> None:
    """Record what moves a person's clock: an interaction, a purpose that is met, a review."""
    if said.kind == "purpose_met":
        if said.release is None:
            raise BadInput("name the release whose purpose is met")
        engine.retention.purpose_met(ReleaseId(said.release), said.on)
        return
    if said.subject is None:
        raise BadInput("name the subject")
    if said.kind == "interaction":
        engine.retention.interaction(SubjectId(said.subject), said.on)
    else:
        engine.retention.review(SubjectId(said.subject), needed=said.kind == "needed")


def progress_out(errand: Errand | None) -> ProgressOut | None:
    """Return the progress of following the clock."""
    if errand is None:
        return None
    return ProgressOut(state=errand.state, step=errand.step, done=errand.done, total=errand.total)


def followed_out(engine: EngineOf, limit: int) -> list[FollowedOut]:
    """Return the last times that the clock was followed as the API shows them."""
    return [
        FollowedOut(
            began_at=one.began_at,
            ended_at=one.ended_at,
            counts=dict(one.counts),
            runs=list(one.runs),
            problems=list(one.problems),
        )
        for one in engine.daily.history(limit)
    ]
