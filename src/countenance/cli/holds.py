# SPDX-License-Identifier: Apache-2.0
"""Commands on legal holds."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from countenance.cli.output import DEFAULT_DATA, Data, Json, SubjectArgument, engine_command
from countenance.clock import to_text
from countenance.ids import HoldId, SubjectId
from countenance.model.destruction import HoldBasis

_hold = typer.Typer(help="Legal holds: what is under one is neither destroyed nor searched.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(_hold, name="hold")


@_hold.command()
def place(
    subject: SubjectArgument,
    basis: Annotated[HoldBasis, typer.Option(help="On what ground.")],
    matter: Annotated[str, typer.Option(help="The case or instrument, such as a case number.")],
    by: Annotated[str | None, typer.Option(help="Account that places it; by default the one logged in.")] = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Keep what is held of a person from destruction; frozen at once.

    Example:
        countenance hold place sub_7k2m0q9x4t8b5c1d \
          --basis court_order --matter "1:21-cv-00135"
    """
    with engine_command(data, as_json) as (engine, output):
        account = by or getpass.getuser()
        hold = engine.holds.place(SubjectId(subject), basis=basis, matter=matter, by=account)
        output.record(hold=hold.id, subject=hold.subject, basis=hold.basis.value)
        output.say(f"{hold.id}: {hold.subject} is kept, and frozen: no search finds this person.")


@_hold.command()
def lift(
    hold: Annotated[str, typer.Argument(help="Id of the hold.")],
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """End a hold; the person stays frozen and can be destroyed now.

    Example:
        countenance hold lift hol_7k2m0q9x4t8b5c1d
    """
    with engine_command(data, as_json) as (engine, output):
        found = engine.holds.lift(HoldId(hold))
        output.record(hold=found.id, subject=found.subject)
        output.say(f"{found.id} is lifted. `countenance destroy {found.subject}` destroys what it kept.")


@_hold.command("list")
def list_holds(*, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """List the holds.

    Example:
        countenance hold list
    """
    with engine_command(data, as_json) as (engine, output):
        for hold in engine.holds.everyone():
            lifted = None if hold.lifted_at is None else to_text(hold.lifted_at)
            output.record(
                hold=hold.id,
                subject=hold.subject,
                basis=hold.basis.value,
                matter=hold.matter,
                placed=to_text(hold.placed_at),
                lifted=lifted,
            )
            state = f"lifted {lifted}" if lifted else "in force"
            output.say(f"{hold.id}  {hold.subject}  {hold.basis.value}, {hold.matter}  {state}")
