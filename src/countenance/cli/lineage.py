# SPDX-License-Identifier: Apache-2.0
"""Commands on what was made from people's faceprints."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from countenance.canonical import sha256
from countenance.cli.exits import FOUND_WRONG
from countenance.cli.output import DEFAULT_DATA, Data, Json, counted, engine_command, printable
from countenance.clock import to_text
from countenance.ids import ArtefactId

_lineage = typer.Typer(help="What was made from faceprints, and from whom.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(_lineage, name="lineage")


@_lineage.command("list")
def list_artefacts(*, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """List calibrations, evaluation sets and the like, and which of them are stale.

    Exit code 1 if one is stale: somebody it was made from is destroyed, so it
    must be made anew or deleted, then retired.

    Example:
        countenance lineage list
    """
    with engine_command(data, as_json) as (engine, output):
        found = engine.lineage.artefacts()
        for one in found:
            stale = None if one.stale_at is None else to_text(one.stale_at)
            output.record(
                artefact=one.id, kind=one.kind.value, sha256=one.sha256, state=one.state, subjects=one.subjects,
                made=to_text(one.made_at), stale=stale,
            )  # fmt: skip
            since = f" since {stale}" if one.state == "stale" else ""
            people = counted(one.subjects, "subject")
            output.say(f"{one.id}  {one.kind.value}  {one.sha256[:12]}  made from {people}  {one.state}{since}")
        if not found:
            output.say("Nothing was made from anybody's faceprints.")
    if any(one.state == "stale" for one in found):
        raise typer.Exit(FOUND_WRONG)


@_lineage.command()
def retire(
    artefact: Annotated[str, typer.Argument(help="Id of the artefact.")],
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Record that an artefact was deleted. It never loads again.

    Example:
        countenance lineage retire art_7k2m0q9x4t8b5c1d
    """
    with engine_command(data, as_json) as (engine, output):
        one = engine.lineage.retire(ArtefactId(artefact))
        output.record(artefact=one.id, state=one.state)
        output.say(f"{one.id} is retired: its bytes are refused wherever they turn up.")


@_lineage.command()
def check(
    file: Annotated[Path, typer.Argument(help="The artefact's file.", exists=True, dir_okay=False)],
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Say whether a file may be loaded: refused if it was made from somebody who was destroyed.

    Example:
        countenance lineage check codebook.bin
    """
    with engine_command(data, as_json) as (engine, output):
        digest = sha256(file.read_bytes())
        engine.lineage.require_fresh(digest)
        output.record(file=str(file), sha256=digest, usable=True)
        output.say(f"{printable(file)} may be loaded.")
