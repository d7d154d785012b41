# SPDX-License-Identifier: Apache-2.0
"""Commands on what clients may: vetted by one account, confirmed by another; and flags on their searches."""

from __future__ import annotations

import getpass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from countenance.cli.output import DEFAULT_DATA, Data, Json, Output, counted, engine_command
from countenance.clock import to_text
from countenance.ids import ClientId
from countenance.model.client import DEFAULT_FPIR, Attestation, Client, Site
from countenance.model.hours import Hours
from countenance.model.purpose import ClientKind, Purpose, parse_kind, parse_purpose
from countenance.model.quota import STANDARD_QUOTA, Quota

if TYPE_CHECKING:
    from countenance.model.flag import Flag
    from countenance.model.vetting import Change

_By = Annotated[str | None, typer.Option(help="Account that does this; by default the one logged in.")]
_Which = Annotated[str, typer.Argument(help="Id of the client; `client list` shows them.")]
_WhichChange = Annotated[str, typer.Argument(help="Id of the change; `client due` shows those that wait.")]
_Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])]
_Hours = Annotated[str | None, typer.Option(help="When its people work, in its place, such as `1-5 08:00-18:00`.")]
_Place = Annotated[str | None, typer.Option(help="Where it uses what it finds, such as US-NY-NYC.")]
_SiteOf = Annotated[Site | None, typer.Option(help="Whether the public enters that place; by default it does not.")]
_Attests = Annotated[list[Attestation] | None, typer.Option("--attest", help="What it attested; may be repeated.")]
_Authority = Annotated[str | None, typer.Option(help="Of law enforcement: the agency's written authorisation.")]
_Purposes = Annotated[list[str] | None, typer.Option("--purpose", help=f"May be repeated: {', '.join(Purpose)}.")]
_Fpir = Annotated[float | None, typer.Option(help="Share of searches for strangers that may return somebody.")]
_PerHour = Annotated[int | None, typer.Option(help="Searches in any hour.")]
_PerDay = Annotated[int | None, typer.Option(help="Searches in any day.")]
_AccountPerHour = Annotated[int | None, typer.Option(help="Searches in any hour by one account.")]
_Text = Annotated[str | None, typer.Option()]
_MaybeDay = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]


def register(clients: typer.Typer) -> None:
    """Add these commands to those on clients."""
    for act in (vet, amend, confirm, drop, show, due, flags, settle):
        clients.command()(act)


def vet(
    name: Annotated[str, typer.Argument(help="Its name, as notices give it.")],
    kind: Annotated[str, typer.Option(help=f"What it is: {', '.join(ClientKind)}.")],
    purpose: _Purposes,
    contact: Annotated[str, typer.Option(help="Who answers for it there, and how to reach them.")],
    contract: Annotated[str, typer.Option(help="Reference of the contract.")],
    contract_on: _Day,
    contract_until: _Day,
    place: _Place = None,
    site: _SiteOf = None,
    attests: _Attests = None,
    authority: _Authority = None,
    fpir: _Fpir = None,
    per_hour: _PerHour = None,
    per_day: _PerDay = None,
    account_per_hour: _AccountPerHour = None,
    hours: _Hours = None,
    by: _By = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Enter a client that was vetted; it is served once another account has confirmed it.

    Example:
        countenance client vet "Example Photos" --kind photographer \
          --purpose photo_delivery --contact "Eve, eve@photos.example" \
          --contract C/2026/17 --contract-on 2026-05-01 \
          --contract-until 2027-04-30
    """
    from countenance.services.vetting import Terms  # noqa: PLC0415 - as in `engine_command`

    with engine_command(data, as_json) as (engine, output):
        terms = Terms(
            name=name,
            kind=parse_kind(kind),
            purposes=[parse_purpose(text) for text in purpose or ()],
            contact=contact,
            contract=contract,
            contract_on=contract_on.date(),
            contract_until=contract_until.date(),
            place=place,
            site=site or Site.PRIVATE,
            attests=attests or (),
            authority=authority,
            fpir=DEFAULT_FPIR if fpir is None else fpir,
            quota=_quota(STANDARD_QUOTA, per_hour, per_day, account_per_hour),
            hours=None if hours is None else Hours.parse(hours),
        )
        _say(output, engine.vetting.propose(terms, by=by or getpass.getuser()))


def amend(
    client: _Which,
    name: _Text = None,
    purpose: _Purposes = None,
    contact: _Text = None,
    contract: _Text = None,
    contract_on: _MaybeDay = None,
    contract_until: _MaybeDay = None,
    place: _Place = None,
    site: _SiteOf = None,
    attests: _Attests = None,
    authority: _Authority = None,
    fpir: _Fpir = None,
    per_hour: _PerHour = None,
    per_day: _PerDay = None,
    account_per_hour: _AccountPerHour = None,
    hours: _Hours = None,
    by: _By = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Change terms of a client: at once where it may do less, else once another account has confirmed it.

    What is not named stays as it is.

    Example:
        countenance client amend cli_7k2m0q9x4t8b5c1d \
          --contract-until 2028-04-30
    """
    said: dict[str, Any] = {"name": name, "contact": contact, "contract": contract, "place": place, "site": site}
    said |= {"attests": attests, "authority": authority, "fpir": fpir}
    changed = {field: value for field, value in said.items() if value is not None}
    changed |= {"purposes": [parse_purpose(text) for text in purpose]} if purpose else {}
    changed |= {"contract_on": contract_on.date()} if contract_on else {}
    changed |= {"contract_until": contract_until.date()} if contract_until else {}
    with engine_command(data, as_json) as (engine, output):
        changed |= {} if hours is None else {"hours": Hours.parse(hours)}
        now = engine.vetting.standing(ClientId(client)).client
        changed["quota"] = _quota(now.quota, per_hour, per_day, account_per_hour)
        _say(output, engine.vetting.amend(now.id, changed, by=by or getpass.getuser()))


def confirm(change: _WhichChange, by: _By = None, *, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Put a change in force that another account entered.

    Example:
        countenance client confirm chg_7k2m0q9x4t8b5c1d --by bo
    """
    with engine_command(data, as_json) as (engine, output):
        _say(output, engine.vetting.confirm(change, by=by or getpass.getuser()))


def drop(change: _WhichChange, by: _By = None, *, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Take a change back, or turn it down.

    Example:
        countenance client drop chg_7k2m0q9x4t8b5c1d
    """
    with engine_command(data, as_json) as (engine, output):
        _say(output, engine.vetting.drop(change, by=by or getpass.getuser()))


def show(client: _Which, *, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Show how a client stands: its terms, whether it is served, what it used, what changed.

    Example:
        countenance client show cli_7k2m0q9x4t8b5c1d
    """
    with engine_command(data, as_json) as (engine, output):
        found = engine.vetting.standing(ClientId(client))
        used, denial = engine.meter.of(found.client.id), found.denial
        rule = None if denial is None else denial.rule_id
        output.record(**_terms(found.client), denied_by=rule, hour=used.hour, day=used.day, days=used.days)
        output.say(f"{client}  {found.client.name}")
        for field, value in _terms(found.client).items():
            if field not in ("client", "name") and value not in (None, []):
                output.say(f"  {field.replace('_', ' ')}: {', '.join(value) if isinstance(value, list) else value}")
        output.say(f"  used: {used.hour} of {used.per_hour} in the last hour, {used.day} of {used.per_day} in a day")
        output.say("  served" if denial is None else f"  not served: {denial.reason} [{denial.rule_id}]")
        for change in found.changes:
            _say(output, change)


def due(*, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """List the changes that wait for another account, and the clients that are to be vetted again.

    Example:
        countenance client due
    """
    with engine_command(data, as_json) as (engine, output):
        waiting, again = engine.vetting.waiting(), engine.vetting.due()
        for change in waiting:
            _say(output, change)
        for one in again:
            until = one.client.contract_until
            output.record(client=one.client.id, due=one.why, contract_until=None if until is None else str(until))
            what = {"ended": f"contract ended on {until}", "ends_soon": f"contract ends on {until}"}
            output.say(f"{one.client.id}  {one.client.name}: {what.get(one.why, 'never vetted by two')}")
        if not waiting and not again:
            output.say("Nothing waits, and no contract ends within a month.")


def flags(
    client: Annotated[str | None, typer.Option(help="Of this client only.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that somebody settled.")] = False,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """List flags on how clients search, newest first.

    Example:
        countenance client flags
    """
    with engine_command(data, as_json) as (engine, output):
        found = engine.flags.everyone(client=None if client is None else ClientId(client), is_open=not everything)
        for one in found:
            _say_flag(output, one)
        output.say(f"{counted(len(found), 'flag')}.")


def settle(
    flag: Annotated[str, typer.Argument(help="Id of the flag.")],
    note: Annotated[str, typer.Option(help="What you found and did.")],
    by: _By = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Write down what came of a flag.

    Example:
        countenance client settle flg_7k2m0q9x4t8b5c1d --note "Spoke with them"
    """
    with engine_command(data, as_json) as (engine, output):
        _say_flag(output, engine.flags.settle(flag, by=by or getpass.getuser(), note=note))


def _quota(now: Quota, per_hour: int | None, per_day: int | None, account: int | None) -> Quota:
    """Return a quota with what was named changed."""
    hour = now.per_hour if per_hour is None else per_hour
    day = now.per_day if per_day is None else per_day
    return Quota(hour, day, now.account_per_hour if account is None else account)


def _terms(client: Client) -> dict[str, Any]:
    quota, until = client.quota, client.contract_until
    return {
        "client": client.id,
        "name": client.name,
        "kind": client.kind.value,
        "purposes": sorted(client.purposes),
        "contact": client.contact,
        "contract": client.contract,
        "contract_until": None if until is None else str(until),
        "place": client.place,
        "site": client.site.value,
        "attests": sorted(client.attests),
        "authority": client.authority,
        "fpir": client.fpir,
        "per_hour": quota.per_hour,
        "per_day": quota.per_day,
        "account_per_hour": quota.account_per_hour,
        "hours": None if client.hours is None else str(client.hours),
        "vetted_at": None if client.vetted_at is None else to_text(client.vetted_at),
        "suspended_at": None if client.suspended_at is None else to_text(client.suspended_at),
    }


def _say(output: Output, change: Change) -> None:
    outcome = None if change.outcome is None else change.outcome.value
    output.record(
        change=change.id,
        action=change.action.value,
        client=change.client.id,
        widens=list(change.widens),
        entered_by=change.entered_by,
        outcome=outcome,
    )
    what = f"{change.id}  {change.action.value} {change.client.id} ({change.client.name})"
    more = f", widens {', '.join(change.widens)}" if change.widens and change.action.value == "amend" else ""
    waits = f"waits for another account than {change.entered_by}: `countenance client confirm {change.id} --by ...`"
    output.say(f"{what}{more}: {outcome or waits}")


def _say_flag(output: Output, flag: Flag) -> None:
    settled = None if flag.settled_at is None else to_text(flag.settled_at)
    output.record(
        flag=flag.id,
        at=to_text(flag.at),
        kind=flag.kind.value,
        client=flag.client,
        account=flag.account,
        search=flag.search,
        times=flag.times,
        people=list(flag.people),
        settled=settled,
        note=flag.note,
    )
    state = f"  settled {settled}: {flag.note}" if settled else ""
    output.say(f"{flag.id}  {to_text(flag.at)}  {flag.kind.value}, {flag.client}, {flag.times} times{state}")
