# SPDX-License-Identifier: Apache-2.0
"""What a measurement says: rows, the machine, and how jobs are timed in turn."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from countenance import __version__

Progress = Callable[[str, int, int], None]
"""Told during long work: what it is, how much of it is done, and how much there is."""

_PACKAGES = (
    "numpy",
    "onnxruntime",
    "numba",
    "opencv-python-headless",
    "pillow",
    "faiss-cpu",
    "dlib-bin",
    "cryptography",
)


@dataclass(frozen=True)
class Row:
    """One measurement.

    Attributes:
        name: stable, such as `search.1000000.one`; `plan` looks rows up by it.
        what: in words.
        ours, theirs: in `unit`; `theirs` is None where no peer is installed.
        unit: `ms`, `s`, `B` (less is better) or `/s` (more is better).
        peer: what was measured in turn.
        cores: how many were at work.
    """

    name: str
    what: str
    ours: float
    unit: str
    peer: str = ""
    theirs: float | None = None
    cores: int = 1

    @property
    def ratio(self) -> float | None:
        """How many times better than the peer; None without one."""
        if self.theirs is None or not self.ours or not self.theirs:
            return None
        return self.ours / self.theirs if self.unit == "/s" else self.theirs / self.ours


@dataclass(frozen=True)
class Left:
    """A measurement that was not made, and why."""

    what: str
    why: str


@dataclass(frozen=True)
class Bench:
    """All rows of one run.

    Attributes:
        command: what was typed.
        machine: date, processor, cores, memory and versions.
    """

    command: str
    machine: dict[str, str]
    rows: tuple[Row, ...]
    left: tuple[Left, ...]

    def document(self) -> dict[str, Any]:
        """Return what is written as JSON."""
        rows = [asdict(row) | {"ratio": row.ratio} for row in self.rows]
        return {"schema": "countenance.bench/1", "command": self.command, "machine": self.machine, "rows": rows,
                "left_out": [asdict(one) for one in self.left]}  # fmt: skip


def in_turn(
    jobs: Sequence[Callable[[], object]], rounds: int = 7, clock: Callable[[], float] = time.perf_counter
) -> list[float]:
    """Return the median seconds of each job; they take turns, so that what disturbs one disturbs all.

    Args:
        clock: what is counted; `time.process_time` leaves out what other processes take meanwhile.
    """
    taken: list[list[float]] = [[] for _ in jobs]
    for job in jobs:
        job()  # once for caches, pages and compilers
    for _ in range(rounds):
        for job, times in zip(jobs, taken, strict=True):
            start = clock()
            job()
            times.append(clock() - start)
    return [statistics.median(times) for times in taken]


def machine(at: datetime) -> dict[str, str]:
    """Return when and on what the figures were measured."""
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {
        "date": f"{at.day} {at:%B %Y}",
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{_memory_bytes() / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "versions": f"countenance {__version__}, " + ", ".join(f"{name} {version}" for name, version in found.items()),
    }


def free_memory_bytes() -> int:
    """Return how much memory a process could take now without any being written to disk."""
    info = Path("/proc/meminfo")
    for line in info.read_text(encoding="ascii").splitlines() if info.exists() else ():
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return int(rest.split()[0]) * 1024
    return _memory_bytes() // 2  # a guess, where the system does not tell


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    model = next((line for line in lines if line.startswith("model name")), "")
    return model.partition(":")[2].strip() or platform.processor() or platform.machine()
