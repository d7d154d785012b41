# SPDX-License-Identifier: Apache-2.0
"""Orders: entered by file or by fields, confirmed by another, counted, frozen, executed; conflicts side by side."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from countenance.api.guard import EngineOf, may
from countenance.api.listing import PAGE
from countenance.api.photos import PhotoForm
from countenance.api.problems import Problem
from countenance.api.routes import orders as api
from countenance.api.routes.orders import CounselIn, OrderIn, OrdersIn, ResolveIn, SubjectIn, TermIn, TermNumberIn
from countenance.api.routes.runs import DeclarantIn, InvalidateIn, get_run, invalidate_release
from countenance.api.settings import LARGEST_UPLOAD
from countenance.bootstrap import Engine
from countenance.errors import BadInput
from countenance.ids import ConflictId, HoldId, OrderId
from countenance.model.account import Caller
from countenance.model.order import ClassKind, OrderKind, OrderStatus, Unknown, When
from countenance.model.order import Verb as TermVerb
from countenance.policy.roles import Verb
from countenance.web.acts import carry_out, who_is_who
from countenance.web.render import page

router = APIRouter()

Reader = Annotated[Caller, may(Verb.ORDER_READ)]
Writer = Annotated[Caller, may(Verb.ORDER_WRITE)]
_ROWS = 6
_ONE = ("kind", "authority", "matter", "text", "class_kind", "residents_when", "class_from", "class_until", "unknown")
_DATES = ("issued_at", "served_at", "effective_at", "expires_at")
_DEADLINES = ("freeze", "destroy", "certify", "report_every_days")
_COUNSEL = ("counsel_name", "counsel_contact", "counsel_acts_for")
Text = Annotated[str, Form()]
Texts = Annotated[list[str], Form()]


@router.get("/orders")
def list_orders(
    request: Request, caller: Reader, engine: EngineOf, status: str = "", after: str | None = None
) -> HTMLResponse:
    """Show the orders, newest first."""
    chosen = OrderStatus(status) if status in list(OrderStatus) else None
    found = api.list_orders(caller, engine, chosen, after, PAGE)
    following = None if found.next is None else f"/orders?{urlencode({'status': status, 'after': found.next})}"
    conflicts = [one for one in api.list_conflicts(caller, engine).items if one.resolved_at is None]
    return page(
        request,
        "custody/orders.html",
        orders=found.items,
        following=following,
        first=None if after is None else f"/orders?{urlencode({'status': status})}",
        chosen=status,
        statuses=list(OrderStatus),
        conflicts=conflicts,
    )


@router.get("/orders/new")
def new_order(request: Request, _caller: Writer) -> HTMLResponse:
    """Show the two ways to enter an order."""
    return _new(request, {}, None)


@router.post("/orders/upload", max_body_size=LARGEST_UPLOAD)
def upload_order(request: Request, caller: Writer, engine: EngineOf, form: PhotoForm) -> Response:
    """Enter an order by its file."""

    def act() -> str:
        return f"/orders/{api.enter_order(caller, engine, Response(), form).id}"

    return carry_out(request, act, lambda problem: _new(request, {}, problem))


@router.post("/orders/new")
async def fill_in_order(request: Request, caller: Writer, engine: EngineOf) -> Response:
    """Enter an order by its fields."""
    form = await request.form(max_files=0, max_fields=100)
    said = {name: [str(value) for value in form.getlist(name)] for name in form}
    return await run_in_threadpool(_entered, request, caller, engine, said)


@router.get("/orders/{order}")
def show_order(request: Request, caller: Reader, engine: EngineOf, order: str) -> HTMLResponse:
    """Show one order: its terms, where it stands, what can be done."""
    return _show(request, caller, engine, order, None)


@router.post("/orders/{order}/preview")
def preview_order(request: Request, caller: Writer, engine: EngineOf, order: str) -> Response:
    """Count who would be frozen, and show it on the order's page."""
    return _show(request, caller, engine, order, None, seen=api.preview_order(caller, engine, order))


_STEPS = {
    "confirm": api.confirm_order,
    "freeze": api.freeze_order,
    "stay": api.stay_order,
    "end-stay": api.end_order_stay,
    "vacate": api.vacate_order,
}


@router.post("/orders/{order}/act")
def act_on_order(request: Request, caller: Writer, engine: EngineOf, order: str, step: Text = "") -> Response:
    """Do one of the things with an order that need no further words."""

    def act() -> str:
        if step not in _STEPS:
            raise BadInput("choose what to do with the order")
        _STEPS[step](caller, engine, order)
        return f"/orders/{order}"

    return carry_out(request, act, lambda problem: _show(request, caller, engine, order, problem))


@router.post("/orders/{order}/execute")
def execute_order(
    request: Request, caller: Writer, engine: EngineOf, order: str, name: Text = "", title: Text = ""
) -> Response:
    """Plan the destruction, or as a second person begin it."""

    def act() -> str:
        declares = DeclarantIn(name=name, title=title or "Custodian") if name.strip() else None
        return f"/runs/{api.execute_order(caller, engine, order, declares).id}"

    return carry_out(request, act, lambda problem: _show(request, caller, engine, order, problem))


@router.post("/orders/{order}/met")
def term_met(request: Request, caller: Writer, engine: EngineOf, order: str, term: Annotated[int, Form()]) -> Response:
    """Record that people met a term."""

    def act() -> str:
        api.order_term_met(caller, engine, order, TermNumberIn(term=max(1, term)))
        return f"/orders/{order}"

    return carry_out(request, act, lambda problem: _show(request, caller, engine, order, problem))


@router.post("/orders/{order}/readmit")
def readmit(request: Request, caller: Writer, engine: EngineOf, order: str, subject: Text = "") -> Response:
    """Let one member sign a new release."""

    def act() -> str:
        api.readmit_subject(caller, engine, order, SubjectIn(subject=subject.strip()))
        return f"/orders/{order}"

    return carry_out(request, act, lambda problem: _show(request, caller, engine, order, problem))


@router.post("/orders/{order}/void-release")
def void_release(
    request: Request,
    caller: Annotated[Caller, may(Verb.RELEASE_INVALIDATE)],
    engine: EngineOf,
    order: str,
    release: Text = "",
) -> Response:
    """Record that this ruling voided a release."""

    def act() -> str:
        invalidate_release(caller, engine, release.strip(), InvalidateIn(order=order))
        return f"/orders/{order}?voided=yes"

    return carry_out(request, act, lambda problem: _show(request, caller, engine, order, problem))


@router.post("/orders/{order}/consolidate")
def consolidate(request: Request, caller: Writer, engine: EngineOf, order: str, orders: Text = "") -> Response:
    """Let other orders be executed with this one."""

    def act() -> str:
        named = orders.split()
        if not named:
            raise BadInput("name the other orders by their ids")
        api.consolidate_orders(caller, engine, order, OrdersIn(orders=named))
        return f"/orders/{order}"

    return carry_out(request, act, lambda problem: _show(request, caller, engine, order, problem))


@router.get("/conflicts/{conflict}")
def show_conflict(request: Request, caller: Reader, engine: EngineOf, conflict: str) -> HTMLResponse:
    """Show two instruments that cannot both be met, side by side."""
    return _conflict(request, caller, engine, conflict, None)


@router.post("/conflicts/{conflict}")
def resolve(
    request: Request, caller: Writer, engine: EngineOf, conflict: str, prevails: Text = "", why: Text = ""
) -> Response:
    """Record counsel's decision as one of two people."""

    def act() -> str:
        api.resolve_conflict(caller, engine, conflict, ResolveIn(prevails=prevails, why=why[:4000]))
        return f"/conflicts/{conflict}"

    return carry_out(request, act, lambda problem: _conflict(request, caller, engine, conflict, problem))


def _entered(request: Request, caller: Caller, engine: Engine, said: dict[str, list[str]]) -> Response:
    def act() -> str:
        return f"/orders/{api.enter_order_form(caller, engine, Response(), _order_in(said)).id}"

    return carry_out(request, act, lambda problem: _new(request, said, problem))


def _order_in(said: dict[str, list[str]]) -> OrderIn:
    """Return what was typed as the API takes it; empty rows are left out."""

    def one(name: str) -> str:
        return (said.get(name) or [""])[0]

    rows = zip(*(said.get(name) or [""] * _ROWS for name in ("term_verb", "term_quote", "term_names")), strict=False)
    return OrderIn(
        **{name: one(name) for name in _ONE},
        binds=[line.strip() for line in one("binds").splitlines() if line.strip()],
        dates={name: one(name) for name in _DATES},
        terms=[TermIn(verb=verb, quote=quote, names=names.split()) for verb, quote, names in rows if verb],
        class_values=one("class_values").split(),
        deadlines={name: one(name) for name in _DEADLINES},
        counsel=[
            CounselIn(name=name, contact=contact, acts_for=side)
            for name, contact, side in zip(*(said.get(name) or [] for name in _COUNSEL), strict=False)
            if name.strip()
        ],
    )


def _new(request: Request, said: dict[str, list[str]], problem: Problem | None) -> HTMLResponse:
    if problem is not None and problem.detail.startswith("form.toml:"):  # a line of a file that nobody has seen
        problem = problem.model_copy(update={"detail": problem.detail.split(": ", 1)[1]})
    return page(
        request,
        "custody/order_new.html",
        said=said,
        problem=problem,
        rows=range(_ROWS),
        kinds=list(OrderKind),
        verbs=list(TermVerb),
        classes=list(ClassKind),
        whens=list(When),
        unknowns=list(Unknown),
    )


def _show(
    request: Request, caller: Caller, engine: Engine, order: str, problem: Problem | None, seen: object = None
) -> HTMLResponse:
    found = engine.custody.orders.status(OrderId(order))
    shown = api.order_out(found)
    return page(
        request,
        "custody/order.html",
        order=shown,
        text=found.order.instrument.text,
        run=None if shown.run is None else get_run(caller, engine, shown.run),
        seen=seen,
        problem=problem,
        who=who_is_who(engine),
        mine=caller.account,
        voided="voided" in request.query_params,
        readmits=found.order.instrument.persons.new_release_after is not None,
    )


def _conflict(request: Request, caller: Caller, engine: Engine, conflict: str, problem: Problem | None) -> HTMLResponse:
    found = engine.custody.conflicts.get(ConflictId(conflict))
    sides = [api.get_order(caller, engine, one) for one in (found.one, found.other) if one.startswith("ord_")]
    hold = engine.custody.holds.get(HoldId(found.one)) if found.one.startswith("hol_") else None
    return page(
        request,
        "custody/conflict.html",
        conflict=api.conflict_out(engine, found),
        sides=sides,
        hold=hold,
        problem=problem,
        who=who_is_who(engine),
        mine=caller.account,
    )
