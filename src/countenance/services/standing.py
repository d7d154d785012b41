# SPDX-License-Identifier: Apache-2.0
"""What of a person's releases a gallery has to know: which kinds of release are live, and until when.

Few releases differ in more than their times and their signer. People whose live releases are of the same kinds may
be shown to the same clients for the same purposes, so that this is decided once for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from countenance.ids import NoticeId, ReleaseId, SubjectId
from countenance.model.client import Client
from countenance.model.consent import ConsentStatus, Release, ReleaseEvent, Scope
from countenance.model.purpose import Purpose
from countenance.model.subject import AgeBand, Subject
from countenance.policy.engine import Disclosure, deny_disclosure, longest_term
from countenance.services.law import LawBook


@dataclass(frozen=True)
class Kind:
    """All that disclosure depends on in a live release and its signer, but for the client and the purpose."""

    residency: tuple[str, ...]
    age_band: AgeBand
    by_representative: bool
    scope: Scope


Group = frozenset[Kind]
"""The kinds of somebody's live releases; empty for those of whom nothing may be shown."""


@dataclass(frozen=True)
class Standing:
    """Where somebody stands at a moment.

    Attributes:
        until: the moment at which to look again; None for never.
    """

    group: Group
    until: datetime | None


NOBODY = Standing(frozenset(), None)


def standing(person: Subject, signed: Iterable[Release], law: LawBook, now: datetime) -> Standing:
    """Return where an unfrozen person stands."""
    longest = longest_term(law.of_subject(person, now=now))
    live: set[Kind] = set()
    moments: list[datetime] = []
    for release in signed:
        end = min(release.term_end, release.signed_at + longest)
        if release.status(now) is ConsentStatus.GIVEN and now < end:
            live.add(Kind(person.residency, person.age_band, release.signer_is_representative, release.scope))
            moments.append(end)
        moments += [event.at for event in release.events if event.at > now]
    return Standing(frozenset(live), min(moments, default=None))


def rate_for(group: Group, client: Client, purpose: Purpose, law: LawBook, now: datetime) -> float | None:
    """Return at which FPIR the people of a group may be shown: the client's, or the law's where that is stricter.

    None where they may not be shown to this client for this purpose. The policy engine decides, on a release of
    each kind that was given this moment.
    """
    rates = [
        min(client.fpir, law.of_subject(person, now=now).fraction("assessment.fpir_max"))
        for kind in group
        for person in [_person(kind, now)]
        if deny_disclosure(Disclosure(now, person, _given(kind, now), client, purpose), law.of_subject(person, now=now))
        is None
    ]
    return min(rates, default=None)


def own_rate(group: Group, fpir: float, law: LawBook, now: datetime) -> float | None:
    """Return the stricter of an FPIR and the law's for the people of a group; None for those without a live release."""
    people = [_person(kind, now) for kind in group]
    laws = [law.of_subject(person, now=now).fraction("assessment.fpir_max") for person in people]
    return min([fpir, *laws]) if laws else None


def _person(kind: Kind, now: datetime) -> Subject:
    return Subject(SubjectId("sub_any"), "", kind.residency, kind.age_band, None, now)


def _given(kind: Kind, now: datetime) -> Release:
    return Release(
        id=ReleaseId("rel_any"),
        subject=SubjectId("sub_any"),
        notice=NoticeId("not_any"),
        policy_published_at=now,
        delivered_at=now,
        signed_at=now,
        term_end=now + timedelta(days=1),
        signer_is_representative=kind.by_representative,
        scope=kind.scope,
        law="",
        events=(ReleaseEvent(ConsentStatus.REQUESTED, now), ReleaseEvent(ConsentStatus.GIVEN, now)),
    )
