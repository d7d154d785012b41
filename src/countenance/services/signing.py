# SPDX-License-Identifier: Apache-2.0
"""Signing on a screen: the desk starts it, the person chooses, reads, signs, and only then shows the face.

What is shown lives here, sealed, between the reading and the signature: what is signed is what was shown, once, and
only while it, the policy and the law are still the same. Refusing ends it and has no other effect.

Source: 740 ILCS 14/10 (electronic signature, P.A. 103-0769), 14/15(b); GDPR Art. 7(2), 7(4), recitals 32 and 43
(separate choices, no box ticked beforehand, refusal without detriment).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from countenance import canonical
from countenance.errors import BadInput, BadPhoto, InvalidRelease, NotFound, NotSignedIn, Refused, TooMany
from countenance.ids import ClientId, SigningId, SourceId, SubjectId, new_id
from countenance.model.consent import Release
from countenance.model.event import EventTag
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.signing import Act, Offer, Signing, SigningState
from countenance.model.subject import AgeBand, Subject
from countenance.policy.engine import longest_term
from countenance.ports.eyes import Eyes
from countenance.services.ingest import Ingest
from countenance.services.law import LawBook
from countenance.services.release_act import Draft, ReleaseTerms, incomplete
from countenance.services.residency import Homes
from countenance.services.sighting import FaceOutcome
from countenance.services.signing_screen import Offered, Screen, Started
from countenance.services.subjects import Subjects
from countenance.store import clients as client_rows
from countenance.store import photos as photo_rows
from countenance.store import signings as rows
from countenance.store import subjects as subject_rows
from countenance.store.records import Records, Transaction

AT_DESK = timedelta(minutes=30)
"""So long lasts a signing at the desk, a notice on the screen, and the way to the receipt."""
BY_INVITATION = timedelta(days=14)
CODE_LENGTH = 8
_CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that is taken for another when read aloud: 39 bits
_WRONG_CODES = 30
_WRONG_WITHIN = timedelta(minutes=10)  # 30 in 10 min: half of all codes would take a million years


class Signings:
    """Verbs on signings. `start`, `everything`, `stop` are the desk's; a link's holder has the others."""

    def __init__(
        self,
        records: Records,
        law: LawBook,
        subjects: Subjects,
        homes: Callable[[], Homes],
        eyes: Callable[[], Eyes],
        ingest: Callable[[], Ingest],
    ) -> None:
        self._records = records
        self._law = law
        self._subjects = subjects
        self._homes = homes
        self._eyes = eyes
        self._ingest = ingest
        self._wrong: list[datetime] = []

    def start(
        self, subject: SubjectId, offer: Offer, *, source: SourceId, by: str, invitation: bool = False
    ) -> Started:
        """Start a signing; an earlier one of the same person that was not signed ends.

        Args:
            source: whose permission covers the picture that the person takes.
            by: the account at the desk.
            invitation: the link is sent to the person, and lasts for two weeks.

        Raises:
            NotFound: no such subject, client or source.
            BadInput: nothing is offered, or to nobody, or for no time; or a minor without a representative.
            Refused: the source's permission was revoked; logged.
        """
        token, code = secrets.token_urlsafe(24), None if invitation else _new_code()
        with self._records.write() as work:
            person, origin = subject_rows.get(work, subject), photo_rows.get_source(work, source)
            _check(work, person, offer)
            if origin.revoked_at is None:
                for earlier in rows.waiting(work, subject):
                    rows.end(work, earlier, SigningState.ENDED)
                    work.log(EventTag.SIGNING_ENDED, subject=subject, signing=earlier)
                one = Signing(
                    id=SigningId(new_id("sgn")),
                    subject=subject,
                    offer=offer,
                    source=source,
                    started_by=by,
                    is_invitation=invitation,
                    opened_at=work.now,
                    expires_at=work.now + (BY_INVITATION if invitation else AT_DESK),
                    state=SigningState.OPEN,
                )
                rows.add(work, one, token, code)
                work.log(EventTag.SIGNING_STARTED, subject=subject, signing=one.id, invitation=invitation)
                return Started(one, token, code)
            work.log(EventTag.SIGNING_DENIED, subject=subject, rule="source.revoked", source=source)
        cite = self._law.of_probe().cite("basis.untargeted_scraping")
        raise Refused(
            "source.revoked",
            f"the permission of source {source} was revoked; another source would cover the picture",
            cite,
        )

    def everything(self) -> list[tuple[Signing, datetime]]:
        """Return the signings of the last two weeks, newest first, each with the present moment."""
        with self._records.read() as work:
            return [(one, work.now) for one in rows.everything(work, work.now - BY_INVITATION)]

    def labels(self) -> dict[str, str]:
        """Return what the operator calls those who have a signing of the last two weeks, by id."""
        with self._records.read() as work:
            about = {one.subject for one in rows.everything(work, work.now - BY_INVITATION)}
            return {one: person.label for one, person in subject_rows.some(work, about).items()}

    def person(self, subject: SubjectId) -> Subject:
        """Return whom a signing is to be started for.

        Raises:
            NotFound: no such subject.
        """
        with self._records.read() as work:
            return subject_rows.get(work, subject)

    def get(self, signing: SigningId) -> tuple[Signing, datetime]:
        """Return one signing, with the present moment.

        Raises:
            NotFound: no such signing.
        """
        with self._records.read() as work:
            return rows.get(work, signing), work.now

    def stop(self, signing: SigningId) -> None:
        """End a signing that is not signed yet: its link opens nothing any more.

        Raises:
            NotFound: no such signing.
            BadInput: it is over, or signed.
        """
        with self._records.write() as work:
            one = rows.get(work, signing)
            if one.is_over(work.now) or one.state is SigningState.SIGNED:
                raise BadInput(f"signing {signing} is {one.state.value}; a release is withdrawn, not stopped")
            rows.end(work, signing, SigningState.ENDED)
            work.log(EventTag.SIGNING_ENDED, subject=one.subject, signing=signing)

    def enter(self, code: str) -> str:
        """Return the token of the signing that waits under a short code; the code opens nothing again.

        Raises:
            NotFound: no signing waits under it.
            TooMany: too many wrong codes of late, by whomever.
        """
        typed = "".join(char for char in code.upper() if char.isalnum())
        token = secrets.token_urlsafe(24)
        with self._records.write() as work:
            self._mind_wrong_codes(work.now)
            found = rows.by_code(work, typed)
            if found is not None:
                rows.use_code(work, found.id, token)
                return token
            self._wrong.append(work.now)
        raise NotFound("no signing waits under this code; ask the desk for a new one")

    def screen(self, token: str) -> Screen:
        """Return what the screen shows.

        Raises:
            NotSignedIn: the link leads to nothing, or its time is up.
        """
        with self._records.read() as work:
            one = self._open(work, token)
            person = subject_rows.get(work, one.subject)
            law = self._law.of_subject(person, now=work.now)
            clients = (client_rows.get(work, client) for client in sorted(one.offer.clients))
            offered = tuple(Offered(c.id, c.name, c.kind) for c in clients if c.suspended_at is None)
            days = min(one.offer.term_days, longest_term(law).days)
            policy = subject_rows.current_policy(work)
            text = "" if policy is None else policy.text
            return Screen(one, person, offered, days, self._draft(work, one), text)

    def reside(self, token: str, where: str) -> None:
        """Record where the person says to live now; it decides which law the notice follows.

        Raises:
            NotSignedIn: see `screen`.
            BadInput: no place code, or the notice was signed already.
        """
        with self._records.read() as work:
            one = self._open(work, token)
        _unsigned(one)
        known = self._homes().of(one.subject)
        if where not in known.current:
            self._homes().add(one.subject, where)
        self._forget(one)

    def choose(
        self,
        token: str,
        *,
        purposes: frozenset[Purpose],
        clients: frozenset[ClientId] = frozenset(),
        kinds: frozenset[ClientKind] = frozenset(),
        term_days: int | None = None,
    ) -> Draft:
        """Deliver the notice of what the person chose, and keep it on the screen to be signed.

        Raises:
            NotSignedIn: see `screen`.
            BadInput: something was chosen that is not on offer, or it is signed already.
            InvalidRelease: nothing was chosen, or the law allows no such release; nothing was delivered.
            Refused: the machine's clock was set back; logged.
        """
        screen = self.screen(token)
        one = screen.signing
        _unsigned(one)
        if not (purposes <= one.offer.purposes and clients <= one.offer.clients and kinds <= one.offer.kinds):
            raise BadInput("choose of what is offered here")
        days = screen.longest_days if term_days is None else term_days
        if days > one.offer.term_days:
            raise BadInput(f"choose a term of at most {one.offer.term_days} days")
        law = self._law_of(one.subject)
        draft = self._subjects.deliver_notice(one.subject, ReleaseTerms(purposes, clients, kinds, days))
        with self._records.write() as work:
            if self._open(work, token).state is SigningState.SIGNED:
                raise BadInput("this was signed already")
            rows.show(work, one, draft.notice, law, draft.kept())
        return draft

    def sign(self, token: str, text_sha256: str, act: Act) -> Release:
        """Record the signature under what was shown; it can be used once.

        Args:
            text_sha256: canonical digest of the text that stood on the signer's screen.

        Raises:
            NotSignedIn: see `screen`.
            InvalidRelease: nothing was shown, or it has changed since, or the act lacks something; logged, and
                nothing was recorded.
            Refused: the machine's clock was set back; logged.
        """
        with self._records.read() as work:
            subject = self._open(work, token).subject
        self._subjects.mind_clock(subject)
        with self._records.write() as work:
            one = self._open(work, token)
            draft = self._draft(work, one)
            denial, stale = self._unsignable(work, one, draft, text_sha256, act)
            if denial is None and draft is not None:
                release = self._subjects.record(work, draft, act)
                rows.sign(work, one.id, release.id, work.now + AT_DESK)
                return release
            if stale:
                rows.forget_draft(work, one.id)
            missing = [] if denial is None else list(denial.missing)
            work.log(EventTag.RELEASE_REFUSED, subject=one.subject, signing=one.id, missing=missing)
        raise denial or RuntimeError("a draft that is there can be signed or not")

    def refuse(self, token: str) -> None:
        """End it because the person does not want it; nothing else follows.

        Raises:
            NotSignedIn: see `screen`.
            BadInput: it is signed; a release is withdrawn, in the person's own view.
        """
        with self._records.write() as work:
            one = self._open(work, token)
            _unsigned(one)
            rows.end(work, one.id, SigningState.REFUSED)
            work.log(EventTag.SIGNING_REFUSED, subject=one.subject, signing=one.id)

    def picture(self, token: str, data: bytes) -> FaceOutcome:
        """Take the picture of the person who signed: the one face in it becomes a reference under the release.

        Nothing is kept of a picture that does not show just one face, well enough.

        Raises:
            NotSignedIn: see `screen`.
            Refused: nothing was signed yet; the picture was not even looked at. Or the policy says no. Logged.
            BadPhoto: it cannot be read, shows nobody or several people, or the face is not seen well enough.
        """
        with self._records.write() as work:
            one = self._open(work, token)
            unsigned = one.state is not SigningState.SIGNED
            if unsigned:
                work.log(EventTag.SIGNING_DENIED, subject=one.subject, signing=one.id, rule="consent.order")
        if unsigned:
            law = self._law.of_probe()
            raise Refused(
                "consent.order", "sign first: no picture is taken before there is a release", law.cite("basis.require")
            )
        faces = self._eyes().look(data).faces
        if len(faces) != 1:
            reason = "no_face" if not faces else "several_faces"
            raise BadPhoto(reason, "the picture has to show one face, and nobody else's")
        if faces[0].reason is not None:
            raise BadPhoto(faces[0].reason, f"the face is not seen well enough ({faces[0].detail}); try again")
        outcome = self._ingest().one(one.source, data, name="picture at the signing", subject=one.subject)
        if not outcome.faces:
            raise BadPhoto("known_already", "this picture was taken before; take another one")
        with self._records.write() as work:
            rows.picture(work, one.id)
        return outcome.faces[0]

    def _open(self, work: Transaction, token: str) -> Signing:
        one = rows.by_token(work, token)
        if one is None or one.is_over(work.now):
            raise NotSignedIn("this link opens nothing, or its time is up; ask the desk for a new one")
        return one

    def _draft(self, work: Transaction, one: Signing) -> Draft | None:
        held = rows.draft(work, one)
        if held is None:
            return None
        return Draft.of_kept(one.subject, held, subject_rows.notice_text(work, one.subject, held["notice"]))

    def _law_of(self, subject: SubjectId) -> str:
        with self._records.read() as work:
            return self._law.of_subject(subject_rows.get(work, subject), now=work.now).digest

    def _forget(self, one: Signing) -> None:
        with self._records.write() as work:
            rows.forget_draft(work, one.id)

    def _unsignable(
        self, work: Transaction, one: Signing, draft: Draft | None, text_sha256: str, act: Act
    ) -> tuple[InvalidRelease | None, bool]:
        """Return why this cannot be signed so, if it cannot, and whether it has to be shown anew."""
        _unsigned(one)
        if draft is None or one.shown_at is None:
            return InvalidRelease(("text",), "nothing is on the screen to be signed; choose, read, then sign"), False
        policy = subject_rows.current_policy(work)
        law = self._law.of_subject(subject_rows.get(work, one.subject), now=work.now).digest
        if (
            policy is None
            or policy.sha256 != draft.policy_sha256
            or law != one.law
            or work.now > one.shown_at + AT_DESK
        ):
            return InvalidRelease(("text",), "the notice is not up to date any more; read the new one, then sign"), True
        if text_sha256 != canonical.digest(draft.text):
            return InvalidRelease(("text",), "what was on the screen is not what was shown last; read it again"), False
        return incomplete(subject_rows.get(work, one.subject), draft, act) or self._subjects.unsignable(
            work, draft, act
        ), False

    def _mind_wrong_codes(self, now: datetime) -> None:
        self._wrong = [at for at in self._wrong if at > now - _WRONG_WITHIN]
        if len(self._wrong) >= _WRONG_CODES:
            wait = self._wrong[0] + _WRONG_WITHIN - now
            raise TooMany("too many wrong codes were typed; use the link, or wait", max(1, int(wait.total_seconds())))


def _check(work: Transaction, person: Subject, offer: Offer) -> None:
    for client in offer.clients:
        client_rows.get(work, client)
    if not offer.purposes or not (offer.clients or offer.kinds or offer.purposes == {Purpose.EVALUATION}):
        raise BadInput("offer at least one purpose, and somebody who may search for it")
    if offer.term_days < 1:
        raise BadInput("offer a term of at least one day")
    if person.age_band is AgeBand.MINOR and person.representative is None:
        raise BadInput(f"{person.id} is a minor: record first who may sign for this person")


def _unsigned(one: Signing) -> None:
    if one.state is SigningState.SIGNED:
        raise BadInput(f"signing {one.id} is signed already; a release is withdrawn, in one's own view")


def _new_code() -> str:
    return "".join(secrets.choice(_CODE_ALPHABET) for _ in range(CODE_LENGTH))
