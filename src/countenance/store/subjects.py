# SPDX-License-Identifier: Apache-2.0
"""Rows of subjects, notices, releases and the public policy."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, delete, insert, select, update

from countenance import canonical
from countenance.clock import from_text, to_text
from countenance.errors import NotFound
from countenance.ids import ClientId, NoticeId, ReleaseId, SubjectId
from countenance.model.consent import ConsentStatus, Delivered, Release, ReleaseEvent, Scope
from countenance.model.purpose import ClientKind, Purpose
from countenance.model.subject import AgeBand, Subject
from countenance.store import schema
from countenance.store.records import Transaction

_CURRENT_POLICY = select(schema.policy).order_by(schema.policy.c.published_at.desc()).limit(1)
"""Made once, as the others here: each search asks it twice, each group of photos the others."""
_AMONG: ColumnElement[Any] = bindparam("among", expanding=True)
_SOME = select(schema.subject).where(schema.subject.c.id.in_(_AMONG))
_RELEASES = (
    select(schema.release, schema.notice.c.delivered_at, schema.policy.c.published_at)
    .join(schema.notice, schema.notice.c.id == schema.release.c.notice)
    .join(schema.policy, schema.policy.c.sha256 == schema.release.c.policy)
    .order_by(schema.release.c.signed_at)
)
_CHANGES = select(schema.release_event).order_by(schema.release_event.c.number)
_RELEASES_AMONG = _RELEASES.where(schema.release.c.subject.in_(_AMONG))
_CHANGES_AMONG = _CHANGES.join(schema.release, schema.release.c.id == schema.release_event.c.release).where(
    schema.release.c.subject.in_(_AMONG)
)


@dataclass(frozen=True)
class PublishedPolicy:
    """A version of the public retention policy."""

    sha256: str
    text: str
    published_at: datetime


def publish(work: Transaction, sha256: str, text: str) -> None:
    """Store a version of the public policy."""
    work.connection.execute(insert(schema.policy).values(sha256=sha256, text=text, published_at=to_text(work.now)))


def current_policy(work: Transaction) -> PublishedPolicy | None:
    """Return the newest published policy, or None where there is none yet."""
    row = work.connection.execute(_CURRENT_POLICY).first()
    return None if row is None else PublishedPolicy(row.sha256, row.text, from_text(row.published_at))


def add(work: Transaction, subject: Subject) -> None:
    """Store a subject; its key exists already."""
    sealed_representative = None
    if subject.representative is not None:
        sealed_representative = work.seal(subject.id, subject.representative.encode(), "subject.representative")
    work.connection.execute(
        insert(schema.subject).values(
            id=subject.id,
            sealed_label=work.seal(subject.id, subject.label.encode(), "subject.label"),
            sealed_representative=sealed_representative,
            residency=json.dumps(list(subject.residency)),
            age_band=subject.age_band.value,
            created_at=to_text(subject.created_at),
        )
    )


def get(work: Transaction, subject: SubjectId) -> Subject:
    """Return one subject.

    Raises:
        NotFound: there is none of this id.
    """
    row = work.connection.execute(select(schema.subject).where(schema.subject.c.id == subject)).first()
    if row is None:
        raise NotFound(f"no subject {subject}; `countenance subject list` shows them")
    return _subject(work, row)


def some(work: Transaction, among: Collection[SubjectId]) -> dict[SubjectId, Subject]:
    """Return those of some subjects who are there."""
    rows = work.connection.execute(_SOME, {"among": list(among)})
    return {row.id: _subject(work, row) for row in rows}


def relabel(work: Transaction, subject: SubjectId, label: str) -> None:
    """Correct the operator's name for a person."""
    sealed = work.seal(subject, label.encode(), "subject.label")
    work.connection.execute(update(schema.subject).where(schema.subject.c.id == subject).values(sealed_label=sealed))


def exists(work: Transaction, subject: SubjectId) -> bool:
    """Say whether a subject has a row, readable or not."""
    query = select(schema.subject.c.id).where(schema.subject.c.id == subject)
    return work.connection.execute(query).first() is not None


def everyone(work: Transaction) -> list[Subject]:
    """Return all subjects, oldest first."""
    rows = work.connection.execute(select(schema.subject).order_by(schema.subject.c.created_at))
    return [_subject(work, row) for row in rows]


def frozen(work: Transaction) -> set[SubjectId]:
    """Return the ids of the subjects that are frozen, readable or not."""
    table = schema.subject
    return set(work.connection.execute(select(table.c.id).where(table.c.frozen_at.is_not(None))).scalars())


def unfrozen(work: Transaction, among: Collection[SubjectId]) -> dict[SubjectId, Subject]:
    """Return those of some subjects who are not frozen, without what is sealed of them: no label, no representative."""
    table = schema.subject
    return {subject.id: subject for subject in unsealed(work, table.c.id.in_(among) & table.c.frozen_at.is_(None))}


def unsealed(work: Transaction, condition: ColumnElement[bool]) -> list[Subject]:
    """Return the subjects that meet a condition, without what is sealed of them."""
    table = schema.subject
    query = select(table.c.id, table.c.residency, table.c.age_band, table.c.created_at)
    return [
        Subject(
            id=row.id,
            label="",
            residency=_residency(row.residency),
            age_band=AgeBand(row.age_band),
            representative=None,
            created_at=from_text(row.created_at),
        )
        for row in work.connection.execute(query.where(condition)).all()
    ]


@lru_cache(maxsize=256)  # few places, many subjects
def _residency(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def _subject(work: Transaction, row: Row[Any]) -> Subject:
    # Destruction deletes the key before the rows; killed in between, a frozen row without a key is left.
    readable = row.frozen_at is None or row.id in work.keyring
    representative = row.sealed_representative if readable else None
    if representative is not None:
        representative = work.unseal(row.id, representative, "subject.representative").decode()
    return Subject(
        id=row.id,
        label=work.unseal(row.id, row.sealed_label, "subject.label").decode()
        if readable
        else _unreadable(work, row.id),
        residency=_residency(row.residency),
        age_band=AgeBand(row.age_band),
        representative=representative,
        created_at=from_text(row.created_at),
        frozen_at=None if row.frozen_at is None else from_text(row.frozen_at),
    )


def _unreadable(work: Transaction, subject: str) -> str:
    """Return what is said instead of a label that cannot be read here."""
    table = schema.hold_subject
    held = select(table.c.subject).join(schema.hold, schema.hold.c.id == table.c.hold)
    held = held.where(table.c.subject == subject, schema.hold.c.lifted_at.is_(None))
    return "(destroyed)" if work.connection.execute(held).first() is None else "(under a hold)"


def freeze(work: Transaction, subject: SubjectId) -> datetime:
    """Freeze a subject, if it is not frozen yet; return since when it is."""
    table = schema.subject
    work.connection.execute(
        update(table).where(table.c.id == subject, table.c.frozen_at.is_(None)).values(frozen_at=to_text(work.now))
    )
    return from_text(work.connection.execute(select(table.c.frozen_at).where(table.c.id == subject)).scalar_one() or "")


def add_notice(work: Transaction, notice: NoticeId, subject: SubjectId, text: str) -> None:
    """Store the delivered notice."""
    work.connection.execute(
        insert(schema.notice).values(
            id=notice,
            subject=subject,
            sealed_text=work.seal(subject, text.encode(), f"notice.text:{notice}"),
            delivered_at=to_text(work.now),
        )
    )


def notice_text(work: Transaction, subject: SubjectId, notice: NoticeId) -> str:
    """Return the text of a notice as it was delivered."""
    query = select(schema.notice.c.sealed_text).where(schema.notice.c.id == notice)
    sealed = work.connection.execute(query).scalar_one()
    return work.unseal(subject, sealed, f"notice.text:{notice}").decode()


def add_release(work: Transaction, release: Release, policy_sha256: str, record: canonical.Value) -> None:
    """Store a release, its sealed evidence and its first events."""
    work.connection.execute(
        insert(schema.release).values(
            id=release.id,
            subject=release.subject,
            notice=release.notice,
            policy=policy_sha256,
            scope=scope_text(release.scope),
            signed_at=to_text(release.signed_at),
            term_end=to_text(release.term_end),
            signer_is_representative=int(release.signer_is_representative),
            law=release.law,
            sealed_record=work.seal(release.subject, canonical.encode(record), f"release.record:{release.id}"),
            delivered=_delivered_text(release.delivered),
        )
    )
    for event in release.events:
        add_release_event(work, release.id, event)


def add_release_event(work: Transaction, release: ReleaseId, event: ReleaseEvent) -> None:
    """Append one change of a release."""
    work.connection.execute(
        insert(schema.release_event).values(release=release, status=event.status.value, at=to_text(event.at))
    )


def signer_of(work: Transaction, release: ReleaseId) -> SubjectId:
    """Return the subject of a release.

    Raises:
        NotFound: there is no such release.
    """
    found = work.connection.execute(select(schema.release.c.subject).where(schema.release.c.id == release)).scalar()
    if found is None:
        raise NotFound(f"no release {release}; `countenance subject show` lists a person's")
    return SubjectId(found)


def release_record(work: Transaction, subject: SubjectId, release: ReleaseId) -> canonical.Value:
    """Return the sealed evidence of a release: who signed which text, how and when."""
    sealed = work.connection.execute(
        select(schema.release.c.sealed_record).where(schema.release.c.id == release)
    ).scalar_one()
    record: canonical.Value = json.loads(work.unseal(subject, sealed, f"release.record:{release}"))
    return record


def releases(
    work: Transaction, subject: SubjectId | None = None, *, among: Collection[SubjectId] | None = None
) -> dict[SubjectId, list[Release]]:
    """Return releases by subject, each list in the order of signing; of one subject or some where these are given."""
    if subject is not None:
        among = (subject,)
    query, changes, given = (
        (_RELEASES, _CHANGES, {}) if among is None else (_RELEASES_AMONG, _CHANGES_AMONG, {"among": list(among)})
    )
    events: dict[str, list[ReleaseEvent]] = defaultdict(list)
    for row in work.connection.execute(changes, given).all():
        events[row.release].append(ReleaseEvent(ConsentStatus(row.status), from_text(row.at)))
    found: dict[SubjectId, list[Release]] = defaultdict(list)
    for row in work.connection.execute(query, given).all():
        found[row.subject].append(_release(row, tuple(events[row.id])))
    return dict(found)


def _release(row: Row[Any], events: tuple[ReleaseEvent, ...]) -> Release:
    return Release(
        id=row.id,
        subject=row.subject,
        notice=row.notice,
        policy_published_at=from_text(row.published_at),
        delivered_at=from_text(row.delivered_at),
        signed_at=from_text(row.signed_at),
        term_end=from_text(row.term_end),
        signer_is_representative=bool(row.signer_is_representative),
        scope=scope_of(row.scope),
        law=row.law,
        events=events,
        delivered=None if row.delivered is None else _delivered(row.delivered),
    )


def _delivered_text(delivered: Delivered | None) -> str | None:
    if delivered is None:
        return None
    codes = {"fields": list(delivered.fields), "form": delivered.form, "separate": list(delivered.separate)}
    return canonical.encode(codes).decode()


@lru_cache(maxsize=256)  # few kinds of notice, many releases
def _delivered(text: str) -> Delivered:
    held = json.loads(text)
    return Delivered(tuple(held["fields"]), held["form"], tuple(held["separate"]))


def scope_text(scope: Scope) -> str:
    """Return a scope as it is stored."""
    return canonical.encode(
        {
            "purposes": sorted(scope.purposes),
            "clients": sorted(scope.clients),
            "kinds": sorted(scope.kinds),
        }
    ).decode()


@lru_cache(maxsize=256)  # few scopes, many releases
def scope_of(text: str) -> Scope:
    """Return the scope that was stored so."""
    held = json.loads(text)
    return Scope(
        frozenset(Purpose(p) for p in held["purposes"]),
        frozenset(ClientId(c) for c in held["clients"]),
        frozenset(ClientKind(k) for k in held["kinds"]),
    )


def remove(work: Transaction, subject: SubjectId) -> dict[str, int]:
    """Delete a subject's releases, notices and itself; return the number of rows by table."""
    connection = work.connection
    for table in (
        *(schema.retention_conflict, schema.retention_notice, schema.retention_clock, schema.retention_fact),
        *(schema.residency_fact, schema.account, schema.own_person),
    ):
        connection.execute(delete(table).where(table.c.subject == subject))
    own = select(schema.release.c.id).where(schema.release.c.subject == subject)
    return {
        "release_events": connection.execute(
            delete(schema.release_event).where(schema.release_event.c.release.in_(own))
        ).rowcount,
        "signings": connection.execute(delete(schema.signing).where(schema.signing.c.subject == subject)).rowcount,
        "releases": connection.execute(delete(schema.release).where(schema.release.c.subject == subject)).rowcount,
        "notices": connection.execute(delete(schema.notice).where(schema.notice.c.subject == subject)).rowcount,
        "subjects": connection.execute(delete(schema.subject).where(schema.subject.c.id == subject)).rowcount,
    }


def labels(subjects: Iterable[Subject]) -> dict[str, list[SubjectId]]:
    """Return subject ids by label, without regard to case: what names in metadata are looked up in."""
    found: dict[str, list[SubjectId]] = defaultdict(list)
    for subject in subjects:
        found[subject.label.casefold()].append(subject.id)
    return dict(found)
