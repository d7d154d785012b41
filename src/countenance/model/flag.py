# SPDX-License-Identifier: Apache-2.0
"""Flags: what a custodian should look at. A flag suspends nobody; a person decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from countenance.ids import ClientId, SearchId, SubjectId


class FlagKind(StrEnum):
    """What was noticed."""

    REPEATED_PERSON = "repeated_person"
    """One account, or one client, found the same person again and again."""
    OWN_PERSON = "own_person"
    """Somebody found who is declared to be the person behind the account that searched."""
    REPEATED_CASE = "repeated_case"
    """Many searches were made on one case."""
    OUTSIDE_HOURS = "outside_hours"
    """A search outside the hours in which the client said it works."""
    NEAR_QUOTA = "near_quota"
    """Nearly all that the client may search in an hour or a day was searched."""


@dataclass(frozen=True)
class Flag:
    """One flag.

    Attributes:
        account: code of the account that searched, as the log knows it.
        search: the search that raised it; None where a look at a probe did, or where the search was purged.
        times: how often, up to that moment: finds, searches or uses.
        people: whom that search found; only those who are still held.
        settled_at, settled_by, note: when somebody looked, who, and what came of it; sealed at rest.
    """

    id: str
    at: datetime
    kind: FlagKind
    client: ClientId
    account: str
    search: SearchId | None
    times: int
    people: tuple[SubjectId, ...] = ()
    settled_at: datetime | None = None
    settled_by: str | None = field(default=None, repr=False)
    note: str | None = field(default=None, repr=False)
