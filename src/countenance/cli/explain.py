# SPDX-License-Identifier: Apache-2.0
"""Commands that say why: every rule of a decision, the fact it looked at, and the law behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from countenance.cli.output import DEFAULT_DATA, Data, Json, Output, engine_command
from countenance.clock import to_text
from countenance.errors import BadInput
from countenance.ids import ClientId, SourceId, SubjectId
from countenance.model.purpose import Purpose, parse_purpose
from countenance.model.search import ProbeBasis

if TYPE_CHECKING:
    from countenance.services.explain import Part

_explain = typer.Typer(help="Why a decision is made as it is, rule by rule.", invoke_without_command=True)

_Subject = Annotated[str | None, typer.Option(help="Id of the person; `subject list` shows them.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(_explain, name="explain")


@_explain.callback()
def explain(
    ctx: typer.Context,
    event: Annotated[int | None, typer.Option(help="A refusal: its place in the log, from `ledger show`.")] = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Say why; of an entry of the log, or of what would be decided now.

    Example:
        countenance packs explain --event 41
    """
    if ctx.invoked_subcommand is not None:
        return
    with engine_command(data, as_json) as (engine, output):
        if event is None:
            raise BadInput("name an entry of the log (--event), or ask `packs explain enrol`, `search` or `key`")
        found = engine.explain.event(event)
        output.record(
            event=found.index,
            at=to_text(found.at),
            tag=found.tag,
            rule=found.rule,
            key=found.key or None,
            remedy=found.remedy or None,
            citation=found.citation,
        )
        output.say(f"Entry {found.index} of {to_text(found.at)} ({found.tag}) was refused by rule {found.rule}.")
        if found.known:
            output.say(f"  Law, as it stands now: {found.key}  [{found.citation}]")
            output.say(f"  What would make it lawful: {found.remedy}")
        else:
            output.say("  It is a rule of the program itself; the message of the refusal said what would be lawful.")


@_explain.command()
def enrol(
    subject: Annotated[str, typer.Option(help="Id of the person; `subject list` shows them.")],
    source: Annotated[str | None, typer.Option(help="Where the photo comes from; `source list` shows them.")] = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Say why a face of a person would become a reference now, or not.

    Example:
        countenance packs explain enrol --subject sub_7k2m0q9x4t8b5c1d
    """
    with engine_command(data, as_json) as (engine, output):
        origin = None if source is None else SourceId(source)
        _say(output, engine.explain.enrol(SubjectId(subject), origin))


@_explain.command()
def search(
    client: Annotated[str, typer.Option(help="Id of who searches; `client list` shows them.")],
    purpose: Annotated[str, typer.Option(help=f"What for: {', '.join(Purpose)}.")],
    probe_basis: Annotated[
        ProbeBasis, typer.Option(help="Why the face in the probe may be encoded.")
    ] = ProbeBasis.SUBJECT_PRESENT,
    authorisation: Annotated[str | None, typer.Option(help="Of law enforcement: reference, or `pending`.")] = None,
    subject: _Subject = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Say why a search would be answered now, and show a person, or not.

    Example:
        countenance packs explain search --client cli_7k2m0q9x4t8b5c1d \
          --purpose photo_delivery --subject sub_7k2m0q9x4t8b5c1d
    """
    with engine_command(data, as_json) as (engine, output):
        parts = engine.explain.search(
            ClientId(client),
            parse_purpose(purpose),
            basis=probe_basis,
            authorisation=authorisation,
            subject=None if subject is None else SubjectId(subject),
        )
        _say(output, parts)


@_explain.command()
def key(
    name: Annotated[str, typer.Argument(help="A key of the law, such as retention.evidence_days.")],
    subject: _Subject = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Say where the value of a key comes from; without a person, for one of whom nothing is known.

    Example:
        countenance packs explain key retention.after_last_interaction_days \
          --subject sub_7k2m0q9x4t8b5c1d
    """
    with engine_command(data, as_json) as (engine, output):
        found = engine.explain.key(name, None if subject is None else SubjectId(subject))
        said = [{"pack": pack, "value": value, "cites": cites} for pack, value, cites in found.said]
        output.record(key=found.key, value=found.value, core=found.core, said=said, citation=found.citation)
        output.say(f"{found.key} = {_value(found.value)}  [{found.citation}]")
        output.say(f"  core: {_value(found.core)}")
        for pack, value, cites in found.said:
            output.say(f"  {pack}: {_value(value)}  [{cites}]")


def _value(value: object) -> str:
    return "[" + ", ".join(value) + "]" if isinstance(value, tuple) else str(value).lower()


def _say(output: Output, parts: list[Part]) -> None:
    for part in parts:
        denied = part.denied_by
        output.record(
            question=part.question,
            packs=list(part.packs),
            permitted=denied is None,
            rules=[
                {
                    "rule": rule.rule_id,
                    "key": rule.key,
                    "met": rule.missing is None,
                    "fact": rule.fact,
                    "missing": rule.missing,
                    "remedy": rule.remedy,
                    "citation": rule.citation,
                }
                for rule in part.rules
            ],
        )
        answer = "yes" if denied is None else f"no, by rule {denied.rule_id}"
        output.say(f"{part.question[0].upper()}{part.question[1:]}: {answer}. Law files: {', '.join(part.packs)}.")
        for rule in part.rules:
            output.say(f"  {'met  ' if rule.missing is None else 'UNMET'} {rule.rule_id}: {rule.fact}")
            if rule.missing is not None:
                output.say(f"        {rule.missing}; {rule.remedy}")
            output.say(f"        {rule.key}  [{rule.citation}]")
