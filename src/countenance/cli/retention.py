# SPDX-License-Identifier: Apache-2.0
"""Commands on the retention clock."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from countenance.cli.exits import FOUND_WRONG
from countenance.cli.output import DEFAULT_DATA, Data, Json, Output, SubjectArgument, counted, engine_command
from countenance.clock import to_text
from countenance.ids import ReleaseId, SubjectId

if TYPE_CHECKING:
    from countenance.services.repetition import Repeated
    from countenance.services.retention import Next, RetentionStatus

_retention = typer.Typer(help="Until when people may be held, and destruction by then.", no_args_is_help=True)
_On = Annotated[datetime | None, typer.Option(help="The day, by default today.", formats=["%Y-%m-%d"])]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(_retention, name="retention")


@_retention.command()
def status(
    first: Annotated[int, typer.Option(help="How many people to name, those whose time is up first.", min=0)] = 10,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Show whose time is up and whose soon will be; exit code 1 where somebody is overdue.

    Example:
        countenance retention status --first 20
    """
    with engine_command(data, as_json) as (engine, output):
        found = engine.retention.status(first=first)
        output.record(**_fields(found))
        _say(found, output)
    if found.overdue or found.conflicts:
        raise typer.Exit(FOUND_WRONG)


@_retention.command()
def run(*, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Destroy everybody whose time is up, under the public policy; safe to start from cron.

    It also deletes searches whose authorisation was not shown in time, and looks at the interval of the law whether
    anybody destroyed has come back, whom it destroys again.

    Exit code 1: somebody is overdue, or a hold that the law does not recognise keeps somebody; see what it prints.

    Example:
        countenance retention run
    """
    with engine_command(data, as_json) as (engine, output):
        with output.progress("Destroying") as advance:
            done = engine.retention.run(progress=lambda _step, part, total: advance(part, total))
        output.record(
            destroyed=done.destroyed,
            runs=list(done.runs),
            noticed=done.noticed,
            evidence_destroyed=done.evidence,
            searches_purged=done.purged,
            repeated=done.repeated.made,
            came_back={"people": done.repeated.people, "things": done.repeated.things},
            problems=list(done.problems),
            **_fields(done.status),
        )
        destroyed = "1 person" if done.destroyed == 1 else f"{done.destroyed} people"
        output.say(f"{destroyed} destroyed, in {counted(len(done.runs), 'run')}; {done.noticed} new notices ahead.")
        for one in done.runs:
            output.say(f"  {one}: `countenance destroy status {one}` shows its certificate")
        if done.evidence:
            output.say(f"{counted(done.evidence, 'piece')} of evidence destroyed, whose time was over too.")
        if done.purged:
            searches = "1 search" if done.purged == 1 else f"{done.purged} searches"
            output.say(f"{searches} deleted, whose authorisation was not shown in time.")
        if done.repeated.made:
            output.say(f"Looked whether anybody destroyed has come back: {_came_back(done.repeated)}.")
        for problem in done.problems:
            output.fail(problem)
        _say(done.status, output)
    if not done.in_order:
        raise typer.Exit(FOUND_WRONG)


@_retention.command()
def notices(*, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """List whose time will be up within a month, as `retention run` noticed it, for a mail gateway to read.

    Example:
        countenance retention notices --json
    """
    with engine_command(data, as_json) as (engine, output):
        for one in engine.retention.notices():
            output.record(**_next(one))
            output.say(_line(one))


@_retention.command()
def interaction(subject: SubjectArgument, on: _On = None, *, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Record that the person did something here: a visit, a letter, asking for access.

    Signing counts by itself; a search by a client is no interaction.

    Example:
        countenance retention interaction sub_7k2m0q9x4t8b5c1d --on 2026-05-03
    """
    with engine_command(data, as_json) as (engine, output):
        engine.retention.interaction(SubjectId(subject), on and on.date())
        _recorded(subject, "an interaction", output)


@_retention.command("purpose-met")
def purpose_met(
    release: Annotated[str, typer.Argument(help="Id of the release; `subject show` lists them.")],
    on: _On = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Record that what a release was signed for is done.

    Example:
        countenance retention purpose-met rel_7k2m0q9x4t8b5c1d
    """
    with engine_command(data, as_json) as (engine, output):
        engine.retention.purpose_met(ReleaseId(release), on and on.date())
        _recorded(release, "purpose met", output)


@_retention.command()
def review(
    subject: SubjectArgument,
    needed: Annotated[bool, typer.Option("--needed/--unneeded", help="What the review found.")],
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Record that somebody looked whether a person is still needed.

    Example:
        countenance retention review sub_7k2m0q9x4t8b5c1d --unneeded
    """
    with engine_command(data, as_json) as (engine, output):
        engine.retention.review(SubjectId(subject), needed=needed)
        _recorded(subject, "review: " + ("needed" if needed else "not needed"), output)


def _came_back(found: Repeated) -> str:
    if not found.people and not found.things:
        return "nobody"
    people = "1 person" if found.people == 1 else f"{found.people} people"
    return f"{people} and {counted(found.things, 'thing')} of theirs, destroyed again; find out how they came back"


def _recorded(whom: str, what: str, output: Output) -> None:
    output.record(id=whom, recorded=what)
    output.say(f"{whom}: {what}. `countenance retention status` shows what follows.")


def _fields(found: RetentionStatus) -> dict[str, object]:
    return {
        "due": found.due,
        "within_30_days": found.within_30_days,
        "within_90_days": found.within_90_days,
        "overdue": found.overdue,
        "waiting": found.waiting,
        "held": found.held,
        "conflicts": [
            {"subject": one.subject.id, "hold": one.hold, "basis": one.basis.value} for one in found.conflicts
        ],
        "reviews_due": found.reviews,
        "next": [_next(one) for one in found.next],
    }


def _next(one: Next) -> dict[str, object]:
    return {"subject": one.subject, "due": to_text(one.at), "rule": one.rule.value, "citation": one.citation}


def _line(one: Next) -> str:
    return f"{one.subject}  {to_text(one.at)}  {one.rule.value}  ({one.citation})"


def _say(found: RetentionStatus, output: Output) -> None:
    output.say(
        f"Due now {found.due}, within 30 days {found.within_30_days}, within 90 days {found.within_90_days}; "
        f"overdue {found.overdue}; held {found.held}; waiting for an answer {found.waiting}; "
        f"reviews due {found.reviews}."
    )
    for one in found.conflicts:
        output.fail(
            f"{one.subject.id} is due, and hold {one.hold} ({one.basis.value}) is on no ground that the law "
            "recognises. Frozen and kept; counsel of both sides must decide: lift the hold, or get a warrant or a "
            "subpoena"
        )
    for line in found.next:
        output.say(_line(line))
