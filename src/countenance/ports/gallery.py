# SPDX-License-Identifier: Apache-2.0
"""The gallery: references in memory, searched exactly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from countenance.ids import ReferenceId
from countenance.model.faceprint import Faceprint


class Gallery(Protocol):
    """References of one encoder. One writer at a time; the services hold a lock.

    Attributes:
        encoder: digest of the encoder whose faceprints it holds.
    """

    encoder: str

    def __len__(self) -> int:
        """Return the number of references held."""
        ...

    def ids(self) -> set[ReferenceId]:
        """Return the ids of all references held."""
        ...

    def add(self, ids: Sequence[ReferenceId], vectors: NDArray[np.float32]) -> None:
        """Add references: float32 (N, D), unit length.

        Raises:
            ValueError: an id is there already; nothing was added.
        """
        ...

    def remove(self, ids: Iterable[ReferenceId]) -> int:
        """Take references out and overwrite their bytes; return how many were there."""
        ...

    def search(
        self, probe: Faceprint, allowed: Sequence[ReferenceId], minimum: float
    ) -> list[tuple[ReferenceId, float]]:
        """Return every allowed reference with a score of at least `minimum`, best first.

        The filter comes before the ranking: what is not allowed is never looked at. Scores are float32
        inner products clipped to [-1, 1]; no reference above `minimum` is lost.

        Raises:
            MixedEncoders: the probe comes from another encoder.
        """
        ...

    def nearest(self, probe: Faceprint, allowed: Sequence[ReferenceId], most: int) -> list[tuple[ReferenceId, float]]:
        """Return the `most` allowed references that score highest, best first; equal scores are ordered by id.

        Raises:
            MixedEncoders: the probe comes from another encoder.
        """
        ...

    def faceprint(self, reference: ReferenceId) -> Faceprint:
        """Return a copy of the faceprint of a reference that is held; whoever asks wipes it.

        Raises:
            KeyError: it is not held.
        """
        ...

    def search_all(self, probes: Sequence[Faceprint], minimum: float) -> list[list[tuple[ReferenceId, float]]]:
        """Return for each probe every reference held with a score of at least `minimum`, in no order.

        Raises:
            MixedEncoders: a probe comes from another encoder.
        """
        ...
