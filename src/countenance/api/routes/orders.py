# SPDX-License-Identifier: Apache-2.0
"""Orders of courts and authorities: from the paper to the certificate; and their conflicts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from countenance.api.exact import Whole
from countenance.api.guard import EngineOf, may
from countenance.api.listing import PAGE, After, Limit, Listed, cut
from countenance.api.photos import PhotoForm, name_in, words_in
from countenance.api.routes.runs import DeclarantIn, RunOut, declarant_of, run_out
from countenance.api.settings import LARGEST_UPLOAD
from countenance.errors import BadInput
from countenance.ids import ConflictId, OrderId, SubjectId
from countenance.model.account import Caller
from countenance.model.order import OrderStatus
from countenance.policy.order_writer import OrderForm, TermForm
from countenance.policy.roles import Verb
from countenance.services.order_documents import filled_in, uploaded
from countenance.services.orders import Standing
from countenance.store.conflicts import Conflict

router = APIRouter(tags=["orders"])

Reader = Annotated[Caller, may(Verb.ORDER_READ)]
Writer = Annotated[Caller, may(Verb.ORDER_WRITE)]
_FILES = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"description": "The order file (TOML).", "contentMediaType": "text/plain"},
                        "text": {
                            "description": "The order's words, where the file names them as `text_file`.",
                            "contentMediaType": "text/plain",
                        },
                    },
                }
            }
        },
    }
}


class TermOut(BaseModel):
    """One thing that an order asks for."""

    number: int
    verb: str
    quote: str
    open: bool = Field(description="People meet it, and nobody said that they did.")


class DueOut(BaseModel):
    """Something that is to be done by a moment."""

    what: str
    at: datetime
    overdue: bool


class CounselOut(BaseModel):
    """Whom to tell of a conflict."""

    name: str
    contact: str
    acts_for: str


class ConflictOut(BaseModel):
    """Two instruments about the same people that cannot both be met."""

    id: str
    kind: str
    one: str
    other: str
    people: int
    opened_at: datetime
    resolved_at: datetime | None
    decision: str | None
    proposed: str | None = Field(description="What one person recorded and a second one has to agree to.")
    proposed_by: str | None
    why: str | None


class OrderOut(BaseModel):
    """An order with everything that a custodian has to know of it."""

    id: str
    status: OrderStatus
    kind: str
    authority: str
    matter: str
    instrument_sha256: str
    issued_at: datetime
    served_at: datetime
    effective_at: datetime
    expires_at: datetime | None
    binds: list[str]
    penalty: str
    terms: list[TermOut]
    class_kind: str
    unknown_treated_as: str
    counsel: list[CounselOut]
    entered_by: str
    entered_at: datetime
    confirmed_by: str | None
    frozen_at: datetime | None
    class_root: str | None = Field(description="Merkle root over the ids that were frozen.")
    counts: dict[str, int]
    due: list[DueOut]
    overdue: bool
    waits_for: str | None = Field(description="What one person asked for and a second one has to agree to.")
    asked_by: str | None
    conflicts: list[str]
    lead: str
    run: str | None


class PreviewOut(BaseModel):
    """Who would be frozen if the order were frozen now."""

    order: str
    members: int
    unknown: int
    nonmembers: int
    unknown_treated_as: str
    class_root: str


class TermIn(BaseModel):
    """One thing that the order asks for."""

    verb: str
    quote: str
    names: list[str] = Field(default=[], description="Clients, kinds of client or sources, where the verb takes them.")


class CounselIn(BaseModel):
    """Whom to tell of a conflict."""

    name: str
    contact: str
    acts_for: str


class OrderIn(BaseModel):
    """The fields of an order, for those who have no order file; docs/formats/order.md says what they mean."""

    kind: str
    authority: str
    matter: str
    text: str = Field(description="All of the order's words.")
    binds: list[str]
    dates: dict[str, str] = Field(description="`issued_at`, `served_at`, `effective_at`, `expires_at`.")
    terms: list[TermIn]
    class_kind: str
    class_values: list[str] = []
    residents_when: str = "ever"
    class_from: str = ""
    class_until: str = ""
    unknown: str = "member"
    deadlines: dict[str, str] = Field(default={}, description="`freeze`, `destroy`, `certify`, `report_every_days`.")
    counsel: list[CounselIn]


class SubjectIn(BaseModel):
    """One subject."""

    subject: str


class TermNumberIn(BaseModel):
    """One term of an order."""

    term: Whole = Field(ge=1)


class OrdersIn(BaseModel):
    """Other orders."""

    orders: list[str] = Field(min_length=1)


class ResolveIn(BaseModel):
    """What counsel decided."""

    prevails: str = Field(description="The order that is obeyed; for a hold's ground `keep` or `end`.")
    why: str = Field(max_length=4000, description="The decision in words; sealed.")


def order_out(found: Standing) -> OrderOut:
    """Return an order as the API shows it."""
    order, words = found.order, found.order.instrument
    return OrderOut(
        id=order.id,
        status=order.status,
        kind=words.kind.value,
        authority=words.authority,
        matter=words.matter,
        instrument_sha256=words.sha256,
        issued_at=words.issued_at,
        served_at=words.served_at,
        effective_at=words.effective_at,
        expires_at=words.expires_at,
        binds=list(words.binds),
        penalty=words.penalty,
        terms=[
            TermOut(number=one.number, verb=one.verb.value, quote=one.quote, open=one.number in found.unmet)
            for one in words.terms
        ],
        class_kind=words.persons.kind.value,
        unknown_treated_as=words.persons.unknown.value,
        counsel=[CounselOut(name=one.name, contact=one.contact, acts_for=one.acts_for) for one in words.counsel],
        entered_by=order.entered_by,
        entered_at=order.entered_at,
        confirmed_by=order.confirmed_by,
        frozen_at=order.frozen_at,
        class_root=order.class_root,
        counts=order.counts,
        due=[DueOut(what=one.what, at=one.at, overdue=one.overdue) for one in found.due],
        overdue=found.overdue,
        waits_for=found.waits_for,
        asked_by=found.asked_by,
        conflicts=[one.id for one in found.conflicts],
        lead=order.lead,
        run=order.run,
    )


@router.get("/orders")
def list_orders(
    _caller: Reader,
    engine: EngineOf,
    status: Annotated[OrderStatus | None, Query(description="Only those that stand so.")] = None,
    after: After = None,
    limit: Limit = PAGE,
) -> Listed[OrderOut]:
    """Return orders, newest first."""
    found = [one for one in reversed(engine.custody.orders.everyone()) if status in (None, one.order.status)]
    page, following = cut(found, lambda one: one.order.id, after, limit)
    return Listed(items=[order_out(one) for one in page], next=following)


@router.post("/orders", status_code=201, max_body_size=LARGEST_UPLOAD, openapi_extra=_FILES)
def enter_order(caller: Writer, engine: EngineOf, response: Response, form: PhotoForm) -> OrderOut:
    """Enter an order by its file; it binds once somebody else has confirmed it."""
    file, text = words_in(form, "file"), words_in(form, "text")
    if not file:
        raise BadInput("send the order file as `file`")
    document = uploaded(file, name_in(form, "file") or "order.toml", text or None)
    entered = engine.custody.orders.enter(document, by=caller.account)
    response.headers["Location"] = f"/api/v1/orders/{entered.id}"
    return order_out(engine.custody.orders.status(entered.id))


@router.post("/orders/form", status_code=201, max_body_size=LARGEST_UPLOAD)
def enter_order_form(caller: Writer, engine: EngineOf, response: Response, said: OrderIn) -> OrderOut:
    """Enter an order by its fields; it is kept as the order file that they make."""
    form = OrderForm(
        kind=said.kind,
        authority=said.authority,
        matter=said.matter,
        text=said.text,
        binds=tuple(said.binds),
        dates=said.dates,
        terms=tuple(TermForm(one.verb, one.quote, tuple(one.names)) for one in said.terms),
        of=said.class_kind,
        values=tuple(said.class_values),
        when=said.residents_when,
        start=said.class_from,
        end=said.class_until,
        unknown=said.unknown,
        deadlines=said.deadlines,
        counsel=tuple((one.name, one.contact, one.acts_for) for one in said.counsel),
    )
    entered = engine.custody.orders.enter(filled_in(form), by=caller.account)
    response.headers["Location"] = f"/api/v1/orders/{entered.id}"
    return order_out(engine.custody.orders.status(entered.id))


@router.get("/orders/{order}")
def get_order(_caller: Reader, engine: EngineOf, order: str) -> OrderOut:
    """Return one order."""
    return order_out(engine.custody.orders.status(OrderId(order)))


@router.post("/orders/{order}/confirm")
def confirm_order(caller: Writer, engine: EngineOf, order: str) -> OrderOut:
    """Confirm as a second person that an order was transcribed as it was served."""
    engine.custody.orders.confirm(OrderId(order), by=caller.account)
    return order_out(engine.custody.orders.status(OrderId(order)))


@router.post("/orders/{order}/preview")
def preview_order(_caller: Writer, engine: EngineOf, order: str) -> PreviewOut:
    """Count who would be frozen now; nothing is changed, the look is logged."""
    seen = engine.custody.orders.preview(OrderId(order))
    return PreviewOut(
        order=seen.order,
        members=seen.members,
        unknown=seen.unknown,
        nonmembers=seen.nonmembers,
        unknown_treated_as=seen.treated,
        class_root=seen.root,
    )


@router.post("/orders/{order}/freeze")
def freeze_order(_caller: Writer, engine: EngineOf, order: str) -> OrderOut:
    """Freeze the class: in force for the next search when this returns; again, it adds who is new in it."""
    return order_out(engine.custody.orders.freeze(OrderId(order)))


@router.post("/orders/{order}/execute", status_code=202)
def execute_order(caller: Writer, engine: EngineOf, order: str, said: DeclarantIn | None = None) -> RunOut:
    """Execute an order: the first person plans the destruction, the second one's word begins it."""
    engine.accounts.require_fresh(caller)
    declares = declarant_of(said)
    return run_out(engine.run_jobs.execute(OrderId(order), by=caller.account, declarant=declares))


@router.post("/orders/{order}/stay")
def stay_order(caller: Writer, engine: EngineOf, order: str) -> OrderOut:
    """Stay an order: nothing is destroyed and nothing is due; the class stays frozen."""
    return order_out(engine.custody.orders.stay(OrderId(order), by=caller.account))


@router.post("/orders/{order}/end-stay")
def end_order_stay(caller: Writer, engine: EngineOf, order: str) -> OrderOut:
    """Let a stayed order go on where it stood."""
    return order_out(engine.custody.orders.end_stay(OrderId(order), by=caller.account))


@router.post("/orders/{order}/vacate")
def vacate_order(caller: Writer, engine: EngineOf, order: str) -> OrderOut:
    """End an order as one of two people."""
    return order_out(engine.custody.orders.vacate(OrderId(order), by=caller.account))


@router.post("/orders/{order}/readmit")
def readmit_subject(caller: Writer, engine: EngineOf, order: str, said: SubjectIn) -> OrderOut:
    """Let one member sign a new release, as one of two people, where the order allows new releases."""
    return order_out(engine.custody.orders.readmit(OrderId(order), SubjectId(said.subject), by=caller.account))


@router.post("/orders/{order}/met")
def order_term_met(caller: Writer, engine: EngineOf, order: str, said: TermNumberIn) -> OrderOut:
    """Record that people met a term, such as a report."""
    return order_out(engine.custody.runs.met(OrderId(order), said.term, by=caller.account))


@router.post("/orders/{order}/consolidate")
def consolidate_orders(caller: Writer, engine: EngineOf, order: str, said: OrdersIn) -> Listed[OrderOut]:
    """Let other orders be executed together with this one, with one certificate that names all."""
    found = engine.custody.runs.consolidate(OrderId(order), [OrderId(one) for one in said.orders], by=caller.account)
    return Listed(items=[order_out(engine.custody.orders.status(one.id)) for one in found], next=None)


@router.get("/conflicts")
def list_conflicts(_caller: Reader, engine: EngineOf, after: After = None, limit: Limit = PAGE) -> Listed[ConflictOut]:
    """Return conflicts between instruments, newest first."""
    page, following = cut(engine.custody.conflicts.everything()[::-1], lambda one: one.id, after, limit)
    return Listed(items=[conflict_out(engine, one) for one in page], next=following)


@router.post("/conflicts/{conflict}/resolve")
def resolve_conflict(caller: Writer, engine: EngineOf, conflict: str, said: ResolveIn) -> ConflictOut:
    """Record counsel's decision, as one of two people who agree; the second one's word puts it into effect."""
    desk = engine.custody.conflicts
    return conflict_out(engine, desk.resolve(ConflictId(conflict), said.prevails, by=caller.account, why=said.why))


def conflict_out(engine: EngineOf, one: Conflict) -> ConflictOut:
    """Return a conflict as the API shows it."""
    asked = engine.custody.conflicts.proposed(one.id)
    return ConflictOut(
        id=one.id,
        kind=one.kind,
        one=one.one,
        other=one.other,
        people=one.people,
        opened_at=one.opened_at,
        resolved_at=one.resolved_at,
        decision=one.decision,
        proposed=None if asked is None else asked.prevails,
        proposed_by=None if asked is None else asked.by,
        why=None if asked is None else asked.why,
    )
