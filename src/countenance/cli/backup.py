# SPDX-License-Identifier: Apache-2.0
"""Commands on backups and on the keys that they depend on."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from countenance.cli.output import DEFAULT_DATA, Data, Json, command, counted, engine_command
from countenance.clock import to_text
from countenance.errors import BadInput

_keys = typer.Typer(help="The root key and the recovery key.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(backup)
    app.command()(restore)
    app.add_typer(_keys, name="keys")


def backup(
    folder: Annotated[Path, typer.Argument(help="A folder on another disk; may hold earlier backups.")],
    recovery_key: Annotated[
        Path | None, typer.Option(help="A file with the recipient to seal the keys to, instead of the usual one.")
    ] = None,
    keys_valid_days: Annotated[int, typer.Option(help="After how many days the keys backup must be gone.")] = 30,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Back up the records and, sealed to the recovery key, the keys.

    Example:
        countenance backup /mnt/backups
    """
    with engine_command(data, as_json) as (engine, output):
        made = engine.backups.make(folder, recovery_key=recovery_key, valid_days=keys_valid_days)
        until = to_text(made.keys_until)
        output.record(data=str(made.data), keys=str(made.keys), keys_until=until, tombstones=made.tombstones)
        output.say(f"The records are in {made.data}: worthless without the keys.")
        output.say(f"The keys are in {made.keys}, sealed to the recovery key. Delete it before {until}.")


def restore(
    folder: Annotated[Path, typer.Argument(help="The folder that was given to `backup`.")],
    into: Annotated[Path, typer.Option(help="The new data directory.")],
    identity: Annotated[Path | None, typer.Option(help="The recovery key's file.")] = None,
    keys: Annotated[Path | None, typer.Option(help="The keys backup; by default the newest in the folder.")] = None,
    keyring_of: Annotated[
        Path | None, typer.Option(help="Use the keyring of this data directory instead of a keys backup.")
    ] = None,
    tombstones_of: Annotated[Path | None, typer.Option(help="Apply the tombstones of this data directory too.")] = None,
    at: Annotated[
        str | None, typer.Option(help="Take the newest backup that is not newer, such as 2026-03-01T12:00Z.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Make a new data directory of a backup. Whatever was destroyed since is destroyed again, before it opens.

    Example:
        countenance restore /mnt/backups --into restored --identity recovery.txt
    """
    from countenance.bootstrap import Engine  # noqa: PLC0415 - as in `engine_command`

    with command(as_json) as output:
        done = Engine.restore(
            folder,
            into,
            identity=identity,
            keys=keys,
            keyring_of=keyring_of,
            tombstones_of=tombstones_of,
            at=None if at is None else _moment(at),
        )
        output.record(
            data=str(done.directory),
            made_at=to_text(done.made_at),
            tombstones=done.tombstones,
            reapplied=done.reapplied,
            subjects=done.subjects,
            withdrawn=done.withdrawn,
        )
        output.say(f"{done.directory} is as the backup of {to_text(done.made_at)}, without what was ended since.")
        output.say(
            f"{counted(done.tombstones, 'tombstone')} known, {done.reapplied} applied again: "
            f"{counted(done.subjects, 'subject')} destroyed, {counted(done.withdrawn, 'release')} withdrawn."
        )
        output.say("Its log goes on under a new name; publish the new key (`countenance ledger key`).")


@_keys.command()
def rotate(*, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Put a new root key in the place of the old one. Records are not touched.

    Example:
        countenance keys rotate
    """
    with engine_command(data, as_json) as (engine, output):
        count = engine.rotate_root_key()
        output.record(keys=count)
        output.say(f"{counted(count, 'key')} wrapped by a new root key; the old one opens nothing here any more.")


@_keys.command()
def recovery(
    out: Annotated[Path, typer.Option(help="The new file; keep it away from this machine.")],
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Make a recovery key, which later keys backups are sealed to.

    Example:
        countenance keys recovery --out /media/usb/recovery.txt
    """
    with engine_command(data, as_json) as (engine, output):
        recipient = engine.backups.new_recovery_key(out)
        output.record(out=str(out), recipient=recipient)
        output.say(f"The recovery key is {out}: keep it away from this machine. Without it no keys backup opens.")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"{text!r} is no moment such as 2026-03-01T12:00Z") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
