# SPDX-License-Identifier: Apache-2.0
"""Destruction, repeated: at the interval of the law, nobody who was destroyed may be in the records again.

What came back, as by a copy of an old file or by hand, has a tombstone in the keyring. It is destroyed again: out of
memory, then keys, then rows, then bytes. A pass that was killed is made anew by the next run.

Source: California Civ. Code 1798.99.86 (deletion repeated every 45 days).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import select

from countenance.clock import from_text, to_text
from countenance.ids import ReferenceId, RunId, SubjectId
from countenance.model.destruction import RunState
from countenance.model.event import EventTag
from countenance.ports.photos import PhotoReader
from countenance.services.gallery import LiveGallery
from countenance.services.law import LawBook
from countenance.services.masking import remask_returned
from countenance.store import burial, runs, schema
from countenance.store import photos as photo_rows
from countenance.store.burial import Buried
from countenance.store.records import Records, Transaction, set_setting, settings

_SETTING = "destruction_repeated_at"
_HALF_DONE = (RunState.EXECUTING, RunState.FAILED)  # keys may be destroyed and rows not yet deleted


@dataclass(frozen=True)
class Repeated:
    """What a pass found.

    Attributes:
        made: False where none is due yet, or where a run waits.
        people: how many destroyed people were in the records again, and were destroyed again.
        things: the same of their photos and faces, and of sources, clients and evidence.
        waits_for: a destruction run that must come to its end first; the pass is made after it.
    """

    made: bool
    people: int = 0
    things: int = 0
    waits_for: RunId | None = None


class Repetition:
    """The verb `run`: a pass, where one is due."""

    def __init__(self, records: Records, law: LawBook, reader: PhotoReader, gallery: LiveGallery) -> None:
        self._records = records
        self._law = law
        self._reader = reader
        self._gallery = gallery

    def run(self) -> Repeated:
        """Hold the living rows against the tombstones, where the last pass is as old as the law allows.

        Raises:
            Busy: another process reads the databases, so that old bytes would stay; start it later.
        """
        every = timedelta(days=self._law.of_probe().number("destruction.repeat_every_days"))
        with self._records.read() as work:
            last = settings(work).get(_SETTING)
            if last is not None and work.now < from_text(last) + every:
                return Repeated(made=False)
            waits = next((one.id for one in runs.all_runs(work) if one.state in _HALF_DONE), None)
            if waits is not None:
                return Repeated(made=False, waits_for=waits)
            references = dict(_references(work, _returned(work)))
        self._gallery.erase(references)
        with self._records.write() as work:
            buried = _returned(work)
            self._destroy(work, buried)
        self._records.compact()
        with self._records.write() as work:
            set_setting(work, _SETTING, to_text(work.now))
        return Repeated(True, len(buried.subjects), len(buried) - len(buried.subjects))

    def _destroy(self, work: Transaction, buried: Buried) -> None:
        keys = {*buried.subjects, *buried.sources, *buried.clients, *buried.evidence}
        keys |= {photo_rows.key_of(work, photo) for photo in buried.gone} | {photo.key for photo in buried.shared}
        for photo in buried.shared:
            remask_returned(work, self._reader, photo)
        if keys:
            work.keyring.destroy(keys, work.now)
        burial.remove(work, buried)
        work.log(EventTag.DESTRUCTION_REPEATED, people=len(buried.subjects), things=len(buried) - len(buried.subjects))
        for subject in sorted(buried.subjects):
            work.log(EventTag.SUBJECT_DESTROYED, subject=SubjectId(subject), reapplied=True)


def _returned(work: Transaction) -> Buried:
    """Return what has a tombstone and rows; releases and freezes, which nobody destroyed, are left as they are."""
    return replace(burial.find(work), withdrawn=(), frozen=frozenset())


def _references(work: Transaction, buried: Buried) -> Iterator[tuple[ReferenceId, SubjectId]]:
    """Yield the references that go with what came back, with whose they are."""
    face, reference = schema.face, schema.reference
    query = select(reference.c.id, reference.c.subject, face.c.id.label("face"), face.c.photo).join(
        face, face.c.id == reference.c.face
    )
    for row in work.connection.execute(query):
        if row.subject in buried.subjects or row.face in buried.faces or row.photo in buried.gone:
            yield ReferenceId(row.id), SubjectId(row.subject)
