# SPDX-License-Identifier: Apache-2.0
"""What a given number of faces, searches and photos takes, computed from a bench of the machine at hand.

Arithmetic on measured rates, no more: every assumption is in the answer. Exact search looks at every reference, so
its cost grows with their number; rates measured at the largest gallery of the bench are carried on in proportion.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from countenance.errors import BadInput

_DAY_S = 86_400
_NUMBER_BYTES = 4  # of a faceprint whole in memory
_HEADROOM = 0.7  # of memory and cores that are planned to be used
_ENGINES: dict[str, Callable[[int], float]] = {
    "Milvus, FLAT in fp16": lambda dim: 2.0 * dim + 16,
    "Milvus, IVF_RABITQ with refining in fp16": lambda dim: dim / 8 + 8 + 2.0 * dim + 16,
    "Qdrant, exact, int8 in memory and float32 on disk": lambda dim: float(dim) + 24,
}


@dataclass(frozen=True)
class Wish:
    """What is planned for.

    Attributes:
        faces: references held.
        searches: per second, at the busiest.
        photos: per day.
        cores, memory_gib: of one machine.
    """

    faces: float
    searches: float
    photos: float
    cores: int
    memory_gib: int


@dataclass(frozen=True)
class Need:
    """One line of the answer."""

    what: str
    amount: str
    how: str


def plan(bench: Mapping[str, Any], wish: Wish, dim: int = 128) -> list[Need]:
    """Return what it takes, with how each number was computed.

    Raises:
        BadInput: a number is not above 0, or the bench lacks a row that is needed.
    """
    if min(wish.faces, wish.searches, wish.photos, wish.cores, wish.memory_gib) <= 0:
        raise BadInput("faces, searches, photos, cores and memory are numbers above 0")
    rows = {row["name"]: row for row in bench["rows"]}
    size = max((int(name.split(".")[1]) for name in rows if name.startswith("search.")), default=0)
    if not size:
        raise BadInput("the bench has no search in it; run `countenance bench` first")
    found = _search(rows, wish, size, dim)
    return [*found, *_start(rows, wish, size), *_engines(rows, wish, size, dim), *_ingest(rows, wish)]


def _search(rows: Mapping[str, Any], wish: Wish, size: int, dim: int) -> list[Need]:
    one_ms, slim = _value(rows, f"search.{size}.one"), _value(rows, f"search.{size}.slim_bytes")
    whole = rows.get(f"search.{size}.bytes")
    full, how = (float(whole["ours"]), "") if whole else (slim + _NUMBER_BYTES * dim, f", and {dim} numbers")
    core_s = one_ms / 1e3 * wish.faces / size
    cores = wish.searches * core_s / _HEADROOM
    needs = [
        Need("memory, codes only", _bytes(slim * wish.faces), f"{slim:.0f} B a reference, measured at {size:,}"),
        Need(
            "memory, exact rows too", _bytes(full * wish.faces), f"{full:.0f} B a reference, measured at {size:,}{how}"
        ),
        Need("one search on one core", f"{core_s:.3g} s", f"{one_ms:.2f} ms for {size:,}, in proportion"),
        Need("cores for search", f"{math.ceil(cores):,}", f"{wish.searches:g} a second, {_HEADROOM:.0%} of each core"),
    ]
    machines = _machines(rows, wish, size)
    spread = core_s / (wish.cores * machines)
    needs.append(
        Need(
            f"machines of {wish.cores} cores and {wish.memory_gib} GiB",
            f"{machines:,}",
            f"the more of memory (codes only, {_HEADROOM:.0%} of it) and cores; an answer then takes {spread:.3g} s",
        )
    )
    if machines > 1:
        needs.append(
            Need("more than one machine", "an engine", "this version searches on one machine; past it, an engine below")
        )
    return needs


def _machines(rows: Mapping[str, Any], wish: Wish, size: int) -> int:
    """Return how many machines hold the codes and search them."""
    room = wish.memory_gib * 2**30 * _HEADROOM
    core_s = _value(rows, f"search.{size}.one") / 1e3 * wish.faces / size
    memory = _value(rows, f"search.{size}.slim_bytes") * wish.faces
    return max(math.ceil(memory / room), math.ceil(wish.searches * core_s / _HEADROOM / wish.cores), 1)


def _start(rows: Mapping[str, Any], wish: Wish, size: int) -> list[Need]:
    """Return how long one machine takes from its start to its first answer."""
    measured = max((int(name.split(".")[1]) for name in rows if name.startswith("startup.")), default=0)
    if not measured:
        return []
    each = wish.faces / _machines(rows, wish, size)
    return [
        Need(
            f"start of each machine, from {whence}",
            f"{_value(rows, f'startup.{measured}.{name}') * each / measured / 60:,.1f} minutes",
            f"{_value(rows, f'startup.{measured}.{name}'):.3g} s for {measured:,}, in proportion; {each:,.0f} on each",
        )
        for name, whence in (("sealed", "its sealed files"), ("records", "the records alone"))
    ]


def _engines(rows: Mapping[str, Any], wish: Wish, size: int, dim: int) -> list[Need]:
    """Return how many nodes other engines would need, at FAISS's measured rate."""
    peer = rows[f"search.{size}.one"].get("theirs")
    if peer is None:
        return []
    cores = wish.searches * peer / 1e3 * wish.faces / size / _HEADROOM
    needs = []
    for name, held in _ENGINES.items():
        memory = held(dim) * wish.faces
        nodes = max(math.ceil(memory / (wish.memory_gib * 2**30 * _HEADROOM)), math.ceil(cores / wish.cores), 1)
        how = f"{held(dim):.0f} B a reference; {math.ceil(cores):,} cores at the rate of FAISS measured here"
        needs.append(Need(f"nodes of {name}", f"{nodes:,}", how))
    return needs


def _ingest(rows: Mapping[str, Any], wish: Wish) -> list[Need]:
    name = next((name for name in rows if name.startswith("ingest.")), None)
    if name is None:
        return []
    kind = name.split(".", 1)[1]
    rate = rows[name]["ours"] / rows[name]["cores"]
    cores = wish.photos / _DAY_S / rate / _HEADROOM
    days = wish.faces / (rate * wish.cores * _HEADROOM * _DAY_S)
    disk = _value(rows, f"disk.{kind}")
    return [
        Need("cores for ingest", f"{math.ceil(cores):,}", f"{rate:.1f} photos of {kind} a second and core"),
        Need("first ingest of all faces", f"{days:,.1f} days", f"one face a photo, one machine of {wish.cores} cores"),
        Need("records on disk", _bytes(disk * wish.faces), f"{disk:,.0f} B a photo of {kind}, preview and log too"),
    ]


def _value(rows: Mapping[str, Any], name: str) -> float:
    if name not in rows:
        raise BadInput(f"the bench has no row {name}; run `countenance bench` of this version")
    return float(rows[name]["ours"])


def _bytes(number: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if number < 1024 or unit == "TiB":
            return f"{number:,.1f} {unit}"
        number /= 1024
    raise RuntimeError("the loop returns")
