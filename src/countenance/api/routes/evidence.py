# SPDX-License-Identifier: Apache-2.0
"""Evidence of consent that outlives its people: found by a paper's id, asked for by one, opened by another."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from countenance.api.guard import EngineOf, may
from countenance.api.listing import PAGE, After, Limit, Listed, cut
from countenance.ids import EvidenceId
from countenance.model.account import Caller
from countenance.model.evidence import EvidenceRow
from countenance.policy.roles import Verb

router = APIRouter(tags=["evidence"])

Reader = Annotated[Caller, may(Verb.EVIDENCE_READ)]
Opener = Annotated[Caller, may(Verb.EVIDENCE_OPEN)]


class EvidenceOut(BaseModel):
    """What can be told of a piece of evidence without opening it."""

    id: str
    kept_at: datetime
    until: datetime
    citation: str
    asked_by: str | None = Field(description="Who asks to see it; somebody else may open it.")
    why: str | None
    open_until: datetime | None


class KnownIn(BaseModel):
    """What stands on a paper."""

    known: str = Field(max_length=64, description="The id of a subject or of a release.")


class EvidenceAskIn(BaseModel):
    """Why it is to be opened."""

    why: str = Field(max_length=2000, description="Such as the claim that it answers; sealed with it.")


class OpenedOut(BaseModel):
    """Evidence, opened."""

    record: dict[str, Any] = Field(description="What the person was told and signed.")
    releases: dict[str, str] = Field(description="Each release as a signed document, in Base64, by its id.")


def evidence_out(engine: EngineOf, row: EvidenceRow) -> EvidenceOut:
    """Return a closed piece of evidence."""
    asked = engine.evidence.asked(row.id) if row.asked else None
    return EvidenceOut(
        id=row.id,
        kept_at=row.kept_at,
        until=row.until,
        citation=row.citation,
        asked_by=None if asked is None else asked.by,
        why=None if asked is None else asked.why,
        open_until=None if asked is None else asked.until,
    )


@router.get("/evidence")
def list_evidence(_caller: Reader, engine: EngineOf, after: After = None, limit: Limit = PAGE) -> Listed[EvidenceOut]:
    """Return what is kept, closed; that which ends first at the head."""
    page, following = cut(engine.evidence.everything(), lambda one: one.id, after, limit)
    return Listed(items=[evidence_out(engine, one) for one in page], next=following)


@router.post("/evidence/find")
def find_evidence(_caller: Opener, engine: EngineOf, said: KnownIn) -> EvidenceOut:
    """Return the evidence of a subject's or a release's id, closed; the look is logged."""
    found = engine.evidence.find(said.known.strip())
    return evidence_out(engine, next(one for one in engine.evidence.everything() if one.id == found))


@router.post("/evidence/{evidence}/ask", status_code=204)
def ask_evidence(caller: Opener, engine: EngineOf, evidence: str, said: EvidenceAskIn) -> None:
    """Ask to see evidence; somebody else has to open it within seven days."""
    engine.evidence.ask(EvidenceId(evidence), by=caller.account, why=said.why)


@router.post("/evidence/{evidence}/open")
def open_evidence(caller: Opener, engine: EngineOf, evidence: str) -> OpenedOut:
    """Open evidence that somebody else asked to see; one request opens it once."""
    engine.accounts.require_fresh(caller)
    opened = engine.evidence.show(EvidenceId(evidence), by=caller.account)
    releases = {one: base64.b64encode(data).decode() for one, data in opened.exports.items()}
    return OpenedOut(record=opened.record, releases=releases)
