# SPDX-License-Identifier: Apache-2.0
"""Commands on breaches, and the page that a custodian prints."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Annotated

import typer

from countenance.cli.exits import FOUND_WRONG
from countenance.cli.output import DEFAULT_DATA, Data, Json, Output, counted, engine_command, write_document
from countenance.clock import from_text, to_text
from countenance.errors import BadInput
from countenance.ids import BreachId
from countenance.model.breach import Assessment, Exposed
from countenance.papers.page import heading, page, pairs, table, when

_breach = typer.Typer(help="Breaches: whom they concern, and who is told by when.", no_args_is_help=True)
_What = Annotated[list[Exposed], typer.Option("--exposed", help="What got out; may be repeated.")]
_At = Annotated[
    str | None, typer.Option("--at", help="When somebody here knew, such as 2026-05-03T14:00:00Z; by default now.")
]
_Out = Annotated[Path | None, typer.Option(help="Folder for the report, as JSON and as a page.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(_breach, name="breach")


@_breach.command()
def drill(
    exposed: _What, at: _At = None, out: _Out = None, *, data: Data = DEFAULT_DATA, as_json: Json = False
) -> None:
    """Hold a drill: what would follow if this were exposed. Only the log tells of it.

    Example:
        countenance breach drill --exposed records --exposed clients --out drill
    """
    with engine_command(data, as_json) as (engine, output):
        found = engine.breaches.drill(exposed, aware_at=_moment(at))
        _say(output, found, None, engine.operator, out)


@_breach.command()
def report(
    exposed: _What, at: _At = None, out: _Out = None, *, data: Data = DEFAULT_DATA, as_json: Json = False
) -> None:
    r"""Open a case of a real breach; its clocks show in `breach list`.

    Example:
        countenance breach report --exposed backup \
          --at 2026-05-03T14:00:00Z --out breach
    """
    with engine_command(data, as_json) as (engine, output):
        breach = engine.breaches.report(exposed, aware_at=_moment(at))
        _say(output, breach.assessment, breach.id, engine.operator, out)


@_breach.command("list")
def list_breaches(*, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """List the cases and their clocks.

    Exit code 1 if a date has passed while a case is open.

    Example:
        countenance breach list
    """
    with engine_command(data, as_json) as (engine, output):
        found = engine.breaches.everything()
        for breach, late in found:
            told = breach.assessment
            closed = None if breach.closed_at is None else to_text(breach.closed_at)
            due = None if told.first_due is None else to_text(told.first_due)
            listed = [one.value for one in told.exposed]
            output.record(
                breach=breach.id, exposed=listed, aware=to_text(told.aware_at), first_due=due, late=late,
                closed=closed, note=breach.note,
            )  # fmt: skip
            state = f"closed {closed}" if closed else f"LATE since {due}" if late else f"open, first date {due}"
            output.say(f"{breach.id}  {', '.join(listed)}  {state}", style="red" if late else None)
        if not found:
            output.say("No breach was reported.")
    if any(late for _, late in found):
        raise typer.Exit(FOUND_WRONG)


@_breach.command()
def close(
    breach: Annotated[str, typer.Argument(help="Id of the case.")],
    note: Annotated[str, typer.Option(help="How it ended: who was told, when and how.")],
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """End a case.

    Example:
        countenance breach close bre_7k2m0q9x4t8b5c1d --note "all told by letter"
    """
    with engine_command(data, as_json) as (engine, output):
        found = engine.breaches.close(BreachId(breach), note=note)
        output.record(breach=found.id, closed=found.closed_at and to_text(found.closed_at))
        output.say(f"{found.id} is closed.")


def _moment(text: str | None) -> datetime | None:
    try:
        moment = None if text is None else from_text(text)
    except ValueError:
        moment = None
    if text is not None and (moment is None or moment.tzinfo is None):
        raise BadInput(f"{text!r} is no moment; write it as 2026-05-03T14:00:00Z")
    return moment


def _say(output: Output, found: Assessment, case: BreachId | None, operator: str, out: Path | None) -> None:
    record = _record(found, case, operator)
    output.record(**record)
    output.say(f"{'Drill' if case is None else f'Case {case}'}, known since {to_text(found.aware_at)}.")
    for kind in found.exposed:
        output.say(f"{kind.value}: {kind.readable}")
    for group in found.affected:
        regulator = "no regulator" if group.regulator_due is None else f"regulator by {to_text(group.regulator_due)}"
        output.say(
            f"{counted(group.people, 'person') if group.people == 1 else f'{group.people} people'} under "
            f"{', '.join(group.packs)}: {regulator}, people by {to_text(group.individuals_due)}"
        )
    if not found.affected:
        output.say("Nobody is concerned.")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        name = case or "drill"
        write_document(json.dumps(record, indent=2).encode() + b"\n", out / f"{name}.json")
        write_document(page(_title(case), _body(found, case, operator)), out / f"{name}.html")
        output.say(f"{out / f'{name}.json'} and {out / f'{name}.html'}")


def _record(found: Assessment, case: BreachId | None, operator: str) -> dict[str, object]:
    return {
        "schema": "countenance-breach-1",
        "operator": operator,
        "case": case,
        "drill": case is None,
        "aware_at": to_text(found.aware_at),
        "exposed": {one.value: one.readable for one in found.exposed},
        "affected": [
            {
                "packs": list(one.packs),
                "people": one.people,
                "threshold": one.threshold,
                "regulator_due": None if one.regulator_due is None else to_text(one.regulator_due),
                "individuals_due": to_text(one.individuals_due),
                "citation": one.citation,
            }
            for one in found.affected
        ],
    }


def _title(case: BreachId | None) -> str:
    return "Drill of a breach" if case is None else f"Breach {case}"


def _body(found: Assessment, case: BreachId | None, operator: str) -> Iterable[str]:
    yield heading(operator, _title(case))
    due = found.first_due
    yield pairs(
        {"Known since": when(to_text(found.aware_at)), "First date": None if due is None else when(to_text(due))}
    )
    yield "<h2>What got out, and what a thief can read of it</h2>"
    yield table(("What", "What can be read"), [(one.value, one.readable) for one in found.exposed])
    yield "<h2>Whom it concerns, and by when</h2>"
    rows = [
        (
            ", ".join(one.packs), one.people, one.threshold,
            "fewer than its threshold" if one.regulator_due is None else when(to_text(one.regulator_due)),
            when(to_text(one.individuals_due)), one.citation,
        )
        for one in found.affected
    ]  # fmt: skip
    yield table(("Law", "People", "From", "Regulator by", "People by", "Citation"), rows)
    yield "<p>People of whom nobody knows where they live are counted under the strictest law.</p>"
    if case is None:
        yield f"<p>{escape('This was a drill: nothing happened, and only the log tells of it.')}</p>"
