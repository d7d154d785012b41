# SPDX-License-Identifier: Apache-2.0
"""Commands on where a person lives and lived."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from countenance.cli.output import DEFAULT_DATA, Data, Json, Output, SubjectArgument, counted, engine_command
from countenance.cli.subjects import subject_commands
from countenance.clock import to_text
from countenance.ids import SubjectId
from countenance.model.residency import Evidence

if TYPE_CHECKING:
    from countenance.services.residency import Home

_residency = typer.Typer(help="Where a person lives and lived, with dates and evidence.", no_args_is_help=True)


def register(_app: typer.Typer) -> None:
    """Add these commands."""
    subject_commands.add_typer(_residency, name="residency")


@_residency.command()
def add(
    subject: SubjectArgument,
    place: Annotated[str, typer.Argument(help="`US-IL`, `DE` or `unknown`.")],
    since: Annotated[datetime | None, typer.Option(help="First day there.", formats=["%Y-%m-%d"])] = None,
    until: Annotated[
        datetime | None, typer.Option(help="First day no longer there; left out while it lasts.", formats=["%Y-%m-%d"])
    ] = None,
    evidence: Annotated[Evidence, typer.Option(help="What it rests on.")] = Evidence.DECLARED,
    document_sha256: Annotated[str | None, typer.Option(help="Digest of the paper that proves it; sealed.")] = None,
    corrects: Annotated[int | None, typer.Option(help="Number of the fact that this one takes the place of.")] = None,
    moved_from: Annotated[
        int | None, typer.Option(help="Number of the fact of the home that was left for this one on --since.")
    ] = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Record where a person lives or lived; another law may apply from the next decision on.

    Example:
        countenance subject residency add sub_7k2m0q9x4t8b5c1d US-TX \
          --since 2023-06-01 --moved-from 1 --evidence document
    """
    with engine_command(data, as_json) as (engine, output):
        home = engine.homes.add(
            SubjectId(subject),
            place,
            since=since and since.date(),
            until=until and until.date(),
            evidence=evidence,
            document_sha256=document_sha256,
            supersedes=corrects,
            ends=moved_from,
        )
        _print(subject, home, output)


@_residency.command("list")
def list_facts(
    subject: SubjectArgument,
    on: Annotated[
        datetime | None, typer.Option(help="What follows on this day, by default today.", formats=["%Y-%m-%d"])
    ] = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """List a person's residency facts, and what follows from them.

    Example:
        countenance subject residency list sub_7k2m0q9x4t8b5c1d
    """
    with engine_command(data, as_json) as (engine, output):
        _print(subject, engine.homes.of(SubjectId(subject), on and on.date()), output)


def _print(subject: str, home: Home, output: Output) -> None:
    output.record(
        subject=subject,
        on=home.on.isoformat(),
        current=list(home.current),
        former=list(home.former),
        ever=list(home.ever),
        days=home.days,
        unknown=home.unknown,
        law=list(home.packs),
        facts=[
            {
                "number": fact.number,
                "place": fact.place,
                "since": fact.since and fact.since.isoformat(),
                "until": fact.until and fact.until.isoformat(),
                "evidence": fact.evidence.value,
                "document_sha256": home.documents.get(fact.number),
                "recorded": to_text(fact.recorded_at),
                "corrects": fact.supersedes,
            }
            for fact in home.residency.facts
        ],
    )
    for fact in home.residency.facts:
        span = f"since {fact.since or '?'}" + (f", until {fact.until}" if fact.until else "")
        corrects = f", corrects {fact.supersedes}" if fact.supersedes else ""
        output.say(f"{fact.number}  {fact.place}  {span}  ({fact.evidence.value}{corrects})")
    output.say(f"On {home.on}: lives in {', '.join(home.current) or 'unknown'}")
    output.say(f"Lived in {', '.join(home.former) or 'no other place that is known'}")
    for region, days in home.days.items():
        output.say(f"  {region}: at least {counted(days, 'day')}")
    if home.unknown:
        output.say(f"The strictest law applies: {home.unknown}.")
    output.say(f"Law: {', '.join(home.packs)}")
