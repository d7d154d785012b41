# SPDX-License-Identifier: Apache-2.0
"""The command `countenance`."""

from __future__ import annotations

from typing import Annotated

import typer

from countenance import __version__
from countenance.bootstrap import Engine
from countenance.cli import demo, models, photos, registers, searches, subjects, verify
from countenance.cli.exits import FOUND_WRONG
from countenance.cli.output import DEFAULT_DATA, Data, Json, command, engine_command

app = typer.Typer(
    name="countenance",
    help="Face search that holds faceprints only of people who signed a release.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (subjects, registers, photos, searches, verify):
    module.register(app)
app.add_typer(models.app, name="models")
demo.register(app)


def _version(*, value: bool) -> None:
    if value:
        typer.echo(f"countenance {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=lambda value: _version(value=value), is_eager=True)
    ] = False,
) -> None:
    """Face search that holds faceprints only of people who signed a release."""


@app.command()
def init(
    operator: Annotated[str, typer.Option(help="Who runs this; named in every notice and in the policy.")],
    contact: Annotated[str | None, typer.Option(help="Address for questions and requests.")] = None,
    policy_url: Annotated[str | None, typer.Option(help="Where the public will find the policy.")] = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Make a data directory and publish the retention policy.

    Example: `countenance init --operator "Example Museum" --contact privacy@museum.example`
    """
    with command(as_json) as output:
        engine = Engine.init(data, operator=operator, contact=contact, policy_url=policy_url)
        output.record(data=str(data), policy_sha256=engine.policy_sha256)
        output.say(f"Data directory {data} is ready. Keep {data / 'root.key'} safe: without it nothing can be read.")
        output.say(
            f"The public retention policy is {data / 'policy.txt'} (SHA-256 {engine.policy_sha256}): publish it."
        )


@app.command()
def doctor(*, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Check the whole data directory: invariants, models, permissions. Exit code 1 if something is wrong.

    Example: `countenance doctor`
    """
    with engine_command(data, as_json) as (engine, output):
        problems = engine.doctor.problems()
        output.record(problems=problems)
        for problem in problems:
            output.say(f"- {problem}", style="red")
        output.say(f"{len(problems)} problems." if problems else "Everything is in order.")
    if problems:
        raise typer.Exit(FOUND_WRONG)


def main() -> None:
    """Run the command line."""
    app()
