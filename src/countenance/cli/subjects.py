# SPDX-License-Identifier: Apache-2.0
"""Commands on subjects, their releases, withdrawal and destruction."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countenance.cli.output import DEFAULT_DATA, Data, Json, SubjectArgument, engine_command, write_document
from countenance.clock import to_text
from countenance.errors import BadInput
from countenance.ids import ClientId, ReleaseId, SubjectId
from countenance.model.purpose import ClientKind, Purpose, parse_kind, parse_purpose
from countenance.model.residency import in_words
from countenance.model.subject import AgeBand
from countenance.papers.archive import holdings_record

if TYPE_CHECKING:
    from countenance.model.consent import Release

subject_commands = typer.Typer(help="People who may sign a release.", no_args_is_help=True)
_release = typer.Typer(help="Signed releases.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(subject_commands, name="subject")
    app.add_typer(_release, name="release")
    app.command()(withdraw)


@subject_commands.command()
def add(
    label: Annotated[str, typer.Argument(help="Your name for the person; photo metadata is matched with it.")],
    residency: Annotated[
        list[str], typer.Option(help="Where the person lives: `US-IL`, `DE` or `unknown`; may be repeated.")
    ],
    age_band: Annotated[AgeBand, typer.Option(help="As the person states it.")] = AgeBand.ADULT,
    minor_rep: Annotated[str | None, typer.Option(help="Who signs for a minor.")] = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Add a person. Nothing is collected before a release is signed.

    Example:
        countenance subject add "Ada Example" --residency US-IL
    """
    with engine_command(data, as_json) as (engine, output):
        person = engine.subjects.add(label, residency=residency, age_band=age_band, representative=minor_rep)
        output.record(subject=person.id, residency=list(person.residency))
        output.say(f"{person.id}  {label}  ({in_words(person.residency)})")


@subject_commands.command("list")
def list_subjects(*, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """List everybody.

    Example:
        countenance subject list
    """
    with engine_command(data, as_json) as (engine, output):
        for person in engine.subjects.everyone():
            frozen = None if person.frozen_at is None else to_text(person.frozen_at)
            output.record(subject=person.id, label=person.label, residency=list(person.residency), frozen=frozen)
            output.say(f"{person.id}  {person.label}{'  frozen' if frozen else ''}")


@subject_commands.command()
def show(subject: SubjectArgument, *, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Show what is held of a person, and who found this person.

    Example:
        countenance subject show sub_7k2m0q9x4t8b5c1d
    """
    with engine_command(data, as_json) as (engine, output):
        held = engine.subjects.show(SubjectId(subject))
        output.record(**holdings_record(held))
        person = held.subject
        output.say(f"{person.id}  {person.label}  ({in_words(person.residency)}, {person.age_band.value})")
        if person.frozen_at is not None:
            output.say(f"Frozen since {to_text(person.frozen_at)}: nothing is searched or collected.")
        for release, status in held.releases:
            output.say(f"Release {release.id}: {status.value}, until {to_text(release.term_end)}, {_scope(release)}")
        states = Counter(face.state.value for face in held.faces)
        output.say("Faces: " + (", ".join(f"{n} {state}" for state, n in sorted(states.items())) or "none"))
        for finding in held.findings:
            output.say(
                f"Found {to_text(finding.at)} by {finding.client_name} for {finding.purpose} "
                f"(search {finding.search}, score {finding.score:.3f})"
            )
        if not held.findings:
            output.say("No search has found this person.")


def _scope(release: Release) -> str:
    who = ", ".join([*sorted(release.scope.clients), *(f"any {kind}" for kind in sorted(release.scope.kinds))])
    return f"for {', '.join(sorted(release.scope.purposes))} by {who}"


@_release.command()
def export(
    release: Annotated[str, typer.Argument(help="Id of the release.")],
    form: Annotated[
        str, typer.Option("--format", help="countenance, iso27560 (ISO/IEC TS 27560, JSON-LD) or kantara.")
    ] = "countenance",
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of standard output.")] = None,
    *,
    data: Data = DEFAULT_DATA,
) -> None:
    r"""Print a release as a document for the person who signed.

    The first two forms are signed, and anybody can verify them offline:
    signature, text, act of signing. A Kantara receipt is for others to read.

    Example:
        countenance release export rel_7k2m0q9x4t8b5c1d --out release.json
        countenance release export rel_7k2m0q9x4t8b5c1d --format iso27560
    """
    from countenance.services.journal import ReleaseForm  # noqa: PLC0415 - as in `engine_command`

    with engine_command(data, as_json=False) as (engine, _):
        if form not in tuple(ReleaseForm):
            raise BadInput(f"{form!r} is no form; choose one of {', '.join(ReleaseForm)}")
        write_document(engine.journal.export_release(ReleaseId(release), ReleaseForm(form)), out)


@_release.command()
def invalidate(
    release: Annotated[str, typer.Argument(help="Id of the release.")],
    order: Annotated[str, typer.Option(help="Id of the order or instrument that finds it void.")],
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Record that an authority found a release void.

    In force when the command returns; who has no other release is frozen.

    Example:
        countenance release invalidate rel_7k2m0q9x4t8b5c1d \
          --order ord_1d5c8b0q9x4t7k2m
    """
    with engine_command(data, as_json) as (engine, output):
        found = engine.subjects.invalidate(ReleaseId(release), order=order)
        output.record(release=found.id, subject=found.subject, status="invalidated")
        output.say(f"Release {found.id} is void: nothing made under it is searched any more.")


@_release.command()
def sign(
    subject: SubjectArgument,
    purpose: Annotated[list[str] | None, typer.Option(help=f"What for, may be repeated: {', '.join(Purpose)}.")] = None,
    client: Annotated[list[str] | None, typer.Option(help="Id of a client that may search; may be repeated.")] = None,
    client_kind: Annotated[
        list[str] | None, typer.Option(help=f"Or any vetted client of this kind: {', '.join(ClientKind)}.")
    ] = None,
    term_days: Annotated[int | None, typer.Option(help="For how many days it holds.")] = None,
    signer: Annotated[
        str | None, typer.Option(help="The signature: the signer's typed name; asked for where it is not given.")
    ] = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Print the notice, record that it was delivered, then record the typed signature.

    Example:
        countenance release sign sub_7k2m0q9x4t8b5c1d --purpose photo_delivery \
          --client-kind photographer --term-days 365 --signer "Ada Example"
    """
    from countenance.services.release_act import ReleaseTerms  # noqa: PLC0415 - as in `engine_command`

    with engine_command(data, as_json) as (engine, output):
        terms = ReleaseTerms(
            purposes=frozenset(parse_purpose(text) for text in purpose or ()),
            clients=frozenset(ClientId(text) for text in client or ()),
            kinds=frozenset(parse_kind(text) for text in client_kind or ()),
            term_days=term_days,
        )
        draft = engine.subjects.deliver_notice(SubjectId(subject), terms)
        output.say(draft.text)
        if signer is None:
            signer = _typed_name()
        release = engine.subjects.sign(draft, signer=signer)
        status = release.status(release.signed_at).value
        output.record(release=release.id, status=status, expires=to_text(release.term_end), notice=draft.notice)
        output.say(f"Release {release.id} is {status} until {to_text(release.term_end)}.")


def _typed_name() -> str:
    try:
        name: str = typer.prompt("Type your name to sign", default="", show_default=False, err=True)
    except typer.Abort:  # no terminal, or the signer thought better of it: the refusal goes into the log
        return ""
    return name


def withdraw(subject: SubjectArgument, *, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Withdraw a person's releases and freeze what is held.

    In force when the command returns; no later search finds this person.

    Example:
        countenance withdraw sub_7k2m0q9x4t8b5c1d
    """
    with engine_command(data, as_json) as (engine, output):
        frozen_at = engine.subjects.withdraw(SubjectId(subject))
        output.record(subject=subject, frozen=to_text(frozen_at))
        output.say(f"{subject} is frozen since {to_text(frozen_at)}: no search finds this person any more.")
