# SPDX-License-Identifier: Apache-2.0
"""Conflicts of orders: found at a freeze, shown to both counsels, decided by two people and never by the program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from countenance.errors import BadInput
from countenance.ids import ConflictId, OrderId, SubjectId, new_id
from countenance.model.destruction import HoldBasis
from countenance.model.event import EventTag
from countenance.model.order import Order, OrderKind, Verb
from countenance.policy.orders import Clash, clash
from countenance.services.holds import Holds
from countenance.services.order_gate import refused
from countenance.store import conflicts as rows
from countenance.store import orders as order_rows
from countenance.store.conflicts import Conflict
from countenance.store.records import Records, Transaction

ORDERS = "orders"


@dataclass(frozen=True)
class Proposal:
    """What counsel decided, as one person recorded it.

    Attributes:
        prevails: the order that is obeyed; for a hold's ground `keep` or `end`.
    """

    prevails: str
    by: str
    why: str


class Conflicts:
    """Verbs on conflicts between orders."""

    def __init__(
        self,
        records: Records,
        holds: Holds,
        spread: Callable[[], object],
    ) -> None:
        self._records = records
        self._holds = holds
        self._spread = spread

    def look(self, order: OrderId) -> list[Conflict]:
        """Compare an order that was frozen with every other one; seal what it retains, and whom it conflicts about."""
        with self._records.read() as work:
            mine = order_rows.get(work, order)
            retained = order_rows.members(work, [order]) if Verb.RETAIN in mine.instrument.verbs else []
        if retained:
            self._retain(mine, retained)
        with self._records.write() as work:
            return [
                conflict
                for other in order_rows.binding(work)
                if other.id != order and (conflict := self._compare(work, mine, other)) is not None
            ]

    def _retain(self, order: Order, people: list[SubjectId]) -> None:
        """Seal what an order retains under a hold of its own, as far as it is not there yet."""
        matter = _matter(order.id)
        kept = {one for hold in self._holds.everyone() if hold.matter == matter for one in hold.subjects}
        new = [one for one in people if one not in kept]
        if new:
            regulator = order.instrument.kind is OrderKind.REGULATOR_NOTICE
            basis = HoldBasis.REGULATOR if regulator else HoldBasis.COURT_ORDER
            self._holds.place(*new, basis=basis, matter=matter, by=order.entered_by)

    def _compare(self, work: Transaction, mine: Order, other: Order) -> Conflict | None:
        """Open a conflict about the people whom one order destroys and the other retains, if there are any."""
        found = clash(mine.instrument, other.instrument)
        if found is Clash.NONE:
            return None
        # A retaining order that outranks is met by its hold; everything else is for counsel.
        retains = mine if Verb.RETAIN in mine.instrument.verbs else other
        if found is (Clash.SECOND_YIELDS if retains is mine else Clash.FIRST_YIELDS):
            return None
        people = order_rows.both(work, mine.id, other.id)
        known = {frozenset((one.one, one.other)) for one in rows.everything(work, of=mine.id)}
        if not people or {mine.id, other.id} in known:
            return None
        conflict = Conflict(ConflictId(new_id("con")), ORDERS, mine.id, other.id, len(people), work.now, None, None)
        rows.add(work, conflict)
        work.log(EventTag.CONFLICT_RAISED, conflict=conflict.id, one=mine.id, other=other.id, people=len(people))
        return conflict

    def everything(self) -> list[Conflict]:
        """Return all conflicts, oldest first."""
        with self._records.read() as work:
            return rows.everything(work)

    def get(self, conflict: ConflictId) -> Conflict:
        """Return one conflict.

        Raises:
            NotFound: no such conflict.
        """
        with self._records.read() as work:
            return rows.get(work, conflict)

    def proposed(self, conflict: ConflictId) -> Proposal | None:
        """Return what one person recorded and a second one has to agree to.

        Raises:
            NotFound: no such conflict.
        """
        with self._records.read() as work:
            found = None if rows.get(work, conflict).decision else rows.proposal(work, conflict)
        return None if found is None else Proposal(*found)

    def resolve(self, conflict: ConflictId, prevails: str, *, by: str, why: str) -> Conflict:
        """Record what counsel decided, as one of two people who agree; the second one's word puts it into effect.

        Args:
            prevails: the order that is obeyed about the people concerned; for a hold's ground `keep` or `end`.
            why: the decision in words; sealed.

        Raises:
            NotFound: no such conflict.
            BadInput: it was decided, or that is none of its two instruments.
            Refused: the same person twice; logged.
        """
        if not by.strip() or not why.strip():
            raise BadInput("say who decided (--by) and what was decided (--why)")
        with self._records.write() as work:
            found = rows.get(work, conflict)
            choices = (found.one, found.other) if found.kind == ORDERS else ("keep", "end")
            if found.resolved_at is not None or prevails not in choices:
                raise BadInput(f"conflict {conflict} is decided already, or {prevails!r} is not {' or '.join(choices)}")
            asked = rows.proposal(work, conflict)
            agreed = asked is not None and asked[0] == prevails
            same = agreed and asked is not None and asked[1].casefold() == by.strip().casefold()
            if not agreed:
                rows.propose(work, conflict, prevails, by.strip(), why.strip())
                work.log(EventTag.CONFLICT_PROPOSED, conflict=conflict, prevails=prevails)
                return rows.get(work, conflict)
        if same:
            raise refused(self._records, "order.dual_control", "a decision takes two people (--by)", conflict=conflict)
        self._take_effect(found, prevails)
        with self._records.write() as work:
            rows.resolve(work, conflict, prevails)
            work.log(EventTag.CONFLICT_RESOLVED, conflict=conflict, prevails=prevails)
            return rows.get(work, conflict)

    def _take_effect(self, conflict: Conflict, prevails: str) -> None:
        """Let the people concerned out of the order that yields; where that one retained them, out of escrow too."""
        if conflict.kind != ORDERS:
            return
        yields = OrderId(conflict.other if prevails == conflict.one else conflict.one)
        with self._records.write() as work:
            people = order_rows.both(work, OrderId(conflict.one), OrderId(conflict.other))
            retained = Verb.RETAIN in order_rows.get(work, yields).instrument.verbs
            _, marks = order_rows.thaw(work, yields, "overruled", people)
        self._records.keyring.bury(marks, self._records.clock.now())
        self._spread()
        if retained:
            self._holds.release(_matter(yields), people)


def _matter(order: OrderId) -> str:
    """Return the matter of the hold that keeps what an order retains."""
    return f"retained by {order}"
