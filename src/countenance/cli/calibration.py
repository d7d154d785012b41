# SPDX-License-Identifier: Apache-2.0
"""Commands on thresholds: `calibrate` measures how high strangers score, `threshold` explains what follows."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from countenance.cli.output import DEFAULT_DATA, Data, Json, beyond, counted, engine_command, estimate, write_document
from countenance.errors import BadInput
from countenance.ids import ClientId, SourceId
from countenance.model.purpose import parse_purpose
from countenance.papers.page import heading, page, pairs, table
from countenance.plot import STYLE, Axis, Curve, Mark, chart

if TYPE_CHECKING:
    from countenance.services.calibration import Calibrated, Cost, Explanation

_BAR = 40  # characters


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(calibrate)
    app.command()(threshold)


def calibrate(
    dataset: Annotated[Path | None, typer.Argument(help="Folder of people: person/photo.jpg.")] = None,
    source: Annotated[
        str | None, typer.Option(help="Id of the source that it is; its permission must cover everybody in it.")
    ] = None,
    same: Annotated[Path | None, typer.Option(help="Names that are one person, two to a line, a tab between.")] = None,
    *,
    from_gallery: Annotated[
        bool, typer.Option("--from-gallery", help="Measure on references whose releases name the purpose evaluation.")
    ] = False,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Measure how high strangers score under the face pack in use; it sets the thresholds from then on.

    At least 100 people are needed, and thousands are better. Nothing of a face is kept, only shares over all people.
    A data set's people are bystanders here: its source needs a permission that covers them, and counsel's opt-in
    (`source add --bystander-basis --counsel-opt-in`).

    Example:
        countenance calibrate ~/lfw --source src_7k2m0q9x4t8b5c1d
    """
    with engine_command(data, as_json) as (engine, output):
        if from_gallery == (dataset is not None):
            raise BadInput("name a data set with its --source, or --from-gallery")
        if dataset is not None and source is None:
            raise BadInput("name the source that the data set is (--source); `countenance source add` records one")
        with output.progress("Measuring") as advance:
            if dataset is None or source is None:
                found = engine.calibrations.from_gallery(progress=advance)
            else:
                found = engine.calibrations.from_data_set(dataset, SourceId(source), same=same, progress=advance)
        output.record(
            calibration=found.id,
            encoder=found.tail.encoder,
            evaluation=found.tail.evaluation,
            people=found.people,
            photos=found.photos,
            sha256=found.sha256,
        )
        _say_calibrated(output.say, found)


def _say_calibrated(say: Callable[[str], None], found: Calibrated) -> None:
    say(f"Calibration {found.id}: {found.photos} photos of {found.people} people, evaluation {found.tail.evaluation}.")
    for fpir in (0.1, 0.01, 0.001):
        at = found.tail.threshold(fpir, found.people - 1)
        words = f"threshold {at.value:.3f} ({at.low:.3f} to {at.high:.3f}{beyond(at.extrapolated)})"
        say(f"  FPIR {fpir:g} among {at.gallery}: {words}.")


def threshold(
    fpir: Annotated[float, typer.Option(help="Share of searches for strangers that may name somebody.")],
    gallery: Annotated[
        int | None, typer.Option(min=0, help="References searched; by default those held at this moment.")
    ] = None,
    client: Annotated[str | None, typer.Option(help="With --purpose: as many as this client may search.")] = None,
    purpose: Annotated[str | None, typer.Option(help="With --client: what for.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write a page with the plots to this file.")] = None,
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Explain a threshold: where it comes from, how sure it is, and what it costs.

    Example:
        countenance threshold --fpir 0.001 --gallery 100000
    """
    with engine_command(data, as_json) as (engine, output):
        if not 0 < fpir < 1:
            raise BadInput(f"an FPIR lies between 0 and 1, such as 0.01; not {fpir}")
        if (client is None) != (purpose is None):
            raise BadInput("--client and --purpose go together")
        found = engine.calibrations.explain(
            fpir,
            gallery=gallery,
            client=None if client is None else ClientId(client),
            purpose=None if purpose is None else parse_purpose(purpose),
        )
        output.record(**_fields(found))
        for line in _lines(found):
            output.say(line)
        if out is not None:
            write_document(_page(found, engine.operator), out)
            output.say(f"The page is {out}.")


def _fields(found: Explanation) -> dict[str, Any]:
    return {
        "fpir": found.asked.threshold.fpir,
        **_cost(found.asked),
        "chance_candidates": [found.chance.value, found.chance.low, found.chance.high],
        "encoder": found.tail.encoder,
        "evaluation": found.tail.evaluation,
        "measured_on": found.tail.date,
        "data": found.tail.data,
        "people": found.tail.people,
        "others": [_cost(one) for one in found.others],
    }


def _cost(one: Cost) -> dict[str, Any]:
    at = one.threshold
    return {
        "gallery": one.gallery,
        "threshold": round(at.value, 6),
        "threshold_low": round(at.low, 6),
        "threshold_high": round(at.high, 6),
        "extrapolated": at.extrapolated,
        "fnir": None if one.fnir is None else round(one.fnir, 4),
    }


def _lines(found: Explanation) -> list[str]:
    low = min(one.threshold.value for one in found.others)
    high = max(one.threshold.value for one in found.others)
    lines = _words(found)
    for one in found.others:
        place = round((one.threshold.value - low) / max(high - low, 1e-9) * (_BAR - 1))
        cost = "" if one.fnir is None else f"  missed {one.fnir:.3f}"
        drawn = f"{'.' * place}o{'.' * (_BAR - 1 - place)}"
        end = beyond(one.threshold.extrapolated)
        lines.append(f"  {one.gallery:>9,}  {drawn}  {one.threshold.value:.3f}{cost}{end}")
    return lines


def _words(found: Explanation) -> list[str]:
    at, tail = found.asked.threshold, found.tail
    promise = f"{at.fpir:g} of the searches for somebody who is not there reach a score of {at.value:.3f} or more."
    chance = f"Strangers to expect at it or above, in one search: {estimate(found.chance)}."
    lines = [
        f"Among {counted(at.gallery, 'reference')}, {promise}",
        f"95 % interval of this threshold: {at.low:.3f} to {at.high:.3f}{beyond(at.extrapolated)}. {chance}",
        f"Measured on {tail.data} ({tail.people} people, {tail.date}), evaluation {tail.evaluation}.",
    ]
    if found.asked.fnir is not None:
        lines.insert(1, f"What it costs: {found.asked.fnir:.2g} of the searches for people who are there miss them.")
    if at.extrapolated:
        lines.append(
            f"Extrapolated: {tail.people} people are too few to have seen such a rate at this size. The number follows "
            "the fitted tail and the trend of the sizes measured; calibrate on more people where it matters."
        )
    return lines


def _page(found: Explanation, operator: str) -> bytes:
    at = found.asked.threshold
    rows = [one for one in found.others if one.gallery]
    low = min(one.threshold.low for one in rows) - 0.01
    high = max(one.threshold.high for one in rows) + 0.01
    sizes = Axis("references in the gallery", rows[0].gallery, rows[-1].gallery, log=True)
    line = [(float(one.gallery), one.threshold.value) for one in rows]
    band = [(float(one.gallery), one.threshold.low, one.threshold.high) for one in rows]
    marks = [Mark("asked", float(at.gallery))] if rows[0].gallery <= at.gallery <= rows[-1].gallery else []
    plots = [
        chart(
            f"Threshold for FPIR {at.fpir:g}", sizes, Axis("score", low, high), [Curve("threshold", line, band)], marks
        )
    ]
    missed = [(float(one.gallery), one.fnir) for one in rows if one.fnir is not None]
    if missed:
        plots.append(chart("People missed", sizes, Axis("FNIR", 0.0, 1.0), [Curve("FNIR", missed)], marks))
    cells = [
        (
            f"{one.gallery:,}",
            f"{one.threshold.value:.3f}",
            f"{one.threshold.low:.3f} to {one.threshold.high:.3f}",
            "" if one.fnir is None else f"{one.fnir:.3f}",
            "yes" if one.threshold.extrapolated else "no",
        )
        for one in (found.asked, *rows)
    ]
    headings = ("references", "threshold", "95 % interval", "missed (FNIR)", "extrapolated")
    title = f"Threshold for FPIR {at.fpir:g}"
    words = "".join(f"<p>{escape(line)}</p>" for line in _words(found))
    source = pairs({"Encoder": found.tail.encoder, "Evaluation": found.tail.evaluation, "Measured on": found.tail.data})
    return page(title, [heading(operator, title), words, *plots, table(headings, cells), source], style=STYLE)
