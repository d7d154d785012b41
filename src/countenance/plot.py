# SPDX-License-Identifier: Apache-2.0
"""Charts as SVG text, for pages that load nothing: axes, curves with bands, filled steps, marked values, and bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

_WIDTH, _HEIGHT = 640, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 40, 40, 48
# Okabe and Ito's colours, which people with any colour vision tell apart; the dash does it in print.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#555555")
_DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 2", "10 4", "4 2")
_LEGEND_ROW_PX = 17
_BAR_LETTER, _BAR_VALUES, _BAR_ROW = 7, 50, 18  # width of a letter, of what stands behind a bar; height of each
STYLE = (
    "svg.plot { width: 100%; max-width: 44rem; height: auto; font: 12px system-ui, sans-serif } "
    "svg.plot text { fill: currentColor } svg.plot .grid { stroke: currentColor; stroke-opacity: .15 } "
    "svg.plot .frame { stroke: currentColor; stroke-opacity: .5; fill: none }"
)
"""What a page that shows a chart has in its style sheet."""


@dataclass(frozen=True)
class Axis:
    """One axis.

    Attributes:
        label: what it shows, with its unit.
        low, high: its ends; what lies outside is cut off.
        log: logarithmic; both ends are above 0 then.
    """

    label: str
    low: float
    high: float
    log: bool = False

    def place(self, value: float) -> float:
        """Return where a value lies, 0 at the low end and 1 at the high one; kept within."""
        value = min(max(value, self.low), self.high)
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Return round values between the ends."""
        if self.log:
            first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
            return [10.0**power for power in range(first, last + 1)]
        rough = (self.high - self.low) / 6
        step = 10.0 ** math.floor(math.log10(rough))
        step *= next(factor for factor in (1, 2, 5, 10) if factor * step >= rough)
        first = math.ceil(self.low / step - 1e-9)
        return [round(number * step, 12) for number in range(first, math.floor(self.high / step + 1e-9) + 1)]


@dataclass(frozen=True)
class Curve:
    """One curve.

    Attributes:
        points: (x, y), in the order in which they are joined.
        band: (x, low, high) of its interval, where there is one.
        filled: the area below it is shaded, as for a histogram.
    """

    name: str
    points: Sequence[tuple[float, float]]
    band: Sequence[tuple[float, float, float]] = field(default=())
    filled: bool = False


@dataclass(frozen=True)
class Mark:
    """A value of the x axis that is marked by an upright line."""

    label: str
    x: float


def chart(title: str, x: Axis, y: Axis, curves: Sequence[Curve], marks: Sequence[Mark] = ()) -> str:
    """Return a chart as an `<svg>` element; a reader of pages without sight gets its title and the curves' names.

    The page that holds it includes `STYLE`. Its numbers are to stand in a table beside it.
    """
    top = _TOP + _LEGEND_ROW_PX * len(curves) * (len(curves) > 1)
    frame = _Frame(x, y, top)
    names = ", ".join(curve.name for curve in curves)
    size = f"0 0 {_WIDTH} {_HEIGHT + top - _TOP}"
    parts = [
        f'<svg class="plot" viewBox="{size}" role="img" aria-label="{escape(title)}: {escape(names)}">',
        f'<text x="{_LEFT}" y="18" font-weight="bold">{escape(title)}</text>',
        *frame.grid(),
        *(part for number, curve in enumerate(curves) for part in frame.curve(number, curve, legend=len(curves) > 1)),
        *(part for row, mark in enumerate(marks) for part in frame.mark(row, mark)),
        "</svg>",
    ]
    return "".join(parts)


def steps(edges: Sequence[float], heights: Sequence[float]) -> list[tuple[float, float]]:
    """Return a histogram's outline: `len(edges)` is one more than `len(heights)`."""
    outline = [(edges[0], 0.0)]
    for left, right, height in zip(edges, edges[1:], heights, strict=False):
        outline += [(left, height), (right, height)]
    return [*outline, (edges[-1], 0.0)]


def bars(title: str, rows: Sequence[tuple[str, float]]) -> str:
    """Return values above 0 as bars on a logarithmic axis, from 1 to the right or, where they are lower, to the left.

    The page that holds it includes `STYLE`. Its numbers are to stand in a table beside it.
    """
    values = [value for _, value in rows]
    axis = Axis("", min(0.5, *values), max(2.0, *values), log=True)
    left = min(_BAR_LETTER * max(len(name) for name, _ in rows) + 12, _WIDTH // 2)
    right = _WIDTH - _BAR_VALUES
    one = left + axis.place(1.0) * (right - left)
    bottom = _TOP + _BAR_ROW * len(rows)
    told = escape(", ".join(f"{name} {value:.3g}" for name, value in rows))
    size = f"0 0 {_WIDTH} {bottom + 8}"
    parts = [
        f'<svg class="plot" viewBox="{size}" role="img" aria-label="{escape(title)}: {told}">',
        f'<text x="8" y="18" font-weight="bold">{escape(title)}</text>',
        f'<line x1="{one:.1f}" x2="{one:.1f}" y1="{_TOP - 8}" y2="{bottom}" stroke="currentColor"/>',
    ]
    for number, (name, value) in enumerate(rows):
        top = _TOP + number * _BAR_ROW
        end = left + axis.place(value) * (right - left)
        colour = _COLOURS[0] if value >= 1 else _COLOURS[1]
        parts.append(f'<text x="{left - 6}" y="{top + 11}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<rect x="{min(one, end):.1f}" y="{top}" width="{abs(end - one):.1f}" height="{_BAR_ROW - 5}" '
                     f'fill="{colour}"/>')  # fmt: skip
        parts.append(f'<text x="{max(one, end) + 4:.1f}" y="{top + 11}">{value:.3g}</text>')
    return "".join([*parts, "</svg>"])


def _tick(value: float) -> str:
    """Return a tick's number: whole thousands in full, where `1e+06` would be read as an error."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:g}"


class _Frame:
    """Turns values into places on the drawing."""

    def __init__(self, x: Axis, y: Axis, top: int) -> None:
        self._x, self._y, self._top = x, y, top
        self._bottom = _HEIGHT + top - _TOP - _BOTTOM

    def _at(self, x: float, y: float) -> tuple[float, float]:
        across = _LEFT + self._x.place(x) * (_WIDTH - _LEFT - _RIGHT)
        return across, self._bottom - self._y.place(y) * (self._bottom - self._top)

    def _path(self, points: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{a:.1f},{b:.1f}" for a, b in (self._at(*point) for point in points))

    def grid(self) -> list[str]:
        """Return frame, grid lines, their values and the labels of the axes."""
        right, middle = _WIDTH - _RIGHT, (self._top + self._bottom) / 2
        parts = []
        for value in self._x.ticks():
            at, _ = self._at(value, self._y.low)
            parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{self._top}" y2="{self._bottom}"/>')
            parts.append(f'<text x="{at:.1f}" y="{self._bottom + 16}" text-anchor="middle">{_tick(value)}</text>')
        for value in self._y.ticks():
            _, at = self._at(self._x.low, value)
            parts.append(f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>')
            parts.append(f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{_tick(value)}</text>')
        parts.append(
            f'<rect class="frame" x="{_LEFT}" y="{self._top}" width="{right - _LEFT}" '
            f'height="{self._bottom - self._top}"/>'
        )
        centre = (_LEFT + right) / 2
        parts.append(f'<text x="{centre}" y="{self._bottom + 36}" text-anchor="middle">{escape(self._x.label)}</text>')
        parts.append(
            f'<text x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">'
            f"{escape(self._y.label)}</text>"
        )
        return parts

    def curve(self, number: int, curve: Curve, *, legend: bool) -> list[str]:
        """Return one curve, its band, and its line in the legend."""
        colour, dash = _COLOURS[number % len(_COLOURS)], _DASHES[number % len(_DASHES)]
        drawn = f'stroke="{colour}" stroke-width="1.8" stroke-dasharray="{dash}"'
        parts = []
        if curve.band:
            around = [(x, low) for x, low, _ in curve.band] + [(x, high) for x, _, high in reversed(curve.band)]
            parts.append(f'<polygon points="{self._path(around)}" fill="{colour}" fill-opacity=".15"/>')
        if curve.points:
            fill = f'fill="{colour}" fill-opacity=".2"' if curve.filled else 'fill="none"'
            parts.append(f'<polyline points="{self._path(curve.points)}" {fill} {drawn}/>')
        if legend:
            y = _TOP + number * _LEGEND_ROW_PX - 4
            parts.append(f'<line x1="{_LEFT}" x2="{_LEFT + 28}" y1="{y - 4}" y2="{y - 4}" {drawn}/>')
            parts.append(f'<text x="{_LEFT + 34}" y="{y}">{escape(curve.name)}</text>')
        return parts

    def mark(self, row: int, mark: Mark) -> list[str]:
        """Return an upright line with its label near the top, a row for each, on the side where there is room."""
        at, _ = self._at(mark.x, self._y.low)
        anchor, shift = ("start", 4) if self._x.place(mark.x) < 0.6 else ("end", -4)
        line = self._top + 14 + row * _LEGEND_ROW_PX
        return [
            f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{self._top}" y2="{self._bottom}" stroke="currentColor"/>',
            f'<text x="{at + shift:.1f}" y="{line}" text-anchor="{anchor}">{escape(mark.label)}</text>',
        ]
