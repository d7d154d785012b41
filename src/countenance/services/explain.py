# SPDX-License-Identifier: Apache-2.0
"""Explain: why a decision is made as it is, by the rules that make it, and from which law file each value comes.

Nothing is decided here and nothing permitted: the rules are weighed, all of them, on the facts of this moment.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select

from countenance.clock import from_text
from countenance.errors import BadInput, NotFound
from countenance.ids import ClientId, SourceId, SubjectId
from countenance.model.event import EventTag
from countenance.model.purpose import Purpose
from countenance.model.search import ProbeBasis
from countenance.model.source import Source
from countenance.policy import engine
from countenance.policy.engine import Disclosure, Enrolment, Facts, ProbeUse, Service, best_release
from countenance.policy.pack import Law
from countenance.policy.rules import Weighed
from countenance.policy.schema import CORE, SCHEMA, Value
from countenance.services.law import LawBook
from countenance.services.register import barred_by
from countenance.services.results import shown
from countenance.store import clients as client_rows
from countenance.store import photos as photo_rows
from countenance.store import schema
from countenance.store import subjects as subject_rows
from countenance.store.records import Records, Transaction
from countenance.store.results import overdue

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_UNNAMED = Source(SourceId("(any)"), "", "the permission of the source", None, None, None, _LONG_AGO)


@dataclass(frozen=True)
class Part:
    """One question that was asked of the law, and what every rule says to it.

    Attributes:
        question: such as `enrol` or `disclose`.
        packs: ids of the law files that apply, each with its version.
    """

    question: str
    packs: tuple[str, ...]
    rules: tuple[Weighed, ...]

    @property
    def denied_by(self) -> Weighed | None:
        """The first rule that is not met: what the refusal names; None where all are met."""
        return next((rule for rule in self.rules if rule.missing is not None), None)


@dataclass(frozen=True)
class KeyValue:
    """Where the value of one key comes from.

    Attributes:
        said: by law file that sets it: its value and its citation.
        citation: of what prevailed.
    """

    key: str
    value: Value
    core: Value
    said: tuple[tuple[str, Value, str], ...]
    citation: str


@dataclass(frozen=True)
class EventReason:
    """Why a refusal in the log was one.

    Attributes:
        known: False where the rule is no rule of the policy engine, such as one about two persons.
    """

    index: int
    at: datetime
    tag: str
    rule: str
    key: str
    remedy: str
    citation: str
    known: bool


class Explain:
    """Verbs that explain; each look is logged."""

    def __init__(self, records: Records, law: LawBook) -> None:
        self._records = records
        self._law = law

    def enrol(self, subject: SubjectId, source: SourceId | None = None) -> list[Part]:
        """Explain whether a face of a subject would become a reference now.

        Args:
            source: where the photo came from; without one, what a source must have is left out.

        Raises:
            NotFound: no such subject or source.
        """
        with self._records.write() as work:
            person = subject_rows.get(work, subject)
            origin = _UNNAMED if source is None else photo_rows.get_source(work, source)
            release = best_release(subject_rows.releases(work, subject).get(subject, []), work.now)
            facts = Enrolment("(a face)", work.now, person, release, origin, _published(work))
            law = self._law.of_subject(person, () if source is None else [origin], now=work.now)
            part = _part("enrol", facts, law)
            if source is None:
                part = Part("enrol", part.packs, tuple(r for r in part.rules if not r.rule_id.startswith("source.")))
            work.log(EventTag.LAW_EXPLAINED, subject=subject, action="enrol")
            return [part]

    def search(
        self,
        client: ClientId,
        purpose: Purpose,
        *,
        basis: ProbeBasis = ProbeBasis.SUBJECT_PRESENT,
        authorisation: str | None = None,
        subject: SubjectId | None = None,
    ) -> list[Part]:
        """Explain whether a search would be answered now, and whether it could show a subject.

        Raises:
            NotFound: no such client or subject.
        """
        with self._records.write() as work:
            who = client_rows.get(work, client)
            served = Service(who, work.now, barred_by(work, who), overdue(work, client))
            use = ProbeUse("probe", work.now, who, purpose, basis, _published(work), shown(authorisation))
            parts = [
                _part("serve the client", served, self._law.of_client(who)),
                _part("encode the probe", use, self._law.of_probe()),
            ]
            if subject is not None:
                person = subject_rows.get(work, subject)
                law = self._law.of_subject(person, now=work.now)
                release = best_release(subject_rows.releases(work, subject).get(subject, []), work.now)
                if release is None:
                    raise BadInput(f"{subject} has signed no release, so nobody may be shown this person")
                parts.append(_part("show the subject", Disclosure(work.now, person, release, who, purpose), law))
            work.log(EventTag.LAW_EXPLAINED, subject=subject, action="search", client=client, purpose=purpose.value)
            return parts

    def key(self, name: str, subject: SubjectId | None = None) -> KeyValue:
        """Explain where the value of a key comes from, for a subject or for somebody of whom nothing is known.

        Raises:
            NotFound: no such key or subject.
        """
        if name not in SCHEMA:
            raise NotFound(f"no key {name}; docs/formats/pack.md lists them")
        with self._records.write() as work:
            law = self._law.of_probe()
            if subject is not None:
                law = self._law.of_subject(subject_rows.get(work, subject), now=work.now)
            work.log(EventTag.LAW_EXPLAINED, subject=subject, action="key", key=name)
        said = tuple((p.id, p.values[name], p.cite(name)) for p in law.packs if name in p.values)
        return KeyValue(name, law.values[name], CORE[name], said, law.cite(name))

    def event(self, index: int) -> EventReason:
        """Explain a refusal that stands in the log, by its place from 0, as `ledger show` prints it.

        Raises:
            NotFound: the log has no such entry.
            BadInput: the entry is no refusal.
        """
        table = schema.event
        with self._records.write() as work:
            row = work.connection.execute(select(table).where(table.c.number == index + 1)).first()
            if row is None:
                raise NotFound(f"the log has no entry {index}; `countenance ledger show` prints it")
            rule_id = json.loads(row.payload).get("rule")
            if not rule_id:
                raise BadInput(f"entry {index} ({row.tag}) is no refusal")
            law = self._law.of_probe()
            if row.subject is not None and subject_rows.exists(work, row.subject):
                law = self._law.of_subject(subject_rows.get(work, row.subject), now=work.now)
            work.log(EventTag.LAW_EXPLAINED, action="event", event=index)
        rule = engine.rules().get(rule_id)
        key = "" if rule is None else rule.key
        remedy = "" if rule is None else rule.remedy
        cited = "core" if rule is None else law.cite(rule.key)
        return EventReason(index, from_text(row.at), row.tag, rule_id, key, remedy, cited, rule is not None)


def _part(question: str, facts: Facts, law: Law) -> Part:
    return Part(question, tuple(f"{pack.id} {pack.version}" for pack in law.packs), engine.explain(facts, law))


def _published(work: Transaction) -> datetime | None:
    policy = subject_rows.current_policy(work)
    return None if policy is None else policy.published_at
