# SPDX-License-Identifier: Apache-2.0
"""A bench as a table in Markdown, which is docs/benchmarks.md of the source, and as a page."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from countenance import plot
from countenance.papers.page import heading, page, pairs, table
from countenance.plot import Axis, Curve, bars, chart

if TYPE_CHECKING:
    from countenance.bench.table import Bench, Row

_TITLE = "Benchmarks: what this program does on one machine"
_HEAD = ("row", "what", "ours", "peer", "ratio", "cores")
_STYLE = plot.STYLE + (
    " .wide { overflow-x: auto; margin: 1rem 0 } .wide svg { min-width: 32rem } .wide td { min-width: 4rem }"
    " .wide td:first-child { min-width: 9rem }"
)
_READING = (
    "Ours and the peer took turns in one run on the same photos and vectors, so that what disturbs one disturbs both; "
    "the ratio says how many times better ours is, and below 1 that it is worse. One core: processor time, which other "
    "work on the machine changes little; several cores, and every start-up: time as it passes. Amounts are medians; a "
    "removal, a start from the records and bytes are measured once. Search is exact on both sides, the ten best, ours "
    "above a threshold of 0.5 and with what the product needs besides: an id and an owner for each vector. Memory is "
    "the sum of all arrays of a live gallery. Photos are drawn and vectors random around the middle of each person: "
    "nobody's, and good for speed alone. How often faces are told apart is another matter (see docs/figures.md of "
    "the source, and measure on your own with `countenance eval`)."
)


def markdown(done: Bench) -> str:
    """Return the table with all that is needed to read it and to make it again."""
    lines = [
        f"# {_TITLE}",
        "",
        f"Written by `{done.command}`, and by nobody's hand.",
        "",
        *(f"- {name.capitalize()}: {value}" for name, value in done.machine.items()),
        "",
        f"| {' | '.join(_HEAD)} |",
        f"|{'---|' * len(_HEAD)}",
        *(f"| `{row.name}` | {' | '.join(_cells(row))} |" for row in done.rows),
        "",
        "## How to read it",
        _READING,
    ]
    if done.left:
        lines += ["", "## What was left out", *(f"- {one.what}: {one.why}" for one in done.left)]
    return "\n".join([*lines, ""])


def bench_page(done: Bench) -> bytes:
    """Return the page, UTF-8 HTML."""
    body = [
        heading("countenance bench", "What this machine does"),
        pairs({"Command": done.command, **{name.capitalize(): value for name, value in done.machine.items()}}),
        *(_wide(name, svg) for name, svg in _drawn(done)),
        _wide("All rows", table([name.capitalize() for name in _HEAD[1:]], [_cells(row) for row in done.rows])),
        f"<h2>How to read it</h2><p>{escape(_READING.replace('`', ''))}</p>",
    ]
    if done.left:
        left = "".join(f"<li>{escape(one.what)}: {escape(one.why)}</li>" for one in done.left)
        body.append(f"<h2>What was left out</h2><ul>{left}</ul>")
    return page("What this machine does", body, style=_STYLE)


def amount(row: Row) -> str:
    """Return what a row says of ours and, where there is one, of the peer."""
    beside = "" if row.ratio is None else f"; {_theirs(row)}: {row.ratio:.3g}x"
    return f"{_number(row.ours)} {row.unit}{beside}"


def _wide(name: str, html: str) -> str:
    """Return a part that scrolls sideways where a screen is narrow, by keyboard too."""
    return f"<div class='wide' role='region' aria-label='{escape(name)}' tabindex='0'>{html}</div>"


def _drawn(done: Bench) -> Iterator[tuple[str, str]]:
    """Yield the names and the drawings of what can be drawn."""
    sizes = sorted({int(row.name.split(".")[1]) for row in done.rows if row.name.startswith("search.")})
    of = {row.name: row for row in done.rows}
    searches = [(size, of[f"search.{size}.one"]) for size in sizes]
    curves = [Curve("ours", [(size, row.ours) for size, row in searches]),
              Curve("FAISS", [(size, row.theirs) for size, row in searches if row.theirs])]  # fmt: skip
    curves = [curve for curve in curves if len(curve.points) > 1]
    if curves:
        values = [value for curve in curves for _, value in curve.points]
        x = Axis("references", min(sizes), max(sizes), log=True)
        y = Axis("milliseconds, one core", min(values) / 2, max(values) * 2, log=True)
        yield "Search by size", chart("One exact search, by the size of the gallery", x, y, curves)
    ratios = [(row.name, row.ratio) for row in done.rows if row.ratio]
    if ratios:
        yield "Ratios", bars("Times better than the peer", ratios)


def _cells(row: Row) -> tuple[str, str, str, str, str]:
    ratio = "" if row.ratio is None else f"{row.ratio:.3g}x"
    return row.what, f"{_number(row.ours)} {row.unit}", _theirs(row), ratio, str(row.cores)


def _theirs(row: Row) -> str:
    return "" if row.theirs is None else f"{row.peer}: {_number(row.theirs)} {row.unit}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
