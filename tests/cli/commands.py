# SPDX-License-Identifier: Apache-2.0
"""Running commands in this process, and reading what they print."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from countenance.cli.main import app


@dataclass(frozen=True)
class Answer:
    """What one command printed."""

    stdout: str
    stderr: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """The JSON objects on standard output; every line is one."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def record(self) -> dict[str, Any]:
        """The last JSON object."""
        return self.records[-1]


class Cli:
    """Runs commands on one data directory."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def __call__(self, *words: object, code: int = 0, typed: str | None = None) -> Answer:
        """Run a command, hold its exit code against the expected one, and return what it printed."""
        line = [str(word) for word in words]
        if "--help" not in line:
            line += ["--data", str(self.data)]
        result = CliRunner().invoke(app, line, input=typed)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return Answer(result.stdout, result.stderr)

    def json(self, *words: object, code: int = 0) -> dict[str, Any]:
        """Run a command with `--json` and return its last record."""
        return self(*words, "--json", code=code).record
