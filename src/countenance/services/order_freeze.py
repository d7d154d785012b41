# SPDX-License-Identifier: Apache-2.0
"""Freezing the class of an order: all of it at once, and whoever comes into it later at the moment that is recorded."""

from __future__ import annotations

import json

from countenance.clock import to_text
from countenance.ids import OrderId, SubjectId
from countenance.ledger.merkle import root_over
from countenance.model.event import EventTag
from countenance.model.order import Order, OrderStatus
from countenance.policy.orders import freezes
from countenance.store import orders as rows
from countenance.store.records import Transaction


def freeze_class(work: Transaction, order: Order, only: SubjectId | None = None) -> int:
    """Freeze who is in the class of an order now, in force for the next search once this has committed.

    Args:
        only: this person alone, where it is known that nobody else can be new.

    Returns:
        How many were not in it before.
    """
    first = order.frozen_at is None
    counts: dict[str, int] = {}
    new = 0
    if freezes(order.instrument.verbs):
        new = rows.freeze(work, order, only)
        # The tombstones come first, so that no restore forgets what was in force.
        work.keyring.bury(rows.frozen_marks(work, order.id, only) if new else [], work.now)
        counts = rows.standings(work, order.id)
    if not first and not new:
        return 0
    root = root_over(rows.members(work, [order.id]))
    status = OrderStatus.IN_FORCE if order.status is OrderStatus.CONFIRMED else order.status
    at = to_text(order.frozen_at or work.now)
    rows.move(work, order.id, status, frozen_at=at, class_root=root, counts=json.dumps(counts))
    work.log(EventTag.ORDER_FROZEN, subject=only, order=order.id, root=root, new=new, counts=counts)
    return new


def freeze_newcomer(work: Transaction, subject: SubjectId) -> list[OrderId]:
    """Freeze one person whom a new fact brought into the class of an order that froze its class before.

    A stayed order keeps its class frozen, and so this person too.

    Returns:
        The orders that froze the person.
    """
    return [one.id for one in rows.binding(work) if freeze_class(work, one, subject)]
