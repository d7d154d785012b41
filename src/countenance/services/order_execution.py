# SPDX-License-Identifier: Apache-2.0
"""Executing orders: one destruction run for an order and those consolidated with it, one certificate that names all."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from countenance.errors import BadInput, Refused
from countenance.ids import OrderId, RunId, SubjectId
from countenance.ledger.certificate import COMPLETE, Declarant
from countenance.model.destruction import Run, RunState, Scope, TargetKind
from countenance.model.event import EventTag
from countenance.model.order import Order, OrderStatus, Unknown, Verb
from countenance.policy.orders import unmet
from countenance.services.destruction import Destruction, Finished
from countenance.services.holds import HOLD_RULE
from countenance.services.order_gate import in_conflict, refused
from countenance.services.orders import Orders, Standing
from countenance.services.verification import Progress
from countenance.store import conflicts as conflict_rows
from countenance.store import orders as rows
from countenance.store import runs as run_rows
from countenance.store.records import Records, Transaction

_NOT_STARTED = (RunState.PLANNED, RunState.CANCELLED)


class OrderRuns:
    """Verbs that destroy for an order."""

    def __init__(self, records: Records, orders: Orders, destruction: Destruction) -> None:
        self._records = records
        self._orders = orders
        self._destruction = destruction

    def consolidate(self, lead: OrderId, others: Sequence[OrderId], *, by: str) -> list[Order]:
        """Let several orders of related matters be executed by one run, with one certificate that names all.

        Raises:
            NotFound: no such order.
            BadInput: one does not destroy, has a run already, is not confirmed, or nobody is named.
        """
        if not by.strip():
            raise BadInput("say who does it (--by)")
        with self._records.write() as work:
            for order in [rows.get(work, one) for one in (lead, *others)]:
                if Verb.DESTROY not in order.instrument.verbs or order.run is not None:
                    raise BadInput(f"order {order.id} has no destruction that could still be joined with another")
                if order.status not in (OrderStatus.CONFIRMED, OrderStatus.IN_FORCE):
                    raise BadInput(f"order {order.id} is {order.status.value}; confirm it first")
                rows.set_columns(work, order.id, lead=lead)
            work.log(EventTag.ORDER_CONSOLIDATED, order=lead, others=sorted(others))
            return rows.of_lead(work, lead)

    def execute(
        self,
        order: OrderId,
        *,
        by: str,
        declarant: Declarant | None = None,
        progress: Progress | None = None,
    ) -> Finished:
        """Destroy the class: the first person plans it and sees what would go, the second one's word destroys.

        What a hold keeps stays sealed; its destruction follows by itself once the hold is lifted. Given again after
        a crash, it goes on where it stopped.

        Returns:
            The run, as it waits for the second person or, approved, for the end of a hold on all of the class; or
            certified, or failed with the problems.

        Raises:
            NotFound: no such order.
            BadInput: it asks for no destruction, or nobody is in its class.
            Refused: it is not in force, counsel has to decide, unknown people come first; logged.
            Busy: another process reads the databases.
        """
        run = self.prepare(order, by=by)
        if run.state is RunState.FROZEN:
            return self._destruction.status(run.id)
        return self.carry_out(run.id, declarant=declarant, progress=progress)

    def prepare(self, order: OrderId, *, by: str) -> Run:
        """Take an order's destruction as far as words go: planned and frozen by the first, approved by the second.

        Returns:
            The run; where it is not frozen any more, `carry_out` is what is left to do.

        Raises:
            NotFound, BadInput, Refused: as `execute`.
        """
        if not by.strip():
            raise BadInput("say who executes it (--by)")
        run = self._run(self._ready(order), by.strip())
        if run.state is not RunState.FROZEN or by.strip().casefold() == run.requested_by.casefold():
            return run
        return self._destruction.approve(run.id, by=by)

    def carry_out(
        self, run: RunId, *, declarant: Declarant | None = None, progress: Progress | None = None
    ) -> Finished:
        """Take a run to its end, and note which orders are satisfied by it.

        Raises:
            NotFound: no such run.
            Refused: an order behind it is stayed, or counsel has to decide; logged.
            Busy: another process reads the databases.
        """
        try:
            done = self._destruction.resume(run, declarant=declarant, progress=progress)
        except Refused as refusal:
            if refusal.rule_id != HOLD_RULE:
                raise
            return self._destruction.status(run)  # logged; `take_up` goes on once the hold is lifted
        self.settle(run)
        return done

    def _ready(self, order: OrderId) -> list[Order]:
        """Return the orders that are executed together, after their classes were frozen as they are now."""
        with self._records.read() as work:
            found = rows.get(work, order)
            group = rows.of_lead(work, found.lead)
        if Verb.DESTROY not in found.instrument.verbs:
            raise BadInput(f"order {order} asks for no destruction; `countenance order freeze` puts it in force")
        for one in group:
            if one.status not in (OrderStatus.IN_FORCE, OrderStatus.SATISFIED):
                raise refused(
                    self._records,
                    "order.in_force",
                    f"order {one.id} is {one.status.value}; it is executed once it was confirmed and frozen",
                    order=one.id,
                )
            if one.status is OrderStatus.IN_FORCE and one.run is None:
                self._orders.freeze(one.id)
        with self._records.read() as work:
            opened = [c.id for one in group for c in conflict_rows.everything(work, of=one.id, only_open=True)]
            doubtful = [one.id for one in group if self._unresolved(work, one)]
        if opened:
            raise in_conflict(self._records, opened[0], order=order)
        if doubtful:
            raise refused(
                self._records,
                "order.resolve_first",
                f"order {doubtful[0]} wants unknown residencies to be resolved first; record facts with `countenance "
                "subject residency add`, then execute it again",
                order=order,
            )
        return group

    @staticmethod
    def _unresolved(work: Transaction, order: Order) -> bool:
        first = order.instrument.persons.unknown is Unknown.RESOLVE_FIRST
        return first and rows.count_class(work, order.instrument)[0][rows.UNKNOWN] > 0

    def _run(self, group: Sequence[Order], by: str) -> Run:
        """Return the run of these orders: the one there is, or a new one, frozen."""
        ref = "; ".join(f"{one.id}: {one.instrument.kind.value}, {one.instrument.matter}" for one in group)
        with self._records.read() as work:
            planned = [one for one in run_rows.all_runs(work) if one.order_ref == ref]
            doomed = rows.living(work, rows.members(work, [one.id for one in group]))
        planned = [one for one in planned if one.state is not RunState.CANCELLED]
        if not planned:
            if not doomed:
                raise BadInput(f"nobody is in the class of {group[0].id}, so there is nothing to destroy")
            scope = Scope(tuple(doomed))
            planned = [self._destruction.plan(scope, requested_by=by, order_ref=ref, two=True)]
        run = planned[-1]
        with self._records.write() as work:
            for one in group:
                rows.set_columns(work, one.id, run=run.id)
        return self._destruction.freeze(run.id)

    def take_up(self, people: Sequence[SubjectId]) -> list[Finished]:
        """Go on with what a hold on these people deferred, without being asked; called when one was lifted.

        A run that counsel or a stay keeps from going on is left as it is; `order status` shows it.
        """
        wanted, found = set(people), []
        with self._records.read() as work:
            runs = [one.id for one in run_rows.all_runs(work) if one.state not in _NOT_STARTED]
            kinds = (TargetKind.HELD, TargetKind.SUBJECT)  # who came under a hold later than the run is still a subject
            deferred = [one for one in runs if any(wanted.intersection(run_rows.targets(work, one, k)) for k in kinds)]
        for run in deferred:
            with suppress(Refused):  # logged where it was refused
                found.append(self._destruction.resume(run))
                self.settle(run)
        return found

    def met(self, order: OrderId, term: int, *, by: str) -> Standing:
        """Record that people met a term, such as a report; an order that has nothing left to do is satisfied.

        Raises:
            NotFound: no such order.
            BadInput: no such term, or one that the program meets.
        """
        found = self._orders.met(order, term, by=by)
        if found.order.run is not None:
            self.settle(found.order.run)
        return self._orders.status(order)

    def settle(self, run: RunId) -> None:
        """Note that orders are satisfied, once their run has a complete certificate and people met their terms."""
        finished = self._destruction.status(run)
        if finished.run.state is not RunState.CERTIFIED or finished.title != COMPLETE:
            return
        with self._records.write() as work:
            for order in rows.served_by(work, run):
                if order.status is OrderStatus.IN_FORCE and not unmet(order):
                    rows.move(work, order.id, OrderStatus.SATISFIED)
                    work.log(EventTag.ORDER_SATISFIED, order=order.id, run=run)
