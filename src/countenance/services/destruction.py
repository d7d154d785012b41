# SPDX-License-Identifier: Apache-2.0
"""Destruction: plan, freeze, approve, execute, verify, certify. A run that was killed goes on where it stopped.

Keys die before rows: whatever a crash leaves behind cannot be read. No return code makes a certificate: what a fresh
process, a scan of raw bytes and a search with the destroyed faceprints find does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock

from countenance.clock import to_text
from countenance.errors import BadInput, NotFound, Refused
from countenance.ids import CertificateId, PhotoId, RunId, new_id
from countenance.ledger import document
from countenance.ledger.certificate import PARTIAL, Check, Declarant
from countenance.model.destruction import Run, RunState, Scope, TargetKind
from countenance.model.event import EventTag
from countenance.ports.photos import PhotoReader
from countenance.services import aftermath, certify, run_plan
from countenance.services.certify import Deferred, Verified
from countenance.services.exclusive import exclusive
from countenance.services.gallery import LiveGallery
from countenance.services.holds import HOLD_RULE, all_held, hold_back, under_hold
from countenance.services.journal import Journal
from countenance.services.law import LawBook
from countenance.services.masking import mask
from countenance.services.order_gate import mind_orders
from countenance.services.verification import Progress, Verifications
from countenance.store import certificates, log, orders
from countenance.store import photos as photo_rows
from countenance.store import runs as rows
from countenance.store import subjects as subject_rows
from countenance.store.records import Records, Transaction, owners, settings
from countenance.store.requests import waiting


@dataclass(frozen=True)
class Finished:
    """A run and its newest certificate; None while it waits for approval or has failed."""

    run: Run
    certificate: CertificateId | None = None
    title: str | None = None
    document: bytes | None = None


class Destruction:
    """Verbs on destruction runs."""

    def __init__(
        self,
        records: Records,
        law: LawBook,
        reader: PhotoReader,
        gallery: LiveGallery,
        journal: Journal,
        verification: Verifications,
        backups: Callable[[datetime], list[Deferred]],
        lock: Path,
    ) -> None:
        self._records = records
        self._law = law
        self._reader = reader
        self._gallery = gallery
        self._journal = journal
        self._verification = verification
        self._backups = backups
        self._lock = lock
        self._turn = Lock()

    def plan(self, scope: Scope, *, requested_by: str, order_ref: str = "request", two: bool = False) -> Run:
        """Record what is to be destroyed and count it; nothing is frozen or destroyed yet.

        Args:
            requested_by: the account that asks.
            order_ref: the request, order or rule behind it.
            two: a second person approves it, whatever the law of the people says, as for an order; where all of it
                is under a hold, it waits until that is lifted.

        Raises:
            NotFound: a subject, photo or source does not exist.
            BadInput: nothing was named, or by nobody.
            Refused: all of it is under a legal hold, and no order waits for its end; logged.
        """
        if not requested_by.strip():
            raise BadInput("say who asks for the destruction (--by)")
        with self._records.write() as work:
            targets = self._targets(work, scope)
            held = {kind: under_hold(work, kind, ids) for kind, ids in targets.items()}
            if two or not any(held.values()) or any(set(targets[kind]) - set(held[kind]) for kind in targets):
                return self._add(work, scope, targets, held, (requested_by.strip(), order_ref, two))
            work.log(EventTag.RUN_REFUSED, rule=HOLD_RULE)
        raise all_held()

    def _add(
        self,
        work: Transaction,
        scope: Scope,
        targets: Mapping[TargetKind, list[str]],
        held: Mapping[TargetKind, list[str]],
        asked: tuple[str, str, bool],
    ) -> Run:
        run = Run(
            id=RunId(new_id("run")),
            state=RunState.PLANNED,
            scope_text=scope.text,
            source=scope.source,
            order_ref=asked[1],
            requested_by=asked[0],
            approved_by=None,
            needs_approval=asked[2],
            created_at=work.now,
            frozen_at=None,
            started_at=None,
        )
        rows.add(work, run)
        for kind, ids in targets.items():
            rows.add_targets(work, run.id, kind, set(ids) - set(held[kind]))
            rows.add_targets(work, run.id, TargetKind.HELD, held[kind])
        run_plan.note_law(work, self._law, run.id)
        run_plan.snapshot(work, run.id)
        work.log(EventTag.RUN_PLANNED, run=run.id, targets=rows.counts(work, run.id))
        return rows.get(work, run.id)

    def freeze(self, run: RunId) -> Run:
        """Freeze every target, in force when this returns, and take the snapshot that is executed.

        Raises:
            NotFound: no such run.
        """
        with self._records.write() as work:
            now = rows.get(work, run)
            if now.state is not RunState.PLANNED:
                return now
            rows.freeze(work, run)
            run_plan.snapshot(work, run)
            rows.move(work, run, RunState.FROZEN, frozen_at=to_text(work.now))
            work.log(EventTag.RUN_FROZEN, run=run)
            if not now.needs_approval:
                rows.move(work, run, RunState.APPROVED)
            return rows.get(work, run)

    def approve(self, run: RunId, *, by: str) -> Run:
        """Approve a frozen run as a second person.

        Raises:
            NotFound: no such run.
            BadInput: it does not wait for approval.
            Refused: the approver asked for it; logged.
        """
        mind_orders(self._records, run)
        with self._records.write() as work:
            now = rows.get(work, run)
            if now.state is not RunState.FROZEN:
                raise BadInput(f"run {run} does not wait for approval: it is {now.state.value}")
            same = by.strip().casefold() == now.requested_by.casefold()
            if same or not by.strip():
                work.log(EventTag.RUN_REFUSED, run=run, rule="destroy.dual_control")
            else:
                rows.move(work, run, RunState.APPROVED, sealed_approved_by=rows.seal_approver(work, run, by.strip()))
                work.log(EventTag.RUN_APPROVED, run=run)
                return rows.get(work, run)
        raise Refused(
            "destroy.dual_control",
            "a run is approved by somebody else than who asked for it (--by)",
            self._law.of_probe().cite("audit.dual_control"),
        )

    def resume(self, run: RunId, *, declarant: Declarant | None = None, progress: Progress | None = None) -> Finished:
        """Take a run as far as it goes: freeze, execute, verify, certify.

        One that is certified as partial is verified anew, and its certificate superseded; as is one that gets
        another declarant. What a hold kept from it is destroyed too, once the hold is lifted.

        Args:
            declarant: who declares the certificate under penalty of perjury; by default nobody does.

        Returns:
            The run, certified; or frozen where it waits for approval; or failed, with the problems.

        Raises:
            NotFound: no such run.
            Refused: all of it came under a legal hold since; logged.
            Busy: another process destroys, or reads the databases, so that old bytes would stay; resume it later.
        """
        with self._turn, exclusive(self._lock, "another destruction"):  # two would disturb each other's verification
            return self._resume(run, declarant, progress or (lambda _step, _done, _total: None))

    def _resume(self, run: RunId, declarant: Declarant | None, report: Progress) -> Finished:
        mind_orders(self._records, run)
        self.freeze(run)
        now = self._mind_holds(run)
        if now.state is RunState.FROZEN or (
            now.state is RunState.CERTIFIED and declarant is None and self.status(run).title != PARTIAL
        ):
            return self.status(run)
        evidence = self._verification.remember(run)
        try:
            if now.state is RunState.CERTIFIED:
                with self._records.write() as work:
                    rows.move(work, run, RunState.VERIFYING)
            elif now.state is not RunState.VERIFYING:
                self._execute(run, report)
            verified = self._verification.verify(run, evidence, report)
        finally:
            evidence.wipe()
        return self._close(run, verified, declarant)

    def destroy(
        self,
        scope: Scope,
        *,
        requested_by: str,
        order_ref: str = "request",
        two: bool = False,
        declarant: Declarant | None = None,
        progress: Progress | None = None,
    ) -> Finished:
        """Destroy everything in a scope; a run of the same scope that was interrupted is taken up again.

        What was destroyed before is destroyed: the finished run is returned. Photo files of the sources are never
        touched.

        Args:
            two: as for `plan`.

        Raises:
            NotFound, BadInput, Busy: as `plan` and `resume`.
        """
        run = self.prepare(scope, requested_by=requested_by, order_ref=order_ref, two=two)
        if run.state is RunState.CERTIFIED:
            return self.status(run.id)
        return self.resume(run.id, declarant=declarant, progress=progress)

    def prepare(self, scope: Scope, *, requested_by: str, order_ref: str = "request", two: bool = False) -> Run:
        """Return the run of a scope that did not come to its end, or a new one; planned, nothing is destroyed yet.

        Where all of it was destroyed before, that is the certified run.

        Raises:
            NotFound, BadInput, Refused: as `plan`.
        """
        with self._records.write() as work:
            for one in waiting(work) & set(scope.subjects):  # the run waits for the person's request, frozen
                subject_rows.freeze(work, one)
            runs = [one for one in rows.all_runs(work) if one.state is not RunState.CANCELLED]
            same = [one for one in runs if rows.is_of(work, one, scope)]
            exists = scope.source is not None or any(subject_rows.exists(work, one) for one in scope.subjects)
            exists = exists or (scope.photo is not None and photo_rows.exists(work, PhotoId(scope.photo)))
        if not same or (same[-1].state is RunState.CERTIFIED and exists):
            return self.plan(scope, requested_by=requested_by, order_ref=order_ref, two=two)
        return same[-1]

    def status(self, run: RunId) -> Finished:
        """Return a run and its newest certificate.

        Raises:
            NotFound: no such run.
        """
        with self._records.read() as work:
            found = rows.get(work, run)
            signed = certificates.of_run(work, run)
        return Finished(found, *signed[-1]) if signed else Finished(found)

    def residues(self) -> tuple[list[Check], list[str]]:
        """Return what a scan of the data directory finds, with how much of it is right, and files without a store."""
        return self._verification.residues()

    def runs(self) -> list[Run]:
        """Return all runs, oldest first."""
        with self._records.read() as work:
            return rows.all_runs(work)

    def _targets(self, work: Transaction, scope: Scope) -> dict[TargetKind, list[str]]:
        if scope.photo is not None:
            photo_rows.get_photo(work, PhotoId(scope.photo))
            return {TargetKind.PHOTO: [scope.photo]}
        if scope.source is not None:
            photo_rows.get_source(work, scope.source)
            only, elsewhere = rows.photos_from(work, scope.source)
            return {TargetKind.PHOTO: only, TargetKind.LINK: elsewhere}
        if not scope.subjects:
            raise BadInput("name what is to be destroyed: a subject, --photo, --source or --all-of")
        missing = [one for one in scope.subjects if not subject_rows.exists(work, one)]
        if missing:
            raise NotFound(f"no subject {', '.join(missing[:5])}; `countenance subject list` shows them")
        return {TargetKind.SUBJECT: list(scope.subjects)}

    def _mind_holds(self, run: RunId) -> Run:
        """Take out what came under a hold, and in what is held no more; return the run.

        Raises:
            Refused: all of it is under a hold; the run waits as it is.
        """
        with self._records.write() as work:
            if run_plan.mind_holds(work, self._law, run):
                return rows.get(work, run)
            work.log(EventTag.RUN_REFUSED, run=run, rule=HOLD_RULE)
        raise all_held()

    def _execute(self, run: RunId, report: Progress) -> None:
        if self.status(run).run.state is RunState.APPROVED:
            report("copying the records for a restore test", 0, 1)
            self._verification.restore_test.prepare()
        with self._records.write() as work:
            state = rows.get(work, run).state
            if not hold_back(work, run):
                raise all_held()
            if state is RunState.APPROVED:
                run_plan.snapshot(work, run)  # photos of frozen people may have come while it waited for approval
                run_plan.count_all(work, run)
                rows.move(work, run, RunState.EXECUTING, started_at=to_text(work.now))
            elif state is RunState.FAILED:
                rows.move(work, run, RunState.EXECUTING)
            aftermath.provide(work, self._law, run)
            orphans = work.keyring.owners() - owners(work)
            references = rows.references(work, run)
        self._gallery.erase(references)
        old_keys = mask(self._records, self._reader, run, report)
        report("destroying keys", 0, 1)
        with self._records.read() as work:
            # Faces too, though they have no keys: their tombstones bar a photo of a living person from a restore.
            dead = rows.doomed_keys(work, run) | set(rows.doomed_faces(work, run)) | old_keys | orphans
            now = work.now
        self._records.keyring.destroy(dead, now)
        report("deleting rows", 0, 1)
        with self._records.write() as work:
            subjects = rows.living(work, run)
            rows.delete_rows(work, run)
            work.log_all(EventTag.SUBJECT_DESTROYED, subjects, run=run)
            for kind in TargetKind:
                rows.finish(work, run, kind)
            rows.move(work, run, RunState.VERIFYING)
            work.log(EventTag.RUN_EXECUTED, run=run)
        report("deleting rows", 1, 1)

    def _close(self, run: RunId, verified: Verified, declarant: Declarant | None) -> Finished:
        """Certify what was found, or record why not."""
        wrong = [
            f"{c.name}: {c.observed} where {c.expected} are right" for c in verified.checks if c.observed != c.expected
        ]
        deferred = self._backups(self.status(run).run.started_at or self._records.clock.now())
        with self._records.write() as work:
            now = rows.get(work, run)
            if wrong:
                rows.move(work, run, RunState.FAILED, problems=json.dumps([*wrong, *verified.named]))
                work.log(EventTag.RUN_FAILED, run=run, problems=len(wrong))
                return Finished(rows.get(work, run))
            earlier = certificates.of_run(work, run)
            certificate = certify.make(
                now,
                operator=settings(work)["operator"],
                targets=rows.targets(work, run, TargetKind.SUBJECT)
                or [*rows.targets(work, run, TargetKind.PHOTO), *rows.targets(work, run, TargetKind.LINK)],
                held=rows.targets(work, run, TargetKind.HELD),
                unknown=orders.unknown_in(work, run),
                verified=verified,
                aftermath=aftermath.read(work, run),
                deferred=deferred,
                declarant=declarant,
                ids=(new_id("cer"), new_id("ver")),
                supersedes=earlier[-1][0] if earlier else None,
                now=work.now,
            )
            index = log.append(
                work.connection,
                work.keyring,
                work.now,
                (
                    EventTag.CERTIFICATE_SIGNED,
                    None,
                    {"certificate": certificate.id, "run": run, "title": certificate.title},
                ),
                record=certificate.body(),
                salt=bytes.fromhex(certificate.salt),
            )
            proof = self._journal.proof_of(work, index)
            signed = document.write(certificate.body(), [self._journal.signer(work)], proof)
            rows.move(work, run, RunState.CERTIFIED, problems="[]")
            certificates.add(work, CertificateId(certificate.id), run, certificate.title, signed)
        return self.status(run)
