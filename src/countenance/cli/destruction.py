# SPDX-License-Identifier: Apache-2.0
"""Commands on destruction: plan it, run it, approve it, and hand out its certificate; and the scan for residues."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countenance.cli.exits import FOUND_WRONG
from countenance.cli.output import DEFAULT_DATA, Data, Json, Output, counted, engine_command, write_document
from countenance.clock import to_text
from countenance.errors import BadInput
from countenance.ids import RunId, SourceId, SubjectId
from countenance.ledger.certificate import Declarant
from countenance.model.destruction import Run, RunState, Scope
from countenance.papers.certificate import certificate_page

if TYPE_CHECKING:
    from countenance.bootstrap import Engine
    from countenance.services.destruction import Finished

_ITEMS = {
    "search_candidate": "search finding",
    "confirmation": "confirmed finding",
    "artefact_subject": "artefact link",
    "reference": "reference",
    "escrow_reference": "held reference",
    "face": "face",
    "photo_source": "source link",
    "photo": "photo record",
    "release_event": "release event",
    "release": "release",
    "notice": "notice",
    "subject": "subject",
    "source_links": "revoked source link",
    "previews": "preview",
    "keys": "key",
    "recipients": "earlier recipient",
}
_VERBS = ("list", "status", "resume", "approve")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(destroy)
    app.command()(scan)


def destroy(
    what: Annotated[
        str | None, typer.Argument(metavar="SUBJECT|list|status|resume|approve", help="Whom to destroy, or a verb.")
    ] = None,
    run: Annotated[str | None, typer.Argument(help="Id of a run, after status, resume or approve.")] = None,
    photo: Annotated[str | None, typer.Option(help="Forget this photo and the references made from it.")] = None,
    source: Annotated[str | None, typer.Option(help="Forget every photo that came from this source alone.")] = None,
    all_of: Annotated[Path | None, typer.Option(help="File with one subject id per line.")] = None,
    by: Annotated[str | None, typer.Option(help="Account that asks or approves; by default the one logged in.")] = None,
    order: Annotated[str, typer.Option(help="The request, order or rule behind it.")] = "request",
    declarant: Annotated[str | None, typer.Option(help="Who declares it, under penalty of perjury.")] = None,
    title: Annotated[str, typer.Option(help="The declarant's title.")] = "custodian",
    out: Annotated[Path, typer.Option(help="Folder for the certificate, as JSON and as a page.")] = Path(
        "certificates"
    ),
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Plan and count; freeze and destroy nothing.")] = False,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Destroy all that is held of a person, a photo or a source; verify it; certify it.

    It cannot be undone. Keys, faceprints, releases, previews. Your own photo files are never touched.

    Example:
        countenance destroy sub_7k2m0q9x4t8b5c1d --dry-run
        countenance destroy sub_7k2m0q9x4t8b5c1d
        countenance destroy approve run_1d5c8b0q9x4t7k2m --by counsel
    """
    with engine_command(data, as_json) as (engine, output):
        account = by or getpass.getuser()
        signer = Declarant(declarant, title) if declarant else None
        if what == "list":
            for one in engine.destruction.runs():
                _say_run(output, one)
            return
        if what in _VERBS:
            finished = _on_run(engine, output, what, _required(run), account, signer)
        elif dry_run:
            plan = engine.destruction.plan(_scope(what, photo, source, all_of), requested_by=account, order_ref=order)
            _say_plan(output, plan)
            return
        else:
            with output.progress("Destroying") as advance:
                finished = engine.destruction.destroy(
                    _scope(what, photo, source, all_of),
                    requested_by=account,
                    order_ref=order,
                    declarant=signer,
                    progress=lambda _step, done, total: advance(done, total),
                )
        say_finished(output, finished, out)
    if finished.run.state is RunState.FAILED:
        raise typer.Exit(FOUND_WRONG)


def scan(*, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Look for residues: files without a store, free pages, log bytes, keys without a record.

    Exit code 1 if something is found.

    Example:
        countenance scan
    """
    with engine_command(data, as_json) as (engine, output):
        found, foreign = engine.destruction.residues()
        for check in found:
            output.record(check=check.name, expected=check.expected, observed=check.observed)
            output.say(f"{check.observed:>8}  {check.name}", style="red" if check.observed else None)
        for name in foreign:
            output.record(foreign=name)
            output.say(f"{name} belongs to no store; look at it, then move it away", style="red")
    if any(check.observed != check.expected for check in found):
        raise typer.Exit(FOUND_WRONG)


def _on_run(
    engine: Engine, output: Output, verb: str | None, run: RunId, account: str, signer: Declarant | None
) -> Finished:
    if verb == "status":
        return engine.destruction.status(run)
    if verb == "approve":
        engine.destruction.approve(run, by=account)
    with output.progress("Destroying") as advance:
        return engine.destruction.resume(
            run, declarant=signer, progress=lambda _step, done, total: advance(done, total)
        )


def _scope(subject: str | None, photo: str | None, source: str | None, all_of: Path | None) -> Scope:
    given = [one for one in (subject, photo, source, all_of) if one is not None]
    if len(given) != 1:
        raise BadInput("name one thing to destroy: a subject, --photo, --source or --all-of")
    if photo is not None:
        return Scope(photo=photo)
    if source is not None:
        return Scope(source=SourceId(source))
    if all_of is None:
        return Scope((SubjectId(subject or ""),))
    try:
        lines = all_of.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{all_of} cannot be read as a text of subject ids, one per line") from error
    return Scope(tuple(dict.fromkeys(SubjectId(line) for line in lines)))


def _required(run: str | None) -> RunId:
    if run is None:
        raise BadInput("name the run; `countenance destroy list` shows them")
    return RunId(run)


def _say_plan(output: Output, run: Run) -> None:
    targeted = {name: n for name, n in run.counts.items() if name in _ITEMS}
    output.record(run=run.id, state=run.state.value, targeted=targeted, needs_approval=run.needs_approval)
    output.say(f"Run {run.id} would destroy {run.scope_text}; nothing was changed yet:")
    for name, number in targeted.items():
        output.say(f"{number:>8}  {_ITEMS[name]}{'' if number == 1 else 's'}")
    if run.needs_approval:
        output.say("The law asks for a second person: `countenance destroy approve` after `destroy resume`.")
    output.say(f"countenance destroy resume {run.id}")


def _say_run(output: Output, run: Run) -> None:
    output.record(run=run.id, state=run.state.value, scope=run.scope_text, order=run.order_ref)
    output.say(f"{run.id}  {run.state.value}  {run.scope_text}  ({run.order_ref}, {to_text(run.created_at)})")


def say_finished(output: Output, finished: Finished, out: Path) -> None:
    """Say how far a run came, and write its certificate as JSON and as a page into a folder."""
    run = finished.run
    destroyed = {name: n for name, n in run.counts.items() if name in _ITEMS}
    written: list[str] = []
    if finished.document is not None and run.state is RunState.CERTIFIED:
        out.mkdir(parents=True, exist_ok=True)
        for path, content in (
            (out / f"{finished.certificate}.json", finished.document),
            (out / f"{finished.certificate}.html", certificate_page(finished.document)),
        ):
            write_document(content, path)
            written.append(str(path))
    output.record(
        run=run.id,
        state=run.state.value,
        destroyed=destroyed,
        certificate=finished.certificate,
        title=finished.title,
        files=written,
        problems=list(run.problems),
    )
    if run.state is RunState.FAILED:
        output.say(f"Run {run.id} failed its verification; no certificate was made.", style="red")
        for problem in run.problems:
            output.say(f"- {problem}", style="red")
        output.say(f"Mend that, then: countenance destroy resume {run.id}")
    elif run.state is RunState.FROZEN:
        planned = ", ".join(counted(n, _ITEMS[name]) for name, n in destroyed.items() if n)
        output.say(f"Run {run.id} is frozen, in force now, and would destroy {planned or 'nothing'}.")
        output.say("It waits for a second person to approve it:")
        output.say(f"countenance destroy approve {run.id} --by NAME")
    elif run.state is RunState.CERTIFIED:
        listed = ", ".join(counted(n, _ITEMS[name]) for name, n in destroyed.items() if n)
        output.say(f"Destroyed {run.scope_text}: {listed or 'nothing was held'}.")
        output.say(f"Certificate {finished.certificate} ({finished.title}): {' and '.join(written)}")
    else:
        _say_run(output, run)
