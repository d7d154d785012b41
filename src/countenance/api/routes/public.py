# SPDX-License-Identifier: Apache-2.0
"""What the public is told: retention policy, who may search, figures. No sign-in; nothing points at a person."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from countenance.api.conditional import NOT_MODIFIED, conditional
from countenance.api.exact import Day
from countenance.api.guard import EngineOf
from countenance.model.purpose import ClientKind, Purpose

router = APIRouter(prefix="/public", tags=["public"], responses=NOT_MODIFIED)
_JSON = "application/json"


class PolicyOut(BaseModel):
    """The public retention policy in force."""

    operator: str
    contact: str = Field(description="Where to turn with questions and requests.")
    published_at: datetime
    sha256: str = Field(description="Of the text, UTF-8; every notice names it.")
    text: str


class RegisteredOut(BaseModel):
    """A client in the public register."""

    client: str
    kind: ClientKind
    purposes: list[Purpose]
    place: str | None
    vetted_at: datetime
    suspended_at: datetime | None = Field(description="Since when it is not served; null while it is.")


class RegisterOut(BaseModel):
    """Who may search, and for what."""

    clients: list[RegisteredOut]


class ReportOut(BaseModel):
    """The transparency report."""

    quarters: list[date] = Field(description="First days of the quarters that can be asked for, newest first.")
    report: dict[str, Any] = Field(
        description="Schema countenance-transparency-1. Counts from 1 to 4 are told as `fewer than 5`. "
        "Without a quarter: what does not depend on a time, and `period` is null."
    )


@router.get("/policy", response_model=PolicyOut)
def policy(request: Request, engine: EngineOf) -> Response:
    """Return the retention policy in force."""
    return conditional(request, read_policy(engine).model_dump_json().encode(), _JSON)


@router.get("/register", response_model=RegisterOut)
def register(request: Request, engine: EngineOf) -> Response:
    """Return the register of clients, oldest first."""
    return conditional(request, read_register(engine).model_dump_json().encode(), _JSON)


@router.get("/report", response_model=ReportOut)
def report(request: Request, engine: EngineOf, quarter: Day | None = None) -> Response:
    """Return the transparency report of a quarter that has ended, named by its first day."""
    return conditional(request, read_report(engine, quarter).model_dump_json().encode(), _JSON)


def read_policy(engine: EngineOf) -> PolicyOut:
    """Return the policy as the page and the API tell it."""
    about, found = engine.transparency.about(), engine.transparency.policy()
    return PolicyOut(
        operator=about.operator,
        contact=about.contact,
        published_at=found.published_at,
        sha256=found.sha256,
        text=found.text,
    )


def read_register(engine: EngineOf) -> RegisterOut:
    """Return the register as the page and the API tell it."""
    return RegisterOut(
        clients=[
            RegisteredOut(
                client=one.client,
                kind=one.kind,
                purposes=list(one.purposes),
                place=one.place,
                vetted_at=one.vetted_at,
                suspended_at=one.suspended_at,
            )
            for one in engine.register.published()
        ]
    )


def read_report(engine: EngineOf, quarter: date | None) -> ReportOut:
    """Return the report as the page and the API tell it."""
    return ReportOut(quarters=engine.transparency.quarters(), report=engine.transparency.of_quarter(quarter))
