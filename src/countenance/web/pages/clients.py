# SPDX-License-Identifier: Apache-2.0
"""Clients: who may search, vetted by two people; what each used; suspended by one."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from countenance.api.guard import EngineOf, may
from countenance.api.problems import Problem
from countenance.api.routes import clients as api
from countenance.api.routes import flags as flags_api
from countenance.api.routes.clients import AmendIn, ClientIn, ClientOut, QuotaOf, SuspendIn
from countenance.api.routes.flags import PersonOf
from countenance.bootstrap import Engine
from countenance.errors import BadInput
from countenance.model.account import Caller, Role
from countenance.model.client import DEFAULT_FPIR, Attestation, Site
from countenance.model.purpose import ClientKind, Purpose, parse_kind
from countenance.model.quota import STANDARD_QUOTA
from countenance.policy.pack import Law
from countenance.policy.roles import Verb, holds
from countenance.web.acts import carry_out, who_is_who
from countenance.web.render import page

router = APIRouter()

Reader = Annotated[Caller, may(Verb.CLIENT_READ)]
Writer = Annotated[Caller, may(Verb.CLIENT_WRITE)]
Settler = Annotated[Caller, may(Verb.FLAG_SETTLE)]
Text = Annotated[str, Form()]
_LONGEST = 1000


class TermsForm(BaseModel):
    """The form of a vetting, as it was typed."""

    name: str = ""
    kind: str = ""
    purposes: list[str] = []
    contact: str = ""
    contract: str = ""
    contract_on: str = ""
    contract_until: str = ""
    place: str = ""
    site: str = Site.PRIVATE.value
    attests: list[str] = []
    authority: str = ""
    fpir: str = f"{DEFAULT_FPIR:g}"
    per_hour: str = str(STANDARD_QUOTA.per_hour)
    per_day: str = str(STANDARD_QUOTA.per_day)
    account_per_hour: str = ""
    hours: str = ""

    def values(self) -> dict[str, Any]:
        """Return what was typed as the API takes it, but for the kind.

        Raises:
            BadInput: something cannot be read as what it is.
        """
        return {
            "name": self.name[:_LONGEST],
            "purposes": [Purpose(one) for one in self.purposes if one in list(Purpose)],
            "contact": self.contact[:_LONGEST],
            "contract": self.contract[:_LONGEST],
            "contract_on": _day(self.contract_on),
            "contract_until": _day(self.contract_until),
            "place": self.place[:100] or None,
            "site": Site.PUBLIC if self.site == Site.PUBLIC.value else Site.PRIVATE,
            "attests": [Attestation(one) for one in self.attests if one in list(Attestation)],
            "authority": self.authority[:_LONGEST] or None,
            "fpir": _share(self.fpir),
            "quota": QuotaOf(
                per_hour=_whole(self.per_hour),
                per_day=_whole(self.per_day),
                account_per_hour=_whole(self.account_per_hour) if self.account_per_hour.strip() else None,
            ),
            "hours": self.hours[:40] or None,
        }


Terms = Annotated[TermsForm, Form()]


@router.get("/clients")
def list_clients(request: Request, caller: Reader, engine: EngineOf) -> HTMLResponse:
    """Show who may search, what waits for a second person, and who is to be vetted again."""
    return page(
        request,
        "clients/list.html",
        clients=api.list_clients(caller, engine),
        changes=api.list_client_changes(caller, engine),
        who=who_is_who(engine),
        mine=caller.account,
        can_write=holds(caller, Verb.CLIENT_WRITE),
    )


@router.get("/clients/new")
def new_client(request: Request, _caller: Writer) -> HTMLResponse:
    """Show the form of a vetting."""
    return _form(request, TermsForm(), None, None)


@router.post("/clients/new")
def propose_client(request: Request, caller: Writer, engine: EngineOf, said: Terms) -> Response:
    """Enter a client; another person confirms it."""

    def act() -> str:
        values = said.values()
        if values["contract_on"] is None or values["contract_until"] is None:
            raise BadInput("a contract has a date and a last day")
        change = api.propose_client(caller, engine, Response(), ClientIn(kind=parse_kind(said.kind), **values))
        return f"/client-changes/{change.id}"

    return carry_out(request, act, lambda problem: _form(request, said, None, problem))


@router.get("/clients/{client}")
def show_client(request: Request, caller: Reader, engine: EngineOf, client: str) -> HTMLResponse:
    """Show how a client stands."""
    return _show(request, caller, engine, client, None)


@router.get("/clients/{client}/amend")
def amend_form(request: Request, caller: Writer, engine: EngineOf, client: str) -> HTMLResponse:
    """Show the terms of a client to change them."""
    now = api.get_client(caller, engine, client).client
    return _form(request, _typed(now), now, None)


@router.post("/clients/{client}/amend")
def amend_client(request: Request, caller: Writer, engine: EngineOf, client: str, said: Terms) -> Response:
    """Change terms: what narrows them is in force at once, the rest waits for another person."""
    now = api.get_client(caller, engine, client).client

    def act() -> str:
        before, after = _typed(now).values(), said.values()
        changed = {name: value for name, value in after.items() if value != before[name]}
        change = api.amend_client(caller, engine, client, AmendIn(**changed))
        return f"/clients/{client}" if change.outcome else f"/client-changes/{change.id}"

    return carry_out(request, act, lambda problem: _form(request, said, now, problem))


@router.post("/clients/{client}/suspend")
def suspend_client(request: Request, caller: Writer, engine: EngineOf, client: str, reason: Text = "") -> Response:
    """Serve it no more from the next call on."""

    def act() -> str:
        api.suspend_client(caller, engine, client, SuspendIn(reason=reason[:10_000]))
        return f"/clients/{client}"

    return carry_out(request, act, lambda problem: _show(request, caller, engine, client, problem))


@router.post("/clients/{client}/reinstate")
def reinstate_client(request: Request, caller: Writer, engine: EngineOf, client: str) -> Response:
    """Ask that it is served again."""

    def act() -> str:
        return f"/client-changes/{api.ask_reinstatement(caller, engine, client).id}"

    return carry_out(request, act, lambda problem: _show(request, caller, engine, client, problem))


@router.post("/clients/{client}/people")
def declare_person(
    request: Request, caller: Settler, engine: EngineOf, client: str, account: Text = "", subject: Text = ""
) -> Response:
    """Declare which subject is the person behind an account, so that searches of oneself are flagged."""

    def act() -> str:
        flags_api.declare_person_of(caller, engine, account, PersonOf(subject=subject.strip() or None))
        return f"/clients/{client}#people"

    return carry_out(request, act, lambda problem: _show(request, caller, engine, client, problem))


@router.get("/client-changes/{change}")
def show_change(request: Request, caller: Reader, engine: EngineOf, change: str) -> HTMLResponse:
    """Show a change beside what is in force, with what widens marked."""
    return _change(request, caller, engine, change, None)


@router.post("/client-changes/{change}/act")
def act_on_change(request: Request, caller: Writer, engine: EngineOf, change: str, step: Text = "") -> Response:
    """Confirm a change as a second person, or drop it."""

    def act() -> str:
        if step not in ("confirm", "drop"):
            raise BadInput("choose what to do with the change")
        do = api.confirm_client_change if step == "confirm" else api.drop_client_change
        do(caller, engine, change)
        return f"/client-changes/{change}"

    return carry_out(request, act, lambda problem: _change(request, caller, engine, change, problem))


def _show(request: Request, caller: Caller, engine: Engine, client: str, problem: Problem | None) -> HTMLResponse:
    found = api.get_client(caller, engine, client)
    can_settle, people = holds(caller, Verb.FLAG_SETTLE), []
    if can_settle:
        of_client = [one for one in engine.accounts.everyone() if one.role is Role.SEARCHER and one.client == client]
        people = [(one, engine.flags.linked(one.id)) for one in of_client if one.disabled_at is None]
    return page(
        request,
        "clients/client.html",
        found=found,
        client=found.client,
        people=people,
        flags=flags_api.list_flags(caller, engine, client, is_open=True).items if can_settle else [],
        problem=problem,
        who=who_is_who(engine),
        can_write=holds(caller, Verb.CLIENT_WRITE),
        can_settle=can_settle,
    )


def _form(request: Request, said: TermsForm, now: ClientOut | None, problem: Problem | None) -> HTMLResponse:
    denied = Law.of(()).items("disclosure.client_kinds_denied")  # everywhere; a law file may deny more
    return page(
        request,
        "clients/form.html",
        said=said,
        now=now,
        problem=problem,
        kinds=[one for one in ClientKind if one.value not in denied],
        purposes=[one for one in Purpose if one is not Purpose.EVALUATION],
        attestations=list(Attestation),
    )


def _change(request: Request, caller: Caller, engine: Engine, change: str, problem: Problem | None) -> HTMLResponse:
    found = api.get_client_change(caller, engine, change)
    is_new = found.action.value == "add"
    now = None if is_new or found.outcome else api.get_client(caller, engine, found.client.id).client
    return page(
        request,
        "clients/change.html",
        change=found,
        now=now,
        problem=problem,
        who=who_is_who(engine),
        mine=caller.account,
        can_write=holds(caller, Verb.CLIENT_WRITE),
    )


def _typed(client: ClientOut) -> TermsForm:
    """Return the form filled in with what is in force."""
    most = client.quota.account_per_hour
    return TermsForm(
        name=client.name,
        kind=client.kind.value,
        purposes=[one.value for one in client.purposes],
        contact=client.contact or "",
        contract=client.contract or "",
        contract_on="" if client.contract_on is None else client.contract_on.isoformat(),
        contract_until="" if client.contract_until is None else client.contract_until.isoformat(),
        place=client.place or "",
        site=client.site.value,
        attests=[one.value for one in client.attests],
        authority=client.authority or "",
        fpir=f"{client.fpir:g}",
        per_hour=str(client.quota.per_hour),
        per_day=str(client.quota.per_day),
        account_per_hour="" if most is None else str(most),
        hours=client.hours or "",
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError as error:
        raise BadInput(f"{text[:40]!r} is no day; write it as 2026-05-03") from error


def _share(text: str) -> float:
    try:
        return float(text.strip().replace(",", ".")[:40])
    except ValueError as error:
        raise BadInput(f"{text[:40]!r} is no share; write it as 0.01, for one in a hundred") from error


def _whole(text: str) -> int:
    said = text.strip()
    if not (said.isascii() and said.isdigit() and len(said) < 10):
        raise BadInput(f"{text[:40]!r} is no whole number")
    return int(said)
