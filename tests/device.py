# SPDX-License-Identifier: Apache-2.0
"""What stands for a graphics processor: its memory is NumPy's, its search FAISS's on the processor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import faiss
import numpy as np
from numpy.typing import NDArray

Halves = NDArray[np.float16]


@dataclass(eq=False)
class Held:
    """Rows in the device's memory."""

    memory: Halves

    def copy_to_device(self, rows: Halves) -> None:
        assert rows.dtype == np.float16
        assert rows.shape == self.memory.shape
        self.memory[:] = rows

    def copy_to_host(self) -> Halves:
        return self.memory.copy()

    def __getitem__(self, rows: slice) -> Held:
        return Held(self.memory[rows])


@dataclass
class Device:
    """Room for so many segments; `distort` makes of scores what a device with less exact arithmetic says."""

    room: int = 1000
    distort: Callable[[NDArray[np.float32]], NDArray[np.float32]] = lambda scores: scores
    every: list[Held] = field(default_factory=list)
    asked: int = 0

    def zeros(self, rows: int, dim: int) -> Held | None:
        if len(self.every) == self.room:
            return None
        self.every.append(Held(np.zeros((rows, dim), np.float16)))
        return self.every[-1]

    def nearest(
        self, held: Held, count: int, queries: Halves, most: int
    ) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
        self.asked += 1
        rows = held.memory[:count].astype(np.float32)
        scores, places = faiss.knn(queries.astype(np.float32), rows, most, metric=faiss.METRIC_INNER_PRODUCT)
        return self.distort(scores), places
