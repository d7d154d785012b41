# SPDX-License-Identifier: Apache-2.0
"""An evaluation run as a page: what was measured, drawn and in tables, and the worst errors to look at."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from countenance import plot
from countenance.clock import to_text
from countenance.papers.page import heading, page, pairs, table
from countenance.plot import Axis, Curve, Mark, chart

if TYPE_CHECKING:
    from countenance.services.evaluation import Report, WorstPair

_STYLE = (
    plot.STYLE + " figure { margin: 0 0 1rem } figcaption { font-size: .85rem; color: #444 }"
    " .sheet { display: flex; flex-wrap: wrap; gap: .8rem } .sheet div { width: 13rem; font-size: .75rem;"
    " break-inside: avoid; overflow-wrap: anywhere } .sheet img { width: 6.3rem; height: 6.3rem; object-fit: cover }"
)
_LOWEST_RATE = 1e-5
_WHAT = (
    "Every person counts the same, however many photos there are of each. Numbers in brackets are the ends of the 95 % "
    "interval over people. A rate holds for people and photos like these; others may fare better or worse."
)


def evaluation_page(report: Report, operator: str) -> bytes:
    """Return the page of an evaluation run, UTF-8 HTML."""
    r = report.run.results
    body = (
        heading(operator, "Evaluation of a face pack"),
        f"<p>{_WHAT}</p>",
        *_head(report),
        *_identification(r.get("identification", ())),
        *_verification(r),
        *_groups(r.get("groups")),
        *_discard(r.get("discard")),
        *_sheet("One person, taken for two", "Pairs of one person with the lowest scores.", report.misses),
        *_sheet(
            "Two people, taken for one",
            "Pairs of two people with the highest scores. Where both are one person, the data set's labels are wrong: "
            "list the two names in a file and give it with --same.",
            report.mistaken,
        ),
    )
    return page(f"Evaluation {report.run.id[:12]}", body, style=_STYLE)


def _head(report: Report) -> Iterable[str]:
    r, run = report.run.results, report.run
    left = ", ".join(f"{count} {reason}" for reason, count in r["dataset"]["left_out"].items())
    yield pairs(
        {
            "Evaluation": run.id,
            "Made": f"{to_text(run.at)}, countenance {r['program']}, protocol {r['protocol']}",
            "Face pack": f"{r['pack']}; encoder {r['encoder']}, detector {r['detector']}",
            "Data set": f"{r['dataset']['people']} people, {r['dataset']['photos']} photos, SHA-256 {run.dataset}",
            "Left out": left or "nothing",
        }
    )


def _identification(found: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    if not found:
        return
    yield "<h2>Searches: one photo against a gallery</h2>"
    rows = [
        (one["gallery"], *(interval(one["ranks"][rank]) for rank in ("1", "5", "10")),
         *(interval(one["fnir_at_fpir"][fpir]["fnir"]) for fpir in ("0.1", "0.01")))
        for one in found
    ]  # fmt: skip
    yield table(("Gallery", "Rank 1", "Among 5", "Among 10", "FNIR at FPIR 0.1", "FNIR at FPIR 0.01"), rows)
    curves = [
        Curve(f"gallery of {one['gallery']}", [(a, r) for _, a, r in one["curve"] if a >= _LOWEST_RATE])
        for one in found
    ]
    yield _figure(
        chart("Searches missed, over searches for strangers that find somebody (DET)",
              Axis("FPIR", 0.001, 1, log=True), Axis("FNIR", 0, _top(m for c in curves for _, m in c.points)), curves),
        "Each point is one threshold. Lower and further left is better.",
    )  # fmt: skip
    promised = [
        (one["gallery"], target, str(p["threshold"]), interval(p["fpir"]), interval(p["fnir"]),
         "yes" if p["extrapolated"] else "no")
        for one in found
        for target, p in one["promised"].items()
    ]  # fmt: skip
    if promised:
        yield "<h2>What this program's own thresholds do here</h2>"
        head = ("Gallery", "FPIR promised", "Threshold", "FPIR measured", "FNIR measured", "Extrapolated")
        yield table(head, promised)


def _verification(r: Mapping[str, Any]) -> Iterable[str]:
    if "pairs" in r:
        listed = r["pairs"]
        yield "<h2>The data set's own pairs</h2>"
        yield pairs(
            {
                "Right": f"{interval(listed['accuracy'])} of {listed['pairs']} pairs in {len(listed['folds'])} folds",
                "Not in this data set": f"{listed['absent']} of the listed pairs, left out",
                "Without a usable face": f"{listed['without_face']} pairs, taken for two people",
            }
        )
    if "verification" not in r:
        return
    v = r["verification"]
    yield "<h2>Comparisons: two photos</h2>"
    rows = [(rate, str(at["threshold"]), interval(at["fnmr"])) for rate, at in v["fnmr_at_fmr"].items()]
    yield table(("FMR", "Threshold", "FNMR"), rows)
    det = [(a, m) for _, a, m in v["curve"] if a >= _LOWEST_RATE]
    yield _figure(
        chart("Pairs of one person missed, over pairs of two that pass (DET)",
              Axis("FMR", _LOWEST_RATE, 1, log=True), Axis("FNMR", 0, _top(m for _, m in det)),
              [Curve("all pairs", det)]),
        "Each point is one threshold.",
    )  # fmt: skip
    roc = [(a, 1 - m) for a, m in det]
    yield _figure(
        chart("Pairs of one person that pass (ROC)", Axis("FMR", _LOWEST_RATE, 1, log=True),
              Axis("1 - FNMR", min((y for _, y in roc), default=0.0) - 0.01, 1), [Curve("all pairs", roc)]),
        "The same turned over.",
    )  # fmt: skip
    yield _figure(_histogram(v["histogram"], v["fnmr_at_fmr"]["0.001"]["threshold"]), "Shares of the pairs of a kind.")


def _histogram(histogram: Mapping[str, Sequence[Sequence[float]]], threshold: float) -> str:
    width = histogram["genuine"][1][0] - histogram["genuine"][0][0]
    shown = [low for kind in histogram.values() for low, share in kind if share > 0]
    curves = []
    for name, kind in (("two people", histogram["strangers"]), ("one person", histogram["genuine"])):
        edges = [low for low, _ in kind] + [kind[-1][0] + width]
        curves.append(Curve(name, plot.steps(edges, [share for _, share in kind]), filled=True))
    highest = max(share for kind in histogram.values() for _, share in kind)
    x = Axis("cosine", min(shown), max(shown) + width)
    return chart("Scores of pairs", x, Axis("share", 0, highest), curves, [Mark("FMR 0.001", threshold)])


def _groups(groups: Mapping[str, Any] | None) -> Iterable[str]:
    if not groups:
        return
    yield "<h2>By group, as people said of themselves</h2>"
    rates = groups["rates"]
    yield table(
        ("Group", "People", "FMR", "FNMR"),
        [(name, g["people"], interval(g["fmr"]), interval(g["fnmr"])) for name, g in rates.items()],
    )
    for kind in ("fmr", "fnmr"):
        values = [g[kind][0] for g in rates.values()]
        if min(values) > 0:
            yield f"<p>Highest {kind.upper()} over lowest: {max(values) / min(values):.2f}.</p>"
    yield f"<p>At the threshold {groups['threshold']}, which gives everybody together FMR 0.001.</p>"


def _discard(discard: Mapping[str, Any] | None) -> Iterable[str]:
    if not discard or not discard["fnmr"]:
        return
    yield "<h2>What the quality gate is worth: error against discard</h2>"
    curves = [Curve(name, [(share, left) for share, left in curve]) for name, curve in discard["fnmr"].items()]
    highest = _top(left for curve in curves for _, left in curve.points)
    yield _figure(
        chart("FNMR that is left if the worst photos are discarded", Axis("share discarded", 0, 0.5),
              Axis("FNMR", 0, highest), curves),
        f"By measure of quality, at the threshold {discard['threshold']}. A useful measure falls fast.",
    )  # fmt: skip


def _sheet(title: str, text: str, worst: Sequence[WorstPair]) -> Iterable[str]:
    if not worst:
        return
    yield f"<h2>{escape(title)}</h2><p>{escape(text)}</p><div class='sheet'>"
    for pair in worst:
        pictures = "".join(
            f"<img alt='' src='data:image/jpeg;base64,{base64.b64encode(picture).decode()}'>"
            for picture in pair.thumbnails
            if picture
        )
        yield f"<div>{pictures}<br>{escape(pair.photos[0])}<br>{escape(pair.photos[1])}<br>{pair.score:.4f}</div>"
    yield "</div>"


def _figure(svg: str, caption: str) -> str:
    return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"


def interval(rate: Sequence[float]) -> str:
    """Return a rate as `0.931 [0.92, 0.94]`."""
    value, low, high = (f"{number:.3g}" for number in rate)
    return f"{value} [{low}, {high}]"


def _top(values: Iterable[float]) -> float:
    """Return the end of an axis that shows these."""
    return max(max(values, default=0.0) * 1.05, 1e-4)
