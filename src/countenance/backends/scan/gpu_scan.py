# SPDX-License-Identifier: Apache-2.0
"""A scan whose first look is a graphics processor's: it names candidates, and their exact scores decide.

Every row lies in half precision on the device beside the exact one here (or in sealed storage). What the device finds
is off by at most `SLACK`, so nothing that lies lower by more than that can be an answer. Where it cannot name
every candidate, or had no room for a segment, the processor searches as it always does: the answers are the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from countenance.backends.scan import exact
from countenance.backends.scan.gpu import MOST, SLACK, Device, Held
from countenance.backends.scan.search import Answer, Part, Scan, Task
from countenance.backends.scan.segment import CAPACITY, Segment
from countenance.ports import gallery as port

_FIRST = 128  # candidates that are asked for before it is known that there are more


class GpuSegment(Segment):
    """`Segment` whose rows lie on a device, too; every byte there that is not a row's is zero."""

    def __init__(self, dim: int, capacity: int, held: Held) -> None:
        """Take over memory of the device, (capacity, dim), full of zeros."""
        super().__init__(dim, capacity)
        self.held = held

    def append(self, vectors: NDArray[np.float32]) -> range:
        """Add rows at the end; see the port."""
        added = super().append(vectors)
        if len(added):
            halves = vectors.astype(np.float16)
            self.held[added.start : added.stop].copy_to_device(halves)
            halves.fill(0)
        return added

    def remove(self, rows: Sequence[int] | NDArray[np.intp]) -> NDArray[np.intp]:
        """Take rows out, overwriting their bytes here and there; see the port."""
        before = len(self)
        moves = super().remove(rows)
        if len(self) < before:
            halves = self.held.copy_to_host()
            halves[moves[:, 1]] = halves[moves[:, 0]]
            halves[len(self) :] = 0
            self.held.copy_to_device(halves)
            halves.fill(0)
        return moves

    def wipe(self) -> None:
        """Overwrite and forget every row, here and there."""
        super().wipe()
        self.held.copy_to_device(np.zeros((self.capacity, self.dim), np.float16))


class GpuScan(Scan):
    """`ports.gallery.Scan` on a device."""

    def __init__(self, dim: int, device: Device) -> None:
        """Make a scan of rows float32 (N, dim)."""
        super().__init__(dim)
        self._device = device

    def segment(self, capacity: int = CAPACITY) -> Segment:
        """Return a new, empty segment: on the device, while it has room."""
        held = self._device.zeros(capacity, self.dim)
        return Segment(self.dim, capacity) if held is None else GpuSegment(self.dim, capacity, held)

    def prepare(self, segments: Sequence[port.Segment], threads: int = 1) -> None:
        """Make codes of what does not lie on the device; see the port."""
        super().prepare([segment for segment in segments if not isinstance(segment, GpuSegment)], threads)

    def _answers(self, task: Task, parts: Sequence[Part], threads: int) -> list[list[Answer]]:
        found = None
        if all(isinstance(part.segment, GpuSegment) and part.mask is None for part in parts):
            found = self._by_device(task, parts)
        if found is None:
            super().prepare([part.segment for part in parts], threads)
            return super()._answers(task, parts, threads)
        return found

    def _by_device(self, task: Task, parts: Sequence[Part]) -> list[list[Answer]] | None:
        """Return what may be asked for; None where a segment holds more of that than the device can name."""
        halves = task.queries.astype(np.float16)
        lowest = np.full(len(halves), task.minimum)
        answers: list[list[Answer]] = [[] for _ in halves]
        for part in parts:
            rough, rows = self._nearest(part, halves, task, lowest)
            if rough.shape[1] < len(part.segment) and (rough[:, -1] >= lowest - SLACK).any():
                return None
            for number, query in enumerate(task.queries):
                near = rows[number, rough[number] >= lowest[number] - SLACK].astype(np.intp)
                if len(near):
                    copied = part.segment.rows(near)
                    answers[number].append((part.number, near, exact.scores(copied, query)))
                    copied.fill(0.0)
        halves.fill(0)
        return answers

    def _nearest(
        self, part: Part, halves: NDArray[np.float16], task: Task, lowest: NDArray[np.float64]
    ) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
        """Return scores and rows of the best of a part, few or, where that is not enough, as many as can be named.

        What the best so many reach raises `lowest`, the score below which nothing is asked for.
        """
        held, count = cast(GpuSegment, part.segment).held, len(part.segment)
        for asked in (max(_FIRST, 2 * (task.most or 0)), MOST):
            most = min(asked, MOST, count)
            rough, rows = self._device.nearest(held, count, halves, most)
            if task.most is not None and most >= task.most:
                np.maximum(lowest, rough[:, task.most - 1] - 2 * SLACK, out=lowest)
            if most == count or (rough[:, -1] < lowest - SLACK).all():
                break
        return rough, rows
