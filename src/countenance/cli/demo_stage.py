# SPDX-License-Identifier: Apache-2.0
"""How the demo looks: numbered steps, the command that each stands for, and results in plain words."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from typing import NoReturn

import typer
from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from countenance.cli.exits import FOUND_WRONG
from countenance.cli.output import printable

_WIDTH = 100
_BAR, _BAR_HALF = 50, 0.1  # characters; how far the bar reaches on either side of the threshold


class Stage:
    """Prints one demo, at most 100 columns wide."""

    def __init__(self) -> None:
        console = Console(highlight=False)
        console.width = min(console.width, _WIDTH) if console.is_terminal else _WIDTH
        self._console = console
        self._steps = 0

    def step(self, heading: str) -> None:
        """Begin the next step."""
        self._steps += 1
        self._console.print()
        self._console.print(Text(f"{self._steps}. {heading}", style="bold cyan"))

    def command(self, *words: object) -> None:
        """Print the command line that a user would type, broken between words."""
        parts = ["$ countenance"]
        for word in map(str, words):  # an option and its value stay together
            quoted = shlex.quote(printable(word))
            if parts[-1].startswith("--") and not word.startswith("--"):
                parts[-1] += f" {quoted}"
            else:
                parts.append(quoted)
        lines = [parts[0]]
        for part in parts[1:]:
            if len(lines[-1]) + len(part) + 3 > self._console.width:
                lines[-1] += " \\"
                lines.append(f"      {part}")
            else:
                lines[-1] += f" {part}"
        self._console.print(Text("\n".join(lines), style="green"), soft_wrap=True)

    def link(self, address: str) -> None:
        """Print an address on a line of its own, which no width breaks."""
        self._console.print(Text(f"    {address}", style="cyan"), soft_wrap=True)

    def say(self, text: str, style: str = "") -> None:
        """Print a paragraph."""
        self._console.print(_text(text), style=style)

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print a table; columns whose heading begins with `#` hold numbers."""
        table = Table(box=box.ROUNDED, header_style="bold", border_style="dim")
        for heading in headings:
            number = heading.startswith("#")
            table.add_column(heading.removeprefix("#"), justify="right" if number else "left", no_wrap=number)
        for row in rows:
            table.add_row(*map(_text, row))
        self._console.print(table)

    def document(self, title: str, text: str) -> None:
        """Print a text as it is, in a frame."""
        frame = Panel(Text(text.rstrip()), title=title, title_align="left", border_style="dim", expand=False)
        self._console.print(frame)

    def score(self, score: float, threshold: float) -> None:
        """Draw a score as a bar, with the threshold in the middle below it; both are identification scores."""
        place = round(min(max((score - threshold) / _BAR_HALF / 2 + 0.5, 0.0), 1.0) * _BAR)
        line = Text(f"  score {score:.3f}      ")
        line.append("█" * place, style="green" if score >= threshold else "yellow")
        line.append("░" * (_BAR - place), style="dim")
        self._console.print(line)
        self._console.print(Text(f"  threshold {threshold:.3f}  {'':{_BAR // 2 - 1}}▲", style="dim"))

    def ask(self, question: str) -> str:
        """Return what is typed on the terminal, without surrounding white space; nothing at its end."""
        try:
            return self._console.input(Text(question, style="bold")).strip()
        except EOFError:
            self._console.print()
            return ""

    def expect(self, condition: bool, promise: str) -> None:
        """End the demo with exit code 1 unless a step did what it promises."""
        if not condition:
            self._broken(promise)

    def _broken(self, promise: str) -> NoReturn:
        text = f"This step did not do what it promises: {promise}. Please report it with the output above."
        Console(stderr=True, highlight=False).print(Text(text, style="bold red"), soft_wrap=True)
        raise typer.Exit(FOUND_WRONG)


def _text(text: str) -> Text:
    """Return a text whose lines hold nothing that a terminal would obey."""
    return Text("\n".join(map(printable, text.split("\n"))))
