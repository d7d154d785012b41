# SPDX-License-Identifier: Apache-2.0
"""Breaches: drilled, reported, closed; whom one concerns under which law, and by when they have to be told."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from countenance.api.exact import Moment
from countenance.api.guard import EngineOf, may
from countenance.ids import BreachId
from countenance.model.account import Caller
from countenance.model.breach import Assessment, Breach, Exposed
from countenance.policy.roles import Verb

router = APIRouter(tags=["breaches"])

Reader = Annotated[Caller, may(Verb.BREACH_READ)]
Writer = Annotated[Caller, may(Verb.BREACH_WRITE)]


class ExposedIn(BaseModel):
    """What got out, and since when that is known here."""

    exposed: list[Exposed] = Field(min_length=1)
    aware_at: Moment | None = None


class AffectedOut(BaseModel):
    """The people of one law, and the clocks that run for them."""

    packs: list[str]
    people: int
    threshold: int
    regulator_due: datetime | None
    individuals_due: datetime
    citation: str


class AssessmentOut(BaseModel):
    """What follows from an exposure."""

    exposed: list[Exposed]
    readable: dict[str, str] = Field(description="What a thief can read of each, in words.")
    aware_at: datetime
    first_due: datetime | None
    affected: list[AffectedOut]


class BreachOut(BaseModel):
    """A case."""

    id: str
    assessment: AssessmentOut
    opened_at: datetime
    closed_at: datetime | None
    note: str | None
    late: bool


class NoteIn(BaseModel):
    """How it ended."""

    note: str = Field(max_length=4000, description="Who was told, when and how; sealed.")


def assessment_out(found: Assessment) -> AssessmentOut:
    """Return an assessment as the API shows it."""
    return AssessmentOut(
        exposed=list(found.exposed),
        readable={one.value: one.readable for one in found.exposed},
        aware_at=found.aware_at,
        first_due=found.first_due,
        affected=[
            AffectedOut(
                packs=list(one.packs),
                people=one.people,
                threshold=one.threshold,
                regulator_due=one.regulator_due,
                individuals_due=one.individuals_due,
                citation=one.citation,
            )
            for one in found.affected
        ],
    )


def breach_out(one: Breach, *, late: bool) -> BreachOut:
    """Return a case as the API shows it."""
    return BreachOut(
        id=one.id,
        assessment=assessment_out(one.assessment),
        opened_at=one.opened_at,
        closed_at=one.closed_at,
        note=one.note,
        late=late,
    )


@router.get("/breaches")
def list_breaches(_caller: Reader, engine: EngineOf) -> list[BreachOut]:
    """Return all cases, newest first."""
    return [breach_out(one, late=late) for one, late in reversed(engine.breaches.everything())]


@router.post("/breaches/drill")
def drill_breach(_caller: Writer, engine: EngineOf, said: ExposedIn) -> AssessmentOut:
    """Return what would follow if this were exposed; nothing changes but that the drill is in the log."""
    return assessment_out(engine.breaches.drill(said.exposed, aware_at=said.aware_at))


@router.post("/breaches", status_code=201)
def report_breach(_caller: Writer, engine: EngineOf, said: ExposedIn) -> BreachOut:
    """Open a case: its clocks run from the moment somebody here knew."""
    return breach_out(engine.breaches.report(said.exposed, aware_at=said.aware_at), late=False)


@router.post("/breaches/{breach}/close")
def close_breach(_caller: Writer, engine: EngineOf, breach: str, said: NoteIn) -> BreachOut:
    """End a case."""
    return breach_out(engine.breaches.close(BreachId(breach), note=said.note), late=False)
