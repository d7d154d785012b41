# SPDX-License-Identifier: Apache-2.0
"""Flags on how clients search: looked at by a custodian, who suspends the client or writes down why not."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from countenance.api.guard import EngineOf, may
from countenance.api.listing import PAGE, After, Limit, Listed, cut
from countenance.ids import AccountId, ClientId, SubjectId
from countenance.model.account import Caller
from countenance.model.flag import Flag, FlagKind
from countenance.policy.roles import Verb

router = APIRouter(tags=["flags"])

Reader = Annotated[Caller, may(Verb.FLAG_READ)]
Settler = Annotated[Caller, may(Verb.FLAG_SETTLE)]


class FlagOut(BaseModel):
    """Something about a client's searches that a custodian should look at."""

    id: str
    at: datetime
    kind: FlagKind
    client: str
    account: str = Field(description="Who searched: the account's id, or its code in the log where none has it.")
    search: str | None = Field(description="The search that raised it; null: a look at a probe, or it was purged.")
    times: int = Field(description="How often until then: finds of the person, searches on the case, or uses.")
    people: list[str] = Field(description="Whom that search found, of those still held.")
    settled_at: datetime | None
    settled_by: str | None
    note: str | None


class SettleFlagIn(BaseModel):
    """What came of a flag."""

    note: str = Field(max_length=10_000, description="What was found and done; sealed.")


class PersonOf(BaseModel):
    """Which subject is the person behind an account."""

    subject: str | None = Field(description="null: nobody is declared.")


@router.get("/flags")
def list_flags(
    _caller: Reader,
    engine: EngineOf,
    client: str | None = None,
    is_open: Annotated[bool, Query(alias="unsettled", description="Those only that nobody has settled.")] = False,
    after: After = None,
    limit: Limit = PAGE,
) -> Listed[FlagOut]:
    """Return flags, newest first."""
    found = engine.flags.everyone(client=None if client is None else ClientId(client), is_open=is_open)
    page, following = cut(found, lambda one: one.id, after, limit)
    return Listed(items=flags_out(engine, page), next=following)


@router.post("/flags/{flag}/settle")
def settle_flag(caller: Settler, engine: EngineOf, flag: str, said: SettleFlagIn) -> FlagOut:
    """Record that somebody looked at a flag, and what came of it; never the account that the flag is about."""
    (shown,) = flags_out(engine, [engine.flags.settle(flag, by=caller.account, note=said.note)])
    return shown


@router.get("/accounts/{account}/person")
def get_person_of(_caller: Reader, engine: EngineOf, account: str) -> PersonOf:
    """Return which subject is declared to be the person behind an account that searches."""
    return PersonOf(subject=engine.flags.linked(engine.accounts.get(AccountId(account)).id))


@router.put("/accounts/{account}/person")
def declare_person_of(caller: Settler, engine: EngineOf, account: str, said: PersonOf) -> PersonOf:
    """Declare it, so that a search that finds this person is flagged; null ends the declaration."""
    known = engine.accounts.get(AccountId(account)).id
    engine.flags.link(known, None if said.subject is None else SubjectId(said.subject), by=caller.account)
    return PersonOf(subject=engine.flags.linked(known))


def flags_out(engine: EngineOf, flags: list[Flag]) -> list[FlagOut]:
    """Return flags as the API shows them."""
    who = engine.flags.accounts(one.id for one in engine.accounts.everyone()) if flags else {}
    return [
        FlagOut(
            id=one.id,
            at=one.at,
            kind=one.kind,
            client=one.client,
            account=who.get(one.account, one.account),
            search=one.search,
            times=one.times,
            people=list(one.people),
            settled_at=one.settled_at,
            settled_by=one.settled_by,
            note=one.note,
        )
        for one in flags
    ]
