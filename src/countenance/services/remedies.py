# SPDX-License-Identifier: Apache-2.0
"""The half of an engine that people's rights rest on: it needs no technology, only the records and itself."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING

from countenance.services.breaches import Breaches
from countenance.services.evidence import EvidenceLocker
from countenance.services.explain import Explain
from countenance.services.journal import Journal
from countenance.services.lineage import Lineage
from countenance.services.once import Once
from countenance.services.recipients import Recipients
from countenance.services.repetition import Repetition
from countenance.services.requests import Requests
from countenance.services.results import Results
from countenance.services.transparency import Transparency

if TYPE_CHECKING:
    from countenance.ports.photos import PhotoReader
    from countenance.services.destruction import Destruction
    from countenance.services.gallery import LiveGallery
    from countenance.services.law import LawBook
    from countenance.services.retention import Retention
    from countenance.services.subjects import Subjects
    from countenance.store.records import Records


class Remedies:
    """What `bootstrap.Engine` offers beside the main job; the engine sets what it stands on."""

    _records: Records
    _law: LawBook
    _gallery: LiveGallery
    subjects: Subjects

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
    def transparency(self) -> Transparency:
        """The verb `report`: what the public is told."""
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
    def once(self) -> Once:
        """Verbs on requests that are carried out once: `begin`, `end`."""
        return Once(self._records)

    @cached_property
    def recipients(self) -> Recipients:
        """Verbs on those who were told of people: `declare`, `end`, `instructions`, `letter`, `settle`."""
        return Recipients(self._records)
