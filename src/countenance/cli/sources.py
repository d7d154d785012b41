# SPDX-License-Identifier: Apache-2.0
"""Commands that revoke a source, and that fetch one photo from one."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from countenance.cli.exits import FOUND_WRONG
from countenance.cli.output import DEFAULT_DATA, Data, Json, counted, engine_command, printable
from countenance.cli.registers import source_commands
from countenance.ids import ReleaseId, SourceId, SubjectId
from countenance.model.destruction import RunState


def register(_app: typer.Typer) -> None:
    """Add these commands; they stand in their module for that alone."""


@source_commands.command()
def revoke(
    source: Annotated[str, typer.Argument(help="Id of the source; `source list` shows them.")],
    reason: Annotated[str, typer.Option(help="The letter or order behind it; sealed.")],
    by: Annotated[str | None, typer.Option(help="Account that asks; by default the one logged in.")] = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Withdraw a source's permission: nothing more is collected, what came from it alone is destroyed.

    Example:
        countenance source revoke src_7k2m0q9x4t8b5c1d \
          --reason "Cease and desist of 4 May 2026"
    """
    with engine_command(data, as_json) as (engine, output):
        with output.progress("Destroying") as advance:
            done = engine.sources.revoke(
                SourceId(source),
                by=by or getpass.getuser(),
                reason=reason,
                progress=lambda _step, part, total: advance(part, total),
            )
        run = None if done is None else done.run
        state = None if run is None else run.state.value
        certificate = None if done is None else done.certificate
        output.record(source=source, run=run and run.id, state=state, certificate=certificate)
        output.say(f"{source} is revoked: no photo of it is taken any more.")
        if run is None:
            output.say("No photo came from it, so there is nothing to destroy.")
        elif run.state is RunState.CERTIFIED:
            output.say(f"What came from it alone is destroyed: run {run.id}, certificate {certificate}.")
        elif run.state is RunState.FROZEN:
            output.say(
                f"Run {run.id} waits, frozen, for a second person: `countenance destroy approve {run.id} --by ...`"
            )
        else:
            output.fail(f"Run {run.id} has failed: {'; '.join(run.problems)}")
    if run is not None and run.state is RunState.FAILED:
        raise typer.Exit(FOUND_WRONG)


@source_commands.command()
def fetch(
    url: Annotated[str, typer.Argument(help="Address of one photo, on a host that the source's permission names.")],
    source: Annotated[str, typer.Option(help="Id of the source.")],
    subject: Annotated[str, typer.Option(help="Id of the person in the photo.")],
    release: Annotated[str, typer.Option(help="Id of this person's live release.")],
    into: Annotated[Path, typer.Option(help="Your folder for the photo, outside of the data directory.")],
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Fetch one photo of one person who signed a release, and ingest it.

    The web server may say no (robots.txt, TDMRep): then the photo is left, with a reason. Nothing here crawls.

    Example:
        countenance source fetch https://photos.example.org/gala/17.jpg \
          --source src_7k2m0q9x4t8b5c1d --subject sub_7k2m0q9x4t8b5c1d \
          --release rel_7k2m0q9x4t8b5c1d --into fetched
    """
    with engine_command(data, as_json) as (engine, output):
        done = engine.fetches.fetch(
            url, source=SourceId(source), subject=SubjectId(subject), release=ReleaseId(release), into=into
        )
        sums = done.ingested
        output.record(
            file=None if done.path is None else str(done.path),
            reason=done.reason,
            references=0 if sums is None else sums.references,
            skipped={} if sums is None else dict(sums.skipped),
        )
        if done.path is None or sums is None:
            output.say(f"Left where it is: {done.reason}.")
        else:
            skipped = ", ".join(f"{number} {reason}" for reason, number in sorted(sums.skipped.items()))
            output.say(
                f"{printable(done.path)}: {counted(sums.references, 'reference')}" + (f"; {skipped}" if skipped else "")
            )
