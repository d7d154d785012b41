# SPDX-License-Identifier: Apache-2.0
"""docs/benchmarks.md is what the command wrote, and nothing else."""

from __future__ import annotations

import re

from doc_pages import ROOT

from countenance.bench.table import Bench, Left, Row
from countenance.cli import bench as command
from countenance.cli.bench_page import markdown

_TEXT = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
_AMOUNT = re.compile(r"(?:(?P<peer>.+): )?(?P<value>[\d.,e+-]+) (?P<unit>\S+)")

_PACKS = ("dlib", "yunet-mobilefacenet", "yunet-mobilefacenet-int8")


def _rows() -> list[Row]:
    rows = []
    for line in _TEXT.splitlines():
        if not line.startswith("| `"):
            continue
        name, what, ours, peer, _, cores = (cell.strip() for cell in line.strip("|").split("|"))
        own, theirs = _AMOUNT.fullmatch(ours), _AMOUNT.fullmatch(peer)
        assert own is not None, line
        rows.append(Row(name.strip("`"), what, _value(own), own["unit"], theirs["peer"] if theirs else "",
                        _value(theirs) if theirs else None, int(cores)))  # fmt: skip
    return rows


def _value(found: re.Match[str]) -> float:
    return float(found["value"].replace(",", ""))


def _without_ratios(text: str) -> str:
    """Return a text without its ratios: they are of figures with more places than the text has."""
    return re.sub(r"\| [\d.e+-]+x \|", "| x |", text)


def test_the_page_is_what_the_command_writes_of_its_rows() -> None:
    """Read back, it is written again word for word: nobody has added, changed or left out a line."""
    pairs = dict(re.findall(r"^- (\w+): (.*)$", _TEXT.partition("\n| row")[0], re.MULTILINE))
    after = _TEXT.partition("## What was left out\n")[2]
    left = [Left(*one) for one in re.findall(r"^- (.+?): (.*)$", after, re.MULTILINE)]
    (typed,) = re.findall(r"^Written by `(.*?)`", _TEXT, re.MULTILINE)
    machine = {name.lower(): value for name, value in pairs.items()}
    again = markdown(Bench(typed, machine, tuple(_rows()), tuple(left)))
    assert _without_ratios(again) == _without_ratios(_TEXT)


def test_the_page_has_every_row_that_the_command_makes() -> None:
    """A run with nothing but defaults makes these; all packs, and no size was left out."""
    expected = {f"{kind}.{pack}{part}" for pack in _PACKS
                for kind, part in (("encoder", ".one"), ("encoder", ".batch"), ("detector", ""))}  # fmt: skip
    expected |= {f"{kind}.{pack}.{name.replace(' ', '')}" for kind in ("ingest", "disk") for name, *_ in command._KINDS
                 for pack in _PACKS}  # fmt: skip
    for size in command._SIZES:
        parts = ["one", "batch", "remove", *(["slim_bytes"] if size > 10_000 else [])]
        parts += ["bytes"] if 10_000 < size < 10_000_000 else []
        expected |= {f"search.{size}.{part}" for part in parts}
    expected |= {f"startup.{size}.{part}" for size in (100_000, 1_000_000) for part in ("records", "sealed")}
    assert {row.name for row in _rows()} == expected
