# SPDX-License-Identifier: Apache-2.0
"""Releases: evidence of consent, its scope, and the status that follows from events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from countenance.ids import ClientId, NoticeId, ReleaseId, SubjectId
from countenance.model.purpose import ClientKind, Purpose


class ConsentStatus(StrEnum):
    """W3C DPV consent states; only `GIVEN` permits anything."""

    REQUESTED = "requested"
    REFUSED = "refused"
    GIVEN = "given"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    INVALIDATED = "invalidated"
    NEEDS_RENEWAL = "needs_renewal"
    """The law became stricter than this release; a new one lifts it."""


class SignatureMethod(StrEnum):
    """How a release was signed."""

    TYPED = "typed"
    DRAWN = "drawn"
    ATTESTED = "attested"

    @property
    def form(self) -> str:
        """As `consent.form` of a law file names it: each is a signature under a text that says what it agrees to."""
        return "esign_explicit"

    @property
    def intent(self) -> str:
        """The act of signing, in words, as the evidence states it."""
        if self is SignatureMethod.TYPED:
            return "the signer typed the name under the notice in order to sign it"
        if self is SignatureMethod.DRAWN:
            return "the signer drew the signature under the notice in order to sign it"
        return "the operator attested to hold this person's signed release; the program did not see the signing"


# What may follow a state; `EXPIRED` is derived from the term and never recorded.
LEGAL_TRANSITIONS: dict[ConsentStatus | None, frozenset[ConsentStatus]] = {
    None: frozenset({ConsentStatus.REQUESTED}),
    ConsentStatus.REQUESTED: frozenset({ConsentStatus.GIVEN, ConsentStatus.REFUSED}),
    ConsentStatus.GIVEN: frozenset(
        {
            ConsentStatus.WITHDRAWN,
            ConsentStatus.REVOKED,
            ConsentStatus.INVALIDATED,
            ConsentStatus.NEEDS_RENEWAL,
        }
    ),
    ConsentStatus.NEEDS_RENEWAL: frozenset({ConsentStatus.WITHDRAWN, ConsentStatus.REVOKED, ConsentStatus.INVALIDATED}),
}


@dataclass(frozen=True)
class Scope:
    """What a release allows: these purposes, for these clients or kinds of client."""

    purposes: frozenset[Purpose]
    clients: frozenset[ClientId] = frozenset()
    kinds: frozenset[ClientKind] = frozenset()

    def covers(self, client: ClientId, kind: ClientKind, purpose: Purpose) -> bool:
        """Say whether this client may search for this purpose."""
        return purpose in self.purposes and (client in self.clients or kind in self.kinds)


@dataclass(frozen=True)
class Delivered:
    """What a release rests on, in codes: what the notice told, how it was signed, what was asked separately.

    Attributes:
        fields: notice codes such as `n1`.
        form: as `consent.form` of a law file names it.
        separate: matters that had a statement of their own, as `consent.separate_for` names them. It is no consent:
            on sale, new purposes and evaluation the statement says that nothing is agreed to.
    """

    fields: tuple[str, ...]
    form: str
    separate: tuple[str, ...]


@dataclass(frozen=True)
class ReleaseEvent:
    """One recorded change of a release."""

    status: ConsentStatus
    at: datetime


@dataclass(frozen=True)
class Release:
    """A signed release; its text and signature are sealed under the subject's key.

    Attributes:
        policy_published_at: when the public policy that it names was published.
        delivered_at: when the notice was delivered, before the signature.
        signer_is_representative: signed by the recorded representative of a minor.
        term_end: the first moment at which it no longer permits anything.
        law: digest of the effective law it was checked against.
        events: in the order recorded.
        delivered: what notice and signature were; None in records from before this was kept.
    """

    id: ReleaseId
    subject: SubjectId
    notice: NoticeId
    policy_published_at: datetime
    delivered_at: datetime
    signed_at: datetime
    term_end: datetime
    signer_is_representative: bool
    scope: Scope
    law: str
    events: tuple[ReleaseEvent, ...]
    delivered: Delivered | None = None

    def status(self, now: datetime) -> ConsentStatus:
        """Return the status at `now`, derived from the events and the term."""
        state: ConsentStatus | None = None
        for event in self.events:
            if event.at <= now and event.status in LEGAL_TRANSITIONS.get(state, frozenset()):
                state = event.status
        if state is ConsentStatus.GIVEN and now >= self.term_end:
            return ConsentStatus.EXPIRED
        return state or ConsentStatus.REQUESTED
