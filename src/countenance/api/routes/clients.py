# SPDX-License-Identifier: Apache-2.0
"""Clients: vetted by two accounts, suspended by one, with what each used of its quota."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from countenance.api.exact import Day, Real, Whole
from countenance.api.guard import EngineOf, may
from countenance.api.routes.searches import client_of
from countenance.ids import ClientId
from countenance.model.account import Caller
from countenance.model.client import DEFAULT_FPIR, Attestation, Client, Site
from countenance.model.hours import Hours
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.quota import STANDARD_QUOTA, Quota
from countenance.model.vetting import Action, Change, ChangeOutcome
from countenance.policy.roles import Verb
from countenance.services.metering import Usage
from countenance.services.vetting import Terms

router = APIRouter(tags=["clients"])

Reader = Annotated[Caller, may(Verb.CLIENT_READ)]
Writer = Annotated[Caller, may(Verb.CLIENT_WRITE)]
Searcher = Annotated[Caller, may(Verb.SEARCH_READ)]
_HOURS = "Working hours in its place, such as `1-5 08:00-18:00`; a search outside them is flagged, not refused."


class QuotaOf(BaseModel):
    """How often a client may search, in any hour and any day."""

    per_hour: Whole = STANDARD_QUOTA.per_hour
    per_day: Whole = STANDARD_QUOTA.per_day
    account_per_hour: Whole | None = Field(default=None, description="By one account; null: the client's count alone.")


class ClientIn(BaseModel):
    """What was vetted of an organisation."""

    name: str = Field(max_length=1000)
    kind: ClientKind
    purposes: list[Purpose]
    contact: str = Field(max_length=1000, description="Who answers for it there, and how to reach them; sealed.")
    contract: str = Field(max_length=1000, description="Reference of the contract; sealed.")
    contract_on: Day
    contract_until: Day = Field(description="The last day; searches after it are refused.")
    place: str | None = Field(default=None, max_length=100, description="Where it uses what it finds, such as US-IL.")
    site: Site = Site.PRIVATE
    attests: list[Attestation] = []
    authority: str | None = Field(default=None, max_length=1000, description="The agency's written authorisation.")
    fpir: Real = DEFAULT_FPIR
    quota: QuotaOf = QuotaOf()
    hours: str | None = Field(default=None, max_length=40, description=_HOURS)


class AmendIn(BaseModel):
    """What is to change; what is not named stays."""

    name: str = Field(default="", max_length=1000)
    purposes: list[Purpose] = []
    contact: str = Field(default="", max_length=1000)
    contract: str = Field(default="", max_length=1000)
    contract_on: Day | None = None
    contract_until: Day | None = None
    place: str | None = Field(default=None, max_length=100)
    site: Site = Site.PRIVATE
    attests: list[Attestation] = []
    authority: str | None = Field(default=None, max_length=1000)
    fpir: Real = DEFAULT_FPIR
    quota: QuotaOf = QuotaOf()
    hours: str | None = Field(default=None, max_length=40, description=_HOURS)


class SuspendIn(BaseModel):
    """Why a client is served no more."""

    reason: str = Field(max_length=10_000, description="In words; sealed.")


class ClientOut(BaseModel):
    """A client."""

    id: str
    name: str
    kind: ClientKind
    purposes: list[Purpose]
    contact: str | None
    contract: str | None
    contract_on: date | None
    contract_until: date | None
    place: str | None
    site: Site
    attests: list[Attestation]
    authority: str | None
    fpir: float
    quota: QuotaOf
    hours: str | None
    created_at: datetime
    vetted_at: datetime | None = Field(description="When two last agreed; null: taken on at the command line.")
    suspended_at: datetime | None


class ListedOut(BaseModel):
    """A client in the list."""

    client: ClientOut
    due: str | None = Field(description="Why it is to be vetted again: `ended`, `ends_soon`, `no_contract`; or null.")
    waiting: str | None = Field(description="Id of the change that waits for a second account.")
    open_flags: int


class ChangeOfClientOut(BaseModel):
    """A change of what a client may."""

    id: str
    action: Action
    client: ClientOut = Field(description="As it is to be.")
    widens: list[str] = Field(description="What of it lets the client do more, or other, than before.")
    entered_by: str
    entered_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    outcome: ChangeOutcome | None = Field(description="null while it waits for a second account.")


class DenialOut(BaseModel):
    """Why the next search would be refused."""

    rule: str
    reason: str
    citation: str


class UsageOut(BaseModel):
    """What a client used of its quota."""

    hour: int = Field(description="Uses in the last hour: searches, looks at a probe, comparisons of two photos.")
    day: int
    per_hour: int
    per_day: int
    account_per_hour: int | None
    days: dict[str, int] = Field(description="Uses of the last two weeks by day in UTC, oldest first.")


class StandingOut(BaseModel):
    """How a client stands at this moment."""

    client: ClientOut
    suspended_for: str = Field(description="`operator` or the id of an order; empty where it is not suspended.")
    note: str
    denial: DenialOut | None = Field(description="null where it is served.")
    usage: UsageOut
    changes: list[ChangeOfClientOut] = Field(description="Newest first.")


@router.get("/clients")
def list_clients(_caller: Reader, engine: EngineOf) -> list[ListedOut]:
    """Return all clients, oldest first, with what is to be done about each."""
    due = {one.client.id: one.why for one in engine.vetting.due()}
    waiting = {one.client.id: one.id for one in engine.vetting.waiting()}
    flagged = [one.client for one in engine.flags.everyone(is_open=True)]
    return [
        ListedOut(
            client=client_out(one),
            due=due.get(one.id),
            waiting=waiting.get(one.id),
            open_flags=flagged.count(one.id),
        )
        for one in engine.register.clients()
    ]


@router.post("/clients", status_code=201)
def propose_client(caller: Writer, engine: EngineOf, response: Response, said: ClientIn) -> ChangeOfClientOut:
    """Enter a client that was vetted; it is served once another account has confirmed it."""
    values = said.model_dump(exclude={"quota", "hours"})
    terms = Terms(**values, quota=_quota(said.quota), hours=_hours(said.hours))
    change = engine.vetting.propose(terms, by=caller.account)
    response.headers["Location"] = f"/api/v1/client-changes/{change.id}"
    return change_out(change)


@router.get("/clients/{client}")
def get_client(_caller: Reader, engine: EngineOf, client: str) -> StandingOut:
    """Return how a client stands: its terms, why it would be refused, what it used, what changed."""
    found = engine.vetting.standing(ClientId(client))
    denial = found.denial
    return StandingOut(
        client=client_out(found.client),
        suspended_for=found.suspended_for,
        note=found.note,
        denial=None
        if denial is None
        else DenialOut(rule=denial.rule_id, reason=denial.reason, citation=denial.citation),
        usage=usage_out(engine.meter.of(found.client.id)),
        changes=[change_out(one) for one in found.changes],
    )


@router.patch("/clients/{client}")
def amend_client(caller: Writer, engine: EngineOf, client: str, said: AmendIn) -> ChangeOfClientOut:
    """Change terms of a client: at once where that lets it do less, else once another account has confirmed it."""
    changed: dict[str, Any] = {name: getattr(said, name) for name in said.model_fields_set}
    if "quota" in changed:
        changed["quota"] = _quota(said.quota)
    if "hours" in changed:
        changed["hours"] = _hours(said.hours)
    return change_out(engine.vetting.amend(ClientId(client), changed, by=caller.account))


@router.post("/clients/{client}/suspend")
def suspend_client(caller: Writer, engine: EngineOf, client: str, said: SuspendIn) -> StandingOut:
    """Serve a client no more, from its very next call on."""
    engine.vetting.suspend(ClientId(client), reason=said.reason, by=caller.account)
    return get_client(caller, engine, client)


@router.post("/clients/{client}/reinstate", status_code=201)
def ask_reinstatement(caller: Writer, engine: EngineOf, client: str) -> ChangeOfClientOut:
    """Enter that a suspended client is to be served again; another account confirms it."""
    return change_out(engine.vetting.ask_reinstatement(ClientId(client), by=caller.account))


@router.get("/client-changes")
def list_client_changes(_caller: Reader, engine: EngineOf) -> list[ChangeOfClientOut]:
    """Return the changes that wait for another account, oldest first."""
    return [change_out(one) for one in engine.vetting.waiting()]


@router.get("/client-changes/{change}")
def get_client_change(_caller: Reader, engine: EngineOf, change: str) -> ChangeOfClientOut:
    """Return one change."""
    return change_out(engine.vetting.get(change))


@router.post("/client-changes/{change}/confirm")
def confirm_client_change(caller: Writer, engine: EngineOf, change: str) -> ChangeOfClientOut:
    """Put a change in force as another account than the one that entered it."""
    engine.accounts.require_fresh(caller)
    return change_out(engine.vetting.confirm(change, by=caller.account))


@router.post("/client-changes/{change}/drop")
def drop_client_change(caller: Writer, engine: EngineOf, change: str) -> ChangeOfClientOut:
    """Take a change back, or turn it down."""
    return change_out(engine.vetting.drop(change, by=caller.account))


@router.get("/quota")
def get_quota(caller: Searcher, engine: EngineOf) -> UsageOut:
    """Return what the caller's own client used of its quota."""
    return usage_out(engine.meter.of(client_of(caller)))


def client_out(client: Client) -> ClientOut:
    """Return a client as the API shows it to those who vet."""
    quota = client.quota
    return ClientOut(
        id=client.id,
        name=client.name,
        kind=client.kind,
        purposes=sorted(client.purposes),
        contact=client.contact,
        contract=client.contract,
        contract_on=client.contract_on,
        contract_until=client.contract_until,
        place=client.place,
        site=client.site,
        attests=sorted(client.attests),
        authority=client.authority,
        fpir=client.fpir,
        quota=QuotaOf(per_hour=quota.per_hour, per_day=quota.per_day, account_per_hour=quota.account_per_hour),
        hours=None if client.hours is None else str(client.hours),
        created_at=client.created_at,
        vetted_at=client.vetted_at,
        suspended_at=client.suspended_at,
    )


def change_out(one: Change) -> ChangeOfClientOut:
    """Return a change as the API shows it."""
    return ChangeOfClientOut(
        id=one.id,
        action=one.action,
        client=client_out(one.client),
        widens=list(one.widens),
        entered_by=one.entered_by,
        entered_at=one.entered_at,
        decided_by=one.decided_by,
        decided_at=one.decided_at,
        outcome=one.outcome,
    )


def usage_out(one: Usage) -> UsageOut:
    """Return what was used; who of the client's people used it is no matter of this door."""
    return UsageOut(
        hour=one.hour,
        day=one.day,
        per_hour=one.per_hour,
        per_day=one.per_day,
        account_per_hour=one.account_per_hour,
        days=one.days,
    )


def _quota(said: QuotaOf) -> Quota:
    return Quota(said.per_hour, said.per_day, said.account_per_hour)


def _hours(said: str | None) -> Hours | None:
    return None if said is None or not said.strip() else Hours.parse(said)
