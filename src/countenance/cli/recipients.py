# SPDX-License-Identifier: Apache-2.0
"""Commands on those who hold results or data of destroyed people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from countenance.cli.exits import FOUND_WRONG
from countenance.cli.output import DEFAULT_DATA, Data, Json, Output, counted, engine_command, write_document
from countenance.clock import to_text
from countenance.ids import InstructionId, ProcessorId
from countenance.model.recipient import Instruction, Outcome

_recipients = typer.Typer(help="Who was told of destroyed people, and has to delete that.", no_args_is_help=True)
_Which = Annotated[str, typer.Argument(help="Id of the instruction.")]
_Rests = Annotated[str, typer.Option("--evidence", help="What it rests on: date and sender of the answer.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(_recipients, name="recipients")


@_recipients.command("list")
def list_instructions(*, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """List the instructions to delete, and who has confirmed.

    Exit code 1 if an answer is overdue.

    Example:
        countenance recipients list
    """
    with engine_command(data, as_json) as (engine, output):
        found = engine.recipients.instructions()
        for told in found:
            one = told.instruction
            state = one.outcome.value if one.outcome else "overdue" if told.overdue else "open"
            output.record(
                instruction=one.id, run=one.run, recipient=one.recipient, name=told.name, people=one.people,
                state=state, due=to_text(one.due_at), sent=None if one.sent_at is None else to_text(one.sent_at),
                evidence=one.evidence,
            )  # fmt: skip
            sent = "" if one.sent_at else ", its letter was not written out yet (`recipients letter`)"
            when = state if one.outcome else f"{state}, due {to_text(one.due_at)}{sent}"
            people = "1 person" if one.people == 1 else f"{one.people} people"
            output.say(f"{one.id}  {told.name}  {people} of {one.run}  {when}", style="red" if told.overdue else None)
        if not found:
            output.say("Nobody was ever told of somebody who is destroyed.")
    if any(told.overdue for told in found):
        raise typer.Exit(FOUND_WRONG)


@_recipients.command()
def letter(
    instruction: _Which,
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of standard output.")] = None,
    *,
    data: Data = DEFAULT_DATA,
) -> None:
    """Write out the letter of an instruction; it counts as sent from then on.

    Example:
        countenance recipients letter ins_7k2m0q9x4t8b5c1d --out letter.txt
    """
    with engine_command(data, as_json=False) as (engine, _):
        write_document(engine.recipients.letter(InstructionId(instruction)).encode(), out)


@_recipients.command()
def confirm(instruction: _Which, evidence: _Rests, *, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    r"""Record that a recipient confirmed the deletion.

    Example:
        countenance recipients confirm ins_7k2m0q9x4t8b5c1d \
          --evidence "e-mail of the shop, 3 May 2026"
    """
    with engine_command(data, as_json) as (engine, output):
        _settled(output, engine.recipients.settle(InstructionId(instruction), Outcome.CONFIRMED, evidence))


@_recipients.command("give-up")
def give_up(instruction: _Which, evidence: _Rests, *, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    r"""Record that no confirmation can be had; certificates say so.

    Example:
        countenance recipients give-up ins_7k2m0q9x4t8b5c1d \
          --evidence "dissolved on 1 May 2026, register of companies"
    """
    with engine_command(data, as_json) as (engine, output):
        _settled(output, engine.recipients.settle(InstructionId(instruction), Outcome.UNCONFIRMED, evidence))


@_recipients.command()
def declare(
    name: Annotated[str, typer.Argument(help="Who keeps or handles data for you, such as a hosting company.")],
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Declare a processor; told of every destruction from now on.

    Example:
        countenance recipients declare "Example Hosting"
    """
    with engine_command(data, as_json) as (engine, output):
        one = engine.recipients.declare(name)
        output.record(processor=one.id)
        output.say(f"{one.id}  {one.name}")


@_recipients.command()
def end(
    processor: Annotated[str, typer.Argument(help="Id of the processor.")],
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Record that a processor holds nothing any more.

    Example:
        countenance recipients end prc_7k2m0q9x4t8b5c1d
    """
    with engine_command(data, as_json) as (engine, output):
        engine.recipients.end(ProcessorId(processor))
        output.record(processor=processor, ended=True)
        output.say(f"{processor} is told of no destruction from now on.")


@_recipients.command()
def processors(*, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """List the processors.

    Example:
        countenance recipients processors
    """
    with engine_command(data, as_json) as (engine, output):
        found = engine.recipients.processors()
        for one in found:
            ended = None if one.ended_at is None else to_text(one.ended_at)
            output.record(processor=one.id, name=one.name, declared=to_text(one.declared_at), ended=ended)
            output.say(f"{one.id}  {one.name}{f'  ended {ended}' if ended else ''}")
        output.say(f"{counted(len(found), 'processor')}.")


def _settled(output: Output, one: Instruction) -> None:
    output.record(instruction=one.id, outcome=one.outcome, run=one.run)
    output.say(
        f"{one.id} is settled. A certificate that says so: countenance destroy resume {one.run} --declarant NAME"
    )
