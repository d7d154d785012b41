# SPDX-License-Identifier: Apache-2.0
"""What waits for a custodian: for this one's word as a second person, for somebody else's, and what is late or soon."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from countenance.model.destruction import RunState
from countenance.model.order import OrderStatus
from countenance.services.breaches import Breaches
from countenance.services.custody import Custody
from countenance.services.evidence import EvidenceLocker
from countenance.services.flags import Flags
from countenance.services.packs import Packs
from countenance.services.recipients import Recipients
from countenance.services.requests import Requests
from countenance.services.retention import REQUESTER, Retention
from countenance.services.run_jobs import RunJobs
from countenance.services.vetting import Vetting
from countenance.store.records import Records

SOON = timedelta(days=14)
"""How long ahead something due is shown."""


class Urgency(StrEnum):
    """Why something is shown."""

    YOURS = "yours"
    """It takes a second person's word, and this caller may give it."""
    OVERDUE = "overdue"
    OPEN = "open"
    """Somebody has to look at it; no date says by when."""
    SOON = "soon"
    OTHERS = "others"
    """It waits for the word of somebody else than this caller, who asked for it."""


class TaskKind(StrEnum):
    """What it is about; `id` of a task is of that."""

    ORDER_CONFIRM = "order_confirm"
    ORDER_REQUEST = "order_request"
    ORDER_DUE = "order_due"
    CONFLICT = "conflict"
    RUN_APPROVE = "run_approve"
    RUN_STOPPED = "run_stopped"
    HOLD_LIFT = "hold_lift"
    HOLD_REVIEW = "hold_review"
    EVIDENCE = "evidence"
    LAW = "law"
    REQUEST = "request"
    INSTRUCTION = "instruction"
    BREACH = "breach"
    RETENTION = "retention"
    CLIENT_CHANGE = "client_change"
    CLIENT_DUE = "client_due"
    FLAG = "flag"


@dataclass(frozen=True)
class Task:
    """One thing that waits.

    Attributes:
        about: a code that says more, such as `freeze` of an order or `erase` of a request; empty where there is none.
        at: by when, or since when where it waits for a word.
        by: the account that asked, where a second one is to agree.
    """

    kind: TaskKind
    id: str
    urgency: Urgency
    at: datetime | None
    about: str = ""
    by: str | None = None


class Worklist:
    """The verb `of`."""

    def __init__(
        self,
        records: Records,
        custody: Callable[[], Custody],
        runs: RunJobs,
        evidence: EvidenceLocker,
        packs: Packs,
        dues: tuple[Requests, Recipients, Breaches],
        retention: Callable[[], Retention],
        clients: tuple[Vetting, Flags],
    ) -> None:
        self._records = records
        self._custody = custody
        self._runs = runs
        self._evidence = evidence
        self._packs = packs
        self._requests, self._recipients, self._breaches = dues
        self._retention = retention
        self._vetting, self._flags = clients

    def of(self, account: str) -> list[Task]:
        """Return what waits, as this account sees it: what it can do something about first, then by date."""
        with self._records.read() as work:
            now = work.now
        found = [
            *self._of_orders(account, now),
            *self._of_runs(account),
            *self._of_holds(account, now),
            *self._of_evidence_and_law(account),
            *self._of_promises(now),
            *self._of_clients(account),
        ]
        order = list(Urgency)
        late = datetime.max.replace(tzinfo=UTC)
        return sorted(found, key=lambda one: (order.index(one.urgency), one.at or late, one.id))

    def _of_orders(self, account: str, now: datetime) -> Iterator[Task]:
        desk = self._custody()
        for one in desk.orders.everyone():
            order = one.order
            if order.status is OrderStatus.DRAFT:
                yield _second(TaskKind.ORDER_CONFIRM, order.id, order.entered_by, account, order.entered_at)
            if one.asked_by is not None:
                about = (one.waits_for or "").partition(" ")[0]
                yield _second(TaskKind.ORDER_REQUEST, order.id, one.asked_by, account, None, about)
            yield from (
                _dated(TaskKind.ORDER_DUE, order.id, due.at, now, due.what) for due in one.due if _is_near(due.at, now)
            )
        for conflict in desk.conflicts.everything():
            if conflict.resolved_at is None:
                asked = desk.conflicts.proposed(conflict.id)
                if asked is None:
                    yield Task(TaskKind.CONFLICT, conflict.id, Urgency.OPEN, conflict.opened_at, conflict.kind)
                else:
                    yield _second(TaskKind.CONFLICT, conflict.id, asked.by, account, conflict.opened_at, conflict.kind)

    def _of_runs(self, account: str) -> Iterator[Task]:
        for watched in self._runs.everyone():
            run = watched.finished.run
            if run.state is RunState.FROZEN and run.requested_by != REQUESTER:
                yield _second(TaskKind.RUN_APPROVE, run.id, run.requested_by, account, run.frozen_at)
            elif watched.unfinished:
                yield Task(TaskKind.RUN_STOPPED, run.id, Urgency.OPEN, run.started_at, run.state.value)

    def _of_holds(self, account: str, now: datetime) -> Iterator[Task]:
        holds = self._custody().holds
        for hold, by in holds.ending().items():
            yield _second(TaskKind.HOLD_LIFT, hold, by, account, None)
        for one in holds.everyone():
            if one.review_at is not None and _is_near(one.review_at, now):
                yield _dated(TaskKind.HOLD_REVIEW, one.id, one.review_at, now)

    def _of_evidence_and_law(self, account: str) -> Iterator[Task]:
        for row in self._evidence.everything():
            asked = self._evidence.asked(row.id) if row.asked else None
            if asked is not None:
                yield _second(TaskKind.EVIDENCE, row.id, asked.by, account, asked.until)
        for change in self._packs.waiting():
            about = change.verb.value
            yield _second(TaskKind.LAW, change.id, change.entered_by, account, change.entered_at, about)

    def _of_promises(self, now: datetime) -> Iterator[Task]:
        """Yield what was promised to people, recipients and authorities."""
        for one in self._requests.everything():
            request = one.request
            if request.state == "open":
                first = request.due if request.acknowledged_at else min(request.due, request.ack_due)
                at = datetime.combine(first, time(23, 59, 59), UTC)
                urgency = Urgency.OVERDUE if one.late else Urgency.SOON if _is_near(at, now) else Urgency.OPEN
                yield Task(TaskKind.REQUEST, request.id, urgency, at, request.kind.value)
        for sent in self._recipients.instructions():
            due = sent.instruction.due_at
            if sent.instruction.settled_at is None and _is_near(due, now):
                yield _dated(TaskKind.INSTRUCTION, sent.instruction.id, due, now)
        for breach, _ in self._breaches.everything():
            if breach.closed_at is None:
                told = breach.assessment.first_due
                late = told is not None and told < now
                yield Task(TaskKind.BREACH, breach.id, Urgency.OVERDUE if late else Urgency.SOON, told)
        status = self._retention().status(first=0)
        if status.overdue:
            yield Task(TaskKind.RETENTION, "", Urgency.OVERDUE, None, str(status.overdue))

    def _of_clients(self, account: str) -> Iterator[Task]:
        """Yield changes of what clients may, those to be vetted again, and flags on their searches."""
        for change in self._vetting.waiting():
            about = change.action.value
            yield _second(TaskKind.CLIENT_CHANGE, change.id, change.entered_by, account, change.entered_at, about)
        for due in self._vetting.due():
            until = due.client.contract_until
            at = None if until is None else datetime.combine(until, time(23, 59, 59), UTC)
            urgency = {"ended": Urgency.OVERDUE, "ends_soon": Urgency.SOON}.get(due.why, Urgency.OPEN)
            if due.client.suspended_at is None:
                yield Task(TaskKind.CLIENT_DUE, due.client.id, urgency, at, due.why)
        for flag in self._flags.everyone(is_open=True):
            yield Task(TaskKind.FLAG, flag.id, Urgency.OPEN, flag.at, flag.kind.value)


def count(tasks: Iterable[Task], urgency: Urgency) -> int:
    """Return how many tasks there are of one urgency."""
    return sum(one.urgency is urgency for one in tasks)


def _second(kind: TaskKind, known: str, by: str, account: str, at: datetime | None, about: str = "") -> Task:
    same = by.strip().casefold() == account.strip().casefold()
    return Task(kind, known, Urgency.OTHERS if same else Urgency.YOURS, at, about, by)


def _is_near(at: datetime, now: datetime) -> bool:
    return at <= now + SOON


def _dated(kind: TaskKind, known: str, at: datetime, now: datetime, about: str = "") -> Task:
    return Task(kind, known, Urgency.OVERDUE if at < now else Urgency.SOON, at, about)
