# SPDX-License-Identifier: Apache-2.0
"""Commands on clients and sources."""

from __future__ import annotations

from typing import Annotated

import typer

from countenance.cli.output import DEFAULT_DATA, Data, Json, engine_command
from countenance.clock import to_text
from countenance.model.client import DEFAULT_FPIR
from countenance.model.purpose import ClientKind, Purpose, parse_kind, parse_purpose

_client = typer.Typer(help="Vetted organisations that may search.", no_args_is_help=True)
source_commands = typer.Typer(help="Places photos come from, and the permission for each.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(_client, name="client")
    app.add_typer(source_commands, name="source")


@_client.command("add")
def add_client(
    name: Annotated[str, typer.Argument(help="Its name, as notices give it.")],
    kind: Annotated[str, typer.Option(help=f"What it is: {', '.join(ClientKind)}.")],
    purpose: Annotated[list[str], typer.Option(help=f"What it was vetted for, may be repeated: {', '.join(Purpose)}.")],
    fpir: Annotated[
        float, typer.Option(help="Share of searches for strangers that may return somebody.")
    ] = DEFAULT_FPIR,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Add a vetted client.

    Example:
        countenance client add "Example Photos" --kind photographer \
          --purpose photo_delivery
    """
    with engine_command(data, as_json) as (engine, output):
        purposes = [parse_purpose(text) for text in purpose]
        client = engine.register.add_client(name, kind=parse_kind(kind), purposes=purposes, fpir=fpir)
        output.record(client=client.id, kind=client.kind.value, purposes=sorted(client.purposes))
        output.say(f"{client.id}  {name}  ({client.kind}, for {', '.join(sorted(client.purposes))})")


@_client.command("list")
def list_clients(*, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """List the clients.

    Example:
        countenance client list
    """
    with engine_command(data, as_json) as (engine, output):
        for client in engine.register.clients():
            purposes = sorted(client.purposes)
            output.record(
                client=client.id,
                name=client.name,
                kind=client.kind.value,
                purposes=purposes,
                fpir=client.fpir,
            )
            output.say(f"{client.id}  {client.name}  ({client.kind}, for {', '.join(purposes)})")


@source_commands.command("add")
def add_source(
    name: Annotated[str, typer.Argument(help="Your name for it.")],
    basis: Annotated[str, typer.Option(help="The permission, in words: who gave it, when, for what.")],
    capture_place: Annotated[str | None, typer.Option(help="Where the photos were taken, such as US-IL.")] = None,
    bystander_basis: Annotated[
        str | None, typer.Option(help="The permission that covers people in the pictures who signed nothing.")
    ] = None,
    counsel_opt_in: Annotated[
        str | None,
        typer.Option(help="Counsel's written opt-in to comparing their faces in memory with the gallery."),
    ] = None,
    host: Annotated[
        list[str] | None, typer.Option(help="A host that the permission names, for `source fetch`; may be repeated.")
    ] = None,
    custodian: Annotated[
        str | None, typer.Option(help="Who allows it, where a source of this name or host was revoked.")
    ] = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Add a place photos come from.

    Example:
        countenance source add "Gala 2026" \
          --basis "Contract of 3 May 2026 with the organiser"
    """
    with engine_command(data, as_json) as (engine, output):
        source = engine.register.add_source(
            name,
            basis=basis,
            capture_place=capture_place,
            bystander_basis=bystander_basis,
            counsel_opt_in=counsel_opt_in,
            hosts=host or (),
            custodian=custodian,
        )
        output.record(source=source.id, capture_place=source.capture_place, hosts=list(source.hosts))
        output.say(f"{source.id}  {name}")


@source_commands.command("list")
def list_sources(*, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """List the sources.

    Example:
        countenance source list
    """
    with engine_command(data, as_json) as (engine, output):
        for source in engine.register.sources():
            revoked = None if source.revoked_at is None else to_text(source.revoked_at)
            output.record(
                source=source.id,
                name=source.name,
                basis=source.basis,
                capture_place=source.capture_place,
                hosts=list(source.hosts),
                revoked=revoked,
            )
            state = f"  revoked {revoked}" if revoked else ""
            output.say(f"{source.id}  {source.name}  ({source.basis}){state}")
