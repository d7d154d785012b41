# SPDX-License-Identifier: Apache-2.0
"""Flags on how a client searches: raised in the transaction that logs the search, looked at by a custodian.

A flag suspends nobody. It says what a person should look at; that person suspends the client, or writes down why not.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from countenance.errors import BadInput, Refused
from countenance.ids import ClientId, SearchId, SubjectId, new_id
from countenance.model.client import Client
from countenance.model.event import EventTag
from countenance.model.flag import Flag, FlagKind
from countenance.model.quota import DAY, HOUR
from countenance.services.metering import is_near
from countenance.services.results import account_code
from countenance.store import clients as client_rows
from countenance.store import flags as rows
from countenance.store import subjects as subject_rows
from countenance.store.clients import SearchRecord
from countenance.store.records import Records, Transaction

WINDOW = timedelta(days=30)
"""How far back repeated searches are counted."""
BY_ACCOUNT, BY_CLIENT, BY_CASE = 3, 5, 10
"""How often one account, or one client, finds the same person, or searches on one case, before somebody should look;
and again at each multiple."""
_LONGEST_NOTE = 2_000


def watch(work: Transaction, client: Client, account: str) -> None:
    """Look at one use of a client, of whatever kind: is it outside the client's hours, is the quota nearly used up.

    Args:
        account: its code.
    """
    hours = client.hours
    if hours is not None and client.place is not None and hours.over(work.now, client.place):
        since = work.now - DAY
        if not rows.raised(work, FlagKind.OUTSIDE_HOURS, client.id, since, account):
            _raise(work, FlagKind.OUTSIDE_HOURS, client.id, account)
    if is_near(work, client) and not rows.raised(work, FlagKind.NEAR_QUOTA, client.id, work.now - HOUR):
        _raise(work, FlagKind.NEAR_QUOTA, client.id, account)


def watch_search(work: Transaction, client: Client, record: SearchRecord, found: Iterable[SubjectId]) -> None:
    """Look at a search that was just stored, and whom it found, beside what `watch` looks at."""
    account, search = record.account, record.id
    watch(work, client, account)
    since, people = work.now - WINDOW, tuple(found)
    own = rows.own_person(work, account) if people else None
    for person in people:
        mine = rows.finds(work, person, client.id, since, account)
        ours = rows.finds(work, person, client.id, since)
        if mine % BY_ACCOUNT == 0 or ours % BY_CLIENT == 0:
            _raise(work, FlagKind.REPEATED_PERSON, client.id, account, search, ours)
        if person == own:
            _raise(work, FlagKind.OWN_PERSON, client.id, account, search, mine)
    tag = client_rows.case_tag(work, client.id, record.case)
    if tag is not None:
        times = rows.of_case(work, tag, since)
        if times % BY_CASE == 0:
            _raise(work, FlagKind.REPEATED_CASE, client.id, account, search, times)


def _raise(
    work: Transaction,
    kind: FlagKind,
    client: ClientId,
    account: str,
    search: SearchId | None = None,
    times: int = 1,
) -> None:
    flag = Flag(new_id("flg"), work.now, kind, client, account, search, times)
    rows.add(work, flag)
    work.log(
        EventTag.FLAG_RAISED,
        flag=flag.id,
        kind=kind.value,
        client=client,
        account=account,
        search=search,
        times=times,
    )


class Flags:
    """Verbs of a custodian on flags."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def everyone(self, *, client: ClientId | None = None, is_open: bool = False) -> list[Flag]:
        """Return flags, newest first.

        Args:
            client: of this client only.
            is_open: those only that nobody has settled.
        """
        with self._records.read() as work:
            return rows.everyone(work, client=client, is_open=is_open)

    def settle(self, flag: str, *, by: str, note: str) -> Flag:
        """Record that somebody looked at a flag, and what came of it.

        Args:
            by: the account of who looked.
            note: what was found and done, in words.

        Raises:
            NotFound: no such flag.
            BadInput: no account, no note, or it is settled already.
            Refused: the account that the flag is about; logged.
        """
        if not by.strip():
            raise BadInput("say which account looked at it (--by)")
        if not note.strip() or len(note) > _LONGEST_NOTE:
            raise BadInput(f"write down what you found and did, in at most {_LONGEST_NOTE:,} characters (--note)")
        with self._records.write() as work:
            found, code = rows.get(work, flag), account_code(work, by)
            if found.settled_at is not None:
                raise BadInput(f"flag {flag} is settled already")
            if code != found.account:
                rows.settle(work, flag, by.strip(), note.strip())
                work.log(EventTag.FLAG_SETTLED, flag=flag, kind=found.kind.value, client=found.client, by=code)
                return rows.get(work, flag)
            work.log(EventTag.CLIENT_REFUSED, client=found.client, flag=flag, rule="flag.own")
        raise Refused("flag.own", "a flag about your own searches must be settled by somebody else", "core")

    def accounts(self, known: Iterable[str]) -> dict[str, str]:
        """Return the accounts by their codes, as flags name them.

        Args:
            known: accounts.
        """
        with self._records.read() as work:
            return {account_code(work, one): one for one in known}

    def linked(self, account: str) -> SubjectId | None:
        """Return which subject is declared to be the person behind an account; None for nobody."""
        with self._records.read() as work:
            return rows.own_person(work, account_code(work, account))

    def link(self, account: str, subject: SubjectId | None, *, by: str) -> None:
        """Declare which subject is the person behind an account that searches, so that self-searches are flagged.

        Args:
            subject: None for nobody any more.
            by: the account of who declares it.

        Raises:
            NotFound: no such subject.
            BadInput: no account.
        """
        if not account.strip() or not by.strip():
            raise BadInput("name the account, and who declares it (--by)")
        with self._records.write() as work:
            if subject is not None:
                subject_rows.get(work, subject)
            code = account_code(work, account)
            before = rows.own_person(work, code)
            rows.set_own_person(work, code, subject)
            about = subject or before
            work.log(
                EventTag.OWN_PERSON_DECLARED,
                subject=about,
                account=code,
                ended=subject is None,
                by=account_code(work, by),
            )
