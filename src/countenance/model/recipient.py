# SPDX-License-Identifier: Apache-2.0
"""Those who hold results or data of people who are destroyed here, and what they are told then."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from countenance.ids import InstructionId, ProcessorId, RunId


@dataclass(frozen=True)
class Processor:
    """Somebody who keeps or handles data for the operator, such as a hosting company.

    Attributes:
        name: sealed at rest.
        ended_at: since when nothing is with this one any more.
    """

    id: ProcessorId
    name: str = field(repr=False)
    declared_at: datetime
    ended_at: datetime | None


class Outcome(StrEnum):
    """What became of an instruction."""

    CONFIRMED = "confirmed"
    """The recipient says that it was deleted."""
    UNCONFIRMED = "unconfirmed"
    """The recipient refuses or cannot be reached; certificates name it among their limitations."""


@dataclass(frozen=True)
class Instruction:
    """A demand to delete, to one recipient after one run.

    Attributes:
        recipient: id of a client or of a processor.
        what: each person to the searches that named this person; empty for a processor, and once it is settled.
        people: how many people it is about.
        due_at: by when the recipient has to confirm.
        sent_at: when its letter was first written out.
        evidence: what the settling rests on, in words; sealed at rest.
    """

    id: InstructionId
    run: RunId
    recipient: str
    what: dict[str, list[str]] = field(repr=False)
    people: int
    made_at: datetime
    due_at: datetime
    sent_at: datetime | None
    settled_at: datetime | None
    outcome: Outcome | None
    evidence: str | None = field(repr=False)

    def overdue(self, now: datetime) -> bool:
        """Say whether nothing was heard by the due date."""
        return self.settled_at is None and now > self.due_at
