# SPDX-License-Identifier: Apache-2.0
"""Commands on results of searches: confirmed by two where the law asks for it, authorised or purged."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from countenance.cli.output import DEFAULT_DATA, Data, Json, Output, engine_command
from countenance.clock import to_text
from countenance.errors import BadInput
from countenance.ids import SearchId, SubjectId
from countenance.model.review import ReviewState, Verdict

if TYPE_CHECKING:
    from countenance.services.results import Held

_result = typer.Typer(help="Results of searches: who confirmed them, and their authorisation.", no_args_is_help=True)
_Search = Annotated[str, typer.Argument(help="Id of the search, as `search` printed it.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(_result, name="result")


@_result.command()
def show(search: _Search, *, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Show a stored result, and which candidates are confirmed.

    Example:
        countenance result show sea_7k2m0q9x4t8b5c1d
    """
    with engine_command(data, as_json) as (engine, output):
        found = engine.results.show(SearchId(search))
        due = None if found.due_at is None else to_text(found.due_at)
        output.record(
            search=found.search,
            client=found.client,
            authorisation=found.authorisation.value,
            due=due,
            candidates=[_record(held) for held in found.candidates],
        )
        output.say(f"Search {found.search} by {found.client}; authorisation: {found.authorisation.value}")
        if due is not None:
            output.say(f"The authorisation must be shown by {due}, or the search and all of it are deleted.")
        for held in found.candidates:
            _say(output, held)
        if not found.candidates:
            output.say("Nobody was found.")


@_result.command()
def confirm(
    search: _Search,
    subject: Annotated[str, typer.Option(help="Id of the candidate.")],
    by: Annotated[str | None, typer.Option(help="Account that looked; by default the one logged in.")] = None,
    verdict: Annotated[Verdict, typer.Option(help="What this person says of probe and candidate.")] = Verdict.SAME,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Confirm a candidate, as a person who looked at it, or say that it is somebody else.

    What one says is sealed until as many have decided as the law asks for.

    Example:
        countenance result confirm sea_7k2m0q9x4t8b5c1d \
          --subject sub_7k2m0q9x4t8b5c1d --by ann
    """
    with engine_command(data, as_json) as (engine, output):
        held = engine.results.decide(SearchId(search), SubjectId(subject), verdict, by=by or getpass.getuser())
        output.record(search=search, **_record(held))
        _say(output, held)


@_result.command()
def account(
    name: Annotated[str, typer.Argument(help="The account, as it was given with --by.")],
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Print the code by which the log knows an account that reviewed results.

    The log holds no names; with the code an auditor finds the entries `client:result:reviewed` of one person.

    Example:
        countenance result account ann
    """
    with engine_command(data, as_json) as (engine, output):
        code = engine.results.account_code(name)
        output.record(account=name, by=code)
        output.say(f"The log knows {name} as {code} (`by` in client:result:reviewed).")


@_result.command()
def authorisation(
    search: _Search,
    granted: Annotated[str | None, typer.Option(help="Reference of the warrant or decision.")] = None,
    *,
    refused: Annotated[bool, typer.Option("--refused", help="It was refused: the search is deleted.")] = False,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Record what was decided on the authorisation of a search.

    Refused, the search and all that came of it are deleted at once.

    Example:
        countenance result authorisation sea_7k2m0q9x4t8b5c1d --refused
    """
    with engine_command(data, as_json) as (engine, output):
        if refused == (granted is not None):
            raise BadInput("say either --granted with its reference, or --refused")
        if granted is not None:
            engine.results.authorise(SearchId(search), granted)
        else:
            engine.results.refuse(SearchId(search))
        output.record(search=search, authorisation="refused" if refused else "given")
        output.say(f"Search {search} {'and all that came of it are deleted' if refused else 'is authorised'}.")


def _record(held: Held) -> dict[str, object]:
    return {
        "subject": held.subject,
        "score": held.score,
        "needed": held.needed,
        "confirmations": len(held.reviews),
        "confirmed": held.state is ReviewState.CONFIRMED,
        "confirmed_by": list(held.reviewed_by) if held.state is ReviewState.CONFIRMED else [],
        "state": held.state.value,
        "reviews": [
            {"by": one.by, "verdict": None if one.verdict is None else one.verdict.value} for one in held.reviews
        ],
    }


def _say(output: Output, held: Held) -> None:
    of = f"{len(held.reviews)} of {held.needed}"
    by = f" (by {', '.join(held.reviewed_by)})" if held.reviews else ""
    if held.state is ReviewState.UNCONFIRMED:
        output.say(
            f"  {held.subject}, score {held.score:.3f}: {of} have looked{by}, unconfirmed: nothing may be done on it; "
            "what they said is sealed until all have"
        )
        return
    said = ", ".join(f"{one.by}: {one.verdict.value}" for one in held.reviews if one.verdict is not None)
    output.say(f"  {held.subject}, score {held.score:.3f}: {of} have looked, {held.state.value} ({said})")
