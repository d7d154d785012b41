# SPDX-License-Identifier: Apache-2.0
"""What commands print: text for people, or one JSON object per line for programs.

With `--json`, standard output holds JSON lines only and the text goes to standard error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from countenance.bootstrap import Engine
from countenance.cli.exits import exit_code
from countenance.errors import CountenanceError

Data = Annotated[Path, typer.Option("--data", help="The data directory.", envvar="COUNTENANCE_DATA")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line on standard output.")]
DEFAULT_DATA = Path("countenance-data")


class Output:
    """Where one command prints to."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._people = Console(stderr=as_json, highlight=False, soft_wrap=True)

    def record(self, **fields: Any) -> None:
        """Print one JSON object, in JSON mode."""
        if self._as_json:
            sys.stdout.write(json.dumps(fields, ensure_ascii=False) + "\n")
            sys.stdout.flush()

    def say(self, text: str, style: str | None = None) -> None:
        """Print text for people; it is printed as it is, without markup."""
        self._people.print(escape(text), style=style)

    @contextmanager
    def progress(self, label: str) -> Iterator[Callable[[int, int], None]]:
        """Show a progress bar on standard error, where that is a terminal; yields `advance(done, total)`."""
        columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(compact=True))
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(label, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def command(as_json: bool) -> Iterator[Output]:
    """Run one command's body; an error of the program becomes a message and its exit code."""
    output = Output(as_json=as_json)
    try:
        yield output
    except CountenanceError as error:
        output.record(error=error.code, message=str(error))
        Console(stderr=True, highlight=False, soft_wrap=True).print(escape(f"{error}"), style="red")
        raise typer.Exit(exit_code(error)) from error


@contextmanager
def engine_command(data: Path, as_json: bool) -> Iterator[tuple[Engine, Output]]:
    """Run one command's body on an opened data directory."""
    with command(as_json) as output:
        yield Engine.open(data), output
