# SPDX-License-Identifier: Apache-2.0
"""Law files in use, their changes by two accounts, and why a decision is made as it is."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from countenance.api.exact import Index
from countenance.api.guard import EngineOf, may
from countenance.ids import ClientId, SourceId, SubjectId
from countenance.model.account import Caller
from countenance.model.purpose import Purpose
from countenance.model.search import ProbeBasis
from countenance.policy.pack import Pack
from countenance.policy.roles import Verb
from countenance.policy.schema import CORE
from countenance.services.explain import Part
from countenance.services.packs import Change, Listed

router = APIRouter(tags=["law"])

Reader = Annotated[Caller, may(Verb.LAW_READ)]
Writer = Annotated[Caller, may(Verb.LAW_WRITE)]
Explainer = Annotated[Caller, may(Verb.EXPLAIN_READ)]


class LawFileOut(BaseModel):
    """One law file."""

    id: str
    version: str
    sha256: str
    authorities: list[str]
    reviewed_on: date
    reviewer: str
    shipped: bool
    in_use: bool


class ValueOut(BaseModel):
    """What a law file says of one key."""

    value: Any
    core: Any = Field(description="What this program asks everywhere.")
    cites: str


class WholeLawFileOut(LawFileOut):
    """A law file with all that it says."""

    values: dict[str, ValueOut]


class ChangeOut(BaseModel):
    """A change of the law in use."""

    id: str
    verb: str
    pack: str
    sha256: str
    entered_by: str
    entered_at: datetime
    confirmed_at: datetime | None


class LawFileIn(BaseModel):
    """A law file to enter."""

    text: str = Field(max_length=500_000, description="TOML; docs/formats/pack.md says how it is written.")
    name: str = Field(default="law.toml", max_length=200, description="The file's name, for messages.")


class WeighedOut(BaseModel):
    """What one rule says."""

    rule: str
    key: str
    fact: str
    missing: str | None = Field(description="null where it is met.")
    remedy: str
    citation: str


class PartOut(BaseModel):
    """One question that was asked of the law, and what every rule says to it."""

    question: str
    packs: list[str]
    rules: list[WeighedOut]
    denied_by: str | None


class LawKeyOut(BaseModel):
    """Where the value of one key comes from."""

    key: str
    value: Any
    core: Any
    said: dict[str, ValueOut]
    citation: str


class EventOut(BaseModel):
    """Why a refusal in the log was one."""

    index: int
    at: datetime
    tag: str
    rule: str
    key: str
    remedy: str
    citation: str
    known: bool


def pack_out(one: Listed) -> LawFileOut:
    """Return a law file as a list shows it."""
    return LawFileOut(**_head(one.pack), shipped=one.shipped, in_use=one.in_use)


def change_out(one: Change) -> ChangeOut:
    """Return a change as the API shows it."""
    return ChangeOut(
        id=one.id,
        verb=one.verb.value,
        pack=one.pack,
        sha256=one.sha256,
        entered_by=one.entered_by,
        entered_at=one.entered_at,
        confirmed_at=one.confirmed_at,
    )


def part_out(one: Part) -> PartOut:
    """Return what the law says to one question."""
    return PartOut(
        question=one.question,
        packs=list(one.packs),
        rules=[
            WeighedOut(
                rule=rule.rule_id,
                key=rule.key,
                fact=rule.fact,
                missing=rule.missing,
                remedy=rule.remedy,
                citation=rule.citation,
            )
            for rule in one.rules
        ],
        denied_by=None if one.denied_by is None else one.denied_by.rule_id,
    )


@router.get("/law/files")
def list_law_files(_caller: Reader, engine: EngineOf) -> list[LawFileOut]:
    """Return every law file, by id."""
    return [pack_out(one) for one in engine.packs.everyone()]


@router.get("/law/changes")
def list_law_changes(_caller: Reader, engine: EngineOf) -> list[ChangeOut]:
    """Return the changes that wait for another account."""
    return [change_out(one) for one in engine.packs.waiting()]


@router.get("/law/files/{pack}")
def get_law_file(_caller: Reader, engine: EngineOf, pack: str) -> WholeLawFileOut:
    """Return one law file with all that it says."""
    found = engine.packs.get(pack)
    listed = next(one for one in engine.packs.everyone() if one.pack.id == pack)
    return WholeLawFileOut(**_head(found), shipped=listed.shipped, in_use=listed.in_use, values=values_out(found))


def values_out(pack: Pack) -> dict[str, ValueOut]:
    """Return what a law file says, key by key."""
    return {
        key: ValueOut(value=plain(value), core=plain(CORE[key]), cites=pack.cite(key))
        for key, value in sorted(pack.values.items())
    }


@router.post("/law/files", status_code=201)
def enter_law_file(caller: Writer, engine: EngineOf, said: LawFileIn) -> ChangeOut:
    """Enter a law file, or a new version of one; another account confirms it."""
    return change_out(engine.packs.add(said.text, said.name, by=caller.account))


@router.post("/law/files/{pack}/retire", status_code=201)
def retire_law_file(caller: Writer, engine: EngineOf, pack: str) -> ChangeOut:
    """Enter that an added law file is used no more; another account confirms it."""
    return change_out(engine.packs.retire(pack, by=caller.account))


@router.post("/law/files/{pack}/declare")
def declare_law_file(caller: Writer, engine: EngineOf, pack: str) -> ChangeOut:
    """Declare that a law file binds this operator; in force at once, since it only adds strictness."""
    return change_out(engine.packs.declare(pack, by=caller.account))


@router.post("/law/files/{pack}/drop", status_code=201)
def drop_law_file(caller: Writer, engine: EngineOf, pack: str) -> ChangeOut:
    """Enter that a declaration is taken back; another account confirms it."""
    return change_out(engine.packs.drop(pack, by=caller.account))


@router.post("/law/changes/{change}/confirm")
def confirm_law_change(caller: Writer, engine: EngineOf, change: str) -> ChangeOut:
    """Put a change in force as another account than the one that entered it."""
    engine.accounts.require_fresh(caller)
    return change_out(engine.packs.confirm(change, by=caller.account))


@router.get("/explain/enrol")
def explain_enrol(_caller: Explainer, engine: EngineOf, subject: str, source: str | None = None) -> list[PartOut]:
    """Explain whether a face of a subject would become a reference now; the look is logged."""
    parts = engine.explain.enrol(SubjectId(subject), None if source is None else SourceId(source))
    return [part_out(one) for one in parts]


@router.get("/explain/search")
def explain_search(
    _caller: Explainer,
    engine: EngineOf,
    client: str,
    purpose: Purpose,
    basis: ProbeBasis = ProbeBasis.SUBJECT_PRESENT,
    authorisation: Annotated[str | None, Query(max_length=200)] = None,
    subject: str | None = None,
) -> list[PartOut]:
    """Explain whether a search would be answered now, and whether it could show a subject; the look is logged."""
    parts = engine.explain.search(
        ClientId(client),
        purpose,
        basis=basis,
        authorisation=authorisation,
        subject=None if subject is None else SubjectId(subject),
    )
    return [part_out(one) for one in parts]


@router.get("/explain/keys/{key}")
def explain_key(_caller: Explainer, engine: EngineOf, key: str, subject: str | None = None) -> LawKeyOut:
    """Explain where the value of a key of the law comes from; the look is logged."""
    found = engine.explain.key(key, None if subject is None else SubjectId(subject))
    core = plain(found.core)
    said = {name: ValueOut(value=plain(value), core=core, cites=cites) for name, value, cites in found.said}
    return LawKeyOut(key=found.key, value=plain(found.value), core=core, said=said, citation=found.citation)


@router.get("/explain/events/{index}")
def explain_event(_caller: Explainer, engine: EngineOf, index: Index) -> EventOut:
    """Explain a refusal that stands in the log, by its place from 0; the look is logged."""
    found = engine.explain.event(index)
    return EventOut(
        index=found.index,
        at=found.at,
        tag=found.tag,
        rule=found.rule,
        key=found.key,
        remedy=found.remedy,
        citation=found.citation,
        known=found.known,
    )


def plain(value: Any) -> Any:
    """Return a value of a law file as JSON has it."""
    return sorted(value) if isinstance(value, frozenset | set) else list(value) if isinstance(value, tuple) else value


def _head(pack: Pack) -> dict[str, Any]:
    return {
        "id": pack.id,
        "version": pack.version,
        "sha256": pack.sha256,
        "authorities": list(pack.authorities),
        "reviewed_on": pack.reviewed_on,
        "reviewer": pack.reviewer,
    }
