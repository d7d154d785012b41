# SPDX-License-Identifier: Apache-2.0
"""The command `demo`: the whole job, step by step, on real code and a data directory of its own."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from countenance.cli.demo_stage import Stage
from countenance.cli.output import command, printable
from countenance.errors import BadInput, NotWritable
from countenance.ids import SubjectId

_MARKER = "made-by-countenance-demo"
_OWN = frozenset({_MARKER, "data", "photos"})


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(demo)


def demo(
    photos: Annotated[
        Path | None, typer.Option(help="Use your own photos of this folder; no file there is changed.")
    ] = None,
    data: Annotated[
        Path, typer.Option(help="Where to put what the demo makes; an earlier demo there is replaced.")
    ] = Path("demo-data"),
    *,
    i_have_releases: Annotated[
        bool,
        typer.Option(
            "--i-have-releases",
            help="With --photos: you hold signed releases of the people whose names are folders in it, and may "
            "search for them. The demo then signs for up to two of them and does not ask.",
        ),
    ] = False,
) -> None:
    """Run the whole job step by step: consent, ingest, search, withdrawal, destruction.

    Without --photos it uses an astronaut's portrait by NASA and people drawn from it. With --photos nobody is
    encoded until a release was signed: on a terminal it asks you. On a terminal it ends with the server running on
    this machine alone, and a link for each role to sign in with.

    Example:
        countenance demo
        countenance demo --photos ~/Pictures
    """
    with command(as_json=False):
        if i_have_releases and photos is None:
            raise BadInput("--i-have-releases goes with --photos: the demo's own people are invented")
        if photos is not None and not photos.is_dir():
            raise BadInput(f"there is no folder {printable(photos)}; name a folder of photos (--photos)")
        from countenance.cli import demo_doors, demo_own, demo_photos, demo_shipped  # noqa: PLC0415 - slow; not for `--help`

        demo_photos.portrait()  # nothing is replaced where it is missing
        prepare(data, photos)
        stage, terminal = Stage(), sys.stdin.isatty() and sys.stdout.isatty()
        if photos is None:
            left: SubjectId | None = demo_shipped.run(stage, data)
        else:
            asks = terminal and not i_have_releases
            left = demo_own.run(stage, data, photos, asks=asks, attested=i_have_releases)
        if terminal:
            demo_doors.open_doors(stage, data, photos or data / "photos", left)


def prepare(root: Path, photos: Path | None) -> None:
    """Make the demo's folder, in place of an earlier demo.

    Raises:
        BadInput: something else is there, or the user's photos are; nothing was touched.
        NotWritable: it cannot be made.
    """
    shown = printable(root)
    if photos is not None and photos.resolve().is_relative_to(root.resolve()):
        raise BadInput(f"your photos lie inside {shown}, which the demo replaces; choose another place (--data)")
    if (root.is_symlink() or root.exists()) and not _is_earlier_demo(root):
        raise BadInput(
            f"{shown} was not made by this demo, or holds other files as well; nothing was touched. "
            "Choose another place (--data)"
        )
    try:
        root.mkdir(parents=True, exist_ok=True)
        (root / _MARKER).write_text("`countenance demo` replaces this folder each time it runs.\n", "utf-8")
        for name in ("data", "photos"):
            if (root / name).exists():
                shutil.rmtree(root / name)
    except OSError as error:
        raise NotWritable(f"the demo's folder {shown} cannot be made: {error.strerror}") from error


def _is_earlier_demo(root: Path) -> bool:
    plain = root.is_dir() and not root.is_symlink()
    return plain and (root / _MARKER).is_file() and {path.name for path in root.iterdir()} <= _OWN
