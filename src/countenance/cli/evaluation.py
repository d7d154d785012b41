# SPDX-License-Identifier: Apache-2.0
"""The command `eval`."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from countenance.cli.evaluation_page import evaluation_page, interval
from countenance.cli.output import DEFAULT_DATA, Data, Json, Output, engine_command, write_document
from countenance.ids import SourceId


class Protocol(StrEnum):
    """How a data set is measured on."""

    FOLDER = "folder"
    IDENTIFICATION = "identification"
    LFW_PAIRS = "lfw-pairs"


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("eval")(evaluate)


def evaluate(
    dataset: Annotated[Path, typer.Argument(help="Folder of people: person/photo.jpg.")],
    source: Annotated[
        str, typer.Option(help="Id of the source that it is; its permission must cover everybody in it.")
    ],
    protocol: Annotated[Protocol, typer.Option(help="folder: all photos compared, and searches.")] = Protocol.FOLDER,
    pairs: Annotated[Path | None, typer.Option(help="Pairs, as Labeled Faces in the Wild publishes them.")] = None,
    same: Annotated[Path | None, typer.Option(help="Names that are one person, two to a line, a tab between.")] = None,
    groups: Annotated[Path | None, typer.Option(help="CSV person,group: what people said of themselves.")] = None,
    gallery: Annotated[list[int] | None, typer.Option(help="People in a gallery; 100 and 1000 if not given.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the page and the JSON file.")] = Path("evaluations"),
    *,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    r"""Measure how often the face pack in use errs, on faces whose people are known.

    Nothing of a face is kept. The source needs a permission that covers people who signed nothing, and counsel's
    opt-in: `source add --bystander-basis --counsel-opt-in`. The page shows photos of the data set: whoever may see
    the data set may see it.

    Example:
        countenance eval ~/lfw --source src_7k2m0q9x4t8b5c1d \
          --pairs pairs.txt --out evaluations
    """
    with engine_command(data, as_json) as (engine, output):
        from countenance.services.evaluation import GALLERIES, Plan  # noqa: PLC0415 - as in `engine_command`

        plan = Plan(protocol.value, pairs, same, groups, tuple(gallery) if gallery else GALLERIES)
        with output.progress("Photos") as advance:
            report = engine.evaluations.run(dataset, SourceId(source), plan, progress=advance)
        results = report.run.results
        name = f"evaluation-{report.run.id[:12]}"
        out.mkdir(parents=True, exist_ok=True)
        whole = {"evaluation": report.run.id, **results}
        write_document((json.dumps(whole, indent=1) + "\n").encode(), out / f"{name}.json")
        write_document(evaluation_page(report, engine.operator), out / f"{name}.html")
        output.record(evaluation=report.run.id, files=[str(out / f"{name}.json"), str(out / f"{name}.html")])
        _say(output, results)
        output.say(f"Evaluation {report.run.id}: {out / name}.html to look at, {name}.json to compute with.")


def _say(output: Output, results: dict[str, Any]) -> None:
    data = results["dataset"]
    output.say(f"{data['people']} people, {data['photos']} photos; 95 % intervals in brackets.")
    for reason, count in data["left_out"].items():
        output.say(f"Left out: {count} x {reason}")
    if "pairs" in results:
        output.say(f"Pairs: {interval(results['pairs']['accuracy'])} right.")
    for rate, found in results.get("verification", {}).get("fnmr_at_fmr", {}).items():
        output.say(f"Two photos of one person taken for two at FMR {rate}: {interval(found['fnmr'])}.")
    for found in results.get("identification", ()):
        output.say(f"Gallery of {found['gallery']}: rank 1 {interval(found['ranks']['1'])}.")
        for target, promised in found["promised"].items():
            beyond = ", extrapolated" if promised["extrapolated"] else ""
            output.say(
                f"  promised FPIR {target}: measured {interval(promised['fpir'])}, missed {interval(promised['fnir'])}"
                f" (threshold {promised['threshold']}{beyond})."
            )
