# SPDX-License-Identifier: Apache-2.0
"""The half of an engine that people's rights rest on: it needs no technology, only the records and itself."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractContextManager
from functools import cached_property
from typing import TYPE_CHECKING

from countenance.services.accounts import Accounts
from countenance.services.background import Background
from countenance.services.breaches import Breaches
from countenance.services.daily import DailyRetention
from countenance.services.evidence import EvidenceLocker
from countenance.services.explain import Explain
from countenance.services.factors import Factors
from countenance.services.federation import Federation
from countenance.services.flags import Flags
from countenance.services.journal import Journal
from countenance.services.lineage import Lineage
from countenance.services.metering import Meter
from countenance.services.once import Once
from countenance.services.people import People
from countenance.services.public_log import PublicLog
from countenance.services.recipients import Recipients
from countenance.services.repetition import Repetition
from countenance.services.requests import Requests
from countenance.services.results import Results
from countenance.services.run_jobs import RunJobs
from countenance.services.sign_in import SignIn
from countenance.services.transparency import Transparency
from countenance.services.vetting import Vetting
from countenance.services.worklist import Worklist

if TYPE_CHECKING:
    from countenance.ports.photos import PhotoReader
    from countenance.services.custody import Custody
    from countenance.services.destruction import Destruction
    from countenance.services.gallery import LiveGallery
    from countenance.services.law import LawBook
    from countenance.services.packs import Packs
    from countenance.services.retention import Retention
    from countenance.services.subjects import Subjects
    from countenance.store.records import Records


class Remedies:
    """What `bootstrap.Engine` offers beside the main job; the engine sets what it stands on."""

    _records: Records
    _law: LawBook
    _gallery: LiveGallery
    subjects: Subjects
    packs: Packs

    @property
    @abstractmethod
    def custody(self) -> Custody:
        """Holds, orders, their conflicts and their execution."""

    @property
    @abstractmethod
    def destruction(self) -> Destruction:
        """Verbs on destruction runs."""

    @property
    @abstractmethod
    def retention(self) -> Retention:
        """Verbs on the retention clock."""

    @property
    @abstractmethod
    def _reader(self) -> PhotoReader:
        """What decodes photos."""

    @cached_property
    def accounts(self) -> Accounts:
        """Verbs on accounts, invitations, sessions and keys: `add`, `invite`, `redeem`, `by_session`, `new_key`."""
        return Accounts(self._records)

    def kept_open(self) -> AbstractContextManager[None]:
        """Keep records and keyring open for as long as a server runs: each transaction is cheaper."""
        return self._records.kept_open()

    @cached_property
    def sign_in(self) -> SignIn:
        """Verbs on signing in: `password`, `passkey_options`, `passkey`."""
        return SignIn(self._records)

    @cached_property
    def federation(self) -> Federation:
        """Verbs on signing in at an identity provider: `link`, `begin`, `finish`."""
        return Federation(self._records)

    @cached_property
    def factors(self) -> Factors:
        """Verbs on one's own ways to sign in: `everything`, `add_passkey`, `new_codes`, `set_password`, `remove`."""
        return Factors(self._records)

    @cached_property
    def journal(self) -> Journal:
        """Verbs on the log for strangers: `checkpoint`, `prove`, `publish`, `export_release`."""
        return Journal(self._records)

    @cached_property
    def lineage(self) -> Lineage:
        """Verbs on what was made from faceprints: `record`, `require_fresh`, `artefacts`, `retire`."""
        return Lineage(self._records, self._law)

    @cached_property
    def evidence(self) -> EvidenceLocker:
        """Verbs on evidence of consent that outlives its people: `everything`, `find`, `ask`, `show`."""
        return EvidenceLocker(self._records, self.journal)

    @cached_property
    def requests(self) -> Requests:
        """Verbs on subjects' requests: `open`, `acknowledge`, `package`, `answered`, `erase`, `close`."""
        return Requests(
            self._records, self._law, self._reader, self._gallery, self.subjects, self.journal, self.destruction
        )

    @cached_property
    def breaches(self) -> Breaches:
        """Verbs on breaches: `drill`, `report`, `everything`, `close`."""
        return Breaches(self._records, self._law)

    @cached_property
    def public_log(self) -> PublicLog:
        """Verbs on the published log: `checkpoint`, `file`, `page`, `way`, `proof`, `growth`."""
        return PublicLog(self._records, self.journal)

    @cached_property
    def transparency(self) -> Transparency:
        """What the public is told: `about`, `policy`, `quarters`, `of_quarter`, `report`."""
        dues = (self.requests, self.recipients, self.breaches)
        return Transparency(self._records, self._law.packs, self.journal, dues, lambda: self.retention.status().overdue)

    @cached_property
    def explain(self) -> Explain:
        """Verbs on reasons: `enrol`, `search`, `key`, `event`."""
        return Explain(self._records, self._law)

    @cached_property
    def results(self) -> Results:
        """Verbs on results of searches: `show`, `confirm`, `authorise`, `refuse`, `purge_overdue`."""
        return Results(self._records, self._law)

    @cached_property
    def repetition(self) -> Repetition:
        """The verb `run`: looks whether anybody destroyed has come back; `retention run` calls it."""
        return Repetition(self._records, self._law, self._reader, self._gallery)

    @cached_property
    def background(self) -> Background:
        """Long verbs in the background, one at a time: `start`, `find`, `settle`."""
        return Background(self._records.clock.now)

    @cached_property
    def run_jobs(self) -> RunJobs:
        """Destructions in the background: `execute`, `erase`, `approve`, `go_on`, `watch`, `everyone`, `take_up`."""
        later = (lambda: self.destruction), (lambda: self.custody.runs), (lambda: self.requests)
        return RunJobs(self._records, self.background, *later)

    @cached_property
    def daily(self) -> DailyRetention:
        """The retention clock, followed once a day: `watching`, `begin`, `is_due`, `history`."""
        return DailyRetention(self._records, self.background, lambda: self.retention)

    @cached_property
    def worklist(self) -> Worklist:
        """The verb `of`: what waits for a custodian."""
        desk, late = (lambda: self.custody), (lambda: self.retention)
        dues = (self.requests, self.recipients, self.breaches)
        clients = (self.vetting, self.flags)
        return Worklist(self._records, desk, self.run_jobs, self.evidence, self.packs, dues, late, clients)

    @cached_property
    def once(self) -> Once:
        """Verbs on requests that are carried out once: `begin`, `end`."""
        return Once(self._records)

    @cached_property
    def vetting(self) -> Vetting:
        """Verbs on what clients may: `propose`, `amend`, `confirm`, `drop`, `suspend`, `ask_reinstatement`, `due`."""
        return Vetting(self._records, self._law)

    @cached_property
    def meter(self) -> Meter:
        """The verb `of` on what a client used of its quota."""
        return Meter(self._records)

    @cached_property
    def flags(self) -> Flags:
        """Verbs on flags over searches: `everyone`, `settle`, `accounts`, `link`, `linked`."""
        return Flags(self._records)

    @cached_property
    def people(self) -> People:
        """The verb `find` on subjects."""
        return People(self._records)

    @cached_property
    def recipients(self) -> Recipients:
        """Verbs on those who were told of people: `declare`, `end`, `instructions`, `letter`, `settle`."""
        return Recipients(self._records)
