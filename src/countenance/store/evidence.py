# SPDX-License-Identifier: Apache-2.0
"""Rows of evidence of consent: each sealed under a key of its own, found by keyed tags only."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from countenance import canonical
from countenance.clock import from_text, to_text
from countenance.errors import NotFound
from countenance.ids import EvidenceId, NoticeId, ReleaseId, RunId, SubjectId
from countenance.model.event import EventTag
from countenance.model.evidence import EvidenceRow, Kept
from countenance.store import log, schema
from countenance.store import subjects as subject_rows
from countenance.store.records import Transaction


def record_of(work: Transaction, subject: SubjectId) -> dict[str, canonical.Value] | None:
    """Return what proves what a person was told and signed, as the records stand; None where it was nothing."""
    notices = {
        row.id: {
            "id": row.id,
            "delivered_at": row.delivered_at,
            "text": work.unseal(subject, row.sealed_text, f"notice.text:{row.id}").decode(),
        }
        for row in work.connection.execute(select(schema.notice).where(schema.notice.c.subject == subject))
    }
    if not notices:
        return None
    releases: list[canonical.Value] = []
    for release in subject_rows.releases(work, subject).get(subject, []):
        index = signed_at_index(work, subject, release.id)
        salt = log.salt_of(work.connection, work.keyring, index)
        releases.append(
            {
                "evidence": subject_rows.release_record(work, subject, release.id),
                "notice": notices.pop(NoticeId(release.notice)),
                "events": [{"status": event.status.value, "at": to_text(event.at)} for event in release.events],
                "index": index,
                "salt": None if salt is None else salt.hex(),
            }
        )
    unsigned: list[canonical.Value] = [*notices.values()]
    return {"schema": "countenance-evidence-1", "subject": subject, "releases": releases, "unsigned": unsigned}


def signed_at_index(work: Transaction, subject: SubjectId, release: ReleaseId) -> int:
    """Return the index of the log's entry about a signature.

    Raises:
        NotFound: there is none.
    """
    table = schema.event
    query = select(table.c.number, table.c.payload).where(
        table.c.subject == subject, table.c.tag == EventTag.RELEASE_SIGNED.value
    )
    for row in work.connection.execute(query):
        if json.loads(row.payload).get("release") == release:
            return int(row.number) - 1
    raise NotFound(f"the log has no entry of the signature of {release}")


def is_kept(work: Transaction, subject: SubjectId) -> bool:
    """Say whether evidence of this person is kept already."""
    query = select(schema.evidence_tag.c.tag).where(schema.evidence_tag.c.tag == _tag(work, subject))
    return work.connection.execute(query).first() is not None


def add(work: Transaction, one: EvidenceId, record: dict[str, Any], *, until: datetime, citation: str) -> None:
    """Store a piece of evidence; its key exists already."""
    sealed = work.seal(one, canonical.encode(record), "evidence.record")
    work.connection.execute(
        insert(schema.evidence).values(
            id=one, sealed_record=sealed, kept_at=to_text(work.now), until=to_text(until), citation=citation
        )
    )
    ids = [record["subject"], *(release["evidence"]["release"] for release in record["releases"])]
    work.connection.execute(insert(schema.evidence_tag), [{"tag": _tag(work, known), "evidence": one} for known in ids])


def note_run(work: Transaction, run: RunId, people: int, until: datetime, citation: str) -> None:
    """Add to what a run kept."""
    earlier = of_run(work, run)
    if earlier is not None:
        people, until = people + earlier.people, max(until, earlier.until)
    values = {"run": run, "kept": people, "until": to_text(until), "citation": citation}
    work.connection.execute(insert(schema.evidence_run).prefix_with("OR REPLACE").values(values))


def of_run(work: Transaction, run: RunId) -> Kept | None:
    """Return what a run kept, or None."""
    row = work.connection.execute(select(schema.evidence_run).where(schema.evidence_run.c.run == run)).first()
    return None if row is None else Kept(row.kept, from_text(row.until), row.citation)


def find(work: Transaction, known: str) -> EvidenceId | None:
    """Return the evidence of a subject's or release's id, or None."""
    query = select(schema.evidence_tag.c.evidence).where(schema.evidence_tag.c.tag == _tag(work, known))
    found = work.connection.execute(query).scalar()
    return None if found is None else EvidenceId(found)


def everything(work: Transaction) -> list[EvidenceRow]:
    """Return all evidence, that which ends first at the head."""
    rows = work.connection.execute(select(schema.evidence).order_by(schema.evidence.c.until, schema.evidence.c.id))
    return [_row(row) for row in rows]


def get(work: Transaction, one: EvidenceId) -> EvidenceRow:
    """Return one piece of evidence, closed.

    Raises:
        NotFound: there is none of this id, or it is destroyed.
    """
    return _row(_one(work, one))


def ask(work: Transaction, one: EvidenceId, who: str, why: str) -> None:
    """Record who asks to see it, and why."""
    text = canonical.encode({"by": who, "why": why, "at": to_text(work.now)})
    sealed = work.seal(one, text, "evidence.asked")
    work.connection.execute(update(schema.evidence).where(schema.evidence.c.id == one).values(sealed_asked=sealed))


def asked(work: Transaction, one: EvidenceId) -> dict[str, str] | None:
    """Return who asks to see it (`by`, `why`, `at`), or None."""
    sealed = _one(work, one).sealed_asked
    if sealed is None:
        return None
    found: dict[str, str] = json.loads(work.unseal(one, sealed, "evidence.asked"))
    return found


def open_(work: Transaction, one: EvidenceId) -> dict[str, Any]:
    """Return what is in it; the request to see it is used up."""
    row = _one(work, one)
    work.connection.execute(update(schema.evidence).where(schema.evidence.c.id == one).values(sealed_asked=None))
    found: dict[str, Any] = json.loads(work.unseal(one, row.sealed_record, "evidence.record"))
    return found


def due(work: Transaction) -> list[EvidenceId]:
    """Return what has to be destroyed by now; also what a crash left half destroyed, without its key."""
    table = schema.evidence
    return list(work.connection.execute(select(table.c.id).where(table.c.until <= to_text(work.now))).scalars())


def delete_rows(work: Transaction, ids: Iterable[str]) -> None:
    """Delete evidence; its keys are gone already."""
    for one in ids:
        work.connection.execute(delete(schema.evidence_tag).where(schema.evidence_tag.c.evidence == one))
        work.connection.execute(delete(schema.evidence).where(schema.evidence.c.id == one))


def _tag(work: Transaction, known: str) -> bytes:
    return work.keyring.mac(f"evidence of {known}".encode())


def _one(work: Transaction, one: EvidenceId) -> Row[Any]:
    row = work.connection.execute(select(schema.evidence).where(schema.evidence.c.id == one)).first()
    if row is None:
        raise NotFound(f"no evidence {one}; `countenance evidence list` shows what is kept")
    return row


def _row(row: Row[Any]) -> EvidenceRow:
    return EvidenceRow(row.id, from_text(row.kept_at), from_text(row.until), row.citation, row.sealed_asked is not None)
