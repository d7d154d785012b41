# SPDX-License-Identifier: Apache-2.0
"""Commands on clients and sources."""

from __future__ import annotations

from typing import Annotated

import typer

from countenance.cli import vetting
from countenance.cli.output import DEFAULT_DATA, Data, Json, counted, engine_command
from countenance.clock import to_text
from countenance.ids import ClientId
from countenance.model.client import DEFAULT_FPIR, Attestation, Site
from countenance.model.purpose import ClientKind, Purpose, parse_kind, parse_purpose

_client = typer.Typer(help="Vetted organisations that may search.", no_args_is_help=True)
source_commands = typer.Typer(help="Places photos come from, and the permission for each.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    vetting.register(_client)
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
    place: Annotated[str | None, typer.Option(help="Where it uses what it finds, such as US-NY-NYC.")] = None,
    site: Annotated[Site, typer.Option(help="Whether the public enters that place.")] = Site.PRIVATE,
    attest: Annotated[
        list[Attestation] | None, typer.Option(help="What it attested in writing; may be repeated.")
    ] = None,
    authority: Annotated[
        str | None, typer.Option(help="Of law enforcement: the agency's written authorisation of who searches.")
    ] = None,
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
        client = engine.register.add_client(
            name,
            kind=parse_kind(kind),
            purposes=purposes,
            fpir=fpir,
            place=place,
            site=site,
            attests=attest or (),
            authority=authority,
        )
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
                place=client.place,
                suspended=client.suspended_at is not None,
            )
            state = "  suspended" if client.suspended_at is not None else ""
            output.say(f"{client.id}  {client.name}  ({client.kind}, for {', '.join(purposes)}){state}")


@_client.command()
def suspend(
    client: Annotated[list[str] | None, typer.Argument(help="Ids of clients; `client list` shows them.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="All of this kind; may be repeated.")] = None,
    place: Annotated[list[str] | None, typer.Option(help="All at this place; may be repeated.")] = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Serve clients no more, from their very next search on.

    Those at a place that nobody has stated may be anywhere, so --place covers them.

    Example:
        countenance client suspend --kind venue --place US-IL
    """
    with engine_command(data, as_json) as (engine, output):
        ids = [ClientId(one) for one in client or ()]
        kinds = [parse_kind(one) for one in kind or ()]
        done = engine.register.suspend_clients(clients=ids, kinds=kinds, places=place or ())
        output.record(suspended=done)
        output.say(f"{counted(len(done), 'client')} suspended{': ' + ', '.join(done) if done else ''}.")


@_client.command()
def reinstate(
    client: Annotated[str, typer.Argument(help="Id of a suspended client.")],
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Serve a suspended client again, unless an order bars it.

    Example:
        countenance client reinstate cli_7k2m0q9x4t8b5c1d
    """
    with engine_command(data, as_json) as (engine, output):
        engine.register.reinstate_client(ClientId(client))
        output.record(client=client, suspended=False)
        output.say(f"{client} is served again.")


@_client.command()
def public(*, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Print the public register: kinds, purposes and dates, no names.

    Example:
        countenance client public
    """
    with engine_command(data, as_json) as (engine, output):
        for one in engine.register.published():
            suspended = None if one.suspended_at is None else to_text(one.suspended_at)
            output.record(
                client=one.client,
                kind=one.kind.value,
                purposes=list(one.purposes),
                place=one.place,
                vetted=to_text(one.vetted_at),
                suspended=suspended,
            )
            state = "" if suspended is None else f"; suspended since {suspended}"
            output.say(
                f"{one.client}  {one.kind}, for {', '.join(one.purposes)}; vetted {to_text(one.vetted_at)}{state}"
            )


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
