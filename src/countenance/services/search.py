# SPDX-License-Identifier: Apache-2.0
"""Search by photo: decide, encode in memory, compare with what this client may see, log, answer, forget.

The log entry is committed before the answer leaves. In that same transaction the view is taken again: a
withdrawal that came during the search wins. The probe is overwritten whatever happens.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from countenance.clock import to_text
from countenance.errors import BadPhoto, Refused
from countenance.ids import ClientId, SearchId, new_id
from countenance.model.client import Client
from countenance.model.event import EventTag
from countenance.model.face import Crop
from countenance.model.faceprint import Faceprint
from countenance.model.probe import Look
from countenance.model.purpose import Purpose
from countenance.model.quota import Use
from countenance.model.search import Candidate, ProbeBasis, SearchResult, Verification
from countenance.model.threshold import Threshold, shown_score
from countenance.policy.engine import ProbeUse, Service, decide_probe, deny_service
from countenance.policy.permit import Deny, Permit
from countenance.policy.set_back import deny_set_back
from countenance.ports.photos import PhotoReader
from countenance.ports.vision import FacePack
from countenance.services.accuracy import too_old
from countenance.services.flags import watch, watch_search
from countenance.services.gallery import LiveGallery, View
from countenance.services.law import LawBook
from countenance.services.metering import charge
from countenance.services.probes import chosen_face, described, from_left
from countenance.services.ranking import Scored, ranked
from countenance.services.register import barred_by
from countenance.services.results import account_code, note_authorisation, shown, with_confirmations
from countenance.services.tails import tail_in_use
from countenance.store import clients as rows
from countenance.store import photos as photo_rows
from countenance.store import subjects as subject_rows
from countenance.store.clients import SearchRecord
from countenance.store.records import Records, Transaction
from countenance.store.results import overdue
from countenance.store.searches import add_key
from countenance.vision.calibration import Tail
from countenance.vision.quality import PROBE, assess

_Read = TypeVar("_Read")
VERIFY_FMR = 0.001  # one-to-one: one pair of strangers in a thousand may pass; a client's stricter FPIR prevails


@dataclass(frozen=True)
class Request:
    """Who searches, why and on what basis.

    Attributes:
        operator: the account of the person who acts for the client.
        authorisation: of law enforcement: the warrant's or decision's reference; `pending` where it was asked for.
        key: by which the request is known if it comes twice; None where nobody asks.
        case: the number of the case that it is made for; sealed at rest.
        request_id: the server's number of the request; joins the log's entry with a line of the server's.
    """

    client: ClientId
    purpose: Purpose
    basis: ProbeBasis
    operator: str
    authorisation: str | None = None
    key: str | None = None
    case: str | None = None
    request_id: str | None = None


class _Ground(NamedTuple):
    """What a search stands on at one moment."""

    tail: Tail
    view: View


class Searches:
    """Verbs of a client's searcher."""

    def __init__(
        self,
        records: Records,
        law: LawBook,
        reader: PhotoReader,
        pack: Callable[[], FacePack],
        gallery: LiveGallery,
    ) -> None:
        self._records = records
        self._law = law
        self._reader = reader
        self._pack = pack
        self._gallery = gallery

    def search(self, probe: bytes, request: Request, *, face: int | None = None) -> SearchResult:
        """Return who, of those this client may see, the probe may show; an empty list is nobody.

        Args:
            probe: the bytes of a photo.
            face: which face, from 1 from the left, where the photo shows several.

        Raises:
            NotFound: no such client.
            Refused: the policy engine says no; logged.
            TooMany: the client's quota is used up; logged.
            Damaged: its meter cannot be read, so nothing is searched; logged.
            BadPhoto: not a usable photo, `no_face`, `several_faces`, or a reason of the quality gate.
        """
        started = self._records.clock.now()
        permit, client = self._permit(request, Use.SEARCH)
        ground = self._tested(request, lambda work: self._ground(work, client, request))
        with self._probe(probe, permit, face) as (faceprint, crop):
            found = self._answer(faceprint, ground, request, started)
        return replace(found, probe=self._reader.preview(crop, (), max(crop.shape)))

    def look(self, probe: bytes, request: Request, *, face: int | None = None) -> Look:
        """Return which faces a probe shows: decided and logged like a search, but nothing is encoded.

        Args:
            face: the face whose aligned crop is wanted too; a sole face needs no number.

        Raises:
            NotFound, Refused, TooMany, Damaged: as `search`.
            BadPhoto: not a usable photo, or there is no face of this number.
        """
        self._permit(request, Use.LOOK)
        self._tested(request, lambda _work: None)
        photo, encoder = self._reader.read(probe), self._pack().encoder
        faces = from_left(self._pack().detector.detect(photo.image))
        chosen = None if face is None and len(faces) != 1 else chosen_face(faces, face, photo.scale)
        crop = None if chosen is None else encoder.align(photo.image, chosen)
        with self._records.write() as work:
            client, decision = self._decide(work, request)  # it may have been suspended meanwhile
            if isinstance(decision, Permit):
                work.log(EventTag.PROBE_LOOKED, **_asked(request), faces=len(faces))
                watch(work, client, account_code(work, request.operator))
            else:
                _log_refusal(work, request, decision.rule_id)
        if not isinstance(decision, Permit):
            raise _refused(decision)
        drawn = None if crop is None else self._reader.preview(crop, (), max(crop.shape))
        return Look(photo.full_size, described(photo, faces), drawn)

    def verify(self, probe_a: bytes, probe_b: bytes, request: Request) -> Verification:
        """Compare two photos, each of one face, in memory; nothing of them is kept.

        Raises:
            NotFound, Refused, TooMany, Damaged, BadPhoto: as `search`.
        """
        started = self._records.clock.now()
        permit, client = self._permit(request, Use.VERIFY)
        self._tested(request, lambda _work: None)
        with self._probe(probe_a, permit, None) as (a, _), self._probe(probe_b, permit, None) as (b, _):
            with self._records.read() as work:
                tail = tail_in_use(work, a.encoder)
            threshold = tail.pair_threshold(min(VERIFY_FMR, client.fpir))
            score = a.score(b)
        above = score >= threshold.value
        outcome = "above" if above else "below"
        with self._records.write() as work:
            client, decision = self._decide(work, request)  # it may have been suspended meanwhile
            if isinstance(decision, Permit):
                record = _record(work, request, "verify", threshold, outcome)
                _log(work, record, (), started, request)
                note_authorisation(work, self._law, record.id, client.id, request.authorisation)
                watch(work, client, record.account)
                return Verification(record.id, shown_score(score), threshold.shown(), above)
            _log_refusal(work, request, decision.rule_id)
        raise _refused(decision)

    def _permit(self, request: Request, use: Use) -> tuple[Permit, Client]:
        """Decide on a use, and count it, before anything of the probe is decoded."""
        with self._records.write() as work:
            client, decision = self._decide(work, request)
            if isinstance(decision, Permit):
                stop = charge(work, client, account_code(work, request.operator), use)
                if stop is None:
                    return decision, client
                rule, error = stop.rule, stop.error
            else:
                rule, error = decision.rule_id, _refused(decision)
            _log_refusal(work, request, rule)
        raise error

    def _decide(self, work: Transaction, request: Request) -> tuple[Client, Permit | Deny]:
        client = rows.get(work, request.client)
        policy = subject_rows.current_policy(work)
        facts = ProbeUse(
            probe="probe",
            now=work.now,
            client=client,
            purpose=request.purpose,
            basis=request.basis,
            policy_published_at=None if policy is None else policy.published_at,
            authorisation=shown(request.authorisation),
            has_case=bool((request.case or "").strip()),
        )
        served = Service(client, work.now, barred_by(work, client), overdue(work, client.id))
        denial = deny_set_back(work.behind) or deny_service(served, self._law.of_client(client))
        return client, denial or decide_probe(facts, self._law.of_probe())

    def _tested(self, request: Request, read: Callable[[Transaction], _Read]) -> _Read:
        """Return what is read on the way; raise `Refused` where nobody measured the encoder for too long, logged."""
        encoder = self._pack().encoder.digest
        with self._records.read() as work:
            old = too_old(work, encoder, self._law.of_probe())
            if old is None:
                return read(work)
        with self._records.write() as work:
            _log_refusal(work, request, old.rule_id)
        raise old

    @contextmanager
    def _probe(self, photo: bytes, permit: Permit, number: int | None) -> Iterator[tuple[Faceprint, Crop]]:
        """Encode the chosen face for the length of a block, and overwrite it at its end; the crop is what was seen."""
        decoded = self._reader.read(photo)
        pack = self._pack()
        face = chosen_face(from_left(pack.detector.detect(decoded.image)), number, decoded.scale)
        quality = assess(decoded.image, face, PROBE)
        if quality.reason is not None:
            raise BadPhoto(quality.reason, f"this face cannot be searched: {quality.detail}")
        crop = pack.encoder.align(decoded.image, face)
        (faceprint,) = pack.encoder.encode([permit.cover(crop)])
        try:
            yield faceprint, crop
        finally:
            faceprint.wipe()

    def _ground(self, work: Transaction, client: Client, request: Request) -> _Ground:
        encoder = self._pack().encoder
        return _Ground(tail_in_use(work, encoder.digest), self._gallery.view(work, encoder, client, request.purpose))

    def _answer(self, probe: Faceprint, before: _Ground, request: Request, used_from: datetime) -> SearchResult:
        started = time.perf_counter()
        found = self._ranked(probe, before)
        searched_s = time.perf_counter() - started
        with self._records.write() as work:
            client, decision = self._decide(work, request)  # it may have been suspended meanwhile
            if isinstance(decision, Permit):
                tail, view = now = self._ground(work, client, request)
                if tail is not before.tail or not view.finds_as(before.view):
                    found = self._ranked(probe, now)  # who went meanwhile must not have been a neighbour either
                threshold = tail.threshold(client.fpir, view.size)
                candidates = _candidates(work, found, view, tail)
                candidates = with_confirmations(work, self._law, client, candidates)
                record = _record(work, request, "identify", threshold, "found" if candidates else "nobody")
                without_ground = self._gallery.searched() - view.size
                _log(work, record, candidates, used_from, request, without_ground=without_ground)
                note_authorisation(work, self._law, record.id, client.id, request.authorisation)
                watch_search(work, client, record, [one.subject for one in candidates])
                if request.key is not None:
                    add_key(work, client.id, request.key, record.id)
                return SearchResult(record.id, candidates, threshold.shown(), view.size, searched_s)
            _log_refusal(work, request, decision.rule_id)
        raise _refused(decision)

    def _ranked(self, probe: Faceprint, ground: _Ground) -> list[Scored]:
        """Return everybody who reaches the lowest threshold of anybody in the view."""
        tail, view = ground
        loosest = max(view.rates, default=None)
        if loosest is None:
            return []
        return ranked(self._gallery, probe, view, tail.threshold(loosest, view.size).value, tail.background)


def _refused(denial: Deny) -> Refused:
    return Refused(denial.rule_id, denial.reason, denial.citation)


def _asked(request: Request) -> dict[str, Any]:
    """Return what the log says of every request: codes and ids."""
    served = {} if request.request_id is None else {"request": request.request_id}
    return {
        "client": request.client,
        "purpose": request.purpose.value,
        "probe_basis": request.basis.value,
        **served,
    }


def _log_refusal(work: Transaction, request: Request, rule: str) -> None:
    work.log(EventTag.SEARCH_REFUSED, **_asked(request), rule=rule)


def _record(work: Transaction, request: Request, mode: str, threshold: Threshold, outcome: str) -> SearchRecord:
    return SearchRecord(
        id=SearchId(new_id("sea")),
        client=request.client,
        operator=request.operator,
        purpose=request.purpose,
        probe_basis=request.basis,
        mode=mode,
        threshold=threshold,
        outcome=outcome,
        account=account_code(work, request.operator),
        case=(request.case or "").strip() or None,
    )


def _log(
    work: Transaction,
    record: SearchRecord,
    candidates: tuple[Candidate, ...],
    started: datetime,
    request: Request,
    *,
    without_ground: int = 0,
) -> None:
    """Store and log a search, as AI Act Art. 12(3) asks; nothing logged is of the probe.

    Args:
        started: when the use began; it ends as it is logged.
        without_ground: how many references this client has no ground to be shown.
    """
    rows.add_search(work, record, candidates)
    work.log(
        EventTag.SEARCH_ANSWERED,
        **_asked(request),
        search=record.id,
        started=to_text(min(started, work.now)),
        ended=to_text(work.now),
        encoder=record.threshold.encoder,
        mode=record.mode,
        threshold=f"{record.threshold.value:.6f}",
        fpir=f"{record.threshold.fpir:g}",
        gallery=record.threshold.gallery,
        outcome=record.outcome,
        candidates=len(candidates),
        without_ground=without_ground,
    )


def _candidates(work: Transaction, found: Sequence[Scored], view: View, tail: Tail) -> tuple[Candidate, ...]:
    """Return those who reach the threshold of their own law."""
    size = view.size
    thresholds = {fpir: tail.threshold(fpir, size).value for fpir in view.rates}
    candidates: list[Candidate] = []
    # Rounded here, before it is stored or answered, so that no door can tell more; the order must not either.
    for one in sorted(found, key=lambda scored: (-shown_score(scored.score), scored.subject)):
        rate = view.rate(one.subject)
        if rate is None or one.score < thresholds[rate]:
            continue
        candidates.append(
            Candidate(
                rank=len(candidates) + 1,
                subject=one.subject,
                reference=one.reference,
                photo=photo_rows.photo_of(work, one.reference),
                score=shown_score(one.score),
                threshold=shown_score(thresholds[rate]),
                chance_candidates=tail.chance_candidates(one.score, size).shown(),
            )
        )
    return tuple(candidates)
