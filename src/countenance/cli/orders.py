# SPDX-License-Identifier: Apache-2.0
"""Commands on orders of courts and authorities: from the paper to the certificate."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countenance.cli.destruction import say_finished
from countenance.cli.exits import FOUND_WRONG
from countenance.cli.output import DEFAULT_DATA, Data, Json, Output, counted, engine_command
from countenance.clock import to_text
from countenance.errors import BadInput
from countenance.ids import ConflictId, OrderId, SubjectId
from countenance.ledger.certificate import Declarant
from countenance.model.destruction import RunState

if TYPE_CHECKING:
    from countenance.services.orders import Standing

_order = typer.Typer(
    help="Orders of courts and authorities: freeze a class, destroy it, prove it.", no_args_is_help=True
)
OrderArgument = Annotated[str, typer.Argument(help="Id of the order; `order list` shows them.")]
By = Annotated[str | None, typer.Option(help="Account that does it; by default the one logged in.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(_order, name="order")


@_order.command()
def enter(
    file: Annotated[Path, typer.Argument(help="Order file (TOML); docs/formats/order.md says how it is written.")],
    by: By = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Enter an order as it was served; it binds once somebody else has confirmed it.

    Example:
        countenance order enter mutnick.toml --by ann
    """
    from countenance.services.order_documents import document  # noqa: PLC0415 - as in `engine_command`

    with engine_command(data, as_json) as (engine, output):
        try:
            read = document(file)
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"{file} cannot be read: {error}") from error
        order = engine.custody.orders.enter(read, by=by or getpass.getuser())
        output.record(order=order.id, status=order.status.value, instrument=order.instrument.sha256)
        output.say(f"{order.id}: {order.instrument.kind.value} of {order.instrument.authority} is entered.")
        for term in order.instrument.terms:
            output.say(f'  {term.number}. {term.verb.value}: "{term.quote}"')
        output.say(f"Somebody else compares it with the paper: countenance order confirm {order.id} --by NAME")


@_order.command()
def confirm(order: OrderArgument, by: By = None, *, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Confirm as a second person that an order was transcribed as it was served.

    Example:
        countenance order confirm ord_7k2m0q9x4t8b5c1d --by bea
    """
    with engine_command(data, as_json) as (engine, output):
        found = engine.custody.orders.confirm(OrderId(order), by=by or getpass.getuser())
        output.record(order=found.id, status=found.status.value)
        output.say(f"{found.id} is confirmed. It stops the class with: countenance order freeze {found.id}")


@_order.command()
def preview(order: OrderArgument, *, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Count who would be frozen: members, unknown and others; nothing is changed.

    Example:
        countenance order preview ord_7k2m0q9x4t8b5c1d
    """
    with engine_command(data, as_json) as (engine, output):
        seen = engine.custody.orders.preview(OrderId(order))
        output.record(
            order=seen.order,
            members=seen.members,
            unknown=seen.unknown,
            unknown_is=seen.treated,
            nonmembers=seen.nonmembers,
            class_root=seen.root,
        )
        output.say(f"Members: {seen.members}. Unknown residency: {seen.unknown} (treated as: {seen.treated}).")
        output.say(f"Not in the class, with evidence: {seen.nonmembers}. Merkle root of the class: {seen.root}")


@_order.command()
def freeze(order: OrderArgument, *, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Freeze the class of an order: in force for the very next search; again, it adds who is new in it.

    Example:
        countenance order freeze ord_7k2m0q9x4t8b5c1d
    """
    with engine_command(data, as_json) as (engine, output):
        found = engine.custody.orders.freeze(OrderId(order))
        _say(output, found)
        for source in sorted(found.order.instrument.filtered):
            output.say(
                f"  {source} is revoked; `destroy list` shows the run that waits to destroy what came from it alone."
            )


@_order.command()
def execute(
    order: OrderArgument,
    by: By = None,
    declarant: Annotated[
        str | None, typer.Option(help="Who declares the certificate under penalty of perjury.")
    ] = None,
    title: Annotated[str, typer.Option(help="Title of the declarant.")] = "Custodian",
    out: Annotated[Path, typer.Option(help="Folder for the certificate.")] = Path(),
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Destroy the class of an order: the first person plans it, the second one's word destroys and certifies.

    Example:
        countenance order execute ord_7k2m0q9x4t8b5c1d --by ann
        countenance order execute ord_7k2m0q9x4t8b5c1d --by bea
    """
    with engine_command(data, as_json) as (engine, output):
        declares = None if declarant is None else Declarant(declarant, title)
        with output.progress("executing") as advance:
            done = engine.custody.runs.execute(
                OrderId(order),
                by=by or getpass.getuser(),
                declarant=declares,
                progress=lambda _step, part, total: advance(part, total),
            )
        say_finished(output, done, out)
        if done.run.state is RunState.FROZEN:
            output.say(
                f"Or: countenance order execute {order} --by NAME, by somebody else than {done.run.requested_by}"
            )
        elif done.run.state is RunState.APPROVED:
            output.say("All of it is under a legal hold; once that is lifted, its destruction starts by itself.")
            output.say("`countenance hold list` shows the holds.")
    if done.run.state is RunState.FAILED:
        raise typer.Exit(FOUND_WRONG)


@_order.command()
def status(order: OrderArgument, *, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Show where an order stands and what is due; exit code 1 where something is overdue.

    Example:
        countenance order status ord_7k2m0q9x4t8b5c1d
    """
    with engine_command(data, as_json) as (engine, output):
        found = engine.custody.orders.status(OrderId(order))
        _say(output, found)
        for term in found.order.instrument.terms:
            open_ = " (people meet this; `order met` records it)" if term.number in found.unmet else ""
            output.say(f'  {term.number}. {term.verb.value}: "{term.quote}"{open_}')
        for conflict in found.conflicts:
            output.say(
                f"CONFLICT {conflict.id}: {conflict.one} and {conflict.other}, {counted(conflict.people, 'person')}"
            )
            for one in (conflict.one, conflict.other):
                for counsel in (
                    engine.custody.orders.status(OrderId(one)).order.instrument.counsel if one[:3] == "ord" else ()
                ):
                    output.say(f"  for {counsel.acts_for} ({one}): {counsel.name}, {counsel.contact}", style="red")
            output.say(f"  They decide; then two people record it: countenance order resolve {conflict.id}")
    if found.overdue:
        raise typer.Exit(FOUND_WRONG)


@_order.command()
def stay(
    order: OrderArgument,
    by: By = None,
    *,
    lift: Annotated[bool, typer.Option("--lift", help="End the stay: the order goes on where it stood.")] = False,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Stay an order: nothing is destroyed and nothing is due; the class stays frozen.

    Example:
        countenance order stay ord_7k2m0q9x4t8b5c1d --by ann
    """
    with engine_command(data, as_json) as (engine, output):
        verb = engine.custody.orders.end_stay if lift else engine.custody.orders.stay
        _say(output, verb(OrderId(order), by=by or getpass.getuser()))


@_order.command()
def vacate(order: OrderArgument, by: By = None, *, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """End an order, as one of two people; then whom nothing else keeps frozen can be searched again.

    Example:
        countenance order vacate ord_7k2m0q9x4t8b5c1d --by ann
    """
    with engine_command(data, as_json) as (engine, output):
        _say(output, engine.custody.orders.vacate(OrderId(order), by=by or getpass.getuser()))


@_order.command()
def readmit(
    order: OrderArgument,
    subject: Annotated[str, typer.Argument(help="Id of the subject.")],
    by: By = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Let one member sign a new release, as one of two people, where the order allows new releases.

    Example:
        countenance order readmit ord_7k2m0q9x4t8b5c1d sub_7k2m0q9x4t8b5c1d \
          --by ann
    """
    with engine_command(data, as_json) as (engine, output):
        _say(output, engine.custody.orders.readmit(OrderId(order), SubjectId(subject), by=by or getpass.getuser()))


@_order.command()
def met(
    order: OrderArgument,
    term: Annotated[int, typer.Argument(help="Number of the term.")],
    by: By = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Record that people met a term, such as a report or a notice.

    Example:
        countenance order met ord_7k2m0q9x4t8b5c1d 3 --by ann
    """
    with engine_command(data, as_json) as (engine, output):
        _say(output, engine.custody.runs.met(OrderId(order), term, by=by or getpass.getuser()))


@_order.command()
def consolidate(
    lead: OrderArgument,
    others: Annotated[list[str], typer.Argument(help="Ids of orders that are executed with it.")],
    by: By = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Let several orders be executed once, with one certificate that names all of them.

    Example:
        countenance order consolidate ord_7k2m0q9x4t8b5c1d \
          ord_0a1b2c3d4e5f6g7h
    """
    with engine_command(data, as_json) as (engine, output):
        found = engine.custody.runs.consolidate(OrderId(lead), [OrderId(o) for o in others], by=by or getpass.getuser())
        output.record(lead=lead, orders=[one.id for one in found])
        output.say(f"{counted(len(found), 'order')} will be executed together, under {lead}.")


@_order.command()
def resolve(
    conflict: Annotated[str, typer.Argument(help="Id of the conflict; `order status` names it.")],
    prevails: Annotated[str, typer.Argument(help="Id of the order that prevails; `keep` or `end` for a hold.")],
    why: Annotated[str, typer.Option(help="What counsel decided, in words; sealed.")],
    by: By = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Record counsel's decision on a conflict, as one of two people.

    Example:
        countenance order resolve con_7k2m0q9x4t8b5c1d ord_7k2m0q9x4t8b5c1d \
          --why "Stipulation of 3 May" --by ann
    """
    with engine_command(data, as_json) as (engine, output):
        found = engine.custody.conflicts.resolve(ConflictId(conflict), prevails, by=by or getpass.getuser(), why=why)
        output.record(conflict=found.id, decision=found.decision)
        if found.decision is None:
            output.say("Recorded. It takes effect when a second person gives the same command.")
        else:
            output.say(f"Decided: {found.decision} prevails.")


@_order.command("list")
def list_orders(*, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """List the orders and what is due; exit code 1 where something is overdue.

    Example:
        countenance order list
    """
    with engine_command(data, as_json) as (engine, output):
        found = engine.custody.orders.everyone()
        for one in found:
            _say(output, one)
    if any(one.overdue for one in found):
        raise typer.Exit(FOUND_WRONG)


def _say(output: Output, found: Standing) -> None:
    """Print one order."""
    order = found.order
    output.record(
        order=order.id,
        kind=order.instrument.kind.value,
        matter=order.instrument.matter,
        status=order.status.value,
        counts=order.counts,
        class_root=order.class_root,
        run=order.run,
        due=[{"what": one.what, "at": to_text(one.at), "overdue": one.overdue} for one in found.due],
        unmet=list(found.unmet),
        waits_for=found.waits_for,
        conflicts=[one.id for one in found.conflicts],
    )
    state = "CONFLICT" if found.conflicts else order.status.value
    output.say(f"{order.id}  {order.instrument.kind.value}, {order.instrument.matter}: {state}")
    if order.class_root is not None:
        members, unknown = order.counts.get("member", 0), order.counts.get("unknown", 0)
        output.say(f"  frozen: {members} members and {unknown} of unknown residency")
    for one in found.due:
        word = "OVERDUE" if one.overdue else "due"
        output.say(f"  {word}: {one.what} by {to_text(one.at)}", style="red" if one.overdue else None)
    if found.waits_for is not None:
        output.say(f"  waits for a second person: {found.waits_for}")
