# SPDX-License-Identifier: Apache-2.0
"""Retention: until when each person may be held, and destruction by then, without anybody having to remember.

The schedule is the public policy's: what it says is destroyed on its day, and no second person is asked again, for
the policy is who approved it. `run` is safe to start from cron or a server at any time: one at a time, taken up where
one before was killed, and with nothing to do where nothing is due.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from countenance.errors import BadInput, Refused
from countenance.ids import ReleaseId, RunId, SearchId, SubjectId
from countenance.model.civil import certain_moment, latest_date
from countenance.model.destruction import RunState, Scope
from countenance.model.event import EventTag
from countenance.model.residency import homes
from countenance.model.subject import Subject
from countenance.policy.retention import RetentionRule, due, review_at
from countenance.services.destruction import Destruction
from countenance.services.evidence import EvidenceLocker
from countenance.services.exclusive import exclusive
from countenance.services.law import LawBook
from countenance.services.repetition import Repeated, Repetition
from countenance.store import decisions
from countenance.store import retention as rows
from countenance.store import retention_days as days
from countenance.store import subjects as subject_rows
from countenance.store.records import Records, Transaction, set_setting, settings
from countenance.store.retention import Clock, FactKind, HeldDue
from countenance.store.retention_days import DayClock, DayCount

REQUESTER = "the retention clock"
"""Who asks for a destruction whose day has come; stands in its run and certificate."""

NOTICE_DAYS = 30
"""How long ahead a notice is made."""

GRACE = timedelta(days=1)
"""A limit falls on a day, and `run` may come at any time of it; past the day, whoever is left is overdue."""

_AT_ONCE = 1000  # clocks computed in one transaction, so that searches need not wait
_BATCH = 10_000  # people in one run, for certificates of a size that a person can read
_SETTING = "retention_law"
_LONGEST = timedelta(days=366)


@dataclass(frozen=True)
class Next:
    """One person's time, with the rule that decides and the law behind it."""

    subject: SubjectId
    at: datetime
    rule: RetentionRule
    citation: str


@dataclass(frozen=True)
class RetentionStatus:
    """How the clocks stand.

    Attributes:
        due: how many people's time is up now, held ones too; `within_30_days` and `within_90_days` count them too.
        overdue: whose day has passed and whom neither a hold nor their own request keeps; must be 0.
        waiting: how many of the due are kept, frozen, until their own request is answered.
        held: how many of the due a hold keeps, on a ground that their law recognises.
        conflicts: how many of the due a hold keeps that their law does not recognise: for counsel to decide.
        reviews: for how many somebody should have looked whether they are still needed.
        next: whose time is up first.
    """

    due: int
    within_30_days: int
    within_90_days: int
    overdue: int
    waiting: int
    held: int
    conflicts: tuple[HeldDue, ...]
    reviews: int
    next: tuple[Next, ...]


@dataclass(frozen=True)
class RetentionRun:
    """What one run did.

    Attributes:
        destroyed: people.
        runs: the destruction runs, each with its certificate; also one that was left over from before.
        noticed: for how many people a notice ahead was made.
        evidence: how many pieces of evidence, kept after a destruction, came to their end too.
        purged: how many searches were deleted whose authorisation was not shown in time.
        repeated: what the pass found that looks whether anybody destroyed has come back.
        problems: what kept a run from its end, in words.
        status: how the clocks stand after it.
    """

    destroyed: int
    runs: tuple[RunId, ...]
    noticed: int
    evidence: int
    purged: int
    repeated: Repeated
    problems: tuple[str, ...]
    status: RetentionStatus

    @property
    def in_order(self) -> bool:
        """Whether nothing is left that a person must see to."""
        return not (self.problems or self.status.overdue or self.status.conflicts)


class Retention:
    """Verbs on the retention clock."""

    def __init__(
        self,
        records: Records,
        law: LawBook,
        destruction: Callable[[], Destruction],
        evidence: Callable[[], EvidenceLocker],
        repetition: Callable[[], Repetition],
        purge: Callable[[], Sequence[SearchId]],
        lock: Path,
    ) -> None:
        self._records = records
        self._law = law
        self._destruction = destruction
        self._evidence = evidence
        self._purge = purge
        self._repetition = repetition
        self._lock = lock

    def status(self, *, first: int = 10) -> RetentionStatus:
        """Return how the clocks stand.

        Args:
            first: how many people to name, those whose time is up first.
        """
        self._level()
        with self._records.read() as work:
            clocks = [(one.subject, one.due.at, one.due.rule) for one in rows.first(work, first)]
            held = rows.held_due(work)
            conflicts = [one for one in held if not self._recognised(one, work.now)]
            return RetentionStatus(
                due=rows.count_due(work, work.now),
                within_30_days=rows.count_due(work, work.now + timedelta(days=30)),
                within_90_days=rows.count_due(work, work.now + timedelta(days=90)),
                overdue=rows.count_overdue(work, work.now - GRACE),
                waiting=rows.count_waiting(work),
                held=len({one.subject.id for one in held} - {one.subject.id for one in conflicts}),
                conflicts=tuple(conflicts),
                reviews=rows.count_reviews(work),
                next=tuple(self._cited(work, clocks)),
            )

    def run(self, *, progress: Callable[[str, int, int], None] | None = None) -> RetentionRun:
        """Destroy everybody whose time is up, and make the notices of those whose it soon will be.

        Everybody due is frozen first. Whom a hold keeps stays frozen; where the law does not recognise its ground,
        a conflict is recorded for counsel. Searches whose authorisation is overdue go too, and pictures that only a
        reviewer's decision needed that can be undone no more. At the law's interval it is looked whether anybody
        destroyed has come back. A failed destruction is reported, and tried again by the next run.

        Raises:
            Busy: another one runs, or a process reads the databases so that old bytes would stay; start it later.
        """
        with exclusive(self._lock, "another retention run"):
            began = self._records.clock.now()
            purged = len(self._purge())
            self._level()
            left_over = self._unfinished()
            with self._records.write() as work:
                decisions.expire(work)
                if rows.count_due(work, work.now):
                    frozen = rows.freeze_due(work)
                    work.log(EventTag.RETENTION_DUE, due=rows.count_due(work, work.now), frozen=frozen)
                self._raise_conflicts(work)
                up = rows.due(work)
                noticed = rows.notice_ahead(work, work.now + timedelta(days=NOTICE_DAYS))
                if noticed:
                    work.log(EventTag.RETENTION_NOTICED, people=noticed)
            runs: list[RunId] = []
            problems: list[str] = []
            for run in left_over:
                self._finish(run, runs, problems, progress)
            with self._records.read() as work:  # what was left over may have been the same people
                living = rows.still_there(work, up)
            for start in range(0, len(living), _BATCH):
                planned = self._plan(living[start : start + _BATCH], problems)
                if planned is not None:
                    self._finish(planned, runs, problems, progress)
            with self._records.read() as work:
                done = len(up) - len(rows.still_there(work, up))
            expired = self._evidence().expire()
            if purged:
                self._records.compact()
            repeated = self._repeat(problems)
            made = {"destroyed": done, "noticed": noticed, "evidence": expired, "purged": purged}
            back = {"people_back": repeated.people, "things_back": repeated.things}
            with self._records.write() as work:
                days.add(work, began, {**made, **back}, runs, problems)
        return RetentionRun(done, tuple(runs), noticed, expired, purged, repeated, tuple(problems), self.status())

    def notices(self) -> list[Next]:
        """Return the notices made ahead that still hold, soonest first: what a mail gateway reads."""
        self._level()
        with self._records.read() as work:
            return self._cited(work, rows.notices(work))

    def calendar(self, first: date, last: date) -> list[DayCount]:
        """Return the days from one to another, both included, on which anybody's time is up (UTC).

        Raises:
            BadInput: the last lies before the first, or more than a year behind it.
        """
        if not first <= last <= first + _LONGEST:
            raise BadInput("a calendar goes from a day to the same or a later one, and over a year at most")
        self._level()
        with self._records.read() as work:
            return days.per_day(work, first, last)

    def on_day(self, day: date, *, after: str = "", limit: int = 50) -> list[DayClock]:
        """Return the people whose time is up on a day (UTC), in the order of their ids, from one on."""
        self._level()
        with self._records.read() as work:
            return days.of_day(work, day, after=after, limit=limit)

    def interaction(self, subject: SubjectId, on: date | None = None) -> None:
        """Record that the person did something here: a visit, a letter, asking for access; not a client's search.

        Raises:
            NotFound: no such subject.
            BadInput: a day that is still to come.
        """
        with self._records.write() as work:
            self._record(work, subject_rows.get(work, subject), FactKind.INTERACTION, on)

    def purpose_met(self, release: ReleaseId, on: date | None = None) -> None:
        """Record that what a release was signed for is done.

        Raises:
            NotFound: no such release.
            BadInput: a day that is still to come.
        """
        with self._records.write() as work:
            person = subject_rows.get(work, subject_rows.signer_of(work, release))
            self._record(work, person, FactKind.PURPOSE_MET, on, release)

    def review(self, subject: SubjectId, *, needed: bool) -> None:
        """Record that somebody looked whether a person is still needed.

        Raises:
            NotFound: no such subject.
        """
        with self._records.write() as work:
            kind = FactKind.NEEDED if needed else FactKind.UNNEEDED
            self._record(work, subject_rows.get(work, subject), kind, None)

    def _record(
        self, work: Transaction, person: Subject, kind: FactKind, on: date | None, release: ReleaseId | None = None
    ) -> None:
        if on is not None and on > latest_date(work.now):
            raise BadInput(f"{on} is still to come; only what has happened is recorded (--on)")
        at = work.now if on is None else min(work.now, certain_moment(on, homes(person.residency)))
        rows.add_fact(work, person.id, kind, at, release)
        work.log(EventTag.RETENTION_RECORDED, subject=person.id, kind=kind.value, release=release)

    def _level(self) -> None:
        """Compute the clocks that are missing: of whoever changed, or of everybody where the law files did."""
        with self._records.read() as work:
            level = settings(work).get(_SETTING) == self._law.digest and not rows.without_clock(work, 1)
        if level:
            return
        with self._records.write() as work:
            if settings(work).get(_SETTING) != self._law.digest:
                rows.forget_all(work)
                set_setting(work, _SETTING, self._law.digest)
        some, last = [SubjectId("")], ""
        while some:
            with self._records.write() as work:
                some = rows.without_clock(work, _AT_ONCE, last)
                found = rows.times(work, some)
                laws = {one: self._law.of_subject(person, now=work.now) for one, (person, _) in found.items()}
                rows.add_clocks(
                    work,
                    (Clock(one, due(at, laws[one]), review_at(at, laws[one])) for one, (_, at) in found.items()),
                )
                last = some[-1] if some else last

    def _cited(self, work: Transaction, clocks: Sequence[tuple[SubjectId, datetime, RetentionRule]]) -> list[Next]:
        """Add to each clock the law behind its rule."""
        found = rows.people(work, [subject for subject, _, _ in clocks])
        laws = {one: self._law.of_subject(person, now=work.now) for one, person in found.items()}
        return [Next(subject, at, rule, laws[subject].cite(rule.key)) for subject, at, rule in clocks]

    def _recognised(self, one: HeldDue, now: datetime) -> bool:
        return one.basis.value in self._law.of_subject(one.subject, now=now).items("destruction.hold_bases_recognised")

    def _raise_conflicts(self, work: Transaction) -> None:
        for one in rows.held_due(work):
            if not self._recognised(one, work.now) and rows.raise_conflict(work, one.subject.id, one.hold):
                work.log(EventTag.RETENTION_CONFLICT, subject=one.subject.id, hold=one.hold, basis=one.basis.value)

    def _unfinished(self) -> list[RunId]:
        """Return the runs of an earlier clock that did not come to their end."""
        ours = [one for one in self._destruction().runs() if one.requested_by == REQUESTER]
        return [one.id for one in ours if one.state is not RunState.CERTIFIED]

    def _plan(self, people: list[SubjectId], problems: list[str]) -> RunId | None:
        try:
            planned = self._destruction().plan(Scope(tuple(people)), requested_by=REQUESTER, order_ref="retention")
        except Refused as refusal:
            problems.append(str(refusal))
            return None
        return planned.id

    def _finish(
        self,
        run: RunId,
        runs: list[RunId],
        problems: list[str],
        progress: Callable[[str, int, int], None] | None,
    ) -> bool:
        """Take a run to its end; the public policy approves it where the law asks for a second one."""
        destruction = self._destruction()
        try:
            if destruction.freeze(run).state is RunState.FROZEN:
                destruction.approve(run, by=self._policy())
            finished = destruction.resume(run, progress=progress)
        except Refused as refusal:
            problems.append(str(refusal))
            return False
        runs.append(run)
        if finished.run.state is not RunState.CERTIFIED:
            problems.extend(f"{run}: {problem}" for problem in finished.run.problems)
        return finished.run.state is RunState.CERTIFIED

    def _repeat(self, problems: list[str]) -> Repeated:
        repeated = self._repetition().run()
        if repeated.waits_for is not None:
            problems.append(
                f"whether anybody destroyed has come back can be looked for once run {repeated.waits_for} is at its "
                f"end: `countenance destroy resume {repeated.waits_for}`"
            )
        return repeated

    def _policy(self) -> str:
        with self._records.read() as work:
            policy = subject_rows.current_policy(work)
        return "the public retention policy" + ("" if policy is None else f" {policy.sha256[:12]}")
