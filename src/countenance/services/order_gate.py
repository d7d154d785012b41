# SPDX-License-Identifier: Apache-2.0
"""What orders say to the rest of the program: whether a run may go on, and whether somebody may be enrolled again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from countenance.errors import Refused
from countenance.ids import RunId, SubjectId
from countenance.model.event import EventTag
from countenance.model.order import STOPS, Order, OrderStatus, Verb
from countenance.store import classes, conflicts
from countenance.store import orders as rows
from countenance.store import runs as run_rows
from countenance.store.records import Records, Transaction

_RUNNING = (OrderStatus.IN_FORCE, OrderStatus.SATISFIED)


def mind_orders(records: Records, run: RunId) -> None:
    """Let a run go on only while every order behind it is in force and nothing about it is in conflict.

    Raises:
        Refused: one is stayed or vacated, or counsel has to decide first; logged.
    """
    with records.read() as work:
        source = run_rows.get(work, run).source
        filters = [one for one in rows.everyone(work) if source in one.instrument.filtered]
        behind = [*rows.served_by(work, run), *(one for one in filters if one.status is OrderStatus.STAYED)]
        stayed = [one.id for one in behind if one.status not in _RUNNING]
        open_ones = [one.id for order in behind for one in conflicts.everything(work, of=order.id, only_open=True)]
    if stayed:
        raise refused(
            records,
            "order.in_force",
            f"nothing is destroyed for {', '.join(stayed)}, which is stayed or vacated; "
            f"`countenance order status {stayed[0]}` says which",
            run=run,
        )
    if open_ones:
        raise in_conflict(records, open_ones[0], run=run)


def in_conflict(records: Records, conflict: str, **payload: str) -> Refused:
    """Log and return the refusal to act on an order while counsel has to decide."""
    return refused(
        records,
        "order.conflict",
        f"two orders about the same people cannot both be met ({conflict}); they are frozen and sealed until counsel "
        f"decides: `countenance order resolve {conflict}`",
        **payload,
    )


def refused(records: Records, rule: str, reason: str, **payload: str) -> Refused:
    """Log a refusal of something about an order, and return it to be raised."""
    with records.write() as work:
        work.log(EventTag.ORDER_REFUSED, subject=None, rule=rule, **payload)
    return Refused(rule, reason, "core: an order is obeyed to the letter, and nothing ends a protection by itself")


def stops(order: Order) -> bool:
    """Say whether an order stops its class from being collected or searched."""
    return bool(order.instrument.verbs & (STOPS | {Verb.DESTROY}))


def barred_by(
    work: Transaction,
    subject: SubjectId,
    signed_at: datetime | None = None,
    *,
    binding: Sequence[Order] | None = None,
) -> Order | None:
    """Return the order whose class somebody is in, and which no release of this person is allowed to answer.

    Args:
        signed_at: when the release was signed that would be used; None where one is only to be signed now.
        binding: the orders that bind in this transaction, where the caller has read them already.
    """
    for order in rows.binding(work) if binding is None else binding:
        if not stops(order):
            continue
        after = order.instrument.persons.new_release_after
        if after is not None and (signed_at or work.now) > after:
            continue
        if classes.bound(work, order.instrument.persons, subject):
            return order
    return None
