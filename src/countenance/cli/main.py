# SPDX-License-Identifier: Apache-2.0
"""The command `countenance`."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from countenance import __version__
from countenance.cli import (
    accounts,
    backup,
    bench,
    breaches,
    calibration,
    demo,
    destruction,
    evaluation,
    evidence,
    holds,
    ledger,
    lineage,
    models,
    orders,
    packs,
    photos,
    recipients,
    registers,
    requests,
    residency,
    results,
    retention,
    searches,
    serve,
    sources,
    subjects,
    transparency,
    verify,
)
from countenance.cli.exits import FOUND_WRONG
from countenance.cli.output import DEFAULT_DATA, Data, Json, command, counted, engine_command

# As they are used, from first to last; what is not named here comes after.
_ORDER = "init subject release client source ingest review search verify-faces withdraw destroy".split()


class _InOrder(TyperGroup):
    """Lists the commands in the order in which they are used."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands."""
        return [*_ORDER, *(name for name in super().list_commands(ctx) if name not in _ORDER)]


class _WithExample(TyperCommand):
    """A command whose help shows the example at its end as it is typed, line by line."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.help = (self.help or "").replace("\n\nExample:\n", "\n\n\b\nExample:\n")


app = typer.Typer(
    name="countenance",
    cls=_InOrder,
    epilog="Exit codes: 0 done, 1 something was found wrong, 2 wrong usage, 3 bad input, 4 refused by the law, "
    "5 the data directory, 6 a face model, 7 something is not proved.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(*, value: bool) -> None:
    if value:
        typer.echo(f"countenance {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", callback=lambda value: _version(value=value), is_eager=True
        ),
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
    r"""Make a data directory and publish the retention policy.

    Example:
        countenance init --operator "Example Museum" \
          --contact privacy@museum.example
    """
    from countenance.bootstrap import Engine  # noqa: PLC0415 - as in `engine_command`

    with command(as_json) as output:
        engine = Engine.init(data, operator=operator, contact=contact, policy_url=policy_url)
        output.record(data=str(data), policy_sha256=engine.policy_sha256)
        root = data / "root.key"
        kept = root if root.exists() else "the root key that you gave"
        output.say(f"Data directory {data} is ready. Keep {kept} safe: without it nothing can be read.")
        output.say(
            f"The public retention policy is {data / 'policy.txt'} (SHA-256 {engine.policy_sha256}): publish it."
        )


@app.command()
def doctor(*, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Check the data directory, the face models and permissions.

    Exit code 1 if something is wrong.

    Example:
        countenance doctor
    """
    with engine_command(data, as_json) as (engine, output):
        problems = engine.doctor.problems()
        output.record(problems=problems)
        for problem in problems:
            output.say(f"- {problem}", style="red")
        output.say(f"{counted(len(problems), 'problem')}." if problems else "Everything is in order.")
    if problems:
        raise typer.Exit(FOUND_WRONG)


for module in (
    subjects,
    residency,
    registers,
    sources,
    photos,
    searches,
    serve,
    accounts,
    results,
    destruction,
    orders,
    retention,
    holds,
    packs,
    requests,
    recipients,
    evidence,
    lineage,
    breaches,
    transparency,
    ledger,
    verify,
    backup,
    models,
    calibration,
    evaluation,
    bench,
    demo,
):
    module.register(app)


def _keep_examples(group: typer.Typer) -> None:
    for entry in group.registered_commands:
        entry.cls = _WithExample
    for nested in group.registered_groups:
        if nested.typer_instance is not None:
            _keep_examples(nested.typer_instance)


_keep_examples(app)


def main() -> None:
    """Run the command line."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as standard error does: no text ends a command
    app()
