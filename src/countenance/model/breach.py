# SPDX-License-Identifier: Apache-2.0
"""A breach: what was exposed, what of it a thief can read, whom it concerns, and by when somebody has to be told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from countenance.ids import BreachId


class Exposed(StrEnum):
    """What got out."""

    RECORDS = "records"
    KEYRING = "keyring"
    BACKUP = "backup"
    LOG = "log"
    CLIENTS = "clients"
    HOST = "host"

    @property
    def readable(self) -> str:
        """What a thief can read of it, alone, in words."""
        return _READABLE[self]


_READABLE = {
    Exposed.RECORDS: (
        "In plain: random ids, dates, place codes, counts, kinds of clients, scores of past findings. Everything that "
        "names or shows a person (labels, notices, signatures, faceprints, previews, paths) is AES-256-GCM ciphertext "
        "without its keys."
    ),
    Exposed.KEYRING: (
        "In plain: random ids of owners. The keys are wrapped by the root key, which lies elsewhere; without it and "
        "without the records nothing can be read. Rotate the root key, and treat records that leaked too as readable "
        "if the root key may have leaked."
    ),
    Exposed.BACKUP: (
        "As the records, for the data part; the part with the keys is sealed to the recovery key, and cannot be read "
        "without it."
    ),
    Exposed.LOG: (
        "What is published anyway: hour, kind and salted commitment of each entry. Without salts, which are sealed, "
        "nothing leads to a person. The table of events in the records also has random ids and codes in plain."
    ),
    Exposed.CLIENTS: (
        "Who the clients are, what they may search for, and when they searched. Of the people whom their searches "
        "found: random ids."
    ),
    Exposed.HOST: (
        "Everything: whoever controls the running machine can read its memory, in which keys and faceprints are. Take "
        "labels, signatures, photos and faceprints as known to the thief."
    ),
}


@dataclass(frozen=True)
class Affected:
    """The people of one law, and the clocks that run for them.

    Attributes:
        packs: ids of the law files that make this law.
        people: how many.
        threshold: from how many on the regulator must be told.
        regulator_due: None where they are fewer.
        citation: of the regulator's clock.
    """

    packs: tuple[str, ...]
    people: int
    threshold: int
    regulator_due: datetime | None
    individuals_due: datetime
    citation: str


@dataclass(frozen=True)
class Assessment:
    """What follows from an exposure.

    Attributes:
        aware_at: when somebody here knew: the clocks run from then.
    """

    exposed: tuple[Exposed, ...]
    aware_at: datetime
    affected: tuple[Affected, ...]

    @property
    def first_due(self) -> datetime | None:
        """When somebody has to be told first; None where nobody is concerned."""
        dates = [one for group in self.affected for one in (group.regulator_due, group.individuals_due) if one]
        return min(dates, default=None)


@dataclass(frozen=True)
class Breach:
    """A case: an assessment as it was made, and how it stands.

    Attributes:
        note: how it ended, in words; sealed at rest.
    """

    id: BreachId
    assessment: Assessment
    opened_at: datetime
    closed_at: datetime | None
    note: str | None

    def late(self, now: datetime) -> bool:
        """Say whether a date has passed while the case is open."""
        due = self.assessment.first_due
        return self.closed_at is None and due is not None and now > due
