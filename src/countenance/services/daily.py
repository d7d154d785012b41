# SPDX-License-Identifier: Apache-2.0
"""The retention clock in a server: followed once a day by itself, so that nobody has to keep a cron table.

A day that was followed by a command is not followed again, and one that was missed while the server was down is made
up for when it starts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

from countenance.services.background import Background, Errand
from countenance.services.retention import Retention
from countenance.store import retention_days as rows
from countenance.store.records import Records
from countenance.store.retention_days import Followed

ERRAND = "retention"
"""The name of its errand."""
_LOOK_S = 60.0
_AGAIN = timedelta(minutes=10)  # after a day that could not be followed, such as where another process was busy


class DailyRetention:
    """Verbs on the daily retention."""

    def __init__(self, records: Records, background: Background, retention: Callable[[], Retention]) -> None:
        self._records = records
        self._background = background
        self._retention = retention

    def begin(self) -> Errand:
        """Follow the clock now, in the background; where that is under way already, return how far it is."""
        return self._background.start(ERRAND, lambda report: self._retention().run(progress=report))

    def errand(self) -> Errand | None:
        """Return the newest errand of this process."""
        return self._background.find(ERRAND)

    def today(self) -> date:
        """Return the day that the calendar begins with (UTC)."""
        with self._records.read() as work:
            return work.now.date()

    def history(self, limit: int = 30) -> list[Followed]:
        """Return the last times that the clock was followed, newest first."""
        with self._records.read() as work:
            return rows.latest(work, limit)

    def is_due(self, hour: int) -> bool:
        """Say whether the last time to follow the clock has come and nobody did.

        Args:
            hour: of the civil day of this machine, 0 to 23.
        """
        with self._records.read() as work:
            last, now = rows.latest(work), work.now
        errand = self.errand()
        if errand is not None and (errand.is_open or (errand.ended_at is not None and now < errand.ended_at + _AGAIN)):
            return False
        return not last or last[0].began_at < last_time(now, hour)

    @contextmanager
    def watching(self, hour: int) -> Iterator[None]:
        """Follow the clock once a day while the block runs."""
        ended = threading.Event()

        def watch() -> None:
            while not ended.is_set():
                if self.is_due(hour):
                    self.begin()
                ended.wait(_LOOK_S)

        thread = threading.Thread(target=watch, name="countenance-daily", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def last_time(now: datetime, hour: int) -> datetime:
    """Return when this machine's civil day last struck an hour; where clocks are set forward over it, an hour later."""
    local = now.astimezone()
    struck = local.replace(hour=hour, minute=0, second=0, microsecond=0, tzinfo=None).astimezone()
    if struck > now:
        before = (local - timedelta(days=1)).replace(tzinfo=None)
        struck = before.replace(hour=hour, minute=0, second=0, microsecond=0).astimezone()
    return struck
