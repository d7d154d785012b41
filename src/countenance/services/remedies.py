# SPDX-License-Identifier: Apache-2.0
"""The half of an engine that people's rights rest on: it needs no technology, only the records and itself."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from countenance.services.evidence import EvidenceLocker
from countenance.services.journal import Journal
from countenance.services.lineage import Lineage
from countenance.services.recipients import Recipients

if TYPE_CHECKING:
    from countenance.services.law import LawBook
    from countenance.store.records import Records


class Remedies:
    """What `bootstrap.Engine` offers beside the main job; the engine sets what it stands on."""

    _records: Records
    _law: LawBook

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
        """Verbs on evidence of consent that outlives its people: `everything`, `find`, `ask`, `show`, `expire`."""
        return EvidenceLocker(self._records, self.journal)

    @cached_property
    def recipients(self) -> Recipients:
        """Verbs on those who were told of people: `declare`, `end`, `instructions`, `letter`, `settle`."""
        return Recipients(self._records)
