# SPDX-License-Identifier: Apache-2.0
"""Commands on what subjects ask for."""

from __future__ import annotations

import getpass
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countenance.cli.destruction import say_finished
from countenance.cli.exits import FOUND_WRONG
from countenance.cli.output import DEFAULT_DATA, Data, Json, Output, SubjectArgument, engine_command, write_document
from countenance.errors import BadInput
from countenance.ids import FaceId, RequestId, SubjectId
from countenance.model.destruction import RunState
from countenance.model.request import LOOKS, RequestKind, SubjectRequest, VerifiedBy
from countenance.papers.archive import archive

if TYPE_CHECKING:
    from countenance.bootstrap import Engine

_request = typer.Typer(help="What people ask for, and by when it is answered.", no_args_is_help=True)
_Which = Annotated[str, typer.Argument(help="Id of the request.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(_request, name="request")


@_request.command("open")
def open_request(
    subject: SubjectArgument,
    kind: Annotated[RequestKind, typer.Option(help="What is asked for.")],
    verified_by: Annotated[VerifiedBy, typer.Option(help="How you know that it is this person; never by a photo.")],
    channel: Annotated[str, typer.Option(help="How it came.")] = "in person",
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Record what a person asks for. A request to erase freezes the person at once.

    Example:
        countenance request open sub_7k2m0q9x4t8b5c1d \
          --kind access --verified-by document --channel letter
    """
    with engine_command(data, as_json) as (engine, output):
        request = engine.requests.open(SubjectId(subject), kind, verified_by=verified_by, channel=channel)
        _record(output, request)
        output.say(f"{request.id}: to be acknowledged by {request.ack_due}, answered by {request.due}.")


@_request.command("list")
def list_requests(*, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """List the requests and their deadlines.

    Exit code 1 if a deadline has passed.

    Example:
        countenance request list
    """
    with engine_command(data, as_json) as (engine, output):
        found = engine.requests.everything()
        for one in found:
            request = one.request
            _record(output, request, late=one.late)
            late = f"  THE {one.late.upper()} IS LATE" if one.late else ""
            output.say(
                f"{request.id}  {request.kind.value}  {request.subject}  {request.state}, due {request.due}{late}",
                style="red" if late else None,
            )
        if not found:
            output.say("Nobody has asked for anything.")
    if any(one.late for one in found):
        raise typer.Exit(FOUND_WRONG)


@_request.command()
def acknowledge(request: _Which, *, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Record that the person was told that the request came.

    Example:
        countenance request acknowledge req_7k2m0q9x4t8b5c1d
    """
    with engine_command(data, as_json) as (engine, output):
        found = engine.requests.acknowledge(RequestId(request))
        _record(output, found)
        output.say(f"{found.id} is acknowledged; it is answered by {found.due}.")


@_request.command()
def answer(
    request: _Which,
    out: Annotated[Path, typer.Option(help="Folder for the archive, or for the certificate.")] = Path("answers"),
    label: Annotated[str | None, typer.Option(help="For a correction: the right name.")] = None,
    not_mine: Annotated[str | None, typer.Option(help="For a correction: a face that is not this person's.")] = None,
    by: Annotated[str | None, typer.Option(help="Account that answers; by default the one logged in.")] = None,
    *,
    done: Annotated[bool, typer.Option("--done", help="For a correction made with another command.")] = False,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Answer a request: write the archive, correct, or destroy and certify.

    The archive is a ZIP with a page to read: releases, photos, previews, who
    searched and when, what the log says. No faceprint is ever in it.

    Example:
        countenance request answer req_7k2m0q9x4t8b5c1d --out answers
        countenance request answer req_1d5c8b0q9x4t7k2m --label "Ada Right"
    """
    with engine_command(data, as_json) as (engine, output):
        one = next((due.request for due in engine.requests.everything() if due.request.id == request), None)
        if one is not None and one.kind is RequestKind.ERASE:
            finished = engine.requests.erase(one.id, by=by or getpass.getuser())
            say_finished(output, finished, out)
            if finished.run.state is RunState.FAILED:
                raise typer.Exit(FOUND_WRONG)
        elif one is not None and one.kind in LOOKS:
            _hand_out(engine, output, one, out)
        else:
            _correct(engine, RequestId(request), label, not_mine, done=done)
            output.record(request=request, state="answered")
            output.say(f"{request} is answered: it was corrected.")


@_request.command()
def close(
    request: _Which,
    reason: Annotated[str, typer.Option(help="Why it is refused, where it was not answered.")] = "",
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """End a request that was answered, or that is refused for a reason the person was told.

    Example:
        countenance request close req_7k2m0q9x4t8b5c1d
    """
    with engine_command(data, as_json) as (engine, output):
        found = engine.requests.close(RequestId(request), reason=reason)
        _record(output, found)
        output.say(f"{found.id} is closed: {found.outcome}.")


def _hand_out(engine: Engine, output: Output, request: SubjectRequest, out: Path) -> None:
    """Write the archive, then record that it was given; a crash in between leaves the request open."""
    data = archive(engine.requests.package(request.id))
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{request.id}.zip"
    write_document(data, path)
    runs = engine.requests.answered(request.id, hashlib.sha256(data).hexdigest())
    output.record(request=request.id, state="answered", file=str(path), runs=[one.run.id for one in runs])
    output.say(f"{request.id} is answered: give {path} to the person, and delete it here then.")
    for finished in runs:
        say_finished(output, finished, out)


def _correct(engine: Engine, request: RequestId, label: str | None, not_mine: str | None, *, done: bool) -> None:
    if (label is not None) + (not_mine is not None) + done != 1:
        raise BadInput("say what was wrong: --label, --not-mine FACE, or --done for what another command corrected")
    if label is not None:
        engine.requests.correct_label(request, label)
    elif not_mine is not None:
        engine.requests.correct_face(request, FaceId(not_mine))
    else:
        engine.requests.corrected(request)


def _record(output: Output, one: SubjectRequest, late: str | None = None) -> None:
    output.record(
        request=one.id, subject=one.subject, kind=one.kind.value, verified_by=one.verified_by.value, state=one.state,
        acknowledge_by=one.ack_due.isoformat(), answer_by=one.due.isoformat(), late=late, outcome=one.outcome,
    )  # fmt: skip
