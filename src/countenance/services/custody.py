# SPDX-License-Identifier: Apache-2.0
"""A custodian's desk: holds, orders, their conflicts and their execution, which need one another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from countenance.ids import SubjectId
from countenance.services.destruction import Destruction, Finished
from countenance.services.holds import Erase, Holds
from countenance.services.law import LawBook
from countenance.services.order_acts import OrderActs
from countenance.services.order_conflicts import Conflicts
from countenance.services.order_execution import OrderRuns
from countenance.services.orders import Orders
from countenance.services.register import Register
from countenance.services.sources import Sources
from countenance.store.records import Records


class Custody:
    """Wires these services; a lifted hold starts the destruction that it deferred.

    Attributes:
        holds: `place`, `lift`, `review`, `overdue`, `everyone`.
        conflicts: `resolve`, `everything`.
        orders: `enter`, `confirm`, `preview`, `freeze`, `stay`, `end_stay`, `vacate`, `readmit`, `met`, `status`.
    """

    def __init__(
        self,
        records: Records,
        law: LawBook,
        register: Register,
        destruction: Callable[[], Destruction],
        spread: Callable[[], object],
        erase: Erase,
    ) -> None:
        self._records = records
        self._destruction = destruction
        self.holds = Holds(records, law, self._take_up, spread, erase)
        self.conflicts = Conflicts(records, self.holds, spread)
        acts = OrderActs(register, Sources(records, destruction))
        self.orders = Orders(records, self.conflicts, acts, spread)

    @cached_property
    def runs(self) -> OrderRuns:
        """Verbs that destroy for orders: `execute`, `consolidate`."""
        return OrderRuns(self._records, self.orders, self._destruction())

    def _take_up(self, people: Sequence[SubjectId]) -> list[Finished]:
        return self.runs.take_up(people)
