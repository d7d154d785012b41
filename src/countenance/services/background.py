# SPDX-License-Identifier: Apache-2.0
"""Long verbs in the background of a server: one at a time, in turn, each with its progress for whoever looks.

An errand lives as long as the process. What it works on is in the records and goes on where it stopped, so a lost
browser loses nothing and a lost server only time.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from countenance.errors import CountenanceError

LOG = logging.getLogger("countenance.background")
Report = Callable[[str, int, int], None]
"""Told of progress: the step in words, how much of it is done, how much there is."""
_KEPT = 500  # errands at their end that are still told of


class ErrandState(StrEnum):
    """Where an errand stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Errand:
    """One errand.

    Attributes:
        name: what it works on, such as the id of a run; one of a name at a time.
        step: what is being done, in English words; `done` of `total` of it.
        problem: why it failed, in words with ids only.
    """

    name: str
    state: ErrandState
    asked_at: datetime
    step: str = ""
    done: int = 0
    total: int = 0
    ended_at: datetime | None = None
    problem: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it waits or runs."""
        return self.state in (ErrandState.WAITING, ErrandState.RUNNING)


class Background:
    """A queue with one worker, for verbs that must not run beside each other."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._errands: dict[str, Errand] = {}
        self._queue: deque[tuple[str, Callable[[Report], object]]] = deque()
        self._changed = threading.Condition()
        self._is_working = False

    def start(self, name: str, work: Callable[[Report], object]) -> Errand:
        """Put work into the queue; where work of this name waits or runs already, return that and do nothing.

        Args:
            work: is called in a thread of the queue; what it raises makes the errand fail.
        """
        with self._changed:
            known = self._errands.get(name)
            if known is not None and known.is_open:
                return known
            self._errands.pop(name, None)  # a name that comes again stands last
            self._errands[name] = errand = Errand(name, ErrandState.WAITING, self._now())
            self._queue.append((name, work))
            if not self._is_working:
                self._is_working = True
                threading.Thread(target=self._work, name="countenance-background", daemon=True).start()
        return errand

    def find(self, name: str) -> Errand | None:
        """Return the newest errand of a name; None where this process knows of none."""
        with self._changed:
            return self._errands.get(name)

    def open_ones(self) -> list[Errand]:
        """Return the errands that wait or run, in their turn."""
        with self._changed:
            return [one for one in self._errands.values() if one.is_open]

    def settle(self, timeout_s: float) -> bool:
        """Wait until nothing waits or runs; say whether that came about in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._is_working, timeout_s)

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._queue:
                    self._is_working = False
                    self._forget()
                    self._changed.notify_all()
                    return
                name, work = self._queue.popleft()
                self._errands[name] = replace(self._errands[name], state=ErrandState.RUNNING)
            self._run(name, work)

    def _run(self, name: str, work: Callable[[Report], object]) -> None:
        try:
            work(lambda step, done, total: self._note(name, step=step, done=done, total=total))
        except CountenanceError as error:
            LOG.warning("errand %s: %s: %s", name, error.code, error)
            self._note(name, state=ErrandState.FAILED, ended_at=self._now(), problem=str(error))
        except Exception as error:  # noqa: BLE001 - the end of a thread: nobody else would hear of it
            LOG.error("errand %s failed: %s", name, type(error).__name__)  # its words may be personal
            words = f"something is wrong with this program ({type(error).__name__}); its log names {name}"
            self._note(name, state=ErrandState.FAILED, ended_at=self._now(), problem=words)
        else:
            self._note(name, state=ErrandState.DONE, ended_at=self._now())

    def _note(
        self,
        name: str,
        *,
        step: str | None = None,
        done: int = 0,
        total: int = 0,
        state: ErrandState | None = None,
        ended_at: datetime | None = None,
        problem: str | None = None,
    ) -> None:
        with self._changed:
            errand = self._errands[name]
            if state is None:
                self._errands[name] = replace(errand, step=step or "", done=done, total=total)
            else:
                self._errands[name] = replace(errand, state=state, ended_at=ended_at, problem=problem)
            self._changed.notify_all()

    def _forget(self) -> None:
        while len(self._errands) > _KEPT:
            self._errands.pop(next(iter(self._errands)))
