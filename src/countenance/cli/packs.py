# SPDX-License-Identifier: Apache-2.0
"""Commands on law files: what is in use, what a file says, and changes that two accounts make."""

from __future__ import annotations

import getpass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countenance.cli import explain
from countenance.cli.exits import FOUND_WRONG
from countenance.cli.output import DEFAULT_DATA, Data, Json, Output, command, counted, engine_command
from countenance.errors import BadPack, NotFound

if TYPE_CHECKING:
    from countenance.policy.pack import Pack
    from countenance.policy.schema import Value
    from countenance.services.packs import Change, Reevaluated

_packs = typer.Typer(help="Law files: what the law asks for, as data with citations.", no_args_is_help=True)

_Name = Annotated[str, typer.Argument(help="Id of the law file; `packs list` shows them.")]
_By = Annotated[str | None, typer.Option(help="Account that does this; by default the one logged in.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(_packs, name="packs")
    explain.register(_packs)


@_packs.command("list")
def list_packs(*, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """List the law files, and the changes that wait for another account.

    Example:
        countenance packs list
    """
    with engine_command(data, as_json) as (engine, output):
        for listed in engine.packs.everyone():
            pack = listed.pack
            output.record(**_head(pack), shipped=listed.shipped, in_use=listed.in_use)
            where = ", ".join(pack.applies.residency or pack.applies.places) or "where declared"
            kind = "overlay, " if pack.applies.overlay else ""
            output.say(
                f"{pack.id}  {pack.version}  ({kind}{where}; read on {pack.reviewed_on}, {pack.reviewer}; "
                f"SHA-256 {pack.sha256[:12]}){'' if listed.in_use else '  not in use'}"
            )
        for change in engine.packs.waiting():
            _say_change(output, change)


@_packs.command()
def show(name: _Name, *, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Show what a law file sets, beside the core and with the law it cites.

    Example:
        countenance packs show us-il-bipa
    """
    from countenance.policy.schema import CORE  # noqa: PLC0415 - as in `engine_command`

    with engine_command(data, as_json) as (engine, output):
        pack = engine.packs.get(name)
        values = {
            key: {"value": value, "core": CORE[key], "cites": pack.cite(key)} for key, value in pack.values.items()
        }
        output.record(**_head(pack), authorities=list(pack.authorities), values=values)
        output.say(f"{pack.id}, version {pack.version}: {'; '.join(pack.authorities)}")
        output.say(
            f"Read on {pack.reviewed_on}; reviewer: {pack.reviewer}. Past residency that counts: {pack.history}."
        )
        for key, value in pack.values.items():
            output.say(f"  {key} = {_shown(value)}  (core {_shown(CORE[key])})  [{pack.cite(key)}]")


@_packs.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="Law files to check.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Check the law files that came with the program.")] = False,
    as_json: Json = False,
) -> None:
    """Check law files: schema, citations, the core, and each file's own cases.

    The cases are decided by the real policy engine. Exit code 1 if a file fails.

    Example:
        countenance packs check my-law.toml --all
    """
    from countenance.policy.cases import failures  # noqa: PLC0415 - as in `engine_command`
    from countenance.policy.pack import shipped  # noqa: PLC0415
    from countenance.services.packs import checked  # noqa: PLC0415

    failed = False
    with command(as_json) as output:
        for pack in shipped().values() if every else ():
            wrong = failures(pack)
            failed |= bool(wrong)
            _say_checked(output, pack, wrong)
        for file in files or ():
            try:
                _say_checked(output, checked(_read(file), file.name), [])
            except BadPack as error:
                failed = True
                output.record(file=str(file), error=error.code, message=str(error))
                output.fail(str(error))
        if not every and not files:
            raise NotFound("name a law file, or check the shipped ones with --all")
    if failed:
        raise typer.Exit(FOUND_WRONG)


@_packs.command()
def diff(
    a: Annotated[str, typer.Argument(help="A law file: its id, or a path.")],
    b: Annotated[str, typer.Argument(help="Another one, or another version of it.")],
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Say key by key which of two law files is stricter.

    Example:
        countenance packs diff us-il-bipa us-tx-cubi
    """
    from countenance.policy.pack import differences  # noqa: PLC0415 - as in `engine_command`

    with engine_command(data, as_json) as (engine, output):
        first, second = (_read_pack(one) if Path(one).is_file() else engine.packs.get(one) for one in (a, b))
        found = differences(first, second)
        for key, (one, other, stricter) in found.items():
            name = {"a": a, "b": b, "neither": "neither"}[stricter]
            output.record(key=key, a=one, b=other, stricter=name)
            output.say(f"{key}: {a} {_shown(one)}, {b} {_shown(other)}  (stricter: {name})")
        output.say(f"{counted(len(found), 'key')} of the law differ.")


@_packs.command()
def add(
    file: Annotated[Path, typer.Argument(help="The law file.")],
    by: _By = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Enter a law file, or a new version of one; another account confirms it.

    It is checked first, and kept in the data directory.

    Example:
        countenance packs add fr-cnil.toml --by counsel
    """
    with engine_command(data, as_json) as (engine, output):
        _say_change(output, engine.packs.add(_read(file), file.name, by=_account(by)))


@_packs.command()
def retire(name: _Name, by: _By = None, *, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Enter that an added law file is used no more; another account confirms it.

    Example:
        countenance packs retire fr-cnil --by counsel
    """
    with engine_command(data, as_json) as (engine, output):
        _say_change(output, engine.packs.retire(name, by=_account(by)))


@_packs.command()
def use(name: _Name, by: _By = None, *, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Declare that a law file binds this operator, such as an order of the FTC.

    In force at once: it only adds strictness.

    Example:
        countenance packs use us-ftc-order --by counsel
    """
    with engine_command(data, as_json) as (engine, output):
        _say_change(output, engine.packs.declare(name, by=_account(by)))


@_packs.command()
def drop(name: _Name, by: _By = None, *, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Enter that a declaration is taken back; another account confirms it.

    Example:
        countenance packs drop us-ftc-order --by counsel
    """
    with engine_command(data, as_json) as (engine, output):
        _say_change(output, engine.packs.drop(name, by=_account(by)))


@_packs.command()
def confirm(
    change: Annotated[str, typer.Argument(help="Id of the change; `packs list` shows those that wait.")],
    by: _By = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Put a change in force, as another account than the one that entered it.

    Stored releases are held against the new law at once.

    Example:
        countenance packs confirm law_7k2m0q9x4t8b5c1d --by custodian
    """
    with engine_command(data, as_json) as (engine, output):
        done, found = engine.packs.confirm(change, by=_account(by)), engine.packs.last
        _say_change(output, done)
        _say_reevaluated(output, found)


@_packs.command()
def reevaluate(*, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Hold all stored releases against the law of today.

    Those that lack something need a renewal: the next search does not show these people.

    Example:
        countenance packs reevaluate
    """
    with engine_command(data, as_json) as (engine, output):
        _say_reevaluated(output, engine.packs.reevaluate())


def _say_reevaluated(output: Output, found: Reevaluated) -> None:
    reasons = ", ".join(f"{rule} {count}" for rule, count in sorted(found.reasons.items()))
    output.record(releases=found.releases, lapsed=found.lapsed, reasons=dict(found.reasons))
    output.say(
        f"{counted(found.releases, 'release')} in force held against the law; {found.lapsed} of them "
        f"{'needs' if found.lapsed == 1 else 'need'} a renewal{f' ({reasons})' if reasons else ''}."
    )


def _say_change(output: Output, change: Change) -> None:
    waits = change.confirmed_at is None
    output.record(change=change.id, verb=change.verb.value, pack=change.pack, sha256=change.sha256, waiting=waits)
    state = f"waits for another account: `countenance packs confirm {change.id} --by ...`" if waits else "is in force"
    output.say(f"{change.id}  {change.verb} {change.pack} (SHA-256 {change.sha256[:12]}) {state}")


def _say_checked(output: Output, pack: Pack, wrong: list[str]) -> None:
    output.record(pack=pack.id, version=pack.version, cases=len(pack.cases), failures=wrong)
    for failure in wrong:
        output.fail(f"{pack.id}: {failure}")
    if not wrong:
        output.say(
            f"{pack.id}  {pack.version}: {counted(len(pack.values), 'value')}, {counted(len(pack.cases), 'case')}: good"
        )


def _head(pack: Pack) -> dict[str, object]:
    when: dict[str, date] = {"effective_from": pack.effective_from, "reviewed_on": pack.reviewed_on}
    return {
        "pack": pack.id,
        "version": pack.version,
        "reviewer": pack.reviewer,
        **{key: str(day) for key, day in when.items()},
        "residency": list(pack.applies.residency),
        "places": list(pack.applies.places),
        "overlay": pack.applies.overlay,
        "declared": pack.applies.declared,
        "sha256": pack.sha256,
    }


def _shown(value: Value) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _account(by: str | None) -> str:
    return by or getpass.getuser()


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except OSError as error:
        raise NotFound(f"the law file {file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadPack(f"{file.name}:1: not UTF-8 text") from error


def _read_pack(name: str) -> Pack:
    from countenance.policy.pack import load  # noqa: PLC0415 - as in `engine_command`

    return load(_read(Path(name)), Path(name).name)
