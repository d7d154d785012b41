# SPDX-License-Identifier: Apache-2.0
"""The commands `bench` and `plan`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from countenance.cli.bench_page import amount, bench_page, markdown
from countenance.cli.output import Json, Output, command, write_document
from countenance.clock import SystemClock
from countenance.errors import BadInput, ModelMissing

if TYPE_CHECKING:
    from countenance.bench.table import Bench, Left, Row
    from countenance.ports.vision import FacePack

_SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
_DIM = 128
_KINDS = (("250x250", 250, 1_500, 10), ("12 MP", 3464, 40, 10))
"""Photos that are taken in: name, side in pixels, how many in each round, the peer's share: one of so many."""
_DRAWN = 8  # different photos of each kind, which take turns
_DEFAULT = Path("bench")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("bench")(bench)
    app.command("plan")(plan)


def bench(
    sizes: Annotated[
        list[int] | None, typer.Option(help="References; 10000, 100000, 1000000 and 10000000 if not given.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Cores at work, where several can be.")] = os.cpu_count() or 1,
    models: Annotated[
        Path | None, typer.Option(help="A folder of installed face packs, to measure them too: DATA/models.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the page, the table and the JSON file.")] = _DEFAULT,
    *,
    as_json: Json = False,
) -> None:
    r"""Measure this machine: encoder, detector, ingest, search, start-up and removal, beside peers where installed.

    Peers are FAISS and dlib. References are synthetic, photos are drawn: no data directory is touched. All of it takes
    about twenty minutes, 6 GiB of memory and 8 GiB of disk for temporary files; a size for which there is too little is
    left out, and says so. A run that ends early leaves what it has in bench-part.json, .md and .html.

    Example:
        countenance bench --sizes 100000 --sizes 1000000 --out bench
    """
    with command(as_json) as output:
        from countenance.bench.table import Bench, Row, machine  # noqa: PLC0415 - NumPy takes a while

        words = [*(f"--sizes {size}" for size in sizes or ()), *([f"--models {models.name}"] if models else ())]
        bar, name = _Bar(output), "bench-part"  # a run that ended early leaves the last whole one alone
        rows: list[Row] = []
        left: list[Left] = []
        try:
            for one in _measured(sizes or _SIZES, jobs, models, bar):
                bar.close()
                if isinstance(one, Row):
                    rows.append(one)
                    output.say(f"{one.what}: {amount(one)}")
                else:
                    left.append(one)
            name = "bench"
        finally:
            bar.close()
            typed = " ".join(["countenance bench", *words])
            done = Bench(typed, machine(SystemClock().now()), tuple(rows), tuple(left))
            _write(done, out, name)
        output.record(**done.document())
        for lacking in left:
            output.say(f"Left out: {lacking.what}: {lacking.why}")
        output.say(f"{out / 'bench.html'} to look at, bench.md to copy, bench.json for `countenance plan`.")


def _write(done: Bench, out: Path, name: str) -> None:
    out.mkdir(parents=True, exist_ok=True)
    write_document((json.dumps(done.document(), indent=1) + "\n").encode(), out / f"{name}.json")
    write_document(markdown(done).encode(), out / f"{name}.md")
    write_document(bench_page(done), out / f"{name}.html")


class _Bar:
    """One progress bar at a time, from when something is first told of it to when something else is."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._label = ""
        self._open = ExitStack()
        self._advance: Callable[[int, int], None] = lambda _done, _total: None

    def __call__(self, label: str, done: int, total: int) -> None:
        if label != self._label:
            self.close()
            self._label, self._advance = label, self._open.enter_context(self._output.progress(label))
        self._advance(done, total)

    def close(self) -> None:
        """Take the bar away: other text follows."""
        self._open.close()
        self._label = ""


def _measured(sizes: Sequence[int], jobs: int, models: Path | None, bar: _Bar) -> Iterator[Row | Left]:
    from countenance.bench import search, startup  # noqa: PLC0415 - as above
    from countenance.bench.table import Left  # noqa: PLC0415

    probe = _probe()
    if probe is None:
        yield Left("encoder, detector, ingest and start-up", "the drawn photos need `pip install 'countenance[demo]'`")
    else:
        yield from _vision(jobs, models, bar)
    for size in sizes:
        yield from search.search_rows(size, _DIM, jobs, bar)
    if probe is not None:
        for size in sizes:
            yield from startup.startup_rows(size, probe, bar)


def _probe() -> bytes | None:
    """Return a photo to search with; None where what draws it is not installed."""
    try:
        from countenance.cli import demo_photos  # noqa: PLC0415 - SciPy comes with the extra `demo`

        return demo_photos.probes()["ada.jpg"]
    except (ImportError, ModelMissing):
        return None


def _vision(jobs: int, models: Path | None, bar: _Bar) -> Iterator[Row | Left]:
    import numpy as np  # noqa: PLC0415 - as above

    from countenance.bench import vision  # noqa: PLC0415
    from countenance.cli import demo_photos  # noqa: PLC0415 - as above
    from countenance.technologies import default_pack, model_store  # noqa: PLC0415

    drawn = demo_photos.head(demo_photos.BEN)
    packs: list[tuple[FacePack, Path | None]] = [(default_pack(), None)]
    if models is not None:
        store = model_store(models)
        names = [found.name for found in store.manifests() if found.installed and (models / found.name).is_dir()]
        packs += [(store.load(name), models / name) for name in names]
    for pack, _ in packs:
        yield from vision.pack_rows(pack, np.asarray(drawn.resize((1000, 1000)), np.uint8))
    for kind, side, count, share in _KINDS:
        photos = []
        for number in range(_DRAWN):
            bar(f"Drawing photos of {kind}", number, _DRAWN)
            how = demo_photos.Alteration(brightness=0.9 + number / (5 * _DRAWN), quality=90)
            photos.append(demo_photos.altered(drawn.resize((side, side)), how))
        load = vision.Load(kind, photos, count, share)
        for _, installed in packs:
            yield from vision.ingest_rows(load, jobs, installed, bar)


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
