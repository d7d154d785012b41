# SPDX-License-Identifier: Apache-2.0
"""Rows of orders and of their members; freezing and thawing a class in bulk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import CompoundSelect, Row, func, insert, literal, select, true, update

from countenance.clock import from_text, to_text
from countenance.errors import NotFound
from countenance.ids import OrderId, ReleaseId, RunId, SubjectId
from countenance.model.destruction import RunState
from countenance.model.order import Instrument, Order, OrderStatus, Unknown
from countenance.policy import order_file
from countenance.policy.orders import ORDER_MOVES
from countenance.store import classes, schema
from countenance.store.keyring import LOG_KEY
from countenance.store.keyring_rows import frozen_mark, thawed_mark
from countenance.store.records import Transaction

MEMBER, UNKNOWN = "member", "unknown"

# Made once: each decision on a search or a group of photos asks it.
_BINDING = (
    select(schema.legal_order)
    .where(schema.legal_order.c.frozen_at.is_not(None), schema.legal_order.c.status != OrderStatus.VACATED.value)
    .order_by(schema.legal_order.c.id)
)


@dataclass(frozen=True)
class OrderDocument:
    """An order as it was entered.

    Attributes:
        file: the text of the order file.
        name: the file's name, without folders.
        instrument: the text of the instrument, where it lay in a file of its own.
    """

    file: str
    name: str
    instrument: str | None


def add(work: Transaction, order: OrderId, document: OrderDocument, by: str) -> None:
    """Store a new order."""
    text = json.dumps([document.file, document.name, document.instrument])
    work.connection.execute(
        insert(schema.legal_order).values(
            id=order,
            status=OrderStatus.DRAFT.value,
            sealed_document=work.seal(LOG_KEY, text.encode(), f"legal_order.document:{order}"),
            sealed_entered_by=work.seal(LOG_KEY, by.encode(), f"legal_order.entered_by:{order}"),
            entered_at=to_text(work.now),
            counts="{}",
            lead=order,
            met="[]",
        )
    )


def get(work: Transaction, order: OrderId) -> Order:
    """Return one order.

    Raises:
        NotFound: there is none of this id.
    """
    row = work.connection.execute(select(schema.legal_order).where(schema.legal_order.c.id == order)).first()
    if row is None:
        raise NotFound(f"no order {order}; `countenance order list` shows them")
    return _order(work, row)


def everyone(work: Transaction) -> list[Order]:
    """Return all orders, oldest first."""
    rows = work.connection.execute(select(schema.legal_order).order_by(schema.legal_order.c.entered_at))
    return [_order(work, row) for row in rows]


def of_lead(work: Transaction, lead: OrderId) -> list[Order]:
    """Return the orders that one destruction run serves, oldest first."""
    table = schema.legal_order
    rows = work.connection.execute(select(table).where(table.c.lead == lead).order_by(table.c.entered_at))
    return [_order(work, row) for row in rows]


def served_by(work: Transaction, run: RunId) -> list[Order]:
    """Return the orders behind a destruction run."""
    table = schema.legal_order
    rows = work.connection.execute(select(table).where(table.c.run == run).order_by(table.c.entered_at))
    return [_order(work, row) for row in rows]


def binding(work: Transaction) -> list[Order]:
    """Return the orders that froze their class and have not been vacated, oldest first."""
    return [_order(work, row) for row in work.connection.execute(_BINDING)]


def _order(work: Transaction, row: Row[Any]) -> Order:
    def text(column: str) -> str | None:
        sealed = getattr(row, f"sealed_{column}")
        return None if sealed is None else work.unseal(LOG_KEY, sealed, f"legal_order.{column}:{row.id}").decode()

    entered = from_text(row.entered_at)
    return Order(
        id=row.id,
        instrument=_instrument(text("document") or "", entered),
        status=OrderStatus(row.status),
        entered_by=text("entered_by") or "",
        entered_at=entered,
        confirmed_by=text("confirmed_by"),
        frozen_at=row.frozen_at and from_text(row.frozen_at),
        class_root=row.class_root,
        counts=json.loads(row.counts),
        lead=row.lead,
        run=row.run,
        met=frozenset(json.loads(row.met)),
        reported_at=row.reported_at and from_text(row.reported_at),
    )


@lru_cache(maxsize=64)  # few orders, read on every decision
def _instrument(document: str, entered_at: datetime) -> Instrument:
    file, name, instrument = json.loads(document)
    return order_file.read(file, name, instrument=instrument, now=entered_at)


def move(work: Transaction, order: OrderId, status: OrderStatus, **columns: object) -> None:
    """Move an order to another status and set some of its columns.

    Raises:
        RuntimeError: an order does not go there from where it stands.
    """
    table = schema.legal_order
    now = OrderStatus(work.connection.execute(select(table.c.status).where(table.c.id == order)).scalar_one())
    if status is not now and status not in ORDER_MOVES[now]:
        raise RuntimeError(f"an order does not go from {now.value} to {status.value}")
    work.connection.execute(update(table).where(table.c.id == order).values(status=status.value, **columns))


def confirm(work: Transaction, order: OrderId, by: str) -> None:
    """Record who confirmed an order."""
    move(
        work,
        order,
        OrderStatus.CONFIRMED,
        sealed_confirmed_by=work.seal(LOG_KEY, by.encode(), f"legal_order.confirmed_by:{order}"),
    )


def set_columns(work: Transaction, order: OrderId, **columns: object) -> None:
    """Set columns of an order that are no status."""
    work.connection.execute(update(schema.legal_order).where(schema.legal_order.c.id == order).values(**columns))


def stayed_from(work: Transaction, order: OrderId) -> OrderStatus:
    """Return the status that a stayed order goes back to."""
    table = schema.legal_order
    return OrderStatus(work.connection.execute(select(table.c.stayed_from).where(table.c.id == order)).scalar_one())


def request(work: Transaction, order: OrderId) -> tuple[str, str, str] | None:
    """Return what one person asked for and waits for a second one: action, about what, by whom."""
    table = schema.legal_order
    sealed = work.connection.execute(select(table.c.sealed_request).where(table.c.id == order)).scalar()
    if sealed is None:
        return None
    action, about, by = json.loads(work.unseal(LOG_KEY, sealed, f"legal_order.request:{order}"))
    return action, about, by


def set_request(work: Transaction, order: OrderId, asked: tuple[str, str, str] | None) -> None:
    """Store what one person asked for; None once it is done."""
    column = f"legal_order.request:{order}"
    sealed = None if asked is None else work.seal(LOG_KEY, json.dumps(asked).encode(), column)
    set_columns(work, order, sealed_request=sealed)


def count_class(work: Transaction, instrument: Instrument) -> tuple[dict[str, int], list[SubjectId]]:
    """Return how many are members, unknown and nonmembers at this moment, and the ids that would be frozen, sorted."""
    queries = classes.members(work, instrument.persons)
    found = {name: [row.id for row in work.connection.execute(queries[name])] for name in (MEMBER, UNKNOWN)}
    everybody = int(work.connection.execute(select(func.count()).select_from(schema.subject)).scalar_one())
    numbers = {name: len(ids) for name, ids in found.items()}
    treated = [] if instrument.persons.unknown is Unknown.EXCLUDE else found[UNKNOWN]
    return numbers | {"nonmember": everybody - sum(numbers.values())}, sorted([*found[MEMBER], *treated])


def freeze(work: Transaction, order: Order, only: SubjectId | None = None) -> int:
    """Write down who is in the class of an order now, and freeze them; return how many are new in it.

    Who is not unknown any more, or is out of the class by now, stays in it: an order that froze somebody binds until
    it is vacated.

    Args:
        only: look at this person alone.
    """
    member, person = schema.order_member, schema.subject
    others = member.alias("others")
    mine = others.c.subject == person.c.id
    turn = select(func.count()).select_from(others).where(mine).scalar_subquery()
    by_order = select(others.c.subject).where(mine, others.c.own == 1, others.c.left.is_(None)).exists()
    own = person.c.frozen_at.is_(None) | by_order
    queries = classes.members(work, order.instrument.persons)
    wanted = [MEMBER] if order.instrument.persons.unknown is Unknown.EXCLUDE else [MEMBER, UNKNOWN]
    already = select(member.c.subject).where(member.c.order == order.id)
    among = true() if only is None else person.c.id == only
    new = 0
    for standing in wanted:
        asked = (
            queries[standing]
            .with_only_columns(literal(order.id), person.c.id, literal(standing), own, turn)
            .where(person.c.id.not_in(already), among)
        )
        names = ["order", "subject", "standing", "own", "turn"]
        new += work.connection.execute(insert(member).from_select(names, asked)).rowcount
    ours = person.c.id.in_(select(member.c.subject).where(member.c.order == order.id, member.c.left.is_(None)))
    work.connection.execute(
        update(person).where(ours, person.c.frozen_at.is_(None), among).values(frozen_at=to_text(work.now))
    )
    return new


def frozen_marks(work: Transaction, order: OrderId, only: SubjectId | None = None) -> list[bytes]:
    """Return the tombstones of a freeze, or of one person's: a restore of an older backup freezes them again."""
    table = schema.order_member
    mine = true() if only is None else table.c.subject == only
    rows = work.connection.execute(select(table.c.subject, table.c.turn).where(table.c.order == order, mine))
    return [work.keyring.mac(frozen_mark(row.subject, row.turn)) for row in rows]


def thaw(
    work: Transaction, order: OrderId, why: str, only: Sequence[SubjectId] | None = None
) -> tuple[list[SubjectId], list[bytes]]:
    """Let members out of an order, and unfreeze those whom nothing else keeps; return these.

    Args:
        why: the code of the reason.
        only: these members alone.

    Returns:
        The unfrozen, and the tombstones to bury once this has committed: not before, so that a crash frees nobody.
    """
    table, person = schema.order_member, schema.subject
    ours = (table.c.order == order) & table.c.left.is_(None)
    if only is not None:
        ours &= table.c.subject.in_(only)
    leaving = work.connection.execute(select(table.c.subject, table.c.turn, table.c.own).where(ours)).all()
    work.connection.execute(update(table).where(ours).values(left=why))
    marks = [work.keyring.mac(thawed_mark(row.subject, row.turn)) for row in leaving]
    gone = select(table.c.subject).where(table.c.order == order, table.c.left == why, table.c.own == 1)
    free = person.c.id.in_(gone) & person.c.id.not_in(_kept())
    if only is not None:
        free &= person.c.id.in_(only)
    freed = list(work.connection.execute(select(person.c.id).where(free)).scalars())
    work.connection.execute(update(person).where(free).values(frozen_at=None))
    return freed, marks


def _kept() -> CompoundSelect[Any]:
    """Return the query for everybody whom an order, a hold, a run or the person's own withdrawal keeps frozen."""
    s = schema
    target = s.run_target
    orders = select(s.order_member.c.subject).where(s.order_member.c.left.is_(None))
    holds = select(s.hold_subject.c.subject).join(s.hold, s.hold.c.id == s.hold_subject.c.hold)
    ended = [RunState.PLANNED.value, RunState.CANCELLED.value]
    runs = select(target.c.id).join(s.run, s.run.c.id == target.c.run).where(s.run.c.state.not_in(ended))
    withdrawn = select(s.release.c.subject).join(s.release_event, s.release_event.c.release == s.release.c.id)
    parts = (
        orders,
        holds.where(s.hold.c.lifted_at.is_(None)),
        runs,
        withdrawn.where(s.release_event.c.status == "withdrawn"),
    )
    return parts[0].union_all(*parts[1:])


def members(work: Transaction, orders: Sequence[OrderId], standing: str | None = None) -> list[SubjectId]:
    """Return the people whom any of these orders binds, sorted; of one standing where it is given."""
    table = schema.order_member
    query = select(table.c.subject).where(table.c.order.in_(orders), table.c.left.is_(None)).distinct()
    if standing is not None:
        query = query.where(table.c.standing == standing)
    return list(work.connection.execute(query.order_by(table.c.subject)).scalars())


def standings(work: Transaction, order: OrderId) -> dict[str, int]:
    """Return how many people an order binds, by standing."""
    table = schema.order_member
    query = select(table.c.standing, func.count()).where(table.c.order == order, table.c.left.is_(None))
    return {MEMBER: 0, UNKNOWN: 0} | {
        row[0]: row[1] for row in work.connection.execute(query.group_by(table.c.standing))
    }


def unknown_in(work: Transaction, run: RunId) -> int:
    """Return how many targets of a run are members of its orders only because their residency is unknown."""
    table, order, target = schema.order_member, schema.legal_order, schema.run_target
    sure = (
        select(table.c.subject)
        .join(order, order.c.id == table.c.order)
        .where(order.c.run == run, table.c.standing == MEMBER)
    )
    query = (
        select(func.count(table.c.subject.distinct()))
        .join(order, order.c.id == table.c.order)
        .join(target, (target.c.id == table.c.subject) & (target.c.run == run))
        .where(order.c.run == run, table.c.standing == UNKNOWN, table.c.subject.not_in(sure))
    )
    return int(work.connection.execute(query).scalar_one())


def is_member(work: Transaction, order: OrderId, subject: SubjectId) -> bool:
    """Say whether an order binds what is held of somebody."""
    table = schema.order_member
    query = select(table.c.subject).where(table.c.order == order, table.c.subject == subject, table.c.left.is_(None))
    return work.connection.execute(query).first() is not None


def both(work: Transaction, one: OrderId, other: OrderId) -> list[SubjectId]:
    """Return the people whom two orders bind, sorted."""
    table, second = schema.order_member, schema.order_member.alias("second")
    query = (
        select(table.c.subject)
        .join(second, second.c.subject == table.c.subject)
        .where(table.c.order == one, second.c.order == other, table.c.left.is_(None), second.c.left.is_(None))
    )
    return list(work.connection.execute(query.order_by(table.c.subject)).scalars())


def living(work: Transaction, subjects: Iterable[SubjectId]) -> list[SubjectId]:
    """Return those of these people who still have a row, in the same order."""
    there = set(work.connection.execute(select(schema.subject.c.id)).scalars())
    return [one for one in subjects if one in there]


def live_releases(work: Transaction, subject: SubjectId) -> list[ReleaseId]:
    """Return the releases of somebody whose last event says that they are given."""
    table, event = schema.release, schema.release_event
    last = (
        select(event.c.status)
        .where(event.c.release == table.c.id)
        .order_by(event.c.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = select(table.c.id).where(table.c.subject == subject, last == "given")
    return [ReleaseId(one) for one in work.connection.execute(query).scalars()]
