# SPDX-License-Identifier: Apache-2.0
"""The command `demo`."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add this command."""
