# SPDX-License-Identifier: Apache-2.0
"""Commands on legal holds."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countenance.cli.exits import FOUND_WRONG
from countenance.cli.output import DEFAULT_DATA, Data, Json, counted, engine_command
from countenance.clock import to_text
from countenance.errors import BadInput
from countenance.ids import HoldId, OrderId, SubjectId
from countenance.model.destruction import HoldBasis

if TYPE_CHECKING:
    from countenance.model.destruction import Hold

_hold = typer.Typer(help="Legal holds: what is under one is neither destroyed nor searched.", no_args_is_help=True)
HoldArgument = Annotated[str, typer.Argument(help="Id of the hold; `hold list` shows them.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(_hold, name="hold")


@_hold.command()
def place(
    basis: Annotated[HoldBasis, typer.Option(help="On what ground.")],
    matter: Annotated[str, typer.Option(help="The case or instrument, such as a case number.")],
    subjects: Annotated[list[str] | None, typer.Argument(help="Ids of subjects; `subject list` shows them.")] = None,
    order: Annotated[str | None, typer.Option(help="Everybody whom this order froze.")] = None,
    review_every_days: Annotated[int | None, typer.Option(help="Remind somebody to review it.")] = None,
    escrow_to: Annotated[
        str | None, typer.Option(help="age recipient of an outside key holder, without whom nobody can open it.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Account that places it; by default the one logged in.")] = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Keep what is held of people from destruction; frozen and sealed at once.

    Example:
        countenance hold place sub_7k2m0q9x4t8b5c1d \
          --basis court_order --matter "1:21-cv-00135"
    """
    with engine_command(data, as_json) as (engine, output):
        people = [*map(SubjectId, subjects or ()), *(engine.custody.orders.members(OrderId(order)) if order else ())]
        placed = engine.custody.holds.place(
            *people,
            basis=basis,
            matter=matter,
            by=by or getpass.getuser(),
            review_every_days=review_every_days,
            recipient=escrow_to,
        )
        hold = placed.hold
        output.record(
            hold=hold.id,
            subject=hold.subjects[0] if len(hold.subjects) == 1 else None,
            people=len(hold.subjects),
            basis=hold.basis.value,
            conflicts=[one.id for one in placed.conflicts],
        )
        who = hold.subjects[0] if len(hold.subjects) == 1 else counted(len(hold.subjects), "subject")
        output.say(f"{hold.id}: {who} is kept, and frozen and sealed: no search finds this person.")
        for conflict in placed.conflicts:
            output.say(
                f"CONFLICT {conflict.id}: the law does not recognise {hold.basis.value} as a ground to keep anything "
                f"past its date ({conflict.other}). Counsel decides; it stays sealed until then.",
                style="red",
            )
            output.say(f"countenance order resolve {conflict.id} keep|end --why TEXT --by NAME")


@_hold.command()
def lift(
    hold: HoldArgument,
    by: Annotated[str | None, typer.Option(help="Account that lifts it; by default the one logged in.")] = None,
    identity: Annotated[Path | None, typer.Option(help="The outside key holder's age identity file.")] = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """End a hold; the destruction that it deferred starts by itself.

    Example:
        countenance hold lift hol_7k2m0q9x4t8b5c1d --by ann
    """
    with engine_command(data, as_json) as (engine, output):
        try:
            key = None if identity is None else identity.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"{identity} cannot be read as an age identity file") from error
        found = engine.custody.holds.lift(HoldId(hold), by=by or getpass.getuser(), identity=key)
        output.record(hold=found.id, people=len(found.subjects), **_one(found), lifted=found.lifted_at is not None)
        if found.lifted_at is None:
            output.say(
                f"{found.id} stays in force until a second person lifts it too, as the law of these people asks."
            )
            return
        output.say(f"{found.id} is lifted; what it deferred was taken up. `countenance destroy list` shows the runs.")
        output.say("Of whom no destruction was deferred, everything stays frozen.")


@_hold.command()
def review(
    hold: HoldArgument,
    by: Annotated[str | None, typer.Option(help="Account that reviewed it; by default the one logged in.")] = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Record that a hold was reviewed and is still needed.

    Example:
        countenance hold review hol_7k2m0q9x4t8b5c1d --by ann
    """
    with engine_command(data, as_json) as (engine, output):
        found = engine.custody.holds.review(HoldId(hold), by=by or getpass.getuser())
        output.record(hold=found.id, review_at=found.review_at and to_text(found.review_at))
        output.say(f"{found.id} was reviewed.")


@_hold.command("list")
def list_holds(*, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """List the holds; exit code 1 where a review is overdue.

    Example:
        countenance hold list
    """
    with engine_command(data, as_json) as (engine, output):
        overdue = engine.custody.holds.overdue()
        for hold in engine.custody.holds.everyone():
            lifted = None if hold.lifted_at is None else to_text(hold.lifted_at)
            output.record(
                hold=hold.id,
                people=len(hold.subjects),
                **_one(hold),
                basis=hold.basis.value,
                matter=hold.matter,
                placed=to_text(hold.placed_at),
                lifted=lifted,
                review_at=hold.review_at and to_text(hold.review_at),
                review_overdue=hold.id in overdue,
            )
            state = f"lifted {lifted}" if lifted else "in force"
            who = hold.subjects[0] if len(hold.subjects) == 1 else counted(len(hold.subjects), "subject")
            output.say(f"{hold.id}  {who}  {hold.basis.value}, {hold.matter}  {state}")
            if hold.id in overdue:
                output.say(f"  its review is overdue: countenance hold review {hold.id}", style="red")
    if overdue:
        raise typer.Exit(FOUND_WRONG)


def _one(hold: Hold) -> dict[str, str | None]:
    return {"subject": hold.subjects[0] if len(hold.subjects) == 1 else None}
