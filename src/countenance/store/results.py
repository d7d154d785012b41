# SPDX-License-Identifier: Apache-2.0
"""Rows about results: what people said of a candidate, and what law enforcement showed for its search."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update

from countenance.clock import from_text, to_text
from countenance.errors import NotFound
from countenance.ids import ClientId, SearchId, SubjectId
from countenance.model.review import Review, ReviewState, Verdict, state_of
from countenance.model.search import Authorisation
from countenance.model.threshold import shown_score
from countenance.store import schema
from countenance.store.records import Transaction

# Made once: each search asks these, and making a statement takes as long as running it.
_AUTHORISATION = select(schema.search_authorisation).where(schema.search_authorisation.c.search == bindparam("search"))
_OVERDUE = select(schema.search_authorisation.c.search).where(schema.search_authorisation.c.due_at <= bindparam("now"))
_OVERDUE_OF_CLIENT = _OVERDUE.where(schema.search_authorisation.c.client == bindparam("client"))


@dataclass(frozen=True)
class Held:
    """One candidate of a stored result.

    Attributes:
        needed: how many people the candidate's law wants to look at it.
        reviews: what those said who did, in that order.
        state: what they say together.
    """

    subject: SubjectId
    score: float
    needed: int
    reviews: tuple[Review, ...]
    state: ReviewState

    @property
    def reviewed_by(self) -> tuple[str, ...]:
        """The accounts that looked, in that order."""
        return tuple(one.by for one in self.reviews)

    def seen_by(self, account: str | None) -> Held:
        """Return it as an account may see it: verdicts of others are sealed until all who must have decided."""
        if self.state is not ReviewState.UNCONFIRMED:
            return self
        own = (account or "").casefold()
        return replace(
            self, reviews=tuple(r if r.by.casefold() == own else replace(r, verdict=None) for r in self.reviews)
        )


def client_of(work: Transaction, search: SearchId) -> ClientId:
    """Return whose search it was.

    Raises:
        NotFound: there is none of this id, or it was purged.
    """
    table = schema.search
    found = work.connection.execute(select(table.c.client).where(table.c.id == search)).scalar()
    if found is None:
        raise NotFound(f"no search {search}; it may have been purged, which the log says")
    return ClientId(found)


def candidates(work: Transaction, search: SearchId) -> list[Held]:
    """Return the candidates of a search, best first."""
    table, client = schema.search_candidate, client_of(work, search)
    rows = work.connection.execute(
        select(table).where(table.c.search == search).order_by(table.c.score.desc(), table.c.subject)
    )
    return [_held(work, client, row) for row in rows.all()]


def _held(work: Transaction, client: ClientId, row: Row[Any]) -> Held:
    reviews = _reviews(work, client, row.search, row.subject)
    state = state_of([one.verdict for one in reviews if one.verdict is not None], row.confirmations)
    # Searches of older versions stored more decimals than anybody may see.
    return Held(row.subject, shown_score(row.score), row.confirmations, reviews, state)


def _reviews(work: Transaction, client: ClientId, search: SearchId, subject: SubjectId) -> tuple[Review, ...]:
    table = schema.confirmation
    rows = work.connection.execute(
        select(table).where(table.c.search == search, table.c.subject == subject).order_by(table.c.number)
    )
    return tuple(
        Review(
            work.unseal(client, row.sealed_by, _column(search, subject, row.number)).decode(),
            from_text(row.at),
            Verdict(row.verdict),
        )
        for row in rows
    )


def add_review(work: Transaction, search: SearchId, subject: SubjectId, number: int, by: str, verdict: Verdict) -> None:
    """Store what an account says of a candidate, as the review of this number, from 1."""
    sealed = work.seal(client_of(work, search), by.encode(), _column(search, subject, number))
    work.connection.execute(
        insert(schema.confirmation).values(
            search=search, subject=subject, number=number, sealed_by=sealed, at=to_text(work.now), verdict=verdict.value
        )
    )


def _column(search: SearchId, subject: SubjectId, number: int) -> str:
    return f"confirmation.by:{search}:{subject}:{number}"


def add_authorisation(
    work: Transaction, search: SearchId, client: ClientId, reference: str | None, due_at: datetime | None
) -> None:
    """Store what was shown for a search: a reference, or that it was asked for and is due."""
    state = Authorisation.PENDING if reference is None else Authorisation.GIVEN
    work.connection.execute(
        insert(schema.search_authorisation).values(
            search=search,
            client=client,
            state=state.value,
            sealed_reference=None if reference is None else _seal_reference(work, client, search, reference),
            due_at=None if due_at is None else to_text(due_at),
        )
    )


def authorise(work: Transaction, search: SearchId, reference: str) -> None:
    """Store the reference of an authorisation that was pending."""
    table = schema.search_authorisation
    sealed = _seal_reference(work, client_of(work, search), search, reference)
    work.connection.execute(
        update(table)
        .where(table.c.search == search)
        .values(state=Authorisation.GIVEN.value, sealed_reference=sealed, due_at=None)
    )


def _seal_reference(work: Transaction, client: ClientId, search: SearchId, reference: str) -> bytes:
    return work.seal(client, reference.encode(), f"search_authorisation.reference:{search}")


def authorisation(work: Transaction, search: SearchId) -> tuple[Authorisation, datetime | None]:
    """Return what was shown for a search, and by when a pending authorisation is due."""
    row = work.connection.execute(_AUTHORISATION, {"search": search}).first()
    if row is None:
        return Authorisation.NONE, None
    return Authorisation(row.state), None if row.due_at is None else from_text(row.due_at)


def overdue(work: Transaction, client: ClientId | None = None) -> tuple[SearchId, ...]:
    """Return the searches whose authorisation was not shown in time, of one client where one is given."""
    late = _OVERDUE if client is None else _OVERDUE_OF_CLIENT
    found = work.connection.execute(late, {"now": to_text(work.now), "client": client})
    return tuple(SearchId(one) for one in found.scalars())


def purge(work: Transaction, search: SearchId) -> None:
    """Delete a search and all that came of it; the log keeps that there was one."""
    for table in (schema.confirmation, schema.search_authorisation, schema.search_candidate, schema.search_key):
        work.connection.execute(delete(table).where(table.c.search == search))
    work.connection.execute(delete(schema.search).where(schema.search.c.id == search))
