# SPDX-License-Identifier: Apache-2.0
"""Destruction in the background of a server: begun by people, carried out in a queue, taken up after a restart.

Who may begin what is decided where it always is (`destruction`, `order_execution`); here it only leaves the caller's
hands. What a server was asked is a row until it is done, so that one that was killed goes on when it starts again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from countenance.errors import CountenanceError
from countenance.ids import CertificateId, OrderId, RequestId, RunId
from countenance.ledger.certificate import Declarant
from countenance.model.destruction import Run, RunState
from countenance.services.background import Background, Errand, Report
from countenance.services.daily import ERRAND as CLOCK
from countenance.services.destruction import Destruction, Finished
from countenance.services.order_execution import OrderRuns
from countenance.services.requests import Requests
from countenance.services.retention import REQUESTER
from countenance.store import certificates as certificate_rows
from countenance.store import run_jobs as rows
from countenance.store.certificates import Issued
from countenance.store.records import Records
from countenance.store.run_jobs import Ask

HALF_DONE = (RunState.EXECUTING, RunState.VERIFYING, RunState.FAILED)
"""States in which keys may be destroyed and rows still there: the run has to go on."""


@dataclass(frozen=True)
class Watched:
    """A run as a page shows it.

    Attributes:
        errand: its progress, where this server works on it or has since it started.
        ask: what a server was last asked of it.
        unfinished: it stopped in the middle, and nobody works on it here.
    """

    finished: Finished
    errand: Errand | None
    ask: Ask | None
    unfinished: bool

    @property
    def problem(self) -> str | None:
        """Why it did not go on when it was last tried."""
        if self.errand is not None and self.errand.is_open:
            return None
        return None if self.ask is None else self.ask.problem


class RunJobs:
    """Verbs that begin destructions and do not wait for them."""

    def __init__(
        self,
        records: Records,
        background: Background,
        destruction: Callable[[], Destruction],
        orders: Callable[[], OrderRuns],
        requests: Callable[[], Requests],
    ) -> None:
        self._records = records
        self._background = background
        self._destruction = destruction
        self._orders = orders
        self._requests = requests

    def execute(self, order: OrderId, *, by: str, declarant: Declarant | None = None) -> Watched:
        """Execute an order: the first person plans it, the second one's word begins the destruction.

        Raises:
            NotFound, BadInput, Refused: as `OrderRuns.execute`.
        """
        return self._begin(self._orders().prepare(order, by=by), by, declarant)

    def erase(self, request: RequestId, *, by: str) -> Watched:
        """Begin the destruction that answers a request to erase.

        Raises:
            NotFound, BadInput, Refused: as `Requests.erase`.
        """
        return self._begin(self._requests().begin_erasure(request, by=by), by, None)

    def approve(self, run: RunId, *, by: str, declarant: Declarant | None = None) -> Watched:
        """Approve a run as a second person, and begin it.

        Raises:
            NotFound, BadInput, Refused: as `Destruction.approve`.
        """
        return self._begin(self._destruction().approve(run, by=by), by, declarant)

    def go_on(self, run: RunId, *, by: str, declarant: Declarant | None = None) -> Watched:
        """Freeze a planned run, take up one that stopped, or verify a certified one anew.

        One that waits for a second person stays as it is.

        Raises:
            NotFound: no such run.
        """
        return self._begin(self._destruction().freeze(run), by, declarant)

    def watch(self, run: RunId) -> Watched:
        """Return a run with its progress.

        Raises:
            NotFound: no such run.
        """
        return self._watched(self._destruction().status(run))

    def everyone(self) -> list[Watched]:
        """Return all runs, newest first."""
        destruction = self._destruction()
        return [self._watched(destruction.status(run.id)) for run in reversed(destruction.runs())]

    def certificates(self) -> list[Issued]:
        """Return all certificates, newest first."""
        with self._records.read() as work:
            return certificate_rows.everyone(work)

    def certificate(self, one: CertificateId) -> bytes:
        """Return a signed certificate, also one that was superseded.

        Raises:
            NotFound: no such certificate.
        """
        with self._records.read() as work:
            return certificate_rows.document(work, one)

    def take_up(self) -> list[RunId]:
        """Go on with what was asked of a server that ended, and with what is half done; called when one starts."""
        with self._records.read() as work:
            left = {ask.run: ask.declarant for ask in rows.unfinished(work)}
        for run in self._destruction().runs():
            if run.state in (RunState.EXECUTING, RunState.VERIFYING):  # as where a hold was lifted just then
                left.setdefault(run.id, None)
        for one, declarant in left.items():
            self._queue(one, declarant)
        return list(left)

    def _begin(self, run: Run, by: str, declarant: Declarant | None) -> Watched:
        if run.state is not RunState.FROZEN and not self._is_open(run.id):
            with self._records.write() as work:
                rows.begin(work, run.id, by, declarant)
            self._queue(run.id, declarant)
        return self.watch(run.id)

    def _queue(self, run: RunId, declarant: Declarant | None) -> None:
        self._background.start(run, lambda report: self._carry_out(run, declarant, report))

    def _carry_out(self, run: RunId, declarant: Declarant | None, report: Report) -> None:
        """Take a run to its end, and keep why it did not come there; a server that is killed keeps the ask."""
        problem = None
        try:
            done = self._orders().carry_out(run, declarant=declarant, progress=report)
            self._requests().settle(run)
            if done.run.state is RunState.APPROVED:
                problem = "all of it is under a legal hold; it goes on by itself once the hold is lifted"
        except CountenanceError as error:
            problem = str(error)
            raise
        finally:
            with self._records.write() as work:
                rows.end(work, run, problem)

    def _is_open(self, name: str) -> bool:
        errand = self._background.find(name)
        return errand is not None and errand.is_open

    def _watched(self, finished: Finished) -> Watched:
        run = finished.run.id
        with self._records.read() as work:
            ask = rows.find(work, run)
        errand = self._background.find(run)
        clock = finished.run.requested_by == REQUESTER and self._is_open(CLOCK)
        stopped = finished.run.state in HALF_DONE and not self._is_open(run) and not clock
        return Watched(finished, errand, ask, stopped)
