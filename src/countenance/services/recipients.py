# SPDX-License-Identifier: Apache-2.0
"""Recipients: whoever holds results or data of destroyed people is told to delete them, and has to confirm.

Source: GDPR Art. 19; RCW 19.373 (deletion reaches processors); FTC v. Rite Aid (2023).
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from datetime import datetime

from countenance.clock import to_text
from countenance.errors import BadInput, NotFound
from countenance.ids import ClientId, InstructionId, ProcessorId, new_id
from countenance.model.event import EventTag
from countenance.model.recipient import Instruction, Outcome, Processor
from countenance.store import clients as client_rows
from countenance.store import recipients as rows
from countenance.store.records import Records, Transaction, settings


@dataclass(frozen=True)
class Told:
    """An instruction with the name of who got it."""

    instruction: Instruction
    name: str
    overdue: bool


class Recipients:
    """Verbs on processors and instructions."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def declare(self, name: str) -> Processor:
        """Declare somebody who keeps or handles data for the operator; told of every destruction from now on.

        Raises:
            BadInput: no name.
        """
        if not name.strip():
            raise BadInput("a processor needs a name")
        with self._records.write() as work:
            processor = Processor(ProcessorId(new_id("prc")), name.strip(), work.now, None)
            rows.add_processor(work, processor)
            work.log(EventTag.PROCESSOR_DECLARED, processor=processor.id)
        return processor

    def end(self, processor: ProcessorId) -> None:
        """Record that a processor holds nothing any more.

        Raises:
            NotFound: no such processor, or it has ended.
        """
        with self._records.write() as work:
            rows.end_processor(work, processor)
            work.log(EventTag.PROCESSOR_ENDED, processor=processor)

    def processors(self) -> list[Processor]:
        """Return all processors, oldest first."""
        with self._records.read() as work:
            return rows.processors(work)

    def instructions(self) -> list[Told]:
        """Return all instructions, oldest first, each with who got it and whether the answer is overdue."""
        with self._records.read() as work:
            return [Told(one, _name(work, one.recipient), one.overdue(work.now)) for one in rows.everything(work)]

    def letter(self, instruction: InstructionId) -> str:
        """Return the letter of an instruction; it counts as sent from the first time on.

        Raises:
            NotFound: no such instruction.
            BadInput: it is settled, and whom it was about is forgotten.
        """
        with self._records.write() as work:
            one = rows.get(work, instruction)
            if one.settled_at is not None:
                raise BadInput(f"instruction {instruction} is settled: whom it was about is not kept any longer")
            text = _letter(one, _name(work, one.recipient), settings(work)["operator"])
            rows.mark_sent(work, instruction)
            work.log(EventTag.INSTRUCTION_SENT, instruction=instruction, recipient=one.recipient)
            return text

    def settle(self, instruction: InstructionId, outcome: Outcome, evidence: str) -> Instruction:
        """Record that a recipient confirmed, or that no confirmation can be had.

        Args:
            evidence: what it rests on, such as the date and sender of a message.

        Raises:
            NotFound: no such instruction.
            BadInput: no evidence, or it is settled.
        """
        if not evidence.strip():
            raise BadInput("say what it rests on (--evidence), such as the date and the sender of the answer")
        with self._records.write() as work:
            if rows.get(work, instruction).settled_at is not None:
                raise BadInput(f"instruction {instruction} was settled before")
            rows.settle(work, instruction, outcome, evidence.strip())
            work.log(EventTag.INSTRUCTION_SETTLED, instruction=instruction, outcome=outcome.value)
            return rows.get(work, instruction)


def _name(work: Transaction, recipient: str) -> str:
    names = {str(one.id): one.name for one in rows.processors(work)}
    try:
        return names.get(recipient) or client_rows.get(work, ClientId(recipient)).name
    except NotFound:
        return "(no longer registered)"


def _letter(one: Instruction, name: str, operator: str) -> str:
    lines = [
        f"To {name} ({one.recipient})",
        f"From {operator}, instruction {one.id} of {_day(one.made_at)}",
        "",
        *textwrap.wrap(
            "The people named below by their ids were destroyed here. Delete every result, copy and note that names "
            "them, and all that you derived from it, and have those do so to whom you passed it on. Confirm in "
            f"writing by {_day(one.due_at)}. Do not send photos or names back.",
            80,
        ),
        "",
    ]
    for person, searches in sorted(one.what.items()):
        lines.append(f"  {person}" + (f", found by {', '.join(searches)}" if searches else ""))
    return "\n".join(lines) + "\n"


def _day(moment: datetime) -> str:
    return to_text(moment)[:10]
