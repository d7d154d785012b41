# SPDX-License-Identifier: Apache-2.0
"""What a destruction leaves to do beyond the records.

What was made from the people who go is stale; whoever was told of them is instructed; and the evidence of what they
signed is kept under a key of its own, as long as the law asks.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from countenance.ids import EvidenceId, InstructionId, RunId, new_id
from countenance.model.event import EventTag
from countenance.model.evidence import Kept
from countenance.model.lineage import Artefact
from countenance.model.recipient import Instruction
from countenance.policy.pack import Law
from countenance.services.law import LawBook
from countenance.store import evidence, lineage, recipients
from countenance.store import runs as rows
from countenance.store.records import Transaction


@dataclass(frozen=True)
class Aftermath:
    """What a run's certificate says of things that are not deleted by it.

    Attributes:
        artefacts: made from its people; each is stale, or retired since.
        instructions: to those who were told of its people.
        kept: evidence of consent; None where there is none.
    """

    artefacts: tuple[Artefact, ...] = ()
    instructions: tuple[Instruction, ...] = ()
    kept: Kept | None = None


def provide(work: Transaction, law: LawBook, run: RunId) -> None:
    """Do what must be done before keys and rows of a run's targets are gone; once more changes nothing."""
    for artefact in lineage.mark_stale(work, rows.loser_ids(run), run):
        work.log(EventTag.ARTEFACT_STALE, artefact=artefact, run=run)
    leaving = rows.leaving(work, run)
    laws = {subject.id: law.of_subject(subject) for subject in leaving}
    _instruct(work, run, list({found.digest: found for found in laws.values()}.values()))
    readable = work.keyring.holding(one.id for one in leaving)
    kept = 0
    for subject in leaving:
        days = laws[subject.id].number("retention.evidence_days")
        if not days or subject.id not in readable or evidence.is_kept(work, subject.id):
            continue
        record = evidence.record_of(work, subject.id)
        if record is None:
            continue
        one, until = EvidenceId(new_id("evd")), work.now + timedelta(days=days)
        citation = laws[subject.id].cite("retention.evidence_days")
        work.keyring.create([one])
        evidence.add(work, one, {**record, "run": run}, until=until, citation=citation)
        evidence.note_run(work, run, 1, until, citation)
        kept += 1
    if kept:
        work.log(EventTag.EVIDENCE_KEPT, run=run, people=kept)


def read(work: Transaction, run: RunId) -> Aftermath:
    """Return what a run left to do, as it stands now."""
    return Aftermath(
        tuple(lineage.stale_by(work, run)), tuple(recipients.of_run(work, run)), evidence.of_run(work, run)
    )


def _instruct(work: Transaction, run: RunId, laws: Collection[Law]) -> None:
    """Tell whoever was told of a run's people, where one of their laws asks for it."""
    if not any(law.flag("destruction.recipients_notice") for law in laws):
        return
    days = min(law.number("destruction.recipient_confirmation_days") for law in laws)
    people = {str(one.id): list[str]() for one in rows.leaving(work, run)}
    told = recipients.findings_of(work, run)
    told |= {one.id: dict(people) for one in recipients.processors(work) if one.ended_at is None}
    known = {(one.recipient, person) for one in recipients.of_run(work, run) for person in one.what}
    for recipient, named in told.items():
        what = {person: searches for person, searches in named.items() if (recipient, person) not in known}
        if not what:
            continue
        one = Instruction(
            id=InstructionId(new_id("ins")),
            run=run,
            recipient=recipient,
            what=what,
            people=len(what),
            made_at=work.now,
            due_at=work.now + timedelta(days=days),
            sent_at=None,
            settled_at=None,
            outcome=None,
            evidence=None,
        )
        recipients.add(work, one)
        work.log(EventTag.INSTRUCTION_MADE, instruction=one.id, run=run, recipient=recipient, people=len(what))
