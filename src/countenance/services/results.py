# SPDX-License-Identifier: Apache-2.0
"""Results of searches: confirmed by as many people as the law asks for, and purged where no authorisation came.

A candidate is unconfirmed until enough distinct accounts have looked at it. The search of a law enforcement
client that was made before its authorisation came goes, with all that came of it, once that is refused or late.

Source: AI Act Art. 14(5) (two persons), Art. 26(10) (authorisation within 48 hours), Art. 12(3) (what is logged).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from countenance.errors import BadInput, NotFound, Refused
from countenance.ids import ClientId, SearchId, SubjectId
from countenance.model.client import Client
from countenance.model.event import EventTag
from countenance.model.search import Authorisation, Candidate
from countenance.services.law import LawBook
from countenance.store import results as rows
from countenance.store import subjects as subject_rows
from countenance.store.records import Records, Transaction
from countenance.store.results import Held

__all__ = ["Held", "Result", "Results", "note_authorisation", "shown", "with_confirmations"]

PENDING = "pending"
"""What a request says in place of a reference where the authorisation was asked for."""


@dataclass(frozen=True)
class Result:
    """A stored result.

    Attributes:
        candidates: each with how many confirmations it needs and has.
        due_at: by when a pending authorisation must be shown; None where none is pending.
    """

    search: SearchId
    client: ClientId
    candidates: tuple[Held, ...]
    authorisation: Authorisation
    due_at: datetime | None


def shown(authorisation: str | None) -> Authorisation:
    """Return what a request shows."""
    if authorisation is None or not authorisation.strip():
        return Authorisation.NONE
    return Authorisation.PENDING if authorisation.strip() == PENDING else Authorisation.GIVEN


def with_confirmations(
    work: Transaction, law: LawBook, client: Client, candidates: Sequence[Candidate]
) -> tuple[Candidate, ...]:
    """Return candidates with the number of people that their law and the client's place want to confirm them."""
    place = 1 if client.place is None else law.of_client(client).number("disclosure.human_confirmations")
    asked = [law.of_subject(subject_rows.get(work, c.subject), now=work.now) for c in candidates]
    return tuple(
        replace(candidate, confirmations=max(place, one.number("disclosure.human_confirmations")))
        for candidate, one in zip(candidates, asked, strict=True)
    )


def note_authorisation(
    work: Transaction, law: LawBook, search: SearchId, client: ClientId, authorisation: str | None
) -> None:
    """Store what a request showed, where it showed anything."""
    state = shown(authorisation)
    if state is Authorisation.NONE or authorisation is None:
        return
    within = timedelta(hours=law.of_probe().number("disclosure.authorisation_within_hours"))
    pending = state is Authorisation.PENDING
    reference = None if pending else authorisation.strip()
    rows.add_authorisation(work, search, client, reference, work.now + within if pending else None)


def account_code(work: Transaction, account: str) -> str:
    """Return the code of an account: who has the keyring can make it, and nobody reads a name from it."""
    return work.keyring.mac(f"account:{account.strip().casefold()}".encode()).hex()[:32]


class Results:
    """Verbs on the results of searches."""

    def __init__(self, records: Records, law: LawBook) -> None:
        self._records = records
        self._law = law

    def show(self, search: SearchId) -> Result:
        """Return a stored result; the look is logged.

        Raises:
            NotFound: no such search, or it was purged, as it is now where its authorisation is overdue.
        """
        self.purge_overdue()
        with self._records.write() as work:
            client = rows.client_of(work, search)
            state, due_at = rows.authorisation(work, search)
            work.log(EventTag.RESULT_SHOWN, search=search, client=client)
            return Result(search, client, tuple(rows.candidates(work, search)), state, due_at)

    def confirm(self, search: SearchId, subject: SubjectId, *, by: str) -> Held:
        """Record that a person looked at a candidate and confirms it.

        Args:
            by: the account of that person.

        Raises:
            NotFound: no such search, or this subject is no candidate of it.
            BadInput: no account.
            Refused: the same account confirmed it before; logged.
        """
        account = by.strip()
        if not account:
            raise BadInput("say who confirms it (--by)")
        self.purge_overdue()
        with self._records.write() as work:
            held = _candidate(work, search, subject)
            if account.casefold() not in (one.casefold() for one in held.confirmed_by):
                rows.confirm(work, search, subject, len(held.confirmed_by) + 1, account)
                now = _candidate(work, search, subject)
                work.log(
                    EventTag.RESULT_CONFIRMED,
                    subject=subject,
                    search=search,
                    by=account_code(work, account),
                    confirmations=len(now.confirmed_by),
                    needed=now.needed,
                )
                return now
            code = account_code(work, account)
            work.log(EventTag.RESULT_REFUSED, subject=subject, search=search, by=code, rule="result.two_persons")
        raise Refused(
            "result.two_persons",
            "this account confirmed the candidate before; another person's account must confirm it (--by)",
            self._law.of_probe().cite("disclosure.human_confirmations"),
        )

    def account_code(self, account: str) -> str:
        """Return the code by which the log knows an account, so that an auditor finds what it confirmed.

        Raises:
            BadInput: no account.
        """
        if not account.strip():
            raise BadInput("name the account whose code you want")
        with self._records.read() as work:
            return account_code(work, account)

    def authorise(self, search: SearchId, reference: str) -> None:
        """Record the authorisation of a search that was made before it came.

        Raises:
            NotFound: no such search, or it was purged because none came in time.
            BadInput: no reference, or none is pending.
        """
        if not reference.strip() or reference.strip() == PENDING:
            raise BadInput("name the warrant or decision by its reference (--granted)")
        self.purge_overdue()
        with self._records.write() as work:
            client = rows.client_of(work, search)
            state, _ = rows.authorisation(work, search)
            if state is not Authorisation.PENDING:
                raise BadInput(f"no authorisation of search {search} is pending")
            rows.authorise(work, search, reference.strip())
            work.log(EventTag.SEARCH_AUTHORISED, search=search, client=client)

    def refuse(self, search: SearchId) -> None:
        """Record that the authorisation was refused: the search and all that came of it are deleted now.

        Raises:
            NotFound: no such search.
            BadInput: none is pending.
        """
        with self._records.write() as work:
            client = rows.client_of(work, search)
            state, _ = rows.authorisation(work, search)
            if state is not Authorisation.PENDING:
                raise BadInput(f"no authorisation of search {search} is pending")
            _purge(work, search, client, "refused")

    def purge_overdue(self) -> list[SearchId]:
        """Delete every search whose authorisation was not shown in time; return which."""
        with self._records.write() as work:
            late = rows.overdue(work)
            for search in late:
                _purge(work, search, rows.client_of(work, search), "overdue")
        return list(late)


def _purge(work: Transaction, search: SearchId, client: ClientId, reason: str) -> None:
    rows.purge(work, search)
    work.log(EventTag.SEARCH_PURGED, search=search, client=client, reason=reason)


def _candidate(work: Transaction, search: SearchId, subject: SubjectId) -> Held:
    for held in rows.candidates(work, search):
        if held.subject == subject:
            return held
    raise NotFound(f"{subject} is no candidate of search {search}; `countenance result show` lists them")
