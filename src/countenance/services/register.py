# SPDX-License-Identifier: Apache-2.0
"""The registers: who may search, and where photos may come from."""

from __future__ import annotations

import re
from collections.abc import Iterable

from countenance.errors import BadInput, Refused
from countenance.ids import ClientId, SourceId, new_id
from countenance.model.client import DEFAULT_FPIR, Client
from countenance.model.event import EventTag
from countenance.model.place import place
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.source import Source
from countenance.services.law import LawBook
from countenance.store import clients as client_rows
from countenance.store import photos as photo_rows
from countenance.store.records import Records

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
        self, name: str, *, kind: ClientKind, purposes: Iterable[Purpose], fpir: float = DEFAULT_FPIR
    ) -> Client:
        """Add a vetted client and the purposes it was vetted for.

        Args:
            fpir: target false positive identification rate of its searches, in (0, 1); a stricter law prevails.

        Raises:
            BadInput: no name, no purpose, or an FPIR outside (0, 1).
            Refused: a kind of client that no search may be answered for; the refusal is logged.
        """
        allowed = frozenset(purposes)
        if not name.strip() or not allowed:
            raise BadInput("a client needs a name and at least one purpose (--purpose)")
        if not 0.0 < fpir < 1.0:
            raise BadInput(f"an FPIR lies between 0 and 1, such as 0.01; not {fpir}")
        client = Client(ClientId(new_id("cli")), name.strip(), kind, allowed, fpir, self._records.clock.now())
        law = self._law.of_probe()
        denied = kind.value in law.items("disclosure.client_kinds_denied")
        with self._records.write() as work:
            work.log(
                EventTag.CLIENT_REFUSED if denied else EventTag.CLIENT_ADDED,
                client=client.id,
                kind=kind.value,
                purposes=sorted(allowed),
            )
            if not denied:
                work.keyring.create([client.id])
                client_rows.add(work, client)
        if denied:
            reason = f"clients of kind {kind} are not served; a vetted organisation is needed"
            raise Refused("client.kind", reason, law.cite("disclosure.client_kinds_denied"))
        return client

    def clients(self) -> list[Client]:
        """Return all clients, oldest first."""
        with self._records.read() as work:
            return client_rows.everyone(work)

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
            capture_place=None if capture_place is None else place(capture_place),
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
