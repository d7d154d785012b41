# SPDX-License-Identifier: Apache-2.0
"""Commands of a client's searcher: `search` and `verify-faces`."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from countenance.cli.exits import FOUND_WRONG
from countenance.cli.output import (
    DEFAULT_DATA,
    Data,
    Json,
    Output,
    beyond,
    counted,
    engine_command,
    estimate,
    printable,
)
from countenance.errors import BadInput, NotFound
from countenance.ids import ClientId
from countenance.model.purpose import Purpose, parse_purpose
from countenance.model.search import Candidate, ProbeBasis

if TYPE_CHECKING:
    from countenance.bootstrap import Engine
    from countenance.services.search import Request

Client = Annotated[str, typer.Option(help="Id of who searches; `client list` shows them.")]
What = Annotated[str, typer.Option(help=f"What for: {', '.join(Purpose)}.")]
Basis = Annotated[ProbeBasis, typer.Option(help="Why the face in the probe may be encoded.")]
Searcher = Annotated[str | None, typer.Option(help="Account of the person who searches; by default the one logged in.")]
Authorised = Annotated[
    str | None,
    typer.Option(help="Of law enforcement: reference of the warrant or decision, or `pending` where it was asked for."),
]
Case = Annotated[
    str | None,
    typer.Option(help="Number of the case that it is for; law enforcement and missing persons need one."),
]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(search)
    app.command("verify-faces")(verify_faces)


def search(
    probes: Annotated[list[Path], typer.Argument(help="Photos, each of the person to be found.")],
    client: Client,
    purpose: What,
    probe_basis: Basis,
    face: Annotated[
        int | None, typer.Option(help="Which face, counted from the left, where a photo shows several.")
    ] = None,
    searcher: Searcher = None,
    authorisation: Authorised = None,
    case: Case = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Search by photo; an empty answer means nobody.

    Example:
        countenance search me.jpg --client cli_7k2m0q9x4t8b5c1d \
          --purpose photo_delivery --probe-basis subject_present
    """
    unanswered = 0
    with engine_command(data, as_json) as (engine, output):
        request = _request(client, purpose, probe_basis, searcher, (authorisation, case))
        for probe in probes:
            try:
                _search_one(engine, output, probe, request, face)
            except BadInput as error:
                if len(probes) == 1 or (isinstance(error, NotFound) and probe.is_file()):
                    raise
                unanswered += 1
                output.record(probe=str(probe), error=error.code, message=str(error))
                output.fail(f"{printable(probe)}: not searched: {error}")
    if unanswered:
        raise typer.Exit(FOUND_WRONG)


def _candidate(c: Candidate) -> dict[str, Any]:
    """Return what is said of a candidate in JSON."""
    return {
        "rank": c.rank,
        "subject": c.subject,
        "reference": c.reference,
        "photo": c.photo,
        "score": c.score,
        "threshold": c.threshold,
        "confirmations": c.confirmations,
        "chance_candidates": c.chance_candidates.value,
        "chance_low": c.chance_candidates.low,
        "chance_high": c.chance_candidates.high,
        "chance_extrapolated": c.chance_candidates.extrapolated,
    }


def _search_one(engine: Engine, output: Output, probe: Path, request: Request, face: int | None) -> None:
    result = engine.searches.search(_photo(probe), request, face=face)
    threshold = result.threshold
    output.record(
        probe=str(probe),
        search=result.id,
        candidates=[_candidate(c) for c in result.candidates],
        threshold=threshold.value,
        threshold_low=threshold.low,
        threshold_high=threshold.high,
        fpir=threshold.fpir,
        extrapolated=threshold.extrapolated,
        evaluation=threshold.evaluation,
        gallery=result.gallery,
        searched_s=round(result.searched_s, 6),
    )
    found = counted(len(result.candidates), "candidate") if result.candidates else "nobody"
    output.say(
        f"{printable(probe)}: {found} among the {counted(result.gallery, 'reference')} that this client may search "
        f"for this purpose (threshold {threshold.value:.3f}{beyond(threshold.extrapolated)}, FPIR {threshold.fpir:g})."
    )
    for c in result.candidates:
        output.say(
            f"  {c.rank}. {c.subject}, photo {c.photo}, score {c.score:.3f} (threshold {c.threshold:.3f}); "
            f"{estimate(c.chance_candidates)} strangers to be expected at this score by chance"
        )
        if c.confirmations > 1:
            output.say(
                f"     unconfirmed: {c.confirmations} people look at it before anything is done on it "
                f"(`countenance result confirm {result.id} --subject {c.subject}`)"
            )


def verify_faces(
    probe_a: Annotated[Path, typer.Argument(help="A photo of one face.")],
    probe_b: Annotated[Path, typer.Argument(help="Another one.")],
    client: Client,
    purpose: What,
    probe_basis: Basis,
    searcher: Searcher = None,
    authorisation: Authorised = None,
    case: Case = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Compare two photos of one face each, in memory.

    Nothing of them is kept.

    Example:
        countenance verify-faces a.jpg b.jpg --client cli_7k2m0q9x4t8b5c1d \
          --purpose release_desk --probe-basis subject_present
    """
    with engine_command(data, as_json) as (engine, output):
        request = _request(client, purpose, probe_basis, searcher, (authorisation, case))
        result = engine.searches.verify(_photo(probe_a), _photo(probe_b), request)
        output.record(
            score=result.score,
            threshold=result.threshold.value,
            fpir=result.threshold.fpir,
            above=result.above,
            search=result.id,
        )
        output.say(
            f"Cosine {result.score:.3f}, {'at or above' if result.above else 'below'} the threshold "
            f"{result.threshold.value:.3f}, which {result.threshold.fpir:g} of all pairs of strangers reach."
        )


def _request(
    client: str, purpose: str, basis: ProbeBasis, searcher: str | None, shown: tuple[str | None, str | None]
) -> Request:
    """Return a request; `shown` is an authorisation and a case, where there are any."""
    from countenance.services.search import Request  # noqa: PLC0415 - as in `engine_command`

    account = searcher or getpass.getuser()
    return Request(ClientId(client), parse_purpose(purpose), basis, account, shown[0], case=shown[1])


def _photo(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotFound(f"the photo {path} cannot be read: {error.strerror}") from error
