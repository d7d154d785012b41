# SPDX-License-Identifier: Apache-2.0
"""Rows of changes of clients; what they say of a client is sealed."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from sqlalchemy import Row, insert, select, update

from countenance.clock import from_text, to_text
from countenance.errors import NotFound
from countenance.ids import ClientId
from countenance.model.client import Attestation, Client, Site
from countenance.model.hours import Hours
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.quota import Quota
from countenance.model.vetting import Action, Change, ChangeOutcome
from countenance.store import schema
from countenance.store.keyring import LOG_KEY
from countenance.store.records import Transaction


def add(work: Transaction, change: Change) -> None:
    """Store a change that was entered."""
    work.connection.execute(
        insert(schema.client_change).values(
            id=change.id,
            client=change.client.id,
            action=change.action.value,
            sealed_terms=work.seal(LOG_KEY, _written(change.client), f"client_change.terms:{change.id}"),
            widens=json.dumps(change.widens),
            sealed_entered_by=work.seal(LOG_KEY, change.entered_by.encode(), f"client_change.entered_by:{change.id}"),
            entered_at=to_text(change.entered_at),
        )
    )


def decide(work: Transaction, change: str, outcome: ChangeOutcome, by: str) -> None:
    """Store what became of a change."""
    table = schema.client_change
    values = {
        "outcome": outcome.value,
        "decided_at": to_text(work.now),
        "sealed_decided_by": work.seal(LOG_KEY, by.encode(), f"client_change.decided_by:{change}"),
    }
    work.connection.execute(update(table).where(table.c.id == change).values(values))


def get(work: Transaction, change: str) -> Change:
    """Return one change.

    Raises:
        NotFound: there is none of this id.
    """
    row = work.connection.execute(select(schema.client_change).where(schema.client_change.c.id == change)).first()
    if row is None:
        raise NotFound(f"no change {change} of a client is known here")
    return _change(work, row)


def waiting(work: Transaction, client: ClientId | None = None) -> list[Change]:
    """Return the changes that wait for a second person, oldest first; of one client where one is given."""
    table = schema.client_change
    query = select(table).where(table.c.outcome.is_(None)).order_by(table.c.entered_at, table.c.id)
    if client is not None:
        query = query.where(table.c.client == client)
    return [_change(work, row) for row in work.connection.execute(query).all()]


def history(work: Transaction, client: ClientId) -> list[Change]:
    """Return every change of a client, newest first."""
    table = schema.client_change
    query = select(table).where(table.c.client == client).order_by(table.c.entered_at.desc(), table.c.id)
    return [_change(work, row) for row in work.connection.execute(query).all()]


def _written(client: Client) -> bytes:
    fields = {
        "name": client.name,
        "kind": client.kind.value,
        "purposes": sorted(client.purposes),
        "fpir": client.fpir,
        "created_at": to_text(client.created_at),
        "place": client.place,
        "site": client.site.value,
        "attests": sorted(client.attests),
        "authority": client.authority,
        "contact": client.contact,
        "contract": client.contract,
        "contract_on": client.contract_on and client.contract_on.isoformat(),
        "contract_until": client.contract_until and client.contract_until.isoformat(),
        "quota": [client.quota.per_hour, client.quota.per_day, client.quota.account_per_hour],
        "hours": None if client.hours is None else str(client.hours),
    }
    return json.dumps(fields).encode()


def _read(client: str, written: bytes) -> Client:
    said = json.loads(written)
    return Client(
        id=ClientId(client),
        name=said["name"],
        kind=ClientKind(said["kind"]),
        purposes=frozenset(map(Purpose, said["purposes"])),
        fpir=said["fpir"],
        created_at=from_text(said["created_at"]),
        place=said["place"],
        site=Site(said["site"]),
        attests=frozenset(map(Attestation, said["attests"])),
        authority=said["authority"],
        contact=said["contact"],
        contract=said["contract"],
        contract_on=said["contract_on"] and date.fromisoformat(said["contract_on"]),
        contract_until=said["contract_until"] and date.fromisoformat(said["contract_until"]),
        quota=Quota(*said["quota"]),
        hours=said["hours"] and Hours.parse(said["hours"]),
    )


def _change(work: Transaction, row: Row[Any]) -> Change:
    def opened(sealed: bytes, column: str) -> bytes:
        return work.unseal(LOG_KEY, sealed, f"client_change.{column}:{row.id}")

    return Change(
        id=row.id,
        action=Action(row.action),
        client=_read(row.client, opened(row.sealed_terms, "terms")),
        widens=tuple(json.loads(row.widens)),
        entered_by=opened(row.sealed_entered_by, "entered_by").decode(),
        entered_at=from_text(row.entered_at),
        decided_by=None if row.sealed_decided_by is None else opened(row.sealed_decided_by, "decided_by").decode(),
        decided_at=None if row.decided_at is None else from_text(row.decided_at),
        outcome=None if row.outcome is None else ChangeOutcome(row.outcome),
    )
