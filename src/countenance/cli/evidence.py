# SPDX-License-Identifier: Apache-2.0
"""Commands on evidence of consent that outlives the person's data."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Annotated

import typer

from countenance.cli.output import DEFAULT_DATA, Data, Json, engine_command, write_document
from countenance.clock import to_text
from countenance.ids import EvidenceId

_evidence = typer.Typer(help="What destroyed people were told and signed, kept sealed.", no_args_is_help=True)
_Piece = Annotated[str, typer.Argument(help="Id of the evidence.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(_evidence, name="evidence")


@_evidence.command("list")
def list_evidence(*, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """List what is kept, closed, and until when. Of whom it is, is not told.

    Example:
        countenance evidence list
    """
    with engine_command(data, as_json) as (engine, output):
        found = engine.evidence.everything()
        for one in found:
            until = to_text(one.until)
            output.record(
                evidence=one.id, kept=to_text(one.kept_at), until=until, citation=one.citation, asked=one.asked
            )
            asked = "  somebody asks to see it" if one.asked else ""
            output.say(f"{one.id}  until {until}  ({one.citation}){asked}")
        if not found:
            output.say("No evidence is kept.")


@_evidence.command()
def find(
    known: Annotated[str, typer.Argument(help="Id of a subject or release, as on that person's papers.")],
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Find the evidence of a person or a release by its id. The look is logged.

    Example:
        countenance evidence find rel_7k2m0q9x4t8b5c1d
    """
    with engine_command(data, as_json) as (engine, output):
        one = engine.evidence.find(known)
        output.record(evidence=one)
        output.say(one)


@_evidence.command()
def ask(
    evidence: _Piece,
    why: Annotated[str, typer.Option(help="Why, such as the claim that it answers.")],
    by: Annotated[str | None, typer.Option(help="Account that asks; by default the one logged in.")] = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Ask to see evidence. Another person opens it, within seven days.

    Example:
        countenance evidence ask evd_7k2m0q9x4t8b5c1d \
          --why "claim of 3 May" --by custodian
    """
    with engine_command(data, as_json) as (engine, output):
        engine.evidence.ask(EvidenceId(evidence), by=by or getpass.getuser(), why=why)
        output.record(evidence=evidence, asked=True)
        output.say(f"Another person opens it now: countenance evidence show {evidence} --by NAME")


@_evidence.command()
def show(
    evidence: _Piece,
    by: Annotated[str | None, typer.Option(help="Account that opens it; by default the one logged in.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for each release as a signed document.")] = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Open evidence that somebody else asked to see: what was told and signed, when.

    Example:
        countenance evidence show evd_7k2m0q9x4t8b5c1d --by counsel \
          --out evidence
    """
    with engine_command(data, as_json) as (engine, output):
        opened = engine.evidence.show(EvidenceId(evidence), by=by or getpass.getuser())
        output.record(**opened.record)
        output.say(json.dumps(opened.record, indent=2))
        for release, document in opened.exports.items():
            if out is not None:
                out.mkdir(parents=True, exist_ok=True)
                write_document(document, out / f"{release}.json")
                output.say(f"{out / f'{release}.json'}: verify it with `countenance verify`")
