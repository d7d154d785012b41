# SPDX-License-Identifier: Apache-2.0
"""`docs/cli.md` is the program's own help. `python tests/cli/test_cli_docs.py > docs/cli.md` writes it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import typer.main
from typer.core import TyperGroup
from typer.testing import CliRunner

from countenance.cli.main import app

_PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
_INTRO = """# The command line

Written by `python tests/cli/test_cli_docs.py > docs/cli.md`; a test holds it against the program.

Text for people goes to standard output. With `--json`, standard output holds one JSON object per line and the
text goes to standard error; an error is an object with `error` (a stable code) and `message`.

| exit code | means |
|---|---|
| 0 | done; a search that finds nobody is done too |
| 1 | something was found wrong, unsafe or overdue, or one of several probes could not be searched |
| 2 | wrong usage |
| 3 | bad input: a photo, a manifest, an incomplete release, or an id that is not known here |
| 4 | refused by the policy engine; the message names the rule and the law, the log has an entry |
| 5 | the data directory: none, busy, not writable, full, damaged, or the wrong root key |
| 6 | a face model: not installed, damaged, licence not accepted |
| 7 | `verify`: something is not proved; the reason is printed |
| 130 | stopped with Ctrl-C; what was finished is kept |
"""


def _commands(group: TyperGroup, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name in group.list_commands(None):  # type: ignore[arg-type]
        command = group.commands.get(name)
        if isinstance(command, TyperGroup):
            yield from _commands(command, (*path, name))
        elif command is not None:
            yield (*path, name)


@cache
def _help(path: tuple[str, ...]) -> str:
    result = CliRunner().invoke(
        app, [*path, "--help"], prog_name="countenance", env={"COUNTENANCE_DATA": ""}, terminal_width=80
    )
    assert result.exit_code == 0, result.output
    return result.stdout.rstrip()


def page() -> str:
    """Return what docs/cli.md must say."""
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    sections = [f"## {' '.join(('countenance', *path))}\n\n```\n{_help(path)}\n```\n" for path in _commands(root)]
    return "\n".join([_INTRO, *sections])


def test_the_page_is_the_programs_own_help() -> None:
    """docs/cli.md says what `--help` says, for every command."""
    assert _PAGE.read_text(encoding="utf-8") == page(), "python tests/cli/test_cli_docs.py > docs/cli.md"


def test_every_command_has_an_example_and_fits_80_columns() -> None:
    """Every command's help ends its text with an example, and no line of it is wider than 80 columns."""
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    for path in _commands(root):
        text = _help(path)
        assert max(len(line) for line in text.splitlines()) <= 80
        assert "Commands:" in text or "Example" in text, path


if __name__ == "__main__":
    sys.stdout.write(page())
