# SPDX-License-Identifier: Apache-2.0
"""Commands on face packs: `models list`, `pull`, `quantise` and `use`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from countenance.cli.output import DEFAULT_DATA, Data, Json, engine_command
from countenance.ids import SourceId

Name = Annotated[str, typer.Argument(help="Name of the pack; `models list` shows them.")]

_models = typer.Typer(help="Face detectors and encoders.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(_models, name="models")


@_models.command("list")
def list_models(*, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """List the face packs, their licences, and which is in use.

    Example:
        countenance models list
    """
    with engine_command(data, as_json) as (engine, output):
        in_use = engine.pack_name
        for manifest in engine.models.manifests():
            state = "in use" if manifest.name == in_use else "installed" if manifest.installed else "not installed"
            output.record(
                pack=manifest.name,
                licence=manifest.licence,
                commercial_use=manifest.commercial_use,
                installed=manifest.installed,
                in_use=manifest.name == in_use,
            )
            limits = "" if manifest.commercial_use else ", no commercial use"
            output.say(f"{manifest.name}  {state}  ({manifest.licence}{limits})")


@_models.command()
def pull(
    name: Name,
    source: Annotated[
        Path | None,
        typer.Option("--from", help="A folder that holds the files; by default they are downloaded."),
    ] = None,
    accept_licence: Annotated[
        str | None, typer.Option(help="The licence's name, where it forbids commercial use.")
    ] = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Install a face pack; a file that is not the pinned one is never used.

    Example:
        countenance models pull opencv-zoo
    """
    with engine_command(data, as_json) as (engine, output):
        with output.progress("Bytes") as advance:
            manifest = engine.models.pull(name, source=source, accept_licence=accept_licence, progress=advance)
        output.record(pack=manifest.name, licence=manifest.licence, installed=manifest.installed)
        output.say(f"{manifest.name} is installed ({manifest.licence}). `countenance models use {name}` uses it.")


@_models.command()
def quantise(
    name: Name,
    dataset: Annotated[Path, typer.Argument(help="Folder of people: person/photo.jpg.")],
    source: Annotated[
        str, typer.Option(help="Id of the source that it is; its permission must cover everybody in it.")
    ],
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Write a face pack's encoder in 8-bit integers, more than twice as fast, and install it beside the pack.

    It needs faces of 64 people, and takes up to 200, to learn how large its numbers get. The new pack has a name and
    an encoder of its own: `eval` with both says whether it finds people as well, `calibrate` measures its thresholds.
    The data set's people are bystanders here, as for `calibrate`. Keep a copy of the new pack: nobody publishes it.

    Example:
        countenance models quantise opencv-zoo ~/lfw --source src_7k2m0q9x4t8b5c1d
    """
    with engine_command(data, as_json) as (engine, output):
        with output.progress("Faces") as advance:
            found = engine.quantising.quantise(name, dataset, SourceId(source), progress=advance)
        output.record(pack=found.name, encoder=found.encoder, faces=found.faces, alike=found.alike, least=found.least)
        output.say(
            f"{found.name} is installed. Its faceprints of {found.faces} faces that it was not made from are "
            f"{found.alike:.4f} alike to those of {name} (cosine, median; {found.least:.4f} at least)."
        )
        output.say(f"`countenance models use {found.name}` uses it; then `eval` says whether it finds people as well,")
        output.say("and `calibrate` measures its thresholds, without which nobody is searched.")


@_models.command()
def use(name: Name, *, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Use a face pack from now on; refused while references of another encoder are held.

    Example:
        countenance models use opencv-zoo
    """
    with engine_command(data, as_json) as (engine, output):
        pack = engine.use(name)
        output.record(pack=pack.name, encoder=pack.encoder.digest, detector=pack.detector.digest)
        output.say(f"{pack.name} is in use (encoder {pack.encoder.digest[:12]}).")
