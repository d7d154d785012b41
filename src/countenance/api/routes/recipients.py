# SPDX-License-Identifier: Apache-2.0
"""Recipients: who is told to delete what was destroyed here, and what they answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from countenance.api.guard import EngineOf, may
from countenance.api.listing import PAGE, After, Limit, Listed, cut
from countenance.api.routes.runs import document
from countenance.ids import InstructionId, ProcessorId
from countenance.model.account import Caller
from countenance.model.recipient import Outcome, Processor
from countenance.policy.roles import Verb
from countenance.services.recipients import Told

router = APIRouter(tags=["recipients"])

Reader = Annotated[Caller, may(Verb.RECIPIENT_READ)]
Writer = Annotated[Caller, may(Verb.RECIPIENT_WRITE)]


class ProcessorOut(BaseModel):
    """Somebody who keeps or handles data for the operator."""

    id: str
    name: str
    declared_at: datetime
    ended_at: datetime | None


class ProcessorIn(BaseModel):
    """Who."""

    name: str = Field(max_length=200)


class InstructionOut(BaseModel):
    """A demand to delete, to one recipient after one run."""

    id: str
    run: str
    recipient: str
    name: str
    people: int
    made_at: datetime
    due_at: datetime
    sent_at: datetime | None
    settled_at: datetime | None
    outcome: Outcome | None
    evidence: str | None
    overdue: bool


class SettleIn(BaseModel):
    """What became of it."""

    outcome: Outcome
    evidence: str = Field(max_length=2000, description="What it rests on, such as date and sender of the answer.")


def processor_out(one: Processor) -> ProcessorOut:
    """Return a processor as the API shows it."""
    return ProcessorOut(id=one.id, name=one.name, declared_at=one.declared_at, ended_at=one.ended_at)


def instruction_out(told: Told) -> InstructionOut:
    """Return an instruction as the API shows it."""
    one = told.instruction
    return InstructionOut(
        id=one.id,
        run=one.run,
        recipient=one.recipient,
        name=told.name,
        people=one.people,
        made_at=one.made_at,
        due_at=one.due_at,
        sent_at=one.sent_at,
        settled_at=one.settled_at,
        outcome=one.outcome,
        evidence=one.evidence,
        overdue=told.overdue,
    )


@router.get("/processors")
def list_processors(_caller: Reader, engine: EngineOf) -> list[ProcessorOut]:
    """Return all processors, oldest first."""
    return [processor_out(one) for one in engine.recipients.processors()]


@router.post("/processors", status_code=201)
def declare_processor(_caller: Writer, engine: EngineOf, said: ProcessorIn) -> ProcessorOut:
    """Declare somebody who keeps or handles data; told of every destruction from now on."""
    return processor_out(engine.recipients.declare(said.name))


@router.post("/processors/{processor}/end", status_code=204)
def end_processor(_caller: Writer, engine: EngineOf, processor: str) -> None:
    """Record that a processor holds nothing any more."""
    engine.recipients.end(ProcessorId(processor))


@router.get("/instructions")
def list_instructions(
    _caller: Reader, engine: EngineOf, after: After = None, limit: Limit = PAGE
) -> Listed[InstructionOut]:
    """Return instructions, those that wait for an answer first, by their day."""
    found = engine.recipients.instructions()
    found.sort(key=lambda one: (one.instruction.settled_at is not None, one.instruction.due_at, one.instruction.id))
    page, following = cut(found, lambda one: one.instruction.id, after, limit)
    return Listed(items=[instruction_out(one) for one in page], next=following)


@router.post(
    "/instructions/{instruction}/letter",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "The letter."}},
)
def instruction_letter(_caller: Writer, engine: EngineOf, instruction: str) -> Response:
    """Return the letter of an instruction; it counts as sent from the first time on."""
    text = engine.recipients.letter(InstructionId(instruction))
    return document(text.encode(), f"{instruction}.txt", "text/plain; charset=utf-8")


@router.post("/instructions/{instruction}/settle", status_code=204)
def settle_instruction(_caller: Writer, engine: EngineOf, instruction: str, said: SettleIn) -> None:
    """Record that a recipient confirmed, or that no confirmation can be had."""
    engine.recipients.settle(InstructionId(instruction), said.outcome, said.evidence)
