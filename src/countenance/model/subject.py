# SPDX-License-Identifier: Apache-2.0
"""The person whose references may be held."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from countenance.ids import SubjectId


class AgeBand(StrEnum):
    """What the operator recorded about the subject's age; never guessed from a face."""

    ADULT = "adult"
    MINOR = "minor"


@dataclass(frozen=True)
class Subject:
    """A data subject.

    Attributes:
        id: random, says nothing about the person.
        label: the operator's name for the person; sealed at rest.
        residency: homes as codes such as `US-IL`, or `unknown`, at least one; then former homes as `US-IL<2023-06-01`,
            each with the first day elsewhere. What follows from the residency facts: see `model.residency`.
        representative: who signs for a minor; sealed at rest.
        frozen_at: since when nothing of this subject is searched or collected; None while active.
    """

    id: SubjectId
    label: str = field(repr=False)
    residency: tuple[str, ...]
    age_band: AgeBand
    representative: str | None = field(repr=False)
    created_at: datetime
    frozen_at: datetime | None = None
