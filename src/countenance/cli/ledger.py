# SPDX-License-Identifier: Apache-2.0
"""Commands on the log: show it, sign its head, publish it, prove an entry or its growth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from countenance.cli.output import DEFAULT_DATA, Data, Json, engine_command, write_document
from countenance.clock import to_text

_ledger = typer.Typer(help="The log of what was done, and proofs of it for strangers.", no_args_is_help=True)

Out = Annotated[Path | None, typer.Option("--out", help="Write to this file instead of standard output.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(_ledger, name="ledger")


@_ledger.command()
def show(
    last: Annotated[int, typer.Option(help="How many entries, from the end.")] = 20,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Show the newest entries.

    Example:
        countenance ledger show --last 50
    """
    with engine_command(data, as_json) as (engine, output):
        for event in engine.journal.entries(last):
            at, index = to_text(event.at), event.number - 1
            output.record(index=index, at=at, tag=event.tag.value, subject=event.subject, payload=event.payload)
            about = f"  {event.subject}" if event.subject else ""
            output.say(f"{index:>6}  {at}  {event.tag.value}{about}")


@_ledger.command()
def key(*, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Print the public key of the log: publish it where people will look for it.

    Example:
        countenance ledger key
    """
    with engine_command(data, as_json) as (engine, output):
        text = engine.journal.verifier_key()
        output.record(key=text)
        output.say(text)


@_ledger.command()
def checkpoint(out: Out = None, *, data: Data = DEFAULT_DATA) -> None:
    """Print the signed head of the log, a C2SP checkpoint.

    Example:
        countenance ledger checkpoint --out checkpoint
    """
    with engine_command(data, as_json=False) as (engine, _):
        write_document(engine.journal.checkpoint(), out)


@_ledger.command()
def prove(
    index: Annotated[int, typer.Argument(help="Number of the entry, from 0; `ledger show` prints them.")],
    out: Out = None,
    *,
    data: Data = DEFAULT_DATA,
) -> None:
    """Print the proof that an entry is in the log, a C2SP tlog-proof.

    Example:
        countenance ledger prove 12 --out entry-12.proof
    """
    with engine_command(data, as_json=False) as (engine, _):
        write_document(engine.journal.prove(index), out)


@_ledger.command("prove-growth")
def prove_growth(
    old: Annotated[int, typer.Argument(help="Size of an earlier checkpoint.")],
    out: Out = None,
    *,
    data: Data = DEFAULT_DATA,
) -> None:
    """Print the proof that the log only grew since an earlier checkpoint.

    Example:
        countenance ledger prove-growth 40 --out growth.proof
    """
    with engine_command(data, as_json=False) as (engine, _):
        write_document(engine.journal.prove_growth(old), out)


@_ledger.command()
def publish(
    folder: Annotated[Path, typer.Argument(help="Any static web server can serve it.")],
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Write the whole log as C2SP tiles into a folder.

    Example:
        countenance ledger publish public/log
    """
    with engine_command(data, as_json) as (engine, output):
        size = engine.journal.publish(folder)
        output.record(folder=str(folder), entries=size, key=engine.journal.verifier_key())
        output.say(f"{size} entries are in {folder}. Anybody can check them:")
        output.say(f"countenance verify {folder} --key {engine.journal.verifier_key()}")
