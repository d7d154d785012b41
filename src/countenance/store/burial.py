# SPDX-License-Identifier: Apache-2.0
"""Rows of what has a tombstone: found in records that are older than the destruction, and removed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Column, Table, delete, select

from countenance.ids import PhotoId, ReleaseId, SubjectId
from countenance.model.consent import ConsentStatus, Release, ReleaseEvent
from countenance.model.source import FaceRecord, FaceState
from countenance.store import clients as client_rows
from countenance.store import lineage, schema
from countenance.store import photos as photo_rows
from countenance.store import subjects as subject_rows
from countenance.store.records import Transaction

_LIVING = (FaceState.REFERENCE, FaceState.WAITING)


@dataclass(frozen=True)
class SharedPhoto:
    """A photo of which a face was destroyed, while others in it live on.

    Attributes:
        key: the owner of its old key, which sealed the face too.
        destroyed: the faces to black out.
    """

    id: PhotoId
    key: str
    destroyed: tuple[FaceRecord, ...]


@dataclass(frozen=True)
class Buried:
    """What has a tombstone and still has rows, by kind.

    Attributes:
        faces: destroyed one by one, without their subjects.
        withdrawn: releases of living subjects that were withdrawn; nothing is deleted, the subjects are frozen.
        frozen: living subjects whom an order or a hold froze; they are frozen again.
        evidence: of consent, whose time was over.
        gone: photos in which nobody lives on, or that came only from destroyed sources.
    """

    subjects: frozenset[str]
    sources: frozenset[str]
    clients: frozenset[str]
    evidence: frozenset[str]
    faces: frozenset[str]
    withdrawn: tuple[Release, ...]
    frozen: frozenset[str]
    gone: frozenset[PhotoId]
    shared: tuple[SharedPhoto, ...]

    def __len__(self) -> int:
        """Return how many things have to be destroyed or withdrawn again."""
        kinds = (self.subjects, self.sources, self.clients, self.evidence, self.faces)
        return sum(len(kind) for kind in (*kinds, self.withdrawn, self.frozen, self.gone, self.shared))


def find(work: Transaction) -> Buried:
    """Return what has a tombstone in the keyring and still has rows."""
    subjects, sources = _buried(work, schema.subject.c.id), _buried(work, schema.source.c.id)
    faces = _buried(work, schema.face.c.id)
    keys = _buried(work, schema.photo.c.key)
    gone, shared = set(_without_source(work, sources)), []
    for photo, key in work.connection.execute(select(schema.photo.c.id, schema.photo.c.key)).all():
        if key not in keys or photo in gone:
            continue
        shown = photo_rows.faces(work, photo=PhotoId(photo))
        dead = tuple(face for face in shown if face.subject in subjects or face.id in faces)
        if any(face.state in _LIVING and face not in dead for face in shown):
            shared.append(SharedPhoto(PhotoId(photo), key, dead))
        else:
            gone.add(PhotoId(photo))
    clients, withdrawn = _buried(work, schema.client.c.id), _withdrawn(work, subjects)
    ended, frozen = _buried(work, schema.evidence.c.id), _frozen(work, subjects)
    return Buried(subjects, sources, clients, ended, faces, withdrawn, frozen, frozenset(gone), tuple(shared))


def remove(work: Transaction, buried: Buried) -> None:
    """Delete the rows of what has a tombstone; the previews of shared photos were rewritten before.

    Withdrawn releases are withdrawn again and their subjects frozen.
    """
    for release in buried.withdrawn:
        subject_rows.freeze(work, release.subject)
        subject_rows.add_release_event(work, release.id, ReleaseEvent(ConsentStatus.WITHDRAWN, work.now))
    for subject in map(SubjectId, buried.frozen):
        subject_rows.freeze(work, subject)
    for subject in map(SubjectId, buried.subjects):
        client_rows.forget_findings(work, subject)
        lineage.forget(work, subject)
        photo_rows.remove_subject_faces(work, subject)
        subject_rows.remove(work, subject)
    _delete(work, schema.reference, schema.reference.c.face, buried.faces)
    _delete(work, schema.face, schema.face.c.id, buried.faces)
    for photo in buried.gone:
        faces = [face.id for face in photo_rows.faces(work, photo=photo)]
        _delete(work, schema.reference, schema.reference.c.face, faces)
        photo_rows.remove_photo(work, photo)
    _delete(work, schema.photo_source, schema.photo_source.c.source, buried.sources)
    _delete(work, schema.source, schema.source.c.id, buried.sources)
    for client in buried.clients:
        searches = select(schema.search.c.id).where(schema.search.c.client == client)
        for table in (schema.confirmation, schema.search_authorisation, schema.search_candidate, schema.search_key):
            work.connection.execute(delete(table).where(table.c.search.in_(searches)))
    _delete(work, schema.search, schema.search.c.client, buried.clients)
    _delete(work, schema.evidence_tag, schema.evidence_tag.c.evidence, buried.evidence)
    _delete(work, schema.evidence, schema.evidence.c.id, buried.evidence)
    for table in (schema.client_change, schema.client_use, schema.flag, schema.account):
        _delete(work, table, table.c.client, buried.clients)
    _delete(work, schema.client, schema.client.c.id, buried.clients)


def _buried(work: Transaction, column: Column[str]) -> frozenset[str]:
    return frozenset(work.keyring.buried(work.connection.execute(select(column)).scalars()))


def _frozen(work: Transaction, destroyed: frozenset[str]) -> frozenset[str]:
    """Return whom an order or a hold froze and the records do not know to be frozen."""
    table = schema.subject
    free = work.connection.execute(select(table.c.id).where(table.c.frozen_at.is_(None))).scalars()
    return frozenset(work.keyring.frozen(free)) - destroyed


def _withdrawn(work: Transaction, destroyed: frozenset[str]) -> tuple[Release, ...]:
    ended = _buried(work, schema.release.c.id)
    signers = {subject_rows.signer_of(work, ReleaseId(one)) for one in ended} - destroyed
    return tuple(
        release
        for signer in sorted(signers)
        for release in subject_rows.releases(work, signer)[signer]
        if release.id in ended and release.status(work.now) is not ConsentStatus.WITHDRAWN
    )


def _without_source(work: Transaction, sources: frozenset[str]) -> Iterable[PhotoId]:
    """Yield the photos that came from these sources alone."""
    links = schema.photo_source
    found: dict[str, set[str]] = {}
    for photo, source in work.connection.execute(select(links.c.photo, links.c.source)):
        found.setdefault(photo, set()).add(source)
    return (PhotoId(photo) for photo, own in found.items() if own <= sources)


def _delete(work: Transaction, table: Table, column: Column[str], values: Iterable[str]) -> None:
    for value in values:
        work.connection.execute(delete(table).where(column == value))
