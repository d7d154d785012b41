# SPDX-License-Identifier: Apache-2.0
"""Rows of clients and of their searches."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update

from countenance.clock import from_text, to_text
from countenance.errors import BadInput, Damaged, NotFound
from countenance.ids import ClientId, PhotoId, SearchId, SubjectId
from countenance.model.client import Attestation, Client, Site
from countenance.model.hours import Hours
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.quota import Quota
from countenance.model.residency import within
from countenance.model.search import Candidate, ProbeBasis
from countenance.model.threshold import Threshold, shown_score
from countenance.store import schema
from countenance.store.records import Transaction

# Made once: each search runs these, and making a statement takes as long as running it.
_GET = select(schema.client).where(schema.client.c.id == bindparam("client"))
_BARS = select(schema.client_bar).order_by(schema.client_bar.c.since)
_ADD_SEARCH, _ADD_CANDIDATES = insert(schema.search), insert(schema.search_candidate)


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
            place=client.place,
            site=client.site.value,
            attests=json.dumps(sorted(client.attests)),
            **_terms(work, client),
        )
    )


def amend(work: Transaction, client: Client) -> None:
    """Store changed terms of a client; whether it is suspended stays as it is."""
    values = {
        "sealed_name": work.seal(client.id, client.name.encode(), "client.name"),
        "purposes": json.dumps(sorted(client.purposes)),
        "fpir": client.fpir,
        "place": client.place,
        "site": client.site.value,
        "attests": json.dumps(sorted(client.attests)),
        **_terms(work, client),
    }
    work.connection.execute(update(schema.client).where(schema.client.c.id == client.id).values(values))


def _terms(work: Transaction, client: Client) -> dict[str, Any]:
    def sealed(text: str | None, column: str) -> bytes | None:
        return None if text is None else work.seal(client.id, text.encode(), f"client.{column}")

    return {
        "sealed_authority": sealed(client.authority, "authority"),
        "sealed_contact": sealed(client.contact, "contact"),
        "sealed_contract": sealed(client.contract, "contract"),
        "contract_on": client.contract_on and client.contract_on.isoformat(),
        "contract_until": client.contract_until and client.contract_until.isoformat(),
        "per_hour": client.quota.per_hour,
        "per_day": client.quota.per_day,
        "account_per_hour": client.quota.account_per_hour,
        "hours": None if client.hours is None else str(client.hours),
        "vetted_at": None if client.vetted_at is None else to_text(client.vetted_at),
    }


def get(work: Transaction, client: ClientId) -> Client:
    """Return one client.

    Raises:
        NotFound: there is none of this id.
    """
    row = work.connection.execute(_GET, {"client": client}).first()
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
    def opened(sealed: bytes | None, column: str) -> str | None:
        return None if sealed is None else work.unseal(row.id, sealed, f"client.{column}").decode()

    return Client(
        id=row.id,
        name=work.unseal(row.id, row.sealed_name, "client.name").decode(),
        kind=ClientKind(row.kind),
        purposes=frozenset(Purpose(p) for p in json.loads(row.purposes)),
        fpir=row.fpir,
        created_at=from_text(row.created_at),
        place=row.place,
        site=Site(row.site),
        attests=frozenset(Attestation(word) for word in json.loads(row.attests)),
        authority=opened(row.sealed_authority, "authority"),
        suspended_at=None if row.suspended_at is None else from_text(row.suspended_at),
        contact=opened(row.sealed_contact, "contact"),
        contract=opened(row.sealed_contract, "contract"),
        contract_on=row.contract_on and date.fromisoformat(row.contract_on),
        contract_until=row.contract_until and date.fromisoformat(row.contract_until),
        quota=_quota(row),
        hours=row.hours and Hours.parse(row.hours),
        vetted_at=row.vetted_at and from_text(row.vetted_at),
    )


def _quota(row: Row[Any]) -> Quota:
    try:
        return Quota(row.per_hour, row.per_day, row.account_per_hour)
    except BadInput as error:  # what cannot be read allows nothing
        raise Damaged(f"the quota of client {row.id} does not read back; it is not served") from error


def suspend(work: Transaction, client: ClientId, reason: str, note: str | None = None) -> None:
    """Serve a client no more; `reason` is `operator` or the id of an order, `note` why, in words."""
    table = schema.client
    sealed = None if note is None else work.seal(client, note.encode(), "client.suspended_note")
    work.connection.execute(
        update(table)
        .where(table.c.id == client, table.c.suspended_at.is_(None))
        .values(suspended_at=to_text(work.now), suspended_for=reason, sealed_suspended_note=sealed)
    )


def reinstate(work: Transaction, client: ClientId) -> None:
    """Serve a client again."""
    table = schema.client
    none = {"suspended_at": None, "suspended_for": None, "sealed_suspended_note": None}
    work.connection.execute(update(table).where(table.c.id == client).values(none))


def suspension(work: Transaction, client: ClientId) -> tuple[str, str]:
    """Return for what a client is suspended, and why in words; both empty where it is not."""
    table = schema.client
    row = work.connection.execute(
        select(table.c.suspended_for, table.c.sealed_suspended_note).where(table.c.id == client)
    ).one()
    sealed = row.sealed_suspended_note
    note = "" if sealed is None else work.unseal(client, sealed, "client.suspended_note").decode()
    return row.suspended_for or "", note


def suspended_for(work: Transaction, order: str) -> list[ClientId]:
    """Return the clients that are suspended for this reason."""
    table = schema.client
    return [
        ClientId(one)
        for one in work.connection.execute(select(table.c.id).where(table.c.suspended_for == order)).scalars()
    ]


@dataclass(frozen=True)
class Bar:
    """An order that bars clients: of these kinds, where any are named, in these places, where any are named.

    Attributes:
        order: id of the order.
        until: the first moment at which it bars nobody any more; None for as long as it is not lifted.
    """

    id: str
    order: str
    kinds: frozenset[ClientKind]
    places: frozenset[str]
    since: datetime
    until: datetime | None
    lifted_at: datetime | None = None

    def covers(self, client: Client) -> bool:
        """Say whether it is meant: one whose place nobody has stated may be anywhere."""
        inside = not self.places or client.place is None or any(within(client.place, one) for one in self.places)
        return inside and (not self.kinds or client.kind in self.kinds)

    def stands(self, now: datetime) -> bool:
        """Say whether it is in force."""
        return self.lifted_at is None and (self.until is None or now < self.until)


def add_bar(work: Transaction, bar: Bar) -> None:
    """Store a bar."""
    work.connection.execute(
        insert(schema.client_bar).values(
            id=bar.id,
            order_id=bar.order,
            kinds=json.dumps(sorted(bar.kinds)),
            places=json.dumps(sorted(bar.places)),
            since=to_text(bar.since),
            until=None if bar.until is None else to_text(bar.until),
        )
    )


def bars(work: Transaction) -> list[Bar]:
    """Return every bar, also those that were lifted."""
    return [
        Bar(
            id=row.id,
            order=row.order_id,
            kinds=frozenset(ClientKind(kind) for kind in json.loads(row.kinds)),
            places=frozenset(json.loads(row.places)),
            since=from_text(row.since),
            until=None if row.until is None else from_text(row.until),
            lifted_at=None if row.lifted_at is None else from_text(row.lifted_at),
        )
        for row in work.connection.execute(_BARS)
    ]


def lift_bars(work: Transaction, order: str) -> int:
    """Lift the bars of an order; return how many stood."""
    table = schema.client_bar
    return work.connection.execute(
        update(table).where(table.c.order_id == order, table.c.lifted_at.is_(None)).values(lifted_at=to_text(work.now))
    ).rowcount


@dataclass(frozen=True)
class SearchRecord:
    """What is remembered of a search: who, why and with what outcome; never the probe.

    Attributes:
        operator: the account that ran it.
        mode: `identify` or `verify`.
        outcome: `found` or `nobody`; for a verification `above` or `below` the threshold.
        account: code of the account, by which repeated searches are counted.
        case: number of the case that it was made for; sealed at rest.
    """

    id: SearchId
    client: ClientId
    operator: str
    purpose: Purpose
    probe_basis: ProbeBasis
    mode: str
    threshold: Threshold
    outcome: str
    account: str
    case: str | None = None


def case_tag(work: Transaction, client: ClientId, case: str | None) -> bytes | None:
    """Return by what searches of one case are counted: who has not the keyring reads no case from it."""
    return None if case is None else work.keyring.mac(f"case:{client}:{case.casefold()}".encode())


def add_search(work: Transaction, record: SearchRecord, candidates: tuple[Candidate, ...]) -> None:
    """Store a search and whom it found."""
    work.connection.execute(
        _ADD_SEARCH,
        {
            "id": record.id,
            "at": to_text(work.now),
            "client": record.client,
            "sealed_operator": work.seal(record.client, record.operator.encode(), f"search.operator:{record.id}"),
            "purpose": record.purpose.value,
            "probe_basis": record.probe_basis.value,
            "mode": record.mode,
            "threshold": record.threshold.value,
            "fpir": record.threshold.fpir,
            "gallery": record.threshold.gallery,
            "outcome": record.outcome,
            "threshold_low": record.threshold.low,
            "threshold_high": record.threshold.high,
            "extrapolated": int(record.threshold.extrapolated),
            "encoder": record.threshold.encoder,
            "evaluation": record.threshold.evaluation,
            "account": record.account,
            "sealed_case": None
            if record.case is None
            else work.seal(record.client, record.case.encode(), f"search.case:{record.id}"),
            "case_tag": case_tag(work, record.client, record.case),
        },
    )
    rows = [
        {
            "search": record.id,
            "subject": c.subject,
            "photo": c.photo,
            "score": c.score,
            "confirmations": c.confirmations,
            "reference": c.reference,
            "threshold": c.threshold,
            "chance": c.chance_candidates.value,
            "chance_low": c.chance_candidates.low,
            "chance_high": c.chance_candidates.high,
            "chance_extrapolated": int(c.chance_candidates.extrapolated),
        }
        for c in candidates
    ]
    if rows:
        work.connection.execute(_ADD_CANDIDATES, rows)


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
            score=shown_score(row.score),
        )
        for row in work.connection.execute(query)
    ]


def forget_findings(work: Transaction, subject: SubjectId) -> int:
    """Delete a subject from the search history; the searches stay, without this person."""
    work.connection.execute(delete(schema.confirmation).where(schema.confirmation.c.subject == subject))
    table = schema.search_candidate
    return work.connection.execute(delete(table).where(table.c.subject == subject)).rowcount
