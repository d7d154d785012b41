# SPDX-License-Identifier: Apache-2.0
"""The search desk: what a client's searcher sees of the client's own searches, at this moment.

Whoever may no longer be shown to the client is not there: not in an old answer, not in the list, not as a picture.
Each verb asks the gallery for the client's view of this moment, as a search does. Scores are rounded, cosines and
faceprints stay inside.

Source: law.md T08 (no disclosable match is no match), T24 (two people look); promise 4 (stop is immediate).
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from countenance.errors import BadInput, NotFound, Refused
from countenance.ids import ClientId, SearchId, SubjectId
from countenance.model.client import Client
from countenance.model.event import EventTag
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.review import Verdict
from countenance.model.search import ProbeBasis
from countenance.policy.engine import Service, allows_basis, deny_service
from countenance.policy.permit import Deny
from countenance.policy.set_back import deny_set_back
from countenance.ports.photos import PhotoReader
from countenance.ports.vision import FacePack
from countenance.services.answers import Answer, Entry, Seen, answer_of, entry_of, shown
from countenance.services.crops import FaceCrop, cut_out, material
from countenance.services.gallery import LiveGallery, View
from countenance.services.law import LawBook
from countenance.services.register import barred_by
from countenance.services.results import Results, decide
from countenance.services.search import Request, Searches
from countenance.store import clients as client_rows
from countenance.store import searches as rows
from countenance.store.records import Records, Transaction
from countenance.store.results import overdue
from countenance.store.searches import StoredSearch

PAGE = 25
"""Searches on one page of the list."""
SHORTEST_KEY, LONGEST_KEY = 16, 200
"""Characters of a key by which a request is known again; a short one could be guessed."""
_LOCKS = 64

_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Terms:
    """On what terms a client searches.

    Attributes:
        name: the client's own name.
        authorised: each search needs an authorisation.
    """

    name: str
    purposes: tuple[Purpose, ...]
    bases: tuple[ProbeBasis, ...]
    authorised: bool


class Desk:
    """Verbs of a client's searcher on the client's own searches."""

    def __init__(
        self,
        records: Records,
        law: LawBook,
        searches: Searches,
        eyes: tuple[PhotoReader, Callable[[], FacePack], Callable[[bytes], bytes]],
        gallery: LiveGallery,
        results: Results,
    ) -> None:
        """Take what the verbs stand on.

        Args:
            records, law, searches, gallery: of the engine.
            eyes: a reader, the face pack in use, and the keyed digest by which a photo's file is known.
            results: of the engine; searches whose authorisation did not come in time go before anything is shown.
        """
        self._records = records
        self._law = law
        self._searches = searches
        self._reader, self._pack, self._tag = eyes
        self._gallery = gallery
        self._results = results
        self._locks = [threading.Lock() for _ in range(_LOCKS)]

    def terms(self, client: ClientId) -> Terms:
        """Return what this client may search for, and on which basis.

        Raises:
            NotFound: no such client.
        """
        with self._records.read() as work:
            who = client_rows.get(work, client)
        law = self._law.of_probe()
        bases = tuple(one for one in ProbeBasis if allows_basis(law, one))
        return Terms(who.name, tuple(sorted(who.purposes)), bases, who.kind is ClientKind.LAW_ENFORCEMENT)

    def search(self, probe: bytes, request: Request, *, face: int | None = None, key: str | None = None) -> Answer:
        """Search, or return the answer that the same request had before.

        Args:
            key: a secret of the sender's, random, new for each request; with it the same request sent twice is
                searched once, and answered the second time without the probe's picture, which is not kept.

        Raises:
            NotFound, Refused, BadPhoto: as `Searches.search`.
            BadInput: the key is too short or too long.
        """
        if key is None:
            return self._search(probe, request, face)
        if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
            raise BadInput(f"a key by which a request is known again has {SHORTEST_KEY} to {LONGEST_KEY} characters")
        known = _known_by(key, probe, request, face)
        with self._locks[int(known[:4], 16) % _LOCKS]:  # of two at once the second waits for the first one's answer
            with self._records.read() as work:
                before = rows.by_key(work, request.client, known)
            if before is not None:
                return replace(self.answer(before, request.client, by=request.operator), repeated=True)
            return self._search(probe, replace(request, key=known), face)

    def _search(self, probe: bytes, request: Request, face: int | None) -> Answer:
        found = self._searches.search(probe, request, face=face)
        with self._records.read() as work:
            client = client_rows.get(work, request.client)
            view = self._gallery.view(work, self._pack().encoder, client, request.purpose)
            stored = rows.get(work, found.id, client.id)
            answer = answer_of(work, stored, shown(work, [stored], view, self._gallery)[stored.id], request.operator)
        return replace(answer, probe=found.probe)

    def answer(self, search: SearchId, client: ClientId, *, by: str) -> Answer:
        """Return a stored answer as far as it may be shown now; logged.

        Args:
            by: the account that looks; others' verdicts are sealed from it until all have decided.

        Raises:
            NotFound: this client made no such search, or it was purged.
            Refused: the client is not served any more; logged.
        """

        def act(work: Transaction, found: StoredSearch, view: View) -> Answer:
            work.log(EventTag.RESULT_SHOWN, search=search, client=client)
            return answer_of(work, found, shown(work, [found], view, self._gallery)[found.id], by)

        return self._on(search, client, act)

    def history(self, client: ClientId, *, before: SearchId | None = None) -> tuple[list[Entry], SearchId | None]:
        """Return a page of the client's searches, newest first, and after which one the next page begins.

        Raises:
            NotFound: there is no search `before` of this client.
        """
        self._results.purge_overdue()
        with self._records.read() as work:
            who = client_rows.get(work, client)
            start = None if before is None else rows.get(work, before, client)
            found = rows.of_client(work, client, start, PAGE + 1)
            some = found[:PAGE]
            seen: dict[SearchId, list[Seen]] = {}
            for purpose in {one.purpose for one in some}:
                view = self._gallery.view(work, self._pack().encoder, who, purpose)
                seen |= shown(work, [one for one in some if one.purpose is purpose], view, self._gallery)
            entries = [entry_of(one, seen[one.id]) for one in some]
        return entries, some[-1].id if len(found) > PAGE else None

    def crop(self, search: SearchId, subject: SubjectId, client: ClientId) -> FaceCrop:
        """Return the picture of a candidate's face, as far as it may be shown now; logged.

        Raises:
            NotFound: no such search of this client, the subject is no candidate of it that may be shown, or nothing is
                left that shows the face.
            Refused: the client is not served any more; logged.
        """
        self._results.purge_overdue()
        with self._records.read() as work:
            found = rows.get(work, search, client)
            view = self._gallery.view(work, self._pack().encoder, client_rows.get(work, client), found.purpose)
            seen = _candidate(shown(work, [found], view, self._gallery)[search], search, subject)
            held = material(work, seen.face, self._tag)
        crop = cut_out(self._reader, self._pack(), held)

        def act(work: Transaction, found: StoredSearch, view: View) -> FaceCrop:
            _candidate(shown(work, [found], view, self._gallery)[search], search, subject)  # somebody may have gone
            work.log(EventTag.CROP_SHOWN, subject=subject, search=search, client=client)
            return crop

        return self._on(search, client, act)

    def decide(self, search: SearchId, subject: SubjectId, verdict: Verdict, client: ClientId, *, by: str) -> Seen:
        """Record what a person who looked at a candidate says of it.

        Args:
            by: the account of that person.

        Raises:
            NotFound: no such search of this client, or the subject is no candidate of it that may be shown.
            Refused: this account decided before, or all who must have did; or the client is not served; logged.
        """

        def act(work: Transaction, found: StoredSearch, view: View) -> Seen | Deny:
            seen = _candidate(shown(work, [found], view, self._gallery)[search], search, subject)
            decided = decide(work, self._law, (search, subject), verdict, by)
            return decided if isinstance(decided, Deny) else replace(seen, held=decided)

        decided = self._on(search, client, act)
        if isinstance(decided, Deny):
            raise Refused(decided.rule_id, decided.reason, decided.citation)
        return decided

    def authorise(self, search: SearchId, client: ClientId, reference: str | None) -> None:
        """Record what was decided on the authorisation of a search that was made before it came.

        Args:
            reference: of the warrant or decision; None where it was refused: the search and all of it are deleted.

        Raises:
            NotFound: no such search of this client, or it was purged because none came in time.
            BadInput: no reference, or none is pending.
        """
        with self._records.read() as work:
            rows.get(work, search, client)
        if reference is None:
            self._results.refuse(search)
        else:
            self._results.authorise(search, reference)

    def _on(
        self, search: SearchId, client: ClientId, act: Callable[[Transaction, StoredSearch, View], _Found]
    ) -> _Found:
        """Act on a search in one writing transaction, with the client's view of that moment."""
        self._results.purge_overdue()
        encoder = self._pack().encoder
        with self._records.write() as work:
            found, who = rows.get(work, search, client), client_rows.get(work, client)
            denial = self._not_served(work, who)
            if denial is None:
                return act(work, found, self._gallery.view(work, encoder, who, found.purpose))
            work.log(EventTag.RESULT_REFUSED, search=search, client=client, rule=denial.rule_id)
        raise Refused(denial.rule_id, denial.reason, denial.citation)

    def _not_served(self, work: Transaction, client: Client) -> Deny | None:
        served = Service(client, work.now, barred_by(work, client), overdue(work, client.id))
        return deny_set_back(work.behind) or deny_service(served, self._law.of_client(client))


def _candidate(seen: list[Seen], search: SearchId, subject: SubjectId) -> Seen:
    for one in seen:
        if one.held.subject == subject:
            return one
    raise NotFound(f"{subject} is no candidate of search {search}")


def _known_by(key: str, probe: bytes, request: Request, face: int | None) -> str:
    """Return by what a request is known again; who has not the key can hold neither photo nor question against it."""
    asked = [request.operator, request.purpose.value, request.basis.value, str(face), request.authorisation or ""]
    asked.append(request.case or "")
    text = hashlib.sha256(probe).hexdigest() + "\0".join(asked)
    return hmac.digest(key.encode(), text.encode(), "sha256").hex()
