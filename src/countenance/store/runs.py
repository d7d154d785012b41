# SPDX-License-Identifier: Apache-2.0
"""Rows of destruction runs and their targets; and the deletions themselves, in bulk."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, func, insert, select, union_all, update

from countenance.clock import from_text, to_text
from countenance.errors import NotFound
from countenance.ids import ReferenceId, RunId, SourceId, SubjectId
from countenance.model.destruction import NEXT, Run, RunState, Scope, TargetKind
from countenance.model.source import FaceState
from countenance.model.subject import Subject
from countenance.store import accounts, schema
from countenance.store import subjects as subject_rows
from countenance.store.keyring import LOG_KEY
from countenance.store.records import Transaction


def add(work: Transaction, run: Run) -> None:
    """Store a new run."""
    work.connection.execute(
        insert(schema.run).values(
            id=run.id,
            state=run.state.value,
            scope_text=run.scope_text,
            source=run.source,
            law="{}",
            sealed_order_ref=work.seal(LOG_KEY, run.order_ref.encode(), f"run.order_ref:{run.id}"),
            sealed_requested_by=work.seal(LOG_KEY, run.requested_by.encode(), f"run.requested_by:{run.id}"),
            needs_approval=int(run.needs_approval),
            created_at=to_text(run.created_at),
            counts="{}",
            problems="[]",
        )
    )


def get(work: Transaction, run: RunId) -> Run:
    """Return one run.

    Raises:
        NotFound: there is none of this id.
    """
    row = work.connection.execute(select(schema.run).where(schema.run.c.id == run)).first()
    if row is None:
        raise NotFound(f"no destruction run {run}; `countenance destroy list` shows them")
    return _run(work, row)


def all_runs(work: Transaction) -> list[Run]:
    """Return all runs, oldest first."""
    rows = work.connection.execute(select(schema.run).order_by(schema.run.c.created_at))
    return [_run(work, row) for row in rows]


def _run(work: Transaction, row: Row[Any]) -> Run:
    approved = row.sealed_approved_by
    return Run(
        id=row.id,
        state=RunState(row.state),
        scope_text=row.scope_text,
        source=row.source,
        order_ref=work.unseal(LOG_KEY, row.sealed_order_ref, f"run.order_ref:{row.id}").decode(),
        requested_by=work.unseal(LOG_KEY, row.sealed_requested_by, f"run.requested_by:{row.id}").decode(),
        approved_by=approved and work.unseal(LOG_KEY, approved, f"run.approved_by:{row.id}").decode(),
        needs_approval=bool(row.needs_approval),
        created_at=from_text(row.created_at),
        frozen_at=row.frozen_at and from_text(row.frozen_at),
        started_at=row.started_at and from_text(row.started_at),
        law=json.loads(row.law),
        counts=json.loads(row.counts),
        problems=tuple(json.loads(row.problems)),
    )


def set_law(work: Transaction, run: RunId, law: dict[str, str], *, needs_approval: bool) -> None:
    """Record the law files that bear on a run, and whether a second person must approve it."""
    values = {"law": json.dumps(law, sort_keys=True), "needs_approval": int(needs_approval)}
    work.connection.execute(update(schema.run).where(schema.run.c.id == run).values(values))


def move(work: Transaction, run: RunId, state: RunState, **columns: object) -> None:
    """Move a run to its next state and set some of its columns.

    Raises:
        RuntimeError: a run does not go there from where it stands.
    """
    now = RunState(work.connection.execute(select(schema.run.c.state).where(schema.run.c.id == run)).scalar_one())
    if state not in NEXT[now]:
        raise RuntimeError(f"a run does not go from {now.value} to {state.value}")
    work.connection.execute(update(schema.run).where(schema.run.c.id == run).values(state=state.value, **columns))


def seal_approver(work: Transaction, run: RunId, name: str) -> bytes:
    """Return an approver's name as it is stored."""
    return work.seal(LOG_KEY, name.encode(), f"run.approved_by:{run}")


def take_up_again(work: Transaction, run: RunId, ids: Iterable[str]) -> None:
    """Make targets of what a hold kept, and remember the items that the run destroyed before."""
    table = schema.run_target
    for one in ids:
        kind = TargetKind.SUBJECT if one.startswith("sub_") else TargetKind.PHOTO
        own = (table.c.run == run, table.c.kind == TargetKind.HELD.value, table.c.id == one)
        work.connection.execute(update(table).where(*own).values(kind=kind.value, done=0))
    before = get(work, run)
    earlier = {name: number for name, number in before.counts.items() if name.startswith(_EARLIER)}
    if before.state is RunState.CERTIFIED:
        for name, number in before.counts.items():
            if ":" not in name:
                earlier[f"{_EARLIER}{name}"] = number + earlier.get(f"{_EARLIER}{name}", 0)
    set_counts(work, run, earlier)
    if before.state is not RunState.FROZEN:
        move(work, run, RunState.FROZEN)


_EARLIER = "earlier:"


def set_counts(work: Transaction, run: RunId, numbers: dict[str, int]) -> None:
    """Store the items per store that a run targets; what it destroyed before a hold was lifted is kept beside them."""
    kept = {name: number for name, number in get(work, run).counts.items() if name.startswith(_EARLIER)}
    numbers = {**kept, **numbers}
    work.connection.execute(update(schema.run).where(schema.run.c.id == run).values(counts=json.dumps(numbers)))


def add_targets(work: Transaction, run: RunId, kind: TargetKind, ids: Iterable[str]) -> None:
    """Add targets; those that are there already stay as they are."""
    rows = [{"run": run, "kind": kind.value, "id": one, "done": 0} for one in ids]
    if rows:
        work.connection.execute(insert(schema.run_target).prefix_with("OR IGNORE"), rows)


def targets(work: Transaction, run: RunId, kind: TargetKind, *, done: bool | None = None) -> list[str]:
    """Return the ids of a run's targets of one kind, only those done or not done where that is asked for."""
    query = _ids(run, kind).order_by(schema.run_target.c.id)
    if done is not None:
        query = query.where(schema.run_target.c.done == int(done))
    return [row.id for row in work.connection.execute(query)]


def hold_back(work: Transaction, run: RunId, kind: TargetKind, ids: Iterable[str]) -> None:
    """Make targets of one kind such that a hold keeps from the run."""
    table = schema.run_target
    for one in ids:
        own = (table.c.run == run, table.c.kind == kind.value, table.c.id == one)
        work.connection.execute(update(table).where(*own).values(kind=TargetKind.HELD.value))


def forget_photos(work: Transaction, run: RunId) -> None:
    """Take the photos of a run's subjects out of its targets."""
    table = schema.run_target
    kinds = [TargetKind.PHOTO.value, TargetKind.MASK.value]
    work.connection.execute(delete(table).where(table.c.run == run, table.c.kind.in_(kinds), table.c.done == 0))


def finish(work: Transaction, run: RunId, kind: TargetKind, one: str | None = None) -> None:
    """Mark targets of one kind as done: one of them, or all."""
    table = schema.run_target
    statement = update(table).where(table.c.run == run, table.c.kind == kind.value).values(done=1)
    work.connection.execute(statement if one is None else statement.where(table.c.id == one))


def living(work: Transaction, run: RunId) -> list[SubjectId]:
    """Return the subjects of a run that still have a row."""
    query = select(schema.subject.c.id).where(schema.subject.c.id.in_(_ids(run, TargetKind.SUBJECT)))
    return list(work.connection.execute(query.order_by(schema.subject.c.id)).scalars())


def losers(work: Transaction, run: RunId) -> list[Subject]:
    """Return the subjects who lose anything in a run, without what is sealed of them."""
    return subject_rows.unsealed(work, schema.subject.c.id.in_(loser_ids(run)))


def leaving(work: Transaction, run: RunId) -> list[Subject]:
    """Return the subjects that a run destroys and that still have a row, without what is sealed of them."""
    return subject_rows.unsealed(work, schema.subject.c.id.in_(_ids(run, TargetKind.SUBJECT)))


def loser_ids(run: RunId) -> Select[tuple[str]]:
    """Return the query for the ids of the subjects who lose anything in a run."""
    subject = schema.subject.c.id
    losing = select(schema.reference.c.subject).where(_lost_references(run))
    return select(subject).where(subject.in_(_ids(run, TargetKind.SUBJECT)) | subject.in_(losing))


def freeze(work: Transaction, run: RunId) -> None:
    """Freeze the subjects of a run; those that are frozen already stay so since when they were."""
    table = schema.subject
    ours = table.c.id.in_(_ids(run, TargetKind.SUBJECT)) | table.c.id.in_(_ids(run, TargetKind.HELD))
    work.connection.execute(update(table).where(ours, table.c.frozen_at.is_(None)).values(frozen_at=to_text(work.now)))


def stopped(work: Transaction) -> set[ReferenceId]:
    """Return the references of photos that a run has frozen and not yet forgotten: nobody may find them."""
    return {row.id for row in work.connection.execute(in_stopped_photos())}


def in_stopped_photos() -> Select[tuple[ReferenceId]]:
    """Return the query for these references."""
    target, face = schema.run_target, schema.face
    photos = (
        select(target.c.id)
        .join(schema.run, schema.run.c.id == target.c.run)
        .where(target.c.kind == TargetKind.PHOTO.value, schema.run.c.state.not_in(_IDLE))
    )
    query = select(schema.reference.c.id).join(face, face.c.id == schema.reference.c.face)
    return query.where(face.c.photo.in_(photos))


_IDLE = (RunState.PLANNED.value, RunState.CANCELLED.value)


def photos_of(work: Transaction, run: RunId) -> tuple[list[str], list[str]]:
    """Return the photos with faces of the run's subjects: those to forget, and those that others are in too."""
    face = schema.face
    subjects = _ids(run, TargetKind.SUBJECT)
    own = set(work.connection.execute(select(face.c.photo).where(face.c.subject.in_(subjects))).scalars())
    others = select(face.c.photo).where(
        face.c.photo.in_(select(face.c.photo).where(face.c.subject.in_(subjects))),
        face.c.state.in_([FaceState.REFERENCE.value, FaceState.WAITING.value]),
        face.c.subject.not_in(subjects) | face.c.subject.is_(None),
    )
    shared = set(work.connection.execute(others).scalars())
    return sorted(own - shared), sorted(shared)


def photos_from(work: Transaction, source: SourceId) -> tuple[list[str], list[str]]:
    """Return the photos of a source: those that came from nowhere else, and those that did."""
    link = schema.photo_source
    mine = set(work.connection.execute(select(link.c.photo).where(link.c.source == source)).scalars())
    elsewhere = set(work.connection.execute(select(link.c.photo).where(link.c.source != source)).scalars())
    return sorted(mine - elsewhere), sorted(mine & elsewhere)


def counts(work: Transaction, run: RunId) -> dict[str, int]:
    """Return how many items of each store the run targets, as the records stand."""
    c = work.connection

    def number(query: Select[Any]) -> int:
        return int(c.execute(select(func.count()).select_from(query.subquery())).scalar_one())

    previews = select(schema.photo.c.id).where(
        schema.photo.c.id.in_(_ids(run, TargetKind.PHOTO)) | schema.photo.c.id.in_(_ids(run, TargetKind.MASK)),
        schema.photo.c.sealed_preview.is_not(None),
    )
    found = {table.name: number(select(table).where(condition)) for table, condition in _doomed(run)}
    links = schema.photo_source
    found["source_links"] = number(select(links).where(*_links(work, run)))
    found["previews"] = number(previews)
    files, masked = schema.photo_file, _ids(run, TargetKind.MASK)
    found["photo_file"] = number(
        select(files.c.photo).where(files.c.photo.in_(_ids(run, TargetKind.PHOTO)) | files.c.photo.in_(masked))
    )
    findings = schema.search_candidate
    found["recipients"] = number(
        select(schema.search.c.client)
        .distinct()
        .join(findings, findings.c.search == schema.search.c.id)
        .where(findings.c.subject.in_(_ids(run, TargetKind.SUBJECT)))
    )
    found["keys"] = len(work.keyring.holding(doomed_keys(work, run)))
    return found


def doomed_keys(work: Transaction, run: RunId) -> set[str]:
    """Return the owners of the keys that die with the run's targets, as the records stand."""
    photos = select(schema.photo.c.key).where(
        schema.photo.c.id.in_(_ids(run, TargetKind.PHOTO)) | schema.photo.c.id.in_(_open_masks(run))
    )
    return {*targets(work, run, TargetKind.SUBJECT), *work.connection.execute(photos).scalars()}


def doomed_faces(work: Transaction, run: RunId) -> list[str]:
    """Return the ids of the faces in photos that the run forgets."""
    query = select(schema.face.c.id).where(schema.face.c.photo.in_(_ids(run, TargetKind.PHOTO)))
    return [row.id for row in work.connection.execute(query)]


def delete_rows(work: Transaction, run: RunId) -> None:
    """Delete every row that the run targets, children first."""
    for table, condition in _doomed(run):
        work.connection.execute(delete(table).where(condition))
    work.connection.execute(delete(schema.photo_source).where(*_links(work, run)))


def _doomed(run: RunId) -> list[tuple[Any, ColumnElement[bool]]]:
    """Return the tables that lose rows, children first, each with which."""
    subjects, photos = _ids(run, TargetKind.SUBJECT), _ids(run, TargetKind.PHOTO)
    s = schema
    own_releases = select(s.release.c.id).where(s.release.c.subject.in_(subjects))
    return [
        (s.confirmation, s.confirmation.c.subject.in_(subjects)),
        (s.search_candidate, s.search_candidate.c.subject.in_(subjects)),
        (s.artefact_subject, s.artefact_subject.c.subject.in_(subjects)),
        (s.reference, _lost_references(run)),
        (s.escrow_reference, s.escrow_reference.c.subject.in_(subjects)),
        (s.face_decision, _lost_decisions(run)),
        (s.face, s.face.c.subject.in_(subjects) | s.face.c.photo.in_(photos)),
        (s.photo_source, s.photo_source.c.photo.in_(photos)),
        (s.photo_file, s.photo_file.c.photo.in_(photos)),
        (s.photo, s.photo.c.id.in_(photos)),
        (s.release_event, s.release_event.c.release.in_(own_releases)),
        (s.retention_fact, s.retention_fact.c.subject.in_(subjects)),
        (s.release, s.release.c.subject.in_(subjects)),
        (s.signing, s.signing.c.subject.in_(subjects)),
        (s.notice, s.notice.c.subject.in_(subjects)),
        (s.retention_conflict, s.retention_conflict.c.subject.in_(subjects)),
        (s.retention_notice, s.retention_notice.c.subject.in_(subjects)),
        (s.retention_clock, s.retention_clock.c.subject.in_(subjects)),
        (s.residency_fact, s.residency_fact.c.subject.in_(subjects)),
        (s.own_person, s.own_person.c.subject.in_(subjects)),
        (s.account, s.account.c.subject.in_(subjects)),  # its sessions, keys and invitations go with it
        (s.subject, s.subject.c.id.in_(subjects)),
    ]


def _lost_references(run: RunId) -> ColumnElement[bool]:
    table, face = schema.reference, schema.face
    in_photos = select(face.c.id).where(face.c.photo.in_(_ids(run, TargetKind.PHOTO)))
    return table.c.subject.in_(_ids(run, TargetKind.SUBJECT)) | table.c.face.in_(in_photos)


def _lost_decisions(run: RunId) -> ColumnElement[bool]:
    table, face = schema.face_decision, schema.face
    subjects = _ids(run, TargetKind.SUBJECT)
    own = select(face.c.id).where(face.c.subject.in_(subjects))
    return table.c.subject.in_(subjects) | table.c.face.in_(own) | table.c.photo.in_(_ids(run, TargetKind.PHOTO))


def _links(work: Transaction, run: RunId) -> tuple[ColumnElement[bool], ...]:
    source = get(work, run).source
    link = schema.photo_source
    return link.c.photo.in_(_ids(run, TargetKind.LINK)), link.c.source == (source or "")


def _ids(run: RunId, kind: TargetKind) -> Select[tuple[str]]:
    table = schema.run_target
    return select(table.c.id).where(table.c.run == run, table.c.kind == kind.value)


def _open_masks(run: RunId) -> Select[tuple[str]]:
    return _ids(run, TargetKind.MASK).where(schema.run_target.c.done == 0)


_WINDOW = 64  # bytes; the scan looks for a few of them behind the nonce


def sealed_values(work: Transaction, run: RunId) -> list[bytes]:
    """Return the ciphertexts that the run destroys: what a scan of raw bytes must not find afterwards.

    Of an uploaded photo, which has megabytes, the beginning.
    """
    subjects = _ids(run, TargetKind.SUBJECT)
    # A preview that was masked before a crash is the new one, which stays.
    photos = union_all(_ids(run, TargetKind.PHOTO), _open_masks(run))
    s = schema
    queries: list[Select[Any]] = [
        select(s.subject.c.sealed_label).where(s.subject.c.id.in_(subjects)),
        select(s.subject.c.sealed_representative).where(s.subject.c.id.in_(subjects)),
        *accounts.sealed_values(subjects),
        select(s.notice.c.sealed_text).where(s.notice.c.subject.in_(subjects)),
        select(s.signing.c.sealed_draft).where(s.signing.c.subject.in_(subjects)),
        select(s.release.c.sealed_record).where(s.release.c.subject.in_(subjects)),
        select(s.residency_fact.c.sealed_document).where(s.residency_fact.c.subject.in_(subjects)),
        select(s.reference.c.sealed_vector).where(_lost_references(run)),
        select(s.escrow_reference.c.sealed_vector).where(s.escrow_reference.c.subject.in_(subjects)),
        select(s.photo.c.sealed_uri).where(s.photo.c.id.in_(photos)),
        select(s.photo.c.sealed_preview).where(s.photo.c.id.in_(photos)),
        select(func.substr(s.photo_file.c.sealed_bytes, 1, _WINDOW)).where(s.photo_file.c.photo.in_(photos)),
    ]
    return [value for query in queries for value in work.connection.execute(query).scalars() if value is not None]


def references(work: Transaction, run: RunId, encoder: str | None = None) -> dict[ReferenceId, SubjectId]:
    """Return the references that the run destroys, each with its subject; of one encoder where one is given."""
    table = schema.reference
    query = select(table.c.id, table.c.subject).where(_lost_references(run))
    if encoder is not None:
        query = query.where(table.c.encoder == encoder)
    return {row.id: row.subject for row in work.connection.execute(query)}


def is_of(work: Transaction, run: Run, scope: Scope) -> bool:
    """Say whether a run was planned for this scope; the words alone do not tell many subjects from as many others."""
    return run.scope_text == scope.text and (
        len(scope.subjects) < 2
        or {*targets(work, run.id, TargetKind.SUBJECT), *targets(work, run.id, TargetKind.HELD)} == set(scope.subjects)
    )
