# SPDX-License-Identifier: Apache-2.0
"""Results of searches: confirmed by as many people as the law asks for, and purged where no authorisation came.

A candidate is unconfirmed until enough distinct accounts have said that it is the same person, each without knowing
what the others say. The search of a law enforcement
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
from countenance.model.review import ReviewState, Verdict
from countenance.model.search import Authorisation, Candidate
from countenance.policy.permit import Deny
from countenance.services.law import LawBook
from countenance.store import results as rows
from countenance.store import subjects as subject_rows
from countenance.store.records import Records, Transaction
from countenance.store.results import Held

__all__ = ["Held", "Result", "Results", "decide", "note_authorisation", "shown", "with_confirmations"]

PENDING = "pending"
"""What a request says in place of a reference where the authorisation was asked for."""


@dataclass(frozen=True)
class Result:
    """A stored result.

    Attributes:
        candidates: each with how many people have to look at it, and who did.
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
            candidates = tuple(held.seen_by(None) for held in rows.candidates(work, search))
            return Result(search, client, candidates, state, due_at)

    def decide(self, search: SearchId, subject: SubjectId, verdict: Verdict, *, by: str) -> Held:
        """Record what a person who looked at a candidate says of it.

        Args:
            by: the account of that person.

        Returns:
            The candidate as this account may see it.

        Raises:
            NotFound: no such search, or this subject is no candidate of it.
            BadInput: no account.
            Refused: the same account said so before, or all who must have looked did; logged.
        """
        self.purge_overdue()
        with self._records.write() as work:
            decided = decide(work, self._law, (search, subject), verdict, by)
        if isinstance(decided, Deny):
            raise Refused(decided.rule_id, decided.reason, decided.citation)
        return decided

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


def decide(work: Transaction, law: LawBook, of: tuple[SearchId, SubjectId], verdict: Verdict, by: str) -> Held | Deny:
    """Record a verdict on the candidate of a search; return what the account may see now, or why it is refused.

    Raises:
        NotFound: no such search, or this subject is no candidate of it.
        BadInput: no account.
    """
    account = by.strip()
    if not account:
        raise BadInput("say who looked at it (--by)")
    search, subject = of
    held = _candidate(work, search, subject)
    code = account_code(work, account)
    denial = _deny_review(law, held, account)
    if denial is not None:
        work.log(EventTag.RESULT_REFUSED, subject=subject, search=search, by=code, rule=denial.rule_id)
        return denial
    rows.add_review(work, search, subject, len(held.reviews) + 1, account, verdict)
    now = _candidate(work, search, subject)
    counted = {"reviews": len(now.reviews), "needed": now.needed}
    # The verdict itself stays out of the log until nobody can follow it any more.
    work.log(EventTag.RESULT_REVIEWED, subject=subject, search=search, by=code, **counted)
    if now.state is not ReviewState.UNCONFIRMED:
        said = {one.value: sum(r.verdict is one for r in now.reviews) for one in Verdict}
        confirmed = now.state is ReviewState.CONFIRMED
        tag = EventTag.RESULT_CONFIRMED if confirmed else EventTag.RESULT_DOUBTED
        by_codes = [account_code(work, one) for one in now.reviewed_by]
        work.log(
            tag, subject=subject, search=search, state=now.state.value, by=list(by_codes), needed=now.needed, **said
        )
    return now.seen_by(account)


def _deny_review(law: LawBook, held: Held, account: str) -> Deny | None:
    citation = law.of_probe().cite("disclosure.human_confirmations")
    if account.casefold() in (one.casefold() for one in held.reviewed_by):
        return Deny(
            "result.two_persons",
            "this account has looked at the candidate before; another person's account must (--by)",
            citation,
        )
    if held.state is not ReviewState.UNCONFIRMED:
        return Deny(
            "result.decided", f"this candidate is decided: {held.state.value}; only a new search starts anew", citation
        )
    return None


def _candidate(work: Transaction, search: SearchId, subject: SubjectId) -> Held:
    for held in rows.candidates(work, search):
        if held.subject == subject:
            return held
    raise NotFound(f"{subject} is no candidate of search {search}; `countenance result show` lists them")
