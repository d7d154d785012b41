# SPDX-License-Identifier: Apache-2.0
"""Measurements and plans: what a row says, and that a plan is arithmetic on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from countenance.bench.plan import Wish, plan
from countenance.bench.search import search_rows
from countenance.bench.table import Row, in_turn, machine
from countenance.cli.main import app
from countenance.errors import BadInput

_WISH = Wish(faces=1e7, searches=10, photos=864_000, cores=10, memory_gib=10)


def bench(**other: float) -> dict[str, Any]:
    """Return a bench of round numbers: 2 ms and 100 B for a million, 7 photos a second on each of 2 cores."""
    values = {"search.1000000.one": 2.0, "search.1000000.bytes": 500.0, "search.1000000.slim_bytes": 100.0}
    values |= {"disk.small": 10_000.0, **other}
    rows = [{"name": name, "ours": value, "theirs": None, "cores": 1} for name, value in values.items()]
    rows.append({"name": "ingest.small", "ours": 14.0, "theirs": None, "cores": 2})
    return {"schema": "countenance.bench/1", "machine": {"processor": "some"}, "rows": rows}


def test_a_plan_is_arithmetic_on_the_bench() -> None:
    """Memory, cores and machines are what the measured rates give, in proportion, with 30 % kept free."""
    found = {need.what: need.amount for need in plan(bench(), _WISH)}
    assert found["memory, codes only"] == "953.7 MiB"  # 100 B x 10 M
    assert found["one search on one core"] == "0.02 s"  # 2 ms x 10
    assert found["cores for search"] == "1"  # 10 x 0.02 / 0.7
    assert found["machines of 10 cores and 10 GiB"] == "1"
    assert found["cores for ingest"] == "3"  # 10 a second / 7 / 0.7
    assert found["records on disk"] == "93.1 GiB"


def test_twice_the_faces_take_twice_of_everything_that_holds_them() -> None:
    """Exact search looks at every reference, and a plan does not pretend otherwise."""
    one, two = (plan(bench(), Wish(faces, 1000, 1, 10, 10)) for faces in (1e8, 2e8))
    machines = [int(need[4].amount.replace(",", "")) for need in (one, two)]
    assert machines[1] == pytest.approx(2 * machines[0], abs=1)


def test_a_plan_refuses_what_it_cannot_compute() -> None:
    """No number of nothing, and no bench without a search."""
    with pytest.raises(BadInput, match="above 0"):
        plan(bench(), Wish(0, 1, 1, 1, 1))
    with pytest.raises(BadInput, match="countenance bench"):
        plan({"rows": []}, _WISH)


def test_the_command_says_which_bench_is_missing(tmp_path: Path) -> None:
    """`plan` without a bench says how one is made; with one it answers, and says on what machine."""
    arguments = ["plan", "--faces", "3e9", "--searches-per-second", "50", "--bench", str(tmp_path)]
    missing = CliRunner().invoke(app, arguments)
    assert missing.exit_code == 3
    assert "countenance bench --out" in missing.output
    (tmp_path / "bench.json").write_text(json.dumps(bench()))
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0
    assert "measured on some" in done.output
    assert "cores for search" in done.output


def test_search_is_measured_beside_its_peer() -> None:
    """One gallery gives one row each for a probe, a batch and a removal, with FAISS in turn."""
    rows = [row for row in search_rows(3_000, 32, 1) if isinstance(row, Row)]
    assert [row.name.rsplit(".", 1)[1] for row in rows] == ["one", "batch", "remove"]
    assert all(row.ours > 0 for row in rows)
    assert all(row.ratio is not None and row.ratio > 0 for row in rows)


def test_a_ratio_above_one_is_always_the_better_for_us() -> None:
    """Less time is better, and more per second is better."""
    assert Row("a", "", 2.0, "ms", "peer", 8.0).ratio == 4
    assert Row("a", "", 8.0, "/s", "peer", 2.0).ratio == 4
    assert Row("a", "", 8.0, "/s").ratio is None


def test_jobs_take_turns() -> None:
    """Each job runs once to warm up and then once a round, one after the other."""
    order: list[str] = []
    taken = in_turn([lambda: order.append("a"), lambda: order.append("b")], rounds=2)
    assert order == ["a", "b", "a", "b", "a", "b"]
    assert len(taken) == 2
    assert {"processor", "cores", "memory", "versions"} <= machine().keys()
