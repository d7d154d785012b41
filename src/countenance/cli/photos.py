# SPDX-License-Identifier: Apache-2.0
"""Commands on photos: ingest and review."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from countenance.cli.output import (
    DEFAULT_DATA,
    Data,
    Json,
    Output,
    SubjectArgument,
    counted,
    engine_command,
    printable,
)
from countenance.ids import FaceId, SourceId, SubjectId

if TYPE_CHECKING:
    from countenance.services.ingest import IngestSummary, PhotoOutcome

By = Annotated[str | None, typer.Option(help="Account that decides; by default the one logged in.")]
FaceArgument = Annotated[str, typer.Argument(help="Id of the face; `review` shows those that wait.")]
_review = typer.Typer(invoke_without_command=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(ingest)
    app.add_typer(_review, name="review")


def ingest(
    source: Annotated[str, typer.Argument(help="Id of the source; `source list` shows them.")],
    paths: Annotated[list[Path], typer.Argument(help="Photos and folders; folders are read recursively.")],
    faces: Annotated[
        Path | None, typer.Option(help="CSV of who is in which photo: photo,subject[,x,y,w,h]; x to h in pixels.")
    ] = None,
    jobs: Annotated[int | None, typer.Option(help="Photos looked at at once; by default one for each core.")] = None,
    *,
    ask: Annotated[
        bool, typer.Option("--ask", help="Let faces wait for a reviewer that nobody named; else they are only counted.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="A line per photo and face.")] = False,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Take in photos; only faces under a release are encoded.

    Who is who comes from the manifest, from names in the photos' metadata, and from folders that are named like
    a subject and hold photos of one face. Run it again at any time: known photos are passed over.

    Example:
        countenance ingest src_7k2m0q9x4t8b5c1d ~/Pictures/gala \
          --faces gala.csv --jobs 2
    """
    with engine_command(data, as_json) as (engine, output):
        with output.progress("Photos", shown=not verbose) as advance:

            def progress(outcome: PhotoOutcome, done: int, total: int) -> None:
                advance(done, total)
                if verbose:
                    _verbose(output, outcome)

            summary = engine.ingest.run(SourceId(source), paths, manifest=faces, jobs=jobs, ask=ask, progress=progress)
        output.record(**_sums(summary))
        _say_summary(output, summary)


def _verbose(output: Output, outcome: PhotoOutcome) -> None:
    faces = [
        {
            "face": face.face,
            "state": face.state.value,
            "reason": face.reason,
            "detail": face.detail,
            "subject": face.subject,
            "box": [round(edge) for edge in face.box],
        }
        for face in outcome.faces
    ]
    output.record(
        photo=str(outcome.path),
        reason=outcome.reason,
        detail=outcome.detail,
        known=outcome.known,
        faces=faces,
    )
    word = f"left out, {outcome.reason}: {outcome.detail}" if outcome.reason else "known" if outcome.known else "new"
    output.say(f"{printable(outcome.path)}: {word}")
    for face in outcome.faces:
        who = f" of {face.subject}" if face.subject else ""
        why = f", {face.reason}: {face.detail}" if face.reason else ""
        output.say(f"  {face.face} at x={face.box.left:.0f} y={face.box.top:.0f}: {face.state.value}{who}{why}")


def _sums(summary: IngestSummary) -> dict[str, Any]:
    return {**asdict(summary), "skipped": dict(summary.skipped), "seconds": round(summary.seconds, 3)}


def _say_summary(output: Output, summary: IngestSummary) -> None:
    if not summary.photos:
        output.say("No photos were found there. JPEG, PNG, WebP, HEIC, AVIF, TIFF and GIF files are read.")
        return
    rate = summary.photos / summary.seconds
    output.say(
        f"{counted(summary.photos, 'photo')} ({summary.new} new) in {summary.seconds:.1f} s, {rate:.1f} per second."
    )
    output.say(
        f"{counted(summary.faces, 'face')}: {summary.references} encoded under a release, {summary.bystanders} "
        f"bystanders counted and not encoded, {summary.waiting} waiting for a reviewer."
    )
    for reason, count in sorted(summary.skipped.items()):
        output.say(f"Left out: {count} x {reason}")


@_review.callback()
def waiting(
    context: typer.Context,
    *,
    bystanders: Annotated[bool, typer.Option("--bystanders", help="List bystanders too.")] = False,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """List the faces that wait for a reviewer.

    `assign` and `dismiss` decide on one.

    Example: `countenance review`
    """
    if context.invoked_subcommand is not None:
        return
    with engine_command(data, as_json) as (engine, output):
        found = engine.review.waiting(bystanders=bystanders)
        for item in found:
            face = item.face
            box = [round(edge) for edge in face.box]
            output.record(
                face=face.id,
                photo=face.photo,
                uri=item.uri,
                box=box,
                reason=face.reason,
                subject=face.subject,
            )
            claimed = f", said to be {face.subject}" if face.subject else ""
            output.say(f"{face.id}  {printable(item.uri)}  box {box}  {face.reason or face.state.value}{claimed}")
        output.say(f"{counted(len(found), 'face')}.")


@_review.command()
def assign(
    face: FaceArgument,
    subject: SubjectArgument,
    by: By = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Say who a face is.

    It is encoded if a live release permits it.

    Example:
        countenance review assign fac_7k2m0q9x4t8b5c1d sub_1d5c8b0q9x4t7k2m
    """
    with engine_command(data, as_json) as (engine, output):
        outcome = engine.review.assign(FaceId(face), SubjectId(subject), by=by or getpass.getuser())
        output.record(face=face, subject=subject, state=outcome.state.value)
        output.say(f"{face} is {subject} and was encoded under the release.")


@_review.command()
def dismiss(face: FaceArgument, by: By = None, *, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Say that a face is nobody who enrolled.

    It is never asked about again.

    Example:
        countenance review dismiss fac_7k2m0q9x4t8b5c1d
    """
    with engine_command(data, as_json) as (engine, output):
        engine.review.dismiss(FaceId(face), by=by or getpass.getuser())
        output.record(face=face, state="dismissed")
        output.say(f"{face} was dismissed.")


@_review.command()
def split(
    face: FaceArgument,
    to: Annotated[str | None, typer.Option(help="Id of the right person; without, the face waits.")] = None,
    by: By = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Take a face off the person whom it was wrongly taken for.

    What was encoded of it is destroyed, and no backup brings it back. The face gets a new id.

    Example:
        countenance review split fac_7k2m0q9x4t8b5c1d \
          --to sub_1d5c8b0q9x4t7k2m
    """
    with engine_command(data, as_json) as (engine, output):
        right = None if to is None else SubjectId(to)
        new = engine.review.split(FaceId(face), to=right, by=by or getpass.getuser())
        output.record(face=face, became=new, subject=to)
        output.say(f"{face} was taken off; it is {new} now, and " + (f"{to}." if to else "waits for a reviewer."))


@_review.command()
def undo(by: By = None, *, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Take back your last decision on a face.

    Decisions of the last day can be undone, one by one. What was encoded is destroyed.

    Example: `countenance review undo`
    """
    with engine_command(data, as_json) as (engine, output):
        face = engine.review.undo(by=by or getpass.getuser())
        output.record(face=face)
        output.say(f"Undone: {face} is as it was before.")
