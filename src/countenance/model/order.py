# SPDX-License-Identifier: Apache-2.0
"""Orders that bind the operator: what they say, whom they are about, by when; and where each of them stands.

A class is a predicate over facts that somebody declared or this program recorded. Nothing in it can be guessed from a
face: there is no such condition to write.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from countenance.ids import ClientId, OrderId, RunId, SourceId, SubjectId
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.subject import AgeBand


class OrderKind(StrEnum):
    """What an order is; it says how it ranks against another."""

    INJUNCTION = "injunction"
    TRO = "tro"
    CONSENT_ORDER = "consent_order"
    REGULATOR_NOTICE = "regulator_notice"
    JUDGMENT = "judgment"
    SUBJECT_REQUEST = "subject_request"
    SETTLEMENT = "settlement"
    SELF_IMPOSED = "self_imposed"


class Verb(StrEnum):
    """What a term of an order asks for."""

    STOP_COLLECT = "stop_collect"
    STOP_SEARCH = "stop_search"
    STOP_DISCLOSE = "stop_disclose"
    STOP_OFFER = "stop_offer"
    DESTROY = "destroy"
    RETURN = "return"
    NOTIFY = "notify"
    PUBLISH_NOTICE = "publish_notice"
    FILTER_SOURCE = "filter_source"
    DENY_CLIENTS = "deny_clients"
    TEST = "test"
    REPORT = "report"
    RETAIN = "retain"


STOPS = frozenset({Verb.STOP_COLLECT, Verb.STOP_SEARCH, Verb.STOP_DISCLOSE, Verb.STOP_OFFER})
"""Terms that freeze the class; who is frozen is neither collected, nor searched, nor disclosed, nor offered."""
BY_HAND = frozenset({Verb.RETURN, Verb.NOTIFY, Verb.PUBLISH_NOTICE, Verb.TEST, Verb.REPORT})
"""Terms that people meet; the program reminds of them and records who said that they are met."""


class OrderStatus(StrEnum):
    """Where an order stands."""

    DRAFT = "draft"
    CONFIRMED = "confirmed"
    IN_FORCE = "in_force"
    STAYED = "stayed"
    VACATED = "vacated"
    SATISFIED = "satisfied"


class ClassKind(StrEnum):
    """What a class is made of; its condition of that name must be there."""

    PERSON = "person"
    RESIDENTS = "residents"
    SOURCE = "source"
    CLIENT = "client"
    PURPOSE = "purpose"
    TIME_WINDOW = "time_window"
    MODEL = "model"
    ALL = "all"


class Unknown(StrEnum):
    """What becomes of people of whom it cannot be said whether they are in the class."""

    MEMBER = "member"
    RESOLVE_FIRST = "resolve_first"
    EXCLUDE = "exclude"


class When(StrEnum):
    """Which part of a residency history counts."""

    CURRENT = "current"
    FORMER = "former"
    EVER = "ever"


@dataclass(frozen=True)
class Residency:
    """Lives or lived in one of these places.

    Attributes:
        places: codes such as `US-IL`; a country such as `US` covers its states.
        start, end: the window of the history that is looked at, both days included; None for all of it.
        min_days: for at least so many days of that window, together.
    """

    places: tuple[str, ...]
    when: When
    start: date | None = None
    end: date | None = None
    min_days: int = 0


@dataclass(frozen=True)
class Persons:
    """Is one of these subjects."""

    subjects: tuple[SubjectId, ...]


@dataclass(frozen=True)
class FromSource:
    """Is in a photo that came from one of these sources."""

    sources: tuple[SourceId, ...]


@dataclass(frozen=True)
class ShownTo:
    """Was in an answer to one of these clients."""

    clients: tuple[ClientId, ...]


@dataclass(frozen=True)
class ReleasedFor:
    """Signed a release for one of these purposes."""

    purposes: tuple[Purpose, ...]


@dataclass(frozen=True)
class Signed:
    """Signed a release on one of these days, both ends included; None is open."""

    start: date | None
    end: date | None


@dataclass(frozen=True)
class Enrolled:
    """Has a reference that was made on one of these days, both ends included; None is open."""

    start: date | None
    end: date | None


@dataclass(frozen=True)
class MadeBy:
    """Has a reference that was made by this encoder, by its digest."""

    encoder: str


@dataclass(frozen=True)
class OfAge:
    """Is recorded in this age band, as the operator declared it."""

    band: AgeBand


@dataclass(frozen=True)
class AllOf:
    """Meets every one of these; with none, everybody does."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True)
class AnyOf:
    """Meets at least one of these; with none, nobody does."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True)
class Not:
    """Does not meet this."""

    part: Predicate


Atom = Residency | Persons | FromSource | ShownTo | ReleasedFor | Signed | Enrolled | MadeBy | OfAge
Predicate = Atom | AllOf | AnyOf | Not


@dataclass(frozen=True)
class ClassDef:
    """Whom an order is about.

    Attributes:
        as_of: the day at which it is evaluated; None for the day of each evaluation.
        new_release_after: who signed a release after this moment, which is live, is no member; None: no release helps.
    """

    kind: ClassKind
    where: Predicate
    unknown: Unknown = Unknown.MEMBER
    as_of: date | None = None
    new_release_after: datetime | None = None


@dataclass(frozen=True)
class ClientQuery:
    """Which clients a `deny_clients` term is about: those of any of these."""

    clients: tuple[ClientId, ...] = ()
    kinds: tuple[ClientKind, ...] = ()


@dataclass(frozen=True)
class Term:
    """One thing that an order asks for.

    Attributes:
        number: from 1, in the order of the file.
        quote: the sentence of the instrument that it implements.
        about: what it is about, in words, where the class does not say it.
        clients: for `deny_clients`.
        sources: for `filter_source`.
    """

    number: int
    verb: Verb
    quote: str
    about: str = ""
    clients: ClientQuery | None = None
    sources: tuple[SourceId, ...] = ()


@dataclass(frozen=True)
class Deadlines:
    """By when an order is to be obeyed; None where it sets no date."""

    freeze: datetime | None = None
    destroy: datetime | None = None
    certify: datetime | None = None
    report_every_days: int | None = None


@dataclass(frozen=True)
class Counsel:
    """Whom to tell of a conflict, and for whom they act."""

    name: str
    contact: str
    acts_for: str


@dataclass(frozen=True)
class Instrument:
    """The order as it was served.

    Attributes:
        text: all of it; every term quotes from it.
        sha256: of the text (UTF-8), lower-case hex.
        binds: whom it binds, as it names them.
        penalty: what follows from disobedience, where it says.
        verifier: who verifies independently, where it names somebody.
    """

    kind: OrderKind
    authority: str
    matter: str
    text: str = field(repr=False)
    sha256: str
    issued_at: datetime
    served_at: datetime
    effective_at: datetime
    expires_at: datetime | None
    binds: tuple[str, ...]
    terms: tuple[Term, ...]
    persons: ClassDef
    deadlines: Deadlines
    counsel: tuple[Counsel, ...]
    penalty: str = ""
    third_parties: tuple[str, ...] = ()
    verifier: str = ""

    @property
    def verbs(self) -> frozenset[Verb]:
        """What it asks for."""
        return frozenset(term.verb for term in self.terms)

    @property
    def filtered(self) -> frozenset[SourceId]:
        """The sources that its terms filter."""
        return frozenset(source for term in self.terms for source in term.sources)


@dataclass(frozen=True)
class Order:
    """An order in this installation.

    Attributes:
        class_root: Merkle root over the ids that were frozen, lower-case hex; None before the freeze.
        counts: members, unknown, nonmembers, as last frozen.
        lead: the order whose destruction run serves this one too; itself where it was not consolidated.
        run: that run.
        met: numbers of terms that people said are met.
        reported_at: when the last report that it asks for was made.
    """

    id: OrderId
    instrument: Instrument
    status: OrderStatus
    entered_by: str
    entered_at: datetime
    confirmed_by: str | None
    frozen_at: datetime | None
    class_root: str | None
    counts: dict[str, int]
    lead: OrderId
    run: RunId | None
    met: frozenset[int]
    reported_at: datetime | None
