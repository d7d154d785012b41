# SPDX-License-Identifier: Apache-2.0
"""How many requests one caller may make: token buckets in memory, for those who have proved who they are.

Quotas of searches are kept in the records (`services`); this is for the machine's sake only.
"""

from __future__ import annotations

import math
import time
from threading import Lock

from countenance.errors import TooMany

_MOST_BUCKETS = 10_000


class Limits:
    """Token buckets, one a caller; safe to use from several threads.

    Args:
        per_second: tokens that a bucket gets.
        burst: tokens that it holds.
    """

    def __init__(self, per_second: float, burst: int) -> None:
        self._per_second = per_second
        self._burst = burst
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = Lock()

    def spend(self, caller: str) -> None:
        """Take a token of this caller's.

        Raises:
            TooMany: there is none; nothing else was done.
        """
        now = time.monotonic()
        with self._lock:
            left, at = self._buckets.get(caller, (float(self._burst), now))
            left = min(self._burst, left + (now - at) * self._per_second)
            if left < 1:
                wait = math.ceil((1 - left) / self._per_second)
                raise TooMany(f"too many requests; wait {wait} s", wait)
            if len(self._buckets) >= _MOST_BUCKETS and caller not in self._buckets:
                self._buckets.pop(next(iter(self._buckets)))
            self._buckets[caller] = (left - 1, now)
