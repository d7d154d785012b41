# SPDX-License-Identifier: Apache-2.0
"""The view of the person pictured: what is held, who searched and found me, and what I may do about it.

A private link leads here. It outlives the person's records: after a destruction it leads to the certificate and to
nothing else, because nothing else is left. What is kept for that is a hash of the link and an id that says nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from countenance import canonical
from countenance.errors import BadInput, NotFound, NotSignedIn
from countenance.ids import AccountId, CertificateId, FaceId, PhotoId, ReleaseId, RunId, SubjectId, new_id
from countenance.model.account import Account, Caller, Role
from countenance.model.civil import latest_date
from countenance.model.consent import Release
from countenance.model.credential import Method
from countenance.model.destruction import RunState
from countenance.model.event import EventTag
from countenance.model.request import RequestKind, SubjectRequest, VerifiedBy
from countenance.model.signing import Stroke, strokes_of
from countenance.services.credentials import open_session
from countenance.services.journal import Journal
from countenance.services.requests import Due, Package, Requests
from countenance.services.residency import Home, Homes
from countenance.services.subjects import Holdings, Subjects
from countenance.store import accounts as account_rows
from countenance.store import certificates, retention
from countenance.store import clients as client_rows
from countenance.store import requests as request_rows
from countenance.store import signings as rows
from countenance.store import subjects as subject_rows
from countenance.store.records import Records, Transaction, settings

_CHANNEL = "own view"
_LONGEST_WORDS = 1000


@dataclass(frozen=True)
class Certified:
    """A certificate of a destruction that this person was part of."""

    id: CertificateId
    title: str
    document: bytes


@dataclass(frozen=True)
class Step:
    """A destruction run that this person is part of, and how far it is."""

    run: RunId
    state: RunState
    waits_for_approval: bool
    certificates: tuple[Certified, ...]


@dataclass(frozen=True)
class Followed:
    """Where a private link leads.

    Attributes:
        exists: the person's records are there; None of them is, where it is false.
    """

    subject: SubjectId
    exists: bool
    requests: tuple[SubjectRequest, ...]
    runs: tuple[Step, ...]


@dataclass(frozen=True)
class Own:
    """What a person sees.

    Attributes:
        names: of the clients that releases name, by id.
    """

    holdings: Holdings
    home: Home
    names: dict[str, str]
    requests: tuple[Due, ...]
    runs: tuple[Step, ...]


class OwnView:
    """Verbs of the person pictured, or of who represents this person."""

    def __init__(
        self,
        records: Records,
        subjects: Subjects,
        requests: Requests,
        homes: Homes,
        journal: Journal,
    ) -> None:
        self._records = records
        self._subjects = subjects
        self._requests = requests
        self._homes = homes
        self._journal = journal

    def link(self, subject: SubjectId) -> str:
        """Return the token of a new private link; the ones from before open nothing any more.

        Raises:
            NotFound: no such subject.
        """
        token = secrets.token_urlsafe(24)
        with self._records.write() as work:
            subject_rows.get(work, subject)
            ended = rows.end_links(work, subject)
            rows.add_link(work, subject, token)
            work.log(EventTag.LINK_MADE, subject=subject, ended=ended)
        return token

    def follow(self, token: str) -> Followed:
        """Return where a private link leads: what was asked for, and what became of it.

        Raises:
            NotSignedIn: it leads nowhere.
        """
        with self._records.read() as work:
            subject = rows.link_leads_to(work, token)
        if subject is None:
            raise NotSignedIn("this link opens nothing; ask the operator for a new one")
        return self.progress(subject)

    def enter(self, token: str, agent: str = "") -> tuple[str, Caller] | None:
        """Open a session in somebody's own view by a private link, and note that this person is still there.

        Args:
            agent: word of `model.agent` for the browser.

        Returns:
            The session's token and who calls with it; None once the person is destroyed.

        Raises:
            NotSignedIn: it leads nowhere.
        """
        followed = self.follow(token)
        if not followed.exists:
            return None
        subject = followed.subject
        with self._records.write() as work:
            usable = [one for one in account_rows.of_subject(work, subject) if one.disabled_at is None]
            account = usable[0] if usable else _new_account(work, subject)
            retention.add_fact(work, subject, retention.FactKind.INTERACTION, work.now)
            return open_session(work, account, Method.PRIVATE_LINK, agent)

    def progress(self, subject: SubjectId) -> Followed:
        """Return what a person asked for, and what became of it; also after nothing else of this person is left."""
        with self._records.read() as work:
            asked = tuple(one for one in request_rows.everything(work) if one.subject == subject)
            runs = tuple(
                Step(
                    run.id,
                    run.state,
                    run.needs_approval and run.state is RunState.FROZEN,
                    tuple(Certified(*found) for found in certificates.of_run(work, run.id)),
                )
                for run in certificates.runs_about(work, subject)
            )
            return Followed(subject, subject_rows.exists(work, subject), asked, runs)

    def show(self, subject: SubjectId) -> Own:
        """Return what is held of a person, and who searched and found this person; the look is logged.

        Raises:
            NotFound: nothing is held any more.
        """
        holdings = self._subjects.show(subject, own=True)
        home, followed = self._homes.of(subject), self.progress(subject)
        with self._records.read() as work:
            named = {client for release, _ in holdings.releases for client in release.scope.clients}
            names = {str(one): client_rows.get(work, one).name for one in sorted(named)}
            today = latest_date(work.now)
        asked = tuple(Due(one, one.late(today)) for one in followed.requests)
        return Own(holdings, home, names, asked, followed.runs)

    def photo(self, subject: SubjectId, photo: PhotoId) -> bytes:
        """Return the preview of a photo that shows this person, JPEG, with everybody else blacked out.

        Raises:
            NotFound: no such photo of this person, or no preview of it is held.
        """
        found = self._requests.preview(subject, photo)
        if found is None:
            raise NotFound(f"no preview of {photo} is held for you")
        return found

    def receipt(self, subject: SubjectId, release: ReleaseId) -> bytes:
        """Return one of the person's own releases as a signed document.

        Raises:
            NotFound: this person signed no such release.
        """
        self._release(subject, release)
        return self._journal.export_release(release)

    def notice(self, subject: SubjectId, release: ReleaseId) -> str:
        """Return the text that was signed.

        Raises:
            NotFound: this person signed no such release.
        """
        one = self._release(subject, release)
        with self._records.read() as work:
            return subject_rows.notice_text(work, subject, one.notice)

    def drawing(self, subject: SubjectId, release: ReleaseId) -> tuple[Stroke, ...]:
        """Return the signature as it was drawn; nothing where the name was typed only.

        Raises:
            NotFound: this person signed no such release.
        """
        self._release(subject, release)
        with self._records.read() as work:
            record = subject_rows.release_record(work, subject, release)
        drawn = record["signature"].get("drawing") if isinstance(record, dict) else None
        return strokes_of(drawn["strokes"]) if drawn else ()

    @property
    def contact(self) -> str:
        """Address for questions and requests, as in the notices."""
        with self._records.read() as work:
            return settings(work)["contact"]

    def export(self, subject: SubjectId, written: Callable[[Package], bytes]) -> tuple[SubjectRequest, bytes]:
        """Give the person everything that is held, to take along; a request that is answered at once.

        Args:
            written: makes a file of it.

        Raises:
            NotFound: nothing is held any more.
        """
        request = self._ask(subject, RequestKind.EXPORT, _CHANNEL)
        data = written(self._requests.package(request.id))
        self._requests.answered(request.id, canonical.sha256(data))
        return self._requests.close(request.id), data

    def ask(self, subject: SubjectId, kind: RequestKind, words: str = "") -> SubjectRequest:
        """Record a request in the person's own words, and say at once that it came.

        One to erase stops every search at once; a person answers it, by the day that it says.

        Raises:
            NotFound: nothing is held any more.
            BadInput: a correction or an objection without words, or with too many; the same is open already.
        """
        said = words.strip()
        if kind in (RequestKind.CORRECT, RequestKind.OBJECT) and not said:
            raise BadInput("say in a few words what is wrong, or what you object to")
        if len(said) > _LONGEST_WORDS:
            raise BadInput(f"say it in at most {_LONGEST_WORDS} characters")
        if kind is RequestKind.ERASE:
            earlier = self.progress(subject).requests
            if any(one.kind is kind and one.closed_at is None for one in earlier):
                raise BadInput("you asked for this already; it is under way")
        return self._ask(subject, kind, f"{_CHANNEL}: {said}" if said else _CHANNEL)

    def not_me(self, subject: SubjectId, face: FaceId) -> SubjectRequest:
        """Correct at once that a face is not this person's: its faceprint is deleted.

        Raises:
            NotFound: nothing is held any more, or no such face of this person.
        """
        if face not in {one.id for one in self._subjects.show(subject, own=True).faces}:
            raise NotFound(f"no face {face} is taken for yours")
        request = self._ask(subject, RequestKind.CORRECT, _CHANNEL)
        self._requests.correct_face(request.id, face)
        return self._requests.close(request.id)

    def move(self, subject: SubjectId, where: str, since: date) -> Home:
        """Record where the person says to live now, and since when; another law may apply from then on.

        Raises:
            NotFound: nothing is held any more.
            BadInput: no place code, a day to come, or a day before the present home.
        """
        today = self._homes.of(subject)
        present = [fact.number for fact in today.residency.facts if fact.until is None and fact.place in today.current]
        return self._homes.add(subject, where, since=since, ends=present[-1] if present else None)

    def withdraw(self, subject: SubjectId) -> None:
        """Withdraw every release; nothing finds the person when this returns.

        Raises:
            NotFound: nothing is held any more.
        """
        self._subjects.withdraw(subject)

    def _ask(self, subject: SubjectId, kind: RequestKind, channel: str) -> SubjectRequest:
        request = self._requests.open(subject, kind, verified_by=VerifiedBy.SIGNED_RELEASE_KEY, channel=channel)
        return self._requests.acknowledge(request.id)

    def _release(self, subject: SubjectId, release: ReleaseId) -> Release:
        with self._records.read() as work:
            for one in subject_rows.releases(work, subject).get(subject, []):
                if one.id == release:
                    return one
        raise NotFound(f"you signed no release {release}")


def _new_account(work: Transaction, subject: SubjectId) -> Account:
    """Add the account of somebody who comes for the first time; a passkey can be added to it."""
    account = Account(AccountId(new_id("acc")), f"person {subject}", Role.SUBJECT, None, subject, work.now)
    account_rows.add(work, account)
    work.log(
        EventTag.ACCOUNT_ADDED, subject=subject, account=account.id, role=account.role.value, client=None, by="link"
    )
    return account
