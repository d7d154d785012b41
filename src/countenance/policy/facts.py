# SPDX-License-Identifier: Apache-2.0
"""What decisions are made on: plain values, one class per question that is asked of the law."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from countenance.model.client import Client
from countenance.model.consent import Release
from countenance.model.purpose import Purpose
from countenance.model.search import Authorisation, ProbeBasis
from countenance.model.source import Source
from countenance.model.subject import Subject


@dataclass(frozen=True)
class Collection:
    """The photos of one source are to be looked through for faces."""

    now: datetime
    source: Source
    policy_published_at: datetime | None


@dataclass(frozen=True)
class Enrolment:
    """One face of one photo is to become a reference of one subject.

    Attributes:
        face: `photo id / number`, for the permit and the log.
        release: the release that it would rest on; None where the subject has none.
        policy_published_at: of the current public policy; None where there is none.
        barred_by: the order that stops collection from this person, whatever was signed before; None for none.
    """

    face: str
    now: datetime
    subject: Subject
    release: Release | None
    source: Source
    policy_published_at: datetime | None
    barred_by: str | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class Fetch(Enrolment):
    """One photo of one released person is to be fetched from the web, for an enrolment under that release.

    Attributes:
        host: that the photo lies on.
    """

    host: str


@dataclass(frozen=True)
class Standing:
    """A stored release is to be held against the law of today."""

    now: datetime
    subject: Subject
    release: Release


@dataclass(frozen=True)
class ProbeUse:
    """One face is to be encoded in memory for one search or comparison.

    Attributes:
        authorisation: what a law enforcement client has to show for it.
        has_case: it names the case that it belongs to.
    """

    probe: str
    now: datetime
    client: Client
    purpose: Purpose
    basis: ProbeBasis
    policy_published_at: datetime | None
    authorisation: Authorisation = Authorisation.NONE
    has_case: bool = False


@dataclass(frozen=True)
class TransientMatch:
    """An unattributed face is to be compared in memory with the consenting gallery, and forgotten.

    Attributes:
        sources: every source of the photo; each of them must allow it.
    """

    face: str
    now: datetime
    sources: tuple[Source, ...]
    policy_published_at: datetime | None


@dataclass(frozen=True)
class Evaluation:
    """One face of a data set is to be encoded in memory, to measure how often the encoder errs, and forgotten.

    Attributes:
        face: which of the data set, for the permit.
        source: the registered source that the data set is; people in it signed nothing here.
    """

    face: str
    now: datetime
    source: Source
    policy_published_at: datetime | None


@dataclass(frozen=True)
class Measurement:
    """The references of one subject are to be compared with those of others, to measure how high strangers score."""

    now: datetime
    subject: Subject
    release: Release


@dataclass(frozen=True)
class Disclosure:
    """One subject is to be a candidate in the answer to one client."""

    now: datetime
    subject: Subject
    release: Release
    client: Client
    purpose: Purpose


@dataclass(frozen=True)
class Service:
    """A client is to be taken on, or to be served once more.

    Attributes:
        bars: ids of the orders that bar clients such as this one.
        overdue: ids of its searches whose authorisation was not shown in time.
    """

    client: Client
    now: datetime
    bars: tuple[str, ...] = ()
    overdue: tuple[str, ...] = ()
