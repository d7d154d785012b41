# SPDX-License-Identifier: Apache-2.0
"""The registers: who may search, and where photos may come from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from countenance.errors import BadInput, Refused
from countenance.ids import ClientId, SourceId, new_id
from countenance.model.client import DEFAULT_FPIR, Attestation, Client, Site
from countenance.model.event import EventTag
from countenance.model.place import place as place_code
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.source import Source
from countenance.policy.engine import Service, deny_service
from countenance.services.law import LawBook
from countenance.store import clients as client_rows
from countenance.store import photos as photo_rows
from countenance.store.records import Records, Transaction


@dataclass(frozen=True)
class Published:
    """What the public may read of a client: never its name, nor who searches for it."""

    client: ClientId
    kind: ClientKind
    purposes: tuple[Purpose, ...]
    place: str | None
    vetted_at: datetime
    suspended_at: datetime | None


def barred_by(work: Transaction, client: Client) -> tuple[str, ...]:
    """Return the orders that bar a client at this moment."""
    return tuple(bar.order for bar in client_rows.bars(work) if bar.stands(work.now) and bar.covers(client))


_HOST = re.compile(r"(?=.{1,253}(:|$))[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:[0-9]{1,5})?")


def _host(text: str) -> str:
    """Return a host's name in lower case, with its port where that is not the usual one.

    Raises:
        BadInput: a wildcard, an address with a path, or anything else that does not name one host.
    """
    host = text.strip().lower()
    if not _HOST.fullmatch(host):
        raise BadInput(f"{text!r} does not name one host; write it as `photos.example.org`, without wildcard or path")
    return host


def _same(one: Source, other: Source) -> bool:
    return one.name.casefold() == other.name.casefold() or bool(set(one.hosts) & set(other.hosts))


class Register:
    """Verbs on clients and sources."""

    def __init__(self, records: Records, law: LawBook) -> None:
        self._records = records
        self._law = law

    def add_client(
        self,
        name: str,
        *,
        kind: ClientKind,
        purposes: Iterable[Purpose],
        fpir: float = DEFAULT_FPIR,
        place: str | None = None,
        site: Site = Site.PRIVATE,
        attests: Iterable[Attestation] = (),
        authority: str | None = None,
    ) -> Client:
        """Add a vetted client and the purposes it was vetted for.

        Args:
            fpir: target false positive identification rate of its searches, in (0, 1); a stricter law prevails.
            place: place code of where it uses what it finds.
            site: whether the public enters that place.
            attests: what it attested in writing.
            authority: of law enforcement: the agency's written authorisation of who searches.

        Raises:
            BadInput: no name, no purpose, an FPIR outside (0, 1), or no place code.
            Refused: a client that may not be served, such as an individual; the refusal is logged.
        """
        allowed = frozenset(purposes)
        if not name.strip() or not allowed:
            raise BadInput("a client needs a name and at least one purpose (--purpose)")
        if Purpose.EVALUATION in allowed:
            raise BadInput("no client searches for the purpose evaluation: it is the operator's own measurement")
        if not 0.0 < fpir < 1.0:
            raise BadInput(f"an FPIR lies between 0 and 1, such as 0.01; not {fpir}")
        with self._records.write() as work:
            client = Client(
                id=ClientId(new_id("cli")),
                name=name.strip(),
                kind=kind,
                purposes=allowed,
                fpir=fpir,
                created_at=work.now,
                place=None if place is None else place_code(place),
                site=site,
                attests=frozenset(attests),
                authority=authority,
            )
            denial = deny_service(Service(client, work.now, barred_by(work, client)), self._law.of_client(client))
            work.log(
                EventTag.CLIENT_ADDED if denial is None else EventTag.CLIENT_REFUSED,
                client=client.id,
                kind=kind.value,
                purposes=sorted(allowed),
                rule=None if denial is None else denial.rule_id,
            )
            if denial is None:
                work.keyring.create([client.id])
                client_rows.add(work, client)
                return client
        raise Refused(denial.rule_id, denial.reason, denial.citation)

    def clients(self) -> list[Client]:
        """Return all clients, oldest first."""
        with self._records.read() as work:
            return client_rows.everyone(work)

    def published(self) -> list[Published]:
        """Return the public register: every client, oldest first."""
        return [
            Published(c.id, c.kind, tuple(sorted(c.purposes)), c.place, c.created_at, c.suspended_at)
            for c in self.clients()
        ]

    def suspend_clients(
        self,
        *,
        reason: str = "operator",
        clients: Iterable[ClientId] = (),
        kinds: Iterable[ClientKind] = (),
        places: Iterable[str] = (),
    ) -> list[ClientId]:
        """Serve clients no more, from their very next call on.

        Args:
            reason: `operator`, or the id of the order that asks for it.
            clients: those named; otherwise those of these kinds in these places, an empty list meaning any.

        Returns:
            The clients that were served until now.

        Raises:
            NotFound: no such client.
            BadInput: nobody is meant, or a place is no place code.
        """
        named, meant = list(clients), _bar(reason, kinds, places, None, self._records.clock.now())
        if not (named or meant.kinds or meant.places):
            raise BadInput("say which clients: by id, by kind or by place")
        with self._records.write() as work:
            chosen = [client_rows.get(work, one) for one in named] or client_rows.everyone(work)
            return self._suspend(work, [c for c in chosen if named or meant.covers(c)], reason)

    def bar_clients(
        self,
        order: str,
        *,
        kinds: Iterable[ClientKind] = (),
        places: Iterable[str] = (),
        until: datetime | None = None,
    ) -> list[ClientId]:
        """Bar clients as an order asks: those there are stop being served now, new ones are not taken on.

        A client whose place nobody has stated may be anywhere, so a bar on places covers it.

        Args:
            order: the order's id; stands in refusals and in the log.
            until: when the bar ends by itself; None for when the order is lifted.

        Returns:
            The clients that were served until now.

        Raises:
            BadInput: nobody is meant, or a place is no place code.
        """
        with self._records.write() as work:
            bar = _bar(order, kinds, places, until, work.now)
            if not (bar.kinds or bar.places):
                raise BadInput("an order bars kinds of client or places")
            client_rows.add_bar(work, bar)
            work.log(EventTag.CLIENTS_BARRED, order=order, kinds=sorted(bar.kinds), places=sorted(bar.places))
            return self._suspend(work, [c for c in client_rows.everyone(work) if bar.covers(c)], order)

    def unbar_clients(self, order: str) -> list[ClientId]:
        """End the bars of an order; the clients that it suspended are served again, unless another bar stands.

        Returns:
            The clients that are served again.
        """
        with self._records.write() as work:
            lifted = client_rows.lift_bars(work, order)
            again = []
            for client in client_rows.suspended_for(work, order):
                if not barred_by(work, client_rows.get(work, client)):
                    client_rows.reinstate(work, client)
                    again.append(client)
            work.log(EventTag.CLIENTS_UNBARRED, order=order, bars=lifted, clients=[str(one) for one in again])
        return again

    def reinstate_client(self, client: ClientId) -> None:
        """Serve a suspended client again.

        Raises:
            NotFound: no such client.
            BadInput: it is not suspended.
            Refused: a bar or another rule stands against it; logged.
        """
        with self._records.write() as work:
            found = client_rows.get(work, client)
            if found.suspended_at is None:
                raise BadInput(f"client {client} is not suspended")
            served = replace(found, suspended_at=None)
            denial = deny_service(Service(served, work.now, barred_by(work, served)), self._law.of_client(served))
            if denial is None:
                client_rows.reinstate(work, client)
                work.log(EventTag.CLIENT_REINSTATED, client=client)
                return
            work.log(EventTag.CLIENT_REFUSED, client=client, kind=found.kind.value, rule=denial.rule_id)
        raise Refused(denial.rule_id, denial.reason, denial.citation)

    def _suspend(self, work: Transaction, clients: Iterable[Client], reason: str) -> list[ClientId]:
        served = [client.id for client in clients if client.suspended_at is None]
        for client in served:
            client_rows.suspend(work, client, reason)
            work.log(EventTag.CLIENT_SUSPENDED, client=client, reason=reason)
        return served

    def add_source(
        self,
        name: str,
        *,
        basis: str,
        capture_place: str | None = None,
        bystander_basis: str | None = None,
        counsel_opt_in: str | None = None,
        hosts: Iterable[str] = (),
        custodian: str | None = None,
    ) -> Source:
        """Add a place photos come from, and the permission for it.

        Args:
            basis: the permission, in words: who gave it, when, for what.
            capture_place: place code of where the photos were taken.
            bystander_basis: the permission that covers people in the pictures who signed nothing.
            counsel_opt_in: counsel's written opt-in to comparing their faces, in memory only.
            hosts: hosts on the web that the permission names, each in full.
            custodian: who allows it, where a source of this name or host was revoked.

        Raises:
            BadInput: no name, no basis, a place that is no place code, or a host that is no name of one host.
            Refused: a source of this name or host was revoked, and no custodian allows it again; logged.
        """
        if not name.strip() or not basis.strip():
            raise BadInput("a source needs a name and the permission for it (--basis)")
        source = Source(
            id=SourceId(new_id("src")),
            name=name.strip(),
            basis=basis.strip(),
            capture_place=None if capture_place is None else place_code(capture_place),
            bystander_basis=bystander_basis,
            counsel_opt_in=counsel_opt_in,
            created_at=self._records.clock.now(),
            hosts=tuple(dict.fromkeys(_host(one) for one in hosts)),
        )
        allowed_by = (custodian or "").strip() or None
        with self._records.write() as work:
            revoked = [one.id for one in photo_rows.sources(work) if one.revoked_at and _same(one, source)]
            if not revoked or allowed_by:
                work.keyring.create([source.id])
                photo_rows.add_source(work, source, allowed_by if revoked else None)
                work.log(
                    EventTag.SOURCE_ADDED,
                    source=source.id,
                    capture_place=source.capture_place,
                    covers_bystanders=bystander_basis is not None,
                    counsel_opted_in=counsel_opt_in is not None,
                    hosts=len(source.hosts),
                    in_spite_of=list(revoked),
                )
                return source
            work.log(EventTag.SOURCE_REFUSED, rule="source.revoked", revoked=list(revoked))
        raise Refused(
            "source.revoked",
            f"a source of this name or host was revoked ({', '.join(revoked)}); a custodian who has a new "
            "permission can add it again (--custodian)",
            self._law.of_probe().cite("basis.untargeted_scraping"),
        )

    def sources(self) -> list[Source]:
        """Return all sources, oldest first."""
        with self._records.read() as work:
            return photo_rows.sources(work)


def _bar(
    order: str, kinds: Iterable[ClientKind], places: Iterable[str], until: datetime | None, now: datetime
) -> client_rows.Bar:
    codes = frozenset(place_code(one) for one in places)
    return client_rows.Bar(new_id("bar"), order, frozenset(kinds), codes, now, until)
