# SPDX-License-Identifier: Apache-2.0
"""Subjects: add them, record their signed releases, show what is held, withdraw."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from countenance.errors import BadInput, InvalidRelease, Refused
from countenance.ids import NoticeId, ReleaseId, SubjectId, new_id
from countenance.model.civil import latest_date
from countenance.model.consent import ConsentStatus, Delivered, Release, ReleaseEvent, Scope, SignatureMethod
from countenance.model.event import EventTag
from countenance.model.place import UNKNOWN, place
from countenance.model.purpose import Purpose
from countenance.model.residency import Evidence, Residency, ResidencyFact
from countenance.model.signing import Act
from countenance.model.source import FaceRecord
from countenance.model.subject import AgeBand, Subject
from countenance.policy import notice as notices
from countenance.policy.engine import longest_term
from countenance.policy.pack import Law
from countenance.policy.set_back import deny_set_back
from countenance.services.law import LawBook
from countenance.services.order_gate import barred_by
from countenance.services.release_act import Draft, ReleaseTerms, evidence, wrong_signer
from countenance.store import clients as client_rows
from countenance.store import photos as photo_rows
from countenance.store import residency as residency_rows
from countenance.store import subjects as rows
from countenance.store.clients import Finding
from countenance.store.records import Records, Transaction, settings

_ID = re.compile(r"[a-z]{3}_[0-9a-z]+")


@dataclass(frozen=True)
class Holdings:
    """What is held of one subject, and who found this person."""

    subject: Subject
    releases: tuple[tuple[Release, ConsentStatus], ...]
    faces: tuple[FaceRecord, ...]
    findings: tuple[Finding, ...]


class Subjects:
    """Verbs on subjects and their releases."""

    def __init__(self, records: Records, law: LawBook, spread: Callable[[], object]) -> None:
        self._records = records
        self._law = law
        self._spread = spread  # sends tombstones to the backups

    def add(
        self,
        label: str,
        *,
        residency: Sequence[str],
        age_band: AgeBand = AgeBand.ADULT,
        representative: str | None = None,
    ) -> Subject:
        """Add a subject; nothing of the person is collected before a release is signed.

        Args:
            label: the operator's name for the person; names in photo metadata are looked up in it.
            residency: place codes such as `US-IL`, or `unknown`.

        Raises:
            BadInput: an empty label, a place that is no place code, an adult with a representative.
        """
        if not label.strip():
            raise BadInput("a subject needs a label")
        if representative is not None and age_band is AgeBand.ADULT:
            raise BadInput("only a minor has a representative; add --age-band minor")
        places = tuple(dict.fromkeys(place(code) for code in residency)) or (UNKNOWN,)
        with self._records.write() as work:
            one = SubjectId(new_id("sub"))
            stated = () if places == (UNKNOWN,) else places
            facts = [ResidencyFact(0, one, code, None, None, Evidence.DECLARED, work.now) for code in stated]
            subject = Subject(
                id=one,
                label=label.strip(),
                residency=Residency(tuple(facts)).key(latest_date(work.now)),
                age_band=age_band,
                representative=representative,
                created_at=work.now,
            )
            work.keyring.create([subject.id])
            rows.add(work, subject)
            residency_rows.add(work, facts)
            work.log(EventTag.SUBJECT_ADDED, subject=subject.id, residency=list(places), age_band=age_band.value)
        return subject

    def everyone(self) -> list[Subject]:
        """Return all subjects, oldest first; the look is logged."""
        with self._records.write() as work:
            found = rows.everyone(work)
            work.log(EventTag.SUBJECTS_LISTED, subjects=len(found))
            return found

    def deliver_notice(self, subject: SubjectId, terms: ReleaseTerms) -> Draft:
        """Write the notice that the applicable law asks for, and record that it was delivered.

        Raises:
            NotFound: no such subject or client.
            InvalidRelease: the terms lack something; lists the notice fields, nothing was delivered.
            Refused: the machine's clock was set back; logged.
        """
        self.mind_clock(subject)
        with self._records.write() as work:
            person = rows.get(work, subject)
            law = self._law.of_subject(person, now=work.now)
            denial = self._unsignable(work, person, terms, law)
            if denial is None:
                return self._deliver(work, person, terms, law)
            work.log(EventTag.RELEASE_REFUSED, subject=subject, missing=list(denial.missing))
        raise denial

    def sign(self, draft: Draft, *, signer: str, method: SignatureMethod = SignatureMethod.TYPED) -> Release:
        """Record the electronic signature under a delivered notice.

        Args:
            signer: the name as typed; for a minor, the recorded representative's.
            method: how it was signed.

        Raises:
            InvalidRelease: no name, or for a minor not the representative's.
            Refused: the machine's clock was set back; logged.
        """
        self.mind_clock(draft.subject)
        act = Act(signer, method)
        with self._records.write() as work:
            denial = self.unsignable(work, draft, act)
            if denial is None:
                return self.record(work, draft, act)
            work.log(EventTag.RELEASE_REFUSED, subject=draft.subject, missing=list(denial.missing))
        raise denial

    def unsignable(self, work: Transaction, draft: Draft, act: Act) -> InvalidRelease | None:
        """Return why a delivered notice cannot be signed so, or not any more; None where it can."""
        person = rows.get(work, draft.subject)
        stopped = _stopped(work, person)
        if stopped:
            return InvalidRelease(tuple(stopped), f"nobody can sign this now; it needs {'; '.join(stopped.values())}")
        return wrong_signer(person, act.signer)

    def record(self, work: Transaction, draft: Draft, act: Act) -> Release:
        """Record, in somebody's unit of work, a signature that `unsignable` finds no fault with."""
        return self._sign(work, rows.get(work, draft.subject), draft, act)

    def show(self, subject: SubjectId, *, own: bool = False) -> Holdings:
        """Return what is held of a subject and who searched and found this person; the look is logged.

        Args:
            own: it is this person who looks.

        Raises:
            NotFound: no such subject.
        """
        with self._records.write() as work:
            person = rows.get(work, subject)
            signed = rows.releases(work, subject).get(subject, [])
            work.log(EventTag.OWN_SHOWN if own else EventTag.SUBJECT_SHOWN, subject=subject)
            return Holdings(
                subject=person,
                releases=tuple((release, release.status(work.now)) for release in signed),
                faces=tuple(photo_rows.faces(work, subject=subject)),
                findings=tuple(client_rows.findings(work, subject)),
            )

    def withdraw(self, subject: SubjectId) -> datetime:
        """Withdraw every live release and freeze the subject; in force when this returns.

        Withdrawn releases get a tombstone, so that no backup from before makes the person searchable again.

        Returns:
            Since when the subject is frozen.

        Raises:
            NotFound: no such subject.
        """
        with self._records.write() as work:
            rows.get(work, subject)
            signed = rows.releases(work, subject).get(subject, [])
            work.keyring.bury((work.keyring.tag(release.id) for release in signed), work.now)
            for release in signed:
                if release.status(work.now) in (ConsentStatus.GIVEN, ConsentStatus.NEEDS_RENEWAL):
                    event = ReleaseEvent(ConsentStatus.WITHDRAWN, work.now)
                    rows.add_release_event(work, release.id, event)
            frozen_at = rows.freeze(work, subject)
            work.log(EventTag.SUBJECT_FROZEN, subject=subject)
        self._spread()
        return frozen_at

    def mind_clock(self, subject: SubjectId) -> None:
        """Refuse, and log it, where the clock was set back: no consent is recorded then."""
        with self._records.write() as work:
            denial = deny_set_back(work.behind)
            if denial is None:
                return
            work.log(EventTag.RELEASE_REFUSED, subject=subject, rule=denial.rule_id)
        raise Refused(denial.rule_id, denial.reason, denial.citation)

    def invalidate(self, release: ReleaseId, *, order: str) -> Release:
        """Record that an authority found a release void; in force when this returns.

        Who has no other release in force is frozen: what was made under a void release is used no more.

        Args:
            order: id of the order or instrument that says so.

        Raises:
            NotFound: no such release.
            BadInput: it is not in force, or the order is no id.
        """
        if not _ID.fullmatch(order):
            raise BadInput("name the order by its id (--order), such as ord_7k2m0q9x4t8b5c1d: no free text is logged")
        with self._records.write() as work:
            subject = rows.signer_of(work, release)
            signed = {one.id: one for one in rows.releases(work, subject)[subject]}
            if signed[release].status(work.now) is not ConsentStatus.GIVEN:
                raise BadInput(f"release {release} is {signed[release].status(work.now).value}: nothing to invalidate")
            work.keyring.bury([work.keyring.tag(release)], work.now)
            rows.add_release_event(work, release, ReleaseEvent(ConsentStatus.INVALIDATED, work.now))
            others = [one for one in signed.values() if one.id != release]
            if not any(one.status(work.now) is ConsentStatus.GIVEN for one in others):
                rows.freeze(work, subject)
            work.log(EventTag.RELEASE_INVALIDATED, subject=subject, release=release, order=order)
            found = next(one for one in rows.releases(work, subject)[subject] if one.id == release)
        self._spread()
        return found

    def _unsignable(self, work: Transaction, subject: Subject, terms: ReleaseTerms, law: Law) -> InvalidRelease | None:
        """Return what the terms lack, by notice field, or None."""
        for client in terms.clients:
            client_rows.get(work, client)
        problems: dict[str, str] = {}
        if not terms.purposes:
            problems["n2"] = "a specific purpose (--purpose)"
        longest = longest_term(law).days
        if terms.term_days is None:
            problems["n3"] = f"the length of the term (--term-days, at most {longest})"
        elif not 1 <= terms.term_days <= longest:
            problems["n3"] = f"a term of 1 to {longest} days under {law.cite('consent.max_age_days')}"
        if not terms.clients and not terms.kinds and terms.purposes != {Purpose.EVALUATION}:
            problems["n5"] = "who may search (--client or --client-kind)"
        if rows.current_policy(work) is None:
            problems["n9"] = "a public policy (`countenance init` publishes it)"
        problems |= _stopped(work, subject)
        if subject.age_band is AgeBand.MINOR and law.choice("basis.minors") == "deny":
            problems["minor"] = f"an adult; {law.cite('basis.minors')} allows no minors"
        if not problems:
            return None
        listed = "; ".join(f"{code}: {text}" for code, text in problems.items())
        return InvalidRelease(tuple(problems), f"the release is incomplete and was not recorded. It needs {listed}")

    def _deliver(self, work: Transaction, subject: Subject, terms: ReleaseTerms, law: Law) -> Draft:
        policy = rows.current_policy(work)
        if policy is None or terms.term_days is None:
            raise RuntimeError("checked by _unsignable")
        known = settings(work)
        facts = notices.NoticeFacts(
            controller=known["operator"],
            contact=known["contact"],
            purposes=tuple(sorted(terms.purposes)),
            recipients=(
                *(client_rows.get(work, client).name for client in sorted(terms.clients)),
                *(f"any vetted client of the kind {kind}" for kind in sorted(terms.kinds)),
            )
            or ("nobody: no client may search for this purpose",),
            term_start=work.now.date(),
            term_end=(work.now + timedelta(days=terms.term_days)).date(),
            withdrawal=f"Tell {known['operator']} in any way you like; no reason and no photo is needed. "
            "It is in force in the very next search.",
            complaints="The privacy or consumer protection authority of the place where you live.",
            storage=f"On {known['operator']}'s own machine, encrypted under a key that is yours alone.",
            policy_url=known["policy_url"],
            policy_version=policy.sha256[:12],
            policy_sha256=policy.sha256,
            sources=("Photos that the operator has permission to collect, in which you were pointed out.",),
            alternative=f"Ask {known['operator']} to look through the photos by eye; it costs you nothing.",
        )
        fields, separate = (self._law.widest(law, key) for key in ("notice.fields", "consent.separate_for"))
        text = notices.compose(fields, facts, separate)
        draft = Draft(subject.id, NoticeId(new_id("not")), text, terms, policy.sha256, fields, separate)
        rows.add_notice(work, draft.notice, subject.id, text)
        work.log(EventTag.NOTICE_DELIVERED, subject=subject.id, notice=draft.notice, law=law.digest)
        return draft

    def _sign(self, work: Transaction, subject: Subject, draft: Draft, act: Act) -> Release:
        policy = rows.current_policy(work)
        if policy is None or draft.terms.term_days is None:
            raise RuntimeError("a draft comes from deliver_notice")
        law = self._law.of_subject(subject, now=work.now)
        release = Release(
            id=ReleaseId(new_id("rel")),
            subject=subject.id,
            notice=draft.notice,
            policy_published_at=policy.published_at,
            delivered_at=work.now,  # read back from the notice; see store.subjects.releases
            signed_at=work.now,
            term_end=work.now + timedelta(days=draft.terms.term_days),
            signer_is_representative=subject.age_band is AgeBand.MINOR,
            scope=Scope(draft.terms.purposes, draft.terms.clients, draft.terms.kinds),
            law=law.digest,
            events=(
                ReleaseEvent(ConsentStatus.REQUESTED, work.now),
                ReleaseEvent(ConsentStatus.GIVEN, work.now),
            ),
            delivered=Delivered(draft.fields, act.method.form, draft.separate),
        )
        proof = evidence(release, draft, law, act)
        rows.add_release(work, release, policy.sha256, proof)
        work.log_evidence(
            EventTag.RELEASE_SIGNED,
            proof,
            subject=subject.id,
            release=release.id,
            notice=draft.notice,
            policy=policy.sha256,
            law=law.digest,
            packs=[pack.id for pack in law.packs],
        )
        return rows.releases(work, subject.id)[subject.id][-1]


def _stopped(work: Transaction, subject: Subject) -> dict[str, str]:
    """Return what keeps somebody from signing, whatever the terms are."""
    found = {}
    order = barred_by(work, subject.id)
    if order is not None:
        found["order"] = f"an order that allows new releases; {order.id} stops collection from this person"
    if subject.frozen_at is not None:
        found["subject"] = "a subject that is not frozen"
    return found
