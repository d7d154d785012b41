# SPDX-License-Identifier: Apache-2.0
"""The command `verify` among the others; `cli.verifier` does it, and is run without all this where that is possible."""

from __future__ import annotations

import typer

from countenance.cli import verifier


def register(app: typer.Typer) -> None:
    """Add the command. Its arguments, `--help` among them, are parsed by `cli.verifier`."""
    app.command(
        "verify",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
        add_help_option=False,
    )(_verify)


def _verify(context: typer.Context) -> None:
    """Check certificates, releases, proofs and published logs, offline, with public keys only.

    Example:
        countenance verify certificate.json --key museum.vkey
    """
    raise typer.Exit(verifier.main(context.args))
