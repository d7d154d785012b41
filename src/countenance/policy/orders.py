# SPDX-License-Identifier: Apache-2.0
"""The law of orders: where a record and an order may go, which instrument outranks which, what conflicts, what is due.

Nothing here decides between two instruments of one rank. That is for counsel, and until then the people concerned are
frozen and sealed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from countenance.model.order import BY_HAND, STOPS, Deadlines, Instrument, Order, OrderKind, OrderStatus, Verb


class RecordState(StrEnum):
    """Where everything that is held of one person stands."""

    ACTIVE = "active"
    FROZEN = "frozen"
    """Not searched, not collected, not derived from."""
    HELD = "held"
    """Frozen, and sealed under the escrow key of a hold."""
    DESTROYING = "destroying"
    DESTROYED = "destroyed"


class Act(StrEnum):
    """What happens to a record."""

    FREEZE = "freeze"
    HOLD = "hold"
    LIFT = "lift"
    DESTROY = "destroy"
    FINISH = "finish"
    VACATE = "vacate"
    RENEW = "renew"
    """A new release, where the order allows one."""


_MOVES: dict[tuple[RecordState, Act], RecordState] = {
    (RecordState.ACTIVE, Act.FREEZE): RecordState.FROZEN,
    (RecordState.ACTIVE, Act.HOLD): RecordState.HELD,
    (RecordState.FROZEN, Act.FREEZE): RecordState.FROZEN,
    (RecordState.FROZEN, Act.HOLD): RecordState.HELD,
    (RecordState.FROZEN, Act.DESTROY): RecordState.DESTROYING,
    (RecordState.FROZEN, Act.VACATE): RecordState.ACTIVE,
    (RecordState.FROZEN, Act.RENEW): RecordState.ACTIVE,
    (RecordState.HELD, Act.FREEZE): RecordState.HELD,
    (RecordState.HELD, Act.HOLD): RecordState.HELD,
    (RecordState.HELD, Act.LIFT): RecordState.FROZEN,
    (RecordState.DESTROYING, Act.FREEZE): RecordState.DESTROYING,
    (RecordState.DESTROYING, Act.DESTROY): RecordState.DESTROYING,
    (RecordState.DESTROYING, Act.FINISH): RecordState.DESTROYED,
    (RecordState.DESTROYED, Act.FREEZE): RecordState.DESTROYED,
    (RecordState.DESTROYED, Act.DESTROY): RecordState.DESTROYED,
    (RecordState.DESTROYED, Act.FINISH): RecordState.DESTROYED,
}
DUAL_CONTROL = frozenset({Act.LIFT, Act.DESTROY, Act.VACATE, Act.RENEW})
"""Acts that take two people: whatever ends a protection."""


def move(state: RecordState, act: Act, *, people: int = 1) -> RecordState | None:
    """Return where an act takes a record; None where it may not happen.

    Args:
        people: how many different people stand behind it.
    """
    if act in DUAL_CONTROL and people < 2:
        return None
    return _MOVES.get((state, act))


ORDER_MOVES: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.DRAFT: frozenset({OrderStatus.CONFIRMED, OrderStatus.VACATED}),
    OrderStatus.CONFIRMED: frozenset({OrderStatus.IN_FORCE, OrderStatus.STAYED, OrderStatus.VACATED}),
    OrderStatus.IN_FORCE: frozenset({OrderStatus.STAYED, OrderStatus.VACATED, OrderStatus.SATISFIED}),
    OrderStatus.STAYED: frozenset({OrderStatus.CONFIRMED, OrderStatus.IN_FORCE, OrderStatus.VACATED}),
    OrderStatus.SATISFIED: frozenset({OrderStatus.VACATED}),
    OrderStatus.VACATED: frozenset(),
}
"""Where an order may go. A stayed order keeps its freeze; it goes on where it stood."""


class Rank(IntEnum):
    """Precedence; the smaller number prevails."""

    COURT_TEXT = 1
    """A court's own words on preservation or destruction."""
    STOP_ORDER = 2
    """A stop order of a court or regulator."""
    HOLD = 3
    REQUEST = 4
    RETENTION = 5


_COURT = frozenset({OrderKind.INJUNCTION, OrderKind.TRO, OrderKind.CONSENT_ORDER, OrderKind.JUDGMENT})


def rank(kind: OrderKind, verb: Verb) -> Rank:
    """Return the rank of one term of an order."""
    if kind in _COURT:
        return Rank.COURT_TEXT if verb in (Verb.DESTROY, Verb.RETAIN, Verb.RETURN) else Rank.STOP_ORDER
    if kind is OrderKind.REGULATOR_NOTICE:
        return Rank.STOP_ORDER
    if kind is OrderKind.SELF_IMPOSED:
        return Rank.RETENTION
    return Rank.REQUEST


class Clash(StrEnum):
    """What becomes of two instruments about the same people."""

    NONE = "none"
    FIRST_YIELDS = "first_yields"
    SECOND_YIELDS = "second_yields"
    CONFLICT = "conflict"


def clash(first: Instrument, second: Instrument) -> Clash:
    """Say whether two orders about the same people can both be met, and which of them yields.

    One that destroys and one that retains cannot. The higher in rank prevails; of one rank neither does, and the
    program does not choose.
    """
    one, two = _fate(first), _fate(second)
    if one is None or two is None or one is two:
        return Clash.NONE
    mine, other = rank(first.kind, one), rank(second.kind, two)
    if mine == other:
        return Clash.CONFLICT
    return Clash.SECOND_YIELDS if mine < other else Clash.FIRST_YIELDS


def _fate(instrument: Instrument) -> Verb | None:
    """Return what an order wants to become of what is held: destroyed, retained, or nothing said.

    One that says both retains: what is destroyed cannot be kept.
    """
    return next((verb for verb in (Verb.RETAIN, Verb.DESTROY) if verb in instrument.verbs), None)


@dataclass(frozen=True)
class Due:
    """Something that is to be done by a moment."""

    what: str
    at: datetime
    overdue: bool


def due(order: Order, now: datetime) -> list[Due]:
    """Return what is still to be done about an order and has a date, soonest first; nothing while it is stayed."""
    if order.status not in (OrderStatus.DRAFT, OrderStatus.CONFIRMED, OrderStatus.IN_FORCE):
        return []
    dates: Deadlines = order.instrument.deadlines
    verbs = order.instrument.verbs
    open_: list[tuple[str, datetime | None]] = []
    if order.frozen_at is None and freezes(verbs):
        open_.append(("freeze", dates.freeze or order.instrument.effective_at))
    if Verb.DESTROY in verbs:
        open_ += [("destroy", dates.destroy), ("certify", dates.certify)]
    if dates.report_every_days is not None:
        since = order.reported_at or order.instrument.effective_at
        open_.append(("report", since + timedelta(days=dates.report_every_days)))
    if order.instrument.expires_at is not None:
        open_.append(("expires", order.instrument.expires_at))
    found = [Due(what, at, at < now) for what, at in open_ if at is not None]
    return sorted(found, key=lambda one: one.at)


def freezes(verbs: Iterable[Verb]) -> bool:
    """Say whether an order with these terms freezes its class: every stop does, and nothing is destroyed unfrozen."""
    return bool(set(verbs) & (STOPS | {Verb.DESTROY, Verb.RETAIN}))


def unmet(order: Order) -> list[int]:
    """Return the numbers of the terms that people meet and nobody said are met."""
    return [term.number for term in order.instrument.terms if term.verb in BY_HAND and term.number not in order.met]
