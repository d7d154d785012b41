# SPDX-License-Identifier: Apache-2.0
"""Rows of searches as their client sees them again: its own only, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, insert, or_, select

from countenance.clock import from_text, to_text
from countenance.errors import NotFound
from countenance.ids import ClientId, PhotoId, ReferenceId, SearchId, SubjectId
from countenance.model.purpose import Purpose
from countenance.model.search import ProbeBasis
from countenance.model.threshold import Estimate, Threshold
from countenance.store import schema
from countenance.store.records import Transaction

# Made once: each search asks these, and making a statement takes as long as running it.
_GET = select(schema.search).where(
    schema.search.c.id == bindparam("search"), schema.search.c.client == bindparam("client")
)
_CANDIDATES = (
    select(schema.search_candidate)
    .where(schema.search_candidate.c.search.in_(bindparam("searches", expanding=True)))
    .order_by(schema.search_candidate.c.score.desc(), schema.search_candidate.c.subject)
)


@dataclass(frozen=True)
class StoredSearch:
    """A search that was answered.

    Attributes:
        operator: the account that ran it.
        mode: `identify` or `verify`.
        threshold: with the gallery's size; its interval is the value alone in searches from before it was kept.
        outcome: `found` or `nobody`; for a comparison `above` or `below`.
        case: the number of the case that it was made for; None where none was named.
    """

    id: SearchId
    at: datetime
    client: ClientId
    operator: str
    purpose: Purpose
    basis: ProbeBasis
    mode: str
    threshold: Threshold
    outcome: str
    case: str | None


@dataclass(frozen=True)
class StoredCandidate:
    """Whom a search found, as the answer said it.

    Attributes:
        reference: None in searches from before it was kept, as the threshold and the chance candidates.
    """

    subject: SubjectId
    photo: PhotoId
    reference: ReferenceId | None
    threshold: float | None
    chance: Estimate | None


def get(work: Transaction, search: SearchId, client: ClientId) -> StoredSearch:
    """Return a search of this client.

    Raises:
        NotFound: this client made none of this id, or it was purged.
    """
    row = work.connection.execute(_GET, {"search": search, "client": client}).first()
    if row is None:
        raise NotFound(f"no search {search}")
    return _stored(work, row)


def of_client(work: Transaction, client: ClientId, before: StoredSearch | None, most: int) -> list[StoredSearch]:
    """Return so many searches of a client, newest first, from those made before a given one."""
    table = schema.search
    query = select(table).where(table.c.client == client)
    if before is not None:
        at = to_text(before.at)
        query = query.where(or_(table.c.at < at, and_(table.c.at == at, table.c.id < before.id)))
    rows = work.connection.execute(query.order_by(table.c.at.desc(), table.c.id.desc()).limit(most))
    return [_stored(work, row) for row in rows.all()]


def _stored(work: Transaction, row: Row[Any]) -> StoredSearch:
    threshold = Threshold(
        value=row.threshold,
        low=row.threshold if row.threshold_low is None else row.threshold_low,
        high=row.threshold if row.threshold_high is None else row.threshold_high,
        fpir=row.fpir,
        gallery=row.gallery,
        encoder=row.encoder or "",
        evaluation=row.evaluation or "",
        extrapolated=bool(row.extrapolated),
    )
    return StoredSearch(
        id=row.id,
        at=from_text(row.at),
        client=row.client,
        operator=work.unseal(row.client, row.sealed_operator, f"search.operator:{row.id}").decode(),
        purpose=Purpose(row.purpose),
        basis=ProbeBasis(row.probe_basis),
        mode=row.mode,
        threshold=threshold,
        outcome=row.outcome,
        case=None
        if row.sealed_case is None
        else work.unseal(row.client, row.sealed_case, f"search.case:{row.id}").decode(),
    )


def candidates(work: Transaction, searches: Sequence[SearchId]) -> dict[SearchId, list[StoredCandidate]]:
    """Return whom some searches found."""
    found: dict[SearchId, list[StoredCandidate]] = {}
    for row in work.connection.execute(_CANDIDATES, {"searches": list(searches)}):
        chance = None
        if row.chance is not None:
            chance = Estimate(row.chance, row.chance_low, row.chance_high, bool(row.chance_extrapolated))
        one = StoredCandidate(row.subject, row.photo, row.reference, row.threshold, chance)
        found.setdefault(row.search, []).append(one)
    return found


def add_key(work: Transaction, client: ClientId, key: str, search: SearchId) -> None:
    """Remember by which key a request asked for a search."""
    work.connection.execute(insert(schema.search_key).values(client=client, key=key, search=search))


def by_key(work: Transaction, client: ClientId, key: str) -> SearchId | None:
    """Return the search that was made for a request of this key; None where there is none."""
    table = schema.search_key
    found = select(table.c.search).where(table.c.client == client, table.c.key == key)
    search: SearchId | None = work.connection.execute(found).scalar()
    return search
