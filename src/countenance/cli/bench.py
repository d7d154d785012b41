# SPDX-License-Identifier: Apache-2.0
"""The commands `bench` and `plan`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from countenance.cli.output import Json, Output, command, write_document
from countenance.errors import BadInput, ModelMissing
from countenance.papers.page import heading, page, pairs, table

if TYPE_CHECKING:
    from countenance.bench.table import Bench, Left, Row

_SIZES = (10_000, 100_000, 1_000_000)
_DIM = 128
_SMALL, _LARGE = 120, 8
"""Photos of each kind that are taken in."""
_DEFAULT = Path("bench")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("bench")(bench)
    app.command("plan")(plan)


def bench(
    sizes: Annotated[list[int] | None, typer.Option(help="References; 10000, 100000 and 1000000 if not given.")] = None,
    jobs: Annotated[int, typer.Option(help="Cores at work, where several can be.")] = os.cpu_count() or 1,
    out: Annotated[Path, typer.Option(help="Folder for the page, the table and the JSON file.")] = _DEFAULT,
    *,
    as_json: Json = False,
) -> None:
    r"""Measure this machine: encoder, detector, ingest, search and removal, beside peers where they are installed.

    Peers are FAISS and dlib. References are synthetic, photos are drawn: no data directory is touched. A search of
    ten million (--sizes 10000000) needs 10 GiB of memory.

    Example:
        countenance bench --sizes 100000 --sizes 1000000 --out bench
    """
    with command(as_json) as output:
        from countenance.bench.table import Bench, Left, Row, machine  # noqa: PLC0415 - NumPy takes a while

        found = list(_measured(sizes or _SIZES, jobs, output))
        rows = tuple(one for one in found if isinstance(one, Row))
        left = tuple(one for one in found if isinstance(one, Left))
        done = Bench(machine(), rows, left)
        out.mkdir(parents=True, exist_ok=True)
        write_document((json.dumps(done.document(), indent=1) + "\n").encode(), out / "bench.json")
        write_document(_markdown(done).encode(), out / "bench.md")
        write_document(_page(done), out / "bench.html")
        output.record(**done.document())
        for one in left:
            output.say(f"Left out: {one.what}: {one.why}")
        output.say(f"{out / 'bench.html'} to look at, bench.md to copy, bench.json for `countenance plan`.")


def _measured(sizes: Sequence[int], jobs: int, output: Output) -> Iterator[Row | Left]:
    from countenance.bench import search  # noqa: PLC0415 - as above

    for one in _vision(jobs):
        _say(one, output)
        yield one
    for size in sizes:
        for one in search.search_rows(size, _DIM, jobs):
            _say(one, output)
            yield one


def _vision(jobs: int) -> Iterator[Row | Left]:
    import numpy as np  # noqa: PLC0415 - as above

    from countenance.bench import vision  # noqa: PLC0415
    from countenance.bench.table import Left  # noqa: PLC0415
    from countenance.technologies import default_pack  # noqa: PLC0415

    try:
        from countenance.cli import demo_photos  # noqa: PLC0415 - SciPy comes with the extra `demo`

        drawn = demo_photos.head(demo_photos.BEN)
    except (ImportError, ModelMissing):
        yield Left("encoder, detector and ingest", "the drawn photos need `pip install 'countenance[demo]'`")
        return
    yield from vision.pack_rows(default_pack(), np.asarray(drawn.resize((1000, 1000)), np.uint8))
    for name, side, count in (("250x250", 250, _SMALL), ("12 MP", 3464, _LARGE)):
        photos = [
            demo_photos.altered(
                drawn.resize((side, side)), demo_photos.Alteration(brightness=0.9 + number / (5 * count), quality=90)
            )
            for number in range(count)
        ]
        yield from vision.ingest_rows(name, photos, jobs)


def _say(one: Row | Left, output: Output) -> None:
    from countenance.bench.table import Row  # noqa: PLC0415 - as above

    if isinstance(one, Row):
        output.say(f"{one.what}: {_amount(one)}{_beside(one)}")


def _amount(row: Row) -> str:
    return f"{_number(row.ours)} {row.unit}"


def _beside(row: Row) -> str:
    if row.theirs is None or row.ratio is None:
        return ""
    return f"; {row.peer} {_number(row.theirs)} {row.unit}: {row.ratio:.3g}x"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _cells(row: Row) -> tuple[str, str, str, str]:
    theirs = "" if row.theirs is None else f"{row.peer}: {_number(row.theirs)} {row.unit}"
    return row.what, _amount(row), theirs, "" if row.ratio is None else f"{row.ratio:.3g}x"


def _markdown(done: Bench) -> str:
    lines = ["| what | ours | peer | ratio |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(_cells(row))} |" for row in done.rows]
    lines += [f"\nLeft out: {one.what}: {one.why}." for one in done.left]
    facts = "; ".join(f"{name}: {value}" for name, value in done.machine.items())
    return "\n".join([*lines, "", f"Measured by `countenance bench`. {facts}.", ""])


def _page(done: Bench) -> bytes:
    body = [
        heading("countenance bench", "What this machine does"),
        pairs({name.capitalize(): value for name, value in done.machine.items()}),
        "<p>Ours and the peer took turns in one process run; ratios above 1 mean that ours is better.</p>",
        table(("What", "Ours", "Peer", "Ratio"), [_cells(row) for row in done.rows]),
        *(f"<p>Left out: {escape(one.what)}: {escape(one.why)}.</p>" for one in done.left),
    ]
    return page("What this machine does", body)


def plan(
    faces: Annotated[float, typer.Option(help="References held, such as 3e9.")],
    searches_per_second: Annotated[float, typer.Option(help="At the busiest.")] = 1.0,
    photos_per_day: Annotated[float, typer.Option(help="Photos taken in.")] = 10_000.0,
    cores: Annotated[int, typer.Option(help="Of one machine that could be bought.")] = 64,
    memory_gib: Annotated[int, typer.Option(help="Of that machine.")] = 512,
    bench: Annotated[Path, typer.Option(help="The folder that `bench` wrote.")] = _DEFAULT,
    *,
    as_json: Json = False,
) -> None:
    r"""Say what a number of faces, searches and photos takes, from this machine's own bench.

    Example:
        countenance plan --faces 3e9 --searches-per-second 50 \
          --photos-per-day 1e7
    """
    with command(as_json) as output:
        from countenance.bench.plan import Wish  # noqa: PLC0415 - as above
        from countenance.bench.plan import plan as planned  # noqa: PLC0415

        wish = Wish(faces, searches_per_second, photos_per_day, cores, memory_gib)
        found = _read(bench / "bench.json")
        output.say(f"For {faces:,.0f} references, {searches_per_second:g} searches a second, "
                   f"{photos_per_day:,.0f} photos a day; measured on {found['machine']['processor']}:")  # fmt: skip
        for need in planned(found, wish):
            output.record(what=need.what, amount=need.amount, how=need.how)
            output.say(f"  {need.what}: {need.amount}  ({need.how})")


def _read(file: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"there is no bench at {file}; `countenance bench --out {file.parent}` makes one") from error
    if found.get("schema") != "countenance.bench/1":
        raise BadInput(f"{file} is no bench of this version; run `countenance bench` again")
    return found
