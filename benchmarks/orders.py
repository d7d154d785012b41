# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.orders`: preview and freeze of a class of 100,000 in 1,000,000 subjects.

Subjects and residency facts are written in bulk, with one short sealed value each; of a tenth of a hundredth of them
references of random vectors are made through the store's own functions, so that the next search has a view to cut. The
class: current and former residents of Illinois, unknown residency a member. Half of the class lives there, a third did,
the rest is unknown.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from countenance.bench.fill import fill
from countenance.bootstrap import Engine
from countenance.ids import new_id
from countenance.model.purpose import Purpose
from countenance.store.orders import OrderDocument

_TEXT = "The defendant shall not search, and shall freeze, the data of current and former residents of Illinois."
_ORDER = f"""
[order]
kind = "injunction"
authority = "Benchmark"
matter = "1"
issued_at = 2026-01-10
served_at = 2026-01-10
binds = ["Benchmark"]
text = "{_TEXT}"
sha256 = "{hashlib.sha256(_TEXT.encode()).hexdigest()}"
[[term]]
verb = "stop_search"
quote = "shall not search"
[class]
kind = "residents"
[class.where]
residency = {{ places = ["US-IL"], when = "ever" }}
[[counsel]]
name = "N. N."
contact = "n@example.com"
acts_for = "plaintiffs"
"""
_AT = "2026-01-01T00:00:00.000Z"


def _people(count: int) -> Iterator[tuple[str, list[tuple[str, str | None, str | None]]]]:
    """Yield ids with homes (place, since, until): one in ten is in the class."""
    for number in range(count):
        kind = number % 60
        if kind < 3:
            homes: list[tuple[str, str | None, str | None]] = [("US-IL", "2010-01-01", None)]
        elif kind < 5:
            homes = [("US-IL", "2005-01-01", "2015-01-01"), ("US-TX", "2015-01-01", None)]
        elif kind == 5:
            homes = []
        elif kind < 12:
            homes = [("US-CA", None, "2020-01-01"), ("US-TX", "2020-01-01", None)]
        else:
            homes = [("US-TX", None, None)]
        yield new_id("sub"), homes


def _bulk(directory: Path, count: int) -> None:
    """Write subjects past the program."""
    with sqlite3.connect(directory / "records.sqlite", isolation_level=None) as raw:
        raw.execute("PRAGMA synchronous=OFF")
        raw.execute("BEGIN")
        for done, (one, homes) in enumerate(_people(count)):
            key = json.dumps([homes[-1][0]] if homes else ["unknown"])
            row = (one, b"sealed", key, "adult", _AT)
            raw.execute(
                "INSERT INTO subject (id, sealed_label, residency, age_band, created_at) VALUES (?,?,?,?,?)", row
            )
            for place, since, until in homes:
                raw.execute(
                    "INSERT INTO residency_fact (subject, place, since, until, evidence, recorded_at) "
                    "VALUES (?,?,?,?,'document',?)",
                    (one, place, since, until, _AT),
                )
            if done % 50_000 == 0:
                print(f"\rwrote {done} of {count}", end="", file=sys.stderr, flush=True)
        raw.execute("COMMIT")
        raw.execute("ANALYZE")
    print(file=sys.stderr)


def _measure(directory: Path) -> None:
    engine = Engine.open(directory)
    orders, encoder = engine.custody.orders, engine.pack.encoder
    client = engine.register.clients()[0]
    gallery = engine._gallery  # noqa: SLF001 - the view that a search takes, without the photo of a probe

    def view() -> tuple[float, int]:
        started = time.monotonic()
        with engine._records.read() as work:  # noqa: SLF001 - as above
            seen = gallery.view(work, encoder, client, Purpose.PHOTO_DELIVERY)
        return time.monotonic() - started, seen.size

    first, before = view()
    order = orders.enter(OrderDocument(_ORDER, "order.toml", None), by="a").id
    orders.confirm(order, by="b")
    started = time.monotonic()
    seen = orders.preview(order)
    previewed = time.monotonic() - started
    started = time.monotonic()
    standing = orders.freeze(order)
    frozen = time.monotonic() - started
    next_view, after = view()
    print(f"preview {previewed:.2f} s: {seen.members} members, {seen.unknown} unknown, {seen.nonmembers} others")
    print(f"freeze {frozen:.2f} s: {standing.order.counts}")
    print(f"view of the next search {next_view:.2f} s, {after} of {before} references left (first view {first:.2f} s)")
    print(f"freeze in force in the next search after {frozen + next_view:.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subjects", type=int, default=1_000_000)
    parser.add_argument("--references", type=int, default=1_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "data"
        fill(directory, options.references, per_subject=1)
        _bulk(directory, options.subjects)
        _measure(directory)


if __name__ == "__main__":
    main()
