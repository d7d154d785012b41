# SPDX-License-Identifier: Apache-2.0
"""Evidence of consent that outlives the person's data: who signed which text when; no photo, no faceprint."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from countenance.ids import EvidenceId


@dataclass(frozen=True)
class EvidenceRow:
    """What can be told of a piece of evidence without opening it.

    Attributes:
        until: when it is destroyed too.
        citation: the law that wants it kept so long.
        asked: somebody asks to see it, and a second person has to agree.
    """

    id: EvidenceId
    kept_at: datetime
    until: datetime
    citation: str
    asked: bool


@dataclass(frozen=True)
class Kept:
    """What one run kept, as its certificate tells.

    Attributes:
        people: of how many people.
        until: when the last of it is destroyed.
    """

    people: int
    until: datetime
    citation: str
