# SPDX-License-Identifier: Apache-2.0
"""Measurements and plans: what a row says, and that a plan is arithmetic on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from countenance.bench import search, startup, synthetic, vision
from countenance.bench.fill import fill
from countenance.bench.live import GROUP, filled
from countenance.bench.plan import Wish, plan
from countenance.bench.search import search_rows
from countenance.bench.table import Bench, Left, Row, in_turn, machine
from countenance.cli import bench as command
from countenance.cli import demo_photos
from countenance.cli.bench_page import bench_page, markdown
from countenance.cli.main import app
from countenance.clock import SystemClock
from countenance.errors import BadInput
from countenance.services.gallery import WORTH_SAVING

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


def test_a_plan_says_how_long_a_machine_takes_to_start() -> None:
    """Both kinds of start grow with what one machine holds, and how many machines there are is counted in."""
    starts = {"startup.100000.sealed": 1.0, "startup.1000000.sealed": 3.0, "startup.1000000.records": 120.0}
    found = {need.what: need.amount for need in plan(bench(**starts), _WISH)}
    assert found["start of each machine, from its sealed files"] == "0.5 minutes"  # 3 s x 10
    assert found["start of each machine, from the records alone"] == "20.0 minutes"
    shared = {need.what: need.amount for need in plan(bench(**starts), Wish(2e8, 1, 1, 10, 10))}
    assert shared["machines of 10 cores and 10 GiB"] == "3"  # 18.6 GiB of codes, 7 to a machine
    assert shared["start of each machine, from its sealed files"] == "3.3 minutes"


def test_a_plan_reads_a_bench_whose_largest_gallery_kept_codes_alone() -> None:
    """What exact rows would take besides is computed from their numbers, and the answer says so."""
    lean = {"search.10000000.one": 25.0, "search.10000000.slim_bytes": 122.0}
    (need,) = (one for one in plan(bench(**lean), _WISH) if one.what == "memory, exact rows too")
    assert need.amount == "5.9 GiB"  # 122 + 4 x 128 B
    assert "and 128 numbers" in need.how


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


def test_a_bench_that_is_stopped_leaves_what_it_has_and_the_last_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that were measured are kept apart; the bench that `plan` reads stays as it was."""

    def measured(*_: object) -> Iterator[Row]:
        yield Row("disk.x", "on disk", 17_000.0, "B")
        raise KeyboardInterrupt

    (tmp_path / "bench.json").write_text("whole")
    monkeypatch.setattr(command, "_measured", measured)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    done = CliRunner().invoke(app, ["bench", "--out", str(tmp_path)])
    assert done.exit_code != 0
    assert (tmp_path / "bench.json").read_text() == "whole"
    assert [row["name"] for row in json.loads((tmp_path / "bench-part.json").read_text())["rows"]] == ["disk.x"]
    assert "| `disk.x` | on disk | 17,000 B |" in (tmp_path / "bench-part.md").read_text()


def quiet(_label: str, _done: int, _total: int) -> None:
    """Look at no progress."""


def test_search_is_measured_beside_its_peer() -> None:
    """One gallery gives one row each for a probe, a batch and a removal, with FAISS in turn."""
    rows = [row for row in search_rows(3_000, 32, 1, quiet) if isinstance(row, Row)]
    assert [row.name.rsplit(".", 1)[1] for row in rows] == ["one", "batch", "remove"]
    assert all(row.ours > 0 for row in rows)
    assert all(row.ratio is not None and row.ratio > 0 for row in rows)


def test_a_size_that_does_not_fit_is_left_out_with_what_it_would_need(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is filled where memory or disk are too small, and the bench says how much it would take."""
    monkeypatch.setattr(search, "free_memory_bytes", lambda: 2**30)
    (left,) = search_rows(10_000_000, 128, 1, quiet)
    assert isinstance(left, Left)
    assert "GiB of memory, 1.0 GiB are free" in left.why
    (few,) = startup.startup_rows(10_000, b"", quiet)
    (many,) = startup.startup_rows(10_000_000, b"", quiet)
    assert isinstance(few, Left)
    assert isinstance(many, Left)


def test_a_lean_gallery_answers_from_sealed_files_as_a_whole_one(tmp_path: Path) -> None:
    """What is measured with codes alone in memory finds the same references with the same scores, in less memory."""
    size, dim = 70_000, 32
    whole = filled(size, dim, lean_from=size + 1, per_subject=5)
    lean = filled(size, dim, lean_from=0, per_subject=5, files=search._files(tmp_path))
    probes = synthetic.probes(size, dim, 8)
    both = [live.memory.search([GROUP], probes, 0.5, 10) for live in (whole, lean)]
    assert any(len(slots) for slots, _ in both[0])
    for (slots, scores), (others, same) in zip(*both, strict=True):
        assert sorted(slots.tolist()) == sorted(others.tolist())
        assert scores.tolist() == same.tolist()
    assert len(list((tmp_path / "data" / "gallery").iterdir())) == 2
    assert lean.bytes() < whole.bytes() / 2


def test_start_up_is_a_fresh_process_on_sealed_references(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every reference that was filled in is searched by a process that knows nothing, with and without sealed files."""
    monkeypatch.setattr(startup, "SMALLEST", 100)
    monkeypatch.setattr(startup, "_RUNS", 1)
    told: list[tuple[str, int, int]] = []
    probe = demo_photos.probes()["ada.jpg"]
    rows = list(startup.startup_rows(200, probe, lambda *one: told.append(one)))
    assert [row.name for row in rows if isinstance(row, Row)] == ["startup.200.records", "startup.200.sealed"]
    assert all(row.ours > 0 for row in rows if isinstance(row, Row))
    assert ("Data directory of 200", 200, 200) in told


def test_a_filled_directory_has_no_sealed_gallery_yet(tmp_path: Path) -> None:
    """The first start is one from the records alone, with as many references as a close would write down."""
    fill(tmp_path / "data", WORTH_SAVING + 1)
    assert not (tmp_path / "data" / "gallery").exists()


def test_ingest_is_measured_on_photos_that_become_references() -> None:
    """Drawn photos are taken in under releases, every file a photo of its own."""
    photos = [demo_photos.jpeg(demo_photos.head(demo_photos.BEN))]
    rows = list(vision.ingest_rows(vision.Load("270 px", photos, 3, 3), 1, None, quiet))
    assert [row.name for row in rows if isinstance(row, Row)] == ["ingest.dlib.270px", "disk.dlib.270px"]


def test_a_bench_is_written_for_reading_and_as_a_page() -> None:
    """The table says row, cores and what was left out and why; the page draws search over size, and the ratios."""
    rows = (
        Row("search.10000.one", "search 10,000", 0.2, "ms", "FAISS", 0.1),
        Row("search.1000000.one", "search 1,000,000", 2.5, "ms", "FAISS", 20.0),
        Row("disk.x", "on disk", 17_301.8, "B", cores=2),
    )
    done = Bench("countenance bench", machine(SystemClock().now()), rows, (Left("a & b", "too large"),))
    text = markdown(done)
    assert "| `search.10000.one` | search 10,000 | 0.2 ms | FAISS: 0.1 ms | 0.5x | 1 |" in text
    assert "| `disk.x` | on disk | 17,302 B |  |  | 2 |" in text
    assert "- a & b: too large" in text
    html = bench_page(done).decode()
    assert html.count("<svg") == 2
    assert "a &amp; b: too large" in html
    assert done.document()["command"] == "countenance bench"


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
    assert {"processor", "cores", "memory", "versions"} <= machine(SystemClock().now()).keys()
