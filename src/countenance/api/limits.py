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
            TooMany: there is none, or so many others call that nobody new can be counted; nothing else was done.
        """
        now = time.monotonic()
        with self._lock:
            if len(self._buckets) >= _MOST_BUCKETS and caller not in self._buckets:
                self._make_room(now)
            left, at = self._buckets.get(caller, (float(self._burst), now))
            left = min(self._burst, left + (now - at) * self._per_second)
            if left < 1:
                wait = math.ceil((1 - left) / self._per_second)
                raise TooMany(f"too many requests; wait {wait} s", wait)
            self._buckets[caller] = (left - 1, now)

    def _make_room(self, now: float) -> None:
        """Forget the buckets that are full again; any other stays, or whoever emptied it would get a new one."""
        missing = {
            caller: self._burst - left - (now - at) * self._per_second for caller, (left, at) in self._buckets.items()
        }
        full = [caller for caller, tokens in missing.items() if tokens <= 0]
        if not full:
            wait = math.ceil(min(missing.values()) / self._per_second)
            raise TooMany(f"too many callers; wait {wait} s", wait)
        for caller in full:
            del self._buckets[caller]
