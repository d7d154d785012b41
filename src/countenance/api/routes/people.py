# SPDX-License-Identifier: Apache-2.0
"""People: found by what the operator calls them, and added before they sign."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from countenance.api.exact import Whole
from countenance.api.guard import EngineOf, may
from countenance.ids import SubjectId
from countenance.model.account import Caller
from countenance.model.subject import AgeBand
from countenance.policy.roles import Verb
from countenance.services.people import Person, Stands

router = APIRouter(tags=["people"])

Reader = Annotated[Caller, may(Verb.SUBJECT_LIST)]
Adder = Annotated[Caller, may(Verb.SUBJECT_ADD)]


class PersonIn(BaseModel):
    """A new person, who has signed nothing yet."""

    label: str = Field(max_length=200, description="What the operator calls this person; sealed.")
    residency: list[Annotated[str, Field(max_length=20)]] = Field(
        default=[], max_length=10, description="Homes as place codes such as `US-IL`; unknown means the strictest law."
    )
    age_band: AgeBand = Field(default=AgeBand.ADULT, description="As the person or a guardian said; never guessed.")
    representative: str | None = Field(default=None, max_length=200, description="Who signs for a minor; sealed.")


class PersonOut(BaseModel):
    """A person, and where this person stands."""

    id: str
    label: str
    age_band: AgeBand
    added_at: datetime
    stands: Stands
    until: datetime | None = Field(description="When the live release ends.")
    references: int = Field(description="How many faceprints are held.")


class FindIn(BaseModel):
    """Who is looked for."""

    text: str = Field(max_length=200, description="Words of the label.")
    limit: Whole = Field(default=50, ge=1, le=100)


class PeopleOut(BaseModel):
    """A page of people."""

    people: list[PersonOut]
    next: str | None = Field(description="`after` of the next page; null on the last one.")


def person_out(one: Person) -> PersonOut:
    """Return a person as sent."""
    return PersonOut(
        id=one.subject.id,
        label=one.subject.label,
        age_band=one.subject.age_band,
        added_at=one.subject.created_at,
        stands=one.stands,
        until=one.until,
        references=one.references,
    )


@router.get("/people")
def people(
    _caller: Reader,
    engine: EngineOf,
    after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> PeopleOut:
    """Return people, who was added last first; each look is logged."""
    found = engine.people.find(after=None if after is None else SubjectId(after), limit=limit + 1)
    shown = found[:limit]
    following = shown[-1].subject.id if len(found) > limit else None
    return PeopleOut(people=[person_out(one) for one in shown], next=following)


@router.post("/people/find")
def find(_caller: Reader, engine: EngineOf, asked: FindIn) -> PeopleOut:
    """Find people by words of what the operator calls them, in the body, for addresses end up in logs; logged."""
    found = engine.people.find(asked.text, limit=asked.limit) if asked.text.strip() else []
    return PeopleOut(people=[person_out(one) for one in found], next=None)


@router.post("/people", status_code=201)
def add_person(_caller: Adder, engine: EngineOf, response: Response, person: PersonIn) -> PersonOut:
    """Add a person; nothing is encoded before a release is signed."""
    made = engine.subjects.add(
        person.label,
        residency=person.residency,
        age_band=person.age_band,
        representative=(person.representative or "").strip() or None,
    )
    response.headers["Location"] = f"/api/v1/people/{made.id}"
    return person_out(Person(made, Stands.NOT_SIGNED, None, 0))
