# SPDX-License-Identifier: Apache-2.0
"""A vetted organisation and what it may search for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from countenance.ids import ClientId
from countenance.model.purpose import ClientKind, Purpose

DEFAULT_FPIR = 0.01  # one search in a hundred for a stranger may return somebody


@dataclass(frozen=True)
class Client:
    """A client.

    Attributes:
        purposes: what it was vetted for.
        fpir: target false positive identification rate of its searches, in (0, 1).
    """

    id: ClientId
    name: str
    kind: ClientKind
    purposes: frozenset[Purpose]
    fpir: float
    created_at: datetime
