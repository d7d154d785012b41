# SPDX-License-Identifier: Apache-2.0
"""What stands in each page's navigation: what the caller may see, in the order in which it is used."""

from __future__ import annotations

from dataclasses import dataclass

from countenance.model.account import Caller
from countenance.policy.roles import Verb, holds


@dataclass(frozen=True)
class Entry:
    """A link of the navigation; `label` is English and is translated where it is shown."""

    href: str
    label: str
    verb: Verb | None


_ENTRIES: tuple[Entry, ...] = (
    Entry("/", "Home", None),
    Entry("/overview", "Overview", Verb.STATUS_READ),
    Entry("/sources", "Sources", Verb.SOURCE_READ),
    Entry("/ingests", "Ingest", Verb.INGEST_READ),
    Entry("/review", "Review", Verb.FACE_READ),
    Entry("/people", "People", Verb.SUBJECT_LIST),
    Entry("/models", "Models", Verb.STATUS_READ),
    Entry("/health", "Health", Verb.STATUS_READ),
    Entry("/search", "Search by photo", Verb.SEARCH_MAKE),
    Entry("/searches", "Searches", Verb.SEARCH_READ),
    Entry("/log", "Log", Verb.LOG_READ),
    Entry("/signings", "Signings", Verb.SIGNING_RUN),
    Entry("/own", "About me", Verb.OWN_READ),
    Entry("/accounts", "Accounts", Verb.ACCOUNT_READ),
    Entry("/custody", "What waits", Verb.WORKLIST_READ),
    Entry("/orders", "Orders", Verb.ORDER_READ),
    Entry("/holds", "Holds", Verb.HOLD_READ),
    Entry("/runs", "Destruction", Verb.RUN_READ),
    Entry("/certificates", "Certificates", Verb.CERTIFICATE_READ),
    Entry("/requests", "Requests", Verb.REQUEST_READ),
    Entry("/retention", "Retention", Verb.RETENTION_READ),
    Entry("/evidence", "Evidence", Verb.EVIDENCE_READ),
    Entry("/recipients", "Recipients", Verb.RECIPIENT_READ),
    Entry("/breaches", "Breaches", Verb.BREACH_READ),
    Entry("/clients", "Clients", Verb.CLIENT_READ),
    Entry("/flags", "Flags", Verb.FLAG_READ),
    Entry("/law", "Law files", Verb.LAW_READ),
)


def entries(caller: Caller | None) -> list[Entry]:
    """Return the links that this caller can follow."""
    return [e for e in _ENTRIES if e.verb is None or (caller is not None and holds(caller, e.verb))]
