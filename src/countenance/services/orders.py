# SPDX-License-Identifier: Apache-2.0
"""Orders: enter, confirm, look at the class, freeze it, stay and vacate; what is due.

A freeze is one transaction over the whole class, in force for the very next search of every process. One log entry
names the order and the Merkle root over its members; who they are stays in the records.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from countenance.clock import to_text
from countenance.errors import BadInput, Refused
from countenance.ids import OrderId, SubjectId, new_id
from countenance.ledger.merkle import root_over
from countenance.model.consent import ConsentStatus, ReleaseEvent
from countenance.model.destruction import RunState
from countenance.model.event import EventTag
from countenance.model.order import Order, OrderStatus, Verb
from countenance.policy import order_file
from countenance.policy.orders import Due, due, unmet
from countenance.services.order_acts import OrderActs
from countenance.services.order_conflicts import Conflicts
from countenance.services.order_freeze import freeze_class
from countenance.services.order_gate import refused
from countenance.store import conflicts as conflict_rows
from countenance.store import orders as rows
from countenance.store import photos as photo_rows
from countenance.store import runs as run_rows
from countenance.store import subjects as subject_rows
from countenance.store.conflicts import Conflict
from countenance.store.orders import OrderDocument
from countenance.store.records import Records, Transaction


@dataclass(frozen=True)
class Preview:
    """Who would be frozen if an order were frozen now.

    Attributes:
        members: those of whom facts say that they are in the class.
        unknown: those of whom it cannot be said; `treated` says what becomes of them.
        root: Merkle root over everybody who would be frozen, lower-case hex.
    """

    order: OrderId
    members: int
    unknown: int
    nonmembers: int
    treated: str
    root: str


@dataclass(frozen=True)
class Standing:
    """An order with everything that a custodian has to know of it.

    Attributes:
        unmet: numbers of terms that people meet, and nobody said are met.
        waits_for: what one person asked for and a second one has to agree to; `asked_by` is that person.
        conflicts: those that are open.
    """

    order: Order
    due: tuple[Due, ...]
    unmet: tuple[int, ...]
    waits_for: str | None
    asked_by: str | None
    conflicts: tuple[Conflict, ...]

    @property
    def overdue(self) -> bool:
        """Whether anything should have been done by now."""
        return any(one.overdue for one in self.due)


class Orders:
    """Verbs on orders."""

    def __init__(
        self,
        records: Records,
        conflicts: Conflicts,
        acts: OrderActs,
        spread: Callable[[], object],
    ) -> None:
        self._records = records
        self._acts = acts
        self._conflicts = conflicts
        self._spread = spread

    def enter(self, document: OrderDocument, *, by: str) -> Order:
        """Transcribe an order; it binds once somebody else has compared it with the paper.

        Raises:
            BadOrder: the file is not as an order file must be; the message names the line.
            BadInput: nobody is named who enters it.
            NotFound: it filters a source that is not there.
        """
        who = _named(by)
        with self._records.write() as work:
            read = order_file.read(document.file, document.name, instrument=document.instrument, now=work.now)
            for source in read.filtered:
                photo_rows.get_source(work, source)
            order = OrderId(new_id("ord"))
            rows.add(work, order, document, who)
            work.log(
                EventTag.ORDER_ENTERED,
                order=order,
                kind=read.kind.value,
                instrument=read.sha256,
                verbs=sorted(read.verbs),
            )
            return rows.get(work, order)

    def confirm(self, order: OrderId, *, by: str) -> Order:
        """Confirm as a second person that an order was transcribed as it was served.

        Raises:
            NotFound: no such order.
            BadInput: it waits for no confirmation.
            Refused: by who entered it; logged.
        """
        who = _named(by)
        with self._records.write() as work:
            found = rows.get(work, order)
            if found.status is not OrderStatus.DRAFT:
                raise BadInput(f"order {order} waits for no confirmation: it is {found.status.value}")
            if not _same(who, found.entered_by):
                rows.confirm(work, order, who)
                work.log(EventTag.ORDER_CONFIRMED, order=order)
                return rows.get(work, order)
        raise self._two_people("an order is confirmed by somebody else than who entered it (--by)", order)

    def preview(self, order: OrderId) -> Preview:
        """Count who would be frozen now; nothing is changed, the look is logged.

        Raises:
            NotFound: no such order.
        """
        with self._records.read() as work:
            found = rows.get(work, order)
            counts, ids = rows.count_class(work, found.instrument)
        treated = found.instrument.persons.unknown.value
        seen = Preview(order, counts[rows.MEMBER], counts[rows.UNKNOWN], counts["nonmember"], treated, root_over(ids))
        with self._records.write() as work:
            work.log(EventTag.ORDER_PREVIEWED, order=order, root=seen.root, counts=counts)
        return seen

    def freeze(self, order: OrderId) -> Standing:
        """Freeze the class: in force for the next search when this returns. Given again, it adds who is new in it.

        Raises:
            NotFound: no such order.
            Refused: nobody confirmed it yet, or it was vacated or stayed; logged.
            Busy: the freeze is in force, and what came of a filtered source is not destroyed yet; give it again.
        """
        with self._records.write() as work:
            found = rows.get(work, order)
            allowed = found.status in (OrderStatus.CONFIRMED, OrderStatus.IN_FORCE, OrderStatus.SATISFIED)
            if allowed:
                freeze_class(work, found)
        if not allowed:
            raise refused(
                self._records,
                "order.confirmed",
                f"order {order} is {found.status.value}; an order binds once somebody else than who entered it has "
                "confirmed it (`countenance order confirm`)",
                order=order,
            )
        if found.frozen_at is None:
            self._acts.deny_clients(found)
        self.froze([order])
        self._acts.filter_sources(found)  # last, so that what the order retains is under its hold
        return self.status(order)

    def froze(self, orders: Sequence[OrderId]) -> None:
        """Tell backups of a freeze, seal whom an order retains, and look for conflicts about who is new in a class."""
        if orders:
            self._spread()
        for order in orders:
            self._conflicts.look(order)

    def stay(self, order: OrderId, *, by: str) -> Standing:
        """Stay an order: nothing is destroyed and nothing is due, and the class stays frozen.

        Raises:
            NotFound: no such order.
            BadInput: it is stayed, or over.
        """
        _named(by)
        with self._records.write() as work:
            found = rows.get(work, order)
            if found.status not in (OrderStatus.CONFIRMED, OrderStatus.IN_FORCE):
                raise BadInput(f"order {order} cannot be stayed: it is {found.status.value}")
            rows.move(work, order, OrderStatus.STAYED, stayed_from=found.status.value)
            work.log(EventTag.ORDER_STAYED, order=order)
        return self.status(order)

    def end_stay(self, order: OrderId, *, by: str) -> Standing:
        """Let a stayed order go on where it stood.

        Raises:
            NotFound: no such order.
            BadInput: it is not stayed.
        """
        _named(by)
        with self._records.write() as work:
            if rows.get(work, order).status is not OrderStatus.STAYED:
                raise BadInput(f"order {order} is not stayed")
            rows.move(work, order, rows.stayed_from(work, order), stayed_from=None)
            work.log(EventTag.ORDER_RESUMED, order=order)
        return self.status(order)

    def vacate(self, order: OrderId, *, by: str) -> Standing:
        """End an order as one of two people; the second one's word unfreezes whom nothing else keeps frozen.

        What was destroyed stays destroyed. A destruction that waits for approval is cancelled.

        Raises:
            NotFound: no such order.
            BadInput: it was vacated before, or its destruction is under way.
        """
        marks: list[bytes] = []
        with self._records.write() as work:
            found = rows.get(work, order)
            if found.status is OrderStatus.VACATED:
                raise BadInput(f"order {order} was vacated before")
            self._not_under_way(work, found)
            if self._second(work, found, "vacate", order, by):
                self._cancel(work, found)
                freed, marks = rows.thaw(work, order, "vacated")
                rows.move(work, order, OrderStatus.VACATED)
                work.log(EventTag.ORDER_VACATED, order=order, freed=len(freed))
        self._bury(marks)
        done = self.status(order)
        if done.order.status is OrderStatus.VACATED:
            self._acts.serve_clients(found)
        return done

    def readmit(self, order: OrderId, subject: SubjectId, *, by: str) -> Standing:
        """Let one member sign a new release, as one of two people, where the order allows new releases.

        Every release from before is revoked, so that only the new one permits anything.

        Raises:
            NotFound: no such order.
            BadInput: the order does not bind this person.
            Refused: the order allows no new release; logged.
        """
        marks: list[bytes] = []
        with self._records.write() as work:
            found = rows.get(work, order)
            if not rows.is_member(work, order, subject):
                raise BadInput(f"order {order} does not bind {subject}")
            allowed = found.instrument.persons.new_release_after is not None
            if allowed and self._second(work, found, "readmit", subject, by):
                revoked = rows.live_releases(work, subject)
                work.keyring.bury((work.keyring.tag(one) for one in revoked), work.now)
                for release in revoked:
                    event = ReleaseEvent(ConsentStatus.REVOKED, work.now)
                    subject_rows.add_release_event(work, release, event)
                _, marks = rows.thaw(work, order, "readmitted", [subject])
                work.log(EventTag.ORDER_READMITTED, subject=subject, order=order, revoked=len(revoked))
        if not allowed:
            raise refused(
                self._records,
                "order.new_release",
                f"order {order} says nothing of new releases (`new_release_after`), so nobody in its class is enrolled "
                "again while it stands",
                order=order,
            )
        self._bury(marks)
        return self.status(order)

    def met(self, order: OrderId, term: int, *, by: str) -> Standing:
        """Record that people met a term, such as a report; a report starts its next period.

        Raises:
            NotFound: no such order.
            BadInput: no such term, or one that the program meets.
        """
        _named(by)
        with self._records.write() as work:
            found = rows.get(work, order)
            duty = next((one for one in found.instrument.terms if one.number == term), None)
            if duty is None or duty.number not in {*unmet(found), *found.met}:
                raise BadInput(
                    f"order {order} has no term {term} that people meet; `countenance order status` lists them"
                )
            columns = {"met": json.dumps(sorted({*found.met, term}))}
            if duty.verb is Verb.REPORT:
                columns["reported_at"] = to_text(work.now)
            rows.set_columns(work, order, **columns)
            work.log(EventTag.ORDER_MET, order=order, term=term)
        return self.status(order)

    def status(self, order: OrderId) -> Standing:
        """Return an order with what is due.

        Raises:
            NotFound: no such order.
        """
        with self._records.read() as work:
            return self._standing(work, rows.get(work, order))

    def everyone(self) -> list[Standing]:
        """Return all orders, oldest first."""
        with self._records.read() as work:
            return [self._standing(work, one) for one in rows.everyone(work)]

    def members(self, order: OrderId) -> list[SubjectId]:
        """Return the people whom an order binds, sorted.

        Raises:
            NotFound: no such order.
        """
        with self._records.read() as work:
            rows.get(work, order)
            return rows.members(work, [order])

    def _standing(self, work: Transaction, order: Order) -> Standing:
        asked = rows.request(work, order.id)
        return Standing(
            order,
            tuple(due(order, work.now)),
            tuple(unmet(order)),
            None if asked is None else f"{asked[0]} {asked[1]}",
            None if asked is None else asked[2],
            tuple(conflict_rows.everything(work, of=order.id, only_open=True)),
        )

    def _second(self, work: Transaction, order: Order, action: str, about: str, by: str) -> bool:
        """Say whether somebody else asked for this before; else remember who asks."""
        asked, who = rows.request(work, order.id), _named(by)
        if asked is not None and asked[:2] == (action, about) and not _same(asked[2], who):
            rows.set_request(work, order.id, None)
            return True
        rows.set_request(work, order.id, (action, about, who))
        work.log(EventTag.ORDER_REQUESTED, order=order.id, action=action)
        return False

    def _not_under_way(self, work: Transaction, order: Order) -> None:
        if order.run is None:
            return
        state = run_rows.get(work, order.run).state
        if state in (RunState.EXECUTING, RunState.VERIFYING, RunState.FAILED):
            raise BadInput(f"the destruction {order.run} is under way and cannot be taken back; finish it first")

    def _cancel(self, work: Transaction, order: Order) -> None:
        """Cancel the run of an order that no other order needs."""
        if order.run is None or len(rows.served_by(work, order.run)) > 1:
            return
        if run_rows.get(work, order.run).state is not RunState.CERTIFIED:
            run_rows.move(work, order.run, RunState.CANCELLED)

    def _bury(self, marks: list[bytes]) -> None:
        if marks:
            self._records.keyring.bury(marks, self._records.clock.now())
            self._spread()

    def _two_people(self, reason: str, order: OrderId) -> Refused:
        return refused(self._records, "order.dual_control", reason, order=order)


def _named(by: str) -> str:
    if not by.strip():
        raise BadInput("say who does it (--by)")
    return by.strip()


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
