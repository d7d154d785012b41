# SPDX-License-Identifier: Apache-2.0
"""Which measurement thresholds come from: the newest of this installation that may be loaded, else the shipped one."""

from __future__ import annotations

import json
from functools import lru_cache

from countenance.store import calibrations as rows
from countenance.store.records import Transaction
from countenance.vision.calibration import Tail, parse, tail_for


def tail_in_use(work: Transaction, encoder: str) -> Tail:
    """Return how high strangers score under this encoder (its digest).

    A calibration that was made from somebody who is destroyed is never loaded again.

    Raises:
        ModelError: it was never measured; a threshold would be a guess.
    """
    document = rows.fresh(work, encoder)
    return tail_for(encoder) if document is None else _parsed(document)


@lru_cache(maxsize=8)
def _parsed(document: str) -> Tail:
    return parse(json.loads(document))
