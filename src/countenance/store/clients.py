# SPDX-License-Identifier: Apache-2.0
"""Rows of clients and of their searches."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select

from countenance.clock import from_text, to_text
from countenance.errors import NotFound
from countenance.ids import ClientId, PhotoId, SearchId, SubjectId
from countenance.model.client import Client
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.search import Candidate, ProbeBasis
from countenance.model.threshold import Threshold
from countenance.store import schema
from countenance.store.records import Transaction


def add(work: Transaction, client: Client) -> None:
    """Store a client."""
    work.connection.execute(
        insert(schema.client).values(
            id=client.id,
            sealed_name=work.seal(client.id, client.name.encode(), "client.name"),
            kind=client.kind.value,
            purposes=json.dumps(sorted(client.purposes)),
            fpir=client.fpir,
            created_at=to_text(client.created_at),
        )
    )


def get(work: Transaction, client: ClientId) -> Client:
    """Return one client.

    Raises:
        NotFound: there is none of this id.
    """
    row = work.connection.execute(select(schema.client).where(schema.client.c.id == client)).first()
    if row is None:
        raise NotFound(f"no client {client}; `countenance client list` shows them")
    return _client(work, row)


def everyone(work: Transaction) -> list[Client]:
    """Return all clients, oldest first."""
    return [
        _client(work, row)
        for row in work.connection.execute(select(schema.client).order_by(schema.client.c.created_at))
    ]


def _client(work: Transaction, row: Row[Any]) -> Client:
    return Client(
        id=row.id,
        name=work.unseal(row.id, row.sealed_name, "client.name").decode(),
        kind=ClientKind(row.kind),
        purposes=frozenset(Purpose(p) for p in json.loads(row.purposes)),
        fpir=row.fpir,
        created_at=from_text(row.created_at),
    )


@dataclass(frozen=True)
class SearchRecord:
    """What is remembered of a search: who, why and with what outcome; never the probe.

    Attributes:
        operator: the account that ran it.
        mode: `identify` or `verify`.
        outcome: `found` or `nobody`; for a verification `above` or `below` the threshold.
    """

    id: SearchId
    client: ClientId
    operator: str
    purpose: Purpose
    probe_basis: ProbeBasis
    mode: str
    threshold: Threshold
    outcome: str


def add_search(work: Transaction, record: SearchRecord, candidates: tuple[Candidate, ...]) -> None:
    """Store a search and whom it found."""
    work.connection.execute(
        insert(schema.search).values(
            id=record.id,
            at=to_text(work.now),
            client=record.client,
            sealed_operator=work.seal(record.client, record.operator.encode(), f"search.operator:{record.id}"),
            purpose=record.purpose.value,
            probe_basis=record.probe_basis.value,
            mode=record.mode,
            threshold=record.threshold.value,
            fpir=record.threshold.fpir,
            gallery=record.threshold.gallery,
            outcome=record.outcome,
        )
    )
    rows = [{"search": record.id, "subject": c.subject, "photo": c.photo, "score": c.score} for c in candidates]
    if rows:
        work.connection.execute(insert(schema.search_candidate), rows)


@dataclass(frozen=True)
class Finding:
    """One search that found a given subject."""

    search: SearchId
    at: datetime
    client: ClientId
    client_name: str
    purpose: Purpose
    photo: PhotoId
    score: float


def findings(work: Transaction, subject: SubjectId) -> list[Finding]:
    """Return who searched and found this subject, oldest first."""
    found, search, client = schema.search_candidate, schema.search, schema.client
    query = (
        select(
            search.c.id,
            search.c.at,
            search.c.client,
            client.c.sealed_name,
            search.c.purpose,
            found.c.photo,
            found.c.score,
        )
        .join(search, search.c.id == found.c.search)
        .join(client, client.c.id == search.c.client)
        .where(found.c.subject == subject)
        .order_by(search.c.at)
    )
    return [
        Finding(
            search=row.id,
            at=from_text(row.at),
            client=row.client,
            client_name=work.unseal(row.client, row.sealed_name, "client.name").decode(),
            purpose=Purpose(row.purpose),
            photo=row.photo,
            score=row.score,
        )
        for row in work.connection.execute(query)
    ]


def forget_findings(work: Transaction, subject: SubjectId) -> int:
    """Delete a subject from the search history; the searches stay, without this person."""
    table = schema.search_candidate
    return work.connection.execute(delete(table).where(table.c.subject == subject)).rowcount
