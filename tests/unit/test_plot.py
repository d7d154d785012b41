# SPDX-License-Identifier: Apache-2.0
"""Charts: where values are drawn, and what a page shows of others' words."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from countenance.papers.page import page, table
from countenance.plot import Axis, Curve, Mark, bars, chart, steps


def test_a_chart_places_every_value_between_its_axes() -> None:
    """Ends of the axes lie on the frame, the middle in the middle; what lies outside stays at the edge."""
    line, log = Axis("x", 0, 10), Axis("FPIR", 0.001, 1, log=True)
    assert [line.place(value) for value in (-5, 0, 5, 10, 20)] == [0, 0, 0.5, 1, 1]
    assert log.place(0.001) == 0
    assert log.place(1) == 1
    assert log.place(0.1) == pytest.approx(2 / 3)


def test_ticks_are_round_and_within() -> None:
    """An axis is labelled at round values, no fewer than four and no more than eight."""
    assert Axis("x", 0, 1).ticks() == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert Axis("x", 0.001, 1, log=True).ticks() == [0.001, 0.01, 0.1, 1]
    for low, high in ((0.0, 7.3), (-1.0, 1.0), (0.87, 0.95)):
        ticks = Axis("x", low, high).ticks()
        assert 4 <= len(ticks) <= 8
        assert low <= ticks[0] < ticks[-1] <= high + 1e-12


def test_a_chart_is_well_formed_and_escapes_names() -> None:
    """Whatever a curve is called, the drawing stays XML, and the name is read out."""
    svg = chart(
        "Scores <of> chance",
        Axis("score", 0, 1),
        Axis("share", 0, 1),
        [
            Curve("a & b", [(0, 0), (1, 1)], band=[(0, 0, 0.1), (1, 0.9, 1)]),
            Curve("c", steps([0, 0.5, 1], [1, 2]), filled=True),
        ],
        [Mark("threshold <", 0.5)],
    )
    root = ElementTree.fromstring(svg)  # noqa: S314 - of our own making
    assert root.get("aria-label") == "Scores <of> chance: a & b, c"
    texts = [element.text for element in root.iter("text")]
    assert {"a & b", "c", "threshold <", "score", "share"} <= set(texts)


def test_large_numbers_are_written_out() -> None:
    """A gallery's size stands on the axis in full."""
    svg = chart("t", Axis("references", 1, 1e6, log=True), Axis("score", 0, 1), [Curve("a", [(1, 0), (1e6, 1)])])
    assert ">1,000,000<" in svg
    assert "e+" not in svg


def test_a_bar_grows_from_one_to_the_side_of_its_value() -> None:
    """Ten times as much and a tenth are bars of one length on two sides; names are escaped and read out."""
    root = ElementTree.fromstring(bars("Times", [("a & b", 10.0), ("c", 0.1)]))  # noqa: S314 - of our own making
    wide, narrow = [element for element in root.iter() if element.tag.endswith("rect")]
    assert wide.get("width") == narrow.get("width")
    assert float(narrow.get("x", 0)) < float(wide.get("x", 0))
    assert root.get("aria-label") == "Times: a & b 10, c 0.1"


def test_long_names_of_bars_stand_within_the_chart() -> None:
    """The name of a pack of one's own is not cut off: a letter of 12 px type takes 6.6 px on the average."""
    name = "ingest.a-face-pack-of-some-museum-int8.250x250"
    root = ElementTree.fromstring(bars("Times", [(name, 10.0), ("c", 0.1)]))  # noqa: S314 - of our own making
    (label,) = [element for element in root.iter() if element.text == name]
    assert float(label.get("x", 0)) - 6.6 * len(name) >= 0


def test_a_table_of_nothing_says_so() -> None:
    """Where there are no rows a page says it, instead of a bare head."""
    assert table(("name", "count"), []) == "<p>None.</p>"


def test_a_page_loads_nothing_and_escapes_its_cells() -> None:
    """A page holds no script and no address, and shows a cell's text as it is."""
    html = page("A <title>", [table(("name", "count"), [("<script>", 3)])]).decode()
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "src=" not in html
    assert "href=" not in html
