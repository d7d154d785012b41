# SPDX-License-Identifier: Apache-2.0
"""Evidence that two people open, recipients who are told to delete, breaches that are drilled and reported."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from countenance.api.guard import EngineOf, may
from countenance.api.listing import PAGE
from countenance.api.problems import Problem
from countenance.api.routes import breaches, evidence, recipients
from countenance.api.routes.breaches import AssessmentOut, ExposedIn, NoteIn
from countenance.api.routes.evidence import EvidenceAskIn, KnownIn
from countenance.api.routes.recipients import ProcessorIn, SettleIn
from countenance.bootstrap import Engine
from countenance.errors import BadInput
from countenance.model.account import Caller
from countenance.model.breach import Exposed
from countenance.model.recipient import Outcome
from countenance.policy.roles import Verb
from countenance.web.acts import carry_out, who_is_who
from countenance.web.render import page

router = APIRouter()

EvidenceReader = Annotated[Caller, may(Verb.EVIDENCE_READ)]
EvidenceOpener = Annotated[Caller, may(Verb.EVIDENCE_OPEN)]
RecipientReader = Annotated[Caller, may(Verb.RECIPIENT_READ)]
RecipientWriter = Annotated[Caller, may(Verb.RECIPIENT_WRITE)]
BreachReader = Annotated[Caller, may(Verb.BREACH_READ)]
BreachWriter = Annotated[Caller, may(Verb.BREACH_WRITE)]
Text = Annotated[str, Form()]
Texts = Annotated[list[str] | None, Form()]


@router.get("/evidence")
def list_evidence(request: Request, caller: EvidenceReader, engine: EngineOf, after: str | None = None) -> HTMLResponse:
    """Show what evidence is kept, closed."""
    return _evidence(request, caller, engine, None, after=after)


@router.post("/evidence/find")
def find_evidence(request: Request, caller: EvidenceOpener, engine: EngineOf, known: Text = "") -> Response:
    """Find the evidence of an id that stands on a paper."""

    def act() -> str:
        return f"/evidence#{evidence.find_evidence(caller, engine, KnownIn(known=known[:64])).id}"

    return carry_out(request, act, lambda problem: _evidence(request, caller, engine, problem))


@router.post("/evidence/{one}/ask")
def ask_evidence(request: Request, caller: EvidenceOpener, engine: EngineOf, one: str, why: Text = "") -> Response:
    """Ask to see it."""

    def act() -> str:
        evidence.ask_evidence(caller, engine, one, EvidenceAskIn(why=why[:2000]))
        return f"/evidence#{one}"

    return carry_out(request, act, lambda problem: _evidence(request, caller, engine, problem))


@router.post("/evidence/{one}/open")
def open_evidence(request: Request, caller: EvidenceOpener, engine: EngineOf, one: str) -> Response:
    """Open what somebody else asked to see, once: the answer to the form is the only page that shows it."""
    shown: list[HTMLResponse] = []

    def act() -> str:
        opened = evidence.open_evidence(caller, engine, one)
        text = json.dumps(opened.record, indent=2, ensure_ascii=False)
        shown.append(page(request, "custody/evidence_open.html", one=one, opened=opened, text=text))
        return ""

    answer = carry_out(request, act, lambda problem: _evidence(request, caller, engine, problem))
    return shown[0] if shown else answer


def _evidence(
    request: Request, caller: Caller, engine: Engine, problem: Problem | None, *, after: str | None = None
) -> HTMLResponse:
    found = evidence.list_evidence(caller, engine, after, PAGE)
    return page(
        request,
        "custody/evidence.html",
        pieces=found.items,
        following=None if found.next is None else f"/evidence?{urlencode({'after': found.next})}",
        first=None if after is None else "/evidence",
        problem=problem,
        who=who_is_who(engine),
        mine=caller.account,
    )


@router.get("/recipients")
def list_recipients(
    request: Request, caller: RecipientReader, engine: EngineOf, after: str | None = None
) -> HTMLResponse:
    """Show who was told to delete, and who is told next time."""
    return _recipients(request, caller, engine, None, after=after)


@router.post("/recipients/processors")
def declare_processor(
    request: Request, caller: RecipientWriter, engine: EngineOf, name: Text = "", ended: Text = ""
) -> Response:
    """Declare a processor, or that one holds nothing any more."""

    def act() -> str:
        if ended:
            recipients.end_processor(caller, engine, ended)
        else:
            recipients.declare_processor(caller, engine, ProcessorIn(name=name[:200]))
        return "/recipients"

    return carry_out(request, act, lambda problem: _recipients(request, caller, engine, problem))


@router.post("/recipients/{one}/letter")
def letter(caller: RecipientWriter, engine: EngineOf, one: str) -> Response:
    """Return the letter of an instruction."""
    return recipients.instruction_letter(caller, engine, one)


@router.post("/recipients/{one}/settle")
def settle(
    request: Request, caller: RecipientWriter, engine: EngineOf, one: str, outcome: Text = "", proof: Text = ""
) -> Response:
    """Record what a recipient answered."""

    def act() -> str:
        if outcome not in list(Outcome):
            raise BadInput("say what became of the instruction")
        recipients.settle_instruction(caller, engine, one, SettleIn(outcome=Outcome(outcome), evidence=proof[:2000]))
        return "/recipients"

    return carry_out(request, act, lambda problem: _recipients(request, caller, engine, problem))


def _recipients(
    request: Request, caller: Caller, engine: Engine, problem: Problem | None, *, after: str | None = None
) -> HTMLResponse:
    found = recipients.list_instructions(caller, engine, after, PAGE)
    return page(
        request,
        "custody/recipients.html",
        instructions=found.items,
        processors=recipients.list_processors(caller, engine),
        following=None if found.next is None else f"/recipients?{urlencode({'after': found.next})}",
        first=None if after is None else "/recipients",
        problem=problem,
    )


@router.get("/breaches")
def list_breaches(request: Request, caller: BreachReader, engine: EngineOf) -> HTMLResponse:
    """Show the cases, and the form of a drill or report."""
    return _breaches(request, caller, engine, None)


@router.post("/breaches")
def new_breach(
    request: Request,
    caller: BreachWriter,
    engine: EngineOf,
    exposed: Texts = None,
    aware_at: Text = "",
    step: Text = "drill",
) -> Response:
    """Drill, which shows what would follow; or report, which opens a case."""
    said: dict[str, object] = {"exposed": exposed or [], "aware_at": aware_at}
    drilled: list[AssessmentOut] = []

    def act() -> str:
        what = _exposed(exposed or [], aware_at)
        if step == "report":
            breaches.report_breach(caller, engine, what)
        else:
            drilled.append(breaches.drill_breach(caller, engine, what))
        return "/breaches"

    answer = carry_out(request, act, lambda problem: _breaches(request, caller, engine, problem, said=said))
    return _breaches(request, caller, engine, None, said=said, drilled=drilled[0]) if drilled else answer


@router.post("/breaches/{breach}/close")
def close_breach(request: Request, caller: BreachWriter, engine: EngineOf, breach: str, note: Text = "") -> Response:
    """End a case."""

    def act() -> str:
        breaches.close_breach(caller, engine, breach, NoteIn(note=note[:4000]))
        return "/breaches"

    return carry_out(request, act, lambda problem: _breaches(request, caller, engine, problem))


def _exposed(exposed: list[str], aware_at: str) -> ExposedIn:
    kinds = [Exposed(one) for one in exposed if one in list(Exposed)]
    if not kinds:
        raise BadInput("say what was exposed")
    try:
        aware = datetime.fromisoformat(aware_at) if aware_at.strip() else None
    except ValueError as error:
        raise BadInput("write the moment as 2026-05-03T14:00") from error
    return ExposedIn(exposed=kinds, aware_at=None if aware is None else aware.replace(tzinfo=aware.tzinfo or UTC))


def _breaches(
    request: Request,
    caller: Caller,
    engine: Engine,
    problem: Problem | None,
    *,
    said: dict[str, object] | None = None,
    drilled: AssessmentOut | None = None,
) -> HTMLResponse:
    return page(
        request,
        "custody/breaches.html",
        cases=breaches.list_breaches(caller, engine),
        kinds=list(Exposed),
        drilled=drilled,
        problem=problem,
        said=said or {"exposed": [], "aware_at": ""},
    )
