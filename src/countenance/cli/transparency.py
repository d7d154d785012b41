# SPDX-License-Identifier: Apache-2.0
"""The command that writes the public transparency report, and its page."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Annotated, Any

import typer

from countenance.cli.exits import FOUND_WRONG
from countenance.cli.output import DEFAULT_DATA, Data, Json, engine_command, write_document
from countenance.errors import BadInput
from countenance.papers.page import heading, page, pairs, table, when


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(report)


def report(
    start: Annotated[str | None, typer.Option("--from", help="First day, such as 2026-01-01 (UTC).")] = None,
    end: Annotated[str | None, typer.Option("--to", help="First day that is no longer in it.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the report, as JSON and as a page.")] = Path("transparency"),
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Write the public transparency report: policy, clients, counts, overdue.

    No personal data is in it; counts below 5 are not told. Exit code 1 if
    something is overdue.

    Example:
        countenance report --from 2026-01-01 --to 2027-01-01 --out public
    """
    with engine_command(data, as_json) as (engine, output):
        told = engine.transparency.report(_day(start), _day(end))
        out.mkdir(parents=True, exist_ok=True)
        write_document(json.dumps(told, indent=2, sort_keys=True).encode() + b"\n", out / "report.json")
        write_document(page("Transparency report", _body(told)), out / "report.html")
        output.record(**told)
        overdue: dict[str, int] = told["overdue"]  # type: ignore[assignment]
        late = {name: count for name, count in overdue.items() if count}
        for name, count in late.items():
            output.say(f"overdue, {name}: {count}", style="red")
        output.say(f"{out / 'report.json'} and {out / 'report.html'}")
    if late:
        raise typer.Exit(FOUND_WRONG)


def _day(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise BadInput(f"{text!r} is no day; write it as 2026-05-03") from None


def _body(told: dict[str, Any]) -> Iterable[str]:
    period, policy = told["period"], told["policy"] or {}
    since = "the beginning" if period["from"] is None else when(period["from"])
    yield heading(told["operator"], "Transparency report", f"<p>{escape(since)} to {escape(when(period['to']))}</p>")
    yield pairs(
        {
            "Retention policy": policy.get("url"),
            "SHA-256": policy.get("sha256"),
            "Log": f"{told['log']['origin']}, {told['log']['entries']} entries",
        }
    )
    yield "<h2>Overdue: each must be 0</h2>" + table(("What", "Count"), list(told["overdue"].items()))
    yield "<h2>Clients</h2>"
    yield table(
        ("Kind", "May search for", "Since"),
        [(one["kind"], ", ".join(one["purposes"]), one["since"]) for one in told["clients"]],
    )
    for title, name in (("Searches", "searches"), ("Refused, by rule", "refusals"), ("All that was logged", "entries")):
        yield f"<h2>{title}</h2>" + table(("What", "Count"), [(one, str(n)) for one, n in told[name].items()])
    yield "<h2>Law files</h2>"
    yield table(
        ("File", "Version", "SHA-256"), [(one["id"], one["version"], one["sha256"]) for one in told["law_files"]]
    )
    yield "<h2>Accuracy tests</h2>"
    yield table(
        ("Evaluation", "Date", "Encoder"), [(one["id"], one["date"], one["encoder"]) for one in told["accuracy_tests"]]
    )
    yield "<p>A count from 1 to 4 is not told: it could point at a person.</p>"
