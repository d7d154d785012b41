# SPDX-License-Identifier: Apache-2.0
"""What a destruction leaves to do beyond the records: with what was made from the people who go."""

from __future__ import annotations

from dataclasses import dataclass

from countenance.ids import RunId
from countenance.model.event import EventTag
from countenance.model.lineage import Artefact
from countenance.store import lineage
from countenance.store import runs as rows
from countenance.store.records import Transaction


@dataclass(frozen=True)
class Aftermath:
    """What a run's certificate says of things that are not deleted by it.

    Attributes:
        artefacts: made from its people; each is stale, or retired since.
    """

    artefacts: tuple[Artefact, ...] = ()


def provide(work: Transaction, run: RunId) -> None:
    """Do what must be done before keys and rows of a run's targets are gone; once more changes nothing."""
    for artefact in lineage.mark_stale(work, rows.loser_ids(run), run):
        work.log(EventTag.ARTEFACT_STALE, artefact=artefact, run=run)


def read(work: Transaction, run: RunId) -> Aftermath:
    """Return what a run left to do, as it stands now."""
    return Aftermath(tuple(lineage.stale_by(work, run)))
