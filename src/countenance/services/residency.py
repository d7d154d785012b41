# SPDX-License-Identifier: Apache-2.0
"""Where a person lives and lived: record facts, and say what follows from them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from countenance.errors import BadInput
from countenance.ids import OrderId, SubjectId
from countenance.model.civil import latest_date
from countenance.model.event import EventTag
from countenance.model.place import place
from countenance.model.residency import Evidence, Residency, ResidencyFact, check
from countenance.services.law import LawBook
from countenance.services.order_freeze import freeze_newcomer
from countenance.store import residency as rows
from countenance.store import subjects as subject_rows
from countenance.store.records import Records

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Home:
    """What is known of where a person lives.

    Attributes:
        on: the day it is told for: the latest that it is anywhere on earth.
        unknown: why it is not known where the person lives, so that the strictest law applies; None where it is.
        packs: the law files that follow.
        documents: digest of the paper behind a fact, by the fact's number.
    """

    residency: Residency
    on: date
    current: tuple[str, ...]
    former: tuple[str, ...]
    ever: tuple[str, ...]
    days: dict[str, int]
    unknown: str | None
    packs: tuple[str, ...]
    documents: dict[int, str]


class Homes:
    """Verbs on residency facts."""

    def __init__(
        self,
        records: Records,
        law: LawBook,
        reevaluate: Callable[[SubjectId], object],
        froze: Callable[[Sequence[OrderId]], object],
    ) -> None:
        self._records = records
        self._law = law
        self._reevaluate = reevaluate
        self._froze = froze

    def add(
        self,
        subject: SubjectId,
        where: str,
        *,
        since: date | None = None,
        until: date | None = None,
        evidence: Evidence = Evidence.DECLARED,
        document_sha256: str | None = None,
        supersedes: int | None = None,
        ends: int | None = None,
    ) -> Home:
        """Record one fact; another law may apply from the next decision on, and lapse releases that do not meet it.

        Whom it brings into the class of an order in force is frozen in the same transaction.

        Args:
            since: the first day there.
            until: the first day no longer there.
            document_sha256: of the paper that proves it, in hexadecimal.
            supersedes: number of the fact that this one corrects.
            ends: number of the fact of the home that was left for this one on `since`, told in one statement: between
                two statements nobody would know where the person lives.

        Raises:
            NotFound: no such subject.
            BadInput: what cannot be, such as an end before the start; no place code; no such fact to correct.
        """
        if document_sha256 is not None and not _SHA256.fullmatch(document_sha256):
            raise BadInput("--document-sha256 is 64 hexadecimal digits, as sha256sum prints them")
        with self._records.write() as work:
            subject_rows.get(work, subject)
            today = latest_date(work.now)
            fact = ResidencyFact(0, subject, place(where), since, until, evidence, work.now, supersedes)
            check(fact, latest=today)
            known = {one.number: one for one in rows.of(work, subject).facts}
            for number in {supersedes, ends} - {None} - known.keys():
                raise BadInput(f"{subject} has no residency fact {number}; `subject residency list` shows them")
            if ends is not None:
                if since is None:
                    raise BadInput("say on which day the person moved (--since)")
                left = replace(known[ends], number=0, until=since, recorded_at=work.now, supersedes=ends)
                check(left, latest=today)
                rows.add(work, [left])
            rows.add(work, [fact], document_sha256)
            rows.set_key(work, subject, rows.of(work, subject).key(today))
            work.log(
                EventTag.RESIDENCY_RECORDED,
                subject=subject,
                place=fact.place,
                evidence=evidence.value,
                ended=bool(until),
            )
            orders = freeze_newcomer(work, subject)
        self._reevaluate(subject)
        told = self.of(subject)
        self._froze(orders)  # last: where an order retains the person, the key goes into escrow
        return told

    def of(self, subject: SubjectId, on: date | None = None) -> Home:
        """Return what is known of where a person lives on a day, by default today.

        Raises:
            NotFound: no such subject.
        """
        with self._records.read() as work:
            person = subject_rows.get(work, subject)
            held = rows.of(work, subject)
            found = {fact.number: rows.document_sha256(work, fact) for fact in held.facts}
            day = on or latest_date(work.now)
            law = self._law.of_subject(replace(person, residency=held.key(day)), now=work.now)
        return Home(
            residency=held,
            on=day,
            current=tuple(sorted(held.current(day))),
            former=tuple(sorted(held.former(day))),
            ever=tuple(sorted(held.ever())),
            days={region: held.days(region, day) for region in sorted(held.ever())},
            unknown=held.unknown(day),
            packs=tuple(pack.id for pack in law.packs),
            documents={number: digest for number, digest in found.items() if digest is not None},
        )
