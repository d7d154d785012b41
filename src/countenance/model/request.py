# SPDX-License-Identifier: Apache-2.0
"""What a subject may ask of the operator, and by when it has to be answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from countenance.ids import RequestId, SubjectId


class RequestKind(StrEnum):
    """What is asked for."""

    ACCESS = "access"
    """What is held, and who searched."""
    EXPORT = "export"
    """The same, to take along."""
    CORRECT = "correct"
    """Something recorded is wrong."""
    ERASE = "erase"
    """All of it is to be destroyed."""
    OBJECT = "object"
    """Something that is done with it is not wanted, or wrong; also a complaint."""


LOOKS = (RequestKind.ACCESS, RequestKind.EXPORT)
"""The kinds that are answered with an archive, and before a destruction where the law asks for that."""


class VerifiedBy(StrEnum):
    """How the requester was known to be the person; never by a photo, which might make a stranger's faceprint."""

    SIGNED_RELEASE_KEY = "signed_release_key"
    """Holds the receipt of a signed release."""
    ACCOUNT = "account"
    """Writes from the address or account that is on record."""
    DOCUMENT = "document"
    """Showed an official paper."""


class RequestOutcome(StrEnum):
    """How a request ended."""

    FULFILLED = "fulfilled"
    REFUSED = "refused"
    """With a reason, which the person was told."""


@dataclass(frozen=True)
class SubjectRequest:
    """One request of one person; ids and dates only, so that it proves after a destruction that deadlines were kept.

    Attributes:
        channel: how it came, such as `letter`.
        ack_due, due: the last civil day to say that it came, and to answer it.
        first: the person's law wants it answered before anything is destroyed.
    """

    id: RequestId
    subject: SubjectId
    kind: RequestKind
    channel: str
    verified_by: VerifiedBy
    opened_at: datetime
    ack_due: date
    due: date
    first: bool
    acknowledged_at: datetime | None = None
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: RequestOutcome | None = None

    def late(self, today: date) -> str | None:
        """Return which deadline has passed, `answer` or `acknowledgement`, or None.

        Args:
            today: the latest date that it is anywhere: whoever answers in time is in time everywhere.
        """
        if self.closed_at is not None or self.answered_at is not None:
            return None
        if today > self.due:
            return "answer"
        return "acknowledgement" if self.acknowledged_at is None and today > self.ack_due else None

    @property
    def state(self) -> str:
        """`open`, `answered` or `closed`."""
        return "closed" if self.closed_at else "answered" if self.answered_at else "open"
