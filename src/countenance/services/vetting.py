# SPDX-License-Identifier: Apache-2.0
"""Vetting: which organisation may search, for what, how often and until when; two people where it may do more.

One account enters, another confirms; the engine sees to it, whatever the door. What narrows a client's terms is in
force at once. A suspension takes one person, its end takes two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from countenance.errors import BadInput, Refused
from countenance.ids import ClientId, new_id
from countenance.model.client import DEFAULT_FPIR, Attestation, Client, Site
from countenance.model.event import EventTag
from countenance.model.hours import Hours
from countenance.model.place import place as place_code
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.quota import STANDARD_QUOTA, Quota
from countenance.model.vetting import Action, Change, ChangeOutcome
from countenance.policy import vetting as policy
from countenance.policy.engine import Service, deny_service
from countenance.policy.permit import Deny
from countenance.services.law import LawBook
from countenance.services.register import barred_by
from countenance.services.results import account_code
from countenance.store import clients as client_rows
from countenance.store import vetting as rows
from countenance.store.records import Records, Transaction

_TWO = "client.two_people"
_LONGEST_REASON = 1_000


@dataclass(frozen=True)
class Terms:
    """What a vetting says of an organisation; see `model.client.Client` for each."""

    name: str
    kind: ClientKind
    purposes: Iterable[Purpose]
    contact: str
    contract: str
    contract_on: date
    contract_until: date
    place: str | None = None
    site: Site = Site.PRIVATE
    attests: Iterable[Attestation] = ()
    authority: str | None = None
    fpir: float = DEFAULT_FPIR
    quota: Quota = STANDARD_QUOTA
    hours: Hours | None = None


@dataclass(frozen=True)
class Due:
    """A client that is to be vetted again.

    Attributes:
        why: `ended`, `ends_soon` or `no_contract`.
    """

    client: Client
    why: str


@dataclass(frozen=True)
class Standing:
    """How a client stands.

    Attributes:
        suspended_for, note: `operator` or an order, and why in words; empty where it is not suspended.
        denial: why its next search would be refused; None where the client is served.
        changes: newest first; those with no outcome wait.
    """

    client: Client
    suspended_for: str
    note: str
    denial: Deny | None
    changes: tuple[Change, ...]


class Vetting:
    """Verbs on what clients may."""

    def __init__(self, records: Records, law: LawBook) -> None:
        self._records = records
        self._law = law

    def propose(self, terms: Terms, *, by: str) -> Change:
        """Enter a new client; it is served once a second account has confirmed it.

        Args:
            by: the account that vetted it.

        Raises:
            BadInput: no account, or the vetting lacks something; the message says what, field by field.
            Refused: a client that may not be served, such as an individual; logged.
        """
        account = _account(by)
        with self._records.write() as work:
            client = _normal(
                Client(
                    id=ClientId(new_id("cli")),
                    name=terms.name,
                    kind=terms.kind,
                    purposes=frozenset(terms.purposes),
                    fpir=terms.fpir,
                    created_at=work.now,
                    place=terms.place,
                    site=terms.site,
                    attests=frozenset(terms.attests),
                    authority=terms.authority,
                    contact=terms.contact,
                    contract=terms.contract,
                    contract_on=terms.contract_on,
                    contract_until=terms.contract_until,
                    quota=terms.quota,
                    hours=terms.hours,
                )
            )
            _complete(policy.lacking(client, work.now))
            denial = self._denied(work, client)
            if denial is None:
                return _enter(work, Action.ADD, client, ("client",), account)
            work.log(EventTag.CLIENT_REFUSED, client=client.id, kind=client.kind.value, rule=denial.rule_id)
        raise Refused(denial.rule_id, denial.reason, denial.citation)

    def amend(self, client: ClientId, changed: Mapping[str, Any], *, by: str) -> Change:
        """Change terms of a client: at once where that lets it do less, else once a second account has confirmed it.

        A change that waits gives way to a later one of the same client.

        Args:
            changed: values by field, as in `Terms`; a client's kind stays what it is.

        Raises:
            NotFound: no such client.
            BadInput: no account, nothing changes, or the vetting would lack something.
            Refused: such a client may not be served; logged.
        """
        account = _account(by)
        if "kind" in changed:
            raise BadInput("a client's kind does not change: vet it anew as what it has become")
        with self._records.write() as work:
            old = client_rows.get(work, client)
            new = _normal(replace(old, **changed))
            if new == old:
                raise BadInput(f"nothing of client {client} would change")
            widens, missing = policy.widens(old, new), policy.lacking(new, work.now)
            # To do less, a client that was taken on at the command line needs no whole vetting.
            _complete(missing if widens else {name: what for name, what in missing.items() if name in changed})
            denial = self._denied(work, replace(new, suspended_at=None))
            if denial is None:
                self._give_way(work, client, account)
                change = _enter(work, Action.AMEND, new, widens, account)
                return change if change.widens else self._apply(work, change, account)
            work.log(EventTag.CLIENT_REFUSED, client=client, kind=old.kind.value, rule=denial.rule_id)
        raise Refused(denial.rule_id, denial.reason, denial.citation)

    def ask_reinstatement(self, client: ClientId, *, by: str) -> Change:
        """Enter that a suspended client is to be served again; a second account confirms it.

        Raises:
            NotFound: no such client.
            BadInput: no account, or it is not suspended.
        """
        account = _account(by)
        with self._records.write() as work:
            found = client_rows.get(work, client)
            if found.suspended_at is None:
                raise BadInput(f"client {client} is not suspended")
            self._give_way(work, client, account)
            return _enter(work, Action.REINSTATE, found, ("suspension",), account)

    def confirm(self, change: str, *, by: str) -> Change:
        """Put a change in force that another account entered.

        Raises:
            NotFound: no such change.
            BadInput: no account, or it does not wait any more.
            Refused: the account that entered it, or such a client may not be served now; logged.
        """
        account = _account(by)
        with self._records.write() as work:
            found = _open(work, change)
            denial = self._refusal(work, found, account)
            if denial is None:
                return self._apply(work, found, account)
            work.log(
                EventTag.CLIENT_REFUSED,
                client=found.client.id,
                kind=found.client.kind.value,
                change=change,
                by=account_code(work, account),
                rule=denial.rule_id,
            )
        raise Refused(denial.rule_id, denial.reason, denial.citation)

    def drop(self, change: str, *, by: str) -> Change:
        """Take a change back, or turn it down: it will not be put in force.

        Raises:
            NotFound: no such change.
            BadInput: no account, or it does not wait any more.
        """
        account = _account(by)
        with self._records.write() as work:
            return _drop(work, _open(work, change), account)

    def suspend(self, client: ClientId, *, reason: str, by: str) -> None:
        """Serve a client no more, from its very next call on, and refuse what it has in flight.

        Args:
            reason: why, in words; sealed.

        Raises:
            NotFound: no such client.
            BadInput: no account, no reason, or it is suspended already.
        """
        account, why = _account(by), reason.strip()
        if not why or len(why) > _LONGEST_REASON:
            raise BadInput(f"say why, in at most {_LONGEST_REASON:,} characters")
        with self._records.write() as work:
            if client_rows.get(work, client).suspended_at is not None:
                raise BadInput(f"client {client} is suspended already")
            client_rows.suspend(work, client, "operator", why)
            work.log(EventTag.CLIENT_SUSPENDED, client=client, reason="operator", by=account_code(work, account))

    def waiting(self) -> list[Change]:
        """Return the changes that wait for a second account, oldest first."""
        with self._records.read() as work:
            return rows.waiting(work)

    def get(self, change: str) -> Change:
        """Return one change.

        Raises:
            NotFound: no such change.
        """
        with self._records.read() as work:
            return rows.get(work, change)

    def standing(self, client: ClientId) -> Standing:
        """Return how a client stands at this moment.

        Raises:
            NotFound: no such client.
        """
        with self._records.read() as work:
            found = client_rows.get(work, client)
            reason, note = client_rows.suspension(work, client)
            return Standing(found, reason, note, self._denied(work, found), tuple(rows.history(work, client)))

    def due(self) -> list[Due]:
        """Return the clients that are to be vetted again: whose contract has ended or soon will, or that have none."""
        with self._records.read() as work:
            why = ((client, policy.due(client, work.now)) for client in client_rows.everyone(work))
            return [Due(client, reason) for client, reason in why if reason is not None]

    def _denied(self, work: Transaction, client: Client) -> Deny | None:
        return deny_service(Service(client, work.now, barred_by(work, client)), self._law.of_client(client))

    def _refusal(self, work: Transaction, change: Change, account: str) -> Deny | None:
        if account.casefold() == change.entered_by.casefold():
            return Deny(_TWO, "another account than the one that entered a change confirms it (--by)", "core")
        now = change.client if change.action is Action.ADD else client_rows.get(work, change.client.id)
        after = now if change.action is Action.REINSTATE else change.client
        if change.action is not Action.REINSTATE and (missing := policy.lacking(after, work.now)):
            return Deny("client.vetting", f"by now the vetting lacks {_said(missing)}; enter it anew", "core")
        return self._denied(work, replace(after, suspended_at=None))

    def _apply(self, work: Transaction, change: Change, account: str) -> Change:
        since = work.now if change.widens else client_rows.get(work, change.client.id).vetted_at
        client = replace(change.client, vetted_at=since)
        said: dict[str, Any] = {"client": client.id, "change": change.id, "by": account_code(work, account)}
        if change.action is Action.ADD:
            work.keyring.create([client.id])
            client_rows.add(work, client)
            purposes = sorted(client.purposes)
            work.log(EventTag.CLIENT_ADDED, **said, kind=client.kind.value, purposes=purposes, rule=None)
        elif change.action is Action.AMEND:
            client_rows.amend(work, client)
            work.log(EventTag.CLIENT_AMENDED, **said, widens=list(change.widens))
        else:
            client_rows.reinstate(work, client.id)
            work.log(EventTag.CLIENT_REINSTATED, **said)
        rows.decide(work, change.id, ChangeOutcome.CONFIRMED, account)
        return rows.get(work, change.id)

    def _give_way(self, work: Transaction, client: ClientId, account: str) -> None:
        for one in rows.waiting(work, client):
            _drop(work, one, account)


def _enter(work: Transaction, action: Action, client: Client, widens: tuple[str, ...], account: str) -> Change:
    change = Change(new_id("chg"), action, client, widens, account, work.now)
    rows.add(work, change)
    work.log(
        EventTag.CLIENT_PROPOSED,
        change=change.id,
        action=action.value,
        client=client.id,
        widens=list(widens),
        by=account_code(work, account),
    )
    return change


def _drop(work: Transaction, change: Change, account: str) -> Change:
    rows.decide(work, change.id, ChangeOutcome.DROPPED, account)
    work.log(
        EventTag.CLIENT_CHANGE_DROPPED,
        change=change.id,
        client=change.client.id,
        by=account_code(work, account),
    )
    return rows.get(work, change.id)


def _open(work: Transaction, change: str) -> Change:
    found = rows.get(work, change)
    if found.outcome is not None:
        raise BadInput(f"change {change} does not wait any more: it was {found.outcome.value}")
    return found


def _normal(client: Client) -> Client:
    """Return a client with its texts trimmed and its sets as sets."""

    def text(value: str | None) -> str | None:
        return (value or "").strip() or None

    return replace(
        client,
        name=client.name.strip(),
        purposes=frozenset(client.purposes),
        attests=frozenset(client.attests),
        place=None if text(client.place) is None else place_code(str(client.place)),
        authority=text(client.authority),
        contact=text(client.contact),
        contract=text(client.contract),
    )


def _complete(missing: Mapping[str, str]) -> None:
    """Refuse a vetting that lacks something.

    Raises:
        BadInput: it does; the message says what.
    """
    if missing:
        raise BadInput(_said(missing))


def _said(missing: Mapping[str, str]) -> str:
    return "; ".join(f"{name.replace('_', ' ')}: {what}" for name, what in missing.items())


def _account(by: str) -> str:
    if not by.strip():
        raise BadInput("say which account does this (--by)")
    return by.strip()
