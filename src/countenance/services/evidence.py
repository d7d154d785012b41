# SPDX-License-Identifier: Apache-2.0
"""Evidence of consent that outlives the person's data: two people open it, and it ends too.

What a destroyed person was told and signed is kept, sealed under a key of its own, as long as somebody could still sue
over it. It holds no photo, no faceprint and no preview, and no search can reach it.

Source: Tims v. Black Horse Carriers, 2023 IL 127801 (five years); RCW 19.373.070 (copies kept six years).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from countenance.clock import from_text
from countenance.errors import BadInput, NotFound, Refused
from countenance.ids import EvidenceId
from countenance.ledger import document
from countenance.ledger.release import ReleaseExport
from countenance.model.event import EventTag
from countenance.model.evidence import EvidenceRow
from countenance.services.journal import Journal
from countenance.store import evidence as rows
from countenance.store.records import Records

TWO_RULE = "evidence.two_people"
_ASKED_FOR = timedelta(days=7)  # how long a request to see evidence waits for the second person


@dataclass(frozen=True)
class Asked:
    """Who asks to see evidence, why, and until when somebody else may open it."""

    by: str
    why: str
    until: datetime


@dataclass(frozen=True)
class Opened:
    """Evidence, opened.

    Attributes:
        record: what the person was told and signed, schema `countenance-evidence-1`.
        exports: each release as a signed document with its proof, which verifies offline, by the release's id.
    """

    record: dict[str, Any]
    exports: dict[str, bytes]


class EvidenceLocker:
    """Verbs on evidence."""

    def __init__(self, records: Records, journal: Journal) -> None:
        self._records = records
        self._journal = journal

    def everything(self) -> list[EvidenceRow]:
        """Return what is kept, closed; that which ends first at the head."""
        with self._records.read() as work:
            return rows.everything(work)

    def find(self, known: str) -> EvidenceId:
        """Return the evidence of a subject's or a release's id, as it stands on a paper of theirs; the look is logged.

        Raises:
            NotFound: there is none.
        """
        with self._records.write() as work:
            found = rows.find(work, known)
            if found is not None:
                work.log(EventTag.EVIDENCE_FOUND, evidence=found)
                return found
        raise NotFound(f"no evidence of {known} is kept")

    def ask(self, evidence: EvidenceId, *, by: str, why: str) -> None:
        """Ask to see evidence; somebody else has to open it within seven days.

        Args:
            by: the account that asks.
            why: such as the claim that it answers; sealed with it.

        Raises:
            NotFound: no such evidence.
            BadInput: nobody asks, or no reason is given.
        """
        if not by.strip() or not why.strip():
            raise BadInput("say who asks (--by) and why (--why)")
        with self._records.write() as work:
            rows.get(work, evidence)
            rows.ask(work, evidence, by.strip(), why.strip())
            work.log(EventTag.EVIDENCE_ASKED, evidence=evidence)

    def asked(self, evidence: EvidenceId) -> Asked | None:
        """Return who asks to see evidence, for the second person who has to judge that.

        Raises:
            NotFound: no such evidence.
        """
        with self._records.read() as work:
            found = rows.asked(work, evidence)
            until = None if found is None else from_text(found["at"]) + _ASKED_FOR
            return (
                None if found is None or until is None or until < work.now else Asked(found["by"], found["why"], until)
            )

    def show(self, evidence: EvidenceId, *, by: str) -> Opened:
        """Open evidence that somebody else asked to see; one request opens it once.

        Raises:
            NotFound: no such evidence.
            Refused: nobody else asked for it within the last seven days; logged.
        """
        with self._records.write() as work:
            row, asked = rows.get(work, evidence), rows.asked(work, evidence)
            late = asked is not None and work.now > from_text(asked["at"]) + _ASKED_FOR
            same = asked is not None and asked["by"].casefold() == by.strip().casefold()
            if asked is not None and not late and not same and by.strip():
                record = rows.open_(work, evidence)
                work.log(EventTag.EVIDENCE_OPENED, evidence=evidence)
                signer = self._journal.signer(work)
                exports = {
                    release["evidence"]["release"]: document.write(
                        ReleaseExport(
                            release["evidence"], bytes.fromhex(release["salt"]), release["notice"]["text"]
                        ).body(),
                        [signer],
                        self._journal.proof_of(work, release["index"]),
                    )
                    for release in record["releases"]
                    if release["salt"] is not None
                }
                return Opened(record, exports)
            work.log(EventTag.EVIDENCE_REFUSED, evidence=evidence, rule=TWO_RULE)
        raise Refused(
            TWO_RULE,
            "evidence is opened by two people: one asks (`countenance evidence ask`), and within seven days another "
            "opens it (`countenance evidence show --by`)",
            row.citation,
        )

    def expire(self) -> int:
        """Destroy the evidence whose time is over, keys first; return how much it was.

        Raises:
            Busy: another process reads the keyring; what is half done is done by the next call.
        """
        with self._records.read() as work:
            due, now = rows.due(work), work.now
        if due:
            self._records.keyring.destroy(due, now)
            with self._records.write() as work:
                rows.delete_rows(work, due)
                work.log(EventTag.EVIDENCE_DESTROYED, pieces=len(due))
            self._records.compact()
        return len(due)
