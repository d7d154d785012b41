# SPDX-License-Identifier: Apache-2.0
"""Commands on accounts: whoever can read the root key takes on the first custodian, and helps when nobody gets in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from countenance.cli.output import DEFAULT_DATA, Data, Json, counted, engine_command
from countenance.clock import to_text
from countenance.ids import AccountId, ClientId, SubjectId
from countenance.model.account import COMMAND_LINE, Role

_accounts = typer.Typer(help="Who may sign in to the server, and how they are let in.", no_args_is_help=True)
_Which = Annotated[str, typer.Argument(help="Id of the account.")]
_DAY_MINUTES = 24 * 60


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(_accounts, name="account")


@_accounts.command()
def add(
    name: Annotated[str, typer.Argument(help="What one signs in by; unique here.")],
    role: Annotated[Role, typer.Option(help="What this account is for.")],
    client: Annotated[str | None, typer.Option(help="Of a searcher: the client it searches for.")] = None,
    subject: Annotated[str | None, typer.Option(help="Of a subject: whose own view it is.")] = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Add an account; nobody can sign in with it before an invitation is redeemed.

    Example:
        countenance account add "Ann Example" --role custodian
        countenance account add "Bo of the shop" --role searcher \
          --client cli_7k2m0q9x4t8b5c1d
    """
    with engine_command(data, as_json) as (engine, output):
        made = engine.accounts.add(
            name,
            role,
            client=None if client is None else ClientId(client),
            subject=None if subject is None else SubjectId(subject),
            by=COMMAND_LINE,
        )
        output.record(account=made.id, role=made.role.value)
        output.say(f"Account {made.id} added; `countenance account invite {made.id}` lets somebody in.")


@_accounts.command()
def invite(
    account: _Which,
    origin: Annotated[
        str, typer.Option(help="Where browsers reach the server, for the link.")
    ] = "http://127.0.0.1:8470",
    minutes: Annotated[int, typer.Option(help="How long the link is good for.", min=1, max=10_080)] = _DAY_MINUTES,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Make a one-time link by which somebody sets up how to sign in, also anew.

    A custodian who has signed in before is invited anew by two people: this command is one of them, and somebody on
    the page of accounts is the other.

    Example:
        countenance account invite acc_7k2m0q9x4t8b5c1d \
          --origin https://faces.museum.example
    """
    with engine_command(data, as_json) as (engine, output):
        token = engine.accounts.invite(AccountId(account), minutes=minutes, by=COMMAND_LINE)
        link = None if token is None else f"{origin.rstrip('/')}/invitation/{token}"
        output.record(account=account, waiting=token is None, link=link)
        if link is None:
            output.say("Noted. A custodian has to invite this account on the page of accounts too.")
        else:
            output.say(f"{link}\nIt works once, within {_span(minutes)}. Send it by a way that you trust.")


@_accounts.command("list")
def list_accounts(*, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """List the accounts, with how each signs in.

    Example:
        countenance account list
    """
    with engine_command(data, as_json) as (engine, output):
        methods, everyone = engine.factors.methods(), engine.accounts.everyone()
        for one in everyone:
            ways = sorted(method.value for method in methods.get(one.id, set()))
            output.record(
                account=one.id, name=one.name, role=one.role.value, client=one.client, subject=one.subject,
                created=to_text(one.created_at), disabled=None if one.disabled_at is None else to_text(one.disabled_at),
                methods=ways,
            )  # fmt: skip
            state = "disabled" if one.disabled_at else ", ".join(ways) or "not set up yet"
            output.say(f"{one.id}  {one.role.value}  {one.name}  {state}")
        if not everyone:
            output.say('No account yet: `countenance account add "Ann Example" --role custodian` adds one.')


@_accounts.command()
def disable(account: _Which, *, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Let nobody sign in with an account any more; its sessions and keys end at once.

    Example:
        countenance account disable acc_7k2m0q9x4t8b5c1d
    """
    with engine_command(data, as_json) as (engine, output):
        engine.accounts.disable(AccountId(account), by=COMMAND_LINE)
        output.record(account=account, disabled=True)
        output.say(f"Account {account} is disabled; its sessions and keys have ended.")


@_accounts.command()
def link(
    account: _Which,
    who: Annotated[str, typer.Argument(help="As the provider knows this person; empty to end it.")],
    oidc: Annotated[Path, typer.Option(help="The file that `countenance serve --oidc` is given.")],
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Let somebody sign in to an account at the organisation's identity provider; never to a custodian's.

    Example:
        countenance account link acc_7k2m0q9x4t8b5c1d ann@museum.example \
          --oidc /etc/countenance/oidc.toml
    """
    from countenance.services.provider import read_provider  # noqa: PLC0415 - slow; not for `--help`

    with engine_command(data, as_json) as (engine, output):
        provider = read_provider(oidc)
        engine.federation.link(AccountId(account), provider.issuer, who, by=COMMAND_LINE)
        output.record(account=account, linked=bool(who.strip()))
        output.say(f"Account {account} is {'linked at' if who.strip() else 'no more linked at'} {provider.issuer}.")


def _span(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return counted(minutes, "minute") if rest else counted(hours, "hour")
