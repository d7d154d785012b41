# SPDX-License-Identifier: Apache-2.0
"""The public transparency report: policy, clients by kind, counts, what is overdue; nothing that points at a person.

A count from 1 to 4 is published as "fewer than 5": one who knows of a single request or destruction would otherwise
learn whose it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from threading import Lock

from countenance.clock import to_text
from countenance.errors import BadInput, NotFound
from countenance.model.event import EventTag
from countenance.policy.pack import Pack
from countenance.services.breaches import Breaches
from countenance.services.journal import Journal
from countenance.services.recipients import Recipients
from countenance.services.requests import Requests
from countenance.store import clients as client_rows
from countenance.store import figures, log
from countenance.store import subjects as subject_rows
from countenance.store.records import Records, Transaction, settings
from countenance.store.subjects import PublishedPolicy
from countenance.vision import calibration

FEW = 5
_LAST_QUARTER = 10  # the month in which it begins
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

Figures = dict[str, object]
"""JSON values."""


@dataclass(frozen=True)
class About:
    """Who runs this, and where to turn.

    Attributes:
        policy_url: where the policy is published, or words that say so.
        key: the log's public key, one line.
    """

    operator: str
    contact: str
    policy_url: str
    log_origin: str
    key: str


class Transparency:
    """Verbs on what the public is told: `about`, `policy`, `quarters`, `of_quarter`; and `report`, for any time."""

    def __init__(
        self,
        records: Records,
        packs: Mapping[str, Pack],
        journal: Journal,
        dues: tuple[Requests, Recipients, Breaches],
        overdue_people: Callable[[], int],
    ) -> None:
        self._records = records
        self._packs = packs
        self._journal = journal
        self._requests, self._recipients, self._breaches = dues
        self._overdue_people = overdue_people
        self._made: dict[tuple[date, date | None], Figures] = {}
        self._lock = Lock()

    def about(self) -> About:
        """Return who runs this, and where to turn."""
        with self._records.read() as work:
            known, signer = settings(work), self._journal.signer(work)
        return About(known["operator"], known["contact"], known["policy_url"], signer.name, signer.verifier().text())

    def policy(self) -> PublishedPolicy:
        """Return the retention policy in force.

        Raises:
            NotFound: none was published yet.
        """
        with self._records.read() as work:
            found = subject_rows.current_policy(work)
        if found is None:
            raise NotFound("no policy was published yet")
        return found

    def quarters(self) -> list[date]:
        """Return the first days of the quarters that have ended since the log began, newest first."""
        with self._records.read() as work:
            begun, now = log.first_moment(work.connection), work.now
        found: list[date] = []
        first = _quarter_of((begun or now).date())
        while _next_quarter(first) <= now.date():
            found.append(first)
            first = _next_quarter(first)
        return found[::-1]

    def of_quarter(self, first: date | None) -> Figures:
        """Return the public report of a quarter that has ended; what does not depend on a time is as of today.

        Only whole quarters are told: whoever could choose two times that differ by an hour would learn of a single
        event by the difference. It is made once a day and logs nothing.

        Args:
            first: the quarter's first day; None for what does not depend on a time, without any counts.

        Raises:
            NotFound: no quarter that has ended begins on this day.
        """
        if first is not None and first not in self.quarters():
            raise NotFound(f"there is no report of a quarter that begins on {first}; /api/v1/public/report names them")
        with self._lock:
            today = self._records.clock.now().date()
            if (today, first) not in self._made:
                self._made = {key: made for key, made in self._made.items() if key[0] == today}
                self._made[today, first] = self._look(first)
            return self._made[today, first]

    def _look(self, first: date | None) -> Figures:
        overdue = self._overdue()
        with self._records.read() as work:
            start = _midnight(first) if first is not None else _BEGINNING
            told = self._figures(work, start, _BEGINNING if first is None else _midnight(_next_quarter(first)))
        if first is None:
            told["period"] = None
        return {**told, "overdue": overdue}

    def report(self, start: datetime | None = None, end: datetime | None = None) -> Figures:
        """Return the report for a time; that it was made is logged.

        Args:
            start: from when; by default from the beginning.
            end: up to when; by default now.

        Raises:
            BadInput: it ends before it starts.
        """
        overdue = self._overdue()
        with self._records.write() as work:
            first, last = start or _BEGINNING, end or work.now
            if last <= first:
                raise BadInput("the report ends before it starts (--from, --to)")
            told = self._figures(work, first, last)
            work.log(EventTag.REPORT_MADE, first=to_text(first), last=to_text(last))
        return {**told, "overdue": overdue}

    def _overdue(self) -> Figures:
        """Return how much is late: each must be 0."""
        return {
            "people past their retention day": self._overdue_people(),
            "requests": sum(one.late is not None for one in self._requests.everything()),
            "recipients": sum(told.overdue for told in self._recipients.instructions()),
            "breaches": sum(late for _, late in self._breaches.everything()),
        }

    def _figures(self, work: Transaction, first: datetime, last: datetime) -> Figures:
        known, policy = settings(work), subject_rows.current_policy(work)
        head = log.tree_size(work.connection)
        return {
            "schema": "countenance-transparency-1",
            "operator": known["operator"],
            "period": {"from": None if first == _BEGINNING else to_text(first), "to": to_text(last)},
            "policy": None
            if policy is None
            else {"sha256": policy.sha256, "published": to_text(policy.published_at), "url": known["policy_url"]},
            "clients": [
                {"kind": one.kind.value, "purposes": sorted(one.purposes), "since": to_text(one.created_at)[:10]}
                for one in client_rows.everyone(work)
            ],
            "searches": _few(figures.searches(work, first, last)),
            "refusals": _few(figures.refusals(work, first, last)),
            "entries": _few(figures.entries(work, first, last)),
            "law_files": [{"id": one.id, "version": one.version, "sha256": one.sha256} for one in self._packs.values()],
            "accuracy_tests": [
                *({"id": t.evaluation, "date": t.date, "encoder": e} for e, t in calibration.shipped().items()),
                *({"id": t.id, "date": t.at[:10], "encoder": t.encoder} for t in figures.tests(work)),
            ],
            "log": {"origin": self._journal.signer(work).name, "entries": head},
        }


def _quarter_of(day: date) -> date:
    return date(day.year, day.month - (day.month - 1) % 3, 1)


def _next_quarter(first: date) -> date:
    return date(first.year + 1, 1, 1) if first.month == _LAST_QUARTER else date(first.year, first.month + 3, 1)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _few(counts: Mapping[str, int]) -> Figures:
    """Return counts of which none from 1 to 4 is told."""
    return {name: count if count >= FEW else f"fewer than {FEW}" for name, count in sorted(counts.items()) if count}
