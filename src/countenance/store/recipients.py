# SPDX-License-Identifier: Apache-2.0
"""Rows of processors and of instructions to those who hold results or data of destroyed people."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, insert, select, update

from countenance.clock import from_text, to_text
from countenance.errors import NotFound
from countenance.ids import InstructionId, ProcessorId, RunId
from countenance.model.destruction import TargetKind
from countenance.model.recipient import Instruction, Outcome, Processor
from countenance.store import schema
from countenance.store.keyring import LOG_KEY
from countenance.store.records import Transaction


def add_processor(work: Transaction, processor: Processor) -> None:
    """Store a new processor."""
    work.connection.execute(
        insert(schema.processor).values(
            id=processor.id,
            sealed_name=work.seal(LOG_KEY, processor.name.encode(), f"processor.name:{processor.id}"),
            declared_at=to_text(processor.declared_at),
        )
    )


def end_processor(work: Transaction, processor: ProcessorId) -> None:
    """Record that nothing is with a processor any more.

    Raises:
        NotFound: there is none of this id that has not ended.
    """
    table = schema.processor
    own = (table.c.id == processor, table.c.ended_at.is_(None))
    if work.connection.execute(update(table).where(*own).values(ended_at=to_text(work.now))).rowcount == 0:
        raise NotFound(f"no processor {processor} that holds anything; `countenance recipients processors` shows them")


def processors(work: Transaction) -> list[Processor]:
    """Return all processors, oldest first."""
    rows = work.connection.execute(select(schema.processor).order_by(schema.processor.c.declared_at))
    return [
        Processor(
            id=row.id,
            name=work.unseal(LOG_KEY, row.sealed_name, f"processor.name:{row.id}").decode(),
            declared_at=from_text(row.declared_at),
            ended_at=row.ended_at and from_text(row.ended_at),
        )
        for row in rows
    ]


def findings_of(work: Transaction, run: RunId) -> dict[str, dict[str, list[str]]]:
    """Return, by client, the people of a run that the client's searches found, each with the searches' ids."""
    found, search, target = schema.search_candidate, schema.search, schema.run_target
    query = (
        select(search.c.client, found.c.subject, found.c.search)
        .join(search, search.c.id == found.c.search)
        .join(target, target.c.id == found.c.subject)
        .where(target.c.run == run, target.c.kind == TargetKind.SUBJECT.value)
        .order_by(search.c.at)
    )
    told: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for client, subject, one in work.connection.execute(query):
        told[client][subject].append(one)
    return {client: dict(people) for client, people in told.items()}


def add(work: Transaction, instruction: Instruction) -> None:
    """Store a new instruction."""
    what = json.dumps(instruction.what).encode()
    work.connection.execute(
        insert(schema.instruction).values(
            id=instruction.id,
            run=instruction.run,
            recipient=instruction.recipient,
            sealed_what=work.seal(LOG_KEY, what, f"instruction.what:{instruction.id}"),
            people=instruction.people,
            made_at=to_text(instruction.made_at),
            due_at=to_text(instruction.due_at),
        )
    )


def get(work: Transaction, instruction: InstructionId) -> Instruction:
    """Return one instruction.

    Raises:
        NotFound: there is none of this id.
    """
    found = _read(work, schema.instruction.c.id == instruction)
    if not found:
        raise NotFound(f"no instruction {instruction}; `countenance recipients list` shows them")
    return found[0]


def everything(work: Transaction) -> list[Instruction]:
    """Return all instructions, oldest first."""
    return _read(work, schema.instruction.c.id.is_not(None))


def of_run(work: Transaction, run: RunId) -> list[Instruction]:
    """Return the instructions of a run, oldest first."""
    return _read(work, schema.instruction.c.run == run)


def mark_sent(work: Transaction, instruction: InstructionId) -> None:
    """Record that the letter was written out, the first time."""
    table = schema.instruction
    own = (table.c.id == instruction, table.c.sent_at.is_(None))
    work.connection.execute(update(table).where(*own).values(sent_at=to_text(work.now)))


def settle(work: Transaction, instruction: InstructionId, outcome: Outcome, evidence: str) -> None:
    """Record what became of an instruction; whom it was about is forgotten."""
    sealed = work.seal(LOG_KEY, evidence.encode(), f"instruction.evidence:{instruction}")
    work.connection.execute(
        update(schema.instruction)
        .where(schema.instruction.c.id == instruction)
        .values(settled_at=to_text(work.now), outcome=outcome.value, sealed_evidence=sealed, sealed_what=None)
    )


def _read(work: Transaction, condition: ColumnElement[bool]) -> list[Instruction]:
    table = schema.instruction
    query = select(table).where(condition).order_by(table.c.made_at, table.c.id)
    return [_instruction(work, row) for row in work.connection.execute(query)]


def _instruction(work: Transaction, row: Row[Any]) -> Instruction:
    def moment(text: str | None) -> datetime | None:
        return None if text is None else from_text(text)

    what, evidence = row.sealed_what, row.sealed_evidence
    return Instruction(
        id=row.id,
        run=row.run,
        recipient=row.recipient,
        what={} if what is None else json.loads(work.unseal(LOG_KEY, what, f"instruction.what:{row.id}")),
        people=row.people,
        made_at=from_text(row.made_at),
        due_at=from_text(row.due_at),
        sent_at=moment(row.sent_at),
        settled_at=moment(row.settled_at),
        outcome=row.outcome and Outcome(row.outcome),
        evidence=evidence and work.unseal(LOG_KEY, evidence, f"instruction.evidence:{row.id}").decode(),
    )
