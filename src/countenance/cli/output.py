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
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from countenance.cli.exits import exit_code
from countenance.errors import CountenanceError, NotWritable
from countenance.model.threshold import Estimate

if TYPE_CHECKING:
    from countenance.bootstrap import Engine

Data = Annotated[Path, typer.Option("--data", help="The data directory.", envvar="COUNTENANCE_DATA")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line on standard output.")]
SubjectArgument = Annotated[str, typer.Argument(help="Id of the subject; `subject list` shows them.")]
DEFAULT_DATA = Path("countenance-data")


class Output:
    """Where one command prints to."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._people = Console(stderr=as_json, highlight=False, soft_wrap=True)
        self._errors = Console(stderr=True, highlight=False, soft_wrap=True)

    def record(self, **fields: Any) -> None:
        """Print one JSON object, in JSON mode; in ASCII, so that any file name survives any encoding."""
        if self._as_json:
            sys.stdout.write(json.dumps(fields) + "\n")
            sys.stdout.flush()

    def say(self, text: str, style: str | None = None) -> None:
        """Print text for people; it is printed as it is, without markup and without control characters."""
        self._people.print(escape(_harmless(text)), style=style)

    def fail(self, text: str) -> None:
        """Print what went wrong, on standard error."""
        self._errors.print(escape(_harmless(text)), style="red")

    @contextmanager
    def progress(self, label: str, *, shown: bool = True) -> Iterator[Callable[[int, int], None]]:
        """Show a progress bar on standard error, where that is a terminal; yields `advance(done, total)`.

        Nothing else may be printed meanwhile: a command that prints lines of its own has it not `shown`.
        """
        console = Console(stderr=True)
        with Progress(
            *(TextColumn(label), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn(compact=True)),
            console=console,
            transient=True,
            redirect_stdout=False,  # rich would move standard output into the bar's console
            redirect_stderr=False,
            disable=not (shown and console.is_terminal),
        ) as bar:
            task = bar.add_task(label, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)


class _Rate(ProgressColumn):
    """How many were done per second of late."""

    def render(self, task: Task) -> Text:
        """Return the rate; nothing before there is one."""
        return Text("" if not task.speed else f"{task.speed:.1f}/s")


def printable(path: Path | str) -> str:
    """Return a file's name on one line: what a terminal would obey or cannot show is escaped."""
    return _harmless(str(path)).replace("\n", "\\n")


def counted(number: int, noun: str) -> str:
    """Return `1 face` or `2 faces`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def estimate(found: Estimate) -> str:
    """Return a number with its 95 % interval, and whether it was extrapolated."""
    return f"{found.value:.2g} ({found.low:.2g} to {found.high:.2g}{beyond(found.extrapolated)})"


def beyond(extrapolated: bool) -> str:
    """Return the word that stands behind every number that lies beyond the data."""
    return ", extrapolated" if extrapolated else ""


@contextmanager
def command(as_json: bool) -> Iterator[Output]:
    """Run one command's body; an error of the program becomes a message and its exit code."""
    output = Output(as_json=as_json)
    try:
        yield output
    except CountenanceError as error:
        output.record(error=error.code, message=str(error))
        output.fail(str(error))
        raise typer.Exit(exit_code(error)) from error
    except KeyboardInterrupt:
        output.fail("Stopped. What was finished is kept; run the same command again to go on.")
        raise


@contextmanager
def engine_command(data: Path, as_json: bool) -> Iterator[tuple[Engine, Output]]:
    """Run one command's body on an opened data directory."""
    from countenance.bootstrap import Engine  # noqa: PLC0415 - half a second that `--help` need not wait for

    with command(as_json) as output:
        engine = Engine.open(data)
        yield engine, output
        engine.close()


def _harmless(text: str) -> str:
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode() for char in text
    )


def write_document(data: bytes, out: Path | None) -> None:
    """Write a signed document or proof, byte for byte, to a file or to standard output.

    Raises:
        NotWritable: the file cannot be written.
    """
    if out is None:
        sys.stdout.buffer.write(data)
        return
    try:
        out.write_bytes(data)
    except OSError as error:
        raise NotWritable(f"{out} cannot be written: {error.strerror}") from error
