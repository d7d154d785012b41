# SPDX-License-Identifier: Apache-2.0
"""Legal holds: placed, reviewed, lifted; what is under one is neither destroyed nor searched."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from countenance.api.exact import Whole
from countenance.api.guard import EngineOf, may
from countenance.api.listing import PAGE, After, Limit, Listed, cut
from countenance.ids import HoldId, OrderId, SubjectId
from countenance.model.account import Caller
from countenance.model.destruction import Hold, HoldBasis
from countenance.policy.roles import Verb

router = APIRouter(tags=["holds"])

Reader = Annotated[Caller, may(Verb.HOLD_READ)]
Writer = Annotated[Caller, may(Verb.HOLD_WRITE)]


class HoldOut(BaseModel):
    """One legal hold."""

    id: str
    basis: HoldBasis
    matter: str
    subjects: list[str]
    placed_by: str
    placed_at: datetime
    lifted_at: datetime | None
    review_every_days: int | None
    reviewed_at: datetime | None
    review_at: datetime | None
    overdue: bool
    outside_key: bool = Field(description="It opens with an outside key holder's identity alone.")
    ending_by: str | None = Field(description="Who asked for its end, where a second person has to agree.")
    conflicts: list[str] = Field(default=[], description="Laws that do not recognise its ground; counsel decides.")


class HoldIn(BaseModel):
    """A hold to place, on people or on everybody whom an order froze."""

    subjects: list[str] = []
    order: str | None = None
    basis: HoldBasis
    matter: str = Field(max_length=1000)
    review_every_days: Whole | None = Field(default=None, ge=1, le=3650)
    recipient: str | None = Field(default=None, max_length=200, description="age recipient of an outside key holder.")


class LiftIn(BaseModel):
    """What opens a hold that is sealed to an outside key holder."""

    identity: str | None = Field(default=None, max_length=4000, description="The key holder's age identity.")


@router.get("/holds")
def list_holds(_caller: Reader, engine: EngineOf, after: After = None, limit: Limit = PAGE) -> Listed[HoldOut]:
    """Return holds, newest first."""
    page, following = cut(engine.custody.holds.everyone()[::-1], lambda one: one.id, after, limit)
    return Listed(items=holds_out(engine, page), next=following)


@router.post("/holds", status_code=201)
def place_hold(caller: Writer, engine: EngineOf, response: Response, said: HoldIn) -> HoldOut:
    """Keep what is held of people from destruction; frozen and sealed at once, and no search finds them."""
    people = [SubjectId(one) for one in said.subjects]
    if said.order is not None:
        people += engine.custody.orders.members(OrderId(said.order))
    placed = engine.custody.holds.place(
        *people,
        basis=said.basis,
        matter=said.matter,
        by=caller.account,
        review_every_days=said.review_every_days,
        recipient=said.recipient,
    )
    response.headers["Location"] = f"/api/v1/holds/{placed.hold.id}"
    (shown,) = holds_out(engine, [placed.hold])
    return shown.model_copy(update={"conflicts": [one.id for one in placed.conflicts]})


@router.get("/holds/{hold}")
def get_hold(_caller: Reader, engine: EngineOf, hold: str) -> HoldOut:
    """Return one hold."""
    (shown,) = holds_out(engine, [engine.custody.holds.get(HoldId(hold))])
    return shown


@router.post("/holds/{hold}/review")
def review_hold(caller: Writer, engine: EngineOf, hold: str) -> HoldOut:
    """Record that somebody looked whether a hold is still needed, and found that it is."""
    (shown,) = holds_out(engine, [engine.custody.holds.review(HoldId(hold), by=caller.account)])
    return shown


@router.post("/holds/{hold}/lift")
def lift_hold(caller: Writer, engine: EngineOf, hold: str, said: LiftIn | None = None) -> HoldOut:
    """End a hold, and start the destruction that it deferred; by two people where the law asks for them."""
    engine.accounts.require_fresh(caller)
    identity = None if said is None or not said.identity else said.identity
    lifted = engine.custody.holds.lift(HoldId(hold), by=caller.account, identity=identity)
    (shown,) = holds_out(engine, [lifted])
    return shown


def holds_out(engine: EngineOf, holds: list[Hold]) -> list[HoldOut]:
    """Return holds as the API shows them."""
    ending, overdue = engine.custody.holds.ending(), engine.custody.holds.overdue()
    return [
        HoldOut(
            id=one.id,
            basis=one.basis,
            matter=one.matter,
            subjects=list(one.subjects),
            placed_by=one.placed_by,
            placed_at=one.placed_at,
            lifted_at=one.lifted_at,
            review_every_days=one.review_every_days,
            reviewed_at=one.reviewed_at,
            review_at=one.review_at,
            overdue=one.id in overdue,
            outside_key=one.recipient is not None,
            ending_by=ending.get(one.id),
        )
        for one in holds
    ]
